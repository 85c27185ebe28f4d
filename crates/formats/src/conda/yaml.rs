//! YAML as a tree with places, as much of it as locks use: texts, lists, mappings.

use std::borrow::Cow;

use diagnostic::{Diagnostic, Span};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput};

/// How deep values may be nested. No lock needs a tenth of it.
const DEEPEST: usize = 100;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) span: Span,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Nothing: an empty place or an alias.
    Null,
    /// A text, a number or a word.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in order.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Value::Map(members) = &self.value else {
            return None;
        };
        let found = members.iter().find(|(name, _)| name.text() == Some(key));
        found.map(|it| &it.1)
    }

    /// The text of a text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a key.
    pub(super) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// The items of a list; nothing for anything else.
    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The members of a mapping; nothing for anything else.
    pub(super) fn members(&self) -> &[(Self, Self)] {
        match &self.value {
            Value::Map(members) => members,
            _ => &[],
        }
    }
}

/// Reads the first document of a text.
pub(super) fn parse(text: &str) -> Result<Node, Diagnostic> {
    let mut reading = Reading::new(text);
    let mut parser: Parser<'_, StrInput<'_>> = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| reading.syntax(&error))?;
        let span = reading.place(span.start.index())..reading.place(span.end.index());
        if matches!(event, Event::DocumentEnd | Event::StreamEnd) {
            break;
        }
        reading.event(event, span)?;
    }
    let end = text.len();
    Ok(reading.root.unwrap_or(Node {
        value: Value::Null,
        span: 0..end,
    }))
}

/// A list or mapping that is not finished.
enum Open {
    List(Vec<Node>),
    /// The members, and a key that waits for its value.
    Map(Vec<(Node, Node)>, Option<Node>),
}

struct Reading<'t> {
    text: &'t str,
    open: Vec<(Open, usize)>,
    root: Option<Node>,
    /// A character and its byte, from which the next is looked for.
    near: (usize, usize),
}

impl<'t> Reading<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            open: Vec::new(),
            root: None,
            near: (0, 0),
        }
    }

    /// The byte of a character.
    fn place(&mut self, character: usize) -> usize {
        if character < self.near.0 {
            // Places hardly ever go back, and then not far.
            let mut back = self.text[..self.near.1].char_indices().rev();
            let steps = self.near.0 - character;
            let byte = back.nth(steps - 1).map_or(0, |it| it.0);
            self.near = (character, byte);
            return byte;
        }
        let mut rest = self.text[self.near.1..].char_indices();
        let byte = match rest.nth(character - self.near.0) {
            Some((at, _)) => self.near.1 + at,
            None => return self.text.len(),
        };
        self.near = (character, byte);
        byte
    }

    fn syntax(&mut self, error: &ScanError) -> Diagnostic {
        let at = self.place(error.marker().index());
        let title = format!("this is no YAML: {}", error.info());
        Diagnostic::error("conda/syntax", title).label(at..at, "here")
    }

    fn event(&mut self, event: Event<'t>, span: Span) -> Result<(), Diagnostic> {
        match event {
            Event::Scalar(text, style, ..) => {
                let is_null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null");
                let value = if is_null {
                    Value::Null
                } else {
                    Value::Text(Cow::into_owned(text))
                };
                self.add(Node { value, span });
            }
            Event::Alias(_) => self.add(Node {
                value: Value::Null,
                span,
            }),
            Event::SequenceStart(..) => self.begin(Open::List(Vec::new()), span)?,
            Event::MappingStart(..) => self.begin(Open::Map(Vec::new(), None), span)?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((open, start)) = self.open.pop() {
                    let value = match open {
                        Open::List(items) => Value::List(items),
                        Open::Map(members, _) => Value::Map(members),
                    };
                    let span = start..span.end.max(start);
                    self.add(Node { value, span });
                }
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn begin(&mut self, open: Open, span: Span) -> Result<(), Diagnostic> {
        self.open.push((open, span.start));
        if self.open.len() <= DEEPEST {
            return Ok(());
        }
        let title = format!("values nest more than {DEEPEST} deep: this is no lock");
        Err(Diagnostic::error("formats/too-deep", title).label(span, "here"))
    }

    fn add(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = self.root.take().or(Some(node)),
            Some((Open::List(items), _)) => items.push(node),
            Some((Open::Map(members, key), _)) => match key.take() {
                Some(key) => members.push((key, node)),
                None => *key = Some(node),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_places() {
        let text = "# é\na: [x, 'y z']\nb:\n  - c: 1.10\n    d:\n";
        let root = parse(text).unwrap();
        let a = root.get("a").unwrap();
        assert_eq!(&text[a.items()[0].span.clone()], "x");
        assert_eq!(a.items()[1].text(), Some("y z"));
        let b = &root.get("b").unwrap().items()[0];
        assert_eq!(b.text_of("c"), Some("1.10"));
        assert_eq!(b.get("d").unwrap().value, Value::Null);
        assert!(parse("a: [").is_err());
        assert!(parse(&"[".repeat(1000)).is_err());
    }
}
