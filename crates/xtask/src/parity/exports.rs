//! Exports compared with the native tools' inside one test of the formats, which prints its misses
//! and how many are identical.

use std::process::Stdio;

use super::{Choice, Score};
use crate::command::{Failed, cargo};

/// Runs the test of that name.
pub(super) fn compare(test: &str, choice: &Choice) -> Result<Score, Failed> {
    let mut command = cargo();
    command
        .args(["test", "--quiet", "--package", "lockwright-formats"])
        .args(choice.profile.arguments())
        .args(["--test", "shared", test, "--", "--exact", "--nocapture"]);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failed::new(format!("cannot start cargo: {error}")))?;
    let mut score = Score::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        match counted(line) {
            Some(found) => score = found,
            None if line.trim().is_empty() || line.starts_with("running ") => {}
            None if line.starts_with("test ") => {}
            None => println!("{line}"),
        }
    }
    if score.of == 0 {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failed::new(format!("`{test}` compares nothing: {said}")));
    }
    Ok(score)
}

/// `pylock.toml: 85 of 86 identical`
fn counted(line: &str) -> Option<Score> {
    let (_, counts) = line.strip_suffix(" identical")?.rsplit_once(": ")?;
    let (identical, of) = counts.split_once(" of ")?;
    Some(Score {
        identical: identical.parse().ok()?,
        of: of.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_read_off_its_line() {
        let score = counted("pylock.toml: 85 of 86 identical");
        assert_eq!(score.map(|it| (it.identical, it.of)), Some((85, 86)));
        assert!(counted("running 1 test").is_none());
    }
}
