//! Diagnostics for people: the source line, what is wrong below it, and what would help.

use std::fmt::Write;

use crate::place::{Lines, Place, Sources};
use crate::{Diagnostic, Label, Severity, Span};

/// How text is dressed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Dress {
    /// Not at all.
    #[default]
    Plain,
    /// With the colours of a terminal (ANSI).
    Ansi,
}

/// The text of all diagnostics, an empty line between two.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &Sources<'_>, dress: Dress) -> String {
    let each: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| render_one(diagnostic, sources, dress))
        .collect();
    each.join("\n")
}

/// The text of one diagnostic; ends in a newline.
#[must_use]
pub fn render_one(diagnostic: &Diagnostic, sources: &Sources<'_>, dress: Dress) -> String {
    let blocks = blocks(&diagnostic.labels, sources);
    let widest = blocks.iter().map(Block::last_line).max().unwrap_or(0);
    let mut page = Page {
        text: String::new(),
        dress,
        gutter: widest.to_string().len(),
    };
    page.title(diagnostic);
    for (at, block) in blocks.iter().enumerate() {
        page.block(block, at == 0, diagnostic.severity);
    }
    for help in &diagnostic.help {
        page.help(help, !blocks.is_empty());
    }
    page.text
}

/// The labels of one file.
struct Block<'b> {
    file: &'b str,
    lines: Option<Lines<'b>>,
    marks: Vec<Mark<'b>>,
}

/// A label, cut to its text.
struct Mark<'b> {
    span: Span,
    text: &'b str,
    is_first: bool,
}

impl Block<'_> {
    /// The last line that is shown, counted from 1.
    fn last_line(&self) -> usize {
        let Some(lines) = &self.lines else { return 0 };
        self.marks
            .iter()
            .map(|mark| lines.place(mark.last()).line)
            .max()
            .unwrap_or(0)
    }
}

impl Mark<'_> {
    /// The last byte meant, or where an empty span stands.
    fn last(&self) -> usize {
        self.span.end.saturating_sub(1).max(self.span.start)
    }
}

/// The labels by file, the most important one's file first.
fn blocks<'b>(labels: &'b [Label], sources: &Sources<'b>) -> Vec<Block<'b>> {
    let mut blocks: Vec<Block<'b>> = Vec::new();
    for (at, label) in labels.iter().enumerate() {
        let place = blocks.iter().position(|block| block.file == label.file);
        let place = place.unwrap_or_else(|| {
            let lines = sources.text(&label.file).map(Lines::new);
            blocks.push(Block {
                file: &label.file,
                lines,
                marks: Vec::new(),
            });
            blocks.len() - 1
        });
        let block = &mut blocks[place];
        let span = block
            .lines
            .as_ref()
            .map_or(label.span.clone(), |lines| lines.clamp(&label.span));
        block.marks.push(Mark {
            span,
            text: &label.text,
            is_first: at == 0,
        });
    }
    blocks
}

/// A text being written.
struct Page {
    text: String,
    dress: Dress,
    /// How wide the line numbers are.
    gutter: usize,
}

const BOLD: &str = "1";
const RED: &str = "1;31";
const YELLOW: &str = "1;33";
const BLUE: &str = "1;34";

impl Page {
    fn put(&mut self, colour: &str, text: &str) {
        let text = match self.dress {
            Dress::Plain => text.to_owned(),
            Dress::Ansi if text.trim().is_empty() => text.to_owned(),
            Dress::Ansi => format!("\x1b[{colour}m{text}\x1b[0m"),
        };
        self.text.push_str(&text);
    }

    fn title(&mut self, diagnostic: &Diagnostic) {
        let word = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        self.put(
            colour(diagnostic.severity),
            &format!("{word}[{}]", diagnostic.code),
        );
        self.put(BOLD, &format!(": {}", harmless(&diagnostic.title)));
        self.text.push('\n');
    }

    /// `   |`, and whatever follows.
    fn margin(&mut self, number: Option<usize>) {
        let number = number.map(|number| number.to_string()).unwrap_or_default();
        let margin = format!("{number:>width$} |", width = self.gutter);
        self.put(BLUE, &margin);
    }

    fn block(&mut self, block: &Block<'_>, is_first: bool, severity: Severity) {
        let arrow = if is_first { "-->" } else { ":::" };
        let _ = write!(self.text, "{:width$}", "", width = self.gutter);
        self.put(BLUE, arrow);
        let place = block
            .lines
            .as_ref()
            .zip(block.marks.first())
            .map(|(lines, mark)| lines.place(mark.span.start));
        let file = harmless(block.file);
        let _ = match place {
            Some(Place { line, column }) if file.is_empty() => {
                writeln!(self.text, " line {line}, column {column}")
            }
            Some(Place { line, column }) => writeln!(self.text, " {file}:{line}:{column}"),
            None => writeln!(self.text, " {file}"),
        };
        let Some(lines) = &block.lines else { return };
        self.margin(None);
        self.text.push('\n');
        let mut shown: Option<usize> = None;
        for line in shown_lines(lines, &block.marks) {
            if shown.is_some_and(|shown| shown + 1 < line) {
                self.put(BLUE, "...");
                self.text.push('\n');
            }
            shown = Some(line);
            self.line(lines, line);
            for mark in &block.marks {
                self.mark(lines, line, mark, severity);
            }
        }
    }

