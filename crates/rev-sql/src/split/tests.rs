use proptest::prelude::*;
use proptest::sample::select;
use rev_core::{Dialect, Sql, TransactionMode};

use super::{Construct, SplitError, Statement, rebuilds_tables, split};

fn statements(dialect: Dialect, text: &str) -> Vec<Statement> {
    match split(&Sql::text(text), dialect, TransactionMode::Step) {
        Ok(statements) => statements,
        Err(error) => panic!("{error} in {text}"),
    }
}

fn texts(dialect: Dialect, text: &str) -> Vec<String> {
    let statements = statements(dialect, text);
    for statement in &statements {
        assert!(text[statement.offset..].starts_with(&statement.text));
    }
    statements.into_iter().map(|found| found.text).collect()
}

fn refusal(dialect: Dialect, text: &str, transaction: TransactionMode) -> Option<SplitError> {
    split(&Sql::text(text), dialect, transaction).err()
}

/// Every text is split into itself and the `SELECT` that follows it.
#[track_caller]
fn each_is_one_statement(dialect: Dialect, whole: &[&str]) {
    for text in whole {
        let script = format!("{text};\nSELECT 'after'");
        assert_eq!(texts(dialect, &script), [*text, "SELECT 'after'"]);
    }
}

#[track_caller]
fn unterminated(dialect: Dialect, text: &str, opening: &str, construct: Construct) {
    let offset = text.find('^').expect("the text marks the place");
    let text = text.replacen('^', "", 1);
    assert_eq!(
        refusal(dialect, &text, TransactionMode::Step),
        Some(SplitError::Unterminated {
            piece: 0,
            offset,
            text: opening.to_owned(),
            construct,
        }),
        "{text}"
    );
}

const POSTGRES: [&str; 26] = [
    "SELECT 'it''s; fine'",
    r"SELECT 'a\'",
    r"SELECT E'it\'s; \\', e'\\'",
    "SELECT E'a'\n  'b\\';'",
    "SELECT E'a' -- ; and on\n  'b\\';'",
    r"SELECT U&'\0061;''', U&'\'",
    r#"SELECT ";""", U&";""" FROM "t;""#,
    "SELECT $$a;b$$, $tag$ $$;$$ $tg$ ; $tag$",
    "SELECT $é_1$;$é_1$",
    "SELECT a$b$c, x FROM t$",
    "SELECT $1::text, $2",
    "SELECT 1 /* ; /* ; */ ; ' */ + 1",
    "SELECT 1 -- ; ' \"\n + 1",
    "SELECT a #>> '{;}' FROM t",
    "SELECT '[' || a[1] || '`'",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b;)",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 1; END; $f$",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
    "create or replace procedure p(a int default 1) begin /* ; */ atomic \
     INSERT INTO t SELECT CASE WHEN a > 1 THEN CASE a WHEN 2 THEN 3 END ELSE 1 END AS end; \
     SELECT t.end, begin FROM t; END",
    "DO $$ BEGIN COMMIT; END $$",
    "CREATE TABLE begin (begin int, atomic int)",
    "PREPARE transaction_1 AS SELECT 1",
    "CREATE FUNCTION f(text) RETURNS text AS 'SELECT ''BEGIN ATOMIC;''' LANGUAGE sql",
    "COPY (SELECT 1 FROM stdin) TO '/tmp/x'",
    "SELECT 1$$;$$",
    "SELECT * FROM \"BEGIN\" WHERE x = 'STDIN'",
];

