//! Expressions, from the loosest operator to the tightest.

use super::{MAX_ROW, Parsed, Parser};
use crate::setuptools::syntax::Expression;
use crate::setuptools::tokens::Token;

/// The deepest nesting of expressions that is read.
const MAX_DEPTH: usize = 40;

impl<'a> Parser<'a> {
    /// Expressions with commas between them are a tuple.
    pub(super) fn expressions(&mut self) -> Parsed<Expression> {
        let first = self.expression()?;
        if !self.is_operator(",") {
            return Ok(first);
        }
        let mut elements = vec![first];
        while self.eat(",") {
            if self.is_end() || self.is_operator("=") || self.is_operator(")") {
                break;
            }
            elements.push(self.expression()?);
        }
        Ok(Expression::Tuple(elements))
    }

    pub(super) fn expression(&mut self) -> Parsed<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("expressions nested too deep");
        }
        let expression = self.choice();
        self.depth -= 1;
        expression
    }

    fn choice(&mut self) -> Parsed<Expression> {
        let start = self.at;
        if self.eat("*") {
            return Ok(Expression::Starred(Box::new(self.expression()?)));
        }
        if self.eat_word("lambda") {
            while !self.is_operator(":") {
                self.skip_brackets()?;
            }
            self.expect(":")?;
            self.expression()?;
            return Ok(Expression::Other(start..self.at));
        }
        if self.eat_word("yield") {
            self.eat_word("from");
            if !self.is_end() && !self.is_operator(")") {
                self.expressions()?;
            }
            return Ok(Expression::Other(start..self.at));
        }
        let value = self.logic(false)?;
        if self.eat(":=") {
            self.expression()?;
            return Ok(Expression::Other(start..self.at));
        }
        if !self.eat_word("if") {
            return Ok(value);
        }
        let condition = self.logic(false)?;
        if !self.eat_word("else") {
            return Err("code that does not parse");
        }
        let otherwise = self.expression()?;
        Ok(Expression::Choice(
            Box::new(condition),
            Box::new(value),
            Box::new(otherwise),
        ))
    }

    pub(super) fn logic(&mut self, is_and: bool) -> Parsed<Expression> {
        let word = if is_and { "and" } else { "or" };
        let mut operands = Vec::new();
        loop {
            operands.push(match is_and {
                true => self.inversion()?,
                false => self.logic(true)?,
            });
            if !self.eat_word(word) {
                break;
            }
        }
        match operands.pop() {
            Some(only) if operands.is_empty() => Ok(only),
            last => {
                operands.extend(last);
                Ok(Expression::Logic(is_and, operands))
            }
        }
    }

    fn inversion(&mut self) -> Parsed<Expression> {
        let mut is_inverted = false;
        while self.eat_word("not") {
            is_inverted = !is_inverted;
            if !self.is_word("not") {
                break;
            }
        }
        let value = self.comparison()?;
        Ok(match is_inverted {
            true => Expression::Not(Box::new(value)),
            false => value,
        })
    }

    fn comparison(&mut self) -> Parsed<Expression> {
        let start = self.at;
        let left = self.binary(0)?;
        let Some(operator) = self.comparator() else {
            return Ok(left);
        };
        let right = self.binary(0)?;
        if self.comparator().is_none() {
            return Ok(Expression::Compare(
                Box::new(left),
                operator,
                Box::new(right),
            ));
        }
        self.binary(0)?;
        while self.comparator().is_some() {
            self.binary(0)?;
        }
        Ok(Expression::Other(start..self.at))
    }

    fn comparator(&mut self) -> Option<String> {
        let operator = match self.peek()? {
            Token::Operator(operator @ ("<" | ">" | "<=" | ">=" | "==" | "!=")) => {
                (*operator).to_owned()
            }
            Token::Name(name) if name == "in" => "in".to_owned(),
            Token::Name(name) if name == "is" => {
                self.at += 1;
                let is_inverted = self.eat_word("not");
                return Some(if is_inverted { "!=" } else { "==" }.to_owned());
            }
            Token::Name(name)
                if name == "not"
                    && matches!(self.tokens.get(self.at + 1), Some(Token::Name(next)) if next == "in") =>
            {
                self.at += 1;
                "not in".to_owned()
            }
            _ => return None,
        };
        self.at += 1;
        Some(operator)
    }

    /// Operators by how strongly they bind.
    fn binary(&mut self, level: usize) -> Parsed<Expression> {
        const LEVELS: [&[&str]; 6] = [
            &["|"],
            &["^"],
            &["&"],
            &["<<", ">>"],
            &["+", "-"],
            &["*", "/", "//", "%", "@"],
        ];
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        for _ in 0..MAX_ROW {
            let operator = match self.peek() {
                Some(Token::Operator(operator)) if operators.contains(operator) => *operator,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.binary(level + 1)?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
        Err("expressions nested too deep")
    }

    fn unary(&mut self) -> Parsed<Expression> {
        let start = self.at;
        let is_signed = self.eat("-") || self.eat("+") || self.eat("~");
        if is_signed || self.eat_word("await") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err("expressions nested too deep");
            }
            let operand = self.unary()?;
            self.depth -= 1;
            return Ok(match operand {
                Expression::Number(number) if self.tokens[start] == Token::Operator("-") => {
                    Expression::Number(-number)
                }
                _ => Expression::Other(start..self.at),
            });
        }
        let base = self.primary()?;
        if self.eat("**") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err("expressions nested too deep");
            }
            self.unary()?;
            self.depth -= 1;
            return Ok(Expression::Other(start..self.at));
        }
        Ok(base)
    }
}
