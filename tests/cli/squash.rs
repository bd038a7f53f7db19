//! `rev squash`: what it writes, what it refuses, and what stays usable.

use crate::harness::{Project, assert_answer, table};

/// Four in a row; the third has something to do for `db2` only.
fn line() -> Project {
    let only_db2 = "revision: cccc\ndown_revision: bbbb\nmessage: count fights\nbranch_labels: [fights]\n\
                    databases:\n  db2:\n    upgrade: CREATE TABLE fight (id INTEGER PRIMARY KEY)\n    \
                    downgrade: DROP TABLE fight\n  db1: {}\n";
    Project::with(&[
        ("aaaa_add_hero", table("aaaa", "null", "hero")),
        ("bbbb_add_power", table("bbbb", "aaaa", "power")),
        ("cccc_count_fights", only_db2.to_owned()),
        ("dddd_add_mission", table("dddd", "cccc", "mission")),
    ])
}

#[test]
fn a_squash_is_written_proven_and_taken() {
    let project = line();
    let written = project.rev("squash base:cccc --id ssss");
    assert_eq!(written.exit, Some(0), "{written}");
    assert_answer!("squash_written", written);
    let file = "revisions/ssss_squash_3_revisions_up_to_cccc.yaml";
    let text = std::fs::read_to_string(project.path().join(file)).expect("a file");
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("created"))
        .collect();
    assert_answer!("squash_file", lines.join("\n"));
    assert_answer!("squash_show", project.rev("show ssss"));
    assert_answer!("squash_plan", project.rev("plan db1@head db2@head"));
    assert_answer!(
        "squash_plan_markdown",
        project.rev("plan db1@head --format markdown")
    );
    assert_answer!(
        "squash_plan_mermaid",
        project.rev("plan db1@head --format mermaid")
    );
    let plan = project.rev("plan db1@ssss --format json");
    let value: serde_json::Value = serde_json::from_str(&plan.out).expect("JSON");
    let lane = &value["lanes"][0];
    assert_eq!(
        lane["steps"][0]["replaces"],
        serde_json::json!(["aaaa", "bbbb", "cccc"])
    );
    assert_eq!(
        lane["cost"],
        serde_json::json!({"with_work": 1, "steps": 1})
    );
    assert_eq!(
        lane["to"],
        serde_json::json!(["cccc"]),
        "the end of its set"
    );
    // The heads are what they were.
    assert_eq!(project.rev("heads").out, "dddd  add mission\n");
}

#[test]
fn a_label_means_its_branch_and_a_nested_squash_holds_the_inner_one() {
    let project = line();
    assert_eq!(project.rev("squash aaaa:bbbb --id inner").exit, Some(0));
    assert_eq!(
        project.rev("squash fights --id other -m fights").exit,
        Some(0)
    );
    assert_eq!(project.rev("squash base:dddd --id outer").exit, Some(0));
    let plan = |target: &str| project.rev(&format!("plan {target} --from base")).out;
    assert!(plan("db1@dddd").contains("outer"), "{}", plan("db1@dddd"));
    assert!(plan("db1@bbbb").contains("inner"), "{}", plan("db1@bbbb"));
    let rest = project.rev("plan db2@dddd --from bbbb").out;
    assert!(rest.contains("other"), "{rest}");
}

#[test]
fn what_cannot_be_squashed_is_refused_and_nothing_is_written() {
    let project = line();
    assert_eq!(
        project.rev("squash bbbb:cccc --id ssss --no-proof").exit,
        Some(0)
    );
    assert_answer!("squash_overlap", project.rev("squash aaaa:bbbb --id tttt"));
    assert_answer!("squash_one", project.rev("squash aaaa"));
    assert_answer!("squash_nothing", project.rev("squash"));
    assert_answer!("squash_finish_unknown", project.rev("squash --finish aaaa"));
    // What lies between by a dependency is not in the range.
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        (
            "bbbb",
            table("bbbb", "null", "power") + "depends_on: [aaaa]\n",
        ),
        (
            "cccc",
            table("cccc", "aaaa", "fight") + "depends_on: [bbbb]\n",
        ),
    ]);
    let refused = project.rev("squash aaaa:cccc --id ssss");
    assert_answer!("squash_not_convex", refused);
    let files = std::fs::read_dir(project.path().join("revisions")).expect("a folder");
    assert_eq!(files.count(), 3);
    assert_eq!(project.rev("squash base:cccc --id ssss").exit, Some(0));
}

