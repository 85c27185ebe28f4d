//! What changes in a text, as a unified diff.

use std::fmt::Write as _;

/// Lines around a change that stay.
const CONTEXT: usize = 3;

/// A line of one text or of both.
#[derive(Clone, Copy)]
enum Step<'t> {
    Same(&'t str),
    Gone(&'t str),
    New(&'t str),
}

/// The change of a file; nothing when it stays as it is.
#[must_use]
pub fn unified(path: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let steps = steps(&lines(before), &lines(after));
    let from = match before.is_empty() {
        true => "/dev/null".to_owned(),
        false => format!("a/{path}"),
    };
    let mut text = format!("--- {from}\n+++ b/{path}\n");
    let is_change = |step: &Step<'_>| !matches!(step, Step::Same(_));
    let mut at = 0;
    while let Some(next) = steps[at..].iter().position(is_change) {
        let first = (at + next).saturating_sub(CONTEXT).max(at);
        let mut end = at + next + 1;
        // Changes that are close share a hunk.
        while let Some(more) = steps[end..].iter().position(is_change) {
            if more > 2 * CONTEXT {
                break;
            }
            end += more + 1;
        }
        let last = (end + CONTEXT).min(steps.len());
        hunk(&mut text, &steps, first, last);
        at = last;
    }
    text
}

fn hunk(text: &mut String, steps: &[Step<'_>], first: usize, last: usize) {
    let old = |steps: &[Step<'_>]| {
        steps
            .iter()
            .filter(|it| !matches!(it, Step::New(_)))
            .count()
    };
    let new = |steps: &[Step<'_>]| {
        steps
            .iter()
            .filter(|it| !matches!(it, Step::Gone(_)))
            .count()
    };
    let (before, within) = (&steps[..first], &steps[first..last]);
    let start = |lines: usize, before: usize| if lines == 0 { before } else { before + 1 };
    let (removed, added) = (old(within), new(within));
    let _ = writeln!(
        text,
        "@@ -{},{removed} +{},{added} @@",
        start(removed, old(before)),
        start(added, new(before)),
    );
    for step in within {
        let (sign, line) = match step {
            Step::Same(line) => (' ', line),
            Step::Gone(line) => ('-', line),
            Step::New(line) => ('+', line),
        };
        let _ = write!(text, "{sign}{line}");
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// The shortest way from one text to the other, after what both begin and end with.
fn steps<'t>(before: &[&'t str], after: &[&'t str]) -> Vec<Step<'t>> {
    let start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (old, new) = (&before[start..], &after[start..]);
    let end = old.iter().rev().zip(new.iter().rev());
    let end = end.take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[..old.len() - end], &new[..new.len() - end]);
    let mut steps: Vec<Step<'t>> = before[..start].iter().map(|it| Step::Same(it)).collect();
    steps.extend(middle(old, new));
    let rest = before[before.len() - end..].iter();
    steps.extend(rest.map(|it| Step::Same(it)));
    steps
}

/// More cells are not compared: then everything goes, and everything is new.
const CELLS: usize = 1 << 24;

fn middle<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Step<'t>> {
    let gone = || old.iter().map(|it| Step::Gone(it));
    let added = || new.iter().map(|it| Step::New(it));
    if old.len().saturating_mul(new.len()) > CELLS {
        return gone().chain(added()).collect();
    }
    // How many lines the rests have in common.
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let at = i * width + j;
            common[at] = match a == b {
                true => common[at + width + 1] + 1,
                false => common[at + width].max(common[at + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut steps = Vec::new();
    while i < old.len() && j < new.len() {
        let at = i * width + j;
        if old[i] == new[j] {
            steps.push(Step::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if common[at + width] >= common[at + 1] {
            steps.push(Step::Gone(old[i]));
            i += 1;
        } else {
            steps.push(Step::New(new[j]));
            j += 1;
        }
    }
    steps.extend(old[i..].iter().map(|it| Step::Gone(it)));
    steps.extend(new[j..].iter().map(|it| Step::New(it)));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shown_with_what_stands_around() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";
        let after = before.replace("2\n3", "2\nx").replace("12\n", "12\n13");
        assert_eq!(
            unified("f", before, &after),
            "--- a/f\n+++ b/f\n@@ -1,6 +1,6 @@\n 1\n 2\n-3\n+x\n 4\n 5\n 6\n@@ -10,3 +10,4 @@\n 10\n 11\n 12\n+13\n\\ No newline at end of file\n"
        );
        assert_eq!(unified("f", "a\n", "a\n"), "");
        assert_eq!(
            unified("f", "", "a\n"),
            "--- /dev/null\n+++ b/f\n@@ -0,0 +1,1 @@\n+a\n"
        );
        assert_eq!(
            unified("f", "a\n", ""),
            "--- a/f\n+++ b/f\n@@ -1,1 +0,0 @@\n-a\n"
        );
    }
}
