//! What is said of conflicts: each page in `conflicts/` is a small universe, a project, and the
//! explanation expected, with the ways out. `BLESS=1` writes what is said now.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pages;

use lockwright::{Failure, LockOptions, LockRequest, lock};

use pages::{Closed, INDEX, Page, pages, run, universe};

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

#[test]
fn conflicts_are_explained() {
    let mut wrong = Vec::new();
    let pages = pages("conflicts");
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
        let problem = failure.problem(&request.sources());
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
