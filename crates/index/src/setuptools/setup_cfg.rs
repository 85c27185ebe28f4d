//! What a `setup.cfg` states, as `configparser` and setuptools read it.
//!
//! <https://setuptools.pypa.io/en/latest/userguide/declarative_config.html>

/// The sections of a file, each with its options in order.
pub(super) struct Config(Vec<(String, Vec<(String, String)>)>);

impl Config {
    /// Reads a file; what `configparser` would read in another way is an error.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut reader = Reader::default();
        for line in text.trim_start_matches('\u{feff}').lines() {
            reader.line(line)?;
        }
        reader.end_option();
        Ok(Self(reader.sections))
    }

    /// A section's options; none if it is not there.
    pub(super) fn section(&self, name: &str) -> &[(String, String)] {
        self.0
            .iter()
            .find(|(section, _)| section == name)
            .map_or(&[], |(_, options)| options)
    }

    /// An option by its name, with `-` for `_` and in any case.
    pub(super) fn option(&self, section: &str, name: &str) -> Option<&str> {
        self.section(section)
            .iter()
            .rfind(|(option, _)| option.replace('-', "_").eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The names of all sections.
    pub(super) fn sections(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

#[derive(Default)]
struct Reader {
    sections: Vec<(String, Vec<(String, String)>)>,
    /// The lines of the option that is being read, and its indentation.
    lines: Option<(String, Vec<String>)>,
    indent: usize,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let trimmed = line.trim();
        if trimmed.starts_with(['#', ';']) {
            return Ok(());
        }
        if trimmed.is_empty() {
            if let Some((_, lines)) = &mut self.lines {
                lines.push(String::new());
            }
            return Ok(());
        }
        let indent = line.len() - line.trim_start().len();
        if let Some((_, lines)) = &mut self.lines
            && indent > self.indent
        {
            lines.push(checked(trimmed)?);
            return Ok(());
        }
        self.end_option();
        self.indent = indent;
        if let Some(rest) = trimmed.strip_prefix('[') {
            let Some((name, _)) = rest.rsplit_once(']') else {
                return Err("`setup.cfg` has a section without an end".to_owned());
            };
            if name.is_empty()
                || name == "DEFAULT"
                || self.sections.iter().any(|(known, _)| known == name)
            {
                return Err(format!(
                    "`setup.cfg` has a section `{name}` that is empty, twice there or for all"
                ));
            }
            self.sections.push((name.to_owned(), Vec::new()));
            return Ok(());
        }
        let Some(at) = trimmed.find(['=', ':']).filter(|at| *at > 0) else {
            return Err(format!(
                "`setup.cfg` has a line that is no option: `{trimmed}`"
            ));
        };
        let name = trimmed[..at].trim().to_owned();
        let Some((_, options)) = self.sections.last() else {
            return Err("`setup.cfg` has an option in no section".to_owned());
        };
        if options.iter().any(|(known, _)| *known == name) {
            return Err(format!("`setup.cfg` has the option `{name}` twice"));
        }
        let first = checked(trimmed[at + 1..].trim())?;
        self.lines = Some((name, vec![first]));
        Ok(())
    }

    fn end_option(&mut self) {
        if let (Some((name, lines)), Some((_, options))) =
            (self.lines.take(), self.sections.last_mut())
        {
            options.push((name, lines.join("\n").trim_end().to_owned()));
        }
    }
}

/// A line of a value, where it stands for nothing else.
fn checked(line: &str) -> Result<String, String> {
    match line.replace("%%", "").contains('%') {
        true => Err(format!(
            "`setup.cfg` has a value with a place to fill in: `{line}`"
        )),
        false => Ok(line.replace("%%", "%")),
    }
}

/// The elements of a list: one per line, or on one line with a separator.
pub(super) fn list(value: &str, separator: char) -> Vec<&str> {
    let parts: Vec<&str> = match value.contains('\n') {
        true => value.lines().collect(),
        false => value.split(separator).collect(),
    };
    parts
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_go_over_several_lines() {
        let text = "# x\n[options]\ninstall-requires =\n    a>=1\n    # no\n\n    b; x\npython_requires: >=3\n[egg_info]\ntag = 100%%\n";
        let config = Config::read(text).unwrap();
        let requires = config.option("options", "install_requires").unwrap();
        assert_eq!(list(requires, ';'), ["a>=1", "b; x"]);
        assert_eq!(config.option("options", "python_requires"), Some(">=3"));
        assert_eq!(config.option("egg_info", "tag"), Some("100%"));
        assert_eq!(config.option("options", "x"), None);
        assert_eq!(list("a; b", ';'), ["a", "b"]);
    }

    #[test]
    fn what_configparser_reads_in_another_way_is_refused() {
        for text in [
            "a = b",
            "[a]\nb",
            "[a]\nb = 1\nb = 2",
            "[a]\n[a]",
            "[a]\nb = %(c)s",
            "[DEFAULT]\na = b",
            "[a",
        ] {
            assert!(Config::read(text).is_err(), "{text}");
        }
    }
}
