//! Python as far as it is read: enough of the grammar to know what a `setup.py` says literally.

use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use super::names::words_of;
use super::tokens::Token;

/// A statement.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) kind: Kind,
    /// Its tokens, with all blocks.
    pub(super) tokens: Range<usize>,
}

/// Statements one after another.
pub(super) type Block = Vec<Statement>;

#[derive(Debug)]
pub(super) enum Kind {
    Expression(Expression),
    /// `a = b = value`.
    Assign(Vec<Expression>, Expression),
    /// `target += value`; other operators are [`Kind::Other`].
    Add(Expression, Expression),
    Import(Vec<Import>),
    Pass,
    Return(Option<Expression>),
    Raise,
    If(Vec<(Expression, Block)>, Block),
    Try {
        body: Block,
        /// The exceptions caught, by name; none for a bare `except`.
        handlers: Vec<(Vec<String>, Block)>,
        otherwise: Block,
        finally: Block,
    },
    With(Vec<(Expression, Option<Expression>)>, Block),
    For(Expression, Expression, Block),
    Function(Rc<Function>),
    Class(String),
    /// Something else, of which only the names that occur in it are known.
    Other,
}

/// One name that an import binds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Import {
    /// How many dots are in front of the module.
    pub(super) level: usize,
    pub(super) module: String,
    /// What is taken out of the module, `*` for everything.
    pub(super) member: Option<String>,
    /// The name that it gets.
    pub(super) bound: String,
}

#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    /// Names of plain parameters, with defaults.
    pub(super) parameters: Vec<(String, Option<Expression>)>,
    /// Whether there are parameters of other kinds, decorators, or `yield`.
    pub(super) is_special: bool,
    pub(super) body: Block,
    /// Global names that it mentions.
    pub(super) mentions: BTreeSet<String>,
    /// Every word in it, attributes and local names included.
    pub(super) words: BTreeSet<String>,
}

#[derive(Debug)]
pub(super) enum Expression {
    None,
    Bool(bool),
    Number(i64),
    Text(String),
    /// Literal and computed parts of an f-string.
    Formatted(Vec<Part>),
    Name(String),
    List(Vec<Expression>),
    Tuple(Vec<Expression>),
    /// Without a key: `**value`.
    Dict(Vec<(Option<Expression>, Expression)>),
    Starred(Box<Expression>),
    Attribute(Box<Expression>, String),
    Index(Box<Expression>, Box<Expression>),
    Slice(
        Box<Expression>,
        Option<Box<Expression>>,
        Option<Box<Expression>>,
    ),
    Call(Box<Expression>, Vec<Argument>),
    Binary(&'static str, Box<Expression>, Box<Expression>),
    Compare(Box<Expression>, String, Box<Expression>),
    Not(Box<Expression>),
    Logic(bool, Vec<Expression>),
    Choice(Box<Expression>, Box<Expression>, Box<Expression>),
    /// `[element for target in iterable if condition …]`.
    Comprehension(Box<Expression>, Box<Clause>),
    /// `{key: value for …}`.
    DictComprehension(Box<(Expression, Expression)>, Box<Clause>),
    /// Something else, of which only the names that occur in it are known.
    Other(Range<usize>),
}

#[derive(Debug)]
pub(super) struct Clause {
    pub(super) target: Expression,
    pub(super) iterable: Expression,
    pub(super) conditions: Vec<Expression>,
}

#[derive(Debug)]
pub(super) enum Part {
    Text(String),
    Value(Expression),
}

#[derive(Debug)]
pub(super) enum Argument {
    Positional(Expression),
    Keyword(String, Expression),
    /// `**value`.
    Keywords(Expression),
}

impl Expression {
    /// Collects every word in the expression, attributes included.
    pub(super) fn words(&self, tokens: &[Token], words: &mut BTreeSet<String>) {
        match self {
            Self::None | Self::Bool(_) | Self::Number(_) | Self::Text(_) => {}
            Self::Formatted(parts) => {
                for part in parts {
                    if let Part::Value(value) = part {
                        value.words(tokens, words);
                    }
                }
            }
            Self::Name(name) => {
                words.insert(name.clone());
            }
            Self::List(all) | Self::Tuple(all) | Self::Logic(_, all) => {
                all.iter().for_each(|one| one.words(tokens, words));
            }
            Self::Dict(entries) => {
                for (key, value) in entries {
                    key.iter().for_each(|key| key.words(tokens, words));
                    value.words(tokens, words);
                }
            }
            Self::Starred(inner) | Self::Not(inner) => inner.words(tokens, words),
            Self::Attribute(object, name) => {
                words.insert(name.clone());
                object.words(tokens, words);
            }
            Self::Index(one, two) | Self::Binary(_, one, two) | Self::Compare(one, _, two) => {
                one.words(tokens, words);
                two.words(tokens, words);
            }
            Self::Slice(container, lower, upper) => {
                container.words(tokens, words);
                for bound in [lower, upper].into_iter().flatten() {
                    bound.words(tokens, words);
                }
            }
            Self::Call(callee, arguments) => {
                callee.words(tokens, words);
                for argument in arguments {
                    match argument {
                        Argument::Positional(value)
                        | Argument::Keyword(_, value)
                        | Argument::Keywords(value) => value.words(tokens, words),
                    }
                }
            }
            Self::Choice(one, two, three) => {
                for inner in [one, two, three] {
                    inner.words(tokens, words);
                }
            }
            Self::Comprehension(element, clause) => {
                element.words(tokens, words);
                clause.words(tokens, words);
            }
            Self::DictComprehension(pair, clause) => {
                pair.0.words(tokens, words);
                pair.1.words(tokens, words);
                clause.words(tokens, words);
            }
            Self::Other(range) => {
                let inside = tokens.get(range.clone()).unwrap_or_default();
                words.extend(words_of(inside));
            }
        }
    }
}

impl Clause {
    fn words(&self, tokens: &[Token], words: &mut BTreeSet<String>) {
        self.iterable.words(tokens, words);
        for condition in &self.conditions {
            condition.words(tokens, words);
        }
    }
}
