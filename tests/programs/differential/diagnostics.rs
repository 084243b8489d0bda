//! What the compiler says, as far as cases are judged by it.

use serde_json::Value;
use std::ops::Range;

#[derive(Clone, Debug)]
pub(crate) struct Diagnostic {
    pub(crate) is_error: bool,
    /// `E0308`, or the name of a lint.
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    /// Where it points to; `None` for a place in another file.
    pub(crate) places: Vec<Option<Range<usize>>>,
    /// As the compiler prints it.
    pub(crate) rendered: String,
}

impl Diagnostic {
    /// Whether it is a lint, at whatever level: the codes of errors have digits.
    pub(crate) fn is_lint(&self) -> bool {
        match &self.code {
            Some(code) => !code.ends_with(|c: char| c.is_ascii_digit()),
            None => !self.is_error,
        }
    }

    /// The place in the case itself that it points to first.
    pub(crate) fn place(&self) -> Option<Range<usize>> {
        self.places.first().cloned().flatten()
    }

    pub(crate) fn first_line(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

/// Reads the compiler's JSON; summaries, which point nowhere, are left out.
pub(crate) fn read(lines: &str) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for line in lines.lines() {
        let Ok(json) = serde_json::from_str::<Value>(line) else {
            // An internal error of the compiler is no JSON.
            if line.contains("internal compiler error") || line.contains("thread 'rustc'") {
                diagnostics.push(Diagnostic {
                    is_error: true,
                    code: None,
                    message: line.to_owned(),
                    places: Vec::new(),
                    rendered: lines.to_owned(),
                });
            }
            continue;
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let level = text(&json["level"]);
        let spans = json["spans"].as_array().cloned().unwrap_or_default();
        let is_error = level.starts_with("error");
        if !(is_error || level == "warning") || spans.is_empty() && is_summary(&text(&json["message"])) {
            continue;
        }
        diagnostics.push(Diagnostic {
            is_error,
            code: json["code"]["code"].as_str().map(str::to_owned),
            message: text(&json["message"]),
            places: spans.iter().filter(|span| span["is_primary"] == true).map(place).collect(),
            rendered: text(&json["rendered"]),
        });
    }
    diagnostics
}

fn is_summary(message: &str) -> bool {
    message.starts_with("aborting due to") || message.ends_with("emitted")
}

fn place(span: &Value) -> Option<Range<usize>> {
    let offset = |key: &str| usize::try_from(span[key].as_u64()?).ok();
    (span["file_name"] == "<anon>").then_some(())?;
    Some(offset("byte_start")?..offset("byte_end")?)
}
