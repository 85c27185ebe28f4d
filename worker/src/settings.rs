//! Which indexes this service asks, from the variables of its configuration.

use std::net::IpAddr;

use url::{Host, Url};
use worker::Env;

/// The settings of a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Stands for the public index, where something else does.
    pub(crate) public_index: Option<String>,
    /// Hosts of further indexes that may be asked.
    hosts: Vec<String>,
    /// Whether addresses of the machine itself and of private networks may be asked.
    is_local: bool,
}

impl Settings {
    /// Reads `LOCKWRIGHT_PUBLIC_INDEX`, `LOCKWRIGHT_INDEX_HOSTS` (separated by commas) and
    /// `LOCKWRIGHT_LOCAL` (`true` on a developer's machine only).
    pub(crate) fn read(env: &Env) -> Self {
        let variable = |name: &str| {
            env.var(name)
                .map(|value| value.to_string())
                .ok()
                .filter(|value| !value.is_empty())
        };
        let hosts = variable("LOCKWRIGHT_INDEX_HOSTS").unwrap_or_default();
        Self {
            public_index: variable("LOCKWRIGHT_PUBLIC_INDEX"),
            hosts: hosts
                .split(',')
                .map(|host| host.trim().to_lowercase())
                .collect(),
            is_local: variable("LOCKWRIGHT_LOCAL").is_some_and(|value| value == "true"),
        }
    }

    /// Whether an index may be asked.
    pub(crate) fn allows_index(&self, url: &str) -> bool {
        let Ok(url) = Url::parse(url) else {
            return false;
        };
        let public = self
            .public_index
            .as_deref()
            .unwrap_or(lockwright::PUBLIC_INDEX);
        let is_public = Url::parse(public).is_ok_and(|public| origin(&public) == origin(&url));
        let is_listed = url
            .host_str()
            .is_some_and(|host| self.hosts.iter().any(|it| it == host));
        let is_here = self.is_local && is_local(&url);
        (is_public || is_listed || is_here) && self.allows_address(&url)
    }

    /// Whether an address may be reached at all: over HTTP, and not inside a private network.
    pub(crate) fn allows_address(&self, url: &Url) -> bool {
        match url.scheme() {
            "https" => self.is_local || !is_local(url),
            "http" => self.is_local,
            _ => false,
        }
    }
}

/// Scheme, host and port.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Whether a URL leads to the machine itself or into a private network, as far as its host tells.
fn is_local(url: &Url) -> bool {
    match url.host() {
        None => true,
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let is_bare = !name.contains('.');
            is_bare
                || [".localhost", ".local", ".internal"]
                    .iter()
                    .any(|end| name.ends_with(end))
        }
        Some(Host::Ipv4(address)) => !is_public(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => !is_public(IpAddr::V6(address)),
    }
}

/// Whether an address belongs to the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            let is_special = first == 0 || first >= 224 || is_shared;
            !(is_special
                || address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_documentation())
        }
        IpAddr::V6(address) => {
            if let Some(mapped) = address.to_ipv4_mapped() {
                return is_public(IpAddr::V4(mapped));
            }
            // Global unicast is 2000::/3; what tunnels into version 4 is left out with the rest.
            let first = address.segments()[0];
            (0x2000..0x4000).contains(&first) && first != 0x2002
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(is_local: bool) -> Settings {
        let hosts = vec!["extra.example".to_owned()];
        Settings {
            public_index: Some("https://index.example/simple".into()),
            hosts,
            is_local,
        }
    }

    #[test]
    fn only_listed_indexes_are_asked() {
        let settings = settings(false);
        assert!(settings.allows_index("https://index.example/simple"));
        assert!(settings.allows_index("https://extra.example/whatever/simple/"));
        for refused in [
            "https://other.example/simple",
            "http://index.example/simple",
            "https://index.example:8443/simple",
            "https://index.example.evil.example/simple",
            "https://index.example@evil.example/simple",
            "file:///etc/passwd",
            "not a url",
        ] {
            assert!(!settings.allows_index(refused), "{refused}");
        }
    }

    #[test]
    fn private_addresses_are_asked_only_locally() {
        for private in [
            "http://127.0.0.1:8765/simple",
            "https://127.1/simple",
            "https://2130706433/simple",
            "https://10.0.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fd00::1]/",
            "https://[fe80::1]/",
            "https://localhost/",
            "https://index.localhost/",
            "https://metadata.internal/",
            "https://intranet/",
        ] {
            let url = Url::parse(private).unwrap();
            assert!(is_local(&url), "{private}");
            assert!(!settings(false).allows_address(&url), "{private}");
        }
        assert!(settings(true).allows_index("http://127.0.0.1:8765/simple"));
        assert!(!is_local(&Url::parse("https://index.example/").unwrap()));
        assert!(!is_local(&Url::parse("https://151.101.0.1/").unwrap()));
    }
}
