//! Statements with blocks.

use std::rc::Rc;

use super::{Parsed, Parser};
use crate::setuptools::names::{mentions_of, names_in, words_of};
use crate::setuptools::syntax::{Block, Expression, Function, Kind};
use crate::setuptools::tokens::Token;

impl<'a> Parser<'a> {
    fn block(&mut self) -> Parsed<Block> {
        self.expect(":")?;
        let mut block = Vec::new();
        if self.peek() != Some(&Token::NewLine) {
            self.simple_statements(&mut block)?;
            return Ok(block);
        }
        self.at += 1;
        if self.peek() != Some(&Token::Indent) {
            return Err("a block without statements");
        }
        self.at += 1;
        while self.peek() != Some(&Token::Dedent) {
            if self.peek().is_none() {
                return Err("a block that does not end");
            }
            self.statement(&mut block)?;
        }
        self.at += 1;
        Ok(block)
    }

    fn else_block(&mut self) -> Parsed<Block> {
        match self.eat_word("else") {
            true => self.block(),
            false => Ok(Vec::new()),
        }
    }

    pub(super) fn if_statement(&mut self) -> Parsed<Kind> {
        let mut branches = Vec::new();
        while branches.is_empty() || self.is_word("elif") {
            self.at += 1;
            let condition = self.expression()?;
            branches.push((condition, self.block()?));
        }
        Ok(Kind::If(branches, self.else_block()?))
    }

    pub(super) fn try_statement(&mut self) -> Parsed<Kind> {
        self.at += 1;
        let body = self.block()?;
        let mut handlers = Vec::new();
        while self.eat_word("except") {
            let start = self.at;
            while !self.is_operator(":") {
                if self.is_end() {
                    return Err("code that does not parse");
                }
                self.at += 1;
            }
            let caught = names_in(&self.tokens[start..self.at])
                .map(str::to_owned)
                .collect();
            handlers.push((caught, self.block()?));
        }
        let otherwise = self.else_block()?;
        let finally = match self.eat_word("finally") {
            true => self.block()?,
            false => Vec::new(),
        };
        Ok(Kind::Try {
            body,
            handlers,
            otherwise,
            finally,
        })
    }

    pub(super) fn with_statement(&mut self) -> Parsed<Kind> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            let value = self.expression()?;
            let target = match self.eat_word("as") {
                true => Some(self.primary()?),
                false => None,
            };
            items.push((value, target));
            if !self.eat(",") {
                break;
            }
        }
        Ok(Kind::With(items, self.block()?))
    }

    pub(super) fn for_statement(&mut self) -> Parsed<Kind> {
        self.at += 1;
        let target = self.targets()?;
        if !self.eat_word("in") {
            return Err("code that does not parse");
        }
        let iterable = self.expressions()?;
        let body = self.block()?;
        if self.is_word("else") {
            self.else_block()?;
            return Ok(Kind::Other);
        }
        Ok(Kind::For(target, iterable, body))
    }

    /// What a loop assigns to.
    pub(super) fn targets(&mut self) -> Parsed<Expression> {
        let first = self.primary()?;
        if !self.is_operator(",") {
            return Ok(first);
        }
        let mut targets = vec![first];
        while self.eat(",") && !self.is_word("in") {
            targets.push(self.primary()?);
        }
        Ok(Expression::Tuple(targets))
    }

    pub(super) fn decorated(&mut self) -> Parsed<Kind> {
        while self.eat("@") {
            self.expression()?;
            if self.peek() == Some(&Token::NewLine) {
                self.at += 1;
            }
        }
        match self.is_word("class") {
            true => self.class(),
            false => self.function(true),
        }
    }

    pub(super) fn function(&mut self, is_decorated: bool) -> Parsed<Kind> {
        let start = self.at;
        if !self.eat_word("def") {
            return self.other_block();
        }
        let name = self.name()?;
        self.expect("(")?;
        let mut parameters = Vec::new();
        let mut is_special = is_decorated;
        while !self.eat(")") {
            if self.eat("*") || self.eat("**") || self.eat("/") {
                is_special = true;
                if self.eat(",") {
                    continue;
                }
                if self.eat(")") {
                    break;
                }
            }
            let parameter = self.name()?;
            if self.eat(":") {
                self.expression()?;
            }
            let default = match self.eat("=") {
                true => Some(self.expression()?),
                false => None,
            };
            parameters.push((parameter, default));
            if !self.eat(",") {
                self.expect(")")?;
                break;
            }
        }
        if self.eat("->") {
            self.expression()?;
        }
        let body = self.block()?;
        let tokens = &self.tokens[start..self.at];
        is_special |= tokens
            .iter()
            .any(|token| matches!(token, Token::Name(name) if matches!(name.as_str(), "yield" | "await" | "global" | "nonlocal")));
        let mentions = mentions_of(tokens, &parameters);
        let words = words_of(tokens);
        Ok(Kind::Function(Rc::new(Function {
            name,
            parameters,
            is_special,
            body,
            mentions,
            words,
        })))
    }

    pub(super) fn class(&mut self) -> Parsed<Kind> {
        self.at += 1;
        let name = self.name()?;
        while !self.is_operator(":") {
            self.skip_brackets()?;
        }
        self.block()?;
        Ok(Kind::Class(name))
    }

    /// A compound statement of which only the extent matters.
    pub(super) fn other_block(&mut self) -> Parsed<Kind> {
        while !self.is_operator(":") {
            self.skip_brackets()?;
        }
        self.block()?;
        if self.is_word("else") {
            self.else_block()?;
        }
        Ok(Kind::Other)
    }

    /// One token, or everything up to the closing bracket.
    pub(super) fn skip_brackets(&mut self) -> Parsed<()> {
        let mut depth = 0;
        loop {
            match self.peek() {
                None | Some(Token::NewLine) => return Err("code that does not parse"),
                Some(Token::Operator("(" | "[" | "{")) => depth += 1,
                Some(Token::Operator(")" | "]" | "}")) => depth -= 1,
                Some(_) => {}
            }
            self.at += 1;
            if depth <= 0 {
                return Ok(());
            }
        }
    }
}
