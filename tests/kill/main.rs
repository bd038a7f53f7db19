//! `SIGKILL` from outside, at random instants of `rev upgrade` on SQLite.
//!
//! After one more run the schema, the rows and the ledger must equal those of a
//! run that nobody disturbed. Every script also counts itself in a table, so a
//! script that took effect twice, or not at all, shows.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rev_testkit::sqlite;

const KILLS: usize = 200;
const REVISIONS: usize = 12;
/// What the ledger says that must not depend on who ran it when.
const LEDGER: &str = "SELECT revision, parents, dependencies, upgrade_digest, downgrade_digest, \
                      revision_digest, downgrade FROM rev_ledger ORDER BY revision";

fn id(number: usize) -> String {
    format!("rev{number:04}")
}

/// A chain with a fork and a merge half-way, two databases, DDL and DML mixed.
fn write_project(root: &Path) {
    let revisions = root.join("revisions");
    std::fs::create_dir_all(&revisions).expect("a folder");
    std::fs::write(
        root.join("rev.yaml"),
        "databases:\n  db1: sqlite://var/db1.sqlite\n  db2: sqlite://var/db2.sqlite\n",
    )
    .expect("a file");
    for number in 0..REVISIONS {
        let parents = match number {
            0 => "null".to_owned(),
            // 5 and 6 fork from 4; 7 merges them.
            6 => format!("\"{}\"", id(4)),
            7 => format!("[\"{}\", \"{}\"]", id(5), id(6)),
            _ => format!("\"{}\"", id(number - 1)),
        };
        let count = if number == 0 {
            "CREATE TABLE counter (revision TEXT NOT NULL);\n"
        } else {
            ""
        };
        let text = format!(
            "revision: \"{id}\"\ndown_revision: {parents}\nmessage: step {number}\nupgrade: |\n  \
             {count}  CREATE TABLE t{number} (id INTEGER PRIMARY KEY, name TEXT);\n  \
             INSERT INTO t{number} (name) VALUES ('a'), ('b'), ('c');\n  \
             INSERT INTO counter VALUES ('{id}');\n  \
             CREATE INDEX t{number}_name ON t{number} (name);\n\
             downgrade: |\n  DROP TABLE t{number};\n",
            id = id(number),
        );
        std::fs::write(revisions.join(format!("{}.yaml", id(number))), text).expect("a file");
    }
}

fn upgrade(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rev"));
    command
        .args(["upgrade", "--quiet"])
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// Runs an upgrade and kills it after `delay`, unless it ends before.
fn upgrade_killed_after(root: &Path, delay: Duration) -> ExitStatus {
    let mut child = upgrade(root).spawn().expect("the program starts");
    std::thread::sleep(delay);
    // An error says that it has ended, which the status shows too.
    let _ = child.kill();
    child.wait().expect("the program ends")
}

fn contents(root: &Path, database: &str) -> String {
    let file = root.join(format!("var/{database}.sqlite"));
    let ledger = sqlite::query(&file, LEDGER).join("\n");
    format!("{}\n{ledger}", sqlite::dump(&file, "rev_"))
}

fn applied(root: &Path, database: &str) -> usize {
    let file = root.join(format!("var/{database}.sqlite"));
    let tables = "SELECT name FROM sqlite_schema WHERE name = 'rev_ledger'";
    if !file.exists() || sqlite::query(&file, tables).is_empty() {
        return 0;
    }
    sqlite::query(&file, "SELECT revision FROM rev_ledger").len()
}

#[test]
fn a_killed_upgrade_is_finished_by_the_next_one() {
    let calm = tempfile::tempdir().expect("a folder");
    write_project(calm.path());
    let begun = Instant::now();
    let status = upgrade(calm.path()).status().expect("the program runs");
    let undisturbed = begun.elapsed();
    assert!(status.success(), "the undisturbed run ends with {status}");
    let expected: Vec<String> = ["db1", "db2"]
        .map(|database| contents(calm.path(), database))
        .into();
    assert!(expected[0].contains("counter: rev0011"), "{}", expected[0]);

    let (mut kills, mut attempts, mut half_way) = (0, 0_u32, 0);
    while kills < KILLS {
        attempts += 1;
        assert!(
            attempts < 4000,
            "only {kills} of {KILLS} kills came in time"
        );
        let root = tempfile::tempdir().expect("a folder");
        write_project(root.path());
        // Spread evenly over the undisturbed run's time, in an odd order.
        let share = f64::from(attempts.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24);
        let status = upgrade_killed_after(root.path(), undisturbed.mul_f64(share));
        if status.code().is_some() {
            continue;
        }
        kills += 1;
        let stood = applied(root.path(), "db1") + applied(root.path(), "db2");
        half_way += usize::from((1..2 * REVISIONS).contains(&stood));
        let status = upgrade(root.path()).status().expect("the program runs");
        assert!(status.success(), "the next run ends with {status}");
        for (database, expected) in ["db1", "db2"].iter().zip(&expected) {
            assert_eq!(&contents(root.path(), database), expected, "{database}");
        }
    }
    println!("{kills} kills, {half_way} of them with some revisions applied; 0 wrong");
    assert!(half_way > 0, "no kill came between two revisions");
}
