//! Wheel tags, and which Pythons and platforms they mean.
//!
//! Tags that nobody can place (`foo`, `linux_sparc`) are left out while reading, as uv does: rules
//! of the form "all platform tags are …" look at the others only.
//! <https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>

mod reach;

use std::hash::{Hash, Hasher};
use std::ops::Bound;
use std::sync::{Arc, OnceLock};

pub use reach::{implied_marker, implied_platform_marker, implied_python_marker, is_reachable};

use crate::Version;
use crate::environment::PythonBounds;
use crate::filename::WheelFilename;
use crate::marker::Marker;

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

/// A processor family of Linux platform tags.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Architecture {
    /// `aarch64`
    Aarch64,
    /// `armv5tel`
    Armv5tel,
    /// `armv6l`
    Armv6l,
    /// `armv7l`, and `armv8l`, which runs it.
    Armv7l,
    /// `ppc64le`
    Ppc64le,
    /// `ppc64`
    Ppc64,
    /// `ppc`
    Ppc,
    /// `i686`
    I686,
    /// `x86_64`
    X86_64,
    /// `s390x`
    S390x,
    /// `loongarch64`
    Loongarch64,
    /// `riscv64`
    Riscv64,
}

impl Architecture {
    /// The value of `platform_machine` on Linux.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64",
            Self::Armv5tel => "armv5tel",
            Self::Armv6l => "armv6l",
            Self::Armv7l => "armv7l",
            Self::Ppc64le => "ppc64le",
            Self::Ppc64 => "ppc64",
            Self::Ppc => "ppc",
            Self::I686 => "i686",
            Self::X86_64 => "x86_64",
            Self::S390x => "s390x",
            Self::Loongarch64 => "loongarch64",
            Self::Riscv64 => "riscv64",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "aarch64" => Self::Aarch64,
            "armv5tel" => Self::Armv5tel,
            "armv6l" => Self::Armv6l,
            "armv7l" | "armv8l" => Self::Armv7l,
            "ppc64le" => Self::Ppc64le,
            "ppc64" => Self::Ppc64,
            "ppc" => Self::Ppc,
            "i686" => Self::I686,
            "x86_64" => Self::X86_64,
            "s390x" => Self::S390x,
            "loongarch64" => Self::Loongarch64,
            "riscv64" => Self::Riscv64,
            _ => return None,
        })
    }
}

/// What a macOS binary contains.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum MacFormat {
    /// `arm64`
    Arm64,
    /// `fat`
    Fat,
    /// `fat32`
    Fat32,
    /// `fat64`
    Fat64,
    /// `i386`
    I386,
    /// `intel`
    Intel,
    /// `ppc`
    Ppc,
    /// `ppc64`
    Ppc64,
    /// `universal`
    Universal,
    /// `universal2`
    Universal2,
    /// `x86_64`
    X86_64,
}

impl MacFormat {
    /// The values of `platform_machine` that can run it.
    #[must_use]
    pub fn machines(self) -> &'static [&'static str] {
        match self {
            Self::Arm64 => &["arm64"],
            Self::Fat => &["x86_64", "ppc"],
            Self::Fat32 => &["x86_64", "i386", "ppc", "ppc64"],
            Self::Fat64 => &["x86_64", "ppc64"],
            Self::I386 => &["i386"],
            Self::Intel => &["x86_64", "i386"],
            Self::Ppc => &["ppc"],
            Self::Ppc64 => &["ppc64"],
            Self::Universal => &["x86_64", "i386", "ppc64", "ppc", "intel"],
            Self::Universal2 => &["x86_64", "arm64"],
            Self::X86_64 => &["x86_64"],
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "arm64" => Self::Arm64,
            "fat" => Self::Fat,
            "fat32" => Self::Fat32,
            "fat64" => Self::Fat64,
            "i386" => Self::I386,
            "intel" => Self::Intel,
            "ppc" => Self::Ppc,
            "ppc64" => Self::Ppc64,
            "universal" => Self::Universal,
            "universal2" => Self::Universal2,
            "x86_64" => Self::X86_64,
            _ => return None,
        })
    }
}

/// The binary interface of an Android wheel.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AndroidAbi {
    /// `armeabi_v7a`
    Armv7a,
    /// `arm64_v8a`
    Arm64,
    /// `x86`
    X86,
    /// `x86_64`
    X86_64,
}

