//! Changes to a TOML document that leave everything else as it was.

use toml_edit::{Array, DocumentMut, InlineTable, Item, RawString, Table, Value};

use super::comments::Comments;

/// One element of a list, with its comments.
pub(super) struct Element {
    pub(super) value: Value,
    pub(super) comments: Comments,
}

impl Element {
    pub(super) fn text(text: &str, comments: Comments) -> Self {
        Self {
            value: text.into(),
            comments,
        }
    }
}

/// A list with an element per line; an empty one stays on its line.
pub(super) fn list(elements: Vec<Element>) -> Value {
    let mut array = Array::new();
    let mut behind: Option<String> = None;
    for element in elements {
        let mut prefix = String::new();
        if let Some(comment) = behind.take() {
            prefix.push_str(&format!(" {comment}"));
        }
        for comment in &element.comments.above {
            prefix.push_str(&format!("\n    {comment}"));
        }
        prefix.push_str("\n    ");
        array.push_formatted(element.value.decorated(prefix, ""));
        behind = element.comments.behind;
    }
    if !array.is_empty() {
        let comment = behind.map(|it| format!(" {it}")).unwrap_or_default();
        array.set_trailing(format!("{comment}\n"));
        array.set_trailing_comma(true);
    }
    Value::Array(array)
}

/// A list of texts: short ones on one line.
pub(super) fn texts(texts: &[String]) -> Value {
    let length: usize = texts.iter().map(|it| it.len() + 4).sum();
    if length <= 70 {
        return Value::Array(texts.iter().map(String::as_str).collect());
    }
    let elements = texts
        .iter()
        .map(|text| Element::text(text, Comments::default()));
    list(elements.collect())
}

/// A table on one line.
pub(super) fn inline(entries: &[(&str, Value)]) -> Value {
    let mut table = InlineTable::new();
    for (key, value) in entries {
        table.insert(*key, value.clone());
    }
    Value::InlineTable(table)
}

/// The table at a path, made where it is not there yet; `None` where something else is.
pub(super) fn table<'d>(
    document: &'d mut DocumentMut,
    path: &[&str],
    position: isize,
) -> Option<&'d mut Table> {
    let is_first = document.as_table().is_empty();
    // A file without tables is all comments: they stay on top.
    let comments = document.trailing().as_str().unwrap_or_default().trim_end();
    let comments = match is_first && !comments.is_empty() {
        true => format!("{comments}\n\n"),
        false => String::new(),
    };
    if !comments.is_empty() {
        document.set_trailing("");
    }
    let mut table = document.as_table_mut();
    for (depth, key) in path.iter().enumerate() {
        let is_leaf = depth + 1 == path.len();
        if !table.contains_key(key) {
            let mut new = Table::new();
            new.set_implicit(!is_leaf);
            if is_leaf {
                new.set_position(Some(position));
                let prefix = if is_first { comments.as_str() } else { "\n" };
                new.decor_mut().set_prefix(prefix);
            }
            table.insert(key, Item::Table(new));
        }
        let item = table.get_mut(key)?;
        if item.is_inline_table() {
            let made = std::mem::take(item).into_table().ok()?;
            *item = Item::Table(made);
        }
        table = item.as_table_mut()?;
        if is_leaf {
            table.set_implicit(false);
            if table.position().is_none() {
                table.set_position(Some(position));
            }
        }
    }
    Some(table)
}

/// The table at a path, if there is one.
pub(super) fn existing<'d>(document: &'d DocumentMut, path: &[&str]) -> Option<&'d Item> {
    let mut item = document.as_item();
    for key in path {
        item = item.get(key)?;
    }
    Some(item)
}

/// What is at a path, to be changed. (`Item::get_mut` would make what is not there.)
pub(super) fn existing_mut<'d>(
    document: &'d mut DocumentMut,
    path: &[&str],
) -> Option<&'d mut Item> {
    let mut item = document.as_item_mut();
    for key in path {
        item = item.as_table_like_mut()?.get_mut(key)?;
    }
    Some(item)
}

