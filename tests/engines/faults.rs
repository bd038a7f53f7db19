//! What breaks around a run: servers, connections, disks, locks, rights. Each is
//! told clearly, nothing is half recorded, and the same command arrives later.

use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use rev_testkit::program::wait_until;
use rev_testkit::scratch::{Engine, Scratch, server_url};

use crate::project::{Answer, Project, contents};
use crate::proxy::Proxy;
use crate::silence::write_history;

/// A history of three revisions, of which the second waits for two seconds.
fn write_slow_history(project: &Project, wait: &str) {
    project.revision(
        "a",
        "null",
        "upgrade: |\n  CREATE TABLE t (n INT);\n  INSERT INTO t VALUES (1);\nirreversible: true\n",
    );
    project.revision(
        "b",
        "a",
        &format!("upgrade: |\n  INSERT INTO t VALUES (2);\n  {wait};\n  INSERT INTO t VALUES (3);\nirreversible: true\n"),
    );
    project.revision(
        "c",
        "b",
        "upgrade: |\n  ALTER TABLE t ADD COLUMN m INT;\n  INSERT INTO t VALUES (4, 4);\nirreversible: true\n",
    );
}

fn wait(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => unreachable!("it has no server"),
        Engine::Postgres => "SELECT pg_sleep(2)",
        Engine::Mariadb | Engine::Mysql => "SELECT SLEEP(2)",
    }
}

const ROWS: &str = "SELECT n FROM t ORDER BY n";

/// A server that tests may stop, one test at a time.
pub(crate) struct Frail {
    engine: Engine,
    started: Option<Child>,
    _turn: MutexGuard<'static, ()>,
}

impl Frail {
    pub(crate) fn of(engine: Engine) -> Self {
        static TURNS: [Mutex<()>; 4] = [const { Mutex::new(()) }; 4];
        let turn = TURNS[engine as usize]
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Self {
            engine,
            started: None,
            _turn: turn,
        }
    }

    fn setting(&self, what: &str) -> String {
        self.engine.setting(&format!("FRAIL_{what}"))
    }

    pub(crate) fn url(&self) -> String {
        self.setting("URL")
    }

    pub(crate) fn scratch(&self) -> Scratch {
        Scratch::on(self.engine, self.url())
    }

    fn stop(&mut self, signal: &str) {
        let file = std::fs::read_to_string(self.setting("PIDFILE")).expect("it runs");
        let process = file.lines().next().expect("a process id").trim().to_owned();
        let status = Command::new("kill").args([signal, &process]).status();
        assert!(status.expect("kill runs").success(), "it runs");
        if let Some(mut child) = self.started.take() {
            wait_until("it stops", || {
                child.try_wait().expect("a process").is_some()
            });
        }
        wait_until("it stops", || !is_alive(&process));
    }

    fn start(&mut self, database: &Scratch) {
        let start = Command::new(self.setting("START")).spawn();
        self.started = Some(start.expect("it starts"));
        wait_until("it answers", || database.try_query("SELECT 1").is_ok());
    }
}

/// A process whose parent has not yet asked how it ended is not alive.
fn is_alive(process: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{process}/stat"));
    state.is_ok_and(|state| {
        !state
            .rsplit(") ")
            .next()
            .unwrap_or_default()
            .starts_with('Z')
    })
}

/// Stops a server while the second revision runs.
fn stop_midway(engine: Engine, signal: &str) -> Answer {
    let mut server = Frail::of(engine);
    let project = Project::new(vec![("db1", server.scratch())]);
    write_slow_history(&project, wait(engine));
    project.database().execute("SELECT 1");
    let child = project.start(&["upgrade"]);
    wait_until("the first revision is there", || {
        project
            .database()
            .try_query("SELECT revision FROM rev_ledger")
            .is_ok_and(|rows| rows == ["a"])
    });
    thread::sleep(Duration::from_millis(300));
    server.stop(signal);
    let answer = Answer::end_of(child).exits(3);
    project
        .rev(&["upgrade"])
        .exits(1)
        .says("cannot open the database");
    server.start(project.database());
    project.rev(&["upgrade"]).exits(0);
    assert_eq!(project.database().query(ROWS), ["1", "2", "3", "4"]);
    answer
}

