//! `rev test`: what it finds in the planted faults of `fixtures/faulty/`, and that
//! it says nothing about what is good.

use std::path::{Path, PathBuf};

use crate::harness::{Project, assert_answer, table};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A copy of a folder with a project.
fn copy_of(folder: &Path) -> Project {
    let project = Project::empty();
    let copy = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).expect("a file");
        project.write(name, &text);
    };
    copy("rev.yaml");
    for entry in std::fs::read_dir(folder.join("revisions")).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        copy(&format!("revisions/{}", name.to_string_lossy()));
    }
    project
}

#[test]
fn every_planted_fault_is_named_precisely() {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root().join("fixtures/faulty")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let answer = copy_of(&path).rev("test");
        assert_eq!(answer.exit, Some(4), "{name}: {answer}");
        assert_answer!(format!("faulty_{}", name.replace('-', "_")), answer);
        names.push(name);
    }
    assert!(names.len() >= 6, "{names:?}");
}

#[test]
fn the_example_is_good_and_nothing_is_left_of_the_proof() {
    let project = copy_of(&root());
    assert_answer!("trials_example", project.rev("test --jobs 1"));
    assert_answer!("trials_example_quiet", project.rev("test -q"));
    assert!(
        !project.has("var"),
        "no database of the project was touched"
    );
}

#[test]
fn one_revision_or_a_range_is_tried_for_the_databases_named() {
    let project = Project::line();
    assert_answer!("trials_one", project.rev("test cccc --database db1"));
    assert_answer!("trials_range", project.rev("test db2@aaaa:bbbb"));
    assert_answer!("trials_unknown", project.rev("test 9999"));
}

/// A base, one that cannot go down, and one that says that rows are lost.
fn losses() -> Project {
    Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        (
            "bbbb",
            "revision: bbbb\ndown_revision: aaaa\nmessage: forget heroes\nirreversible: true\n\
             upgrade: DELETE FROM hero\n"
                .to_owned(),
        ),
        (
            "cccc",
            "revision: cccc\ndown_revision: bbbb\nmessage: drop heroes\nloses_data: true\n\
             upgrade: DROP TABLE hero\ndowngrade: CREATE TABLE hero (id INTEGER PRIMARY KEY)\n"
                .to_owned(),
        ),
    ])
}

#[test]
fn what_has_no_way_down_is_proven_up_and_what_may_lose_rows_may() {
    let project = losses();
    assert_answer!("trials_losses", project.rev("test"));
    let text = std::fs::read_to_string(project.path().join("revisions/cccc.yaml")).expect("a file");
    project.write(
        "revisions/cccc.yaml",
        &text.replace("loses_data: true\n", ""),
    );
    assert_answer!("trials_losses_unsaid", project.rev("test db1@cccc"));
}

#[test]
fn programs_and_build_servers_read_the_same() {
    let project = losses();
    project.write(
        "revisions/dddd.yaml",
        "revision: dddd\ndown_revision: bbbb\nmessage: 'a < b'\nupgrade: SELECT nothing\ndowngrade: SELECT 1\n",
    );
    let answer = project.rev("test --format json --junit report.xml --database db1");
    assert_answer!("trials_json", answer);
    let report = std::fs::read_to_string(project.path().join("report.xml")).expect("a file");
    let report = regex_free_of_times(&report);
    insta::assert_snapshot!("trials_junit", report);
}

/// The report with every time as nothing.
fn regex_free_of_times(report: &str) -> String {
    let mut parts = report.split(" time=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.split_once('"').map_or("", |(_, rest)| rest);
        format!("{text} time=\"\"{rest}")
    })
}

