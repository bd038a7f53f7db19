//! `CREATE TABLE` and `CREATE INDEX`, as a person would write them: what concerns one
//! column stands beside it.

use std::fmt::Write as _;

use rev_core::Dialect;

use super::over_parts::is_apart;
use super::sequence::identity;
use super::{beside, comment_on, constraint_name, handover, name, names, partition, qualified};
use crate::schema::ddl::Script;
use crate::schema::ddl::spelling::{actions, computed};
use crate::schema::{
    Column, Constraint, Deferral, Diff, Index, Kind, Options, Part, PartOf, Reference, Rule, Table,
    Text,
};
use crate::split::{TokenKind, tokens};

/// A table with its indexes, its comments, and all but its foreign keys.
pub(super) fn table_with_all(table: &Table, diff: &Diff, script: &mut Script) {
    handover::take_for_table(table, diff, script);
    script.push_noted(
        self::table(table, diff),
        partition::rows_elsewhere(table, diff),
    );
    let called = qualified(&table.name);
    for late in table.constraints.iter().filter(|it| is_late(it)) {
        script.push(format!("ALTER TABLE {called} ADD {}", constraint(late)));
    }
    let is_part = table.options.contains_key("partition");
    for index in table.indexes.iter().filter(|it| !is_apart(it) && !is_part) {
        script.push(self::index(index, table));
    }
    let actions: Vec<String> = table
        .columns
        .iter()
        .flat_map(|column| kept(column, None))
        .chain(row_security(table, None))
        .collect();
    alter(table, &actions, script);
    let comes_later = |it: &str| is_part && table.indexes.iter().any(|own| name(&own.name) == it);
    rely_on_indexes(table, &Options::new(), &|_| false, &comes_later, script);
    super::sequence::take(&table.name, None, diff, script);
    comments(table, script);
    super::rights::of_table(table, diff, script);
}

/// The replica identity, and the index by which the rows are sorted: where they are others
/// than before, or by an index that is made again. What is by one that comes later comes with it.
pub(super) fn rely_on_indexes(
    table: &Table,
    before: &Options,
    is_again: &dyn Fn(&str) -> bool,
    comes_later: &dyn Fn(&str) -> bool,
    script: &mut Script,
) {
    let index_of = |it: &str| it.strip_prefix("USING INDEX ").unwrap_or(it).to_owned();
    let called = qualified(&table.name);
    for (key, words, none) in [
        (
            "replica identity",
            "REPLICA IDENTITY",
            "REPLICA IDENTITY DEFAULT",
        ),
        ("cluster", "CLUSTER ON", "SET WITHOUT CLUSTER"),
    ] {
        match table.options.get(key) {
            Some(it) if comes_later(&index_of(it)) => {}
            Some(it) if before.get(key) != Some(it) || is_again(&index_of(it)) => {
                script.push(format!("ALTER TABLE {called} {words} {it}"));
            }
            None if before.contains_key(key) => script.push(format!("ALTER TABLE {called} {none}")),
            _ => {}
        }
    }
}

/// Adds `ALTER TABLE` with these actions, if there are any.
pub(super) fn alter(table: &Table, actions: &[String], script: &mut Script) {
    match actions {
        [] => {}
        [one] => script.push(format!("ALTER TABLE {} {one}", qualified(&table.name))),
        several => script.push(format!(
            "ALTER TABLE {}\n  {}",
            qualified(&table.name),
            several.join(",\n  ")
        )),
    }
}

/// Foreign keys come when all tables are there; what is not valid cannot come with a
/// table.
fn is_late(constraint: &Constraint) -> bool {
    constraint.kind() != Kind::ForeignKey && constraint.options.contains_key("not valid")
}

