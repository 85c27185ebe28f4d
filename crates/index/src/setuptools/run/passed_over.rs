//! Code that is not followed: what it mentions is not known afterwards.

use std::collections::BTreeSet;

use super::{Flow, Run, Runner};
use crate::setuptools::names::{names_in, slice, words_in_formatted, words_of};
use crate::setuptools::syntax::{Expression, Statement};
use crate::setuptools::tokens::Token;
use crate::setuptools::value::Value;

/// Words that can change names without mentioning them.
pub(super) const DANGER: [&str; 6] = ["exec", "eval", "globals", "locals", "vars", "execfile"];

/// Words that end a program.
const ENDINGS: [&str; 6] = ["raise", "exit", "_exit", "quit", "abort", "SystemExit"];

impl Runner<'_> {
    /// Code that is not followed: what it mentions is not known afterwards.
    pub(super) fn pass_over(&mut self, tokens: &std::ops::Range<usize>) -> Run<Flow> {
        let inside = slice(&self.tokens, tokens).to_vec();
        self.steps += inside.len() / 4;
        let words = words_of(&inside);
        let is_in_function = self.is_in_function();
        self.check_for_setup(&words)?;
        if !is_in_function && let Some(word) = ENDINGS.iter().find(|word| words.contains(**word)) {
            return Err(ends_early(word));
        }
        if DANGER.iter().any(|word| words.contains(*word)) {
            self.forget_everything();
        }
        let names: BTreeSet<String> = names_in(&inside)
            .chain(words_in_formatted(&inside))
            .map(str::to_owned)
            .collect();
        for name in names {
            let value = self.get(&name);
            self.forget(&value);
            if !matches!(value, Value::Imported(_) | Value::Function(_)) {
                self.set(&name, Value::Unknown);
            }
        }
        // Imported names and functions may have been bound anew.
        self.rebind(&inside);
        Ok(match is_in_function {
            true => Flow::Return(Value::Unknown),
            false => Flow::Next,
        })
    }

    /// Forgets imported names and functions where code that is not followed binds them.
    fn rebind(&mut self, inside: &[Token]) {
        for (at, token) in inside.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let before = at.checked_sub(1).and_then(|at| inside.get(at));
            let after = inside.get(at + 1);
            let is_word = |token: Option<&Token>, words: &[&str]| matches!(token, Some(Token::Name(word)) if words.contains(&word.as_str()));
            let is_bound = matches!(after, Some(Token::Operator("=" | ":=" | "," | ":")))
                || is_word(before, &["as", "import", "for", "def", "class", "del"])
                || matches!(before, Some(Token::Operator(",")))
                || is_word(after, &["in"]);
            if is_bound && before != Some(&Token::Operator(".")) {
                let value = self.get(name);
                if !is_setup(&value) {
                    self.set(name, Value::Unknown);
                }
            }
        }
    }

    /// Whether code that is not followed may call `setup`.
    pub(super) fn check_for_setup(&self, words: &BTreeSet<String>) -> Run<()> {
        let calls = |words: &BTreeSet<String>| {
            words
                .iter()
                .any(|word| word == "setup" || is_setup(&self.get(word)))
        };
        let is_reached = calls(words)
            || words.iter().any(|word| match self.get(word) {
                Value::Function(function) => calls(&function.words),
                _ => false,
            });
        match is_reached {
            true => Err(
                "`setup.py` calls `setup` where it is not known whether it gets there".to_owned(),
            ),
            false => Ok(()),
        }
    }

    /// Decorators and the bodies of classes may change whatever they mention.
    pub(super) fn forget_mentioned(&mut self, statement: &Statement) {
        let inside = slice(&self.tokens, &statement.tokens).to_vec();
        for name in names_in(&inside) {
            let value = self.get(name);
            self.forget(&value);
        }
    }

    /// As for statements; but a lambda or a comprehension rebinds no name around it.
    pub(super) fn pass_over_expression(&mut self, tokens: &std::ops::Range<usize>) -> Run<()> {
        let inside = slice(&self.tokens, tokens).to_vec();
        self.check_for_setup(&words_of(&inside))?;
        if DANGER
            .iter()
            .any(|word| names_in(&inside).any(|name| name == *word))
        {
            self.forget_everything();
        }
        for name in names_in(&inside).chain(words_in_formatted(&inside)) {
            let value = self.get(name);
            self.forget(&value);
        }
        if inside.contains(&Token::Operator(":=")) {
            self.forget_everything();
        }
        Ok(())
    }

    /// Expressions that may or may not be evaluated: what they mention is not known afterwards.
    pub(super) fn skip(&mut self, expressions: &[&Expression]) -> Run<()> {
        let mut words = BTreeSet::new();
        for expression in expressions {
            expression.words(&self.tokens, &mut words);
        }
        self.check_for_setup(&words)?;
        if !self.is_in_function()
            && let Some(word) = ENDINGS.iter().find(|word| words.contains(**word))
        {
            return Err(ends_early(word));
        }
        if DANGER.iter().any(|word| words.contains(*word)) {
            self.forget_everything();
        }
        for word in &words {
            let value = self.get(word);
            self.forget(&value);
        }
        Ok(())
    }
}

fn ends_early(word: &str) -> String {
    format!("`setup.py` may end early: it has `{word}` where it is not known whether it gets there")
}

pub(super) fn is_setup(value: &Value) -> bool {
    matches!(value, Value::Imported(name) if matches!(&**name, "setuptools.setup" | "distutils.core.setup"))
}
