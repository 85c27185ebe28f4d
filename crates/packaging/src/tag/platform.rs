//! The third part of a wheel tag: which platform.

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
