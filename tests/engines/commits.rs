//! Which statements end a transaction: the servers judge.
//!
//! Every form of statement is sent between an `INSERT` and a `ROLLBACK`, as it is and
//! inside version comments. Where the row stands, the form may share a transaction with
//! nothing: a step of rows that holds one would be no single transaction.

use std::collections::{BTreeMap, BTreeSet};

use rev_core::{Dialect, Sql, TransactionMode};
use rev_sql::effect::needs_to_be_alone;
use rev_sql::split::{Statement, split};
use rev_testkit::scratch::{Engine, MysqlSession, Scratch};

const BOTH: &str = include_str!("commits/both.sql");
const MYSQL: &str = include_str!("commits/mysql.sql");
const MARIADB: &str = include_str!("commits/mariadb.sql");

/// Kinds of statements that the servers count and no form is of, and why.
const LEFT_OUT: [(&str, &str); 26] = [
    (
        "binlog",
        "the log's own bytes; goes alone as all that is not known to share",
    ),
    ("show_status", "asked by the test itself"),
    ("show_engine_logs", "no engine has any"),
    ("show_parse_tree", "asks for a server built to be debugged"),
    ("admin_commands", "the protocol's"),
    ("stmt_execute", "the protocol's"),
    ("stmt_close", "the protocol's"),
    ("stmt_fetch", "the protocol's"),
    ("stmt_prepare", "the protocol's"),
    ("stmt_reset", "the protocol's"),
    ("stmt_reprepare", "the protocol's"),
    ("stmt_send_long_data", "the protocol's"),
    ("empty_query", "no statement"),
    ("shutdown", "ends the server"),
    ("restart", "ends the server"),
    ("kill", "counted by the server, not the session"),
    ("create_masking_policy", "not in the free edition"),
    ("drop_masking_policy", "not in the free edition"),
    ("show_create_masking_policy", "not in the free edition"),
    ("create_package", "asks for Oracle's mode"),
    ("create_package_body", "asks for Oracle's mode"),
    ("drop_package", "asks for Oracle's mode"),
    ("drop_package_body", "asks for Oracle's mode"),
    (
        "show_function_code",
        "asks for a server built to be debugged",
    ),
    (
        "show_procedure_code",
        "asks for a server built to be debugged",
    ),
    ("show_generic", "a plugin's"),
];

/// What the forms name, made anew where a form has spoilt it.
struct Bed {
    scratch: Scratch,
    is_mariadb: bool,
}

impl Bed {
    fn new(engine: Engine) -> Self {
        let scratch = engine.scratch();
        Self {
            is_mariadb: !scratch.server().is_mysql_proper(),
            scratch,
        }
    }

    fn name(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.scratch.name())
    }

    fn forms(&self) -> Vec<String> {
        let own = if self.is_mariadb { MARIADB } else { MYSQL };
        let lines = BOTH.lines().chain(own.lines());
        let forms = lines.filter(|line| !line.starts_with("--") && !line.is_empty());
        let names = [
            ("{t}", "t".to_owned()),
            ("{m}", "m".to_owned()),
            ("{tmp}", "tmp".to_owned()),
            ("{v}", "v".to_owned()),
            ("{f}", "f".to_owned()),
            ("{p}", "p".to_owned()),
            ("{p_commits}", "p_commits".to_owned()),
            ("{e}", "e".to_owned()),
            ("{s}", "s".to_owned()),
            ("{u}", format!("{}@localhost", self.name("u"))),
            ("{r}", self.name("r")),
            ("{x}", self.name("x")),
            ("{database}", self.scratch.name().to_owned()),
        ];
        let fill = |form: &str| {
            let filled = names.iter().fold(form.to_owned(), |text, (mark, name)| {
                text.replace(mark, name)
            });
            assert!(!filled.contains('{'), "{filled}");
            filled
        };
        forms.map(fill).collect()
    }

    fn make(&self) {
        let (user, role, free) = (self.name("u"), self.name("r"), self.name("x"));
        let sequence = if self.is_mariadb {
            "CREATE SEQUENCE s;"
        } else {
            ""
        };
        let database = self.scratch.name();
        let text = format!(
            "DROP DATABASE IF EXISTS {free}; DROP USER IF EXISTS {free}@localhost, {user}@localhost; \
             DROP ROLE IF EXISTS {role}, {free}; DROP DATABASE IF EXISTS {database}; \
             CREATE DATABASE {database}; USE {database}; CREATE TABLE probe (n INT); \
             CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 1); \
             CREATE TABLE m (n INT, KEY (n)) ENGINE = MyISAM; CREATE VIEW v AS SELECT 1 AS n; \
             CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1; \
             CREATE PROCEDURE p() INSERT INTO t VALUES (5, 5); CREATE PROCEDURE p_commits() COMMIT; \
             CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1; {sequence} \
             CREATE USER {user}@localhost; CREATE ROLE {role}; GRANT {role} TO {user}@localhost"
        );
        MysqlSession::new(&self.scratch.engine().server_url())
            .query(&text)
            .expect("the objects are made");
    }

    /// Whether a row of this number that was written before the statement stands after a
    /// `ROLLBACK`, and as which kinds of statements the server has counted it. `None`:
    /// the server cannot read it.
    fn judge(&self, statement: &str, number: usize) -> Option<(bool, BTreeSet<String>)> {
        let mut session = MysqlSession::new(&self.scratch.url());
        session
            .query(&format!(
                "PREPARE ddl FROM 'CREATE TABLE made_{number} (n INT)'; \
                 PREPARE plain FROM 'SET @z = 1'; CREATE TEMPORARY TABLE tmp (n INT, k INT); \
                 BEGIN; INSERT INTO probe VALUES ({number})"
            ))
            .expect("a transaction is begun");
        let before = counted(&mut session);
        let answer = session.query(statement);
        let is_unread = answer.is_err_and(|error| error.to_string().contains("SQL syntax"));
        let after = counted(&mut session);
        let kinds = after
            .into_iter()
            .filter(|(kind, count)| before.get(kind).is_none_or(|was| was < count));
        let kinds = kinds
            .map(|(kind, _)| kind)
            .filter(|kind| kind != "show_status");
        let kinds: BTreeSet<String> = kinds.collect();
        let _ = session.query("ROLLBACK");
        drop(session);
        let database = self.scratch.name();
        let mut other = MysqlSession::new(&self.scratch.url());
        let rows = other.query(&format!(
            "SELECT COUNT(*) FROM {database}.probe WHERE n = {number}"
        ));
        let stands = rows.expect("the row is looked for") == ["1"];
        (!is_unread).then_some((stands, kinds))
    }
}

