//! Scripts that choose the isolation level of their transaction.

use rev_testkit::scratch::{Engine, PostgresSession, Scratch, server_url};

use crate::offline::run_script;
use crate::project::Project;

const SEEN: &str = "SELECT DISTINCT level FROM seen";

/// Writes down at which level it runs.
fn look(engine: Engine) -> String {
    match engine {
        Engine::Postgres => {
            "INSERT INTO seen SELECT current_setting('transaction_isolation')".to_owned()
        }
        // What it shows is up to 0.1 s old, and says nothing of what is younger.
        _ => {
            let look = "INSERT INTO seen SELECT trx_isolation_level FROM information_schema.INNODB_TRX \
                        WHERE trx_mysql_thread_id = CONNECTION_ID()";
            format!("INSERT INTO t VALUES (1); {look}; DO SLEEP(0.3); {look}")
        }
    }
}

/// A level, and what its server calls it afterwards.
fn levels(engine: Engine) -> [(&'static str, &'static str); 2] {
    match engine {
        Engine::Postgres => [
            ("ISOLATION LEVEL SERIALIZABLE", "serializable"),
            (
                "ISOLATION LEVEL REPEATABLE READ, READ WRITE",
                "repeatable read",
            ),
        ],
        _ => [
            ("ISOLATION LEVEL SERIALIZABLE", "SERIALIZABLE"),
            ("ISOLATION LEVEL READ COMMITTED", "READ COMMITTED"),
        ],
    }
}

/// A first revision with the tables, and a second one that chooses a level up, and another one
/// down.
fn choosing(engine: Engine) -> Project {
    let project = Project::of(engine);
    let [up, down] = levels(engine);
    let look = look(engine);
    project.revision(
        "aaaa",
        "null",
        "upgrade:\n  - CREATE TABLE t (n INT)\n  - CREATE TABLE seen (level VARCHAR(30))\n\
         downgrade:\n  - DROP TABLE seen\n  - DROP TABLE t\n",
    );
    project.revision(
        "bbbb",
        "aaaa",
        &format!(
            "upgrade: |\n  -- as it is said in the manual\n  SET TRANSACTION {};\n  {look};\n\
             downgrade: |\n  DELETE FROM seen;\n  {look};\n",
            up.0
        )
        .replace(
            "  DELETE",
            &format!("  SET TRANSACTION {};\n  DELETE", down.0),
        ),
    );
    project
}

fn seen(database: &Scratch) -> Vec<String> {
    database.query(SEEN)
}

#[test]
fn a_script_chooses_its_isolation_level_both_ways() {
    for engine in Engine::SERVERS {
        let [up, down] = levels(engine);
        let project = choosing(engine);
        project.rev(&["check"]).exits(0);
        project.rev(&["upgrade", "aaaa"]).exits(0);
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(seen(project.database()), [up.1], "{engine:?}");
        project.rev(&["downgrade", "db1@aaaa"]).exits(0);
        assert_eq!(seen(project.database()), [down.1], "{engine:?}");

        // A plan that was saved, and the script that is shown.
        project.rev(&["plan", "--save", "plan.json"]).exits(0);
        project.database().execute("DELETE FROM seen");
        project.rev(&["apply", "plan.json"]).exits(0);
        assert_eq!(seen(project.database()), [up.1], "{engine:?}: saved");
        project.rev(&["downgrade", "db1@aaaa"]).exits(0);
        project.database().execute("DELETE FROM seen");
        let shown = project.rev(&["upgrade", "--sql"]).exits(0).text;
        run_script(project.database(), &shown).done();
        assert_eq!(seen(project.database()), [up.1], "{engine:?}: shown");
        let shown = project
            .rev(&["downgrade", "--sql", "db1@aaaa"])
            .exits(0)
            .text;
        run_script(project.database(), &shown).done();
        assert_eq!(seen(project.database()), [down.1], "{engine:?}: shown");
    }
}

#[test]
fn a_level_is_chosen_behind_a_pooler_too() {
    for _ in Engine::Postgres.alone() {
        let pooler = server_url("REV_TEST_PGBOUNCER_URL");
        let project = choosing(Engine::Postgres);
        project.bind(|scratch| scratch.url_on(&pooler));
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(seen(project.database()), ["serializable"]);
    }
}

