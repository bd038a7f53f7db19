//! Objects, which are compared by their whole text: how each is made, dropped, and
//! replaced without being dropped.

use std::collections::BTreeSet;

use rev_core::Dialect;

use super::{aside, comment_on, domain, name, qualified, rename, retype, rights};
use crate::schema::ddl::{Note, Script, rows};
use crate::schema::{Change, Diff, Kind, Name, Object, Text};
use crate::split::tokens;

/// The statements that make it.
pub(super) fn create(object: &Object, diff: &Diff, script: &mut Script) {
    let unchecked = "SET LOCAL check_function_bodies = off";
    let is_set = script.statements.iter().any(|it| it.text == unchecked);
    if !is_set && let Some(name) = object.after.iter().find(|it| comes_later(it, diff, script)) {
        let why = format!("`{}` and `{name}` use each other", object.name);
        script.push_noted(unchecked, vec![Note::remark(why)]);
    }
    for text in &object.create {
        script.push_noted(text.as_str(), unique(object, text, diff));
    }
    if object.comment.is_some() {
        comment(object, script);
    }
    retype::come_back(object, diff, script);
    give_rights(object, diff, script);
}

/// What is said of a unique index over a view whose rows are kept.
fn unique(object: &Object, index: &Text, diff: &Diff) -> Vec<Note> {
    let was = diff.from.objects.get(&object.handle());
    let is_there = was.is_some_and(|was| {
        was.create.first() == object.create.first() && was.create.contains(index)
    });
    let found = tokens(index.as_str(), Dialect::Postgres);
    let is_unique = found.get(1).is_some_and(|it| it.is("UNIQUE"));
    if object.kind != Kind::MaterializedView || !is_unique || is_there {
        return Vec::new();
    }
    let note = Note::decide(format!(
        "rows of `{}` that are equal there make this fail",
        object.name
    ));
    vec![note.asking(doubles(object, index, diff))]
}

/// How many rows of a view are not alone, where what it shows is as it is before the script.
fn doubles(object: &Object, index: &Text, diff: &Diff) -> Option<String> {
    let is_changed = diff.changes.iter().any(|change| match change {
        Change::CreateTable(it) => object.needs.contains(&it.name),
        Change::ChangeTable(it) => object.needs.contains(&it.to.name),
        Change::CreateObject(it) | Change::ChangeObject { to: it, .. } => {
            it.name != object.name && object.needs.contains(&it.name)
        }
        _ => false,
    });
    if is_changed || !diff.renames.is_empty() {
        return None;
    }
    let text = object.create.first()?.as_str();
    let (_, query) = text.split_once(" AS\n")?;
    let query = query.trim().trim_end_matches("WITH NO DATA").trim();
    let query = rows::one_line(query.trim_end_matches(';'), Dialect::Postgres)?;
    let text = index.as_str();
    let found = tokens(text, Dialect::Postgres);
    let open = found.iter().position(|it| it.is_symbol("("))?;
    let mut depth = 0;
    let close = found[open..].iter().position(|it| {
        depth += i32::from(it.is_symbol("(")) - i32::from(it.is_symbol(")"));
        depth == 0
    })? + open;
    // Plain columns alone, of all rows.
    let is_plain = found[open + 1..close]
        .iter()
        .all(|it| !it.is_symbol("(") && !it.is_any(&["DESC", "ASC", "COLLATE"]));
    if !is_plain || found.get(close + 1).is_some() {
        return None;
    }
    let columns = &text[found[open].end()..found[close].start];
    let each = columns.split(", ").map(|it| format!("{it} IS NOT NULL"));
    let each: Vec<String> = each.collect();
    Some(format!(
        "SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM ({query}) AS shown WHERE {} \
         GROUP BY {columns} HAVING count(*) > 1) AS equal_rows",
        each.join(" AND ")
    ))
}

/// Whether a table or object that a routine mentions is made or changed later on.
fn comes_later(called: &Name, diff: &Diff, script: &Script) -> bool {
    let is_there = |start: &str| {
        let mut statements = script.statements.iter();
        statements.any(|it| {
            let rest = it.text.strip_prefix(start);
            rest.is_some_and(|it| it.starts_with([' ', '\n']))
        })
    };
    let table = qualified(called);
    diff.changes.iter().any(|change| match change {
        Change::CreateTable(it) if it.name == *called => {
            !is_there(&format!("CREATE TABLE {table}"))
                && !is_there(&format!("CREATE UNLOGGED TABLE {table}"))
        }
        Change::ChangeTable(it) if it.to.name == *called => {
            !is_there(&format!("ALTER TABLE {table}"))
        }
        Change::CreateObject(it) if it.name == *called => {
            let made = |text: &Text| !script.statements.iter().any(|it| it.text == text.as_str());
            it.create.first().is_some_and(made)
        }
        _ => false,
    })
}

