//! What is known of the values of a Python program.

use std::rc::Rc;

use super::syntax::Function;

/// A value, as far as it is known.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Unknown,
    None,
    Bool(bool),
    Number(i64),
    Text(Rc<str>),
    Tuple(Rc<[Value]>),
    /// A list, dictionary or open file, by its place on the heap.
    Object(usize),
    /// A path below the folder of the project.
    Path(Rc<str>),
    /// Something imported, by its full name.
    Imported(Rc<str>),
    Function(Rc<Function>),
    /// A method of a value.
    Method(Box<Value>, Rc<str>),
    /// `sys.version_info`, cut to so many parts.
    Version(usize),
    /// The minor version of Python.
    Minor,
    /// `sys.hexversion`.
    Hex,
    /// An element of `sys.argv`.
    Argument,
}

/// What can be changed in place.
#[derive(Clone, Debug)]
pub(super) enum Object {
    Unknown,
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    /// An open text file that nobody has read from.
    File(Rc<str>),
}

/// Longer texts and lists are not made.
pub(super) const SIZE_LIMIT: usize = 1 << 18;

impl Value {
    pub(super) fn text(text: &str) -> Self {
        match text.len() <= SIZE_LIMIT {
            true => Self::Text(text.into()),
            false => Self::Unknown,
        }
    }

    /// A tuple; tuples in tuples in tuples are not known.
    pub(super) fn tuple(elements: Vec<Self>) -> Self {
        let is_deep = elements.iter().any(|element| match element {
            Self::Tuple(inner) => inner.iter().any(|inner| matches!(inner, Self::Tuple(_))),
            _ => false,
        });
        match is_deep || elements.len() > SIZE_LIMIT / 64 {
            true => Self::Unknown,
            false => Self::Tuple(elements.into()),
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether two plain values are equal, where that is known.
    pub(super) fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Text(one), Self::Text(two)) => Some(one == two),
            (Self::Number(one), Self::Number(two)) => Some(one == two),
            (Self::Bool(one), Self::Bool(two)) => Some(one == two),
            (Self::None, Self::None) => Some(true),
            (
                Self::None,
                Self::Text(_)
                | Self::Number(_)
                | Self::Bool(_)
                | Self::Tuple(_)
                | Self::Object(_)
                | Self::Function(_),
            )
            | (
                Self::Text(_)
                | Self::Number(_)
                | Self::Bool(_)
                | Self::Tuple(_)
                | Self::Object(_)
                | Self::Function(_),
                Self::None,
            )
            | (Self::Text(_), Self::Number(_))
            | (Self::Number(_), Self::Text(_)) => Some(false),
            (Self::Argument, Self::Text(text)) | (Self::Text(text), Self::Argument) => {
                is_no_argument(text).then_some(false)
            }
            _ => None,
        }
    }
}

/// Whether a word is never an argument when metadata is built.
pub(super) fn is_no_argument(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c == '_' || c == '-' || c.is_ascii_lowercase())
        && !matches!(text, "dist_info" | "egg_info" | "bdist_wheel" | "wheel")
}

/// The oldest Python that is thought of: the one before it is not built for any more.
const OLDEST: [i64; 3] = [3, 8, 0];

/// How a comparison of the running Python's version ends, whichever it is.
pub(super) fn compare_version(parts: usize, operator: &str, other: &[i64]) -> Option<bool> {
    let oldest = &OLDEST[..parts.min(3)];
    let is_newer = match other.first()? {
        major if *major >= 4 => false,
        _ if other < oldest => true,
        _ if other == oldest && matches!(operator, ">=" | "<") => true,
        _ => return None,
    };
    match operator {
        ">" | ">=" | "!=" => Some(is_newer || operator == "!="),
        "<" | "<=" | "==" => Some(!is_newer && operator != "=="),
        _ => None,
    }
}

/// How a comparison of a number that is at least `least` ends.
pub(super) fn compare_at_least(least: i64, operator: &str, other: i64) -> Option<bool> {
    match operator {
        ">=" if other <= least => Some(true),
        ">" | "!=" if other < least => Some(true),
        "<" if other <= least => Some(false),
        "<=" | "==" if other < least => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_all_pythons_say_is_known() {
        for (operator, other, expected) in [
            (">=", &[3][..], Some(true)),
            (">=", &[2, 7], Some(true)),
            (">=", &[3, 8], Some(true)),
            (">=", &[3, 9], None),
            ("<", &[3], Some(false)),
            ("<", &[3, 10], None),
            ("<", &[4], Some(true)),
            ("==", &[2, 7], Some(false)),
            ("!=", &[2, 7], Some(true)),
            (">", &[3, 8], Some(true)),
        ] {
            assert_eq!(
                compare_version(5, operator, other),
                expected,
                "{operator} {other:?}"
            );
        }
        assert_eq!(compare_version(2, ">", &[3, 8]), None);
        assert_eq!(compare_version(2, "<", &[3, 8]), Some(false));
        assert_eq!(compare_at_least(8, "<", 4), Some(false));
        assert_eq!(compare_at_least(8, "<", 9), None);
    }
}
