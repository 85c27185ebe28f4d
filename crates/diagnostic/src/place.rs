//! From bytes to lines and columns.

use std::collections::BTreeMap;

use crate::Span;

/// The texts that labels point into, by file.
#[derive(Clone, Debug, Default)]
pub struct Sources<'t>(BTreeMap<&'t str, &'t str>);

impl<'t> Sources<'t> {
    /// No texts: diagnostics are shown without source lines.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// One text.
    #[must_use]
    pub fn one(file: &'t str, text: &'t str) -> Self {
        Self(BTreeMap::from([(file, text)]))
    }

    /// Adds a text.
    #[must_use]
    pub fn with(mut self, file: &'t str, text: &'t str) -> Self {
        self.0.insert(file, text);
        self
    }

    /// The text of a file, if it is known.
    #[must_use]
    pub fn text(&self, file: &str) -> Option<&'t str> {
        self.0.get(file).copied()
    }
}

impl<'t, F: AsRef<str>, T: AsRef<str>> From<&'t BTreeMap<F, T>> for Sources<'t> {
    fn from(texts: &'t BTreeMap<F, T>) -> Self {
        Self(
            texts
                .iter()
                .map(|(file, text)| (file.as_ref(), text.as_ref()))
                .collect(),
        )
    }
}

/// A place as people count: both from 1.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character (Unicode scalar value) in the line.
    pub column: usize,
}

/// The lines of a text, ready to be asked for places.
#[derive(Clone, Debug)]
pub struct Lines<'t> {
    text: &'t str,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Counts a text's lines.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        let after_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(after_newlines).collect(),
        }
    }

    /// A span cut to the text and to whole characters. What points behind a final newline is moved
    /// before it, where there is something to see.
    #[must_use]
    pub fn clamp(&self, span: &Span) -> Span {
        let floor = |at: usize| {
            let at = at.min(self.text.len());
            (0..=at)
                .rev()
                .find(|at| self.text.is_char_boundary(*at))
                .unwrap_or(0)
        };
        let ceiling = |at: usize| {
            let at = at.min(self.text.len());
            (at..=self.text.len())
                .find(|at| self.text.is_char_boundary(*at))
                .unwrap_or(at)
        };
        let start = floor(span.start);
        let end = ceiling(span.end).max(start);
        if start == self.text.len() && self.text.ends_with('\n') {
            let last = self.text[..start - 1].trim_end_matches('\r').len();
            return last..last;
        }
        start..end
    }

    /// The line, counted from 0, that a byte belongs to.
    #[must_use]
    pub fn line_of(&self, at: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= at)
            .saturating_sub(1)
    }

    /// Where a line, counted from 0, begins.
    #[must_use]
    pub fn start_of(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// A line, counted from 0, without its end.
    #[must_use]
    pub fn line(&self, line: usize) -> &'t str {
        let rest = self.text.get(self.start_of(line)..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        line.strip_suffix('\r').unwrap_or(line)
    }

    /// The place of a byte of a clamped span.
    #[must_use]
    pub fn place(&self, at: usize) -> Place {
        let line = self.line_of(at);
        let before = self.text.get(self.start_of(line)..at).unwrap_or_default();
        Place {
            line: line + 1,
            column: before.chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters() {
        let lines = Lines::new("aä\r\n\tb\n");
        assert_eq!(lines.place(0), Place { line: 1, column: 1 });
        assert_eq!(lines.place(3), Place { line: 1, column: 3 });
        assert_eq!(lines.place(6), Place { line: 2, column: 2 });
        assert_eq!(lines.line(0), "aä");
        assert_eq!(lines.line(9), "");
    }

    #[test]
    fn spans_are_cut_to_the_text() {
        let lines = Lines::new("aä\n");
        assert_eq!(lines.clamp(&(2..2)), 1..3);
        assert_eq!(lines.clamp(&(4..9)), 3..3);
        assert_eq!(Lines::new("").clamp(&(4..9)), 0..0);
        assert_eq!(Lines::new("a\r\n").clamp(&(3..3)), 1..1);
    }
}
