//! Locks compared: made from a fixture by changing its text.

use lock::difference;
use lockwright_formats::{LockFormat as _, Uv};

const HARBOUR: &str = include_str!("fixtures/uv/harbour/uv.lock");

/// The kinds of changes, with the project and its versions, that replacing a text makes.
fn changes(from: &str, to: &str) -> Vec<String> {
    assert!(HARBOUR.contains(from));
    let read = |text: &str| Uv.read(text).map_err(|problems| format!("{problems:?}"));
    let (old, new) = (read(HARBOUR), read(&HARBOUR.replace(from, to)));
    let changes = match (&old, &new) {
        (Ok(old), Ok(new)) => difference(old, new, lock::Scope::Whole),
        (old, new) => panic!("{:?} {:?}", old.as_ref().err(), new.as_ref().err()),
    };
    let say = |change: lock::Change| {
        let versions = |versions: std::collections::BTreeSet<packaging::Version>| {
            versions
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("+")
        };
        let (from, to) = (versions(change.from), versions(change.to));
        format!("{:?} {} {from} -> {to}", change.kind, change.name)
    };
    changes.into_iter().map(say).collect()
}

#[test]
fn each_change_has_its_kind() {
    assert_eq!(changes("2.3", "2.3"), [""; 0]);
    assert_eq!(changes("\"2.3\"", "\"2.4\""), ["Upgraded rope 2.3 -> 2.4"]);
    assert_eq!(
        changes("\"2.3\"", "\"2.2\""),
        ["Downgraded rope 2.3 -> 2.2"]
    );
    assert_eq!(
        changes("\"1.4.2\"", "\"2.0.5\""),
        ["Upgraded numeral 1.4.2+2.0.0+2.1.0 -> 2.0.0+2.0.5+2.1.0"]
    );
    assert_eq!(
        changes("sha256:6339", "sha256:7339"),
        ["Refiled rope 2.3 -> 2.3"]
    );
    assert_eq!(
        changes("{ editable = \".\" }", "{ virtual = \".\" }"),
        ["Moved harbour 0.3 -> 0.3"]
    );
    assert_eq!(
        changes("\"hemp\"", "\"jute\""),
        [
            "Rewired fibre 1.1 -> 1.1",
            "Removed hemp 1.0 -> ",
            "Added jute  -> 1.0"
        ]
    );
}
