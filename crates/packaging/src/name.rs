//! Normalized names of projects, extras and dependency groups.
//!
//! <https://packaging.python.org/en/latest/specifications/name-normalization/>

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A text that is no name: empty, or with characters or ends a name may not have.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{text}` is not a valid {kind} name: expected letters, digits, `-`, `_` or `.`, beginning and ending with a letter or digit"
)]
pub struct InvalidName {
    /// What the name was to be of: `project`, `extra` or `dependency group`.
    pub kind: &'static str,
    /// The text as written.
    pub text: String,
}

/// Lower case, runs of `-_.` become one `-`; `None` if the text is no name.
fn normalize(text: &str) -> Option<Arc<str>> {
    let bytes = text.as_bytes();
    let (first, last) = (bytes.first()?, bytes.last()?);
    if !first.is_ascii_alphanumeric() || !last.is_ascii_alphanumeric() {
        return None;
    }
    let mut name = String::with_capacity(text.len());
    for &byte in bytes {
        match byte {
            b'-' | b'_' | b'.' if !name.ends_with('-') => name.push('-'),
            b'-' | b'_' | b'.' => {}
            _ if byte.is_ascii_alphanumeric() => name.push(byte.to_ascii_lowercase() as char),
            _ => return None,
        }
    }
    Some(name.into())
}

macro_rules! normalized_name {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Normalizes a name as somebody wrote it.
            ///
            /// # Errors
            ///
            /// The text is empty or has characters a name may not have.
            pub fn new(text: &str) -> Result<Self, InvalidName> {
                normalize(text)
                    .map(Self)
                    .ok_or_else(|| InvalidName { kind: $kind, text: text.to_owned() })
            }

            /// The normalized text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, formatter)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

normalized_name!(
    /// The normalized name of a project: lower case, runs of `-_.` become one `-`.
    PackageName,
    "project"
);
normalized_name!(
    /// The normalized name of an extra (PEP 685).
    ExtraName,
    "extra"
);
normalized_name!(
    /// The normalized name of a dependency group (PEP 735).
    GroupName,
    "dependency group"
);

impl PackageName {
    /// The name as it stands in wheel file names: `-` becomes `_`.
    #[must_use]
    pub fn escaped(&self) -> String {
        self.0.replace('-', "_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_separators_become_one_dash() {
        assert_eq!(
            PackageName::new("Zope._-Interface").unwrap().as_str(),
            "zope-interface"
        );
        assert_eq!(PackageName::new("a").unwrap().as_str(), "a");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "-a", "a-", "a b", "ä", "a/b", "."] {
            assert!(PackageName::new(text).is_err(), "{text:?}");
        }
    }
}
