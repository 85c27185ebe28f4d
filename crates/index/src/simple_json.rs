//! A project's page in JSON.
//!
//! <https://packaging.python.org/en/latest/specifications/simple-repository-api/#json-serialization>

use std::borrow::Cow;
use std::fmt;

use packaging::{Hash, HashAlgorithm, PackageName};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::page::{Base, Entry, Page, PageError, read_time};
use crate::project::{CoreMetadata, Project, Yanked};

/// Reads a page. Files that are none of the project's, or that nobody could choose, are left out.
///
/// # Errors
///
/// The body is no JSON of that shape, or the URL is none.
pub fn read(body: &[u8], response_url: &str, name: &PackageName) -> Result<Project, PageError> {
    let mut page = Page::new(name, Base::parse(response_url)?);
    let shape: Shape<'_> =
        serde_json::from_slice(body).map_err(|error| PageError::Json(error.to_string()))?;
    for file in shape.files {
        let core = file
            .core_metadata
            .or(file.dist_info_metadata)
            .or(file.data_dist_info_metadata);
        page.add(Entry {
            filename: &file.filename.0,
            url: &file.url.0,
            hashes: file.hashes.0,
            size: file.size.0,
            upload_time: file.upload_time.and_then(|time| read_time(&time.0)),
            requires_python: file.requires_python.as_ref().map(|text| &*text.0),
            yanked: file.yanked.0,
            core_metadata: core.and_then(|core| core.0),
        });
    }
    let status = shape.project_status.and_then(|status| status.status);
    Ok(page.finish(status.as_ref().map(|status| &*status.0)))
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Shape<'a> {
    #[serde(borrow)]
    files: Vec<FileShape<'a>>,
    #[serde(borrow, default)]
    project_status: Option<StatusShape<'a>>,
}

#[derive(Deserialize)]
struct StatusShape<'a> {
    #[serde(borrow, default)]
    status: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct FileShape<'a> {
    #[serde(borrow)]
    filename: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(default)]
    hashes: HashesShape,
    #[serde(default)]
    size: SizeShape,
    #[serde(borrow, default)]
    upload_time: Option<Text<'a>>,
    #[serde(borrow, default)]
    requires_python: Option<Text<'a>>,
    #[serde(default)]
    yanked: YankedShape,
    #[serde(default)]
    core_metadata: Option<CoreShape>,
    #[serde(default)]
    dist_info_metadata: Option<CoreShape>,
    #[serde(default)]
    data_dist_info_metadata: Option<CoreShape>,
}

/// A text, borrowed from the body unless it has escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Cow<'de, str>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(TextVisitor).map(Self)
    }
}

/// Known digests of a `hashes` table.
#[derive(Default)]
struct HashesShape(Vec<Hash>);

/// `size`, or nothing where it is no whole number.
#[derive(Default)]
struct SizeShape(Option<u64>);

/// `yanked`: a flag or a reason.
#[derive(Default)]
struct YankedShape(Yanked);

/// `core-metadata`: a flag or a table of digests.
struct CoreShape(Option<CoreMetadata>);

/// What a value of several possible shapes was.
enum Loose<'de> {
    Nothing,
    Flag(bool),
    Number(u64),
    Text(Cow<'de, str>),
    Hashes(Vec<Hash>),
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Loose::Nothing)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Loose::Flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Loose::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Loose::Nothing)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Loose::Nothing)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut hashes = Vec::with_capacity(1);
        while let Some(key) = entries.next_key::<Text<'de>>()? {
            match HashAlgorithm::from_name(&key.0) {
                Some(algorithm) => {
                    if let Loose::Text(digest) = entries.next_value::<Loose<'de>>()? {
                        hashes.push(Hash {
                            algorithm,
                            digest: (&*digest).into(),
                        });
                    }
                }
                None => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Loose::Hashes(hashes))
    }
}

impl<'de> Deserialize<'de> for Loose<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

impl<'de> Deserialize<'de> for HashesShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Loose::deserialize(deserializer)? {
            Loose::Hashes(hashes) => hashes,
            _ => Vec::new(),
        }))
    }
}

impl<'de> Deserialize<'de> for SizeShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Loose::deserialize(deserializer)? {
            Loose::Number(size) => Some(size),
            _ => None,
        }))
    }
}

impl<'de> Deserialize<'de> for YankedShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Loose::deserialize(deserializer)? {
            Loose::Flag(true) => Yanked::Yes("".into()),
            Loose::Text(reason) => Yanked::Yes((&*reason).into()),
            _ => Yanked::No,
        }))
    }
}

