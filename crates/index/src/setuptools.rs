//! The metadata of a source distribution that setuptools would build, where its `setup.py` and
//! `setup.cfg` state it literally: nothing is run.
//!
//! `setup.py` is followed as far as everything is known. No Python parser on the registry is both
//! kept up and small enough for WebAssembly, so a small one is here, and what it does not
//! understand is not known. The answer counts only if the `requires.txt` that the author's own
//! build left in the archive says the same. Modelled after setuptools 84.2.

mod declared;
mod methods;
mod modules;
mod names;
mod parse;
mod paths;
mod requirements;
mod run;
mod setup_cfg;
mod source;
mod syntax;
#[cfg(test)]
mod tests;
mod tokens;
mod value;

use std::sync::Arc;

use packaging::version::parse_specifiers_lenient;
use packaging::{PackageName, Requirement, Version};
use toml::{Table, Value as Toml};

use crate::metadata::{Fields, Metadata};
pub(crate) use declared::declared;
pub use declared::{Declared, Field};
use requirements::{Requirements, lines_of};
use run::SetupCall;
use setup_cfg::Config;
use source::Content;
pub(crate) use source::Source;
use value::Value;

/// A longer `setup.py`, `setup.cfg` or `pyproject.toml` is not read.
const TEXT_LIMIT: usize = 128 * 1024;

/// Projects that may be installed for a build without having a say in its requirements.
const HARMLESS: &str = " setuptools wheel setuptools-scm setuptools-git setuptools-git-versioning pytest-runner cython \
    numpy cffi pybind11 packaging pip toml tomli six babel certifi nose flake8 sphinx requests setuptools-rust \
    setuptools-markdown pypandoc build twine importlib-metadata vcversioner oldest-supported-numpy semantic-version \
    green pytest coverage mock ";

/// The metadata that setuptools would write, or why only a build would tell.
pub(crate) fn static_metadata(
    source: &mut Source,
    name: &PackageName,
    version: &Version,
) -> Result<Metadata, String> {
    let stated = Stated::read(source)?;
    let mut metadata = stated.metadata(source, name, version)?;
    if metadata.summary.is_none() {
        metadata.summary = summary(source);
    }
    Ok(metadata)
}

/// The summary that was built into the archive; setuptools wrote `UNKNOWN` where there is none.
fn summary(source: &Source) -> Option<Arc<str>> {
    let info = text(source, "PKG-INFO").ok()??;
    let fields = Fields::read(&info);
    let summary = fields.summary().filter(|text| *text != "UNKNOWN");
    summary.map(Into::into)
}

/// The same for a project whose version is stated nowhere else.
pub(crate) fn stated_metadata(source: &mut Source, name: &PackageName) -> Result<Metadata, String> {
    let stated = Stated::read(source)?;
    let version = stated
        .text("version")
        .and_then(|text| text.parse().ok())
        .ok_or("its version is not stated literally")?;
    stated.metadata(source, name, &version)
}

/// A file that may be missing, but not be unreadable.
fn text(source: &Source, path: &str) -> Result<Option<String>, String> {
    match source.content(path) {
        Content::Text(text) if text.len() <= TEXT_LIMIT => Ok(Some(text.to_owned())),
        Content::Absent => Ok(None),
        _ => Err(format!("its `{path}` is no text, or too long")),
    }
}

/// The normalized name of the project that a requirement is for.
fn project_of(requirement: &str) -> Option<String> {
    let requirement = Requirement::parse(requirement).ok()?;
    Some(requirement.name.as_str().to_owned())
}

/// Whether a project may be installed for the build and changes nothing.
fn is_harmless(requirement: &str) -> bool {
    project_of(requirement).is_some_and(|name| HARMLESS.contains(&format!(" {name} ")))
}

/// Refuses whatever is not built by setuptools alone.
fn check_build_system(source: &mut Source) -> Result<(), String> {
    source.has_own_path = true;
    let Some(text) = text(source, "pyproject.toml")? else {
        return Ok(());
    };
    let document: Table = toml::from_str(&text)
        .map_err(|error| format!("its `pyproject.toml` is no TOML: {}", error.message()))?;
    if document.contains_key("project") {
        return Err("its `pyproject.toml` leaves something to the build".to_owned());
    }
    let tool = document.get("tool").and_then(|tool| tool.get("setuptools"));
    if tool.is_some() {
        return Err("its `pyproject.toml` has a `[tool.setuptools]`".to_owned());
    }
    let Some(system) = document.get("build-system").and_then(Toml::as_table) else {
        return Ok(());
    };
    let backend = system.get("build-backend").and_then(Toml::as_str);
    match backend {
        None | Some("setuptools.build_meta:__legacy__") => {}
        Some("setuptools.build_meta") => source.has_own_path = false,
        Some(backend) => return Err(format!("it is built by `{backend}`")),
    }
    if system.contains_key("backend-path") {
        return Err("it is built by code of its own".to_owned());
    }
    let requires = system.get("requires").and_then(Toml::as_array);
    for requirement in requires.into_iter().flatten().filter_map(Toml::as_str) {
        if !is_harmless(requirement) {
            return Err(format!("`{requirement}` takes part in building it"));
        }
        source.build_requires.extend(project_of(requirement));
    }
    Ok(())
}

