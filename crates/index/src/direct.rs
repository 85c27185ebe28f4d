//! Distributions that a requirement names itself: archives at URLs or paths, and git repositories.

use std::collections::BTreeMap;
use std::sync::Arc;

use packaging::filename::WheelFilename;
use packaging::{GitReference, Hash, PackageName, Version};
use serde::{Deserialize, Serialize};

use crate::metadata::MetadataError;
use crate::simple_html::percent_decoded;
use crate::wheel::metadata_from_whole;
use crate::{Absence, Metadata, digest, sdist};

/// Where an archive is.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub enum ArchivePlace {
    /// At a URL, without a fragment.
    Url(Arc<str>),
    /// On disk, relative to the lock's folder.
    Path(Arc<str>),
}

impl ArchivePlace {
    /// The place as it would be written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Url(text) | Self::Path(text) => text,
        }
    }

    /// The name of the file there.
    #[must_use]
    pub fn filename(&self) -> String {
        match self {
            Self::Url(url) => {
                let path = url.split(['?', '#']).next().unwrap_or(url);
                percent_decoded(last_part(path)).into_owned()
            }
            Self::Path(path) => last_part(path).to_owned(),
        }
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What does an archive say about itself, and what is its digest?
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct ArchiveQuery {
    /// The project it must be of.
    pub name: PackageName,
    /// Where it is.
    pub place: ArchivePlace,
    /// The folder inside that holds the project.
    pub subdirectory: Option<Arc<str>>,
    /// The digest that the user vouches for: then a wheel need not be fetched as a whole.
    pub hash: Option<Hash>,
}

/// What is in a git repository at a revision?
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct RepositoryQuery {
    /// The project it must be of.
    pub name: PackageName,
    /// The repository, without credentials.
    pub url: Arc<str>,
    /// What was asked for.
    pub reference: GitReference,
    /// The full commit, if it is known already.
    pub commit: Option<Arc<str>>,
    /// The folder that holds the project.
    pub subdirectory: Option<Arc<str>>,
    /// The archive in the repository that is the distribution, in place of a folder.
    pub archive: Option<Arc<str>>,
}

/// What an archive says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Archive {
    /// The digest of the file.
    pub hash: Hash,
    /// Its metadata, or why it does not tell.
    pub told: Result<Arc<Metadata>, Absence>,
}

/// What is in a git repository at a commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkout {
    /// The full commit.
    pub commit: Arc<str>,
    /// Every `pyproject.toml` that may say where the project's requirements come from, by path.
    pub manifests: BTreeMap<String, String>,
    /// The metadata of the folder or archive, or why it does not tell.
    pub told: Result<Arc<Metadata>, Absence>,
    /// The digest of the archive, where it is one.
    pub hash: Option<Hash>,
}

/// Reads the metadata of an archive that is there as a whole; only wheels tell their version by
/// their name.
///
/// # Errors
///
/// It is another project's, broken, or only building it would tell.
pub fn archive_metadata(
    archive: &[u8],
    filename: &str,
    name: &PackageName,
    subdirectory: Option<&str>,
) -> Result<Metadata, Absence> {
    if !filename.to_ascii_lowercase().ends_with(".whl") {
        return sdist::stated_metadata(archive, filename, name, subdirectory);
    }
    let (wheel, version) = wheel_of(filename, name)?;
    let text = metadata_from_whole(&wheel, archive)?;
    Ok(Metadata::read(
        &String::from_utf8_lossy(&text),
        name,
        &version,
    )?)
}

/// The parts of a wheel's name, if it is of that project.
///
/// # Errors
///
/// It is no name of a wheel, or of another project's.
pub fn wheel_of(filename: &str, name: &PackageName) -> Result<(WheelFilename, Version), Absence> {
    let wheel = WheelFilename::parse(filename).map_err(|error| Absence::Invalid {
        reason: format!("`{filename}` is no name of a wheel: {error}"),
    })?;
    if wheel.name != *name {
        let (expected, found) = (name.to_string(), wheel.name.to_string());
        return Err(MetadataError::Inconsistent { expected, found }.into());
    }
    let version = wheel.version.clone();
    Ok((wheel, version))
}

/// Both kinds of answers as they are kept.
#[derive(Serialize, Deserialize)]
struct Form {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<Hash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    manifests: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata: Option<Vec<u8>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    absence: Option<Absence>,
}

impl Form {
    fn told(told: &Result<Arc<Metadata>, Absence>) -> Self {
        Self {
            hash: None,
            commit: None,
            manifests: BTreeMap::new(),
            metadata: told.as_ref().ok().map(|it| digest::encode_metadata(it)),
            absence: told.as_ref().err().cloned(),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn read_told(&mut self) -> Option<Result<Arc<Metadata>, Absence>> {
        match (self.metadata.take(), self.absence.take()) {
            (Some(bytes), _) => Some(Ok(Arc::new(digest::decode_metadata(&bytes).ok()?))),
            (None, Some(absence)) => Some(Err(absence)),
            (None, None) => None,
        }
    }
}

impl Archive {
    /// The form in which it is kept and sent.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Form {
            hash: Some(self.hash.clone()),
            ..Form::told(&self.told)
        }
        .to_bytes()
    }

    /// Reads that form; `None` when it is damaged.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut form: Form = serde_json::from_slice(bytes).ok()?;
        Some(Self {
            told: form.read_told()?,
            hash: form.hash?,
        })
    }
}

