//! Names that functions, classes and lambdas may change at any time.

use std::collections::BTreeSet;

use super::Run;
use crate::setuptools::names::{names_in, slice};
use crate::setuptools::syntax::{Kind, Statement};
use crate::setuptools::tokens::Token;

/// The names of `global` and `nonlocal` statements.
pub(super) fn find_rebound(tokens: &[Token]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut is_listed = false;
    for token in tokens {
        match token {
            Token::Name(name) if name == "global" || name == "nonlocal" => is_listed = true,
            Token::Name(name) if is_listed => {
                names.insert(name.clone());
            }
            Token::Operator(",") => {}
            _ => is_listed = false,
        }
    }
    names
}

/// Collects the names that functions, classes and lambdas mention.
pub(super) fn find_shared(
    block: &[Statement],
    tokens: &[Token],
    shared: &mut BTreeSet<String>,
) -> Run<()> {
    let lambdas = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| matches!(token, Token::Name(name) if name == "lambda"));
    let mut end = 0;
    for (at, _) in lambdas {
        if at < end {
            continue;
        }
        let length = tokens[at..]
            .iter()
            .position(|token| *token == Token::NewLine)
            .unwrap_or(tokens.len() - at);
        end = at + length;
        shared.extend(names_in(&tokens[at..end]).map(str::to_owned));
    }
    find_shared_by_blocks(block, tokens, shared)
}

fn find_shared_by_blocks(
    block: &[Statement],
    tokens: &[Token],
    shared: &mut BTreeSet<String>,
) -> Run<()> {
    for statement in block {
        match &statement.kind {
            Kind::Function(function) => {
                if function.words.contains("globals") {
                    return Err("`setup.py` has a function that uses `globals`".to_owned());
                }
                shared.extend(function.mentions.iter().cloned());
            }
            Kind::Class(_) | Kind::Other => {
                let inside = slice(tokens, &statement.tokens);
                let defines = inside.iter().any(
                    |token| matches!(token, Token::Name(name) if name == "def" || name == "class"),
                );
                if defines {
                    shared.extend(names_in(inside).map(str::to_owned));
                }
            }
            Kind::If(branches, otherwise) => {
                for block in branches.iter().map(|(_, block)| block).chain([otherwise]) {
                    find_shared_by_blocks(block, tokens, shared)?;
                }
            }
            Kind::Try {
                body,
                handlers,
                otherwise,
                finally,
            } => {
                let handlers = handlers.iter().map(|(_, block)| block);
                for block in [body, otherwise, finally].into_iter().chain(handlers) {
                    find_shared_by_blocks(block, tokens, shared)?;
                }
            }
            Kind::With(_, body) | Kind::For(_, _, body) => {
                find_shared_by_blocks(body, tokens, shared)?;
            }
            _ => {}
        }
    }
    Ok(())
}
