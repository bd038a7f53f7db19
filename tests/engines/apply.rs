//! Saved plans on real databases: cut off and applied again, raced, repaired.

use std::io::{BufRead as _, BufReader, Read as _};
use std::thread;
use std::time::Duration;

use rev_testkit::scratch::{Engine, server_url};

use crate::project::{Answer, Project, Still, contents};

const SAVE: [&str; 5] = ["plan", "db1@head", "-q", "--save", "plan.yaml"];
const APPLY: [&str; 2] = ["apply", "plan.yaml"];

/// DDL and DML, with and without a transaction, in two branches and their merge.
fn write_history(project: &Project, engine: Engine) {
    project.revision(
        "a",
        "null",
        "upgrade: |\n  CREATE TABLE t (id INT PRIMARY KEY, n INT);\n  \
         INSERT INTO t VALUES (1, 0), (2, 0);\n\
         downgrade: |\n  DROP TABLE t;\n",
    );
    let on_t = if engine.is_mysql() { " ON t" } else { "" };
    project.revision(
        "left",
        "a",
        &format!(
            "upgrade: |\n  ALTER TABLE t ADD COLUMN extra INT;\n  UPDATE t SET n = n + 1;\n  \
             CREATE INDEX i ON t (extra);\n\
             downgrade: |\n  DROP INDEX i{on_t};\n  UPDATE t SET n = n - 1;\n  \
             ALTER TABLE t DROP COLUMN extra;\n"
        ),
    );
    project.revision(
        "right",
        "a",
        "transaction: none\nupgrade:\n  - CREATE TABLE u (n INT)\n  \
         - INSERT INTO u SELECT n FROM t\n  - ALTER TABLE u RENAME TO v\n\
         downgrade:\n  - DROP TABLE v\n",
    );
    project.revision("merged", "[left, right]", "");
}

/// A plan, killed at each boundary in turn, arrives when it is applied again at
/// what an undisturbed upgrade leaves, and has nothing to do when it is done.
fn killed_at_every_boundary(engine: Engine) {
    let (project, undisturbed) = (Project::of(engine), Project::of(engine));
    for project in [&project, &undisturbed] {
        write_history(project, engine);
    }
    undisturbed.rev(&["upgrade"]).exits(0);
    for boundary in 1.. {
        project.rev(&SAVE).exits(0);
        let was_killed = project.kill_at(&APPLY, boundary);
        let answer = project.rev(&APPLY).exits(0);
        assert_eq!(
            contents(project.database()),
            contents(undisturbed.database()),
            "{engine:?}, killed at boundary {boundary}: {}",
            answer.text
        );
        project.rev(&APPLY).exits(0).says("nothing to do");
        if !was_killed {
            assert!(boundary > 10, "{boundary} boundaries are no matrix");
            break;
        }
        project.rev(&["downgrade", "db1@base"]).exits(0);
    }
}

#[test]
fn sqlite_goes_on_with_a_plan_that_was_killed_anywhere() {
    killed_at_every_boundary(Engine::Sqlite);
}

#[test]
fn postgres_goes_on_with_a_plan_that_was_killed_anywhere() {
    killed_at_every_boundary(Engine::Postgres);
}

#[test]
fn mariadb_goes_on_with_a_plan_that_was_killed_anywhere() {
    killed_at_every_boundary(Engine::Mariadb);
}

#[test]
fn mysql_goes_on_with_a_plan_that_was_killed_anywhere() {
    for engine in Engine::Mysql.alone() {
        killed_at_every_boundary(engine);
    }
}

/// A step that a killed plan has left half done may be finished by `repair`: that
/// is no change to the plan. What another command finishes is one.
#[test]
fn what_repair_finishes_of_a_plan_is_the_plans() {
    for engine in Engine::MYSQLS {
        finished_by_repair_and_by_another(engine);
    }
}

fn finished_by_repair_and_by_another(engine: Engine) {
    let project = Project::of(engine);
    write_history(&project, engine);
    let half_done = |project: &Project| {
        project.rev(&SAVE).exits(0);
        let boundary = (1..).find(|&boundary| {
            assert!(project.kill_at(&APPLY, boundary), "it never stops half-way");
            let is_begun = project.rev(&["repair", "db1"]).code == Some(4);
            if !is_begun {
                project.rev(&["downgrade", "db1@base"]).exits(0);
            }
            is_begun
        });
        boundary.expect("a boundary")
    };
    half_done(&project);
    project.rev(&["repair", "db1", "--resume"]).exits(0);
    project.rev(&APPLY).exits(0).says("now at merged");

    project.rev(&["downgrade", "db1@base"]).exits(0);
    half_done(&project);
    project.rev(&["upgrade", "db1@a"]).exits(0);
    project.rev(&APPLY).exits(1).says("a  was applied by");
}

/// A run that holds the lock for a while, and brings the first revision.
fn slow(project: &Project, engine: Engine) {
    let wait = match engine {
        Engine::Postgres => "SELECT pg_sleep(3)",
        Engine::Mariadb | Engine::Mysql => "SELECT SLEEP(3)",
        Engine::Sqlite => {
            "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 8000000) \
             SELECT max(n) FROM c"
        }
    };
    project.revision(
        "a",
        "null",
        &format!("upgrade:\n  - {wait}\n  - CREATE TABLE t (n INT)\ndowngrade: DROP TABLE t\n"),
    );
    project.revision(
        "b",
        "a",
        "upgrade: CREATE TABLE u (n INT)\ndowngrade: DROP TABLE u\n",
    );
}