/// The requirements of an extra, or of the project itself.
type Section = (Option<String>, Vec<String>);

/// What `setup.py` and `setup.cfg` state.
struct Stated {
    call: Option<SetupCall>,
    config: Config,
}

/// Keywords of `setup` that change what is built or how.
const REFUSED: [&str; 9] = [
    "pbr",
    "distclass",
    "use_2to3",
    "script_args",
    "script_name",
    "command_packages",
    "src_root",
    "d2to1",
    "metadata_version",
];

impl Stated {
    fn read(source: &mut Source) -> Result<Self, String> {
        check_build_system(source)?;
        let setup_py = text(source, "setup.py")?;
        let setup_cfg = text(source, "setup.cfg")?;
        let config = Config::read(setup_cfg.as_deref().unwrap_or_default())?;
        let call = match &setup_py {
            Some(text) => Some(run::run(text, source)?),
            None if setup_cfg.is_some() => None,
            None => return Err("it has neither a `setup.py` nor a `setup.cfg`".to_owned()),
        };
        Ok(Self { call, config })
    }

    fn metadata(
        &self,
        source: &Source,
        name: &PackageName,
        version: &Version,
    ) -> Result<Metadata, String> {
        self.check(name, version)?;
        let requirements = self.requirements(source)?;
        compare(&requirements, source, name)?;
        let mut metadata = Metadata::bare(name, version);
        let python = self.python()?;
        let refused = |error: crate::MetadataError| error.to_string();
        metadata
            .set_requires_python(python.as_deref())
            .map_err(refused)?;
        for line in &requirements.lines {
            metadata.require(line, None).map_err(refused)?;
        }
        for extra in &requirements.extras {
            metadata.provide(extra);
        }
        Ok(metadata)
    }

    /// A text that the keyword or the option of the same name states literally.
    fn text(&self, option: &str) -> Option<String> {
        match self.keyword(option) {
            Some(Value::Text(text)) => Some(text.to_string()),
            Some(_) => None,
            None => {
                let value = self.config.option("metadata", option)?;
                (!value.contains("attr:") && !value.contains("file:")).then(|| value.to_owned())
            }
        }
    }

    fn keyword(&self, name: &str) -> Option<&Value> {
        let value = self.call.as_ref()?.keyword(name)?;
        (!matches!(value, Value::None)).then_some(value)
    }

    /// Refuses what might change the metadata by other ways.
    fn check(&self, name: &PackageName, version: &Version) -> Result<(), String> {
        for keyword in REFUSED {
            if let Some(value) = self.keyword(keyword)
                && !matches!(value, Value::Bool(false))
            {
                return Err(format!("`setup.py` uses `{keyword}`"));
            }
        }
        self.check_commands()?;
        self.check_plugins()?;
        for section in self.config.sections() {
            let is_known = match section.strip_prefix("options") {
                None => section != "global",
                Some("") => true,
                Some(part) => matches!(
                    part,
                    ".extras_require"
                        | ".packages.find"
                        | ".package_data"
                        | ".exclude_package_data"
                        | ".entry_points"
                        | ".data_files"
                ),
            };
            if !is_known {
                return Err(format!("`setup.cfg` has a section `{section}`"));
            }
        }
        if let Some(stated) = self.text("name")
            && PackageName::new(&stated).as_ref() != Ok(name)
        {
            return Err(format!("its `setup.py` is of `{stated}`"));
        }
        // A tag may be added to it.
        if let Some(stated) = self.text("version")
            && self
                .config
                .section("egg_info")
                .iter()
                .all(|(option, value)| {
                    !option.starts_with("tag") || matches!(value.as_str(), "" | "0" | "false")
                })
            && stated.parse::<Version>().as_ref() != Ok(version)
        {
            return Err(format!("its `setup.py` is of version `{stated}`"));
        }
        Ok(())
    }

