//! What is written, what is not, and what is refused.

use rev_core::Goal;
use rev_engine::database::{Guard, Holder, Ledger};
use rev_engine::failure::DatabaseError;
use rev_testkit::sqlite;

use crate::setting::{Setting, block_on, database, revision, summary, table};

#[test]
fn reading_creates_nothing() {
    let setting = Setting::new(vec![table("a", &[])]);
    let file = setting.file("db1");
    let mut db = database(&file);
    assert_eq!(block_on(db.read()), Ok(Ledger::default()));
    assert_eq!(block_on(db.log()), Ok(Vec::new()));
    let left = std::fs::read_dir(setting.root.path())
        .expect("a folder")
        .count();
    assert_eq!(left, 0);

    sqlite::execute(&file, "CREATE TABLE theirs (id)");
    let before = std::fs::read(&file).expect("a file");
    assert_eq!(block_on(db.read()), Ok(Ledger::default()));
    assert_eq!(std::fs::read(&file).expect("a file"), before);
}

#[test]
fn nothing_to_do_creates_nothing() {
    let setting = Setting::new(vec![table("a", &[])]);
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "base")),
        @"db1: nothing; did []; left []; at []");
    let left = std::fs::read_dir(setting.root.path())
        .expect("a folder")
        .count();
    assert_eq!(left, 0);
}

#[test]
fn a_failure_in_statement_3_of_5_leaves_all_as_it_was() {
    let script = "CREATE TABLE one (id);\nINSERT INTO t_a VALUES (7);\nCREATE TABEL two (id);\n\
                  CREATE TABLE three (id);\nCREATE TABLE four (id);";
    let setting = Setting::new(vec![table("a", &[]), revision("b", &["a"], script, "")]);
    setting.go(Goal::Upgrade, "a");
    let file = setting.file("db1");
    let before = sqlite::dump(&file, "rev_log");
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "b")),
        @r#"db1: failed at b: near "TABEL": syntax error; did []; left [b]; at [a]"#);
    assert_eq!(sqlite::dump(&file, "rev_log"), before);
    let log = sqlite::query(
        &file,
        "SELECT outcome, revision, statement, error FROM rev_log",
    );
    assert_eq!(
        log.last().map(String::as_str),
        Some("failed|b|3|near \"TABEL\": syntax error")
    );
}

#[test]
fn a_failure_beside_what_a_script_has_set_is_noted_too() {
    let script =
        "PRAGMA temp.cache_size = 100;\nCREATE TEMP TABLE mine (id);\nCREATE TABEL two (id);";
    let setting = Setting::new(vec![table("a", &[]), revision("b", &["a"], script, "")]);
    setting.go(Goal::Upgrade, "a");
    setting.go(Goal::Upgrade, "b");
    let log = sqlite::query(
        &setting.file("db1"),
        "SELECT outcome, revision FROM rev_log",
    );
    assert_eq!(log.last().map(String::as_str), Some("failed|b"));
}

#[test]
fn up_and_down_again_leaves_only_the_ledger() {
    let revisions = vec![
        table("a", &[]),
        table("b", &["a"]),
        table("c", &["a"]),
        table("d", &["b", "c"]),
    ];
    let setting = Setting::new(revisions);
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "head")),
        @"db1: done; did [a b c d]; left []; at [d]");
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "head")),
        @"db1: nothing; did []; left []; at [d]");
    insta::assert_snapshot!(summary(&setting.go(Goal::Downgrade, "-1")),
        @"db1: done; did [d]; left []; at [b c]");
    insta::assert_snapshot!(summary(&setting.go(Goal::Downgrade, "base")),
        @"db1: done; did [c b a]; left []; at []");
    assert_eq!(sqlite::dump(&setting.file("db1"), "rev_"), "");
    let generation = sqlite::query(&setting.file("db1"), "SELECT generation FROM rev_state");
    assert_eq!(generation, ["8"]);
}

