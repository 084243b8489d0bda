use super::mistakes;
use crate::parse::keys::{KEYS, Key};

const TOKIO: bool = cfg!(feature = "tokio");

/// A factory for which the key means something.
fn factory(key: &Key) -> &'static str {
    if ["detached", "runtime"].contains(&key.spec.name) {
        "async fn search() -> Result<Index, IndexError> { build() }"
    } else {
        "fn search() -> Result<Index, IndexError> { build() }"
    }
}

/// The keys that this build supports.
fn keys() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(|key| TOKIO || !key.needs_tokio)
}

#[test]
fn the_docs_tell_of_every_key() {
    let docs = include_str!("../lib.rs");
    for key in KEYS {
        assert!(docs.contains(&format!("/// | `{}` |", key.spec.example)), "{}", key.spec.name);
    }
}

#[test]
fn every_example_is_accepted() {
    for key in keys() {
        assert_eq!(mistakes(key.spec.example, factory(key)), "", "{}", key.spec.name);
    }
    // A permanent cell has no task, of which some keys speak.
    let all: Vec<_> = keys().map(|key| key.spec.example).filter(|key| *key != "permanent").collect();
    assert_eq!(mistakes(&all.join(", "), "fn search() -> Result<Index, IndexError> { build() }"), "");
}

#[test]
fn a_trailing_comma_is_fine() {
    assert_eq!(mistakes("fallible, cooldown = COOLDOWN,", "fn search() -> Alias { build() }"), "");
}

#[test]
fn every_key_is_refused_twice() {
    for key in keys() {
        let twice = format!("{0}, {0}", key.spec.example);
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
            format!("{name}  <-  `{name}` needs the feature `tokio` of `cells`; enable it in `Cargo.toml`\n")
        };
        assert_eq!(mistakes(key.spec.example, factory(key)), expected);
    }
}
