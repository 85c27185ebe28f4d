//! What people see.

use lockwright_diagnostic::text::{Dress, render, render_one};
use lockwright_diagnostic::{Diagnostic, Sources};

fn plain(diagnostic: &Diagnostic, text: &str) -> String {
    render_one(diagnostic, &Sources::one("a.toml", text), Dress::Plain)
}

fn error() -> Diagnostic {
    Diagnostic::error("x/y", "something is wrong")
}

#[test]
fn a_line_a_caret_and_help() {
    let error = error()
        .label(10..13, "here")
        .help("write `four`")
        .in_file("a.toml");
    assert_eq!(
        plain(&error, "one\ntwo = three\n"),
        "\
error[x/y]: something is wrong
 --> a.toml:2:7
  |
2 | two = three
  |       ^^^ here
  = help: write `four`
"
    );
}

#[test]
fn tabs_and_wide_characters_take_their_columns() {
    let text = "\tä = '日本' x\n";
    let at = text.find('x').unwrap();
    let error = error().label(at..at + 1, "").in_file("a.toml");
    assert_eq!(
        plain(&error, text),
        "\
error[x/y]: something is wrong
 --> a.toml:1:11
  |
1 |     ä = '日本' x
  |                ^
"
    );
}

#[test]
fn a_span_inside_a_character_covers_it() {
    let error = error().label(1..2, "").in_file("a.toml");
    let text = plain(&error, "日本");
    assert!(text.ends_with("1 | 日本\n  | ^^\n"), "{text}");
}

#[test]
fn the_end_of_the_file_is_behind_its_last_line() {
    let error = error().label(99..99, "unclosed").in_file("a.toml");
    let text = plain(&error, "a = [\r\n");
    assert!(
        text.ends_with(" --> a.toml:1:6\n  |\n1 | a = [\n  |      ^ unclosed\n"),
        "{text}"
    );
    let text = plain(&error, "");
    assert!(
        text.ends_with(" --> a.toml:1:1\n  |\n1 |\n  | ^ unclosed\n"),
        "{text}"
    );
}

#[test]
fn a_span_over_lines_shows_where_it_begins_and_ends() {
    let text = "a = [\n  1,\n  2,\n  3,\n  4,\n]\nb = 2\n";
    let end = text.find(']').unwrap() + 1;
    let error = error().label(4..end, "this list").in_file("a.toml");
    assert_eq!(
        plain(&error, text),
        "\
error[x/y]: something is wrong
 --> a.toml:1:5
  |
1 | a = [
  |     ^
...
6 | ]
  | ^ this list
"
    );
}

#[test]
fn several_places_stand_in_the_order_of_the_file() {
    let text = "dev = []\ntest = []\nDev = []\n";
    let error = error()
        .label(19..22, "declared again here")
        .label(0..3, "first declared here")
        .in_file("a.toml")
        .label(0..1, "elsewhere")
        .in_file("b.toml");
    assert_eq!(
        plain(&error, text),
        "\
error[x/y]: something is wrong
 --> a.toml:3:1
  |
1 | dev = []
  | --- first declared here
...
3 | Dev = []
  | ^^^ declared again here
 ::: b.toml
"
    );
}

#[test]
fn line_numbers_are_aligned() {
    let text = "\n".repeat(8) + "a\nb\n";
    let error = error().label(8..11, "").in_file("a.toml");
    let text = plain(&error, &text);
    assert!(
        text.ends_with("   |\n 9 | a\n   | ^\n10 | b\n   | ^\n"),
        "{text}"
    );
}

#[test]
fn what_a_terminal_would_obey_is_not_repeated() {
    let error = Diagnostic::error("x/y", "`\x1b[2J` is wrong")
        .label(0..1, "")
        .in_file("a.toml");
    let text = plain(&error, "\x1b]0;title\x07 = \u{202e}1");
    assert!(!text.contains(['\x1b', '\x07', '\u{202e}']), "{text:?}");
}

#[test]
fn colours_are_asked_for() {
    let warning = Diagnostic::warning("x/y", "look")
        .label(0..1, "")
        .in_file("a.toml");
    let text = render(
        std::slice::from_ref(&warning),
        &Sources::one("a.toml", "a"),
        Dress::Ansi,
    );
    assert!(
        text.starts_with("\x1b[1;33mwarning[x/y]\x1b[0m"),
        "{text:?}"
    );
    let text = render(&[warning.clone(), warning], &Sources::none(), Dress::Plain);
    assert_eq!(
        text,
        "warning[x/y]: look\n --> a.toml\n\nwarning[x/y]: look\n --> a.toml\n"
    );
}

#[test]
fn help_without_a_place_stands_alone() {
    let text = plain(&error().help("do\nthis"), "");
    assert_eq!(
        text,
        "error[x/y]: something is wrong\nhelp: do\n        this\n"
    );
}
