//! What is said of conflicts: each page in `conflicts/` is a small universe, a project, and the
//! explanation expected, with the ways out. `BLESS=1` writes what is said now.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use index::{Absence, Answer, Metadata, Query, simple_json};
use lockwright::recorded::Recorded;
use lockwright::{Failure, LockOptions, LockRequest, Source, SourceError, lock};
use packaging::{IndexUrl, PackageName, Version};

const INDEX: &str = "https://index.example/simple";

/// A page: prose, and blocks by what they are.
struct Page {
    text: String,
}

impl Page {
    fn block(&self, kind: &str) -> Option<&str> {
        let start = self.text.find(&format!("```{kind}\n"))? + kind.len() + 4;
        let end = start + self.text[start..].find("\n```")?;
        Some(&self.text[start..end])
    }

    fn blocks(&self, kind: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut rest = self.text.as_str();
        while let Some(at) = rest.find(&format!("```{kind} ")) {
            rest = &rest[at + kind.len() + 4..];
            let (name, after) = rest.split_once('\n').unwrap();
            let (text, after) = after.split_once("\n```").unwrap();
            found.push((name.to_owned(), text.to_owned()));
            rest = after;
        }
        found
    }

    fn with_block(&self, kind: &str, text: &str) -> String {
        match self.block(kind) {
            Some(old) => {
                let old = format!("```{kind}\n{old}\n```");
                self.text
                    .replacen(&old, &format!("```{kind}\n{text}\n```"), 1)
            }
            None => format!(
                "{}\n```{kind}\n{text}\n```\n",
                self.text.trim_end_matches('\n')
            ),
        }
    }
}

/// One release of a universe.
#[derive(Default)]
struct Release {
    metadata: String,
    requires_python: Option<String>,
    yanked: Option<String>,
    uploaded: Option<String>,
    wheels: Vec<String>,
}

/// A universe is one release after the other, what it says indented below it.
fn universe(text: &str) -> Recorded {
    let mut releases: BTreeMap<String, BTreeMap<String, Release>> = BTreeMap::new();
    let mut current: Option<(&str, &str)> = None;
    for line in text.lines() {
        if !line.starts_with(' ') {
            let (name, version) = line.split_once(' ').unwrap();
            let known = releases.entry(name.to_owned()).or_default();
            known.entry(version.to_owned()).or_default();
            current = Some((name, version));
            continue;
        }
        let (name, version) = current.unwrap();
        let release = releases.get_mut(name).unwrap().get_mut(version).unwrap();
        let (word, value) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        match word {
            "requires" => writeln!(release.metadata, "Requires-Dist: {value}").unwrap(),
            "extra" => writeln!(release.metadata, "Provides-Extra: {value}").unwrap(),
            "python" => release.requires_python = Some(value.to_owned()),
            "yanked" => release.yanked = Some(value.to_owned()),
            "uploaded" => release.uploaded = Some(value.to_owned()),
            "wheel" => release.wheels.push(value.to_owned()),
            other => panic!("what is `{other}`?"),
        }
    }
    let mut source = Recorded::new();
    for (name, releases) in &releases {
        let name = PackageName::new(name).unwrap();
        let mut files = Vec::new();
        for (version, release) in releases {
            files.extend(files_of(&name, version, release, &mut source));
        }
        let page = serde_json::json!({ "meta": { "api-version": "1.1" }, "files": files });
        let page = simple_json::read(page.to_string().as_bytes(), INDEX, &name).unwrap();
        let answer = Answer::Project(Arc::new(page));
        source.project(&IndexUrl::new(INDEX), &name, answer);
    }
    source
}

fn files_of(
    name: &PackageName,
    version: &str,
    release: &Release,
    source: &mut Recorded,
) -> Vec<serde_json::Value> {
    let usual = ["py3-none-any".to_owned()];
    let tags = match release.wheels.as_slice() {
        [] => &usual[..],
        tags => tags,
    };
    let file = |tag: &String| {
        let file = format!("{name}-{version}-{tag}.whl");
        let url = format!("https://files.example/{file}");
        let mut entry = serde_json::json!({
            "filename": file, "url": url, "hashes": { "sha256": "0".repeat(64) },
            "core-metadata": true,
            "upload-time": release.uploaded.as_deref().unwrap_or("2024-01-01T00:00:00Z"),
        });
        let mut text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        if let Some(python) = &release.requires_python {
            entry["requires-python"] = python.as_str().into();
            writeln!(text, "Requires-Python: {python}").unwrap();
        }
        if let Some(reason) = &release.yanked {
            entry["yanked"] = reason.as_str().into();
            if reason.is_empty() {
                entry["yanked"] = true.into();
            }
        }
        text.push_str(&release.metadata);
        let metadata = Metadata::read(&text, name, &version.parse::<Version>().unwrap()).unwrap();
        source.metadata(&url, Answer::Metadata(Arc::new(metadata)));
        entry
    };
    tags.iter().map(file).collect()
}

