//! Wheel tags, and which Pythons and platforms they mean.
//!
//! Tags that nobody can place (`foo`, `linux_sparc`) are left out while reading, as uv does: rules
//! of the form "all platform tags are …" look at the others only.
//! <https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>

mod platform;
mod python;
mod reach;

use std::hash::{Hash, Hasher};
use std::ops::Bound;
use std::sync::{Arc, OnceLock};

pub use platform::{AndroidAbi, Architecture, MacFormat, Machine, PlatformTag, System};
pub use python::{AbiTag, Implementation, PythonTag};
pub use reach::{implied_marker, implied_platform_marker, implied_python_marker, is_reachable};

use crate::Version;
use crate::environment::PythonBounds;
use crate::filename::WheelFilename;
use crate::marker::Marker;

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