#[test]
fn a_postgres_server_is_shut_down_midway() {
    stop_midway(Engine::Postgres, "-INT").says("connection");
}

#[test]
fn a_postgres_server_crashes_midway() {
    stop_midway(Engine::Postgres, "-QUIT").says("connection");
}

#[test]
fn a_mariadb_server_is_shut_down_midway() {
    stop_midway(Engine::Mariadb, "-TERM").says("connection");
}

#[test]
fn a_mariadb_server_crashes_midway() {
    stop_midway(Engine::Mariadb, "-KILL").says("connection");
}

#[test]
fn a_mysql_server_is_shut_down_midway() {
    for engine in Engine::Mysql.alone() {
        stop_midway(engine, "-TERM").says("connection");
    }
}

#[test]
fn a_mysql_server_crashes_midway() {
    for engine in Engine::Mysql.alone() {
        stop_midway(engine, "-KILL").says("connection");
    }
}

#[test]
fn a_connection_is_encrypted_and_its_server_is_known_where_the_url_asks() {
    let authority = server_url("REV_TEST_TLS_CA");
    for engine in Engine::SERVERS {
        let frail = (engine != Engine::Postgres).then(|| Frail::of(engine));
        let (database, mode, key) = match &frail {
            None => {
                let plain = server_url("REV_TEST_POSTGRES_PLAIN_URL");
                let database = Scratch::on(engine, plain);
                (database, "sslmode=verify-full", "sslrootcert")
            }
            Some(server) => (server.scratch(), "ssl-mode=VERIFY_IDENTITY", "ssl-ca"),
        };
        let status = match database.server().is_mysql_proper() {
            true => "performance_schema.session_status",
            false => "information_schema.SESSION_STATUS",
        };
        let encrypted = match engine {
            Engine::Postgres => {
                "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()".to_owned()
            }
            _ => format!(
                "SELECT VARIABLE_VALUE <> '' FROM {status} WHERE VARIABLE_NAME = 'Ssl_cipher'"
            ),
        };
        let project = Project::new(vec![("db1", database)]);
        project.revision(
            "a",
            "null",
            &format!("upgrade: CREATE TABLE t AS {encrypted}\nirreversible: true\n"),
        );
        // The authority is this test's own, so nobody else vouches for the server.
        project.bind(|scratch| format!("{}?{mode}", scratch.url()));
        project.rev(&["upgrade"]).exits(1).says("certificate");
        project.bind(|scratch| format!("{}?{mode}&{key}={authority}", scratch.url()));
        project.rev(&["upgrade"]).exits(0);
        let rows = project.database().query("SELECT * FROM t");
        assert!(rows == ["true"] || rows == ["1"], "{rows:?}");
    }
}

/// Cuts the connection instead of each answer of the server in turn: what the
/// server was sent last may stand.
fn cut_at_every_answer(engine: Engine) {
    let undisturbed = Project::of(engine);
    write_history(&undisturbed);
    undisturbed.rev(&["upgrade"]).exits(0);
    let wanted = contents(undisturbed.database());
    for answers in 1.. {
        let project = Project::of(engine);
        write_history(&project);
        let proxy = Proxy::to(&project.database().url(), answers);
        project.bind(|scratch| proxy.url(&scratch.url()));
        let answer = project.rev(&["upgrade"]);
        if !proxy.is_broken() {
            assert!(answers > 10, "{answers} answers are too few");
            return;
        }
        assert_ne!(answer.code, Some(101), "{}", answer.text);
        project.bind(Scratch::url);
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(
            contents(project.database()),
            wanted,
            "cut at answer {answers}"
        );
    }
}

#[test]
fn a_connection_to_postgres_is_cut_at_every_answer() {
    cut_at_every_answer(Engine::Postgres);
}

#[test]
fn a_connection_to_mariadb_is_cut_at_every_answer() {
    cut_at_every_answer(Engine::Mariadb);
}

#[test]
fn a_connection_to_mysql_is_cut_at_every_answer() {
    for engine in Engine::Mysql.alone() {
        cut_at_every_answer(engine);
    }
}

