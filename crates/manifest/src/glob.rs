//! Patterns of folders: `*`, `**`, `?`, `[…]`.

/// One piece of a pattern.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Token {
    /// This character.
    One(char),
    /// `?`
    Any,
    /// `*`
    Some,
    /// `**/`, or `**` at the end: any number of folders.
    Folders,
    /// `[a-z]`, `[!a-z]`
    Class {
        ranges: Vec<(char, char)>,
        is_negated: bool,
    },
}

/// A pattern of folders, relative to one folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Glob {
    tokens: Vec<Token>,
    /// Whether `*`, `?` and classes match `/` too.
    crosses: bool,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GlobError {
    /// `[` without `]`.
    #[error("expected `]` after `[`")]
    Unclosed,
    /// `a**`
    #[error("expected `**` to stand alone between slashes")]
    Recursive,
}

impl Glob {
    /// Reads a pattern, whose `./` and `../` are resolved first.
    pub(crate) fn new(text: &str, crosses: bool) -> Result<Self, GlobError> {
        let text: Vec<char> = crate::lower::normalize(text).chars().collect();
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(&character) = text.get(at) {
            let starts_folder = at == 0 || text[at - 1] == '/';
            let (token, length) = match character {
                '?' => (Token::Any, 1),
                '*' => star(&text[at..], starts_folder)?,
                '[' => class(&text[at..])?,
                _ => (Token::One(character), 1),
            };
            tokens.push(token);
            at += length;
        }
        Ok(Self { tokens, crosses })
    }

    /// Whether a normalized path matches.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let states = self.run(path);
        states.contains(&self.tokens.len())
    }

    /// Whether a folder below a normalized path could match.
    pub(crate) fn may_match_below(&self, path: &str) -> bool {
        let path = if path == "." {
            String::new()
        } else {
            format!("{path}/")
        };
        self.run(&path)
            .iter()
            .any(|state| *state < self.tokens.len())
    }

    /// The positions in the pattern that a path can lead to.
    fn run(&self, path: &str) -> Vec<usize> {
        let mut states = self.skip(vec![0], true);
        for character in path.chars() {
            let mut next = Vec::new();
            for state in states {
                let Some(token) = self.tokens.get(state) else {
                    continue;
                };
                let in_reach = self.crosses || character != '/';
                match token {
                    Token::One(one) if *one == character => next.push(state + 1),
                    Token::Any if in_reach => next.push(state + 1),
                    Token::Some if in_reach => next.push(state),
                    Token::Folders => next.push(state),
                    Token::Class { ranges, is_negated } if in_reach => {
                        let inside = ranges.iter().any(|(a, b)| (*a..=*b).contains(&character));
                        if inside != *is_negated {
                            next.push(state + 1);
                        }
                    }
                    _ => {}
                }
            }
            states = self.skip(next, character == '/');
        }
        states
    }

    /// Adds the positions that are reached without a character.
    fn skip(&self, mut states: Vec<usize>, starts_folder: bool) -> Vec<usize> {
        let mut at = 0;
        while let Some(&state) = states.get(at) {
            let passes = match self.tokens.get(state) {
                Some(Token::Some) => true,
                Some(Token::Folders) => starts_folder || state + 1 == self.tokens.len(),
                _ => false,
            };
            if passes && !states.contains(&(state + 1)) {
                states.push(state + 1);
            }
            at += 1;
        }
        states.sort_unstable();
        states.dedup();
        states
    }
}

fn star(text: &[char], starts_folder: bool) -> Result<(Token, usize), GlobError> {
    let count = text
        .iter()
        .take_while(|character| **character == '*')
        .count();
    match (count, text.get(count)) {
        (1, _) => Ok((Token::Some, 1)),
        (2, Some('/')) if starts_folder => Ok((Token::Folders, 3)),
        (2, None) if starts_folder => Ok((Token::Folders, 2)),
        _ => Err(GlobError::Recursive),
    }
}

fn class(text: &[char]) -> Result<(Token, usize), GlobError> {
    let is_negated = text.get(1) == Some(&'!');
    let start = if is_negated { 2 } else { 1 };
    // A `]` right at the start is one of the characters.
    let length = text
        .iter()
        .skip(start + 1)
        .position(|character| *character == ']')
        .ok_or(GlobError::Unclosed)?
        + 1;
    let mut inside = &text[start..start + length];
    let mut ranges = Vec::new();
    while let [first, rest @ ..] = inside {
        (ranges, inside) = match rest {
            ['-', last, rest @ ..] => (with(ranges, (*first, *last)), rest),
            _ => (with(ranges, (*first, *first)), rest),
        };
    }
    Ok((Token::Class { ranges, is_negated }, start + length + 1))
}

fn with(mut ranges: Vec<(char, char)>, range: (char, char)) -> Vec<(char, char)> {
    ranges.push(range);
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stay_within_a_folder() {
        for (pattern, path, expected) in [
            ("packages/*", "packages/a", true),
            ("packages/*", "packages/a/b", false),
            ("./packages/*/", "packages/a", true),
            ("packages/**", "packages/a/b", true),
            ("packages/**", "packages", false),
            ("**/lib", "lib", true),
            ("**/lib", "a/b/lib", true),
            ("**/lib", "a/blib", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("lib-[a-c]", "lib-b", true),
            ("lib-[!a-c]", "lib-b", false),
            ("[]]", "]", true),
            ("x/../y", "y", true),
            ("ä*", "äb", true),
        ] {
            assert_eq!(
                Glob::new(pattern, false).unwrap().matches(path),
                expected,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn a_walk_knows_where_to_go() {
        let glob = Glob::new("packages/*/lib", false).unwrap();
        assert!(glob.may_match_below("."));
        assert!(glob.may_match_below("packages"));
        assert!(glob.may_match_below("packages/a"));
        assert!(!glob.may_match_below("packages/a/lib"));
        assert!(!glob.may_match_below("docs"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        assert_eq!(Glob::new("a[b", false), Err(GlobError::Unclosed));
        assert_eq!(Glob::new("a**", false), Err(GlobError::Recursive));
        assert_eq!(Glob::new("***", false), Err(GlobError::Recursive));
    }

    #[test]
    fn exclusions_reach_across_folders() {
        assert!(
            Glob::new("packages/*", true)
                .unwrap()
                .matches("packages/a/b")
        );
    }
}
