//! What a client wants back: which formats, and whether as a file or as JSON.

use formats::{FORMATS, LockFormat};

use crate::reply::Refusal;

/// What is sent back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    /// The text of one lock.
    File(String),
    /// The JSON envelope with these formats; `uv` when empty.
    Envelope(Vec<String>),
}

/// Chooses by `?format=`, by the request itself, and by `Accept`, in that order.
pub(crate) fn choose(
    query: &[(String, String)],
    asked: &[String],
    accept: &str,
    is_json_request: bool,
) -> Result<Wanted, Refusal> {
    let named = query.iter().filter(|(name, _)| name == "format");
    let mut formats: Vec<String> = named
        .flat_map(|(_, value)| value.split(','))
        .map(|name| name.trim().to_owned())
        .collect();
    if formats.is_empty() {
        formats = asked.to_vec();
    }
    if let Some(unknown) = formats
        .iter()
        .find(|name| *name != "all" && format(name).is_none())
    {
        return Err(not_acceptable(format!("there is no format `{unknown}`")));
    }
    let by_accept = accepted(accept)?;
    if formats.is_empty()
        && let Accepted::Format(name) = by_accept
    {
        return Ok(Wanted::File(name.to_owned()));
    }
    let wants_json =
        by_accept == Accepted::Json || (by_accept == Accepted::Anything && is_json_request);
    match formats.as_slice() {
        [] if !wants_json => Ok(Wanted::File("uv".to_owned())),
        [one] if one != "all" && !wants_json => Ok(Wanted::File(one.clone())),
        _ => Ok(Wanted::Envelope(formats)),
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Accepted {
    Anything,
    /// Text of whichever format is asked for.
    Text,
    Json,
    Format(&'static str),
}

/// The first media type in `Accept` that there is something for.
fn accepted(accept: &str) -> Result<Accepted, Refusal> {
    if accept.trim().is_empty() {
        return Ok(Accepted::Anything);
    }
    let types = accept.split(',').filter_map(|part| {
        let mut parts = part.split(';').map(str::trim);
        let media_type = parts.next()?.to_ascii_lowercase();
        let is_refused = parts.any(|it| it.replace(' ', "").trim_end_matches(['0', '.']) == "q=");
        (!is_refused).then_some(media_type)
    });
    for media_type in types {
        let vendor = media_type.strip_prefix("application/vnd.lockwright.");
        let named = vendor.map(|rest| rest.trim_end_matches("+toml"));
        if let Some(format) = named.and_then(format) {
            return Ok(Accepted::Format(format.name()));
        }
        match media_type.as_str() {
            "*/*" | "application/*" => return Ok(Accepted::Anything),
            "application/json" => return Ok(Accepted::Json),
            "application/toml" | "text/plain" | "text/*" => return Ok(Accepted::Text),
            _ => {}
        }
    }
    Err(not_acceptable(format!("nothing can be had as `{accept}`")))
}

fn format(name: &str) -> Option<&'static dyn LockFormat> {
    formats::named(name)
}

fn not_acceptable(title: String) -> Refusal {
    let names: Vec<_> = FORMATS
        .iter()
        .map(|format| format!("`{}`", format.name()))
        .collect();
    Refusal::new(406, "request/not-acceptable", title)
        .help(format!("formats: {}, `all`", names.join(", ")))
        .help("media types: `application/toml`, `text/plain`, `application/json`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(query: &str, accept: &str, is_json: bool) -> Option<Wanted> {
        let query: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        choose(&query, &[], accept, is_json).ok()
    }

    #[test]
    fn the_query_goes_before_accept() {
        let file = |name: &str| Some(Wanted::File(name.into()));
        let envelope = |names: &[&str]| {
            Some(Wanted::Envelope(
                names.iter().map(|&name| name.into()).collect(),
            ))
        };
        assert_eq!(chosen("", "*/*", false), file("uv"));
        assert_eq!(chosen("", "", true), envelope(&[]));
        assert_eq!(chosen("format=pylock", "*/*", false), file("pylock"));
        assert_eq!(
            chosen("format=pylock", "application/json", false),
            envelope(&["pylock"])
        );
        assert_eq!(
            chosen("format=pylock", "text/html, */*;q=0.8", true),
            envelope(&["pylock"])
        );
        assert_eq!(
            chosen("format=uv,pylock", "", false),
            envelope(&["uv", "pylock"])
        );
        assert_eq!(chosen("format=all", "", false), envelope(&["all"]));
        assert_eq!(
            chosen("", "application/vnd.lockwright.pylock+toml", true),
            file("pylock")
        );
        assert_eq!(chosen("", "application/toml", true), file("uv"));
        assert_eq!(chosen("", "image/png", false), None);
        assert_eq!(chosen("", "application/toml;q=0, image/png", false), None);
        assert_eq!(chosen("format=conda", "*/*", false), None);
    }
}
