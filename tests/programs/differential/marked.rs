//! The text of a case with marks, from which both its sides are written.
//!
//! `⟨cell:…⟩` and `⟨plain:…⟩` enclose what one side alone has; the other has blanks there, so that a token is at the same
//! place on both sides. `⟨attr:…⟩`, `⟨decl:…⟩` and `⟨call:…⟩` name regions. Marks nest.

use std::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    /// With the attribute.
    Cell,
    /// The plain function.
    Plain,
}

/// One side of a case.
pub(crate) struct Source {
    pub(crate) text: String,
    /// The attribute as a whole.
    pub(crate) attribute: Range<usize>,
    /// The attribute and its function, and the macro that they come from.
    pub(crate) declaration: Range<usize>,
    /// What the plain side lacks, apart from the attribute.
    pub(crate) cell_only: Vec<Range<usize>>,
    /// What calls the accessor and uses the static.
    pub(crate) callers: Range<usize>,
}

pub(crate) fn source(marked: &str, side: Side) -> Source {
    let mut source = Source {
        text: String::new(),
        attribute: 0..0,
        declaration: 0..0,
        cell_only: Vec::new(),
        callers: 0..0,
    };
    let mut open: Vec<(&str, usize)> = Vec::new();
    let mut rest = marked;
    while let Some(at) = rest.find(['⟨', '⟩']) {
        let blank = open.iter().any(|(mark, _)| is_absent(mark, side));
        push(&mut source.text, &rest[..at], blank);
        let mark = &rest[at..];
        if let Some(mark) = mark.strip_prefix('⟨') {
            let (name, after) = mark.split_once(':').expect("a mark has a name");
            open.push((name, source.text.len()));
            rest = after;
        } else {
            let (name, start) = open.pop().expect("a mark that closes was opened");
            let region = start..source.text.len();
            match name {
                "attr" => source.attribute = region,
                "decl" => source.declaration = region,
                "cell" => source.cell_only.push(region),
                "call" => source.callers = region,
                _ => {}
            }
            rest = &mark['⟩'.len_utf8()..];
        }
    }
    push(&mut source.text, rest, false);
    source
}

fn is_absent(mark: &str, side: Side) -> bool {
    matches!((mark, side), ("cell" | "attr", Side::Plain) | ("plain", Side::Cell))
}

fn push(text: &mut String, part: &str, blank: bool) {
    if blank {
        text.extend(part.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
    } else {
        text.push_str(part);
    }
}
