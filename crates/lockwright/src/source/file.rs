//! What a file says about itself, at the least cost: metadata beside it, ranges out of it, all of it.

use std::sync::Arc;

use index::wheel::{Need, RemoteWheel, WheelError, metadata_from_whole};
use index::{Absence, Answer, Metadata, MetadataQuery, sdist};
use packaging::filename::WheelFilename;

use super::checksum::verify;
use super::http::{Client, Fetched, refusal};
use super::{Cache, SourceError};
use crate::transport::{Reply, Request, Transport};

/// Fetches the metadata of a file.
pub(super) async fn metadata<T: Transport, C: Cache>(
    client: &Client<T, C>,
    query: &MetadataQuery,
) -> Result<Fetched, SourceError> {
    if query.beside {
        match beside(client, query).await? {
            Answer::Absent(Absence::NotFound) => {}
            answer => return Ok(keep(query, answer)),
        }
    }
    let answer = match WheelFilename::parse(&query.filename) {
        Ok(wheel) => inside(client, query, &wheel).await?,
        Err(_) => static_metadata(client, query).await?,
    };
    Ok(keep(query, answer))
}

/// What is known by its digest never changes; the rest, and refusals, count for this run only.
fn keep(query: &MetadataQuery, answer: Answer) -> Fetched {
    let is_pinned = query.file_hash.is_some() || query.metadata_hash.is_some();
    match answer {
        Answer::Absent(Absence::NotFound | Absence::Unauthorized) => Fetched::for_now(answer),
        answer if is_pinned => Fetched::forever(answer),
        answer => Fetched::for_now(answer),
    }
}

/// The metadata that the index serves beside the file (PEP 658, 714).
async fn beside<T: Transport, C: Cache>(
    client: &Client<T, C>,
    query: &MetadataQuery,
) -> Result<Answer, SourceError> {
    let request = Request {
        url: query.metadata_url(),
        compressed: true,
        ..Request::default()
    };
    let reply = client.get(request).await?;
    if reply.status != 200 {
        return Ok(Answer::Absent(refusal(&reply)?));
    }
    verify(&reply.body, query.metadata_hash.as_ref(), &reply.url)?;
    Ok(read(&reply.body, query))
}

fn read(text: &[u8], query: &MetadataQuery) -> Answer {
    match Metadata::read(&String::from_utf8_lossy(text), &query.name, &query.version) {
        Ok(metadata) => Answer::Metadata(Arc::new(metadata)),
        Err(error) => Answer::Absent(error.into()),
    }
}

/// A wheel needs four ranges at most, and once more when its size was wrong.
const MAX_RANGES: usize = 10;

/// METADATA out of a remote wheel, by ranges where the server knows them.
pub(super) async fn inside<T: Transport, C: Cache>(
    client: &Client<T, C>,
    query: &MetadataQuery,
    filename: &WheelFilename,
) -> Result<Answer, SourceError> {
    // Without a size, one byte tells it.
    let mut wheel = query
        .size
        .map(|size| (size, RemoteWheel::new(filename, size)));
    for _ in 0..MAX_RANGES {
        let range = match wheel
            .as_mut()
            .map_or(Ok(Need::Range(0..1)), |(_, wheel)| wheel.next())
        {
            Ok(Need::Range(range)) => range,
            Ok(Need::Done(text)) => return Ok(read(&text, query)),
            // The server's fault, not the wheel's.
            Err(error @ WheelError::Unanswered(_)) => {
                return Err(SourceError::new(&query.url, error.to_string()));
            }
            Err(error) => return Ok(Answer::Absent(error.into())),
        };
        let start = range.start;
        let request = Request {
            url: query.url.to_string(),
            range: Some(range),
            ..Request::default()
        };
        let reply = client.get(request).await?;
        match reply.status {
            200 => return whole(client, query, filename, reply).await,
            206 | 416 => {}
            _ => return Ok(Answer::Absent(refusal(&reply)?)),
        }
        let assumed = wheel.as_ref().map(|(size, _)| *size);
        match (reply.total, &mut wheel) {
            // The index was wrong about the size, or did not know it.
            (Some(total), _) if assumed != Some(total) => {
                wheel = Some((total, RemoteWheel::new(filename, total)));
            }
            (_, Some((_, wheel))) if reply.status == 206 => wheel.feed(start, reply.body),
            _ => break,
        }
    }
    // Ranges lead nowhere here.
    let reply = client
        .get(Request {
            url: query.url.to_string(),
            ..Request::default()
        })
        .await?;
    if reply.status != 200 {
        return Ok(Answer::Absent(refusal(&reply)?));
    }
    whole(client, query, filename, reply).await
}

/// METADATA out of a wheel that is there as a whole.
async fn whole<T: Transport, C: Cache>(
    client: &Client<T, C>,
    query: &MetadataQuery,
    filename: &WheelFilename,
    reply: Reply,
) -> Result<Answer, SourceError> {
    let (query, filename) = (query.clone(), filename.clone());
    let unpack = move || {
        verify(&reply.body, query.file_hash.as_ref(), &reply.url)?;
        Ok(match metadata_from_whole(&filename, &reply.body) {
            Ok(text) => read(&text, &query),
            Err(error) => Answer::Absent(error.into()),
        })
    };
    client.transport.compute(unpack).await
}

/// What a source distribution says without being built.
async fn static_metadata<T: Transport, C: Cache>(
    client: &Client<T, C>,
    query: &MetadataQuery,
) -> Result<Answer, SourceError> {
    let request = Request {
        url: query.url.to_string(),
        ..Request::default()
    };
    let reply = client.get(request).await?;
    if reply.status != 200 {
        return Ok(Answer::Absent(refusal(&reply)?));
    }
    let query = query.clone();
    let unpack = move || {
        verify(&reply.body, query.file_hash.as_ref(), &reply.url)?;
        let read =
            sdist::static_metadata(&reply.body, &query.filename, &query.name, &query.version);
        Ok(match read {
            Ok(metadata) => Answer::Metadata(Arc::new(metadata)),
            Err(error) => Answer::Absent(error.absence(&reply.body, &query.filename)),
        })
    };
    client.transport.compute(unpack).await
}
