//! The grammar of markers.
//!
//! <https://packaging.python.org/en/latest/specifications/dependency-specifiers/>

use super::Marker;
use super::diagram::{Diagrams, Ref, diagrams};
use super::lower::{Comparison, Key, Operand, Refusal};

/// A marker as somebody wrote it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parsed {
    /// What it says.
    pub marker: Marker,
    /// The comparisons that were ignored.
    pub warnings: Vec<MarkerWarning>,
}

/// A comparison that says nothing, and is ignored as uv does.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct MarkerWarning {
    /// Why it says nothing.
    pub message: String,
    /// Where the comparison begins, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
}

/// A text that is no marker.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct MarkerError {
    /// What was expected, and what was found.
    pub message: String,
    /// Where the text goes wrong, in bytes.
    pub start: usize,
    /// Where what is wrong ends, in bytes.
    pub end: usize,
}

/// Reads a whole text.
pub(super) fn parse(text: &str) -> Result<Parsed, MarkerError> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        warnings: Vec::new(),
    };
    let tree = parser.disjunction()?;
    parser.skip_space();
    if parser.at < text.len() {
        return Err(parser.unexpected("`and`, `or` or the end of the marker"));
    }
    let marker = Marker(tree.unwrap_or(Ref::TRUE));
    Ok(Parsed {
        marker,
        warnings: parser.warnings,
    })
}

/// How deep parentheses may be nested.
const DEPTH: usize = 100;

/// A text and how far it has been read.
struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    warnings: Vec<MarkerWarning>,
}

/// A condition, or nothing where every comparison was ignored.
type Tree = Option<Ref>;

impl<'a> Parser<'a> {
    fn disjunction(&mut self) -> Result<Tree, MarkerError> {
        self.chain("or", Diagrams::or, Self::conjunction)
    }

    fn conjunction(&mut self) -> Result<Tree, MarkerError> {
        self.chain("and", Diagrams::and, Self::factor)
    }

    fn chain(
        &mut self,
        word: &str,
        join: fn(&mut Diagrams, Ref, Ref) -> Ref,
        part: fn(&mut Self) -> Result<Tree, MarkerError>,
    ) -> Result<Tree, MarkerError> {
        let mut tree = part(self)?;
        while self.take_word(word) {
            tree = match (tree, part(self)?) {
                (Some(left), Some(right)) => Some(join(&mut diagrams(), left, right)),
                (left, right) => left.or(right),
            };
        }
        Ok(tree)
    }

    fn factor(&mut self) -> Result<Tree, MarkerError> {
        self.skip_space();
        if !self.rest().starts_with('(') {
            return self.comparison();
        }
        if self.depth == DEPTH {
            return Err(self.unexpected("fewer nested parentheses"));
        }
        self.at += 1;
        self.depth += 1;
        let tree = self.disjunction()?;
        self.depth -= 1;
        self.skip_space();
        if !self.rest().starts_with(')') {
            return Err(self.unexpected("`)`"));
        }
        self.at += 1;
        Ok(tree)
    }

    fn comparison(&mut self) -> Result<Tree, MarkerError> {
        let start = self.at;
        let left = self.operand()?;
        let comparison = self.operator()?;
        let right = self.operand()?;
        match diagrams().lower(&left, comparison, &right) {
            Ok(condition) => Ok(Some(condition)),
            Err(Refusal::Wrong(message)) => Err(MarkerError {
                message,
                start,
                end: self.at,
            }),
            Err(Refusal::Ignored(message)) => {
                self.warnings.push(MarkerWarning {
                    message,
                    start,
                    end: self.at,
                });
                Ok(None)
            }
        }
    }

    fn operand(&mut self) -> Result<Operand, MarkerError> {
        self.skip_space();
        match self.rest().chars().next() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            _ => self.key(),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Operand, MarkerError> {
        let start = self.at;
        let content = &self.rest()[1..];
        let Some(length) = content.find(quote) else {
            let message = format!("expected a closing `{quote}`, found the end of the marker");
            return Err(MarkerError {
                message,
                start,
                end: self.text.len(),
            });
        };
        self.at += length + 2;
        Ok(Operand::Quoted(content[..length].to_owned()))
    }

    fn key(&mut self) -> Result<Operand, MarkerError> {
        let name = self.word(|character| character.is_alphanumeric() || "_.".contains(character));
        match Key::named(name) {
            Some(key) => {
                self.at += name.len();
                Ok(Operand::Key(key))
            }
            None => Err(self.unexpected("a quoted string or the name of a marker variable")),
        }
    }

    fn operator(&mut self) -> Result<Comparison, MarkerError> {
        self.skip_space();
        let symbol = self.word(|character| "<>=!~".contains(character));
        let comparison = match symbol {
            "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessEqual,
            "~=" => Comparison::Compatible,
            _ => return self.membership(),
        };
        self.at += symbol.len();
        Ok(comparison)
    }

    fn membership(&mut self) -> Result<Comparison, MarkerError> {
        let before = self.at;
        let negated = self.take_word("not");
        if self.take_word("in") {
            return Ok(if negated {
                Comparison::NotIn
            } else {
                Comparison::In
            });
        }
        self.at = before;
        Err(self.unexpected("a comparison such as `==`, `<=` or `not in`"))
    }

    /// Moves past a word if it comes next.
    fn take_word(&mut self, word: &str) -> bool {
        self.skip_space();
        let comes = self.word(char::is_alphanumeric) == word;
        if comes {
            self.at += word.len();
        }
        comes
    }

    /// The characters of a kind that come next.
    fn word(&self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest
            .find(|character| !belongs(character))
            .unwrap_or(rest.len());
        &rest[..length]
    }

    fn skip_space(&mut self) {
        self.at += self.word(char::is_whitespace).len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn unexpected(&self, expected: &str) -> MarkerError {
        let found = self.word(|character| !character.is_whitespace() && !"()".contains(character));
        let length = match found.len() {
            0 => self.rest().chars().next().map_or(0, char::len_utf8),
            length => length,
        };
        let found = match &self.rest()[..length] {
            "" => "the end of the marker".to_owned(),
            found => format!("`{found}`"),
        };
        MarkerError {
            message: format!("expected {expected}, found {found}"),
            start: self.at,
            end: self.at + length,
        }
    }
}