const MYSQL: [&str; 33] = [
    r#"SELECT 'it\'s; fine', "a;\"b", 'a''b', "a"";""#,
    r"SELECT '\\', N';', _utf8';'",
    "SELECT `a;``b` FROM `t;`",
    "SELECT 5--1",
    "SELECT 1 -- ; '\n + 1",
    "SELECT 1 --\t; '\n + 1",
    "SELECT 1 # ; '\n + 1",
    "SELECT 1 /* ; /* ' */ + 1",
    "/*!40101 SET NAMES utf8 */",
    "SELECT 1 /*!50001 , ';' /* ; */ */ + 1",
    "/*M!100100 SELECT ';' */",
    "CREATE PROCEDURE p() SELECT 1",
    "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT IF(1, 2, 3); END",
    "CREATE OR REPLACE DEFINER=`a;b`@`%` PROCEDURE IF NOT EXISTS db.p(IN a ENUM('begin')) \
     COMMENT ';' BEGIN END",
    "create definer = event@localhost trigger t before insert on begin for each row \
     follows other begin set new.end = case when 1 then if(1, 2, 3) else 0 end; end",
    "CREATE TRIGGER t AFTER UPDATE ON x FOR EACH ROW IF NOT EXISTS (SELECT 1) THEN SET @a = 1; \
     ELSEIF 2 THEN SET @end = 2; ELSE IF 3 THEN DO 1; END IF; END IF",
    "CREATE TRIGGER t BEFORE DELETE ON x FOR EACH ROW SET @a = IF(1, 2, 3)",
    "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW INSERT INTO y VALUES (CASE 1 WHEN 1 THEN 2 END)",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM t; END",
    "CREATE FUNCTION f(a INT) RETURNS CHAR(9) CHARACTER SET utf8 DETERMINISTIC \
     BEGIN RETURN CASE a WHEN 1 THEN 'x' ELSE CASE WHEN 2 THEN 'y' END END; END",
    "CREATE FUNCTION f() RETURNS INT RETURN IF(1, 2, 3)",
    "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN CASE WHEN 1 THEN 2 END",
    "CREATE PROCEDURE p() outer_one: BEGIN `l`: LOOP LEAVE l; END LOOP `l`; \
     WHILE a DO ITERATE x; END WHILE; m: REPEAT SET a = REPEAT('x', 3); \
     UNTIL CASE WHEN a THEN 1 END END REPEAT m; END outer_one",
    "CREATE PROCEDURE p() BEGIN CASE a WHEN 1 THEN SELECT 1; BEGIN END; ELSE BEGIN SELECT 2; END; \
     END CASE; SELECT end, begin FROM t; END",
    "CREATE PROCEDURE p() BEGIN DECLARE c CURSOR FOR SELECT a FROM b; \
     DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; END; \
     DECLARE CONTINUE HANDLER FOR NOT FOUND, SQLWARNING SET done = IF(1, 2, 3); \
     START TRANSACTION; DROP TABLE IF EXISTS t; IF a THEN COMMIT; END IF; END",
    "CREATE PROCEDURE p() BEGIN FOR r IN (SELECT 1) DO SELECT r.end; END FOR; DO SLEEP(1); END",
    "BEGIN NOT ATOMIC DECLARE x INT; SET x = 1; IF x THEN SELECT 1; END IF; END",
    "IF EXISTS (SELECT 1) THEN DROP TABLE t; END IF",
    "CREATE PACKAGE p AS PROCEDURE a(); FUNCTION b() RETURN INT; END",
    "CREATE OR REPLACE PACKAGE BODY p AS x INT; PROCEDURE a() AS y INT; BEGIN SELECT 1; END; \
     FUNCTION b() RETURN INT IS BEGIN RETURN 1; END; BEGIN SET x = 1; END",
    "/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`h`*/ /*!50003 TRIGGER t BEFORE INSERT ON x \
     FOR EACH ROW BEGIN SET @a = 1; END */",
    "CREATE TABLE t (delimiter INT,\ndelimiter_2 INT, `end` INT)",
    "CREATE TABLE procedure_log (event VARCHAR(9), begin DATETIME, end DATETIME)",
];

