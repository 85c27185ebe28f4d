//! What the index client makes of servers, good and bad: every test has its own, on the loopback.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic like the tests"
)]

mod server;

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use index::{Absence, Answer, MetadataQuery, Query};
use lockwright::{HttpSettings, HttpSource, Source, SourceError};
use lockwright_cli::cache::DiskCache;
use lockwright_cli::credentials::Credentials;
use lockwright_cli::retry::Retries;
use lockwright_cli::transport::{HttpTransport, Places, TransportSettings};
use packaging::{IndexUrl, PackageName, Version};
use server::{Answered, Asked, Folder, Server, zip};
use sha2::{Digest, Sha256};

type Client = HttpSource<HttpTransport, DiskCache>;

const PAGE: &str = r#"{"meta": {"api-version": "1.1"}, "name": "one", "files": [
    {"filename": "one-1.0-py3-none-any.whl", "url": "../../files/one-1.0-py3-none-any.whl", "hashes": {}}
]}"#;
const METADATA: &str = "Metadata-Version: 2.1\nName: one\nVersion: 1.0\nRequires-Dist: two\n\n";

fn client_with(credentials: Credentials, cache: Option<&Folder>, settings: HttpSettings) -> Client {
    let retries = Retries {
        pause: Duration::from_millis(2),
        ..Retries::default()
    };
    let patience = TransportSettings {
        retries,
        read_timeout: Duration::from_millis(400),
        ..Default::default()
    };
    let transport = HttpTransport::new(credentials, patience, Places::default());
    HttpSource::with_cache(
        transport,
        DiskCache::new(cache.map(|it| it.0.clone())),
        settings,
    )
}

fn client() -> Client {
    client_with(Credentials::default(), None, HttpSettings::default())
}

/// Asks for several things at once, with a client that leaves its cache written.
fn ask_all(client: &Client, queries: Vec<Query>) -> Vec<Result<Answer, SourceError>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let answers = client
            .ask(queries)
            .map(|it| it.map(|(_, answer)| answer))
            .collect()
            .await;
        client.cache().flush().await.unwrap();
        answers
    })
}

fn ask(client: &Client, query: Query) -> Result<Answer, SourceError> {
    ask_all(client, vec![query]).pop().unwrap()
}

fn page(server: &Server, name: &str) -> Query {
    let index = IndexUrl::new(&server.url("/simple"));
    Query::Project {
        index,
        name: PackageName::new(name).unwrap(),
    }
}

fn metadata(url: &str) -> MetadataQuery {
    MetadataQuery {
        name: PackageName::new("one").unwrap(),
        version: "1.0".parse::<Version>().unwrap(),
        filename: url.rsplit('/').next().unwrap().into(),
        url: url.into(),
        size: None,
        beside: false,
        metadata_hash: None,
        file_hash: None,
    }
}

fn sha256(bytes: &[u8]) -> packaging::Hash {
    let hexadecimal: String = Sha256::digest(bytes)
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect();
    format!("sha256:{hexadecimal}").parse().unwrap()
}

fn releases(answer: &Result<Answer, SourceError>) -> usize {
    match answer {
        Ok(Answer::Project(project)) => project.len(),
        other => panic!("expected a project, found {other:?}"),
    }
}

fn requirements(answer: &Result<Answer, SourceError>) -> usize {
    match answer {
        Ok(Answer::Metadata(metadata)) => metadata.requires_dist.len(),
        other => panic!("expected metadata, found {other:?}"),
    }
}

fn is_absent(answer: &Result<Answer, SourceError>, absence: &Absence) -> bool {
    matches!(answer, Ok(Answer::Absent(found)) if found == absence)
}

#[test]
fn pages_come_as_json_or_html() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/simple/one/" => Answered::page(PAGE),
        _ => Answered::ok(
            "text/html; charset=utf-8",
            "<a href='/two-1.0.tar.gz'>two</a>",
        ),
    });
    assert_eq!(releases(&ask(&client(), page(&server, "one"))), 1);
    assert_eq!(releases(&ask(&client(), page(&server, "two"))), 1);
    let asked = server.asked();
    assert!(
        asked[0]
            .header("accept")
            .starts_with("application/vnd.pypi.simple.v1+json, ")
    );
    assert!(asked[0].header("accept-encoding").contains("gzip"));
    assert!(asked[0].header("user-agent").starts_with("lockwright/"));
}

