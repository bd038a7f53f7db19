//! Domains and composite types: what their `CREATE` says, and what alters them.

use rev_core::Dialect;

use super::{asked, cast, loss, qualified};
use crate::schema::ddl::{Note, Script, rows};
use crate::schema::{Column, Diff, Kind, Object, TableChange, Text};
use crate::split::{Token, tokens, unquoted};

/// What a domain is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Domain {
    /// The type that it is over, with a collation.
    pub(super) base: String,
    default: Option<String>,
    not_null: bool,
    /// Each from `CONSTRAINT` on.
    constraints: Vec<String>,
}

impl Domain {
    /// Reads the statement that makes it, as introspection words it.
    pub(super) fn read(create: &Text) -> Option<Self> {
        let source = create.as_str();
        let found = tokens(source, Dialect::Postgres);
        if !found.get(1)?.is("DOMAIN") {
            return None;
        }
        let start = found.iter().position(|token| token.is("AS"))? + 1;
        let marks = top_level(&found, start, |token| {
            token.is_any(&["DEFAULT", "NOT", "CONSTRAINT"])
        });
        // `NOT` within a default or check is not one of its own.
        let ends = marks.iter().filter(|&&at| match () {
            () if found[at].is("NOT") => found.get(at + 1).is_some_and(|it| it.is("NULL")),
            () => true,
        });
        let mut ends: Vec<usize> = ends.copied().collect();
        ends.push(found.len());
        let text = |from: usize, to: usize| -> String {
            source[found[from].start..found[to - 1].end()].to_owned()
        };
        let mut domain = Self {
            base: text(start, ends[0]),
            default: None,
            not_null: false,
            constraints: Vec::new(),
        };
        for pair in ends.windows(2) {
            let (at, end) = (pair[0], pair[1]);
            if found[at].is("DEFAULT") {
                domain.default = Some(text(at + 1, end));
            } else if found[at].is("CONSTRAINT") {
                domain.constraints.push(text(at, end));
            } else {
                domain.not_null = true;
            }
        }
        Some(domain)
    }
}

/// Where a token of this kind stands in no parentheses.
fn top_level(found: &[Token<'_>], start: usize, is: impl Fn(&Token<'_>) -> bool) -> Vec<usize> {
    let mut depth = 0;
    let mut places = Vec::new();
    for (index, token) in found.iter().enumerate().skip(start) {
        depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
        if depth == 0 && is(token) {
            places.push(index);
        }
    }
    places
}

/// Whether a domain can become the other where it stands.
pub(super) fn can_alter(from: &Object, to: &Object) -> bool {
    match (read(from), read(to)) {
        (Some(from), Some(to)) => from.base == to.base,
        _ => false,
    }
}

/// Whether values must be looked through, for one must not be NULL any more or meet more.
pub(super) fn checks_more(from: &Object, to: &Object) -> bool {
    let (Some(old), Some(new)) = (read(from), read(to)) else {
        return false;
    };
    let is_new = |it: &String| !old.constraints.contains(it);
    (new.not_null && !old.not_null) || new.constraints.iter().any(is_new)
}

fn read(object: &Object) -> Option<Domain> {
    object.create.first().and_then(Domain::read)
}

/// `ALTER DOMAIN`.
pub(super) fn alter(from: &Object, to: &Object, diff: &Diff, script: &mut Script) {
    let (Some(old), Some(new)) = (read(from), read(to)) else {
        return;
    };
    let domain = format!("ALTER DOMAIN {}", qualified(&to.name));
    for gone in old
        .constraints
        .iter()
        .filter(|it| !new.constraints.contains(it))
    {
        script.push(format!(
            "{domain} DROP CONSTRAINT {}",
            constraint_name(gone)
        ));
    }
    if old.default != new.default {
        script.push(match &new.default {
            Some(default) => format!("{domain} SET DEFAULT {default}"),
            None => format!("{domain} DROP DEFAULT"),
        });
    }
    match (old.not_null, new.not_null) {
        (false, true) => {
            let note = "rows where a column of it is NULL make this fail: fill them first";
            let is_null = |value: &str| format!("{value} IS NULL");
            let note = Note::decide(note).asking(asked::of_type(&to.name, is_null, diff));
            script.push_noted(format!("{domain} SET NOT NULL"), vec![note]);
        }
        (true, false) => script.push(format!("{domain} DROP NOT NULL")),
        _ => {}
    }
    for constraint in new
        .constraints
        .iter()
        .filter(|it| !old.constraints.contains(it))
    {
        let notes = checked(to, constraint, |value| value.to_owned(), diff);
        script.push_noted(
            format!("{domain} ADD {constraint}"),
            notes.into_iter().collect(),
        );
    }
}

