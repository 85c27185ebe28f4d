//! What builds the project, and what is left of the tool it was written for.

use toml_edit::{Item, Value};

use super::edit::{self, set};
use super::metadata::OF_POETRY;
use super::{Rewriting, Target, Words};
use crate::tool_uv::{Override, PrereleaseMode};

/// Where a project's modules are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Layout {
    /// In a folder `src`.
    Src,
    /// In the project's own folder.
    Flat,
}

/// Keys of `[tool.poetry]` that only say how the project is built.
const POETRY_BUILD: [&str; 7] = [
    "packages",
    "include",
    "exclude",
    "build",
    "build-constraints",
    "requires-poetry",
    "requires-plugins",
];

impl Rewriting<'_> {
    /// Whether the project says that it is never installed itself.
    pub(super) fn is_virtual(&self) -> Option<bool> {
        let manifest = self.origin.manifest;
        let said = |tool: &str, key: &str| {
            let tool = manifest.raw.get("tool")?.get(tool)?;
            tool.get(key)?.as_bool()
        };
        match self.origin.words {
            Words::Poetry => said("poetry", "package-mode").map(|it| !it),
            Words::Pdm => match said("pdm", "distribution") {
                Some(is_package) => Some(!is_package),
                None => Some(!manifest.has_build_system),
            },
            Words::Uv => Some(!manifest.is_package(true)),
            Words::Pep621 | Words::Foreign => {
                (self.target != Target::Uv && !manifest.has_build_system).then_some(true)
            }
        }
    }

    /// The overrides that hold everywhere.
    pub(super) fn overrides(&self) -> Vec<String> {
        if self.origin.words == Words::Pdm {
            return super::pdm_tables::overrides(&self.origin.manifest.raw);
        }
        let overrides = self.origin.manifest.uv.overrides.iter();
        let texts = overrides.filter_map(|it| match it {
            Override::Everywhere(declared) => Some(declared.requirement.text.trim().to_owned()),
            Override::For { .. } => None,
        });
        texts.collect()
    }

    /// Whether pre-releases of everything are admitted.
    pub(super) fn allows_prereleases(&self) -> bool {
        let manifest = self.origin.manifest;
        let resolution = || super::pdm_tables::table(&manifest.raw)?.get("resolution");
        match self.origin.words {
            Words::Pdm => resolution()
                .and_then(|it| it.get("allow-prereleases")?.as_bool())
                .unwrap_or_default(),
            _ => manifest.uv.settings.prerelease == PrereleaseMode::Allow,
        }
    }

    /// Writes `[build-system]` where it follows from the tool.
    pub(super) fn backend(&mut self) {
        let backend = edit::existing(&self.document, &["build-system", "build-backend"])
            .and_then(Item::as_str)
            .unwrap_or_default()
            .to_owned();
        let of_poetry = backend.starts_with("poetry.core") || backend.starts_with("poetry.masonry");
        let of_pdm = backend.starts_with("pdm.");
        let of_uv = backend == "uv_build";
        let is_package = self.is_virtual() != Some(true);
        let is_of_target = match self.target {
            Target::Uv => of_uv,
            Target::Poetry => of_poetry,
            Target::Pdm => of_pdm,
            Target::Pep621 => true,
        };
        if !is_package && (of_poetry || of_pdm || of_uv) && !is_of_target {
            self.document.remove("build-system");
            return;
        }
        let is_foreign_setup = self.origin.words == Words::Foreign
            && self.origin.manifest.has_build_system
            && backend.is_empty();
        if is_foreign_setup {
            self.build_system(&["setuptools>=77"], "setuptools.build_meta");
            return;
        }
        // poetry builds a package all the same, where nothing says who does.
        if self.origin.words == Words::Poetry && is_package && backend.is_empty() {
            return match self.has_build_settings(true, false, false) {
                true => self.poetry_core(),
                false => self.own_backend(),
            };
        }
        // uv and pdm let setuptools build a package where nothing says who does.
        let is_said = matches!(self.origin.words, Words::Uv | Words::Pdm);
        if is_said && self.is_virtual() == Some(false) && backend.is_empty() {
            return self.build_system(&["setuptools>=77"], "setuptools.build_meta");
        }
        if of_poetry {
            self.refresh_poetry_core();
        }
        if !(of_poetry || of_pdm || of_uv) || is_of_target {
            return;
        }
        if self.has_build_settings(of_poetry, of_pdm, of_uv) {
            return;
        }
        self.own_backend();
    }

    /// The build backend of the target; poetry's where it has none, or needs to know more.
    fn own_backend(&mut self) {
        match (self.target, self.origin.layout) {
            (Target::Uv, Some(layout)) => {
                self.build_system(&["uv_build>=0.9,<1"], "uv_build");
                if layout == Layout::Flat {
                    let end = self.positions.end();
                    let path = ["tool", "uv", "build-backend"];
                    if let Some(table) = edit::table(&mut self.document, &path, end) {
                        set(table, "module-root", "".into());
                    }
                }
            }
            (Target::Pdm, _) => self.build_system(&["pdm-backend"], "pdm.backend"),
            (Target::Poetry, _) => self.poetry_core(),
            (Target::Uv, None) | (Target::Pep621, _) => {
                if !self.document.contains_key("build-system") {
                    self.poetry_core();
                }
            }
        }
    }

    fn poetry_core(&mut self) {
        self.build_system(&["poetry-core>=2.0.0,<3.0.0"], "poetry.core.masonry.api");
    }

    fn build_system(&mut self, requires: &[&str], backend: &str) {
        let end = self.positions.end();
        if let Some(table) = edit::table(&mut self.document, &["build-system"], end) {
            set(
                table,
                "requires",
                Value::Array(requires.iter().copied().collect()),
            );
            set(table, "build-backend", backend.into());
        }
    }

    /// poetry-core reads `[project]` from 2.0 on.
    fn refresh_poetry_core(&mut self) {
        let path = ["build-system", "requires"];
        let requires = edit::existing_mut(&mut self.document, &path);
        let requires = requires.and_then(Item::as_array_mut);
        let Some(requires) = requires else { return };
        for at in 0..requires.len() {
            let text = requires.get(at).and_then(Value::as_str).unwrap_or_default();
            let Ok(requirement) = packaging::Requirement::parse(text) else {
                continue;
            };
            let is_old = matches!(requirement.name.as_str(), "poetry" | "poetry-core")
                && !text.contains(">=2")
                && !text.contains("==2");
            if is_old {
                requires.replace(at, "poetry-core>=2.0.0,<3.0.0");
            }
        }
        let table = self.document.get_mut("build-system");
        if let Some(table) = table.and_then(Item::as_table_mut) {
            set(table, "build-backend", "poetry.core.masonry.api".into());
        }
    }

    /// Whether the backend has settings that another one would not read.
    fn has_build_settings(&self, of_poetry: bool, of_pdm: bool, of_uv: bool) -> bool {
        let has = |path: &[&str]| edit::existing(&self.document, path).is_some();
        let poetry = POETRY_BUILD[..4].iter();
        of_poetry && poetry.into_iter().any(|key| has(&["tool", "poetry", key]))
            || of_pdm && (has(&["tool", "pdm", "build"]) || has(&["tool", "pdm", "version"]))
            || of_uv && has(&["tool", "uv", "build-backend"])
    }

    /// Takes out what has been said anew, and tells what is left.
    pub(super) fn leave_origin(&mut self) {
        match (self.origin.words, self.target) {
            (Words::Poetry, target) => self.leave_poetry(target),
            (Words::Pdm, Target::Pdm)
            | (Words::Uv, Target::Uv)
            | (Words::Pep621 | Words::Foreign, _) => {}
            (Words::Pdm, _) => {
                for key in ["dev-dependencies", "source", "distribution"] {
                    edit::remove(&mut self.document, &["tool", "pdm", key]);
                }
                for key in ["overrides", "allow-prereleases"] {
                    edit::remove(&mut self.document, &["tool", "pdm", "resolution", key]);
                }
                self.tell_left("pdm", &["build", "version", "scripts", "publish"]);
            }
            (Words::Uv, _) => {
                for key in [
                    "sources",
                    "index",
                    "index-url",
                    "extra-index-url",
                    "dev-dependencies",
                    "default-groups",
                    "package",
                ] {
                    edit::remove(&mut self.document, &["tool", "uv", key]);
                }
                if self.target == Target::Pdm {
                    edit::remove(&mut self.document, &["tool", "uv", "override-dependencies"]);
                }
                self.tell_left("uv", &["build-backend"]);
            }
        }
        self.lose_settings();
    }

    /// Tells which entries of poetry's table add to nothing: poetry does not read them either.
    fn lose_unread(&mut self) {
        let raw = &self.origin.manifest.raw;
        let has_own = raw
            .get("project")
            .is_some_and(|it| it.get("dependencies").is_some());
        let table = raw
            .get("tool")
            .and_then(|it| it.get("poetry")?.get("dependencies")?.as_table());
        let names = table.into_iter().flatten().map(|(name, _)| name);
        let is_unread = |name: &&String| {
            let name = packaging::PackageName::new(name);
            name.is_ok_and(|name| {
                name.as_str() != "python" && self.wanted.lines().all(|line| line.name != name)
            })
        };
        let unread: Vec<String> = names
            .filter(|_| has_own)
            .filter(is_unread)
            .cloned()
            .collect();
        for name in unread {
            self.lose(format!(
                "`tool.poetry.dependencies.{name}` is left out: `[project]` does not require it"
            ));
        }
    }

    fn leave_poetry(&mut self, target: Target) {
        self.lose_unread();
        for key in OF_POETRY {
            edit::remove(&mut self.document, &["tool", "poetry", key]);
        }
        if target == Target::Poetry {
            return;
        }
        for key in [
            "dependencies",
            "dev-dependencies",
            "group",
            "extras",
            "source",
            "package-mode",
        ] {
            edit::remove(&mut self.document, &["tool", "poetry", key]);
        }
        let backend = edit::existing(&self.document, &["build-system", "build-backend"]);
        let is_kept = backend
            .and_then(Item::as_str)
            .is_some_and(|it| it.starts_with("poetry.core"));
        let kept: &[&str] = if is_kept { &POETRY_BUILD } else { &[] };
        for key in ["requires-poetry", "requires-plugins"]
            .into_iter()
            .filter(|_| !is_kept)
        {
            if edit::remove(&mut self.document, &["tool", "poetry", key]).is_some() {
                self.lose(format!("`tool.poetry.{key}` is left out"));
            }
        }
        self.tell_left("poetry", kept);
    }

    /// Tells which keys of a tool's table stay, though the target does not read them.
    fn tell_left(&mut self, tool: &str, silent: &[&str]) {
        let table = edit::existing(&self.document, &["tool", tool]);
        let Some(table) = table.and_then(Item::as_table_like) else {
            return;
        };
        let keys: Vec<String> = table
            .iter()
            .map(|(key, _)| key.to_owned())
            .filter(|key| !silent.contains(&key.as_str()))
            .collect();
        for key in keys {
            self.lose(format!(
                "`tool.{tool}.{key}` stays, but is not read any more"
            ));
        }
    }

    /// Tells what of a manifest no table says any more.
    pub(super) fn no_tool(&mut self) {
        let indexes: Vec<String> = self
            .wanted
            .indexes
            .iter()
            .filter(|_| self.origin.words != Words::Uv)
            .map(|index| index.url.to_string())
            .collect();
        for url in indexes {
            self.lose(format!("the index `{url}` is not said any more"));
        }
    }

    /// Tells which settings only uv has, where they are not left in its table.
    fn lose_settings(&mut self) {
        if self.target == Target::Uv || self.origin.words == Words::Uv {
            return;
        }
        let uv = &self.origin.manifest.uv;
        let is_pdm = self.target == Target::Pdm;
        let mut lost: Vec<String> = Vec::new();
        if !uv.constraints.is_empty() {
            let texts = uv.constraints.iter().map(|it| &*it.requirement.text);
            let texts: Vec<&str> = texts.collect();
            lost.push(format!(
                "the constraints `{}` are left out",
                texts.join("`, `")
            ));
        }
        let overrides = self.overrides();
        if !overrides.is_empty() && !is_pdm {
            lost.push(format!(
                "the overrides `{}` are left out",
                overrides.join("`, `")
            ));
        }
        if self.allows_prereleases() && !is_pdm {
            lost.push("pre-releases are not admitted for all any more".to_owned());
        }
        if self.target != Target::Poetry {
            for (name, mode) in &uv.settings.prerelease_package {
                if *mode == PrereleaseMode::Allow {
                    lost.push(format!(
                        "pre-releases of `{name}` are not admitted any more"
                    ));
                }
            }
        }
        for links in &uv.settings.find_links {
            lost.push(format!(
                "the files at `{}` are not found any more",
                links.location
            ));
        }
        for (setting, selection) in [
            ("no-binary", &uv.settings.no_binary),
            ("only-binary", &uv.settings.no_build),
        ] {
            if selection.all || !selection.packages.is_empty() {
                lost.push(format!("`{setting}` is left out"));
            }
        }
        lost.into_iter().for_each(|loss| self.lose(loss));
    }
}