#[test]
fn another_content_type_is_a_failure() {
    let server = Server::start(|_| Answered::ok("application/pdf", "%PDF"));
    let error = ask(&client(), page(&server, "one")).unwrap_err();
    assert!(error.reason.contains("application/pdf"), "{error}");
}

#[test]
fn what_may_pass_is_tried_again() {
    let server = Server::start(|asked| match asked.nth {
        0 => Answered::status(503),
        1 => Answered::page(PAGE).cut(),
        2 => Answered::page(PAGE).after(Duration::from_secs(1)),
        _ => Answered::page(PAGE),
    });
    assert_eq!(releases(&ask(&client(), page(&server, "one"))), 1);
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let server = Server::start(|asked| match asked.nth {
        0 => Answered::status(429).header("Retry-After", "1"),
        _ => Answered::page(PAGE),
    });
    let started = Instant::now();
    assert_eq!(releases(&ask(&client(), page(&server, "one"))), 1);
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_failure_is_never_absence() {
    let server = Server::start(|_| Answered::status(500));
    let error = ask(&client(), page(&server, "one")).unwrap_err();
    assert_eq!(error.status, Some(500));
    assert_eq!(error.url, server.url("/simple/one/"));
    assert_eq!(server.asked().len(), 4, "one attempt and three more");
}

#[test]
fn silence_is_a_failure_in_time() {
    let server = Server::start(|_| Answered::page(PAGE).after(Duration::from_secs(1)));
    let error = ask(&client(), page(&server, "one")).unwrap_err();
    assert!(error.timed_out, "{error:?}");
}

#[test]
fn nobody_listening_is_a_failure() {
    let url = Server::start(|_| Answered::status(200)).url("/one.whl");
    let error = ask(&client(), Query::Metadata(metadata(&url))).unwrap_err();
    assert!(error.reason.starts_with("no connection: "), "{error}");
    assert!(!error.timed_out);
}

#[test]
fn refusals_are_answers() {
    let server = Server::start(|asked| {
        let name = asked.path.trim_matches('/').rsplit('/').next().unwrap();
        Answered::status(name.trim_start_matches('s').parse().unwrap())
    });
    for (name, absence) in [
        ("s404", Absence::NotFound),
        ("s410", Absence::NotFound),
        ("s401", Absence::Unauthorized),
        ("s403", Absence::Unauthorized),
    ] {
        assert!(
            is_absent(&ask(&client(), page(&server, name)), &absence),
            "{name}"
        );
    }
    assert!(ask(&client(), page(&server, "s418")).is_err());
    assert_eq!(server.asked().len(), 5, "none of them is asked twice");
}

#[test]
fn a_stale_page_is_revalidated_and_a_fresh_one_is_not_asked_for() {
    let server = Server::start(|asked| match asked.header("if-none-match") {
        "\"v1\"" => Answered::status(304).header("Cache-Control", "max-age=10"),
        _ => Answered::page(PAGE)
            .header("ETag", "\"v1\"")
            .header("Cache-Control", "max-age=5"),
    });
    let cache = Folder::new();
    let at = |now| {
        let settings = HttpSettings {
            now,
            ..HttpSettings::default()
        };
        let client = client_with(Credentials::default(), Some(&cache), settings);
        assert_eq!(releases(&ask(&client, page(&server, "one"))), 1);
        server.asked().len()
    };
    assert_eq!(at(|| 1_000_000), 1);
    assert_eq!(at(|| 1_004_999), 1, "fresh");
    assert_eq!(at(|| 1_005_000), 2, "stale");
    assert_eq!(
        at(|| 1_014_999),
        2,
        "fresh again for as long as the second answer said"
    );
    assert_eq!(at(|| 1_015_000), 3);
    assert_eq!(at(|| 900_000), 4, "the clock was set back");
    assert_eq!(server.asked()[3].header("if-none-match"), "\"v1\"");
}

#[test]
fn a_damaged_cache_is_a_miss() {
    let server = Server::start(|_| Answered::page(PAGE).header("Cache-Control", "max-age=600"));
    let cache = Folder::new();
    let client = || {
        client_with(
            Credentials::default(),
            Some(&cache),
            HttpSettings::default(),
        )
    };
    ask(&client(), page(&server, "one")).unwrap();
    let files = files_below(&cache.0);
    let kept: Vec<_> = files
        .iter()
        .filter(|it| !it.ends_with("CACHEDIR.TAG"))
        .collect();
    assert_eq!(kept.len(), 1, "{files:?}");
    let bytes = std::fs::read(kept[0]).unwrap();
    for damaged in [
        &bytes[..0],
        &bytes[..7],
        &bytes[..bytes.len() / 2],
        b"\xff\xff\xff\xff",
    ] {
        std::fs::write(kept[0], damaged).unwrap();
        let before = server.asked().len();
        assert_eq!(releases(&ask(&client(), page(&server, "one"))), 1);
        assert_eq!(server.asked().len(), before + 1);
    }
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path());
    entries
        .flat_map(|it| {
            if it.is_dir() {
                files_below(&it)
            } else {
                vec![it]
            }
        })
        .collect()
}

