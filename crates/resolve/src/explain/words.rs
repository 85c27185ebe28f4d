//! Phrases: sets of versions, requirements, facts and conclusions in words.

use std::collections::{BTreeMap, BTreeSet};

use packaging::{Marker, PackageName, PythonBounds, Version, VersionRange};

use super::proof::{Clause, Fact, Subject, Unavailable};
use super::range_text;
use super::reason::{Gone, Unusable};
use crate::node::Kind;

/// How many runs of versions are told one by one.
const RUNS: usize = 4;

/// A noun and its number.
struct Noun {
    text: String,
    is_plural: bool,
}

impl Noun {
    fn one(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_plural: false,
        }
    }

    fn many(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_plural: true,
        }
    }

    /// With a verb that is given in the singular.
    fn does(&self, predicate: &str) -> String {
        if !self.is_plural {
            return format!("{} {predicate}", self.text);
        }
        let (verb, rest) = predicate.split_once(' ').unwrap_or((predicate, ""));
        let verb = match verb {
            "was" => "were",
            "has" => "have",
            "does" => "do",
            "can" | "cannot" => verb,
            _ => verb.strip_suffix('s').unwrap_or(verb),
        };
        format!("{} {verb} {rest}", self.text)
    }
}

/// What phrases are made with.
pub(super) struct Words<'a> {
    pub(super) members: &'a BTreeSet<PackageName>,
    /// The versions that exist, of what was looked at; ascending.
    pub(super) versions: &'a BTreeMap<PackageName, Vec<Version>>,
    /// The Pythons asked for.
    pub(super) requires_python: &'a str,
    /// The bounds that markers need not repeat.
    pub(super) python: &'a PythonBounds,
}

