//! Markers are compared inside one program of the tests package, which prints its misses and score.

use std::path::Path;

use super::{Choice, Score};
use crate::command::{Failed, cargo, output_or_said, shown};

pub(super) fn compare(shared: &Path, choice: &Choice) -> Result<Score, Failed> {
    let file = shared.join("markers/uv-0.13.8.jsonl");
    let mut command = cargo();
    command.args(["run", "--quiet", "--package", "tests", "--bin", "markers"]);
    command.args(choice.profile.arguments()).arg("--");
    let of = std::fs::read_to_string(&file)?.lines().count();
    let Some(said) = output_or_said(command.arg(&file)) else {
        println!(
            "markers: the comparison does not run: `{}`",
            shown(&command)
        );
        return Ok(Score { identical: 0, of });
    };
    let mut identical = 0;
    for line in said.lines() {
        match line.strip_prefix("identical: ") {
            Some(count) => identical = count.trim().parse().unwrap_or(0),
            None => println!("{line}"),
        }
    }
    Ok(Score { identical, of })
}