/// What is said where values must meet one more constraint; `converted`: what a value is by then.
fn checked(
    to: &Object,
    constraint: &str,
    converted: impl Fn(&str) -> String,
    diff: &Diff,
) -> Option<Note> {
    let check = check_of(constraint)?;
    let called = constraint_name(constraint);
    let is_refused = |value: &str| format!("NOT ({})", with_value(&check, &converted(value)));
    let asked = asked::of_type(&to.name, is_refused, diff)?;
    let note = Note::decide(format!(
        "`{}` gets the check `{called}`: rows with a value of it for which that is false make this fail",
        to.name
    ));
    Some(note.asking(Some(asked)))
}

/// What a constraint of a domain checks, where it looks at the values that are there.
fn check_of(constraint: &str) -> Option<String> {
    let found = tokens(constraint, Dialect::Postgres);
    let at = found.iter().position(|it| it.is("CHECK"))? + 1;
    let mut depth = 0;
    let close = found[at..].iter().position(|it| {
        depth += i32::from(it.is_symbol("(")) - i32::from(it.is_symbol(")"));
        depth == 0
    })?;
    let (first, last) = (&found[at], &found[at + close]);
    let is_lenient = found[at + close..].iter().any(|it| it.is("VALID"));
    (!is_lenient).then(|| constraint[first.end()..last.start].to_owned())
}

