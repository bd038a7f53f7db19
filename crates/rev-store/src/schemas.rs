//! JSON Schemas of the files that people write: `rev.yaml` and revisions, for editors.
//!
//! They are made from the key lists that the loader itself goes by, so that neither knows a
//! key that the other does not. What a schema cannot say (that a parent is there, that a URL
//! can be taken apart) stays the loader's; what it refuses the loader refuses, too.
//!
//! An editor reads YAML into JSON first, and `0012` becomes a number on the way, so a text may
//! be any scalar.

use rev_core::name::RESERVED;
use serde_json::{Map, Value, json};

use crate::config::keys as settings;
use crate::document::keys as revision;

/// The schema of `rev.yaml`.
#[must_use]
pub fn of_settings() -> Value {
    whole(
        "rev.yaml",
        "Settings of a Revgraph project.",
        object(settings::ROOT, settings_key),
    )
}

/// The schema of a revision file.
#[must_use]
pub fn of_revision() -> Value {
    let mut shape = object(revision::ROOT, revision_key);
    shape["required"] = json!(["revision", "down_revision"]);
    whole(
        "revision",
        "A revision: one change of the schemas, both ways.",
        shape,
    )
}

fn whole(name: &str, description: &str, shape: Value) -> Value {
    let mut whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": id(name),
        "title": name,
        "description": description,
    });
    if let (Value::Object(whole), Value::Object(shape)) = (&mut whole, shape) {
        whole.extend(shape);
    }
    whole
}

/// The name by which a schema is known.
#[must_use]
pub fn id(name: &str) -> String {
    format!("urn:revgraph:schema:{name}")
}

/// A map with these keys and no others.
fn object(keys: &[&str], shape: fn(&str) -> Value) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| ((*key).to_owned(), shape(key)))
        .collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn described(mut shape: Value, description: &str) -> Value {
    shape["description"] = json!(description);
    shape
}

fn settings_key(key: &str) -> Value {
    match key {
        "revisions" => described(
            texts(),
            "Where revision files are: a folder or a list of them.",
        ),
        "databases" => described(
            nullable(map_of(
                name(),
                json!({ "anyOf": [text(), object(settings::DATABASE, database_key)] }),
            )),
            "The databases by name: a URL, or the long form.",
        ),
        "ledger" => nullable(object(settings::LEDGER, |_| {
            described(
                nullable(json!({ "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,31}$" })),
                "What the names of the ledger's tables begin with.",
            )
        })),
        "snapshots" => described(
            nullable(json!({ "type": "object", "additionalProperties": snapshot() })),
            "Plans whose text is kept, by name.",
        ),
        "autogenerate" => nullable(object(settings::AUTOGENERATE, |key| match key {
            "renames" => texts_of(json!({ "type": "string", "pattern": "^[^:]+:.+$" })),
            _ => texts(),
        })),
        _ => json!({}),
    }
}

fn database_key(key: &str) -> Value {
    match key {
        "url" => described(
            nullable(text()),
            "Its URL; ${NAME} and ${NAME:-default} read the environment.",
        ),
        "dialect" => described(
            nullable(json!({ "enum": revision::DIALECTS })),
            "What it is, where only a variable would tell.",
        ),
        "groups" => described(
            texts_of(name()),
            "Groups that targets and revisions may name.",
        ),
        "shared" => described(
            nullable(json!({ "type": "boolean" })),
            "Whether it takes scripts that name no database; true, if left out.",
        ),
        "protected" => described(
            nullable(json!({ "type": "boolean" })),
            "Whether only a saved plan may take tables, columns or rows away there.",
        ),
        "schema" => described(
            texts(),
            "PostgreSQL's search path; the ledger is in the first.",
        ),
        "follow" => described(
            texts_of(name()),
            "The branches it lives on; all, if left out.",
        ),
        "models" => described(
            nullable(json!({ "anyOf": [texts_or_one(), command()] })),
            "What declares its schema: files of SQL, or a command that prints it.",
        ),
        "dump" => described(
            nullable(text()),
            "The file below this folder in which its schema is kept, such as kept/db1.sql.",
        ),
        "quoting" => texts_of(json!({ "enum": settings::QUOTING })),
        key if key.ends_with("_timeout") => described(
            nullable(duration()),
            "Such as 500ms, 5s, 2m or 0, which is none.",
        ),
        _ => json!({}),
    }
}

