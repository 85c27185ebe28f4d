//! A lock file's text, and what it could not say.

use std::collections::BTreeSet;
use std::fmt;

use packaging::{ExtraName, GroupName, IndexUrl, PackageName, Version};

/// What a format made of a lock.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Written {
    /// The file's whole text.
    pub text: String,
    /// What the lock knew and the text does not say, in the order it was noticed, each once.
    pub losses: Vec<Loss>,
}

impl Written {
    /// A text that says everything.
    #[must_use]
    pub fn whole(text: String) -> Self {
        Self {
            text,
            losses: Vec::new(),
        }
    }

    /// Notes a loss, once.
    pub fn lose(&mut self, loss: Loss) {
        if !self.losses.contains(&loss) {
            self.losses.push(loss);
        }
    }
}

/// Something a lock knows and a format cannot hold, or that was left out on purpose.
///
/// Its [`Display`](fmt::Display) is a sentence for the user: lower case, no full stop.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Loss {
    /// A local project was left out, since an installer that checks hashes refuses it.
    LocalProject {
        /// The project.
        name: PackageName,
    },
    /// A package of a repository was left out, since an installer that checks hashes refuses it.
    Repository {
        /// The project.
        name: PackageName,
    },
    /// A package is written without a hash, since none is known.
    Unhashed {
        /// The project.
        name: PackageName,
        /// Its version, where it has one.
        version: Option<Version>,
    },
    /// Facts that only the caller knows are left for it to add.
    Caller {
        /// Which facts.
        facts: &'static str,
    },
    /// The hash that tells whether a manifest changed is missing, since there is none.
    ManifestHash,
    /// A package that pip-compile takes for unsafe is named without its version.
    Unpinned {
        /// The project.
        name: PackageName,
    },
    /// Extras that the lock offers are not part of the selection.
    Extras {
        /// The extras left out.
        names: BTreeSet<ExtraName>,
    },
    /// Dependency groups that the lock holds are not part of the selection.
    Groups {
        /// The groups left out.
        names: BTreeSet<GroupName>,
    },
    /// Locked packages are not part of the selection.
    Unselected {
        /// How many.
        packages: usize,
    },
    /// Which package requires which is not written.
    Edges,
    /// The environments the resolution was split into are only visible in the packages' markers.
    Forks {
        /// How many there are.
        forks: usize,
    },
    /// The index a package comes from is not written; an installer looks where it is configured to.
    Index {
        /// The project.
        name: PackageName,
        /// Where it was found.
        index: IndexUrl,
    },
    /// Settings and requirements that decided the resolution are not written.
    Settings {
        /// Their names as the user wrote them, `constraint-dependencies` for instance.
        names: Vec<&'static str>,
    },
    /// Upload times and sizes of files, or one of them, are not written.
    FileFacts {
        /// Which facts, `upload times` for instance.
        facts: &'static str,
    },
    /// Where the files are is not written; an installer asks the index for them.
    FileUrls,
    /// A fact about a package that the format wants was never heard.
    Unheard {
        /// The project.
        name: PackageName,
        /// Which fact, `description` for instance.
        fact: &'static str,
    },
    /// Files of a package are missing: the lock holds only those that some environment could use.
    Files {
        /// The project.
        name: PackageName,
        /// Its version, where it has one.
        version: Option<Version>,
    },
}

impl Loss {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LocalProject { .. } => "local-project",
            Self::Repository { .. } => "repository",
            Self::Unhashed { .. } => "unhashed",
            Self::Caller { .. } => "caller",
            Self::ManifestHash => "manifest-hash",
            Self::Unpinned { .. } => "unpinned",
            Self::Extras { .. } => "extras",
            Self::Groups { .. } => "groups",
            Self::Unselected { .. } => "unselected",
            Self::Edges => "edges",
            Self::Forks { .. } => "forks",
            Self::Index { .. } => "index",
            Self::Settings { .. } => "settings",
            Self::FileFacts { .. } => "file-facts",
            Self::FileUrls => "file-urls",
            Self::Unheard { .. } => "unheard",
            Self::Files { .. } => "files",
        }
    }
}

/// How many names a sentence bears.
const BEARABLE: usize = 8;

/// Names in backticks, joined by commas.
fn list<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The first few names, and how many more there are.
fn list_some<T: fmt::Display>(names: &BTreeSet<T>) -> String {
    if names.len() <= BEARABLE {
        return list(names);
    }
    let first = list(names.iter().take(BEARABLE - 1));
    format!("{first} and {} more", names.len() - (BEARABLE - 1))
}

/// `name` or `name version`.
fn release(name: &PackageName, version: Option<&Version>) -> String {
    version.map_or_else(
        || format!("`{name}`"),
        |version| format!("`{name}` {version}"),
    )
}

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LocalProject { name } => write!(
                formatter,
                "the local project `{name}` is left out: it has no hash, and installers that check hashes refuse it"
            ),
            Self::Repository { name } => write!(
                formatter,
                "`{name}` of a repository is left out: it has no hash, and installers that check hashes refuse it"
            ),
            Self::Unhashed { name, version } => write!(
                formatter,
                "{} is written without a hash: none is known",
                release(name, version.as_ref())
            ),
            Self::Caller { facts } => {
                write!(formatter, "{facts} are left for the caller to add")
            }
            Self::ManifestHash => formatter.write_str(
                "the hash of the manifest is left empty: there is no manifest of the format's own kind",
            ),
            Self::Unpinned { name } => write!(
                formatter,
                "`{name}` is not pinned: pip-compile takes it for unsafe unless `--allow-unsafe` is said"
            ),
            Self::Extras { names } => {
                write!(formatter, "the extras {} are not selected", list_some(names))
            }
            Self::Groups { names } => {
                write!(formatter, "the dependency groups {} are not selected", list_some(names))
            }
            Self::Unselected { packages } => {
                write!(formatter, "{packages} locked packages are not part of the selection")
            }
            Self::Edges => formatter.write_str("which package requires which is not written"),
            Self::Forks { forks } => write!(
                formatter,
                "the {forks} environments the resolution was split into are not written, only each package's marker"
            ),
            Self::Index { name, index } => write!(
                formatter,
                "that `{name}` comes from the index `{index}` is not written: the installer must be told"
            ),
            Self::Settings { names } => {
                write!(formatter, "the settings that decided the resolution are not written: {}", list(names))
            }
            Self::FileFacts { facts } => write!(formatter, "the files' {facts} are not written"),
            Self::FileUrls => formatter.write_str(
                "where the files are is not written: the installer asks the index it is configured for",
            ),
            Self::Unheard { name, fact } => {
                write!(formatter, "the {fact} of `{name}` is not known and left empty")
            }
            Self::Files { name, version } => write!(
                formatter,
                "{} lists only the files that the lock holds, not every file of the release",
                release(name, version.as_ref())
            ),
        }
    }
}