fn give_rights(object: &Object, diff: &Diff, script: &mut Script) {
    if object.on.is_none() {
        let title = title(object, None);
        rights::of_object(object, &title, diff, script);
    }
}

fn comment(object: &Object, script: &mut Script) {
    let what = title(object, object.on.as_ref());
    script.push(comment_on(&what, object.comment.as_deref()));
}

/// What `DROP` and `COMMENT ON` call it.
fn title(object: &Object, on: Option<&Name>) -> String {
    let called = qualified(&object.name);
    let beside = |word: &str| {
        let on = on.map(qualified).unwrap_or_default();
        format!("{word} {} ON {on}", name(&object.name.name))
    };
    match object.kind {
        Kind::Extension => format!("EXTENSION {called}"),
        Kind::Domain => format!("DOMAIN {called}"),
        Kind::Type => format!("TYPE {called}"),
        Kind::View => format!("VIEW {called}"),
        Kind::MaterializedView => format!("MATERIALIZED VIEW {called}"),
        Kind::Trigger => beside("TRIGGER"),
        Kind::Policy => beside("POLICY"),
        Kind::RewriteRule => beside("RULE"),
        Kind::Statistics => format!("STATISTICS {called}"),
        _ => {
            let (word, signature) = (routine_word(object), signature(&object.name));
            match signature.strip_suffix("()").filter(|_| word == "AGGREGATE") {
                Some(called) => format!("{word} {called}(*)"),
                None => format!("{word} {signature}"),
            }
        }
    }
}

/// `FUNCTION`, `PROCEDURE` or `AGGREGATE`.
fn routine_word(object: &Object) -> String {
    let text = object.create.first().map_or("", Text::as_str);
    let word = text.split_ascii_whitespace().nth(1);
    word.unwrap_or("FUNCTION").to_owned()
}

/// `f(integer, text)`, with the name as it has to be spelt.
fn signature(name: &Name) -> String {
    let text = name.name.as_str();
    let open = text.rfind('(').unwrap_or(text.len());
    let own = Name {
        schema: name.schema.clone(),
        name: Text::exact(&text[..open]),
    };
    format!("{}{}", qualified(&own), &text[open..])
}

/// An object goes, before anything is renamed.
pub(super) fn drop(object: &Object, diff: &Diff, script: &mut Script) {
    let is_dropped = |name: &Name| {
        let mut changes = diff.changes.iter();
        changes.any(|it| matches!(it, Change::DropTable(table) if table.name == *name))
    };
    // A table takes what belongs to it along; what uses another table that goes may be in
    // the way of that one.
    let mut others = object
        .needs
        .iter()
        .filter(|it| object.on.as_ref() != Some(*it));
    if object.on.as_ref().is_some_and(is_dropped) && !others.any(is_dropped) {
        return;
    }
    retype::step_aside(object, diff, script);
    let on = object.on.as_ref().map(|it| rename::name_before(it, diff));
    script.push(match object.kind {
        Kind::Domain => format!("DROP DOMAIN {}", aside::called(&object.name, diff)),
        Kind::Type => format!("DROP TYPE {}", aside::called(&object.name, diff)),
        _ => format!("DROP {}", title(object, on.as_ref())),
    });
}

/// Whether an object can become the other where it stands.
pub(super) fn replaces(from: &Object, to: &Object) -> bool {
    if from.create == to.create {
        return true;
    }
    let (Some(old), Some(new)) = (from.create.first(), to.create.first()) else {
        return false;
    };
    match to.kind {
        Kind::View => {
            let extra = |object: &Object| -> BTreeSet<Text> {
                object.create.iter().skip(1).cloned().collect()
            };
            to.columns.starts_with(&from.columns) && extra(from).is_subset(&extra(to))
        }
        Kind::MaterializedView => {
            let rest = |object: &Object| object.create[1..].iter().all(is_index);
            old == new && rest(from) && rest(to)
        }
        Kind::Trigger | Kind::RewriteRule => old == new && to.create.len() > 1,
        Kind::Routine => {
            routine_word(from) == routine_word(to)
                && routine_word(to) != "AGGREGATE"
                && heading(old) == heading(new)
        }
        Kind::Domain => from.create.len() == 1 && to.create.len() == 1,
        Kind::Type => from.create.len() == 1 && to.create.len() == 1,
        _ => false,
    }
}

fn is_index(text: &Text) -> bool {
    let found = tokens(text.as_str(), Dialect::Postgres);
    found.iter().take(3).any(|token| token.is("INDEX"))
        && found.first().is_some_and(|it| it.is("CREATE"))
}

