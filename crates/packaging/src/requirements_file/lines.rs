//! From a text to its logical lines: continuations joined, comments taken off.

use std::ops::Range;
use std::sync::Arc;

/// A logical line that is not empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Logical {
    /// Its text without comment and without the space around.
    pub(super) text: String,
    /// Its comment, without `#` and the space around.
    pub(super) comment: Option<Arc<str>>,
    /// Where it is in the file.
    pub(super) span: Range<usize>,
    /// For every piece: where it begins in the text, and where in the file.
    pieces: Vec<(usize, usize)>,
}

impl Logical {
    /// Where in the file a part of the text is.
    pub(super) fn place(&self, part: &Range<usize>) -> Range<usize> {
        let start = self.of(part.start);
        // The end is taken from the last character, so that it stays on its physical line.
        let end = match part.end {
            end if end > part.start => self.of(end - 1) + 1,
            _ => start,
        };
        // What stood in quotes is longer in the file than in the text.
        let start = start.min(self.span.end);
        start..end.clamp(start, self.span.end)
    }

    fn of(&self, at: usize) -> usize {
        let piece = self.pieces.partition_point(|(start, _)| *start <= at);
        match self.pieces.get(piece.wrapping_sub(1)) {
            Some((start, file)) => file + (at - start),
            None => self.span.start,
        }
    }

    /// Adds a physical line, or what counts of it.
    fn add(&mut self, text: &str, at: usize) {
        self.pieces.push((self.text.len(), at));
        self.text.push_str(text);
    }

    /// Takes the comment off, and the space around; `None` if nothing is left of both.
    fn finish(mut self) -> Option<Self> {
        if let Some(at) = comment_start(&self.text) {
            let comment = self.text[at + 1..].trim();
            self.comment = Some(comment.trim_start_matches('#').trim().into());
            self.text.truncate(at);
        }
        let whole = self.text.trim_end().len();
        self.text.truncate(whole);
        let leading = whole - self.text.trim_start().len();
        self.text.drain(..leading);
        let moved = |(start, file): (usize, usize)| match start.checked_sub(leading) {
            Some(start) => (start, file),
            None => (0, file + (leading - start)),
        };
        self.pieces = self.pieces.into_iter().map(moved).collect();
        let last_at_start = self.pieces.iter().rposition(|(start, _)| *start == 0);
        self.pieces.drain(..last_at_start.unwrap_or(0));
        (!self.text.is_empty() || self.comment.is_some()).then_some(self)
    }
}

/// Where a comment begins: at a `#` at the start or behind white space.
fn comment_start(text: &str) -> Option<usize> {
    let mut after_space = true;
    for (at, character) in text.char_indices() {
        if character == '#' && after_space {
            return Some(at);
        }
        after_space = character.is_whitespace();
    }
    None
}

/// The logical lines of a text.
pub(super) fn split(text: &str) -> Vec<Logical> {
    let mut lines = Vec::new();
    let mut open: Option<Logical> = None;
    for (at, line) in physical(text) {
        let is_comment = line.trim_start().starts_with('#');
        let mut logical = open.take().unwrap_or_else(|| Logical {
            span: at..at,
            ..Logical::default()
        });
        if !line.is_empty() {
            logical.span.end = at + line.len();
        }
        match line.strip_suffix('\\') {
            Some(_) if !is_comment => {
                let without = line.trim_start_matches('\\');
                let at = at + (line.len() - without.len());
                logical.add(without.trim_end_matches('\\'), at);
                open = Some(logical);
            }
            _ => {
                // A comment ends a requirement that goes on.
                if is_comment && !logical.text.is_empty() {
                    logical.text.push(' ');
                }
                logical.add(line, at);
                lines.extend(logical.finish());
            }
        }
    }
    lines.extend(open.and_then(Logical::finish));
    lines
}

/// The physical lines with their places, without their ends; a byte order mark is skipped.
fn physical(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let ends_line = |character: char| {
        matches!(
            character,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'
                ..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let start = at;
        let length = rest.find(ends_line).unwrap_or(rest.len());
        at += length;
        let end = &rest[length..];
        let width = if end.starts_with("\r\n") {
            2
        } else {
            end.chars().next().map_or(0, char::len_utf8)
        };
        at += width;
        Some((start, &rest[..length]))
    })
}
