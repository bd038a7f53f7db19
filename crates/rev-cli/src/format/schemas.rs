//! `docs/schemas`: made from the types, and compared with them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rev_engine::event::Event;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use super::{error, log, plan, revision, run, saved, schema, snapshot, status, trial};

/// The schema of a type as it is written out.
fn text<T: JsonSchema>() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text + "\n"
}

/// All formats that are promised, by name.
fn all() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("branches", text::<revision::Branches>()),
        ("check", text::<schema::Findings>()),
        ("current", text::<status::Current>()),
        ("diff", text::<schema::Diffs>()),
        ("dump", text::<schema::Dumps>()),
        ("error", text::<error::Failed>()),
        ("event", text::<Event>()),
        ("heads", text::<revision::Heads>()),
        ("history", text::<revision::History>()),
        ("log", text::<log::Log>()),
        ("outcome", text::<run::Outcome>()),
        ("plan", text::<plan::Plan>()),
        ("saved-plan", text::<saved::SavedPlan>()),
        ("show", text::<revision::Shown>()),
        ("snapshots", text::<snapshot::Snapshots>()),
        ("status", text::<status::Status>()),
        ("test", text::<trial::Trials>()),
    ])
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas")
}

/// As with snapshots, `INSTA_UPDATE=always` writes them anew.
#[test]
fn the_schemas_are_those_of_the_types() {
    let is_update = std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always");
    let all = all();
    for (name, now) in &all {
        let path = folder().join(format!("{name}.schema.json"));
        if is_update {
            fs::write(&path, now).expect("written");
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept.replace("\r\n", "\n") == *now,
            "{} is not what its type says: run this test with INSTA_UPDATE=always, and read \
             the difference, since a format that has been published must not lose anything",
            path.display()
        );
    }
    let files = fs::read_dir(folder()).expect("a folder");
    assert_eq!(files.count(), all.len(), "a schema without a type");
}
