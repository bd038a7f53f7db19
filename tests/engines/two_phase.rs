//! All databases or none, by two-phase commit.

use rev_testkit::scratch::{Engine, Scratch, server_url};

use crate::project::Project;

const UPGRADE: [&str; 2] = ["upgrade", "--two-phase"];

/// Three databases on servers that can prepare transactions.
fn three() -> Project {
    let names = ["db1", "db2", "db3"];
    let project = Project::new(
        names
            .into_iter()
            .map(|name| (name, Engine::Postgres.scratch()))
            .collect(),
    );
    write_history(&project);
    project
}

fn write_history(project: &Project) {
    project.revision(
        "a",
        "null",
        "upgrade: |\n  CREATE TABLE t (n INT);\n  INSERT INTO t VALUES (1);\ndowngrade: DROP TABLE t\n",
    );
    project.revision(
        "b",
        "a",
        "upgrade: INSERT INTO t VALUES (2)\ndowngrade: DELETE FROM t WHERE n = 2\n",
    );
}

/// How many databases have both revisions; the others must have none.
#[track_caller]
fn count(project: &Project) -> usize {
    let has = |(name, database): &(String, Scratch)| {
        let tables = database.tables();
        if tables.is_empty() {
            return false;
        }
        assert_eq!(database.query("SELECT n FROM t"), ["1", "2"], "{name}");
        true
    };
    project.databases.iter().filter(|entry| has(entry)).count()
}

const LEFT: &str = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()";

#[test]
fn it_commits_everywhere() {
    let project = three();
    project.rev(&UPGRADE).exits(0);
    assert_eq!(count(&project), 3);
    project.rev(&UPGRADE).exits(0).says("nothing to do");
    project
        .rev(&[
            "downgrade",
            "db1@base",
            "db2@base",
            "db3@base",
            "--two-phase",
        ])
        .exits(0);
    assert_eq!(count(&project), 0);
}

#[test]
fn killed_at_every_point_it_ends_in_all_or_nothing() {
    let mut outcomes = [0, 0];
    for boundary in 1.. {
        let project = three();
        if !project.kill_at(&UPGRADE, boundary) {
            break;
        }
        let is_undecided = project.rev(&["repair"]).code == Some(4);
        if is_undecided {
            let answer = project.rev(&["upgrade"]).exits(1);
            answer.says("rev repair");
            project.rev(&["repair", "--resume"]).exits(0);
        }
        let done = count(&project);
        assert!(done == 0 || done == 3, "{done} of 3 at boundary {boundary}");
        outcomes[done / 3] += 1;
        for (name, database) in &project.databases {
            assert_eq!(database.query(LEFT), [""; 0], "{name}");
        }
        project.rev(&["repair"]).exits(0).says("nothing to repair");
        project.rev(&UPGRADE).exits(0);
        assert_eq!(count(&project), 3, "boundary {boundary}");
    }
    // Kills before and after the decision were both met.
    assert!(outcomes[0] > 5 && outcomes[1] > 2, "{outcomes:?}");
}

#[test]
fn a_preview_of_a_plan_is_refused_while_a_run_is_open() {
    let project = three();
    let words = [
        "plan", "db1@head", "db2@head", "db3@head", "--save", "p.yaml",
    ];
    project.rev(&words).exits(0);
    let apply = ["apply", "p.yaml", "--two-phase"];
    let is_open = (1..).any(|boundary| {
        let is_killed = project.kill_at(&apply, boundary);
        assert!(is_killed, "no kill left a run open");
        project.rev(&["repair"]).code == Some(4)
    });
    assert!(is_open);
    project
        .rev(&["apply", "p.yaml", "--dry-run"])
        .exits(1)
        .says("rev repair --resume");
    project.rev(&["repair", "--resume"]).exits(0);
    project.rev(&["apply", "p.yaml", "--dry-run"]).exits(0);
    project.rev(&["apply", "p.yaml"]).exits(0);
    assert_eq!(count(&project), 3);
}

#[test]
fn where_one_fails_none_is_changed() {
    let project = three();
    project.databases[1].1.execute("CREATE TABLE t (other INT)");
    project.rev(&UPGRADE).exits(1).says("already exists");
    assert_eq!(project.databases[0].1.tables(), [""; 0]);
    assert_eq!(project.databases[2].1.tables(), [""; 0]);
    project.databases[1].1.execute("DROP TABLE t");
    project.rev(&UPGRADE).exits(0);
    assert_eq!(count(&project), 3);
}

#[test]
fn a_run_that_is_alive_is_not_concluded_by_another_hand() {
    let project = three();
    let mut child = None;
    for boundary in 1.. {
        let mut running = project
            .halt_at(&UPGRADE, boundary)
            .expect("it comes so far");
        // All are prepared, and nothing is decided.
        let prepared = project.databases[2].1.query(LEFT);
        if prepared.len() == 1 {
            child = Some(running);
            break;
        }
        running.kill().expect("a kill");
        running.wait().expect("it is gone");
        project.rev(&["repair", "--resume"]);
    }
    project
        .rev(&["repair", "--resume"])
        .exits(3)
        .says("at work");
    let mut child = child.expect("a run");
    child.kill().expect("a kill");
    child.wait().expect("it is gone");
    project
        .rev(&["repair", "--resume"])
        .exits(0)
        .says("rolled back");
    assert_eq!(count(&project), 0);
}

#[test]
fn a_server_that_cannot_prepare_is_refused_before_anything_runs() {
    let plain = Scratch::on(Engine::Postgres, server_url("REV_TEST_POSTGRES_PLAIN_URL"));
    let others = Engine::ALL
        .into_iter()
        .filter(|&engine| engine != Engine::Postgres);
    for other in others.map(Engine::scratch).chain([plain]) {
        let engine = other.engine();
        let project = Project::new(vec![("db1", Engine::Postgres.scratch()), ("db2", other)]);
        write_history(&project);
        let answer = project.rev(&UPGRADE).exits(1).says("db2");
        match engine {
            Engine::Postgres => answer.says("max_prepared_transactions"),
            _ => answer.says("prepare"),
        };
        for (name, database) in &project.databases {
            assert_eq!(database.tables(), [""; 0], "{name}");
        }
    }
}

#[test]
fn through_a_pooler_it_is_refused_before_anything_runs() {
    let project = three();
    let pooler = server_url("REV_TEST_PGBOUNCER_URL");
    project.bind(|scratch| scratch.url_on(&pooler));
    project.rev(&UPGRADE).exits(1).says("pooler");
    assert_eq!(count(&project), 0);
}
