//! Requirements files: requirements, hashes and options, line by line, with their places.
//!
//! Read as pip 26.3 does; nothing that a line names is opened, and `${VARIABLE}` stays as it is.
//! <https://pip.pypa.io/en/stable/reference/requirements-file-format/>

mod lines;
mod options;

use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use crate::requirement::{RequirementError, is_archive};
use crate::{ExtraName, Hash, HashAlgorithm, Marker, Requirement};
use lines::Logical;

/// A requirements file, as far as it could be read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RequirementsFile {
    /// Its lines, without the empty ones; those with mistakes are left out.
    pub lines: Vec<Line>,
    /// What is wrong with it.
    pub mistakes: Vec<Mistake>,
}

/// One line, continuation lines included.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// What it says; nothing if it is only a comment.
    pub statement: Option<Statement>,
    /// Its comment, without `#` and the space around.
    pub comment: Option<Arc<str>>,
    /// Where it is in the file, from its first to its last character.
    pub span: Range<usize>,
}

/// What a line says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Statement {
    /// Something to install.
    Entry(Box<Entry>),
    /// Options that hold for the whole file.
    Options(Vec<FileOption>),
}

/// Something to install.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// What.
    pub wanted: Wanted,
    /// Whether it is installed in place: `-e`.
    pub editable: bool,
    /// Any of which a file must have.
    pub hashes: Vec<Hash>,
}

/// What is to be installed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// A requirement with a name.
    Named(Requirement),
    /// A path or URL that does not say the project's name.
    Place(Place),
}

/// A path or URL that does not say the project's name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The path or URL as written, its fragment included.
    pub text: Arc<str>,
    /// The extras behind a path or in the fragment `egg`.
    pub extras: Vec<ExtraName>,
    /// When it applies.
    pub marker: Marker,
    /// The marker as written.
    pub marker_text: Option<Arc<str>>,
}

impl Wanted {
    /// When it applies.
    #[must_use]
    pub fn marker(&self) -> Marker {
        match self {
            Self::Named(requirement) => requirement.marker,
            Self::Place(place) => place.marker,
        }
    }

    /// The extras that come along.
    #[must_use]
    pub fn extras(&self) -> &[ExtraName] {
        match self {
            Self::Named(requirement) => &requirement.extras,
            Self::Place(place) => &place.extras,
        }
    }
}

impl Place {
    /// The project's name according to the fragment: `…#egg=name[extra]`.
    #[must_use]
    pub fn egg(&self) -> Option<&str> {
        egg(&self.text).map(|egg| egg.split('[').next().unwrap_or(egg))
    }
}

fn egg(text: &str) -> Option<&str> {
    let (_, fragment) = text.split_once('#')?;
    fragment
        .split('&')
        .find_map(|part| part.strip_prefix("egg="))
}

/// An option that holds for the whole file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileOption {
    /// Which.
    pub kind: OptionKind,
    /// Its value; empty for switches.
    pub value: Arc<str>,
    /// Where it is in the file, its value included.
    pub span: Range<usize>,
}

/// The options of requirements files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OptionKind {
    /// `-r`: a further requirements file.
    Include,
    /// `-c`: a file of constraints.
    Constraints,
    /// `-i`: the index, instead of the usual one.
    Index,
    /// `--extra-index-url`: a further index.
    ExtraIndex,
    /// `--no-index`
    NoIndex,
    /// `-f`: a page or folder with distributions.
    FindLinks,
    /// `--no-binary`
    NoBinary,
    /// `--only-binary`
    OnlyBinary,
    /// `--prefer-binary`
    PreferBinary,
    /// `--require-hashes`
    RequireHashes,
    /// `--no-require-hashes`
    NoRequireHashes,
    /// `--pre`
    Pre,
    /// `--all-releases`
    AllReleases,
    /// `--only-final`
    OnlyFinal,
    /// `--trusted-host`
    TrustedHost,
    /// `--use-feature`
    UseFeature,
}

/// Something wrong in a requirements file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Mistake {
    /// What was expected, and what was found.
    pub message: String,
    /// Where.
    pub span: Range<usize>,
}

impl RequirementsFile {
    /// Reads a requirements file, with all its mistakes.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut file = Self::default();
        for logical in lines::split(text) {
            match statement(&logical) {
                Ok(statement) => file.lines.push(Line {
                    statement,
                    comment: logical.comment.clone(),
                    span: logical.span.clone(),
                }),
                Err(mistake) => file.mistakes.push(Mistake {
                    span: logical.place(&mistake.span),
                    message: mistake.message,
                }),
            }
        }
        file
    }

    /// What is to be installed, each with its line.
    pub fn entries(&self) -> impl Iterator<Item = (&Line, &Entry)> {
        self.lines.iter().filter_map(|line| match &line.statement {
            Some(Statement::Entry(entry)) => Some((line, &**entry)),
            _ => None,
        })
    }

    /// The options, in order.
    pub fn options(&self) -> impl Iterator<Item = &FileOption> {
        self.lines.iter().flat_map(|line| match &line.statement {
            Some(Statement::Options(options)) => options.as_slice(),
            _ => &[],
        })
    }
}

