//! Answers kept between runs, in the compact form.

use std::future::Future;
use std::sync::Arc;

use index::digest::{self, Decoder};
use index::{Answer, Archive, Checkout, Query};
use sha2::{Digest, Sha256};

use super::checksum::hexadecimal;

/// Keeps answers between runs. Nothing depends on it: what it loses is asked again.
pub trait Cache {
    /// The answer kept for a query, fresh or not. What cannot be read is not there.
    fn get(&self, query: &Query) -> impl Future<Output = Option<Cached>>;

    /// The same at once, where looking takes no longer than handing the question over.
    fn at_hand(&self, _: &Query) -> Option<Cached> {
        None
    }

    /// Keeps an answer, in place of an older one. Failing to is not worth a word.
    fn put(&self, query: &Query, cached: Cached) -> impl Future<Output = ()>;
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCache;

impl Cache for NoCache {
    async fn get(&self, _: &Query) -> Option<Cached> {
        None
    }

    async fn put(&self, _: &Query, _: Cached) {}
}

/// An answer, and for how long it is good.
#[derive(Clone, Debug)]
pub struct Cached {
    /// The answer.
    pub answer: Answer,
    /// The entity tag to revalidate it by.
    pub etag: Option<String>,
    /// When it was fetched or last revalidated: milliseconds since 1970-01-01T00:00:00Z.
    pub fetched_at: i64,
    /// For how many seconds from then it is fresh; `None` is for ever.
    pub max_age: Option<u64>,
}

impl Cached {
    /// Whether the answer is good without asking again. A clock that was set back makes it stale.
    #[must_use]
    pub fn is_fresh(&self, now: i64) -> bool {
        let Some(max_age) = self.max_age else {
            return true;
        };
        u64::try_from(now.saturating_sub(self.fetched_at)).is_ok_and(|age| age / 1000 < max_age)
    }

    /// The compact form, to be kept under a [`CacheKey`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (kind, body) = match &self.answer {
            Answer::Project(project) => (PROJECT, digest::encode_project(project)),
            Answer::Metadata(metadata) => (METADATA, digest::encode_metadata(metadata)),
            Answer::Archive(archive) => (ARCHIVE, archive.to_bytes()),
            Answer::Repository(checkout) => (REPOSITORY, checkout.to_bytes()),
            Answer::Absent(absence) => (ABSENT, serde_json::to_vec(absence).unwrap_or_default()),
        };
        let etag = self
            .etag
            .as_deref()
            .filter(|etag| etag.len() <= usize::from(u8::MAX));
        let etag = etag.unwrap_or_default().as_bytes();
        let mut bytes = Vec::with_capacity(HEAD + etag.len() + body.len());
        bytes.push(kind);
        bytes.extend(self.fetched_at.to_le_bytes());
        bytes.extend(self.max_age.unwrap_or(FOREVER).to_le_bytes());
        bytes.push(u8::try_from(etag.len()).unwrap_or(0));
        bytes.extend(etag);
        bytes.extend(body);
        bytes
    }

    /// Reads the compact form; `None` when it is damaged.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::decode(bytes, &mut Decoder::default())
    }

    /// The same for many answers, which share what they have in common.
    #[must_use]
    pub fn decode(bytes: &[u8], decoder: &mut Decoder) -> Option<Self> {
        let (&kind, bytes) = bytes.split_first()?;
        let (fetched_at, bytes) = bytes.split_first_chunk()?;
        let (max_age, bytes) = bytes.split_first_chunk()?;
        let (&length, bytes) = bytes.split_first()?;
        let (etag, body) = bytes.split_at_checked(usize::from(length))?;
        let max_age = u64::from_le_bytes(*max_age);
        Some(Self {
            answer: answer(kind, body, decoder)?,
            etag: (!etag.is_empty())
                .then(|| String::from_utf8(etag.to_vec()).ok())
                .flatten(),
            fetched_at: i64::from_le_bytes(*fetched_at),
            max_age: (max_age != FOREVER).then_some(max_age),
        })
    }
}

/// The bytes before the entity tag: kind, time, freshness, and the tag's length.
const HEAD: usize = 1 + 8 + 8 + 1;

/// What stands for "fresh for ever".
const FOREVER: u64 = u64::MAX;

const PROJECT: u8 = 1;
const METADATA: u8 = 2;
const ABSENT: u8 = 3;
const ARCHIVE: u8 = 4;
const REPOSITORY: u8 = 5;

