//! The description of the HTTP API says what the wire types are: names, and which are required.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};

use diagnostic::Diagnostic;
use diagnostic::place::Sources;
use diagnostic::problem::Problem;
use lockwright::api::{
    DiagnosticRecord, LabelRecord, LockOptions, LockReply, LockRequest, LockedPackage, Stats,
    WrittenLock,
};
use lockwright::convert::{ConvertReply, ConvertRequest};
use lockwright::inspect::LockText;
use lockwright::inspect::diff::{ChangeRecord, DetailRecord, DiffReply, DiffRequest};
use lockwright::inspect::tree::{TreeNode, TreeQuery, TreeReply};
use lockwright::inspect::why::{ReasonRecord, WayRecord, WhyQuery, WhyReply};
use lockwright::selection::Wanted;
use serde::Serialize;
use serde_json::{Value, json};

fn description() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../worker/openapi.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn schema(name: &str) -> Value {
    description()["components"]["schemas"][name].clone()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

/// A value with every member set has exactly the properties of its schema; one with as few as can
/// be has at least those that are required.
fn agrees(name: &str, full: &impl Serialize, least: &impl Serialize) {
    let schema = schema(name);
    let (full, least) = (
        serde_json::to_value(full).unwrap(),
        serde_json::to_value(least).unwrap(),
    );
    assert_eq!(keys(&schema["properties"]), keys(&full), "{name}");
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let required: BTreeSet<String> = required
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    assert!(
        required.is_subset(&keys(&least)),
        "{name}: {required:?} of {least}"
    );
    for (property, schema) in schema["properties"].as_object().unwrap() {
        has_type(&format!("{name}.{property}"), schema, &full[property]);
    }
}

fn has_type(place: &str, schema: &Value, value: &Value) {
    if schema.get("$ref").is_some() {
        assert!(value.is_object(), "{place}: {value}");
        return;
    }
    let holds = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        other => panic!("{place}: what is {other:?}?"),
    };
    assert!(holds, "{place}: {value} is no {}", schema["type"]);
}

fn options() -> LockOptions {
    let word = || Some("x".to_owned());
    LockOptions {
        public_index: word(),
        default_index: word(),
        index: vec!["x".into()],
        exclude_newer: word(),
        resolution: word(),
        prerelease: word(),
        fork_strategy: word(),
        mode: word(),
        python: word(),
        hatch: true,
        upgrade: true,
        upgrade_package: vec!["x".into()],
        upgrade_group: vec!["x".into()],
        now: Some(1),
        relax: Some(false),
    }
}

#[test]
fn requests_are_described() {
    let full = LockRequest {
        pyproject: "x".into(),
        script: Some("x".into()),
        script_name: Some("x".into()),
        manifest: Some("x".into()),
        lock: Some("x".into()),
        files: BTreeMap::from([("a".into(), "b".into())]),
        formats: vec!["uv".into()],
        options: options(),
    };
    let least: LockRequest = serde_json::from_value(json!({})).unwrap();
    agrees("LockRequest", &full, &least);
    agrees("LockOptions", &options(), &LockOptions::default());
}

#[test]
fn replies_are_described() {
    let package = LockedPackage {
        version: Some("1".into()),
        marker: Some("x".into()),
        ..LockedPackage::default()
    };
    agrees("LockReply", &LockReply::default(), &LockReply::default());
    agrees(
        "WrittenLock",
        &WrittenLock::default(),
        &WrittenLock::default(),
    );
    agrees("LockedPackage", &package, &LockedPackage::default());
    agrees(
        "DiagnosticRecord",
        &DiagnosticRecord::default(),
        &DiagnosticRecord::default(),
    );
    agrees(
        "LabelRecord",
        &LabelRecord::default(),
        &LabelRecord::default(),
    );
    agrees("Stats", &Stats::default(), &Stats::default());
}

#[test]
fn problems_are_described() {
    let diagnostic = Diagnostic::error("a/b", "c")
        .label(0..1, "here")
        .in_file("f")
        .help("d")
        .with("derivation", json!([]))
        .with("ways_out", json!([]));
    let problem = |sources: &Sources<'_>| {
        serde_json::to_value(
            Problem::new(std::slice::from_ref(&diagnostic), sources, 422).with("instance", "/"),
        )
        .unwrap()
    };
    let (full, least) = (
        problem(&Sources::one("f", "text")),
        problem(&Sources::none()),
    );
    agrees("Problem", &full, &least);
    agrees(
        "ProblemDiagnostic",
        &full["diagnostics"][0],
        &least["diagnostics"][0],
    );
    let label = |problem: &Value| problem["diagnostics"][0]["labels"][0].clone();
    agrees("ProblemLabel", &label(&full), &label(&least));
}

fn words() -> Vec<String> {
    vec!["x".to_owned()]
}

fn word() -> Option<String> {
    Some("x".to_owned())
}

fn lock_text() -> LockText {
    LockText {
        name: "x".into(),
        text: "x".into(),
    }
}

fn wanted() -> Wanted {
    Wanted {
        package: words(),
        all_packages: true,
        extra: words(),
        all_extras: true,
        no_extra: words(),
        group: words(),
        all_groups: true,
        no_group: words(),
        no_default_groups: true,
        only_group: words(),
        prune: words(),
        python: word(),
        platform: word(),
    }
}