fn table(table: &Table, diff: &Diff) -> String {
    let beside =
        |constraint: &&Constraint| table.columns.iter().any(|it| stands_beside(constraint, it));
    let mut lines: Vec<String> = table
        .columns
        .iter()
        .filter_map(|column| match table.options.contains_key("partition") {
            true => part_column(table, column, diff),
            false => Some(self::column(table, column)),
        })
        .collect();
    for kind in [Kind::PrimaryKey, Kind::Unique, Kind::Check, Kind::Exclusion] {
        let of_kind = table.constraints.iter().filter(|it| it.kind() == kind);
        let rest = of_kind.filter(|it| !beside(it) && !is_late(it));
        lines.extend(rest.map(constraint));
    }
    let unlogged = if table.options.contains_key("unlogged") {
        "UNLOGGED "
    } else {
        ""
    };
    let mut text = format!("CREATE {unlogged}TABLE {}", qualified(&table.name));
    let bound = table.options.get("partition");
    if let (Some(_), Some(parent)) = (bound, table.parents.first()) {
        let _ = write!(text, " PARTITION OF {}", qualified(parent));
    }
    match (lines.is_empty(), bound) {
        (true, Some(_)) => {}
        (true, None) => text.push_str(" ()"),
        (false, _) => {
            let _ = write!(text, " (\n  {}\n)", lines.join(",\n  "));
        }
    }
    match bound {
        Some(bound) => {
            let _ = write!(text, " {bound}");
        }
        None if !table.parents.is_empty() => {
            let parents: Vec<String> = table.parents.iter().map(qualified).collect();
            let _ = write!(text, " INHERITS ({})", parents.join(", "));
        }
        None => {}
    }
    if let Some(key) = table.nature.get("partition by") {
        let _ = write!(text, " PARTITION BY {key}");
    }
    if let Some(storage) = table.options.get("storage") {
        let _ = write!(text, " WITH ({storage})");
    }
    text
}

/// Whether a key can stand beside its column.
fn stands_beside(constraint: &Constraint, column: &Column) -> bool {
    let is_plain = constraint.name.is_none()
        && constraint.options.is_empty()
        && constraint.deferral == Deferral::Never;
    match &constraint.rule {
        Rule::PrimaryKey(parts) | Rule::Unique(parts) if is_plain => {
            *parts == [Part::column(column.name.clone())]
        }
        _ => false,
    }
}

/// What a partition has otherwise in a column that it is given; `None`: a comment alone.
fn part_column(table: &Table, column: &Column, diff: &Diff) -> Option<String> {
    if column.generated.is_some() {
        let parents = table.parents.iter();
        let mut given = parents.filter_map(|it| diff.to.tables.get(it)?.any_column(&column.name));
        let is_given = given.any(|it| it.generated == column.generated);
        return (!is_given).then(|| self::column(table, column));
    }
    let default = column.default.as_ref();
    let default = default.map_or_else(|| "NULL".to_owned(), self::default);
    let null = if column.nullable { "" } else { " NOT NULL" };
    Some(format!("{}{null} DEFAULT {default}", name(&column.name)))
}

/// A column, with the keys that stand beside it.
fn column(table: &Table, column: &Column) -> String {
    let mut text = bare_column(Some(table), column);
    let keys = table.constraints.iter();
    for key in keys.filter(|it| stands_beside(it, column)) {
        text.push_str(match key.kind() {
            Kind::PrimaryKey => " PRIMARY KEY",
            _ => " UNIQUE",
        });
    }
    text
}

/// A column without any key; `table`: what it comes with, whose primary key says that
/// it is not NULL.
pub(super) fn bare_column(table: Option<&Table>, column: &Column) -> String {
    let mut text = format!("{} {}", name(&column.name), type_of(column));
    if let Some(generated) = &column.generated {
        text.push_str(&computed(generated));
    }
    let mut is_given = false;
    if let Some((kind, options)) = &column.identity {
        // Both say that it is not NULL.
        is_given = true;
        if kind != "serial" {
            let _ = write!(text, " GENERATED {}", identity(kind, options));
        }
    }
    let in_key = table.and_then(Table::primary_key).unwrap_or_default();
    is_given |= in_key.contains(&Part::column(column.name.clone()));
    if !column.nullable && !is_given {
        text.push_str(" NOT NULL");
    }
    if let Some(default) = &column.default {
        let _ = write!(text, " DEFAULT {}", self::default(default));
    }
    text
}

/// Its type and collation; `serial` where it is that.
fn type_of(column: &Column) -> String {
    let is_serial = matches!(&column.identity, Some((kind, _)) if kind == "serial");
    let mut text = match column.type_name.as_str() {
        "smallint" if is_serial => "smallserial".to_owned(),
        "bigint" if is_serial => "bigserial".to_owned(),
        _ if is_serial => "serial".to_owned(),
        other => other.to_owned(),
    };
    if let Some(collation) = &column.collation {
        let _ = write!(text, " COLLATE {collation}");
    }
    text
}

