//! `rev test` on real engines: the planted faults are found on each, and whatever
//! happens no database stays.

use std::path::Path;
use std::time::Duration;

use rev_testkit::program::{Running, wait_until};
use rev_testkit::scratch::{Engine, Scratch, server_url};

use crate::faults::Frail;
use crate::project::{Answer, Project};

/// What is planted, and what is said of it.
const FAULTS: [(&str, &[&str]); 4] = [
    (
        "downgrade-forgets-an-index",
        &[
            "the downgrade of `bbbb` does not bring the schema back",
            "--> revisions/bbbb.yaml:8:3",
            "+ index hero_name",
            "cccc  create cities … ok",
        ],
    ),
    (
        "downgrade-drops-a-column-too-many",
        &[
            "the downgrade of `bbbb` does not bring the schema back",
            "--> revisions/bbbb.yaml:7:3",
            "hero.name",
        ],
    ),
    (
        "merge-of-two-schemas",
        &[
            "the sides of merge `dddd` in the order `cccc`, `bbbb` give another schema \
             than in the order `bbbb`, `cccc`",
            "retired.power",
        ],
    ),
    (
        "upgrade-works-only-once",
        &[
            "the second upgrade of `bbbb`, after the downgrade, fails",
            "--> revisions/bbbb.yaml:6:3",
            "the downgrade leaves 1 row in `hero`: id '1', name 'Ada'",
        ],
    ),
];

/// The flags that name a server for throw-away databases.
fn scratch(engine: Engine) -> Vec<String> {
    let url = match engine {
        Engine::Sqlite => return Vec::new(),
        _ => engine.server_url(),
    };
    vec!["--scratch".to_owned(), url]
}

fn test(project: &Project, more: &[&str]) -> Answer {
    let flags = scratch(project.database().engine());
    let words = ["test"].into_iter().chain(more.iter().copied());
    let words: Vec<&str> = words.chain(flags.iter().map(String::as_str)).collect();
    project.rev(&words)
}

/// A project of this engine with the revisions of a planted fault.
fn planted(engine: Engine, name: &str) -> Project {
    let project = Project::of(engine);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/faulty");
    for entry in std::fs::read_dir(folder.join(name).join("revisions")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let into = project
            .root()
            .join("revisions")
            .join(path.file_name().expect("a name"));
        std::fs::copy(&path, into).expect("a file");
    }
    project
}

#[test]
fn a_step_that_fails_half_way_is_told_and_not_waited_for() {
    for engine in Engine::ALL {
        let project = Project::of(engine);
        let table =
            "upgrade: CREATE TABLE a (id int PRIMARY KEY, n int)\ndowngrade: DROP TABLE a\n";
        project.revision("aaaa", "null", table);
        project.revision(
            "bbbb",
            "aaaa",
            "upgrade: |\n  ALTER TABLE a ADD COLUMN x int;\n  ALTER TABLE nope ADD COLUMN y int;\n\
             downgrade: ALTER TABLE a DROP COLUMN x\n",
        );
        test(&project, &[])
            .exits(4)
            .says("--> revisions/bbbb.yaml:6:")
            .says("nope");
    }
}

#[test]
fn every_engine_finds_the_planted_faults_and_names_them_precisely() {
    for engine in Engine::ALL {
        for (name, words) in FAULTS {
            let mut answer = test(&planted(engine, name), &[]).exits(4);
            for words in words {
                let words = match engine {
                    Engine::Sqlite => words.replace("id '1'", "id 1"),
                    _ => (*words).to_owned(),
                };
                answer = answer.says(&words);
            }
            answer.says(", 1 failed, 0 skipped;");
        }
    }
}

/// Parents and children with rows of every kind, changed and changed back.
fn good(engine: Engine) -> Project {
    good_on(engine.scratch())
}

