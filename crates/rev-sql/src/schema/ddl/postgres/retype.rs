//! A type made anew under its name, where the server cannot alter it.
//!
//! Where columns have it, the old one steps aside under another name, the columns go
//! over to the new one by text, and the old one is dropped. A range does not step aside,
//! for what the server made with it would stay: its columns are text meanwhile. What mentions the type in
//! an expression of these tables is out of the way meanwhile; views, policies and
//! routines are anyway: see [`super::way`].

use super::asked;
use super::create;
use super::domain;
use super::enumeration::is_gone;
use super::rename::name_before;
use super::{constraint_name, name, qualified};
use crate::schema::ddl::{Note, Script, rows};
use crate::schema::postgres::default_name::mentions;
use crate::schema::{
    Change, Column, Constraint, Diff, Index, Kind, Name, Object, Part, PartOf, Rule, Table, Text,
};

/// Makes a type anew: `kind` is what `ALTER` and `DROP` call it.
pub(super) fn write(
    kind: &str,
    type_name: &Name,
    create: &str,
    notes: Vec<Note>,
    diff: &Diff,
    script: &mut Script,
) {
    let called = qualified(type_name);
    let mut tables = diff.from.tables.values();
    let is_there =
        |table: &&Table| diff.to.tables.contains_key(&table.name) && !is_remade(table, diff);
    let users: Vec<&Table> = tables
        .by_ref()
        .filter(is_there)
        .filter(|table| table.columns.iter().any(|it| has(it, &called)))
        .collect();
    if users.is_empty() {
        script.push_noted(format!("DROP {kind} {called}"), notes);
        return script.push(create);
    }
    if create.contains(" AS RANGE (") {
        return by_text(&users, type_name, create, notes, diff, script);
    }
    let aside = Text::exact(format!("{}_old", type_name.name));
    let old = qualified(&Name {
        schema: type_name.schema.clone(),
        name: aside.clone(),
    });
    script.push_noted(
        format!("ALTER {kind} {called} RENAME TO {}", name(&aside)),
        notes,
    );
    script.push(create);
    let by_names = is_reshaped(type_name, diff);
    for table in users {
        let before = script.statements.len();
        go_over(table, &called, by_names, diff, script);
        if let Some(statement) = script.statements.get_mut(before).filter(|_| by_names) {
            statement.notes.extend(of_arrays(table, &called, diff));
        }
    }
    script.push(format!("DROP {kind} {old}"));
}

fn by_text(
    users: &[&Table],
    type_name: &Name,
    create: &str,
    notes: Vec<Note>,
    diff: &Diff,
    script: &mut Script,
) {
    let called = qualified(type_name);
    users
        .iter()
        .for_each(|it| to_text(it, &called, false, script));
    script.push_noted(format!("DROP TYPE {called}"), notes);
    script.push(create);
    users
        .iter()
        .for_each(|it| from_text(it, &called, false, diff, script));
}

fn columns<'a>(table: &'a Table, called: &'a str) -> impl Iterator<Item = &'a Column> {
    table.columns.iter().filter(move |it| has(it, called))
}

/// Whether values of a type are read back by the names of attributes, since these are others, in it
/// or in what it is made of.
fn is_reshaped(type_name: &Name, diff: &Diff) -> bool {
    let is_it =
        |it: &&Object| it.name == *type_name && matches!(it.kind, Kind::Type | Kind::Domain);
    let Some(old) = diff.from.objects.values().find(is_it) else {
        return false;
    };
    let new = diff.to.objects.get(&old.handle());
    let is_other = old.kind == Kind::Type && new.is_some_and(|it| !domain::reads_alike(old, it));
    is_other
        || old
            .needs
            .iter()
            .any(|it| it != type_name && is_reshaped(it, diff))
}