const SQLITE: [&str; 17] = [
    "SELECT 'it''s; fine', 'a\\'",
    "SELECT \"a;\"\"b\", `a;``b`, [a;b] FROM [t;]",
    "SELECT 1 /* ; /* ' */ + 1",
    "SELECT 1 -- ; '\n + 1",
    "SELECT 1--1;\n",
    "SELECT x';', a$c",
    "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; SELECT 2; END",
    "create temp trigger if not exists t after update on x for each row when new.a > 1 begin \
     update y set a = case when 1 then case 2 when 3 then 4 end else 5 end; end",
    "CREATE TEMPORARY TRIGGER t AFTER INSERT ON x BEGIN -- ;END;\n SELECT 1; /* ; */ END",
    "CREATE TRIGGER begin AFTER INSERT ON x BEGIN SELECT end, \"end\" FROM t; END",
    "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT ';END;'; END",
    "CREATE TRIGGER t INSTEAD OF DELETE ON v BEGIN SELECT RAISE(ROLLBACK, 'no;'); END",
    "CREATE TABLE trigger_log (begin TEXT, end TEXT)",
    "CREATE VIEW trigger AS SELECT CASE 1 WHEN 1 THEN 2 END",
    "SELECT a$$ FROM t",
    "ROLLBACK TRANSACTION TO SAVEPOINT s",
    "PRAGMA foreign_keys",
];

#[test]
fn postgres_statements_keep_their_semicolons() {
    each_is_one_statement(Dialect::Postgres, &POSTGRES);
}

#[test]
fn mysql_statements_keep_their_semicolons() {
    each_is_one_statement(Dialect::Mysql, &MYSQL);
}

#[test]
fn sqlite_statements_keep_their_semicolons() {
    let whole: Vec<&str> = SQLITE
        .iter()
        .copied()
        .filter(|text| !text.contains("--1"))
        .collect();
    each_is_one_statement(Dialect::Sqlite, &whole);
    assert_eq!(texts(Dialect::Sqlite, "SELECT 1--1;\n"), ["SELECT 1"]);
}

#[test]
fn what_quotes_in_one_dialect_does_not_in_another() {
    let script = r"SELECT '\'; SELECT '";
    assert_eq!(texts(Dialect::Mysql, script).len(), 1);
    assert_eq!(texts(Dialect::Postgres, &format!("{script}'")).len(), 2);
    assert_eq!(texts(Dialect::Postgres, "SELECT $$;$$").len(), 1);
    assert_eq!(texts(Dialect::Mysql, "SELECT $$;$$").len(), 2);
    assert_eq!(texts(Dialect::Sqlite, "SELECT [;]").len(), 1);
    assert_eq!(texts(Dialect::Postgres, "SELECT [;]").len(), 2);
    assert_eq!(texts(Dialect::Postgres, "SELECT 5--1; SELECT 2").len(), 1);
    assert_eq!(texts(Dialect::Mysql, "SELECT 5--1; SELECT 2").len(), 2);
    assert_eq!(texts(Dialect::Mysql, "SELECT 5 # 1; SELECT 2").len(), 1);
    assert_eq!(texts(Dialect::Postgres, "SELECT 5 # 1; SELECT 2").len(), 2);
    assert_eq!(texts(Dialect::Postgres, "1 /*/**/;*/ + 1").len(), 1);
    assert_eq!(texts(Dialect::Sqlite, "1 /*/**/;*/ + 1").len(), 2);
}

#[test]
fn only_comments_and_white_space_are_no_statement() {
    for dialect in Dialect::ALL {
        let script = "\u{feff} ;; -- nothing\r\n /* at ; all */ ;\t\n--";
        assert_eq!(texts(dialect, script), [""; 0]);
    }
    assert_eq!(
        texts(Dialect::Mysql, "/*!999999\\- sandbox */ # x"),
        [""; 0]
    );
}

#[test]
fn offsets_are_bytes_of_the_piece() {
    let sql = Sql(vec![
        "-- ünïcödé\r\n SELECT 'é' ;\r\n/* ☃ */ SELECT \"☃\" -- end\r\n".to_owned(),
        "\u{feff}SELECT 3".to_owned(),
    ]);
    for dialect in Dialect::ALL {
        let found = split(&sql, dialect, TransactionMode::Step).expect("the script is well formed");
        let places: Vec<(&str, usize, usize)> = found
            .iter()
            .map(|statement| (&*statement.text, statement.piece, statement.offset))
            .collect();
        assert_eq!(
            places,
            [
                ("SELECT 'é'", 0, 17),
                ("SELECT \"☃\"", 0, 42),
                ("SELECT 3", 1, 3)
            ]
        );
    }
}