/// A default as it stands beside a column: there some operators need parentheses.
fn default(default: &Text) -> String {
    const WORDS: [&str; 13] = [
        "and", "or", "not", "in", "is", "isnull", "notnull", "like", "ilike", "similar", "between",
        "at", "collate",
    ];
    let mut depth = 0;
    let needs = tokens(default.as_str(), Dialect::Postgres)
        .iter()
        .any(|token| {
            depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
            depth == 0 && token.is_any(&WORDS)
        });
    match needs {
        true => format!("({default})"),
        false => default.to_string(),
    }
}

/// The actions that give a column its storage, compression and statistics target.
pub(super) fn kept(column: &Column, before: Option<&Column>) -> Vec<String> {
    let was = |key: &str| before.and_then(|it| it.options.get(key));
    let mut actions = Vec::new();
    for (key, default) in [
        ("storage", usual_storage(column)),
        ("compression", "default"),
        ("statistics", "-1"),
    ] {
        let (old, new) = (was(key), column.options.get(key));
        if old != new {
            let word = new.map_or(default, String::as_str);
            let key = key.to_ascii_uppercase();
            actions.push(format!(
                "ALTER COLUMN {} SET {key} {word}",
                name(&column.name)
            ));
        }
    }
    actions
}

/// How a type is stored where nothing else is asked for: only release 16 has a word
/// for that.
fn usual_storage(column: &Column) -> &'static str {
    let name = column.type_name.as_str();
    match name.split('(').next() {
        Some("numeric" | "inet" | "cidr") => "MAIN",
        _ => "EXTENDED",
    }
}

/// The actions that turn row-level security on and off.
pub(super) fn row_security(table: &Table, before: Option<&Table>) -> Vec<String> {
    let mut actions = Vec::new();
    let flags = [
        (
            "row level security",
            "ENABLE",
            "DISABLE",
            "ROW LEVEL SECURITY",
        ),
        (
            "force row level security",
            "FORCE",
            "NO FORCE",
            "ROW LEVEL SECURITY",
        ),
    ];
    for (key, on, off, what) in flags {
        let old = before.is_some_and(|it| it.options.contains_key(key));
        let new = table.options.contains_key(key);
        if old != new {
            actions.push(format!("{} {what}", if new { on } else { off }));
        }
    }
    actions
}

fn comments(table: &Table, script: &mut Script) {
    let called = qualified(&table.name);
    if let Some(comment) = &table.comment {
        script.push(comment_on(&format!("TABLE {called}"), Some(comment)));
    }
    for column in table.columns.iter().filter(|it| it.comment.is_some()) {
        let what = format!("COLUMN {called}.{}", name(&column.name));
        script.push(comment_on(&what, column.comment.as_deref()));
    }
    for constraint in &table.constraints {
        if constraint.kind() != Kind::ForeignKey {
            constraint_comment(table, constraint, script);
        }
    }
    let is_part = table.options.contains_key("partition");
    for index in table.indexes.iter().filter(|it| !is_apart(it) && !is_part) {
        index_comment(table, index, script);
    }
}

pub(super) fn constraint_comment(table: &Table, constraint: &Constraint, script: &mut Script) {
    if constraint.comment.is_some() {
        let what = constraint_title(table, constraint);
        script.push(comment_on(&what, constraint.comment.as_deref()));
    }
}

/// What a comment on a constraint is on.
pub(super) fn constraint_title(table: &Table, constraint: &Constraint) -> String {
    let (called, table_name) = (constraint_name(table, constraint), qualified(&table.name));
    format!("CONSTRAINT {called} ON {table_name}")
}

pub(super) fn index_comment(table: &Table, index: &Index, script: &mut Script) {
    if index.comment.is_some() {
        let what = format!("INDEX {}", beside(&table.name, &index.name));
        script.push(comment_on(&what, index.comment.as_deref()));
    }
}

/// A foreign key with its comment.
pub(super) fn foreign_key(table: &Table, key: &Constraint, script: &mut Script) {
    let called = qualified(&table.name);
    script.push(format!("ALTER TABLE {called} ADD {}", constraint(key)));
    constraint_comment(table, key, script);
}

