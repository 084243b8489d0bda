//! The text of a picture that is being drawn, and its file. Coordinates are pixels.

use std::fmt::{Arguments, Write};

/// The `<style>` that a picture brings along when it is a file of its own.
pub(crate) const STYLE: &str = include_str!("picture.css");

pub(crate) const MARGIN: i32 = 12;

pub(crate) struct Svg(String);

impl Svg {
    pub(crate) fn new(width: i32, height: i32) -> Self {
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\">"
        ))
    }

    pub(crate) fn add(&mut self, text: Arguments<'_>) {
        let _ = self.0.write_fmt(text);
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push_str("</svg>");
        self.0
    }
}

/// How wide so many characters are.
pub(crate) fn chars(count: usize) -> i32 {
    whole(count).saturating_mul(73) / 10
}

pub(crate) fn whole(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A picture as a file of its own, from its element without the style.
pub(crate) fn file(svg: &str) -> String {
    let Some((head, body)) = svg.split_once('>') else { return String::new() };
    format!("{head}><style>{STYLE}</style><rect class=\"bg\" width=\"100%\" height=\"100%\"/>{body}\n")
}
