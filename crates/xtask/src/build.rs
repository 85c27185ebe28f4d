//! Builds the WebAssembly modules and the playground, step by step, as `wasm-pack.toml` says.
//!
//! The steps are cargo, wasm-bindgen, esbuild (around the edge module) and wasm-opt.

use std::path::{Path, PathBuf};

use crate::command::{Failed, cargo, program, root, run, target_dir};
use crate::settings::{self, Module, Optimize};
use crate::setup::Tools;

/// Builds both modules, then the playground around the browser's.
pub(crate) fn everything(tools: &Tools) -> Result<(), Failed> {
    let settings = settings::read()?;
    for module in &settings.modules {
        self::module(module, &settings.optimize, tools)?;
    }
    playground()
}

/// Checks the playground's types and bundles it into `www/dist`.
fn playground() -> Result<(), Failed> {
    run(node_tool("tsc").args(["--noEmit", "--project", "www"]))?;
    run(node_tool("vite").args(["build", "--logLevel", "warn", "www"]))
}

/// A program that npm installed.
pub(crate) fn node_tool(name: &str) -> std::process::Command {
    program(root().join("node_modules/.bin").join(name))
}

/// Builds one module, where something in it is newer than what was built.
pub(crate) fn module(module: &Module, optimize: &Optimize, tools: &Tools) -> Result<(), Failed> {
    let mut compile = cargo();
    compile.args(["build", "--target", "wasm32-unknown-unknown"]);
    compile.args(["--package", &module.package, "--profile", &module.profile]);
    if !module.features.is_empty() {
        compile.args(["--features", &module.features.join(",")]);
    }
    run(&mut compile)?;

    let compiled = target_dir()
        .join("wasm32-unknown-unknown")
        .join(&module.profile)
        .join(format!("{}.wasm", module.package.replace('-', "_")));
    if is_newer(&module.file(), &inputs(module, &compiled)) {
        return Ok(());
    }
    let folder = bind(module, tools, &compiled)?;
    let output = root().join(&module.output);
    std::fs::create_dir_all(&output)?;
    let name = if module.entry.is_some() {
        "index"
    } else {
        "lockwright"
    };
    match &module.entry {
        Some(entry) => bundle(&folder, &root().join(entry), &output)?,
        None => copy_all(&folder, &output)?,
    }
    shrink(module, optimize, &folder.join(format!("{name}_bg.wasm")))
}

fn inputs(module: &Module, compiled: &Path) -> Vec<PathBuf> {
    let mut files = vec![compiled.to_path_buf(), root().join("wasm-pack.toml")];
    files.extend(module.entry.iter().map(|entry| root().join(entry)));
    files
}

/// Whether a file was written after all of the others.
fn is_newer(file: &Path, others: &[PathBuf]) -> bool {
    let written = |path: &Path| {
        std::fs::metadata(path)
            .and_then(|data| data.modified())
            .ok()
    };
    written(file).is_some_and(|built| {
        others
            .iter()
            .all(|other| written(other).is_some_and(|changed| changed < built))
    })
}

/// Makes the JavaScript side; gives the folder that holds it and the bound module.
fn bind(module: &Module, tools: &Tools, compiled: &Path) -> Result<PathBuf, Failed> {
    let folder = target_dir().join("bound").join(&module.name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let name = if module.entry.is_some() {
        "index"
    } else {
        "lockwright"
    };
    let mut command = program(&tools.bindgen);
    command
        .args(["--target", &module.target, "--out-name", name, "--out-dir"])
        .arg(&folder);
    command.args(&module.bindgen);
    if module.entry.is_some() {
        command.arg("--no-typescript");
    }
    run(command.arg(compiled))?;
    Ok(folder)
}

/// Bundles the entry script with the bound JavaScript into `index.js`.
fn bundle(folder: &Path, entry: &Path, output: &Path) -> Result<(), Failed> {
    // esbuild knows no source phase imports; the platform takes a plain import of a module.
    let script = folder.join("index.js");
    let text = std::fs::read_to_string(&script)?;
    std::fs::write(&script, text.replace("import source ", "import "))?;
    let copy = folder.join("entry.js");
    std::fs::copy(entry, &copy)?;
    run(node_tool("esbuild")
        .arg(copy)
        .args([
            "--bundle",
            "--format=esm",
            "--minify",
            "--log-level=warning",
        ])
        .args(["--external:./index_bg.wasm", "--external:cloudflare:*"])
        .arg(format!("--outfile={}", output.join("index.js").display())))
}

fn copy_all(folder: &Path, output: &Path) -> Result<(), Failed> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            continue;
        }
        if entry.path().is_dir() {
            let inner = output.join(entry.file_name());
            std::fs::create_dir_all(&inner)?;
            copy_all(&entry.path(), &inner)?;
        } else {
            std::fs::copy(entry.path(), output.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn shrink(module: &Module, optimize: &Optimize, bound: &Path) -> Result<(), Failed> {
    let features = optimize.features.iter().chain(&module.optimize);
    run(node_tool("wasm-opt")
        .arg(&optimize.level)
        .args(features.map(|feature| format!("--enable-{feature}")))
        .arg(bound)
        .arg("-o")
        .arg(module.file()))
}
