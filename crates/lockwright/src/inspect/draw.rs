//! Trees drawn with lines.

use std::fmt::Write as _;

/// A tree to draw: what stands on a node's line, and what is below it.
pub(crate) struct Drawing<'a, T> {
    pub(crate) label: &'a dyn Fn(&T) -> String,
    pub(crate) below: fn(&T) -> &[T],
}

impl<T> Drawing<'_, T> {
    /// Adds a tree's lines to a text.
    pub(crate) fn draw(&self, top: &T, text: &mut String) {
        let _ = writeln!(text, "{}", (self.label)(top));
        self.draw_below(top, &mut String::new(), text);
    }

    fn draw_below(&self, node: &T, indent: &mut String, text: &mut String) {
        let below = (self.below)(node);
        for (at, child) in below.iter().enumerate() {
            let (branch, line) = if at + 1 == below.len() {
                ("└── ", "    ")
            } else {
                ("├── ", "│   ")
            };
            let _ = writeln!(text, "{indent}{branch}{}", (self.label)(child));
            let length = indent.len();
            indent.push_str(line);
            self.draw_below(child, indent, text);
            indent.truncate(length);
        }
    }
}