impl Words<'_> {
    fn ours(&self) -> &'static str {
        if self.members.len() > 1 {
            "your workspace"
        } else {
            "your project"
        }
    }

    /// The last conclusion of all.
    pub(super) fn unsatisfiable(&self) -> String {
        format!("{}'s requirements are unsatisfiable", self.ours())
    }

    fn name(&self, subject: &Subject) -> String {
        match subject {
            Subject::Ours => self.ours().to_owned(),
            Subject::Python => "Python".to_owned(),
            Subject::Project { name, kind, .. } => match kind {
                Kind::Base => name.to_string(),
                Kind::Extra(extra) => format!("{name}[{extra}]"),
                Kind::Group(group) => format!("{name}:{group}"),
            },
        }
    }

    fn known(&self, name: &PackageName) -> &[Version] {
        self.versions.get(name).map_or(&[], Vec::as_slice)
    }

    /// Some versions of something.
    fn set(&self, subject: &Subject, range: &VersionRange) -> Noun {
        let Subject::Project { name, .. } = subject else {
            return Noun::one(self.name(subject));
        };
        let name_text = self.name(subject);
        if self.members.contains(name) {
            return Noun::one(format!("`{name_text}`"));
        }
        let known = self.known(name);
        match Runs::of(known, range) {
            Some(runs) => runs.noun(&name_text),
            None if *range == VersionRange::full() => {
                Noun::many(format!("all versions of `{name_text}`"))
            }
            None => Noun::one(listed(
                range_text::specifiers(range)
                    .iter()
                    .map(|text| format!("`{name_text}{text}`")),
                "and",
            )),
        }
    }

    /// What is wanted of something, as a requirement.
    fn wanted(&self, subject: &Subject, range: &VersionRange) -> String {
        let name = self.name(subject);
        let marker = self.condition(subject);
        let texts = range_text::specifiers(range);
        let texts = match (texts.as_slice(), subject.name()) {
            // What the engine put together is told by what exists of it.
            ([_, _, ..], Some(project)) => Runs::of(self.known(project), range)
                .filter(|runs| runs.runs.len() < texts.len())
                .map_or(texts.clone(), |runs| runs.texts()),
            _ => texts,
        };
        listed(
            texts.iter().map(|text| format!("`{name}{text}{marker}`")),
            "or",
        )
    }

    /// When something is wanted, as it stands behind a requirement; empty for always.
    pub(super) fn condition(&self, subject: &Subject) -> String {
        let Subject::Project { marker, .. } = subject else {
            return String::new();
        };
        let marker = marker.simplify_python(self.python);
        let text = marker.text().filter(|_| !marker.is_true());
        text.map(|text| format!(" ; {text}")).unwrap_or_default()
    }

    /// Facts as phrases: what one project depends on is one phrase.
    pub(super) fn facts(&self, facts: &[&Fact]) -> Vec<String> {
        let mut phrases: Vec<(String, Vec<String>)> = Vec::new();
        let mut ours: Vec<(String, Vec<String>)> = Vec::new();
        for fact in facts {
            match fact {
                Fact::Depends {
                    from,
                    versions,
                    to,
                    range,
                } => {
                    let is_ours = self.is_ours(from);
                    let verb = match to {
                        Subject::Python => "requires",
                        to if self.is_ours(to) => "requires",
                        _ => "depends on",
                    };
                    let mut start = self.set(from, versions);
                    if *from == Subject::Ours
                        && let Subject::Project {
                            name,
                            kind: Kind::Base,
                            ..
                        } = to
                        && self.members.contains(name)
                    {
                        start.text = format!("{}, which is `{name}` itself,", start.text);
                    }
                    let start = start.does(verb);
                    let wanted = self.wanted(to, range);
                    let phrases = if is_ours { &mut ours } else { &mut phrases };
                    match phrases.iter_mut().find(|(known, _)| *known == start) {
                        Some((_, all)) if all.contains(&wanted) => {}
                        Some((_, all)) => all.push(wanted),
                        None => phrases.push((start, vec![wanted])),
                    }
                }
                Fact::Unavailable(unavailable) => {
                    let Some(unavailable) = whole(unavailable, facts) else {
                        continue;
                    };
                    let unavailable = &unavailable;
                    let wanted = wanted_of(&unavailable.name, facts);
                    let told = self.unavailable(unavailable, wanted);
                    phrases.extend(told.into_iter().map(|it| (it, Vec::new())));
                }
                Fact::Bound { to, range } => {
                    let wanted = self.wanted(to, range);
                    let start = "your constraints allow only".to_owned();
                    ours.push((start, vec![wanted]));
                }
                Fact::Python(range) => phrases.push((
                    format!(
                        "the requested Python version ({}) does not satisfy {}",
                        self.requires_python,
                        self.wanted(&Subject::Python, range)
                    ),
                    Vec::new(),
                )),
            }
        }
        let mut phrases: Vec<String> = phrases.into_iter().map(told).collect();
        for phrase in ours.into_iter().map(told) {
            // Two things that one project does are one phrase.
            let rest = phrase.strip_prefix(self.ours());
            let rest = rest.filter(|rest| rest.starts_with(' ')).map(str::to_owned);
            match (rest, phrases.last_mut()) {
                (Some(rest), Some(last)) if last.starts_with(self.ours()) => {
                    *last = format!("{last} and{rest}");
                }
                _ => phrases.push(phrase),
            }
        }
        phrases
    }

    /// Whether it is the user's project, or an extra or group of it.
    fn is_ours(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Ours => true,
            Subject::Python => false,
            Subject::Project { name, .. } => self.members.contains(name),
        }
    }

    /// Why a project cannot be had, of which somebody wants a range.
    fn unavailable(&self, fact: &Unavailable, wanted: Option<&VersionRange>) -> Vec<String> {
        let name = &fact.name;
        if let Some(gone) = &fact.project {
            return vec![format!("`{name}` {gone}")];
        }
        let subject = Subject::Project {
            name: name.clone(),
            kind: Kind::Base,
            marker: Marker::TRUE,
        };
        let known = self.known(name);
        let mut phrases = Vec::new();
        let mut told = VersionRange::empty();
        for (range, why) in &fact.gone {
            told = told.union(range);
            let mut noun = if self.members.contains(name) {
                Noun::one(self.ours())
            } else {
                self.set(&subject, range)
            };
            if let Some(only) = wanted.and_then(|wanted| only_of(name, known, range, wanted)) {
                noun.text = format!("{}, {only},", noun.text);
            }
            phrases.push(noun.does(&self.reason(why)));
        }
        let is_told = |version: &&Version| told.contains(version);
        let all_told = !phrases.is_empty() && known.iter().all(|version| is_told(&version));
        if !fact.none.is_empty() && !all_told {
            let mut rest = known.iter().filter(|version| fact.none.contains(version));
            phrases.push(if rest.all(|version| is_told(&version)) {
                none_of(name, &fact.none, known)
            } else {
                // Something exists there, and nothing is wrong with it but what it is.
                let noun = self.set(&subject, &fact.none);
                noun.does("has only pre-releases, which are not allowed")
            });
        }
        phrases
    }

    fn reason(&self, why: &Gone) -> String {
        match why {
            Gone::Unusable(Unusable::RequiresPython(python)) => {
                let python = python.to_string().replace(' ', "");
                format!(
                    "requires Python{python} but the requested Python is {}",
                    self.requires_python
                )
            }
            why => why.to_string(),
        }
    }

    /// What cannot hold together, as a conclusion.
    pub(super) fn conclusion(&self, clauses: &[Clause]) -> String {
        let picked: Vec<Noun> = clauses
            .iter()
            .filter(|clause| clause.is_picked)
            .map(|clause| self.set(&clause.subject, &clause.range))
            .collect();
        let wanted: Vec<String> = clauses
            .iter()
            .filter(|clause| !clause.is_picked)
            .map(|clause| self.wanted(&clause.subject, &clause.range))
            .collect();
        match (picked.as_slice(), wanted.is_empty()) {
            ([], true) => self.unsatisfiable(),
            ([only], true) => only.does("cannot be used"),
            (picked, true) => {
                let nouns = picked.iter().map(|noun| noun.text.clone());
                format!("{} are incompatible", listed(nouns, "and"))
            }
            ([], false) => format!("{} depends on {}", self.ours(), either(wanted)),
            ([only], false) => only.does(&format!("depends on {}", either(wanted))),
            (picked, false) => {
                let nouns = picked.iter().map(|noun| noun.text.clone());
                format!(
                    "{} together depend on {}",
                    listed(nouns, "and"),
                    either(wanted)
                )
            }
        }
    }
}

