//! Tables in parts: what they are parted by, and indexes over all parts.

use rev_sql::schema::{Diff, Filter};

use super::native;
use super::place::{DIALECT, Place, between, check_dump, written};

/// Every form becomes every other one and comes back; what the native client says of it then is
/// what it says of the form itself. Returns the scripts.
fn each_to_each(forms: &[&str]) -> Vec<String> {
    let (mut here, mut there) = (Place::new(), Place::new());
    let mut scripts = Vec::new();
    for to in forms {
        there.clear();
        there
            .run(to)
            .unwrap_or_else(|error| panic!("{error}\n{to}"));
        let (due, after) = (native::dump(&there), there.inspect());
        for from in forms.iter().filter(|it| *it != to) {
            here.clear();
            here.run(from)
                .unwrap_or_else(|error| panic!("{error}\n{from}"));
            let before = here.inspect();
            let up = Diff::between(&before, &after, &[], &Filter::default(), DIALECT);
            let down = up.reversed(DIALECT);
            let (up, down) = (written(&up), written(&down));
            let told = |error: &dyn std::fmt::Debug| {
                let (up, down) = (up.to_sql(), down.to_sql());
                format!(
                    "{error:#?}\n--- from\n{from}\n--- to\n{to}\n--- up\n{up}\n--- down\n{down}"
                )
            };
            here.apply(&up)
                .unwrap_or_else(|error| panic!("{}", told(&error)));
            let left = between(&here.inspect(), &after);
            assert!(left.is_empty(), "{}", told(&left));
            assert_eq!(due, native::dump(&here), "{}", told(&""));
            here.apply(&down)
                .unwrap_or_else(|error| panic!("{}", told(&error)));
            let left = between(&here.inspect(), &before);
            assert!(left.is_empty(), "{}", told(&left));
            scripts.push(up.to_sql());
        }
        check_dump(&after, &mut there).unwrap_or_else(|error| panic!("{error}\n{to}"));
    }
    scripts
}

/// The server alters no type that decides where a row goes, whatever way it is parted.
#[test]
fn a_table_whose_key_of_partitions_changes_its_type_is_made_anew() {
    for forms in [
        [
            "CREATE TABLE p (s int, n int) PARTITION BY RANGE (s); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (5);",
            "CREATE TABLE p (s bigint, n int) PARTITION BY RANGE (s); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (5);",
        ],
        [
            "CREATE TABLE p (s text, n int) PARTITION BY LIST (lower(s)); CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('a');",
            "CREATE TABLE p (s varchar(9) COLLATE \"C\", n int) PARTITION BY LIST (lower(s)); CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('a');",
        ],
        [
            "CREATE TYPE e AS ENUM ('a', 'b', 'c'); CREATE TABLE p (s e, n int) PARTITION BY LIST (s);
             CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('a') PARTITION BY HASH (n); CREATE TABLE p1h PARTITION OF p1 FOR VALUES WITH (MODULUS 1, REMAINDER 0);",
            "CREATE TYPE e AS ENUM ('a', 'c'); CREATE TABLE p (s e, n bigint) PARTITION BY LIST (s);
             CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('a') PARTITION BY HASH (n); CREATE TABLE p1h PARTITION OF p1 FOR VALUES WITH (MODULUS 1, REMAINDER 0);",
        ],
    ] {
        for script in each_to_each(&forms) {
            let lost = "-- destructive: drops table `p` and its rows";
            assert!(script.contains(lost), "{script}");
        }
    }
}

/// What stands before the index: a table in parts, one of which is parted again.
const PARTED: &str = "CREATE TABLE p (id int, k int, n int) PARTITION BY LIST (k);
    CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
    CREATE TABLE p3 PARTITION OF p FOR VALUES IN (3) PARTITION BY LIST (n); CREATE TABLE p3a PARTITION OF p3 FOR VALUES IN (1);";

