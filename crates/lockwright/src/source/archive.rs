//! Archives that a requirement names itself: fetched or read, hashed, and asked for their metadata.

use std::sync::Arc;

use index::{
    Absence, Answer, Archive, ArchivePlace, ArchiveQuery, MetadataQuery, archive_metadata, wheel_of,
};
use packaging::{Hash, HashAlgorithm};
use sha2::{Digest, Sha256};

use super::checksum::{hexadecimal, verify};
use super::http::{Client, Fetched, refusal};
use super::{Cache, Cached, SourceError, file};
use crate::transport::{Request, Transport};

/// Reads an archive, or learns that the one held is still right.
pub(super) async fn read<T: Transport, C: Cache>(
    client: &Client<T, C>,
    query: &ArchiveQuery,
    held: Option<Cached>,
) -> Result<Fetched, SourceError> {
    let url = match &query.place {
        ArchivePlace::Url(url) => url,
        ArchivePlace::Path(path) => {
            let read = client.transport.read(path).await;
            let read = read.map_err(|error| SourceError::new(path, error.reason))?;
            let Some(bytes) = read else {
                return Ok(Fetched::for_now(Answer::Absent(Absence::NotFound)));
            };
            return Ok(Fetched::for_now(unpacked(client, query, bytes).await?));
        }
    };
    if let Some(answer) = from_ranges(client, query, url).await? {
        return Ok(match answer {
            Answer::Absent(_) => Fetched::for_now(answer),
            answer => Fetched::forever(answer),
        });
    }
    let request = Request {
        url: url.to_string(),
        etag: held.as_ref().and_then(|held| held.etag.clone()),
        ..Request::default()
    };
    let mut reply = client.get(request).await?;
    match (reply.status, held) {
        (304, Some(held)) => Ok(Fetched::still_right(held, reply)),
        (200, _) => {
            let bytes = std::mem::take(&mut reply.body);
            let answer = unpacked(client, query, bytes).await?;
            Ok(Fetched::as_said(answer, &reply))
        }
        _ => Ok(Fetched::for_now(Answer::Absent(refusal(&reply)?))),
    }
}

/// A wheel whose digest the user vouches for, without fetching all of it.
async fn from_ranges<T: Transport, C: Cache>(
    client: &Client<T, C>,
    query: &ArchiveQuery,
    url: &Arc<str>,
) -> Result<Option<Answer>, SourceError> {
    let filename = query.place.filename();
    let (Some(hash), Ok((wheel, version))) = (&query.hash, wheel_of(&filename, &query.name)) else {
        return Ok(None);
    };
    let wish = MetadataQuery {
        name: query.name.clone(),
        version,
        filename: filename.into(),
        url: url.clone(),
        size: None,
        beside: false,
        metadata_hash: None,
        file_hash: Some(hash.clone()),
    };
    let told = match file::inside(client, &wish, &wheel).await? {
        Answer::Metadata(metadata) => Ok(metadata),
        absent @ Answer::Absent(Absence::NotFound | Absence::Unauthorized) => {
            return Ok(Some(absent));
        }
        Answer::Absent(absence) => Err(absence),
        _ => return Ok(None),
    };
    let hash = hash.clone();
    Ok(Some(Answer::Archive(Arc::new(Archive { hash, told }))))
}

/// What the bytes of an archive say.
async fn unpacked<T: Transport, C: Cache>(
    client: &Client<T, C>,
    query: &ArchiveQuery,
    bytes: Vec<u8>,
) -> Result<Answer, SourceError> {
    let query = query.clone();
    let unpack = move || {
        verify(&bytes, query.hash.as_ref(), query.place.as_str())?;
        let archive = read_bytes(&bytes, &query);
        Ok(Answer::Archive(Arc::new(archive)))
    };
    client.transport.compute(unpack).await
}

fn read_bytes(bytes: &[u8], query: &ArchiveQuery) -> Archive {
    let filename = query.place.filename();
    let subdirectory = query.subdirectory.as_deref();
    Archive {
        hash: sha256(bytes),
        told: archive_metadata(bytes, &filename, &query.name, subdirectory).map(Arc::new),
    }
}

/// The digest that locks record.
pub(super) fn sha256(bytes: &[u8]) -> Hash {
    Hash {
        algorithm: HashAlgorithm::Sha256,
        digest: hexadecimal(&Sha256::digest(bytes)).into(),
    }
}
