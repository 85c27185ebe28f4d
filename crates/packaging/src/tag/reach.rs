//! Which environments a wheel is for, as markers, and whether a set of environments has any.

use std::sync::LazyLock;

use super::{AbiTag, WheelTags};
use super::{AndroidAbi, Implementation, MacFormat, Machine, PlatformTag, PythonTag, System};
use crate::filename::WheelFilename;
use crate::marker::{Marker, MarkerString, MarkerVersion};
use crate::{Operator, Version};

fn machine(name: &str) -> Marker {
    Marker::string(MarkerString::PlatformMachine, name)
}

fn system(name: &str) -> Marker {
    Marker::string(MarkerString::SysPlatform, name)
}

fn any_of(markers: impl IntoIterator<Item = Marker>) -> Marker {
    markers.into_iter().fold(Marker::FALSE, Marker::or)
}

/// The markers of the systems and machines that rules about wheels know.
struct Classes {
    linux: Marker,
    windows: Marker,
    macos: Marker,
    android: Marker,
    /// By [`Machine::ALL`].
    machines: [Marker; Machine::ALL.len()],
}

static CLASSES: LazyLock<Classes> = LazyLock::new(|| {
    let family = |name| Marker::string(MarkerString::OsName, name);
    Classes {
        linux: family("posix").and(system("linux")),
        windows: family("nt").and(system("win32")),
        macos: family("posix").and(system("darwin")),
        android: system("android"),
        machines: Machine::ALL.map(|class| any_of(class.names().iter().map(|name| machine(name)))),
    }
});

impl System {
    /// The environments of the system.
    #[must_use]
    pub fn marker(self) -> Marker {
        match self {
            Self::Linux => CLASSES.linux,
            Self::Windows => CLASSES.windows,
            Self::Macos => CLASSES.macos,
            Self::Android => CLASSES.android,
        }
    }

    /// Whether wheels of the system are told apart by this machine class.
    ///
    /// Other machines of the system are only asked for by themselves.
    fn knows(self, machine: Machine) -> bool {
        self == Self::Linux || matches!(machine, Machine::Arm | Machine::X86_64 | Machine::X86)
    }
}

impl Machine {
    /// The environments on machines of the class.
    #[must_use]
    pub fn marker(self) -> Marker {
        CLASSES.machines[self as usize]
    }
}

/// Whether a wheel could be of use in the environments in which its package is reached, going by
/// its platform tags.
///
/// Only markers count, never whether there is a better wheel. Variants are never of use.
#[must_use]
pub fn is_reachable(wheel: &WheelFilename, reachable: Marker) -> bool {
    if wheel.is_variant() {
        return false;
    }
    let tags = &wheel.tags;
    if tags.is_any_platform() {
        return true;
    }
    // Windows on ARM runs 64-bit x86 programs.
    if tags.platform.contains(&PlatformTag::WinAmd64)
        && !reachable.is_disjoint(System::Windows.marker().and(Machine::Arm.marker()))
    {
        return true;
    }
    let machine = tags.machine();
    if let Some(system) = tags.system() {
        let class = match machine {
            Some(machine) if system.knows(machine) => system.marker().and(machine.marker()),
            _ => system.marker(),
        };
        if reachable.is_disjoint(class) {
            return false;
        }
    }
    machine.is_none_or(|machine| !reachable.is_disjoint(machine.marker()))
}

/// The environments a wheel is for, by all of its tags.
#[must_use]
pub fn implied_marker(wheel: &WheelFilename) -> Marker {
    wheel.tags.implied_marker()
}

/// The Pythons a wheel is for, by its Python and ABI tags.
#[must_use]
pub fn implied_python_marker(wheel: &WheelFilename) -> Marker {
    wheel.tags.python_marker()
}

/// The platforms a wheel is for, by its platform tags.
#[must_use]
pub fn implied_platform_marker(wheel: &WheelFilename) -> Marker {
    wheel.tags.platform_marker()
}

impl WheelTags {
    /// The environments the tags are for; worked out once.
    #[must_use]
    pub fn implied_marker(&self) -> Marker {
        *self
            .implied
            .get_or_init(|| self.platform_marker().and(self.python_marker()))
    }

    /// The platforms the tags are for.
    #[must_use]
    pub fn platform_marker(&self) -> Marker {
        any_of(self.platform.iter().map(|tag| tag.marker()))
    }