#[test]
fn delimiter_lines_change_what_ends_a_statement() {
    let script = "SELECT 1;\r\ndelimiter //\r\nCREATE PROCEDURE p()\r\nBEGIN SELECT 1; END;\r\n//\r\n\
                  CREATE PROCEDURE oracle AS x INT; BEGIN NULL; END//\r\nDELIMITER ; -- back\r\nSELECT 2;";
    assert_eq!(
        texts(Dialect::Mysql, script),
        [
            "SELECT 1",
            "CREATE PROCEDURE p()\r\nBEGIN SELECT 1; END",
            "CREATE PROCEDURE oracle AS x INT; BEGIN NULL; END",
            "SELECT 2"
        ]
    );
}

#[test]
fn delimiters_of_name_characters_end_names_but_not_strings() {
    assert_eq!(
        texts(
            Dialect::Mysql,
            "DELIMITER $$\nSELECT a$$SELECT '$$', `$$`$$ # $$\nSELECT @b$$"
        ),
        ["SELECT a", "SELECT '$$', `$$`", "SELECT @b"]
    );
    assert_eq!(
        texts(
            Dialect::Mysql,
            "DELIMITER ;;\n/*!50003 CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN DO 1; END */;;\nDELIMITER ;\nDO 2"
        ),
        [
            "/*!50003 CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN DO 1; END */",
            "DO 2"
        ]
    );
}

#[test]
fn plain_statements_split_at_semicolons_under_a_delimiter_too() {
    assert_eq!(
        texts(Dialect::Mysql, "DELIMITER //\nDO 1; DO 2;\n//\nDO 3"),
        ["DO 1", "DO 2", "DO 3"]
    );
}

#[test]
fn a_delimiter_is_set_for_its_piece_only() {
    let sql = Sql(vec![
        "DELIMITER //".to_owned(),
        "DO 1; DO 2 // 3".to_owned(),
    ]);
    let found =
        split(&sql, Dialect::Mysql, TransactionMode::Step).expect("the script is well formed");
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].text, "DO 2 // 3");
}

#[test]
fn a_delimiter_line_without_a_delimiter_is_refused() {
    assert_eq!(
        refusal(
            Dialect::Mysql,
            "DO 1;\nDelimiter \r\nDO 2",
            TransactionMode::Step
        ),
        Some(SplitError::NoDelimiter {
            piece: 0,
            offset: 6,
            text: "Delimiter".to_owned()
        })
    );
}

#[test]
fn a_semicolon_cannot_cut_an_executable_comment() {
    assert_eq!(
        refusal(Dialect::Mysql, "/*! DO 1; COMMIT */", TransactionMode::Step),
        Some(SplitError::DividedComment {
            piece: 0,
            offset: 8,
            text: ";".to_owned()
        })
    );
}

#[test]
fn what_never_closes_is_named_with_the_place_where_it_opens() {
    use Construct::{Body, Comment, DollarQuote, Name, Text};
    for dialect in Dialect::ALL {
        unterminated(dialect, "SELECT 'é'; SELECT ^'a; SELECT 2", "'", Text);
        unterminated(dialect, "SELECT 1 ^/* ; *", "/*", Comment);
    }
    let (postgres, mysql, sqlite) = (Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite);
    unterminated(postgres, "SELECT ^\"a;", "\"", Name);
    unterminated(postgres, r"SELECT E^'a\';", "'", Text);
    unterminated(postgres, "SELECT ^$é$ $$ $e$;", "$é$", DollarQuote);
    unterminated(postgres, "SELECT ^/* /* */ 1", "/*", Comment);
    unterminated(
        postgres,
        "CREATE FUNCTION f() ^Begin ATOMIC SELECT 1;",
        "Begin",
        Body,
    );
    unterminated(mysql, "SELECT ^\"a;\\\"", "\"", Text);
    unterminated(mysql, "SELECT ^`a;", "`", Name);
    unterminated(mysql, "SELECT 1 ^/*!50001 + 1", "/*", Comment);
    unterminated(
        mysql,
        "CREATE PROCEDURE p() ^BEGIN IF 1 THEN DO 1; END;",
        "BEGIN",
        Body,
    );
    unterminated(sqlite, "SELECT ^[a;", "[", Name);
    unterminated(
        sqlite,
        "CREATE TRIGGER t AFTER INSERT ON x ^BEGIN SELECT 1;",
        "BEGIN",
        Body,
    );
}

