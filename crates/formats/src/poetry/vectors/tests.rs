//! What poetry-core 2.5.0 makes of invented markers and constraints: a sample, or the file that
//! `LOCKWRIGHT_POETRY_VECTORS` names. `crates/xtask/src/parity/poetry_markers.py` writes such.

use serde_json::Value;

use crate::poetry::constraint::Reading;
use crate::poetry::marker::Marker;
use crate::poetry::marker_parse;
use crate::poetry::range::Constraint;

const SAMPLE: &str = include_str!("sample.jsonl");

fn marker(text: &str) -> Marker {
    marker_parse::read(text).unwrap()
}

fn constraint(text: &str) -> Constraint {
    Constraint::read(text, Reading::Requirement).unwrap()
}

fn computed(operation: &str, given: &[&str]) -> String {
    let markers = || (marker(given[0]), marker(given[1]));
    let constraints = || (constraint(given[0]), constraint(given[1]));
    match operation {
        "parse" => marker(given[0]).to_string(),
        "intersect" => markers().0.intersect(&markers().1).to_string(),
        "union" => markers().0.union(&markers().1).to_string(),
        "invert" => marker(given[0]).invert().to_string(),
        "exclude" => marker(given[0]).exclude(given[1]).to_string(),
        "only-python" => marker(given[0]).only_python().to_string(),
        "reduce" => marker(given[0])
            .reduce_by_python(&constraint(given[1]))
            .to_string(),
        "python" => marker(given[0]).python().to_string(),
        "constraint" => constraint(given[0]).to_string(),
        "constraint-intersect" => constraints().0.intersect(&constraints().1).to_string(),
        "constraint-union" => constraints().0.union(&constraints().1).to_string(),
        "constraint-allows" => {
            let (mine, theirs) = constraints();
            let said = |it: bool| if it { "True" } else { "False" };
            format!(
                "{} {}",
                said(mine.allows_all(&theirs)),
                said(mine.allows_any(&theirs))
            )
        }
        other => panic!("what is `{other}`?"),
    }
}

#[test]
fn markers_and_constraints_come_out_as_in_poetry() {
    let given = std::env::var("LOCKWRIGHT_POETRY_VECTORS").ok();
    let text = given.map_or(SAMPLE.to_owned(), |file| {
        std::fs::read_to_string(file).unwrap()
    });
    let mut misses = Vec::new();
    let mut count = 0;
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let operation = case["op"].as_str().unwrap();
        let given: Vec<&str> = case["in"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let expected = case["out"].as_str().unwrap();
        count += 1;
        let got = computed(operation, &given);
        if got != expected {
            misses.push(format!(
                "{operation} {given:?}\n  expected {expected}\n  got      {got}"
            ));
        }
    }
    assert!(count > 500, "{count}");
    let shown = misses.len().min(60);
    assert!(
        misses.is_empty(),
        "{} of {count}\n{}",
        misses.len(),
        misses[..shown].join("\n")
    );
}
