//! Files in which version control left conflicts: where they are, and their two sides.

use diagnostic::Diagnostic;

/// The complaint about a file in which version control left a conflict, and where it begins.
#[must_use]
pub fn merge_conflict(text: &str) -> Option<Diagnostic> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if Mark::of(line).is_some() {
            let title = "the file has merge conflict markers";
            let help = "take one side of the conflict, and lock again";
            return Some(
                Diagnostic::error("formats/merge-conflict", title)
                    .label(at..at + line.trim_end().len(), "the first one")
                    .help(help),
            );
        }
        at += line.len();
    }
    None
}

/// The whole text of each side of a file with conflicts, ours and theirs; `None` without any.
///
/// What both sides started from, as some tools show it, is left out. Inside of a conflict of
/// ours, a further conflict's own side counts, and the same for theirs.
#[must_use]
pub fn merge_sides(text: &str) -> Option<[String; 2]> {
    let mut sides = [String::new(), String::new()];
    let mut open: Vec<Part> = Vec::new();
    let mut has_any = false;
    for line in text.split_inclusive('\n') {
        match (Mark::of(line), open.last_mut()) {
            (Some(Mark::Ours), _) => open.push(Part::Ours),
            (Some(Mark::Base), Some(part)) => *part = Part::Base,
            (Some(Mark::Theirs), Some(part)) => *part = Part::Theirs,
            (Some(Mark::End), _) => {
                open.pop();
            }
            // Left over from a conflict that somebody has resolved in part.
            (Some(_), None) => {}
            (None, _) => {
                for (side, part) in sides.iter_mut().zip([Part::Ours, Part::Theirs]) {
                    if open.iter().all(|it| *it == part) {
                        side.push_str(line);
                    }
                }
                continue;
            }
        }
        has_any = true;
    }
    has_any.then_some(sides)
}

/// The part of a conflict that a line is in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Ours,
    Base,
    Theirs,
}

/// A line that version control put in: seven times the same, then a label or nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mark {
    Ours,
    Base,
    Theirs,
    End,
}

impl Mark {
    fn of(line: &str) -> Option<Self> {
        let line = line.trim_end_matches(['\r', '\n']);
        let marks = [
            ("<<<<<<<", Self::Ours),
            ("|||||||", Self::Base),
            ("=======", Self::Theirs),
            (">>>>>>>", Self::End),
        ];
        marks.into_iter().find_map(|(word, mark)| {
            let label = line.strip_prefix(word)?;
            (label.is_empty() || label.starts_with(' ')).then_some(mark)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_is_a_whole_text() {
        let text = "a\n<<<<<<< ours\nb\n||||||| base\nx\n=======\nc\n>>>>>>> theirs\nd\n<<<<<<<\n=======\ne\n>>>>>>>\n";
        assert_eq!(
            merge_sides(text).unwrap(),
            ["a\nb\nd\n".to_owned(), "a\nc\nd\ne\n".to_owned()]
        );
        assert_eq!(merge_sides("a\n======== b\n"), None);
    }

    #[test]
    fn conflicts_may_hold_conflicts() {
        let text = "<<<<<<< 1\r\n<<<<<<< 2\r\na\r\n=======\r\nb\r\n>>>>>>> 2\r\nc\r\n=======\r\nd\r\n>>>>>>> 1\r\ne";
        assert_eq!(
            merge_sides(text).unwrap(),
            ["a\r\nc\r\ne".to_owned(), "d\r\ne".to_owned()]
        );
    }

    #[test]
    fn what_is_resolved_in_part_is_read_too() {
        assert_eq!(
            merge_sides("a\n=======\nb\n>>>>>>> theirs\n").unwrap()[0],
            "a\nb\n"
        );
        assert_eq!(
            merge_sides("<<<<<<< ours\na\n").unwrap(),
            ["a\n".to_owned(), String::new()]
        );
    }
}