/// Whoever moves the database after the plan has looked at it, and before it has
/// the lock, is noticed.
fn raced(engine: Engine) {
    let project = Project::of(engine);
    slow(&project, engine);
    project.rev(&SAVE).exits(0);
    let mut winner = project.start(&["upgrade", "db1@a"]);
    while !project.rev(&["status", "db1"]).text.contains("at work") {
        let ended = winner.try_wait().expect("a process");
        assert_eq!(ended, None, "{engine:?}: it was not seen at work");
    }
    // Past what it does before the script, so that it stands still where readers may read.
    thread::sleep(Duration::from_millis(100));
    let winner = Still::of(winner);
    let mut apply = project.start(&APPLY);
    let mut told = BufReader::new(apply.stderr.take().expect("a pipe"));
    let mut line = String::new();
    told.read_line(&mut line).expect("a line");
    assert!(line.contains("waiting for `db1`"), "{engine:?}: {line}");
    Answer::end_of(winner.goes_on()).exits(0);
    let mut rest = String::new();
    told.read_to_string(&mut rest).expect("text");
    assert!(
        rest.contains("the plan does not fit `db1` any more") && rest.contains("a  was applied by"),
        "{engine:?}: {rest}"
    );
    Answer::end_of(apply).exits(1);
    assert_eq!(project.database().tables(), ["t"], "{engine:?}");
}

#[test]
fn who_moves_the_database_before_the_lock_is_taken_is_noticed() {
    thread::scope(|scope| {
        for engine in Engine::ALL {
            // The thread has the name of the test, by which it is known what was met.
            let test = thread::current().name().map(str::to_owned);
            let builder = thread::Builder::new().name(test.unwrap_or_default());
            let started = builder.spawn_scoped(scope, move || raced(engine));
            started.expect("a thread");
        }
    });
}

/// Many starts of one plan do it once, and all succeed; also through a pooler, where
/// no lock keeps them apart.
#[test]
fn many_starts_of_one_plan_do_it_once() {
    let pooler = server_url("REV_TEST_PGBOUNCER_URL");
    let ways = Engine::ALL.into_iter().map(|engine| (engine, false));
    for (engine, is_pooled) in ways.chain([(Engine::Postgres, true)]) {
        let project = Project::of(engine);
        write_history(&project, engine);
        if is_pooled {
            project.bind(|scratch| scratch.url_on(&pooler));
            let right = "upgrade: CREATE TABLE v (n INT)\ndowngrade: DROP TABLE v\n";
            project.revision("right", "a", right);
        }
        project.rev(&SAVE).exits(0);
        let starts: Vec<_> = (0..8).map(|_| project.start(&APPLY)).collect();
        for start in starts {
            Answer::end_of(start).exits(0);
        }
        let log = "SELECT revision FROM rev_log WHERE outcome = 'done' ORDER BY sequence";
        let ran = project.database().query(log);
        assert_eq!(ran, ["a", "left", "right", "merged"], "{engine:?}");
    }
}

/// Lanes that wait for each other, cut off and gone on with; all in one transaction
/// a lane; and a lane that fails beside one that goes on.
#[test]
fn lanes_of_a_plan_wait_for_each_other_and_go_on() {
    for third in Engine::MYSQLS {
        waiting_lanes(third);
    }
}

fn waiting_lanes(third: Engine) {
    let project = Project::new(vec![
        ("one", Engine::Sqlite.scratch()),
        ("two", Engine::Postgres.scratch()),
        ("three", third.scratch()),
    ]);
    let on = |database: &str, table: &str, needs: &str| {
        format!(
            "depends_on: [{needs}]\ndatabases:\n  {database}:\n    upgrade: CREATE TABLE {table} (n INT)\n    \
             downgrade: DROP TABLE {table}\n"
        )
    };
    project.revision("a", "null", &on("one", "a", ""));
    project.revision("b", "a", &on("two", "b", "one@a"));
    project.revision("c", "b", &on("three", "c", "two@b"));
    let save = ["plan", "head", "-q", "--save", "plan.yaml"];
    for boundary in [2, 5, 9] {
        project.rev(&save).exits(0);
        assert!(project.kill_at(&["apply", "plan.yaml", "--jobs", "2"], boundary));
        project.rev(&["apply", "plan.yaml", "--jobs", "1"]).exits(0);
        project.rev(&APPLY).exits(0).says("nothing to do");
        project.rev(&["downgrade", "base"]).exits(0);
    }
    project.rev(&save).exits(0);
    let three = &project.databases[2].1;
    three.execute("CREATE TABLE c (n INT)");
    let again = ["apply", "plan.yaml", "--keep-going"];
    project.rev(&again).exits(3).says("three  failed");
    three.execute("DROP TABLE c");
    project
        .rev(&again)
        .exits(0)
        .says("three  1 revision applied");
}

#[test]
fn a_plan_may_commit_all_of_a_lane_or_nothing() {
    let project = Project::of(Engine::Postgres);
    write_history(&project, Engine::Postgres);
    let save = ["plan", "db1@left", "-q", "--save", "plan.yaml"];
    project.rev(&save).exits(0);
    project.database().execute("CREATE TABLE i (n INT)");
    let apply = ["apply", "plan.yaml", "--atomic"];
    project.rev(&apply).exits(1).says("upgrade left failed");
    assert_eq!(project.database().tables(), ["i"]);
    project.database().execute("DROP TABLE i");
    project.rev(&apply).exits(0).says("now at left");
    project.rev(&apply).exits(0).says("nothing to do");
}