#[test]
fn steps_that_commit_together_choose_one_level() {
    for _ in Engine::Postgres.alone() {
        let project = choosing(Engine::Postgres);
        project.rev(&["upgrade", "--atomic", "db1@head"]).exits(0);
        assert_eq!(seen(project.database()), ["serializable"]);
        let other = "upgrade: |\n  SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\n  DELETE FROM t;\n\
                     irreversible: true\n";
        let project = choosing(Engine::Postgres);
        project.revision("cccc", "bbbb", other);
        project
            .rev(&["upgrade", "--atomic", "db1@head"])
            .exits(1)
            .says("another isolation level");
        project.rev(&["upgrade"]).exits(0);
    }
}

/// What is locked at the beginning is locked before the snapshot is taken, as the server's
/// manual advises: rows that came until then are seen.
#[test]
fn a_snapshot_is_taken_after_what_the_script_locks() {
    for _ in Engine::Postgres.alone() {
        let project = Project::of(Engine::Postgres);
        let database = project.database();
        database.execute("CREATE TABLE t (n INT)");
        project.revision(
            "aaaa",
            "null",
            "upgrade: |\n  SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\n  LOCK TABLE t;\n  \
             UPDATE t SET n = 2;\nirreversible: true\n",
        );
        project.bind_with(Scratch::url, "1min");
        // Its row is there once the lock is given, and not before the run waits for it.
        let waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 't'::regclass";
        let mut holder = PostgresSession::new(&database.url());
        holder.query("BEGIN").expect("a transaction");
        holder.query("INSERT INTO t VALUES (1)").expect("a row");
        let mut run = project.start(&["upgrade"]);
        while database.query(waits).is_empty() {
            let ended = run.try_wait().expect("a process");
            assert!(ended.is_none(), "it did not wait: {ended:?}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        holder.query("COMMIT").expect("a commit");
        let output = run.wait_with_output();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(database.query("SELECT n FROM t"), ["2"]);
    }
}

#[test]
fn a_choice_that_cannot_be_kept_is_refused_before_anything_runs() {
    let level = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE";
    for engine in Engine::SERVERS {
        let (other, instead) = match engine {
            Engine::Postgres => (
                "leave `transaction: none` out",
                "SET SESSION CHARACTERISTICS",
            ),
            _ => ("a revision of their own", "SET SESSION TRANSACTION"),
        };
        for (script, mode, hint) in [
            (
                format!("DELETE FROM t;\n  {level}"),
                "",
                "put it at the beginning",
            ),
            (format!("{level}, READ ONLY"), "", "take `READ ONLY` out"),
            (level.to_owned(), "transaction: none\n", other),
            (level.to_owned(), "transaction: none\n", instead),
        ] {
            let project = Project::of(engine);
            project.database().execute("CREATE TABLE t (n INT)");
            project.revision(
                "aaaa",
                "null",
                &format!("upgrade: |\n  {script};\n{mode}irreversible: true\n"),
            );
            for command in ["check", "plan", "upgrade"] {
                let due = if command == "check" { 4 } else { 1 };
                project.rev(&[command]).exits(due).says(hint);
            }
            assert_eq!(project.database().tables(), ["t"], "{engine:?}");
        }
        if engine.is_mysql() {
            let project = Project::of(engine);
            let script =
                format!("upgrade: |\n  {level};\n  CREATE TABLE t (n INT);\nirreversible: true\n");
            project.revision("aaaa", "null", &script);
            project.rev(&["check"]).exits(4).says(other);
            // Only the server knows that this table has no transactions.
            let project = Project::of(engine);
            project
                .database()
                .execute("CREATE TABLE t (n INT) ENGINE = MyISAM");
            let script = format!(
                "upgrade: |\n  {level};\n  INSERT INTO t VALUES (1);\nirreversible: true\n"
            );
            project.revision("aaaa", "null", &script);
            project
                .rev(&["upgrade"])
                .exits(1)
                .says("no transactions")
                .says("SET SESSION TRANSACTION");
            assert_eq!(
                project.database().query("SELECT n FROM t"),
                Vec::<String>::new()
            );
        }
    }
}
