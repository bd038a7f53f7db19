//! The service's revisions, proven in its own tests.

use heroes_service::Heroes;
use rev_testing::{Plan, Schema, assert_plan_snapshot};

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/db");

#[test]
fn a_fresh_database_gets_all_of_it() {
    assert_plan_snapshot!("fresh", Plan::of(PROJECT).to(&["db1@head"]));
}

#[test]
fn a_database_of_the_last_release_gets_the_rest() {
    let plan = Plan::of(PROJECT).from(&["db1=1f0c3a5b7d92"]);
    assert_plan_snapshot!(plan, @"
    db1 (sqlite)  1f0c3a5b7d92 → 2b7d90e4c1a6, 1 step
      up       2b7d90e4c1a6  rank heroes  2 statements
          ALTER TABLE hero ADD COLUMN fame INTEGER NOT NULL DEFAULT 0;
          CREATE INDEX hero_fame ON hero (fame);
    ");
}

#[test]
fn every_revision_goes_up_down_and_up() {
    rev_testing::prove(PROJECT)
        .expect("a project")
        .assert_good();
}

#[tokio::test]
async fn the_service_runs_on_what_the_revisions_make() {
    let schema = Schema::at(PROJECT, "db1@head").expect("a database");
    let mut heroes = Heroes::open(schema.url()).await.expect("it opens");
    heroes.add("Ada", 3).await.expect("a hero");
    heroes.add("Grace", 7).await.expect("a hero");
    assert_eq!(heroes.by_fame().await.expect("heroes"), ["Grace", "Ada"]);
    assert!(heroes.add("Ada", 1).await.is_err(), "names are unique");
}