    /// The Pythons the tags are for.
    #[must_use]
    pub fn python_marker(&self) -> Marker {
        // With a stable ABI, the Python tag is the least version.
        let operator = match self.abi.contains(&AbiTag::Stable) {
            true => Operator::GreaterThanEqual,
            false => Operator::EqualStar,
        };
        any_of(self.python.iter().map(|tag| tag.marker(operator)))
    }
}

impl PythonTag {
    fn marker(self, operator: Operator) -> Marker {
        let python = |release: &[u8]| {
            let version = Version::new(release.iter().map(|part| u64::from(*part)));
            Marker::version(MarkerVersion::PythonFullVersion, operator, &version)
        };
        match self {
            Self::None => Marker::TRUE,
            Self::Python { major, minor: None } => python(&[major]),
            Self::Python {
                major,
                minor: Some(minor),
            } => {
                // `py312` is for later Pythons of the same major version as well.
                let since = Version::new([u64::from(major), u64::from(minor)]);
                let since = Marker::version(
                    MarkerVersion::PythonFullVersion,
                    Operator::GreaterThanEqual,
                    &since,
                );
                let same = Version::new([u64::from(major)]);
                let same =
                    Marker::version(MarkerVersion::PythonFullVersion, Operator::EqualStar, &same);
                since.and(same)
            }
            Self::CPythonMajor(major) => python(&[major]).and(Implementation::CPython.marker()),
            Self::Implementation(implementation, major, minor) => {
                python(&[major, minor]).and(implementation.marker())
            }
        }
    }
}

impl Implementation {
    fn marker(self) -> Marker {
        Marker::string(MarkerString::PlatformPythonImplementation, self.as_str())
    }
}

impl PlatformTag {
    /// The platforms the tag is for; none for platforms that markers cannot tell.
    #[must_use]
    pub fn marker(self) -> Marker {
        let windows = |name| system("win32").and(machine(name));
        let android = |name| system("android").and(machine(name));
        match self {
            Self::Any => Marker::TRUE,
            Self::Linux(architecture) => system("linux").and(machine(architecture.as_str())),
            Self::Macos {
                major,
                minor,
                format,
            } => macos(major, minor, format),
            Self::Win32 => windows("x86"),
            Self::WinAmd64 => windows("AMD64"),
            Self::WinArm64 => windows("ARM64"),
            Self::Android(AndroidAbi::Arm64) => android("aarch64"),
            Self::Android(AndroidAbi::Armv7a) => android("armv7l").or(android("armv8l")),
            Self::Android(AndroidAbi::X86) => android("i686"),
            Self::Android(AndroidAbi::X86_64) => android("x86_64"),
            Self::WinIa64 | Self::IosArm64 | Self::IosX86_64 | Self::Other => Marker::FALSE,
        }
    }
}

/// macOS from a version on, on the machines that can run the format.
fn macos(major: u16, minor: u16, format: MacFormat) -> Marker {
    let since =
        |darwin: u64| Marker::platform_release(Operator::GreaterThanEqual, &Version::new([darwin]));
    let darwin = darwin_release(major, minor);
    any_of(format.machines().iter().map(|name| {
        // There is no macOS for ARM before 11.
        let darwin = if *name == "arm64" {
            darwin.max(20)
        } else {
            darwin
        };
        system("darwin").and(machine(name)).and(since(darwin))
    }))
}

