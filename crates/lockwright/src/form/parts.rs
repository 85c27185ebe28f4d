//! A form taken apart: what stands between its boundaries.
//!
//! RFC 2046 §5.1.1 and RFC 7578 §4, of which texts are all that is needed here.

use std::iter::Peekable;
use std::str::CharIndices;

use diagnostic::{Diagnose, Diagnostic};

/// A part as it was sent.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Part<'a> {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
    pub(super) text: &'a str,
}

/// Why a form cannot be taken apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum FormError {
    #[error("expected `Content-Type` to name the form's `boundary`")]
    NoBoundary,
    #[error("the form breaks off, or its `boundary` is not the one that `Content-Type` names")]
    Incomplete,
    #[error("expected a part to begin with `Content-Disposition: form-data; name=\"…\"`")]
    NoName,
}

impl Diagnose for FormError {
    fn diagnose(&self) -> Diagnostic {
        Diagnostic::error("request/invalid-form", self)
    }
}

/// Takes a body apart whose `Content-Type` names the boundary.
pub(super) fn split<'a>(content_type: &str, body: &'a str) -> Result<Vec<Part<'a>>, FormError> {
    let boundary = parameter(content_type, "boundary").filter(|it| !it.is_empty());
    let opening = format!("--{}", boundary.ok_or(FormError::NoBoundary)?);
    let delimiter = format!("\r\n{opening}");
    let cut = |text: &'a str| text.split_once(&delimiter).ok_or(FormError::Incomplete);
    // What stands before the first boundary and behind the last is to be ignored.
    let mut rest = match body.strip_prefix(&opening) {
        Some(rest) => rest,
        None => cut(body)?.1,
    };
    let mut parts = Vec::new();
    while !rest.starts_with("--") {
        let (part, after) = cut(rest)?;
        parts.push(read_part(part)?);
        rest = after;
    }
    Ok(parts)
}

/// Reads what stands between two boundaries: the rest of the line, headers, an empty line, a text.
fn read_part(part: &str) -> Result<Part<'_>, FormError> {
    let padded = part.trim_start_matches([' ', '\t']).strip_prefix("\r\n");
    let (head, text) = padded
        .and_then(|part| part.split_once("\r\n\r\n"))
        .ok_or(FormError::NoName)?;
    let mut headers = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let disposition = headers
        .find(|(name, _)| name.eq_ignore_ascii_case("content-disposition"))
        .map(|(_, value)| value)
        .ok_or(FormError::NoName)?;
    Ok(Part {
        name: parameter(disposition, "name").ok_or(FormError::NoName)?,
        file_name: parameter(disposition, "filename").filter(|it| !it.is_empty()),
        text,
    })
}

/// A parameter of a header: the `b` of `a; name=b`, or of `a; name="b"`.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let (_, mut rest) = header.split_once(';')?;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = read_value(after.trim_start())?;
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after.trim_start().strip_prefix(';')?;
    }
}

/// A value, quoted or bare, and what follows it.
fn read_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, after) = text.split_at(text.find(';').unwrap_or(text.len()));
        return Some((value.trim_end().to_owned(), after));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((place, character)) = characters.next() {
        if character == '"' {
            return Some((value, quoted.get(place + 1..)?));
        }
        value.push(match character {
            '\\' => escaped(&mut characters),
            other => other,
        });
    }
    None
}

/// What a backslash stands for: browsers leave it as it is before anything but `"` and `\`.
fn escaped(characters: &mut Peekable<CharIndices<'_>>) -> char {
    let next = characters.next_if(|(_, next)| matches!(next, '"' | '\\'));
    next.map_or('\\', |(_, next)| next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(content_type: &str, body: &str) -> Result<(String, Option<String>, String), FormError> {
        let mut parts = split(content_type, body)?;
        assert_eq!(parts.len(), 1);
        let part = parts.remove(0);
        Ok((part.name, part.file_name, part.text.to_owned()))
    }

    #[test]
    fn a_part_is_what_stands_between_boundaries() {
        let body = "before\r\n--b \t\r\ncontent-DISPOSITION: form-data; filename=f ; NAME = n\r\n\
            X: y\r\n\r\n --b\r\n\n\r\r\n--b--\r\n--b after";
        let told = ("n".into(), Some("f".into()), " --b\r\n\n\r".into());
        assert_eq!(
            only("multipart/form-data; charset=utf-8; Boundary=b", body),
            Ok(told)
        );
        assert_eq!(
            split("multipart/form-data; boundary=b", "--b--"),
            Ok(Vec::new())
        );
    }

    #[test]
    fn names_may_be_quoted() {
        let body = "--a b\r\nContent-Disposition: form-data; name=\"x; filename=y\"; \
            filename=\"\\\"\\\\\\a\u{e9}\"\r\n\r\n\r\n--a b--";
        let told = (
            "x; filename=y".into(),
            Some("\"\\\\a\u{e9}".into()),
            String::new(),
        );
        assert_eq!(
            only("multipart/form-data; boundary=\"a b\"", body),
            Ok(told)
        );
    }

    #[test]
    fn broken_forms_are_refused() {
        let whole = "--b\r\nContent-Disposition: form-data; name=n\r\n\r\ntext\r\n--b--";
        let of = |body| split("multipart/form-data; boundary=b", body);
        for length in 0..whole.len() {
            assert_eq!(of(&whole[..length]), Err(FormError::Incomplete), "{length}");
        }
        for content_type in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"b",
        ] {
            assert_eq!(split(content_type, whole), Err(FormError::NoBoundary));
        }
        assert_eq!(
            split("multipart/form-data; boundary=c", whole),
            Err(FormError::Incomplete)
        );
        for nameless in [
            "--bb\r\n\r\n\r\n--b--",
            "--b\r\n\r\ntext\r\n--b--",
            "--b\r\nContent-Disposition: form-data\r\n\r\n\r\n--b--",
            "--b\r\nContent-Disposition: form-data; name=\"n\r\n\r\n\r\n--b--",
        ] {
            assert_eq!(of(nameless), Err(FormError::NoName), "{nameless}");
        }
    }
}