/// The third part of a wheel tag: which platform.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PlatformTag {
    /// `any`
    Any,
    /// `linux_*`, `manylinux*_*`, `musllinux_*`
    Linux(Architecture),
    /// `macosx_X_Y_*`
    Macos {
        /// The least macOS version, major.
        major: u16,
        /// The least macOS version, minor.
        minor: u16,
        /// What is inside.
        format: MacFormat,
    },
    /// `win32`
    Win32,
    /// `win_amd64`
    WinAmd64,
    /// `win_arm64`
    WinArm64,
    /// `win_ia64`
    WinIa64,
    /// `android_N_*`
    Android(AndroidAbi),
    /// `ios_X_Y_arm64_*`
    IosArm64,
    /// `ios_X_Y_x86_64_iphonesimulator`
    IosX86_64,
    /// A platform that markers cannot tell: BSDs, Haiku, Pyodide, …
    Other,
}

/// The operating system families that rules about wheels know.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum System {
    /// Linux with either C library.
    Linux,
    /// Windows.
    Windows,
    /// macOS.
    Macos,
    /// Android.
    Android,
}

/// The machine classes that rules about wheels know, in the order they are tried.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Machine {
    /// 64-bit ARM.
    Arm,
    /// 64-bit x86.
    X86_64,
    /// 32-bit x86.
    X86,
    /// 64-bit POWER, little-endian.
    Ppc64le,
    /// 64-bit POWER, big-endian.
    Ppc64,
    /// IBM Z.
    S390x,
    /// 64-bit RISC-V.
    Riscv64,
    /// 64-bit LoongArch.
    Loongarch64,
    /// 32-bit ARM, version 7.
    Armv7l,
    /// 32-bit ARM, version 6.
    Armv6l,
}

impl Machine {
    /// All classes in the order they are tried.
    pub const ALL: [Self; 10] = [
        Self::Arm,
        Self::X86_64,
        Self::X86,
        Self::Ppc64le,
        Self::Ppc64,
        Self::S390x,
        Self::Riscv64,
        Self::Loongarch64,
        Self::Armv7l,
        Self::Armv6l,
    ];

    /// The values of `platform_machine` in the class.
    #[must_use]
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Arm => &["aarch64", "arm64", "ARM64"],
            Self::X86_64 => &["x86_64", "amd64", "AMD64"],
            Self::X86 => &["i686", "i386", "win32", "x86"],
            Self::Ppc64le => &["ppc64le"],
            Self::Ppc64 => &["ppc64"],
            Self::S390x => &["s390x"],
            Self::Riscv64 => &["riscv64"],
            Self::Loongarch64 => &["loongarch64"],
            Self::Armv7l => &["armv7l", "armv8l"],
            Self::Armv6l => &["armv6l"],
        }
    }
}

impl PlatformTag {
    /// The system the tag belongs to, if it is one that rules know.
    #[must_use]
    pub fn system(self) -> Option<System> {
        match self {
            Self::Linux(_) => Some(System::Linux),
            Self::Macos { .. } => Some(System::Macos),
            Self::Win32 | Self::WinAmd64 | Self::WinArm64 | Self::WinIa64 => Some(System::Windows),
            Self::Android(_) => Some(System::Android),
            Self::Any | Self::IosArm64 | Self::IosX86_64 | Self::Other => None,
        }
    }

    /// The machine class the tag belongs to: the only one it runs on.
    #[must_use]
    pub fn machine(self) -> Option<Machine> {
        match self {
            Self::Linux(architecture) => match architecture {
                Architecture::Aarch64 => Some(Machine::Arm),
                Architecture::X86_64 => Some(Machine::X86_64),
                Architecture::I686 => Some(Machine::X86),
                Architecture::Ppc64le => Some(Machine::Ppc64le),
                Architecture::Ppc64 => Some(Machine::Ppc64),
                Architecture::S390x => Some(Machine::S390x),
                Architecture::Riscv64 => Some(Machine::Riscv64),
                Architecture::Loongarch64 => Some(Machine::Loongarch64),
                Architecture::Armv7l => Some(Machine::Armv7l),
                Architecture::Armv6l => Some(Machine::Armv6l),
                Architecture::Armv5tel | Architecture::Ppc => None,
            },
            Self::Macos { format, .. } => match format {
                MacFormat::Arm64 => Some(Machine::Arm),
                MacFormat::X86_64 => Some(Machine::X86_64),
                MacFormat::I386 => Some(Machine::X86),
                _ => None,
            },
            Self::WinArm64 | Self::Android(AndroidAbi::Arm64) | Self::IosArm64 => {
                Some(Machine::Arm)
            }
            Self::WinAmd64 | Self::Android(AndroidAbi::X86_64) | Self::IosX86_64 => {
                Some(Machine::X86_64)
            }
            Self::Win32 | Self::Android(AndroidAbi::X86) => Some(Machine::X86),
            Self::Any | Self::WinIa64 | Self::Android(AndroidAbi::Armv7a) | Self::Other => None,
        }
    }
}

