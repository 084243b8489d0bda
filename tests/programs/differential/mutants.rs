//! Declarations as an editor sees them while they are written: every prefix, and every token removed, doubled, swapped
//! with the next, or replaced by another; and keys with typing mistakes.

use crate::tokens::{tokens, unclosed};

/// A declaration that is right, before anything happens to it.
struct Base {
    name: &'static str,
    items: &'static str,
    keys: &'static str,
    /// What is between the attribute and the body.
    signature: &'static str,
    /// The type of the payload, and of the accessor's and the plain function's result.
    accessor: &'static str,
    plain: &'static str,
    arguments: &'static str,
    /// The key without which the accessor's type, or the static's name, is another.
    decisive: &'static str,
}

const USUAL: Base = Base {
    name: "usual",
    items: "",
    keys: "name = \"a pool\", eager",
    signature: "pub fn pool() -> Vec<u8>",
    accessor: "::cells::Ref<'static, Vec<u8>>",
    plain: "Vec<u8>",
    arguments: "",
    decisive: "",
};

const STORE: &str = "#[::cells::runtime_cell] pub fn store() -> String { make() }\n\
                     #[::cells::runtime_cell] pub fn other() -> u8 { make() }\n\
                     #[::cells::runtime_cell] pub fn third() -> u8 { make() }\n\
                     #[::cells::runtime_cell] pub fn fourth() -> u8 { make() }\n\
                     pub fn end<T>(_: T) {} pub struct Watch; impl ::cells::Observer for Watch {}";

const BASES: &[Base] = &[
    USUAL,
    Base {
        name: "fallible",
        items: STORE,
        keys: "cooldown = \"5s\", max_waiters = 4, dispose = self::end",
        signature: "pub(crate) fn pool() -> Result<Vec<u8>, std::io::Error>",
        accessor: "Result<::cells::Ref<'static, Vec<u8>>, ::cells::Error>",
        plain: "Result<Vec<u8>, std::io::Error>",
        ..USUAL
    },
    Base {
        name: "permanent",
        keys: "permanent, factory = build_pool, provided",
        signature: "fn pool() -> Vec<u8>",
        accessor: "&'static Vec<u8>",
        decisive: "permanent",
        ..USUAL
    },
    Base {
        name: "async",
        keys: "detached, runtime = \"own\"",
        signature: "pub async fn pool() -> std::io::Result<u8>",
        accessor: "Result<::cells::Ref<'static, u8>, ::cells::Error>",
        plain: "std::io::Result<u8>",
        ..USUAL
    },
    Base {
        name: "parameters",
        items: STORE,
        keys: "after = [THIRD, self::FOURTH]",
        signature: "pub fn pool(store: &str, #[from(OTHER)] n: ::cells::Ref<'static, u8>) -> u8",
        accessor: "::cells::Ref<'static, u8>",
        plain: "u8",
        arguments: "make(), make()",
        ..USUAL
    },
    Base {
        name: "attributes",
        items: STORE,
        keys: "observer = Watch, wait_timeout = ::core::time::Duration::from_secs(1)",
        signature: "#[must_use] #[allow(unused, reason = \"why\")] #[inline(never)] pub fn pool() -> Result<(), String>",
        accessor: "Result<::cells::Ref<'static, ()>, ::cells::Error>",
        plain: "Result<(), String>",
        ..USUAL
    },
    Base {
        name: "named",
        items: STORE,
        keys: "cell = THE_POOL, crate = ::cells, dispose = drop",
        signature: "pub fn r#type() -> Box<dyn Fn(&u8) -> u8 + Send + Sync>",
        accessor: "::cells::Ref<'static, Box<dyn Fn(&u8) -> u8 + Send + Sync>>",
        plain: "Box<dyn Fn(&u8) -> u8 + Send + Sync>",
        decisive: "cell = THE_POOL",
        ..USUAL
    },
    Base {
        name: "alias",
        items: "pub type Fallible<T> = Result<T, String>;",
        keys: "fallible, adjuster = ::cells::NoopFactoryAdjuster",
        signature: "pub fn pool() -> Fallible<u8>",
        accessor: "Result<::cells::Ref<'static, u8>, ::cells::Error>",
        plain: "Fallible<u8>",
        decisive: "fallible",
        ..USUAL
    },
];

/// A declaration that something happened to.
pub(crate) struct Mutant {
    pub(crate) id: String,
    pub(crate) marked: String,
    /// How many arguments of the attribute are wrong, or one for a function that is.
    pub(crate) mistakes: usize,
    /// Whether callers can know the accessor as it was.
    pub(crate) decided: bool,
}

pub(crate) fn all() -> Vec<Mutant> {
    let mut mutants = Vec::new();
    for base in BASES {
        let signature = spaced(&tokens(base.signature));
        for (how, keys) in mutations(base.keys).into_iter().chain(mistyped(base.keys)) {
            let decided = keys.contains(base.decisive) || how.starts_with("flag");
            mutants.push(base.mutant(&format!("keys.{how}"), &keys, &signature, "{ make() }", decided));
        }
        for (how, signature) in mutations(base.signature) {
            mutants.push(base.mutant(&format!("fn.{how}"), base.keys, &signature, "{ make() }", true));
            if how.starts_with("prefix") {
                mutants.push(base.mutant(&format!("bare.{how}"), base.keys, &signature, "", true));
            }
        }
    }
    mutants
}