#[test]
fn transaction_control_is_refused_in_every_mode() {
    let everywhere = ["BEGIN", "COMMIT", "ROLLBACK", "/* x */ begin"];
    let postgres = [
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
        "START TRANSACTION",
        "END",
        "ABORT",
        "ROLLBACK WORK",
        "PREPARE TRANSACTION 'x'",
        "COMMIT PREPARED 'x'",
        "ROLLBACK PREPARED 'x'",
    ];
    let mysql = [
        "BEGIN WORK",
        "START /* x */ TRANSACTION READ ONLY",
        "/*!50000 COMMIT */",
        "XA START 'x'",
        "SAVEPOINT s",
        "ROLLBACK TO s",
        "RELEASE SAVEPOINT s",
        "SET @a = 1, SESSION autocommit = 0",
        "SET @@session.autocommit := 1",
        "SET @@autocommit = 0",
        "SET `autocommit` = 0",
        "SET completion_type = 2",
        "SET @a = 1, @b = 2, @c = 3, @d = 4, @e = 5, @f = 6, @g = 7, @h = 8, @i = 9, autocommit = 0",
        "SET STATEMENT sql_mode = '' FOR COMMIT",
        "/*!99999 SELECT */ COMMIT",
        "/*M!100000 SELECT */ COMMIT",
    ];
    let sqlite = ["BEGIN IMMEDIATE", "END TRANSACTION", "ROLLBACK TRANSACTION"];
    let cases = [
        (Dialect::Postgres, &postgres[..]),
        (Dialect::Mysql, &mysql[..]),
        (Dialect::Sqlite, &sqlite[..]),
    ];
    for (dialect, texts) in cases {
        for text in everywhere.iter().chain(texts) {
            for mode in [TransactionMode::Step, TransactionMode::None] {
                let error = refusal(dialect, &format!("SELECT 'é'; {text}"), mode);
                assert!(
                    matches!(error, Some(SplitError::TransactionControl { .. })),
                    "{dialect} {text}: {error:?}"
                );
            }
        }
    }
}

#[test]
fn locks_and_files_of_the_client_are_refused() {
    for text in [
        "LOCK TABLES t WRITE",
        "UNLOCK TABLES",
        "LOCK INSTANCE FOR BACKUP",
        "BACKUP STAGE START",
        "FLUSH TABLES WITH READ LOCK",
        "FLUSH TABLES t FOR EXPORT",
        "/*!40000 LOCK TABLES t READ */",
    ] {
        let error = refusal(Dialect::Mysql, text, TransactionMode::Step);
        assert!(
            matches!(error, Some(SplitError::Lock { .. })),
            "{text}: {error:?}"
        );
    }
    for text in [
        "LOAD DATA LOCAL INFILE 'x' INTO TABLE t",
        "LOAD DATA LOW_PRIORITY LOCAL INFILE 'x' INTO TABLE t",
        "LOAD XML LOCAL INFILE 'x' INTO TABLE t",
        "/*!40000 LOAD DATA LOCAL INFILE 'x' INTO TABLE t */",
    ] {
        let error = refusal(Dialect::Mysql, text, TransactionMode::Step);
        let is_it = matches!(error, Some(SplitError::ClientFile { .. }));
        assert!(is_it, "{text}: {error:?}");
    }
    for text in [
        "FLUSH TABLES t",
        "LOAD DATA INFILE 'x' INTO TABLE local",
        "SELECT local FROM t",
    ] {
        let error = refusal(Dialect::Mysql, text, TransactionMode::Step);
        assert_eq!(error, None, "{text}");
    }
}

