//! Every test there is, suite by suite, and one line that sums them up.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::command::{Failed, cargo, program, root, run as run_shown, target_dir};
use crate::setup::{Browser, Tools};
use crate::tally::{Tally, run_suite};
use crate::{build, indexes, parity, setup, size};

const SUITES: [&str; 6] = ["rust", "wasm", "edge", "browser", "size", "parity"];

/// Sets up, runs the suites named or all of them, and ends with `N passed, N failed`.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failed> {
    if let Some(unknown) = arguments
        .iter()
        .find(|name| !SUITES.contains(&name.as_str()))
    {
        return Err(Failed::new(format!(
            "no such suite: `{unknown}`; there are {}",
            SUITES.join(", ")
        )));
    }
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|it| it == name);
    let (tools, browser) = setup::everything()?;
    let mut sum = Tally::default();
    let mut rows = Vec::new();
    let mut built = None;
    for name in SUITES.into_iter().filter(|name| wanted(name)) {
        if name == "parity" && indexes::shared().is_none() {
            println!("parity: skipped, there is no ../shared beside the repository");
            continue;
        }
        let began = Instant::now();
        eprintln!("\n== {name}");
        let needs_modules = matches!(name, "edge" | "browser" | "size");
        let ready = if needs_modules {
            *built.get_or_insert_with(|| said(build_for_shells(&tools)))
        } else {
            true
        };
        let tally = if ready {
            run_one(name, &tools, &browser)
        } else {
            Ok(Tally::one(false))
        };
        let tally = tally.unwrap_or_else(|error| {
            eprintln!("xtask: {error}");
            Tally::one(false)
        });
        sum += tally;
        rows.push((name, tally, began.elapsed()));
    }
    println!();
    for (name, tally, took) in rows {
        println!(
            "{name:<8} {:>5} passed {:>4} failed {:>6.1} s",
            tally.passed,
            tally.failed,
            took.as_secs_f64()
        );
    }
    println!("{} passed, {} failed", sum.passed, sum.failed);
    Ok(if sum.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Whether something went well; what went wrong is printed.
fn said(result: Result<(), Failed>) -> bool {
    result
        .inspect_err(|error| eprintln!("xtask: {error}"))
        .is_ok()
}

fn run_one(name: &str, tools: &Tools, browser: &Browser) -> Result<Tally, Failed> {
    match name {
        "rust" => rust(),
        "wasm" => wasm(tools, browser),
        "size" => size::suite(),
        "parity" => parity::suite(),
        folder => node(folder, browser),
    }
}

/// The native workspace, one program after the other, not stopping at the first that fails; and the
/// parts of the worker that need no platform.
fn rust() -> Result<Tally, Failed> {
    let mut tally = run_suite(
        cargo().args(["test", "--locked", "--no-fail-fast"]),
        minutes(30),
    )?;
    let worker = ["test", "--locked", "--package", "lockwright-edge", "--lib"];
    tally += run_suite(cargo().args(worker), minutes(15))?;
    Ok(tally)
}

/// The browser binding's own tests, under Node and in headless Chromium.
fn wasm(tools: &Tools, browser: &Browser) -> Result<Tally, Failed> {
    let mut command = cargo();
    command
        .args([
            "test",
            "--locked",
            "--no-fail-fast",
            "--package",
            "lockwright-wasm",
        ])
        .args(["--target", "wasm32-unknown-unknown"])
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
            &tools.bindgen_test_runner,
        )
        .env("CHROMEDRIVER", &browser.driver);
    run_suite(&mut command, minutes(15))
}

/// The modules, the playground, and the command that their results are compared with.
fn build_for_shells(tools: &Tools) -> Result<(), Failed> {
    run_shown(cargo().args(["build", "--package", "lockwright-cli"]))?;
    build::everything(tools)
}

/// Tests that are scripts: `tests/edge/*.test.mjs` and `tests/browser/*.test.mjs`.
fn node(folder: &str, browser: &Browser) -> Result<Tally, Failed> {
    let mut tally = Tally::default();
    for file in scripts(folder)? {
        tally += run_suite(&mut script(&file, browser), minutes(5))?;
    }
    Ok(tally)
}

fn script(file: &std::path::Path, browser: &Browser) -> Command {
    let mut command = program("node");
    command
        .args(["--test", "--test-reporter=tap"])
        .arg(file)
        .env("CHROMIUM", &browser.chromium)
        .env("LOCKWRIGHT_COMMAND", target_dir().join("debug/lockwright"));
    command
}

fn scripts(folder: &str) -> Result<Vec<std::path::PathBuf>, Failed> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join("tests").join(folder))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}
