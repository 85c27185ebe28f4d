//! Whether cut-offs changed so that an existing lock may hold files it should not (uv.md §2.9).
//!
//! A later moment allows whatever an earlier one did, so it does not count; it is recorded when
//! something else asks for a new resolution (uv 0.13.8).

use std::collections::BTreeMap;

use lock::{ExcludeNewer, Options};
use packaging::PackageName;

/// What became of one cut-off.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Change {
    /// It allows what it did.
    None,
    /// Its span reaches back to another moment, which happens with every run.
    Moved,
    /// It may allow less.
    Changed,
}

/// Whether the cut-offs wanted may allow less than those of a lock. Those of projects that are
/// neither locked nor recorded wait for another reason.
pub(super) fn changed(
    locked: &Options,
    wanted: &Options,
    is_locked: impl Fn(&PackageName) -> bool,
) -> bool {
    let global = match (&locked.exclude_newer, &wanted.exclude_newer) {
        (Some(locked), Some(wanted)) => change(locked, wanted) == Change::Changed,
        (None, None) => false,
        (None, Some(_)) | (Some(_), None) => true,
    };
    let of_packages = first_change(
        &locked.exclude_newer_package,
        &wanted.exclude_newer_package,
        is_locked,
    );
    global || of_packages == Change::Changed
}

fn change(locked: &ExcludeNewer, wanted: &ExcludeNewer) -> Change {
    use ExcludeNewer::{At, Span};
    match (locked, wanted) {
        (At(locked), At(wanted)) if wanted < locked => Change::Changed,
        (At(_), At(_)) => Change::None,
        (At(_), Span { .. }) | (Span { .. }, At(_)) => Change::Changed,
        (Span { span: locked, .. }, Span { span: wanted, .. }) if locked != wanted => {
            Change::Changed
        }
        (Span { at: locked, .. }, Span { at: wanted, .. }) if locked != wanted => Change::Moved,
        (Span { .. }, Span { .. }) => Change::None,
    }
}

/// The first change by name. uv 0.13.8 looks no further, even where a span has moved only.
fn first_change(
    locked: &BTreeMap<PackageName, Option<ExcludeNewer>>,
    wanted: &BTreeMap<PackageName, Option<ExcludeNewer>>,
    is_locked: impl Fn(&PackageName) -> bool,
) -> Change {
    let of_recorded = locked
        .iter()
        .map(|(name, locked)| match (locked, wanted.get(name)) {
            (Some(locked), Some(Some(wanted))) => change(locked, wanted),
            (_, Some(None)) => Change::None,
            (None, Some(Some(_))) | (_, None) => Change::Changed,
        });
    let added = wanted.iter().filter(|(name, wanted)| {
        wanted.is_some() && is_locked(name) && !locked.contains_key(*name)
    });
    of_recorded
        .chain(added.map(|_| Change::Changed))
        .find(|change| *change != Change::None)
        .unwrap_or(Change::None)
}
