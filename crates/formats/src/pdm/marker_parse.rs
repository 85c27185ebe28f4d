//! Reads markers the way pdm does: `packaging`'s grammar, with extras and groups of lock files.

use super::atom::{Atom, Comparison, reflected};
use super::marker::Marker;

/// How deep parentheses may nest.
const DEPTH: usize = 64;

/// Reads a marker; `None` for what is none.
pub(super) fn read(text: &str) -> Option<Marker> {
    match text.trim() {
        "<empty>" => return Some(Marker::Empty),
        "" | "*" => return Some(Marker::Any),
        _ => {}
    }
    let mut rest = text;
    let marker = alternatives(&mut rest, 0)?;
    rest.trim_start().is_empty().then_some(marker)
}

fn alternatives(rest: &mut &str, depth: usize) -> Option<Marker> {
    let mut found = vec![conditions(rest, depth)?];
    while word(rest, "or") {
        found.push(conditions(rest, depth)?);
    }
    Some(Marker::either(found))
}

fn conditions(rest: &mut &str, depth: usize) -> Option<Marker> {
    let mut found = item(rest, depth)?;
    while word(rest, "and") {
        found = found.and(&item(rest, depth)?);
    }
    Some(found)
}

fn item(rest: &mut &str, depth: usize) -> Option<Marker> {
    *rest = rest.trim_start();
    if let Some(inner) = rest.strip_prefix('(') {
        if depth == DEPTH {
            return None;
        }
        *rest = inner;
        let marker = alternatives(rest, depth + 1)?;
        *rest = rest.trim_start().strip_prefix(')')?;
        return Some(marker);
    }
    let left = operand(rest)?;
    let operator = operator(rest)?;
    let right = operand(rest)?;
    let mut comparison = match (left, right) {
        (Operand::Variable(name), Operand::Text(value)) => Comparison::new(name, operator, value),
        (Operand::Text(value), Operand::Variable(name)) => {
            let mut comparison = Comparison::new(name, reflected(operator), value);
            comparison.reversed = true;
            comparison
        }
        _ => return None,
    };
    if matches!(
        comparison.name.as_str(),
        "extra" | "extras" | "dependency_groups"
    ) {
        comparison.value = normalized(&comparison.value);
    }
    Some(Marker::Atom(Atom::One(comparison)))
}

/// A name with runs of `-_.` as one hyphen, in lower case.
pub(super) fn normalized(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.extend(character.to_lowercase()),
        }
    }
    normal
}

enum Operand<'a> {
    Variable(&'static str),
    Text(&'a str),
}

fn operand<'a>(rest: &mut &'a str) -> Option<Operand<'a>> {
    *rest = rest.trim_start();
    for quote in ['"', '\''] {
        if let Some(inner) = rest.strip_prefix(quote) {
            let (text, after) = inner.split_once(quote)?;
            *rest = after;
            return Some(Operand::Text(text));
        }
    }
    let is_part = |character: char| character.is_ascii_alphanumeric() || "._".contains(character);
    let end = rest
        .find(|character| !is_part(character))
        .unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    *rest = after;
    variable(name).map(Operand::Variable)
}

fn variable(name: &str) -> Option<&'static str> {
    const NAMES: [&str; 13] = [
        "python_version",
        "python_full_version",
        "os_name",
        "sys_platform",
        "platform_release",
        "platform_system",
        "platform_version",
        "platform_machine",
        "platform_python_implementation",
        "implementation_name",
        "implementation_version",
        "extra",
        "extras",
    ];
    let name = name.replace('.', "_");
    match name.as_str() {
        "python_implementation" => Some("platform_python_implementation"),
        "dependency_groups" => Some("dependency_groups"),
        _ => NAMES.iter().copied().find(|known| *known == name),
    }
}

fn operator(rest: &mut &str) -> Option<&'static str> {
    const SIGNS: [&str; 8] = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"];
    *rest = rest.trim_start();
    for sign in SIGNS {
        if let Some(after) = rest.strip_prefix(sign) {
            *rest = after;
            return Some(sign);
        }
    }
    if word(rest, "in") {
        return Some("in");
    }
    (word(rest, "not") && word(rest, "in")).then_some("not in")
}

/// Takes a word, if it is next.
fn word(rest: &mut &str, word: &str) -> bool {
    let Some(after) = rest.trim_start().strip_prefix(word) else {
        return false;
    };
    let ends = !after.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
    if ends {
        *rest = after;
    }
    ends
}
