//! Repositories on known forges, by their HTTP APIs: where there is no git, a commit and a few
//! files of it can still be had.
//!
//! GitHub: <https://docs.github.com/rest>, GitLab: <https://docs.gitlab.com/api/>,
//! Forgejo and Gitea: <https://codeberg.org/api/swagger>,
//! Bitbucket: <https://developer.atlassian.com/cloud/bitbucket/rest/>.

use futures_util::future::try_join_all;
use packaging::GitReference;
use serde_json::Value;

use super::http::{Client, refusal};
use super::{Cache, SourceError, without_credentials};
use crate::transport::{GitReply, GitRequest, Reply, Request, Transport};

/// A listing has no more pages than this.
const PAGES: usize = 50;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    GitHub,
    GitLab,
    Forgejo,
    Bitbucket,
}

/// A repository on a forge.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Repository {
    kind: Kind,
    origin: String,
    /// `owner/name`; on GitLab there may be more parts.
    path: String,
}

impl Repository {
    /// The repository at a URL, if it is on a forge that is known.
    fn at(url: &str) -> Option<Self> {
        let url = without_credentials(url);
        let url = match url.strip_prefix("ssh://") {
            Some(rest) => format!("https://{}", rest.strip_prefix("git@").unwrap_or(rest)),
            None => url,
        };
        let (scheme, rest) = url.split_once("://")?;
        let (host, path) = rest.split_once('/')?;
        let path = path.split(['?', '#']).next()?.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let kind = match host {
            "github.com" | "www.github.com" => Kind::GitHub,
            "bitbucket.org" => Kind::Bitbucket,
            "codeberg.org" | "gitea.com" => Kind::Forgejo,
            host if host == "gitlab.com" || host.starts_with("gitlab.") => Kind::GitLab,
            host if host.starts_with("gitea.") || host.starts_with("forgejo.") => Kind::Forgejo,
            _ => return None,
        };
        let parts = path.split('/').count();
        if !matches!(scheme, "http" | "https") || parts < 2 || kind != Kind::GitLab && parts > 2 {
            return None;
        }
        Some(Self {
            kind,
            origin: format!("{scheme}://{host}"),
            path: path.to_owned(),
        })
    }

    fn api(&self) -> String {
        let path = &self.path;
        match self.kind {
            Kind::GitHub => format!("https://api.github.com/repos/{path}"),
            Kind::GitLab => format!("{}/api/v4/projects/{}", self.origin, encoded(path, "")),
            Kind::Forgejo => format!("{}/api/v1/repos/{path}", self.origin),
            Kind::Bitbucket => format!("https://api.bitbucket.org/2.0/repositories/{path}"),
        }
    }

    fn commit_url(&self, reference: &GitReference) -> String {
        let api = self.api();
        let name = match (self.kind, reference) {
            (_, GitReference::Default) => "HEAD".to_owned(),
            (Kind::GitHub, GitReference::Branch(name)) => format!("heads/{name}"),
            (Kind::GitHub, GitReference::Tag(name)) => format!("tags/{name}"),
            (
                _,
                GitReference::Branch(name) | GitReference::Tag(name) | GitReference::Revision(name),
            ) => name.clone(),
        };
        match self.kind {
            Kind::GitHub => format!("{api}/commits/{}", encoded(&name, "/")),
            Kind::GitLab => format!("{api}/repository/commits/{}", encoded(&name, "")),
            Kind::Forgejo => format!(
                "{api}/git/commits/{}?stat=false&verification=false&files=false",
                encoded(&name, "")
            ),
            Kind::Bitbucket => format!("{api}/commit/{}", encoded(&name, "")),
        }
    }

