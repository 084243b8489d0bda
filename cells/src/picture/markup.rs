//! Text in HTML, SVG and JSON: whatever a name contains, it is shown and changes nothing around it.

use std::fmt::{self, Display, Formatter, Write};
use std::time::Duration;

/// A text for an element or a quoted attribute of HTML or SVG.
///
/// Control characters, which XML forbids, and the invisible characters that turn the direction of what follows them are
/// shown as escapes.
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                _ if is_shown_as_escape(c) => write!(f, "{}", c.escape_default())?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

fn is_shown_as_escape(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
}

/// A string of JSON, with its quotes.
pub(crate) struct Json<'a>(pub(crate) &'a str);

impl Display for Json<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\0'..' ' => write!(f, "\\u{:04x}", u32::from(c))?,
                _ => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// A time with a unit that suits it.
pub(crate) struct Span(pub(crate) Duration);

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.0.as_secs(), self.0.as_micros());
        let mut decimal = |tenths: u128, unit: &str| match (tenths / 10, tenths % 10) {
            (whole, 0) => write!(f, "{whole} {unit}"),
            (whole, tenth) => write!(f, "{whole}.{tenth} {unit}"),
        };
        match seconds {
            0 if micros < 1000 => decimal(10 * micros, "µs"),
            0 => decimal(micros / 100, "ms"),
            1..60 => decimal(micros / 100_000, "s"),
            60..3600 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            3600..86400 => write!(f, "{} h {} min", seconds / 3600, seconds / 60 % 60),
            _ => write!(f, "{} d {} h", seconds / 86400, seconds / 3600 % 24),
        }
    }
}

/// A text in as many columns of a font whose characters are equally wide, cut short by an ellipsis.
pub(crate) fn shortened(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut taken = 1;
    for c in text.chars() {
        taken += char_width(c);
        if taken > columns {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Escapes included. Characters beyond those of Latin, Greek, Cyrillic, Hebrew and Arabic count as wide.
fn char_width(c: char) -> usize {
    if is_shown_as_escape(c) {
        c.escape_default().count()
    } else if c < '\u{1100}' {
        1
    } else {
        2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h8_text_changes_nothing_around_it() {
        let hostile = "</title><script>\"'&\n\u{202e}\u{5d0}\u{0}";
        let shown = "&lt;/title&gt;&lt;script&gt;&quot;&#39;&amp;\\n\\u{202e}\u{5d0}\\u{0}";
        assert_eq!(Text(hostile).to_string(), shown);
        assert_eq!(Json("a\"\\\n\u{1}é").to_string(), "\"a\\\"\\\\\\u000a\\u0001é\"");
    }

    #[test]
    fn h8_texts_are_cut_to_their_width() {
        assert_eq!(shortened("short", 5), "short");
        assert_eq!(shortened("longer", 5), "long…");
        assert_eq!(shortened("長い名前", 5), "長い…");
        assert_eq!(width("\u{202e}"), "\\u{202e}".len());
    }

    #[test]
    fn h8_times_have_a_unit_that_suits_them() {
        let shown = |micros| Span(Duration::from_micros(micros)).to_string();
        assert_eq!(shown(7), "7 µs");
        assert_eq!(shown(1_500), "1.5 ms");
        assert_eq!(shown(59_990_000), "59.9 s");
        assert_eq!(shown(2_000_000), "2 s");
        assert_eq!(shown(61_000_000), "1 min 1 s");
        assert_eq!(shown(3_600_000_000), "1 h 0 min");
        assert_eq!(shown(90_000_000_000), "1 d 1 h");
    }
}
