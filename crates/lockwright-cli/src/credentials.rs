//! User names and passwords of indexes, each for its own origin only.

use url::Url;

/// Who to be on which server.
///
/// They come from the user information of index URLs and from `UV_INDEX_<NAME>_USERNAME` and
/// `UV_INDEX_<NAME>_PASSWORD`. They go into `Authorization` headers, and nowhere else.
#[derive(Clone, Default)]
pub struct Credentials(Vec<Url>);

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Credentials of {} indexes", self.0.len())
    }
}

impl Credentials {
    /// Remembers the user information of an index's URL, if it has any.
    pub fn learn(&mut self, url: &str) {
        if let Ok(url) = Url::parse(url) {
            self.remember(url);
        }
    }

    /// Remembers what the environment says about the index of that name; it goes first.
    pub fn learn_named(
        &mut self,
        name: &str,
        url: &str,
        environment: impl Fn(&str) -> Option<String>,
    ) {
        let name: String = name
            .chars()
            .map(|it| {
                if it.is_ascii_alphanumeric() {
                    it.to_ascii_uppercase()
                } else {
                    '_'
                }
            })
            .collect();
        let Ok(mut url) = Url::parse(url) else { return };
        if let Some(user) = environment(&format!("UV_INDEX_{name}_USERNAME")) {
            // Fails for URLs that cannot have a user: they need none.
            let _ = url.set_username(&user);
        }
        if let Some(password) = environment(&format!("UV_INDEX_{name}_PASSWORD")) {
            let _ = url.set_password(Some(&password));
        }
        self.remember(url);
    }

    fn remember(&mut self, url: Url) {
        if has_user(&url) {
            self.0.push(url);
        }
    }

    /// Adds to a URL the user information that its server is to see, unless it has its own.
    ///
    /// Of several for one origin, the one whose index shares the longest path counts.
    pub fn apply(&self, url: &mut Url) {
        if has_user(url) {
            return;
        }
        let of_origin = self.0.iter().filter(|known| known.origin() == url.origin());
        // The first of equals: what was learnt first goes first.
        let closest = of_origin.rev().max_by_key(|known| shared_path(known, url));
        if let Some(known) = closest {
            let _ = url.set_username(known.username());
            let _ = url.set_password(known.password());
        }
    }
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// How many segments of their paths are the same.
fn shared_path(known: &Url, url: &Url) -> usize {
    let segments = known.path().split('/').zip(url.path().split('/'));
    segments.take_while(|(known, asked)| known == asked).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(credentials: &Credentials, url: &str) -> String {
        let mut url = Url::parse(url).unwrap();
        credentials.apply(&mut url);
        url.into()
    }

    #[test]
    fn credentials_stay_on_their_origin() {
        let mut credentials = Credentials::default();
        credentials.learn("https://me:s%40cret@index.example/simple");
        let with = applied(&credentials, "https://index.example/files/a.whl");
        assert_eq!(with, "https://me:s%40cret@index.example/files/a.whl");
        for other in [
            "https://files.example/a.whl",
            "http://index.example/simple/a/",
            "https://index.example:8443/simple/a/",
            "https://else@index.example/simple/a/",
        ] {
            assert_eq!(applied(&credentials, other), other);
        }
    }

    #[test]
    fn of_two_on_one_origin_the_nearer_counts() {
        let mut credentials = Credentials::default();
        credentials.learn("https://one@index.example/one/simple");
        credentials.learn("https://two@index.example/two/simple");
        let with = applied(&credentials, "https://index.example/two/simple/a/");
        assert_eq!(with, "https://two@index.example/two/simple/a/");
    }

    #[test]
    fn names_are_looked_up_as_uv_does() {
        let mut credentials = Credentials::default();
        credentials.learn_named(
            "my-index",
            "https://index.example/simple",
            |name| match name {
                "UV_INDEX_MY_INDEX_USERNAME" => Some("me".into()),
                "UV_INDEX_MY_INDEX_PASSWORD" => Some("p/w".into()),
                _ => None,
            },
        );
        let with = applied(&credentials, "https://index.example/simple/a/");
        assert_eq!(with, "https://me:p%2Fw@index.example/simple/a/");
        assert!(!format!("{credentials:?}").contains("me"));
    }
}
