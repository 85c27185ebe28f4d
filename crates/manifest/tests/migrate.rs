//! Every folder of `migrations` is a project; its `expected` holds what it is rewritten to for each
//! target, with what the target cannot say. Whatever the words, the meaning stays, and what was
//! rewritten once is not changed again.
//!
//! `BLESS=1 cargo test -p lockwright-manifest --test migrate` writes the files anew.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be read is a failed test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use lockwright_manifest::migrate::{Metadata, Origin, Rewritten, Target, Words, rewrite};
use lockwright_manifest::{Manifest, Part, Workspace, foreign};
use packaging::{RequirementSource, SourcedRequirement, version};

const PYPROJECT: &str = "pyproject.toml";

/// The files of a project.
type Files = BTreeMap<String, String>;

fn collect(folder: &Path, base: &Path, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(base).unwrap().to_str().unwrap();
        let name = name.replace('\\', "/");
        if path.is_dir() && name != "expected" {
            collect(&path, base, files);
        } else if path.is_file() {
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

/// A project as it is read before it is rewritten.
struct Before {
    manifest: Manifest,
    words: Words,
    pyproject: String,
    groups: Vec<(String, Manifest)>,
    workspace: Workspace,
}

impl Before {
    fn read(files: &Files) -> Self {
        let foreign = ["Pipfile", "requirements.in"];
        let foreign = foreign.into_iter().find(|it| files.contains_key(*it));
        if let Some(name) = foreign {
            let read = |name: &str| foreign::read(&files[name], name, files).0.unwrap();
            let dev = "requirements-dev.in";
            let groups = files
                .contains_key(dev)
                .then(|| ("dev".to_owned(), read(dev)));
            let workspace = Workspace::around_root(read(name), files).0.unwrap();
            return Self {
                manifest: read(name),
                words: Words::Foreign,
                pyproject: String::new(),
                groups: groups.into_iter().collect(),
                workspace,
            };
        }
        let pyproject = files[PYPROJECT].clone();
        let words = Words::of(&pyproject);
        let (manifest, found) = words.read(&pyproject, PYPROJECT);
        assert!(manifest.is_some(), "{found:?}");
        let read = Workspace::from_files_as(files, ".", words.dialect());
        Self {
            manifest: manifest.unwrap(),
            words,
            pyproject,
            groups: Vec::new(),
            workspace: read.0.unwrap(),
        }
    }

    fn rewritten(&self, target: Target) -> Rewritten {
        let origin = Origin {
            manifest: &self.manifest,
            words: self.words,
            pyproject: &self.pyproject,
            metadata: &Metadata::default(),
            groups: &self.groups,
            folder: "folder",
            layout: None,
            python: None,
            public_index: "https://public.example/simple",
        };
        rewrite(&origin, target).unwrap()
    }
}

fn source(requirement: &SourcedRequirement) -> String {
    match &requirement.source {
        RequirementSource::Registry { index, .. } => {
            let index = index
                .as_ref()
                .map(|it| it.as_str().trim_end_matches('/').to_owned());
            format!("index {index:?}")
        }
        RequirementSource::Git {
            url,
            reference,
            subdirectory,
            ..
        } => format!("git {url} {reference:?} {subdirectory:?}"),
        RequirementSource::Directory { path, editable, .. } => format!("folder {path} {editable}"),
        other => format!("{other:?}"),
    }
}

/// What a requirement means; where it comes from only if the target says that everywhere.
fn meaning(part: &Part, requirement: &SourcedRequirement, with_source: bool) -> String {
    let mut range = match &requirement.source {
        RequirementSource::Registry { specifiers, .. } => version::release_range(specifiers),
        _ => packaging::VersionRange::full(),
    };
    for alternative in &requirement.alternatives {
        range = range.union(&version::release_range(alternative));
    }
    let mut extras: Vec<&str> = requirement.extras.iter().map(|it| it.as_str()).collect();
    extras.sort_unstable();
    let source = if with_source {
        source(requirement)
    } else {
        String::new()
    };
    let range = if with_source {
        range.to_string()
    } else {
        String::new()
    };
    let name = &requirement.name;
    let marker = requirement.marker;
    format!("{part:?} {name} {extras:?} {range} ; {marker} {source}")
}

fn meanings(workspace: &Workspace, with_source: bool) -> BTreeSet<String> {
    let mut lowered = workspace.lowered_root().unwrap();
    for member in &workspace.members {
        lowered.extend(workspace.lowered(member).unwrap());
    }
    let told = lowered
        .iter()
        .map(|it| meaning(&it.part, &it.requirement, with_source));
    told.collect()
}

#[test]
fn migrations() {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/migrations");
    let mut folders: Vec<_> = fs::read_dir(&base)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let mut failed = Vec::new();
    for folder in folders {
        let mut files = Files::new();
        collect(&folder, &folder, &mut files);
        let before = Before::read(&files);
        for (name, target) in Target::ALL {
            let case = format!("{} to {name}", folder.file_name().unwrap().display());
            let rewritten = before.rewritten(target);
            let mut told = rewritten.pyproject.clone();
            for loss in &rewritten.losses {
                let _ = writeln!(told, "# lost: {loss}");
            }
            let expected = folder.join(format!("expected/{name}.toml"));
            if std::env::var_os("BLESS").is_some() {
                fs::create_dir_all(expected.parent().unwrap()).unwrap();
                fs::write(&expected, &told).unwrap();
            }
            if fs::read_to_string(&expected).unwrap_or_default() != told {
                failed.push(format!("{case}:\n{told}"));
            }
            failed.extend(means_the_same(&case, &before, &files, &rewritten, target));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What differs in meaning after a migration, and after a second one.
fn means_the_same(
    case: &str,
    before: &Before,
    files: &Files,
    rewritten: &Rewritten,
    target: Target,
) -> Vec<String> {
    let mut failed = Vec::new();
    let mut files = files.clone();
    files.retain(|name, _| name == PYPROJECT || name.ends_with("/pyproject.toml"));
    files.insert(PYPROJECT.to_owned(), rewritten.pyproject.clone());
    let words = match target {
        Target::Poetry => Words::Poetry,
        Target::Pdm => Words::Pdm,
        Target::Uv => Words::Uv,
        Target::Pep621 => Words::Pep621,
    };
    let (after, found) = Workspace::from_files_as(&files, ".", words.dialect());
    let Some(after) = after else {
        return vec![format!("{case}: cannot be read: {found:?}")];
    };
    let with_source = target == Target::Uv && before.words != Words::Pdm;
    let (old, new) = (
        meanings(&before.workspace, with_source),
        meanings(&after, with_source),
    );
    // Groups of further manifests, and tables that the reader of the old words leaves aside.
    let is_known = |it: &&String| !it.starts_with("Group") || before.words != Words::Foreign;
    // What is told as a loss may differ.
    let is_told = |it: &&String| {
        let name = it.split(' ').nth(1).unwrap_or_default();
        let name = format!("`{name}`");
        !rewritten.losses.iter().any(|loss| loss.contains(&name))
    };
    for gone in old.difference(&new).filter(is_known).filter(is_told) {
        failed.push(format!("{case}: gone: {gone}"));
    }
    let is_known = |it: &&String| is_known(it) && before.words != Words::Pdm;
    for more in new.difference(&old).filter(is_known).filter(is_told) {
        failed.push(format!("{case}: new: {more}"));
    }
    let words = Words::of(&rewritten.pyproject);
    let manifest = words.read(&rewritten.pyproject, PYPROJECT).0.unwrap();
    let again = Before {
        manifest,
        words,
        pyproject: rewritten.pyproject.clone(),
        groups: Vec::new(),
        workspace: after,
    };
    let again = again.rewritten(target);
    if again.pyproject != rewritten.pyproject {
        failed.push(format!("{case}: a second time:\n{}", again.pyproject));
    }
    failed
}

#[test]
fn line_ends_and_the_byte_order_mark_stay() {
    let text = "\u{feff}# top\r\n[tool.poetry]\r\nname = \"x\"\r\nversion = \"1\"\r\n\r\n[tool.poetry.dependencies]\r\nsix = \"*\" # c\r\n";
    let files = Files::from([(PYPROJECT.to_owned(), text.to_owned())]);
    let rewritten = Before::read(&files).rewritten(Target::Uv);
    let expected = "\u{feff}# top\r\n[project]\r\nname = \"x\"\r\nversion = \"1\"\r\ndependencies = [\r\n    \"six\", # c\r\n]\r\n";
    assert!(
        rewritten.pyproject.starts_with(expected),
        "{:?}",
        rewritten.pyproject
    );
    assert_eq!(
        rewritten.pyproject.matches('\n').count(),
        rewritten.pyproject.matches("\r\n").count()
    );
}

#[test]
fn nothing_asked_is_an_error() {
    let manifest = lockwright_manifest::read("# nothing\n", PYPROJECT)
        .0
        .unwrap();
    let origin = Origin {
        manifest: &manifest,
        words: Words::Pep621,
        pyproject: "# nothing\n",
        metadata: &Metadata::default(),
        groups: &[],
        folder: "folder",
        layout: None,
        python: None,
        public_index: "https://public.example/simple",
    };
    let found = rewrite(&origin, Target::Uv).unwrap_err();
    assert_eq!(found[0].code, "manifest/nothing-asked");
}
