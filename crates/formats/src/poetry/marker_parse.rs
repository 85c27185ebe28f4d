//! Reads a marker's text as poetry does.

use super::atom::{Atom, Join};
use super::marker::Marker;

/// A text that is no marker, or one that poetry finds invalid.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no marker that poetry accepts")]
pub(super) struct InvalidMarker(pub(super) String);

/// The variables, each with the names it can be called by.
const VARIABLES: [(&str, &str); 20] = [
    ("python_version", "python_version"),
    ("python_full_version", "python_full_version"),
    ("os_name", "os_name"),
    ("os.name", "os_name"),
    ("sys_platform", "sys_platform"),
    ("sys.platform", "sys_platform"),
    ("platform_machine", "platform_machine"),
    ("platform.machine", "platform_machine"),
    (
        "platform_python_implementation",
        "platform_python_implementation",
    ),
    (
        "platform.python_implementation",
        "platform_python_implementation",
    ),
    ("python_implementation", "platform_python_implementation"),
    ("platform_release", "platform_release"),
    ("platform_system", "platform_system"),
    ("platform_version", "platform_version"),
    ("platform.version", "platform_version"),
    ("implementation_name", "implementation_name"),
    ("implementation_version", "implementation_version"),
    ("extra", "extra"),
    ("platform.release", "platform_release"),
    ("platform.system", "platform_system"),
];

enum Token {
    Open,
    Close,
    Word(String),
    Quoted(String),
    Operator(String),
}

/// Brackets deeper than this are refused: no marker in the wild has more than a handful.
const DEEPEST: usize = 64;

/// Reads a marker.
pub(super) fn read(text: &str) -> Result<Marker, InvalidMarker> {
    let invalid = || InvalidMarker(text.to_owned());
    if text.is_empty() || text == "*" {
        return Ok(Marker::Any);
    }
    if text == "<empty>" {
        return Ok(Marker::Empty);
    }
    let tokens = tokens(text).ok_or_else(invalid)?;
    let mut rest = tokens.as_slice();
    let marker = alternatives(&mut rest, 0).ok_or_else(invalid)?;
    if rest.is_empty() {
        Ok(Marker::union_of(std::slice::from_ref(&marker)))
    } else {
        Err(invalid())
    }
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' => {
                tokens.push(if first == '(' {
                    Token::Open
                } else {
                    Token::Close
                });
                1
            }
            '"' | '\'' => {
                let end = rest.get(1..)?.find(first)?;
                tokens.push(Token::Quoted(rest.get(1..=end)?.to_owned()));
                end + 2
            }
            '<' | '>' | '=' | '!' | '~' => {
                let end = rest.find(|c| !"<>=!~".contains(c)).unwrap_or(rest.len());
                tokens.push(Token::Operator(rest.get(..end)?.to_owned()));
                end
            }
            _ => {
                let end = rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
                    .unwrap_or(rest.len());
                if end == 0 {
                    return None;
                }
                tokens.push(Token::Word(rest.get(..end)?.to_owned()));
                end
            }
        };
        rest = rest.get(length..)?.trim_start();
    }
    Some(tokens)
}

fn alternatives(rest: &mut &[Token], depth: usize) -> Option<Marker> {
    let mut parts = vec![conjunction(rest, depth)?];
    while let [Token::Word(word), tail @ ..] = *rest {
        if word != "or" {
            break;
        }
        *rest = tail;
        parts.push(conjunction(rest, depth)?);
    }
    Some(Marker::list(parts, Join::Or))
}

fn conjunction(rest: &mut &[Token], depth: usize) -> Option<Marker> {
    let mut parts = vec![term(rest, depth)?];
    while let [Token::Word(word), tail @ ..] = *rest {
        if word != "and" {
            break;
        }
        *rest = tail;
        parts.push(term(rest, depth)?);
    }
    Some(match parts.len() {
        1 => parts.swap_remove(0),
        _ => Marker::list(parts, Join::And),
    })
}

fn term(rest: &mut &[Token], depth: usize) -> Option<Marker> {
    if let [Token::Open, tail @ ..] = *rest {
        if depth > DEEPEST {
            return None;
        }
        *rest = tail;
        let inner = alternatives(rest, depth + 1)?;
        let [Token::Close, tail @ ..] = *rest else {
            return None;
        };
        *rest = tail;
        return Some(inner);
    }
    match *rest {
        [
            Token::Word(name),
            Token::Operator(operator),
            Token::Quoted(value),
            tail @ ..,
        ] => {
            *rest = tail;
            Atom::new(variable(name)?, operator, value).map(Marker::from)
        }
        [
            Token::Word(name),
            Token::Word(not),
            Token::Word(word),
            Token::Quoted(value),
            tail @ ..,
        ] if not == "not" && word == "in" => {
            *rest = tail;
            Atom::new(variable(name)?, "not in", value).map(Marker::from)
        }
        [
            Token::Word(name),
            Token::Word(word),
            Token::Quoted(value),
            tail @ ..,
        ] if word == "in" => {
            *rest = tail;
            Atom::new(variable(name)?, "in", value).map(Marker::from)
        }
        [
            Token::Quoted(value),
            Token::Word(not),
            Token::Word(word),
            Token::Word(name),
            tail @ ..,
        ] if not == "not" && word == "in" => {
            *rest = tail;
            Atom::reversed(value, "not in", variable(name)?).map(Marker::from)
        }
        [
            Token::Quoted(value),
            Token::Word(word),
            Token::Word(name),
            tail @ ..,
        ] if word == "in" => {
            *rest = tail;
            Atom::reversed(value, "in", variable(name)?).map(Marker::from)
        }
        _ => None,
    }
}

fn variable(name: &str) -> Option<&'static str> {
    VARIABLES
        .iter()
        .find(|(alias, _)| *alias == name)
        .map(|(_, name)| *name)
}