/// What is said of arrays of a type whose attributes are others: no expression reads these by name.
fn of_arrays(table: &Table, called: &str, diff: &Diff) -> Vec<Note> {
    let arrays = columns(table, called).filter(|it| it.type_name.as_str().ends_with("[]"));
    let note = |it: &Column| {
        Note::decide(format!(
            "rows where `{}.{}` holds a value make this fail: it has other attributes than `{called}` will have",
            table.name, it.name
        ))
        .asking(Some(format!(
            "SELECT count(*) FROM {} WHERE cardinality({}) > 0",
            asked::before(table, diff),
            name(rows::old_name(diff, table, &it.name))
        )))
    };
    arrays.map(note).collect()
}

fn to_text(table: &Table, called: &str, by_names: bool, script: &mut Script) {
    let actions = columns(table, called).flat_map(|column| {
        let text = match column.type_name.as_str().ends_with("[]") {
            true => "text[]",
            false if by_names => "jsonb",
            false => "text",
        };
        let called = name(&column.name);
        let default = column.default.as_ref();
        let drop = default.map(|_| format!("ALTER COLUMN {called} DROP DEFAULT"));
        let value = match text {
            "jsonb" => format!("to_jsonb({called})"),
            _ => format!("{called}::{text}"),
        };
        let to_text = format!("ALTER COLUMN {called} TYPE {text} USING {value}");
        drop.into_iter().chain([to_text])
    });
    let actions: Vec<String> = actions.collect();
    create::alter(table, &actions, script);
}

fn from_text(table: &Table, called: &str, by_names: bool, diff: &Diff, script: &mut Script) {
    let before = script.statements.len();
    let actions = columns(table, called).flat_map(|column| {
        let (called, new) = (name(&column.name), &column.type_name);
        let value = match by_names && !new.as_str().ends_with("[]") {
            true => format!("jsonb_populate_record(NULL::{new}, {called})"),
            false => format!("{called}::{new}"),
        };
        let back = format!("ALTER COLUMN {called} TYPE {new} USING {value}");
        let default = column.default.as_ref();
        let default = default.map(|it| format!("ALTER COLUMN {called} SET DEFAULT {it}"));
        [back].into_iter().chain(default)
    });
    let actions: Vec<String> = actions.collect();
    create::alter(table, &actions, script);
    if let Some(statement) = script.statements.get_mut(before).filter(|_| by_names) {
        statement.notes.extend(of_arrays(table, called, diff));
    }
}

/// The tables that stay and have columns of a type which goes and comes back, since what it is
/// made of changes: their columns are text meanwhile.
fn users<'a>(object: &Object, diff: &'a Diff) -> Vec<&'a Table> {
    let called = qualified(&object.name);
    let comes_back = diff.to.objects.contains_key(&object.handle());
    let is_type = matches!(object.kind, Kind::Type | Kind::Domain);
    let has_it = |it: &&Table| columns(it, &called).next().is_some();
    let stays = |it: &&Table| diff.to.tables.contains_key(&it.name) && !is_remade(it, diff);
    match is_type && comes_back && diff.from.objects.contains_key(&object.handle()) {
        true => diff
            .from
            .tables
            .values()
            .filter(has_it)
            .filter(stays)
            .collect(),
        false => Vec::new(),
    }
}

fn is_remade(table: &Table, diff: &Diff) -> bool {
    let mut changes = diff.changes.iter();
    changes.any(|change| matches!(change, Change::DropTable(gone) if gone.name == table.name))
}

/// Before a type goes that comes back.
pub(super) fn step_aside(object: &Object, diff: &Diff, script: &mut Script) {
    let called = qualified(&object.name);
    for table in users(object, diff) {
        // Nothing is renamed yet.
        let table = Table {
            name: name_before(&table.name, diff),
            ..table.clone()
        };
        Way::over(&table, &called).clear(&table, script);
        to_text(&table, &called, is_reshaped(&object.name, diff), script);
    }
}

/// When it has come back.
pub(super) fn come_back(object: &Object, diff: &Diff, script: &mut Script) {
    let called = qualified(&object.name);
    for table in users(object, diff) {
        from_text(
            table,
            &called,
            is_reshaped(&object.name, diff),
            diff,
            script,
        );
        Way::over(table, &called).restore(table, diff, script);
    }
}