/// Takes out what is at a path, and the tables above it that nothing is left in.
pub(super) fn remove(document: &mut DocumentMut, path: &[&str]) -> Option<Item> {
    fn within(table: &mut dyn toml_edit::TableLike, path: &[&str]) -> Option<Item> {
        let (first, rest) = path.split_first()?;
        if rest.is_empty() {
            return table.remove(first);
        }
        let inner = table.get_mut(first)?.as_table_like_mut()?;
        let removed = within(inner, rest);
        if removed.is_some() && inner.is_empty() {
            table.remove(first);
        }
        removed
    }
    within(document.as_table_mut(), path)
}

/// Takes the header of a table away that has nothing but tables of its own.
pub(super) fn tidy(document: &mut DocumentMut, path: &[&str]) {
    let Some(Item::Table(table)) = existing_mut(document, path) else {
        return;
    };
    let has_values = table.iter().any(|(_, item)| item.is_value());
    if !has_values && !table.is_empty() && is_bare(table) {
        table.set_implicit(true);
    }
}

/// Sets a key, unless it says the same already. Comments around the key stay.
pub(super) fn set(table: &mut Table, key: &str, value: Value) {
    match table.get_mut(key) {
        Some(Item::Value(present)) => {
            if !says_same(present, &value) {
                let decor = present.decor().clone();
                *present = value;
                *present.decor_mut() = decor;
            }
        }
        _ => {
            table.insert(key, Item::Value(value));
        }
    }
}

/// Whether two values are equal, however they are laid out.
fn says_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.value() == other.value(),
        (Value::Boolean(one), Value::Boolean(other)) => one.value() == other.value(),
        (Value::Integer(one), Value::Integer(other)) => one.value() == other.value(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other.iter()).all(|(a, b)| says_same(a, b))
        }
        (Value::InlineTable(one), Value::InlineTable(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, value)| other.get(key).is_some_and(|it| says_same(value, it)))
        }
        _ => false,
    }
}

/// Puts comments above a key.
pub(super) fn comment(table: &mut Table, key: &str, above: &[String]) {
    if let Some(mut key) = table.key_mut(key)
        && !above.is_empty()
    {
        let text: String = above.iter().map(|it| format!("{it}\n")).collect();
        key.leaf_decor_mut().set_prefix(text);
    }
}

/// Where tables stand in a document, with room between them.
pub(super) struct Positions {
    last: isize,
}

/// How many tables fit between two.
const ROOM: isize = 1000;

impl Positions {
    pub(super) fn of(document: &DocumentMut) -> Self {
        Self {
            last: highest(document.as_table()) * ROOM,
        }
    }

    /// Makes room between the tables of a document.
    pub(super) fn spread(&self, document: &mut DocumentMut) {
        widen(document.as_table_mut());
    }

    /// A place behind everything else.
    pub(super) fn end(&mut self) -> isize {
        self.last += ROOM;
        self.last
    }
}

/// The first position of a table or of those below it.
pub(super) fn first(item: &Item) -> Option<isize> {
    positions(item).into_iter().min()
}

/// The last position of a table or of those below it.
pub(super) fn last(item: &Item) -> Option<isize> {
    positions(item).into_iter().max()
}

fn positions(item: &Item) -> Vec<isize> {
    match item {
        Item::Table(table) => {
            let own = table.position().filter(|_| !table.is_implicit());
            let below = table.iter().flat_map(|(_, item)| positions(item));
            own.into_iter().chain(below).collect()
        }
        Item::ArrayOfTables(tables) => {
            let tables = tables.iter();
            tables
                .flat_map(|it| positions(&Item::Table(it.clone())))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn highest(table: &Table) -> isize {
    positions(&Item::Table(table.clone()))
        .into_iter()
        .max()
        .unwrap_or_default()
}

fn widen(table: &mut Table) {
    if let Some(position) = table.position() {
        table.set_position(Some(position * ROOM));
    }
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(table) => widen(table),
            Item::ArrayOfTables(tables) => tables.iter_mut().for_each(widen),
            _ => {}
        }
    }
}

/// Whether no comment stands above a table.
pub(super) fn is_bare(table: &Table) -> bool {
    let prefix = table.decor().prefix().and_then(RawString::as_str);
    prefix.is_none_or(|it| it.trim().is_empty())
}

/// The comments and blank lines above a table, if there is more than a blank line.
pub(super) fn heading(item: &Item) -> Option<String> {
    let table = item.as_table()?;
    let prefix = table.decor().prefix().and_then(RawString::as_str)?;
    (!prefix.trim().is_empty()).then(|| prefix.to_owned())
}
