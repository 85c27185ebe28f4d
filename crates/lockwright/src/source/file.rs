//! What a file says about itself, at the least cost: metadata beside it, ranges out of it, all of it.

use index::{Answer, MetadataQuery};
use packaging::{Hash, HashAlgorithm};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::http::{Client, Fetched, refusal};
use super::{Cache, SourceError};
use crate::transport::{Reply, Request, Transport};

/// Fetches the metadata of a file. (being written)
pub(super) async fn metadata<T: Transport, C: Cache>(
    client: &Client<T, C>,
    query: &MetadataQuery,
) -> Result<Fetched, SourceError> {
    let url = format!("{}.metadata", query.url);
    let request = Request {
        url,
        compressed: true,
        ..Request::default()
    };
    let reply = client.get(request).await?;
    Ok(Fetched::for_now(Answer::Absent(refusal(&reply)?)))
}
