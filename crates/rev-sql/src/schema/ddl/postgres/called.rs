//! Functions that go and come back, called by what tables say: defaults, checks, indexes, computed
//! columns. The server drops no function that one of these calls.
//!
//! So the way is gone in parts. The first takes off whatever calls such a function, the second
//! computed columns and what stands on them; the last leads from there to the end, and puts on what
//! the end has of it.

use std::collections::BTreeSet;

use rev_core::Dialect;

use super::Postgres;
use crate::schema::ddl::{Step, order};
use crate::schema::postgres::default_name::mentions;
use crate::schema::{
    Column, Constraint, Diff, Filter, Handle, Index, Kind, Name, Object, PartOf, Rule, Schema,
    Table, Text,
};
use crate::split::{TokenKind, tokens, unquoted};

/// The parts of a way, where it takes several.
pub(in crate::schema::ddl) fn parts(diff: &Diff) -> Option<[Diff; 3]> {
    let has_any = diff
        .before
        .objects
        .values()
        .any(|it| it.kind == Kind::Routine);
    if !has_any || diff.changes.is_empty() {
        return None;
    }
    let mut called = remade(diff);
    if called.is_empty() {
        return None;
    }
    let mut bare = diff.before.clone();
    // A call may mean either of two that have one name, so that the old one goes before.
    let comes_back = |handle: &Handle| diff.to.objects.contains_key(handle);
    let is_doomed = |it: &Object| {
        it.kind == Kind::Routine
            && called.contains(&called_by(&it.name))
            && !comes_back(&it.handle())
    };
    let doomed = diff.before.objects.values().filter(|it| is_doomed(it));
    let doomed: Vec<Handle> = doomed.map(Object::handle).collect();
    if !take_off(&mut bare, &mut called, &doomed) {
        return None;
    }
    // What calls a function goes before the objects that go, columns after.
    let mut silent = diff.before.clone();
    for table in silent.tables.values_mut() {
        let mut kept = BTreeSet::new();
        from_table(table, &called, &mut kept, false);
    }
    for schema in [&mut silent, &mut bare] {
        for needs in schema.stands_on.values_mut() {
            needs.retain(|it| !called.contains(&called_by(it)));
        }
    }
    let way = |from: &Schema, to: &Schema, renames| Diff {
        is_way_back: diff.is_way_back,
        ..Diff::between(from, to, renames, &Filter::default(), Dialect::Postgres)
    };
    let last = Diff {
        left_out: diff.left_out.clone(),
        columns_left_out: diff.columns_left_out.clone(),
        is_filtered: diff.is_filtered,
        doubts: diff.doubts.clone(),
        ..way(&bare, &diff.to, &diff.renames)
    };
    Some([
        way(&diff.before, &silent, &[]),
        way(&silent, &bare, &[]),
        last,
    ])
}

/// The names of the functions that go and come back, for whatever reason.
fn remade(diff: &Diff) -> BTreeSet<Text> {
    let writer = Postgres::of(diff);
    let steps = order::steps(diff, &writer);
    let names = |is: fn(&Step<'_>) -> Option<Text>| -> BTreeSet<Text> {
        steps.iter().filter_map(is).collect()
    };
    let gone = names(|it| match it {
        Step::DropObject(it) if it.kind == Kind::Routine => Some(called_by(&it.name)),
        _ => None,
    });
    let new = names(|it| match it {
        Step::CreateObject(it) if it.kind == Kind::Routine => Some(called_by(&it.name)),
        _ => None,
    });
    // Two of one name, of which one goes, may not stand beside each other: a call may mean both.
    gone.intersection(&new).cloned().collect()
}

/// What calls of a function begin with: it has its arguments in its name.
fn called_by(routine: &Name) -> Text {
    let text = routine.name.as_str();
    let open = text.rfind('(').unwrap_or(text.len());
    Text::exact(&text[..open])
}

