use super::expansion;
use crate::tokens::spell::spell;

fn static_of(args: &str, function: &str) -> String {
    let expansion = expansion(args, &format!("fn {function}() -> u8 {{ 1 }}"));
    let (_, after) = expansion.split_once("static ").expect("a static is emitted");
    after.split_once(':').map(|(name, _)| name.to_owned()).expect("a static has a type")
}

#[test]
fn the_static_is_the_function_in_capitals() {
    assert_eq!(static_of("", "search"), "SEARCH");
    assert_eq!(static_of("", "search_index_2"), "SEARCH_INDEX_2");
    assert_eq!(static_of("", "_hidden"), "_HIDDEN");
    assert_eq!(static_of("", "searchIndex"), "SEARCH_INDEX");
    assert_eq!(static_of("", "r#type"), "TYPE");
    assert_eq!(static_of("", "größe"), "GRÖSSE");
    assert_eq!(static_of("cell = INDEX", "search"), "INDEX");
}

#[test]
fn tokens_are_spelled_as_people_write_them() {
    for text in [
        "Index",
        "std::collections::HashMap<String, Vec<(u8, &'static str)>>",
        "Box<dyn Fn(&str) -> u8 + Send + 'static>",
        "[u8; 4]",
        "&'static mut [u8]",
        "*const u8",
        "<Pool as Close>::close",
        "Pool::<u8>::close",
        "Box<dyn Iterator<Item = u8>>",
        "r#type::r#match",
    ] {
        assert_eq!(spell(super::tokens(text)), text);
    }
}