    fn line(&mut self, lines: &Lines<'_>, line: usize) {
        self.margin(Some(line + 1));
        let text: String = lines
            .line(line)
            .chars()
            .map(Shown::of)
            .map(|shown| shown.text)
            .collect();
        let text = text.trim_end();
        if !text.is_empty() {
            self.text.push(' ');
            self.text.push_str(text);
        }
        self.text.push('\n');
    }

    /// What a mark means on a line, if it begins or ends there.
    fn mark(&mut self, lines: &Lines<'_>, line: usize, mark: &Mark<'_>, severity: Severity) {
        let (first, last) = (lines.line_of(mark.span.start), lines.line_of(mark.last()));
        if line != first && line != last {
            return;
        }
        let text = lines.line(line);
        let start_of_line = lines.start_of(line);
        let start = match line == first {
            true => mark.span.start - start_of_line,
            false => text.len() - text.trim_start().len(),
        };
        let end = match line == last {
            true => mark.span.end - start_of_line,
            false => text.len(),
        };
        let cut = |at: usize| text.get(..at.min(text.len())).unwrap_or(text);
        let (before, through) = (width(cut(start)), width(cut(end)));
        let (sign, colour) = match mark.is_first {
            true => ("^", colour(severity)),
            false => ("-", BLUE),
        };
        self.margin(None);
        let _ = write!(self.text, " {:before$}", "");
        let carets = sign.repeat(through.saturating_sub(before).max(1));
        let said = if line == last {
            harmless(mark.text)
        } else {
            String::new()
        };
        let said = if said.is_empty() {
            carets
        } else {
            format!("{carets} {said}")
        };
        self.put(colour, &said);
        self.text.push('\n');
    }

    fn help(&mut self, help: &str, after_lines: bool) {
        let indent = if after_lines { self.gutter + 1 } else { 0 };
        let _ = write!(self.text, "{:indent$}", "");
        if after_lines {
            self.put(BLUE, "= ");
        }
        self.put(BOLD, "help");
        let mut lines = help.lines();
        let _ = writeln!(
            self.text,
            ": {}",
            harmless(lines.next().unwrap_or_default())
        );
        for line in lines {
            let _ = writeln!(
                self.text,
                "{:indent$}{}",
                "",
                harmless(line),
                indent = indent + 8
            );
        }
    }
}

fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
    }
}

/// The lines on which marks begin or end, and those between when they are few.
fn shown_lines(lines: &Lines<'_>, marks: &[Mark<'_>]) -> Vec<usize> {
    let mut shown: Vec<usize> = Vec::new();
    for mark in marks {
        let (first, last) = (lines.line_of(mark.span.start), lines.line_of(mark.last()));
        match last - first {
            0..=2 => shown.extend(first..=last),
            _ => shown.extend([first, last]),
        }
    }
    shown.sort_unstable();
    shown.dedup();
    shown
}

/// A character as it is shown.
struct Shown {
    text: String,
    width: usize,
}

impl Shown {
    fn of(character: char) -> Self {
        match character {
            '\t' => Self {
                text: "    ".to_owned(),
                width: 4,
            },
            _ if is_dangerous(character) => Self {
                text: '\u{fffd}'.to_string(),
                width: 1,
            },
            _ => Self {
                text: character.to_string(),
                width: columns(character),
            },
        }
    }
}

/// How many columns a part of a line takes.
fn width(text: &str) -> usize {
    text.chars()
        .map(|character| Shown::of(character).width)
        .sum()
}

/// What could move a terminal's cursor, colour it, or turn the direction of its text.
fn is_dangerous(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text of ours that repeats the user's words, with nothing in it that a terminal would obey.
fn harmless(text: &str) -> String {
    let show = |character| match character {
        '\n' => "\n".to_owned(),
        _ => Shown::of(character).text,
    };
    text.chars().map(show).collect()
}

/// How many columns a character takes: none when it combines, two when it is wide.
fn columns(character: char) -> usize {
    const NONE: &[(u32, u32)] = &[
        (0x0300, 0x036f),
        (0x0483, 0x0489),
        (0x0591, 0x05bd),
        (0x0610, 0x061a),
        (0x064b, 0x065f),
        (0x1ab0, 0x1aff),
        (0x1dc0, 0x1dff),
        (0x200b, 0x200f),
        (0x2060, 0x2064),
        (0x20d0, 0x20ff),
        (0xfe00, 0xfe0f),
        (0xfe20, 0xfe2f),
        (0xfeff, 0xfeff),
    ];
    const TWO: &[(u32, u32)] = &[
        (0x1100, 0x115f),
        (0x2e80, 0x303e),
        (0x3041, 0x33ff),
        (0x3400, 0x4dbf),
        (0x4e00, 0x9fff),
        (0xa000, 0xa4cf),
        (0xac00, 0xd7a3),
        (0xf900, 0xfaff),
        (0xfe30, 0xfe4f),
        (0xff00, 0xff60),
        (0xffe0, 0xffe6),
        (0x1f300, 0x1f64f),
        (0x1f680, 0x1f6ff),
        (0x1f900, 0x1f9ff),
        (0x20000, 0x3fffd),
    ];
    let within = |ranges: &[(u32, u32)]| {
        ranges
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&u32::from(character)))
    };
    match (within(NONE), within(TWO)) {
        (true, _) => 0,
        (_, true) => 2,
        _ => 1,
    }
}
