//! The Pythons a fork speaks for.

use std::cmp::Ordering;
use std::ops::Bound;

use packaging::{Marker, PythonBounds, RequiresPython, Version, VersionRange};

/// The Pythons a fork speaks for: bounds, and the same as a marker.
#[derive(Clone, Debug)]
pub(crate) struct PythonTarget {
    pub(crate) bounds: PythonBounds,
    pub(crate) marker: Marker,
    /// The same, with the gaps between the bounds where those count.
    pub(crate) exact: Marker,
    /// `< upper` of the bounds, if they end somewhere.
    pub(crate) below: Option<Marker>,
}

impl PythonTarget {
    pub(crate) fn new(bounds: PythonBounds) -> Self {
        let marker = bounds.to_marker();
        let below = match &bounds.upper {
            Bound::Unbounded => None,
            upper => {
                let below = PythonBounds {
                    lower: Bound::Unbounded,
                    upper: upper.clone(),
                };
                Some(below.to_marker())
            }
        };
        Self {
            bounds,
            exact: marker,
            marker,
            below,
        }
    }

    /// Whether a distribution supports every Python from the lower bound on.
    ///
    /// Only lower bounds are compared, as in uv: an upper bound says nothing about the future.
    pub(crate) fn is_supported_by(&self, requires_python: &RequiresPython) -> bool {
        self.bounds.compare_lower(requires_python.bounds()) != Ordering::Less
    }

    /// Whether a distribution supports every Python for which it is wanted.
    pub(crate) fn is_covered_by(&self, requires_python: &RequiresPython, wanted: Marker) -> bool {
        let supported = Marker::from_python_range(requires_python.range());
        self.exact.and(wanted).implies(supported)
    }

    /// Narrows to the bounds of a marker; `None` when those are not narrower.
    pub(crate) fn narrow(&self, to: &PythonBounds) -> Option<Self> {
        let narrowed = self.bounds.narrow(to).map(Self::new)?;
        Some(Self {
            exact: narrowed.marker.and(self.exact),
            ..narrowed
        })
    }

    /// The same with gaps.
    pub(crate) fn with_gaps(self, range: &VersionRange) -> Self {
        Self {
            exact: self.marker.and(Marker::from_python_range(range)),
            ..self
        }
    }

    /// Splits at a lower bound into what lies below and what lies above; `None` if a half is empty.
    pub(crate) fn split(&self, at: &Bound<Version>) -> Option<(Marker, Marker)> {
        let (below, above) = self.bounds.split_at(at)?;
        Some((below.to_marker(), above.to_marker()))
    }
}

/// The Pythons of a range; one that ends at 4.0 does not end.
pub(crate) fn open_ended(range: &VersionRange) -> VersionRange {
    let four = Version::new([4, 0]);
    let ends_there = range
        .bounding_range()
        .is_some_and(|(_, upper)| upper == Bound::Excluded(&four));
    match ends_there {
        true => range.union(&VersionRange::higher_than(four)),
        false => range.clone(),
    }
}
