//! A project's page in HTML.
//!
//! <https://packaging.python.org/en/latest/specifications/simple-repository-api/#base-html-api>

use std::borrow::Cow;

use packaging::{Hash, HashAlgorithm, PackageName};

use crate::page::{Base, Entry, Page, PageError, read_time};
use crate::project::{CoreMetadata, Project, Yanked};

/// Reads a page. Files that are none of the project's, or that nobody could choose, are left out.
///
/// # Errors
///
/// A URL that relative links build on is none, or a link carries a digest nobody can check.
pub fn read(body: &[u8], response_url: &str, name: &PackageName) -> Result<Project, PageError> {
    let text = String::from_utf8_lossy(body);
    let base = Base::parse(response_url)?;
    let base_href = Tags(&text)
        .take_while(|tag| !tag.is("a") && !tag.is("link"))
        .find(|tag| tag.is("base"))
        .and_then(|tag| tag.attribute("href").flatten());
    let base = match base_href {
        Some(href) => base.join(&href)?,
        None => base,
    };
    let mut page = Page::new(name, base);
    let mut status: Option<String> = None;
    for tag in Tags(&text) {
        if tag.is("a") {
            add_link(&mut page, &tag)?;
        } else if tag.is("meta")
            && tag.attribute("name").flatten().as_deref() == Some("pypi:project-status")
        {
            status = tag
                .attribute("content")
                .flatten()
                .map(|content| (&*content).into());
        }
    }
    Ok(page.finish(status.as_deref()))
}

fn add_link(page: &mut Page<'_>, tag: &Tag<'_>) -> Result<(), PageError> {
    let value = |name| tag.attribute(name).flatten();
    let Some(href) = value("href").filter(|href| !href.is_empty()) else {
        return Ok(());
    };
    let (url, fragment) = href.split_once('#').unwrap_or((&href, ""));
    let last = url.split('/').next_back().unwrap_or_default();
    let filename = percent_decoded(last.split('?').next().unwrap_or_default());
    let core_metadata = value("data-core-metadata").or_else(|| value("data-dist-info-metadata"));
    page.add(Entry {
        filename: &filename,
        url,
        hashes: hash_of_fragment(&percent_decoded(fragment))?
            .into_iter()
            .collect(),
        size: value("data-size").and_then(|size| size.parse().ok()),
        upload_time: value("data-upload-time").and_then(|time| read_time(&time)),
        requires_python: value("data-requires-python").as_deref(),
        yanked: match tag.attribute("data-yanked") {
            None => Yanked::No,
            Some(reason) => Yanked::Yes(reason.as_deref().unwrap_or_default().into()),
        },
        core_metadata: core_metadata.and_then(|core| match &*core {
            "true" => Some(CoreMetadata::default()),
            "false" => None,
            digest => match hash_of_fragment(digest) {
                Ok(Some(hash)) => Some(CoreMetadata { hash: Some(hash) }),
                _ => None,
            },
        }),
    });
    Ok(())
}

/// `sha256=…`; anything that does not look like a digest at all is ignored.
fn hash_of_fragment(fragment: &str) -> Result<Option<Hash>, PageError> {
    match fragment.split_once('=') {
        Some((name, digest)) if !digest.contains('=') => match HashAlgorithm::from_name(name) {
            Some(algorithm) => Ok(Some(Hash {
                algorithm,
                digest: digest.into(),
            })),
            None if name == "egg" => Ok(None),
            None => Err(PageError::HashAlgorithm(name.to_owned())),
        },
        _ => Ok(None),
    }
}

/// A text with `%2B` and the like decoded; left alone where that is not UTF-8.
#[must_use]
pub fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// An opening tag.
struct Tag<'a> {
    name: &'a str,
    /// The text of the attributes.
    attributes: &'a str,
}

impl<'a> Tag<'a> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value of the first attribute of that name, entities decoded; `Some(None)` without `=`.
    fn attribute(&self, name: &str) -> Option<Option<Cow<'a, str>>> {
        let mut rest = self.attributes;
        while let Some(attribute) = next_attribute(&mut rest) {
            if attribute.0.eq_ignore_ascii_case(name) {
                return Some(attribute.1.map(decoded));
            }
        }
        None
    }
}