/// The release of Darwin that a version of macOS is built on: 10.15 on 19, 11 on 20, 26 on 25.
fn darwin_release(major: u16, minor: u16) -> u64 {
    u64::from(match major {
        ..=10 => minor.saturating_add(4),
        11..=25 => major + 9,
        _ => major - 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel(tags: &str) -> WheelFilename {
        WheelFilename::parse(&format!("x-1-{tags}.whl")).unwrap()
    }

    fn marker(text: &str) -> Marker {
        text.parse().unwrap()
    }

    #[test]
    fn tags_imply_pythons() {
        let table = [
            (
                "cp310-cp310-any",
                "python_full_version == '3.10.*' and platform_python_implementation == 'CPython'",
            ),
            (
                "pp310-pypy310_pp73-any",
                "python_full_version == '3.10.*' and platform_python_implementation == 'PyPy'",
            ),
            (
                "py310-none-any",
                "python_full_version >= '3.10' and python_full_version < '4'",
            ),
            (
                "py3-none-any",
                "python_full_version >= '3' and python_full_version < '4'",
            ),
            (
                "py311.py312-none-any",
                "python_full_version >= '3.11' and python_full_version < '4'",
            ),
            (
                "cp39-abi3-any",
                "python_full_version >= '3.9' and platform_python_implementation == 'CPython'",
            ),
            (
                "cp3-abi3-any",
                "python_full_version >= '3' and platform_python_implementation == 'CPython'",
            ),
        ];
        for (tags, expected) in table {
            assert_eq!(
                implied_python_marker(&wheel(tags)),
                marker(expected),
                "{tags}"
            );
        }
        assert_eq!(implied_python_marker(&wheel("none-none-any")), Marker::TRUE);
        assert_eq!(
            implied_python_marker(&wheel("jy27-none-any")),
            Marker::FALSE
        );
    }

    #[test]
    fn tags_imply_platforms() {
        let table = [
            (
                "win32",
                "sys_platform == 'win32' and platform_machine == 'x86'",
            ),
            (
                "win_amd64",
                "sys_platform == 'win32' and platform_machine == 'AMD64'",
            ),
            (
                "manylinux_2_17_aarch64.manylinux2014_aarch64",
                "sys_platform == 'linux' and platform_machine == 'aarch64'",
            ),
            (
                "musllinux_1_2_i686",
                "sys_platform == 'linux' and platform_machine == 'i686'",
            ),
            (
                "macosx_14_0_x86_64",
                "sys_platform == 'darwin' and platform_machine == 'x86_64' and platform_release >= '23'",
            ),
            (
                "macosx_10_9_universal2",
                "sys_platform == 'darwin' and (platform_machine == 'x86_64' and platform_release >= '13' or platform_machine == 'arm64' and platform_release >= '20')",
            ),
            (
                "macosx_26_0_arm64",
                "sys_platform == 'darwin' and platform_machine == 'arm64' and platform_release >= '25'",
            ),
            (
                "android_21_arm64_v8a",
                "sys_platform == 'android' and platform_machine == 'aarch64'",
            ),
        ];
        for (tags, expected) in table {
            let wheel = wheel(&format!("py3-none-{tags}"));
            assert_eq!(implied_platform_marker(&wheel), marker(expected), "{tags}");
        }
        assert_eq!(implied_marker(&wheel("none-none-any")), Marker::TRUE);
        assert_eq!(
            implied_platform_marker(&wheel("py3-none-freebsd_13_x86_64")),
            Marker::FALSE
        );
    }

    #[test]
    fn wheels_of_excluded_platforms_are_unreachable() {
        let linux = "sys_platform == 'linux'";
        let arm_linux = "sys_platform == 'linux' and platform_machine == 'aarch64'";
        let mac = "sys_platform == 'darwin'";
        let amd_windows = "sys_platform == 'win32' and platform_machine == 'AMD64'";
        let arm_windows = "sys_platform == 'win32' and platform_machine == 'ARM64'";
        let table = [
            ("any", linux, true),
            ("manylinux_2_17_x86_64", linux, true),
            ("manylinux_2_17_x86_64", arm_linux, false),
            ("manylinux_2_17_x86_64", mac, false),
            (
                "manylinux_2_17_x86_64.manylinux_2_17_aarch64",
                arm_linux,
                true,
            ),
            ("linux_armv5tel", arm_linux, true),
            ("linux_sparc", mac, true),
            ("macosx_11_0_arm64", mac, true),
            ("macosx_11_0_arm64", linux, false),
            ("macosx_11_0_universal2", linux, false),
            ("macosx_11_0_universal2", mac, true),
            ("macosx_11_0_universal2.win_amd64", linux, true),
            ("win_amd64", amd_windows, true),
            ("win_amd64", arm_windows, true),
            ("win32", arm_windows, false),
            ("win_arm64", amd_windows, false),
            ("win_ia64", amd_windows, true),
            ("win_ia64", linux, false),
            ("android_21_x86_64", linux, false),
            ("android_21_x86_64", "sys_platform == 'android'", true),
            ("ios_13_0_arm64_iphoneos", arm_linux, true),
            ("ios_13_0_arm64_iphoneos", amd_windows, false),
            ("manylinux_2_17_x86_64", "os_name == 'nt'", false),
            (
                "manylinux_2_17_ppc64le",
                "platform_machine == 'x86_64'",
                false,
            ),
        ];
        for (tags, reachable, expected) in table {
            let wheel = wheel(&format!("py3-none-{tags}"));
            assert_eq!(
                is_reachable(&wheel, marker(reachable)),
                expected,
                "{tags} {reachable}"
            );
        }
        assert!(!is_reachable(&wheel("py3-none-any-cu12"), Marker::TRUE));
    }
}