/// A phrase with its objects.
fn told((start, objects): (String, Vec<String>)) -> String {
    if objects.is_empty() {
        start
    } else {
        format!("{start} {}", listed(objects.into_iter(), "and"))
    }
}

/// Everything that is said of one project's availability, at the first fact that says something.
fn whole(first: &Unavailable, facts: &[&Fact]) -> Option<Unavailable> {
    let mut of_project = facts.iter().filter_map(|fact| match fact {
        Fact::Unavailable(unavailable) if unavailable.name == first.name => Some(unavailable),
        _ => None,
    });
    let whole = of_project
        .next()
        .filter(|known| std::ptr::eq(*known, first))?;
    Some(of_project.fold(whole.clone(), |whole, more| whole.and(more.clone())))
}

/// What somebody wants of a project, if only one thing is wanted.
fn wanted_of<'a>(of: &PackageName, facts: &[&'a Fact]) -> Option<&'a VersionRange> {
    let mut ranges = facts.iter().filter_map(|fact| match fact {
        Fact::Depends { to, range, .. } if to.name() == Some(of) => Some(range),
        _ => None,
    });
    let first = ranges.next()?;
    ranges.all(|range| range == first).then_some(first)
}

/// That one version is all there is in a range, unless the range says so itself.
fn only_of(
    name: &PackageName,
    known: &[Version],
    range: &VersionRange,
    wanted: &VersionRange,
) -> Option<String> {
    let mut inside = known.iter().filter(|version| wanted.contains(version));
    let only = inside.next().filter(|version| range.contains(version))?;
    if inside.next().is_some() || known.iter().filter(|it| range.contains(it)).count() > 1 {
        return None;
    }
    match range_text::specifiers(wanted).as_slice() {
        [text] if text.is_empty() => Some(format!("the only version of `{name}`")),
        [text] if *text == format!("=={only}") => None,
        [text] => Some(format!("the only version in `{name}{text}`")),
        _ => None,
    }
}

fn either(wanted: Vec<String>) -> String {
    listed(wanted.into_iter(), "or")
}

/// `a`, `a and b`, `a, b, and c`.
pub(super) fn listed(items: impl Iterator<Item = String>, word: &str) -> String {
    let items: Vec<String> = items.collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} {word} {two}"),
        [start @ .., last] => format!("{}, {word} {last}", start.join(", ")),
    }
}