/// The tags of a wheel: every combination of the three parts.
#[derive(Clone, Debug)]
pub struct WheelTags {
    /// As in the file name: `cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64`.
    pub text: Arc<str>,
    /// Python tags that could be placed.
    pub python: Vec<PythonTag>,
    /// ABI tags that could be placed.
    pub abi: Vec<AbiTag>,
    /// Platform tags that could be placed.
    pub platform: Vec<PlatformTag>,
    /// What they imply, once somebody asked: wheels of many versions share their tags.
    implied: OnceLock<Marker>,
}

impl PartialEq for WheelTags {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for WheelTags {}

impl Hash for WheelTags {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl WheelTags {
    /// Reads the three parts of a wheel tag, each possibly several tags joined by dots.
    ///
    /// `None` if the text has not three parts, or a tag is empty or has odd characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (python, abi, platform) = (parts.next()?, parts.next()?, parts.next()?);
        let is_tag = |tag: &str| {
            !tag.is_empty()
                && tag
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if parts.next().is_some()
            || ![python, abi, platform]
                .into_iter()
                .flat_map(|part| part.split('.'))
                .all(is_tag)
        {
            return None;
        }
        Some(Self {
            text: text.into(),
            python: python.split('.').filter_map(PythonTag::parse).collect(),
            abi: abi.split('.').filter_map(AbiTag::parse).collect(),
            platform: platform.split('.').filter_map(PlatformTag::parse).collect(),
            implied: OnceLock::new(),
        })
    }

    /// Whether the wheel is for every platform.
    #[must_use]
    pub fn is_any_platform(&self) -> bool {
        self.platform.iter().all(|tag| *tag == PlatformTag::Any)
    }

    /// The system that all platform tags belong to.
    #[must_use]
    pub fn system(&self) -> Option<System> {
        common(&self.platform, |tag| tag.system())
    }

    /// The machine class that all platform tags belong to.
    #[must_use]
    pub fn machine(&self) -> Option<Machine> {
        common(&self.platform, |tag| tag.machine())
    }

    /// Whether the wheel could be installed by some Python between the bounds.
    ///
    /// Bounds count by major and minor version: `>=3.9.5` keeps `cp39`.
    #[must_use]
    pub fn matches_python(&self, lower: &Bound<Version>, upper: &Bound<Version>) -> bool {
        let python = PythonWindow::new(lower, upper);
        self.abi.iter().any(|abi| match abi {
            AbiTag::Stable | AbiTag::Unversioned(Implementation::Pyston) => true,
            AbiTag::None => self.python.iter().any(|tag| python.allows_pure(*tag)),
            AbiTag::Version(_, 3, minor) => python.has(*minor),
            AbiTag::Version(_, 2, _) | AbiTag::Unversioned(_) => false,
            AbiTag::Version(..) => true,
        })
    }
}

/// Whether the wheel could be installed by some Python between the bounds.
#[must_use]
pub fn matches_requires_python(wheel: &WheelFilename, bounds: &PythonBounds) -> bool {
    wheel.tags.matches_python(&bounds.lower, &bounds.upper)
}

/// What all of the tags have in common; `None` if they differ, or there are none.
fn common<T: PartialEq>(tags: &[PlatformTag], of: impl Fn(&PlatformTag) -> Option<T>) -> Option<T> {
    let first = of(tags.first()?)?;
    tags.iter()
        .all(|tag| of(tag).as_ref() == Some(&first))
        .then_some(first)
}

/// Minor versions of Python 3 between two bounds.
struct PythonWindow {
    /// The least version, inclusive.
    lower: Option<Version>,
    /// The greatest version, and whether it is included.
    upper: Option<(Version, bool)>,
}

impl PythonWindow {
    fn new(lower: &Bound<Version>, upper: &Bound<Version>) -> Self {
        let minor = |version: &Version| Version::new(version.release().iter().take(2));
        Self {
            lower: match lower {
                Bound::Included(version) | Bound::Excluded(version) => Some(minor(version)),
                Bound::Unbounded => None,
            },
            upper: match upper {
                Bound::Included(version) => Some((minor(version), true)),
                // `<3.10.1` has Pythons of 3.10, `<3.10` has none.
                Bound::Excluded(version) => {
                    let has_patch = version.release().get(2).is_some_and(|patch| *patch > 0);
                    Some((minor(version), has_patch))
                }
                Bound::Unbounded => None,
            },
        }
    }

