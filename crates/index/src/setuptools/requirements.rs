//! Lists of requirements as setuptools reads them, and the `requires.txt` that it writes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use packaging::{ExtraName, Requirement};

/// The requirements of a project.
#[derive(Debug, Default)]
pub(super) struct Requirements {
    /// Lines of `Requires-Dist`.
    pub(super) lines: Vec<String>,
    /// Extras, each once.
    pub(super) extras: Vec<String>,
    /// What each line means, to compare.
    meanings: BTreeSet<String>,
}

/// The requirements in a text: one per line, without comments.
pub(super) fn lines_of(text: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.split(" #").next().unwrap_or(line).trim();
        if line.ends_with('\\') {
            return Err(format!("the requirement `{line}` goes on in the next line"));
        }
        found.push(line.to_owned());
    }
    Ok(found)
}

impl Requirements {
    /// Adds requirements, for an extra `name` or `name:marker` if one is given.
    pub(super) fn add(&mut self, section: Option<&str>, lines: &[String]) -> Result<(), String> {
        let (name, condition) = section
            .unwrap_or_default()
            .split_once(':')
            .unwrap_or((section.unwrap_or_default(), ""));
        let (name, condition) = (name.trim(), condition.trim());
        let extra = match name.is_empty() {
            true => None,
            false => Some(safe_extra(name)?),
        };
        if let Some(extra) = &extra
            && !self.extras.contains(extra)
        {
            self.extras.push(extra.clone());
        }
        for line in lines {
            let requirement = Requirement::parse(line).map_err(|error| {
                format!("setuptools would refuse the requirement `{line}`: {error}")
            })?;
            let line = with_conditions(&requirement, condition, extra.as_deref());
            self.meanings.insert(meaning(&line)?);
            self.lines.push(line);
        }
        Ok(())
    }

    /// Reads the `requires.txt` of an `.egg-info` folder.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut requirements = Self::default();
        let mut section: Option<String> = None;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line
                .strip_prefix('[')
                .and_then(|line| line.strip_suffix(']'))
            {
                Some(name) => {
                    section = Some(name.to_owned());
                    requirements.add(Some(name), &[])?;
                }
                None => requirements.add(section.as_deref(), &[line.to_owned()])?,
            }
        }
        Ok(requirements)
    }

    /// Whether both ask for the same.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        let extras = |all: &Self| all.extras.iter().cloned().collect::<BTreeSet<_>>();
        self.meanings == other.meanings && extras(self) == extras(other)
    }
}

/// The name of an extra as setuptools writes it.
fn safe_extra(name: &str) -> Result<String, String> {
    let mut safe = String::new();
    for c in name.chars() {
        match c.is_ascii_alphanumeric() {
            true => safe.push(c.to_ascii_lowercase()),
            false if safe.ends_with('-') => {}
            false => safe.push('-'),
        }
    }
    let safe = safe.trim_matches('-');
    match ExtraName::new(safe) {
        Ok(extra) => Ok(extra.as_str().to_owned()),
        Err(_) => Err(format!("the extra `{name}` is no name")),
    }
}

/// A requirement as metadata has it.
fn with_conditions(requirement: &Requirement, condition: &str, extra: Option<&str>) -> String {
    let mut line = requirement.raw_name.to_string();
    if let Some(extras) = &requirement.extras_text {
        let mut extras: Vec<&str> = extras.split(',').map(str::trim).collect();
        extras.sort_unstable();
        extras.dedup();
        let _ = write!(line, "[{}]", extras.join(","));
    }
    if let Some(specifiers) = &requirement.specifiers_text {
        let compact: String = specifiers.chars().filter(|c| !c.is_whitespace()).collect();
        let mut specifiers: Vec<&str> = compact.split(',').filter(|one| !one.is_empty()).collect();
        specifiers.sort_unstable();
        line.push_str(&specifiers.join(","));
    }
    if let Some(url) = &requirement.url {
        let _ = write!(line, " @ {url} ");
    }
    let mut markers: Vec<String> = Vec::new();
    if let Some(marker) = &requirement.marker_text {
        markers.push(marker.to_string());
    }
    if !condition.is_empty() {
        markers.push(condition.to_owned());
    }
    if let Some(extra) = extra {
        markers.push(format!("extra == \"{extra}\""));
    }
    let is_several = markers.len() > 1;
    for marker in &mut markers {
        if is_several && marker.contains(" or ") {
            *marker = format!("({marker})");
        }
    }
    if !markers.is_empty() {
        let _ = write!(line, "; {}", markers.join(" and "));
    }
    line
}

