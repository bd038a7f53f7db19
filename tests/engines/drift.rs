//! Files that no longer say what was applied, and the ways out.

use rev_testkit::scratch::Engine;

use crate::project::Project;

const A: &str = "upgrade: CREATE TABLE a (n INT)\ndowngrade: DROP TABLE a\n";
const B: &str = "upgrade: CREATE TABLE b (n INT)\ndowngrade: DROP TABLE b\n";
const C: &str = "upgrade: CREATE TABLE c (n INT)\ndowngrade: DROP TABLE c\n";

/// Three revisions in a row, all applied.
fn applied(engine: Engine) -> Project {
    let project = Project::of(engine);
    project.revision("a", "null", A);
    project.revision("b", "a", B);
    project.revision("c", "b", C);
    project.rev(&["upgrade"]).exits(0);
    project
}

#[test]
fn an_edited_revision_is_done_again_by_what_was_stored_and_what_is_written() {
    for engine in Engine::ALL {
        let project = applied(engine);
        let edited = "upgrade: CREATE TABLE better (n INT)\ndowngrade: DROP TABLE better\n";
        project.revision("c", "b", edited);
        project.revision(
            "d",
            "c",
            "upgrade: INSERT INTO better VALUES (1)\ndowngrade: DELETE FROM better\n",
        );
        let refused = project.rev(&["upgrade"]).exits(1);
        refused
            .says("rev repair db1 --redo c")
            .says("rev repair db1 --accept c");
        project
            .rev(&["repair", "--redo", "c"])
            .exits(0)
            .says("1 revision done again");
        assert_eq!(
            project.database().tables(),
            ["a", "b", "better"],
            "{engine:?}"
        );
        project
            .rev(&["repair", "--redo", "c"])
            .exits(0)
            .says("nothing to do");
        project.rev(&["upgrade"]).exits(0);
        project.rev(&["downgrade", "db1@base"]).exits(0);
        assert_eq!(project.database().tables(), [""; 0], "{engine:?}");
    }
}

#[test]
fn what_others_stand_on_is_done_again_with_them_or_not_at_all() {
    for engine in Engine::ALL {
        let project = applied(engine);
        project.revision("b", "a", &B.replace("b (n INT)", "b (n BIGINT)"));
        let refused = project.rev(&["repair", "db1", "--redo", "b"]).exits(1);
        refused.says("`c` stands on it").says("--redo c");
        // `c` itself is as it was applied, so nothing is done for it.
        project.revision("c", "b", &C.replace("c (n INT)", "c (n BIGINT)"));
        project
            .rev(&["repair", "db1", "--redo", "b", "--redo", "c"])
            .exits(0);
        assert_eq!(project.database().tables(), ["a", "b", "c"], "{engine:?}");
        project.rev(&["status", "--check"]).exits(0);
    }
}

#[test]
fn what_a_person_did_by_hand_is_accepted_without_running_anything() {
    for engine in Engine::ALL {
        let project = applied(engine);
        project.revision(
            "b",
            "a",
            "upgrade: CREATE TABLE by_hand (n INT)\ndowngrade: DROP TABLE by_hand\n",
        );
        project.revision("c", "a", C);
        project
            .database()
            .execute("ALTER TABLE b RENAME TO by_hand");
        let drifted = project.rev(&["status", "--check"]).exits(4);
        drifted.says("edited").says("stood on b when applied");
        let accepted = project
            .rev(&["repair", "--accept", "b", "--accept", "c"])
            .exits(0);
        accepted.says("2 revisions accepted");
        project
            .rev(&["repair", "--accept", "b", "--accept", "c"])
            .exits(0)
            .says("nothing to do");
        assert_eq!(
            project.database().tables(),
            ["a", "by_hand", "c"],
            "{engine:?}"
        );
        let drift = project.rev(&["status"]).exits(0);
        assert!(!drift.text.contains("drift"), "{}", drift.text);
        project.rev(&["downgrade", "db1@base"]).exits(0);
        assert_eq!(project.database().tables(), [""; 0], "{engine:?}");
    }
}

#[test]
fn a_redo_is_refused_where_there_is_no_way_down_or_no_file() {
    let project = Project::of(Engine::Sqlite);
    project.revision(
        "a",
        "null",
        "upgrade: CREATE TABLE a (n INT)\nirreversible: true\n",
    );
    project.revision("b", "a", B);
    project.rev(&["upgrade"]).exits(0);
    std::fs::remove_file(project.root().join("revisions/b.yaml")).expect("it is there");
    project
        .rev(&["repair", "--redo", "b"])
        .exits(1)
        .says("no file");
    project
        .rev(&["repair", "--accept", "b"])
        .exits(1)
        .says("no file");
    project.rev(&["downgrade", "db1@a"]).exits(0);
    project.revision(
        "a",
        "null",
        "upgrade: CREATE TABLE aa (n INT)\nirreversible: true\n",
    );
    project
        .rev(&["repair", "--redo", "a"])
        .exits(1)
        .says("no way down");
    assert_eq!(project.database().tables(), ["a"]);
    project
        .rev(&["repair", "--redo", "nosuch"])
        .exits(1)
        .says("nosuch");
}