#[test]
fn offline_only_the_cache_counts() {
    let server = Server::start(|_| Answered::page(PAGE).header("ETag", "\"v1\""));
    let cache = Folder::new();
    let client = |is_offline| {
        let settings = HttpSettings {
            is_offline,
            ..HttpSettings::default()
        };
        client_with(Credentials::default(), Some(&cache), settings)
    };
    ask(&client(false), page(&server, "one")).unwrap();
    assert_eq!(
        releases(&ask(&client(true), page(&server, "one"))),
        1,
        "stale, and good enough"
    );
    assert!(is_absent(
        &ask(&client(true), page(&server, "two")),
        &Absence::Offline
    ));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_query_is_sent_once_however_many_ask() {
    let server = Server::start(|_| Answered::page(PAGE).after(Duration::from_millis(50)));
    let queries = vec![page(&server, "one"); 5];
    let answers = ask_all(&client(), queries);
    assert_eq!(answers.iter().map(releases).sum::<usize>(), 5);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn requests_are_bounded_and_in_order() {
    let server = Server::start(|_| Answered::page(PAGE).after(Duration::from_millis(20)));
    let settings = HttpSettings {
        concurrency: 1,
        ..HttpSettings::default()
    };
    let names: Vec<String> = (0..10).map(|it| format!("p{it}")).collect();
    let queries = || names.iter().map(|it| page(&server, it)).collect();
    ask_all(
        &client_with(Credentials::default(), None, settings),
        queries(),
    );
    let paths: Vec<String> = server.asked().into_iter().map(|it| it.path).collect();
    let expected: Vec<String> = names.iter().map(|it| format!("/simple/{it}/")).collect();
    assert_eq!(paths, expected);
    let settings = HttpSettings {
        concurrency: 3,
        ..HttpSettings::default()
    };
    ask_all(
        &client_with(Credentials::default(), None, settings),
        queries(),
    );
    assert!(
        (2..=3).contains(&server.most_at_once()),
        "{}",
        server.most_at_once()
    );
}

#[test]
fn metadata_beside_the_file_must_have_the_promised_digest() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/one-1.0-py3-none-any.whl.metadata" => Answered::ok("text/plain", METADATA),
        _ => Answered::status(404),
    });
    let url = server.url("/one-1.0-py3-none-any.whl");
    let query = MetadataQuery {
        beside: true,
        ..metadata(&url)
    };
    let good = MetadataQuery {
        metadata_hash: Some(sha256(METADATA.as_bytes())),
        ..query.clone()
    };
    assert_eq!(requirements(&ask(&client(), Query::Metadata(good))), 1);
    let bad = MetadataQuery {
        metadata_hash: Some(sha256(b"else")),
        ..query
    };
    let error = ask(&client(), Query::Metadata(bad)).unwrap_err();
    assert!(
        error.reason.contains("the index promised `sha256:"),
        "{error}"
    );
}