#[test]
fn a_refusal_names_the_words_and_their_place() {
    assert_eq!(
        refusal(
            Dialect::Postgres,
            "SELECT 'é';\n prepare  transaction 'x'",
            TransactionMode::Step
        ),
        Some(SplitError::TransactionControl {
            piece: 0,
            offset: 14,
            text: "prepare transaction".to_owned()
        })
    );
    let error = refusal(
        Dialect::Sqlite,
        "PRAGMA main.Foreign_Keys = OFF",
        TransactionMode::Step,
    );
    assert_eq!(
        error.as_ref().map(ToString::to_string).as_deref(),
        Some("`PRAGMA main.Foreign_Keys` has no place inside a transaction")
    );
    assert_eq!(error.map(|error| error.place()), Some((0, 0)));
}

#[test]
fn savepoints_are_allowed_only_inside_the_scripts_transaction() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        for text in [
            "SAVEPOINT s",
            "RELEASE s",
            "ROLLBACK TO s",
            "ROLLBACK TRANSACTION TO SAVEPOINT s",
        ] {
            assert_eq!(
                refusal(dialect, text, TransactionMode::Step),
                None,
                "{text}"
            );
            assert!(
                refusal(dialect, text, TransactionMode::None).is_some(),
                "{text}"
            );
        }
    }
}

#[test]
fn words_that_only_look_like_transaction_control_pass() {
    let cases = [
        (Dialect::Postgres, "PREPARE p AS SELECT 1"),
        (Dialect::Postgres, "SELECT 1 AS commit"),
        (Dialect::Mysql, "SET @OLD_AUTOCOMMIT = @@autocommit"),
        (Dialect::Mysql, "SET @autocommit = 1"),
        (Dialect::Mysql, "START REPLICA"),
        (Dialect::Mysql, "`commit`"),
        (Dialect::Sqlite, "CREATE TABLE begin(a)"),
    ];
    for (dialect, text) in cases {
        assert_eq!(
            refusal(dialect, text, TransactionMode::None),
            None,
            "{text}"
        );
    }
}

#[test]
fn what_cannot_work_inside_a_transaction_needs_mode_none() {
    let cases = [
        (Dialect::Sqlite, "PRAGMA foreign_keys = OFF"),
        (Dialect::Sqlite, "pragma main.journal_mode(wal)"),
        (Dialect::Sqlite, "VACUUM"),
        (Dialect::Sqlite, "ATTACH 'x' AS y"),
        (Dialect::Sqlite, "DETACH DATABASE y"),
        (
            Dialect::Postgres,
            "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)",
        ),
        (Dialect::Postgres, "DROP INDEX CONCURRENTLY IF EXISTS i"),
        (Dialect::Postgres, "REINDEX (VERBOSE, CONCURRENTLY) TABLE t"),
        (
            Dialect::Postgres,
            "ALTER TABLE a.b DETACH PARTITION c.d CONCURRENTLY",
        ),
        (Dialect::Postgres, "VACUUM (ANALYZE) t"),
        (Dialect::Postgres, "CREATE DATABASE d"),
        (Dialect::Postgres, "ALTER SYSTEM SET work_mem = 1"),
    ];
    for (dialect, text) in cases {
        let error = refusal(dialect, text, TransactionMode::Step);
        assert!(
            matches!(error, Some(SplitError::NotInTransaction { .. })),
            "{text}: {error:?}"
        );
        assert_eq!(
            refusal(dialect, text, TransactionMode::None),
            None,
            "{text}"
        );
    }
}

