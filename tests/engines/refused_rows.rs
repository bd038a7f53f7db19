//! What rows, or numbers drawn, may refuse of a script that autogenerate writes: each has a remark
//! with a question, which counts something where the script fails, and nothing where it runs.
//!
//! Every kind of change that the differ knows is here, with what it says of each engine.

use rev_core::{Dialect, Sql, TransactionMode};
use rev_sql::schema::ddl::{NoteKind, Script};
use rev_sql::schema::{Alteration, Change, Diff, Filter, Rule, ddl};
use rev_sql::split::{rebuilds_tables, split};
use rev_testkit::scratch::{Engine, Scratch};

use crate::models_mysql::inspect;
use crate::project::Project;

/// The questions of a script, or what it says may fail, and no question tells beforehand.
pub(crate) fn questions(script: &Script) -> Result<Vec<String>, String> {
    let notes = script.statements.iter().flat_map(|it| &it.notes);
    let mut questions = Vec::new();
    for note in notes {
        match &note.question {
            Some(question) => questions.push(question.clone()),
            // What such a view shows may only be there once the script has run.
            None if note.text.contains("that are equal there") => {}
            None if note.kind == NoteKind::Decide && note.text.contains("make this fail") => {
                return Err(format!("no question: {}", note.text));
            }
            None => {}
        }
    }
    Ok(questions)
}

/// A kind of change: what the differ calls it, and what a table's constraints demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Namespace,
    NamespaceGone,
    Enum,
    EnumGone,
    EnumChanged,
    Sequence,
    SequenceGone,
    SequenceChanged,
    Table,
    TableGone,
    Object,
    ObjectGone,
    ObjectChanged,
    Column,
    ColumnGone,
    ColumnChanged,
    PrimaryKey,
    Unique,
    ForeignKey,
    Check,
    Exclusion,
    ConstraintGone,
    Index,
    IndexGone,
    Parents,
    Options,
    Comment,
}

use Kind::*;

const ALL: [Kind; 27] = [
    Namespace,
    NamespaceGone,
    Enum,
    EnumGone,
    EnumChanged,
    Sequence,
    SequenceGone,
    SequenceChanged,
    Table,
    TableGone,
    Object,
    ObjectGone,
    ObjectChanged,
    Column,
    ColumnGone,
    ColumnChanged,
    PrimaryKey,
    Unique,
    ForeignKey,
    Check,
    Exclusion,
    ConstraintGone,
    Index,
    IndexGone,
    Parents,
    Options,
    Comment,
];

/// The kinds of a change; a new one of the differ is to be sorted in here.
fn kinds(change: &Change) -> Vec<Kind> {
    vec![match change {
        Change::CreateNamespace(_) => Namespace,
        Change::DropNamespace(_) => NamespaceGone,
        Change::CreateEnum(_) => Enum,
        Change::DropEnum(_) => EnumGone,
        Change::ChangeEnum { .. } => EnumChanged,
        Change::CreateSequence(_) => Sequence,
        Change::DropSequence(_) => SequenceGone,
        Change::ChangeSequence { .. } => SequenceChanged,
        Change::CreateTable(_) => Table,
        Change::DropTable(_) => TableGone,
        Change::CreateObject(_) => Object,
        Change::DropObject(_) => ObjectGone,
        Change::ChangeObject { .. } => ObjectChanged,
        Change::ChangeTable(change) => {
            let each = change.alterations.iter().map(|it| match it {
                Alteration::AddColumn(_) => Column,
                Alteration::DropColumn(_) => ColumnGone,
                Alteration::ChangeColumn { .. } => ColumnChanged,
                Alteration::AddConstraint(new) => match &new.rule {
                    Rule::PrimaryKey(_) => PrimaryKey,
                    Rule::Unique(_) => Unique,
                    Rule::ForeignKey(_) => ForeignKey,
                    Rule::Check(_) => Check,
                    Rule::Exclusion(_) => Exclusion,
                },
                Alteration::DropConstraint(_) => ConstraintGone,
                Alteration::AddIndex(_) => Index,
                Alteration::DropIndex(_) => IndexGone,
                Alteration::ChangeParents { .. } => Parents,
                Alteration::ChangeOptions { .. } => Options,
                Alteration::ChangeComment { .. } => Comment,
            });
            return each.collect();
        }
    }]
}

