//! What rows that are there refuse is said before, with a query that counts them: a script
//! of autogenerate runs, or carries a remark that tells why not.

use rev_testkit::scratch::Engine;

use crate::project::Project;

/// A table that gets stricter, rows in the way of that, and what takes them out of it.
struct Case {
    table: &'static str,
    /// The engines that have it, by their dialects; none: all.
    dialects: &'static [&'static str],
    from: &'static str,
    rows: &'static str,
    to: &'static str,
    /// What is said of it.
    says: &'static str,
    /// The rows in the way.
    count: usize,
    mend: &'static str,
}

const SERVERS: &[&str] = &["postgres", "mysql"];

const CASES: [Case; 15] = [
    Case {
        table: "twins",
        dialects: &[],
        from: "CREATE TABLE twins (id INT PRIMARY KEY, a INT);",
        rows: "INSERT INTO twins VALUES (1, 1), (2, 1), (3, 2), (4, NULL), (5, NULL), (6, 1);",
        to: "CREATE TABLE twins (id INT PRIMARY KEY, a INT, CONSTRAINT twins_a UNIQUE (a));",
        says: "rows that are equal in `a` make this fail",
        count: 3,
        mend: "UPDATE twins SET a = id + 10;",
    },
    Case {
        table: "pairs",
        dialects: &[],
        from: "CREATE TABLE pairs (id INT PRIMARY KEY, a INT, b INT);",
        rows: "INSERT INTO pairs VALUES (1, 1, 1), (2, 1, 2), (3, 1, 2), (4, 1, NULL), (5, 1, NULL);",
        to: "CREATE TABLE pairs (id INT PRIMARY KEY, a INT, b INT); \
             CREATE UNIQUE INDEX pairs_ab ON pairs (a, b);",
        says: "the unique index `pairs_ab`: rows that are equal in `a`, `b` make this fail",
        count: 2,
        mend: "UPDATE pairs SET a = id;",
    },
    Case {
        table: "loud",
        dialects: &["postgres", "sqlite"],
        from: "CREATE TABLE loud (id INT PRIMARY KEY, a TEXT, gone BOOLEAN);",
        rows: "INSERT INTO loud VALUES (1, 'x', false), (2, 'X', false), (3, 'X', true), (4, 'y', false);",
        to: "CREATE TABLE loud (id INT PRIMARY KEY, a TEXT, gone BOOLEAN); \
             CREATE UNIQUE INDEX loud_a ON loud (lower(a)) WHERE NOT gone;",
        says: "the unique index `loud_a`",
        count: 2,
        mend: "UPDATE loud SET gone = true WHERE id = 2;",
    },
    Case {
        table: "starts",
        dialects: &["mysql"],
        from: "CREATE TABLE starts (id INT PRIMARY KEY, a VARCHAR(20));",
        rows: "INSERT INTO starts VALUES (1, 'abc'), (2, 'abd'), (3, 'b');",
        to: "CREATE TABLE starts (id INT PRIMARY KEY, a VARCHAR(20), UNIQUE KEY starts_a (a(2)));",
        says: "`starts_a`: rows that are equal in `a` make this fail",
        count: 2,
        mend: "UPDATE starts SET a = 'c' WHERE id = 2;",
    },
    Case {
        table: "keyed",
        dialects: &[],
        from: "CREATE TABLE keyed (id INT NOT NULL, a INT NOT NULL, PRIMARY KEY (id));",
        rows: "INSERT INTO keyed VALUES (1, 7), (2, 7), (3, 8);",
        to: "CREATE TABLE keyed (id INT NOT NULL, a INT NOT NULL, PRIMARY KEY (a));",
        says: "rows that are equal in `a` make this fail",
        count: 2,
        mend: "UPDATE keyed SET a = id;",
    },
    Case {
        table: "bounded",
        dialects: &[],
        from: "CREATE TABLE bounded (id INT PRIMARY KEY, n INT);",
        rows: "INSERT INTO bounded VALUES (1, 3), (2, 6), (3, NULL);",
        to: "CREATE TABLE bounded (id INT PRIMARY KEY, n INT, m INT DEFAULT 7, \
             CONSTRAINT bounded_n CHECK (n > 5), CONSTRAINT bounded_m CHECK (m > n));",
        says: "the check `bounded_n` (n > 5): rows where it is false make this fail",
        count: 1,
        mend: "UPDATE bounded SET n = 6;",
    },
    Case {
        table: "mission",
        dialects: &[],
        from: "CREATE TABLE hero (id INT PRIMARY KEY); \
               CREATE TABLE mission (id INT PRIMARY KEY, hero_id INT);",
        rows: "INSERT INTO hero VALUES (1); \
               INSERT INTO mission VALUES (1, 1), (2, 2), (3, NULL), (4, 4);",
        to: "CREATE TABLE hero (id INT PRIMARY KEY); \
             CREATE TABLE mission (id INT PRIMARY KEY, hero_id INT, \
             CONSTRAINT mission_hero FOREIGN KEY (hero_id) REFERENCES hero (id));",
        says: "`mission` refers to `hero` by `hero_id`: rows without such a row there make this fail",
        count: 2,
        mend: "UPDATE mission SET hero_id = 1;",
    },
    Case {
        table: "whole",
        dialects: &["postgres"],
        from: "CREATE TABLE base (a INT, b INT, PRIMARY KEY (a, b)); \
               CREATE TABLE whole (id INT PRIMARY KEY, a INT, b INT);",
        rows: "INSERT INTO base VALUES (1, 1); \
               INSERT INTO whole VALUES (1, 1, 1), (2, 1, NULL), (3, NULL, NULL), (4, 2, 2);",
        to: "CREATE TABLE base (a INT, b INT, PRIMARY KEY (a, b)); \
             CREATE TABLE whole (id INT PRIMARY KEY, a INT, b INT, \
             CONSTRAINT whole_base FOREIGN KEY (a, b) REFERENCES base (a, b) MATCH FULL);",
        says: "`whole` refers to `base` by `a`, `b`: rows without such a row there make this fail",
        count: 2,
        mend: "UPDATE whole SET a = 1, b = 1;",
    },
    Case {
        table: "lengthy",
        dialects: SERVERS,
        from: "CREATE TABLE lengthy (id INT PRIMARY KEY, a VARCHAR(20));",
        rows: "INSERT INTO lengthy VALUES (1, 'abc'), (2, 'abcd'), (3, NULL);",
        to: "CREATE TABLE lengthy (id INT PRIMARY KEY, a VARCHAR(3));",
        says: "`lengthy.a` goes from",
        count: 1,
        mend: "UPDATE lengthy SET a = 'x';",
    },
    Case {
        table: "wide",
        dialects: SERVERS,
        from: "CREATE TABLE wide (id INT PRIMARY KEY, a BIGINT, b NUMERIC(10, 2));",
        rows: "INSERT INTO wide VALUES (1, 40000, 1), (2, -40000, 1), (3, 4, 1), (4, 32767, 1);",
        to: "CREATE TABLE wide (id INT PRIMARY KEY, a SMALLINT, b NUMERIC(10, 2));",
        says: "`wide.a` goes from bigint to smallint",
        count: 2,
        mend: "UPDATE wide SET a = 1;",
    },
    Case {
        table: "exact",
        dialects: SERVERS,
        from: "CREATE TABLE exact (id INT PRIMARY KEY, a NUMERIC(10, 2));",
        rows: "INSERT INTO exact VALUES (1, 99.99), (2, 100), (3, -100.5), (4, NULL);",
        to: "CREATE TABLE exact (id INT PRIMARY KEY, a NUMERIC(4, 2));",
        says: "`exact.a` goes from",
        count: 2,
        mend: "UPDATE exact SET a = 1;",
    },
    Case {
        table: "spelt",
        dialects: SERVERS,
        from: "CREATE TABLE spelt (id INT PRIMARY KEY, a VARCHAR(20));",
        rows: "INSERT INTO spelt VALUES (1, '12'), (2, 'twelve'), (3, '-3'), (4, '');",
        to: "CREATE TABLE spelt (id INT PRIMARY KEY, a INT);",
        says: "`spelt.a` goes from",
        count: 2,
        mend: "UPDATE spelt SET a = '1';",
    },
    Case {
        table: "moody",
        dialects: &["mysql"],
        from: "CREATE TABLE moody (id INT PRIMARY KEY, a ENUM('a', 'b'));",
        rows: "INSERT INTO moody VALUES (1, 'a'), (2, 'b'), (3, NULL);",
        to: "CREATE TABLE moody (id INT PRIMARY KEY, a ENUM('a', 'c'));",
        says: "`moody.a` goes from",
        count: 1,
        mend: "UPDATE moody SET a = 'a';",
    },
    Case {
        table: "numbered",
        dialects: &["sqlite"],
        from: "CREATE TABLE numbered (a INT PRIMARY KEY, b TEXT);",
        rows: "INSERT INTO numbered VALUES (5, 'e'), (NULL, 'f'), ('x', 'g'), (2.5, 'h'), ('7', 'i');",
        to: "CREATE TABLE numbered (a INTEGER PRIMARY KEY, b TEXT);",
        says: "`numbered.a` is the number of its row from now on: values that are no whole number \
               make this fail",
        count: 2,
        mend: "DELETE FROM numbered WHERE b IN ('g', 'h');",
    },
    Case {
        table: "strict",
        dialects: &["sqlite"],
        from: "CREATE TABLE strict (a INTEGER, b REAL, c TEXT, d BLOB);",
        rows: "INSERT INTO strict VALUES (1, 1, 'x', x'00'), ('y', 1, 1, NULL), (1, 'y', 'x', NULL), \
               (1, 1, x'00', x''), (1, NULL, NULL, 'y'), (NULL, NULL, NULL, NULL), ('7', '7', 7, NULL);",
        to: "CREATE TABLE strict (a INTEGER, b REAL, c TEXT, d BLOB) STRICT;",
        says: "`strict` is strict from now on",
        count: 4,
        mend: "DELETE FROM strict WHERE typeof(a) = 'text' OR typeof(b) = 'text' \
               OR typeof(c) = 'blob' OR typeof(d) = 'text';",
    },
];

