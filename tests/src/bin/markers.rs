//! Compares how markers are written with how uv writes them; `cargo xtask parity markers` runs it.
//!
//! Takes a file of JSON lines. Each has a marker as somebody wrote it, the text that uv prints for
//! it, and how a dependency edge carries it under two values of `requires-python`.

use std::process::ExitCode;

use packaging::environment::RequiresPython;
use packaging::marker::Marker;
use serde_json::Value;

fn main() -> ExitCode {
    let Some(file) = std::env::args().nth(1) else {
        eprintln!("usage: markers FILE");
        return ExitCode::from(2);
    };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::from(2);
        }
    };
    let mut identical = 0;
    for (number, line) in text.lines().enumerate() {
        match compare(line) {
            Ok(()) => identical += 1,
            Err(miss) => println!("markers:{}: {miss}", number + 1),
        }
    }
    println!("identical: {identical}");
    ExitCode::SUCCESS
}

/// Says what is different in the first place that is.
fn compare(line: &str) -> Result<(), String> {
    let case: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let written = case["marker"].as_str().ok_or("no marker")?;
    let marker = Marker::parse(written)
        .map_err(|error| format!("`{written}`: {error}"))?
        .marker;
    expect(written, "printed", &case["printed"], Some(marker))?;
    for (key, expected) in case.as_object().into_iter().flatten() {
        let Some(requires_python) = key.strip_prefix("edge ") else {
            continue;
        };
        let requires_python =
            RequiresPython::parse(requires_python).map_err(|error| error.to_string())?;
        let bounds = requires_python.bounds();
        let holds = !marker.complexify_python(bounds).is_false();
        expect(
            written,
            key,
            expected,
            holds.then(|| marker.simplify_python(bounds)),
        )?;
    }
    Ok(())
}

fn expect(written: &str, what: &str, expected: &Value, got: Option<Marker>) -> Result<(), String> {
    let got = got.map(|marker| marker.text().unwrap_or_default());
    if expected.as_str() == got.as_deref() {
        return Ok(());
    }
    let said = |text: Option<&str>| text.map_or("no edge".to_owned(), |text| format!("`{text}`"));
    Err(format!(
        "`{written}`, {what}: expected {}, got {}",
        said(expected.as_str()),
        said(got.as_deref())
    ))
}
