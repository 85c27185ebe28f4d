//! Which indexes are asked for a project, where they say themselves what they are for.

use packaging::{IndexUrl, PackageName};

use crate::problem::Indexes;

/// What an index is for, in patterns with `*`, `?` and `[…]`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Route {
    /// Projects that are looked up in indexes which name them, and nowhere else.
    pub include: Vec<String>,
    /// Projects that are not looked up there.
    pub exclude: Vec<String>,
}

impl Indexes {
    /// The indexes that are searched for a project, in order.
    pub(crate) fn searched(&self, name: &PackageName) -> Vec<IndexUrl> {
        let names = |index: &&IndexUrl| {
            let route = self.routes.get(*index);
            route.is_some_and(|route| matches_any(&route.include, name))
        };
        let includes: Vec<IndexUrl> = self.implicit.iter().filter(names).cloned().collect();
        if !includes.is_empty() {
            return includes;
        }
        let refuses = |index: &&IndexUrl| {
            let route = self.routes.get(*index);
            route.is_some_and(|route| matches_any(&route.exclude, name))
        };
        let others = self.implicit.iter().filter(|index| !refuses(index));
        others.cloned().collect()
    }
}

fn matches_any(patterns: &[String], name: &PackageName) -> bool {
    let name: Vec<char> = name.as_str().chars().collect();
    let mut patterns = patterns.iter();
    patterns.any(|pattern| matches(&pattern.chars().collect::<Vec<_>>(), &name))
}

/// Whether a name matches a pattern as shells do it: `*` is anything, `?` one character, `[a-c]`
/// and `[!a]` sets of characters.
fn matches(pattern: &[char], name: &[char]) -> bool {
    // Places in the pattern that the name can have led to.
    let mut places = vec![0];
    let skip = |places: &mut Vec<usize>| {
        let mut at = 0;
        while let Some(place) = places.get(at).copied() {
            if pattern.get(place) == Some(&'*') && !places.contains(&(place + 1)) {
                places.push(place + 1);
            }
            at += 1;
        }
    };
    skip(&mut places);
    for character in name {
        let mut next = Vec::new();
        for place in places {
            match pattern.get(place) {
                Some('*') => next.push(place),
                Some('?') => next.push(place + 1),
                Some('[') => match set(&pattern[place + 1..], *character) {
                    Some((true, length)) => next.push(place + 1 + length),
                    Some((false, _)) => {}
                    None if *character == '[' => next.push(place + 1),
                    None => {}
                },
                Some(literal) if literal == character => next.push(place + 1),
                _ => {}
            }
        }
        next.sort_unstable();
        next.dedup();
        skip(&mut next);
        places = next;
    }
    places.contains(&pattern.len())
}

/// Whether a character is in the set that begins here, and how long the set is.
fn set(pattern: &[char], character: char) -> Option<(bool, usize)> {
    let is_negated = pattern.first() == Some(&'!');
    let start = usize::from(is_negated);
    let end = start + 1 + pattern.get(start + 1..)?.iter().position(|it| *it == ']')?;
    let members = &pattern[start..end];
    let mut at = 0;
    let mut found = false;
    while let Some(first) = members.get(at) {
        match (members.get(at + 1), members.get(at + 2)) {
            (Some('-'), Some(last)) => {
                found |= (*first..=*last).contains(&character);
                at += 3;
            }
            _ => {
                found |= *first == character;
                at += 1;
            }
        }
    }
    Some((found != is_negated, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_shells() {
        let fits = |pattern: &str, name: &str| {
            let name = PackageName::new(name).unwrap();
            matches_any(&[pattern.to_owned()], &name)
        };
        assert!(fits("my-*", "my-tool") && !fits("my-*", "your-tool"));
        assert!(fits("*", "anything") && fits("a?c", "abc") && !fits("a?c", "ac"));
        assert!(fits("[a-c]x", "bx") && !fits("[!a-c]x", "bx") && fits("[!a-c]x", "dx"));
        assert!(fits("a*b*c", "a1b2b3c") && !fits("a*b*c", "a1c"));
    }

    #[test]
    fn an_index_that_names_a_project_has_it_alone() {
        let [public, own] = ["https://a.example", "https://b.example"].map(IndexUrl::new);
        let route = Route {
            include: vec!["mine-*".to_owned()],
            exclude: vec!["*".to_owned()],
        };
        let indexes = Indexes {
            implicit: vec![public.clone(), own.clone()],
            routes: [(own.clone(), route)].into(),
            ..Indexes::default()
        };
        let searched = |name: &str| indexes.searched(&PackageName::new(name).unwrap());
        assert_eq!(searched("mine-1"), [own]);
        assert_eq!(searched("other"), [public]);
    }
}
