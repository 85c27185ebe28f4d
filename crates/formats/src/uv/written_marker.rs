//! Markers of edges exactly as they were written.
//!
//! What uv writes without its surroundings may ask about platforms that cannot exist (`os_name ==
//! 'nt' and sys_platform == 'linux'`), which the rules of markers drop as soon as they meet them.
//! A lock that is read and written again keeps them.

use packaging::Marker;
use packaging::marker::MarkerError;

/// An extra that nobody can choose: it keeps a condition from being found impossible.
const NEVER: &str = "?";

/// Reads a marker so that it is written as it stands, if that can be.
pub(super) fn parse(text: &str) -> Result<Marker, MarkerError> {
    let marker = Marker::parse(text)?.marker;
    if marker.text().is_some_and(|written| written == text) {
        return Ok(marker);
    }
    let literal = literally(text).filter(|marker| marker.text().is_some_and(|again| again == text));
    Ok(literal.unwrap_or(marker))
}

/// Reads clauses joined by `or`, each of literals joined by `and`; nothing deeper.
fn literally(text: &str) -> Option<Marker> {
    let mut marker = Marker::FALSE;
    for clause in text.split(" or ") {
        let clause = clause.trim_start_matches('(').trim_end_matches(')');
        let mut all = Marker::TRUE;
        for literal in clause.split(" and ") {
            all = both(all, Marker::parse(literal).ok()?.marker);
        }
        marker = marker.or(all);
    }
    Some(marker)
}

/// Both hold, even on platforms that cannot exist.
fn both(left: Marker, right: Marker) -> Marker {
    let never = Marker::extra(NEVER);
    let both = left.or(never).and(right.or(never));
    both.resolve_extras(|name| (name == NEVER).then_some(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_platforms_stay() {
        for text in [
            "(os_name == 'nt' and platform_machine != 'aarch64' and sys_platform == 'linux') or (os_name == 'nt' and sys_platform != 'darwin' and sys_platform != 'linux')",
            "os_name == 'nt' and sys_platform != 'darwin'",
            "python_full_version < '3.11'",
        ] {
            assert_eq!(parse(text).unwrap().text().as_deref(), Some(text));
        }
    }

    #[test]
    fn what_nobody_writes_is_read_all_the_same() {
        let text = "(python_version < '3' or os_name == 'a and b') and os_name == 'nt'";
        assert_eq!(parse(text).unwrap(), Marker::parse(text).unwrap().marker);
        assert!(parse("os_name == ").is_err());
    }
}
