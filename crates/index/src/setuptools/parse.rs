//! Reads tokens into statements.
//!
//! No Python parser on the registry is both kept up and small enough for WebAssembly, so this one
//! reads what `setup.py` files are made of. An expression it does not know becomes
//! [`Expression::Other`] with its tokens; a statement that does not parse makes the file unreadable.

use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use super::syntax::{Argument, Block, Clause, Expression, Function, Import, Kind, Part, Statement};
use super::tokens::{Token, tokenize, unescape};

type Parsed<T> = Result<T, &'static str>;

/// The deepest nesting of expressions that is read.
const MAX_DEPTH: usize = 40;
/// The longest row of operators, attributes or calls that is read: each nests the one before.
const MAX_ROW: usize = 60;

/// Reads a file.
pub(super) fn parse(source: &str) -> Parsed<(Vec<Token>, Block)> {
    let tokens = tokenize(source)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
    };
    let mut block = Vec::new();
    while parser.at < tokens.len() {
        parser.statement(&mut block)?;
    }
    Ok((tokens, block))
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

/// Names that are never variables.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// The names that occur among tokens, without attributes.
pub(super) fn names_in(tokens: &[Token]) -> impl Iterator<Item = &str> {
    tokens
        .iter()
        .enumerate()
        .filter_map(|(at, token)| match token {
            Token::Name(name)
                if !KEYWORDS.contains(&name.as_str())
                    && (at == 0 || tokens[at - 1] != Token::Operator(".")) =>
            {
                Some(name.as_str())
            }
            _ => None,
        })
}

