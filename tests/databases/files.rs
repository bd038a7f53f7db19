//! What a file may look like when we come to it, and how it may be named.

use std::path::Path;

use rev_core::{DatabaseUrl, Goal};
use rev_db::{Settings, open};
use rev_engine::database::{Database, Guard, Holder};
use rev_engine::failure::DatabaseError;
use rev_testkit::sqlite;

use crate::setting::{Setting, block_on, database, revision, settings, summary, table};

/// The names of the files beside a database.
fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_left_by_a_killed_writer_is_read_and_gone_on_with() {
    let setting = Setting::new(vec![table("a", &[]), table("b", &["a"])]);
    setting.go(Goal::Upgrade, "a");
    let (file, left) = (setting.file("db1"), setting.file("left"));
    // What a kill in the middle of a transaction leaves: the file and its journal.
    // With next to no cache the writer has begun to change the file itself.
    let writer = sqlite::hold(
        &file,
        "PRAGMA cache_size = 1; BEGIN IMMEDIATE; UPDATE rev_state SET generation = 9; \
         CREATE TABLE big AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
         WHERE i < 200) SELECT randomblob(4000) FROM n",
    );
    for end in ["", "-journal"] {
        let name = |file: &Path| format!("{}{end}", file.display());
        std::fs::copy(name(&file), name(&left)).expect("the writer has a journal");
    }
    drop(writer);

    let ledger = block_on(database(&left).read()).expect("a journal is no obstacle");
    assert_eq!((ledger.generation, ledger.rows.len()), (1, 1));
    let (outcome, _) = setting.run(
        &crate::setting::request(Goal::Upgrade),
        vec![setting.job("left", "b")],
    );
    insta::assert_snapshot!(summary(&outcome), @"left: done; did [b]; left []; at [b]");
}

#[test]
fn reading_a_database_in_wal_mode_leaves_nothing_beside_it() {
    let setting = Setting::new(vec![table("a", &[])]);
    let file = setting.file("db1");
    sqlite::execute(&file, "PRAGMA journal_mode = WAL; CREATE TABLE theirs (id)");
    assert_eq!(files(setting.root.path()), ["db1.sqlite"]);
    block_on(database(&file).read()).expect("a ledger");
    assert_eq!(files(setting.root.path()), ["db1.sqlite"]);
}

#[test]
fn what_stands_only_in_the_wal_is_read() {
    let setting = Setting::new(vec![table("a", &[])]);
    let file = setting.file("db1");
    sqlite::execute(&file, "PRAGMA journal_mode = WAL");
    let reader = sqlite::hold(&file, "BEGIN; SELECT * FROM sqlite_schema");
    setting.go(Goal::Upgrade, "a");
    let ledger = block_on(database(&file).read()).expect("a ledger");
    assert_eq!((ledger.generation, ledger.rows.len()), (1, 1));
    drop(reader);
}

#[test]
fn a_ledger_that_lacks_a_table_is_damaged() {
    for table_name in ["rev_ledger", "rev_log", "rev_state"] {
        let setting = Setting::new(vec![table("a", &[])]);
        setting.go(Goal::Upgrade, "a");
        sqlite::execute(&setting.file("db1"), &format!("DROP TABLE {table_name}"));
        let read = block_on(database(&setting.file("db1")).read());
        assert!(
            matches!(&read, Err(DatabaseError::Damaged { message, .. }) if message.contains(table_name)),
            "{read:?}"
        );
    }
}

#[test]
fn two_names_for_one_file_have_one_guard() {
    let setting = Setting::new(vec![table("a", &[])]);
    setting.go(Goal::Upgrade, "a");
    let (file, link) = (setting.file("db1"), setting.file("link"));
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    let (mut one, mut other) = (database(&file), database(&link));
    assert_eq!(block_on(one.identity()), block_on(other.identity()));
    let holder = Holder::default();
    assert_eq!(block_on(one.try_lock(&holder)), Ok(Guard::Taken));
    assert!(matches!(
        block_on(other.try_lock(&holder)),
        Ok(Guard::Held(_))
    ));
}

