//! Which versions are chosen for a `pdm.lock`: each page in `pdm/` is a small universe, a project,
//! and the versions pdm 2.29.3 takes. `BLESS=1` writes those that are taken now.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pages;

use lockwright::{LockOptions, LockRequest, lock};

use pages::{Closed, INDEX, Page, pages, run, universe};

/// `name version` of each package, or the code of what is wrong.
fn chosen(page: &Page) -> String {
    let source = Closed(universe(page.block("universe").unwrap()));
    let request = LockRequest {
        pyproject: page.block("pyproject").unwrap().to_owned() + "\n",
        formats: vec!["pdm".to_owned()],
        options: LockOptions {
            public_index: Some(INDEX.to_owned()),
            ..LockOptions::default()
        },
        lock: page.block("lock").map(|text| text.to_owned() + "\n"),
        ..LockRequest::default()
    };
    let reply = match run(lock(&request, &source, &mut |_| {})) {
        Ok(reply) => reply,
        Err(failure) => return failure.diagnostics[0].code.to_string(),
    };
    let values = reply.locks["pdm"].text.lines().filter_map(|line| {
        let (key, value) = line.split_once(" = \"")?;
        Some((key, value.strip_suffix('"')?))
    });
    let (mut lines, mut name) = (Vec::new(), "");
    for (key, value) in values {
        match key {
            "name" => name = value,
            "version" => lines.push(format!("{name} {value}")),
            _ => {}
        }
    }
    lines.join("\n")
}

#[test]
fn versions_are_those_of_pdm() {
    let mut wrong = Vec::new();
    let pages = pages("pdm");
    assert!(pages.len() >= 5);
    for path in pages {
        let text = std::fs::read_to_string(&path).unwrap();
        let page = Page { text };
        let chosen = chosen(&page);
        let told = page.with_block("versions", &chosen);
        if told == page.text {
            continue;
        }
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &told).unwrap();
        } else {
            wrong.push(format!("{}:\n{chosen}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}