#[test]
fn copy_from_stdin_is_refused_before_its_data_is_read() {
    let script = "SELECT 1;\nCOPY t (a, \"b;\") FROM stdin WITH (FORMAT csv);\nit's\tdata\n\\.\n";
    for mode in [TransactionMode::Step, TransactionMode::None] {
        assert_eq!(
            refusal(Dialect::Postgres, script, mode),
            Some(SplitError::CopyFromStdin {
                piece: 0,
                offset: 10,
                text: "COPY t (a, \"b;\") FROM stdin".to_owned()
            })
        );
    }
    assert_eq!(
        refusal(
            Dialect::Postgres,
            "COPY t FROM '/x'; COPY t TO STDOUT",
            TransactionMode::Step
        ),
        None
    );
}

#[test]
fn nul_is_refused_wherever_it_is() {
    let sql = Sql(vec!["SELECT 'open".to_owned(), "SELECT 'é\0'".to_owned()]);
    for dialect in Dialect::ALL {
        assert_eq!(
            split(&sql, dialect, TransactionMode::None),
            Err(SplitError::Nul {
                piece: 1,
                offset: 10
            })
        );
    }
}

#[test]
fn a_rebuild_is_seen_by_its_words_and_not_by_its_letters() {
    let rebuilds = |text| rebuilds_tables(&statements(Dialect::Sqlite, text));
    assert!(rebuilds("SELECT 1; drop /* x */ table if exists t"));
    assert!(rebuilds("ALTER TABLE main.[a b] RENAME -- x\n TO c"));
    assert!(!rebuilds(
        "ALTER TABLE t RENAME COLUMN a TO b; ALTER TABLE t RENAME a TO b"
    ));
    assert!(!rebuilds(
        "ALTER TABLE t DROP COLUMN a; DROP INDEX t; SELECT 'DROP TABLE t'"
    ));
    assert!(!rebuilds("CREATE TABLE drop_table (a); -- DROP TABLE t"));
}

#[test]
fn long_and_hostile_texts_are_walked_once() {
    // A quadratic walk over any of these would take hours, not be slow.
    let n = 200_000;
    let hostile = [
        "SELECT E'a'\n\n\n -- x\n;".repeat(n),
        format!("SELECT '{}'", "''".repeat(n)),
        "$a ".repeat(n),
        "(".repeat(n),
        "$a$$b$".repeat(n),
        format!("{}{}", "/*".repeat(n), "*/".repeat(n)),
        "CASE ".repeat(n),
        "--\n;".repeat(n),
        "@".repeat(n),
    ];
    for text in hostile {
        for dialect in Dialect::ALL {
            if let Err(error) = split(&Sql::text(&text), dialect, TransactionMode::Step) {
                assert!(error.place().1 <= text.len());
            }
        }
    }
}

/// What may stand between two statements.
fn gap() -> impl Strategy<Value = String> {
    let filler = select(vec![
        " ",
        "\r\n",
        "\t",
        ";",
        "-- ; 'ü\n",
        "/* ; ' \" ☃ */",
        "\n",
    ]);
    prop::collection::vec(filler, 0..4).prop_map(|fillers| fillers.concat())
}

fn script() -> impl Strategy<Value = (Dialect, Vec<&'static str>, Vec<String>)> {
    let corpora = vec![
        (Dialect::Postgres, &POSTGRES[..]),
        (Dialect::Mysql, &MYSQL[..]),
        (Dialect::Sqlite, &SQLITE[..]),
    ];
    select(corpora).prop_flat_map(|(dialect, corpus)| {
        let whole: Vec<&str> = corpus
            .iter()
            .copied()
            .filter(|text| !text.ends_with('\n'))
            .collect();
        (
            Just(dialect),
            prop::collection::vec(select(whole), 0..8),
            prop::collection::vec(gap(), 9),
        )
    })
}

