//! Digests of files as indexes advertise and locks record them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A digest algorithm, weakest first.
///
/// uv records the greatest advertised one, so the order matters.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HashAlgorithm {
    /// MD5, 128 bits.
    Md5,
    /// SHA-2, 256 bits.
    Sha256,
    /// SHA-2, 384 bits.
    Sha384,
    /// SHA-2, 512 bits.
    Sha512,
    /// BLAKE2b, 512 bits.
    Blake2b,
}

impl HashAlgorithm {
    /// The name as it stands in URLs and locks.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Blake2b => "blake2b",
        }
    }

    /// The algorithm of that name, if it is one we know.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "md5" => Self::Md5,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            "blake2b" => Self::Blake2b,
            _ => return None,
        })
    }
}

/// A digest: algorithm and lower-case hexadecimal text.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Hash {
    /// How it was computed.
    pub algorithm: HashAlgorithm,
    /// The digest in hexadecimal, as advertised.
    pub digest: Arc<str>,
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.algorithm.as_str(), self.digest)
    }
}

/// A text that is no `algorithm:hex` digest.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not a hash: expected `algorithm:hexadecimal`")]
pub struct InvalidHash(pub String);

impl FromStr for Hash {
    type Err = InvalidHash;
    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        let invalid = || InvalidHash(text.to_owned());
        let (algorithm, digest) = text.split_once(':').ok_or_else(invalid)?;
        let algorithm = HashAlgorithm::from_name(algorithm).ok_or_else(invalid)?;
        if digest.is_empty() || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        Ok(Self {
            algorithm,
            digest: digest.into(),
        })
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