/// A constraint on a line of its own.
pub(super) fn constraint(constraint: &Constraint) -> String {
    let options = &constraint.options;
    let mut text = match &constraint.name {
        Some(text) => format!("CONSTRAINT {} ", name(text)),
        None => String::new(),
    };
    let distinct = match options.contains_key("nulls not distinct") {
        true => " NULLS NOT DISTINCT",
        false => "",
    };
    text.push_str(&match &constraint.rule {
        Rule::PrimaryKey(it) => format!("PRIMARY KEY ({})", parts(it)),
        Rule::Unique(it) => format!("UNIQUE{distinct} ({})", parts(it)),
        Rule::ForeignKey(it) => reference(it, constraint),
        Rule::Check(it) => format!("CHECK ({it})"),
        Rule::Exclusion(it) => format!("EXCLUDE {it}"),
    });
    if let Some(include) = options.get("include") {
        let _ = write!(text, " INCLUDE ({include})");
    }
    if let Some(storage) = options.get("storage") {
        let _ = write!(text, " WITH ({storage})");
    }
    text.push_str(match constraint.deferral {
        Deferral::Never => "",
        Deferral::Possible => " DEFERRABLE",
        Deferral::Initially => " DEFERRABLE INITIALLY DEFERRED",
    });
    for (flag, words) in [
        ("no inherit", " NO INHERIT"),
        ("not enforced", " NOT ENFORCED"),
        ("not valid", " NOT VALID"),
    ] {
        if options.contains_key(flag) {
            text.push_str(words);
        }
    }
    text
}

fn reference(reference: &Reference, constraint: &Constraint) -> String {
    let columns = |columns: &[Text]| match columns {
        [rest @ .., last] if constraint.options.contains_key("period") => {
            let mut words: Vec<String> = rest.iter().map(name).collect();
            words.push(format!("PERIOD {}", name(last)));
            words.join(", ")
        }
        all => names(all),
    };
    let mut text = format!(
        "FOREIGN KEY ({}) REFERENCES {} ({})",
        columns(&reference.columns),
        qualified(&reference.table),
        columns(&reference.targets)
    );
    if let Some(kind) = constraint.options.get("match") {
        let _ = write!(text, " MATCH {kind}");
    }
    text + &actions(reference)
}

/// `CREATE INDEX`.
pub(super) fn index(index: &Index, table: &Table) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let is_only = index.options.contains_key("only");
    let only = if is_only { "ONLY " } else { "" };
    let mut text = format!(
        "CREATE {unique}INDEX {} ON {only}{}",
        name(&index.name),
        qualified(&table.name)
    );
    if let Some(method) = &index.method {
        let _ = write!(text, " USING {method}");
    }
    let _ = write!(text, " ({})", parts(&index.parts));
    if !index.include.is_empty() {
        let _ = write!(text, " INCLUDE ({})", names(&index.include));
    }
    if index.options.contains_key("nulls not distinct") {
        text.push_str(" NULLS NOT DISTINCT");
    }
    if let Some(storage) = index.options.get("storage") {
        let _ = write!(text, " WITH ({storage})");
    }
    if let Some(predicate) = &index.predicate {
        let _ = write!(text, " WHERE {predicate}");
    }
    text
}

fn parts(parts: &[Part]) -> String {
    let parts: Vec<String> = parts.iter().map(part).collect();
    parts.join(", ")
}

fn part(part: &Part) -> String {
    let mut text = match &part.of {
        PartOf::Column(it) => name(it),
        PartOf::Expression(it) if is_call(it) => it.to_string(),
        PartOf::Expression(it) => format!("({it})"),
    };
    if let Some(collation) = &part.collation {
        let _ = write!(text, " COLLATE {collation}");
    }
    if let Some(class) = part.options.get("operator class") {
        let _ = write!(text, " {class}");
    }
    if part.descending {
        text.push_str(" DESC");
    }
    if let Some(place) = part.options.get("nulls") {
        let _ = write!(text, " NULLS {}", place.to_ascii_uppercase());
    }
    if part.options.contains_key("without overlaps") {
        text.push_str(" WITHOUT OVERLAPS");
    }
    text
}

/// Whether an expression is the call of a function and nothing else.
fn is_call(expression: &Text) -> bool {
    let found = tokens(expression.as_str(), Dialect::Postgres);
    let open = found.iter().position(|token| token.is_symbol("("));
    let Some(open) = open.filter(|&it| it > 0) else {
        return false;
    };
    let is_name = |(index, token): (usize, &crate::split::Token<'_>)| match index % 2 {
        0 => {
            matches!(token.kind, TokenKind::Word | TokenKind::Name)
                && !token.is_any(&["not", "row", "array", "case", "exists", "interval"])
        }
        _ => token.is_symbol("."),
    };
    let mut depth = 0;
    let closes = found[open..].iter().position(|token| {
        depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
        depth == 0
    });
    open % 2 == 1
        && found[..open].iter().enumerate().all(is_name)
        && closes.is_some_and(|it| open + it + 1 == found.len())
}
