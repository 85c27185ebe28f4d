//! Markers in the words of older tools: `python_version` where that says the same.

use std::ops::Bound;

use packaging::{Marker, Version};

/// The text of a marker with `python_version` instead of `python_full_version` where both say the
/// same, in quotes of one kind; nothing for a marker that always holds.
pub(crate) fn classic(marker: Marker, quote: char) -> Option<String> {
    let text = marker.text()?;
    let mut classic = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("python_full_version ") {
        classic.push_str(&rest[..at]);
        rest = &rest[at..];
        match comparison(rest) {
            Some((compared, length)) => {
                classic.push_str(&compared);
                rest = &rest[length..];
            }
            None => {
                let length = "python_full_version ".len();
                classic.push_str(&rest[..length]);
                rest = &rest[length..];
            }
        }
    }
    classic.push_str(rest);
    if quote == '"' && !classic.contains('"') {
        classic = classic.replace('\'', "\"");
    }
    Some(classic)
}

/// The comparison at the start of a text in terms of `python_version`, and how long it was.
fn comparison(text: &str) -> Option<(String, usize)> {
    let mut words = text.splitn(3, ' ');
    let (_, operator, rest) = (words.next()?, words.next()?, words.next()?);
    let version = rest.strip_prefix('\'')?;
    let version = &version[..version.find('\'')?];
    let length = "python_full_version ".len() + operator.len() + 1 + version.len() + 2;
    let (series, operator) = match (version.strip_suffix(".*"), operator) {
        (Some(series), "==" | "!=") => (series, operator),
        (None, ">=" | "<") => (version, operator),
        _ => return None,
    };
    let is_series = series.split('.').count() == 2 || (series.len() == 1 && operator != "==");
    is_series.then(|| (format!("python_version {operator} '{series}'"), length))
}

/// A condition on Python only, as one lower bound, the series that are excluded, and one upper
/// bound; nothing where that is not all it says.
pub(crate) fn excluding(marker: Marker, quote: char) -> Option<String> {
    let ranges = marker.python_ranges();
    if marker.is_true() || Marker::from_python_range(&ranges) != marker {
        return None;
    }
    let mut parts = Vec::new();
    let mut end: Option<Bound<Version>> = None;
    for (lower, upper) in ranges.iter() {
        match (&end, lower) {
            (None, Bound::Unbounded) => {}
            (None, Bound::Included(version)) => parts.push(bound(">=", version, quote)),
            (Some(Bound::Excluded(from)), Bound::Included(to)) => {
                for series in series_between(from, to)? {
                    parts.push(format!("python_version != {quote}{series}{quote}"));
                }
            }
            _ => return None,
        }
        end = Some(upper.cloned());
    }
    match end? {
        Bound::Unbounded => {}
        Bound::Excluded(version) => parts.push(bound("<", &version, quote)),
        Bound::Included(_) => return None,
    }
    Some(parts.join(" and "))
}

fn bound(operator: &str, version: &Version, quote: char) -> String {
    let key = if version.release().len() > 2 {
        "python_full_version"
    } else {
        "python_version"
    };
    format!("{key} {operator} {quote}{version}{quote}")
}

/// The series from one to before another of the same major version: `3.0`, `3.1`.
fn series_between(from: &Version, to: &Version) -> Option<Vec<String>> {
    let part = |version: &Version, at: usize| version.release().get(at).copied().unwrap_or(0);
    let is_series = |version: &Version| version.release().len() <= 2;
    let (major, first, last) = (part(from, 0), part(from, 1), part(to, 1));
    let is_gap = is_series(from) && is_series(to) && major == part(to, 0) && first < last;
    (is_gap && last - first < 100).then(|| {
        (first..last)
            .map(|minor| format!("{major}.{minor}"))
            .collect()
    })
}

