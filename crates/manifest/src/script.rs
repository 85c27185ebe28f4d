//! Requirements inside a script.
//!
//! <https://packaging.python.org/en/latest/specifications/inline-script-metadata/>

use std::ops::Range;

use diagnostic::{Diagnose, Diagnostic, Span};
use packaging::SourcedRequirement;
use toml::de::DeTable;

use crate::declared::{DeclaredPython, DeclaredRequirement};
use crate::document::Reader;
use crate::lower::{LowerError, LoweredRequirement, Part};
use crate::workspace::Batch;
use crate::{Manifest, finish, manifest};

/// What a script's block says beside its `[tool]` table.
#[derive(Clone, Debug, Default)]
pub struct ScriptTable {
    /// The Pythons it runs on.
    pub requires_python: Option<DeclaredPython>,
    /// What it needs.
    pub dependencies: Vec<DeclaredRequirement>,
}

/// What can be wrong with a script's block beyond what can be wrong with a manifest.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ScriptError {
    /// No block at all.
    #[error("expected a `# /// script` block that says what the script needs, found none")]
    None,
    /// A setting of `[tool.uv]` that only projects have.
    #[error("`{key}` is a setting of projects, not of scripts")]
    ProjectSetting {
        /// The setting.
        key: String,
        /// Where it stands.
        span: Span,
    },
    /// A second block.
    #[error("expected one `# /// script` block, found several")]
    Several {
        /// The second one.
        span: Span,
        /// The first one.
        first: Span,
    },
}

impl Diagnose for ScriptError {
    fn diagnose(&self) -> Diagnostic {
        match self {
            Self::None => Diagnostic::error("manifest/no-script", self)
                .help("begin the file with it:\n# /// script\n# requires-python = \">=3.12\"\n# dependencies = []\n# ///"),
            Self::ProjectSetting { span, .. } => Diagnostic::error("manifest/unknown-setting", self)
                .label(span.clone(), "")
                .help("remove it: uv refuses to read the script"),
            Self::Several { span, first } => Diagnostic::error("manifest/several-scripts", self)
                .label(span.clone(), "the second one")
                .label(first.clone(), "the first one")
                .help("merge the blocks"),
        }
    }
}

/// Reads the block of a script; `None` when it has none.
#[must_use]
pub fn read(text: &str, file: &str) -> Option<(Option<Manifest>, Vec<Diagnostic>)> {
    let blocks = blocks(text);
    let (block, others) = blocks.split_first()?;
    let masked = masked(text, block);
    let mut reader = Reader::new(&masked);
    for other in others {
        let (span, first) = (other.opening.clone(), block.opening.clone());
        reader.note(&ScriptError::Several { span, first });
    }
    let read = reader.document().map(|document| {
        let document = document.get_ref();
        note_project_settings(&mut reader, document);
        let mut table = ScriptTable::default();
        if let Some(node) = document.get("requires-python") {
            table.requires_python = reader.python(node, "requires-python");
        }
        if let Some(node) = document.get("dependencies") {
            table.dependencies = reader.requirements(node, "dependencies");
        }
        let content = block.content(text);
        Manifest {
            script: Some(table),
            text: text.into(),
            ..manifest(&mut reader, document, &content, file)
        }
    });
    Some(finish(reader, read, file))
}

/// What uv 0.13.8 knows in `[tool.uv]` of projects, and not of scripts.
const PROJECT_SETTINGS: &[&str] = &[
    "environments",
    "required-environments",
    "minimum-libc-version",
    "conflicts",
    "workspace",
    "managed",
    "package",
    "default-groups",
    "dependency-groups",
    "dev-dependencies",
    "build-backend",
    "cache-keys",
    "pip",
];

fn note_project_settings(reader: &mut Reader<'_>, document: &DeTable<'_>) {
    let tool = document.get("tool").and_then(|it| it.get_ref().as_table());
    let uv = tool.and_then(|it| it.get("uv")?.get_ref().as_table());
    let Some(uv) = uv else { return };
    for key in uv.keys() {
        if PROJECT_SETTINGS.contains(&&**key.get_ref()) {
            let (key, span) = (key.get_ref().to_string(), key.span());
            reader.note(&ScriptError::ProjectSetting { key, span });
        }
    }
}

