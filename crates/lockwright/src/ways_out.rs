//! Ways out of a conflict: each is written into the project's own text and resolved before it is
//! offered.

use diagnostic::place::Lines;
use diagnostic::{Diagnostic, Span};
use index::{Answer, Index, Query};
use manifest::{DeclaredRequirement, Manifest, Workspace};
use packaging::{
    ConflictItem, ConflictKind, Operator, PackageName, Version, VersionSpecifier, VersionSpecifiers,
};
use resolve::relax::{self, Change};
use resolve::{Conflict, Problem, Resolver, Wish};
use serde_json::{Value, json};

use crate::conflict::{places, pythons};
use crate::drive::{Conversation, Step, drive};
use crate::{LockRequest, Progress, Source};

/// How many resolutions are tried in all.
const ATTEMPTS: usize = 16;
/// How many ways out are offered.
const OFFERED: usize = 4;
/// How many questions all attempts together may ask.
const QUERIES: usize = 2_500;
/// How many versions all attempts together may try.
const DECISIONS: usize = 20_000;
/// How often `requires-python` is raised until the dependencies agree.
const PYTHONS: usize = 3;

/// How often what is in the way is loosened as well.
const ROUNDS: usize = 3;

/// A change to the project's files under which it resolves.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct WayOut {
    /// What to do, as a phrase.
    pub(crate) title: String,
    /// The line as it would be.
    pub(crate) line: String,
    /// What changes.
    pub(crate) edits: Vec<Edit>,
}

/// A change to a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Edit {
    /// The file.
    pub(crate) file: String,
    /// The bytes that go.
    pub(crate) span: Span,
    /// The text in their place.
    pub(crate) replacement: String,
}

impl WayOut {
    fn to_json(&self) -> Value {
        let edits = self.edits.iter().map(|edit| {
            json!({
                "file": edit.file,
                "span": { "start": edit.span.start, "end": edit.span.end },
                "replacement": edit.replacement,
            })
        });
        json!({
            "title": self.title,
            "line": self.line,
            "edits": edits.collect::<Vec<Value>>(),
        })
    }
}

/// Adds ways out to what is told of a conflict.
pub(crate) fn add_to(
    mut diagnostic: Diagnostic,
    conflict: &Conflict,
    ways: &[(Change, WayOut)],
) -> Diagnostic {
    if ways.is_empty() {
        return diagnostic;
    }
    let hints = conflict.hints().iter();
    let open = hints.filter(|hint| !ways.iter().any(|(change, _)| change.answers(hint)));
    diagnostic.help = open.map(ToString::to_string).collect();
    let ways = ways.iter().map(|(_, way)| way);
    let told = ways.clone().fold(diagnostic, |diagnostic, way| {
        diagnostic.help(format!("this resolves: {}", way.title))
    });
    told.with("ways_out", ways.map(WayOut::to_json).collect::<Value>())
}

/// What a search needs of the pipeline.
pub(crate) struct Search<'a, S, P> {
    /// The request that has no solution.
    pub(crate) request: &'a LockRequest,
    /// Its workspace.
    pub(crate) workspace: &'a Workspace,
    /// How a request becomes a problem; `None` if it cannot be read.
    pub(crate) pose: P,
    /// Who answers.
    pub(crate) source: &'a S,
    /// What was heard already.
    pub(crate) index: Index,
    attempts: usize,
    queries: usize,
    decisions: usize,
}

/// How an attempt ended.
enum Ended {
    /// Solved, with these versions.
    Solved(Vec<(PackageName, Version)>),
    /// There still is a conflict.
    Stuck(Box<Conflict>),
    /// It took too long, or needs what cannot be had.
    GaveUp,
}

impl<'a, S: Source, P: Fn(&LockRequest) -> Option<Problem>> Search<'a, S, P> {
    /// A search that knows what was heard already.
    pub(crate) fn new(
        request: &'a LockRequest,
        workspace: &'a Workspace,
        pose: P,
        source: &'a S,
        index: Index,
    ) -> Self {
        Self {
            request,
            workspace,
            pose,
            source,
            index,
            attempts: 0,
            queries: 0,
            decisions: 0,
        }
    }

