//! Where things stand in a `poetry.lock`: it is laid out line by line, whoever wrote it.

use diagnostic::Span;

/// The first line that sets a key.
pub(super) fn key(text: &str, key: &str) -> Span {
    let line = lines(text).find(|(_, line)| {
        let rest = line.trim_start().strip_prefix(key);
        rest.is_some_and(|rest| rest.trim_start().starts_with('='))
    });
    line.map_or(0..0, |(start, line)| start..start + line.trim_end().len())
}

/// The name of a package, by its place among all, or else its header.
pub(super) fn package(text: &str, at: usize) -> Span {
    let section = section(text, at);
    let name = key(&text[section.clone()], "name");
    match name.is_empty() {
        true => section.start..section.start + "[[package]]".len().min(section.len()),
        false => section.start + name.start..section.start + name.end,
    }
}

/// The first place in a package where a text stands.
pub(super) fn in_package(text: &str, at: usize, part: &str) -> Span {
    let section = section(text, at);
    match text[section.clone()].find(part) {
        Some(found) => section.start + found..section.start + found + part.len(),
        None => package(text, at),
    }
}

/// A package from its header to the next one's.
fn section(text: &str, at: usize) -> Span {
    let is_header = |(_, line): &(usize, &str)| line.trim() == "[[package]]";
    let mut headers = lines(text).filter(is_header).map(|(start, _)| start);
    let start = headers.nth(at).unwrap_or(text.len());
    start..headers.next().unwrap_or(text.len())
}

/// Lines with where they start.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |start, line| {
        let at = *start;
        *start += line.len();
        Some((at, line))
    })
}