/// Whether a column has this type, or arrays of it.
pub(super) fn has(column: &Column, type_name: &str) -> bool {
    let own = column.type_name.as_str();
    own.strip_suffix("[]").unwrap_or(own) == type_name
}

fn go_over(table: &Table, type_name: &str, by_names: bool, diff: &Diff, script: &mut Script) {
    let way = Way::of(table, type_name);
    for index in &way.indexes {
        let called = super::beside(&table.name, &index.name);
        script.push(format!("DROP INDEX {called}"));
    }
    let mut actions: Vec<String> = way
        .constraints
        .iter()
        .map(|it| format!("DROP CONSTRAINT {}", constraint_name(table, it)))
        .collect();
    let computed = way.computed.iter();
    actions.extend(computed.map(|it| format!("DROP COLUMN {}", name(&it.name))));
    for column in table
        .columns
        .iter()
        .filter(|it| has(it, type_name) && it.generated.is_none())
    {
        let called = name(&column.name);
        let is_array = column.type_name.as_str().ends_with("[]");
        let text = if is_array { "text[]" } else { "text" };
        if column.default.is_some() {
            actions.push(format!("ALTER COLUMN {called} DROP DEFAULT"));
        }
        let new = &column.type_name;
        let value = match by_names && !is_array {
            true => format!("jsonb_populate_record(NULL::{new}, to_jsonb({called}))"),
            false => format!("{called}::{text}::{new}"),
        };
        actions.push(format!("ALTER COLUMN {called} TYPE {new} USING {value}"));
        if let Some(default) = column.default.as_ref().filter(|it| !is_gone(it, diff)) {
            actions.push(format!("ALTER COLUMN {called} SET DEFAULT {default}"));
        }
    }
    let computed = way.computed.iter();
    actions.extend(computed.map(|it| format!("ADD COLUMN {}", create::bare_column(None, it))));
    let constraints = way.constraints.iter().filter(|it| !goes_for_good(it, diff));
    let constraints: Vec<&&Constraint> = constraints.collect();
    actions.extend(
        constraints
            .iter()
            .map(|it| format!("ADD {}", create::constraint(it))),
    );
    create::alter(table, &actions, script);
    for constraint in constraints {
        create::constraint_comment(table, constraint, script);
    }
    for column in way.computed.iter().filter(|it| it.comment.is_some()) {
        let what = format!("COLUMN {}.{}", qualified(&table.name), name(&column.name));
        script.push(super::comment_on(&what, column.comment.as_deref()));
    }
    for index in way
        .indexes
        .iter()
        .filter(|it| !index_goes_for_good(it, diff))
    {
        script.push(create::index(index, table));
        create::index_comment(table, index, script);
    }
}

/// What stands in the way of columns that go over to another type.
struct Way<'a> {
    computed: Vec<&'a Column>,
    constraints: Vec<&'a Constraint>,
    indexes: Vec<&'a Index>,
}

impl<'a> Way<'a> {
    fn of(table: &'a Table, type_name: &str) -> Self {
        let columns = table.columns.iter();
        let computed: Vec<&Column> = columns
            .filter(|it| is_computed_of(it, table, type_name))
            .collect();
        Self::using(table, &computed, |text| casts(text, type_name))
    }

    /// What uses columns of a type that are text meanwhile.
    fn over(table: &'a Table, type_name: &str) -> Self {
        let columns = table.columns.iter();
        let computed: Vec<&Column> = columns
            .filter(|it| is_computed_of(it, table, type_name))
            .collect();
        let moved: Vec<&Column> = self::columns(table, type_name).collect();
        Self::using(table, &computed, |text| {
            casts(text, type_name) || moved.iter().any(|it| mentions(text, &it.name))
        })
    }

