//! The Pythons of a project, and of one requirement.

use std::str::FromStr;

use packaging::poetry::{Constraint, Reading as Meaning};
use packaging::version::release_range;
use packaging::{Marker, RequiresPython, VersionRange, VersionSpecifiers};
use toml::de::DeTable;

use super::{PoetryError, Reading};
use crate::declared::DeclaredPython;
use crate::document::{Node, Reader};

impl Reading<'_, '_> {
    /// `python` of `[tool.poetry.dependencies]`.
    pub(super) fn python(&mut self, legacy: Option<&DeTable<'_>>) -> Option<DeclaredPython> {
        let is_python = |key: &str| key.eq_ignore_ascii_case("python");
        let (_, node) = legacy?.iter().find(|(key, _)| is_python(key.get_ref()))?;
        let text = self
            .reader
            .string(node, "tool.poetry.dependencies.python")?;
        let range = pythons(self.reader, text, node)?;
        let python = RequiresPython::from_range(range);
        Some(DeclaredPython {
            specifiers: python.specifiers().iter().cloned().collect(),
            python,
            text: text.to_owned(),
            span: node.span(),
        })
    }
}

/// The Pythons that a constraint allows; only releases count.
fn pythons(reader: &mut Reader<'_>, text: &str, node: &Node<'_>) -> Option<VersionRange> {
    let Ok(constraint) = Constraint::read(text, Meaning::Requirement) else {
        let (text, span) = (text.to_owned(), node.span());
        reader.note(&PoetryError::Constraint { text, span });
        return None;
    };
    let pieces = constraint.pep440();
    let ranges = pieces.iter().map(release_range);
    Some(ranges.fold(VersionRange::empty(), |all, one| all.union(&one)))
}

/// The condition that Python is as a requirement's own `python` says. One version without a third
/// part stands for all of its releases.
pub(super) fn condition(reader: &mut Reader<'_>, text: &str, node: &Node<'_>) -> Option<Marker> {
    let single = Constraint::read(text, Meaning::Requirement).ok();
    let single = single.as_ref().and_then(Constraint::single);
    if let Some(version) = single
        && version.release().len() < 3
        && let Ok(specifiers) = VersionSpecifiers::from_str(&format!("=={version}.*"))
    {
        return Some(Marker::from_python_range(&release_range(&specifiers)));
    }
    Some(Marker::from_python_range(&pythons(reader, text, node)?))
}

/// `python` must lie within `requires-python`.
pub(super) fn check(
    reader: &mut Reader<'_>,
    outer: Option<&DeclaredPython>,
    inner: &DeclaredPython,
) {
    if let Some(outer) = outer
        && !inner.python.range().subset_of(outer.python.range())
    {
        reader.note(&PoetryError::WiderPython {
            outer: outer.text.clone(),
            inner: inner.text.clone(),
            span: inner.span.clone(),
        });
    }
}
