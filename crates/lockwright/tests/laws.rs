//! Laws of locking, over small invented universes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use index::{Absence, Answer, Metadata, simple_json};
use lockwright::recorded::{Order, Recorded};
use lockwright::{Failure, LockOptions, LockReply, LockRequest, lock};
use packaging::{IndexUrl, PackageName, Version};

const INDEX: &str = "https://index.example/simple";
const MARKERS: [&str; 6] = [
    "",
    "",
    " ; sys_platform == 'linux'",
    " ; sys_platform == 'win32'",
    " ; python_version < '3.13'",
    " ; python_version >= '3.13'",
];

/// A small generator of numbers; the same seed gives the same universe.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

/// An index of a few projects that require each other, and a project that requires some of them.
struct Universe {
    source: Recorded,
    pyproject: String,
}

fn universe(seed: u64, order: Order) -> Universe {
    let mut dice = Dice(seed);
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let mut source = Recorded::new().in_order(order);
    for name in names {
        let versions: Vec<String> = (0..=dice.below(3))
            .map(|at| format!("{}.0", at + 1))
            .collect();
        let mut files = Vec::new();
        for version in &versions {
            let file = format!("{name}-{version}-py3-none-any.whl");
            let url = format!("https://files.example/{file}");
            files.push(format!(
                r#"{{"filename":"{file}","url":"{url}","hashes":{{"sha256":"{}"}},"core-metadata":true}}"#,
                "0".repeat(64)
            ));
            source.metadata(&url, metadata(name, version, &names, &mut dice));
        }
        let name = PackageName::new(name).unwrap();
        let page = format!(
            r#"{{"meta":{{"api-version":"1.0"}},"files":[{}]}}"#,
            files.join(",")
        );
        let page = simple_json::read(page.as_bytes(), INDEX, &name).unwrap();
        source.project(
            &IndexUrl::new(INDEX),
            &name,
            Answer::Project(Arc::new(page)),
        );
    }
    let wishes: Vec<String> = (0..=dice.below(3))
        .map(|_| format!("{:?}", requirement(&names, &mut dice)))
        .collect();
    Universe {
        source,
        pyproject: format!(
            "[project]\nname = \"project\"\nversion = \"1\"\nrequires-python = \">=3.12\"\ndependencies = [{}]\n",
            wishes.join(", ")
        ),
    }
}

fn requirement(names: &[&str], dice: &mut Dice) -> String {
    let specifier = dice.pick(&["", "", ">=2", "<2", "<3", "!=2.0", "==1.0"]);
    format!("{}{specifier}{}", dice.pick(names), dice.pick(&MARKERS))
}