/// An index over all parts, over none, over some, under names of their own, and none.
#[test]
fn an_index_of_a_partitioned_table_alone_stays_so() {
    let with = |rest: &str| format!("{PARTED}{rest}");
    let forms = [
        with(""),
        with("CREATE INDEX i ON p (id);"),
        with("CREATE INDEX i ON ONLY p (id); COMMENT ON INDEX i IS 'alone';"),
        with("CREATE INDEX i ON ONLY p (id); CREATE INDEX odd ON p1 (id); ALTER INDEX i ATTACH PARTITION odd;"),
        with("CREATE INDEX i ON ONLY p (id); CREATE INDEX odd ON p1 (id); CREATE INDEX other ON p2 (lower('x'), id);"),
        with(
            "CREATE UNIQUE INDEX i ON ONLY p (id, k, n); CREATE UNIQUE INDEX odd ON p1 (id, k, n); CREATE UNIQUE INDEX p2_i ON p2 (id, k, n);
             CREATE UNIQUE INDEX p3_i ON ONLY p3 (id, k, n); CREATE UNIQUE INDEX leaf ON p3a (id, k, n); ALTER INDEX p3_i ATTACH PARTITION leaf;
             ALTER INDEX i ATTACH PARTITION p3_i; ALTER INDEX i ATTACH PARTITION odd; ALTER INDEX i ATTACH PARTITION p2_i;",
        ),
        with("CREATE INDEX i ON ONLY p (id); CREATE TABLE p4 PARTITION OF p FOR VALUES IN (4);"),
        "CREATE TABLE p (id int, k int, n int) PARTITION BY LIST (k); CREATE INDEX i ON ONLY p (id) WHERE id > 0;".to_owned(),
    ];
    let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
    let scripts = each_to_each(&forms);
    assert!(
        scripts
            .iter()
            .any(|it| it.contains("CREATE INDEX i ON ONLY p (id);"))
    );
}

#[test]
fn a_part_that_relies_on_an_index_of_its_own_gets_it_first() {
    let with = |rest: &str| {
        format!(
            "CREATE TABLE p (n int NOT NULL, k int NOT NULL) PARTITION BY RANGE (n);
             CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9); {rest}"
        )
    };
    let forms = [
        with(""),
        with("CREATE UNIQUE INDEX u ON p1 (n);"),
        with("CREATE UNIQUE INDEX u ON p1 (n); ALTER TABLE p1 REPLICA IDENTITY USING INDEX u;"),
        with(
            "CREATE UNIQUE INDEX u ON p1 (k); ALTER TABLE p1 REPLICA IDENTITY USING INDEX u; ALTER TABLE p1 CLUSTER ON u;",
        ),
    ];
    each_to_each(&forms.each_ref().map(String::as_str));
}

#[test]
fn a_comment_on_an_index_of_a_part_makes_no_index_anew() {
    let odd = format!(
        "{PARTED}CREATE INDEX i ON ONLY p (id); CREATE INDEX odd ON p1 (id); ALTER INDEX i ATTACH PARTITION odd;"
    );
    let told = format!("{odd} COMMENT ON INDEX odd IS 'by hand';");
    for script in each_to_each(&[&odd, &told]) {
        assert!(!script.contains("DROP INDEX"), "{script}");
    }
}

/// What the server calls an index of a part tells what the part was called then.
#[test]
fn a_part_under_another_name_leaves_the_index_over_all_parts() {
    let (mut here, mut there) = (Place::new(), Place::new());
    let long = "p_".repeat(30);
    let renamed = format!(
        "{PARTED}CREATE TABLE {long} PARTITION OF p FOR VALUES IN (4);
         CREATE INDEX i ON p (id, k); ALTER TABLE p1 RENAME TO old;"
    );
    here.run(&renamed).expect("tables");
    let anew = format!(
        "{} CREATE TABLE {long} PARTITION OF p FOR VALUES IN (4); CREATE INDEX i ON p (id, k);",
        PARTED.replace("p1", "old")
    );
    there.run(&anew).expect("tables");
    let left = between(&here.inspect(), &there.inspect());
    assert!(left.is_empty(), "{left:#?}");
}