/// What a line means, in one way of writing it.
fn meaning(line: &str) -> Result<String, String> {
    let requirement = Requirement::parse(line)
        .map_err(|error| format!("setuptools would refuse the requirement `{line}`: {error}"))?;
    let mut extras: Vec<&str> = requirement.extras.iter().map(ExtraName::as_str).collect();
    extras.sort_unstable();
    extras.dedup();
    let mut specifiers: Vec<String> = requirement
        .specifiers_text
        .iter()
        .flat_map(|text| text.split(','))
        .map(|one| one.chars().filter(|c| !c.is_whitespace()).collect())
        .collect();
    specifiers.sort_unstable();
    specifiers.dedup();
    Ok(format!(
        "{} {extras:?} {specifiers:?} {:?} {}",
        requirement.name.as_str(),
        requirement.url,
        requirement.marker
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(install: &[&str], extras: &[(&str, &[&str])]) -> Requirements {
        let lines = |lines: &[&str]| {
            lines
                .iter()
                .map(|line| (*line).to_owned())
                .collect::<Vec<_>>()
        };
        let mut requirements = Requirements::default();
        requirements.add(None, &lines(install)).unwrap();
        for (extra, all) in extras {
            requirements.add(Some(extra), &lines(all)).unwrap();
        }
        requirements
    }

    #[test]
    fn extras_become_markers() {
        let requirements = of(
            &["A >=1, <2", "b [y, x]; os_name == 'nt'"],
            &[
                ("My_Extra", &["c; os_name == 'nt' or os_name == 'x'"]),
                (":python_version < '3'", &["d"]),
                ("my_extra:os_name == 'a'", &["e"]),
            ],
        );
        assert_eq!(requirements.extras, ["my-extra"]);
        assert_eq!(
            requirements.lines,
            [
                "A<2,>=1",
                "b[x,y]; os_name == 'nt'",
                "c; (os_name == 'nt' or os_name == 'x') and extra == \"my-extra\"",
                "d; python_version < '3'",
                "e; os_name == 'a' and extra == \"my-extra\"",
            ]
        );
    }

    #[test]
    fn what_setuptools_wrote_is_compared_by_meaning() {
        let read = |text: &str| Requirements::read(text).unwrap();
        let stated = of(
            &["a>=1,<2", "b; os_name=='nt'"],
            &[("x", &["c"]), ("y", &[])],
        );
        assert!(stated.agrees_with(&read(
            "a<2,>=1\n\n[:os_name == \"nt\"]\nb\n\n[x]\nc\n\n[y]\n"
        )));
        assert!(!stated.agrees_with(&read("a<2,>=1\n\n[x]\nc\n[y]\n")));
        assert!(!stated.agrees_with(&read("a<2,>=1\nb\n[x]\nc\n[y]\n")));
        assert!(!of(&["a"], &[]).agrees_with(&read("")));
    }

    #[test]
    fn lines_lose_their_comments() {
        assert_eq!(
            lines_of("# no\n a # yes\n\nb@https://a.example/#x\n").unwrap(),
            ["a", "b@https://a.example/#x"]
        );
        assert!(lines_of("a \\\nb").is_err());
        assert!(
            Requirements::default()
                .add(None, &["-r x".to_owned()])
                .is_err()
        );
    }
}