    /// The ways out that were found, the smallest first. Counts bound the search, not time.
    pub(crate) async fn find(
        mut self,
        conflict: &Conflict,
        progress: &mut dyn FnMut(&Progress),
    ) -> Vec<(Change, WayOut)> {
        let Some(problem) = (self.pose)(self.request) else {
            return Vec::new();
        };
        let mut ways: Vec<(Change, WayOut)> = Vec::new();
        let mut size = u8::MAX;
        for change in relax::changes(&problem, conflict) {
            if change.size() > size || ways.len() == OFFERED || self.is_spent() {
                break;
            }
            if ways.iter().any(|(known, _)| change.is_needless_with(known)) {
                continue;
            }
            let found = self.try_change(&change, progress).await;
            let is_new = |way: &WayOut| ways.iter().all(|(_, known)| known != way);
            if let Some(way) = found.filter(is_new) {
                size = change.size();
                ways.push((change, way));
            }
        }
        ways
    }

    fn is_spent(&self) -> bool {
        self.attempts >= ATTEMPTS || self.queries >= QUERIES || self.decisions >= DECISIONS
    }

    async fn try_change(
        &mut self,
        change: &Change,
        progress: &mut dyn FnMut(&Progress),
    ) -> Option<WayOut> {
        match change {
            Change::Python(version) => self.try_pythons(version, progress).await,
            Change::Loosen(wish) => {
                let wishes = vec![wish.clone()];
                self.try_loosened(wishes, 1, progress).await
            }
            Change::LoosenAll(wishes) => self.try_loosened(wishes.clone(), ROUNDS, progress).await,
            other => {
                let way = written(other, self.workspace)?;
                self.verified(way, progress).await
            }
        }
    }

    /// Raises `requires-python` until what is depended on agrees.
    async fn try_pythons(
        &mut self,
        version: &Version,
        progress: &mut dyn FnMut(&Progress),
    ) -> Option<WayOut> {
        let mut version = version.clone();
        for _ in 0..PYTHONS {
            let way = raised_python(&version, self.workspace)?;
            match self.attempt(&way.edits, progress).await? {
                Ended::Solved(_) => return Some(way),
                Ended::GaveUp => return None,
                Ended::Stuck(conflict) => {
                    let problem = (self.pose)(&edited(self.request, &way.edits)?)?;
                    let next = relax::next_python(&problem, &conflict)?;
                    if next <= version {
                        return None;
                    }
                    version = next;
                }
            }
        }
        None
    }

    /// Lets requirements allow any version, sees which is chosen, and keeps what fits. What then
    /// is in the way is loosened as well, for some rounds.
    async fn try_loosened(
        &mut self,
        mut wishes: Vec<Wish>,
        rounds: usize,
        progress: &mut dyn FnMut(&Progress),
    ) -> Option<WayOut> {
        for _ in 0..rounds {
            let lines = self.bounded_lines(&wishes);
            let any = VersionSpecifiers::empty();
            let freed = lines.iter().map(|line| respecified(*line, &any).0);
            let freed: Vec<Edit> = freed.collect();
            if freed.is_empty() {
                return None;
            }
            match self.attempt(&freed, progress).await? {
                Ended::Solved(chosen) => return self.tightened(lines, &chosen, progress).await,
                Ended::GaveUp => return None,
                Ended::Stuck(conflict) => {
                    let known = wishes.len();
                    wishes.extend(conflict.wishes());
                    if self.bounded_lines(&wishes).len() == freed.len() || known == wishes.len() {
                        return None;
                    }
                }
            }
        }
        None
    }

    /// Where requirements stand that have specifiers, each once.
    fn bounded_lines(&self, wishes: &[Wish]) -> Vec<(&'a Manifest, &'a DeclaredRequirement)> {
        let mut lines: Vec<(&Manifest, &DeclaredRequirement)> = Vec::new();
        for (manifest, declared) in wishes.iter().flat_map(|wish| places(self.workspace, wish)) {
            let is_known = lines
                .iter()
                .any(|(file, known)| file.file == manifest.file && known.span == declared.span);
            if !is_known && !declared.requirement.specifiers.is_empty() {
                lines.push((manifest, declared));
            }
        }
        lines
    }

