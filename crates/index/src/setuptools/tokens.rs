//! The tokens of a Python file. What is not understood is an error, never skipped.

/// The deepest nesting of brackets that is read.
const MAX_DEPTH: usize = 100;

/// A piece of Python.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Text(String),
    /// An f-string: its source between the quotes, and whether backslashes are literal.
    Formatted(String, bool),
    Bytes,
    Number(Option<i64>),
    Operator(&'static str),
    NewLine,
    Indent,
    Dedent,
}

/// Longer operators first.
const OPERATORS: [&str; 47] = [
    "**=", "//=", ">>=", "<<=", "...", ":=", "!=", "->", "+=", "-=", "*=", "/=", "%=", "@=", "&=",
    "|=", "^=", "**", "//", "<<", ">>", "<=", ">=", "==", "+", "-", "*", "/", "%", "@", "&", "|",
    "^", "~", "<", ">", "(", ")", "[", "]", "{", "}", ",", ":", ".", ";", "=",
];

/// Splits a file into tokens.
pub(super) fn tokenize(source: &str) -> Result<Vec<Token>, &'static str> {
    let source = source.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let mut lexer = Lexer {
        rest: &source,
        tokens: Vec::new(),
        indents: vec![0],
        depth: 0,
    };
    lexer.run()?;
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    rest: &'a str,
    tokens: Vec<Token>,
    indents: Vec<usize>,
    depth: usize,
}

impl<'a> Lexer<'a> {
    fn run(&mut self) -> Result<(), &'static str> {
        loop {
            if self.depth == 0 && matches!(self.tokens.last(), None | Some(Token::NewLine)) {
                self.indentation()?;
            }
            self.skip(|c| c == ' ' || c == '\t' || c == '\u{c}');
            let Some(first) = self.rest.chars().next() else {
                break;
            };
            match first {
                '#' => self.skip(|c| c != '\n'),
                '\n' => {
                    self.rest = &self.rest[1..];
                    if self.depth == 0 && self.tokens.last().is_some_and(is_content) {
                        self.tokens.push(Token::NewLine);
                    }
                }
                '\\' => {
                    self.rest = self
                        .rest
                        .strip_prefix("\\\n")
                        .ok_or("a lone backslash in code")?;
                }
                _ if self.is_string() => self.string()?,
                _ if first.is_ascii_digit()
                    || first == '.' && self.rest[1..].starts_with(|c: char| c.is_ascii_digit()) =>
                {
                    self.number();
                }
                _ if first == '_' || first.is_alphabetic() => {
                    let name = self.take(|c| c == '_' || c.is_alphanumeric());
                    self.tokens.push(Token::Name(name.to_owned()));
                }
                _ => self.operator()?,
            }
        }
        if self.depth > 0 {
            return Err("a bracket that is not closed");
        }
        if self.tokens.last().is_some_and(is_content) {
            self.tokens.push(Token::NewLine);
        }
        self.tokens
            .extend(self.indents.drain(1..).map(|_| Token::Dedent));
        Ok(())
    }

    fn take(&mut self, matches: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !matches(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn skip(&mut self, matches: impl Fn(char) -> bool) {
        self.take(matches);
    }

    /// The indentation of the next line that has code.
    fn indentation(&mut self) -> Result<(), &'static str> {
        let column = loop {
            let column = self
                .take(|c| c == ' ' || c == '\t' || c == '\u{c}')
                .chars()
                .fold(0, |column, c| match c {
                    '\t' => (column / 8 + 1) * 8,
                    '\u{c}' => 0,
                    _ => column + 1,
                });
            if self.rest.starts_with('#') {
                self.skip(|c| c != '\n');
            }
            match self.rest.strip_prefix('\n') {
                Some(rest) => self.rest = rest,
                None if self.rest.is_empty() => return Ok(()),
                None => break column,
            }
        };
        let current = self.indents.last().copied().unwrap_or(0);
        if column > current {
            if self.indents.len() > MAX_DEPTH {
                return Err("blocks nested too deep");
            }
            self.indents.push(column);
            self.tokens.push(Token::Indent);
        }
        while self.indents.last().is_some_and(|indent| *indent > column) {
            self.indents.pop();
            self.tokens.push(Token::Dedent);
        }
        match self.indents.last() {
            Some(indent) if *indent == column => Ok(()),
            _ => Err("an indentation that fits no block"),
        }
    }

    fn is_string(&self) -> bool {
        let prefix = self
            .rest
            .bytes()
            .take_while(u8::is_ascii_alphabetic)
            .count();
        prefix <= 2
            && self.rest[prefix..].starts_with(['"', '\''])
            && self.rest[..prefix].chars().all(|c| "rRbBuUfF".contains(c))
    }

    fn string(&mut self) -> Result<(), &'static str> {
        let quote_at = self.rest.find(['"', '\'']).unwrap_or(0);
        let prefix = self.rest[..quote_at].to_ascii_lowercase();
        self.rest = &self.rest[quote_at..];
        let single = &self.rest[..1];
        let triple = single.repeat(3);
        let quote = if self.rest.starts_with(&triple) {
            triple.as_str()
        } else {
            single
        };
        let body = &self.rest[quote.len()..];
        let mut at = 0;
        loop {
            let rest = &body[at..];
            if rest.starts_with(quote) {
                break;
            }
            let mut chars = rest.chars();
            match chars.next() {
                None => return Err("a string that does not end"),
                Some('\n') if quote.len() == 1 => return Err("a string that does not end"),
                Some('\\') => at += 1 + chars.next().map_or(0, char::len_utf8),
                Some(c) => at += c.len_utf8(),
            }
        }
        let content = &body[..at];
        let is_raw = prefix.contains('r');
        let token = if prefix.contains('b') {
            Token::Bytes
        } else if prefix.contains('f') {
            Token::Formatted(content.to_owned(), is_raw)
        } else if is_raw {
            Token::Text(content.to_owned())
        } else {
            Token::Text(unescape(content)?)
        };
        self.rest = &body[at + quote.len()..];
        self.tokens.push(token);
        Ok(())
    }

    fn number(&mut self) {
        let text = self.take(|c| c == '_' || c == '.' || c.is_ascii_alphanumeric());
        let digits = text.replace('_', "").to_ascii_lowercase();
        let value = match digits.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        };
        self.tokens.push(Token::Number(value));
    }

    fn operator(&mut self) -> Result<(), &'static str> {
        let operator = OPERATORS
            .into_iter()
            .find(|operator| self.rest.starts_with(operator))
            .ok_or("a character that is no Python")?;
        match operator {
            "(" | "[" | "{" => self.depth += 1,
            ")" | "]" | "}" => {
                self.depth = self
                    .depth
                    .checked_sub(1)
                    .ok_or("a bracket that is not opened")?;
            }
            _ => {}
        }
        if self.depth > MAX_DEPTH {
            return Err("brackets nested too deep");
        }
        self.rest = &self.rest[operator.len()..];
        self.tokens.push(Token::Operator(operator));
        Ok(())
    }
}