#[test]
fn the_way_up_may_come_from_a_database_that_stands_at_the_end() {
    let project = line();
    project.write(
        "revisions/bbbb_add_power.yaml",
        "revision: bbbb\ndown_revision: aaaa\nmessage: add power\n\
         upgrade: ALTER TABLE hero ADD COLUMN power TEXT\n\
         downgrade: ALTER TABLE hero DROP COLUMN power\n",
    );
    let words = "squash base:bbbb --id ssss --from-database db1";
    assert_answer!("squash_from_elsewhere", project.rev(words));
    assert_answer!(
        "squash_from_not_base",
        project.rev("squash bbbb:cccc --from-database db1")
    );
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(0));
    let written = project.rev(words);
    assert_eq!(written.exit, Some(0), "{written}");
    let shown = project.rev("show ssss").out;
    let own = shown
        .split("upgrade db1")
        .nth(1)
        .expect("an entry of its own");
    assert!(
        own.contains("CREATE TABLE hero (id INTEGER PRIMARY KEY, power TEXT)"),
        "{shown}"
    );
    assert_eq!(project.rev("downgrade db1@base").exit, Some(0));
    let up = project.rev("upgrade db1@head");
    assert!(up.err.contains("upgrade ssss"), "{up}");
    assert_eq!(project.rev("status db1 --check").exit, Some(0));
}

#[test]
fn a_database_whose_schema_was_changed_by_hand_proves_nothing() {
    let project = line();
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(0));
    rev_testkit::sqlite::execute(
        &project.path().join("db1.sqlite"),
        "CREATE INDEX by_hand ON hero (id)",
    );
    assert_answer!(
        "squash_by_hand",
        project.rev("squash base:bbbb --id ssss --from-database db1")
    );
    assert!(!project.has("revisions/ssss_squash_2_revisions_up_to_bbbb.yaml"));
}

/// Two in a row, applied to both databases, and a shortcut with this beside its
/// `replaces`.
fn with_shortcut(scripts: &str) -> Project {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", table("bbbb", "aaaa", "power")),
    ]);
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let head = "revision: ssss\ndown_revision: null\nmessage: both\nreplaces: [aaaa, bbbb]\n";
    project.write("revisions/ssss.yaml", &format!("{head}{scripts}"));
    project
}

#[test]
fn the_files_stay_while_a_database_finds_nothing_in_the_shortcut() {
    let both = "    upgrade: [CREATE TABLE hero (id INTEGER PRIMARY KEY), CREATE TABLE power (id INTEGER PRIMARY KEY)]\n";
    let down = "    downgrade: [DROP TABLE power, DROP TABLE hero]\n";
    let project = with_shortcut(&format!("databases:\n  db1:\n{both}{down}  db2: {{}}\n"));
    assert_answer!("squash_unserved", project.rev("squash --finish"));
    let one_way = both.trim_start();
    let project = with_shortcut(one_way);
    assert_answer!(
        "squash_no_way_down",
        project.rev("squash --finish --offline")
    );
    assert!(project.has("revisions/aaaa.yaml"));
    let project = with_shortcut(&format!("{one_way}irreversible: true\n"));
    assert_eq!(project.rev("squash --finish").exit, Some(0));
    // By the dialect, on purpose or not.
    let project = with_shortcut("upgrade: {postgres: SELECT 1, sqlite: null}\n");
    assert_eq!(project.rev("squash --finish").exit, Some(1));
}

#[test]
fn the_files_stay_while_a_database_has_gone_another_way() {
    let project = line();
    assert_eq!(project.rev("upgrade").exit, Some(0));
    project.write(
        "revisions/bbbb_add_power.yaml",
        &table("bbbb", "aaaa", "might"),
    );
    assert_eq!(project.rev("squash base:cccc --id ssss").exit, Some(0));
    assert_answer!("squash_drifted", project.rev("squash --finish"));
    assert!(project.has("revisions/bbbb_add_power.yaml"));
}

#[test]
fn rows_that_revisions_write_are_not_dropped_in_silence() {
    let project = line();
    project.write(
        "revisions/bbbb_add_power.yaml",
        "revision: bbbb\ndown_revision: aaaa\nmessage: add power\nupgrade: |\n  \
         UPDATE hero SET id = 2;\n  INSERT INTO hero (id) VALUES (1);\n\
         downgrade: DELETE FROM hero\n",
    );
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(0));
    let words = "squash base:bbbb --id ssss -m all --from-database db1";
    assert_answer!("squash_rows", project.rev(words));
    assert!(!project.has("revisions/ssss_all.yaml"));
    let without = project.rev(&format!("{words} --without-rows"));
    assert_eq!(without.exit, Some(0), "{without}");
    assert_answer!(
        "squash_rows_alone",
        project.rev("squash base:bbbb --without-rows")
    );
}