/// A marker as the `packaging` library prints it: what somebody wrote, in its words, with one
/// space between them and double quotes.
pub(crate) fn respelled(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |at| at + 2),
            '(' | ')' => 1,
            _ if is_word(first) => rest.find(|it| !is_word(it)).unwrap_or(rest.len()),
            _ => rest
                .find(|it: char| is_word(it) || it.is_whitespace() || "'\"()".contains(it))
                .unwrap_or(rest.len()),
        };
        let word = &rest[..length];
        words.push(match first {
            '\'' | '"' => {
                let inner = word[1..].trim_end_matches(first);
                let quote = if inner.contains('"') { '\'' } else { '"' };
                format!("{quote}{inner}{quote}")
            }
            _ => renamed(word).to_owned(),
        });
        rest = rest[length..].trim_start();
    }
    unwrap_single(&mut words);
    let mut text = String::new();
    for word in words {
        if !text.is_empty() && !text.ends_with('(') && word != ")" {
            text.push(' ');
        }
        text.push_str(&word);
    }
    text
}

/// Takes off parentheses around one comparison, and around the whole.
fn unwrap_single(words: &mut Vec<String>) {
    while let Some((open, close)) = needless(words) {
        words.remove(close);
        words.remove(open);
    }
}

/// A pair of parentheses that the `packaging` library does not print.
fn needless(words: &[String]) -> Option<(usize, usize)> {
    let mut open: Vec<usize> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if word == "(" {
            open.push(at);
        } else if word == ")" {
            let start = open.pop()?;
            let inner = &words[start + 1..at];
            let is_one = !inner.iter().any(|word| word == "and" || word == "or");
            let is_double = inner.first().is_some_and(|word| word == "(") && needless_inside(inner);
            let is_whole = start == 0 && at + 1 == words.len();
            if is_one || is_double || is_whole {
                return Some((start, at));
            }
        }
    }
    None
}

/// Whether what is in parentheses is in parentheses as a whole once more.
fn needless_inside(words: &[String]) -> bool {
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate() {
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1 == words.len();
        }
    }
    false
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.')
}

/// The name of a variable; older names have a newer one.
fn renamed(word: &str) -> &str {
    match word {
        "os.name" => "os_name",
        "sys.platform" => "sys_platform",
        "platform.version" => "platform_version",
        "platform.machine" => "platform_machine",
        "platform.python_implementation" | "python_implementation" => {
            "platform_python_implementation"
        }
        word => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_versions_are_said_in_short_where_that_is_the_same() {
        let table = [
            ("python_version >= '3.10'", "python_version >= \"3.10\""),
            ("python_version < '4'", "python_version < \"4\""),
            ("python_version == '3.10'", "python_version == \"3.10\""),
            (
                "python_full_version >= '3.12.1'",
                "python_full_version >= \"3.12.1\"",
            ),
            (
                "python_version != '3.10' and sys_platform == 'win32'",
                "python_version != \"3.10\" and sys_platform == \"win32\"",
            ),
        ];
        for (text, expected) in table {
            let marker = Marker::parse(text).unwrap().marker;
            let classic = classic(marker, '"').unwrap();
            assert_eq!(classic, expected);
            assert_eq!(Marker::parse(&classic).unwrap().marker, marker);
        }
    }

    #[test]
    fn what_somebody_wrote_is_kept_but_for_its_spelling() {
        let table = [
            ("python_version<'3.11'", "python_version < \"3.11\""),
            (
                "(os.name=='nt')and( 'linux' in sys_platform)",
                "os_name == \"nt\" and \"linux\" in sys_platform",
            ),
            (
                "(a == 'x' or b == 'y') and c == 'z'",
                "(a == \"x\" or b == \"y\") and c == \"z\"",
            ),
            ("((a == 'x' and b == 'y'))", "a == \"x\" and b == \"y\""),
            ("a  not   in 'x y'", "a not in \"x y\""),
        ];
        for (text, expected) in table {
            assert_eq!(respelled(text), expected);
        }
    }
}
