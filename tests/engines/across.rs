//! Dependencies across databases of three engines, the third of them each of MySQL's kind.

use rev_testkit::scratch::Engine;

use crate::project::Project;

/// `one` on SQLite, `two` on PostgreSQL, `three` on MariaDB or MySQL: `b` on `two` needs
/// `a` on `one`, `c` on `three` needs `b` on `two`, `d` on `one` needs `c` on
/// `three`.
fn round(third: Engine) -> Project {
    let project = Project::new(vec![
        ("one", Engine::Sqlite.scratch()),
        ("two", Engine::Postgres.scratch()),
        ("three", third.scratch()),
    ]);
    let on = |database: &str, table: &str, needs: &str| {
        let needs = match needs {
            "" => String::new(),
            needs => format!("depends_on: [{needs}]\n"),
        };
        format!(
            "{needs}databases:\n  {database}:\n    upgrade: CREATE TABLE {table} (n INT)\n    \
             downgrade: DROP TABLE {table}\n"
        )
    };
    project.revision("a", "null", &on("one", "a", ""));
    project.revision("b", "a", &on("two", "b", "one@a"));
    project.revision("c", "b", &on("three", "c", "two@b"));
    project.revision("d", "c", &on("one", "d", "three@c"));
    project
}

fn tables(project: &Project) -> Vec<Vec<String>> {
    let databases = project.databases.iter();
    databases.map(|(_, scratch)| scratch.tables()).collect()
}

#[test]
fn lanes_wait_for_each_other_up_and_down_whatever_the_number_of_jobs() {
    for third in Engine::MYSQLS {
        for jobs in ["1", "3"] {
            let project = round(third);
            let up = project.rev(&["upgrade", "--jobs", jobs]).exits(0);
            // Where all work at once, what a lane waits for may stand before it looks.
            if jobs == "1" {
                up.says("d waits for three to have c");
            }
            assert_eq!(tables(&project), [vec!["a", "d"], vec!["b"], vec!["c"]]);
            let down = [
                "downgrade",
                "one@base",
                "two@base",
                "three@base",
                "--jobs",
                jobs,
            ];
            let down = project.rev(&down).exits(0);
            if jobs == "1" {
                down.says("a waits for two to be without b");
            }
            assert_eq!(tables(&project), [vec![""; 0], vec![], vec![]]);
        }
    }
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_touched() {
    for third in Engine::MYSQLS {
        let project = round(third);
        project
            .rev(&["upgrade", "two@head"])
            .exits(1)
            .says("`b` on `two` needs `a` on `one`, which does not have it")
            .says("rev upgrade one@a");
        project.rev(&["upgrade", "one@a"]).exits(0);
        project.rev(&["upgrade", "two@head"]).exits(0);
        project
            .rev(&["downgrade", "one@base"])
            .exits(1)
            .says("`a` cannot leave `one` while `b` stands on `two`")
            .says("rev downgrade two@a");
        project.rev(&["downgrade", "two@a"]).exits(0);
        project.rev(&["downgrade", "one@base"]).exits(0);
    }
}

#[test]
fn a_lane_whose_need_fails_does_not_begin() {
    for third in Engine::MYSQLS {
        let project = round(third);
        let broken = "databases:\n  two:\n    upgrade: CREATE NONSENSE\n    downgrade: SELECT 1\n\
                      depends_on: [one@a]\n";
        project.revision("b", "a", broken);
        let failed = project.rev(&["upgrade", "--keep-going"]).exits(3);
        failed.says("upgrade b failed").says("three  held back");
        assert_eq!(tables(&project), [vec!["a"], vec![], vec![]]);
    }
}

#[test]
fn a_database_that_is_only_read_is_locked_for_the_run() {
    for third in Engine::MYSQLS {
        let project = round(third);
        project.rev(&["upgrade", "one@a"]).exits(0);
        // A step on `two` that takes its time: meanwhile `one` may not move.
        let slow = "depends_on: [one@a]\ndatabases:\n  two:\n    \
                    upgrade: \"SELECT pg_sleep(2); CREATE TABLE b (n INT)\"\n    downgrade: DROP TABLE b\n";
        project.revision("b", "a", slow);
        let halted = project
            .halt_at(&["upgrade", "two@b"], 1)
            .expect("it has a boundary");
        project
            .rev(&["downgrade", "one@base", "--lock-wait", "0s"])
            .exits(1)
            .says("another run holds the lock");
        let mut halted = halted;
        halted.kill().expect("a kill");
        halted.wait().expect("it is gone");
        project.rev(&["upgrade", "two@b"]).exits(0);
    }
}

#[test]
fn a_kill_in_the_middle_is_gone_on_with() {
    for third in Engine::MYSQLS {
        let project = round(third);
        let down = ["downgrade", "one@base", "two@base", "three@base"];
        for boundary in 1.. {
            let up = project.kill_at(&["upgrade"], boundary);
            project.rev(&["upgrade"]).exits(0);
            assert_eq!(tables(&project), [vec!["a", "d"], vec!["b"], vec!["c"]]);
            let went_down = project.kill_at(&down, boundary);
            project.rev(&down).exits(0);
            assert_eq!(tables(&project), [vec![""; 0], vec![], vec![]]);
            if !up && !went_down {
                assert!(boundary > 5, "{boundary}");
                break;
            }
        }
    }
}

#[test]
fn what_only_the_ledger_knows_keeps_what_it_needs() {
    for third in Engine::MYSQLS {
        let project = round(third);
        project.rev(&["upgrade"]).exits(0);
        // Another branch, without `b`, `c` and `d`.
        for id in ["b", "c", "d"] {
            std::fs::remove_file(project.root().join(format!("revisions/{id}.yaml")))
                .expect("removed");
        }
        project
            .rev(&["switch", "one@base", "two@a", "three@a"])
            .exits(0)
            .says("waits for");
        assert_eq!(tables(&project), [vec![""; 0], vec![], vec![]]);
    }
}

#[test]
fn what_commits_together_cannot_wait_for_others_in_between() {
    for third in Engine::MYSQLS {
        let project = round(third);
        project
            .rev(&["upgrade", "--atomic"])
            .exits(1)
            .says("cannot share a transaction");
        assert_eq!(tables(&project), [vec![""; 0], vec![], vec![]]);
        // One way only, each lane by itself.
        project
            .rev(&["upgrade", "one@a", "two@b", "--atomic"])
            .exits(0);
        assert_eq!(tables(&project), [vec!["a"], vec!["b"], vec![]]);
    }
}