/// A check with a value in the place of `VALUE`.
fn with_value(check: &str, value: &str) -> String {
    let mut text = String::new();
    let mut end = 0;
    for token in tokens(check, Dialect::Postgres) {
        text.push_str(&check[end..token.start]);
        text.push_str(if token.is("VALUE") { value } else { token.text });
        end = token.end();
    }
    text.push_str(&check[end..]);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What may fail where a domain is made anew, and the columns that have it go over by text.
pub(super) fn remade_notes(from: &Object, to: &Object, diff: &Diff) -> Vec<Note> {
    let (Some(old), Some(new)) = (read(from), read(to)) else {
        return Vec::new();
    };
    let base = |text: &str, schema| {
        let text = text.split(" COLLATE ").next().unwrap_or(text);
        cast::base_type(text, schema)
    };
    let (was, is) = (base(&old.base, &diff.from), base(&new.base, &diff.to));
    if cast::is_own(&is, &diff.to) {
        return Vec::new();
    }
    let over = |type_name: &str| Column {
        name: Text::exact("VALUE"),
        type_name: Text::exact(type_name),
        ..Column::default()
    };
    let told = loss::told(&to.name, &over(&was), &over(&is), diff);
    let is_refused = |value: &str| {
        let refused = loss::refused(value, &was, &is, &diff.to);
        refused.unwrap_or_else(|| "false".to_owned())
    };
    let told = told.map(|it| it.asking(asked::of_type(&to.name, is_refused, diff)));
    let converted = |value: &str| match was == is {
        true => value.to_owned(),
        false => format!("{value}::text::{is}"),
    };
    let checks = new.constraints.iter();
    let checks = checks.filter(|it| was != is || !old.constraints.contains(it));
    let checks = checks.filter_map(|it| checked(to, it, converted, diff));
    let is_null = |value: &str| format!("{value} IS NULL");
    let nulls = (new.not_null && !old.not_null).then(|| {
        Note::decide("rows where a column of it is NULL make this fail: fill them first")
            .asking(asked::of_type(&to.name, is_null, diff))
    });
    told.into_iter().chain(checks).chain(nulls).collect()
}

/// A note on a filler for a column of a domain, whose checks may refuse it.
pub(super) fn refuses(
    note: Note,
    column: &Column,
    filler: &str,
    change: &TableChange,
    diff: &Diff,
) -> Note {
    let is_it =
        |it: &&Object| it.kind == Kind::Domain && qualified(&it.name) == column.type_name.as_str();
    let domain = diff.to.objects.values().find(is_it).and_then(read);
    let Some(domain) = domain.filter(|it| !it.constraints.is_empty()) else {
        return note;
    };
    let base = cast::base_type(&domain.base, &diff.to);
    let value = format!("CAST({filler} AS {base})");
    let checks = domain.constraints.iter().filter_map(|it| check_of(it));
    let refused = checks.map(|it| format!("NOT ({})", with_value(&it, &value)));
    let refused = refused.collect::<Vec<_>>().join(" OR ");
    let all = rows::all(change, diff, Dialect::Postgres);
    let text = format!("{}; its type may refuse that", note.text);
    let asked = (!refused.is_empty()).then(|| format!("{all} WHERE {refused}"));
    Note { text, ..note }.asking(asked)
}

fn constraint_name(constraint: &str) -> &str {
    let found = tokens(constraint, Dialect::Postgres);
    let name = found.get(1).map_or("", |token| token.text);
    // It is spelt as the server spells it.
    &constraint[constraint.find(name).unwrap_or(0)..][..name.len()]
}

/// The attributes of a composite type, in order: name and type.
fn attributes(object: &Object) -> Option<Vec<(String, String)>> {
    let source = object.create.first()?.as_str();
    let found = tokens(source, Dialect::Postgres);
    let open = found.iter().position(|token| token.is_symbol("("))?;
    if !found.get(open.checked_sub(1)?)?.is("AS") {
        return None;
    }
    let inner = &found[open + 1..found.len() - 1];
    let commas = top_level(inner, 0, |token| token.is_symbol(","));
    let mut attributes = Vec::new();
    let mut start = 0;
    for end in commas.into_iter().chain([inner.len()]) {
        let [name, rest @ ..] = &inner[start..end] else {
            return Some(attributes);
        };
        let (first, last) = (rest.first()?, rest.last()?);
        attributes.push((
            name.text.to_owned(),
            source[first.start..last.end()].to_owned(),
        ));
        start = end + 1;
    }
    Some(attributes)
}

/// Whether two composite types have attributes of the same names in the same order, so that a value
/// of one reads as one of the other.
pub(super) fn reads_alike(from: &Object, to: &Object) -> bool {
    let names = |object: &Object| {
        let found = attributes(object)?.into_iter();
        Some(found.map(|(name, _)| name).collect::<Vec<String>>())
    };
    names(from) == names(to)
}

/// Whether an attribute that stays gets another type, which the server refuses where a column of a
/// table has the composite type.
pub(super) fn retypes_attributes(from: &Object, to: &Object) -> bool {
    let (Some(old), Some(new)) = (attributes(from), attributes(to)) else {
        return false;
    };
    let mut stays = old.iter().filter_map(|(name, was)| {
        let new = new.iter().find(|(it, _)| it == name)?;
        Some((was, &new.1))
    });
    stays.any(|(was, is)| was != is)
}

/// What is lost, or may fail, with values of a composite type that is made anew.
pub(super) fn attribute_notes(from: &Object, to: &Object, diff: &Diff) -> Vec<Note> {
    let (Some(old), Some(new)) = (attributes(from), attributes(to)) else {
        return Vec::new();
    };
    let column = |(name, type_name): &(String, String)| Column {
        name: Text::exact(unquoted_name(name)),
        type_name: Text::exact(type_name.as_str()),
        ..Column::default()
    };
    let notes = old
        .iter()
        .filter_map(|was| match new.iter().find(|(name, _)| *name == was.0) {
            None => Some(dropped(to, &was.0)),
            Some(is) if is.1 == was.1 => None,
            Some(is) => {
                let note = loss::told(&to.name, &column(was), &column(is), diff)?;
                let base = |it: &(String, String), schema| cast::base_type(&it.1, schema);
                let (old, new) = (base(was, &diff.from), base(is, &diff.to));
                let is_refused = |value: &str| {
                    let attribute = format!("({value}).{}", was.0);
                    let refused = loss::refused(&attribute, &old, &new, &diff.to);
                    refused.unwrap_or_else(|| "false".to_owned())
                };
                Some(note.asking(asked::of_type(&to.name, is_refused, diff)))
            }
        });
    notes.collect()
}

fn dropped(object: &Object, attribute: &str) -> Note {
    Note::destructive(format!(
        "drops attribute `{}.{attribute}` and its values",
        object.name
    ))
}

fn unquoted_name(name: &str) -> String {
    if name.starts_with('"') {
        unquoted(name)
    } else {
        name.to_owned()
    }
}

/// Whether a composite type can become the other where it stands: what is new comes
/// last.
pub(super) fn can_alter_attributes(from: &Object, to: &Object) -> bool {
    let (Some(old), Some(new)) = (attributes(from), attributes(to)) else {
        return false;
    };
    let stays = |name: &str| new.iter().any(|(it, _)| it == name);
    let is_new = |name: &str| !old.iter().any(|(it, _)| it == name);
    let kept = old.iter().map(|(it, _)| it).filter(|it| stays(it));
    let added = new.iter().map(|(it, _)| it).filter(|it| is_new(it));
    kept.chain(added).eq(new.iter().map(|(it, _)| it))
}

/// `ALTER TYPE` of a composite type.
pub(super) fn alter_attributes(from: &Object, to: &Object, script: &mut Script) {
    let (Some(old), Some(new)) = (attributes(from), attributes(to)) else {
        return;
    };
    let mut notes = Vec::new();
    let mut actions = Vec::new();
    for (name, _) in &old {
        if !new.iter().any(|(it, _)| it == name) {
            notes.push(dropped(to, name));
            actions.push(format!("DROP ATTRIBUTE {name}"));
        }
    }
    for (name, type_name) in &new {
        match old.iter().find(|(it, _)| it == name) {
            None => actions.push(format!("ADD ATTRIBUTE {name} {type_name}")),
            Some((_, was)) if was != type_name => {
                actions.push(format!("ALTER ATTRIBUTE {name} TYPE {type_name}"));
            }
            Some(_) => {}
        }
    }
    if !actions.is_empty() {
        let text = format!("ALTER TYPE {} {}", qualified(&to.name), actions.join(", "));
        script.push_noted(text, notes);
    }
}

#[cfg(test)]
mod tests {
    use super::Domain;
    use crate::schema::Text;

    #[test]
    fn a_domain_is_read_in_its_parts() {
        let text = "CREATE DOMAIN power AS numeric(10,2) DEFAULT 3 + (CASE WHEN NOT false THEN 1 ELSE 0 END) NOT NULL\n  \
                    CONSTRAINT a CHECK (VALUE > 0 AND NOT VALUE = 7)\n  CONSTRAINT \"b c\" CHECK (VALUE < 9)";
        let domain = Domain::read(&Text::exact(text)).expect("it is one");
        assert_eq!(
            domain,
            Domain {
                base: "numeric(10,2)".to_owned(),
                default: Some("3 + (CASE WHEN NOT false THEN 1 ELSE 0 END)".to_owned()),
                not_null: true,
                constraints: vec![
                    "CONSTRAINT a CHECK (VALUE > 0 AND NOT VALUE = 7)".to_owned(),
                    "CONSTRAINT \"b c\" CHECK (VALUE < 9)".to_owned(),
                ],
            }
        );
    }
}
