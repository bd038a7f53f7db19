//! Tables in parts: what they are parted by, and indexes over all parts.

use rev_sql::schema::{Diff, Filter};

use super::place::{DIALECT, Place, between, check_dump, written};
use crate::native;

/// Every form becomes every other one and comes back; what the native client says of it then is
/// what it says of the form itself. Returns the scripts.
pub(super) fn each_to_each(forms: &[&str]) -> Vec<String> {
    each_to_each_as(forms, Judge::Native, |_, _| true)
}

/// Likewise each to the next one alone, and with `REV_FORMS=all` to every one.
fn each_to_next(forms: &[&str], judge: Judge) {
    let is_all = std::env::var("REV_FORMS").is_ok_and(|it| it == "all");
    let is_next = |from, to| is_all || (from + 1) % forms.len() == to;
    each_to_each_as(forms, judge, is_next);
}

/// Who says that a form is reached.
#[derive(PartialEq)]
enum Judge {
    Native,
    Ours,
}

fn each_to_each_as(
    forms: &[&str],
    judge: Judge,
    is_tried: impl Fn(usize, usize) -> bool,
) -> Vec<String> {
    let (mut here, mut there) = (Place::new(), Place::new());
    let mut scripts = Vec::new();
    for (number, to) in forms.iter().enumerate() {
        there.clear();
        there
            .run(to)
            .unwrap_or_else(|error| panic!("{error}\n{to}"));
        let (due, after) = (native::dump(there.scratch()), there.inspect());
        let sources = forms.iter().enumerate();
        for (_, from) in sources.filter(|(it, _)| *it != number && is_tried(*it, number)) {
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
            if judge == Judge::Native {
                assert_eq!(due, native::dump(here.scratch()), "{}", told(&""));
            }
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

/// A table in every relation to its parents, which come and go themselves. What the server's
/// own client says of it afterwards counts, too: of parts, since of heirs it says whether they
/// declare a column again, which means nothing.
const PARTS: [&str; 7] = [
    "CREATE TABLE p (k int, n int NOT NULL) PARTITION BY RANGE (k); CREATE TABLE c (k int, n int NOT NULL);",
    "CREATE TABLE p (k int, n int NOT NULL) PARTITION BY RANGE (k); CREATE TABLE c PARTITION OF p FOR VALUES FROM (0) TO (10);",
    "CREATE TABLE p (k int, n int NOT NULL) PARTITION BY RANGE (k); CREATE TABLE c PARTITION OF p DEFAULT;",
    "CREATE TABLE p (k int, n int NOT NULL, PRIMARY KEY (k), CHECK (n > 0)) PARTITION BY RANGE (k); CREATE INDEX p_n ON p (n);
     CREATE TABLE c PARTITION OF p FOR VALUES FROM (0) TO (20); CREATE TABLE d PARTITION OF p FOR VALUES FROM (20) TO (30);",
    "CREATE TABLE p (k int, n int NOT NULL DEFAULT 4) PARTITION BY RANGE (k); CREATE TABLE c PARTITION OF p (n DEFAULT 5, k NOT NULL) FOR VALUES FROM (0) TO (10);",
    "CREATE TABLE q (k int, n int NOT NULL, t text) PARTITION BY LIST (k); CREATE TABLE c PARTITION OF q FOR VALUES IN (1, 2);",
    "CREATE TABLE c (k int PRIMARY KEY, n int NOT NULL CHECK (n > 0)); CREATE INDEX c_n ON c (n);",
];

#[test]
fn a_partition_leaves_and_joins_whatever_else_changes() {
    each_to_next(&PARTS, Judge::Native);
}

/// Likewise of heirs, without the client: it says whether a column is declared again.
const HEIRS: [&str; 7] = [
    "CREATE TABLE b (id bigint, t text); CREATE TABLE c (z int, id bigint, t text);",
    "CREATE TABLE b (id bigint, t text); CREATE TABLE c (z int) INHERITS (b);",
    "CREATE TABLE b (id bigint, t text); CREATE TABLE c (z int, id bigint DEFAULT 9) INHERITS (b);",
    "CREATE TABLE b (id bigint DEFAULT 3, t text NOT NULL); CREATE TABLE c (z int, id bigint DEFAULT 9) INHERITS (b);",
    "CREATE TABLE b (id bigint, t text, CONSTRAINT b_id CHECK (id > 0)); CREATE TABLE a (y int); CREATE TABLE c (z int) INHERITS (a, b);",
    "CREATE TABLE b (id bigint, t text); CREATE TABLE a (y int); CREATE TABLE c (z int, y int DEFAULT 1, id bigint) INHERITS (a); CREATE TABLE e () INHERITS (c);",
    "CREATE TABLE b (t text); CREATE TABLE c (z int, id bigint) INHERITS (b);",
];

#[test]
fn an_heir_leaves_and_joins_whatever_else_changes() {
    each_to_next(&HEIRS, Judge::Ours);
}

/// The rows of a table that leaves or joins stay, both ways, on whatever level it is.
#[test]
fn rows_stay_with_a_table_that_leaves_or_joins() {
    const FORMS: [&str; 5] = [
        "CREATE TABLE p (k int, n text) PARTITION BY RANGE (k); CREATE TABLE c (k int, n text);",
        "CREATE TABLE p (k int, n text) PARTITION BY RANGE (k); CREATE TABLE c PARTITION OF p FOR VALUES FROM (0) TO (10);",
        "CREATE TABLE p (k int, n text) PARTITION BY RANGE (k); CREATE TABLE c PARTITION OF p FOR VALUES FROM (0) TO (20);",
        "CREATE TABLE p (k int, n text) PARTITION BY RANGE (k); CREATE TABLE m PARTITION OF p FOR VALUES FROM (0) TO (90) PARTITION BY RANGE (k);
         CREATE TABLE c PARTITION OF m FOR VALUES FROM (0) TO (30);",
        "CREATE TABLE p (k int, n text); CREATE TABLE c (x int) INHERITS (p);",
    ];
    let (mut here, mut there) = (Place::new(), Place::new());
    let pairs = FORMS
        .iter()
        .flat_map(|it| FORMS.iter().map(move |to| (it, to)));
    for (from, to) in pairs {
        // How `p` is parted cannot change, and takes all that is in it along.
        let is_parted = |it: &str| it.contains("PARTITION BY");
        if from == to || is_parted(from) != is_parted(to) {
            continue;
        }
        there.clear();
        there.run(to).expect("it runs");
        let after = there.inspect();
        here.clear();
        here.run(from).expect("it runs");
        here.run("INSERT INTO c (k, n) VALUES (1, 'one'), (2, 'two')")
            .expect("rows");
        let before = here.inspect();
        let up = Diff::between(&before, &after, &[], &Filter::default(), DIALECT);
        let down = up.reversed(DIALECT);
        for script in [written(&up), written(&down)] {
            let text = script.to_sql();
            let notes = script.statements.iter().flat_map(|it| &it.notes);
            for question in notes.filter_map(|it| it.question.as_ref()) {
                let counted = here.run(question).expect("it runs");
                assert_eq!(counted, ["0"], "{question}");
            }
            here.apply(&script)
                .unwrap_or_else(|error| panic!("{error:?}\n{from}\n{to}\n{text}"));
            let rows = here.run("SELECT n FROM c ORDER BY k").expect("it runs");
            assert_eq!(rows, ["one", "two"], "{from}\n{to}\n{text}");
        }
    }
}

/// Rows that bounds do not let in, or that a default partition holds, or that others refer to, are
/// counted beforehand.
#[test]
fn rows_in_the_way_of_a_partition_are_counted() {
    const P: &str = "CREATE TABLE p (k int PRIMARY KEY, n text) PARTITION BY RANGE (k);";
    for (from, to, rows, due) in [
        (
            "CREATE TABLE c (k int PRIMARY KEY, n text);",
            "CREATE TABLE c PARTITION OF p FOR VALUES FROM (0) TO (10);",
            "INSERT INTO c VALUES (1), (20), (30)",
            "2",
        ),
        (
            "CREATE TABLE d PARTITION OF p DEFAULT; CREATE TABLE c (k int PRIMARY KEY, n text);",
            "CREATE TABLE d PARTITION OF p DEFAULT; CREATE TABLE c PARTITION OF p FOR VALUES FROM (0) TO (10);",
            "INSERT INTO p VALUES (1), (20)",
            "1",
        ),
        (
            "CREATE TABLE d PARTITION OF p DEFAULT;",
            "CREATE TABLE d PARTITION OF p DEFAULT; CREATE TABLE c PARTITION OF p FOR VALUES FROM (0) TO (10);",
            "INSERT INTO p VALUES (1), (20)",
            "1",
        ),
        (
            "CREATE TABLE c PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE r (k int REFERENCES p);",
            "CREATE TABLE c (k int PRIMARY KEY, n text); CREATE TABLE r (k int REFERENCES p);",
            "INSERT INTO p VALUES (1); INSERT INTO r VALUES (1), (1)",
            "2",
        ),
    ] {
        let (mut here, mut there) = (Place::new(), Place::new());
        for (place, form) in [(&mut here, from), (&mut there, to)] {
            place.clear();
            place.run(&format!("{P}{form}")).expect("it runs");
        }
        here.run(rows).expect("rows");
        let diff = Diff::between(
            &here.inspect(),
            &there.inspect(),
            &[],
            &Filter::default(),
            DIALECT,
        );
        let script = written(&diff);
        let notes = script.statements.iter().flat_map(|it| &it.notes);
        let questions = notes.filter_map(|it| it.question.as_ref());
        let counted: Vec<String> = questions
            .map(|it| here.run(it).unwrap_or_else(|error| panic!("{error}: {it}"))[0].clone())
            .filter(|it| it != "0")
            .collect();
        assert_eq!(counted, [due], "{}", script.to_sql());
        assert!(here.apply(&script).is_err(), "{}", script.to_sql());
    }
}
