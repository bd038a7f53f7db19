//! Schema files that are kept after each run: `dump:` in rev.yaml.

use rev_testkit::sqlite::execute;

use crate::harness::{Answer, Project, assert_answer, table};
#[cfg(target_os = "linux")]
use crate::terminal::Sitting;

const SETTINGS: &str = "databases:\n  db1: {url: 'sqlite://db1.sqlite', dump: kept/db1.sql}\n  \
                        db2: sqlite://db2.sqlite\n";

/// Two tables, one on the other, and a database whose schema is kept.
fn project() -> Project {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", table("bbbb", "aaaa", "power")),
    ]);
    project.write("rev.yaml", SETTINGS);
    project
}

fn kept(project: &Project) -> String {
    std::fs::read_to_string(project.path().join("kept/db1.sql")).unwrap_or_default()
}

#[track_caller]
fn done(project: &Project, words: &str) -> Answer {
    let answer = project.rev(words);
    assert_eq!(answer.exit, Some(0), "{words}: {answer}");
    answer
}

#[test]
fn the_schema_is_kept_after_each_way_that_changes_it() {
    let project = project();
    let up = done(&project, "upgrade");
    assert!(up.err.contains("db1  schema kept: kept/db1.sql"), "{up}");
    assert_answer!("kept_schema", kept(&project));
    for (words, tables) in [
        ("downgrade db1@-1", ["hero"].as_slice()),
        ("switch db1@bbbb", &["hero", "power"]),
        ("downgrade db1@base", &[]),
        ("upgrade db1@aaaa", &["hero"]),
        ("stamp db1@base", &["hero"]),
    ] {
        done(&project, words);
        let kept = kept(&project);
        let dumped = done(&project, "dump db1").out;
        assert!(kept.ends_with(&format!("\n\n{dumped}")), "{words}: {kept}");
        let made = kept.lines().filter(|it| it.starts_with("CREATE TABLE"));
        assert_eq!(made.count(), tables.len(), "{words}: {kept}");
    }
    assert!(kept(&project).starts_with("-- The schema of `db1` at base"));
}

#[test]
fn equal_databases_give_equal_files_whatever_their_rows_and_hours() {
    let (one, other) = (project(), project());
    done(&one, "upgrade");
    done(&other, "upgrade db1@aaaa");
    execute(
        &other.path().join("db1.sqlite"),
        "INSERT INTO hero VALUES (7)",
    );
    done(&other, "upgrade");
    assert_eq!(kept(&one), kept(&other));
}

#[test]
fn a_run_without_work_leaves_the_file_or_brings_it_back() {
    let project = project();
    done(&project, "upgrade");
    let text = kept(&project);
    let edited = text.replace("hero", "edited");
    project.write("kept/db1.sql", &edited);
    let again = done(&project, "upgrade");
    assert!(!again.err.contains("kept"), "{again}");
    assert_eq!(kept(&project), edited, "nothing was to be written");
    std::fs::remove_dir_all(project.path().join("kept")).expect("removed");
    done(&project, "upgrade");
    assert_eq!(kept(&project), text);
}

#[test]
fn a_schema_that_cannot_be_kept_is_told_and_the_run_is_as_it_was() {
    let project = project();
    project.write("kept/db1.sql", "-- our notes\n");
    let up = done(&project, "upgrade");
    assert!(
        up.err
            .contains("the schema of `db1` is not kept in `kept/db1.sql`: a file is there"),
        "{up}"
    );
    assert_eq!(kept(&project), "-- our notes\n");
    std::fs::remove_dir_all(project.path().join("kept")).expect("removed");
    project.write("kept", "a file in the place of the folder");
    done(&project, "downgrade db1@-1");
    let told = done(&project, "upgrade --format json").json();
    let lane = &told["lanes"][0];
    assert_eq!(lane["end"], "done", "{told}");
    let error = lane["dump"]["error"].as_str().expect("why");
    assert!(error.contains("exists already"), "{error}");
    assert!(told.get("error").is_none(), "{told}");
}