#[test]
fn a_stamp_changes_the_ledger_alone() {
    let setting = Setting::new(vec![table("a", &[]), table("b", &["a"])]);
    insta::assert_snapshot!(summary(&setting.go(Goal::Stamp, "b")),
        @"db1: done; did [a b]; left []; at [b]");
    assert_eq!(sqlite::dump(&setting.file("db1"), "rev_"), "");
    insta::assert_snapshot!(summary(&setting.go(Goal::Stamp, "a")),
        @"db1: done; did [b]; left []; at [a]");
}

#[test]
fn a_second_run_of_the_same_generation_loses_and_plans_again() {
    let setting = Setting::new(vec![table("a", &[]), table("b", &["a"])]);
    setting.go(Goal::Upgrade, "a");
    // Another program moved on without taking the guard.
    let mut db = database(&setting.file("db1"));
    let before = block_on(db.read()).expect("a ledger");
    setting.go(Goal::Upgrade, "b");
    let after = block_on(db.read()).expect("a ledger");
    assert_eq!(after.generation, before.generation + 1);
    let batch = rev_engine::database::Batch {
        generation: before.generation,
        steps: Vec::new(),
        stand: 0,
        in_flight: None,
        plan: rev_core::digest::script(None),
        run: String::new(),
        operator: String::new(),
        version: String::new(),
        started: String::new(),
        elapsed_ms: 0,
        prepare: None,
    };
    let mut silence = |_| {};
    let mut pulse = rev_engine::event::Pulse {
        stop: rev_engine::event::Stop::default(),
        tell: &mut silence,
    };
    let lost = block_on(db.commit(&batch, &mut pulse));
    assert_eq!(lost, Ok(rev_engine::database::Commit::Lost));
    assert_eq!(block_on(db.read()), Ok(after));
}

#[test]
fn the_guard_keeps_others_out_and_goes_with_its_owner() {
    let setting = Setting::new(vec![]);
    let holder = Holder {
        operator: "ann@here".to_owned(),
        process: 7,
        since: "2026-11-23T09:00:00Z".to_owned(),
        node: None,
    };
    let mut first = database(&setting.file("db1"));
    let mut second = database(&setting.file("db1"));
    assert_eq!(block_on(first.identity()), block_on(second.identity()));
    assert_eq!(block_on(first.try_lock(&holder)), Ok(Guard::Taken));
    let other = Holder::default();
    let held = block_on(second.try_lock(&other));
    assert_eq!(held, Ok(Guard::Held(Some(holder))));
    drop(first);
    assert_eq!(block_on(second.try_lock(&other)), Ok(Guard::Taken));
}

#[test]
fn a_rebuilt_table_keeps_the_rows_that_refer_to_it() {
    let make = "CREATE TABLE parent (id INTEGER PRIMARY KEY);\n\
                CREATE TABLE child (id INTEGER PRIMARY KEY, \
                parent INTEGER NOT NULL REFERENCES parent ON DELETE CASCADE);\n\
                INSERT INTO parent VALUES (1);\nINSERT INTO child VALUES (1, 1);";
    let rebuild = "CREATE TABLE fresh (id INTEGER PRIMARY KEY, name TEXT);\n\
                   INSERT INTO fresh (id) SELECT id FROM parent;\nDROP TABLE parent;\n\
                   ALTER TABLE fresh RENAME TO parent;";
    let setting = Setting::new(vec![
        revision("a", &[], make, ""),
        revision("b", &["a"], rebuild, ""),
    ]);
    setting.go(Goal::Upgrade, "head");
    assert_eq!(
        sqlite::query(&setting.file("db1"), "SELECT * FROM child"),
        ["1|1"]
    );
}

const FAMILY: &str = "CREATE TABLE parent (id INTEGER PRIMARY KEY);\n\
    CREATE TABLE child (id INTEGER PRIMARY KEY, \
    parent INTEGER NOT NULL REFERENCES parent ON DELETE CASCADE);\n\
    CREATE TABLE ward (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent ON DELETE SET NULL);\n\
    INSERT INTO parent VALUES (1);\nINSERT INTO child VALUES (1, 1), (2, 1);\n\
    INSERT INTO ward VALUES (1, 1);";

