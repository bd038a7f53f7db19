//! What one of the servers refuses in one statement: it is written so that rows that are
//! there get through, on every server.

use std::collections::BTreeSet;

use rev_core::Dialect;
use rev_sql::schema::ddl::{self, NoteKind};
use rev_testkit::scratch::{Engine, Scratch};

use super::{apply, both_ways, diff, inspect, made, spoken, sql};

/// Calls of every function that the server's manual names, with arguments that some of them
/// take, as the default of bytes.
fn calls(server: &Scratch) -> Vec<String> {
    let names = server.query(
        "SELECT DISTINCT name FROM mysql.help_topic WHERE name REGEXP '^[A-Z_0-9]+$' ORDER BY name",
    );
    let called: BTreeSet<String> = names.into_iter().chain(BESIDE.map(str::to_owned)).collect();
    assert!(called.len() > 300, "{} functions", called.len());
    let arguments = ["", "1", "'a', 'a'"];
    let of = |name: &String| arguments.map(|it| format!("{name}({it})"));
    called.iter().flat_map(of).collect()
}

/// Some that no page of the manual is called after.
const BESIDE: [&str; 6] = [
    "RANDOM_BYTES",
    "CURRENT_USER",
    "SYSDATE",
    "UUID_SHORT",
    "CURRENT_ROLE",
    "UTC_TIMESTAMP",
];

/// Of every function, the server says whether it may be a default of a table that is there,
/// and what it refuses must go through as we write it.
/// MySQL computes what is constant whenever it alters a table, and gives texts the character set of
/// what they are compared with.
#[test]
fn a_check_that_the_server_spells_anew_is_no_difference() {
    const TABLE: &str = "CREATE TABLE t (id INT, n BIGINT CHECK (n > -100 AND n <> -2.5), \
                         name VARCHAR(9) CHECK (name <> 'no' OR name > 'a'))";
    for engine in Engine::MYSQLS {
        for (word, new) in [("id INT", "id BIGINT"), ("))", ")) COLLATE latin1_bin")] {
            let to = TABLE.replacen(word, new, 1);
            let script = both_ways(engine, TABLE, &to, &[]);
            assert!(!script.contains("CONSTRAINT"), "{script}");
        }
    }
}