    /// Commands of its own must not be those that write metadata.
    fn check_commands(&self) -> Result<(), String> {
        if self.config.option("options", "cmdclass").is_some() {
            return Err("`setup.cfg` has commands of its own".to_owned());
        }
        let (Some(call), Some(value)) = (&self.call, self.keyword("cmdclass")) else {
            return Ok(());
        };
        let Some(commands) = call.entries(value) else {
            return Err("`setup.py` computes `cmdclass`".to_owned());
        };
        for (command, _) in commands {
            match command.as_text() {
                None => return Err("`setup.py` computes `cmdclass`".to_owned()),
                Some(command @ ("egg_info" | "dist_info" | "bdist_wheel" | "install_egg_info")) => {
                    return Err(format!("`setup.py` has a command `{command}` of its own"));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// What `setup_requires` brings must not take part.
    fn check_plugins(&self) -> Result<(), String> {
        let plugins = match self.keyword("setup_requires") {
            Some(value) => self
                .list(value)
                .ok_or("`setup.py` computes `setup_requires`")??,
            None => {
                let value = self.config.option("options", "setup_requires");
                let parts = setup_cfg::list(value.unwrap_or_default(), ';');
                parts.into_iter().map(str::to_owned).collect()
            }
        };
        let own = self
            .keyword("install_requires")
            .and_then(|value| self.list(value))
            .and_then(Result::ok)
            .unwrap_or_default();
        match plugins
            .iter()
            .find(|plugin| !is_harmless(plugin) && !own.contains(plugin))
        {
            Some(plugin) => Err(format!("`{plugin}` takes part in building it")),
            None => Ok(()),
        }
    }

    /// The lines of a list of requirements: nested lists, tuples and texts of lines.
    fn list(&self, value: &Value) -> Option<Result<Vec<String>, String>> {
        let call = self.call.as_ref()?;
        if let Some(text) = value.as_text() {
            return Some(lines_of(text));
        }
        let mut lines = Vec::new();
        for element in call.elements(value)? {
            match element.as_text().map(lines_of)? {
                Ok(more) => lines.extend(more),
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(lines))
    }

    /// A list of `setup.cfg`, which may come from files.
    fn configured(value: &str, source: &Source) -> Result<Vec<String>, String> {
        let text = match value.strip_prefix("file:") {
            None => value.to_owned(),
            Some(paths) => {
                let mut texts = Vec::new();
                for path in paths.split(',').map(str::trim) {
                    match source.content(path) {
                        Content::Text(text) => texts.push(text.to_owned()),
                        _ => {
                            return Err(format!(
                                "`setup.cfg` reads `{path}`, which is not in the archive"
                            ));
                        }
                    }
                }
                texts.join("\n")
            }
        };
        let parts = setup_cfg::list(&text, ';');
        let parts = parts.into_iter().filter(|part| !part.starts_with('#'));
        let mut lines = Vec::new();
        for part in parts {
            lines.extend(lines_of(part)?);
        }
        Ok(lines)
    }

    fn requirements(&self, source: &Source) -> Result<Requirements, String> {
        let mut requirements = Requirements::default();
        for (extra, lines) in self.sections(source)? {
            requirements.add(extra.as_deref(), &lines)?;
        }
        Ok(requirements)
    }

    /// What is always required, then what each extra requires, as written.
    fn sections(&self, source: &Source) -> Result<Vec<Section>, String> {
        let computed = |keyword: &str| format!("`setup.py` computes `{keyword}`");
        let mut install = match self.keyword("install_requires") {
            Some(value) => self
                .list(value)
                .ok_or_else(|| computed("install_requires"))??,
            None => Vec::new(),
        };
        if install.is_empty()
            && let Some(value) = self.config.option("options", "install_requires")
        {
            install = Self::configured(value, source)?;
        }
        let mut sections = vec![(None, install)];
        let stated = match (&self.call, self.keyword("extras_require")) {
            (Some(call), Some(value)) => call
                .entries(value)
                .ok_or_else(|| computed("extras_require"))?,
            _ => &[],
        };
        for (extra, value) in stated {
            let extra = extra.as_text().ok_or_else(|| computed("extras_require"))?;
            let lines = match value {
                Value::None => Vec::new(),
                value => self
                    .list(value)
                    .ok_or_else(|| computed("extras_require"))??,
            };
            sections.push((Some(extra.to_owned()), lines));
        }
        if stated.is_empty() {
            for (extra, value) in self.config.section("options.extras_require") {
                sections.push((Some(extra.clone()), Self::configured(value, source)?));
            }
        }
        Ok(sections)
    }

    fn python(&self) -> Result<Option<String>, String> {
        let stated = match self.keyword("python_requires") {
            Some(Value::Text(text)) => Some(text.to_string()),
            Some(_) => return Err("`setup.py` computes `python_requires`".to_owned()),
            None => None,
        };
        let stated = stated.filter(|text| !text.is_empty()).or_else(|| {
            let option = self.config.option("options", "python_requires");
            option.map(str::to_owned)
        });
        match stated.filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => match parse_specifiers_lenient(&text) {
                Ok((_, mended)) if mended.is_empty() => Ok(Some(text)),
                _ => Err(format!(
                    "setuptools would refuse `python_requires`: `{text}`"
                )),
            },
        }
    }
}

/// The author's own build must have come to the same.
fn compare(requirements: &Requirements, source: &Source, name: &PackageName) -> Result<(), String> {
    let written = source.requires_texts(name);
    let written = match written.as_slice() {
        [] if requirements.lines.is_empty() && requirements.extras.is_empty() => return Ok(()),
        [] => {
            return Err("it has no `requires.txt` that would confirm its requirements".to_owned());
        }
        [Content::Text(text)] => Requirements::read(text)?,
        _ => return Err("its `requires.txt` is not read, or there are several".to_owned()),
    };
    match requirements.agrees_with(&written) {
        true => Ok(()),
        false => {
            Err("its `requires.txt` says otherwise than its `setup.py` or `setup.cfg`".to_owned())
        }
    }
}
