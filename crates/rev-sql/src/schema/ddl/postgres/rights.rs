//! Owners and privileges of what is made again.
//!
//! Models hold none, so they are always those of the live database: an upgrade starts
//! there, and a downgrade leads back there.

use super::{beside, name, qualified, rename};
use crate::schema::ddl::Script;
use crate::schema::postgres::default_name;
use crate::schema::{Diff, Kind, Name, Object, Privileges, Rights, Schema, Table, Text};

/// What has them.
struct Thing<'a> {
    /// What `ALTER … OWNER TO` says.
    altered: &'a str,
    /// What `GRANT … ON` says.
    granted: &'a str,
}

/// Kinds that a name may change between, and keep what is allowed.
const RELATIONS: [Kind; 3] = [Kind::Table, Kind::View, Kind::MaterializedView];

fn live(diff: &Diff) -> &Schema {
    match diff.is_way_back {
        true => &diff.to,
        false => &diff.before,
    }
}

fn find<'a>(kind: Kind, called: &Name, diff: &'a Diff) -> Option<&'a Rights> {
    let called = match diff.is_way_back {
        true => called.clone(),
        false => rename::name_before(called, diff),
    };
    let rights = &live(diff).rights;
    let others = RELATIONS.into_iter().filter(|_| RELATIONS.contains(&kind));
    let mut kinds = [kind].into_iter().chain(others);
    kinds.find_map(|kind| rights.get(&(kind, called.clone())))
}

/// Gives an object what it had, or what the only routine of its name had that goes.
pub(super) fn of_object(object: &Object, title: &str, diff: &Diff, script: &mut Script) {
    let found = find(object.kind, &object.name, diff);
    let found = found.or_else(|| find(Kind::Routine, predecessor(object, diff)?, diff));
    let Some(rights) = found else { return };
    let granted = match object.kind {
        Kind::View | Kind::MaterializedView => format!("TABLE {}", qualified(&object.name)),
        Kind::Domain => format!("TYPE {}", qualified(&object.name)),
        Kind::Routine if title.starts_with("AGGREGATE ") => title
            .replacen("AGGREGATE ", "FUNCTION ", 1)
            .replace("(*)", "()"),
        _ => title.to_owned(),
    };
    let thing = Thing {
        altered: title,
        granted: &granted,
    };
    restore(&thing, rights, script);
}

/// The routine with other arguments whose place this one takes.
fn predecessor<'a>(object: &Object, diff: &'a Diff) -> Option<&'a Name> {
    if object.kind != Kind::Routine {
        return None;
    }
    let own = base(&object.name);
    let alone = |schema: &'a Schema, other: &Schema| {
        let objects = schema.objects.iter();
        let alike = objects.filter(|((kind, _, name), _)| {
            *kind == Kind::Routine && base(name) == own && name.schema == object.name.schema
        });
        let mut apart = alike.filter(|(handle, _)| !other.objects.contains_key(*handle));
        let only = apart.next().map(|((_, _, name), _)| name);
        only.filter(|_| apart.next().is_none())
    };
    alone(&diff.to, &diff.from)?;
    alone(&diff.from, &diff.to)
}

fn base(name: &Name) -> &str {
    let text = name.name.as_str();
    text.rfind('(').map_or(text, |open| &text[..open])
}

/// Gives a table that is made anew what it had, its columns and sequences too.
pub(super) fn of_table(table: &Table, diff: &Diff, script: &mut Script) {
    of(Kind::Table, &table.name, "TABLE", diff, script);
    for column in table.columns.iter().filter(|it| it.identity.is_some()) {
        let found = default_name::of_sequence(&table.name.name, &column.name);
        let sequence = Name {
            schema: table.name.schema.clone(),
            name: found.unwrap_or_default(),
        };
        // The owner goes with the table's.
        if let Some(rights) = find(Kind::Sequence, &sequence, diff) {
            let called = format!("SEQUENCE {}", beside(&table.name, &sequence.name));
            grants(&called, rights, |_| true, script);
        }
    }
}

/// Gives what is made anew, under a word that serves for all statements, what it had.
pub(super) fn of(kind: Kind, called: &Name, word: &str, diff: &Diff, script: &mut Script) {
    if let Some(rights) = find(kind, called, diff) {
        let title = format!("{word} {}", qualified(called));
        let thing = Thing {
            altered: &title,
            granted: &title,
        };
        restore(&thing, rights, script);
    }
}

/// Gives a column that is made anew what was allowed with it.
pub(super) fn of_column(table: &Name, column: &Text, diff: &Diff, script: &mut Script) {
    let Some(rights) = find(Kind::Table, table, diff) else {
        return;
    };
    let called = format!("TABLE {}", qualified(table));
    let is_its = |it: &Privileges| it.column.as_ref() == Some(column);
    grants(&called, rights, is_its, script);
}

fn restore(thing: &Thing<'_>, rights: &Rights, script: &mut Script) {
    if let Some(owner) = &rights.owner {
        script.push(format!("ALTER {} OWNER TO {}", thing.altered, name(owner)));
    }
    grants(thing.granted, rights, |_| true, script);
}

fn grants(
    called: &str,
    rights: &Rights,
    is_meant: impl Fn(&Privileges) -> bool,
    script: &mut Script,
) {
    for it in rights.revoked.iter().filter(|it| is_meant(it)) {
        let (words, role) = (words(it), role(it));
        script.push(format!("REVOKE {words} ON {called} FROM {role}"));
    }
    for it in rights.granted.iter().filter(|it| is_meant(it)) {
        let (words, role) = (words(it), role(it));
        let option = if it.is_grantable {
            " WITH GRANT OPTION"
        } else {
            ""
        };
        script.push(format!("GRANT {words} ON {called} TO {role}{option}"));
    }
}

fn role(privileges: &Privileges) -> String {
    privileges
        .role
        .as_ref()
        .map_or_else(|| "PUBLIC".to_owned(), name)
}

fn words(privileges: &Privileges) -> String {
    let word = |it: &String| match &privileges.column {
        Some(column) => format!("{it} ({})", name(column)),
        None => it.clone(),
    };
    let words: Vec<String> = privileges.words.iter().map(word).collect();
    words.join(", ")
}