/// How often a session has run each kind of statement.
fn counted(session: &mut MysqlSession) -> BTreeMap<String, u64> {
    let rows = session.query("SHOW SESSION STATUS LIKE 'Com\\_%'");
    let rows = rows.unwrap_or_default();
    let pairs = rows.iter().filter_map(|row| row.split_once('|'));
    pairs
        .filter_map(|(kind, count)| {
            Some((kind.strip_prefix("Com_")?.to_owned(), count.parse().ok()?))
        })
        .collect()
}

/// Whether a statement never shares a transaction: refused, or sent alone.
fn is_kept_apart(statement: &str) -> bool {
    let sql = Sql(vec![statement.to_owned()]);
    split(&sql, Dialect::Mysql, TransactionMode::Step)
        .map_or(true, |statements| statements.iter().any(is_alone))
}

fn is_alone(statement: &Statement) -> bool {
    needs_to_be_alone(&statement.text, Dialect::Mysql)
}

/// Asks the server of every form, plain and in version comments.
fn judge_all(bed: &Bed) {
    let dresses: &[(&str, &str)] = match bed.is_mariadb {
        true => &[("", ""), ("/*!40101 ", " */"), ("/*M!100000 ", " */")],
        false => &[("", ""), ("/*!40101 ", " */")],
    };
    let mut wrong = Vec::new();
    let mut kinds = BTreeSet::new();
    let mut verdicts = BTreeMap::new();
    let mut unread = Vec::new();
    for form in bed.forms() {
        let mut has_changed = false;
        for (number, (before, after)) in (1..).zip(dresses) {
            let text = format!("{before}{form}{after}");
            let Some((stands, counted)) = bed.judge(&text, number) else {
                unread.push(text);
                continue;
            };
            kinds.extend(counted);
            *verdicts.entry(stands).or_insert(0) += 1;
            has_changed |= stands;
            if stands && !is_kept_apart(&text) {
                wrong.push(text);
            }
        }
        if has_changed {
            bed.make();
        }
    }
    assert_eq!(wrong, [""; 0], "they commit, and are not kept apart");
    let counts = (verdicts[&true], verdicts[&false]);
    assert!(counts.0 > 100 && counts.1 > 100, "{counts:?}");
    let left_out: BTreeSet<&str> = LEFT_OUT.iter().map(|(kind, _)| *kind).collect();
    let all = counted(&mut MysqlSession::new(&bed.scratch.url()));
    let is_missing = |kind: &&String| !kinds.contains(*kind) && !left_out.contains(kind.as_str());
    let missing: Vec<&String> = all.keys().filter(is_missing).collect();
    assert!(
        missing.is_empty(),
        "no form is of {missing:?}; not read: {unread:#?}"
    );
}

#[test]
fn whatever_ends_a_transaction_is_sent_alone_or_refused() {
    std::thread::scope(|scope| {
        for engine in Engine::MYSQLS {
            scope.spawn(move || {
                let bed = Bed::new(engine);
                bed.make();
                judge_all(&bed);
            });
        }
    });
}