#[test]
fn two_ledgers_in_one_file_have_a_guard_each() {
    let setting = Setting::new(vec![table("a", &[])]);
    let url = DatabaseUrl::of_file(setting.file("db1"));
    let ledger = |prefix: &str| {
        let settings = Settings {
            ledger_prefix: prefix.to_owned(),
            ..settings()
        };
        open(&url, &settings).expect("a URL of SQLite")
    };
    let (mut ours, mut theirs) = (ledger("rev_"), ledger("their_"));
    assert_ne!(block_on(ours.identity()), block_on(theirs.identity()));
    let holder = Holder::default();
    assert_eq!(block_on(ours.try_lock(&holder)), Ok(Guard::Taken));
    assert_eq!(block_on(theirs.try_lock(&holder)), Ok(Guard::Taken));

    let mut job = setting.job("db1", "a");
    job.database = theirs;
    setting.run(&crate::setting::request(Goal::Upgrade), vec![job]);
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    assert_eq!(
        sqlite::query(&setting.file("db1"), tables),
        ["t_a", "their_ledger", "their_log", "their_state"]
    );
}

#[test]
fn a_url_that_only_reads_is_never_written() {
    let setting = Setting::new(vec![table("a", &[])]);
    let file = setting.file("db1");
    sqlite::execute(&file, "CREATE TABLE theirs (id)");
    let before = std::fs::read(&file).expect("a file");
    let mut job = setting.job("db1", "a");
    let url = format!("sqlite://{}?mode=ro", file.display());
    job.database = opened(&url).expect("a URL of SQLite");
    let (outcome, _) = setting.run(&crate::setting::request(Goal::Upgrade), vec![job]);
    let outcome = summary(&outcome);
    assert!(outcome.contains("cannot be written"), "{outcome}");
    assert_eq!(std::fs::read(&file).expect("a file"), before);
}

#[test]
fn a_url_without_a_file_or_with_a_parameter_unknown_here_is_refused() {
    for url in [
        "sqlite::memory:",
        "sqlite://",
        "sqlite:///tmp/x.sqlite?mode=memory",
        "sqlite:///tmp/x.sqlite?nosuch=1",
        "sqlite:///tmp/x.sqlite?mode=nosuch",
        "sqlite:///no_such_file_in_the_root_folder.sqlite",
    ] {
        let error = opened(url).err();
        assert!(
            matches!(error, Some(DatabaseError::Url(_))),
            "{url}: {error:?}"
        );
    }
}

fn opened(url: &str) -> Result<Box<dyn Database>, DatabaseError> {
    open(&DatabaseUrl::new(url, Path::new(""))?, &settings())
}

#[test]
fn a_name_with_a_blank_and_a_percent_is_found() {
    let setting = Setting::new(vec![table("a", &[])]);
    let mut job = setting.job("db1", "a");
    let url = format!("sqlite://{}/a%20b%25.sqlite", setting.root.path().display());
    job.database = opened(&url).expect("a URL of SQLite");
    setting.run(&crate::setting::request(Goal::Upgrade), vec![job]);
    assert!(setting.root.path().join("a b%.sqlite").is_file());
}

#[test]
fn a_rebuild_beside_a_key_that_never_fitted_goes_well() {
    let theirs = "CREATE TABLE p (id); CREATE TABLE c (p REFERENCES p (id))";
    let rebuild =
        "CREATE TABLE n (id INTEGER PRIMARY KEY);\nDROP TABLE t_a;\nALTER TABLE n RENAME TO t_a;";
    let setting = Setting::new(vec![table("a", &[]), revision("b", &["a"], rebuild, "")]);
    sqlite::execute(&setting.file("db1"), theirs);
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "b")),
        @"db1: done; did [a b]; left []; at [b]");
}

