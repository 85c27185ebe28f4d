//! The compact form: what goes in comes out, and damage never does harm.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails where an input of its own is wrong"
)]

use lockwright_index::digest::{
    DigestError, VERSION, decode_metadata, decode_project, encode_metadata, encode_project,
};
use lockwright_index::{CoreMetadata, File, Metadata, Project, simple_json};
use packaging::PackageName;
use proptest::prelude::*;
use serde_json::Value;

/// A file's entry on a page, as JSON.
fn entry() -> impl Strategy<Value = String> {
    let hex = |length: usize| prop::collection::vec("[0-9a-f]", length).prop_map(|it| it.concat());
    let name = prop_oneof![Just("foo_bar"), Just("Foo.Bar"), Just("foo-bar"),];
    let version = prop_oneof![
        "[0-9]{1,2}(\\.[0-9]{1,3}){0,3}",
        "[0-9]\\.[0-9](a|b|rc|\\.post|\\.dev)[0-9]",
        "[0-9]\\.[0-9]\\+[a-z0-9]{1,5}",
        "1!2\\.0",
        Just("2020-1".to_owned()),
    ];
    let ending = prop_oneof![
        Just("-py3-none-any.whl".to_owned()),
        Just("-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl".to_owned()),
        "-[0-9][a-z]{0,2}-cp39-abi3-win_amd64\\.whl",
        Just("-py3-none-any-cu12.whl".to_owned()),
        Just(".tar.gz".to_owned()),
        Just(".zip".to_owned()),
        Just(".tar.bz2".to_owned()),
    ];
    let folder = prop_oneof![
        Just("https://a.example/f/".to_owned()),
        (hex(2), hex(2), hex(60)).prop_map(|(a, b, c)| format!("https://a.example/{a}/{b}/{c}/")),
        Just("../../".to_owned()),
        Just("https://a.example/other?file=".to_owned()),
    ];
    let hashes = prop_oneof![
        Just(String::new()),
        hex(64).prop_map(|digest| format!("\"sha256\": \"{digest}\"")),
        hex(64).prop_map(|digest| format!("\"sha256\": \"{digest}\", \"md5\": \"ABC\"")),
    ];
    let extra = prop_oneof![
        Just(String::new()),
        Just(", \"requires-python\": \">=3.8\", \"yanked\": \"b\\u00e4d\"".to_owned()),
        (any::<u64>(), 0..60_u32).prop_map(|(size, second)| format!(
            ", \"size\": {size}, \"upload-time\": \"2021-01-01T00:00:{second:02}.5Z\", \"yanked\": true"
        )),
        hex(64).prop_map(|digest| format!(", \"core-metadata\": {{\"sha256\": \"{digest}\"}}")),
        Just(", \"core-metadata\": true, \"requires-python\": \">=3.*\"".to_owned()),
    ];
    (name, version, ending, folder, hashes, extra).prop_map(
        |(name, version, ending, folder, hashes, extra)| {
            let filename = format!("{name}-{version}{ending}");
            let url = format!("{folder}{}", filename.replace('+', "%2B"));
            format!(
                "{{\"filename\": \"{filename}\", \"url\": \"{url}\", \"hashes\": {{{hashes}}}{extra}}}"
            )
        },
    )
}

fn project() -> impl Strategy<Value = Project> {
    page().prop_map(|(_, project)| project)
}

/// The entries of a page, and what was read of them.
fn page() -> impl Strategy<Value = (Vec<String>, Project)> {
    (prop::collection::vec(entry(), 0..30), any::<bool>()).prop_map(|(entries, has_status)| {
        let status = if has_status {
            "{\"status\": \"active\"}"
        } else {
            "null"
        };
        let page = format!(
            "{{\"project-status\": {status}, \"files\": [{}]}}",
            entries.join(",")
        );
        let name = PackageName::new("foo-bar").unwrap();
        let base = "https://a.example/simple/foo-bar/";
        let project = simple_json::read(page.as_bytes(), base, &name).unwrap();
        (entries, project)
    })
}

/// Whether a file is what an entry says.
fn is_of(file: &File, entry: &Value) -> bool {
    let url = entry["url"].as_str().unwrap();
    let has_same_url = match url.strip_prefix("../../") {
        Some(rest) => *file.url == format!("https://a.example/{rest}"),
        None => *file.url == *url,
    };
    let has_same_hashes = file
        .hashes
        .iter()
        .all(|hash| entry["hashes"][hash.algorithm.as_str()].as_str() == Some(&*hash.digest))
        && Some(file.hashes.len()) == entry["hashes"].as_object().map(serde_json::Map::len);
    let core = &entry["core-metadata"];
    let has_same_core = match &file.core_metadata {
        None => core.is_null(),
        Some(CoreMetadata { hash: None }) => *core == true,
        Some(CoreMetadata { hash: Some(hash) }) => core["sha256"].as_str() == Some(&*hash.digest),
    };
    let python = file.requires_python.as_ref().map(|python| &*python.text);
    let second = file.upload_time.map(|time| time / 1000 % 60);
    let written = entry["upload-time"].as_str();
    let yanked = entry["yanked"]
        .as_str()
        .or(entry["yanked"].as_bool().map(|_| ""));
    has_same_url
        && has_same_hashes
        && has_same_core
        && file.size == entry["size"].as_u64()
        && python == entry["requires-python"].as_str()
        && second == written.map(|it| it[17..19].parse().unwrap())
        && file.yanked().map(|reason| &**reason) == yanked
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let line = prop_oneof![
        Just("Requires-Dist: a (>=1.0<2) ; python_version < '3.9'"),
        Just("Requires-Dist: b[x,y] @ https://a.example/b.zip ; extra == 'z'"),
        Just("Requires-Python: >=3.6.*"),
        Just("Provides-Extra: Z_1"),
        Just("Provides-Extra: -"),
        Just("Summary: all of it \u{e4}"),
        Just("License: MIT"),
        Just("License-Expression: MIT OR Apache-2.0"),
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| {
        let text = format!("Name: Foo.Bar\nVersion: 1.0\n{}\n", lines.join("\n"));
        let name = PackageName::new("foo-bar").unwrap();
        Metadata::read(&text, &name, &"1.0".parse().unwrap()).unwrap()
    })
}

