//! Every reader against files with random damage: it answers, and points into the file.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::{env, fs};

use lockwright_formats::FORMATS;

/// How often each file is damaged; more with `MUTATIONS`.
const ROUNDS: usize = 40;

/// Formats whose readers build the whole graph themselves: what they read holds, or is refused.
const FLAT: &[&str] = &[
    "requirements",
    "pylock",
    "pipfile",
    "conda-lock",
    "pixi",
    "conda-environment",
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// A small generator of numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % 0x7fff_ffff).unwrap() % end.max(1)
    }
}

/// Cuts, doubles, swaps or replaces pieces of a text.
fn damage(text: &str, random: &mut Random) -> String {
    const PIECES: &[&str] = &[
        "\"",
        "'",
        "[",
        "]",
        "{",
        "}",
        "=",
        ",",
        "\n",
        "\\",
        "#",
        ":",
        "-",
        "==",
        ";",
        "é",
        "\u{0}",
        "null",
        "- ",
        "  ",
        "&a ",
        "*a",
        "|",
        ">",
        "@",
        "../",
        "99999999999999999999",
        "sha256:",
        "[[packages]]",
    ];
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(4) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            2 => {
                let piece = PIECES[random.below(PIECES.len())];
                bytes.splice(at..at, piece.bytes());
            }
            _ => {
                let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
                let (one, other) = (random.below(lines.len()), random.below(lines.len()));
                let mut lines = lines;
                if !lines.is_empty() {
                    lines.swap(one, other);
                }
                bytes = lines.concat();
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn damaged_files_are_answered() {
    let rounds = env::var("MUTATIONS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for format in FORMATS {
        let cases = files(&fixtures.join(format.name()));
        let of_format = |file: &PathBuf| {
            let name = file.file_name().unwrap().to_str().unwrap();
            format.owns(name.trim_start_matches("from."))
        };
        for file in cases.iter().flat_map(|case| files(case)).filter(of_format) {
            let text = fs::read_to_string(&file).unwrap();
            // Large files only take longer to be damaged in the same ways.
            let mut end = text.len().min(6000);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            for _ in 0..rounds {
                let damaged = damage(&text[..end], &mut random);
                let found = match format.read(&damaged) {
                    Ok(lock) => {
                        let violations = lock::check(&lock);
                        let is_flat = FLAT.contains(&format.name());
                        assert!(
                            !is_flat || violations.is_empty(),
                            "{violations:?}\n{damaged}"
                        );
                        format.lint(&damaged)
                    }
                    Err(found) => found,
                };
                for label in found.iter().flat_map(|it| &it.labels) {
                    assert!(label.span.end <= damaged.len(), "{found:?}\n{damaged}");
                }
            }
        }
    }
}

#[test]
fn deep_files_are_answered() {
    let deep = [
        ("[", "]"),
        ("{\"a\":", "}"),
        ("a = [", "]"),
        ("a = {b=", "}"),
        ("- ", ""),
        ("? ", ""),
        ("(", ")"),
    ];
    for format in FORMATS {
        for (open, close) in deep {
            for times in [200, 100_000] {
                let text = format!("{}1{}", open.repeat(times), close.repeat(times));
                let _ = format.read(&text);
                let _ = format.recognizes(&text);
            }
        }
    }
}
