//! Functions whose arguments or result change, while tables call them.

use super::parts::each_to_each;

/// Each has a function in a form of its own, and whatever may call it.
fn forms(users: &str) -> Vec<String> {
    let functions = [
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + 1';",
        "CREATE FUNCTION f(b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT b + 2'; COMMENT ON FUNCTION f IS 'b';",
        "CREATE FUNCTION f(b int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT b + 2';",
    ];
    functions
        .iter()
        .map(|it| format!("{it}\n{users}"))
        .collect()
}

fn become_each_other(users: &str) {
    let forms = forms(users);
    let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
    each_to_each(&forms);
}

#[test]
fn what_a_table_says_is_taken_off_and_put_on() {
    become_each_other(
        "CREATE TABLE t (id int PRIMARY KEY DEFAULT f(0), n int NOT NULL DEFAULT f(1), r int4range,
           CHECK (f(n) > 0), CONSTRAINT named CHECK (n < f(id)),
           EXCLUDE USING gist (r WITH &&) WHERE (f(n) > 1));
         CREATE INDEX t_f ON t (f(n)); CREATE UNIQUE INDEX t_u ON t (f(id), n);
         CREATE INDEX t_w ON t (n) WHERE f(n) > 3;
         COMMENT ON CONSTRAINT named ON t IS 'why'; COMMENT ON INDEX t_f IS 'quick';
         CREATE VIEW v AS SELECT id, f(n) AS f FROM t;
         CREATE POLICY p ON t USING (f(n) > 0);",
    );
}

#[test]
fn computed_columns_go_and_come_with_what_stands_on_them() {
    become_each_other(
        "CREATE TABLE t (id int, n int, g bigint GENERATED ALWAYS AS (f(n)) STORED, UNIQUE (g), CHECK (g > 0));
         COMMENT ON COLUMN t.g IS 'computed';
         CREATE TABLE u (g bigint REFERENCES t (g));
         CREATE INDEX t_g ON t (g, id); CREATE INDEX t_i ON t (id) INCLUDE (g);
         CREATE VIEW v AS SELECT id, g FROM t; CREATE VIEW w AS SELECT g FROM v; COMMENT ON VIEW w IS 'over it';
         CREATE MATERIALIZED VIEW m AS SELECT g FROM t; CREATE INDEX m_g ON m (g);
         CREATE FUNCTION top() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT max(g) FROM t; END;
         CREATE TABLE s (n bigint DEFAULT top());",
    );
}

#[test]
fn partitions_and_heirs_have_their_own_back() {
    become_each_other(
        "CREATE TABLE p (k int, n int DEFAULT f(1), m int DEFAULT 3, CHECK (f(n) > 0)) PARTITION BY LIST (k);
         CREATE TABLE p1 PARTITION OF p (n DEFAULT 7) FOR VALUES IN (1);
         CREATE TABLE p2 PARTITION OF p (m DEFAULT f(2), CONSTRAINT own CHECK (f(m) > 0)) FOR VALUES IN (2);
         CREATE INDEX p_f ON p (f(n)); CREATE INDEX p2_f ON p2 (f(m));",
    );
    become_each_other(
        "CREATE TABLE b (n int DEFAULT f(1), CONSTRAINT b_n CHECK (f(n) > 0));
         CREATE TABLE c (x int DEFAULT f(9), n int DEFAULT f(2)) INHERITS (b);
         CREATE TABLE d (y int, CONSTRAINT b_n CHECK (f(n) > 0)) INHERITS (b);
         CREATE TABLE e (n int DEFAULT 5) INHERITS (b);",
    );
    become_each_other(
        "CREATE TABLE p (k int, n int, g bigint GENERATED ALWAYS AS (f(n)) STORED) PARTITION BY LIST (k);
         CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
         COMMENT ON COLUMN p1.g IS 'of its own';",
    );
}

/// The function comes back because of the type, and what calls it must not stand meanwhile.
#[test]
fn a_type_that_is_made_anew_takes_its_functions_along() {
    let form = |labels: &str| {
        format!(
            "CREATE TYPE mood AS ENUM ({labels});
             CREATE FUNCTION f(a mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT a IS NOT NULL';
             CREATE TABLE t (m mood DEFAULT 'sad', b boolean DEFAULT f('sad'), CHECK (f(m)), g boolean GENERATED ALWAYS AS (f(m)) STORED);
             CREATE INDEX t_m ON t (f(m));"
        )
    };
    let forms = [form("'sad', 'ok'"), form("'ok', 'sad'"), form("'sad'")];
    let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
    each_to_each(&forms);
}

/// What changes besides does so.
#[test]
fn what_calls_a_function_may_change_with_it() {
    each_to_each(&[
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a';
         CREATE TABLE t (n int DEFAULT f(1), m int DEFAULT 2, CHECK (f(n) > 0)); CREATE INDEX t_n ON t (f(n));
         CREATE TABLE gone (n int DEFAULT f(1));",
        "CREATE FUNCTION f(b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT b';
         CREATE TABLE t (n int DEFAULT 1, m int DEFAULT f(3), CHECK (f(m) > 0)); CREATE INDEX t_n ON t (f(m), n);",
        "CREATE FUNCTION f(b int, c int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT b';
         CREATE TABLE t (n int DEFAULT f(1), m int DEFAULT f(3, 4), CHECK (f(m) > 0));",
    ]);
}
