//! Its attributes. Those in `above` come before `#[runtime_cell]`, the others after it.

use crate::draft::Draft;
use crate::grammar::Choice;

fn below(draft: &mut Draft, attribute: &'static str) {
    draft.below = attribute;
}

fn above(draft: &mut Draft, attribute: &'static str) {
    draft.above = attribute;
}

pub(super) const CHOICES: &[Choice] = &[
    ("none", |_| {}),
    ("doc", |draft| above(draft, "/// A pool.")),
    ("doc_below", |draft| below(draft, "/// A pool.")),
    ("doc_macro", |draft| below(draft, "#[doc = concat!(\"A \", \"pool.\")]")),
    ("doc_hidden", |draft| below(draft, "#[doc(hidden)]")),
    ("doc_alias", |draft| below(draft, "#[doc(alias = \"connections\")]")),
    ("doc_inline", |draft| below(draft, "#[doc(inline)]")),
    ("cfg", |draft| below(draft, "#[cfg(all())]")),
    ("cfg_above", |draft| above(draft, "#[cfg(all())]")),
    ("cfg_unknown", |draft| below(draft, "#[cfg(not(unknown))]")),
    ("cfg_attr", |draft| below(draft, "#[cfg_attr(all(), doc = \"A pool.\", must_use, allow(unused))]")),
    ("cfg_attr_above", |draft| {
        above(draft, "#[cfg_attr(all(), doc = \"A pool.\", must_use, allow(unused))]");
    }),
    ("deprecated", |draft| below(draft, "#[deprecated]")),
    ("deprecated_note", |draft| above(draft, "#[deprecated(since = \"1.0.0\", note = \"gone\")]")),
    ("must_use", |draft| below(draft, "#[must_use]")),
    ("must_use_why", |draft| above(draft, "#[must_use = \"because\"]")),
    ("allow_dead", |draft| below(draft, "#[allow(dead_code)]")),
    ("allow_all", |draft| above(draft, "#[allow(warnings, unused)]")),
    ("allow_clippy", |draft| below(draft, "#[allow(clippy::unnecessary_wraps, clippy::all)]")),
    ("allow_unknown", |draft| below(draft, "#[allow(no_such_lint)]")),
    ("warn_docs", |draft| below(draft, "#[warn(missing_docs)]")),
    ("deny_all", |draft| below(draft, "#[deny(warnings)]")),
    ("deny_unused", |draft| below(draft, "#[deny(unused, nonstandard_style)]")),
    ("forbid_deprecated", |draft| below(draft, "#[forbid(deprecated)]")),
    ("forbid_unsafe", |draft| below(draft, "#[forbid(unsafe_code)]")),
    ("forbid_unused", |draft| above(draft, "#[forbid(unused)]")),
    ("forbid_clippy", |draft| below(draft, "#[forbid(clippy::all, clippy::pedantic)]")),
    ("expect_dead", |draft| below(draft, "#[expect(dead_code)]")),
    ("expect_variables", |draft| below(draft, "#[expect(unused_variables, reason = \"why\")]")),
    ("expect_names", |draft| below(draft, "#[expect(non_snake_case)]")),
    ("inline", |draft| below(draft, "#[inline]")),
    ("inline_always", |draft| below(draft, "#[inline(always)]")),
    ("inline_never", |draft| above(draft, "#[inline(never)]")),
    ("cold", |draft| below(draft, "#[cold]")),
    ("track_caller", |draft| below(draft, "#[track_caller]")),
    ("no_mangle", |draft| below(draft, "#[unsafe(no_mangle)]")),
    ("no_mangle_safe", |draft| below(draft, "#[no_mangle]")),
    ("export_name", |draft| below(draft, "#[unsafe(export_name = \"a_pool\")]")),
    ("link_section", |draft| below(draft, "#[unsafe(link_section = \".text.pool\")]")),
    ("instrument", |draft| below(draft, "#[::tracing::instrument(skip_all)]")),
    ("instrument_above", |draft| above(draft, "#[::tracing::instrument(skip_all)]")),
    ("instrument_level", |draft| below(draft, "#[::tracing::instrument(level = \"debug\", skip_all)]")),
    ("rustfmt", |draft| below(draft, "#[rustfmt::skip]")),
    ("clippy", |draft| below(draft, "#[clippy::cognitive_complexity = \"10\"]")),
    ("unknown", |draft| below(draft, "#[no_such_attribute]")),
    ("unknown_above", |draft| above(draft, "#[no_such_attribute]")),
    ("misplaced_derive", |draft| below(draft, "#[derive(Debug)]")),
    ("misplaced_repr", |draft| below(draft, "#[repr(C)]")),
    ("bad_inline", |draft| below(draft, "#[inline(sometimes)]")),
    ("bad_deprecated", |draft| below(draft, "#[deprecated(why = \"because\")]")),
    ("bad_doc", |draft| below(draft, "#[doc(nonsense)]")),
    ("bad_lint", |draft| below(draft, "#[allow(1)]")),
    ("bad_lint_value", |draft| below(draft, "#[allow = \"x\"]")),
    ("twice_must_use", |draft| below(draft, "#[must_use] #[must_use]")),
    ("twice_inline", |draft| below(draft, "#[inline] #[inline]")),
    ("dangling_doc", |draft| below(draft, "/// A pool.\n\n/// And more.\n// not a doc")),
];
