//! A project's page on a simple index: fetched, or found to be still right.

use std::sync::Arc;

use index::page::{self, ACCEPT};
use index::{Answer, Project};
use packaging::{IndexUrl, PackageName};

use super::http::{Client, Fetched, refusal};
use super::{Cache, Cached, SourceError, without_credentials};
use crate::transport::{Reply, Request, Transport};

/// Fetches a page, or learns that the one held is still right.
pub(super) async fn project<T: Transport, C: Cache>(
    client: &Client<T, C>,
    index: &IndexUrl,
    name: &PackageName,
    held: Option<Cached>,
) -> Result<Fetched, SourceError> {
    let request = Request {
        url: index.page(name),
        accept: Some(ACCEPT),
        etag: held.as_ref().and_then(|held| held.etag.clone()),
        compressed: true,
        ..Request::default()
    };
    let reply = client.get(request).await?;
    match (reply.status, held) {
        (304, Some(held)) => Ok(Fetched::still_right(held, reply)),
        (200, _) => {
            let name = name.clone();
            let (read, reply) = client
                .transport
                .compute(move || {
                    (
                        read(&reply, &name),
                        Reply {
                            body: Vec::new(),
                            ..reply
                        },
                    )
                })
                .await;
            Ok(Fetched::as_said(Answer::Project(Arc::new(read?)), &reply))
        }
        _ => Ok(Fetched::for_now(Answer::Absent(refusal(&reply)?))),
    }
}

fn read(reply: &Reply, name: &PackageName) -> Result<Project, SourceError> {
    let content_type = reply.content_type.as_deref().unwrap_or_default();
    // The links on the page must not inherit credentials.
    let url = without_credentials(&reply.url);
    page::read(content_type, &reply.body, &url, name)
        .map_err(|error| SourceError::new(&url, error.to_string()))
}