/// What a logical line says; places are those of its own text.
fn statement(line: &Logical) -> Result<Option<Statement>, Mistake> {
    let text = &*line.text;
    if text.is_empty() {
        return Ok(None);
    }
    // Options begin at the first word with a dash; words are separated by spaces only.
    let mut at = 0;
    for word in text.split(' ') {
        if word.starts_with('-') {
            break;
        }
        at += word.len() + 1;
    }
    let at = at.min(text.len());
    let given = options::read(text, at)?;
    let what = text[..at].trim_end();
    if !what.is_empty() {
        let wanted = wanted(what, 0)?;
        let hashes = hashes(&given)?;
        let entry = Entry {
            wanted,
            editable: false,
            hashes,
        };
        return Ok(Some(Statement::Entry(Box::new(entry))));
    }
    if let Some(editable) = given.iter().find(|it| it.kind == options::Kind::Editable) {
        // What stands behind is the rest of the requirement: `-e ./a ; os_name == 'nt'`.
        let (start, end) = (editable.value_span.start, editable.rest_until);
        let is_quoted = text.get(editable.value_span.clone()) != Some(&*editable.value);
        let text = match text.get(start..end) {
            Some(text) if !is_quoted => text.trim_end(),
            _ => &editable.value,
        };
        let entry = Entry {
            wanted: wanted(text, start)?,
            editable: true,
            hashes: hashes(&given)?,
        };
        return Ok(Some(Statement::Entry(Box::new(entry))));
    }
    let mut options = Vec::new();
    for option in given {
        if let options::Kind::File(kind) = option.kind {
            options.push(FileOption {
                kind,
                value: option.value.into(),
                span: line.place(&option.span),
            });
        }
    }
    Ok(Some(Statement::Options(options)))
}

fn hashes(given: &[options::Given]) -> Result<Vec<Hash>, Mistake> {
    let of_files = given.iter().filter(|it| it.kind == options::Kind::Hash);
    of_files
        .map(|option| {
            hash(&option.value).map_err(|message| Mistake {
                message,
                span: option.value_span.clone(),
            })
        })
        .collect()
}

/// A digest that pip accepts: strong, and as long as its algorithm makes it.
fn hash(text: &str) -> Result<Hash, String> {
    let expected = "expected a hash such as `sha256:…`";
    let hash = Hash::from_str(text).map_err(|_| format!("{expected}, found `{text}`"))?;
    let digits = match hash.algorithm {
        HashAlgorithm::Sha256 => 64,
        HashAlgorithm::Sha384 => 96,
        HashAlgorithm::Sha512 => 128,
        HashAlgorithm::Md5 | HashAlgorithm::Blake2b => {
            return Err(format!(
                "expected `sha256`, `sha384` or `sha512`, found `{}`",
                hash.algorithm.as_str()
            ));
        }
    };
    if hash.digest.len() == digits {
        Ok(hash)
    } else {
        let (algorithm, found) = (hash.algorithm.as_str(), hash.digest.len());
        Err(format!(
            "expected {digits} digits for `{algorithm}`, found {found}"
        ))
    }
}

/// A requirement, or a path or URL; `start` is where the text begins in its line.
fn wanted(text: &str, start: usize) -> Result<Wanted, Mistake> {
    let placed = |error: RequirementError| Mistake {
        span: start + error.span.start..start + error.span.end,
        message: error.message,
    };
    match Requirement::parse(text) {
        Ok(requirement) => Ok(Wanted::Named(requirement)),
        Err(error) if !is_place(text) => Err(placed(error)),
        Err(_) => place(text).map(Wanted::Place).map_err(placed),
    }
}

/// Whether a text begins with a path or URL rather than a name.
fn is_place(text: &str) -> bool {
    let word = text.split([' ', '\t', ';', '[']).next().unwrap_or(text);
    let before_at = word.split_once('@').map_or(word, |it| it.0);
    before_at.starts_with('.') || before_at.contains(['/', '\\']) || is_archive(word)
}

fn place(text: &str) -> Result<Place, RequirementError> {
    let end = marker_start(text);
    let (what, marker_text) = match end {
        Some(at) => (text[..at].trim_end(), Some(&text[at + 1..])),
        None => (text, None),
    };
    let mut marker = Marker::TRUE;
    let mut written = None;
    if let (Some(marker_text), Some(at)) = (marker_text, end) {
        let trimmed = marker_text.trim();
        let start = at + 1 + (marker_text.len() - marker_text.trim_start().len());
        let parsed = Marker::parse(trimmed).map_err(|error| RequirementError {
            message: error.message,
            span: start + error.start..start + error.end,
        })?;
        marker = parsed.marker;
        written = Some(trimmed.into());
    }
    let (what, brackets) = match what.strip_suffix(']').and_then(|it| it.rsplit_once('[')) {
        Some((what, brackets)) if !what.is_empty() && !what.contains('#') => (what, brackets),
        _ => {
            let of_egg = egg(what).and_then(|egg| egg.split_once('['));
            (what, of_egg.map_or("", |it| it.1.trim_end_matches(']')))
        }
    };
    let names = brackets.split(',').map(str::trim);
    let names = names.filter(|name| !name.is_empty());
    let extras = names.map(ExtraName::new).collect::<Result<_, _>>();
    Ok(Place {
        text: what.into(),
        extras: extras.map_err(|error| RequirementError {
            message: error.to_string(),
            span: 0..what.len(),
        })?,
        marker,
        marker_text: written,
    })
}

/// Where the marker of a path or URL begins: a URL may hold semicolons itself.
fn marker_start(text: &str) -> Option<usize> {
    if text.contains("://") {
        text.find("; ")
    } else {
        text.find(';')
    }
}

#[cfg(test)]
mod tests;