/// The names inside of f-strings among tokens: every word, to be sure.
pub(super) fn words_in_formatted(tokens: &[Token]) -> impl Iterator<Item = &str> {
    tokens
        .iter()
        .filter_map(|token| match token {
            Token::Formatted(text, _) => Some(text),
            _ => None,
        })
        .flat_map(|text| text.split(|c: char| c != '_' && !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn is_operator(&self, operator: &str) -> bool {
        matches!(self.peek(), Some(Token::Operator(found)) if *found == operator)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Name(found)) if found == word)
    }

    fn eat(&mut self, operator: &str) -> bool {
        let is_there = self.is_operator(operator);
        self.at += usize::from(is_there);
        is_there
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let is_there = self.is_word(word);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, operator: &'static str) -> Parsed<()> {
        self.eat(operator)
            .then_some(())
            .ok_or("code that does not parse")
    }

    fn name(&mut self) -> Parsed<String> {
        match self.peek() {
            Some(Token::Name(name)) if !KEYWORDS.contains(&name.as_str()) => {
                self.at += 1;
                Ok(name.clone())
            }
            _ => Err("code that does not parse"),
        }
    }

    fn statement(&mut self, block: &mut Block) -> Parsed<()> {
        let start = self.at;
        let word = match self.peek() {
            Some(Token::Name(name)) => name.as_str(),
            _ => "",
        };
        let kind = match word {
            "if" => self.if_statement()?,
            "try" => self.try_statement()?,
            "with" => self.with_statement()?,
            "for" => self.for_statement()?,
            "def" => self.function(false)?,
            "class" => self.class()?,
            "while" | "async" => self.other_block()?,
            _ if self.is_operator("@") => self.decorated()?,
            _ => return self.simple_statements(block),
        };
        let tokens = start..self.at;
        block.push(Statement { kind, tokens });
        Ok(())
    }

    fn simple_statements(&mut self, block: &mut Block) -> Parsed<()> {
        loop {
            let start = self.at;
            let kind = self.simple_statement()?;
            block.push(Statement {
                kind,
                tokens: start..self.at,
            });
            let has_more = self.eat(";");
            if matches!(self.peek(), None | Some(Token::NewLine)) {
                self.at += 1;
                return Ok(());
            }
            if !has_more {
                return Err("code that does not parse");
            }
        }
    }

    fn simple_statement(&mut self) -> Parsed<Kind> {
        let word = match self.peek() {
            Some(Token::Name(name)) => name.as_str(),
            Some(Token::Indent) => return Err("code that does not parse"),
            _ => "",
        };
        match word {
            "import" => self.import(),
            "from" => self.import_from(),
            "pass" => {
                self.at += 1;
                Ok(Kind::Pass)
            }
            "return" => {
                self.at += 1;
                let is_bare = self.is_end();
                let value = (!is_bare).then(|| self.expressions()).transpose()?;
                Ok(Kind::Return(value))
            }
            "raise" => {
                self.skip_simple();
                Ok(Kind::Raise)
            }
            "del" | "assert" | "global" | "nonlocal" | "break" | "continue" | "async" => {
                self.skip_simple();
                Ok(Kind::Other)
            }
            _ => self.assignment(),
        }
    }

    fn is_end(&self) -> bool {
        self.is_operator(";") || matches!(self.peek(), None | Some(Token::NewLine))
    }

    fn skip_simple(&mut self) {
        while !self.is_end() {
            self.at += 1;
        }
    }

    fn assignment(&mut self) -> Parsed<Kind> {
        let first = self.expressions()?;
        if self.eat("+=") {
            return Ok(Kind::Add(first, self.expressions()?));
        }
        if let Some(Token::Operator(operator)) = self.peek()
            && operator.len() > 1
            && operator.ends_with('=')
        {
            self.skip_simple();
            return Ok(Kind::Other);
        }
        let mut targets = vec![first];
        if self.eat(":") {
            self.expression()?;
            if self.is_end() {
                return Ok(Kind::Pass);
            }
        }
        while self.eat("=") {
            targets.push(self.expressions()?);
        }
        match targets.pop() {
            Some(value) if targets.is_empty() => Ok(Kind::Expression(value)),
            Some(value) => Ok(Kind::Assign(targets, value)),
            None => Err("code that does not parse"),
        }
    }

    fn dotted(&mut self) -> Parsed<String> {
        let mut name = self.name()?;
        while self.eat(".") {
            name.push('.');
            name.push_str(&self.name()?);
        }
        Ok(name)
    }

    fn import(&mut self) -> Parsed<Kind> {
        self.at += 1;
        let mut imports = Vec::new();
        loop {
            let module = self.dotted()?;
            let (module, bound) = if self.eat_word("as") {
                (module, self.name()?)
            } else {
                let root = module.split('.').next().unwrap_or_default().to_owned();
                (module, root)
            };
            imports.push(Import {
                level: 0,
                module,
                member: None,
                bound,
            });
            if !self.eat(",") {
                return Ok(Kind::Import(imports));
            }
        }
    }

    fn import_from(&mut self) -> Parsed<Kind> {
        self.at += 1;
        let mut level = 0;
        loop {
            match self.peek() {
                Some(Token::Operator(".")) => level += 1,
                Some(Token::Operator("...")) => level += 3,
                _ => break,
            }
            self.at += 1;
        }
        let module = if level > 0 && self.is_word("import") {
            String::new()
        } else {
            self.dotted()?
        };
        if !self.eat_word("import") {
            return Err("code that does not parse");
        }
        let is_bracketed = self.eat("(");
        let mut imports = Vec::new();
        loop {
            let member = if self.eat("*") {
                "*".to_owned()
            } else {
                self.name()?
            };
            let bound = if self.eat_word("as") {
                self.name()?
            } else {
                member.clone()
            };
            imports.push(Import {
                level,
                module: module.clone(),
                member: Some(member),
                bound,
            });
            if !self.eat(",") || is_bracketed && self.is_operator(")") {
                break;
            }
        }
        if is_bracketed {
            self.expect(")")?;
        }
        Ok(Kind::Import(imports))
    }

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

    fn if_statement(&mut self) -> Parsed<Kind> {
        let mut branches = Vec::new();
        while branches.is_empty() || self.is_word("elif") {
            self.at += 1;
            let condition = self.expression()?;
            branches.push((condition, self.block()?));
        }
        Ok(Kind::If(branches, self.else_block()?))
    }

    fn try_statement(&mut self) -> Parsed<Kind> {
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

    fn with_statement(&mut self) -> Parsed<Kind> {
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

    fn for_statement(&mut self) -> Parsed<Kind> {
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
    fn targets(&mut self) -> Parsed<Expression> {
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

    fn decorated(&mut self) -> Parsed<Kind> {
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

    fn function(&mut self, is_decorated: bool) -> Parsed<Kind> {
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

    fn class(&mut self) -> Parsed<Kind> {
        self.at += 1;
        let name = self.name()?;
        while !self.is_operator(":") {
            self.skip_brackets()?;
        }
        self.block()?;
        Ok(Kind::Class(name))
    }

    /// A compound statement of which only the extent matters.
    fn other_block(&mut self) -> Parsed<Kind> {
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
    fn skip_brackets(&mut self) -> Parsed<()> {
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

    /// Expressions with commas between them are a tuple.
    fn expressions(&mut self) -> Parsed<Expression> {
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

    fn expression(&mut self) -> Parsed<Expression> {
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

    fn logic(&mut self, is_and: bool) -> Parsed<Expression> {
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

    fn primary(&mut self) -> Parsed<Expression> {
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

/// What a comprehension makes one by one.
enum Yield {
    Value(Expression),
    Pair(Expression, Expression),
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

/// Every word among tokens, attributes included.
pub(super) fn words_of(tokens: &[Token]) -> BTreeSet<String> {
    let words = tokens.iter().filter_map(|token| match token {
        Token::Name(name) => Some(name.as_str()),
        _ => None,
    });
    words
        .chain(words_in_formatted(tokens))
        .map(str::to_owned)
        .collect()
}

/// The names that a function mentions and does not bind itself.
fn mentions_of(tokens: &[Token], parameters: &[(String, Option<Expression>)]) -> BTreeSet<String> {
    let mut mentions: BTreeSet<String> = names_in(tokens)
        .chain(words_in_formatted(tokens))
        .map(str::to_owned)
        .collect();
    let is_word =
        |at: usize, word: &str| matches!(tokens.get(at), Some(Token::Name(name)) if name == word);
    let has_global = (0..tokens.len()).any(|at| is_word(at, "global") || is_word(at, "nonlocal"));
    let has_inner = (1..tokens.len())
        .any(|at| is_word(at, "def") || is_word(at, "lambda") || is_word(at, "class"));
    if has_global || has_inner {
        return mentions;
    }
    let mut own: BTreeSet<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    let mut is_at_start = false;
    for (at, token) in tokens.iter().enumerate() {
        if let Token::Name(name) = token {
            let is_bound = is_at_start && tokens.get(at + 1) == Some(&Token::Operator("="));
            if is_bound || at > 0 && is_word(at - 1, "as") {
                own.insert(name);
            }
        }
        is_at_start = matches!(
            token,
            Token::NewLine | Token::Indent | Token::Dedent | Token::Operator(";")
        );
    }
    mentions.retain(|name| !own.contains(name.as_str()));
    mentions
}

/// The tokens of a part of the file.
pub(super) fn slice<'a>(tokens: &'a [Token], range: &Range<usize>) -> &'a [Token] {
    tokens.get(range.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart() {
        let source = "
import os, sys as s
from a.b import (c, d as e,)
from . import f
x = y = [1, 'a' 'b', (2,), *z]
x: list = {}; x += (3, 4)
if not a >= (3, 1) and b in c or d: pass
elif e:
    with open('f') as g, h: i = g.read()
else:
    j = [k.strip() for k in l if k if m]
@property
def n(o, *p, q=1, **r) -> s:
    return t if u else v
class W(X): y = 1
try:
    import z
except (A, B) as c:
    raise
finally:
    del d[1:2, 3]
for e, f in g.items(): print(e, file=f, **h)
while True:
    break
k = lambda a, b=1: (a, b)
l = f'{m}x{{'
n = a < b < c
";
        let (_, block) = parse(source).unwrap();
        assert_eq!(block.len(), 15);
        assert!(
            matches!(&block[3].kind, Kind::Assign(targets, Expression::List(elements)) if targets.len() == 2 && elements.len() == 4)
        );
        assert!(matches!(&block[7].kind, Kind::Function(function) if function.is_special));
    }

    #[test]
    fn what_is_no_python_3_is_an_error() {
        for source in [
            "print 'a'",
            "if a:",
            "a b",
            "def f(:\n  pass",
            "x = (1 2)",
            "  a",
            "exec 'a'",
        ] {
            assert!(parse(source).is_err(), "{source}");
        }
        let deep = format!("x = {}", "not -".repeat(5000));
        assert!(parse(&deep).is_err());
    }
}
