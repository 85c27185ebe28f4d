//! What operators make of known values.

use super::{Run, Runner};
use crate::setuptools::methods;
use crate::setuptools::syntax::Expression;
use crate::setuptools::value::{Object, Value, compare_at_least, compare_version, is_no_argument};

impl Runner<'_> {
    pub(super) fn logic(&mut self, is_and: bool, operands: &[Expression]) -> Run<Value> {
        let mut last = Value::Unknown;
        for (at, operand) in operands.iter().enumerate() {
            last = self.value(operand)?;
            match self.truth(&last) {
                Some(truth) if truth != is_and => break,
                Some(_) => {}
                None => {
                    let rest: Vec<&Expression> = operands[at + 1..].iter().collect();
                    self.forget(&last);
                    self.skip(&rest)?;
                    return Ok(Value::Unknown);
                }
            }
        }
        Ok(last)
    }

    pub(in crate::setuptools) fn truth(&self, value: &Value) -> Option<bool> {
        match value {
            Value::None => Some(false),
            Value::Bool(truth) => Some(*truth),
            Value::Number(number) => Some(*number != 0),
            Value::Text(text) => Some(!text.is_empty()),
            Value::Tuple(elements) => Some(!elements.is_empty()),
            Value::Object(at) => match self.heap.get(*at)? {
                Object::Unknown | Object::File(_) => None,
                Object::List(elements) => Some(!elements.is_empty()),
                Object::Dict(entries) => Some(!entries.is_empty()),
            },
            Value::Function(_) | Value::Version(_) => Some(true),
            _ => None,
        }
    }

    pub(super) fn compare(&self, left: &Value, operator: &str, right: &Value) -> Option<bool> {
        match (left, right) {
            (Value::Version(parts), Value::Tuple(other)) => {
                let number = |value: &Value| match value {
                    Value::Number(number) => Some(*number),
                    _ => None,
                };
                let other: Vec<i64> = other.iter().map(number).collect::<Option<_>>()?;
                return compare_version(*parts, operator, &other);
            }
            (Value::Minor, Value::Number(other)) => return compare_at_least(8, operator, *other),
            (Value::Hex, Value::Number(other)) if *other <= 0x0308_0000 => {
                return compare_at_least(0x0308_0000, operator, *other);
            }
            _ => {}
        }
        match operator {
            "==" => left.equals(right),
            "!=" => left.equals(right).map(|is_equal| !is_equal),
            "in" => self.contains(right, left),
            "not in" => self.contains(right, left).map(|is_in| !is_in),
            _ => match (left, right) {
                (Value::Number(left), Value::Number(right)) => match operator {
                    "<" => Some(left < right),
                    "<=" => Some(left <= right),
                    ">" => Some(left > right),
                    ">=" => Some(left >= right),
                    _ => None,
                },
                _ => None,
            },
        }
    }

    fn contains(&self, container: &Value, wanted: &Value) -> Option<bool> {
        match (container, wanted) {
            (Value::Text(text), Value::Text(wanted)) => Some(text.contains(&**wanted)),
            (Value::Imported(name), Value::Text(wanted)) if &**name == "sys.argv" => {
                is_no_argument(wanted).then_some(false)
            }
            _ => {
                let elements = match container {
                    Value::Tuple(elements) => elements.to_vec(),
                    Value::Object(at) => match self.heap.get(*at)? {
                        Object::Unknown | Object::File(_) => return None,
                        Object::List(elements) => elements.clone(),
                        Object::Dict(entries) => {
                            entries.iter().map(|(key, _)| key.clone()).collect()
                        }
                    },
                    _ => return None,
                };
                let mut answer = Some(false);
                for element in &elements {
                    match element.equals(wanted) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => answer = None,
                    }
                }
                answer
            }
        }
    }

    /// The elements that iterating over a value gives.
    pub(in crate::setuptools) fn iterate(&mut self, value: &Value) -> Option<Vec<Value>> {
        self.steps += 1;
        match value {
            Value::Tuple(elements) => Some(elements.to_vec()),
            Value::Object(at) => match self.heap.get(*at)? {
                Object::List(elements) => Some(elements.clone()),
                Object::Dict(entries) => Some(entries.iter().map(|(key, _)| key.clone()).collect()),
                Object::File(text) => {
                    let lines = methods::lines(text);
                    self.heap[*at] = Object::Unknown;
                    Some(lines)
                }
                Object::Unknown => None,
            },
            _ => None,
        }
    }

    pub(super) fn is_file(&self, value: &Value) -> bool {
        matches!(value, Value::Object(at) if matches!(self.heap.get(*at), Some(Object::File(_))))
    }

    pub(super) fn sum(&mut self, left: &Value, right: &Value) -> Value {
        match (left, right) {
            (Value::Text(left), Value::Text(right)) => {
                match self.charge((left.len() + right.len()) / 64) {
                    Some(()) => Value::text(&format!("{left}{right}")),
                    None => Value::Unknown,
                }
            }
            (Value::Number(left), Value::Number(right)) => left
                .checked_add(*right)
                .map_or(Value::Unknown, Value::Number),
            (Value::Tuple(left), Value::Tuple(right)) => {
                Value::tuple(left.iter().chain(right.iter()).cloned().collect())
            }
            (Value::Object(one), Value::Object(two)) => {
                match (self.heap.get(*one), self.heap.get(*two)) {
                    (Some(Object::List(left)), Some(Object::List(right))) => {
                        let both = left.iter().chain(right).cloned().collect();
                        self.list(both)
                    }
                    _ => {
                        // The elements are shared with what is not known.
                        self.forget(left);
                        self.forget(right);
                        Value::Unknown
                    }
                }
            }
            _ => {
                self.forget(left);
                self.forget(right);
                Value::Unknown
            }
        }
    }

    /// `'%s' % value`.
    pub(super) fn percent(&mut self, format: &Value, values: &Value) -> Value {
        let values = match values {
            Value::Tuple(values) => values.to_vec(),
            value => vec![value.clone()],
        };
        let Value::Text(format) = format else {
            for value in &values {
                self.forget(value);
            }
            return Value::Unknown;
        };
        let mut pieces = format.split("%s");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        let mut values = values.iter();
        for piece in pieces {
            match values.next() {
                Some(Value::Text(value)) => text.push_str(value),
                Some(Value::Number(number)) => text.push_str(&number.to_string()),
                _ => return Value::Unknown,
            }
            text.push_str(piece);
        }
        match values.next().is_none() && !format.replace("%s", "").contains('%') {
            true => Value::text(&text),
            false => Value::Unknown,
        }
    }
}
