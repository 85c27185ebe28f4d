//! `wasm-pack.toml`: which packages become WebAssembly, and how large they may get.

use serde::Deserialize;

use crate::command::{Failed, root};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) optimize: Optimize,
    #[serde(rename = "module")]
    pub(crate) modules: Vec<Module>,
}

/// How wasm-opt is called for every module.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Optimize {
    pub(crate) level: String,
    pub(crate) features: Vec<String>,
}

/// One WebAssembly module.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) package: String,
    pub(crate) profile: String,
    #[serde(default)]
    pub(crate) features: Vec<String>,
    /// What `wasm-bindgen --target` is told.
    pub(crate) target: String,
    /// Further arguments of wasm-bindgen.
    #[serde(default)]
    pub(crate) bindgen: Vec<String>,
    /// Further WebAssembly features for wasm-opt.
    #[serde(default)]
    pub(crate) optimize: Vec<String>,
    /// The script that is bundled around the module; none where a bundler follows.
    pub(crate) entry: Option<String>,
    pub(crate) output: String,
    pub(crate) budget: Sizes,
}

/// Sizes in bytes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sizes {
    pub(crate) raw: u64,
    pub(crate) gzip: u64,
    pub(crate) brotli: u64,
}

impl Module {
    /// The finished module.
    pub(crate) fn file(&self) -> std::path::PathBuf {
        let name = if self.entry.is_some() {
            "index_bg.wasm"
        } else {
            "lockwright_bg.wasm"
        };
        root().join(&self.output).join(name)
    }
}

/// Reads the settings.
pub(crate) fn read() -> Result<Settings, Failed> {
    let text = std::fs::read_to_string(root().join("wasm-pack.toml"))?;
    toml::from_str(&text).map_err(|error| Failed::new(format!("wasm-pack.toml: {error}")))
}