impl Checkout {
    /// The form in which it is kept and sent.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Form {
            hash: self.hash.clone(),
            commit: Some(self.commit.clone()),
            manifests: self.manifests.clone(),
            ..Form::told(&self.told)
        }
        .to_bytes()
    }

    /// Reads that form; `None` when it is damaged.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut form: Form = serde_json::from_slice(bytes).ok()?;
        Some(Self {
            told: form.read_told()?,
            commit: form.commit?,
            manifests: form.manifests,
            hash: form.hash,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archives::{Packing, gzipped, tar_archive, zip_archive};

    fn name(text: &str) -> PackageName {
        PackageName::new(text).unwrap()
    }

    fn told(archive: &[u8], filename: &str, subdirectory: Option<&str>) -> Result<String, String> {
        match archive_metadata(archive, filename, &name("foo"), subdirectory) {
            Ok(metadata) => {
                let lines = metadata.requires_dist.iter().map(|it| it.text.to_string());
                Ok(format!(
                    "{} {}",
                    metadata.version,
                    lines.collect::<Vec<_>>().join(",")
                ))
            }
            Err(absence) => Err(format!("{absence:?}")),
        }
    }

    #[test]
    fn the_project_is_below_the_one_folder_at_the_top() {
        let pyproject: &[u8] =
            b"[project]\nname = \"foo\"\nversion = \"1\"\ndependencies = [\"a\"]\n";
        let tar = |path: &str| gzipped(&tar_archive(&[(b'0', path, pyproject)]));
        assert_eq!(
            told(&tar("foo-1/pyproject.toml"), "foo.tar.gz", None).unwrap(),
            "1 a"
        );
        assert_eq!(
            told(&tar("pyproject.toml"), "foo.tgz", None).unwrap(),
            "1 a"
        );
        assert_eq!(
            told(
                &tar("foo-1/in/side/pyproject.toml"),
                "foo.tar.gz",
                Some("in/side")
            )
            .unwrap(),
            "1 a"
        );
        let zip = zip_archive(&[("x/in/pyproject.toml", pyproject)], Packing::Deflated);
        assert_eq!(told(&zip, "foo.zip", Some("in")).unwrap(), "1 a");
        assert!(
            told(&zip, "foo.zip", Some("out"))
                .unwrap_err()
                .contains("no folder `out`")
        );
    }

    #[test]
    fn a_version_must_be_stated_somewhere() {
        let zip = |files: &[(&str, &[u8])]| zip_archive(files, Packing::Stored);
        let dynamic: &[u8] = b"[project]\nname = \"foo\"\ndynamic = [\"version\"]\n";
        let info: &[u8] =
            b"Metadata-Version: 2.2\nName: foo\nVersion: 3\nRequires-Dist: b\nDynamic: Version\n";
        let archive = zip(&[("foo/pyproject.toml", dynamic)]);
        assert!(
            told(&archive, "foo.zip", None)
                .unwrap_err()
                .contains("`version` dynamic")
        );
        let archive = zip(&[("foo/pyproject.toml", dynamic), ("foo/PKG-INFO", info)]);
        assert_eq!(told(&archive, "foo.zip", None).unwrap(), "3 b");
        let setup: &[u8] =
            b"from setuptools import setup\nsetup(name='foo', version='4', install_requires=['c'])\n";
        let archive = zip(&[
            ("foo/setup.py", setup),
            ("foo/foo.egg-info/requires.txt", b"c\n"),
        ]);
        assert_eq!(told(&archive, "foo.zip", None).unwrap(), "4 c");
    }

    #[test]
    fn an_archive_of_another_project_is_not_believed() {
        let pyproject: &[u8] = b"[project]\nname = \"bar\"\nversion = \"1\"\n";
        let archive = zip_archive(&[("x/pyproject.toml", pyproject)], Packing::Stored);
        assert!(
            told(&archive, "foo.zip", None)
                .unwrap_err()
                .contains("Inconsistent")
        );
        let error = told(&archive, "bar-1-py3-none-any.whl", None).unwrap_err();
        assert!(
            error.contains("expected metadata of foo, found bar"),
            "{error}"
        );
        assert!(told(b"no archive", "foo.zip", None).is_err());
        assert!(
            told(b"no archive", "foo.tar.bz2", None)
                .unwrap_err()
                .contains("kind")
        );
    }

    #[test]
    fn answers_survive_being_kept() {
        let metadata = Metadata::read(
            "Metadata-Version: 2.1\nName: foo\nVersion: 1\nRequires-Dist: a\n",
            &name("foo"),
            &Version::new([1]),
        );
        let hash: Hash = format!("sha256:{:064}", 1).parse().unwrap();
        let archive = Archive {
            hash,
            told: Ok(Arc::new(metadata.unwrap())),
        };
        assert_eq!(Archive::from_bytes(&archive.to_bytes()), Some(archive));
        let checkout = Checkout {
            commit: "c0ffee".into(),
            manifests: BTreeMap::from([("a/pyproject.toml".into(), "[project]".into())]),
            told: Err(Absence::NotFound),
            hash: None,
        };
        let bytes = checkout.to_bytes();
        assert_eq!(Checkout::from_bytes(&bytes), Some(checkout));
        assert_eq!(Checkout::from_bytes(&bytes[1..]), None);
        assert_eq!(Archive::from_bytes(b"{}"), None);
    }

    #[test]
    fn file_names_come_out_of_places() {
        let url = |url: &str| ArchivePlace::Url(url.into()).filename();
        assert_eq!(url("https://x.example/a/b%2Bc.whl?d=e/f#g/h"), "b+c.whl");
        assert_eq!(
            ArchivePlace::Path("../a/b%2B.whl".into()).filename(),
            "b%2B.whl"
        );
    }
}
