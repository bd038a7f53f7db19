//! `docs/schemas`: made from the types, and compared with them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rev_engine::event::Event;
use rev_store::schemas;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use super::{
    adopt, authoring, desk, error, existence, log, plan, repair, revision, run, saved, schema,
    snapshot, status, trial,
};

/// The schema of a type as it is written out.
fn text<T: JsonSchema>(name: &str) -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut whole = serde_json::Map::new();
    whole.insert("$id".to_owned(), schemas::id(name).into());
    let schema = serde_json::to_value(&schema).expect("a schema is JSON");
    whole.extend(schema.as_object().expect("a map").clone());
    pretty(&whole.into())
}

fn pretty(schema: &serde_json::Value) -> String {
    format!("{schema:#}\n")
}

/// All formats that are promised, by name.
fn all() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("adopt", text::<adopt::Adoption>("adopt")),
        ("branches", text::<revision::Branches>("branches")),
        ("check", text::<schema::Findings>("check")),
        ("create", text::<existence::Changes>("create")),
        ("current", text::<status::Current>("current")),
        ("diff", text::<schema::Diffs>("diff")),
        ("doctor", text::<desk::Checks>("doctor")),
        ("drop", text::<existence::Changes>("drop")),
        ("dump", text::<schema::Dumps>("dump")),
        ("edit", text::<authoring::Edited>("edit")),
        ("error", text::<error::Failed>("error")),
        ("event", text::<Event>("event")),
        ("finish", text::<authoring::Finished>("finish")),
        ("heads", text::<revision::Heads>("heads")),
        ("history", text::<revision::History>("history")),
        ("init", text::<authoring::Made>("init")),
        ("log", text::<log::Log>("log")),
        ("outcome", text::<run::Outcome>("outcome")),
        ("plan", text::<plan::Plan>("plan")),
        ("rebase", text::<authoring::Moved>("rebase")),
        ("repair", text::<repair::Repair>("repair")),
        ("rev.yaml", pretty(&schemas::of_settings())),
        ("revision", pretty(&schemas::of_revision())),
        ("saved-plan", text::<saved::SavedPlan>("saved-plan")),
        ("show", text::<revision::Shown>("show")),
        ("snapshots", text::<snapshot::Snapshots>("snapshots")),
        ("status", text::<status::Status>("status")),
        ("test", text::<trial::TestLine>("test")),
        ("wait", text::<desk::Reached>("wait")),
        ("written", text::<authoring::Written>("written")),
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
