//! Shortcuts on real engines: made, proven, gone through, killed half-way.

use rev_testkit::scratch::Engine;

use crate::project::Project;

/// Four revisions in a row, with a rebuilt column and an index among them.
fn line(engine: Engine) -> Project {
    let project = Project::of(engine);
    let table = |name: &str| {
        format!("upgrade: CREATE TABLE {name} (n INT)\ndowngrade: DROP TABLE {name}\n")
    };
    project.revision("a", "null", &table("a"));
    project.revision("b", "a", &table("b"));
    project.revision(
        "c",
        "b",
        "upgrade: |\n  ALTER TABLE b ADD COLUMN m INT;\n  CREATE INDEX b_m ON b (m);\n\
         downgrade:\n  mysql: |\n    DROP INDEX b_m ON b;\n    ALTER TABLE b DROP COLUMN m;\n  \
         postgres: |\n    DROP INDEX b_m;\n    ALTER TABLE b DROP COLUMN m;\n  \
         sqlite: |\n    DROP INDEX b_m;\n    ALTER TABLE b DROP COLUMN m;\n",
    );
    project.revision("d", "c", &table("d"));
    project
}

/// The flag that names a server for throw-away databases.
fn scratch(engine: Engine) -> Option<String> {
    match engine {
        Engine::Sqlite => None,
        _ => Some(engine.server_url()),
    }
}

fn squash(project: &Project, range: &str, more: &[&str]) -> crate::project::Answer {
    let url = scratch(project.database().engine());
    let mut words = vec!["squash", range];
    if let Some(url) = &url {
        words.extend(["--scratch", url]);
    }
    words.extend(more);
    project.rev(&words)
}

fn through(project: &Project) -> Vec<String> {
    project
        .database()
        .query("SELECT revision, coalesce(through, '-') FROM rev_ledger ORDER BY revision")
}

#[test]
fn a_squash_is_proven_and_leads_to_the_same_place_both_ways() {
    for engine in Engine::ALL {
        let project = line(engine);
        project.rev(&["upgrade"]).exits(0);
        let due = project.database().dump();
        project.rev(&["downgrade", "db1@base"]).exits(0);
        squash(&project, "b:c", &["--id", "sss"])
            .exits(0)
            .says("proven for db1, on throw-away databases: up and down");
        project
            .rev(&["plan"])
            .exits(0)
            .says("for 2 revisions: b, c");
        project.rev(&["upgrade"]).exits(0).says("upgrade sss");
        assert_eq!(project.database().dump(), due, "{engine:?}");
        assert_eq!(through(&project), ["a|-", "b|sss", "c|sss", "d|-"]);
        // Part of the set goes by the revisions' own files.
        project
            .rev(&["downgrade", "db1@b"])
            .exits(0)
            .says("downgrade c");
        assert_eq!(through(&project), ["a|-", "b|sss"]);
        project.rev(&["upgrade"]).exits(0).says("upgrade c");
        assert_eq!(project.database().dump(), due, "{engine:?}");
        project
            .rev(&["downgrade", "db1@a"])
            .exits(0)
            .says("downgrade sss");
        assert_eq!(project.database().tables(), ["a"], "{engine:?}");
    }
}

#[test]
fn a_shortcut_that_does_something_else_is_not_written() {
    for engine in Engine::ALL {
        let project = line(engine);
        // What a revision does depends on what is there: not so through a shortcut
        // whose scripts were changed by hand. Here the way back forgets an index.
        project.revision(
            "e",
            "d",
            "upgrade: CREATE INDEX d_n ON d (n)\ndowngrade: SELECT 1\n",
        );
        project.revision("f", "e", "upgrade: SELECT 1\ndowngrade: SELECT 1\n");
        squash(&project, "e:f", &[])
            .exits(1)
            .says("back down the shortcut, the schema is another one")
            .says("d_n")
            .says("nothing was written");
        assert_eq!(project.rev(&["heads"]).exits(0).text.lines().count(), 1);
        let files = std::fs::read_dir(project.root().join("revisions")).expect("a folder");
        assert_eq!(files.count(), 6, "{engine:?}");
    }
}

#[test]
fn a_server_asks_for_a_place_to_prove_it_and_nothing_stays_there() {
    for engine in Engine::SERVERS {
        let project = line(engine);
        project
            .rev(&["squash", "a:d"])
            .exits(1)
            .says("no server for throw-away databases is named")
            .says("--scratch");
        squash(&project, "a:d", &[]).exits(0);
        let left = match engine {
            Engine::Postgres => "SELECT datname FROM pg_database WHERE datname LIKE 'rev_scratch%'",
            _ => {
                "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'rev_scratch%'"
            }
        };
        // Other tests may be proving something right now; what stays, stays.
        let is_clean = (0..600).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            project.database().query(left).is_empty()
        });
        assert!(is_clean, "{:?}", project.database().query(left));
    }
}

#[test]
fn a_kill_on_the_way_through_a_shortcut_loses_nothing() {
    for engine in Engine::ALL {
        let project = line(engine);
        project
            .rev(&["squash", "b:d", "--id", "sss", "--no-proof"])
            .exits(0);
        project.rev(&["upgrade"]).exits(0);
        let due = project.database().dump();
        let mut kills = 0;
        for boundary in 1.. {
            project.rev(&["downgrade", "db1@base"]).exits(0);
            let up = project.kill_at(&["upgrade"], boundary);
            project.rev(&["upgrade"]).exits(0);
            assert_eq!(project.database().dump(), due, "{engine:?} up {boundary}");
            assert_eq!(through(&project), ["a|-", "b|sss", "c|sss", "d|sss"]);
            let down = project.kill_at(&["downgrade", "db1@base"], boundary);
            project.rev(&["downgrade", "db1@base"]).exits(0);
            assert_eq!(
                project.database().tables(),
                [""; 0],
                "{engine:?} down {boundary}"
            );
            kills += usize::from(up) + usize::from(down);
            if !up && !down {
                break;
            }
        }
        assert!(kills > 4, "{engine:?}: {kills}");
    }
}

#[test]
fn the_old_files_go_once_every_database_is_past_them() {
    for engine in Engine::ALL {
        let project = line(engine);
        project.rev(&["upgrade", "db1@b"]).exits(0);
        squash(&project, "base:c", &["--id", "sss"]).exits(0);
        project
            .rev(&["squash", "--finish"])
            .exits(1)
            .says("`db1` is not past `sss`: it lacks c")
            .says("rev upgrade db1@c");
        project.rev(&["upgrade"]).exits(0);
        let due = project.database().dump();
        project
            .rev(&["squash", "--finish"])
            .exits(0)
            .says("removed revisions/a.yaml");
        project.rev(&["upgrade"]).exits(0).says("nothing to do");
        project.rev(&["status", "--check"]).exits(0);
        project
            .rev(&["downgrade", "db1@base"])
            .exits(0)
            .says("downgrade sss");
        assert_eq!(project.database().tables(), [""; 0], "{engine:?}");
        project.rev(&["upgrade"]).exits(0).says("upgrade sss");
        assert_eq!(project.database().dump(), due, "{engine:?}");
        assert_eq!(through(&project), ["a|sss", "b|sss", "c|sss", "d|-"]);
    }
}
