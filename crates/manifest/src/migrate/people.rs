//! Authors as `Name <address>`.

use super::metadata::Person;

impl Person {
    /// Reads `Name <address>`, a name, or an address.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        if let Some((name, rest)) = text.rsplit_once('<')
            && let Some((address, _)) = rest.split_once('>')
        {
            return Self {
                name: some(name.trim().trim_matches('"')),
                email: some(address.trim()),
            };
        }
        let is_address = text.contains('@') && !text.contains(' ');
        match is_address {
            true => Self {
                name: None,
                email: some(text),
            },
            false => Self {
                name: some(text),
                email: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_have_names_and_addresses() {
        for (text, name, email) in [
            ("Ada <ada@a.example>", Some("Ada"), Some("ada@a.example")),
            ("ada@a.example", None, Some("ada@a.example")),
            ("The Team", Some("The Team"), None),
            ("<x@a.example>", None, Some("x@a.example")),
        ] {
            let person = Person::read(text);
            assert_eq!(person.name.as_deref(), name, "{text}");
            assert_eq!(person.email.as_deref(), email, "{text}");
        }
    }
}