/// Rebuilds `parent`, keeping these of its rows.
fn rebuilt(rows: &str) -> String {
    format!(
        "CREATE TABLE fresh (id INTEGER PRIMARY KEY);\n\
         INSERT INTO fresh SELECT id FROM parent WHERE {rows};\nDROP TABLE parent;\n\
         ALTER TABLE fresh RENAME TO parent;"
    )
}

/// A revision whose scripts go statement by statement.
fn by_statement(id: &str, parent: &str, up: &str, down: &str) -> rev_core::Revision {
    let mut made = revision(id, &[parent], up, down);
    made.scripts.top.transaction = rev_core::TransactionMode::None;
    made
}

fn children(setting: &Setting) -> Vec<String> {
    let query = "SELECT 'child ' || parent FROM child UNION ALL SELECT 'ward ' || parent FROM ward";
    sqlite::query(&setting.file("db1"), query)
}

const KEPT: [&str; 3] = ["child 1", "child 1", "ward 1"];

#[test]
fn a_rebuild_by_statement_keeps_the_rows_that_refer_to_it_both_ways() {
    let setting = Setting::new(vec![
        revision("a", &[], FAMILY, ""),
        by_statement("b", "a", &rebuilt("true"), &rebuilt("true")),
        // With what the engine refuses within a transaction, for which people ask for it.
        by_statement("c", "b", &format!("VACUUM;\n{}", rebuilt("true")), ""),
    ]);
    setting.go(Goal::Upgrade, "b");
    assert_eq!(children(&setting), KEPT);
    setting.go(Goal::Downgrade, "a");
    assert_eq!(children(&setting), KEPT);
    setting.go(Goal::Upgrade, "c");
    assert_eq!(children(&setting), KEPT);
}

#[test]
fn foreign_keys_are_on_again_after_a_rebuild_by_statement() {
    let setting = Setting::new(vec![
        revision("a", &[], FAMILY, ""),
        by_statement("b", "a", &rebuilt("true"), ""),
        revision("c", &["b"], "INSERT INTO child VALUES (3, 77)", ""),
    ]);
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "head")),
        @"db1: failed at c: FOREIGN KEY constraint failed; did [a b]; left [c]; at [b]");
}

#[test]
fn a_rebuild_by_statement_that_loses_a_parent_fails_until_the_rows_are_mended() {
    let setting = Setting::new(vec![
        revision("a", &[], FAMILY, ""),
        by_statement("b", "a", &rebuilt("false"), ""),
    ]);
    setting.go(Goal::Upgrade, "a");
    let file = setting.file("db1");
    for _ in 0..2 {
        insta::allow_duplicates! {
            insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "b")),
                @"db1: failed at b: the script leaves foreign keys that lead nowhere: `child` row 1 refers to a missing row of `parent`; `child` row 2 refers to a missing row of `parent`; `ward` row 1 refers to a missing row of `parent`; did []; left [b]; at [a]");
        }
        assert_eq!(children(&setting), KEPT);
    }
    sqlite::execute(&file, "INSERT INTO parent VALUES (1)");
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "b")),
        @"db1: done; did [b]; left []; at [b]");
    assert_eq!(children(&setting), KEPT);
}

