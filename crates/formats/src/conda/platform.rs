//! conda's platforms as markers.

use packaging::Marker;

/// The marker of a platform; `None` for one that is not known, or none at all.
pub(super) fn marker(platform: &str) -> Option<Marker> {
    let text = match platform {
        "linux-32" => "sys_platform == 'linux' and platform_machine == 'i686'",
        "linux-64" => "sys_platform == 'linux' and platform_machine == 'x86_64'",
        "linux-aarch64" => "sys_platform == 'linux' and platform_machine == 'aarch64'",
        "linux-armv7l" => "sys_platform == 'linux' and platform_machine == 'armv7l'",
        "linux-ppc64le" => "sys_platform == 'linux' and platform_machine == 'ppc64le'",
        "linux-riscv64" => "sys_platform == 'linux' and platform_machine == 'riscv64'",
        "linux-s390x" => "sys_platform == 'linux' and platform_machine == 's390x'",
        "osx-64" => "sys_platform == 'darwin' and platform_machine == 'x86_64'",
        "osx-arm64" => "sys_platform == 'darwin' and platform_machine == 'arm64'",
        "win-32" => "sys_platform == 'win32' and platform_machine == 'x86'",
        "win-64" => "sys_platform == 'win32' and platform_machine == 'AMD64'",
        "win-arm64" => "sys_platform == 'win32' and platform_machine == 'ARM64'",
        _ => return None,
    };
    Marker::parse(text).ok().map(|parsed| parsed.marker)
}
