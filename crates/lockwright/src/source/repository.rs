//! Git repositories: the commit of a reference, and the few files that tell a project's metadata.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use index::stated::below;
use index::{Absence, Answer, Checkout, RepositoryQuery, SourceTree, archive_metadata};

use super::archive::sha256;
use super::http::{Client, Fetched};
use super::{Cache, SourceError, forge};
use crate::transport::{GitReply, GitRequest, Transport};

/// No more manifests than this are read of one repository.
const MANIFEST_LIMIT: usize = 500;

/// Reads what a repository says about a project.
pub(super) async fn read<T: Transport, C: Cache>(
    client: &Client<T, C>,
    query: &RepositoryQuery,
) -> Result<Fetched, SourceError> {
    let reader = Reader { client, query };
    match reader.checkout().await {
        Ok(checkout) => {
            let answer = Answer::Repository(Arc::new(checkout));
            // A commit never changes; a branch may have moved by the next run.
            Ok(match query.commit {
                Some(_) => Fetched::forever(answer),
                None => Fetched::for_now(answer),
            })
        }
        Err(Stop::Absent(reason)) => {
            let absence = Absence::Invalid { reason };
            Ok(Fetched::for_now(Answer::Absent(absence)))
        }
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Why nothing was read.
enum Stop {
    /// There is no such repository, revision or file.
    Absent(String),
    /// It could not be found out.
    Failed(SourceError),
}

struct Reader<'r, T, C> {
    client: &'r Client<T, C>,
    query: &'r RepositoryQuery,
}

impl<T: Transport, C: Cache> Reader<'_, T, C> {
    async fn checkout(&self) -> Result<Checkout, Stop> {
        let commit = match &self.query.commit {
            Some(commit) => commit.to_string(),
            None => self.commit().await?,
        };
        match &self.query.archive {
            Some(path) => self.archive(commit, path).await,
            None => self.folder(commit).await,
        }
    }

    async fn ask(&self, request: GitRequest) -> Result<GitReply, Stop> {
        let url = &self.query.url;
        let failed = |reason: String| Stop::Failed(SourceError::new(url, reason));
        let reply = match self.client.transport.git(request.clone()).await {
            Some(reply) => reply.map_err(|error| failed(error.reason))?,
            None => forge::ask(self.client, &request)
                .await
                .map_err(Stop::Failed)?,
        };
        match reply {
            GitReply::Absent(reason) => Err(Stop::Absent(reason)),
            reply => Ok(reply),
        }
    }

    fn confused(&self) -> Stop {
        let reason = "the repository answered something else than was asked";
        Stop::Failed(SourceError::new(&self.query.url, reason))
    }

    async fn commit(&self) -> Result<String, Stop> {
        let request = GitRequest::Commit {
            url: self.query.url.to_string(),
            reference: self.query.reference.clone(),
        };
        match self.ask(request).await? {
            GitReply::Commit(commit) => Ok(commit),
            _ => Err(self.confused()),
        }
    }

    async fn paths(&self, commit: &str) -> Result<Vec<String>, Stop> {
        let request = GitRequest::Paths {
            url: self.query.url.to_string(),
            commit: commit.to_owned(),
        };
        match self.ask(request).await? {
            GitReply::Paths(paths) => Ok(paths),
            _ => Err(self.confused()),
        }
    }

    /// Those of the files that there are.
    async fn files(
        &self,
        commit: &str,
        paths: Vec<String>,
    ) -> Result<Vec<(String, Vec<u8>)>, Stop> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let request = GitRequest::Files {
            url: self.query.url.to_string(),
            commit: commit.to_owned(),
            paths: paths.clone(),
        };
        match self.ask(request).await? {
            GitReply::Files(contents) if contents.len() == paths.len() => {
                let files = paths.into_iter().zip(contents);
                Ok(files
                    .filter_map(|(path, content)| Some((path, content?)))
                    .collect())
            }
            _ => Err(self.confused()),
        }
    }

    async fn archive(&self, commit: String, path: &str) -> Result<Checkout, Stop> {
        let files = self.files(&commit, vec![path.to_owned()]).await?;
        let Some((_, bytes)) = files.into_iter().next() else {
            return Err(Stop::Absent(format!("it has no file `{path}`")));
        };
        let filename = path.rsplit('/').next().unwrap_or(path);
        let told = archive_metadata(&bytes, filename, &self.query.name, None);
        Ok(Checkout {
            commit: commit.into(),
            manifests: BTreeMap::new(),
            told: told.map(Arc::new),
            hash: Some(sha256(&bytes)),
        })
    }

    async fn folder(&self, commit: String) -> Result<Checkout, Stop> {
        let folder = self.query.subdirectory.as_deref().unwrap_or_default();
        let folder = folder.trim_matches('/');
        let paths: BTreeSet<String> = self.paths(&commit).await?.into_iter().collect();
        if !folder.is_empty() && !paths.iter().any(|path| below(path, folder).is_some()) {
            return Err(Stop::Absent(format!("it has no folder `{folder}`")));
        }
        let manifests = self.manifests(&commit, folder, &paths).await?;
        // What a build would need most comes first; the rest is read when that does not tell.
        let mut tree = self.listed(&paths, folder);
        let first = ["pyproject.toml", "PKG-INFO"].map(|name| join(folder, name));
        let first: Vec<String> = first.into_iter().filter(|it| paths.contains(it)).collect();
        for (path, content) in self.files(&commit, first.clone()).await? {
            tree.keep(below(&path, folder).unwrap_or(&path), content);
        }
        let mut told = tree.metadata(&self.query.name);
        let may_tell = |path: &&String| below(path, folder).is_some_and(tells);
        let more: Vec<String> = paths.iter().filter(may_tell).cloned().collect();
        let has_setup = ["setup.py", "setup.cfg"].map(|name| paths.contains(&join(folder, name)));
        if matches!(&told, Err(Absence::NeedsBuild { .. })) && has_setup.contains(&true) {
            let mut tree = self.listed(&paths, folder);
            for (path, content) in self.files(&commit, [first, more].concat()).await? {
                tree.keep(below(&path, folder).unwrap_or(&path), content);
            }
            told = tree.metadata(&self.query.name);
        }
        Ok(Checkout {
            commit: commit.into(),
            manifests,
            told: told.map(Arc::new),
            hash: None,
        })
    }

    /// A tree of which only the names of the files are known.
    fn listed(&self, paths: &BTreeSet<String>, folder: &str) -> SourceTree {
        let mut tree = SourceTree::default();
        for path in paths.iter().filter_map(|path| below(path, folder)) {
            tree.list(path);
        }
        tree
    }

    /// The manifests of the folder and of those above it; all of them, where one has settings that
    /// may lead to others.
    async fn manifests(
        &self,
        commit: &str,
        folder: &str,
        paths: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, String>, Stop> {
        let mut near = vec![join(folder, "pyproject.toml")];
        let mut above = folder;
        while !above.is_empty() {
            above = above.rsplit_once('/').map_or("", |it| it.0);
            near.push(join(above, "pyproject.toml"));
        }
        near.retain(|path| paths.contains(path));
        let mut manifests: BTreeMap<String, String> = self.texts(commit, near).await?;
        if manifests.values().any(|text| text.contains("tool.uv")) {
            let is_other = |path: &&String| {
                path.rsplit('/').next() == Some("pyproject.toml") && !manifests.contains_key(*path)
            };
            let others = paths.iter().filter(is_other).take(MANIFEST_LIMIT).cloned();
            let others = self.texts(commit, others.collect()).await?;
            manifests.extend(others);
        }
        Ok(manifests)
    }

    async fn texts(
        &self,
        commit: &str,
        paths: Vec<String>,
    ) -> Result<BTreeMap<String, String>, Stop> {
        let files = self.files(commit, paths).await?;
        let text = |content: Vec<u8>| String::from_utf8(content).ok();
        Ok(files
            .into_iter()
            .filter_map(|(path, content)| Some((path, text(content)?)))
            .collect())
    }
}

/// Whether a file below the project's folder may state its version or requirements.
fn tells(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_near = path.matches('/').count() <= 2;
    let is_version = matches!(
        name,
        "__init__.py" | "version.py" | "_version.py" | "__version__.py" | "__about__.py"
    );
    SourceTree::wants(path, 0)
        && !matches!(path, "pyproject.toml" | "PKG-INFO")
        && (!path.contains('/') || is_near && (is_version || name.ends_with(".txt")))
}

fn join(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}
