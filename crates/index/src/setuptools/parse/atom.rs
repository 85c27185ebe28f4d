//! What operators stand between: names, literals, displays, calls, subscripts.

use super::{MAX_ROW, Parsed, Parser};
use crate::setuptools::names::KEYWORDS;
use crate::setuptools::syntax::{Argument, Clause, Expression, Part};
use crate::setuptools::tokens::{Token, unescape};

/// What a comprehension makes one by one.
enum Yield {
    Value(Expression),
    Pair(Expression, Expression),
}

impl<'a> Parser<'a> {
    pub(super) fn primary(&mut self) -> Parsed<Expression> {
        let mut value = self.atom()?;
        for _ in 0..MAX_ROW {
            if self.eat(".") {
                value = Expression::Attribute(Box::new(value), self.name()?);
            } else if self.eat("(") {
                value = Expression::Call(Box::new(value), self.arguments()?);
            } else if self.eat("[") {
                value = self.subscript(value)?;
            } else {
                return Ok(value);
            }
        }
        Err("expressions nested too deep")
    }

    fn subscript(&mut self, value: Expression) -> Parsed<Expression> {
        let start = self.at;
        let value = Box::new(value);
        let lower = match self.is_operator(":") {
            true => None,
            false => Some(Box::new(self.expression()?)),
        };
        if self.eat("]") {
            return match lower {
                Some(index) => Ok(Expression::Index(value, index)),
                None => Err("code that does not parse"),
            };
        }
        if self.eat(":") {
            let upper = match self.is_operator("]") || self.is_operator(":") {
                true => None,
                false => Some(Box::new(self.expression()?)),
            };
            if self.eat("]") {
                return Ok(Expression::Slice(value, lower, upper));
            }
        }
        while !self.is_operator("]") {
            self.skip_brackets()?;
        }
        self.expect("]")?;
        // What is taken from the value may share its content.
        Ok(Expression::Index(
            value,
            Box::new(Expression::Other(start..self.at - 1)),
        ))
    }