#[test]
fn a_redo_that_is_killed_in_between_is_finished_by_an_upgrade() {
    for engine in Engine::ALL {
        for boundary in 1.. {
            let project = applied(engine);
            project.revision("c", "b", &C.replace("c (n INT)", "c (n BIGINT, m INT)"));
            if !project.kill_at(&["repair", "--redo", "c"], boundary) {
                break;
            }
            // Taken down already, there is nothing to do again, and the way is up.
            project.rev(&["repair", "--redo", "c"]).exits(0);
            project.rev(&["upgrade"]).exits(0);
            project.rev(&["status", "--check"]).exits(0);
            project.database().execute("INSERT INTO c VALUES (1, 2)");
        }
    }
}

/// The same history on three engines, with a branch that only its files had.
fn left_behind(second: Engine, rest: &str) -> Project {
    let databases = vec![
        ("db1", Engine::Postgres.scratch()),
        ("db2", second.scratch()),
        ("search", Engine::Sqlite.scratch()),
    ];
    let project = Project::new(databases);
    project.revision("a", "null", A);
    project.revision("theirs", "a", rest);
    project.rev(&["upgrade"]).exits(0);
    std::fs::remove_file(project.root().join("revisions/theirs.yaml")).expect("it is there");
    project.revision("ours", "a", C);
    project
}

#[test]
fn a_branch_whose_files_are_gone_is_left_on_three_engines_at_once() {
    for second in Engine::MYSQLS {
        let project = left_behind(second, B);
        let refused = project.rev(&["upgrade"]).exits(1);
        refused.says("theirs").says("rev switch");
        project.rev(&["switch", "head"]).exits(0);
        for (name, database) in &project.databases {
            assert_eq!(database.tables(), ["a", "c"], "{name}");
        }
        project.rev(&["status", "--check"]).exits(0);
    }
}

#[test]
fn a_switch_that_cannot_go_down_touches_no_database() {
    for second in Engine::MYSQLS {
        let irreversible = "upgrade: CREATE TABLE b (n INT)\nirreversible: true\n";
        let project = left_behind(second, irreversible);
        project
            .rev(&["switch", "head"])
            .exits(1)
            .says("no way down from `theirs`");
        for (name, database) in &project.databases {
            assert_eq!(database.tables(), ["a", "b"], "{name}");
        }
    }
}

#[test]
fn a_switch_over_an_edited_revision_touches_no_database() {
    for second in Engine::MYSQLS {
        let project = left_behind(second, B);
        project.revision("a", "null", &A.replace("n INT", "n BIGINT"));
        project
            .rev(&["switch", "head"])
            .exits(1)
            .says("a  edited since");
        for (name, database) in &project.databases {
            assert_eq!(database.tables(), ["a", "b"], "{name}");
        }
    }
}

/// Whoever may write to the ledger must not get SQL run with the migrator's rights.
#[test]
fn a_stored_way_down_that_was_changed_is_shown_and_does_not_run() {
    let changes = [
        "UPDATE rev_ledger SET downgrade = '[\"DROP TABLE a\"]' WHERE revision = 'cccc'",
        "UPDATE rev_ledger SET downgrade_digest = revision_digest WHERE revision = 'cccc'",
    ];
    for engine in Engine::ALL {
        for change in changes {
            let project = Project::of(engine);
            for (id, parent, table) in [("aaaa", "null", "a"), ("cccc", "aaaa", "c")] {
                project.revision(
                    id,
                    parent,
                    &format!("upgrade: CREATE TABLE {table} (id INT PRIMARY KEY)\ndowngrade: DROP TABLE {table}\n"),
                );
            }
            project.rev(&["upgrade", "db1@head"]).exits(0);
            std::fs::remove_file(project.root().join("revisions/cccc.yaml")).expect("a file");
            project.rev(&["plan", "downgrade", "db1@aaaa"]).exits(0);
            project.database().execute(change);
            project
                .rev(&["status", "db1", "--check"])
                .exits(4)
                .says("cccc  its stored way down was changed in the ledger");
            for command in ["downgrade", "switch"] {
                project
                    .rev(&[command, "db1@aaaa"])
                    .exits(1)
                    .says("the stored way down of `cccc` was changed in the ledger")
                    .says("rev repair db1 --accept cccc");
            }
            assert_eq!(
                project.database().query("SELECT count(*) FROM a"),
                ["0"],
                "{engine:?}"
            );
            assert_eq!(
                project.database().query("SELECT count(*) FROM c"),
                ["0"],
                "{engine:?}"
            );
            // Looked at and taken as it is, what is stored runs.
            project.rev(&["repair", "db1", "--accept", "cccc"]).exits(0);
            project.rev(&["downgrade", "db1@aaaa"]).exits(0);
            project.rev(&["current", "db1"]).exits(0).says("aaaa");
        }
    }
}
