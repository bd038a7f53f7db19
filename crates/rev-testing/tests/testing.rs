//! The library on the project's own example and on planted faults.

use std::path::{Path, PathBuf};

use rev_testing::{Error, Plan, Schema, prove};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn faulty(name: &str) -> PathBuf {
    root().join("fixtures/faulty").join(name)
}

#[test]
fn a_plan_is_the_text_that_snapshots_keep() {
    let plan = Plan::of(root())
        .to(&["db2@4a6f8b2d0c97"])
        .from(&["db2=0f93a5c6d2b8"]);
    rev_testing::assert_plan_snapshot!(plan, @"
    db2 (sqlite)  0f93a5c6d2b8 → 4a6f8b2d0c97, 2 steps, 1 with work
      up       d52e7c90b1f4  find heroes by name in any case  nothing to do here
      up       4a6f8b2d0c97  rate missions  1 statement
          ALTER TABLE hero_statistics ADD COLUMN mean_rating REAL;
    ");
}

#[test]
fn a_plan_that_there_is_not_says_why() {
    let text = |plan: Plan| plan.text().expect_err("no plan").to_string();
    let unbound = text(Plan::of(root()).to(&["'db9*@head"]));
    let unknown = text(Plan::of(root()).to(&["db1@9999"]));
    let missing = text(Plan::of(root().join("docs")));
    assert!(missing.ends_with("cannot be reached"), "{missing}");
    insta::assert_snapshot!([unbound, unknown].join("\n"), @"
    `'db9*` is no database, group or pattern of rev.yaml
    there is no such plan for `db1`: there is no revision or label `9999`
    ");
}

#[test]
fn the_example_is_good_and_a_planted_fault_is_not() {
    prove(root()).expect("a project").assert_good();
    let proofs = prove(faulty("downgrade-forgets-an-index")).expect("a project");
    assert!(!proofs.is_good());
    insta::assert_snapshot!(proofs, @"
    db1 revision bbbb: the downgrade leaves another schema than it must
      + index hero_name on hero (name)
    1 of 4 trials failed
    ");
    let lost = prove(faulty("rebuild-loses-rows")).expect("a project");
    insta::assert_snapshot!(lost, @"
    db1 revision bbbb: the downgrade does not bring back all rows of `hero`
      - id 900001, name 'v 1'
      - id 900002, name 'v 2'
    1 of 3 trials failed
    ");
}

#[test]
fn a_schema_is_a_database_at_a_target_and_is_gone_when_dropped() {
    let schema = Schema::at(root(), "db1@9c4e").expect("a database");
    let file = PathBuf::from(schema.url().trim_start_matches("sqlite://"));
    let tables =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'rev%' ORDER BY 1";
    assert_eq!(rev_testkit::sqlite::query(&file, tables), ["city", "hero"]);
    drop(schema);
    assert!(!file.exists());
    let broken = Schema::at(faulty("upgrade-works-only-once"), "db1@zzzz");
    assert!(matches!(broken, Err(Error::NotUp { .. })));
}
