//! What poetry would choose: each page in `poetry/` is a small universe, a project, and what is locked
//! in the manner of poetry 2.5.1. `BLESS=1` writes what is locked now.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pages;

use lockwright::{LockOptions, LockRequest, lock};

use pages::{Closed, INDEX, Page, pages, run, universe};

/// A line for each package: name, version, and when it is needed.
fn locked(page: &Page) -> String {
    let source = Closed(universe(page.block("universe").unwrap()));
    let request = LockRequest {
        pyproject: page.block("pyproject").unwrap().to_owned() + "\n",
        formats: vec!["poetry".to_owned()],
        lock: page.block("before").map(|lock| lock.to_owned() + "\n"),
        options: LockOptions {
            public_index: Some(INDEX.to_owned()),
            relax: Some(false),
            ..LockOptions::default()
        },
        ..LockRequest::default()
    };
    let reply = match run(lock(&request, &source, &mut |_| {})) {
        Ok(reply) => reply,
        Err(failure) => return failure.diagnostics[0].title.clone(),
    };
    let lines = reply.packages.iter().map(|package| {
        let version = package.version.as_deref().unwrap_or_default();
        match &package.marker {
            Some(marker) => format!("{} {version} ; {marker}", package.name),
            None => format!("{} {version}", package.name),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn versions_are_those_that_poetry_chooses() {
    let mut wrong = Vec::new();
    let pages = pages("poetry");
    assert!(pages.len() >= 6);
    for path in pages {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let page = Page {
            text: std::fs::read_to_string(&path).unwrap(),
        };
        let got = locked(&page);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, page.with_block("locked", &got)).unwrap();
        } else if page.block("locked") != Some(got.as_str()) {
            wrong.push(format!("{name}:\n{got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
