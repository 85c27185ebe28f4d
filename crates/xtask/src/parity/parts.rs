//! What is compared: the table of all parts.

/// A comparison. Its name is a word on the command line and a key in `tests/parity.toml`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) name: &'static str,
    /// What the score is called.
    pub(super) title: &'static str,
    pub(super) what: What,
}

/// What is compared with what.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// Lock files.
    Locks(Locks),
    /// Every lock of the corpus in every other format, with the lock it was.
    Conversions,
    /// What a tool exports from its own lock, by the name of the test that compares it.
    Exports(&'static str),
    /// Texts of markers with those of uv.
    Markers,
}

/// Lock files that a tool wrote, and what writes ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Locks {
    pub(super) projects: Projects,
    /// The file that the tool wrote.
    pub(super) expected: &'static str,
    /// The file that is there instead where the tool fails, and so must we; without it such
    /// projects are left out.
    pub(super) failure: Option<&'static str>,
    pub(super) writer: Writer,
    pub(super) measure: Measure,
}

/// What must be the same of two locks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Measure {
    /// Every byte.
    Text,
    /// Which versions are locked.
    Versions,
}

/// The folders of projects beside the repository.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Projects {
    /// Small worlds, each with what it shows.
    Scenarios,
    /// Real projects, and a frozen index.
    Corpus,
}

/// What writes our lock into the project's folder.
#[derive(Clone, Copy, Debug)]
pub(super) enum Writer {
    /// `lockwright` with these arguments.
    Lockwright(&'static [&'static str]),
    /// The set that the tool chose, written anew: only names, versions and markers are taken from
    /// its lock, all else from the index. The format's name.
    Emission(&'static str),
}

/// All parts.
pub(super) static PARTS: &[Part] = &[
    Part {
        name: "scenarios",
        title: "scenarios",
        what: What::Locks(Locks {
            projects: Projects::Scenarios,
            expected: "uv.lock",
            failure: Some("no-solution.txt"),
            writer: Writer::Lockwright(&["lock"]),
            measure: Measure::Text,
        }),
    },
    Part {
        name: "corpus",
        title: "corpus uv",
        what: What::Locks(Locks {
            projects: Projects::Corpus,
            expected: "uv.lock",
            failure: Some("uv.error.txt"),
            writer: Writer::Lockwright(&["lock"]),
            measure: Measure::Text,
        }),
    },
    Part {
        name: "poetry-emission",
        title: "poetry emission",
        what: What::Locks(Locks {
            projects: Projects::Corpus,
            expected: "poetry.lock",
            failure: None,
            writer: Writer::Emission("poetry"),
            measure: Measure::Text,
        }),
    },
    Part {
        name: "poetry-resolution",
        title: "poetry resolution",
        what: What::Locks(Locks {
            projects: Projects::Corpus,
            expected: "poetry.lock",
            failure: Some("poetry.error.txt"),
            writer: Writer::Lockwright(&["lock", "--format", "poetry"]),
            measure: Measure::Versions,
        }),
    },
    Part {
        name: "pdm-emission",
        title: "pdm emission",
        what: What::Locks(Locks {
            projects: Projects::Corpus,
            expected: "pdm.lock",
            failure: None,
            writer: Writer::Emission("pdm"),
            measure: Measure::Text,
        }),
    },
    Part {
        name: "pdm-resolution",
        title: "pdm resolution",
        what: What::Locks(Locks {
            projects: Projects::Corpus,
            expected: "pdm.lock",
            failure: Some("pdm.error.txt"),
            writer: Writer::Lockwright(&["lock", "--format", "pdm"]),
            measure: Measure::Versions,
        }),
    },
    Part {
        name: "pylock-uv",
        title: "pylock uv",
        what: What::Exports("pylocks_are_identical"),
    },
    Part {
        name: "requirements-uv",
        title: "requirements uv",
        what: What::Exports("requirements_are_identical"),
    },
    Part {
        name: "requirements-uv-all",
        title: "requirements uv, all extras and groups",
        what: What::Exports("requirements_of_all_extras_and_groups_are_identical"),
    },
    Part {
        name: "conversions",
        title: "conversions",
        what: What::Conversions,
    },
    Part {
        name: "markers",
        title: "markers",
        what: What::Markers,
    },
];