impl Base {
    fn mutant(&self, how: &str, keys: &str, signature: &str, body: &str, decided: bool) -> Mutant {
        let Self { name, items, accessor, plain, arguments, .. } = self;
        // The plain function knows no `from`; a half-typed one remains, and is an error on both sides.
        let from = "# [ from ( OTHER ) ]";
        let signature = signature.replace(from, &format!("⟨cell:{from}⟩"));
        let (function, cell) = match *name {
            "named" => ("r#type", "THE_POOL"),
            _ => ("pool", "POOL"),
        };
        let (asyncness, awaited) = if *name == "async" { ("async ", ".await") } else { ("", "") };
        // Without a body it would take in what comes next, so it comes last.
        let declaration = format!("⟨decl:⟨attr:#[::cells::runtime_cell({keys})]⟩\n{signature}\n{body}\n⟩");
        let callers = format!(
            "⟨call:pub {asyncness}fn caller() {{ let _got⟨cell:: {accessor}⟩⟨plain:: {plain}⟩ = \
             {function}(⟨plain:{arguments}⟩){awaited}; ⟨cell:let _name = {cell}.info().name;⟩ }}⟩\n"
        );
        let marked = format!(
            "#![allow(warnings)]\npub fn make<T>() -> T {{ loop {{}} }}\n{items}\n{}",
            if body.is_empty() { callers + &declaration } else { declaration + &callers }
        );
        // Of another token in a value the compiler may have two things to say.
        let mistakes = match how {
            _ if how.ends_with("whole") => 0,
            _ if how.starts_with("fn") || how.starts_with("bare") => 1,
            _ if ["prefix", "removed", "flag"].into_iter().any(|one| how.contains(one)) => 1,
            _ => 2,
        };
        Mutant { id: format!("mutant/{name}/{how}"), marked, mistakes, decided }
    }
}

/// Every text that one mistake makes of this one, with its name.
fn mutations(text: &str) -> Vec<(String, String)> {
    let tokens = tokens(text);
    // As it is, to see that it is right.
    let mut mutations = vec![("whole".to_owned(), tokens.clone())];
    for at in 0..tokens.len() {
        let around = |middle: &[&'static str], skipped: usize| {
            let mut mutated = tokens[..at].to_vec();
            mutated.extend(middle);
            mutated.extend(tokens.iter().skip(at + skipped));
            mutated
        };
        mutations.push((format!("prefix.{at}"), tokens[..at].to_vec()));
        mutations.push((format!("removed.{at}"), around(&[], 1)));
        for (name, other) in
            [("comma", ", "), ("equals", "= "), ("number", "1 "), ("word", "word "), ("path", ":: ")]
        {
            mutations.push((format!("{name}.{at}"), around(&[other], 1)));
        }
        let mut doubled = tokens.clone();
        doubled.insert(at, tokens[at]);
        mutations.push((format!("doubled.{at}"), doubled));
        if at + 1 < tokens.len() {
            let mut swapped = tokens.clone();
            swapped.swap(at, at + 1);
            mutations.push((format!("swapped.{at}"), swapped));
        }
    }
    let closed = mutations.into_iter().filter_map(|(how, tokens)| {
        let missing = unclosed(&tokens)?;
        // Without its other half a delimiter would take in the rest of the file.
        (missing.is_empty() || how.starts_with("prefix"))
            .then(|| (how, format!("{}{missing}", spaced(&tokens))))
    });
    closed.collect()
}

/// The tokens as text again. Blanks keep apart what was apart.
fn spaced(tokens: &[&str]) -> String {
    tokens.iter().map(|token| token.trim()).collect::<Vec<_>>().join(" ")
}

/// The flags among the keys with a letter missing, doubled or swapped, and with a value.
fn mistyped(keys: &str) -> Vec<(String, String)> {
    let mut mistyped = Vec::new();
    for flag in ["permanent", "fallible", "eager", "detached", "blocking", "provided"] {
        if keys.split(", ").any(|key| key == flag) {
            let last = flag.len() - 1;
            for (how, word) in [
                ("short", flag[..last].to_owned()),
                ("long", format!("{flag}{}", &flag[last..])),
                ("swapped", format!("{}{}{}", &flag[..last - 1], &flag[last..], &flag[last - 1..last])),
                ("wrong", flag.replacen(['e', 'a', 'o'], "i", 1)),
                ("value", format!("{flag} = true")),
                ("call", format!("{flag}()")),
                ("string", format!("{flag} = \"yes\"")),
            ] {
                mistyped.push((format!("flag_{how}.{flag}"), keys.replacen(flag, &word, 1)));
            }
        }
    }
    mistyped
}
