//! What an expression stands for.

use std::collections::BTreeMap;

use super::bind::put;
use super::{DEPTH_LIMIT, Run, Runner, Scope};
use crate::setuptools::paths;
use crate::setuptools::syntax::{Clause, Expression, Part};
use crate::setuptools::value::{Object, Value};

/// Larger dictionaries are not followed.
const ENTRY_LIMIT: usize = 2_000;

impl Runner<'_> {
    /// The value of an expression, after all that it does.
    pub(in crate::setuptools) fn value(&mut self, expression: &Expression) -> Run<Value> {
        self.step()?;
        if self.depth > DEPTH_LIMIT {
            return Err("`setup.py` is nested too deep to be followed".to_owned());
        }
        self.depth += 1;
        let value = self.value_inside(expression);
        self.depth -= 1;
        value
    }

    fn value_inside(&mut self, expression: &Expression) -> Run<Value> {
        Ok(match expression {
            Expression::None => Value::None,
            Expression::Bool(value) => Value::Bool(*value),
            Expression::Number(number) => Value::Number(*number),
            Expression::Text(text) => Value::text(text),
            Expression::Formatted(parts) => self.formatted(parts),
            Expression::Name(name) => self.get(name),
            Expression::List(elements) => match self.elements(elements)? {
                Some(elements) => self.list(elements),
                None => Value::Unknown,
            },
            Expression::Tuple(elements) => match self.elements(elements)? {
                Some(elements) => Value::tuple(elements),
                None => Value::Unknown,
            },
            Expression::Dict(entries) => self.dict(entries)?,
            Expression::Starred(value) => {
                let value = self.value(value)?;
                self.forget(&value);
                Value::Unknown
            }
            Expression::Attribute(object, name) => {
                let object = self.value(object)?;
                self.attribute(object, name)
            }
            Expression::Index(container, index) => {
                let container = self.value(container)?;
                let index = self.value(index)?;
                self.element(&container, &index)
            }
            Expression::Slice(container, lower, upper) => {
                let container = self.value(container)?;
                let mut bounds = Vec::new();
                for bound in [lower, upper] {
                    bounds.push(match bound {
                        Some(bound) => self.value(bound)?,
                        None => Value::None,
                    });
                }
                self.part(&container, &bounds)
            }
            Expression::Call(callee, arguments) => self.call(callee, arguments)?,
            Expression::Binary(operator, left, right) => {
                let left = self.value(left)?;
                let right = self.value(right)?;
                match *operator {
                    "+" => self.sum(&left, &right),
                    "%" => self.percent(&left, &right),
                    "/" if matches!(left, Value::Path(_)) => paths::divide(&left, &right),
                    _ => {
                        self.forget(&left);
                        self.forget(&right);
                        Value::Unknown
                    }
                }
            }
            Expression::Compare(left, operator, right) => {
                let left = self.value(left)?;
                let right = self.value(right)?;
                match self.compare(&left, operator, &right) {
                    Some(result) => Value::Bool(result),
                    None => Value::Unknown,
                }
            }
            Expression::Not(value) => {
                let value = self.value(value)?;
                match self.truth(&value) {
                    Some(truth) => Value::Bool(!truth),
                    None => Value::Unknown,
                }
            }
            Expression::Logic(is_and, operands) => self.logic(*is_and, operands)?,
            Expression::Choice(condition, then, otherwise) => {
                let condition = self.value(condition)?;
                match self.truth(&condition) {
                    Some(true) => self.value(then)?,
                    Some(false) => self.value(otherwise)?,
                    None => {
                        self.skip(&[then, otherwise])?;
                        Value::Unknown
                    }
                }
            }
            Expression::Comprehension(element, clause) => {
                let mut elements = Vec::new();
                let is_known = self.for_each(clause, &[element], &mut |runner| {
                    let value = runner.value(element)?;
                    elements.push(value);
                    Ok(())
                })?;
                match is_known {
                    true => self.list(elements),
                    false => {
                        for element in &elements {
                            self.forget(element);
                        }
                        Value::Unknown
                    }
                }
            }
            Expression::DictComprehension(pair, clause) => {
                let mut entries = Vec::new();
                let both = [&pair.0, &pair.1];
                let is_known = self.for_each(clause, &both, &mut |runner| {
                    let key = runner.value(&pair.0)?;
                    let value = runner.value(&pair.1)?;
                    put(&mut entries, key, value);
                    Ok(())
                })?;
                let is_known = is_known && entries.iter().all(|(key, _)| key.as_text().is_some());
                match is_known {
                    true => self.new_object(Object::Dict(entries)),
                    false => {
                        for (_, value) in &entries {
                            self.forget(value);
                        }
                        Value::Unknown
                    }
                }
            }
            Expression::Other(tokens) => {
                self.pass_over_expression(tokens)?;
                Value::Unknown
            }
        })
    }

    fn formatted(&mut self, parts: &[Part]) -> Value {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Value(Expression::Name(name)) => match self.get(name) {
                    Value::Text(part) => text.push_str(&part),
                    Value::Number(number) => text.push_str(&number.to_string()),
                    _ => return Value::Unknown,
                },
                Part::Value(_) => return Value::Unknown,
            }
        }
        Value::text(&text)
    }

    /// The elements of a literal; `None` if a starred one is not known.
    fn elements(&mut self, elements: &[Expression]) -> Run<Option<Vec<Value>>> {
        let mut values = Some(Vec::new());
        for element in elements {
            let more = match element {
                Expression::Starred(inner) => {
                    let value = self.value(inner)?;
                    let more = self.iterate(&value);
                    if more.is_none() {
                        self.forget(&value);
                    }
                    more
                }
                _ => Some(vec![self.value(element)?]),
            };
            match (&mut values, more) {
                (Some(values), Some(more)) => values.extend(more),
                (_, more) => {
                    for value in values.take().into_iter().chain(more).flatten() {
                        self.forget(&value);
                    }
                }
            }
        }
        Ok(values)
    }

    fn dict(&mut self, entries: &[(Option<Expression>, Expression)]) -> Run<Value> {
        let mut known = Vec::new();
        let mut is_known = entries.len() <= ENTRY_LIMIT;
        for (key, value) in entries {
            let key = match key {
                Some(key) => Some(self.value(key)?),
                None => None,
            };
            let value = self.value(value)?;
            match key {
                Some(key @ Value::Text(_)) => put(&mut known, key, value),
                // Another kind of key is no extra; it cannot hide one either.
                Some(key @ (Value::Number(_) | Value::None | Value::Bool(_))) => {
                    known.push((key, value));
                }
                Some(_) => {
                    is_known = false;
                    self.forget(&value);
                }
                None => match self.entries(&value) {
                    Some(more) => {
                        for (key, value) in more {
                            put(&mut known, key, value);
                        }
                    }
                    None => {
                        is_known = false;
                        self.forget(&value);
                    }
                },
            }
        }
        if is_known {
            return Ok(self.new_object(Object::Dict(known)));
        }
        for (_, value) in &known {
            self.forget(value);
        }
        Ok(Value::Unknown)
    }

    pub(in crate::setuptools) fn entries(&self, value: &Value) -> Option<Vec<(Value, Value)>> {
        match value {
            Value::Object(at) => match self.heap.get(*at) {
                Some(Object::Dict(entries)) => Some(entries.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Goes through a comprehension; tells whether all of it was known.
    fn for_each(
        &mut self,
        clause: &Clause,
        made: &[&Expression],
        take: &mut dyn FnMut(&mut Self) -> Run<()>,
    ) -> Run<bool> {
        let iterable = self.value(&clause.iterable)?;
        let elements = self.iterate(&iterable);
        self.forget_unless(elements.is_some(), &iterable);
        self.scopes.push(Scope {
            is_function: false,
            names: BTreeMap::new(),
        });
        let is_known = match elements {
            Some(elements) => self.for_each_of(clause, elements, take)?,
            None => false,
        };
        if !is_known {
            let conditions = clause.conditions.iter();
            let parts: Vec<&Expression> = made.iter().copied().chain(conditions).collect();
            self.skip(&parts)?;
        }
        self.scopes.pop();
        Ok(is_known)
    }

    fn forget_unless(&mut self, is_known: bool, value: &Value) {
        if !is_known {
            self.forget(value);
        }
    }

    fn for_each_of(
        &mut self,
        clause: &Clause,
        elements: Vec<Value>,
        take: &mut dyn FnMut(&mut Self) -> Run<()>,
    ) -> Run<bool> {
        for element in elements {
            self.bind_here(&clause.target, element);
            let mut is_wanted = true;
            for condition in &clause.conditions {
                let condition = self.value(condition)?;
                match self.truth(&condition) {
                    Some(true) => {}
                    Some(false) => {
                        is_wanted = false;
                        break;
                    }
                    None => return Ok(false),
                }
            }
            if is_wanted {
                take(self)?;
            }
        }
        Ok(true)
    }
}