fn good_on(database: Scratch) -> Project {
    let project = Project::new(vec![("db1", database)]);
    project.revision(
        "a",
        "null",
        "upgrade: |\n  CREATE TABLE city (id INT NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE);\n  \
         CREATE TABLE hero (id INT NOT NULL PRIMARY KEY, city_id INT NOT NULL, born DATE, \
         rank NUMERIC(4,2) DEFAULT 1, FOREIGN KEY (city_id) REFERENCES city (id));\n\
         downgrade: |\n  DROP TABLE hero;\n  DROP TABLE city;\n"
            .replace("rank ", "worth ")
            .as_str(),
    );
    project.revision(
        "b",
        "a",
        "upgrade: ALTER TABLE city ADD COLUMN motto VARCHAR(10) DEFAULT 'x'\n\
         downgrade: ALTER TABLE city DROP COLUMN motto\n",
    );
    project.revision(
        "c",
        "a",
        "upgrade: ALTER TABLE city ADD COLUMN mayor VARCHAR(10)\n\
         downgrade: ALTER TABLE city DROP COLUMN mayor\n",
    );
    project.revision("m", "[b, c]", "");
    project.revision("d", "m", "irreversible: true\nupgrade: DELETE FROM hero\n");
    project.revision(
        "e",
        "d",
        "upgrade: CREATE TABLE e (n INT)\ndowngrade: DROP TABLE e\n",
    );
    project.revision(
        "f",
        "d",
        "upgrade: CREATE TABLE f (n INT)\ndowngrade: DROP TABLE f\n",
    );
    project.revision(
        "g",
        "[e, f]",
        "irreversible: true\nupgrade: CREATE TABLE g (n INT)\n",
    );
    project
}

#[test]
fn what_is_good_passes_with_its_rows_and_merges_with_and_without_a_way_back() {
    for engine in Engine::ALL {
        let answer = test(&good(engine), &["-v"]).exits(0);
        let answer = answer
            .says("merge m  make m … ok")
            .says("d  make d … ok, only up: irreversible")
            .says("merge g  make g … ok")
            .says("10 passed, 0 failed, 0 skipped");
        assert!(
            !answer.text.contains("invented"),
            "{engine:?}: {}",
            answer.text
        );
    }
}

/// The throw-away databases that are on the server.
fn left(project: &Project) -> Vec<String> {
    project.database().query(match project.database().engine() {
        Engine::Postgres => "SELECT datname FROM pg_database WHERE datname LIKE 'rev_scratch%' ORDER BY 1",
        _ => "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'rev_scratch%' ORDER BY 1",
    })
}

/// Halts a command that has made throw-away databases, and names these. On a server where
/// nobody else makes any: what others have left would be among them, and taking it away
/// would count as boundaries.
fn halt_with_databases(
    project: &Project,
    words: &[&str],
    boundary: usize,
) -> (Running, Vec<String>) {
    assert_eq!(left(project), Vec::<String>::new());
    let halted = project.halt_at(words, boundary);
    let owned = left(project);
    assert!(!owned.is_empty());
    (halted.expect("it comes that far"), owned)
}

/// Kills it; asks `again` to take away what it has left.
fn kill_and_clear(project: &Project, mut halted: Running, owned: &[String], again: impl Fn()) {
    halted.kill().expect("a kill");
    halted.wait().expect("it is gone");
    // The server may take a moment to notice.
    wait_until("what it has left is taken away", || {
        again();
        !left(project).iter().any(|it| owned.contains(it))
    });
}

#[test]
fn what_a_killed_run_has_left_goes_with_the_next_one_and_nothing_else_does() {
    for engine in Engine::SERVERS {
        let server = Frail::of(engine);
        let project = good_on(server.scratch());
        let flags = ["--scratch", &server.url()];
        let run = |more: &[&str]| {
            let words = [&["test"], more, &flags].concat();
            project.rev(&words).exits(0);
        };
        let words = [&["test"], &flags[..]].concat();
        let (halted, owned) = halt_with_databases(&project, &words, 4);
        // Its databases are in use and must stay.
        run(&[]);
        assert_eq!(left(&project), owned, "{engine:?}");
        kill_and_clear(&project, halted, &owned, || run(&["e"]));
    }
}