#[cfg(unix)]
#[test]
fn no_schema_is_kept_through_a_link_that_leads_out() {
    let project = project();
    let outside = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(outside.path(), project.path().join("kept")).expect("a link");
    let up = done(&project, "upgrade");
    assert!(up.err.contains("is not kept"), "{up}");
    assert_eq!(outside.path().read_dir().expect("a folder").count(), 0);
}

#[test]
fn a_file_that_is_not_of_the_head_is_found_by_check() {
    let project = project();
    assert_answer!("kept_missing", project.rev("check"));
    done(&project, "upgrade db1@aaaa");
    assert_answer!("kept_stale", project.rev("check"));
    done(&project, "upgrade");
    done(&project, "check");
    project.write("revisions/cccc.yaml", &table("cccc", "bbbb", "place"));
    assert_eq!(project.rev("check").exit, Some(4));
}

#[test]
fn what_only_begins_like_a_schema_that_is_kept_is_never_written_over() {
    let project = project();
    for text in [
        "-- The schema of the old system, by hand\n",
        "-- The schema of `db2` at bbbb, as `rev` keeps it: not to be edited.\n",
        "-- The schema of `db1` at bbbb, as we keep it.\n",
        "-- The schema of `db1` at one day, as `rev` keeps it: not to be edited.\n",
    ] {
        project.write("kept/db1.sql", text);
        let up = done(&project, "upgrade");
        assert!(up.err.contains("holds something else; move it"), "{up}");
        assert_eq!(kept(&project), text);
    }
    assert_answer!("kept_other", project.rev("check"));
    std::fs::remove_file(project.path().join("kept/db1.sql")).expect("moved away");
    done(&project, "upgrade db1@head");
    done(&project, "check");
}

#[cfg(unix)]
#[test]
fn two_databases_never_write_over_each_other_through_a_link() {
    let project = project();
    project.write(
        "rev.yaml",
        "databases:\n  db1: {url: 'sqlite://db1.sqlite', dump: kept/db1.sql}\n  \
         db2: {url: 'sqlite://db2.sqlite', dump: other/db1.sql}\n",
    );
    project.write("kept/.gitkeep", "");
    std::os::unix::fs::symlink("kept", project.path().join("other")).expect("a link");
    let up = done(&project, "upgrade");
    assert!(up.err.contains("the schema of `db2` is not kept"), "{up}");
    assert!(kept(&project).starts_with("-- The schema of `db1` at bbbb"));
}

#[test]
fn a_place_that_cannot_be_read_is_told_with_the_reason() {
    let project = project();
    project.write("kept/db1.sql/within", "");
    for reason in ["folder", "not UTF-8"] {
        let up = done(&project, "upgrade");
        let told = project.rev("check");
        assert_eq!(told.exit, Some(4), "{told}");
        for text in [&up.err, &told.out] {
            assert!(text.contains("not read: "), "{text}");
            assert!(text.contains(reason), "{text}");
        }
        assert!(told.out.contains("move it away"), "{told}");
        let path = project.path().join("kept/db1.sql");
        if path.is_dir() {
            std::fs::remove_dir_all(&path).expect("removed");
            std::fs::write(&path, b"\xff\n").expect("written");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_schema_is_kept_for_the_same_people_to_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = project();
    done(&project, "upgrade");
    let path = project.path().join("kept/db1.sql");
    for mode in [0o600, 0o440] {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&path, permissions).expect("set");
        done(&project, "downgrade db1@-1");
        done(&project, "upgrade db1@head");
        let now = path.metadata().expect("it is there").permissions().mode();
        assert_eq!(now & 0o777, mode);
        assert!(kept(&project).contains("power"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn how_a_run_ended_is_told_before_its_schema_is_read() {
    let project = project();
    let sitting = Sitting::begin(&project, &["upgrade", "db1@head"], 120);
    let (exit, shown, _) = sitting.end();
    assert_eq!(exit, Some(0), "{shown}");
    let place = |text: &str| {
        shown
            .find(text)
            .unwrap_or_else(|| panic!("{text}: {shown}"))
    };
    assert!(
        place("2 revisions applied") < place("schema kept:"),
        "{shown}"
    );
}
