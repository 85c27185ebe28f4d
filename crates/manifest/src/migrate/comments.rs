//! Comments that stand beside what is rewritten.

use diagnostic::Span;

/// The comments of one line.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Comments {
    /// Whole lines above it, with `#`.
    pub(super) above: Vec<String>,
    /// What stands behind it, with `#`.
    pub(super) behind: Option<String>,
}

impl Comments {
    /// The comments of what stands in a place.
    pub(super) fn at(text: &str, place: &Span) -> Self {
        let (Some(before), Some(after)) = (text.get(..place.start), text.get(place.end..)) else {
            return Self::default();
        };
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        // Several things on one line share what stands around them: only the last has it.
        let rest = after.lines().next().unwrap_or_default();
        let behind = rest.trim_start_matches([',', ' ', '\t', '}', ']', '"', '\'']);
        let behind = behind
            .starts_with('#')
            .then(|| behind.trim_end().to_owned());
        let mut above: Vec<String> = text[..line]
            .lines()
            .rev()
            .map(str::trim)
            .take_while(|line| line.starts_with('#'))
            .map(str::to_owned)
            .collect();
        above.reverse();
        let is_first = before[line..]
            .trim_start_matches([' ', '\t', '[', '"', '\''])
            .chars()
            .all(|it| it.is_alphanumeric() || "-_.= {".contains(it));
        if !is_first {
            above.clear();
        }
        Self { above, behind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_belong_to_their_line() {
        let text = "[x]\n# one\n# two\na = \"^1\" # three\nb = [\"c\", \"d\"] # four\n";
        let at = |what: &str| {
            let start = text.find(what).unwrap();
            Comments::at(text, &(start..start + what.len()))
        };
        let a = at("\"^1\"");
        assert_eq!(a.above, ["# one", "# two"]);
        assert_eq!(a.behind.as_deref(), Some("# three"));
        assert_eq!(at("\"c\"").behind, None);
        assert_eq!(at("\"d\"").behind.as_deref(), Some("# four"));
        assert_eq!(Comments::at(text, &(900..901)), Comments::default());
    }
}