impl<'de> Deserialize<'de> for CoreShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Loose::deserialize(deserializer)? {
            Loose::Flag(true) => Some(CoreMetadata::default()),
            Loose::Hashes(hashes) => Some(CoreMetadata {
                hash: hashes.into_iter().max(),
            }),
            _ => None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::FileKind;

    const PAGE: &str = r#"{
      "meta": {"api-version": "1.4"}, "name": "foo", "versions": ["9.9"],
      "project-status": {"status": "archived", "reason": "done"},
      "files": [
        {"filename": "foo-1.0-py3-none-any.whl", "url": "../../f/foo-1.0-py3-none-any.whl#sha256=ignored",
         "hashes": {"sha512": "cc", "sha256": "aa", "md5": "bb", "crc": "x"}, "requires-python": ">=3.8.*",
         "size": 12, "upload-time": "2021-01-01T00:00:00.123456Z", "yanked": "broken \u2014 sorry",
         "core-metadata": {"sha256": "dd"}, "provenance": null},
        {"filename": "foo-1.0.tar.gz", "url": "https://b.example/foo-1.0.tar.gz", "hashes": {}, "yanked": false,
         "requires-python": null, "size": null, "dist-info-metadata": true, "core-metadata": null},
        {"filename": "foo-1.0-py2-none-any.whl", "url": "foo-1.0-py2-none-any.whl", "hashes": {}, "yanked": true,
         "core-metadata": false},
        {"filename": "foo-0.9.tar.bz2", "url": "foo-0.9.tar.bz2", "hashes": {}, "gpg-sig": false},
        {"filename": "foo-2.0.tar.gz", "url": "x", "hashes": {}, "requires-python": "three"},
        {"filename": "foo-2.0.exe", "url": "x", "hashes": {}},
        {"filename": "bar-2.0-py3-none-any.whl", "url": "x", "hashes": {}},
        {"filename": "foo-old.tar.gz", "url": "x", "hashes": {}}
      ]}"#;

    #[test]
    fn a_page_with_quirks_is_read() {
        let name = PackageName::new("foo").unwrap();
        let project = read(PAGE.as_bytes(), "https://a.example/simple/foo/", &name).unwrap();
        assert_eq!(project.status(), Some("archived"));
        let versions: Vec<String> = project.versions().map(ToString::to_string).collect();
        assert_eq!(versions, ["0.9", "1.0"]);
        let release = project.release(&"1.0".parse().unwrap()).unwrap();
        let names: Vec<&str> = release.files().map(|file| &*file.filename).collect();
        assert_eq!(
            names,
            [
                "foo-1.0.tar.gz",
                "foo-1.0-py2-none-any.whl",
                "foo-1.0-py3-none-any.whl"
            ]
        );
        let wheel = &release.wheels[1];
        assert_eq!(&*wheel.url, "https://a.example/f/foo-1.0-py3-none-any.whl");
        let hashes: Vec<String> = wheel.hashes.iter().map(ToString::to_string).collect();
        assert_eq!(hashes, ["md5:bb", "sha256:aa", "sha512:cc"]);
        assert_eq!(
            (wheel.size, wheel.upload_time),
            (Some(12), Some(1_609_459_200_123))
        );
        assert_eq!(wheel.yanked, Yanked::Yes("broken \u{2014} sorry".into()));
        assert_eq!(&*wheel.requires_python.as_ref().unwrap().text, ">=3.8.*");
        let digest = wheel.core_metadata.as_ref().unwrap().hash.as_ref().unwrap();
        assert_eq!(digest.to_string(), "sha256:dd");
        let sdist = &release.sdists[0];
        assert_eq!(&*sdist.url, "https://b.example/foo-1.0.tar.gz");
        assert_eq!(
            (&sdist.kind, &sdist.yanked),
            (&FileKind::Sdist, &Yanked::No)
        );
        assert!(
            sdist
                .core_metadata
                .as_ref()
                .is_some_and(|core| core.hash.is_none())
        );
        assert_eq!(release.wheels[0].yanked, Yanked::Yes("".into()));
        assert!(release.wheels[0].core_metadata.is_none());
        let old = project.release(&"0.9".parse().unwrap()).unwrap();
        assert_eq!(old.sdists[0].kind, FileKind::OldSdist);
    }

    #[test]
    fn what_is_no_page_is_an_error() {
        let name = PackageName::new("foo").unwrap();
        for body in [
            "",
            "[]",
            "{}",
            "{\"files\": 3}",
            "{\"files\": [{\"url\": \"x\"}]}",
            "\u{0}",
        ] {
            let page = read(body.as_bytes(), "https://a.example/", &name);
            assert!(matches!(page, Err(PageError::Json(_))), "{body:?}");
        }
        assert!(matches!(
            read(b"{}", "foo", &name),
            Err(PageError::Url { .. })
        ));
    }
}