/// Whether rows may refuse it on an engine.
fn is_refused(kind: Kind, engine: Engine) -> bool {
    let (is_postgres, is_sqlite) = (engine == Engine::Postgres, engine == Engine::Sqlite);
    match kind {
        // Nothing is there yet that could refuse it, or what goes asks no row.
        Namespace | Enum | EnumGone | Sequence | SequenceGone | TableGone | ObjectGone
        | ColumnGone | ConstraintGone | IndexGone | Comment => false,
        Column | ColumnChanged | PrimaryKey | ForeignKey | Check | Index => true,
        // On MySQL and MariaDB it is an index.
        Unique => is_postgres || is_sqlite,
        // A new partition beside a default one; a view whose rows are kept, and unique.
        Table | Object | ObjectChanged | NamespaceGone | EnumChanged | Exclusion | Parents
        | SequenceChanged => is_postgres,
        // PostgreSQL's are storage; `STRICT`; partitions.
        Options => is_sqlite || engine.is_mysql(),
    }
}

const EVERY: &[Engine] = &[
    Engine::Sqlite,
    Engine::Postgres,
    Engine::Mysql,
    Engine::Mariadb,
];
const SERVERS: &[Engine] = &[Engine::Postgres, Engine::Mysql, Engine::Mariadb];
const MYSQLS: &[Engine] = &[Engine::Mysql, Engine::Mariadb];
const POSTGRES: &[Engine] = &[Engine::Postgres];
const SQLITE: &[Engine] = &[Engine::Sqlite];

