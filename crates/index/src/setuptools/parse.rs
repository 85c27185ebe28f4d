//! Reads tokens into statements.
//!
//! No Python parser on the registry is both kept up and small enough for WebAssembly, so this one
//! reads what `setup.py` files are made of. An expression it does not know becomes
//! [`Expression::Other`] with its tokens; a statement that does not parse makes the file unreadable.

mod atom;
mod compound;
mod expression;

use super::names::KEYWORDS;
use super::syntax::{Block, Import, Kind, Statement};
use super::tokens::{Token, tokenize};

type Parsed<T> = Result<T, &'static str>;

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
}

#[cfg(test)]
mod tests {
    use super::super::syntax::Expression;
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