/// That there are no versions in a range, by what there is instead.
fn none_of(name: &PackageName, range: &VersionRange, known: &[Version]) -> String {
    use std::ops::Bound;
    let Some((lower, upper)) = range.bounding_range() else {
        return format!("there are no versions of `{name}`");
    };
    let (first, last) = match known {
        [] => return format!("there are no versions of `{name}`"),
        [only]
            if matches!(
                (lower, upper),
                (Bound::Unbounded, _) | (_, Bound::Unbounded)
            ) =>
        {
            return format!("only `{name}=={only}` is available");
        }
        [first, .., last] => (first, last),
        [only] => (only, only),
    };
    match (lower, upper) {
        (Bound::Unbounded, Bound::Unbounded) => {
            format!("only `{name}>={first},<={last}` is available")
        }
        (Bound::Unbounded, _) if !range.contains(first) && is_below(range, first) => {
            format!("only `{name}>={first}` is available")
        }
        (_, Bound::Unbounded) if is_above(range, last) => {
            format!("only `{name}<={last}` is available")
        }
        _ => {
            let texts = range_text::specifiers(range);
            let texts = texts.iter().map(|text| format!("`{name}{text}`"));
            format!("there is no version of {}", listed(texts, "or"))
        }
    }
}

fn is_below(range: &VersionRange, version: &Version) -> bool {
    range.subset_of(&VersionRange::strictly_lower_than(version.clone()))
}

fn is_above(range: &VersionRange, version: &Version) -> bool {
    range.subset_of(&VersionRange::strictly_higher_than(version.clone()))
}

/// The existing versions of a range, as runs of neighbours.
struct Runs<'a> {
    known: Vec<&'a Version>,
    runs: Vec<(usize, usize)>,
}

impl<'a> Runs<'a> {
    /// `None` when no version of the range is known to exist.
    fn of(known: &'a [Version], range: &VersionRange) -> Option<Self> {
        let is_inside = |version: &&Version| range.contains(version);
        let mut considered: Vec<&Version> = known.iter().collect();
        let has_stable = considered
            .iter()
            .any(|it| !it.any_prerelease() && is_inside(it));
        let has_prerelease = considered
            .iter()
            .any(|it| it.any_prerelease() && is_inside(it));
        // The engine comes to pre-releases only after all others, so that they would be holes.
        if has_stable && (!has_prerelease || considered.iter().all(is_inside)) {
            considered.retain(|it| !it.any_prerelease());
        }
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for (at, version) in considered.iter().enumerate() {
            if !range.contains(version) {
                continue;
            }
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == at => *last = at,
                _ => runs.push((at, at)),
            }
        }
        (!runs.is_empty()).then_some(Self {
            known: considered,
            runs,
        })
    }

    fn text(&self, (first, last): (usize, usize)) -> String {
        let end = self.known.len() - 1;
        let (low, high) = (self.known[first], self.known[last]);
        match (first, last) {
            _ if first == last => format!("=={low}"),
            (0, last) if last == end => String::new(),
            (0, _) => format!("<={high}"),
            (_, last) if last == end => format!(">={low}"),
            _ => format!(">={low},<={high}"),
        }
    }

    fn texts(&self) -> Vec<String> {
        self.runs.iter().map(|run| self.text(*run)).collect()
    }

    fn noun(&self, name: &str) -> Noun {
        let missing: Vec<String> = (0..self.known.len())
            .filter(|at| {
                !self
                    .runs
                    .iter()
                    .any(|(first, last)| (first..=last).contains(&at))
            })
            .map(|at| format!("`{}`", self.known[at]))
            .collect();
        match self.runs.as_slice() {
            [(first, last)] if first == last || !missing.is_empty() => {
                Noun::one(format!("`{name}{}`", self.text((*first, *last))))
            }
            [_] => Noun::many(format!("all versions of `{name}`")),
            _ if missing.len() <= 2 => Noun::many(format!(
                "all versions of `{name}` except {}",
                listed(missing.into_iter(), "and")
            )),
            runs if runs.len() <= RUNS => Noun::many(listed(
                runs.iter()
                    .map(|run| format!("`{name}{}`", self.text(*run))),
                "and",
            )),
            [(first, _), .., (_, last)] => {
                let count: usize = self.runs.iter().map(|(first, last)| last - first + 1).sum();
                Noun::many(format!(
                    "{count} of the versions `{name}{}`",
                    self.text((*first, *last))
                ))
            }
            [] => Noun::one(format!("`{name}`")),
        }
    }
}