#[test]
fn a_default_that_differs_on_each_server_is_given_to_rows_that_are_there() {
    let mut refused = 0;
    for engine in Engine::MYSQLS {
        let server = engine.scratch();
        if !server.server().is_mysql_proper() {
            continue;
        }
        assert_eq!(
            server.query("SELECT @@log_bin"),
            ["1"],
            "no binary log is kept"
        );
        server.execute("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
        for call in calls(&server) {
            let column = format!("q VARBINARY(255) DEFAULT ({call})");
            let added = server.try_query(&format!(
                "ALTER TABLE t ADD COLUMN {column}; ALTER TABLE t DROP COLUMN q"
            ));
            // Else it is no function, or takes other arguments, or no default may have it.
            if !added.is_err_and(|it| it.to_string().contains("unsafe")) {
                continue;
            }
            // What no row can have is no default to be given.
            let probed = server.try_query(&format!(
                "CREATE TABLE probe (id INT, {column}); INSERT INTO probe (id) VALUES (1)"
            ));
            server.execute("DROP TABLE IF EXISTS probe");
            if probed.is_err() {
                continue;
            }
            refused += 1;
            let there = made(
                engine,
                &format!("CREATE TABLE t (id INT PRIMARY KEY, {column})"),
            );
            let up = sql(&diff(&inspect(&server), &inspect(&there)));
            apply(&server, &up).unwrap_or_else(|error| panic!("{call}: {error}\n{up}"));
            let left = diff(&inspect(&server), &inspect(&there)).sentences();
            assert!(left.is_empty(), "{call}: {left:?}\n{up}");
            server.execute("ALTER TABLE t DROP COLUMN q");
        }
        assert!(refused > 8, "only {refused} are unsafe");
    }
}

/// Whatever stands on such a column waits for its values.
#[test]
fn what_stands_on_a_column_that_is_filled_comes_after_its_values() {
    for engine in Engine::MYSQLS {
        let from = "CREATE TABLE t (id INT NOT NULL AUTO_INCREMENT, at DATETIME DEFAULT '2020-01-01' \
                    ON UPDATE CURRENT_TIMESTAMP, old VARCHAR(36), PRIMARY KEY (id)); INSERT INTO t () VALUES (), ();";
        let to = "CREATE TABLE t (id INT NOT NULL AUTO_INCREMENT, i VARCHAR(36) NOT NULL DEFAULT (uuid()), \
                  n INT GENERATED ALWAYS AS (length(i)) STORED\n[functional]NOT NULL\n, k VARCHAR(36) DEFAULT (uuid()), \
                  at DATETIME DEFAULT '2020-01-01' ON UPDATE CURRENT_TIMESTAMP, \
                  later DATETIME NULL ON UPDATE CURRENT_TIMESTAMP, old VARCHAR(40) DEFAULT (uuid()), \
                  PRIMARY KEY (i), KEY (id), UNIQUE KEY u (k), KEY (n), CHECK (i <> ''), CHECK (n = 36))";
        let (here, there) = (made(engine, from), made(engine, to));
        let difference = diff(&inspect(&here), &inspect(&there));
        let (up, down) = (sql(&difference), sql(&difference.reversed(Dialect::Mysql)));
        apply(&here, &up).unwrap_or_else(|error| panic!("{engine:?}: {error}\n{up}"));
        let left = diff(&inspect(&here), &inspect(&there)).sentences();
        assert!(left.is_empty(), "{engine:?} {left:?}\n{up}");
        assert_eq!(
            here.query(
                "SELECT COUNT(DISTINCT i), COUNT(DISTINCT k), SUM(n), MAX(at), MAX(later) FROM t"
            ),
            ["2|2|72|2020-01-01 00:00:00|NULL"],
            "{engine:?}\n{up}"
        );
        apply(&here, &down).unwrap_or_else(|error| panic!("{engine:?}: {error}\n{down}"));
        assert_eq!(here.query("SELECT COUNT(*) FROM t"), ["2"]);
    }
}

/// Types that have no value of nothing, with and without a default, new and old.
#[test]
fn a_value_of_no_plain_type_is_given_to_rows_that_are_there() {
    for engine in Engine::MYSQLS {
        let mut kinds = vec![
            ("POINT", "POINT(1, 2)"),
            ("GEOMETRY", "POINT(1, 2)"),
            ("POLYGON", "ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')"),
        ];
        let spoken = spoken(engine);
        let is_mysql = spoken.suffix().is_some();
        if is_mysql {
            kinds.push(("POINT SRID 4326", "ST_SRID(POINT(1, 2), 4326)"));
        }
        if spoken.has("vector") && is_mysql {
            kinds.push(("VECTOR(3)", "STRING_TO_VECTOR('[1,2,3]')"));
        }
        for (kind, value) in kinds {
            let from = format!(
                "CREATE TABLE t (id INT PRIMARY KEY, a {kind}); INSERT INTO t VALUES (1, NULL), (2, {value})"
            );
            for rest in [
                format!("a {kind} NOT NULL, b {kind} NOT NULL"),
                format!("a {kind}, b {kind} NOT NULL DEFAULT ({value})"),
                format!("a {kind}, b {kind} DEFAULT ({value})"),
            ] {
                let to = format!("CREATE TABLE t (id INT PRIMARY KEY, {rest})");
                let (here, there) = (made(engine, &from), made(engine, &to));
                let script = ddl::write(&diff(&inspect(&here), &inspect(&there)), Dialect::Mysql);
                let up = script.to_sql();
                apply(&here, &up)
                    .unwrap_or_else(|error| panic!("{engine:?} {rest}: {error}\n{up}"));
                let left = diff(&inspect(&here), &inspect(&there)).sentences();
                assert!(left.is_empty(), "{engine:?} {rest}: {left:?}\n{up}");
                assert_eq!(here.query("SELECT COUNT(b) FROM t"), ["2"], "{rest}\n{up}");
                let told = script.notes(NoteKind::Decide).count();
                let due = if rest.contains("DEFAULT") { 0 } else { 2 };
                assert_eq!(told, due, "{engine:?} {rest}\n{up}");
            }
        }
    }
}

/// All that may use a column by its name.
const USERS: [(&str, &str); 9] = [
    (
        "CONSTRAINT c1 CHECK (`n` > 0)",
        "CONSTRAINT c1 CHECK (`m` > 0)",
    ),
    ("CHECK (`n` > 0 AND id > 0)", "CHECK (`m` > 0 AND id > 0)"),
    (
        "g INT AS (`n` + 1) VIRTUAL, KEY (g)",
        "g INT AS (`m` + 1) VIRTUAL, KEY (g)",
    ),
    ("g INT AS (`n` + 1) STORED", "g INT AS (`m` + 1) STORED"),
    ("d INT DEFAULT (`n` + 1)", "d INT DEFAULT (`m` + 1)"),
    (
        "KEY (`n`), UNIQUE KEY two (`n`, id)",
        "KEY n (`m`), UNIQUE KEY two (`m`, id)",
    ),
    (
        "o INT CHECK (o < 9), CONSTRAINT c1 CHECK (`n` > 0)",
        "o INT CHECK (o < 9)",
    ),
    (
        "[functional]KEY f ((`n` + 1))",
        "[functional]KEY f ((`m` + 1))",
    ),
    (
        "[not_enforced]CONSTRAINT c2 CHECK (`n` > 5) NOT ENFORCED",
        "[not_enforced]CONSTRAINT c2 CHECK (`m` > 5) NOT ENFORCED",
    ),
];

#[test]
fn a_column_that_others_use_gets_its_new_name() {
    for engine in Engine::MYSQLS {
        for (before, after) in USERS {
            let table = |column: &str, rest: &str| {
                let (mark, rest) = match rest.split_once(']') {
                    Some((mark, rest)) => (format!("{mark}]"), rest),
                    None => (String::new(), rest),
                };
                format!(
                    "CREATE TABLE t (id INT PRIMARY KEY, {column} INT NOT NULL DEFAULT 3\n{mark}, {rest}\n)"
                )
            };
            let rows = "; INSERT INTO t (id) VALUES (1), (2)";
            let from = format!("{}{rows}", table("n", before));
            both_ways(engine, &from, &table("m", after), &["t.n:m"]);
            let renamed = table("m", after).replacen("TABLE t", "TABLE u", 1);
            both_ways(engine, &from, &renamed, &["t:u", "u.n:m"]);
        }
        for parted in [
            "HASH (`n`) PARTITIONS 2",
            "KEY (`n`) PARTITIONS 2",
            "RANGE (`n`) (PARTITION a VALUES LESS THAN (5), PARTITION b VALUES LESS THAN MAXVALUE)",
            "RANGE COLUMNS (`n`) (PARTITION a VALUES LESS THAN (5), PARTITION b VALUES LESS THAN (MAXVALUE))",
            "LIST (`n`) (PARTITION a VALUES IN (1, 3), PARTITION b VALUES IN (4))",
        ] {
            let from = format!(
                "CREATE TABLE t (id INT, n INT NOT NULL DEFAULT 3) PARTITION BY {parted}; \
                 INSERT INTO t (id) VALUES (1), (2)"
            );
            let to =
                format!("CREATE TABLE t (id INT, m INT NOT NULL DEFAULT 3) PARTITION BY {parted}");
            both_ways(engine, &from, &to.replace("`n`", "`m`"), &["t.n:m"]);
        }
    }
}
