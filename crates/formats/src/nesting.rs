//! A bound on nesting, before anything is parsed: parsers recurse, or take long to recover.

use diagnostic::Diagnostic;

/// How deep brackets may nest. No lock needs a tenth of it.
const DEEPEST: usize = 100;

/// Complains about brackets that nest too deep. Those in texts between double quotes do not count.
pub(crate) fn check(text: &str) -> Result<(), Diagnostic> {
    let mut depth = 0_usize;
    let mut is_quoted = false;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if is_quoted => {
                bytes.next();
            }
            b'"' => is_quoted = !is_quoted,
            b'\n' => is_quoted = false,
            b'[' | b'{' if !is_quoted => depth += 1,
            b']' | b'}' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            let title = format!("brackets nest more than {DEEPEST} deep: this is no lock");
            let error = Diagnostic::error("formats/too-deep", title);
            return Err(error.label(at..at + 1, "here"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_deep_nesting_is_refused() {
        assert!(check("a = [[{b = \"[[[\"}]]\n").is_ok());
        assert!(check(&"[a]\n".repeat(1000)).is_ok());
        assert!(check(&format!("a = \"{}\"", "[".repeat(1000))).is_ok());
        let deep = format!("a = {}", "[".repeat(1_000_000));
        let found = check(&deep).err();
        assert_eq!(found.map(|it| it.labels[0].span.clone()), Some(104..105));
    }
}
