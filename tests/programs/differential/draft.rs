//! A declaration in the making: each dimension of the grammar sets what it is about.

use crate::compiler::CrateKind;
use std::collections::BTreeMap;

#[expect(clippy::struct_excessive_bools, reason = "they have nothing to do with each other")]
pub(crate) struct Draft {
    pub(crate) crate_lints: &'static str,
    pub(crate) crate_kind: CrateKind,
    /// Where the declaration is, with `$items`, `$declaration` and `$callers`.
    pub(crate) place: &'static str,
    /// What `pub(in …)` names there.
    pub(crate) path: &'static str,
    pub(crate) items: Vec<&'static str>,
    /// Attributes above `#[runtime_cell]`, and below it.
    pub(crate) above: &'static str,
    pub(crate) below: &'static str,
    pub(crate) keys: &'static str,
    /// A key that a mistaken one is read as.
    pub(crate) reads_as: &'static str,
    pub(crate) visibility: &'static str,
    pub(crate) qualifiers: &'static str,
    pub(crate) name: &'static str,
    pub(crate) cell: &'static str,
    pub(crate) generics: &'static str,
    pub(crate) parameters: &'static str,
    /// How many arguments the plain function takes.
    pub(crate) arguments: usize,
    /// What follows the parameters, and the arrow.
    pub(crate) returns: String,
    /// The payload, if callers can name it.
    pub(crate) payload: Option<&'static str>,
    pub(crate) fallible: bool,
    pub(crate) body: &'static str,
    /// Whether the declaration, unlike its plain function, has no body: the program provides the payload.
    pub(crate) provided: bool,
    pub(crate) callers: Callers,
    /// Whether the place writes the attribute and the function from parts.
    pub(crate) pieces: bool,
    /// Whether a dependency is asynchronous.
    pub(crate) needs_async: bool,
    /// Which exceptions apply, by their names, and how often.
    pub(crate) refused: BTreeMap<&'static str, usize>,
    /// Whether the return type borrows from the parameters, if there are any.
    pub(crate) borrows: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callers {
    /// They use the accessor and the static, with their types if these are known.
    Both,
    /// There are none.
    None,
    /// A call whose result is dropped.
    Dropped,
    /// The accessor alone, in a closure and as a function pointer.
    Accessor,
}

impl Draft {
    pub(crate) fn refuse(&mut self, exception: &'static str) {
        *self.refused.entry(exception).or_default() += 1;
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.reads_as == key
            || self.keys.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == key)
    }

    pub(crate) fn is_async(&self) -> bool {
        self.qualifiers.contains("async")
    }

    /// The text of the case, with marks.
    pub(crate) fn marked(&self) -> String {
        let Self { crate_lints, items, above, below, keys, visibility, .. } = self;
        let Self { qualifiers, name, generics, parameters, returns, body, .. } = self;
        let provided = if self.provided { "provided, " } else { "" };
        let attribute = if keys.is_empty() && !self.provided {
            "⟨attr:#[::cells::runtime_cell]⟩".to_owned()
        } else {
            format!("⟨attr:#[::cells::runtime_cell({provided}{keys})]⟩")
        };
        let visibility = visibility.replace("$path", self.path);
        let declaration = format!(
            "{above}\n{attribute}\n{below}\n{visibility} {qualifiers} fn {name}{generics}({parameters}){returns} {body}\n"
        );
        // A macro is part of the declaration, so its template has the mark; elsewhere it is added here.
        let declaration =
            if self.place.contains("⟨decl:") { declaration } else { format!("⟨decl:{declaration}⟩") };
        let place = self
            .place
            .replace("$items", &items.join("\n"))
            .replace("$declaration", &declaration)
            .replace("$callers", &self.calling())
            .replace("$visibility", &visibility)
            .replace("$name", name)
            .replace("$body", body)
            .replace("$returns", returns.trim_start().trim_start_matches("->"));
        let program = if self.crate_kind.program { "\nfn main() {}\n" } else { "" };
        format!(
            "//! A case.\n{crate_lints}\n/// Makes anything.\npub fn make<T>() -> T {{ loop {{}} }}\n{place}{program}"
        )
    }

    fn calling(&self) -> String {
        let Self { name, cell, .. } = self;
        let awaited = match (self.is_async(), self.has("blocking")) {
            (true, _) => ".await",
            (false, true) => "⟨cell:.await⟩",
            (false, false) => "",
        };
        let (asyncness, arguments) = (
            if awaited.is_empty() { "" } else { "async " },
            vec!["crate::make()"; self.arguments].join(", "),
        );
        let call = format!("{name}(⟨plain:{arguments}⟩){awaited}");
        let uses = match self.callers {
            Callers::None => return String::new(),
            Callers::Dropped => format!("{call};"),
            Callers::Accessor => format!("let _made = {asyncness}move || {{ let _got = {call}; }};"),
            Callers::Both => {
                let typed = self.payload.map(|payload| format!("⟨cell:: {}⟩", self.lease(payload)));
                let typed = typed.unwrap_or_default();
                format!("let _got{typed} = {call}; ⟨cell:let _name = {cell}.info().name;⟩")
            }
        };
        // Without the lint they would be dead where the case is private, and what they call alive or not by accident.
        let asyncness = if self.callers == Callers::Accessor { "" } else { asyncness };
        format!("⟨call:/// Calls.\n#[allow(dead_code)] {asyncness}fn caller() {{ {uses} }}⟩")
    }

    /// The type that the accessor returns.
    fn lease(&self, payload: &str) -> String {
        let lease = if self.has("permanent") {
            format!("&'static {payload}")
        } else {
            format!("::cells::Ref<'static, {payload}>")
        };
        if self.fallible { format!("::core::result::Result<{lease}, ::cells::Error>") } else { lease }
    }
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            crate_lints: "",
            crate_kind: CrateKind::default(),
            place: "$items\n$declaration\n$callers\n",
            path: "crate",
            items: Vec::new(),
            above: "",
            below: "",
            keys: "",
            reads_as: "",
            visibility: "pub",
            qualifiers: "",
            name: "pool",
            cell: "POOL",
            generics: "",
            parameters: "",
            arguments: 0,
            returns: " -> u8".to_owned(),
            payload: Some("u8"),
            fallible: false,
            body: "{ crate::make() }",
            provided: false,
            callers: Callers::Both,
            pieces: false,
            needs_async: false,
            refused: BTreeMap::new(),
            borrows: false,
        }
    }
}