#[test]
fn what_a_killed_comparison_has_left_goes_with_the_next_one() {
    for engine in Engine::SERVERS {
        let server = Frail::of(engine);
        let project = good_on(server.scratch());
        project.add_setting("models: [models.sql]");
        let models = project.root().join("models.sql");
        std::fs::write(models, "CREATE TABLE lone (id INT PRIMARY KEY);").expect("a file");
        let words = ["diff", "--from-revisions"];
        let (halted, owned) = halt_with_databases(&project, &words, 2);
        kill_and_clear(&project, halted, &owned, || {
            project.rev(&words).exits(0).says("creates table `lone`");
        });
    }
}

/// The throw-away databases in which somebody sleeps.
fn at_sleep(project: &Project) -> Vec<String> {
    project.database().query(match project.database().engine() {
        Engine::Postgres => {
            "SELECT datname FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname LIKE 'rev_scratch%'"
        }
        _ => {
            "SELECT db FROM information_schema.processlist WHERE info LIKE '%SLEEP(20)%' AND db LIKE 'rev_scratch%'"
        }
    })
}

#[cfg(unix)]
#[test]
fn an_interrupt_or_a_closed_terminal_takes_the_databases_away_too() {
    let ends = Engine::ALL.into_iter().map(|engine| (engine, "-TERM"));
    for (engine, signal) in ends.chain([(Engine::Postgres, "-HUP")]) {
        let project = Project::of(engine);
        let sleep = match engine {
            Engine::Postgres => "SELECT pg_sleep(20)",
            Engine::Mariadb | Engine::Mysql => "SELECT SLEEP(20)",
            Engine::Sqlite => {
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) \
                 SELECT count(*) FROM n"
            }
        };
        project.revision(
            "a",
            "null",
            &format!("upgrade: {sleep}\ndowngrade: SELECT 1\n"),
        );
        let flags = scratch(engine);
        let words = ["test"].into_iter().chain(flags.iter().map(String::as_str));
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = project.command(&words.collect::<Vec<_>>());
        command
            .env("TMPDIR", folder.path())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        let child = Running::start(&mut command);
        let names = || match engine {
            Engine::Sqlite => {
                let files = std::fs::read_dir(folder.path()).expect("a folder");
                let names = files.map(|it| it.expect("a file").file_name());
                names.map(|it| it.to_string_lossy().into_owned()).collect()
            }
            _ => at_sleep(&project),
        };
        let mut owned: Vec<String> = Vec::new();
        for _ in 0..600 {
            std::thread::sleep(Duration::from_millis(50));
            owned = names();
            if !owned.is_empty() {
                break;
            }
        }
        assert!(!owned.is_empty(), "{engine:?}");
        let id = child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args([signal, &id])
            .status();
        assert!(sent.expect("kill runs").success());
        Answer::end_of(child)
            .exits(1)
            .says("skipped: the run was stopped");
        let there = match engine {
            Engine::Sqlite => names(),
            _ => left(&project),
        };
        assert!(
            !there.iter().any(|it| owned.contains(it)),
            "{engine:?}: {there:?}"
        );
    }
}

#[test]
fn a_server_that_lets_nothing_be_made_is_told_once_and_no_revision_fails() {
    let project = good(Engine::Postgres);
    let server = server_url("REV_TEST_POSTGRES_URL");
    project.database().execute(
        "DO $$ BEGIN CREATE ROLE rev_weak LOGIN PASSWORD 'weak'; \
         EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    );
    let (_, place) = server.split_once('@').expect("a URL with a user");
    let weak = format!("postgres://rev_weak:weak@{place}");
    let pooler = server_url("REV_TEST_PGBOUNCER_URL");
    for (url, cause) in [(&weak, "permission denied"), (&pooler, "pooler")] {
        let answer = project
            .rev(&["test", "--scratch", url])
            .exits(1)
            .says(cause);
        let text = &answer.text;
        assert!(!text.contains("FAILED"), "{text}");
        assert!(!text.contains("rev.yaml"), "{text}");
        assert_eq!(text.matches("error:").count(), 1, "{text}");
        assert!(text.contains("`--scratch postgres://…`"), "{text}");
    }
    project.database().execute("DROP ROLE rev_weak");
}