/// Runs the command where the database's folder holds half a megabyte and no more,
/// and checks that it says so.
#[track_caller]
fn run_in_a_small_room(project: &Project) {
    let room = project.root().join("room");
    std::fs::create_dir_all(&room).expect("a folder");
    // A file system of this process alone; the database is copied out of it.
    let mounted = "mount -t tmpfs -o size=512k tmpfs room && { \
                   \"$0\" upgrade; code=$?; cp room/small.sqlite .; exit $code; }";
    // Where that is forbidden, a limit on the size of a file.
    let limited = "trap '' XFSZ; ulimit -f 512; \"$0\" upgrade; code=$?; \
                   mv room/small.sqlite .; exit $code";
    match may_mount() {
        true => {
            let unshare = [
                "unshare",
                "--user",
                "--map-root-user",
                "--mount",
                "bash",
                "-c",
                mounted,
            ];
            shell(project, &unshare).exits(3).says("full");
        }
        false => {
            let answer = shell(project, &["bash", "-c", limited]).exits(3);
            answer.says("disk I/O error");
        }
    }
}

fn may_mount() -> bool {
    let words = [
        "--user",
        "--map-root-user",
        "--mount",
        "mount",
        "-t",
        "tmpfs",
        "tmpfs",
        "/mnt",
    ];
    let output = Command::new("unshare").args(words).output();
    output.is_ok_and(|output| output.status.success())
}

fn shell(project: &Project, words: &[&str]) -> Answer {
    let rev = project.command(&[]);
    let output = Command::new(words[0])
        .args(&words[1..])
        .arg(rev.get_program())
        .current_dir(project.root())
        .output()
        .expect("a shell runs");
    Answer::of(&output)
}

#[test]
fn a_disk_is_full_under_sqlite() {
    let project = Project::of(Engine::Sqlite);
    let file = project.root().join("room/small.sqlite");
    project.bind(|_| format!("sqlite://{}", file.display()));
    project.revision(
        "a",
        "null",
        "upgrade: CREATE TABLE t (n INT, data BLOB)\nirreversible: true\n",
    );
    project.revision(
        "b",
        "a",
        "upgrade: |\n  INSERT INTO t VALUES (1, zeroblob(100000));\n  \
         INSERT INTO t VALUES (2, zeroblob(1000000));\nirreversible: true\n",
    );
    run_in_a_small_room(&project);
    let small = project.root().join("small.sqlite");
    project.bind(|_| format!("sqlite://{}", small.display()));
    let heads = project.rev(&["current"]).exits(0).text;
    assert!(
        heads.contains('a') && !heads.contains("half done"),
        "{heads}"
    );
    project.rev(&["upgrade"]).exits(0);
    let rows = rev_testkit::sqlite::query(&small, "SELECT n FROM t");
    assert_eq!(rows, ["1", "2"]);
}

/// Holds a lock on the table `t` for a while, in a session of its own.
fn hold(database: &Scratch, seconds: u32) -> thread::JoinHandle<()> {
    let (url, engine) = (database.url(), database.engine());
    let file = database.file();
    let (told, is_held) = std::sync::mpsc::channel();
    let holder = thread::spawn(move || match engine {
        Engine::Sqlite => {
            let held = rev_testkit::sqlite::hold(&file, "BEGIN IMMEDIATE");
            told.send(()).expect("the test waits");
            thread::sleep(Duration::from_secs(seconds.into()));
            drop(held);
        }
        Engine::Postgres => {
            told.send(()).expect("the test waits");
            let sql = format!("BEGIN; LOCK TABLE t; SELECT pg_sleep({seconds}); COMMIT");
            rev_testkit::scratch::postgres(&url, &sql).expect("it runs");
        }
        Engine::Mariadb | Engine::Mysql => {
            told.send(()).expect("the test waits");
            let sql = format!("LOCK TABLES t WRITE; SELECT SLEEP({seconds}); UNLOCK TABLES");
            rev_testkit::scratch::mysql(&url, &sql).expect("it runs");
        }
    });
    is_held.recv().expect("the lock is held");
    thread::sleep(Duration::from_millis(300));
    holder
}

fn locked_table(engine: Engine, lock_timeout: &str) -> Project {
    let project = Project::of(engine);
    project.bind_with(Scratch::url, lock_timeout);
    project.revision(
        "a",
        "null",
        "upgrade: CREATE TABLE t (n INT)\nirreversible: true\n",
    );
    project.rev(&["upgrade"]).exits(0);
    project.revision(
        "b",
        "a",
        "upgrade: |\n  ALTER TABLE t ADD COLUMN m INT;\n  INSERT INTO t VALUES (1, 1);\nirreversible: true\n",
    );
    project
}

