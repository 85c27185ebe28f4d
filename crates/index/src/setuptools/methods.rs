//! What the functions and methods do that `setup.py` files make their lists with.

use super::modules::{Presence, presence};
use super::paths;
use super::run::{Run, Runner, imported, put};
use super::source::Content;
use super::syntax::Import;
use super::value::{Object, SIZE_LIMIT, Value};

/// The lines of a text, each with its end.
pub(super) fn lines(text: &str) -> Vec<Value> {
    text.split_inclusive('\n').map(Value::text).collect()
}

impl Runner<'_> {
    /// `object.name`.
    pub(super) fn attribute(&mut self, object: Value, name: &str) -> Value {
        match (&object, name) {
            (Value::Imported(module), _) => imported(&format!("{module}.{name}")),
            (Value::Version(_), "major") => Value::Number(3),
            (Value::Version(_), "minor") => Value::Minor,
            (Value::Path(path), "parent") => {
                paths::parent(path).map_or(Value::Unknown, |path| Value::Path(path.into()))
            }
            (Value::Text(_) | Value::Object(_) | Value::Path(_), _) => {
                Value::Method(Box::new(object), name.into())
            }
            _ => Value::Unknown,
        }
    }

    /// `container[index]`.
    pub(super) fn element(&mut self, container: &Value, index: &Value) -> Value {
        let elements = match (container, index) {
            (Value::Version(_), Value::Number(0)) => return Value::Number(3),
            (Value::Version(_), Value::Number(1)) => return Value::Minor,
            (Value::Imported(name), Value::Number(_)) if &**name == "sys.argv" => {
                return Value::Argument;
            }
            (Value::Imported(name), Value::Number(0)) if &**name == "sys.version" => {
                return Value::text("3");
            }
            (Value::Tuple(elements), _) => elements.to_vec(),
            (Value::Object(at), _) => match self.heap.get(*at) {
                Some(Object::List(elements)) => elements.clone(),
                Some(Object::Dict(entries)) => {
                    let found = entries
                        .iter()
                        .find(|(key, _)| key.equals(index) == Some(true));
                    if let Some((_, value)) = found {
                        return value.clone();
                    }
                    // It may be any of its elements.
                    self.forget(container);
                    return Value::Unknown;
                }
                _ => return Value::Unknown,
            },
            _ => return Value::Unknown,
        };
        let Value::Number(index) = index else {
            self.forget(container);
            return Value::Unknown;
        };
        let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
        let at = match *index < 0 {
            true => length.saturating_add(*index),
            false => *index,
        };
        usize::try_from(at)
            .ok()
            .and_then(|at| elements.get(at))
            .cloned()
            .unwrap_or(Value::Unknown)
    }

    /// `container[lower:upper]`.
    pub(super) fn part(&mut self, container: &Value, bounds: &[Value]) -> Value {
        if let (Value::Version(parts), [Value::None, Value::Number(upper @ 1..=5)]) =
            (container, bounds)
        {
            let upper = usize::try_from(*upper).unwrap_or(*parts);
            return Value::Version(upper.min(*parts));
        }
        let is_list = matches!(container, Value::Object(at) if matches!(self.heap.get(*at), Some(Object::List(_))));
        if !is_list {
            self.forget(container);
            return Value::Unknown;
        }
        let Some(elements) = self.iterate(container) else {
            return Value::Unknown;
        };
        let place = |bound: &Value, default: usize| match bound {
            Value::None => Some(default),
            Value::Number(number) => usize::try_from(*number).ok(),
            _ => None,
        };
        match (place(&bounds[0], 0), place(&bounds[1], elements.len())) {
            (Some(lower), Some(upper)) => {
                let upper = upper.min(elements.len());
                self.list(elements[lower.min(upper)..upper].to_vec())
            }
            // Elements may be shared.
            _ => {
                self.forget(container);
                Value::Unknown
            }
        }
    }
}