const CASES: &[(Kind, &[Engine], [&str; 4])] = &[
    (
        Unique,
        &[Engine::Sqlite, Engine::Postgres],
        [
            "CREATE TABLE t (a INT, b INT)",
            "CREATE TABLE t (a INT, b INT, CONSTRAINT k UNIQUE (a))",
            "INSERT INTO t VALUES (1, 1), (1, 2)",
            "INSERT INTO t VALUES (1, 1), (NULL, 2), (NULL, 3)",
        ],
    ),
    (
        PrimaryKey,
        EVERY,
        [
            "CREATE TABLE t (a INT NOT NULL, b INT)",
            "CREATE TABLE t (a INT NOT NULL, b INT, PRIMARY KEY (a))",
            "INSERT INTO t VALUES (1, 1), (1, 2)",
            "INSERT INTO t VALUES (1, 1), (2, 2)",
        ],
    ),
    (
        Check,
        EVERY,
        [
            "CREATE TABLE t (a INT, b INT)",
            "CREATE TABLE t (a INT, b INT, CONSTRAINT k CHECK (a > b))",
            "INSERT INTO t VALUES (1, 1)",
            "INSERT INTO t VALUES (2, 1), (NULL, 2)",
        ],
    ),
    (
        ForeignKey,
        EVERY,
        [
            "CREATE TABLE u (id INT PRIMARY KEY); CREATE TABLE t (a INT)",
            "CREATE TABLE u (id INT PRIMARY KEY); CREATE TABLE t (a INT, CONSTRAINT k FOREIGN KEY (a) REFERENCES u (id))",
            "INSERT INTO t VALUES (1)",
            "INSERT INTO u VALUES (1); INSERT INTO t VALUES (1), (NULL)",
        ],
    ),
    (
        Exclusion,
        POSTGRES,
        [
            "CREATE TABLE t (r int4range, n int)",
            "CREATE TABLE t (r int4range, n int, CONSTRAINT k EXCLUDE USING gist (r WITH &&) WHERE (n > 0))",
            "INSERT INTO t VALUES ('[1,5)', 1), ('[4,6)', 1)",
            "INSERT INTO t VALUES ('[1,5)', 1), ('[4,6)', 0), ('[7,8)', 1), (NULL, 1)",
        ],
    ),
    (
        Index,
        EVERY,
        [
            "CREATE TABLE t (a INT, b INT)",
            "CREATE TABLE t (a INT, b INT); CREATE UNIQUE INDEX k ON t (a, b)",
            "INSERT INTO t VALUES (1, 1), (1, 1)",
            "INSERT INTO t VALUES (1, 1), (1, 2)",
        ],
    ),
    (
        Index,
        POSTGRES,
        [
            "CREATE TABLE t (a text)",
            "CREATE TABLE t (a text); CREATE INDEX k ON t ((a::int))",
            "INSERT INTO t VALUES ('x')",
            "INSERT INTO t VALUES ('1'), (NULL)",
        ],
    ),
    (
        Index,
        SQLITE,
        [
            "CREATE TABLE t (a TEXT)",
            "CREATE TABLE t (a TEXT); CREATE INDEX k ON t (json_extract(a, '$.x'))",
            "INSERT INTO t VALUES ('{')",
            "INSERT INTO t VALUES ('{}'), (NULL)",
        ],
    ),
    (
        Column,
        EVERY,
        [
            "CREATE TABLE t (a INT)",
            "CREATE TABLE t (a INT, b INT NOT NULL, CONSTRAINT k UNIQUE (b))",
            "INSERT INTO t VALUES (1), (2)",
            "INSERT INTO t VALUES (1)",
        ],
    ),
    (
        Column,
        POSTGRES,
        [
            "CREATE TABLE t (a text)",
            "CREATE TABLE t (a text, b int GENERATED ALWAYS AS (a::int) STORED)",
            "INSERT INTO t VALUES ('x')",
            "INSERT INTO t VALUES ('1')",
        ],
    ),
    (
        Column,
        POSTGRES,
        [
            "CREATE TABLE t (a int)",
            "CREATE TABLE t (a int, b int NOT NULL GENERATED ALWAYS AS (a + 1) STORED)",
            "INSERT INTO t VALUES (NULL)",
            "INSERT INTO t VALUES (1)",
        ],
    ),
    (
        Column,
        POSTGRES,
        [
            "CREATE DOMAIN d AS int CHECK (VALUE > 5); CREATE TABLE t (a int)",
            "CREATE DOMAIN d AS int CHECK (VALUE > 5); CREATE TABLE t (a int, b d NOT NULL)",
            "INSERT INTO t VALUES (1)",
            "SELECT 1",
        ],
    ),
    (
        ColumnChanged,
        EVERY,
        [
            "CREATE TABLE t (a INT, b INT, CONSTRAINT k UNIQUE (b))",
            "CREATE TABLE t (a INT, b INT NOT NULL, CONSTRAINT k UNIQUE (b))",
            "INSERT INTO t VALUES (1, NULL), (2, NULL)",
            "INSERT INTO t VALUES (1, 1), (2, 2)",
        ],
    ),
    (
        ColumnChanged,
        SERVERS,
        [
            "CREATE TABLE t (a VARCHAR(20))",
            "CREATE TABLE t (a VARCHAR(3))",
            "INSERT INTO t VALUES ('four')",
            "INSERT INTO t VALUES ('one')",
        ],
    ),
    (
        ColumnChanged,
        SERVERS,
        [
            "CREATE TABLE t (a BIGINT)",
            "CREATE TABLE t (a SMALLINT)",
            "INSERT INTO t VALUES (100000)",
            "INSERT INTO t VALUES (10000)",
        ],
    ),
    (
        ColumnChanged,
        SERVERS,
        [
            "CREATE TABLE t (a VARCHAR(20))",
            "CREATE TABLE t (a INT)",
            "INSERT INTO t VALUES ('x')",
            "INSERT INTO t VALUES ('1')",
        ],
    ),
    (
        ColumnChanged,
        SERVERS,
        [
            "CREATE TABLE t (a VARCHAR(20))",
            "CREATE TABLE t (a DATE)",
            "INSERT INTO t VALUES ('2024-02-31')",
            "INSERT INTO t VALUES ('2024-02-29'), (NULL)",
        ],
    ),
    (
        ColumnChanged,
        POSTGRES,
        [
            "CREATE TABLE t (a text)",
            "CREATE TABLE t (a jsonb)",
            "INSERT INTO t VALUES ('{')",
            "INSERT INTO t VALUES ('{}'), (NULL)",
        ],
    ),
    (
        ColumnChanged,
        POSTGRES,
        [
            "CREATE TABLE t (a text[])",
            "CREATE TABLE t (a int[])",
            "INSERT INTO t VALUES ('{1,x}')",
            "INSERT INTO t VALUES ('{1,2}'), (NULL)",
        ],
    ),
    (
        ColumnChanged,
        MYSQLS,
        [
            "CREATE TABLE t (a LONGTEXT)",
            "CREATE TABLE t (a JSON)",
            "INSERT INTO t VALUES ('{')",
            "INSERT INTO t VALUES ('{}')",
        ],
    ),
    (
        ColumnChanged,
        MYSQLS,
        [
            "CREATE TABLE t (a ENUM('x', 'y'))",
            "CREATE TABLE t (a ENUM('x'))",
            "INSERT INTO t VALUES ('y')",
            "INSERT INTO t VALUES ('x')",
        ],
    ),
    // A type that changes in the same script as it becomes unique.
    (
        Index,
        SERVERS,
        [
            "CREATE TABLE t (a VARCHAR(20))",
            "CREATE TABLE t (a INT); CREATE UNIQUE INDEX k ON t (a)",
            "INSERT INTO t VALUES ('1'), ('01')",
            "INSERT INTO t VALUES ('1'), ('2')",
        ],
    ),
    (
        Unique,
        SQLITE,
        [
            "CREATE TABLE t (a TEXT)",
            "CREATE TABLE t (a INT, CONSTRAINT k UNIQUE (a))",
            "INSERT INTO t VALUES ('1'), ('01')",
            "INSERT INTO t VALUES ('1'), ('1x')",
        ],
    ),
    (
        Column,
        EVERY,
        [
            "CREATE TABLE t (a INT)",
            "CREATE TABLE t (a INT, b INT NOT NULL, CHECK (b > 5))",
            "INSERT INTO t VALUES (1)",
            "SELECT 1",
        ],
    ),
    (
        ColumnChanged,
        EVERY,
        [
            "CREATE TABLE t (a INT, b INT, CHECK (b > 5))",
            "CREATE TABLE t (a INT, b INT NOT NULL, CHECK (b > 5))",
            "INSERT INTO t VALUES (1, NULL)",
            "INSERT INTO t VALUES (1, 6)",
        ],
    ),
    (
        Check,
        POSTGRES,
        [
            "CREATE TABLE t (a text)",
            "CREATE TABLE t (a int, CONSTRAINT k CHECK (a > 5))",
            "INSERT INTO t VALUES ('1')",
            "INSERT INTO t VALUES ('10')",
        ],
    ),
    (
        Options,
        SQLITE,
        [
            "CREATE TABLE t (a INT)",
            "CREATE TABLE t (a INT) STRICT",
            "INSERT INTO t VALUES ('x')",
            "INSERT INTO t VALUES ('1')",
        ],
    ),
    (
        Options,
        MYSQLS,
        [
            "CREATE TABLE t (a INT NOT NULL)",
            "CREATE TABLE t (a INT NOT NULL) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (10), PARTITION q VALUES LESS THAN (20))",
            "INSERT INTO t VALUES (1), (20)",
            "INSERT INTO t VALUES (1), (19)",
        ],
    ),
    (
        Options,
        MYSQLS,
        [
            "CREATE TABLE t (a INT)",
            "CREATE TABLE t (a INT) PARTITION BY LIST (a) (PARTITION p VALUES IN (1, 2), PARTITION q VALUES IN (3))",
            "INSERT INTO t VALUES (1), (NULL)",
            "INSERT INTO t VALUES (1), (3)",
        ],
    ),
    (
        Options,
        MYSQLS,
        [
            "CREATE TABLE t (a INT NOT NULL) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (10), PARTITION q VALUES LESS THAN MAXVALUE)",
            "CREATE TABLE t (a INT NOT NULL) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (10), PARTITION q VALUES LESS THAN (20))",
            "INSERT INTO t VALUES (1), (20)",
            "INSERT INTO t VALUES (1), (19)",
        ],
    ),
    (
        EnumChanged,
        POSTGRES,
        [
            "CREATE TYPE e AS ENUM ('x', 'y'); CREATE TABLE t (a e, b e[])",
            "CREATE TYPE e AS ENUM ('x'); CREATE TABLE t (a e, b e[])",
            "INSERT INTO t VALUES ('x', '{x,y}')",
            "INSERT INTO t VALUES ('x', '{x}'), (NULL, NULL)",
        ],
    ),
    (
        SequenceChanged,
        POSTGRES,
        [
            "CREATE SEQUENCE s",
            "CREATE SEQUENCE s MAXVALUE 5",
            "SELECT setval('s', 9)",
            "SELECT setval('s', 5)",
        ],
    ),
    (
        ColumnChanged,
        POSTGRES,
        [
            "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, b int)",
            "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY (MAXVALUE 3), b int)",
            "INSERT INTO t (b) SELECT generate_series(1, 7)",
            "INSERT INTO t (b) SELECT generate_series(1, 3)",
        ],
    ),
    (
        ObjectChanged,
        POSTGRES,
        [
            "CREATE DOMAIN d AS int; CREATE TABLE t (a d, b d[])",
            "CREATE DOMAIN d AS int CHECK (VALUE > 5); CREATE TABLE t (a d)",
            "INSERT INTO t VALUES (1)",
            "INSERT INTO t VALUES (6), (NULL)",
        ],
    ),
    (
        ObjectChanged,
        POSTGRES,
        [
            "CREATE DOMAIN d AS int; CREATE TABLE t (a d); CREATE TABLE u (a d)",
            "CREATE DOMAIN d AS int NOT NULL; CREATE TABLE t (a d); CREATE TABLE u (a d)",
            "INSERT INTO u VALUES (NULL)",
            "INSERT INTO t VALUES (6)",
        ],
    ),
    (
        ObjectChanged,
        POSTGRES,
        [
            "CREATE DOMAIN d AS text; CREATE TABLE t (a d)",
            "CREATE DOMAIN d AS int CHECK (VALUE > 5); CREATE TABLE t (a d)",
            "INSERT INTO t VALUES ('1')",
            "INSERT INTO t VALUES ('6')",
        ],
    ),
    (
        ObjectChanged,
        POSTGRES,
        [
            "CREATE TYPE c AS (x text, y int); CREATE TABLE t (a c)",
            "CREATE TYPE c AS (x int, y int); CREATE TABLE t (a c)",
            "INSERT INTO t VALUES (ROW('q', 1))",
            "INSERT INTO t VALUES (ROW('7', 1)), (NULL), (ROW(NULL, 1))",
        ],
    ),
    (
        ObjectChanged,
        POSTGRES,
        [
            "CREATE TYPE c AS (x int, y int); CREATE TABLE t (a c[])",
            "CREATE TYPE c AS (y bigint); CREATE TABLE t (a c[])",
            "INSERT INTO t VALUES (ARRAY[ROW(1, 1)::c])",
            "INSERT INTO t VALUES ('{}'), (NULL)",
        ],
    ),
    (
        Object,
        POSTGRES,
        [
            "CREATE TABLE t (a int)",
            "CREATE TABLE t (a int); CREATE MATERIALIZED VIEW v AS SELECT a FROM t; CREATE UNIQUE INDEX k ON v (a)",
            "INSERT INTO t VALUES (1), (1)",
            "INSERT INTO t VALUES (1), (2)",
        ],
    ),
    (
        Table,
        POSTGRES,
        [
            "CREATE TABLE p (k int) PARTITION BY RANGE (k); CREATE TABLE d PARTITION OF p DEFAULT",
            "CREATE TABLE p (k int) PARTITION BY RANGE (k); CREATE TABLE d PARTITION OF p DEFAULT; CREATE TABLE c PARTITION OF p FOR VALUES FROM (0) TO (10)",
            "INSERT INTO p VALUES (1)",
            "INSERT INTO p VALUES (10)",
        ],
    ),
    (
        Parents,
        POSTGRES,
        [
            "CREATE TABLE p (k int) PARTITION BY RANGE (k); CREATE TABLE c (k int)",
            "CREATE TABLE p (k int) PARTITION BY RANGE (k); CREATE TABLE c PARTITION OF p FOR VALUES FROM (0) TO (10)",
            "INSERT INTO c VALUES (10)",
            "INSERT INTO c VALUES (1)",
        ],
    ),
    (
        NamespaceGone,
        POSTGRES,
        [
            "CREATE SCHEMA extra",
            "",
            "CREATE TEXT SEARCH CONFIGURATION extra.c (COPY = pg_catalog.english)",
            "SELECT 1",
        ],
    ),
];