    /// Lines with what they can keep of their specifiers when these versions are chosen.
    async fn tightened(
        &mut self,
        lines: Vec<(&Manifest, &DeclaredRequirement)>,
        chosen: &[(PackageName, Version)],
        progress: &mut dyn FnMut(&Progress),
    ) -> Option<WayOut> {
        let mut kept: Vec<(Edit, String)> = Vec::new();
        for (manifest, declared) in lines {
            let name = &declared.requirement.name;
            let versions: Vec<Version> = chosen
                .iter()
                .filter(|(chosen, _)| chosen == name)
                .map(|(_, version)| version.clone())
                .collect();
            let specifiers = relax::fitting(&declared.requirement.specifiers, &versions);
            if specifiers == declared.requirement.specifiers {
                continue;
            }
            kept.push(respecified((manifest, declared), &specifiers));
        }
        let (edits, titles): (Vec<Edit>, Vec<String>) = kept.into_iter().unzip();
        let way = WayOut {
            title: titles.join(", and "),
            line: edits.first()?.replacement.clone(),
            edits,
        };
        self.verified(way, progress).await
    }

    async fn verified(
        &mut self,
        way: WayOut,
        progress: &mut dyn FnMut(&Progress),
    ) -> Option<WayOut> {
        match self.attempt(&way.edits, progress).await? {
            Ended::Solved(_) => Some(way),
            Ended::Stuck(_) | Ended::GaveUp => None,
        }
    }

    /// Resolves the project with changed files; `None` if nothing more can be tried.
    async fn attempt(
        &mut self,
        edits: &[Edit],
        progress: &mut dyn FnMut(&Progress),
    ) -> Option<Ended> {
        if self.is_spent() {
            return None;
        }
        let request = edited(self.request, edits)?;
        let problem = (self.pose)(&request)?;
        self.attempts += 1;
        let mut attempt = Attempt {
            resolver: Resolver::new(problem).knowing(std::mem::take(&mut self.index)),
            asked: 0,
            queries: QUERIES - self.queries,
            decisions: DECISIONS - self.decisions,
        };
        let driven = drive(&mut attempt, self.source, progress).await;
        self.queries += attempt.asked;
        self.decisions += attempt.resolver.statistics().decisions;
        self.index = attempt.resolver.into_index();
        match driven {
            Ok(driven) => Some(driven.end),
            Err(_) => {
                self.attempts = ATTEMPTS;
                None
            }
        }
    }
}

/// A resolution that may not take long.
struct Attempt {
    resolver: Resolver,
    asked: usize,
    queries: usize,
    decisions: usize,
}

impl Conversation for Attempt {
    type End = Ended;

    fn step(&mut self) -> Step<Ended> {
        if self.resolver.statistics().decisions > self.decisions {
            return Step::End(Ended::GaveUp);
        }
        match self.resolver.step() {
            resolve::Step::Ask(mut queries) => {
                queries.extend(self.resolver.ahead());
                self.asked += queries.len();
                if self.asked > self.queries {
                    Step::End(Ended::GaveUp)
                } else {
                    Step::Ask(queries)
                }
            }
            resolve::Step::Wait => Step::Wait,
            resolve::Step::Done(resolution) => {
                let packages = resolution.into_lock().packages.into_iter();
                let versions = packages.filter_map(|it| Some((it.id.name, it.id.version?)));
                Step::End(Ended::Solved(versions.collect()))
            }
            resolve::Step::Stuck(conflict) => Step::End(Ended::Stuck(conflict)),
            resolve::Step::Failed(_) => Step::End(Ended::GaveUp),
        }
    }

    fn learn(&mut self, query: Query, answer: Answer) {
        self.resolver.learn(query, answer);
    }

    fn progress(&self) -> Progress {
        let progress = self.resolver.progress();
        Progress {
            found: progress.found,
            resolved: progress.decided,
            forks: progress.forks,
            ..Progress::default()
        }
    }
}

/// The request with changed files; `None` if a file is not among them.
fn edited(request: &LockRequest, edits: &[Edit]) -> Option<LockRequest> {
    let mut changed = request.clone();
    // A lock's versions and forks would only be preferences.
    changed.lock = None;
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    edits.dedup();
    for edit in edits {
        let is_root = request.root().0 == edit.file;
        let text = match (is_root, &mut changed.script) {
            (true, Some(script)) => script,
            (true, None) if changed.manifest.is_none() => &mut changed.pyproject,
            _ => changed.files.get_mut(&edit.file)?,
        };
        text.get(edit.span.clone())?;
        text.replace_range(edit.span.clone(), &edit.replacement);
    }
    Some(changed)
}