#[test]
fn conversions_are_described() {
    let full = ConvertRequest {
        lock: lock_text(),
        to: words(),
        pyproject: word(),
        files: BTreeMap::from([("a".into(), "b".into())]),
        wanted: wanted(),
        layout: word(),
        no_hashes: true,
        no_annotate: true,
        options: options(),
        offline: true,
        allow_changes: true,
    };
    let least: ConvertRequest =
        serde_json::from_value(json!({"lock": {"text": ""}, "to": []})).unwrap();
    agrees("ConvertRequest", &full, &least);
    agrees("Wanted", &wanted(), &Wanted::default());
    agrees("LockText", &lock_text(), &LockText::default());
    agrees(
        "ConvertReply",
        &ConvertReply::default(),
        &ConvertReply::default(),
    );
}

#[test]
fn comparisons_are_described() {
    let request = DiffRequest {
        old: lock_text(),
        new: lock_text(),
    };
    agrees("DiffRequest", &request, &DiffRequest::default());
    agrees("DiffReply", &DiffReply::default(), &DiffReply::default());
    let (file, from, to) = ("f".to_owned(), "a".to_owned(), "b".to_owned());
    let full = ChangeRecord {
        details: vec![DetailRecord::Hash { file, from, to }],
        ..ChangeRecord::default()
    };
    agrees("ChangeRecord", &full, &ChangeRecord::default());
    let details = [
        DetailRecord::Source {
            from: words(),
            to: words(),
        },
        DetailRecord::Marker {
            version: word(),
            from: word(),
            to: word(),
        },
        full.details[0].clone(),
        DetailRecord::Files {
            added: words(),
            removed: words(),
        },
        DetailRecord::Requires {
            added: words(),
            removed: words(),
        },
    ];
    let described = schema("DetailRecord")["oneOf"].as_array().unwrap().clone();
    assert_eq!(described.len(), details.len());
    for (described, detail) in described.iter().zip(&details) {
        let detail = serde_json::to_value(detail).unwrap();
        assert_eq!(keys(&described["properties"]), keys(&detail));
        assert_eq!(described["properties"]["what"]["const"], detail["what"]);
    }
}

#[test]
fn trees_and_reasons_are_described() {
    let query = TreeQuery {
        lock: lock_text(),
        package: words(),
        prune: words(),
        invert: true,
        depth: Some(1),
        no_dedupe: true,
        all_groups: true,
        group: words(),
        python: word(),
        platform: word(),
    };
    agrees("TreeQuery", &query, &TreeQuery::default());
    agrees("TreeReply", &TreeReply::default(), &TreeReply::default());
    let node = TreeNode {
        name: "x".into(),
        version: word(),
        extras: words(),
        extra: word(),
        group: word(),
        marker: word(),
        repeated: true,
        below: vec![TreeNode::default()],
    };
    agrees("TreeNode", &node, &TreeNode::default());
    let query = WhyQuery {
        lock: lock_text(),
        name: "x".into(),
    };
    agrees("WhyQuery", &query, &query);
    agrees("WhyReply", &WhyReply::default(), &WhyReply::default());
    let reason = ReasonRecord {
        version: word(),
        marker: word(),
        ..ReasonRecord::default()
    };
    agrees("ReasonRecord", &reason, &ReasonRecord::default());
    let way = WayRecord {
        extra: word(),
        group: word(),
        requirement: word(),
        steps: words(),
        marker: word(),
    };
    agrees("WayRecord", &way, &WayRecord::default());
}

#[test]
fn a_conversion_can_be_asked_for_in_the_query() {
    let described = description();
    let parameters = described["paths"]["/v1/convert"]["post"]["parameters"]
        .as_array()
        .unwrap();
    let named: BTreeSet<String> = parameters
        .iter()
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect();
    let own = [
        "to",
        "lock_name",
        "layout",
        "no_hashes",
        "no_annotate",
        "offline",
        "allow_changes",
    ];
    let own = own.map(str::to_owned);
    let wanted = keys(&serde_json::to_value(wanted()).unwrap());
    for name in &wanted {
        Wanted::default().set(name, "1").unwrap();
    }
    let mut known: BTreeSet<String> = own.into_iter().chain(wanted).collect();
    known.extend(keys(&serde_json::to_value(options()).unwrap()));
    known.remove("now");
    assert_eq!(named, known);
}

#[test]
fn every_option_can_be_given_in_the_query() {
    let described = description();
    let parameters = described["paths"]["/v1/lock"]["post"]["parameters"]
        .as_array()
        .unwrap();
    let mut named: BTreeSet<String> = parameters
        .iter()
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(named.remove("format"));
    let mut options = keys(&serde_json::to_value(options()).unwrap());
    // The service's own clock.
    assert!(options.remove("now"));
    assert_eq!(named, options);
    let mut set = LockOptions::default();
    for name in &named {
        set.set(name, "1").unwrap();
    }
    let set = keys(&serde_json::to_value(set).unwrap());
    assert_eq!(set, named);
    assert!(LockOptions::default().set("now", "1").is_err());
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(
                    members
                        .get("$ref")
                        .and_then(Value::as_str)
                        .map(str::to_owned),
                );
                members.values().for_each(|member| walk(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let described = description();
    let mut found = Vec::new();
    walk(&described, &mut found);
    assert!(found.len() > 10);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(described.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn the_version_is_this_one() {
    assert_eq!(description()["info"]["version"], env!("CARGO_PKG_VERSION"));
}