proptest! {
    /// Invariant: the compact form of a project is the project.
    #[test]
    fn projects_come_back(project in project()) {
        let releases = project.releases().map(|(version, it)| (version.clone(), it)).collect();
        let again = Project::new(project.status(), &releases);
        prop_assert_eq!(&again, &project);
        prop_assert_eq!(decode_project(&encode_project(&project)).unwrap(), project);
    }

    /// Invariant: a file put together again is what the page said of it.
    #[test]
    fn files_come_back((entries, project) in page()) {
        let entries: Vec<Value> = entries
            .iter()
            .map(|entry| serde_json::from_str(entry).unwrap())
            .collect();
        for (at, (version, release)) in project.releases().enumerate() {
            prop_assert!(release.files().next().is_some());
            let uploads = release.files().filter_map(|file| file.upload_time);
            prop_assert_eq!(project.earliest_upload_at(at), uploads.min());
            for file in release.files() {
                let entry = entries.iter().find(|it| it["filename"] == *file.filename).unwrap();
                prop_assert!(is_of(file, entry), "{:?} is not {}", file, entry);
                prop_assert!(file.wheel().is_none_or(|wheel| wheel.version == *version));
            }
        }
    }

    /// Invariant: a sketch of a release tells of each file all but its name, URL and digests.
    #[test]
    fn sketches_tell_what_judging_needs(project in project(), place in 0..4_usize) {
        for (at, (version, release)) in project.releases().enumerate() {
            let text = version.to_string();
            prop_assert!(!text.contains('+') || project.has_locals());
            let sketch = project.sketch_at(at);
            let with = project.release_with(at, &[place]);
            prop_assert_eq!(sketch.files().count(), release.files().count());
            for (other, file) in release.files().enumerate() {
                for brief in [sketch.files().nth(other), with.files().nth(other)] {
                    let brief = brief.unwrap();
                    let told = (&brief.kind, brief.upload_time, &brief.yanked, &brief.requires_python);
                    let whole = (&file.kind, file.upload_time, &file.yanked, &file.requires_python);
                    prop_assert_eq!(told, whole);
                    prop_assert_eq!(brief.core_metadata.is_some(), file.core_metadata.is_some());
                    prop_assert!(brief.url.is_empty() || brief == file);
                }
            }
            if let Some(file) = release.files().nth(place) {
                prop_assert_eq!(with.files().nth(place), Some(file));
            }
        }
    }

    /// Invariant: the compact form of metadata is the metadata.
    #[test]
    fn metadata_comes_back(metadata in metadata()) {
        let bytes = encode_metadata(&metadata);
        prop_assert_eq!(decode_metadata(&bytes).unwrap(), metadata);
    }

    /// Invariant: whatever is cut off or changed is told.
    #[test]
    fn damage_is_told(project in project(), at in any::<prop::sample::Index>(), byte in 1..=255_u8) {
        let bytes = encode_project(&project);
        let at = at.index(bytes.len());
        prop_assert!(decode_project(&bytes[..at]).is_err());
        let mut changed = bytes;
        changed[at] ^= byte;
        prop_assert!(decode_project(&changed).is_err());
    }

    /// Invariant: no bytes make reading panic, not even with a good checksum.
    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), is_project: bool) {
        let mut forged = b"LWi".to_vec();
        forged.extend([VERSION, if is_project { b'p' } else { b'm' }]);
        forged.extend(&bytes);
        for sum in [forged.clone(), signed(forged)] {
            if let Ok(project) = decode_project(&sum) {
                let _ = project.releases().count();
            }
            let _ = decode_metadata(&sum);
        }
    }
}

/// Appends the checksum, found by asking: it is the only one of its bytes that is accepted.
fn signed(mut bytes: Vec<u8>) -> Vec<u8> {
    const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut sum = bytes.len() as u64;
    let whole = bytes.len() / 8 * 8;
    for word in bytes[..whole].chunks(8) {
        let word = u64::from_le_bytes(word.try_into().unwrap());
        sum = (sum ^ word).wrapping_mul(PRIME).rotate_left(29);
    }
    for byte in &bytes[whole..] {
        sum = (sum ^ u64::from(*byte)).wrapping_mul(PRIME).rotate_left(29);
    }
    bytes.extend(((sum ^ sum >> 32) as u32).to_le_bytes());
    bytes
}

#[test]
fn the_forged_checksum_is_the_real_one() {
    let empty = encode_project(&Project::default());
    assert_eq!(signed(empty[..empty.len() - 4].to_vec()), empty);
}

#[test]
fn other_forms_are_refused() {
    let project = encode_project(&Project::default());
    assert!(matches!(
        decode_metadata(&project),
        Err(DigestError::Other(_))
    ));
    assert!(matches!(decode_project(b"{}"), Err(DigestError::Other(_))));
    assert!(matches!(decode_project(b""), Err(DigestError::Other(_))));
    let mut newer = project;
    newer[3] = VERSION + 1;
    assert_eq!(
        decode_project(&newer),
        Err(DigestError::Version(VERSION + 1))
    );
}