/// Arguments and result, which stand before the language.
fn heading(create: &Text) -> &str {
    let text = create.as_str();
    let end = text.find("\n LANGUAGE ").unwrap_or(text.len());
    &text[..end]
}

/// Whether a type becomes the other only by being made anew.
pub(super) fn is_rebuilt(from: &Object, to: &Object, diff: &Diff) -> bool {
    match to.kind {
        // The server does not look into arrays and composite types for values to check.
        Kind::Domain if domain::checks_more(from, to) && is_nested(&to.name, diff) => true,
        Kind::Domain => !domain::can_alter(from, to),
        Kind::Type => {
            from.create != to.create
                && (!domain::can_alter_attributes(from, to)
                    || (domain::retypes_attributes(from, to) && is_stored(&to.name, diff)))
        }
        _ => false,
    }
}

/// Whether a column of a table that stays has a type, or arrays of it, or what is made of it.
fn is_stored(called: &Name, diff: &Diff) -> bool {
    let mut made = BTreeSet::from([called]);
    loop {
        let objects = diff.from.objects.values();
        let types = objects.filter(|it| matches!(it.kind, Kind::Type | Kind::Domain));
        let more = types.filter(|it| it.needs.iter().any(|it| made.contains(it)));
        let more: Vec<&Name> = more.map(|it| &it.name).collect();
        let before = made.len();
        made.extend(more);
        if made.len() == before {
            break;
        }
    }
    let made: Vec<String> = made.into_iter().map(qualified).collect();
    let tables = diff.from.tables.values();
    let mut stays = tables.filter(|it| diff.to.tables.contains_key(&it.name));
    stays.any(|table| {
        let mut columns = table.columns.iter();
        columns.any(|it| made.iter().any(|made| retype::has(it, made)))
    })
}

/// Whether a type is part of others, or arrays of it are columns.
fn is_nested(called: &Name, diff: &Diff) -> bool {
    let array = format!("{}[]", qualified(called));
    let mut columns = diff.from.tables.values().flat_map(|it| &it.columns);
    let mut objects = diff.from.objects.values();
    objects.any(|it| it.kind == Kind::Type && it.needs.contains(called))
        || columns.any(|it| it.type_name.as_str() == array)
}

/// An object becomes the other where it stands.
pub(super) fn replace(from: &Object, to: &Object, diff: &Diff, script: &mut Script) {
    let text = to.create.first().map_or("", Text::as_str);
    let is_rebuilt = is_rebuilt(from, to, diff);
    match to.kind {
        _ if from.create == to.create => {}
        Kind::Domain | Kind::Type if is_rebuilt => {
            let kind = if to.kind == Kind::Domain {
                "DOMAIN"
            } else {
                "TYPE"
            };
            let what = to.kind.noun();
            let mut notes = vec![Note::remark(format!(
                "PostgreSQL cannot do this to a {what} in place: it is made anew"
            ))];
            notes.extend(domain::attribute_notes(from, to, diff));
            notes.extend(domain::remade_notes(from, to, diff));
            retype::write(kind, &to.name, text, notes, diff, script);
        }
        Kind::Domain => domain::alter(from, to, diff, script),
        Kind::Type => domain::alter_attributes(from, to, script),
        Kind::MaterializedView => indexes(from, to, diff, script),
        Kind::Trigger | Kind::RewriteRule => {
            to.create[1..]
                .iter()
                .for_each(|it| script.push(it.as_str()));
        }
        _ => {
            script.push(text.replacen("CREATE ", "CREATE OR REPLACE ", 1));
            to.create[1..]
                .iter()
                .for_each(|it| script.push(it.as_str()));
        }
    }
    if from.comment != to.comment || (is_rebuilt && to.comment.is_some()) {
        comment(to, script);
    }
    if is_rebuilt {
        give_rights(to, diff, script);
    }
}

/// The indexes of a materialized view that go and come.
fn indexes(from: &Object, to: &Object, diff: &Diff, script: &mut Script) {
    for gone in from.create[1..].iter().filter(|it| !to.create.contains(it)) {
        let found = tokens(gone.as_str(), Dialect::Postgres);
        let at = found.iter().position(|token| token.is("INDEX"));
        if let Some(token) = at.and_then(|at| found.get(at + 1)) {
            let schema = to.name.schema.as_ref().map(|it| format!("{}.", name(it)));
            script.push(format!(
                "DROP INDEX {}{}",
                schema.unwrap_or_default(),
                token.text
            ));
        }
    }
    for new in to.create[1..].iter().filter(|it| !from.create.contains(it)) {
        script.push_noted(new.as_str(), unique(to, new, diff));
    }
}
