//! A small project that shows what was done to it, and how often.

use std::path::Path;
use std::process::{Command, Stdio};

use rev_testkit::sqlite;

/// How many revisions the project has.
pub(crate) const REVISIONS: usize = 12;
/// What the ledger says that must not depend on who ran it when.
const LEDGER: &str = "SELECT revision, parents, dependencies, upgrade_digest, downgrade_digest, \
                      revision_digest, downgrade FROM rev_ledger ORDER BY revision";

/// A folder of its own, in memory where the system has such a place: a kill
/// loses nothing that was written, on disk or not, and many runs take less time.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    };
    folder.expect("a folder")
}

fn id(number: usize) -> String {
    format!("rev{number:04}")
}

/// A chain with a fork and a merge half-way, two databases, DDL and DML mixed.
pub(crate) fn write_project(root: &Path) {
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
        let counter = match number {
            0 => "  CREATE TABLE counter (revision TEXT NOT NULL);\n",
            _ => "",
        };
        let lines = [
            format!("revision: \"{}\"\ndown_revision: {parents}\n", id(number)),
            format!("message: step {number}\nupgrade: |\n{counter}"),
            format!("  CREATE TABLE t{number} (id INTEGER PRIMARY KEY, name TEXT);\n"),
            format!("  INSERT INTO t{number} (name) VALUES ('a'), ('b'), ('c');\n"),
            format!("  INSERT INTO counter VALUES ('{}');\n", id(number)),
            format!("  CREATE INDEX t{number}_name ON t{number} (name);\n"),
            format!("downgrade: |\n  DROP TABLE t{number};\n"),
        ];
        let text = lines.concat();
        std::fs::write(revisions.join(format!("{}.yaml", id(number))), text).expect("a file");
    }
}

pub(crate) fn upgrade(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rev"));
    command
        .args(["upgrade", "--quiet"])
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

pub(crate) fn contents(root: &Path, database: &str) -> String {
    let file = root.join(format!("var/{database}.sqlite"));
    let ledger = sqlite::query(&file, LEDGER).join("\n");
    format!("{}\n{ledger}", sqlite::dump(&file, "rev_"))
}

pub(crate) fn applied(root: &Path, database: &str) -> usize {
    let file = root.join(format!("var/{database}.sqlite"));
    let tables = "SELECT name FROM sqlite_schema WHERE name = 'rev_ledger'";
    if !file.exists() || sqlite::query(&file, tables).is_empty() {
        return 0;
    }
    sqlite::query(&file, "SELECT revision FROM rev_ledger").len()
}