#[test]
fn a_row_that_cannot_be_invented_is_said() {
    let strict = "revision: bbbb\ndown_revision: aaaa\nmessage: be strict\nupgrade: |\n  \
                  CREATE TABLE rule (n INTEGER NOT NULL CHECK (n < 10));\n\
                  downgrade: DROP TABLE rule\n";
    let added = "revision: cccc\ndown_revision: bbbb\nmessage: add columns\nupgrade: |\n  \
                 ALTER TABLE rule ADD COLUMN why TEXT;\n  \
                 ALTER TABLE hero ADD COLUMN age INT NOT NULL;\n\
                 downgrade: |\n  ALTER TABLE rule DROP COLUMN why;\n  ALTER TABLE hero DROP COLUMN age;\n";
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", strict.to_owned()),
        ("cccc", added.to_owned()),
    ]);
    // SQLite itself takes such a column only while the table is empty.
    assert_answer!("trials_remarks", project.rev("test -v --database db1"));
}

#[test]
fn walkers_in_parallel_say_the_same_in_the_same_order() {
    let mut files = vec![("r000".to_owned(), table("r000", "null", "t000"))];
    for number in 1..45 {
        let (id, parent) = (format!("r{number:03}"), format!("r{:03}", number - 1));
        files.push((id.clone(), table(&id, &parent, &format!("t{number:03}"))));
    }
    let files: Vec<(&str, String)> = files
        .iter()
        .map(|(id, text)| (id.as_str(), text.clone()))
        .collect();
    let project = Project::with(&files);
    let one = project.rev("test --jobs 1");
    let several = project.rev("test --jobs 2");
    assert_eq!(one.exit, Some(0), "{one}");
    let lines = |text: &str| {
        let lines = text.lines().filter(|line| !line.contains("passed"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(&one.out), lines(&several.out));
    assert!(
        one.out
            .ends_with("47 passed, 0 failed, 0 skipped; 1 database was made\n"),
        "{one}"
    );
    assert!(
        several.out.ends_with("2 databases were made\n"),
        "{several}"
    );
}

#[test]
fn sqlite_as_a_scratch_server_is_no_usable_word() {
    let project = Project::line();
    let answer = project.rev("test --scratch sqlite:///x");
    assert_eq!(answer.exit, Some(2), "{answer}");
    assert_answer!("trials_scratch_sqlite", answer);
}

#[test]
fn a_place_where_nothing_can_be_made_is_no_fault_of_revisions() {
    let project = Project::line();
    let answer = project.rev_with(
        &["test", "--database", "db1"],
        &[("TMPDIR", "/nowhere/at/all")],
    );
    assert_eq!(answer.exit, Some(1), "{answer}");
    assert_eq!(answer.out, "", "nothing is tried: {answer}");
    assert_eq!(answer.err.matches("error:").count(), 1, "{answer}");
    assert!(answer.err.contains("TMPDIR"), "{answer}");
    assert!(!answer.err.contains("rev.yaml"), "{answer}");
}

#[test]
fn a_server_that_is_not_reached_is_told_once_with_a_hint_about_scratch() {
    let project = Project::with(&[("aaaa", table("aaaa", "null", "hero"))]);
    project.write("rev.yaml", "databases:\n  pg: postgres://u@localhost/x\n");
    let answer = project.rev("test --scratch postgres://u@127.0.0.1:1/x");
    assert_eq!(answer.exit, Some(1), "{answer}");
    assert!(answer.err.contains("--scratch postgres://"), "{answer}");
    assert!(!answer.err.contains("rev.yaml"), "{answer}");
}

#[test]
fn a_report_without_a_folder_is_found_out_before_anything_is_tried() {
    let project = Project::line();
    let answer = project.rev("test --junit no/such/report.xml");
    assert_eq!(answer.exit, Some(1), "{answer}");
    assert_eq!(answer.out, "", "nothing is tried: {answer}");
    assert!(answer.err.contains("no/such/report.xml"), "{answer}");
    let refused = project.rev("test --junit report.xml --scratch sqlite:///x");
    assert_eq!(refused.exit, Some(2), "{refused}");
    assert!(!project.has("report.xml"), "no empty report stays");
}