#[test]
fn a_lock_that_is_given_back_before_the_last_retry_is_waited_for() {
    for engine in Engine::ALL {
        let project = locked_table(engine, "1s");
        let holder = hold(project.database(), 3);
        project.rev(&["upgrade"]).exits(0);
        holder.join().expect("it ends");
        assert_eq!(
            project.database().query("SELECT m FROM t"),
            ["1"],
            "{engine:?}"
        );
    }
}

#[test]
fn a_lock_that_outlasts_every_retry_is_told_and_nothing_is_recorded() {
    for engine in Engine::ALL {
        let project = locked_table(engine, "1s");
        let holder = hold(project.database(), 12);
        project
            .rev(&["upgrade"])
            .exits(1)
            .says("lock")
            .says("nothing was changed");
        holder.join().expect("it ends");
        project.rev(&["repair"]).exits(0).says("nothing to repair");
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(
            project.database().query("SELECT m FROM t"),
            ["1"],
            "{engine:?}"
        );
    }
}

/// The URL of a user who may read and no more.
fn reader(database: &Scratch) -> String {
    let (url, name) = (database.url(), database.name());
    match database.engine() {
        Engine::Sqlite => format!("{url}?mode=ro"),
        Engine::Postgres => {
            database.execute(&format!(
                "CREATE ROLE reader_{name} LOGIN PASSWORD 'pg-s3cret-7f'"
            ));
            database.execute(&format!(
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_{name}"
            ));
            url.replace("//rev:", &format!("//reader_{name}:"))
        }
        Engine::Mariadb | Engine::Mysql => {
            database.execute(&format!(
                "CREATE USER reader_{name} IDENTIFIED BY 'my-s3cret-9c'; GRANT SELECT ON {name}.* TO reader_{name}"
            ));
            url.replace("//rev:", &format!("//reader_{name}:"))
        }
    }
}

#[test]
fn a_user_without_rights_is_told_so_and_nothing_is_recorded() {
    for engine in Engine::ALL {
        let project = locked_table(engine, "1s");
        let before = contents(project.database());
        let url = reader(project.database());
        project.bind(|_| url.clone());
        let answer = project.rev(&["upgrade"]).exits(1);
        match engine {
            Engine::Sqlite => answer.says("cannot be written"),
            _ => answer.says("denied"),
        };
        project.rev(&["current"]).exits(0).says("a");
        assert_eq!(contents(project.database()), before, "{engine:?}");
        project.bind(Scratch::url);
        project.rev(&["upgrade"]).exits(0);
    }
}

#[test]
fn a_replica_that_takes_no_writes_is_told() {
    let postgres = locked_table(Engine::Postgres, "1s");
    let name = postgres.database().name().to_owned();
    let set =
        |value: &str| format!("ALTER DATABASE {name} SET default_transaction_read_only = {value}");
    postgres.database().execute(&set("on"));
    postgres
        .rev(&["upgrade"])
        .exits(1)
        .says("default_transaction_read_only");
    postgres.rev(&["current"]).exits(0).says("a");
    postgres
        .database()
        .execute(&format!("BEGIN READ WRITE; {}; COMMIT", set("off")));
    postgres.rev(&["upgrade"]).exits(0);

    for engine in Engine::MYSQLS {
        let server = Frail::of(engine);
        let mysql = Project::new(vec![("db1", server.scratch())]);
        let name = mysql.database().name().to_owned();
        mysql.revision(
            "a",
            "null",
            "upgrade: CREATE TABLE t (n INT)\nirreversible: true\n",
        );
        mysql.database().execute(&format!(
            "CREATE USER owner_{name} IDENTIFIED BY 'my-s3cret-9c'; GRANT ALL ON {name}.* TO owner_{name}"
        ));
        mysql.bind(|scratch| scratch.url().replace("//rev:", &format!("//owner_{name}:")));
        mysql.database().execute("SET GLOBAL read_only = ON");
        mysql.rev(&["upgrade"]).exits(1).says("read-only");
        mysql.database().execute("SET GLOBAL read_only = OFF");
        mysql.rev(&["upgrade"]).exits(0);
    }
}
