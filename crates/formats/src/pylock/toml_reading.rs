//! TOML with places: values of the type that is expected, complaints about all others.

use diagnostic::{Diagnostic, Span};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What was found on the way.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) errors: Vec<Diagnostic>,
    pub(super) warnings: Vec<Diagnostic>,
}

impl Findings {
    pub(super) fn error(&mut self, code: &'static str, title: impl ToString, span: Span) {
        self.errors
            .push(Diagnostic::error(code, title).label(span, ""));
    }

    pub(super) fn warn(&mut self, code: &'static str, title: impl ToString, span: Span) {
        self.warnings
            .push(Diagnostic::warning(code, title).label(span, ""));
    }
}

/// A table with its place and the word for it in messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a, 'i> {
    pub(super) table: &'a DeTable<'i>,
    pub(super) span: (usize, usize),
    pub(super) what: &'a str,
}

impl<'a, 'i> Part<'a, 'i> {
    pub(super) fn new(table: &'a DeTable<'i>, span: Span, what: &'a str) -> Self {
        let span = (span.start, span.end);
        Self { table, span, what }
    }

    pub(super) fn span(&self) -> Span {
        self.span.0..self.span.1
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'i>>> {
        let found = self.table.iter().find(|(name, _)| name.get_ref() == key);
        found.map(|it| it.1)
    }

    /// Warns of keys that are not among the known ones.
    pub(super) fn known(&self, keys: &[&str], found: &mut Findings) {
        for (key, _) in self.table {
            let name = key.get_ref();
            if !keys.contains(&&**name) {
                let title = format!("{} has no key `{name}`", self.what);
                found.warn("pylock/unknown-key", title, key.span());
            }
        }
    }

    /// The text of a key.
    pub(super) fn text(&self, key: &str, found: &mut Findings) -> Option<(&'a str, Span)> {
        let value = self.get(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.mistyped(key, "a string", value, found);
        }
        Some((text?, value.span()))
    }

    /// The text of a key that must be there.
    pub(super) fn needed(&self, key: &str, found: &mut Findings) -> Option<(&'a str, Span)> {
        if self.get(key).is_none() {
            let title = format!("{} needs the key `{key}`", self.what);
            found.error("pylock/missing-key", title, self.span());
        }
        self.text(key, found)
    }

    /// The texts of a list; nothing where there is none.
    pub(super) fn texts(&self, key: &str, found: &mut Findings) -> Vec<(&'a str, Span)> {
        let mut texts = Vec::new();
        for item in self.items(key, found) {
            match item.get_ref().as_str() {
                Some(text) => texts.push((text, item.span())),
                None => self.mistyped(key, "a list of strings", item, found),
            }
        }
        texts
    }

    /// The items of a list; nothing where there is none.
    pub(super) fn items(&self, key: &str, found: &mut Findings) -> &'a [Spanned<DeValue<'i>>] {
        let Some(value) = self.get(key) else {
            return &[];
        };
        match value.get_ref() {
            DeValue::Array(items) => items,
            _ => {
                self.mistyped(key, "a list", value, found);
                &[]
            }
        }
    }

    /// The tables of a list; nothing where there is none.
    pub(super) fn tables(&self, key: &str, what: &'a str, found: &mut Findings) -> Vec<Self> {
        let mut tables = Vec::new();
        for item in self.items(key, found) {
            match item.get_ref() {
                DeValue::Table(table) => tables.push(Self::new(table, item.span(), what)),
                _ => self.mistyped(key, "a list of tables", item, found),
            }
        }
        tables
    }

    /// The table of a key.
    pub(super) fn part(&self, key: &str, what: &'a str, found: &mut Findings) -> Option<Self> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Self::new(table, value.span(), what)),
            _ => {
                self.mistyped(key, "a table", value, found);
                None
            }
        }
    }

    /// The value of a key that is `true` or `false`; false where there is none.
    pub(super) fn flag(&self, key: &str, found: &mut Findings) -> bool {
        let Some(value) = self.get(key) else {
            return false;
        };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.mistyped(key, "`true` or `false`", value, found);
            false
        })
    }

    /// The value of a key that is a size.
    pub(super) fn size(&self, key: &str, found: &mut Findings) -> Option<u64> {
        let value = self.get(key)?;
        let integer = value.get_ref().as_integer();
        let size = integer.and_then(|it| u64::from_str_radix(it.as_str(), it.radix()).ok());
        if size.is_none() {
            self.mistyped(key, "a size in bytes", value, found);
        }
        size
    }

    /// The value of a key that is an instant, in milliseconds since 1970.
    pub(super) fn instant(&self, key: &str, found: &mut Findings) -> Option<i64> {
        let value = self.get(key)?;
        let text = value.get_ref().as_datetime().map(ToString::to_string);
        let instant = text.and_then(|text| crate::instant::parse(&text));
        if instant.is_none() {
            self.mistyped(key, "a date and time with an offset", value, found);
        }
        instant
    }

    fn mistyped(
        &self,
        key: &str,
        expected: &str,
        value: &Spanned<DeValue<'i>>,
        found: &mut Findings,
    ) {
        let kind = value.get_ref().type_str();
        let title = format!(
            "expected {expected} for `{key}` of {}, found {kind}",
            self.what
        );
        found.error("pylock/type", title, value.span());
    }
}
