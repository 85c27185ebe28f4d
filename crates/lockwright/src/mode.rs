//! In whose manner a project is resolved: that of the tool whose lock is written.

use diagnostic::Diagnostic;
use manifest::Dialect;
use resolve::Manner;
use serde::Deserialize;

use crate::LockRequest;

/// In whose manner a project is read and resolved.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// That of uv.
    #[default]
    Uv,
    /// That of poetry.
    Poetry,
    /// That of pdm.
    Pdm,
}

impl Mode {
    /// The names of all modes, as options give them.
    pub const NAMES: [&str; 3] = ["uv", "poetry", "pdm"];

    /// The mode of a request.
    pub(crate) fn of(request: &LockRequest) -> Result<Self, Diagnostic> {
        let format = request.formats.first().map(String::as_str);
        Self::asked(request.options.mode.as_deref(), format)
    }

    /// What is asked for, or else the mode of the first format that is wanted.
    ///
    /// # Errors
    ///
    /// There is no such mode.
    pub fn asked(mode: Option<&str>, format: Option<&str>) -> Result<Self, Diagnostic> {
        match mode {
            None => Ok(format.and_then(Self::named).unwrap_or_default()),
            Some(name) => Self::named(name).ok_or_else(|| {
                let title = format!("`{name}` is no value of `mode`");
                Diagnostic::error("options/invalid-value", title)
                    .help(format!("known are `{}`", Self::NAMES.join("`, `")))
            }),
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "uv" => Some(Self::Uv),
            "poetry" => Some(Self::Poetry),
            "pdm" => Some(Self::Pdm),
            _ => None,
        }
    }

    /// Whose reading of a `pyproject.toml` counts.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Uv => Dialect::Uv,
            Self::Poetry => Dialect::Poetry,
            Self::Pdm => Dialect::Pdm,
        }
    }

    pub(crate) fn manner(self) -> Manner {
        match self {
            Self::Uv => Manner::UV,
            Self::Poetry => Manner::POETRY,
            Self::Pdm => Manner::PDM,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(mode: Option<&str>, formats: &[&str]) -> Option<Mode> {
        let mut request = LockRequest {
            formats: formats.iter().map(|it| (*it).to_owned()).collect(),
            ..LockRequest::default()
        };
        request.options.mode = mode.map(str::to_owned);
        Mode::of(&request).ok()
    }

    #[test]
    fn the_first_format_decides_unless_it_is_said() {
        assert_eq!(mode(None, &[]), Some(Mode::Uv));
        assert_eq!(mode(None, &["pylock", "poetry"]), Some(Mode::Uv));
        assert_eq!(mode(None, &["poetry", "uv"]), Some(Mode::Poetry));
        assert_eq!(mode(None, &["pdm"]), Some(Mode::Pdm));
        assert_eq!(mode(Some("uv"), &["poetry"]), Some(Mode::Uv));
        assert_eq!(mode(Some("poetry"), &["uv"]), Some(Mode::Poetry));
        assert_eq!(mode(Some("pip"), &["uv"]), None);
    }
}
