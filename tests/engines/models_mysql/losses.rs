//! What a change of type does to values: the server converts the extremes of every
//! type to every other one and back. Whatever is not the same again has a remark.

use std::collections::BTreeSet;

use rev_core::Dialect;
use rev_sql::schema::ddl::{self, NoteKind};
use rev_testkit::scratch::{Engine, Scratch};

use super::spoken::Spoken;
use super::{both_ways, diff, inspect, made, snapshot, spoken};

type Type = (&'static str, &'static [&'static str]);

/// Types, and values at their ends.
const TYPES: [Type; 69] = [
    ("TINYINT", &["-128", "127", "0"]),
    ("TINYINT UNSIGNED", &["0", "255", "5"]),
    ("SMALLINT", &["-32768", "32767"]),
    ("SMALLINT UNSIGNED", &["0", "65535"]),
    ("MEDIUMINT", &["-8388608", "8388607"]),
    ("MEDIUMINT UNSIGNED", &["0", "16777215"]),
    ("INT", &["-2147483648", "2147483647"]),
    ("INT UNSIGNED", &["0", "4294967295"]),
    ("BIGINT", &["-9223372036854775808", "9223372036854775807"]),
    ("BIGINT UNSIGNED", &["0", "18446744073709551615"]),
    ("YEAR", &["1901", "2155", "0"]),
    ("DECIMAL(5,2)", &["-999.99", "999.99", "0.01"]),
    ("DECIMAL(5,2) UNSIGNED", &["999.99", "0"]),
    ("DECIMAL(7,2)", &["-99999.99"]),
    ("DECIMAL(7,4)", &["-999.9999"]),
    ("DECIMAL(10,0)", &["-9999999999"]),
    ("DECIMAL(16,0)", &["-9999999999999999"]),
    ("DECIMAL(30,10)", &["-99999999999999999999.9999999999"]),
    ("FLOAT", &["-3.4e38", "1.2e-38", "16777216", "0.1"]),
    ("FLOAT UNSIGNED", &["3.4e38", "0.1"]),
    ("FLOAT(5,1)", &["-9999.9", "0.1"]),
    ("FLOAT(7,3)", &["-9999.999", "0.001"]),
    (
        "DOUBLE",
        &["-1.7e308", "2.3e-308", "9007199254740991", "0.1"],
    ),
    ("DOUBLE UNSIGNED", &["1.7e308", "0.1"]),
    ("DOUBLE(5,1)", &["-9999.9", "0.1"]),
    ("DOUBLE(10,3)", &["-9999999.999", "0.001"]),
    ("BIT(1)", &["b'1'", "b'0'"]),
    ("BIT(8)", &["b'11111111'"]),
    ("BIT(64)", &["18446744073709551615"]),
    ("CHAR(4)", &["'aé€😀'", "'abcd'"]),
    ("CHAR(8)", &["'😀😀😀😀😀😀😀😀'"]),
    ("VARCHAR(4)", &["'aé€😀'", "'a  '", "''"]),
    ("VARCHAR(20)", &["REPEAT('😀', 20)", "'a  '"]),
    ("VARCHAR(20) CHARACTER SET latin1", &["REPEAT('é', 20)"]),
    ("VARCHAR(20) CHARACTER SET utf8mb3", &["REPEAT('€', 20)"]),
    ("VARCHAR(20) CHARACTER SET ascii", &["REPEAT('a', 20)"]),
    ("VARCHAR(100)", &["REPEAT('😀', 100)"]),
    ("TINYTEXT", &["REPEAT('a', 255)", "REPEAT('😀', 63)"]),
    ("TINYTEXT CHARACTER SET latin1", &["REPEAT('é', 255)"]),
    ("TEXT", &["REPEAT('a', 65535)", "'a  '"]),
    ("TEXT CHARACTER SET latin1", &["REPEAT('é', 65535)"]),
    ("MEDIUMTEXT", &["REPEAT('a', 70000)"]),
    ("LONGTEXT", &["REPEAT('a', 70000)"]),
    ("JSON", &["'{\"a\": \"😀\"}'"]),
    ("BINARY(4)", &["x'ff00ff00'"]),
    ("BINARY(8)", &["x'ff00ff00ff00ff00'"]),
    ("VARBINARY(4)", &["x'ff00'", "x''", "x'ff00ff00'"]),
    ("VARBINARY(80)", &["REPEAT(x'ff', 80)"]),
    ("TINYBLOB", &["REPEAT(x'ff', 255)", "x'00'"]),
    ("BLOB", &["REPEAT(x'ff', 65535)"]),
    ("MEDIUMBLOB", &["REPEAT(x'ff', 70000)"]),
    ("LONGBLOB", &["REPEAT(x'ff', 70000)"]),
    ("ENUM('a','b')", &["'a'", "'b'"]),
    ("ENUM('b','c','a')", &["'a'", "'b'", "'c'"]),
    ("ENUM('a','bé€')", &["'bé€'"]),
    ("ENUM('a','bé') CHARACTER SET latin1", &["'bé'"]),
    ("SET('a','b')", &["'a,b'", "''"]),
    ("SET('a','b','c')", &["'a,c'", "'c'"]),
    ("DATE", &["'1000-01-01'", "'9999-12-31'"]),
    ("TIME", &["'-838:59:59'", "'838:59:59'", "'12:30:00'"]),
    ("TIME(6)", &["'-838:59:58.999999'", "'12:30:00.5'"]),
    (
        "DATETIME",
        &["'1000-01-01 00:00:00'", "'9999-12-31 23:59:59'"],
    ),
    ("DATETIME(3)", &["'1000-01-01 00:00:00.001'"]),
    (
        "TIMESTAMP NULL",
        &["'2000-01-01 00:00:01'", "'2037-12-31 23:59:59'"],
    ),
    ("TIMESTAMP(6) NULL", &["'2037-12-31 23:59:59.999999'"]),
    ("UUID", &["'ffffffff-ffff-4fff-bfff-ffffffffffff'"]),
    ("INET4", &["'255.255.255.255'"]),
    ("INET6", &["'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'"]),
    ("POINT", &["ST_GeomFromText('POINT(1 2)')"]),
];

/// The types that a server has.
fn types(spoken: &Spoken) -> Vec<Type> {
    let has = |name: &str| match name {
        "UUID" => spoken.has("uuid"),
        "INET4" | "INET6" => spoken.has("inet"),
        _ => true,
    };
    TYPES.into_iter().filter(|(name, _)| has(name)).collect()
}

/// A table a type, with a column for each type that it becomes.
fn tables(types: &[Type], type_of: impl Fn(usize, usize) -> &'static str) -> String {
    let table = |from: usize| {
        let columns = (0..types.len()).map(|to| format!("c{to} {}", type_of(from, to)));
        let columns: Vec<String> = columns.collect();
        format!(
            "CREATE TABLE t{from} ({}) ENGINE=MyISAM DEFAULT CHARSET=utf8mb4;\n",
            columns.join(", ")
        )
    };
    (0..types.len()).map(table).collect()
}

/// The columns of a table that do not hold their values again after having been of
/// another type.
fn changed(engine: Engine, types: &[Type], from: usize) -> BTreeSet<usize> {
    let (name, values) = types[from];
    let scratch = made(engine, "CREATE TABLE nothing (a INT)");
    let is_place = |at: usize| types[at].0 == "POINT";
    let others = (0..types.len()).filter(|to| *to != from);
    // A place becomes nothing else, not even so, and what is no JSON is refused.
    let (all, refused): (Vec<usize>, Vec<usize>) =
        others.partition(|to| !is_place(*to) && !is_place(from) && types[*to].0 != "JSON");
    if all.is_empty() {
        return refused.into_iter().collect();
    }
    let is_lenient = !Spoken::by(&scratch).has("literals");
    if is_lenient && name == "JSON" {
        let lost = all
            .into_iter()
            .filter(|to| is_json_lost(&scratch, values, types[*to].0));
        return lost.chain(refused).collect();
    }
    // What is no value of the other type at all is made one, as without strict mode.
    let mut script = format!("CREATE TABLE t (n INT, first {name}");
    for to in &all {
        script.push_str(&format!(", c{to} {name}"));
    }
    script.push_str(") ENGINE=MyISAM DEFAULT CHARSET=utf8mb4;\n");
    for (number, value) in values.iter().enumerate() {
        let row = format!(", {value}").repeat(all.len() + 1);
        script.push_str(&format!("INSERT INTO t VALUES ({number}{row});\n"));
    }
    script.push_str(match is_lenient {
        true => "SET sql_mode = '';\n",
        // Else a row would go that a check of JSON does not let through.
        false => "SET check_constraint_checks = 0;\n",
    });
    let alter = |of: &dyn Fn(usize) -> &'static str| {
        let clauses = all.iter().map(|&to| format!("MODIFY c{to} {}", of(to)));
        let clauses: Vec<String> = clauses.collect();
        let ignore = if is_lenient { "" } else { "IGNORE " };
        format!("ALTER {ignore}TABLE t {};\n", clauses.join(", "))
    };
    script.push_str(&alter(&|to| types[to].0));
    script.push_str("CREATE TABLE once AS SELECT * FROM t;\n");
    script.push_str(&alter(&|_| name));
    scratch.execute(&script);
    // Of some texts and large numbers it is the way back that changes them.
    let same = all.iter().map(|to| {
        let is_equal = match is_exact(name) && is_exact(types[*to].0) {
            true => format!(" OR once.c{to} = t.first"),
            false => String::new(),
        };
        format!(
            "SELECT IF(COUNT(*) = {}, 'same', 'changed') FROM t JOIN once USING (n) \
             WHERE CAST(t.c{to} AS BINARY) <=> CAST(t.first AS BINARY) \
             OR CAST(once.c{to} AS BINARY) <=> CAST(t.first AS BINARY){is_equal}",
            values.len()
        )
    });
    let same: Vec<String> = same.collect();
    let answers = scratch.query(&same.join(";\n"));
    assert_eq!(answers.len(), all.len(), "{name}");
    let pairs = all.iter().zip(answers);
    let changed = pairs.filter(|(_, answer)| answer == "changed");
    changed.map(|(to, _)| *to).chain(refused).collect()
}

/// Whether numbers of a type are exact, so that equal ones are the same.
fn is_exact(name: &str) -> bool {
    name.starts_with("DECIMAL") || (name.contains("INT") && name != "POINT")
}

/// Whether documents are not the same again after having been of another type. Where JSON is
/// a type, a text that is none does not even come back.
fn is_json_lost(scratch: &Scratch, values: &[&str], other: &str) -> bool {
    let rows: Vec<String> = values.iter().map(|it| format!("({it}, {it})")).collect();
    let gone = scratch.try_query(&format!(
        "SET sql_mode = ''; DROP TABLE IF EXISTS j; CREATE TABLE j (first JSON, a JSON) ENGINE=MyISAM; \
         INSERT INTO j VALUES {}; ALTER TABLE j MODIFY a {other}; ALTER TABLE j MODIFY a JSON",
        rows.join(", ")
    ));
    let kept = "SELECT COUNT(*) FROM j WHERE CAST(a AS BINARY) <=> CAST(first AS BINARY)";
    gone.is_err() || scratch.query(kept) != [values.len().to_string()]
}

#[test]
fn every_change_of_type_that_may_change_a_value_has_a_remark() {
    for engine in Engine::MYSQLS {
        let types = types(&spoken(engine));
        check_remarks(engine, &types);
    }
}

fn check_remarks(engine: Engine, types: &[Type]) {
    let from = inspect(&made(engine, &tables(types, |from, _| types[from].0)));
    let to = inspect(&made(engine, &tables(types, |_, to| types[to].0)));
    let script = ddl::write(&diff(&from, &to), Dialect::Mysql);
    let notes: Vec<&str> = script
        .notes(NoteKind::Destructive)
        .map(|note| note.text.as_str())
        .collect();
    let mut wrong = Vec::new();
    let (mut kept, mut lost) = (0, 0);
    for (from, (name, _)) in types.iter().enumerate() {
        let changed = changed(engine, types, from);
        for (to, (other, _)) in types.iter().enumerate() {
            let begin = format!("`t{from}.c{to}` ");
            let is_noted = notes.iter().any(|note| note.starts_with(&begin));
            let pair = format!("{name} to {other}");
            match changed.contains(&to) {
                true if is_noted => lost += 1,
                true => wrong.push(pair),
                false if !is_noted => kept += 1,
                // To say too much costs a look.
                false => {}
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{engine:?}: {} without a remark:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(kept > 300 && lost > 1000, "{kept} kept, {lost} lost");
}

/// The history of a table holds NULLs that no `UPDATE` reaches.
#[test]
fn a_column_that_must_not_be_null_any_more_is_so_in_a_history_too() {
    let from = "CREATE TABLE v (id INT PRIMARY KEY, a INT, b VARCHAR(5), day DATE) WITH SYSTEM VERSIONING; \
         INSERT INTO v (id) VALUES (1), (2); DELETE FROM v WHERE id = 1;";
    let to = "CREATE TABLE v (id INT PRIMARY KEY, a INT NOT NULL DEFAULT 7, b VARCHAR(5) NOT NULL, \
         day DATE) WITH SYSTEM VERSIONING";
    for engine in Engine::MYSQLS {
        if spoken(engine).has("versioning") {
            snapshot!(engine, both_ways(engine, from, to, &[]));
        }
    }
}

/// Nothing and zero are no place.
#[test]
fn a_place_that_must_not_be_null_any_more_is_one() {
    let types = [
        "POINT",
        "LINESTRING",
        "POLYGON",
        "MULTIPOINT",
        "MULTILINESTRING",
        "MULTIPOLYGON",
        "GEOMETRYCOLLECTION",
        "GEOMETRY",
    ];
    for engine in Engine::MYSQLS {
        for kind in types {
            let from =
                format!("CREATE TABLE t (id INT, a {kind}); INSERT INTO t VALUES (1, NULL);");
            let to = format!("CREATE TABLE t (id INT, a {kind} NOT NULL, b {kind} NOT NULL)");
            let (here, there) = (made(engine, &from), made(engine, &to));
            let difference = diff(&inspect(&here), &inspect(&there));
            let script = ddl::write(&difference, Dialect::Mysql);
            assert_eq!(script.notes(NoteKind::Decide).count(), 2);
            here.execute(&script.to_sql());
            assert_eq!(
                here.query("SELECT ST_AsText(a) = ST_AsText(b), ST_IsEmpty(a) FROM t"),
                ["1|0"],
                "{engine:?} {kind}"
            );
            let left = diff(&inspect(&here), &inspect(&there)).sentences();
            assert!(left.is_empty(), "{engine:?} {left:?}");
        }
    }
}

/// Numbers and texts that become labels: the count is 0 just where the server takes the value.
#[test]
fn the_rows_that_no_label_fits_are_counted_as_the_server_takes_them() {
    let types = [
        ("INT", ["1", "2", "3", "0", "-1", "10"]),
        ("DECIMAL(5,2)", ["1", "1.5", "2", "0.4", "10", "-1"]),
        ("DOUBLE", ["1", "1.5", "2", "0.4", "10", "3"]),
        ("VARCHAR(5)", ["'1'", "'x'", "'02'", "'3'", "'10'", "'1.0'"]),
    ];
    for engine in Engine::MYSQLS {
        let mut wrong = Vec::new();
        for (old, values) in types {
            for labels in ["'x', 'y'", "'10', '20'"] {
                let to = inspect(&made(engine, &format!("CREATE TABLE t (n ENUM({labels}))")));
                let from = inspect(&made(engine, &format!("CREATE TABLE t (n {old})")));
                let script = ddl::write(&diff(&from, &to), Dialect::Mysql);
                let note = script.notes(NoteKind::Destructive).next().expect("a note");
                let question = note.question.as_ref().expect("a question");
                for value in values {
                    let here = made(engine, &format!("CREATE TABLE t (n {old})"));
                    here.execute(&format!("INSERT INTO t VALUES ({value})"));
                    let count = here.query(question).concat();
                    let text = &script.statements[0].text;
                    // Zero is no label: MySQL makes it the empty text, MariaDB refuses it.
                    let is_taken = here.try_query(text).is_ok()
                        && here.query("SELECT n <> '' FROM t").concat() == "1";
                    if (count == "0") != is_taken {
                        wrong.push(format!("{old} {value} to {labels}: {count}, {is_taken}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{engine:?}: {wrong:#?}");
    }
}
