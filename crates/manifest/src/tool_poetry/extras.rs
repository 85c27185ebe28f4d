//! The main group: `[project]` enriched, or `[tool.poetry.dependencies]` with its extras.

use packaging::{ExtraName, Marker, PackageName, VersionSpecifiers};
use toml::de::DeTable;

use super::dependency::Wish;
use super::{PoetryError, Reading};
use crate::declared::DeclaredRequirement;
use crate::document::Reader;
use crate::project::{OptionalDependencies, ProjectTable};

/// What the main group is made of.
pub(super) struct Main<'m> {
    /// Whether `[project]` says anything of requirements.
    pub(super) has_own: bool,
    /// `dynamic` of `[project]`.
    pub(super) dynamic: &'m [String],
    /// `[tool.poetry.dependencies]`.
    pub(super) wishes: Vec<Wish>,
}

/// What is always needed, and what the extras need.
type Found = (Vec<DeclaredRequirement>, Vec<OptionalDependencies>);

impl Main<'_> {
    pub(super) fn read(
        &self,
        reading: &mut Reading<'_, '_>,
        project: &ProjectTable,
        poetry: &DeTable<'_>,
    ) -> Found {
        if !self.has_own {
            return self.legacy(reading, poetry);
        }
        let reader = &mut *reading.reader;
        let mut base = enriched(reader, &project.dependencies, &self.wishes);
        let mut extras: Vec<OptionalDependencies> = project
            .optional_dependencies
            .iter()
            .map(|extra| OptionalDependencies {
                requirements: enriched(reader, &extra.requirements, &self.wishes),
                ..extra.clone()
            })
            .collect();
        self.fill_in(project, &mut base, &mut extras);
        (base, extras)
    }

    /// What only `[tool.poetry.dependencies]` says counts where `dynamic` leaves room for it, and
    /// `[project]` has nothing of the kind itself.
    fn fill_in(
        &self,
        project: &ProjectTable,
        base: &mut Vec<DeclaredRequirement>,
        extras: &mut [OptionalDependencies],
    ) {
        let is_dynamic = |key: &str| self.dynamic.iter().any(|dynamic| dynamic == key);
        let own_base = !project.dependencies.is_empty();
        let own_extras = extras.iter().any(|extra| !extra.requirements.is_empty());
        for wish in &self.wishes {
            let counts = if wish.is_optional {
                is_dynamic("optional-dependencies") && !own_extras
            } else {
                is_dynamic("dependencies") && !own_base
            };
            if counts {
                base.push(wish.declared());
            }
        }
    }

    fn legacy(&self, reading: &mut Reading<'_, '_>, poetry: &DeTable<'_>) -> Found {
        let mut extras = Vec::new();
        let mut listed: Vec<PackageName> = Vec::new();
        let table = reading.table(poetry, "extras");
        for (raw_name, node) in table.into_iter().flatten() {
            let place = format!("tool.poetry.extras.{}", raw_name.get_ref());
            let span = raw_name.span();
            let Some(name) = reading.reader.extra_name(raw_name.get_ref(), span.clone()) else {
                continue;
            };
            let names = reading.reader.strings(node, &place);
            let mut requirements = Vec::new();
            for (text, node) in names {
                let Some(wanted) = reading.reader.package_name(text, node.span()) else {
                    continue;
                };
                let wishes = self.wishes.iter().filter(|wish| wish.name == wanted);
                let before = requirements.len();
                requirements.extend(wishes.map(Wish::declared));
                if requirements.len() == before {
                    reading.reader.note(&PoetryError::UnknownInExtra {
                        extra: raw_name.get_ref().to_string(),
                        name: text.to_owned(),
                        span: node.span(),
                    });
                }
                listed.push(wanted);
            }
            extras.push(extra(name, raw_name.get_ref(), span, requirements));
        }
        // What is optional and in no extra is locked all the same.
        let is_base = |wish: &&Wish| !(wish.is_optional && listed.contains(&wish.name));
        let base = self.wishes.iter().filter(is_base);
        (base.map(Wish::declared).collect(), extras)
    }
}

fn extra(
    name: ExtraName,
    raw_name: &str,
    name_span: diagnostic::Span,
    requirements: Vec<DeclaredRequirement>,
) -> OptionalDependencies {
    OptionalDependencies {
        name,
        raw_name: raw_name.to_owned(),
        name_span,
        requirements,
    }
}

/// Requirements with what tables of poetry add to them: versions, conditions, sources. Each entry
/// that may hold at the same time makes one.
pub(super) fn enriched(
    reader: &mut Reader<'_>,
    requirements: &[DeclaredRequirement],
    wishes: &[Wish],
) -> Vec<DeclaredRequirement> {
    let mut found = Vec::with_capacity(requirements.len());
    for requirement in requirements {
        let name = &requirement.requirement.name;
        let additions = wishes.iter().filter(|wish| wish.name == *name);
        let before = found.len();
        for wish in additions {
            let marker = requirement.requirement.marker.and(wish.marker);
            if !marker.is_false() {
                found.push(enrich(reader, requirement, wish, marker));
            }
        }
        if found.len() == before {
            found.push(requirement.clone());
        }
    }
    found
}

fn enrich(
    reader: &mut Reader<'_>,
    declared: &DeclaredRequirement,
    wish: &Wish,
    marker: Marker,
) -> DeclaredRequirement {
    let own = &declared.requirement;
    let both = |piece: &VersionSpecifiers| -> VersionSpecifiers {
        own.specifiers.iter().chain(piece.iter()).cloned().collect()
    };
    let possible =
        |specifiers: &VersionSpecifiers| !packaging::version::range(specifiers).is_empty();
    let mut versions = wish.versions.iter().map(both).filter(possible);
    let first = versions.next();
    let contradicts = match (&own.url, first.is_some()) {
        (Some(_), _) if wish.source.is_some() => Some("sources"),
        (None, false) => Some("versions"),
        _ => None,
    };
    if let Some(what) = contradicts {
        reader.note(&PoetryError::Contradiction {
            name: own.name.clone(),
            what,
            span: declared.span.clone(),
            other: wish.span.clone(),
        });
    }
    let mut requirement = (**own).clone();
    requirement.marker = marker;
    if own.url.is_none() {
        requirement.specifiers = first.unwrap_or_default();
    }
    DeclaredRequirement {
        alternatives: versions.collect(),
        requirement: requirement.into(),
        source: wish.source.clone(),
        ..declared.clone()
    }
}
