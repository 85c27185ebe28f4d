//! How much linear memory the browser's module takes to lock projects of the corpus.
//!
//! The module is driven by Node and asks the frozen index itself, so that whole pages pass through
//! its memory: more than where the edge sends them in the compact form.

use std::path::Path;
use std::process::ExitCode;

use crate::command::{Failed, output_or_said, program, root, target_dir};
use crate::indexes::{CORPUS_PORT, Server, shared};
use crate::settings::{self, Module};
use crate::{build, setup};

/// No project may take more: half of what an instance of an edge worker has.
const LARGEST: u64 = 64 << 20;

/// The largest of the corpus, and a small one.
const USUAL: [&str; 5] = [
    "flask",
    "open-webui",
    "prefect-3.7.2",
    "unstructured-0.21.5",
    "ws-crewai",
];

/// Prints a row for each project; the status says whether all were within the limit.
pub(crate) fn run(projects: &[String]) -> Result<ExitCode, Failed> {
    let shared =
        shared().ok_or_else(|| Failed::new("there is no ../shared beside the repository"))?;
    let settings = settings::read()?;
    let module = settings.modules.iter().find(|it| it.name == "browser");
    let module = module.ok_or_else(|| Failed::new("wasm-pack.toml has no module `browser`"))?;
    build::module(module, &settings.optimize, &setup::for_serving()?)?;
    let _server = Server::corpus()?;
    let mut names: Vec<&str> = projects.iter().map(String::as_str).collect();
    if names.is_empty() {
        names.extend(USUAL);
    }
    println!("{:<28} {:>8}", "project", "MB");
    let mut is_within = true;
    for name in names {
        let (bytes, outcome) = measure(module, &shared.join("corpus/projects").join(name))?;
        let verdict = if bytes > LARGEST { "  too much" } else { "" };
        is_within &= bytes <= LARGEST;
        let megabytes = bytes as f64 / f64::from(1 << 20);
        println!("{name:<28} {megabytes:>8.1}  {outcome}{verdict}");
    }
    Ok(if is_within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn measure(module: &Module, project: &Path) -> Result<(u64, String), Failed> {
    let mut command = program("node");
    command
        .arg(root().join("crates/xtask/src/memory/lock.mjs"))
        .arg(target_dir().join("bound/browser/lockwright.js"))
        .args([module.file(), project.to_path_buf()])
        .arg(format!("http://127.0.0.1:{CORPUS_PORT}/simple"));
    let said = output_or_said(&mut command).unwrap_or_default();
    let said = said.trim().split_once(' ');
    let figures = said.and_then(|(bytes, outcome)| Some((bytes.parse().ok()?, outcome.to_owned())));
    figures.ok_or_else(|| Failed::new(format!("{} was not locked", project.display())))
}