/// What a script asks for, with sources.
///
/// # Errors
///
/// Every mistake found.
pub fn lowered(script: &Manifest) -> Result<Vec<LoweredRequirement>, Vec<Diagnostic>> {
    let mut lowering = Batch::new(None, script, ".", None);
    if let Some(table) = &script.script {
        lowering.lower(&table.dependencies, &Part::Base);
    }
    lowering.finish()
}

/// Lowers bounds and replacements that a script's `[tool.uv]` declares.
///
/// # Errors
///
/// The first mistake.
pub fn lower(
    script: &Manifest,
    requirement: &DeclaredRequirement,
) -> Result<Vec<SourcedRequirement>, LowerError> {
    crate::lower::lower(
        requirement,
        &Part::Base,
        &Batch::new(None, script, ".", None).context,
    )
}

/// A block: its opening line and the lines of its content, as bytes of the script.
struct Block {
    opening: Span,
    lines: Vec<Range<usize>>,
}

impl Block {
    /// The document, without `#`.
    fn content(&self, text: &str) -> String {
        let lines = self.lines.iter().map(|line| {
            let line = &text[line.clone()];
            line.strip_prefix("# ")
                .or(line.strip_prefix('#'))
                .unwrap_or(line)
        });
        lines.flat_map(|line| [line, "\n"]).collect()
    }
}

/// The closed `script` blocks of a text.
fn blocks(text: &str) -> Vec<Block> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        let end = start + line.strip_suffix('\r').unwrap_or(line).len();
        lines.push(start..end);
        start += line.len() + 1;
    }
    let is_comment = |line: &&Range<usize>| {
        let line = &text[(*line).clone()];
        line == "#" || line.starts_with("# ")
    };
    let mut blocks = Vec::new();
    let mut rest = &lines[..];
    while let [opening, after @ ..] = rest {
        rest = after;
        if &text[opening.clone()] != "# /// script" {
            continue;
        }
        let count = after.iter().take_while(is_comment).count();
        let closing = after[..count]
            .iter()
            .rposition(|line| &text[line.clone()] == "# ///");
        if let Some(closing) = closing {
            let lines = after[..closing].to_vec();
            blocks.push(Block {
                opening: opening.clone(),
                lines,
            });
            rest = &after[closing + 1..];
        }
    }
    blocks
}

/// The block's document at the very bytes where it stands in the script: all else is blank.
fn masked(text: &str, block: &Block) -> String {
    let mut masked: Vec<u8> = text
        .bytes()
        .map(|byte| if byte == b'\n' { b'\n' } else { b' ' })
        .collect();
    for line in &block.lines {
        // The `#` stays blank; what follows is the document, still whole characters.
        let content = (line.start + 1).min(line.end)..line.end;
        masked[content.clone()].copy_from_slice(&text.as_bytes()[content]);
    }
    String::from_utf8(masked).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_at_its_own_bytes() {
        let text = "#!/usr/bin/env ä\n# /// script\n# requires-python = \">=3.11\"\n#\n# dependencies = [\n#   \"requests<3\",\n# ]\n# ///\nimport x\n";
        let (manifest, found) = read(text, "s.py").unwrap();
        assert!(found.is_empty(), "{found:?}");
        let manifest = manifest.unwrap();
        let table = manifest.script.as_ref().unwrap();
        assert_eq!(&text[table.dependencies[0].span.clone()], "\"requests<3\"");
        assert_eq!(table.requires_python.as_ref().unwrap().text, ">=3.11");
        assert!(manifest.raw.contains_key("dependencies"));
        assert_eq!(lowered(&manifest).unwrap().len(), 1);
    }

    #[test]
    fn only_closed_script_blocks_count() {
        assert!(read("# /// script\n# dependencies = []\n", "s.py").is_none());
        assert!(read("# /// other\n# x = 1\n# ///\n", "s.py").is_none());
        assert!(read("", "s.py").is_none());
        let twice = "# /// script\n# ///\n\n# /// script\r\n# ///\r\n";
        let (manifest, found) = read(twice, "s.py").unwrap();
        assert!(manifest.is_none());
        assert_eq!(found[0].code, "manifest/several-scripts");
    }

    #[test]
    fn the_last_closing_line_closes() {
        let text = "# /// script\n# a = '''\n# ///\n# '''\n# ///\n";
        let (manifest, found) = read(text, "s.py").unwrap();
        assert!(found.is_empty(), "{found:?}");
        assert!(manifest.unwrap().raw.contains_key("a"));
    }
}