    fn using(table: &'a Table, computed: &[&'a Column], is_over: impl Fn(&Text) -> bool) -> Self {
        let is_computed = |column: &Text| computed.iter().any(|it| it.name == *column);
        let uses =
            |text: &Text| is_over(text) || computed.iter().any(|it| mentions(text, &it.name));
        let part = |part: &Part| match &part.of {
            PartOf::Column(name) => is_computed(name),
            PartOf::Expression(text) => uses(text),
        };
        let constraints = table.constraints.iter().filter(|it| match &it.rule {
            Rule::Check(text) | Rule::Exclusion(text) => uses(text),
            Rule::PrimaryKey(parts) | Rule::Unique(parts) => parts.iter().any(part),
            Rule::ForeignKey(_) => false,
        });
        let indexes = table.indexes.iter().filter(|it| {
            let by_parts = it.parts.iter().any(part) || it.include.iter().any(is_computed);
            by_parts || it.predicate.as_ref().is_some_and(uses)
        });
        Self {
            constraints: constraints.collect(),
            indexes: indexes.collect(),
            computed: computed.to_vec(),
        }
    }

    fn clear(&self, table: &Table, script: &mut Script) {
        for index in &self.indexes {
            let called = super::beside(&table.name, &index.name);
            script.push(format!("DROP INDEX {called}"));
        }
        let constraints = self.constraints.iter();
        let constraints =
            constraints.map(|it| format!("DROP CONSTRAINT {}", constraint_name(table, it)));
        let computed = self.computed.iter();
        let computed = computed.map(|it| format!("DROP COLUMN {}", name(&it.name)));
        let actions: Vec<String> = constraints.chain(computed).collect();
        create::alter(table, &actions, script);
    }

    fn restore(&self, table: &Table, diff: &Diff, script: &mut Script) {
        let computed = self.computed.iter();
        let computed = computed.map(|it| format!("ADD COLUMN {}", create::bare_column(None, it)));
        let constraints = self.constraints.iter();
        let constraints: Vec<&&Constraint> =
            constraints.filter(|it| !goes_for_good(it, diff)).collect();
        let added = constraints
            .iter()
            .map(|it| format!("ADD {}", create::constraint(it)));
        let actions: Vec<String> = computed.chain(added).collect();
        create::alter(table, &actions, script);
        for constraint in constraints {
            create::constraint_comment(table, constraint, script);
        }
        for column in self.computed.iter().filter(|it| it.comment.is_some()) {
            let what = format!("COLUMN {}.{}", qualified(&table.name), name(&column.name));
            script.push(super::comment_on(&what, column.comment.as_deref()));
        }
        let indexes = self.indexes.iter();
        for index in indexes.filter(|it| !index_goes_for_good(it, diff)) {
            script.push(create::index(index, table));
            create::index_comment(table, index, script);
        }
    }
}

/// Whether a column is computed from one of this type.
pub(super) fn is_computed_of(column: &Column, table: &Table, type_name: &str) -> bool {
    let Some(generated) = &column.generated else {
        return false;
    };
    let of_type = table.columns.iter().filter(|it| has(it, type_name));
    let mut names = of_type.map(|it| &it.name);
    casts(&generated.expression, type_name)
        || names.any(|name| mentions(&generated.expression, name))
}

/// Whether an expression casts to this type.
fn casts(text: &Text, type_name: &str) -> bool {
    let cast = format!("::{type_name}");
    let mut places = text.as_str().match_indices(&cast);
    places.any(|(at, _)| {
        let next = text.as_str()[at + cast.len()..].chars().next();
        !next.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"' || c == '.')
    })
}

fn texts(constraint: &Constraint) -> Vec<&Text> {
    match &constraint.rule {
        Rule::Check(text) | Rule::Exclusion(text) => vec![text],
        _ => Vec::new(),
    }
}

fn index_texts(index: &Index) -> Vec<&Text> {
    let parts = index.parts.iter().filter_map(|part| match &part.of {
        PartOf::Expression(text) => Some(text),
        PartOf::Column(_) => None,
    });
    parts.chain(&index.predicate).collect()
}

/// Whether a constraint has gone with a label of an enum.
pub(super) fn goes_for_good(constraint: &Constraint, diff: &Diff) -> bool {
    texts(constraint).iter().any(|it| is_gone(it, diff))
}

/// Whether an index has.
pub(super) fn index_goes_for_good(index: &Index, diff: &Diff) -> bool {
    index_texts(index).iter().any(|it| is_gone(it, diff))
}
