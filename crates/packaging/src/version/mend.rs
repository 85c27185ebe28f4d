//! Known mistakes in specifiers found in the wild, and what was meant.

/// Parses a text; when that fails, mends known mistakes one after the other until it succeeds.
///
/// The mistakes, their order and their reach are uv's.
pub(crate) fn mend<T, E>(
    text: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<(T, Vec<&'static str>), E> {
    let error = match parse(text) {
        Ok(value) => return Ok((value, Vec::new())),
        Err(error) => error,
    };
    let mut text = text.to_owned();
    let mut mended = Vec::new();
    for (fix, what) in FIXES {
        let fixed = fix(&text);
        if fixed == text {
            continue;
        }
        mended.push(*what);
        if let Ok(value) = parse(&fixed) {
            return Ok((value, mended));
        }
        text = fixed;
    }
    Err(error)
}

type Fix = fn(&str) -> String;

const FIXES: &[(Fix, &str)] = &[
    (insert_comma, "inserted a missing comma"),
    (tilde_to_star, "read `!=~` as `!=` with a star"),
    (drop_star, "dropped a star after an ordering operator"),
    (insert_dot, "inserted a missing dot before a star"),
    (drop_trailing_comma, "dropped a trailing comma"),
    (dev_to_version, "read `>dev` as `>0.0.0dev`"),
    (drop_zero, "dropped a zero after a pre-release"),
    (drop_quotes, "dropped stray quotes"),
];

/// How many ASCII digits the text begins with.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Copies the text, replacing wherever `replace` finds something at a position: it returns the
/// replacement and how many bytes it replaces.
fn replace_each(text: &str, replace: impl Fn(&str, &str) -> Option<(String, usize)>) -> String {
    let mut fixed = String::with_capacity(text.len() + 4);
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        if let Some((replacement, length)) = replace(&text[..at], &text[at..]) {
            fixed.push_str(&replacement);
            at += length;
        } else {
            fixed.push(character);
            at += character.len_utf8();
        }
    }
    fixed
}

/// `>=7.2.0<8.0.0` becomes `>=7.2.0,<8.0.0`.
fn insert_comma(text: &str) -> String {
    let mut fixed = String::with_capacity(text.len() + 4);
    let mut after_digit = false;
    for character in text.chars() {
        if after_digit && matches!(character, '<' | '>' | '=' | '~' | '^' | '!') {
            fixed.push(',');
        }
        after_digit = character.is_ascii_digit();
        fixed.push(character);
    }
    fixed
}

/// `!=~5.0` becomes `!=5.0.*`.
fn tilde_to_star(text: &str) -> String {
    replace_each(text, |_, rest| {
        let version = rest.strip_prefix("!=~")?.as_bytes();
        let mut length = 0;
        while version.get(length).is_some_and(u8::is_ascii_digit) {
            length += 1;
            if version.get(length) == Some(&b'.')
                && version.get(length + 1).is_some_and(u8::is_ascii_digit)
            {
                length += 1;
            } else {
                break;
            }
        }
        (length > 0).then(|| (format!("!={}.*", &rest[3..3 + length]), 3 + length))
    })
}

/// `>=1.9.*` becomes `>=1.9`.
fn drop_star(text: &str) -> String {
    replace_each(text, |_, rest| {
        let operator = ["<=", ">=", "<", ">"]
            .into_iter()
            .find(|it| rest.starts_with(it))?;
        let version = rest[operator.len()..].trim_start();
        let mut length = digits(version);
        if length == 0 {
            return None;
        }
        while version[length..].starts_with('.') && digits(&version[length + 1..]) > 0 {
            length += 1 + digits(&version[length + 1..]);
        }
        let skipped = rest.len() - version.len();
        version[length..].starts_with(".*").then(|| {
            (
                format!("{operator}{}", &version[..length]),
                skipped + length + 2,
            )
        })
    })
}

/// `!=3.0*` becomes `!=3.0.*`.
fn insert_dot(text: &str) -> String {
    replace_each(text, |_, rest| {
        let bytes = rest.as_bytes();
        let is_pair = |at: usize| {
            bytes.get(at).is_some_and(u8::is_ascii_digit)
                && bytes.get(at + 1) == Some(&b'.')
                && bytes.get(at + 2).is_some_and(u8::is_ascii_digit)
        };
        let mut length = 0;
        while is_pair(length) {
            length += 3;
        }
        // Of several adjacent pairs only the last is kept, as uv's expression does.
        (length > 0 && bytes.get(length) == Some(&b'*'))
            .then(|| (format!("{}.*", &rest[length - 3..length]), length + 1))
    })
}

/// `>=3.6,` becomes `>=3.6`.
fn drop_trailing_comma(text: &str) -> String {
    text.trim_end().strip_suffix(',').unwrap_or(text).to_owned()
}

/// `>dev` becomes `>0.0.0dev`.
fn dev_to_version(text: &str) -> String {
    text.replace(">dev", ">0.0.0dev")
}

/// `>=9.0.0a1.0` becomes `>=9.0.0a1`.
fn drop_zero(text: &str) -> String {
    replace_each(text, |before, rest| {
        if !before.ends_with(|last: char| last.is_ascii_digit()) {
            return None;
        }
        let kind = ["a", "b", "rc", "post", "dev"]
            .into_iter()
            .find(|it| rest.starts_with(it))?;
        let number = digits(&rest[kind.len()..]);
        let length = kind.len() + number;
        (number > 0 && rest[length..].starts_with(".0"))
            .then(|| (rest[..length].to_owned(), length + 2))
    })
}

/// `>= '2.7'` becomes `>= 2.7`; what follows a `;` is a marker and keeps its quotes.
fn drop_quotes(text: &str) -> String {
    let (specifiers, marker) = text.split_at(text.find(';').unwrap_or(text.len()));
    format!("{}{marker}", specifiers.replace(['\'', '"'], ""))
}

#[cfg(test)]
mod tests {
    use crate::version::{parse_specifiers, parse_specifiers_lenient};

    #[test]
    fn known_mistakes_are_mended() {
        let table = [
            (">=7.2.0<8.0.0", ">=7.2.0,<8.0.0"),
            ("!=~5.0,>=4.12", "!=5.0.*,>=4.12"),
            ("!=~5", "!=5.*"),
            (">=1.9.*", ">=1.9"),
            (">= 3.5.*", ">=3.5"),
            (">=2.7,!=3.0*,!=3.1*", ">=2.7,!=3.0.*,!=3.1.*"),
            (">=3.6,", ">=3.6"),
            (">=3.6, ", ">=3.6"),
            (">dev", ">0.0.0dev"),
            (">=9.0.0a1.0", ">=9.0.0a1"),
            (">= '2.7'", ">=2.7"),
            (">=\"3.6\"", ">=3.6"),
            (">= '2.7', <3.*,", ">=2.7,<3"),
            (">=3.6,<4.0.*,", ">=3.6,<4.0"),
        ];
        for (written, meant) in table {
            let (specifiers, mended) = parse_specifiers_lenient(written).unwrap();
            assert_eq!(specifiers, parse_specifiers(meant).unwrap(), "{written}");
            assert!(!mended.is_empty(), "{written}");
        }
        assert_eq!(
            parse_specifiers_lenient(">=1").unwrap().1,
            Vec::<&str>::new()
        );
        for text in ["foo", ">=", ">=1,,<2", ">=ä", " ", "3.8"] {
            assert!(parse_specifiers_lenient(text).is_err(), "{text:?}");
        }
    }
}