fn is_content(token: &Token) -> bool {
    !matches!(token, Token::NewLine | Token::Indent | Token::Dedent)
}

/// What the backslashes of a string stand for.
pub(super) fn unescape(content: &str) -> Result<String, &'static str> {
    let mut text = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(escaped) = rest.chars().next() else {
            return Err("a string that ends in a backslash");
        };
        rest = &rest[escaped.len_utf8()..];
        match escaped {
            '\n' => {}
            '\\' | '\'' | '"' => text.push(escaped),
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'a' => text.push('\u{7}'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'v' => text.push('\u{b}'),
            'x' | 'u' | 'U' => {
                let length = match escaped {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let code = rest
                    .get(..length)
                    .and_then(|digits| u32::from_str_radix(digits, 16).ok());
                // Half of a surrogate pair is no character; it matters to nobody here.
                text.push(
                    code.map(|code| char::from_u32(code).unwrap_or('\u{fffd}'))
                        .ok_or("an escape that is no character")?,
                );
                rest = &rest[length..];
            }
            '0'..='7' => {
                let more = rest
                    .bytes()
                    .take(2)
                    .take_while(|byte| matches!(byte, b'0'..=b'7'))
                    .count();
                let digits = format!("{escaped}{}", &rest[..more]);
                let code = u32::from_str_radix(&digits, 8).ok();
                text.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
                rest = &rest[more..];
            }
            'N' => return Err("an escape by the name of a character"),
            other => {
                text.push('\\');
                text.push(other);
            }
        }
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        let tokens = tokenize(source).unwrap();
        let text = |token| match token {
            Token::Text(text) => Some(text),
            _ => None,
        };
        tokens.into_iter().filter_map(text).collect()
    }

    #[test]
    fn strings_are_read_as_python_reads_them() {
        let source = r#"'a\'b' "c\n" r'd\n' '''e'f
''' u"\x41\u00e9\101\q\
g" b'no' "#;
        assert_eq!(
            texts(source),
            ["a'b", "c\n", r"d\n", "e'f\n", "Aé\u{41}\\qg"]
        );
    }

    #[test]
    fn blocks_become_tokens() {
        let tokens = tokenize("if a: # no\n\n  # no\n  b(\n1,\n)\nc").unwrap();
        let blocks: Vec<&Token> = tokens.iter().filter(|token| !is_content(token)).collect();
        use Token::{Dedent, Indent, NewLine};
        assert_eq!(blocks, [&NewLine, &Indent, &NewLine, &Dedent, &NewLine]);
    }

    #[test]
    fn nonsense_is_an_error() {
        for source in [
            "(",
            ")",
            "'a",
            "'''a",
            "a ? b",
            "if a:\n   b\n c",
            "\\",
            "'\\x'",
        ] {
            assert!(tokenize(source).is_err(), "{source}");
        }
        assert!(tokenize(&"(".repeat(10_000)).is_err());
    }
}