/// A change as edits of the project's files.
fn written(change: &Change, workspace: &Workspace) -> Option<WayOut> {
    let setting = |key: &str, value: String, title: String| {
        let edit = set(&workspace.root, key, &value)?;
        Some(WayOut {
            title: format!("{title}: `{key} = {value}` in `[tool.uv]`"),
            line: format!("{key} = {value}"),
            edits: vec![edit],
        })
    };
    match change {
        Change::Prereleases(name) => setting(
            "prerelease-package",
            format!("{{ {name} = \"allow\" }}"),
            format!("allow pre-releases of `{name}`"),
        ),
        Change::CutOff { name, uploaded } => setting(
            "exclude-newer-package",
            format!(
                "{{ {name} = \"{}\" }}",
                resolve::relax::just_after(*uploaded)
            ),
            format!("move the cut-off of `{name}`"),
        ),
        Change::Constrain { name, version } => setting(
            "constraint-dependencies",
            format!("[\"{name}=={version}\"]"),
            format!("use `{name}=={version}` all the same"),
        ),
        Change::Apart(items) => {
            let is_alone = workspace.members.len() == 1;
            let items: Vec<String> = items.iter().map(|item| side(item, is_alone)).collect();
            setting(
                "conflicts",
                format!("[[{}]]", items.join(", ")),
                "declare that these are never installed together".to_owned(),
            )
        }
        Change::Environment(marker) => {
            let marker = marker.text()?;
            setting(
                "environments",
                format!("[\"{marker}\"]"),
                "leave the environments out that fail".to_owned(),
            )
        }
        Change::Pin { wish, version } => {
            let specifiers: VersionSpecifiers =
                std::iter::once(VersionSpecifier::equals_version(version.clone())).collect();
            rewritten(wish, workspace, |line| respecified(line, &specifiers))
        }
        Change::Without(wish) => rewritten(wish, workspace, removed),
        Change::Python(_) | Change::Loosen(_) | Change::LoosenAll(_) => None,
    }
}

/// One side of a declared conflict.
fn side(item: &ConflictItem, is_alone: bool) -> String {
    let package = if is_alone && item.kind != ConflictKind::Project {
        String::new()
    } else {
        format!("package = \"{}\", ", item.package)
    };
    match &item.kind {
        ConflictKind::Extra(extra) => format!("{{ {package}extra = \"{extra}\" }}"),
        ConflictKind::Group(group) => format!("{{ {package}group = \"{group}\" }}"),
        ConflictKind::Project => format!("{{ package = \"{}\" }}", item.package),
    }
}

/// Every place of a requirement, changed in the same way.
fn rewritten(
    wish: &Wish,
    workspace: &Workspace,
    change: impl Fn((&Manifest, &DeclaredRequirement)) -> (Edit, String),
) -> Option<WayOut> {
    let lines = places(workspace, wish);
    if !lines.iter().all(|line| stands_there(*line)) {
        return None;
    }
    let (edits, titles): (Vec<Edit>, Vec<String>) = lines.into_iter().map(change).unzip();
    Some(WayOut {
        title: titles.join(", and "),
        line: edits.first()?.replacement.clone(),
        edits,
    })
}

/// Whether a requirement's place holds its text: another file may, which the place includes.
fn stands_there((manifest, declared): (&Manifest, &DeclaredRequirement)) -> bool {
    let old = manifest.text.get(declared.span.clone()).unwrap_or_default();
    old.contains(&*declared.requirement.text) || old.contains('\\')
}

/// Where a requirement stands, for people.
fn place(manifest: &Manifest, declared: &DeclaredRequirement) -> String {
    let lines = Lines::new(&manifest.text);
    let line = lines.line_of(declared.span.start) + 1;
    format!("{}:{line}", manifest.file)
}

/// A requirement with other specifiers, as an edit and in words.
fn respecified(
    (manifest, declared): (&Manifest, &DeclaredRequirement),
    specifiers: &VersionSpecifiers,
) -> (Edit, String) {
    let new = respelled(declared, specifiers);
    let edit = Edit {
        file: manifest.file.to_string(),
        span: declared.span.clone(),
        replacement: quoted(manifest, &declared.span, &new),
    };
    let place = place(manifest, declared);
    let old = &declared.requirement.text;
    (edit, format!("change `{old}` to `{new}` ({place})"))
}