/// Takes `name`, `name=value` or `name="value"` from the front.
fn next_attribute<'a>(rest: &mut &'a str) -> Option<(&'a str, Option<&'a str>)> {
    let is_space = |byte: &u8| byte.is_ascii_whitespace();
    let text = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
    if text.is_empty() {
        return None;
    }
    // The first character belongs to the name, whatever it is.
    let end = text
        .bytes()
        .skip(1)
        .position(|byte| is_space(&byte) || byte == b'=' || byte == b'/')
        .map_or(text.len(), |at| at + 1);
    let name = &text[..end];
    let after = text[end..].trim_start_matches(|c: char| c.is_ascii_whitespace());
    let Some(value) = after.strip_prefix('=') else {
        *rest = after;
        return Some((name, None));
    };
    let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let (value, after) = match value.as_bytes().first() {
        Some(quote @ (b'"' | b'\'')) => {
            let value = &value[1..];
            match value.find(char::from(*quote)) {
                Some(end) => (&value[..end], &value[end + 1..]),
                None => (value, ""),
            }
        }
        _ => value.split_at(
            value
                .bytes()
                .position(|byte| is_space(&byte))
                .unwrap_or(value.len()),
        ),
    };
    *rest = after;
    Some((name, Some(value)))
}

/// The opening tags of a page, comments and scripts skipped.
struct Tags<'a>(&'a str);

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let text = &self.0[self.0.find('<')? + 1..];
            if let Some(comment) = text.strip_prefix("!--") {
                self.0 = comment.find("-->").map_or("", |end| &comment[end + 3..]);
                continue;
            }
            if !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
                self.0 = text;
                continue;
            }
            let end = tag_end(text);
            let inside = &text[..end];
            self.0 = text.get(end + 1..).unwrap_or_default();
            let name_end = inside
                .bytes()
                .position(|byte| byte.is_ascii_whitespace() || byte == b'/')
                .unwrap_or(inside.len());
            let (name, attributes) = inside.split_at(name_end);
            for raw in ["script", "style"] {
                if name.eq_ignore_ascii_case(raw) {
                    self.0 = self.0.find("</").map_or("", |end| &self.0[end..]);
                }
            }
            return Some(Tag { name, attributes });
        }
    }
}

/// Where a tag ends: at the first `>` outside of quotes.
///
/// A quote that never closes is none, so that one broken link does not swallow the page.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    text.find('>').unwrap_or(text.len())
}

