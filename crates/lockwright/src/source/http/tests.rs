//! The source by itself, over recorded replies: what is asked, and what cancelling leaves behind.

use futures_util::task::noop_waker_ref;
use index::MetadataQuery;
use packaging::{IndexUrl, PackageName, Version};

use super::*;
use crate::recorded::RecordedReplies;

const PAGE: &str = "https://index.example/simple/one/";
const WHEEL: &str = "https://files.example/one-1.0-py3-none-any.whl";

fn page_query() -> Query {
    let index = IndexUrl::new("https://index.example/simple");
    Query::Project {
        index,
        name: PackageName::new("one").unwrap(),
    }
}

fn metadata_query() -> Query {
    Query::Metadata(MetadataQuery {
        name: PackageName::new("one").unwrap(),
        version: "1.0".parse::<Version>().unwrap(),
        filename: "one-1.0-py3-none-any.whl".into(),
        url: WHEEL.into(),
        size: None,
        beside: true,
        metadata_hash: None,
        file_hash: None,
    })
}

fn source() -> HttpSource<RecordedReplies> {
    let page = Reply {
        status: 200,
        url: PAGE.into(),
        content_type: Some("application/vnd.pypi.simple.v1+json".into()),
        body: br#"{"meta": {"api-version": "1.0"}, "name": "one", "files": []}"#.to_vec(),
        ..Reply::default()
    };
    let metadata = Reply {
        status: 200,
        url: format!("{WHEEL}.metadata"),
        body: b"Metadata-Version: 2.1\nName: one\nVersion: 1.0\n".to_vec(),
        ..Reply::default()
    };
    HttpSource::new(RecordedReplies::default().with(page).with(metadata))
}

/// Polls a stream to its end.
fn all<T>(mut stream: LocalBoxStream<'_, T>) -> Vec<T> {
    let mut context = std::task::Context::from_waker(noop_waker_ref());
    let mut items = Vec::new();
    for _ in 0..1000 {
        match stream.poll_next_unpin(&mut context) {
            std::task::Poll::Ready(Some(item)) => items.push(item),
            std::task::Poll::Ready(None) => return items,
            std::task::Poll::Pending => {}
        }
    }
    panic!("the stream does not end");
}

#[test]
fn every_query_is_answered() {
    let source = source();
    let answers = all(source.ask(vec![metadata_query(), page_query()]));
    let count = |wanted: fn(&Answer) -> bool| {
        answers
            .iter()
            .filter(|it| it.as_ref().is_ok_and(|(_, answer)| wanted(answer)))
            .count()
    };
    assert_eq!(count(|it| matches!(it, Answer::Project(_))), 1);
    assert_eq!(count(|it| matches!(it, Answer::Metadata(_))), 1);
    let urls: Vec<_> = source
        .transport()
        .requests()
        .into_iter()
        .map(|it| it.url)
        .collect();
    assert_eq!(
        urls,
        [format!("{WHEEL}.metadata"), PAGE.to_owned()],
        "first come, first served"
    );
    assert!(source.0.flights.borrow().is_empty());
}

#[test]
fn cancelling_forgets_what_nobody_waits_for() {
    let source = source();
    let mut context = std::task::Context::from_waker(noop_waker_ref());
    let mut first = source.ask(vec![page_query(), metadata_query()]);
    let second = source.ask(vec![page_query()]);
    assert!(first.poll_next_unpin(&mut context).is_pending());
    assert_eq!(source.0.flights.borrow().len(), 2);
    drop(first);
    assert_eq!(
        source.0.flights.borrow().len(),
        1,
        "somebody else asked for the page"
    );
    assert_eq!(all(second).len(), 1);
    assert_eq!(source.transport().requests().len(), 2);
    assert_eq!(all(source.ask(vec![metadata_query()])).len(), 1);
    assert_eq!(
        source.transport().requests().len(),
        3,
        "asked again after it was cancelled"
    );
    assert!(source.0.flights.borrow().is_empty());
}

#[test]
fn what_is_not_there_is_a_failure() {
    let source = HttpSource::new(RecordedReplies::default());
    let answers = all(source.ask(vec![page_query()]));
    assert!(answers[0].as_ref().is_err_and(|error| error.url == PAGE));
}
