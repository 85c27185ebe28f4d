//! Installs what building and testing need: only where absent, each thing pinned.

use std::path::{Path, PathBuf};

use crate::command::{Failed, cargo, on_path, output, program, root, run};

const TARGET: &str = "wasm32-unknown-unknown";

/// The tools that builds use.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    /// wasm-bindgen's command, of the version of the library in Cargo.lock.
    pub(crate) bindgen: PathBuf,
    /// Its test runner.
    pub(crate) bindgen_test_runner: PathBuf,
}

/// A browser and its driver.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) driver: PathBuf,
}

/// Everything that any task needs.
pub(crate) fn everything() -> Result<(Tools, Browser), Failed> {
    Ok((for_serving()?, browser()?))
}

/// What building and serving need.
pub(crate) fn for_serving() -> Result<Tools, Failed> {
    wasm_target()?;
    let tools = bindgen()?;
    npm_packages()?;
    Ok(tools)
}

/// Adds the WebAssembly target to the present toolchain; never installs a toolchain.
fn wasm_target() -> Result<(), Failed> {
    let sysroot = output(program("rustc").args(["--print", "sysroot"]))
        .ok_or_else(|| Failed::new("`rustc` cannot be run: install Rust with rustup first"))?;
    if Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(TARGET)
        .join("lib")
        .is_dir()
    {
        return Ok(());
    }
    run(program("rustup").args(["target", "add", TARGET]))
}

/// Installs wasm-bindgen's command at exactly the library's version.
fn bindgen() -> Result<Tools, Failed> {
    let version = locked_version("wasm-bindgen")?;
    let folder = root()
        .join(".tools")
        .join(format!("wasm-bindgen-{version}"));
    let tools = Tools {
        bindgen: folder.join("bin/wasm-bindgen"),
        bindgen_test_runner: folder.join("bin/wasm-bindgen-test-runner"),
    };
    let present = output(program(&tools.bindgen).arg("--version"));
    if present.is_some_and(|said| said.split_whitespace().any(|word| word == version)) {
        return Ok(tools);
    }
    run(cargo()
        .env_remove("CARGO_TARGET_DIR")
        .args(["install", "wasm-bindgen-cli", "--version", &version])
        .args(["--locked", "--no-default-features", "--force", "--root"])
        .arg(&folder))?;
    Ok(tools)
}

/// The version of a package in Cargo.lock.
fn locked_version(package: &str) -> Result<String, Failed> {
    let text = std::fs::read_to_string(root().join("Cargo.lock"))?;
    let lock: toml::Table =
        toml::from_str(&text).map_err(|error| Failed::new(format!("Cargo.lock: {error}")))?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    packages
        .into_iter()
        .flatten()
        .find(|entry| entry.get("name").and_then(toml::Value::as_str) == Some(package))
        .and_then(|entry| entry.get("version")?.as_str())
        .map(str::to_owned)
        .ok_or_else(|| Failed::new(format!("Cargo.lock has no package `{package}`")))
}

/// Installs what `package-lock.json` names, once for each state of it.
fn npm_packages() -> Result<(), Failed> {
    let wanted = std::fs::read(root().join("package-lock.json"))?;
    let stamp = root().join(".tools/package-lock.json");
    let installed = std::fs::read(&stamp).unwrap_or_default();
    if installed == wanted && root().join("node_modules/.bin/esbuild").exists() {
        return Ok(());
    }
    if on_path("npm").is_none() {
        return Err(Failed::new(
            "`npm` is not on PATH: install Node 20.19 or newer first",
        ));
    }
    run(program("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    std::fs::create_dir_all(root().join(".tools"))?;
    std::fs::write(stamp, wanted)?;
    Ok(())
}

/// Finds Chromium and its driver; installs Debian's where that can be done unasked.
pub(crate) fn browser() -> Result<Browser, Failed> {
    if let Some(browser) = find_browser() {
        return Ok(browser);
    }
    let packages = ["chromium", "chromium-driver"];
    let install = format!("apt-get install {}", packages.join(" "));
    let is_root = output(program("id").arg("-u")).is_some_and(|said| said.trim() == "0");
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    if on_path("apt-get").is_none() || !(is_root || in_ci) {
        return Err(Failed::new(format!(
            "Chromium and its driver are needed for the browser tests: `{install}`, \
             or name them in CHROMIUM and CHROMEDRIVER"
        )));
    }
    let apt = |arguments: &[&str]| {
        let mut command = if is_root {
            program("apt-get")
        } else {
            program("sudo")
        };
        if !is_root {
            command.args(["-n", "apt-get"]);
        }
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(arguments);
        run(&mut command)
    };
    let arguments = [
        "install",
        "--yes",
        "--no-install-recommends",
        packages[0],
        packages[1],
    ];
    if apt(&arguments).is_err() {
        // The package lists may be missing or old.
        apt(&["update"])?;
        apt(&arguments)?;
    }
    find_browser().ok_or_else(|| Failed::new(format!("`{install}` left no Chromium")))
}

fn find_browser() -> Option<Browser> {
    let find = |variable: &str, names: &[&str]| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|file| file.is_file())
            .or_else(|| names.iter().find_map(|name| on_path(name)))
    };
    Some(Browser {
        chromium: find(
            "CHROMIUM",
            &["chromium", "chromium-browser", "google-chrome"],
        )?,
        driver: find("CHROMEDRIVER", &["chromedriver"])?,
    })
}