    fn listing_url(&self, commit: &str, page: usize) -> String {
        let api = self.api();
        match self.kind {
            Kind::GitHub => format!("{api}/git/trees/{commit}?recursive=1"),
            Kind::GitLab => format!(
                "{api}/repository/tree?recursive=true&per_page=100&page={page}&ref={commit}"
            ),
            Kind::Forgejo => {
                format!("{api}/git/trees/{commit}?recursive=true&per_page=1000&page={page}")
            }
            Kind::Bitbucket => format!("{api}/src/{commit}/?max_depth=8&pagelen=100&page={page}"),
        }
    }

    fn file_url(&self, commit: &str, path: &str) -> String {
        let api = self.api();
        match self.kind {
            Kind::GitHub => format!(
                "https://raw.githubusercontent.com/{}/{commit}/{}",
                self.path,
                encoded(path, "/")
            ),
            Kind::GitLab => format!(
                "{api}/repository/files/{}/raw?ref={commit}",
                encoded(path, "")
            ),
            Kind::Forgejo => format!("{api}/raw/{}?ref={commit}", encoded(path, "/")),
            Kind::Bitbucket => format!("{api}/src/{commit}/{}", encoded(path, "/")),
        }
    }
}

/// Whether a repository is on one of the forges that anybody may use.
#[must_use]
pub fn is_on_public_forge(url: &str) -> bool {
    const FORGES: [&str; 5] = [
        "https://github.com",
        "https://gitlab.com",
        "https://codeberg.org",
        "https://gitea.com",
        "https://bitbucket.org",
    ];
    Repository::at(url).is_some_and(|repository| FORGES.contains(&&*repository.origin))
}