fn answer(kind: u8, body: &[u8], decoder: &mut Decoder) -> Option<Answer> {
    Some(match kind {
        PROJECT => Answer::Project(Arc::new(digest::decode_project(body).ok()?)),
        METADATA => Answer::Metadata(Arc::new(decoder.metadata(body).ok()?)),
        ARCHIVE => Answer::Archive(Arc::new(Archive::from_bytes(body)?)),
        REPOSITORY => Answer::Repository(Arc::new(Checkout::from_bytes(body)?)),
        ABSENT => Answer::Absent(serde_json::from_slice(body).ok()?),
        _ => return None,
    })
}

/// Where an answer is kept: a relative path of three parts, the form's version, the kind and a
/// digest of everything that identifies what was asked.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CacheKey(String);

impl CacheKey {
    /// The key of a query. A file is known by its URL and by every digest the index has of it.
    #[must_use]
    pub fn of(query: &Query) -> Self {
        let mut sha256 = Sha256::new();
        let kind = match query {
            Query::Project { index, name } => {
                sha256.update(index.page(name));
                "page"
            }
            Query::Metadata(query) => {
                sha256.update(&*query.url);
                for hash in query.metadata_hash.iter().chain(&query.file_hash) {
                    sha256.update(format!("\n{hash}"));
                }
                "metadata"
            }
            // All that is asked decides the answer: the project, the folder, the revision.
            Query::Archive(query) => {
                sha256.update(serde_json::to_vec(query).unwrap_or_default());
                "archive"
            }
            Query::Repository(query) => {
                sha256.update(serde_json::to_vec(query).unwrap_or_default());
                "repository"
            }
        };
        let digest = hexadecimal(&sha256.finalize());
        Self(format!("v{FORM}.{}/{kind}/{digest}", digest::VERSION))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The version of what stands around the digests, whose own version counts too.
const FORM: u32 = 2;

#[cfg(test)]
mod tests {
    use index::Absence;
    use packaging::{IndexUrl, PackageName};

    use super::*;

    fn absent(absence: Absence) -> Cached {
        let answer = Answer::Absent(absence);
        Cached {
            answer,
            etag: Some("\"v1\"".into()),
            fetched_at: -5,
            max_age: Some(600),
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let reason = "there is no `pyproject.toml`".to_owned();
        let kept = absent(Absence::NeedsBuild {
            reason: reason.clone(),
            told: None,
        });
        let back = Cached::from_bytes(&kept.to_bytes()).unwrap();
        assert_eq!(
            (back.etag, back.fetched_at, back.max_age),
            (kept.etag, -5, Some(600))
        );
        let Answer::Absent(Absence::NeedsBuild { reason: found, .. }) = back.answer else {
            panic!()
        };
        assert_eq!(found, reason);
        let forever = Cached {
            etag: None,
            max_age: None,
            ..absent(Absence::NotFound)
        };
        let back = Cached::from_bytes(&forever.to_bytes()).unwrap();
        assert_eq!((back.etag, back.max_age), (None, None));
    }

    #[test]
    fn what_is_damaged_is_not_there() {
        let bytes = absent(Absence::NotFound).to_bytes();
        for length in 0..bytes.len() {
            assert!(Cached::from_bytes(&bytes[..length]).is_none(), "{length}");
        }
        assert!(Cached::from_bytes(&[&[9], &bytes[1..]].concat()).is_none());
    }

    #[test]
    fn freshness_ends_and_never_begins_in_the_future() {
        let cached = Cached {
            fetched_at: 1_000,
            ..absent(Absence::NotFound)
        };
        assert!(cached.is_fresh(1_000) && cached.is_fresh(600_999));
        assert!(!cached.is_fresh(601_000) && !cached.is_fresh(999));
        assert!(
            Cached {
                max_age: None,
                ..cached
            }
            .is_fresh(0)
        );
    }

    #[test]
    fn keys_tell_queries_apart() {
        let key = |url: &str, name: &str| {
            let (index, name) = (IndexUrl::new(url), PackageName::new(name).unwrap());
            CacheKey::of(&Query::Project { index, name })
                .as_str()
                .to_owned()
        };
        let one = key("https://index.example/simple", "one");
        assert_ne!(one, key("https://index.example/simple", "two"));
        assert_ne!(one, key("https://other.example/simple", "one"));
        assert_eq!(one.split('/').count(), 3);
    }
}
