//! Pages of tests: prose, and a small universe with what is asked of it.

#![allow(
    dead_code,
    reason = "not every test that reads pages needs all of this"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use index::{Absence, Answer, Metadata, Query, simple_json};
use lockwright::recorded::Recorded;
use lockwright::{Source, SourceError};
use packaging::{IndexUrl, PackageName, Version};

/// The only index.
pub(crate) const INDEX: &str = "https://index.example/simple";

/// A page: prose, and blocks by what they are.
pub(crate) struct Page {
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn block(&self, kind: &str) -> Option<&str> {
        let start = self.text.find(&format!("```{kind}\n"))? + kind.len() + 4;
        let end = start + self.text[start..].find("\n```")?;
        Some(&self.text[start..end])
    }

    pub(crate) fn blocks(&self, kind: &str) -> Vec<(String, String)> {
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

    pub(crate) fn with_block(&self, kind: &str, text: &str) -> String {
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
pub(crate) fn universe(text: &str) -> Recorded {
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
pub(crate) struct Closed(pub(crate) Recorded);

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

/// Waits for what never waits.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// The pages of a folder beside the tests, in order.
pub(crate) fn pages(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder);
    let entries = std::fs::read_dir(folder).unwrap();
    let mut pages: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    pages
}