/// The text as a part of a path; letters, digits, `-._~` and what is in `keep` stay.
fn encoded(text: &str, keep: &str) -> String {
    let stays = |byte: u8| {
        byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.as_bytes().contains(&byte)
    };
    text.bytes()
        .map(|byte| match stays(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

/// Answers by the forge's API.
pub(super) async fn ask<T: Transport, C: Cache>(
    client: &Client<T, C>,
    request: &GitRequest,
) -> Result<GitReply, SourceError> {
    let (GitRequest::Commit { url, .. }
    | GitRequest::Paths { url, .. }
    | GitRequest::Files { url, .. }) = request;
    let Some(repository) = Repository::at(url) else {
        let reason = "it is on no forge whose HTTP API is known, and there is no git here";
        return Err(SourceError::new(url, reason));
    };
    let asking = Asking { client, repository };
    match request {
        GitRequest::Commit { reference, .. } => asking.commit(reference).await,
        GitRequest::Paths { commit, .. } => asking.paths(commit).await,
        GitRequest::Files { commit, paths, .. } => asking.files(commit, paths).await,
    }
}

struct Asking<'a, T, C> {
    client: &'a Client<T, C>,
    repository: Repository,
}

impl<T: Transport, C: Cache> Asking<'_, T, C> {
    async fn get(&self, url: String) -> Result<Reply, SourceError> {
        let request = Request {
            url,
            accept: Some("application/json, */*;q=0.1"),
            compressed: true,
            ..Request::default()
        };
        self.client.get(request).await
    }

    fn broken(&self, reply: &Reply) -> SourceError {
        SourceError::new(&reply.url, "the forge's answer cannot be read")
    }

    async fn commit(&self, reference: &GitReference) -> Result<GitReply, SourceError> {
        let reply = self.get(self.repository.commit_url(reference)).await?;
        // An unknown revision is 422 on GitHub, and 404 elsewhere.
        if reply.status != 200 {
            if reply.status != 422 {
                refusal(&reply)?;
            }
            let reason = format!(
                "the forge has no such revision, or shows it to nobody ({})",
                reply.status
            );
            return Ok(GitReply::Absent(reason));
        }
        let key = match self.repository.kind {
            Kind::GitHub | Kind::Forgejo => "sha",
            Kind::GitLab => "id",
            Kind::Bitbucket => "hash",
        };
        let value: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        match value.get(key).and_then(Value::as_str) {
            Some(commit) if commit.len() == 40 => Ok(GitReply::Commit(commit.to_lowercase())),
            _ => Err(self.broken(&reply)),
        }
    }

    async fn paths(&self, commit: &str) -> Result<GitReply, SourceError> {
        let mut paths = Vec::new();
        for page in 1..=PAGES {
            let reply = self.get(self.repository.listing_url(commit, page)).await?;
            if reply.status != 200 {
                refusal(&reply)?;
                return Ok(GitReply::Absent(
                    "the forge does not list the commit".to_owned(),
                ));
            }
            let value: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let entries = match self.repository.kind {
                Kind::GitHub | Kind::Forgejo => value.get("tree"),
                Kind::GitLab => Some(&value),
                Kind::Bitbucket => value.get("values"),
            };
            let Some(entries) = entries.and_then(Value::as_array) else {
                return Err(self.broken(&reply));
            };
            let is_file = |entry: &&Value| {
                let kind = entry.get("type").and_then(Value::as_str);
                matches!(kind, Some("blob" | "commit_file"))
            };
            let path = |entry: &Value| Some(entry.get("path")?.as_str()?.to_owned());
            paths.extend(entries.iter().filter(is_file).filter_map(path));
            let is_cut = value.get("truncated").and_then(Value::as_bool) == Some(true);
            let has_more = match self.repository.kind {
                Kind::GitHub if is_cut => {
                    let reason = "the repository has more files than the forge lists";
                    return Err(SourceError::new(&reply.url, reason));
                }
                Kind::GitHub => false,
                Kind::GitLab => entries.len() == 100,
                Kind::Forgejo => is_cut,
                Kind::Bitbucket => value.get("next").is_some(),
            };
            if !has_more {
                break;
            }
        }
        Ok(GitReply::Paths(paths))
    }

    async fn files(&self, commit: &str, paths: &[String]) -> Result<GitReply, SourceError> {
        let files = paths.iter().map(|path| async move {
            let reply = self.get(self.repository.file_url(commit, path)).await?;
            if reply.status == 200 {
                return Ok(Some(reply.body));
            }
            refusal(&reply).map(|_| None)
        });
        Ok(GitReply::Files(try_join_all(files).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(url: &str) -> Option<[String; 3]> {
        let repository = Repository::at(url)?;
        Some([
            repository.commit_url(&GitReference::Tag("v1/x".to_owned())),
            repository.listing_url("c0ffee", 2),
            repository.file_url("c0ffee", "a b/pyproject.toml"),
        ])
    }

    #[test]
    fn every_forge_has_its_own_addresses() {
        assert_eq!(
            urls("https://me:pw@github.com/o/r.git").unwrap(),
            [
                "https://api.github.com/repos/o/r/commits/tags/v1/x",
                "https://api.github.com/repos/o/r/git/trees/c0ffee?recursive=1",
                "https://raw.githubusercontent.com/o/r/c0ffee/a%20b/pyproject.toml",
            ]
        );
        assert_eq!(
            urls("ssh://git@gitlab.example/group/sub/r").unwrap(),
            [
                "https://gitlab.example/api/v4/projects/group%2Fsub%2Fr/repository/commits/v1%2Fx",
                "https://gitlab.example/api/v4/projects/group%2Fsub%2Fr/repository/tree?recursive=true&per_page=100&page=2&ref=c0ffee",
                "https://gitlab.example/api/v4/projects/group%2Fsub%2Fr/repository/files/a%20b%2Fpyproject.toml/raw?ref=c0ffee",
            ]
        );
        assert_eq!(
            urls("https://codeberg.org/o/r").unwrap()[2],
            "https://codeberg.org/api/v1/repos/o/r/raw/a%20b/pyproject.toml?ref=c0ffee"
        );
        assert_eq!(
            urls("https://bitbucket.org/o/r").unwrap()[0],
            "https://api.bitbucket.org/2.0/repositories/o/r/commit/v1%2Fx"
        );
        assert_eq!(urls("https://git.example/o/r"), None);
        assert_eq!(urls("https://github.com/o"), None);
    }
}