    fn arguments(&mut self) -> Parsed<Vec<Argument>> {
        let mut arguments = Vec::new();
        while !self.eat(")") {
            let start = self.at;
            let argument = if self.eat("**") {
                Argument::Keywords(self.expression()?)
            } else if let (Some(Token::Name(name)), Some(Token::Operator("="))) =
                (self.peek(), self.tokens.get(self.at + 1))
            {
                self.at += 2;
                Argument::Keyword(name.clone(), self.expression()?)
            } else {
                let value = self.expression()?;
                match self.is_word("for") || self.is_word("async") {
                    true => Argument::Positional(self.comprehension(start, Yield::Value(value))?),
                    false => Argument::Positional(value),
                }
            };
            arguments.push(argument);
            if !self.eat(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(arguments)
    }

    fn atom(&mut self) -> Parsed<Expression> {
        let start = self.at;
        let Some(token) = self.peek() else {
            return Err("code that does not parse");
        };
        match token {
            Token::Text(_) | Token::Formatted(..) | Token::Bytes => self.strings(),
            Token::Number(number) => {
                self.at += 1;
                Ok(match number {
                    Some(number) => Expression::Number(*number),
                    None => Expression::Other(start..self.at),
                })
            }
            Token::Operator("...") => {
                self.at += 1;
                Ok(Expression::Other(start..self.at))
            }
            Token::Operator("(") => {
                self.at += 1;
                self.bracketed(start)
            }
            Token::Operator("[") => {
                self.at += 1;
                self.list(start)
            }
            Token::Operator("{") => {
                self.at += 1;
                self.braces(start)
            }
            Token::Name(name) => {
                let constant = match name.as_str() {
                    "None" => Expression::None,
                    "True" => Expression::Bool(true),
                    "False" => Expression::Bool(false),
                    _ => return Ok(Expression::Name(self.name()?)),
                };
                self.at += 1;
                Ok(constant)
            }
            _ => Err("code that does not parse"),
        }
    }

    /// Strings next to each other are one.
    fn strings(&mut self) -> Parsed<Expression> {
        let start = self.at;
        let mut parts = Vec::new();
        let mut is_bytes = false;
        let mut is_formatted = false;
        while let Some(token) = self.peek() {
            match token {
                Token::Text(text) => parts.push(Part::Text(text.clone())),
                Token::Bytes => is_bytes = true,
                Token::Formatted(text, is_raw) => {
                    is_formatted = true;
                    match format_parts(text, *is_raw) {
                        Some(formatted) => parts.extend(formatted),
                        None => is_bytes = true,
                    }
                }
                _ => break,
            }
            self.at += 1;
        }
        if is_bytes {
            return Ok(Expression::Other(start..self.at));
        }
        if is_formatted {
            return Ok(Expression::Formatted(parts));
        }
        let text = |part| match part {
            Part::Text(text) => text,
            Part::Value(_) => String::new(),
        };
        Ok(Expression::Text(parts.into_iter().map(text).collect()))
    }

    fn bracketed(&mut self, start: usize) -> Parsed<Expression> {
        let mut elements = Vec::new();
        let mut is_tuple = false;
        while !self.eat(")") {
            let element = self.expression()?;
            if elements.is_empty() && (self.is_word("for") || self.is_word("async")) {
                let comprehension = self.comprehension(start, Yield::Value(element))?;
                self.expect(")")?;
                return Ok(comprehension);
            }
            elements.push(element);
            if !self.eat(",") {
                self.expect(")")?;
                break;
            }
            is_tuple = true;
        }
        match elements.pop() {
            Some(only) if elements.is_empty() && !is_tuple => Ok(only),
            last => {
                elements.extend(last);
                Ok(Expression::Tuple(elements))
            }
        }
    }

    fn list(&mut self, start: usize) -> Parsed<Expression> {
        let mut elements = Vec::new();
        while !self.eat("]") {
            let element = self.expression()?;
            if elements.is_empty() && (self.is_word("for") || self.is_word("async")) {
                let comprehension = self.comprehension(start, Yield::Value(element))?;
                self.expect("]")?;
                return Ok(comprehension);
            }
            elements.push(element);
            if !self.eat(",") {
                self.expect("]")?;
                break;
            }
        }
        Ok(Expression::List(elements))
    }

    /// A dictionary, or a set, which is not understood: its order is nobody's.
    fn braces(&mut self, start: usize) -> Parsed<Expression> {
        let mut entries = Vec::new();
        let mut is_set = false;
        while !self.eat("}") {
            if self.eat("**") {
                entries.push((None, self.expression()?));
            } else {
                let key = self.expression()?;
                if self.eat(":") {
                    let value = self.expression()?;
                    if entries.is_empty() && (self.is_word("for") || self.is_word("async")) {
                        let pair = Yield::Pair(key, value);
                        let comprehension = self.comprehension(start, pair)?;
                        self.expect("}")?;
                        return Ok(comprehension);
                    }
                    entries.push((Some(key), value));
                } else {
                    is_set = true;
                    if self.is_word("for") || self.is_word("async") {
                        self.comprehension(start, Yield::Value(key))?;
                    }
                }
            }
            if !self.eat(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(match is_set {
            true => Expression::Other(start..self.at),
            false => Expression::Dict(entries),
        })
    }

    /// What follows the element of a comprehension. Several `for` are not understood.
    fn comprehension(&mut self, start: usize, element: Yield) -> Parsed<Expression> {
        let mut clauses = Vec::new();
        let mut is_async = false;
        loop {
            is_async |= self.eat_word("async");
            if !self.eat_word("for") {
                break;
            }
            let target = self.targets()?;
            if !self.eat_word("in") {
                return Err("code that does not parse");
            }
            let iterable = self.logic(false)?;
            let mut conditions = Vec::new();
            while self.eat_word("if") {
                conditions.push(self.logic(false)?);
            }
            clauses.push(Clause {
                target,
                iterable,
                conditions,
            });
        }
        Ok(match (clauses.pop(), element) {
            (Some(clause), element) if clauses.is_empty() && !is_async => {
                let clause = Box::new(clause);
                match element {
                    Yield::Value(value) => Expression::Comprehension(Box::new(value), clause),
                    Yield::Pair(key, value) => {
                        Expression::DictComprehension(Box::new((key, value)), clause)
                    }
                }
            }
            _ => Expression::Other(start..self.at),
        })
    }
}

/// The parts of an f-string; `None` if there is more to them than names.
fn format_parts(source: &str, is_raw: bool) -> Option<Vec<Part>> {
    let text = |text: String| match is_raw {
        true => Some(text),
        false => unescape(&text).ok(),
    };
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = source;
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let found = &rest[at..];
        if let Some(after) = found
            .strip_prefix("{{")
            .or_else(|| found.strip_prefix("}}"))
        {
            literal.push_str(&found[..1]);
            rest = after;
            continue;
        }
        let (name, after) = found.strip_prefix('{')?.split_once('}')?;
        let name = name.trim();
        let is_name = name.starts_with(|c: char| c == '_' || c.is_alphabetic())
            && name.chars().all(|c| c == '_' || c.is_alphanumeric())
            && !KEYWORDS.contains(&name);
        if !is_name {
            return None;
        }
        parts.push(Part::Text(text(std::mem::take(&mut literal))?));
        parts.push(Part::Value(Expression::Name(name.to_owned())));
        rest = after;
    }
    literal.push_str(rest);
    parts.push(Part::Text(text(literal)?));
    Some(parts)
}
