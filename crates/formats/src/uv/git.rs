//! Git sources as uv writes them: `<url>?subdirectory=…&rev=…#<commit>`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use packaging::{GitReference, form_encoded};

/// The parts of a git source.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Git {
    /// The repository; queries that mean nothing here stay.
    pub(super) url: Arc<str>,
    pub(super) reference: GitReference,
    pub(super) commit: Option<Arc<str>>,
    pub(super) subdirectory: Option<Arc<str>>,
}

impl Git {
    pub(super) fn parse(text: &str) -> Self {
        let (rest, commit) = match text.split_once('#') {
            Some((rest, commit)) => (rest, Some(commit.into())),
            None => (text, None),
        };
        let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut url = base.to_owned();
        let (mut reference, mut subdirectory) = (GitReference::Default, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = || decode(value);
            match name {
                "subdirectory" => subdirectory = Some(value().into()),
                "rev" => reference = GitReference::Revision(value()),
                "tag" => reference = GitReference::Tag(value()),
                "branch" => reference = GitReference::Branch(value()),
                _ => {
                    url.push(if url.contains('?') { '&' } else { '?' });
                    url.push_str(pair);
                }
            }
        }
        Self {
            url: url.into(),
            reference,
            commit,
            subdirectory,
        }
    }
}

/// Writes a git source.
pub(super) fn print(
    url: &str,
    reference: &GitReference,
    commit: Option<&str>,
    subdirectory: Option<&str>,
) -> String {
    let (base, kept) = url.split_once('?').unwrap_or((url, ""));
    let (name, revision) = match reference {
        GitReference::Default => ("", None),
        GitReference::Branch(branch) => ("branch", Some(branch.as_str())),
        GitReference::Tag(tag) => ("tag", Some(tag.as_str())),
        GitReference::Revision(revision) => ("rev", Some(revision.as_str())),
    };
    let subdirectory = subdirectory.map(|folder| format!("subdirectory={}", form_encoded(folder)));
    let kept = (!kept.is_empty()).then(|| kept.to_owned());
    let revision = revision.map(|revision| format!("{name}={}", form_encoded(revision)));
    let query: Vec<_> = [subdirectory, kept, revision]
        .into_iter()
        .flatten()
        .collect();
    let mut text = base.to_owned();
    if !query.is_empty() {
        let _ = write!(text, "?{}", query.join("&"));
    }
    if let Some(commit) = commit {
        let _ = write!(text, "#{commit}");
    }
    text
}

fn decode(text: &str) -> String {
    crate::percent_decode(&text.replace('+', " ")).map_or_else(|| text.to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_survive() {
        for text in [
            "https://git.example/a/b.git?subdirectory=pkgs%2Fsub&rev=main#be26ecc2",
            "https://git.example/a/b.git?lfs=true&branch=feature%2Fx#be26ecc2",
            "ssh://git@git.example/a/b?subdirectory=a+b&path=x&tag=v1",
            "https://git.example/a#be26ecc2",
            "https://git.example/a",
        ] {
            let git = Git::parse(text);
            let (commit, folder) = (git.commit.as_deref(), git.subdirectory.as_deref());
            assert_eq!(print(&git.url, &git.reference, commit, folder), text);
        }
        let git = Git::parse("https://git.example/a?subdirectory=a%2Fb+c&lfs=true");
        assert_eq!(git.subdirectory.as_deref(), Some("a/b c"));
        assert_eq!(&*git.url, "https://git.example/a?lfs=true");
    }
}
