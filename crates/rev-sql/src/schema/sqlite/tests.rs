use super::*;

fn same(one: &str, other: &str) -> bool {
    expression(one) == expression(other)
}

#[test]
fn what_sqlite_takes_for_the_same_has_one_key() {
    for (one, other) in [
        ("a > 0", "A>0"),
        ("((a > 0))", "a > 0"),
        ("\"a\" > 0", "[a] > 0"),
        ("a /* why */ > 0", "a > 0 -- because"),
        ("length(a)", "LENGTH ( A )"),
    ] {
        assert!(same(one, other), "{one} and {other}");
    }
    for (one, other) in [
        ("a > 0", "a > 1"),
        ("'a'", "'A'"),
        ("(a) + (b)", "a) + (b"),
        ("\"two words\"", "two words"),
    ] {
        assert!(!same(one, other), "{one} and {other}");
    }
}

#[test]
fn an_expression_is_kept_on_one_line_and_without_comments() {
    let text = expression("(\n  a > 0 -- why\n  OR   b\n)");
    assert_eq!(text.as_str(), "a > 0 OR b");
}

fn entry(kind: &str, name: &str, sql: &str) -> Entry {
    Entry {
        kind: kind.to_owned(),
        name: name.to_owned(),
        table: "t".to_owned(),
        sql: sql.to_owned(),
    }
}

fn unreadable(kind: &str, sql: &str, columns: &[&str]) -> String {
    let rows: Vec<ColumnRow> = columns
        .iter()
        .map(|name| ColumnRow {
            table: "t".to_owned(),
            name: (*name).to_owned(),
            type_name: String::new(),
            not_null: false,
            default: None,
            hidden: 0,
        })
        .collect();
    match schema(&[entry(kind, "t", sql)], &rows) {
        Ok(schema) => format!("{schema:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_not_understood_is_said_and_never_guessed() {
    let cases = [
        ("table", "CREATE TABLE t (a)", vec!["b"]),
        ("table", "CREATE TABLE t (a) WITH OIDS", vec!["a"]),
        ("table", "CREATE TABLE t (a CHECK a)", vec!["a"]),
        ("table", "CREATE TABLE t (a", vec!["a"]),
        ("index", "CREATE INDEX i ON t", vec![]),
        ("index", "CREATE INDEX i ON t (a) USING x", vec![]),
    ];
    let told = cases.map(|(kind, sql, columns)| unreadable(kind, sql, &columns));
    insta::assert_snapshot!(told.join("\n"), @"
    the stored text of table `t` is not understood in its columns
    the stored text of table `t` is not understood at `WITH`
    the stored text of table `t` is not understood at `a`
    the stored text of table `t` is not understood at its end
    the stored text of index `t` is not understood at its end
    the stored text of index `t` is not understood at `USING`
    ");
}

#[test]
fn what_an_object_may_use_is_whatever_it_mentions() {
    let sql = "CREATE VIEW v AS SELECT \"T\".a, other.b FROM [t], 'quoted' -- hidden\n";
    let known = ["t", "quoted", "hidden", "v"].map(|it| Name::bare(name(it)));
    let object = object(Kind::View, &entry("view", "v", sql), &BTreeSet::from(known));
    let needs: Vec<String> = object.needs.iter().map(ToString::to_string).collect();
    assert_eq!(needs, ["quoted", "t"]);
    assert!(object.create[0].as_str().ends_with("'quoted'"));
}
