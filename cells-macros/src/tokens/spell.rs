//! The source text of tokens with the spacing that a person would use. A cell's info names types and paths this way.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;

pub(crate) fn spell(tokens: impl ToTokens) -> String {
    let mut text = String::new();
    write(tokens.into_token_stream(), &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                if text.ends_with("mut") || text.ends_with("const") {
                    text.push(' ');
                }
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => match (punct.as_char(), text.ends_with('-')) {
                (',' | ';', _) => text.extend([punct.as_char(), ' ']),
                ('+' | '=', _) => text.extend([' ', punct.as_char(), ' ']),
                ('-', _) => text.push_str(" -"),
                ('>', true) => text.push_str("> "),
                (other, _) => text.push(other),
            },
            word => {
                if text.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
            }
        }
    }
}
