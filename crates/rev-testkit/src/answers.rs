//! What programs read, judged by `docs/schemas`: every answer of `--format json` that a test gets.

use std::path::Path;

use boon::{Compiler, Draft, Schemas};
use serde_json::Value;

/// Commands, and the schema of what each answers.
const FORMATS: [(&str, &str); 37] = [
    ("adopt", "adopt"),
    ("apply", "outcome"),
    ("branches", "branches"),
    ("check", "check"),
    ("create", "create"),
    ("current", "current"),
    ("diff", "diff"),
    ("doctor", "doctor"),
    ("down", "outcome"),
    ("downgrade", "outcome"),
    ("drop", "drop"),
    ("dump", "dump"),
    ("edit", "edit"),
    ("graph", "history"),
    ("heads", "heads"),
    ("history", "history"),
    ("init", "init"),
    ("log", "log"),
    ("merge", "written"),
    ("new", "written"),
    ("plan", "plan"),
    ("rebase", "rebase"),
    ("repair", "repair"),
    ("reset", "outcome"),
    ("revision", "written"),
    ("schema", "init"),
    ("show", "show"),
    ("snapshot", "snapshots"),
    ("squash", "written"),
    ("st", "status"),
    ("stamp", "outcome"),
    ("status", "status"),
    ("switch", "outcome"),
    ("test", "test"),
    ("up", "outcome"),
    ("upgrade", "outcome"),
    ("wait", "wait"),
];

/// The schema of what these words are answered with; `None`: they name no command that answers
/// programs.
#[must_use]
pub fn format(words: &[&str]) -> Option<&'static str> {
    let has = |flags: &[&str]| words.iter().any(|word| flags.contains(word));
    let known = |word: &&str| {
        let found = FORMATS.iter().find(|(command, _)| command == word);
        found.map(|(_, format)| *format)
    };
    let format = words.iter().find_map(known)?;
    Some(match format {
        "outcome" if has(&["--dry-run"]) => "plan",
        "repair" if has(&["--accept", "--redo"]) => "outcome",
        "written" if has(&["--finish"]) => "finish",
        format => format,
    })
}

/// What keeps a value from being of a format; `None`: it is.
///
/// # Panics
///
/// Where there is no such schema.
#[must_use]
pub fn fault(format: &str, value: &Value) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas");
    let path = folder.join(format!("{format}.schema.json"));
    let path = path.canonicalize().expect("a schema");
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    compiler.set_default_draft(Draft::V2020_12);
    let path = path.to_str().expect("a path in UTF-8");
    let schema = compiler.compile(path, &mut schemas).expect("a schema");
    let result = schemas.validate(value, schema);
    result.err().map(|error| format!("{error:#}"))
}

/// Whether these words ask for JSON.
fn asks_for_json(words: &[&str]) -> bool {
    words.contains(&"--format=json") || words.windows(2).any(|pair| pair == ["--format", "json"])
}

/// Judges what `rev` answered to these words, where they ask for JSON: all of its standard
/// output, and of a run each event on the standard error.
///
/// # Panics
///
/// Where an answer is not what its schema says.
#[track_caller]
pub fn judge(words: &[&str], out: &str, err: &str) {
    if !asks_for_json(words) || out.trim().is_empty() {
        return;
    }
    let format = format(words);
    let text = words.join(" ");
    let check = |format: &str, part: &str| {
        let value: Value = serde_json::from_str(part)
            .unwrap_or_else(|error| panic!("rev {text}: no JSON ({error}): {part}"));
        let is_refused =
            { value.as_object() }.is_some_and(|it| it.len() == 1 && it.contains_key("error"));
        let format = if is_refused { "error" } else { format };
        if let Some(fault) = fault(format, &value) {
            panic!("rev {text}: no {format}: {fault}\n{value:#}");
        }
    };
    match format {
        Some("test")
            if out
                .lines()
                .all(|line| line.starts_with('{') && line.ends_with('}')) =>
        {
            out.lines().for_each(|line| check("test", line));
        }
        // Words that are no command of `rev` can only be refused.
        format => check(format.unwrap_or("error"), out),
    }
    if format == Some("outcome") {
        let events = err.lines().filter(|line| line.starts_with('{'));
        events.for_each(|line| check("event", line));
    }
}