#[test]
fn a_virtual_table_is_dumped_without_the_tables_that_it_makes_itself() {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        (
            "bbbb",
            "revision: bbbb\ndown_revision: aaaa\nmessage: search\n\
             upgrade: CREATE VIRTUAL TABLE words USING fts5(name)\ndowngrade: DROP TABLE words\n"
                .to_owned(),
        ),
    ]);
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    let written = project.rev("squash base:bbbb --id ssss -m all --from-database db1");
    assert_eq!(written.exit, Some(0), "{written}");
    let shown = project.rev("show ssss").out;
    assert!(shown.contains("USING fts5(name)"), "{shown}");
    assert!(!shown.contains("words_data"), "{shown}");
}

#[test]
fn a_second_range_is_not_ignored() {
    let project = line();
    assert_answer!(
        "squash_two_ranges",
        project.rev("squash base:bbbb base:cccc --id ssss")
    );
    assert_eq!(project.rev("check").exit, Some(0));
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_leaves_nothing_and_is_not_announced() {
    let project = line();
    let rev = env!("CARGO_BIN_EXE_rev");
    // No file may grow, as on a disk that is full.
    let script = format!(
        "trap '' XFSZ; ulimit -f 0; exec '{rev}' squash base:bbbb --id ssss -m all --no-proof"
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(project.path())
        .output()
        .expect("sh runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot be written"), "{told}");
    assert!(!told.contains("does the work"), "{told}");
    let files = std::fs::read_dir(project.path().join("revisions")).expect("a folder");
    let names = files.map(|file| file.expect("a file").file_name());
    let mut names: Vec<_> = names.map(|it| it.to_string_lossy().into_owned()).collect();
    names.sort();
    let due = ["aaaa", "bbbb", "cccc", "dddd"];
    assert!(
        names
            .iter()
            .zip(due)
            .all(|(name, due)| name.starts_with(due)),
        "{names:?}"
    );
    assert_eq!(names.len(), due.len(), "{names:?}");
}

#[test]
fn a_shortcut_that_leaves_other_rows_is_not_written() {
    let project = Project::with(&[
        (
            "aaaa",
            "revision: aaaa\ndown_revision: null\nmessage: heroes\nupgrade: |\n  \
             CREATE TABLE hero (id INTEGER PRIMARY KEY);\n  \
             CREATE TABLE mission (hero_id REFERENCES hero (id) ON DELETE CASCADE);\n  \
             CREATE TABLE old (id);\n  INSERT INTO hero VALUES (1);\n  INSERT INTO mission VALUES (1);\n\
             irreversible: true\n"
                .to_owned(),
        ),
        (
            "bbbb",
            "revision: bbbb\ndown_revision: aaaa\nmessage: afresh\nupgrade: |\n  \
             DELETE FROM hero;\n  INSERT INTO hero VALUES (1);\nirreversible: true\n"
                .to_owned(),
        ),
        (
            // Around a script that drops a table foreign keys are not looked at.
            "cccc",
            "revision: cccc\ndown_revision: bbbb\nmessage: tidy\nupgrade: DROP TABLE old\n\
             irreversible: true\n"
                .to_owned(),
        ),
    ]);
    assert_answer!(
        "squash_other_rows",
        project.rev("squash base:cccc --id ssss")
    );
    assert!(!project.has("revisions/ssss_squash_3_revisions_up_to_cccc.yaml"));
}

#[test]
fn an_inner_shortcut_is_no_proof_of_an_outer_one() {
    let project = line();
    // By hand, and wrong: nobody has proven it.
    project.write(
        "revisions/ssss.yaml",
        "revision: ssss\ndown_revision: null\nmessage: both\nreplaces: [aaaa, bbbb]\n\
         upgrade: CREATE TABLE other (id)\ndowngrade: DROP TABLE other\n",
    );
    let answer = project.rev("squash base:cccc --id tttt");
    assert_eq!(answer.exit, Some(0), "{answer}");
    assert_eq!(project.rev("test tttt").exit, Some(0));
    assert_eq!(project.rev("test ssss").exit, Some(4));
}
