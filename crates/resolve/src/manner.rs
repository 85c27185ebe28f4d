//! In whose manner a problem is resolved: where the tools differ, one property each.

/// In whose manner a problem is resolved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Manner {
    /// Which of a fork's Pythons a release must support.
    pub coverage: Coverage,
    /// When one resolution becomes several.
    pub splits: Splits,
    /// Whether wheels' tags, and what is said of platforms, rule releases out.
    pub minds_tags: bool,
    /// Whether what is decided next depends on how much choice there is, and on what the best
    /// candidates require.
    pub weighs: bool,
    /// Whether what a source distribution says of its requirements counts where only a build could
    /// vouch for it.
    pub trusts_unverified: bool,
    /// Whether versions are chosen in rounds of pinning and jumping back before the engine goes
    /// to work.
    pub plays_rounds: bool,
    /// Whether what often is in conflict is decided earlier.
    pub learns_from_conflicts: bool,
    /// Whether a requirement that names a pre-release admits them for its project.
    pub admits_named_prereleases: bool,
}

/// Which of a fork's Pythons a release must support.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Coverage {
    /// The oldest; what is newer is taken to be supported, whatever the release says.
    Oldest,
    /// All for which the release is wanted: upper bounds and holes count.
    All,
    /// The same, but where a release ends at 4.0 it does not end.
    AllOfPython3,
}

/// When one resolution becomes several.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Splits {
    /// Where requirements of one release on one project hold under different conditions, and where
    /// a release supports only some Pythons or platforms. What was decided before stays.
    Diverging,
    /// Where requirements of one release on one project allow different versions under different
    /// conditions. Each part is resolved from the start, and on its own.
    Exclusive,
    /// Never.
    Never,
}

impl Manner {
    /// As uv 0.13.8 does.
    pub const UV: Self = Self {
        coverage: Coverage::Oldest,
        splits: Splits::Diverging,
        minds_tags: true,
        weighs: false,
        trusts_unverified: false,
        plays_rounds: false,
        learns_from_conflicts: true,
        admits_named_prereleases: false,
    };

    /// As poetry 2.5.1 does.
    pub const POETRY: Self = Self {
        coverage: Coverage::All,
        splits: Splits::Exclusive,
        minds_tags: false,
        weighs: true,
        trusts_unverified: true,
        plays_rounds: false,
        learns_from_conflicts: false,
        admits_named_prereleases: false,
    };

    /// As pdm 2.29.3 does.
    pub const PDM: Self = Self {
        coverage: Coverage::AllOfPython3,
        splits: Splits::Never,
        minds_tags: true,
        weighs: false,
        trusts_unverified: false,
        plays_rounds: true,
        learns_from_conflicts: true,
        admits_named_prereleases: true,
    };
}

impl Default for Manner {
    fn default() -> Self {
        Self::UV
    }
}
