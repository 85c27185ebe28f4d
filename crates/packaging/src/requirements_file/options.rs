//! The options of a line: words as a shell splits them, and what they mean.

use std::ops::Range;

use super::{Mistake, OptionKind};

/// What an option is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// The whole file.
    File(OptionKind),
    /// `-e`
    Editable,
    /// `--hash`
    Hash,
    /// A setting for the build of one requirement, which says nothing about what is locked.
    Build,
}

/// An option with its value; places are those of the line's text.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) kind: Kind,
    pub(super) value: String,
    pub(super) value_span: Range<usize>,
    /// The whole option.
    pub(super) span: Range<usize>,
    /// Where the next option begins, or the line ends.
    pub(super) rest_until: usize,
}

/// Long names, the short one, whether a value follows, and the kind.
const TABLE: &[(&[&str], Option<char>, bool, Kind)] = {
    use Kind::{Build, Editable, File, Hash};
    use OptionKind as O;
    &[
        (
            &["--index-url", "--pypi-url"],
            Some('i'),
            true,
            File(O::Index),
        ),
        (&["--extra-index-url"], None, true, File(O::ExtraIndex)),
        (&["--no-index"], None, false, File(O::NoIndex)),
        (&["--constraint"], Some('c'), true, File(O::Constraints)),
        (&["--requirement"], Some('r'), true, File(O::Include)),
        (&["--editable"], Some('e'), true, Editable),
        (&["--find-links"], Some('f'), true, File(O::FindLinks)),
        (&["--no-binary"], None, true, File(O::NoBinary)),
        (&["--only-binary"], None, true, File(O::OnlyBinary)),
        (&["--prefer-binary"], None, false, File(O::PreferBinary)),
        (&["--require-hashes"], None, false, File(O::RequireHashes)),
        (
            &["--no-require-hashes"],
            None,
            false,
            File(O::NoRequireHashes),
        ),
        (&["--pre"], None, false, File(O::Pre)),
        (&["--all-releases"], None, true, File(O::AllReleases)),
        (&["--only-final"], None, true, File(O::OnlyFinal)),
        (&["--trusted-host"], None, true, File(O::TrustedHost)),
        (&["--use-feature"], None, true, File(O::UseFeature)),
        (&["--hash"], None, true, Hash),
        (
            &["--config-settings", "--config-setting"],
            Some('C'),
            true,
            Build,
        ),
        (&["--global-option"], None, true, Build),
    ]
};

/// The options from a place of the line's text on.
pub(super) fn read(text: &str, start: usize) -> Result<Vec<Given>, Mistake> {
    let words = words(text, start)?;
    let mut given: Vec<Given> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        // Words without a dash belong to what was said before them.
        if !word.text.starts_with('-') || word.text == "-" {
            continue;
        }
        if let Some(last) = given.last_mut() {
            last.rest_until = word.span.start;
        }
        let (kind, has_value, inline) = option(word)?;
        let mut option = Given {
            kind,
            value: String::new(),
            value_span: word.span.end..word.span.end,
            span: word.span.clone(),
            rest_until: text.len(),
        };
        match (inline, words.get(at)) {
            (Some(value), _) => {
                let start = word
                    .span
                    .end
                    .saturating_sub(value.len())
                    .max(word.span.start);
                if text.is_char_boundary(start) {
                    option.value_span = start..word.span.end;
                }
                option.value = value;
            }
            (None, Some(next)) if has_value => {
                at += 1;
                option.value.clone_from(&next.text);
                option.value_span = next.span.clone();
                option.span.end = next.span.end;
            }
            (None, None) if has_value => {
                return Err(Mistake {
                    message: format!("expected a value after `{}`", word.text),
                    span: word.span.clone(),
                });
            }
            (None, _) => {}
        }
        given.push(option);
    }
    Ok(given)
}

/// The kind of an option, whether it has a value, and the value if it stands in the same word.
fn option(word: &Word) -> Result<(Kind, bool, Option<String>), Mistake> {
    let mistake = |message: String| Mistake {
        message,
        span: word.span.clone(),
    };
    let unknown = || {
        mistake(format!(
            "`{}` is no option of a requirements file",
            word.text
        ))
    };
    if !word.text.starts_with("--") {
        let mut letters = word.text.chars().skip(1);
        let letter = letters.next();
        let found = TABLE.iter().find(|it| it.1 == letter).ok_or_else(unknown)?;
        let value: String = letters.collect();
        return Ok((found.3, found.2, (!value.is_empty()).then_some(value)));
    }
    let (name, value) = match word.text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (word.text.as_str(), None),
    };
    let exact = TABLE.iter().find(|it| it.0.contains(&name));
    // A beginning that only one option has stands for it.
    let mut begun = TABLE
        .iter()
        .filter(|it| it.0.iter().any(|long| long.starts_with(name)));
    let found = match (exact, begun.next(), begun.next()) {
        (Some(found), _, _) | (None, Some(found), None) => found,
        _ => return Err(unknown()),
    };
    if value.is_some() && !found.2 {
        return Err(mistake(format!("`{name}` takes no value")));
    }
    Ok((found.3, found.2, value))
}

/// A word without its quotes.
#[derive(Clone, Debug)]
struct Word {
    text: String,
    span: Range<usize>,
}

/// Splits as a POSIX shell does, without expanding anything.
fn words(text: &str, start: usize) -> Result<Vec<Word>, Mistake> {
    let mut words = Vec::new();
    let mut open: Option<Word> = None;
    let mut characters = text[start..].char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let at = start + at;
        if character.is_ascii_whitespace() {
            words.extend(open.take());
            continue;
        }
        let word = open.get_or_insert_with(|| Word {
            text: String::new(),
            span: at..at,
        });
        match character {
            '\'' | '"' => loop {
                let Some((_, inner)) = characters.next() else {
                    return Err(Mistake {
                        message: format!("expected a closing `{character}`"),
                        span: at..at + 1,
                    });
                };
                let escaped = (inner == '\\' && character == '"')
                    .then(|| characters.next_if(|(_, next)| matches!(next, '"' | '\\')))
                    .flatten();
                match escaped {
                    Some((_, next)) => word.text.push(next),
                    None if inner == character => break,
                    None => word.text.push(inner),
                }
            },
            '\\' => word.text.extend(characters.next().map(|(_, next)| next)),
            _ => word.text.push(character),
        }
        word.span.end = characters
            .peek()
            .map_or(text.len(), |(next, _)| start + next);
    }
    words.extend(open);
    Ok(words)
}