/// A text with character references decoded.
fn decoded(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else {
        return Cow::Borrowed(text);
    };
    let mut decoded = String::with_capacity(text.len());
    decoded.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(after) = rest.strip_prefix('&') {
        let reference = after
            .split_once(';')
            .and_then(|(name, after)| Some((character(name)?, after)));
        rest = match reference {
            Some((character, after)) => {
                decoded.push(character);
                after
            }
            None => {
                decoded.push('&');
                after
            }
        };
        let next = rest.find('&').unwrap_or(rest.len());
        decoded.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    Cow::Owned(decoded)
}

/// The character that a reference names: the ones that pages have reason to write.
fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match name {
        "amp" | "AMP" => '&',
        "lt" | "LT" => '<',
        "gt" | "GT" => '>',
        "quot" | "QUOT" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "comma" => ',',
        "equals" => '=',
        "excl" => '!',
        "lowbar" => '_',
        "period" => '.',
        "ast" => '*',
        "num" => '#',
        "plus" => '+',
        "sol" => '/',
        "colon" => ':',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::FileKind;

    const PAGE: &str = r##"<!DOCTYPE html>
<html><head><title>Links for foo</title>
<meta name="pypi:repository-version" content="1.4"><META CONTENT='archived' name=pypi:project-status />
<script>if (a < b) { document.write('<a href="foo-7.tar.gz">'); }</script>
<base href="/files/">
</head><body><h1>Links</h1>
<!-- <a href="foo-8.tar.gz">hidden > </a> -->
<a href="foo-1.0-py3-none-any.whl#sha256=aa" data-requires-python="&gt;=3.8,&#60;4" data-core-metadata="sha256=dd"
   data-size=12 data-upload-time="2021-01-01T00:00:00.123456Z" rel="internal">foo-1.0</a><br/>
<A DATA-YANKED HREF='https://b.example/foo-1.0.tar.gz?token=a&amp;b#md5=bb'>x</A>
<a data-yanked="it&#39;s broken" href="./foo-1.0%2Blocal-py3-none-any.whl" data-dist-info-metadata="true"
   data-requires-python="">x</a>
<a href="foo-1.1.tar.gz#egg=foo-1.1">x</a> <a href="foo-1.2.tar.gz#main">x</a> <a>none</a> <a href="">x</a>
<a href="foo-1.3.zip" data-core-metadata="false" data-dist-info-metadata='sha256=zz'>x</a>
<a href="foo-1.4.tar.gz" data-requires-python="three">x</a>
<a href="../bar-1.tar.gz">bar</a> 1 < 2 & 3
</body></html>"##;

    #[test]
    fn a_page_with_quirks_is_read() {
        let name = PackageName::new("foo").unwrap();
        let project = read(PAGE.as_bytes(), "https://a.example/simple/foo/", &name).unwrap();
        assert_eq!(project.status(), Some("archived"));
        let versions: Vec<String> = project.versions().map(ToString::to_string).collect();
        assert_eq!(versions, ["1.0", "1.0+local", "1.1", "1.2", "1.3"]);
        let first = project.release(&"1.0".parse().unwrap()).unwrap();
        let wheel = &first.wheels[0];
        assert_eq!(
            &*wheel.url,
            "https://a.example/files/foo-1.0-py3-none-any.whl"
        );
        assert_eq!(wheel.hashes[0].to_string(), "sha256:aa");
        assert_eq!(&*wheel.requires_python.as_ref().unwrap().text, ">=3.8,<4");
        assert_eq!(
            (wheel.size, wheel.upload_time),
            (Some(12), Some(1_609_459_200_123))
        );
        let digest = wheel.core_metadata.as_ref().unwrap().hash.as_ref().unwrap();
        assert_eq!(digest.to_string(), "sha256:dd");
        let sdist = &first.sdists[0];
        assert_eq!(&*sdist.url, "https://b.example/foo-1.0.tar.gz?token=a&b");
        assert_eq!(
            (&sdist.kind, &sdist.yanked),
            (&FileKind::Sdist, &Yanked::Yes("".into()))
        );
        let local = &project
            .release(&"1.0+local".parse().unwrap())
            .unwrap()
            .wheels[0];
        assert_eq!(&*local.filename, "foo-1.0+local-py3-none-any.whl");
        assert_eq!(
            &*local.url,
            "https://a.example/files/foo-1.0%2Blocal-py3-none-any.whl"
        );
        assert_eq!(local.yanked, Yanked::Yes("it's broken".into()));
        assert_eq!(local.core_metadata, Some(CoreMetadata::default()));
        assert_eq!(&*local.requires_python.as_ref().unwrap().text, "");
        let last = &project.release(&"1.3".parse().unwrap()).unwrap().sdists[0];
        assert!(last.core_metadata.is_none() && last.hashes.is_empty());
    }

    #[test]
    fn broken_pages_are_read_as_far_as_possible() {
        let name = PackageName::new("foo").unwrap();
        let read = |text: &str| read(text.as_bytes(), "https://a.example/", &name);
        for text in [
            "",
            "<",
            "<a",
            "<a href",
            "<a href=",
            "<!--",
            "<a href='x",
            "<ä>",
            "< a>",
            "<a ä=1>",
        ] {
            assert!(read(text).unwrap().is_empty(), "{text}");
        }
        assert_eq!(read("<a href=foo-1.tar.gz>").unwrap().len(), 1);
        assert_eq!(read("<a title=it's href=foo-1.tar.gz>").unwrap().len(), 1);
        assert!(matches!(
            read("<a href='foo-1.tar.gz#crc=1'>"),
            Err(PageError::HashAlgorithm(name)) if name == "crc"
        ));
        assert_eq!(
            decoded("a&b;&amp;c&#x41;&#xFFFFFFFF;&"),
            "a&b;&cA&#xFFFFFFFF;&"
        );
        assert_eq!(percent_decoded("a%2b%zz%ff"), "a%2b%zz%ff");
    }
}