#[test]
fn metadata_of_another_project_is_not_believed() {
    let text = METADATA.replace("Name: one", "Name: other");
    let server = Server::start(move |_| Answered::ok("text/plain", text.as_str()));
    let url = server.url("/one-1.0-py3-none-any.whl");
    let answer = ask(
        &client(),
        Query::Metadata(MetadataQuery {
            beside: true,
            ..metadata(&url)
        }),
    );
    assert!(
        matches!(answer, Ok(Answer::Absent(Absence::Inconsistent { .. }))),
        "{answer:?}"
    );
}

/// A wheel whose metadata is a small part of it.
fn wheel() -> Vec<u8> {
    zip(&[
        ("one/data", &vec![7; 300_000]),
        ("one-1.0.dist-info/METADATA", METADATA.as_bytes()),
    ])
}

#[test]
fn a_wheel_is_read_by_ranges() {
    let wheel = wheel();
    let size = wheel.len() as u64;
    let server = Server::start(move |asked| {
        if asked.path.ends_with(".metadata") {
            return Answered::status(404);
        }
        Answered::file(asked, &wheel)
    });
    let url = server.url("/one-1.0-py3-none-any.whl");
    // The size is known, unknown, and wrong; the metadata beside the file was promised in vain.
    for (size, requests) in [
        (Some(size), 1),
        (None, 2),
        (Some(size + 9), 2),
        (Some(9), 2),
    ] {
        let before = server.asked().len();
        let query = MetadataQuery {
            size,
            ..metadata(&url)
        };
        assert_eq!(
            requirements(&ask(&client(), Query::Metadata(query))),
            1,
            "{size:?}"
        );
        let asked = server.asked();
        assert_eq!(asked.len() - before, requests, "{size:?}");
        assert!(
            asked[before..]
                .iter()
                .all(|it| it.header("range").starts_with("bytes="))
        );
        assert!(
            asked[before..]
                .iter()
                .all(|it| it.header("accept-encoding") == "identity")
        );
    }
    let query = MetadataQuery {
        beside: true,
        size: Some(size),
        ..metadata(&url)
    };
    assert_eq!(requirements(&ask(&client(), Query::Metadata(query))), 1);
}

#[test]
fn a_server_without_ranges_sends_the_whole_wheel() {
    let wheel = wheel();
    let hash = sha256(&wheel);
    let server = Server::start(move |_| Answered::ok("application/zip", wheel.as_slice()));
    let query = metadata(&server.url("/one-1.0-py3-none-any.whl"));
    let good = MetadataQuery {
        file_hash: Some(hash),
        ..query.clone()
    };
    assert_eq!(requirements(&ask(&client(), Query::Metadata(good))), 1);
    assert_eq!(server.asked().len(), 1);
    let bad = MetadataQuery {
        file_hash: Some(sha256(b"else")),
        ..query
    };
    assert!(ask(&client(), Query::Metadata(bad)).is_err());
}

#[test]
fn a_wheel_that_is_gone_is_absent() {
    let server = Server::start(|_| Answered::status(404));
    let query = metadata(&server.url("/one-1.0-py3-none-any.whl"));
    assert!(is_absent(
        &ask(&client(), Query::Metadata(query)),
        &Absence::NotFound
    ));
}