#[test]
fn every_kind_of_change_that_rows_may_refuse_is_tried_on_each_engine() {
    for kind in ALL {
        for engine in EVERY {
            let is_tried = CASES
                .iter()
                .any(|(it, engines, _)| *it == kind && engines.contains(engine));
            assert_eq!(
                is_tried,
                is_refused(kind, *engine),
                "{kind:?} on {engine:?}"
            );
        }
    }
}

#[test]
fn rows_that_refuse_a_script_are_counted_before_it_runs() {
    let mut wrong = Vec::new();
    for engine in Engine::ALL {
        for (kind, engines, texts) in CASES {
            if engines.contains(&engine)
                && let Err(error) = look(engine, *kind, texts)
            {
                wrong.push(format!("{kind:?} on {engine:?}: {error}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A question that does with each row what the script would: where that fails, so would the script,
/// and nothing of the row is shown.
#[test]
fn a_question_that_fails_is_told_without_the_row() {
    let project = Project::of(Engine::Postgres);
    project.add_setting("models: [models.sql]");
    let models = "CREATE TABLE t (a jsonb);";
    std::fs::write(project.root().join("models.sql"), models).expect("a file");
    project.revision("aaaa", "null", "upgrade: CREATE TABLE t (a text)\n");
    project.rev(&["upgrade"]).exits(0);
    let database = project.database();
    database.execute("INSERT INTO t VALUES ('{secret')");
    let told = project.rev(&["diff"]).exits(0);
    let told =
        told.says("cannot be read as jsonb makes it fail (rows are in the way: its query fails)");
    assert!(!told.text.contains("secret"), "{}", told.text);
    database.execute("UPDATE t SET a = '{}'");
    let told = project.rev(&["diff"]).exits(0);
    told.says("cannot be read as jsonb makes it fail (0 rows in the way)");
}

fn dialect(engine: Engine) -> Dialect {
    match engine {
        Engine::Sqlite => Dialect::Sqlite,
        Engine::Postgres => Dialect::Postgres,
        Engine::Mysql | Engine::Mariadb => Dialect::Mysql,
    }
}

fn made(engine: Engine, sql: &str) -> Scratch {
    let scratch = engine.scratch();
    if !sql.is_empty() {
        scratch.execute(sql);
    }
    scratch
}

fn look(engine: Engine, kind: Kind, [from, to, refused, taken]: &[&str; 4]) -> Result<(), String> {
    let after = inspect(&made(engine, to));
    for (rows, is_taken) in [(refused, false), (taken, true)] {
        let here = made(engine, from);
        let before = inspect(&here);
        let dialect = dialect(engine);
        let diff = Diff::between(&before, &after, &[], &Filter::default(), dialect);
        if !diff.changes.iter().flat_map(kinds).any(|it| it == kind) {
            return Err(format!("it is another kind: {:?}", diff.sentences()));
        }
        let script = ddl::write(&diff, dialect);
        let told = |what: &str| format!("{what}\nrows: {rows}\n{}", script.to_sql());
        here.try_query(rows)
            .map_err(|error| told(&error.to_string()))?;
        let (mut counted, mut unclear) = (false, Vec::new());
        let notes = script.statements.iter().flat_map(|it| &it.notes);
        for note in notes.filter(|it| it.kind != NoteKind::Remark) {
            let Some(question) = &note.question else {
                continue;
            };
            match here.try_query(question) {
                Ok(count) => counted |= count != ["0"],
                // The question does what the script would do with each row.
                Err(error) if !is_taken => {
                    counted = true;
                    unclear.push(error.to_string());
                }
                Err(error) => return Err(told(&format!("{question}: {error}"))),
            }
        }
        let ran = apply(&here, &script, dialect);
        match (ran, is_taken) {
            (Ok(()), true) if !counted => {}
            (Ok(()), true) => return Err(told("rows are counted, and it runs")),
            (Err(error), true) => return Err(told(&error)),
            (Ok(()), false) => return Err(told("nothing is in its way")),
            (Err(_), false) if counted => {}
            (Err(error), false) => return Err(told(&format!("not counted: {error}"))),
        }
    }
    Ok(())
}

fn apply(here: &Scratch, script: &Script, dialect: Dialect) -> Result<(), String> {
    let text = Sql::text(&script.to_sql());
    let statements = split(&text, dialect, TransactionMode::Step);
    let statements = statements.map_err(|error| error.to_string())?;
    let texts: Vec<&str> = statements.iter().map(|it| it.text.as_str()).collect();
    let texts = texts.join(";\n");
    let run = |sql: &str| here.try_query(sql).map_err(|error| error.to_string());
    match dialect {
        Dialect::Mysql => run(&texts).map(drop),
        Dialect::Postgres => run(&format!("BEGIN;\n{texts};\nCOMMIT")).map(drop),
        Dialect::Sqlite => {
            let keys = if rebuilds_tables(&statements) {
                "OFF"
            } else {
                "ON"
            };
            run(&format!("PRAGMA foreign_keys = {keys};\n{texts}"))?;
            match run("SELECT count(*) FROM pragma_foreign_key_check")?
                .concat()
                .as_str()
            {
                "0" => Ok(()),
                count => Err(format!("{count} keys lead nowhere")),
            }
        }
    }
}