fn what_rows_refuse_is_counted_and_fails(engine: Engine) {
    let cases: Vec<&Case> = CASES
        .iter()
        .filter(|it| it.dialects.is_empty() || it.dialects.contains(&engine.dialect()))
        .collect();
    let all = |part: fn(&Case) -> &str| {
        let parts: Vec<&str> = cases.iter().map(|it| part(it)).collect();
        parts.join("\n")
    };
    let project = Project::of(engine);
    project.add_setting("models: [models.sql]");
    std::fs::write(project.root().join("models.sql"), all(|it| it.to)).expect("a file");
    let script = all(|it| it.from).replace('\n', "\n  ");
    project.revision("aaaa", "null", &format!("upgrade: |\n  {script}\n"));
    project.rev(&["upgrade"]).exits(0);
    project.database().execute(&all(|it| it.rows));

    let before = project.rev(&["diff"]).exits(0);
    for case in &cases {
        let line = before
            .text
            .lines()
            .find(|line| line.contains(case.says) && line.contains(&format!("`{}", case.table)));
        let line = line.unwrap_or_else(|| panic!("{}: {}", case.table, before.text));
        let count = match case.count {
            1 => "(1 row in the way)".to_owned(),
            count => format!("({count} rows in the way)"),
        };
        assert!(line.contains(&count), "{line}");
        let script = script_of(&project, case.table);
        let result = project.database().try_query(&within(engine, &script));
        assert!(result.is_err(), "{} ran:\n{script}", case.table);
    }

    project.database().execute(&all(|it| it.mend));
    let after = project.rev(&["diff"]).exits(0);
    let counts = after.text.matches("in the way)").count();
    let none = after.text.matches("(0 rows in the way)").count();
    assert!(counts >= cases.len(), "{}", after.text);
    // A number that SQLite gives is lost, and in nobody's way.
    let given = after.text.matches("get one (1 row in the way)").count();
    assert_eq!(counts, none + given, "{}", after.text);
    project
        .rev(&["revision", "--autogenerate", "-m", "stricter"])
        .exits(0);
    project.rev(&["upgrade"]).exits(0);
    project.rev(&["diff"]).exits(0).says("no difference");
}

fn script_of(project: &Project, table: &str) -> String {
    let script = project.rev(&["diff", "--include", table, "--format", "sql", "-q"]);
    script.exits(0).text
}

/// The script in one transaction, where the engine has such.
fn within(engine: Engine, script: &str) -> String {
    match engine.is_mysql() {
        true => script.to_owned(),
        false => format!("BEGIN;\n{script}\nCOMMIT;"),
    }
}

#[test]
fn sqlite_counts_the_rows_in_the_way_of_a_script() {
    what_rows_refuse_is_counted_and_fails(Engine::Sqlite);
}

#[test]
fn postgres_counts_the_rows_in_the_way_of_a_script() {
    what_rows_refuse_is_counted_and_fails(Engine::Postgres);
}

#[test]
fn mariadb_counts_the_rows_in_the_way_of_a_script() {
    what_rows_refuse_is_counted_and_fails(Engine::Mariadb);
}

#[test]
fn mysql_counts_the_rows_in_the_way_of_a_script() {
    what_rows_refuse_is_counted_and_fails(Engine::Mysql);
}
