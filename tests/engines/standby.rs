//! A PostgreSQL standby that is promoted in the middle of a run: what the promoted server has
//! of the schema, it has of the ledger, and the same command goes on there.
//!
//! A commit that a primary without a synchronous standby reported may be lost with it; then
//! its ledger row is lost, too, since both stand in one transaction of the same log. In a step
//! that goes statement by statement a mark stands in the log before or after its statement, as
//! it was written.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rev_testkit::program::wait_until;
use rev_testkit::random::Random;
use rev_testkit::scratch::{Engine, server_url};

use crate::project::{Answer, Project};

/// A server of its own, with databases that replicate to each other.
struct Alone {
    server: Server,
    folder: PathBuf,
}

/// A primary and a standby that follows it. Both end with this value.
struct Pair {
    folder: PathBuf,
    primary: Server,
    standby: Server,
    is_synchronous: bool,
}

struct Server {
    data: PathBuf,
    port: u16,
    process: Child,
}

/// A program of PostgreSQL's, as the user who may run it, and ended with this process.
fn program(name: &str) -> Command {
    let whole = Path::new(&server_url("REV_TEST_POSTGRES_BIN")).join(name);
    let owner = fs::metadata(server_url("REV_TEST_DIR")).expect("a folder");
    let is_root = fs::metadata("/proc/self").expect("a process").uid() == 0;
    let mut command = match is_root {
        true => {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid", &owner.uid().to_string()])
                .args(["--regid", &owner.gid().to_string(), "--clear-groups", "--"])
                .arg(whole);
            command
        }
        false => Command::new(whole),
    };
    command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn done(mut command: Command) {
    let status = command.status().expect("it starts");
    assert!(status.success(), "{command:?}: {status}");
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

impl Server {
    fn start(data: PathBuf) -> Self {
        let port = free_port();
        let process = program("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""])
            .args(["-c", "fsync=off", "-c", "full_page_writes=off"])
            .args(["-c", "shared_buffers=16MB", "-c", "max_wal_size=128MB"])
            .args(["-c", "wal_level=logical", "-c", "hot_standby=on"])
            .args(["-c", "max_prepared_transactions=8", "-c", "timezone=UTC"])
            .spawn()
            .expect("it starts");
        let server = Self {
            data,
            port,
            process,
        };
        wait_until("it answers", || server.ask("SELECT 1").is_ok());
        server
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://rev@127.0.0.1:{}/{database}", self.port)
    }

    fn ask(&self, sql: &str) -> Result<Vec<String>, impl std::fmt::Debug> {
        rev_testkit::scratch::postgres(&self.url("postgres"), sql)
    }

    /// As by a loss of power: nothing is finished.
    fn kill(&mut self) {
        let pids = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        if let Some(pid) = pids.lines().next() {
            // Its children go with it at once.
            let _ = Command::new("kill").args(["-QUIT", pid]).status();
        }
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.primary.kill();
        self.standby.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// An empty cluster in a folder of its own: the folder, and the data in it.
fn cluster() -> (PathBuf, PathBuf) {
    let within = server_url("REV_TEST_DIR");
    let folder = tempfile::Builder::new()
        .prefix("pg_of_a_test")
        .tempdir_in(&within);
    let folder = folder.expect("a folder").keep();
    let owner = fs::metadata(within).expect("a folder");
    let (user, group) = (Some(owner.uid()), Some(owner.gid()));
    std::os::unix::fs::chown(&folder, user, group).expect("it is ours");
    let data = folder.join("first");
    let mut init = program("initdb");
    init.arg("-D").arg(&data);
    init.args(["-U", "rev", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
    init.args(["--no-sync", "--wal-segsize=1"]);
    done(init);
    (folder, data)
}

fn logical() -> Alone {
    let (folder, data) = cluster();
    Alone {
        server: Server::start(data),
        folder,
    }
}

impl std::ops::Deref for Alone {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.server.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Pair {
    fn start(is_synchronous: bool) -> Self {
        let (folder, data) = cluster();
        let primary = Server::start(data);
        let standby = follow(&primary, folder.join("second"));
        let pair = Self {
            folder,
            primary,
            standby,
            is_synchronous,
        };
        pair.agree();
        pair
    }

    /// Waits until the standby follows, and lets the primary's commits wait for it from then
    /// on, where that is wanted.
    fn agree(&self) {
        wait_until("the standby follows", || {
            let following = self.primary.ask("SELECT state FROM pg_stat_replication");
            following.is_ok_and(|rows| rows == ["streaming"])
        });
        if self.is_synchronous {
            let set = "ALTER SYSTEM SET synchronous_standby_names = '*'";
            self.primary.ask(set).expect("a setting");
            self.primary
                .ask("SELECT pg_reload_conf()")
                .expect("it reads it");
            wait_until("the standby counts", || {
                let counting = self
                    .primary
                    .ask("SELECT sync_state FROM pg_stat_replication");
                counting.is_ok_and(|rows| rows == ["sync"])
            });
        }
    }

    /// The primary is lost, and the standby takes its place.
    fn promote(&mut self) {
        self.primary.kill();
        self.standby
            .ask("SELECT pg_promote()")
            .expect("it is promoted");
        wait_until("it takes writes", || {
            let following = self.standby.ask("SELECT pg_is_in_recovery()::text");
            following.is_ok_and(|rows| rows == ["false"])
        });
    }

    /// Makes a standby of what was promoted, for the next round.
    fn go_on(&mut self, round: usize) {
        let next = follow(&self.standby, self.folder.join(format!("next{round}")));
        self.primary = std::mem::replace(&mut self.standby, next);
        self.agree();
    }
}

/// A standby of a server.
fn follow(primary: &Server, data: PathBuf) -> Server {
    let mut copy = program("pg_basebackup");
    copy.arg("-D").arg(&data);
    copy.args([
        "-d",
        &primary.url("postgres"),
        "-R",
        "-X",
        "stream",
        "-c",
        "fast",
    ]);
    done(copy);
    Server::start(data)
}

/// How long each revision rests, so that the instant of the promotion lies within a run.
const PAUSE: Duration = Duration::from_millis(200);

/// Schema changes, rows, and a step that goes statement by statement. `runs` counts each
/// statement once for every time that it ran.
fn write_history(project: &Project) {
    let count = |n: u8| format!("INSERT INTO runs VALUES ({n})");
    let rest = format!("SELECT pg_sleep({})", PAUSE.as_secs_f32());
    let revision = |id: &str, parent: &str, rest: &str| project.revision(id, parent, rest);
    revision(
        "a0",
        "null",
        "upgrade: |\n  CREATE TABLE runs (n INT);\n  CREATE TABLE t (id INT, n INT);\n\
         irreversible: true\n",
    );
    for n in 1..10 {
        let (id, parent) = (format!("a{n}"), format!("a{}", n - 1));
        let script = match n % 3 {
            0 => format!(
                "transaction: none\nupgrade: |\n  {};\n  {rest};\n  CREATE INDEX CONCURRENTLY i{n} ON t (n);\n  \
                 {};\nirreversible: true\n",
                count(n),
                count(100 + n)
            ),
            1 => format!(
                "upgrade: |\n  {};\n  {rest};\n  INSERT INTO t SELECT g, g FROM generate_series(1, 50) g;\n\
                 irreversible: true\n",
                count(n)
            ),
            _ => format!(
                "upgrade: |\n  ALTER TABLE t ADD COLUMN c{n} INT DEFAULT {n};\n  {rest};\n  {};\n\
                 irreversible: true\n",
                count(n)
            ),
        };
        revision(&id, &parent, &script);
    }
}

/// One round: a run on the primary, a promotion at some instant of it, the same command on
/// what was promoted.
fn round(pair: &mut Pair, name: &str, random: &mut Random) {
    let project = Project::new(vec![("db1", Engine::Postgres.scratch())]);
    write_history(&project);
    pair.primary
        .ask(&format!("CREATE DATABASE {name}"))
        .expect("a database");
    wait_until("it is on the standby", || {
        rev_testkit::scratch::postgres(&pair.standby.url(name), "SELECT 1").is_ok()
    });
    let ask = |server: &Server, sql: &str| {
        rev_testkit::scratch::postgres(&server.url(name), sql).expect("it answers")
    };

    // A standby is read, and not written.
    project.bind(|_| pair.standby.url(name));
    project.rev(&["current"]).exits(0).says("base");
    project
        .rev(&["upgrade"])
        .exits(1)
        .says("cannot be written")
        .says("follows another one");

    project.bind(|_| pair.primary.url(name));
    let run = project.start(&["upgrade"]);
    let so_far = random.below(9);
    wait_until("so many revisions stand", || {
        let count = "SELECT count(*)::text FROM rev_ledger";
        let rows = rev_testkit::scratch::postgres(&pair.primary.url(name), count);
        rows.is_ok_and(|rows| rows[0].parse::<usize>().is_ok_and(|rows| rows >= so_far))
    });
    thread::sleep(random.shorter_than(PAUSE * 2));
    pair.promote();
    let lost = Answer::end_of(run);
    let is_done = lost.code == Some(0);
    assert!(
        is_done || lost.text.contains("connection") || lost.text.contains("cannot open"),
        "{}",
        lost.text
    );

    project.bind(|_| pair.standby.url(name));
    let promoted = &pair.standby;
    // What the ledger says stands, whole.
    let ledger = match ask(
        promoted,
        "SELECT count(*) FROM pg_class WHERE relname = 'rev_ledger'",
    )[..]
    {
        [ref found] if found == "1" => ask(promoted, "SELECT revision FROM rev_ledger ORDER BY 1"),
        _ => Vec::new(),
    };
    if pair.is_synchronous && is_done {
        assert_eq!(ledger.len(), 10, "what was reported stands: {}", lost.text);
    }
    let columns = ask(
        promoted,
        "SELECT attname::text FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid \
         WHERE relname = 't' AND attname LIKE 'c_' ORDER BY 1",
    );
    let with_column = ledger
        .iter()
        .filter(|id| ["a2", "a5", "a8"].contains(&id.as_str()));
    let expected: Vec<String> = with_column.map(|id| id.replace('a', "c")).collect();
    assert_eq!(columns, expected, "ledger: {ledger:?}");

    project.rev(&["upgrade"]).exits(0);
    project.rev(&["repair"]).exits(0);
    let runs = ask(promoted, "SELECT n::text FROM runs ORDER BY runs.n");
    let all = [
        "1", "2", "3", "4", "5", "6", "7", "8", "9", "103", "106", "109",
    ];
    assert_eq!(
        runs, all,
        "each statement once; the run that was lost said:\n{}",
        lost.text
    );
    let indexes = ask(
        promoted,
        "SELECT c.relname || ' ' || indisvalid FROM pg_index JOIN pg_class c ON c.oid = indexrelid \
         WHERE relname LIKE 'i_' ORDER BY 1",
    );
    assert_eq!(indexes, ["i3 true", "i6 true", "i9 true"]);
    assert_eq!(ask(promoted, "SELECT count(*)::text FROM t"), ["150"]);
}

fn rounds(is_synchronous: bool) {
    let rounds =
        std::env::var("REV_PROMOTIONS").map_or(1, |text| text.parse::<usize>().expect("a number"));
    let mut pair = Pair::start(is_synchronous);
    let mut random = Random::by_the_clock();
    for number in 0..rounds {
        if number > 0 {
            pair.go_on(number);
        }
        round(&mut pair, &format!("round{number}"), &mut random);
    }
    let told = format!("{rounds} promotions, synchronous: {is_synchronous}");
    let _ = writeln!(std::io::stderr(), "{told}");
}

#[test]
fn a_standby_is_promoted_in_the_middle_of_a_run() {
    rounds(false);
}

#[test]
fn a_synchronous_standby_is_promoted_in_the_middle_of_a_run() {
    rounds(true);
}

/// Logical replication carries rows and no schema.
#[test]
fn a_ledger_that_is_replicated_without_the_schema_is_told() {
    let primary = logical();
    let database = |name: &str| {
        primary
            .ask(&format!("CREATE DATABASE {name}"))
            .expect("a database");
    };
    let ask = |name: &str, sql: &str| {
        rev_testkit::scratch::postgres(&primary.url(name), sql).expect("it answers")
    };
    database("publisher");
    database("subscriber");
    let project = Project::new(vec![("db1", Engine::Postgres.scratch())]);
    project.revision(
        "a",
        "null",
        "upgrade: CREATE TABLE t (n INT)\ndowngrade: DROP TABLE t\n",
    );
    let on = |name: &'static str| project.bind(|_| primary.url(name));
    for name in ["publisher", "subscriber"] {
        on(name);
        let answer = project.rev(&["upgrade"]).exits(0);
        assert!(!answer.text.contains("warning"), "{}", answer.text);
    }
    // In one server the slot is made by hand: the subscription would wait for itself.
    ask("publisher", "CREATE PUBLICATION everything FOR ALL TABLES");
    ask(
        "publisher",
        "SELECT pg_create_logical_replication_slot('following', 'pgoutput')",
    );
    ask(
        "subscriber",
        &format!(
            "CREATE SUBSCRIPTION following CONNECTION 'host=127.0.0.1 port={} user=rev \
             dbname=publisher' PUBLICATION everything WITH (create_slot = false, copy_data = false)",
            primary.port
        ),
    );
    project.revision(
        "b",
        "a",
        "upgrade: CREATE TABLE u (n INT)\ndowngrade: DROP TABLE u\n",
    );
    on("publisher");
    let said = "warning: `db1`: the publication `everything` sends the ledger to its subscribers";
    project.rev(&["status"]).exits(0).says(said);
    project
        .rev(&["upgrade"])
        .exits(0)
        .says(said)
        .says("1 revision applied");
    wait_until("the row is there", || {
        ask("subscriber", "SELECT revision FROM rev_ledger ORDER BY 1") == ["a", "b"]
    });

    on("subscriber");
    let said = "warning: `db1`: the subscription `following` writes the publisher's rows";
    project
        .rev(&["status"])
        .exits(0)
        .says(said)
        .says("up to date");
    project
        .rev(&["upgrade"])
        .exits(0)
        .says(said)
        .says("nothing to do");
    let scratch = server_url("REV_TEST_POSTGRES_URL");
    let live = ["check", "--live", "db1", "--scratch", &scratch];
    project.rev(&live).exits(4).says(said);

    // What the warning says to do is done.
    ask("subscriber", "ALTER SUBSCRIPTION following DISABLE");
    ask(
        "subscriber",
        "ALTER SUBSCRIPTION following SET (slot_name = NONE)",
    );
    ask("subscriber", "DROP SUBSCRIPTION following");
    ask("publisher", "DROP PUBLICATION everything");
    ask("publisher", "CREATE PUBLICATION theirs FOR TABLE t");
    for name in ["publisher", "subscriber"] {
        on(name);
        let answer = project.rev(&["status"]).exits(0);
        assert!(!answer.text.contains("warning"), "{}", answer.text);
    }
}
