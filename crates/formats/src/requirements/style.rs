//! What a command line of `pip-compile` or `uv pip compile` asks of the file.

use std::collections::BTreeSet;

use packaging::PackageName;

/// Whose file it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tool {
    /// `uv pip compile`
    Uv,
    /// `pip-compile`
    PipCompile,
}

/// How a file looks.
#[derive(Clone, Debug)]
pub(super) struct Style {
    pub(super) tool: Tool,
    pub(super) has_header: bool,
    pub(super) has_hashes: bool,
    pub(super) shows_extras: bool,
    pub(super) is_annotated: bool,
    /// Annotations stand behind the requirement.
    pub(super) is_one_line: bool,
    /// uv: each package's index stands in a comment.
    pub(super) names_indexes: bool,
    /// pip-compile: unsafe packages are pinned as well.
    pub(super) allows_unsafe: bool,
    pub(super) unsafe_packages: BTreeSet<String>,
    /// Option lines in front, in the tool's order.
    pub(super) options: Vec<String>,
    sources: Vec<String>,
}

/// Options of either tool that have a value.
const VALUED: &[&str] = &[
    "-P",
    "-c",
    "-f",
    "-i",
    "-o",
    "-p",
    "--annotation-style",
    "--build-constraints",
    "--build-deps-for",
    "--cache-dir",
    "--cert",
    "--client-cert",
    "--color",
    "--config",
    "--config-setting",
    "--constraint",
    "--constraints",
    "--custom-compile-command",
    "--default-index",
    "--directory",
    "--exclude-newer",
    "--extra",
    "--extra-index-url",
    "--find-links",
    "--fork-strategy",
    "--format",
    "--group",
    "--index",
    "--index-strategy",
    "--index-url",
    "--keyring-provider",
    "--link-mode",
    "--max-rounds",
    "--newline",
    "--no-binary",
    "--no-emit-package",
    "--only-binary",
    "--output-file",
    "--override",
    "--pip-args",
    "--prerelease",
    "--project",
    "--python",
    "--python-platform",
    "--python-version",
    "--resolution",
    "--resolver",
    "--torch-backend",
    "--trusted-host",
    "--unsafe-package",
    "--upgrade-package",
];

impl Style {
    pub(super) fn of(tool: Tool, command: &str) -> Self {
        let mut style = Self {
            tool,
            has_header: true,
            has_hashes: false,
            shows_extras: tool == Tool::PipCompile,
            is_annotated: true,
            is_one_line: false,
            names_indexes: false,
            allows_unsafe: false,
            unsafe_packages: BTreeSet::new(),
            options: Vec::new(),
            sources: Vec::new(),
        };
        // The tool's own words come first: `pip-compile`, `uv pip compile`.
        let own = if tool == Tool::Uv { 3 } else { 1 };
        let mut words = command.split_whitespace().skip(own);
        let mut lines = Lines::default();
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value)),
                _ => (word, None),
            };
            let value = match value {
                None if VALUED.contains(&name) => words.next(),
                value => value,
            };
            let value = value.map(|it| it.trim_matches(['\'', '"']));
            match name {
                "--output-file" | "-o" => {}
                _ if !name.starts_with('-') || name == "-" => style.sources.push(word.to_owned()),
                _ => style.option(name, value.unwrap_or_default(), &mut lines),
            }
        }
        style.options = lines.all(tool);
        style
    }

    fn option(&mut self, name: &str, value: &str, lines: &mut Lines) {
        match name {
            "--generate-hashes" => self.has_hashes = true,
            "--no-generate-hashes" => self.has_hashes = false,
            "--strip-extras" => self.shows_extras = false,
            "--no-strip-extras" => self.shows_extras = true,
            "--no-annotate" => self.is_annotated = false,
            "--no-header" => self.has_header = false,
            "--annotation-style" => self.is_one_line = value == "line",
            "--emit-index-annotation" => self.names_indexes = true,
            "--allow-unsafe" => self.allows_unsafe = true,
            "--unsafe-package" => {
                self.unsafe_packages.insert(value.to_owned());
            }
            "--index-url" | "-i" | "--default-index" => lines.index = Some(value.to_owned()),
            "--extra-index-url" | "--index" => lines.extra.push(value.to_owned()),
            "--find-links" | "-f" => lines.find_links.push(value.to_owned()),
            "--trusted-host" => lines.trusted.push(value.to_owned()),
            "--emit-index-url" => lines.emits_index = Some(true),
            "--no-emit-index-url" => lines.emits_index = Some(false),
            "--emit-find-links" => lines.emits_find_links = Some(true),
            "--no-emit-find-links" => lines.emits_find_links = Some(false),
            "--no-emit-trusted-host" => lines.emits_trusted = Some(false),
            "--no-emit-options" => {
                lines.emits_index = Some(false);
                lines.emits_find_links = Some(false);
                lines.emits_trusted = Some(false);
            }
            _ => {}
        }
    }

    /// How comments name the file that asks: `-r requirements.in`, `name (pyproject.toml)`.
    pub(super) fn label(&self, project: Option<&PackageName>) -> Option<String> {
        let source = self.sources.first()?;
        let file = source.rsplit('/').next().unwrap_or(source);
        let is_project = ["pyproject.toml", "setup.py", "setup.cfg"].contains(&file);
        match project {
            Some(project) if is_project => Some(format!("{project} ({source})")),
            _ if is_project => None,
            _ => Some(format!("-r {source}")),
        }
    }
}

/// The option lines that a command line asks for.
#[derive(Debug, Default)]
struct Lines {
    index: Option<String>,
    extra: Vec<String>,
    find_links: Vec<String>,
    trusted: Vec<String>,
    emits_index: Option<bool>,
    emits_find_links: Option<bool>,
    emits_trusted: Option<bool>,
}

impl Lines {
    /// pip-compile writes them unless it is told not to, uv where it is told to.
    fn all(self, tool: Tool) -> Vec<String> {
        let usual = tool == Tool::PipCompile;
        let mut all = Vec::new();
        if self.emits_index.unwrap_or(usual) {
            all.extend(self.index.map(|url| format!("--index-url {url}")));
            all.extend(
                self.extra
                    .iter()
                    .map(|url| format!("--extra-index-url {url}")),
            );
        }
        if self.emits_find_links.unwrap_or(usual) {
            all.extend(
                self.find_links
                    .iter()
                    .map(|place| format!("--find-links {place}")),
            );
        }
        if self.emits_trusted.unwrap_or(usual) {
            all.extend(
                self.trusted
                    .iter()
                    .map(|host| format!("--trusted-host {host}")),
            );
        }
        all
    }
}
