//! The pip part of a conda `environment.yml`.
//! <https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html>

use diagnostic::Diagnostic;

use super::{Reading, yaml};
use crate::{flat, requirements};

pub(super) fn read(text: &str) -> Reading {
    let root = yaml::parse(text).map_err(|error| flat::or_conflict(text, vec![error]))?;
    let dependencies = root.get("dependencies");
    let Some(dependencies) = dependencies.filter(|it| !it.items().is_empty()) else {
        let title = "an environment has a list `dependencies`, but this has none";
        let end = text.find('\n').unwrap_or(text.len());
        let error = Diagnostic::error("conda/shape", title).label(0..end, "");
        return Err(flat::or_conflict(text, vec![error]));
    };
    let is_conda = |it: &&yaml::Node| it.text().is_some();
    let conda = dependencies.items().iter().filter(is_conda).count();
    let pip = dependencies.items().iter().find_map(|item| item.get("pip"));
    let Some(pip) = pip else {
        let title = "no project is installed by pip";
        let error = Diagnostic::error("conda/no-pip", title)
            .label(dependencies.span.clone(), "only conda's packages")
            .help("only the list `- pip:` is read here");
        return Err(vec![error]);
    };
    // Each line of the list where it is, everything else blank: places stay what they are.
    let mut lines: Vec<u8> = text
        .bytes()
        .map(|byte| if byte == b'\n' { byte } else { b' ' })
        .collect();
    for item in pip.items() {
        if let Some(requirement) = item.text() {
            let start = text[item.span.clone()].find(requirement).unwrap_or(0);
            let start = item.span.start + start;
            let end = (start + requirement.len()).min(lines.len());
            lines[start..end].copy_from_slice(&requirement.as_bytes()[..end - start]);
        }
    }
    let lines = String::from_utf8_lossy(&lines);
    let (lock, mut warnings) = requirements::read_pinned(&lines)?;
    warnings.extend(super::lock_file::unread(conda, dependencies.span.clone()));
    Ok((lock, warnings))
}