/// The universe as an index: what is not in it, it does not have.
struct Closed(Recorded);

impl Source for Closed {
    fn ask<'a>(
        &'a self,
        queries: Vec<Query>,
    ) -> futures_util::stream::LocalBoxStream<'a, Result<(Query, Answer), SourceError>> {
        use futures_util::StreamExt as _;
        let answers = queries.into_iter().map(|query| {
            let missing = match &query {
                Query::Project { .. } => Answer::Absent(Absence::NotFound),
                _ => Answer::Absent(Absence::Mismatched),
            };
            self.0
                .ask(vec![query.clone()])
                .map(move |answer| match answer {
                    Ok(answer) => Ok(answer),
                    Err(_) => Ok((query.clone(), missing.clone())),
                })
        });
        futures_util::stream::iter(answers.collect::<Vec<_>>())
            .flatten()
            .boxed_local()
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

fn request(page: &Page) -> LockRequest {
    LockRequest {
        pyproject: page.block("pyproject").unwrap().to_owned() + "\n",
        files: page.blocks("file").into_iter().collect(),
        options: LockOptions {
            public_index: Some(INDEX.to_owned()),
            ..LockOptions::default()
        },
        ..LockRequest::default()
    }
}

/// What is said: the explanation, the places, and help.
fn said(request: &LockRequest, failure: &Failure) -> (String, String, String) {
    let diagnostic = &failure.diagnostics[0];
    let sources = request.sources();
    let places = diagnostic.labels.iter().map(|label| {
        let text = sources.text(&label.file).unwrap();
        let line = text[..label.span.start].matches('\n').count() + 1;
        let text = &text[label.span.clone()];
        format!("{}:{line} {text}", label.file)
    });
    (
        diagnostic.title.clone(),
        places.collect::<Vec<_>>().join("\n"),
        diagnostic.help.join("\n"),
    )
}

/// Applies a way out to a request, as the problem document describes it.
fn changed(request: &LockRequest, way: &serde_json::Value) -> LockRequest {
    let mut changed = request.clone();
    let mut edits: Vec<&serde_json::Value> = way["edits"].as_array().unwrap().iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit["span"]["start"].as_u64()));
    for edit in edits {
        let at = |end: &str| usize::try_from(edit["span"][end].as_u64().unwrap()).unwrap();
        let text = match edit["file"].as_str().unwrap() {
            "pyproject.toml" => &mut changed.pyproject,
            file => changed.files.get_mut(file).unwrap(),
        };
        text.replace_range(
            at("start")..at("end"),
            edit["replacement"].as_str().unwrap(),
        );
    }
    changed
}

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conflicts");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut pages: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    pages
}

#[test]
fn conflicts_are_explained() {
    let mut wrong = Vec::new();
    let pages = pages();
    assert!(pages.len() >= 12);
    for path in pages {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let page = Page { text };
        let source = Closed(universe(page.block("universe").unwrap()));
        let request = request(&page);
        let failure = match run(lock(&request, &source, &mut |_| {})) {
            Ok(_) => panic!("{name}: there is a solution"),
            Err(failure) => failure,
        };
        let problem = failure.problem(&request);
        let ways = problem.more.get("ways_out").and_then(|it| it.as_array());
        for way in ways.into_iter().flatten() {
            let changed = changed(&request, way);
            let outcome = run(lock(&changed, &source, &mut |_| {}));
            assert!(outcome.is_ok(), "{name}: {way} does not resolve");
        }
        let (explanation, places, help) = said(&request, &failure);
        let mut told = Page {
            text: page.with_block("explanation", &explanation),
        };
        for (kind, text) in [("places", &places), ("help", &help)] {
            if !text.is_empty() || told.block(kind).is_some() {
                told.text = told.with_block(kind, text);
            }
        }
        if told.text == page.text {
            continue;
        }
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &told.text).unwrap();
        } else {
            wrong.push(format!("{name}:\n{explanation}\n\n{places}\n\n{help}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}