    /// Whether Python `3.minor` is not above the window.
    fn reaches(&self, minor: u8) -> bool {
        let python = Version::new([3, u64::from(minor)]);
        match &self.upper {
            Some((upper, true)) => python <= *upper,
            Some((upper, false)) => python < *upper,
            None => true,
        }
    }

    /// Whether Python `3.minor` is inside the window.
    fn has(&self, minor: u8) -> bool {
        let python = Version::new([3, u64::from(minor)]);
        self.lower.as_ref().is_none_or(|lower| python >= *lower) && self.reaches(minor)
    }

    /// Whether a wheel without an ABI is for Pythons inside the window.
    fn allows_pure(&self, tag: PythonTag) -> bool {
        match tag {
            PythonTag::Python { major: 2, .. } | PythonTag::Implementation(_, 2, _) => false,
            // `py37` also runs on later Pythons.
            PythonTag::Python {
                major: 3,
                minor: Some(minor),
            } => self.reaches(minor),
            PythonTag::Implementation(_, 3, minor) => self.has(minor),
            _ => true,
        }
    }
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

impl PlatformTag {
    /// Reads one tag; `None` if it cannot be placed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "any" => return Some(Self::Any),
            "win32" => return Some(Self::Win32),
            "win_amd64" => return Some(Self::WinAmd64),
            "win_arm64" => return Some(Self::WinArm64),
            "win_ia64" => return Some(Self::WinIa64),
            _ => {}
        }
        let (family, rest) = text.split_once('_')?;
        match family {
            "manylinux" | "musllinux" => {
                let (_, _, architecture) = release(rest)?;
                Architecture::parse(architecture).map(Self::Linux)
            }
            "manylinux1" | "manylinux2010" | "manylinux2014" | "linux" => {
                Architecture::parse(rest).map(Self::Linux)
            }
            "macosx" => {
                let (major, minor, format) = release(rest)?;
                Some(Self::Macos {
                    major,
                    minor,
                    format: MacFormat::parse(format)?,
                })
            }
            "android" => {
                let (level, abi) = rest.split_once('_')?;
                number(level)?;
                Some(Self::Android(match abi {
                    "armeabi_v7a" => AndroidAbi::Armv7a,
                    "arm64_v8a" => AndroidAbi::Arm64,
                    "x86" => AndroidAbi::X86,
                    "x86_64" => AndroidAbi::X86_64,
                    _ => return None,
                }))
            }
            "ios" => match release(rest)?.2 {
                "arm64_iphoneos" | "arm64_iphonesimulator" => Some(Self::IosArm64),
                "x86_64_iphonesimulator" => Some(Self::IosX86_64),
                _ => None,
            },
            "freebsd" | "netbsd" | "openbsd" | "dragonfly" | "haiku" | "illumos" => {
                (!rest.is_empty()).then_some(Self::Other)
            }
            "solaris" => rest.strip_suffix("_64bit").map(|_| Self::Other),
            "pyodide" | "pyemscripten" => {
                let (major, minor) = rest.strip_suffix("_wasm32")?.split_once('_')?;
                (number(major).is_some() && number(minor).is_some()).then_some(Self::Other)
            }
            _ => None,
        }
    }
}

fn number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

/// `2_17_x86_64` is release 2.17 and `x86_64`.
fn release(text: &str) -> Option<(u16, u16, &str)> {
    let mut parts = text.splitn(3, '_');
    let (major, minor) = (number(parts.next()?)?, number(parts.next()?)?);
    Some((major, minor, parts.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RequiresPython;

    #[test]
    fn tags_are_placed() {
        use Implementation::{CPython, GraalPy, PyPy, Pyston};
        let python = [
            ("none", Some(PythonTag::None)),
            (
                "py3",
                Some(PythonTag::Python {
                    major: 3,
                    minor: None,
                }),
            ),
            (
                "py310",
                Some(PythonTag::Python {
                    major: 3,
                    minor: Some(10),
                }),
            ),
            ("cp3", Some(PythonTag::CPythonMajor(3))),
            ("cp39", Some(PythonTag::Implementation(CPython, 3, 9))),
            ("pp310", Some(PythonTag::Implementation(PyPy, 3, 10))),
            (
                "graalpy311",
                Some(PythonTag::Implementation(GraalPy, 3, 11)),
            ),
            ("pyston38", Some(PythonTag::Implementation(Pyston, 3, 8))),
            ("jy27", None),
            ("py", None),
            ("pyx", None),
            ("py3100", None),
            ("cp3x", None),
            ("cp3+1", None),
        ];
        for (text, expected) in python {
            assert_eq!(PythonTag::parse(text), expected, "{text}");
        }
        let abi = [
            ("none", Some(AbiTag::None)),
            ("abi3", Some(AbiTag::Stable)),
            ("abi3t", Some(AbiTag::Stable)),
            ("cp37m", Some(AbiTag::Version(CPython, 3, 7))),
            ("cp27mu", Some(AbiTag::Version(CPython, 2, 7))),
            ("cp313t", Some(AbiTag::Version(CPython, 3, 13))),
            ("cp313tt", None),
            ("cp313x", None),
            ("cp3", None),
            ("pypy_73", Some(AbiTag::Unversioned(PyPy))),
            ("pypy310_pp73", Some(AbiTag::Version(PyPy, 3, 10))),
            ("pypy310_73", None),
            (
                "graalpy240_310_native",
                Some(AbiTag::Version(GraalPy, 3, 10)),
            ),
            (
                "pyston_23_x86_64_linux_gnu",
                Some(AbiTag::Unversioned(Pyston)),
            ),
        ];
        for (text, expected) in abi {
            assert_eq!(AbiTag::parse(text), expected, "{text}");
        }
        let mac = |major, minor, format| {
            Some(PlatformTag::Macos {
                major,
                minor,
                format,
            })
        };
        let platform = [
            ("any", Some(PlatformTag::Any)),
            (
                "manylinux_2_17_x86_64",
                Some(PlatformTag::Linux(Architecture::X86_64)),
            ),
            (
                "manylinux2014_aarch64",
                Some(PlatformTag::Linux(Architecture::Aarch64)),
            ),
            (
                "musllinux_1_2_armv7l",
                Some(PlatformTag::Linux(Architecture::Armv7l)),
            ),
            ("linux_sparc", None),
            ("manylinux_2_x86_64", None),
            ("macosx_10_9_universal2", mac(10, 9, MacFormat::Universal2)),
            ("macosx_11_0_arm64", mac(11, 0, MacFormat::Arm64)),
            (
                "android_21_x86_64",
                Some(PlatformTag::Android(AndroidAbi::X86_64)),
            ),
            ("ios_13_0_arm64_iphoneos", Some(PlatformTag::IosArm64)),
            ("pyodide_2024_0_wasm32", Some(PlatformTag::Other)),
            ("emscripten_3_1_58_wasm32", None),
            ("freebsd_13_x86_64", Some(PlatformTag::Other)),
            ("win_arm64", Some(PlatformTag::WinArm64)),
        ];
        for (text, expected) in platform {
            assert_eq!(PlatformTag::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn wheels_match_requires_python() {
        let table = [
            (
                ">=3.9",
                "py3-none-any cp39-cp39-win32 py37-none-any cp38-abi3-any",
                true,
            ),
            (
                ">=3.9",
                "cp38-cp38-any cp38-none-any py2-none-any cp27-cp27mu-any",
                false,
            ),
            (
                ">=3.9",
                "pp38-pypy38_pp73-any pp3-pypy_73-any graalpy-graalpy240_38_native-any",
                false,
            ),
            (">=3.9.5", "cp39-cp39-any", true),
            (">3.9", "cp39-cp39-any", true),
            (
                ">=3.9,<3.12",
                "cp311-cp311-any py311-none-any cp312-abi3-any",
                true,
            ),
            (
                ">=3.9,<3.12",
                "cp312-cp312-any py312-none-any cp312-none-any",
                false,
            ),
            (">=3.9,<3.12.1", "cp312-cp312-any py312-none-any", true),
            (">=3.9,<=3.12", "cp312-cp312-any", true),
            ("==3.12", "cp312-cp312-any", true),
            ("==3.12.6", "cp312-cp312-any py3-none-any", true),
            ("==3.12.6", "cp313-cp313-any cp311-cp311-any", false),
            (">=3", "cp36-cp36m-any", true),
            ("", "cp36-cp36m-any py3-none-any", true),
            ("", "py2-none-any cp27-cp27m-any", false),
            (">=3.9", "cp38.cp39-cp38.cp39-any py2.py3-none-any", true),
            // Tags that cannot be placed leave nothing that could match.
            (">=3.9", "cp39-weird-any jy27-none-any", false),
        ];
        for (python, tags, expected) in table {
            let bounds = RequiresPython::parse(python).unwrap().bounds().clone();
            for tags in tags.split(' ') {
                let wheel = WheelFilename::parse(&format!("x-1-{tags}.whl")).unwrap();
                assert_eq!(
                    matches_requires_python(&wheel, &bounds),
                    expected,
                    "{python} {tags}"
                );
            }
        }
    }
}