fn command() -> Value {
    let mut shape = object(settings::COMMAND, |key| match key {
        "command" => texts_or_one(),
        _ => nullable(duration()),
    });
    shape["required"] = json!(["command"]);
    shape
}

fn snapshot() -> Value {
    let mut shape = object(settings::SNAPSHOT, |key| match key {
        "action" => nullable(json!({ "enum": settings::ACTIONS })),
        "from" => {
            json!({ "anyOf": [texts(), { "type": "object", "additionalProperties": texts() }] })
        }
        _ => texts_or_one(),
    });
    shape["required"] = json!(["targets"]);
    shape
}

fn revision_key(key: &str) -> Value {
    match key {
        "revision" => described(revision_id(), "Its id."),
        "down_revision" => described(
            texts_of(revision_id()),
            "What it stands on: an id, a list of them in a merge, null for the first.",
        ),
        "message" => described(nullable(text()), "What it changes, for people."),
        "created" => described(nullable(text()), "When it was written."),
        "branch_labels" => described(texts_of(name()), "Names of the branch that starts here."),
        "depends_on" => described(
            texts(),
            "Revisions or labels that must be there first, perhaps with DATABASE@ before them.",
        ),
        "databases" => described(
            nullable(map_of(name(), object(revision::ENTRY, entry_key))),
            "Scripts of one database or group.",
        ),
        "irreversible" | "loses_data" => nullable(json!({ "type": "boolean" })),
        "replaces" => described(
            texts_of(revision_id()),
            "What this shortcut does the work of.",
        ),
        other => entry_key(other),
    }
}

fn entry_key(key: &str) -> Value {
    match key {
        "upgrade" => described(
            script(),
            "The way up: SQL, a list of it, or SQL by dialect.",
        ),
        "downgrade" => described(script(), "The way down."),
        "transaction" => json!({ "enum": revision::TRANSACTIONS }),
        _ => json!({}),
    }
}

fn script() -> Value {
    let sql = json!({ "type": ["string", "number", "boolean"] });
    let list = json!({ "type": "array", "items": sql, "minItems": 1 });
    let one = json!({ "anyOf": [sql, list] });
    let either = json!({ "anyOf": [sql, list, { "type": "null" }] });
    let by_dialect: Map<String, Value> = revision::DIALECTS
        .iter()
        .map(|dialect| ((*dialect).to_owned(), either.clone()))
        .collect();
    json!({ "anyOf": [one, {
        "type": "object",
        "properties": by_dialect,
        "additionalProperties": false,
        "minProperties": 1,
    }] })
}

/// A scalar, as an editor sees it.
fn text() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

fn texts() -> Value {
    texts_of(text())
}

/// One, a list of them, or none.
fn texts_of(one: Value) -> Value {
    let list = json!({ "type": "array", "items": one });
    json!({ "anyOf": [one, list, { "type": "null" }] })
}

/// One, or a list of some.
fn texts_or_one() -> Value {
    json!({ "anyOf": [text(), { "type": "array", "items": text(), "minItems": 1 }] })
}

fn nullable(shape: Value) -> Value {
    json!({ "anyOf": [shape, { "type": "null" }] })
}

fn map_of(names: Value, values: Value) -> Value {
    json!({ "type": "object", "propertyNames": names, "additionalProperties": values })
}

/// A database, a group or a label.
fn name() -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_.-]*$", "not": { "enum": RESERVED } })
}

/// Of an id that looks like a number only that is known.
fn revision_id() -> Value {
    json!({
        "type": ["string", "number", "boolean"],
        "pattern": "^[A-Za-z0-9][A-Za-z0-9_.]{0,63}$",
        "not": { "enum": RESERVED },
    })
}

fn duration() -> Value {
    json!({ "anyOf": [
        { "type": "string", "pattern": "^(0|[0-9]+\\s*(ms|s|m|min|h))$" },
        { "const": 0 },
    ] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_loader_has_a_shape() {
        let shapes = [
            (settings::ROOT, settings_key as fn(&str) -> Value),
            (settings::DATABASE, database_key),
            (revision::ROOT, revision_key),
            (revision::ENTRY, entry_key),
        ];
        for (keys, shape) in shapes {
            for key in keys {
                assert_ne!(shape(key), json!({}), "`{key}` has no shape");
            }
        }
    }
}
