//! What becomes of a lock: each page in `relock/` is a small universe, a project, the project as it
//! was when it was locked, and what uv 0.13.8 changes of that lock. `BLESS=1` writes what changes now.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pages;

use lockwright::{LockOptions, LockRequest, lock};

use pages::{Closed, INDEX, Page, pages, run, universe};

fn locked(page: &Page, project: &str, existing: Option<String>) -> String {
    let source = Closed(universe(page.block("universe").unwrap()));
    let upgrade = existing.as_ref().and_then(|_| page.block("upgrade"));
    let upgrade_package = upgrade.into_iter().flat_map(str::lines);
    let request = LockRequest {
        pyproject: page.block(project).unwrap().to_owned() + "\n",
        options: LockOptions {
            public_index: Some(INDEX.to_owned()),
            upgrade_package: upgrade_package.map(str::to_owned).collect(),
            ..LockOptions::default()
        },
        lock: existing,
        ..LockRequest::default()
    };
    match run(lock(&request, &source, &mut |_| {})) {
        Ok(reply) => reply.locks["uv"].text.clone(),
        Err(failure) => panic!("{:?}", failure.diagnostics),
    }
}

/// The lines that differ, by the longest common subsequence.
fn changes(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(format!("- {}", old[i]));
            i += 1;
        } else {
            lines.push(format!("+ {}", new[j]));
            j += 1;
        }
    }
    if lines.is_empty() {
        return "nothing".to_owned();
    }
    lines.join("\n")
}

#[test]
fn locks_change_as_little_as_those_of_uv() {
    let mut wrong = Vec::new();
    let pages = pages("relock");
    assert!(pages.len() >= 12);
    for path in pages {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let page = Page { text };
        let mut old = locked(&page, "before", None);
        if let Some(line) = page.block("edit") {
            let (from, to) = line.split_once(" -> ").unwrap();
            assert!(old.contains(from), "{name}: `{from}` is not in the lock");
            old = old.replacen(from, to, 1);
        }
        let changed = changes(&old, &locked(&page, "after", Some(old.clone())));
        let told = page.with_block("changes", &changed);
        if told == page.text {
            continue;
        }
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &told).unwrap();
        } else {
            wrong.push(format!("{name}:\n{changed}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}