#[test]
fn a_source_distribution_tells_what_is_static() {
    let pyproject = "[project]\nname = 'one'\nversion = '1.0'\ndependencies = ['two', 'three']\n";
    let archive = zip(&[("one-1.0/pyproject.toml", pyproject.as_bytes())]);
    let dynamic = zip(&[("one-1.0/setup.py", b"")]);
    let hash = sha256(&archive);
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/static/one-1.0.zip" => Answered::ok("application/zip", archive.as_slice()),
        _ => Answered::ok("application/zip", dynamic.as_slice()),
    });
    let query = metadata(&server.url("/static/one-1.0.zip"));
    let good = MetadataQuery {
        file_hash: Some(hash),
        ..query.clone()
    };
    assert_eq!(requirements(&ask(&client(), Query::Metadata(good))), 2);
    let bad = MetadataQuery {
        file_hash: Some(sha256(b"else")),
        ..query
    };
    assert!(ask(&client(), Query::Metadata(bad)).is_err());
    let answer = ask(
        &client(),
        Query::Metadata(metadata(&server.url("/dynamic/one-1.0.zip"))),
    );
    assert!(
        matches!(answer, Ok(Answer::Absent(Absence::NeedsBuild { .. }))),
        "{answer:?}"
    );
}

#[test]
fn metadata_known_by_its_digest_is_kept_for_ever() {
    let server = Server::start(|_| Answered::ok("text/plain", METADATA));
    let cache = Folder::new();
    let url = server.url("/one-1.0-py3-none-any.whl");
    let query = MetadataQuery {
        beside: true,
        file_hash: Some(sha256(b"it")),
        ..metadata(&url)
    };
    for _ in 0..2 {
        let settings = HttpSettings {
            now: || 1 << 50,
            ..HttpSettings::default()
        };
        let client = client_with(Credentials::default(), Some(&cache), settings);
        assert_eq!(
            requirements(&ask(&client, Query::Metadata(query.clone()))),
            1
        );
    }
    assert_eq!(server.asked().len(), 1);
    let other = MetadataQuery {
        file_hash: Some(sha256(b"another")),
        ..query
    };
    let client = client_with(
        Credentials::default(),
        Some(&cache),
        HttpSettings::default(),
    );
    ask(&client, Query::Metadata(other)).unwrap();
    assert_eq!(server.asked().len(), 2, "another file at the same place");
}

#[test]
fn credentials_go_to_their_origin_only() {
    let other = Server::start(|_| Answered::page(PAGE));
    let elsewhere = other.url("/simple/away/");
    let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
        "/simple/away/" => Answered::redirect(&elsewhere),
        "/simple/near/" => Answered::redirect("/simple/one/"),
        _ => Answered::page(PAGE),
    });
    let mut credentials = Credentials::default();
    credentials.learn(&server.url_as("me:secret", "/simple"));
    let client = client_with(credentials, None, HttpSettings::default());
    for name in ["one", "near", "away"] {
        assert!(
            matches!(ask(&client, page(&server, name)), Ok(Answer::Project(_))),
            "{name}"
        );
    }
    let basic = "Basic bWU6c2VjcmV0";
    assert!(
        server
            .asked()
            .iter()
            .all(|it| it.header("authorization") == basic)
    );
    assert_eq!(server.asked().len(), 4);
    assert_eq!(other.asked().len(), 1);
    assert_eq!(other.asked()[0].header("authorization"), "");
}

#[test]
fn links_on_a_page_inherit_no_credentials() {
    let server = Server::start(|_| Answered::page(PAGE));
    let mut credentials = Credentials::default();
    credentials.learn(&server.url_as("me:secret", "/simple"));
    let client = client_with(credentials, None, HttpSettings::default());
    let Ok(Answer::Project(project)) = ask(&client, page(&server, "one")) else {
        panic!()
    };
    let release = project.release_at(0);
    assert_eq!(
        *release.wheels[0].url,
        server.url("/files/one-1.0-py3-none-any.whl")
    );
}

#[test]
fn errors_do_not_tell_credentials() {
    let server = Server::start(|_| Answered::status(500));
    let url = server.url_as("me:secret", "/one-1.0-py3-none-any.whl");
    let failing = ask(&client(), Query::Metadata(metadata(&url))).unwrap_err();
    drop(server);
    let unreachable = ask(&client(), Query::Metadata(metadata(&url))).unwrap_err();
    for error in [failing, unreachable] {
        assert!(
            !format!("{error} {error:?}").contains("secret"),
            "{error:?}"
        );
    }
}
