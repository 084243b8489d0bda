use super::mistakes;
use crate::parse::keys::{KEYS, Key};

const TOKIO: bool = cfg!(feature = "tokio");

/// A factory that the key applies to.
fn factory(key: &Key) -> &'static str {
    if ["detached", "runtime"].contains(&key.spec.name) {
        "async fn search() -> Result<Index, IndexError> { build() }"
    } else {
        "fn search() -> Result<Index, IndexError> { build() }"
    }
}

/// The example, with that of the key which it has no effect without.
fn example(key: &Key) -> String {
    let needed = match key.spec.name {
        "backoff" | "transient" => "retry = 3, ",
        "eager_refresh" | "fatal" => "fresh = \"50m\", ",
        _ => "",
    };
    format!("{needed}{}", key.spec.example)
}

/// The keys that this build supports.
fn keys() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(|key| TOKIO || !key.needs_tokio)
}

#[test]
fn the_docs_have_one_row_for_every_key() {
    let docs = include_str!("../lib.rs");
    let (_, keys) = docs.split_once("/// # Keys").expect("the section exists");
    let (keys, _) = keys.split_once("/// # Attributes").expect("the next section exists");
    let mut documented: Vec<_> =
        keys.lines().filter_map(|line| Some(line.strip_prefix("/// | `")?.split_once("` | ")?.0)).collect();
    let mut known: Vec<_> = KEYS.iter().map(|key| key.spec.example).collect();
    documented.sort_unstable();
    known.sort_unstable();
    assert_eq!(documented, known);
}

#[test]
fn every_example_is_accepted() {
    for key in keys() {
        assert_eq!(mistakes(&example(key), factory(key)), "", "{}", key.spec.name);
    }
    // Some keys apply only to async cells, which are never permanent, and some only to fallible ones.
    // `eager_refresh` does not go with `linger`.
    let apart = ["permanent", "infallible", "eager_refresh"];
    let all: Vec<_> = keys().map(|key| key.spec.example).filter(|key| !apart.contains(key)).collect();
    assert_eq!(mistakes(&all.join(", "), "fn search() -> Result<Index, IndexError> { build() }"), "");
}

#[test]
fn a_trailing_comma_is_fine() {
    assert_eq!(mistakes("fallible, cooldown = COOLDOWN,", "fn search() -> Alias { build() }"), "");
}

#[test]
fn every_key_is_refused_twice() {
    for key in keys() {
        let twice = format!("{}, {}", example(key), key.spec.example);
        let line = mistakes(&twice, factory(key));
        assert_eq!(line, format!("{0}  <-  `{0}` is given twice; keep one\n", key.spec.name));
    }
}

#[test]
fn every_key_says_what_it_takes() {
    for key in keys().filter(|key| key.spec.takes != "no value") {
        for (args, guilty) in [("", key.spec.name), (" =", "="), (" = , ", "=")] {
            let line =
                mistakes(&format!("{}{args}", key.spec.name), "fn search() -> Result<Index, E> { build() }");
            let (name, takes, example) = (key.spec.name, key.spec.takes, key.spec.example);
            assert!(
                line.starts_with(&format!("{guilty}  <-  `{name}` takes {takes}; write `{example}`\n")),
                "{line}"
            );
        }
    }
}

#[test]
fn keys_of_tokio_say_which_feature_they_need() {
    for key in KEYS.iter().filter(|key| key.needs_tokio) {
        let name = key.spec.name;
        let expected = if TOKIO {
            String::new()
        } else {
            format!(
                "{name}  <-  `{name}` needs the feature `tokio` of `runtime-cells`; enable it in `Cargo.toml`\n"
            )
        };
        assert_eq!(mistakes(key.spec.example, factory(key)), expected);
    }
}