/// Pieces of text from which nasty scripts are made.
fn noise() -> impl Strategy<Value = String> {
    let pieces = vec![
        "'",
        "\"",
        "`",
        "[",
        "]",
        "$",
        "$$",
        "$a$",
        "E'",
        "\\",
        "/*",
        "*/",
        "/*!",
        "/*M!1",
        "--",
        "-- ",
        "#",
        "\n",
        "\r\n",
        " ",
        ";",
        ";",
        "(",
        ")",
        "é",
        "☃",
        "\u{feff}",
        "1",
        "a",
        "@",
        ":",
        ".",
        "=",
        "CREATE ",
        "PROCEDURE ",
        "TRIGGER ",
        "FUNCTION ",
        "PACKAGE ",
        "BEGIN ",
        "ATOMIC ",
        "NOT ",
        "END ",
        "IF ",
        "CASE ",
        "THEN ",
        "DO ",
        "REPEAT ",
        "EACH ROW ",
        "COPY ",
        "FROM ",
        "STDIN",
        "DELIMITER ",
        "//",
        "UNTIL ",
        "DECLARE ",
        "HANDLER ",
    ];
    prop::collection::vec(select(pieces), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn joined_statements_split_back_into_themselves((dialect, whole, gaps) in script()) {
        let mut text = gaps[0].clone();
        for (statement, gap) in whole.iter().zip(&gaps[1..]) {
            text.push_str(statement);
            text.push('\n');
            text.push(';');
            text.push_str(gap);
        }
        prop_assert_eq!(texts(dialect, &text), whole);
    }

    #[test]
    fn no_text_panics_and_between_statements_lies_nothing(text in noise()) {
        for dialect in Dialect::ALL {
            match split(&Sql::text(&text), dialect, TransactionMode::Step) {
                Ok(found) => covers(dialect, &text, &found)?,
                Err(error) => prop_assert!(text.is_char_boundary(error.place().1)),
            }
        }
    }

    #[test]
    fn any_characters_at_all_can_be_split(text in "[^\u{0}]{0,60}") {
        for dialect in Dialect::ALL {
            if let Ok(found) = split(&Sql::text(&text), dialect, TransactionMode::None) {
                covers(dialect, &text, &found)?;
            }
        }
    }
}

/// Statements are in order, apart, and hold all that is not gap. A delimiter
/// that was set may itself read as code elsewhere, so there only the order counts.
fn covers(dialect: Dialect, text: &str, found: &[Statement]) -> Result<(), TestCaseError> {
    let mut gaps = Vec::new();
    let mut end = 0;
    for statement in found {
        prop_assert!(statement.offset >= end);
        prop_assert!(text[statement.offset..].starts_with(&statement.text));
        gaps.push(&text[end..statement.offset]);
        end = statement.offset + statement.text.len();
    }
    gaps.push(&text[end..]);
    if dialect == Dialect::Mysql && text.to_ascii_uppercase().contains("DELIMITER") {
        return Ok(());
    }
    for gap in gaps {
        let inside = split(&Sql::text(gap), dialect, TransactionMode::None);
        prop_assert_eq!(inside, Ok(Vec::new()), "in {:?}", gap);
    }
    Ok(())
}

#[test]
fn a_place_for_a_value_is_refused_where_sqlite_would_take_it_for_null() {
    let parameter = |text: &str| {
        let sql = Sql::text(text);
        match split(&sql, Dialect::Sqlite, TransactionMode::Step) {
            Err(SplitError::Parameter { offset, text, .. }) => Some((offset, text)),
            Err(other) => panic!("{other}"),
            Ok(_) => None,
        }
    };
    let found = |offset: usize, text: &str| Some((offset, text.to_owned()));
    assert_eq!(parameter("SELECT 1, ?1"), found(10, "?"));
    assert_eq!(parameter("SELECT :name"), found(7, ":name"));
    assert_eq!(parameter("SELECT @name"), found(7, "@name"));
    assert_eq!(parameter("SELECT $name"), found(7, "$name"));
    assert_eq!(
        parameter("SELECT '?', ':x', \"@y\", [$z] -- ?\n, a$b /* :c */"),
        None
    );
}
