//! The first two parts of a wheel tag: which Python, and which binary interface.

/// The first part of a wheel tag: which Python.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PythonTag {
    /// `none`
    None,
    /// `py3`, `py310`: any implementation.
    Python {
        /// The major version.
        major: u8,
        /// The minor version, if the tag has one.
        minor: Option<u8>,
    },
    /// `cp3`: CPython, any minor version.
    CPythonMajor(u8),
    /// `cp312`, `pp310`, …: one implementation, one version.
    Implementation(Implementation, u8, u8),
}

/// A Python implementation that has wheel tags of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Implementation {
    /// `cp`
    CPython,
    /// `pp`
    PyPy,
    /// `graalpy`
    GraalPy,
    /// `pyston`
    Pyston,
}

impl Implementation {
    /// The value of `platform_python_implementation`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CPython => "CPython",
            Self::PyPy => "PyPy",
            Self::GraalPy => "GraalPy",
            Self::Pyston => "Pyston",
        }
    }
}

/// The second part of a wheel tag: which binary interface.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AbiTag {
    /// `none`
    None,
    /// `abi3`, `abi3t`: stable from the tagged version on.
    Stable,
    /// `cp312`, `cp313t`, `pypy310_pp73`, `graalpy240_310_native`: of one Python version.
    Version(Implementation, u8, u8),
    /// `pypy_73`, `pyston_23_x86_64_linux_gnu`: of an implementation, without a Python version.
    Unversioned(Implementation),
}

/// `312` is Python 3.12: one digit, then the rest.
fn python_version(text: &str) -> Option<(u8, u8)> {
    let first = text.bytes().next().filter(u8::is_ascii_digit)?;
    let minor = text[1..]
        .parse()
        .ok()
        .filter(|_| !text[1..].starts_with('+'))?;
    Some((first - b'0', minor))
}

impl PythonTag {
    /// Reads one tag; `None` if it cannot be placed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |text: &str| Some(text.bytes().next().filter(u8::is_ascii_digit)? - b'0');
        let of = |implementation, text| {
            python_version(text)
                .map(|(major, minor)| Self::Implementation(implementation, major, minor))
        };
        if text == "none" {
            return Some(Self::None);
        }
        if let Some(version) = text.strip_prefix("pyston") {
            return of(Implementation::Pyston, version);
        }
        if let Some(version) = text.strip_prefix("py") {
            return match version.len() {
                1 => digit(version).map(|major| Self::Python { major, minor: None }),
                2 | 3 => python_version(version).map(|(major, minor)| Self::Python {
                    major,
                    minor: Some(minor),
                }),
                _ => None,
            };
        }
        if let Some(version) = text.strip_prefix("cp") {
            return match version.len() {
                1 => digit(version).map(Self::CPythonMajor),
                2 | 3 => of(Implementation::CPython, version),
                _ => None,
            };
        }
        if let Some(version) = text.strip_prefix("pp") {
            return of(Implementation::PyPy, version);
        }
        of(Implementation::GraalPy, text.strip_prefix("graalpy")?)
    }
}

impl AbiTag {
    /// Reads one tag; `None` if it cannot be placed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => return Some(Self::None),
            "abi3" | "abi3t" => return Some(Self::Stable),
            _ => {}
        }
        if let Some(rest) = text.strip_prefix("cp") {
            let end = rest
                .find(|it: char| !it.is_ascii_digit())
                .unwrap_or(rest.len());
            let (version, flags) = rest.split_at(end);
            let are_flags = flags.chars().enumerate().all(|(at, flag)| {
                matches!(flag, 'd' | 'm' | 't' | 'u') && !flags[..at].contains(flag)
            });
            let (major, minor) = python_version(version)?;
            return are_flags.then_some(Self::Version(Implementation::CPython, major, minor));
        }
        if let Some(rest) = text.strip_prefix("pypy") {
            if let Some(own) = rest.strip_prefix('_') {
                return python_version(own).map(|_| Self::Unversioned(Implementation::PyPy));
            }
            let (version, own) = rest.split_once('_')?;
            python_version(own.strip_prefix("pp")?)?;
            return python_version(version)
                .map(|(major, minor)| Self::Version(Implementation::PyPy, major, minor));
        }
        if let Some(rest) = text.strip_prefix("graalpy") {
            let (own, rest) = rest.split_once('_')?;
            python_version(own)?;
            let (version, "native") = rest.split_once('_')? else {
                return None;
            };
            return python_version(version)
                .map(|(major, minor)| Self::Version(Implementation::GraalPy, major, minor));
        }
        let own = text
            .strip_prefix("pyston_")?
            .strip_suffix("_x86_64_linux_gnu")?;
        python_version(own).map(|_| Self::Unversioned(Implementation::Pyston))
    }
}
