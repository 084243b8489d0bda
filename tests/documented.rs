//! Whether the documentation shows every public item in use, and whether those find it who search for the name that they
//! know. It reads rustdoc's JSON, which only a nightly writes unless a variable says otherwise; the pinned compiler's format
//! does not change under our feet.

use serde_json::Value;
use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// The documentation of the library, with all features.
fn documentation() -> Value {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/documented");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let run = Command::new(cargo)
        .args(["rustdoc", "--quiet", "--package=runtime-cells", "--lib", "--all-features", "--target-dir"])
        .arg(&target)
        .args(["--", "-Zunstable-options", "--output-format=json"])
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("RUSTDOCFLAGS")
        .output()
        .expect("cargo runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let text = fs::read_to_string(target.join("doc/cells.json")).expect("rustdoc has written it");
    serde_json::from_str(&text).expect("it is JSON")
}

/// A public item, and what it is a method of.
struct Item<'a> {
    path: String,
    json: &'a Value,
    parent: Option<&'a Value>,
}

/// The kind of an item, and what its JSON has for that kind.
fn kind(item: &Value) -> (&str, &Value) {
    let (kind, inner) = item["inner"].as_object().and_then(|inner| inner.iter().next()).expect("an item");
    (kind, inner)
}

/// Everything that a program can name: items, and the methods of types and traits.
fn public<'a>(index: &'a Value, id: &Value, path: &str, found: &mut Vec<Item<'a>>) {
    let Some(item) = index.get(id.to_string()) else { return };
    let (kind, inner) = kind(item);
    let path = match item["name"].as_str() {
        Some(name) => format!("{path}::{name}"),
        None => path.to_owned(),
    };
    let ids = |list: &'a Value| list.as_array().into_iter().flatten();
    match kind {
        "use" => public(index, &inner["id"], path.rsplit_once("::").map_or("", |(path, _)| path), found),
        // The guide and the like.
        "module" => ids(&inner["items"]).for_each(|id| public(index, id, &path, found)),
        _ => {
            found.push(Item { path: path.clone(), json: item, parent: None });
            let impls = ids(&inner["impls"]).filter_map(|id| index.get(id.to_string()));
            let inherent = impls.map(|item| &item["inner"]["impl"]).filter(|inner| inner["trait"].is_null());
            let of_types = inherent.flat_map(|inner| ids(&inner["items"])).filter(|_| kind != "trait");
            let of_traits = ids(&inner["items"]).filter(|_| kind == "trait");
            for member in of_types.chain(of_traits).filter_map(|id| index.get(id.to_string())) {
                if kind == "trait" || member["visibility"] == "public" {
                    let path = format!("{path}::{}", member["name"].as_str().unwrap_or_default());
                    found.push(Item { path, json: member, parent: Some(item) });
                }
            }
        }
    }
}

/// The examples in an item's documentation; `None` if it has none.
fn examples(item: &Value) -> Option<String> {
    let parts: Vec<_> = item["docs"].as_str()?.split("```").collect();
    (parts.len() > 2).then(|| parts.iter().skip(1).step_by(2).copied().collect())
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|there| there == word)
}

/// CONTRIBUTING.md has the rule in words.
fn is_shown(Item { json: item, parent, .. }: &Item<'_>, documentation: &Value) -> bool {
    if examples(item).is_some() || parent.is_some_and(|parent| kind(parent).0 == "trait") {
        return true;
    }
    let name = item["name"].as_str().unwrap_or_default();
    let mut links = item["links"].as_object().into_iter().flat_map(|links| links.values());
    links.any(|id| {
        let Some(linked) = documentation["index"].get(id.to_string()) else {
            // The attribute is another crate's, and is shown on the front page.
            return documentation["paths"][id.to_string()]["kind"] == "proc_attribute";
        };
        let of_parent = parent.is_some_and(|parent| parent["id"] == linked["id"]);
        let a_module = kind(linked).0 == "module";
        examples(linked).is_some_and(|examples| !(of_parent || a_module) || has_word(&examples, name))
    })
}

/// What `#[doc(alias(..))]` says in the files of a folder, all of whose examples are compiled.
fn aliases(folder: &Path, found: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of source files") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            aliases(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            assert!(!text.contains("/// ```ignore"), "{}: an example that nobody runs", path.display());
            for list in text.split("#[doc(alias").skip(1).filter_map(|rest| rest.split(")]").next()) {
                found.extend(list.split('"').skip(1).step_by(2).map(str::to_owned));
            }
        }
    }
}

#[test]
fn every_public_item_is_shown_and_found() {
    let documentation = documentation();
    let index = &documentation["index"];
    let mut items = Vec::new();
    public(index, &documentation["root"], "", &mut items);
    assert!(items.len() > 300, "the documentation is read: {} items", items.len());

    let missing: Vec<_> =
        items.iter().filter(|item| !is_shown(item, &documentation)).map(|item| &*item.path).collect();
    assert!(missing.is_empty(), "no example, and no link to one (CONTRIBUTING.md):\n{}", missing.join("\n"));

    let mut known: HashSet<_> =
        items.iter().filter_map(|item| item.json["name"].as_str()).map(str::to_owned).collect();
    for folder in ["../cells/src", "../cells-macros/src"] {
        aliases(Path::new(folder), &mut known);
    }
    let searched = "LazyLock, OnceLock, OnceCell, lazy_static, singleton, global, bean, DI, dependency injection, get_or_init, \
                    get_or_try_init, reset, take, circuit breaker, connection pool, hot reload, readiness, liveness, \
                    graceful shutdown, TTL, ArcSwap, invalidate, mock";
    for name in searched.split(", ") {
        assert!(known.contains(name), "who searches the documentation for `{name}` finds no item");
    }
}
