//! Whether bytes have the digest that an index advertises.

use packaging::{Hash, HashAlgorithm};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::SourceError;

/// Fails unless the bytes have that digest.
///
/// Of the algorithms indexes use, SHA-2 is checked; MD5 and BLAKE2b prove nothing or are never
/// advertised alone.
pub(super) fn verify(bytes: &[u8], hash: Option<&Hash>, url: &str) -> Result<(), SourceError> {
    let Some(expected) = hash else { return Ok(()) };
    let found = match expected.algorithm {
        HashAlgorithm::Sha256 => hexadecimal(&Sha256::digest(bytes)),
        HashAlgorithm::Sha384 => hexadecimal(&Sha384::digest(bytes)),
        HashAlgorithm::Sha512 => hexadecimal(&Sha512::digest(bytes)),
        HashAlgorithm::Md5 | HashAlgorithm::Blake2b => return Ok(()),
    };
    if found.eq_ignore_ascii_case(&expected.digest) {
        return Ok(());
    }
    let algorithm = expected.algorithm.as_str();
    let reason = format!("the index promised `{expected}`, but it is `{algorithm}:{found}`");
    Err(SourceError::new(url, reason))
}

/// Lower-case hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_digest_holds_or_the_run_ends() {
        let hash: Hash = ABC.parse().unwrap();
        let check = |bytes| verify(bytes, Some(&hash), "https://me:pw@files.example/a");
        assert_eq!(check(b"abc"), Ok(()));
        let error = check(b"abd").unwrap_err().to_string();
        assert!(error.contains("the index promised `sha256:ba78"), "{error}");
        assert!(!error.contains("pw"), "{error}");
        let upper = Hash {
            digest: hash.digest.to_uppercase().into(),
            ..hash
        };
        assert_eq!(verify(b"abc", Some(&upper), ""), Ok(()));
    }
}
