//! Many queries in one request, and their answers as a stream of records in order of arrival.
//!
//! The request is JSON, [`BatchRequest`]. The reply is a row of records: the query's place in the
//! request (4 bytes), whether it was answered (1 byte), a length (4 bytes), and then so many bytes:
//! the answer's compact form ([`Cached::to_bytes`]), or a JSON object that says what failed.
//! Numbers are little-endian.

use index::{Answer, Query};
use serde::{Deserialize, Serialize};

use crate::source::{Cached, SourceError};

/// The media type of a reply.
pub const MEDIA_TYPE: &str = "application/vnd.lockwright.batch";

/// How many queries a request may hold.
pub const MAX_QUERIES: usize = 1000;

/// What is asked.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// The queries; each is answered once.
    pub queries: Vec<Query>,
}

/// What became of one query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// The query's place in the request.
    pub place: u32,
    /// The answer's compact form, or what failed.
    pub outcome: Result<Vec<u8>, SourceError>,
}

impl Record {
    /// The record as it travels.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let failure;
        let (is_answer, body) = match &self.outcome {
            Ok(body) => (1, body),
            Err(error) => {
                failure = serde_json::to_vec(&WireError::from(error)).unwrap_or_default();
                (0, &failure)
            }
        };
        let mut bytes = Vec::with_capacity(HEAD + body.len());
        bytes.extend(self.place.to_le_bytes());
        bytes.push(is_answer);
        bytes.extend(u32::try_from(body.len()).unwrap_or(0).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    /// The answer.
    ///
    /// # Errors
    ///
    /// The query could not be answered, or its answer is damaged.
    pub fn answer(self) -> Result<Answer, SourceError> {
        let cached = Cached::from_bytes(&self.outcome?);
        cached
            .map(|cached| cached.answer)
            .ok_or_else(|| damaged("an answer cannot be read"))
    }
}

/// Place, outcome and length.
const HEAD: usize = 9;

/// Takes the records out of a reply that arrives in pieces.
#[derive(Clone, Debug, Default)]
pub struct Records {
    waiting: Vec<u8>,
}

impl Records {
    /// Takes a piece in; gives the records that are complete by now.
    pub fn push(&mut self, piece: &[u8]) -> Vec<Record> {
        self.waiting.extend_from_slice(piece);
        let mut records = Vec::new();
        let mut rest = &self.waiting[..];
        while let Some((record, after)) = split_record(rest) {
            records.push(record);
            rest = after;
        }
        let used = self.waiting.len() - rest.len();
        self.waiting.drain(..used);
        records
    }

    /// Whether a record has begun that is not complete.
    #[must_use]
    pub fn is_amid_record(&self) -> bool {
        !self.waiting.is_empty()
    }
}

fn split_record(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let (place, rest) = bytes.split_first_chunk()?;
    let (&is_answer, rest) = rest.split_first()?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (body, rest) = rest.split_at_checked(length)?;
    let outcome = if is_answer == 1 {
        Ok(body.to_vec())
    } else {
        Err(serde_json::from_slice::<WireError>(body)
            .map_or_else(|_| damaged("a failure cannot be read"), SourceError::from))
    };
    Some((
        Record {
            place: u32::from_le_bytes(*place),
            outcome,
        },
        rest,
    ))
}

fn damaged(reason: &str) -> SourceError {
    SourceError::new("batch", reason)
}

/// A failure as it travels.
#[derive(Deserialize, Serialize)]
struct WireError {
    url: String,
    reason: String,
    status: Option<u16>,
    timed_out: bool,
}

impl From<&SourceError> for WireError {
    fn from(error: &SourceError) -> Self {
        Self {
            url: error.url.clone(),
            reason: error.reason.clone(),
            status: error.status,
            timed_out: error.timed_out,
        }
    }
}

impl From<WireError> for SourceError {
    fn from(error: WireError) -> Self {
        Self {
            url: error.url,
            reason: error.reason,
            status: error.status,
            timed_out: error.timed_out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_arrive_whole_however_they_are_cut() {
        let sent = [
            Record {
                place: 7,
                outcome: Ok(b"seven".to_vec()),
            },
            Record {
                place: 300,
                outcome: Err(SourceError {
                    status: Some(503),
                    ..SourceError::new("http://index.example/simple/a/", "the server answered 503")
                }),
            },
            Record {
                place: 0,
                outcome: Ok(Vec::new()),
            },
        ];
        let bytes: Vec<u8> = sent.iter().flat_map(Record::to_bytes).collect();
        for size in [1, 2, 5, 9, 13, bytes.len()] {
            let mut records = Records::default();
            let got: Vec<Record> = bytes
                .chunks(size)
                .flat_map(|piece| records.push(piece))
                .collect();
            assert_eq!(got, sent);
            assert!(!records.is_amid_record());
        }
    }

    #[test]
    fn a_broken_off_reply_is_noticed() {
        let bytes = Record {
            place: 1,
            outcome: Ok(b"answer".to_vec()),
        }
        .to_bytes();
        let mut records = Records::default();
        assert!(records.push(&bytes[..bytes.len() - 1]).is_empty());
        assert!(records.is_amid_record());
    }
}
