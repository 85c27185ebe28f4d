//! The words by which users name where something is to be installed.

use crate::environment::MarkerEnvironment;
use crate::marker::{Marker, MarkerString};
use crate::tag::{Machine, PlatformTag, System};
use crate::version::{Operator, Version};

/// A word that names no target.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TargetError {
    /// No version of Python, or one of more than three parts.
    #[error("`{0}` is no Python version: expected `3.12` or `3.12.4`")]
    Python(String),
    /// No platform.
    #[error(
        "`{0}` is no platform: expected `linux`, `macos`, `windows`, a pair such as `linux/arm64`, a triple such as `aarch64-apple-darwin`, or a wheel's platform such as `manylinux_2_28_x86_64`"
    )]
    Platform(String),
}

/// The environments of CPython in a version: `3.12` is every patch release, `3.12.4` that one.
///
/// # Errors
///
/// The word is no release of Python.
pub fn python_marker(word: &str) -> Result<Marker, TargetError> {
    let error = || TargetError::Python(word.to_owned());
    let version: Version = word.parse().map_err(|_| error())?;
    if version != version.only_release() {
        return Err(error());
    }
    let full = Marker::python_full_version;
    let marker = match *version.release() {
        [major, minor] => {
            let next = Version::new([major, minor + 1]);
            full(Operator::GreaterThanEqual, &version).and(full(Operator::LessThan, &next))
        }
        [_, _, _] => full(Operator::Equal, &version),
        _ => return Err(error()),
    };
    let implementation = Marker::string(MarkerString::ImplementationName, "cpython").and(
        Marker::string(MarkerString::PlatformPythonImplementation, "CPython"),
    );
    Ok(marker.and(implementation))
}

/// The environments of a platform. A system without a machine is the usual one: x86-64, on macOS
/// Apple silicon.
///
/// # Errors
///
/// The word names no platform.
pub fn platform_marker(word: &str) -> Result<Marker, TargetError> {
    let facts = facts(word).ok_or_else(|| TargetError::Platform(word.to_owned()))?;
    let facts = [
        (MarkerString::SysPlatform, facts.sys_platform),
        (MarkerString::OsName, facts.os_name),
        (MarkerString::PlatformSystem, facts.platform_system),
        (MarkerString::PlatformMachine, facts.platform_machine),
    ];
    let markers = facts.map(|(key, value)| Marker::string(key, value));
    Ok(markers.into_iter().fold(Marker::TRUE, Marker::and))
}

/// The one environment of CPython in a version, its first patch release unless one is named, on a
/// platform.
///
/// # Errors
///
/// A word names no Python or no platform.
pub fn environment(python: &str, platform: &str) -> Result<MarkerEnvironment, TargetError> {
    python_marker(python)?;
    let version: Version = python
        .parse()
        .map_err(|_| TargetError::Python(python.to_owned()))?;
    let version = match *version.release() {
        [major, minor] => Version::new([major, minor, 0]),
        _ => version,
    };
    let facts = facts(platform).ok_or_else(|| TargetError::Platform(platform.to_owned()))?;
    Ok(MarkerEnvironment {
        sys_platform: facts.sys_platform.to_owned(),
        os_name: facts.os_name.to_owned(),
        platform_system: facts.platform_system.to_owned(),
        platform_machine: facts.platform_machine.to_owned(),
        ..MarkerEnvironment::linux_cpython(&version)
    })
}

/// What a platform's interpreters say of it.
struct Facts {
    sys_platform: &'static str,
    os_name: &'static str,
    platform_system: &'static str,
    platform_machine: &'static str,
}

fn facts(word: &str) -> Option<Facts> {
    let (system, machine) = platform(word)?;
    let (sys_platform, os_name, platform_system) = match system {
        System::Linux => ("linux", "posix", "Linux"),
        System::Macos => ("darwin", "posix", "Darwin"),
        System::Windows => ("win32", "nt", "Windows"),
        System::Android => ("android", "posix", "Android"),
    };
    let platform_machine = match (machine, system) {
        (Machine::Arm, System::Macos) => "arm64",
        (Machine::Arm, System::Windows) => "ARM64",
        (Machine::X86_64, System::Windows) => "AMD64",
        (Machine::X86, System::Windows) => "x86",
        (machine, _) => machine.names()[0],
    };
    Some(Facts {
        sys_platform,
        os_name,
        platform_system,
        platform_machine,
    })
}

