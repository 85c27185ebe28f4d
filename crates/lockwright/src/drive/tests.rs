//! A stand-in for the resolver that asks for a tree of projects, in every order of answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::task::noop_waker_ref;
use index::{Answer, Project, Query};
use packaging::{IndexUrl, PackageName};

use super::*;
use crate::recorded::{Order, Recorded};

/// Knows which projects lead to which, and is over when all are known.
struct Tree {
    children: BTreeMap<&'static str, Vec<&'static str>>,
    unasked: BTreeSet<&'static str>,
    asked: BTreeSet<&'static str>,
    known: BTreeSet<String>,
}

impl Tree {
    fn new() -> Self {
        let children = BTreeMap::from([
            ("a", vec!["b", "c", "d"]),
            ("b", vec!["e", "f"]),
            ("c", vec!["f", "g"]),
            ("f", vec!["h", "a"]),
        ]);
        let unasked = BTreeSet::from(["a"]);
        Self {
            children,
            unasked,
            asked: BTreeSet::new(),
            known: BTreeSet::new(),
        }
    }
}

fn index() -> IndexUrl {
    IndexUrl::new("https://index.example/simple")
}

fn name(name: &str) -> PackageName {
    PackageName::new(name).unwrap()
}

impl Conversation for Tree {
    type End = BTreeSet<String>;

    fn step(&mut self) -> Step<Self::End> {
        let unasked = std::mem::take(&mut self.unasked);
        self.asked.extend(&unasked);
        if !unasked.is_empty() {
            let ask = |it: &str| Query::Project {
                index: index(),
                name: name(it),
            };
            return Step::Ask(unasked.into_iter().map(ask).collect());
        }
        if self.known.len() < self.asked.len() {
            Step::Wait
        } else {
            Step::End(self.known.clone())
        }
    }

    fn learn(&mut self, query: Query, _: Answer) {
        let Query::Project { name, .. } = query else {
            unreachable!()
        };
        let children = self.children.get(name.as_str()).into_iter().flatten();
        self.unasked
            .extend(children.filter(|it| !self.asked.contains(*it)));
        self.known.insert(name.as_str().to_owned());
    }

    fn progress(&self) -> Progress {
        Progress {
            found: self.asked.len(),
            resolved: self.known.len(),
            ..Progress::default()
        }
    }
}

fn source(order: Order) -> Recorded {
    let mut source = Recorded::new().in_order(order);
    for it in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        source.project(
            &index(),
            &name(it),
            Answer::Project(Arc::new(Project::default())),
        );
    }
    source
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    let mut context = Context::from_waker(noop_waker_ref());
    for _ in 0..10_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("the future does not end");
}

#[test]
fn any_order_of_answers_comes_to_the_same_end() {
    let orders = (0..50)
        .map(Order::Shuffled)
        .chain([Order::AsAsked, Order::Reversed]);
    for order in orders {
        let source = source(order);
        let driven = block_on(drive(&mut Tree::new(), &source, &mut |_| {})).unwrap();
        assert_eq!(driven.end.len(), 8, "{order:?}");
        assert_eq!(driven.queries, 8, "{order:?}");
        assert_eq!(driven.waves, source.asked().len());
    }
}

#[test]
fn answers_that_are_there_together_are_learnt_together() {
    let source = source(Order::AsAsked);
    let driven = block_on(drive(&mut Tree::new(), &source, &mut |_| {})).unwrap();
    assert_eq!(driven.waves, 4);
    assert_eq!(source.asked()[1].len(), 3);
}

/// Has some answers at hand; others take a while.
struct Shelf {
    source: Recorded,
    at_hand: Vec<&'static str>,
}

impl Source for Shelf {
    fn ask<'a>(
        &'a self,
        queries: Vec<Query>,
    ) -> LocalBoxStream<'a, Result<(Query, Answer), SourceError>> {
        self.source.ask(queries)
    }

    fn at_hand(&self, query: &Query) -> Option<Answer> {
        let Query::Project { name, .. } = query else {
            unreachable!()
        };
        let is_at_hand = self.at_hand.contains(&name.as_str());
        is_at_hand.then(|| Answer::Project(Arc::new(Project::default())))
    }
}

/// The same tree, which also knows that the project `g` will be wanted.
struct Foreseeing(Tree);

