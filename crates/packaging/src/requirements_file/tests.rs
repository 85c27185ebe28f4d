//! Requirements files as they are found, and mistakes in them with their places.

use super::*;

fn read(text: &str) -> RequirementsFile {
    let file = RequirementsFile::parse(text);
    assert_eq!(file.mistakes, [], "{text}");
    file
}

fn entry(text: &str) -> Entry {
    read(text).entries().next().unwrap().1.clone()
}

fn digest(digit: &str, digits: usize) -> String {
    digit.repeat(digits)
}

#[test]
fn requirements_go_on_behind_backslashes() {
    let (one, other) = (digest("a", 64), digest("b", 128));
    let text = format!(
        "# top\n\nfoo[x]==1.0 ; os_name == 'nt' \\\r\n    --hash=sha256:{one} \\\n    --hash sha512:{other}\n    # via bar\nbar==2 # said\n"
    );
    let file = read(&text);
    let comments: Vec<_> = file
        .lines
        .iter()
        .map(|line| line.comment.as_deref())
        .collect();
    assert_eq!(comments, [Some("top"), None, Some("via bar"), Some("said")]);
    let entries: Vec<_> = file.entries().collect();
    assert_eq!(entries.len(), 2);
    let (line, foo) = entries[0];
    assert_eq!(foo.hashes.len(), 2);
    assert_eq!(foo.wanted.extras().len(), 1);
    assert!(!foo.wanted.marker().is_true());
    assert!(text[line.span.clone()].starts_with("foo[x]"));
    assert!(text[line.span.clone()].ends_with(&other));
}

#[test]
fn a_comment_ends_a_requirement_that_goes_on() {
    let file = read("foo==1 \\\n# why\n--pre\n");
    assert_eq!(file.entries().count(), 1);
    assert_eq!(file.lines[0].comment.as_deref(), Some("why"));
    assert_eq!(file.options().next().unwrap().kind, OptionKind::Pre);
}

#[test]
fn a_number_sign_inside_a_word_is_no_comment() {
    let Wanted::Place(place) =
        entry("git+https://a.example/b.git@v1#egg=Foo[x,y]&subdirectory=p # why").wanted
    else {
        panic!()
    };
    assert_eq!(
        &*place.text,
        "git+https://a.example/b.git@v1#egg=Foo[x,y]&subdirectory=p"
    );
    assert_eq!(place.egg(), Some("Foo"));
    assert_eq!(place.extras.len(), 2);
}

#[test]
fn paths_and_urls_need_no_name() {
    let table = [
        ("./a b ; os_name == 'nt'", "./a b", false),
        ("../c[x]", "../c", true),
        ("/d", "/d", true),
        ("e/f", "e/f", true),
        ("g-1.0.tar.gz", "g-1.0.tar.gz", true),
        (
            "https://a.example/h;i.zip ; os_name == 'nt'",
            "https://a.example/h;i.zip",
            false,
        ),
        ("file:///j", "file:///j", true),
        (".", ".", true),
        (
            "git+ssh://git@a.example/k.git",
            "git+ssh://git@a.example/k.git",
            true,
        ),
    ];
    for (text, expected, always) in table {
        match entry(text).wanted {
            Wanted::Place(place) => {
                assert_eq!((&*place.text, place.marker.is_true()), (expected, always));
            }
            Wanted::Named(requirement) => panic!("{requirement}"),
        }
    }
    assert!(matches!(entry("l @ ./m").wanted, Wanted::Named(_)));
    assert!(matches!(
        entry("n@https://a.example/n.zip").wanted,
        Wanted::Named(_)
    ));
}

#[test]
fn editable_things_are_options_to_pip() {
    for text in [
        "-e ./a",
        "--editable=./a",
        "-e./a",
        "-e './a'",
        "--edit ./a",
    ] {
        let entry = entry(text);
        assert!(entry.editable, "{text}");
        assert!(
            matches!(entry.wanted, Wanted::Place(place) if &*place.text == "./a"),
            "{text}"
        );
    }
    let marked = entry("-e ./a ; os_name == 'nt' --config-settings x=y");
    assert!(!marked.wanted.marker().is_true());
    assert!(matches!(
        entry("-e git+https://a.example/b#egg=b").wanted,
        Wanted::Place(_)
    ));
}

#[test]
fn options_have_short_long_and_begun_names() {
    let text = "-r a.txt\n-cb.txt\n--index-url=https://i.example/ --extra-index https://j.example/\n-f 'a b'\n--no-binary :all:\n";
    let file = read(text);
    let found: Vec<_> = file
        .options()
        .map(|option| (option.kind, &*option.value, &text[option.span.clone()]))
        .collect();
    assert_eq!(
        found,
        [
            (OptionKind::Include, "a.txt", "-r a.txt"),
            (OptionKind::Constraints, "b.txt", "-cb.txt"),
            (
                OptionKind::Index,
                "https://i.example/",
                "--index-url=https://i.example/"
            ),
            (
                OptionKind::ExtraIndex,
                "https://j.example/",
                "--extra-index https://j.example/"
            ),
            (OptionKind::FindLinks, "a b", "-f 'a b'"),
            (OptionKind::NoBinary, ":all:", "--no-binary :all:"),
        ]
    );
}

#[test]
fn mistakes_are_told_with_their_place() {
    let short = digest("a", 63);
    let table = [
        ("a\nfoo bar\n".to_owned(), "bar", "expected one of"),
        (
            "foo==1 \\\n  --hash=sha256:zz".to_owned(),
            "sha256:zz",
            "expected a hash",
        ),
        (
            format!("foo==1 \\\n  --hash=sha256:{short}"),
            "sha256:",
            "expected 64 digits, found 63",
        ),
        (
            format!("foo==1 --hash=md5:{}", digest("a", 32)),
            "md5:",
            "expected `sha256`",
        ),
        (
            "foo --frobnicate".to_owned(),
            "--frobnicate",
            "is no option",
        ),
        ("--pre=1".to_owned(), "--pre=1", "takes no value"),
        ("-r".to_owned(), "-r", "expected a value"),
        ("--no".to_owned(), "--no", "is no option"),
        ("-f 'x".to_owned(), "'", "expected a closing"),
        ("./a ; os_name ? 'b'".to_owned(), "?", ""),
        ("foo ; \\\n  python_version > ".to_owned(), "", ""),
    ];
    for (text, place, message) in table {
        let mistakes = RequirementsFile::parse(&text).mistakes;
        assert_eq!(mistakes.len(), 1, "{text}");
        let found = &text[mistakes[0].span.clone()];
        assert!(
            found.starts_with(&place[..place.len().min(1)]),
            "{text}: {found}"
        );
        let words = message.split(", ");
        assert!(
            words
                .into_iter()
                .all(|word| mistakes[0].message.contains(word)),
            "{mistakes:?}"
        );
    }
}

#[test]
fn whatever_stands_in_a_file_it_is_read() {
    let pieces = [
        "foo==1", " ", "\\\n", "\n", "#", "--hash=", "sha256:", "é", "\u{feff}", "-e", "[", "]",
        ";", "'", "\"", "@", "git+", "://", "-r", "\r", "\u{2028}", "\\",
    ];
    let mut seed: u32 = 7;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(pieces[(seed >> 16) as usize % pieces.len()]);
        }
        let file = RequirementsFile::parse(&text);
        for mistake in &file.mistakes {
            assert!(mistake.span.end <= text.len(), "{text:?}");
        }
        for line in &file.lines {
            assert!(line.span.end <= text.len(), "{text:?}");
        }
    }
}