fn platform(word: &str) -> Option<(System, Machine)> {
    match word {
        "linux" => return Some((System::Linux, Machine::X86_64)),
        "windows" => return Some((System::Windows, Machine::X86_64)),
        "macos" => return Some((System::Macos, Machine::Arm)),
        _ => {}
    }
    if let Some(tag) = PlatformTag::parse(word) {
        return Some((tag.system()?, tag.machine()?));
    }
    if let Some((system, machine)) = word.split_once('/') {
        return Some((system_named(system)?, machine_named(machine)?));
    }
    let (machine, rest) = word.split_once('-')?;
    let mut parts = rest.split(['-', '_']);
    let system = parts.find_map(|part| {
        // The wheels' words stand for Linux in uv's.
        let is_linux = part.starts_with("manylinux") || part.starts_with("musllinux");
        system_named(if is_linux { "linux" } else { part })
    })?;
    Some((system, machine_named(machine)?))
}

fn system_named(word: &str) -> Option<System> {
    Some(match word {
        "linux" => System::Linux,
        "windows" | "win32" => System::Windows,
        "macos" | "darwin" => System::Macos,
        "android" => System::Android,
        _ => return None,
    })
}

fn machine_named(word: &str) -> Option<Machine> {
    let classes = Machine::ALL.into_iter();
    let mut named = classes.filter(|class| class.names().contains(&word));
    match word {
        "386" => Some(Machine::X86),
        "arm" => Some(Machine::Armv7l),
        "riscv64gc" => Some(Machine::Riscv64),
        _ => named.next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_targets() {
        let says = |word: &str| platform_marker(word).map(|it| it.to_string());
        let same = |one: &str, other: &str| assert_eq!(says(one), says(other), "{one} {other}");
        same("linux", "x86_64-unknown-linux-gnu");
        same("linux", "linux/amd64");
        same("linux", "manylinux_2_28_x86_64");
        same("linux", "x86_64-manylinux_2_28");
        same("macos", "aarch64-apple-darwin");
        same("macos", "macosx_14_0_arm64");
        same("windows", "win_amd64");
        same("windows", "x86_64-pc-windows-msvc");
        same("linux/arm64", "aarch64-unknown-linux-musl");
        assert_ne!(says("linux"), says("linux/arm64"));
        for word in ["", "beos", "linux/z80", "any", "x86_64-", "-linux"] {
            assert!(platform_marker(word).is_err(), "{word}");
        }
    }

    #[test]
    fn an_environment_lies_within_its_words() {
        let platforms = ["linux", "macos", "windows", "linux/arm64", "win32"];
        for (python, platform) in platforms.map(|it| ("3.12", it)) {
            let markers = (python_marker(python), platform_marker(platform));
            let (Ok(one), Ok(other)) = markers else {
                panic!("{platform}");
            };
            let environment = environment(python, platform);
            assert!(
                environment.is_ok_and(|it| one.and(other).evaluate(&it, &[])),
                "{platform}"
            );
        }
        assert!(environment("3", "linux").is_err());
    }

    #[test]
    fn pythons_are_told_apart() {
        let marker = |word: &str| python_marker(word).ok();
        let is_in = |one: &str, other: &str| {
            let (one, other) = (marker(one), marker(other));
            matches!((one, other), (Some(one), Some(other)) if one.implies(other))
        };
        assert!(is_in("3.12.4", "3.12"));
        assert!(!is_in("3.13.4", "3.12"));
        for word in ["", "3", "3.12rc1", "three", "3.12.1.1"] {
            assert!(python_marker(word).is_err(), "{word}");
        }
    }
}