impl Conversation for Foreseeing {
    type End = BTreeSet<String>;

    fn step(&mut self) -> Step<Self::End> {
        self.0.step()
    }

    fn learn(&mut self, query: Query, answer: Answer) {
        self.0.learn(query, answer);
    }

    fn ahead(&mut self) -> Vec<Query> {
        let is_new = self.0.asked.insert("g");
        let query = Query::Project {
            index: index(),
            name: name("g"),
        };
        is_new.then_some(query).into_iter().collect()
    }

    fn progress(&self) -> Progress {
        self.0.progress()
    }
}

#[test]
fn who_has_everything_at_hand_is_asked_nothing() {
    let shelf = Shelf {
        source: source(Order::AsAsked),
        at_hand: vec!["a", "b", "c", "d", "e", "f", "g", "h"],
    };
    let driven = block_on(drive(&mut Foreseeing(Tree::new()), &shelf, &mut |_| {})).unwrap();
    assert_eq!((driven.end.len(), driven.queries, driven.waves), (8, 8, 0));
    assert!(shelf.source.asked().is_empty());
}

/// Wants one project after the other, as many as that.
struct Line(usize);

impl Conversation for Line {
    type End = ();

    fn step(&mut self) -> Step<()> {
        let query = Query::Project {
            index: index(),
            name: name("a"),
        };
        match self.0 {
            0 => Step::End(()),
            _ => Step::Ask(vec![query]),
        }
    }

    fn learn(&mut self, _: Query, _: Answer) {
        self.0 -= 1;
    }

    fn progress(&self) -> Progress {
        Progress::default()
    }
}

#[test]
fn others_get_their_turn_while_everything_is_at_hand() {
    let shelf = Shelf {
        source: Recorded::new(),
        at_hand: vec!["a"],
    };
    let (mut line, mut nothing) = (Line(2 * UNBROKEN + 1), |_: &Progress| {});
    let mut driven = Box::pin(drive(&mut line, &shelf, &mut nothing));
    let mut context = Context::from_waker(noop_waker_ref());
    let mut polls = 1;
    while driven.as_mut().poll(&mut context).is_pending() {
        polls += 1;
    }
    assert_eq!(polls, 3);
}

#[test]
fn what_will_be_wanted_is_asked_along_once_somebody_must_be_waited_for() {
    for order in (0..20).map(Order::Shuffled).chain([Order::AsAsked]) {
        let shelf = Shelf {
            source: source(order),
            at_hand: vec!["a", "d", "f"],
        };
        let driven = block_on(drive(&mut Foreseeing(Tree::new()), &shelf, &mut |_| {})).unwrap();
        assert_eq!((driven.end.len(), driven.queries), (8, 8), "{order:?}");
        let asked = shelf.source.asked();
        let names = |wave: &Vec<Query>| -> BTreeSet<String> {
            let name = |query: &Query| match query {
                Query::Project { name, .. } => name.as_str().to_owned(),
                _ => unreachable!(),
            };
            wave.iter().map(name).collect()
        };
        let first = asked.first().map(names).unwrap();
        assert_eq!(
            first,
            ["b", "c", "g"].map(str::to_owned).into(),
            "{order:?}"
        );
    }
}

#[test]
fn progress_counts_questions_and_answers() {
    let mut seen = Vec::new();
    let source = source(Order::AsAsked);
    block_on(drive(&mut Tree::new(), &source, &mut |it| {
        seen.push((it.asked, it.answered));
    }))
    .unwrap();
    assert_eq!(seen, [(1, 0), (4, 1), (7, 4), (8, 7), (8, 8)]);
}

#[test]
fn a_failure_ends_the_run() {
    let source = Recorded::new();
    let error = block_on(drive(&mut Tree::new(), &source, &mut |_| {})).unwrap_err();
    let text = "could not read `https://index.example/simple/a/`: it was not recorded";
    assert_eq!(error.to_string(), text);
}

#[test]
fn waiting_for_nothing_is_noticed() {
    let mut tree = Tree::new();
    tree.unasked.clear();
    tree.asked.insert("a");
    let error = drive(&mut tree, &source(Order::AsAsked), &mut |_| {})
        .now_or_never()
        .unwrap();
    assert!(matches!(error, Err(DriveError::Stalled)));
}