#[test]
fn only_new_violations_of_foreign_keys_fail_a_rebuild() {
    let make = "CREATE TABLE parent (id INTEGER PRIMARY KEY);\n\
                CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent);\n\
                INSERT INTO parent VALUES (1);\nINSERT INTO child VALUES (1, 1);";
    let rebuild = |rows: &str| {
        format!(
            "CREATE TABLE fresh (id INTEGER PRIMARY KEY);\n\
             INSERT INTO fresh SELECT id FROM parent WHERE {rows};\nDROP TABLE parent;\n\
             ALTER TABLE fresh RENAME TO parent;"
        )
    };
    let setting = Setting::new(vec![
        revision("a", &[], make, ""),
        revision("b", &["a"], &rebuild("true"), ""),
        revision("c", &["b"], &rebuild("false"), ""),
    ]);
    setting.go(Goal::Upgrade, "a");
    let file = setting.file("db1");
    let old = "PRAGMA foreign_keys = OFF; INSERT INTO child VALUES (2, 99);";
    sqlite::execute(&file, old);
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "b")),
        @"db1: done; did [b]; left []; at [b]");
    let before = sqlite::dump(&file, "rev_log");
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "c")),
        @"db1: failed at c: the script leaves foreign keys that lead nowhere: `child` row 1 refers to a missing row of `parent`; did []; left [c]; at [b]");
    assert_eq!(sqlite::dump(&file, "rev_log"), before);
}

#[test]
fn foreign_keys_are_enforced_while_a_script_runs() {
    let make = "CREATE TABLE parent (id INTEGER PRIMARY KEY);\n\
                CREATE TABLE child (parent INTEGER REFERENCES parent);\n\
                INSERT INTO child VALUES (5);";
    let setting = Setting::new(vec![revision("a", &[], make, "")]);
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "head")),
        @"db1: failed at a: FOREIGN KEY constraint failed; did []; left [a]; at []");
}

#[test]
fn a_folder_garbage_and_a_newer_ledger_are_told_apart() {
    let setting = Setting::new(vec![table("a", &[])]);
    let read = |name: &str| block_on(database(&setting.file(name)).read());
    std::fs::create_dir(setting.file("folder")).expect("a folder");
    assert!(matches!(
        read("folder"),
        Err(DatabaseError::NotADatabase { .. })
    ));
    std::fs::write(setting.file("garbage"), "no database, ".repeat(100)).expect("a file");
    assert!(matches!(
        read("garbage"),
        Err(DatabaseError::NotADatabase { .. })
    ));

    setting.go(Goal::Upgrade, "head");
    sqlite::execute(&setting.file("db1"), "UPDATE rev_state SET format = 99");
    assert_eq!(
        read("db1"),
        Err(DatabaseError::NewerLedger {
            found: 99,
            known: 1
        })
    );
    let refused = summary(&setting.go(Goal::Downgrade, "base"));
    assert!(refused.contains("refused (newer_ledger)"), "{refused}");

    sqlite::execute(
        &setting.file("db1"),
        "UPDATE rev_state SET format = 1; UPDATE rev_ledger SET parents = 'x'",
    );
    assert!(matches!(read("db1"), Err(DatabaseError::Damaged { .. })));
}

#[test]
fn another_programs_lock_is_waited_for_and_then_told() {
    let setting = Setting::new(vec![table("a", &[]), table("b", &["a"])]);
    setting.go(Goal::Upgrade, "a");
    let script = "BEGIN EXCLUSIVE";
    let holder = sqlite::hold(&setting.file("db1"), script);
    let outcome = summary(&setting.go(Goal::Upgrade, "b"));
    assert!(outcome.contains("database is locked"), "{outcome}");
    drop(holder);
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "b")),
        @"db1: done; did [b]; left []; at [b]");
}

#[test]
fn a_script_that_names_the_ledger_is_stopped_and_undone() {
    let script = "CREATE TABLE x (id); DELETE FROM rev_ledger";
    let setting = Setting::new(vec![table("a", &[]), revision("b", &["a"], script, "")]);
    insta::assert_snapshot!(summary(&setting.go(Goal::Upgrade, "head")),
        @"db1: failed at b: a script may not name the ledger's table `rev_ledger`; did [a]; left [b]; at [a]");
    assert_eq!(
        sqlite::query(&setting.file("db1"), "SELECT revision FROM rev_ledger"),
        ["a"]
    );
}