fn metadata(name: &str, version: &str, names: &[&str], dice: &mut Dice) -> Answer {
    let python = dice.pick(&["", "", "", "Requires-Python: >=3.13\n"]);
    let mut text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{python}");
    for _ in 0..dice.below(3) {
        let wish = requirement(names, dice);
        if !wish.starts_with(name) {
            let _ = writeln!(text, "Requires-Dist: {wish}");
        }
    }
    let (name, version) = (
        PackageName::new(name).unwrap(),
        version.parse::<Version>().unwrap(),
    );
    Answer::Metadata(Arc::new(Metadata::read(&text, &name, &version).unwrap()))
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

fn request(universe: &Universe, existing: Option<String>) -> LockRequest {
    LockRequest {
        pyproject: universe.pyproject.clone(),
        lock: existing,
        options: LockOptions {
            public_index: Some(INDEX.to_owned()),
            relax: Some(false),
            ..LockOptions::default()
        },
        ..LockRequest::default()
    }
}

fn lock_in(universe: &Universe, existing: Option<String>) -> Result<LockReply, Failure> {
    let request = request(universe, existing);
    run(lock(&request, &universe.source, &mut |_| {}))
}

fn text(result: &Result<LockReply, Failure>) -> String {
    match result {
        Ok(reply) => reply.locks["uv"].text.clone(),
        Err(failure) => format!("{:?} {}", failure.kind, failure.diagnostics[0].title),
    }
}

#[test]
fn answers_commute() {
    let mut solved = 0;
    for seed in 0..300 {
        let asked = lock_in(&universe(seed, Order::AsAsked), None);
        for order in [
            Order::Reversed,
            Order::Shuffled(seed),
            Order::Shuffled(seed + 7919),
        ] {
            let other = lock_in(&universe(seed, order), None);
            assert_eq!(text(&asked), text(&other), "seed {seed}, {order:?}");
        }
        solved += usize::from(asked.is_ok());
    }
    assert!(
        (100..300).contains(&solved),
        "{solved} of 300 universes have a solution"
    );
}

#[test]
fn a_lock_is_up_to_date_with_itself() {
    for seed in 0..200 {
        let universe = universe(seed, Order::AsAsked);
        let Ok(reply) = lock_in(&universe, None) else {
            continue;
        };
        let first = reply.locks["uv"].text.clone();
        let again = lock_in(&universe, Some(first.clone())).unwrap();
        assert_eq!(first, again.locks["uv"].text, "seed {seed}");
        assert!(again.unchanged, "seed {seed}");
    }
}

#[test]
fn every_lock_keeps_its_invariants() {
    for seed in 0..200 {
        let Ok(reply) = lock_in(&universe(seed, Order::AsAsked), None) else {
            continue;
        };
        let text = &reply.locks["uv"].text;
        let read = formats::read("uv.lock", text).unwrap();
        let violations = lock::check(&read);
        assert!(violations.is_empty(), "seed {seed}: {violations:?}\n{text}");
    }
}

/// Invariant: what is offered as a way out of a conflict does resolve.
#[test]
fn ways_out_resolve() {
    let mut offered = 0;
    for seed in 0..100 {
        let universe = universe(seed, Order::AsAsked);
        let mut request = request(&universe, None);
        request.options.relax = None;
        let Err(failure) = run(lock(&request, &universe.source, &mut |_| {})) else {
            continue;
        };
        let problem = failure.problem(&request.sources());
        let ways = problem.more.get("ways_out").and_then(|it| it.as_array());
        for way in ways.into_iter().flatten() {
            let mut changed = request.clone();
            changed.options.relax = Some(false);
            let mut edits: Vec<_> = way["edits"].as_array().unwrap().iter().collect();
            edits.sort_by_key(|edit| std::cmp::Reverse(edit["span"]["start"].as_u64()));
            for edit in edits {
                let at = |end: &str| usize::try_from(edit["span"][end].as_u64().unwrap()).unwrap();
                let new = edit["replacement"].as_str().unwrap();
                changed.pyproject.replace_range(at("start")..at("end"), new);
            }
            let outcome = run(lock(&changed, &universe.source, &mut |_| {}));
            assert!(outcome.is_ok(), "seed {seed}: {way}");
            offered += 1;
        }
    }
    assert!(offered > 50, "{offered} ways out");
}

/// A listed file that cannot be had ends the run; it never makes an older release the best one.
#[test]
fn a_withheld_file_pins_no_older_release() {
    for absence in [Absence::NotFound, Absence::Unauthorized] {
        let mut universe = Universe {
            source: Recorded::new(),
            pyproject: "[project]\nname = \"project\"\nversion = \"1\"\nrequires-python = \">=3.12\"\ndependencies = [\"a\"]\n".to_owned(),
        };
        let name = PackageName::new("a").unwrap();
        let mut files = Vec::new();
        for version in ["1.0", "2.0"] {
            let url = format!("https://files.example/a-{version}-py3-none-any.whl");
            files.push(format!(
                r#"{{"filename":"a-{version}-py3-none-any.whl","url":"{url}","hashes":{{}},"core-metadata":true}}"#
            ));
            let answer = match version {
                "1.0" => metadata("a", version, &["b"], &mut Dice(0)),
                _ => Answer::Absent(absence.clone()),
            };
            universe.source.metadata(&url, answer);
        }
        let page = format!(
            r#"{{"meta":{{"api-version":"1.0"}},"files":[{}]}}"#,
            files.join(",")
        );
        let page = simple_json::read(page.as_bytes(), INDEX, &name).unwrap();
        let index = IndexUrl::new(INDEX);
        universe
            .source
            .project(&index, &name, Answer::Project(Arc::new(page)));
        let failure = lock_in(&universe, None).unwrap_err();
        assert_eq!(failure.kind, lockwright::FailureKind::Index);
        assert_eq!(failure.diagnostics[0].code, "index/file-withheld");
    }
}
