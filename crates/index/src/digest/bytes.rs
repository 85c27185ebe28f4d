//! Numbers, texts and hashes as bytes, with a checksum behind them all.

use packaging::{Hash, HashAlgorithm};

use super::{DigestError, MAGIC, VERSION};

pub(crate) fn from_hexadecimal([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    Some(digit(high)? << 4 | digit(low)?)
}

pub(crate) fn push_hexadecimal(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.reserve(bytes.len() * 2);
    // Piece by piece, since a text grows faster by texts than by characters.
    for piece in bytes.chunks(32) {
        let mut digits = [0; 64];
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(piece) {
            *pair = [
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ];
        }
        text.push_str(str::from_utf8(&digits[..piece.len() * 2]).unwrap_or_default());
    }
}

const ALGORITHMS: [HashAlgorithm; 5] = [
    HashAlgorithm::Md5,
    HashAlgorithm::Sha256,
    HashAlgorithm::Sha384,
    HashAlgorithm::Sha512,
    HashAlgorithm::Blake2b,
];

/// Numbers of seven bits a byte, texts with their length before them.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn begin(kind: u8) -> Self {
        let mut writer = Self::default();
        writer.bytes.extend(MAGIC);
        writer.bytes.extend([VERSION, kind]);
        writer
    }

    pub(crate) fn end(mut self) -> Vec<u8> {
        let sum = checksum(&self.bytes).to_le_bytes();
        self.bytes.extend(sum);
        self.bytes
    }

    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// Small numbers of either sign are short.
    pub(crate) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend(text.as_bytes());
    }

    pub(crate) fn optional(&mut self, text: Option<&str>) {
        self.number(u64::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    /// Algorithm and digest, which is binary when it is made of pairs of lower-case digits.
    pub(crate) fn hash(&mut self, hash: &Hash) {
        let algorithm = ALGORITHMS
            .iter()
            .position(|known| *known == hash.algorithm)
            .unwrap_or(0);
        let (pairs, rest) = hash.digest.as_bytes().as_chunks();
        let binary: Option<Vec<u8>> = pairs.iter().map(|pair| from_hexadecimal(*pair)).collect();
        match binary.filter(|_| rest.is_empty()) {
            Some(binary) => {
                self.number((algorithm as u64) << 1);
                self.number(binary.len() as u64);
                self.bytes.extend(binary);
            }
            None => {
                self.number((algorithm as u64) << 1 | 1);
                self.text(&hash.digest);
            }
        }
    }
}

pub(crate) struct Reader<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn begin(
        bytes: &'a [u8],
        kind: u8,
        what: &'static str,
    ) -> Result<Self, DigestError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(DigestError::Other(what))?;
        match rest {
            [VERSION, found, ..] if *found == kind => {}
            [VERSION, ..] | [] => return Err(DigestError::Other(what)),
            [version, ..] => return Err(DigestError::Version(*version)),
        }
        let cut = DigestError::Damaged("it is cut off");
        let (content, sum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(cut)?;
        let body = content.get(MAGIC.len() + 2..).ok_or(cut)?;
        if checksum(content).to_le_bytes() != *sum {
            return Err(DigestError::Damaged("its checksum is another"));
        }
        Ok(Self { rest: body })
    }

    pub(crate) fn end(&self) -> Result<(), DigestError> {
        match self.rest {
            [] => Ok(()),
            _ => Err(DigestError::Damaged("something follows its end")),
        }
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], DigestError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(DigestError::Damaged("it is cut off"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn number(&mut self) -> Result<u64, DigestError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = *self.take(1)? else { break };
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(DigestError::Damaged("a number does not end"))
    }

    pub(crate) fn signed(&mut self) -> Result<i64, DigestError> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A number of things that follow, each of one byte at least.
    pub(crate) fn count(&mut self) -> Result<usize, DigestError> {
        let count = usize::try_from(self.number()?).ok();
        count
            .filter(|count| *count <= self.rest.len())
            .ok_or(DigestError::Damaged("it is cut off"))
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DigestError> {
        let length = self.count()?;
        std::str::from_utf8(self.take(length)?)
            .map_err(|_| DigestError::Damaged("a text is no UTF-8"))
    }

    pub(crate) fn optional(&mut self) -> Result<Option<&'a str>, DigestError> {
        Ok(if self.number()? == 0 {
            None
        } else {
            Some(self.text()?)
        })
    }

    pub(crate) fn hash(&mut self) -> Result<Hash, DigestError> {
        let head = self.number()?;
        let algorithm = usize::try_from(head >> 1)
            .ok()
            .and_then(|at| ALGORITHMS.get(at));
        let algorithm = *algorithm.ok_or(DigestError::Damaged("a hash algorithm is unknown"))?;
        if head & 1 == 1 {
            return Ok(Hash {
                algorithm,
                digest: self.text()?.into(),
            });
        }
        let length = self.count()?;
        let mut digest = String::new();
        push_hexadecimal(&mut digest, self.take(length)?);
        Ok(Hash {
            algorithm,
            digest: digest.into(),
        })
    }

    /// Passes by a hash.
    pub(crate) fn skip_hash(&mut self) -> Result<(), DigestError> {
        self.number()?;
        let length = self.count()?;
        self.take(length).map(|_| ())
    }
}

/// The bytes of the checksum at the end.
pub(crate) const CHECKSUM: usize = 4;

/// Tells damage, not malice.
fn checksum(bytes: &[u8]) -> u32 {
    const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = bytes.as_chunks();
    let mut sum = bytes.len() as u64;
    for word in words {
        sum = (sum ^ u64::from_le_bytes(*word))
            .wrapping_mul(PRIME)
            .rotate_left(29);
    }
    for byte in rest {
        sum = (sum ^ u64::from(*byte)).wrapping_mul(PRIME).rotate_left(29);
    }
    (sum ^ sum >> 32) as u32
}
