//! The names among tokens.

use std::collections::BTreeSet;
use std::ops::Range;

use super::syntax::Expression;
use super::tokens::Token;

/// Names that are never variables.
pub(super) const KEYWORDS: [&str; 35] = [
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
pub(super) fn mentions_of(
    tokens: &[Token],
    parameters: &[(String, Option<Expression>)],
) -> BTreeSet<String> {
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