/// A requirement's text with other specifiers, everything else as it was written.
fn respelled(declared: &DeclaredRequirement, specifiers: &VersionSpecifiers) -> String {
    let requirement = &declared.requirement;
    let extras = requirement.extras_text.as_ref();
    let extras = extras.map_or_else(String::new, |extras| format!("[{}]", extras.trim()));
    let marker = requirement.marker_text.as_ref();
    let marker = marker.map_or_else(String::new, |marker| format!(" ; {}", marker.trim()));
    let specifiers: Vec<String> = specifiers.iter().map(ToString::to_string).collect();
    format!(
        "{}{extras}{}{marker}",
        requirement.raw_name,
        specifiers.join(",")
    )
}

/// A requirement's string removed, with the comma after it.
fn removed((manifest, declared): (&Manifest, &DeclaredRequirement)) -> (Edit, String) {
    let text = &manifest.text;
    let rest = text.get(declared.span.end..).unwrap_or_default();
    let after = rest.trim_start_matches([' ', '\t']);
    let mut end = declared.span.end;
    if let Some(after_comma) = after.strip_prefix(',') {
        end = text.len() - after_comma.trim_start_matches([' ', '\t']).len();
    }
    let edit = Edit {
        file: manifest.file.to_string(),
        span: declared.span.start..end,
        replacement: String::new(),
    };
    let place = place(manifest, declared);
    let old = &declared.requirement.text;
    (edit, format!("do without `{old}` ({place})"))
}

/// A text as a TOML string, in the quotes that stood there.
fn quoted(manifest: &Manifest, span: &Span, text: &str) -> String {
    let old = manifest.text.get(span.clone()).unwrap_or_default();
    if !old.starts_with(['"', '\'']) {
        return text.to_owned();
    }
    let prefers_single = old.starts_with('\'');
    match (prefers_single, text.contains('\''), text.contains('"')) {
        (true, false, _) | (_, false, true) => format!("'{text}'"),
        (_, true, true) => format!("\"{}\"", text.replace('"', "\\\"")),
        _ => format!("\"{text}\""),
    }
}

/// `requires-python` of all members, beginning with this Python.
fn raised_python(lowest: &Version, workspace: &Workspace) -> Option<WayOut> {
    let mut edits = Vec::new();
    let mut line = None;
    for (manifest, declared) in pythons(workspace) {
        let mut parts = vec![format!(">={lowest}")];
        for specifier in declared.specifiers.iter() {
            match specifier.operator() {
                Operator::LessThan
                | Operator::LessThanEqual
                | Operator::NotEqual
                | Operator::NotEqualStar => parts.push(specifier.to_string()),
                Operator::GreaterThan | Operator::GreaterThanEqual => {}
                _ => return None,
            }
        }
        let text = parts.join(",");
        line.get_or_insert_with(|| text.clone());
        edits.push(Edit {
            file: manifest.file.to_string(),
            span: declared.span.clone(),
            replacement: quoted(manifest, &declared.span, &text),
        });
    }
    let line = line?;
    Some(WayOut {
        title: format!("raise `requires-python` to `{line}`"),
        line: format!("requires-python = \"{line}\""),
        edits,
    })
}

/// A setting in `[tool.uv]`, if it is not there yet and there is a place for it.
fn set(manifest: &Manifest, key: &str, value: &str) -> Option<Edit> {
    let uv = manifest.raw.get("tool").and_then(|tool| tool.get("uv"));
    if manifest.script.is_some() || uv.is_some_and(|uv| uv.get(key).is_some()) {
        return None;
    }
    let text = &*manifest.text;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        let header = line.split('#').next().unwrap_or_default().trim();
        if header == "[tool.uv]" && line.ends_with('\n') {
            return Some(Edit {
                file: manifest.file.to_string(),
                span: at..at,
                replacement: format!("{key} = {value}\n"),
            });
        }
    }
    let gap = if text.ends_with('\n') { "\n" } else { "\n\n" };
    Some(Edit {
        file: manifest.file.to_string(),
        span: text.len()..text.len(),
        replacement: format!("{gap}[tool.uv]\n{key} = {value}\n"),
    })
}
