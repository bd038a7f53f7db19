//! Many databases, and few sessions or files that may be open at once.

use std::fmt::Write as _;
use std::fs;

use rev_testkit::scratch::{Engine, Scratch};

use crate::project::{Answer, Project};

/// How many databases of a server there are, each of which takes two sessions to work on.
const DATABASES: usize = 20;
/// How many sessions the server gives us. One that was closed counts until its process is gone.
const SESSIONS: usize = 16;

/// Databases of one owner, whom the server gives few sessions.
struct Owned {
    project: Project,
    owner: String,
}

impl Owned {
    fn of(engine: Engine) -> Self {
        let databases: Vec<(String, Scratch)> = (1..=DATABASES)
            .map(|number| (format!("db{number}"), engine.scratch()))
            .collect();
        let owner = format!("owner_{}", databases[0].1.name());
        let make = match engine {
            Engine::Postgres => format!(
                "CREATE ROLE {owner} LOGIN PASSWORD 'pg-s3cret-7f' CONNECTION LIMIT {SESSIONS}"
            ),
            _ => format!(
                "CREATE USER {owner}@'%' IDENTIFIED BY 'my-s3cret-9c' \
                 WITH MAX_USER_CONNECTIONS {SESSIONS}"
            ),
        };
        databases[0].1.execute(&make);
        for (_, database) in &databases {
            let name = database.name();
            database.execute(&match engine {
                Engine::Postgres => format!("ALTER DATABASE {name} OWNER TO {owner}"),
                _ => format!("GRANT ALL ON {name}.* TO {owner}@'%'"),
            });
        }
        let named = databases
            .into_iter()
            .map(|(name, database)| (&*name.leak(), database));
        let project = Project::new(named.collect());
        project.bind(|database| database.url().replace("//rev:", &format!("//{owner}:")));
        write_history(&project);
        Self { project, owner }
    }

    /// Runs a command that may have one database in hand at a time.
    fn rev(&self, words: &str) -> Answer {
        let words: Vec<&str> = words.split(' ').collect();
        self.project.rev(&words).exits(0)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let owner = &self.owner;
        for (_, database) in &self.project.databases {
            if database.engine() == Engine::Postgres {
                database.execute(&format!("REASSIGN OWNED BY {owner} TO CURRENT_USER"));
            }
        }
        let database = self.project.database();
        database.execute(&match database.engine() {
            Engine::Postgres => format!("DROP ROLE {owner}"),
            _ => format!("DROP USER {owner}@'%'"),
        });
    }
}

fn write_history(project: &Project) {
    project.revision(
        "a",
        "null",
        "upgrade: CREATE TABLE t (n INT)\ndowngrade: DROP TABLE t\n",
    );
    project.revision(
        "b",
        "a",
        "upgrade: INSERT INTO t VALUES (1)\ndowngrade: DELETE FROM t\n",
    );
}

#[test]
fn one_job_needs_the_sessions_of_one_database() {
    for engine in Engine::SERVERS {
        let owned = Owned::of(engine);
        owned.rev("upgrade -j 1");
        for (name, database) in &owned.project.databases {
            assert_eq!(database.query("SELECT n FROM t"), ["1"], "{name}");
        }
        // What needs it elsewhere is asked of all the others.
        owned.rev("downgrade db1@base -j 1");
        owned.rev("downgrade base -j 1");
        for (name, database) in &owned.project.databases {
            assert_eq!(database.tables(), [""; 0], "{name}");
        }
    }
}

/// SQLite keeps up to four files open for a database: itself, its journal, its guard, and the
/// folder for a moment.
#[test]
fn more_files_than_a_process_may_open() {
    let files: usize = std::env::var("REV_FILES")
        .map_or(100, |count| count.parse().expect("REV_FILES is a number"));
    let project = Project::of(Engine::Sqlite);
    write_history(&project);
    let mut settings = "databases:\n".to_owned();
    for number in 0..files {
        let _ = writeln!(settings, "  db{number}: \"sqlite://var/db{number}.sqlite\"");
    }
    fs::write(project.root().join("rev.yaml"), settings).expect("a file");
    let limited = |words: &str| {
        let rev = env!("CARGO_BIN_EXE_rev");
        let output = std::process::Command::new("sh")
            .args(["-c", &format!("ulimit -n 64; exec '{rev}' {words}")])
            .current_dir(project.root())
            .output();
        Answer::of(&output.expect("sh starts")).exits(0)
    };
    limited("upgrade");
    for number in [0, files - 1] {
        let file = project.root().join(format!("var/db{number}.sqlite"));
        assert_eq!(rev_testkit::sqlite::query(&file, "SELECT n FROM t"), ["1"]);
    }
    limited("status");
    limited("downgrade db0@base");
    limited("downgrade base");
}