/// Calls something that is known; `None` if it is not, and nothing has happened.
pub(super) fn call(
    runner: &mut Runner<'_>,
    callee: &Value,
    positional: &[Value],
    keywords: &[(String, Value)],
) -> Run<Option<Value>> {
    match callee {
        Value::Imported(name) => function(runner, name, positional, keywords),
        Value::Method(receiver, name) => match &**receiver {
            Value::Text(text) if keywords.is_empty() => {
                Ok(text_method(runner, text, name, positional))
            }
            Value::Path(path) => path_method(runner, path, name, positional, keywords),
            Value::Object(at) => Ok(object_method(runner, *at, name, positional, keywords)),
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}

fn as_path(value: &Value) -> Option<&str> {
    match value {
        Value::Path(path) | Value::Text(path) => Some(path),
        _ => None,
    }
}

fn function(
    runner: &mut Runner<'_>,
    name: &str,
    positional: &[Value],
    keywords: &[(String, Value)],
) -> Run<Option<Value>> {
    let path = |path: Option<String>| path.map_or(Value::Unknown, |path| Value::Path(path.into()));
    Ok(Some(match (name, positional) {
        ("builtins.print", _) => Value::None,
        ("builtins.open" | "io.open" | "codecs.open", [file, rest @ ..]) => {
            open(runner, file, rest, keywords)?
        }
        ("builtins.__import__" | "importlib.import_module", [Value::Text(module)]) => {
            let import = Import {
                level: 0,
                module: module.to_string(),
                member: None,
                bound: String::new(),
            };
            if presence(&import, runner.source) != Presence::Present {
                return Err(format!("`setup.py` imports `{module}`"));
            }
            Value::Unknown
        }
        ("builtins.str", [value @ (Value::Text(_) | Value::Path(_))]) => value.clone(),
        ("builtins.list", []) if keywords.is_empty() => runner.list(Vec::new()),
        ("builtins.list" | "builtins.sorted", [value]) if keywords.is_empty() => {
            let Some(mut elements) = runner.iterate(value) else {
                return Ok(None);
            };
            if name == "builtins.sorted" {
                let Some(mut texts) = texts(&elements) else {
                    return Ok(None);
                };
                texts.sort();
                elements = texts.iter().map(|text| Value::text(text)).collect();
            }
            runner.list(elements)
        }
        ("builtins.tuple", [value]) if keywords.is_empty() => match runner.iterate(value) {
            Some(elements) => Value::tuple(elements),
            None => return Ok(None),
        },
        ("builtins.dict", []) => {
            let mut entries = Vec::new();
            for (key, value) in keywords {
                put(&mut entries, Value::text(key), value.clone());
            }
            runner.heap.push(Object::Dict(entries));
            Value::Object(runner.heap.len() - 1)
        }
        ("builtins.dict", [value]) if keywords.is_empty() => match runner.entries(value) {
            Some(entries) => {
                runner.heap.push(Object::Dict(entries));
                Value::Object(runner.heap.len() - 1)
            }
            None => return Ok(None),
        },
        ("os.path.dirname", [Value::Path(file)]) => path(paths::parent(file)),
        (
            "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "pathlib.Path",
            [Value::Path(file)],
        ) => Value::Path(file.clone()),
        ("os.path.abspath" | "os.path.realpath", [Value::Text(file)]) if !runner.has_moved => {
            path(paths::join("", file))
        }
        ("pathlib.Path", [Value::Text(file)]) if !runner.has_moved => path(paths::join("", file)),
        ("os.getcwd" | "pathlib.Path.cwd", []) if !runner.has_moved => Value::Path("".into()),
        ("os.path.join", [first, rest @ ..]) if !rest.is_empty() => {
            let Some(base) = as_path(first) else {
                return Ok(Some(Value::Unknown));
            };
            let mut joined = base.to_owned();
            for part in rest {
                let next = match part {
                    Value::Text(part) => paths::join(&joined, part),
                    _ => None,
                };
                match next {
                    Some(next) => joined = next,
                    None => return Ok(Some(Value::Unknown)),
                }
            }
            match first {
                Value::Path(_) => Value::Path(joined.into()),
                _ if base.starts_with(['/', '.']) => Value::Unknown,
                _ => Value::text(&joined),
            }
        }
        ("os.path.exists" | "os.path.isfile", [file]) if !runner.has_moved => {
            match as_path(file).and_then(|file| paths::join("", file)) {
                Some(file) => match runner.source.content(&file) {
                    Content::Absent if !runner.source.has_folder(&file) => Value::Bool(false),
                    _ if runner.source.has(&file) => Value::Bool(true),
                    _ => Value::Unknown,
                },
                None => Value::Unknown,
            }
        }
        _ => return Ok(None),
    }))
}

/// Opens a text file for reading.
fn open(
    runner: &mut Runner<'_>,
    file: &Value,
    rest: &[Value],
    keywords: &[(String, Value)],
) -> Run<Value> {
    let is_moved = runner.has_moved && matches!(file, Value::Text(_));
    let Some(path) = as_path(file).filter(|_| !is_moved) else {
        return Ok(Value::Unknown);
    };
    let mode = rest.first().or_else(|| {
        keywords
            .iter()
            .find(|(name, _)| name == "mode")
            .map(|(_, value)| value)
    });
    let is_binary = match mode.map(Value::as_text) {
        None | Some(Some("r" | "rt" | "tr")) => false,
        Some(Some("rb" | "br")) => true,
        Some(Some(mode)) if mode.contains('U') => {
            return Err("`setup.py` opens a file in a mode that Python no longer has".to_owned());
        }
        _ => return Ok(Value::Unknown),
    };
    let Some(path) = paths::join("", path) else {
        return Ok(Value::Unknown);
    };
    match runner.source.content(&path) {
        // Without an encoding, it depends on the machine what is not ASCII.
        Content::Text(text) if !is_binary && (text.is_ascii() || has_utf8(rest, keywords)) => {
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            runner.heap.push(Object::File(text.into()));
            Ok(Value::Object(runner.heap.len() - 1))
        }
        Content::Absent => Err(format!(
            "`setup.py` reads `{path}`, which is not in the archive"
        )),
        _ => Ok(Value::Unknown),
    }
}

fn has_utf8(rest: &[Value], keywords: &[(String, Value)]) -> bool {
    let named = keywords
        .iter()
        .filter(|(name, _)| name == "encoding")
        .map(|(_, value)| value);
    rest.iter().skip(1).chain(named).any(|value| {
        matches!(value.as_text(), Some(text) if matches!(&*text.to_ascii_lowercase(), "utf-8" | "utf8" | "utf_8"))
    })
}

fn path_method(
    runner: &mut Runner<'_>,
    path: &str,
    name: &str,
    positional: &[Value],
    keywords: &[(String, Value)],
) -> Run<Option<Value>> {
    let this = || Value::Path(path.into());
    Ok(Some(match (name, positional) {
        ("resolve" | "absolute", []) => this(),
        ("joinpath", [part]) => paths::divide(&this(), part),
        ("open", rest) => open(runner, &this(), rest, keywords)?,
        ("read_text", []) => {
            let file = open(runner, &this(), &[], keywords)?;
            match file {
                Value::Object(at) => {
                    object_method(runner, at, "read", &[], &[]).unwrap_or(Value::Unknown)
                }
                _ => Value::Unknown,
            }
        }
        _ => return Ok(None),
    }))
}

fn texts(values: &[Value]) -> Option<Vec<String>> {
    values
        .iter()
        .map(|value| value.as_text().map(str::to_owned))
        .collect()
}

fn text_method(
    runner: &mut Runner<'_>,
    text: &str,
    name: &str,
    positional: &[Value],
) -> Option<Value> {
    runner.charge(text.len() / 64)?;
    let argument = match positional {
        [] => None,
        [Value::Text(argument)] => Some(&**argument),
        [Value::Text(from), Value::Text(to)] if name == "replace" && !from.is_empty() => {
            return match text.len().saturating_mul(to.len().max(1)) < SIZE_LIMIT * 16 {
                true => Some(Value::text(&text.replace(&**from, to))),
                false => Some(Value::Unknown),
            };
        }
        [Value::Tuple(options)] if matches!(name, "startswith" | "endswith") => {
            let options = texts(options)?;
            return Some(Value::Bool(options.iter().any(|option| match name {
                "startswith" => text.starts_with(option.as_str()),
                _ => text.ends_with(option.as_str()),
            })));
        }
        [list] if name == "join" => {
            let elements = texts(&runner.iterate(list)?)?;
            return Some(Value::text(&elements.join(text)));
        }
        [..] if name == "format" => return Some(format(text, positional)),
        _ => return None,
    };
    // Python strips a few control characters that are no white space elsewhere.
    let is_space = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    let is_odd = |c: char| {
        matches!(
            c,
            '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\r'
        )
    };
    let list = |runner: &mut Runner<'_>, parts: Vec<&str>| {
        runner.list(parts.into_iter().map(Value::text).collect())
    };
    Some(match (name, argument) {
        ("strip", None) => Value::text(text.trim_matches(is_space)),
        ("lstrip", None) => Value::text(text.trim_start_matches(is_space)),
        ("rstrip", None) => Value::text(text.trim_end_matches(is_space)),
        ("strip", Some(set)) => Value::text(text.trim_matches(|c| set.contains(c))),
        ("lstrip", Some(set)) => Value::text(text.trim_start_matches(|c| set.contains(c))),
        ("rstrip", Some(set)) => Value::text(text.trim_end_matches(|c| set.contains(c))),
        ("lower", None) if text.is_ascii() => Value::text(&text.to_ascii_lowercase()),
        ("upper", None) if text.is_ascii() => Value::text(&text.to_ascii_uppercase()),
        ("splitlines", None) if !text.contains(is_odd) => list(runner, text.lines().collect()),
        ("split", None) => list(
            runner,
            text.split(is_space)
                .filter(|part| !part.is_empty())
                .collect(),
        ),
        ("split", Some(separator)) if !separator.is_empty() => {
            list(runner, text.split(separator).collect())
        }
        ("startswith", Some(start)) => Value::Bool(text.starts_with(start)),
        ("endswith", Some(end)) => Value::Bool(text.ends_with(end)),
        _ => return None,
    })
}

/// `'{}'.format(…)` with plain places.
fn format(text: &str, positional: &[Value]) -> Value {
    let mut pieces = text.split("{}");
    let mut formatted = pieces.next().unwrap_or_default().to_owned();
    let mut values = positional.iter();
    for piece in pieces {
        match values.next() {
            Some(Value::Text(value)) => formatted.push_str(value),
            _ => return Value::Unknown,
        }
        formatted.push_str(piece);
    }
    match text.replace("{}", "").contains(['{', '}']) {
        true => Value::Unknown,
        false => Value::text(&formatted),
    }
}

fn object_method(
    runner: &mut Runner<'_>,
    at: usize,
    name: &str,
    positional: &[Value],
    keywords: &[(String, Value)],
) -> Option<Value> {
    if !keywords.is_empty() {
        return None;
    }
    match runner.heap.get(at)? {
        Object::Unknown => None,
        Object::File(text) => {
            let text = text.clone();
            let value = match (name, positional) {
                ("read", []) => Value::text(&text),
                ("readlines", []) => runner.list(lines(&text)),
                ("close", []) => Value::None,
                _ => return None,
            };
            *runner.heap.get_mut(at)? = Object::Unknown;
            Some(value)
        }
        Object::List(elements) => {
            let mut elements = elements.clone();
            runner.charge(elements.len() / 4)?;
            match (name, positional) {
                ("append", [value]) => elements.push(value.clone()),
                ("extend", [more]) => elements.extend(runner.iterate(more)?),
                ("insert", [Value::Number(0), value]) => elements.insert(0, value.clone()),
                ("copy", []) => return Some(runner.list(elements)),
                _ => return None,
            }
            if elements.len() > SIZE_LIMIT / 64 {
                return None;
            }
            *runner.heap.get_mut(at)? = Object::List(elements);
            Some(Value::None)
        }
        Object::Dict(entries) => {
            let mut entries = entries.clone();
            runner.charge(entries.len())?;
            match (name, positional) {
                ("update", [more]) => {
                    for (key, value) in runner.entries(more)? {
                        put(&mut entries, key, value);
                    }
                    *runner.heap.get_mut(at)? = Object::Dict(entries);
                    Some(Value::None)
                }
                ("copy", []) => {
                    runner.heap.push(Object::Dict(entries));
                    Some(Value::Object(runner.heap.len() - 1))
                }
                ("keys", []) => {
                    Some(runner.list(entries.into_iter().map(|(key, _)| key).collect()))
                }
                ("values", []) => {
                    Some(runner.list(entries.into_iter().map(|(_, value)| value).collect()))
                }
                ("items", []) => {
                    let pair = |(key, value)| Value::tuple(vec![key, value]);
                    Some(runner.list(entries.into_iter().map(pair).collect()))
                }
                _ => None,
            }
        }
    }
}
