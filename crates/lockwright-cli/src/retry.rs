//! When to try a request again, and how long to wait before.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// How often a request is tried again, and how patiently.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retries {
    /// Attempts after the first.
    pub count: u32,
    /// The pause before the first of them; it doubles with each.
    pub pause: Duration,
    /// No pause is longer, whatever the server asks for.
    pub longest: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            count: 3,
            pause: Duration::from_millis(500),
            longest: Duration::from_secs(60),
        }
    }
}

impl Retries {
    /// The pause before the next attempt, after so many failed ones; `None` when it is enough.
    ///
    /// A server's `Retry-After` is the least it is; otherwise it is between half and all of the
    /// doubling time, so that many clients do not come back at once.
    #[must_use]
    pub fn pause_after(&self, attempts: u32, retry_after: Option<Duration>) -> Option<Duration> {
        if attempts > self.count {
            return None;
        }
        let doubled = self
            .pause
            .saturating_mul(1 << attempts.saturating_sub(1).min(16));
        let jittered = doubled / 2 + doubled.mul_f64(random_fraction() / 2.0);
        Some(
            jittered
                .max(retry_after.unwrap_or_default())
                .min(self.longest),
        )
    }
}

/// Whether a status may be another one next time.
#[must_use]
pub fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502..=504 | 506..=599)
}

/// The seconds of a `Retry-After` header. Dates are not read: the usual pause serves as well.
#[must_use]
pub fn retry_after(header: &str) -> Option<Duration> {
    header.trim().parse().ok().map(Duration::from_secs)
}

/// Somewhere from 0 to 1, different each time.
fn random_fraction() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(random >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_with_jitter_and_end() {
        let retries = Retries::default();
        for (attempts, longest) in [(1, 500), (2, 1000), (3, 2000)] {
            let pause = retries.pause_after(attempts, None).unwrap().as_millis();
            assert!((longest / 2..=longest).contains(&pause), "{pause}");
        }
        assert_eq!(retries.pause_after(4, None), None);
    }

    #[test]
    fn the_server_may_ask_for_more_within_reason() {
        let retries = Retries::default();
        let pause = |seconds| retries.pause_after(1, Some(Duration::from_secs(seconds)));
        assert_eq!(pause(7), Some(Duration::from_secs(7)));
        assert_eq!(pause(3600), Some(Duration::from_secs(60)));
        assert_eq!(retry_after(" 12 "), Some(Duration::from_secs(12)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), None);
    }
}