/// Takes off all that calls one of these functions, until nothing does; whether anything did.
fn take_off(schema: &mut Schema, called: &mut BTreeSet<Text>, doomed: &[Handle]) -> bool {
    let mut columns = BTreeSet::new();
    let mut is_any = false;
    loop {
        let before = (called.len(), columns.len());
        for table in schema.tables.values_mut() {
            is_any |= from_table(table, called, &mut columns, true);
        }
        let gone = schema.objects.values().filter(|it| shows(it, &columns));
        let mut gone: BTreeSet<Handle> = gone.map(Object::handle).collect();
        gone.extend(
            doomed
                .iter()
                .filter(|it| schema.objects.contains_key(*it))
                .cloned(),
        );
        // What stands on one of these goes too.
        loop {
            let names: BTreeSet<&Name> = gone.iter().map(|(_, _, name)| name).collect();
            let objects = schema.objects.values();
            let over = objects.filter(|it| {
                let is_on = it.on.as_ref().is_some_and(|on| names.contains(on));
                it.kind != Kind::Extension
                    && (is_on || it.needs.iter().any(|it| names.contains(it)))
            });
            let over: Vec<Handle> = { over.map(Object::handle) }
                .filter(|it| !gone.contains(it))
                .collect();
            if over.is_empty() {
                break;
            }
            gone.extend(over);
        }
        for handle in gone {
            if let Some(object) = schema.objects.remove(&handle)
                && object.kind == Kind::Routine
            {
                called.insert(called_by(&object.name));
            }
        }
        if before == (called.len(), columns.len()) {
            return is_any;
        }
    }
}

/// Whether an object may show one of these columns.
fn shows(object: &Object, columns: &BTreeSet<(Name, Text)>) -> bool {
    columns.iter().any(|(table, column)| {
        let uses = object.needs.contains(table) || object.on.as_ref() == Some(table);
        uses && object.create.iter().any(|text| mentions(text, column))
    })
}

/// Whether an expression calls one of these functions.
fn calls(text: &Text, called: &BTreeSet<Text>) -> bool {
    let found = tokens(text.as_str(), Dialect::Postgres);
    found.windows(2).any(|pair| {
        let name = match pair[0].kind {
            TokenKind::Word => pair[0].text.to_owned(),
            TokenKind::Name => unquoted(pair[0].text),
            _ => return false,
        };
        pair[1].is_symbol("(") && called.iter().any(|it| it.as_str() == name)
    })
}

fn from_table(
    table: &mut Table,
    called: &BTreeSet<Text>,
    columns: &mut BTreeSet<(Name, Text)>,
    with_columns: bool,
) -> bool {
    let calls = |text: &Text| calls(text, called);
    let name = table.name.clone();
    let computed = |it: &Column| {
        it.generated
            .as_ref()
            .is_some_and(|it| calls(&it.expression))
    };
    let whole = table.whole.as_deref().into_iter();
    let all = table.columns.iter().chain(whole.flat_map(|it| &it.columns));
    let gone: Vec<Text> = { all.filter(|it| with_columns && computed(it)) }
        .map(|it| it.name.clone())
        .collect();
    columns.extend(gone.into_iter().map(|it| (name.clone(), it)));
    let is_gone = |column: &Text| columns.contains(&(name.clone(), column.clone()));
    let mut is_any = false;
    let mut strip = |columns_of: &mut Vec<Column>,
                     constraints: &mut Vec<Constraint>,
                     indexes: &mut Vec<Index>| {
        let before = (columns_of.len(), constraints.len(), indexes.len());
        columns_of.retain(|it| !is_gone(&it.name));
        for column in columns_of {
            if column.default.as_ref().is_some_and(calls) {
                column.default = None;
                is_any = true;
            }
        }
        let uses = |text: &Text| {
            calls(text)
                || columns
                    .iter()
                    .any(|(of, it)| *of == name && mentions(text, it))
        };
        let part = |of: &PartOf| match of {
            PartOf::Column(it) => is_gone(it),
            PartOf::Expression(it) => uses(it),
        };
        constraints.retain(|it| match &it.rule {
            Rule::Check(it) | Rule::Exclusion(it) => !uses(it),
            Rule::PrimaryKey(parts) | Rule::Unique(parts) => !parts.iter().any(|it| part(&it.of)),
            Rule::ForeignKey(it) => {
                let mut targets = it.targets.iter();
                let leads = targets.any(|to| columns.contains(&(it.table.clone(), to.clone())));
                !leads && !it.columns.iter().any(&is_gone)
            }
        });
        indexes.retain(|it| {
            let by_parts = it.parts.iter().any(|it| part(&it.of));
            !by_parts
                && !it.include.iter().any(&is_gone)
                && !it.predicate.as_ref().is_some_and(uses)
        });
        is_any |= before.1 != constraints.len() || before.2 != indexes.len();
    };
    let before = table.columns.len();
    strip(
        &mut table.columns,
        &mut table.constraints,
        &mut table.indexes,
    );
    if let Some(whole) = &mut table.whole {
        strip(
            &mut whole.columns,
            &mut whole.constraints,
            &mut whole.indexes,
        );
    }
    is_any || before != table.columns.len()
}
