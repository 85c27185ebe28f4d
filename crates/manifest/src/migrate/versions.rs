//! Versions in the standard's words.

use packaging::poetry::constraint::pep508;
use packaging::poetry::{Constraint, Range, Reading};
use packaging::version::parse_specifiers;

use crate::declared::DeclaredRequirement;

/// The specifiers of a requirement; alternatives that the standard cannot say become what holds
/// all of them, and a loss.
pub(super) fn of(declared: &DeclaredRequirement, losses: &mut Vec<String>) -> String {
    let requirement = &declared.requirement;
    let own = match &requirement.specifiers_text {
        Some(text) if parses_to(text, declared) => text.to_string(),
        _ => joined(&requirement.specifiers),
    };
    if declared.alternatives.is_empty() {
        return own;
    }
    let others = declared.alternatives.iter().map(joined);
    let all: Vec<String> = std::iter::once(own).chain(others).collect();
    let text = all.join(" || ");
    let Ok(constraint) = Constraint::read(&text, Reading::Requirement) else {
        return String::new();
    };
    let (said, is_exact) = without_alternatives(&constraint);
    if !is_exact {
        let name = &requirement.raw_name;
        losses.push(format!(
            "`{name}` was `{text}`, and is `{said}` now: the standard has no alternatives"
        ));
    }
    said
}

fn parses_to(text: &str, declared: &DeclaredRequirement) -> bool {
    parse_specifiers(text).is_ok_and(|it| it == declared.requirement.specifiers)
}

fn joined(specifiers: &packaging::VersionSpecifiers) -> String {
    let texts: Vec<String> = specifiers.iter().map(ToString::to_string).collect();
    texts.join(",")
}

/// A `requires-python`, which poetry writes in its own words.
pub(super) fn python(text: &str) -> String {
    if parse_specifiers(text).is_ok() {
        return text.to_owned();
    }
    match Constraint::read(text, Reading::Requirement) {
        Ok(constraint) if constraint.is_any() => ">=3".to_owned(),
        Ok(constraint) => without_alternatives(&constraint).0,
        Err(_) => text.to_owned(),
    }
}

/// A constraint without `||`, and whether it still means the same.
fn without_alternatives(constraint: &Constraint) -> (String, bool) {
    if let Some(version) = constraint.excluded() {
        return (format!("!={version}"), true);
    }
    let text = pep508(constraint);
    if !text.contains("||") {
        return (if text == "*" { String::new() } else { text }, true);
    }
    let (Some(first), Some(last)) = (constraint.ranges().first(), constraint.ranges().last())
    else {
        return (String::new(), false);
    };
    let low = Constraint::from(first.clone());
    let high = Constraint::from(last.clone());
    let bound = |constraint: &Constraint, signs: [&str; 2]| {
        let text = pep508(constraint);
        let part = text
            .split(',')
            .find(|part| signs.iter().any(|it| part.starts_with(it)));
        part.map(str::to_owned)
    };
    let exact = |constraint: &Constraint, sign: &str| {
        let version = constraint.single()?;
        Some(format!("{sign}{version}"))
    };
    let low = exact(&low, ">=").or_else(|| bound(&low, [">", ">="]));
    let high = exact(&high, "<=").or_else(|| bound(&high, ["<", "<="]));
    let parts: Vec<String> = low.into_iter().chain(high).collect();
    // `^1 || ^2` leaves out the pre-releases of 2 only.
    let is_narrow = constraint
        .ranges()
        .windows(2)
        .all(|pair| meets(&pair[0], &pair[1]));
    (parts.join(","), is_narrow)
}

/// Whether only pre-releases lie between two ranges.
fn meets(low: &Range, high: &Range) -> bool {
    let texts = [low, high].map(|range| pep508(&Constraint::from(range.clone())));
    let upper = texts[0].split(',').find_map(|part| part.strip_prefix('<'));
    let lower = texts[1].split(',').find_map(|part| part.strip_prefix(">="));
    upper.is_some() && upper == lower
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_are_said_in_the_words_of_the_standard() {
        for (text, said) in [
            ("^3.10", ">=3.10,<4.0"),
            (">=3.9,<3.13", ">=3.9,<3.13"),
            (">=3.9 <4", ">=3.9,<4"),
            ("~3.11", ">=3.11,<3.12"),
            ("3.12.*", "==3.12.*"),
            ("*", ">=3"),
            ("^3.8 || ^4.0", ">=3.8,<5.0"),
            (">=2.7, !=3.0.*", ">=2.7, !=3.0.*"),
        ] {
            assert_eq!(python(text), said, "{text}");
        }
    }

    #[test]
    fn alternatives_become_what_holds_them() {
        for (text, said, is_exact) in [
            ("^1.2", ">=1.2,<2.0", true),
            ("~1.2.3.4", ">=1.2.3.4,<1.3.0.0", true),
            ("^0.0.0.4", ">=0.0.0.4,<0.0.1.0", true),
            (">=1,<2,!=1.5", ">=1,!=1.5,<2", true),
            ("!=1.5", "!=1.5", true),
            ("<1.5 || >=2", "", false),
            ("^1.0 || ^2.0", ">=1.0,<3.0", true),
            ("^1.0 || ^3.0", ">=1.0,<4.0", false),
            ("1.0 || 3.0", ">=1.0,<=3.0", false),
            ("*", "", true),
        ] {
            let constraint = Constraint::read(text, Reading::Requirement).unwrap();
            let expected = (said.to_owned(), is_exact);
            assert_eq!(without_alternatives(&constraint), expected, "{text}");
        }
    }
}