#[test]
fn a_deferred_key_that_leads_nowhere_is_named_when_the_step_would_commit() {
    let script = "CREATE TABLE p (id INTEGER PRIMARY KEY);\n\
                  CREATE TABLE c (p REFERENCES p DEFERRABLE INITIALLY DEFERRED);\n\
                  INSERT INTO c VALUES (1);";
    let setting = Setting::new(vec![revision("a", &[], script, "")]);
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "a")),
        @"db1: failed at a: the script leaves foreign keys that lead nowhere: `c` row 1 refers to a missing row of `p`; did []; left [a]; at []");
    assert!(sqlite::query(&setting.file("db1"), "SELECT name FROM sqlite_schema").is_empty());
}

#[test]
fn a_message_with_a_nul_or_a_quote_is_kept() {
    let mut odd = table("a", &[]);
    odd.message = "it's \0 odd".to_owned();
    let setting = Setting::new(vec![odd]);
    setting.go(Goal::Upgrade, "a");
    let ledger = block_on(database(&setting.file("db1")).read()).expect("a ledger");
    assert_eq!(ledger.rows[0].message, "it's \0 odd");
}

/// What a checkout could bring under the name of the lock file, and must find again.
#[cfg(unix)]
#[test]
fn a_lock_file_that_is_none_of_ours_is_neither_followed_nor_emptied() {
    use std::os::unix::fs::{FileTypeExt as _, symlink};
    use std::path::Path;

    type Make = fn(&Path, &Path);
    let made: [(&str, Make); 6] = [
        ("a link to a file", |lock, outside| {
            symlink(outside, lock).expect("a link");
        }),
        ("a link to nothing", |lock, outside| {
            symlink(outside.with_extension("missing"), lock).expect("a link");
        }),
        ("a link to a folder", |lock, outside| {
            symlink(outside.parent().expect("a folder"), lock).expect("a link");
        }),
        ("a file of somebody's", |lock, _| {
            std::fs::write(lock, "one\ttwo\tthree\n").expect("a file");
        }),
        ("a folder", |lock, _| {
            std::fs::create_dir(lock).expect("a folder")
        }),
        ("a pipe", |lock, _| {
            let made = std::process::Command::new("mkfifo").arg(lock).status();
            assert!(made.expect("mkfifo runs").success());
        }),
    ];
    for (what, make) in made {
        let setting = Setting::new(vec![table("a", &[])]);
        let outside = tempfile::tempdir().expect("a folder");
        let theirs = outside.path().join("theirs");
        std::fs::write(&theirs, "data\n").expect("a file");
        let file = setting.file("db1");
        let mut lock = file.clone().into_os_string();
        lock.push(".rev-lock");
        let lock = Path::new(&lock);
        make(lock, &theirs);
        let before = std::fs::symlink_metadata(lock).expect("it is there");

        let outcome = summary(&setting.go(Goal::Upgrade, "head"));
        assert!(outcome.contains("the lock file"), "{what}: {outcome}");
        assert!(block_on(database(&file).holder()).is_ok_and(|it| it.is_none()));
        assert_eq!(std::fs::read(&theirs).expect("a file"), b"data\n", "{what}");
        assert_eq!(
            std::fs::read_dir(outside.path()).expect("a folder").count(),
            1
        );
        let after = std::fs::symlink_metadata(lock).expect("it is there");
        assert_eq!(after.len(), before.len(), "{what}");
        assert_eq!(after.file_type().is_fifo(), what == "a pipe");
        assert!(!file.exists(), "{what}");
    }
}

#[cfg(unix)]
#[test]
fn a_note_that_a_killed_run_has_left_is_no_obstacle() {
    let setting = Setting::new(vec![table("a", &[])]);
    let mut lock = setting.file("db1").into_os_string();
    lock.push(".rev-lock");
    std::fs::write(&lock, "ann@host\t4711\t2026-11-23T09:00:00Z\n").expect("a file");
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "head")),
        @"db1: done; did [a]; left []; at [a]");
}
