//! From rows to a schema.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rev_core::Dialect;

use super::rows::RightsRow;
use super::rows::{
    ColumnRow, ConstraintRow, EnumRow, IndexRow, ObjectRow, Place, Row, SequenceRow, TableRow,
};
use super::{Unreadable, default_name, definition, expression, name, statement};
use crate::schema::ddl::spell_name;
use crate::schema::{
    Column, Constraint, Enumeration, Generated, Index, Kind, Name, Object, Options, Rule, Schema,
    Sequence, Table, Text,
};
use crate::split::{TokenKind, tokens, unquoted};

/// Makes a schema of rows.
pub(super) struct Reader<'a> {
    home: &'a str,
    schema: Schema,
    sequences: Vec<SequenceRow>,
    objects: Vec<ObjectRow>,
    /// Their `id`s and names.
    tables: Vec<(String, Name)>,
    needs: HashMap<String, Vec<Place>>,
    /// Language and text of routines.
    bodies: Vec<(Name, String, String)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(home: &'a str) -> Self {
        Self {
            home,
            schema: Schema::default(),
            sequences: Vec::new(),
            objects: Vec::new(),
            tables: Vec::new(),
            needs: HashMap::new(),
            bodies: Vec::new(),
        }
    }

    pub(super) fn read(mut self, rows: &[String]) -> Result<Schema, Unreadable> {
        for row in rows {
            match serde_json::from_str(row)? {
                Row::Namespace(text) => drop(self.schema.namespaces.insert(name(text))),
                Row::Enum(row) => self.add_enum(row),
                Row::Sequence(row) => self.sequences.push(row),
                Row::Table(row) => self.add_table(*row)?,
                Row::Object(row) => self.objects.push(row),
                Row::Needs(row) => drop(self.needs.insert(row.of, row.names)),
                Row::Rights(row) => self.add_rights(row),
            }
        }
        for row in std::mem::take(&mut self.sequences) {
            self.add_sequence(row);
        }
        for row in std::mem::take(&mut self.objects) {
            self.add_object(row);
        }
        for (id, own) in std::mem::take(&mut self.tables) {
            let needs = self.needs.remove(&id).unwrap_or_default().into_iter();
            let needs = needs.map(|it| self.name(it)).filter(|it| *it != own);
            let needs: BTreeSet<Name> = needs.collect();
            self.schema.stands_on.insert(own, needs);
        }
        settle_given(&mut self.schema);
        for table in self.schema.tables.values_mut() {
            settle_names(table);
            table.whole.iter_mut().for_each(|it| settle_names(it));
        }
        self.read_bodies();
        Ok(self.schema)
    }

    fn name(&self, (schema, name): Place) -> Name {
        Name {
            schema: (schema != self.home).then(|| super::name(schema)),
            name: super::name(name),
        }
    }

    fn add_rights(&mut self, row: RightsRow) {
        let kind = Kind::ALL.into_iter().find(|it| it.word() == row.kind);
        if let Some(kind) = kind {
            let (place, rights) = row.read();
            let key = match kind {
                Kind::Namespace => Name::bare(name(place.1)),
                _ => self.name(place),
            };
            self.schema.rights.insert((kind, key), rights);
        }
    }

    fn add_enum(&mut self, row: EnumRow) {
        let found = Enumeration {
            name: self.name(row.name),
            labels: row.labels.unwrap_or_default(),
            comment: row.comment,
        };
        self.schema.enums.insert(found.name.clone(), found);
    }

    fn add_table(&mut self, row: TableRow) -> Result<(), Unreadable> {
        self.tables
            .push((row.id.clone(), self.name(row.name.clone())));
        let parents = row.parents.unwrap_or_default();
        let mut options = Options::new();
        let mut nature = Options::new();
        let flags = [
            ("unlogged", row.unlogged),
            ("row level security", row.row_security),
            ("force row level security", row.forced),
        ];
        let flags = flags.into_iter().filter(|(_, is_set)| *is_set);
        options.extend(flags.map(|(key, _)| (key.to_owned(), String::new())));
        options.extend(row.bound.map(|it| ("partition".to_owned(), it)));
        options.extend(row.storage.map(|it| ("storage".to_owned(), it.join(", "))));
        let identity = row.replica_identity;
        options.extend(identity.map(|it| ("replica identity".to_owned(), it)));
        options.extend(row.cluster.map(|it| ("cluster".to_owned(), it)));
        nature.extend(row.partition_by.map(|it| ("partition by".to_owned(), it)));
        let constraints = row.constraints.unwrap_or_default().into_iter();
        let indexes = row.indexes.unwrap_or_default().into_iter();
        let columns = row.columns.unwrap_or_default().into_iter();
        let mut again = BTreeSet::new();
        let columns = columns.inspect(|it| {
            if it.again {
                again.insert(name(it.name.clone()));
            }
        });
        let columns: Vec<(bool, Column)> = columns.map(|it| (it.given, column(it))).collect();
        let constraints = constraints.map(|it| Ok((it.given, constraint(it, self.home)?)));
        let constraints = constraints.collect::<Result<Vec<_>, Unreadable>>()?;
        let indexes = indexes.map(|it| Ok((it.given, self.index(it)?)));
        let indexes = indexes.collect::<Result<Vec<_>, Unreadable>>()?;
        let mut table = Table {
            columns: own(&columns),
            constraints: own(&constraints),
            indexes: own(&indexes),
            options,
            nature,
            parents: parents.into_iter().map(|it| self.name(it)).collect(),
            whole: None,
            again,
            comment: row.comment,
            name: self.name(row.name),
        };
        if !table.parents.is_empty() {
            table.whole = Some(Box::new(Table {
                columns: all(columns),
                constraints: all(constraints),
                indexes: all(indexes),
                parents: Vec::new(),
                ..table.clone()
            }));
        }
        self.schema.add_table(table);
        Ok(())
    }

    fn index(&self, row: IndexRow) -> Result<Index, Unreadable> {
        let mut found = definition::index(&row.name, &row.definition)?;
        let flags = [("invalid", !row.valid), ("only", row.only)];
        let flags = flags.into_iter().filter(|(_, is_set)| *is_set);
        let options = &mut found.options;
        options.extend(flags.map(|(key, _)| (key.to_owned(), String::new())));
        if let Some(whole) = row.attached {
            let whole = spell_name(&self.name(whole), Dialect::Postgres);
            options.insert("attached".to_owned(), whole);
        }
        found.comment = row.comment;
        Ok(found)
    }

    /// A sequence by itself, or the part that it is of its column.
    fn add_sequence(&mut self, row: SequenceRow) {
        let mut options = row.options();
        let sequence_name = self.name(row.name);
        let owner = row.owner.map(|it| self.name(it)).zip(row.column.map(name));
        let mut is_unlogged = false;
        let column = owner.as_ref().and_then(|(table, column)| {
            let table = self.schema.tables.get_mut(table)?;
            is_unlogged = table.options.contains_key("unlogged");
            table.columns.iter_mut().find(|it| it.name == *column)
        });
        if let (Some((table, _)), Some(column)) = (&owner, column) {
            let due = default_name::of_sequence(&table.name, &column.name);
            let is_plain =
                due.as_ref() == Some(&sequence_name.name) && sequence_name.schema == table.schema;
            if row.is_identity {
                return draw(column, options, (!is_plain).then_some(&sequence_name.name));
            }
            let is_serial = is_plain
                && row.comment.is_none()
                && row.unlogged == is_unlogged
                && is_serial(column, &options, &sequence_name);
            if is_serial {
                column.default = None;
                column.identity = Some(("serial".to_owned(), Options::new()));
                return;
            }
        }
        if !row.is_identity {
            if row.unlogged {
                options.insert("unlogged".to_owned(), String::new());
            }
            let sequence = Sequence {
                name: sequence_name,
                options,
                owner,
                comment: row.comment,
            };
            self.schema
                .sequences
                .insert(sequence.name.clone(), sequence);
        }
    }

    fn add_object(&mut self, row: ObjectRow) {
        let Some(kind) = Kind::ALL.into_iter().find(|it| it.word() == row.kind) else {
            return;
        };
        let own = self.name(row.name);
        let needs = row.id.and_then(|it| self.needs.remove(&it));
        let needs = needs.unwrap_or_default().into_iter();
        let place = row.schema.map(|it| Name::bare(name(it)));
        let texts = row.create.iter();
        let object = Object {
            kind,
            on: row.on.map(|it| self.name(it)),
            create: match kind {
                // Where it lies is up to whoever installed it.
                Kind::Extension => texts.map(|it| Text::keyed(it, row.kind.clone())).collect(),
                Kind::Routine => texts.map(name).collect(),
                _ => texts.map(|it| statement(it)).collect(),
            },
            needs: needs
                .map(|it| self.name(it))
                .filter(|it| *it != own)
                .chain(place)
                .collect(),
            after: BTreeSet::new(),
            columns: row
                .columns
                .unwrap_or_default()
                .into_iter()
                .map(|(column, type_name)| (name(column), name(type_name)))
                .collect(),
            comment: row.comment,
            name: own,
        };
        if let (Some(language), Some(body)) = (row.language, row.body) {
            self.bodies.push((object.name.clone(), language, body));
        }
        self.schema.add_object(object);
    }

    /// What routines mention in bodies that the server keeps as text. It looks through
    /// those in SQL when they are made, and through the types of those in PL/pgSQL.
    fn read_bodies(&mut self) {
        let mut known: BTreeMap<String, Vec<Name>> = BTreeMap::new();
        let objects = self.schema.objects.values();
        let objects = objects.filter(|it| it.on.is_none()).map(|it| &it.name);
        for name in self.schema.tables.keys().chain(objects) {
            let text = name.name.as_str();
            let called = text.split('(').next().unwrap_or(text);
            known
                .entry(called.to_owned())
                .or_default()
                .push(name.clone());
        }
        for (own, language, body) in std::mem::take(&mut self.bodies) {
            let mentioned = match language.as_str() {
                "sql" => mentioned(&body),
                "plpgsql" if body.contains('%') => mentioned(&body),
                _ => continue,
            };
            let after = mentioned.iter().filter_map(|it| known.get(it)).flatten();
            let after: BTreeSet<Name> = after.filter(|it| **it != own).cloned().collect();
            if let Some(object) = self.schema.objects.get_mut(&(Kind::Routine, None, own)) {
                object.after = after;
            }
        }
    }
}

fn mentioned(body: &str) -> BTreeSet<String> {
    let found = tokens(body, Dialect::Postgres);
    let names = found.iter().filter_map(|token| match token.kind {
        TokenKind::Word => Some(token.text.to_ascii_lowercase()),
        TokenKind::Name => Some(unquoted(token.text)),
        _ => None,
    });
    names.collect()
}

/// What a table has of its own.
fn own<T: Clone>(parts: &[(bool, T)]) -> Vec<T> {
    let own = parts.iter().filter(|(given, _)| !given);
    own.map(|(_, it)| it.clone()).collect()
}

/// What it has by whatever way.
fn all<T>(parts: Vec<(bool, T)>) -> Vec<T> {
    parts.into_iter().map(|(_, it)| it).collect()
}

/// Moves columns that a table is given, and has otherwise than what gives them, to its own: a
/// default of its own, say. To declare one again as it is given means nothing.
fn settle_given(schema: &mut Schema) {
    let tables = schema.tables.clone();
    for table in schema.tables.values_mut() {
        let Some(whole) = &mut table.whole else {
            continue;
        };
        for own in &table.columns {
            // How its numbers are drawn is known by now.
            let same = whole.columns.iter_mut().find(|it| it.name == own.name);
            same.into_iter().for_each(|it| it.clone_from(own));
        }
        let parents = table.parents.iter().filter_map(|it| tables.get(it));
        let parents: Vec<&Table> = parents.collect();
        if parents.len() < table.parents.len() {
            continue;
        }
        let is_part = table.options.contains_key("partition");
        let is_own = |column: &&Column| {
            let mut givers = parents.iter().filter_map(|it| it.any_column(&column.name));
            match givers.next() {
                None => !is_part,
                Some(first) => {
                    let is_alike = |it: &Column| differs_as_given(it, column);
                    is_alike(first) || givers.any(is_alike)
                }
            }
        };
        table.columns = whole.columns.iter().filter(is_own).cloned().collect();
        let is_given = |it: &Constraint| {
            let mut parents = parents.iter().map(|it| it.whole.as_deref().unwrap_or(it));
            it.kind() == Kind::Check
                && parents.any(|parent| {
                    let mut theirs = parent.constraints.iter();
                    theirs.any(|other| (&it.name, &it.rule) == (&other.name, &other.rule))
                })
        };
        let (given, own): (Vec<Constraint>, Vec<Constraint>) =
            table.constraints.drain(..).partition(is_given);
        table.constraints = own;
        table
            .again
            .extend(given.into_iter().filter_map(|it| it.name));
    }
}

/// Whether a column that is given is another one than what gives it. A comment is not given.
fn differs_as_given(giver: &Column, given: &Column) -> bool {
    let said = |it: &Column| {
        let mut it = it.clone();
        it.comment = None;
        it.options.remove("statistics");
        // The parts of a table draw from its sequence.
        it.identity = None;
        it
    };
    let is_drawn = giver.identity.is_some() && given.identity.is_none();
    let mut alike = said(given);
    if is_drawn {
        alike.default.clone_from(&giver.default);
    }
    alike != said(giver) || given.comment.is_some() || given.options.contains_key("statistics")
}

fn draw(column: &mut Column, mut options: Options, sequence: Option<&Text>) {
    // It has the type of its column, always.
    options.remove("as");
    options.extend(sequence.map(|it| ("sequence name".to_owned(), it.to_string())));
    if let Some((_, found)) = &mut column.identity {
        *found = options;
    }
}

fn is_serial(column: &Column, options: &Options, sequence: &Name) -> bool {
    let due = match column.type_name.as_str() {
        "smallint" => Some("smallint"),
        "integer" => Some("integer"),
        "bigint" => None,
        _ => return false,
    };
    let mut rest = options.clone();
    let spelt = crate::schema::ddl::spell_name(sequence, Dialect::Postgres);
    let default = format!("nextval('{}'::regclass)", spelt.replace('\'', "''"));
    rest.remove("as").as_deref() == due
        && rest.is_empty()
        && !column.nullable
        && column
            .default
            .as_ref()
            .is_some_and(|it| it.as_str() == default)
}

fn column(row: ColumnRow) -> Column {
    let mut options = Options::new();
    options.extend(row.storage.map(|it| ("storage".to_owned(), it)));
    options.extend(row.compression.map(|it| ("compression".to_owned(), it)));
    let statistics = row.statistics.map(|it| it.to_string());
    options.extend(statistics.map(|it| ("statistics".to_owned(), it)));
    let text = row.default.map(|it| expression(&it));
    let (default, generated) = match row.generated {
        None => (text.map(|it| short(it, &row.type_name)), None),
        Some(kept) => {
            let stored = kept == "s";
            (
                None,
                text.map(|expression| Generated { expression, stored }),
            )
        }
    };
    let identity = row.identity.map(|it| match it.as_str() {
        "a" => ("always".to_owned(), Options::new()),
        _ => ("by default".to_owned(), Options::new()),
    });
    Column {
        name: name(row.name),
        type_name: name(row.type_name),
        nullable: !row.not_null,
        default,
        generated,
        identity,
        collation: row.collation.map(name),
        options,
        comment: row.comment,
    }
}

/// A default that is a string, without the cast to its column's type.
fn short(default: Text, type_name: &str) -> Text {
    let found = tokens(default.as_str(), Dialect::Postgres);
    let [literal, first, second, cast, ..] = found.as_slice() else {
        return default;
    };
    let cast = &default.as_str()[cast.start..];
    let base = match type_name.split_once('(') {
        Some((base, rest)) => {
            let rest = rest.split_once(')').map_or("", |(_, rest)| rest);
            format!("{base}{rest}")
        }
        None => type_name.to_owned(),
    };
    let is_same = cast == type_name || cast == base || (cast == "bpchar" && base == "character");
    let is_string =
        literal.kind == TokenKind::Text && first.is_symbol(":") && second.is_symbol(":");
    match is_string && is_same {
        true => Text::keyed(literal.text, default.key().to_owned()),
        false => default,
    }
}

fn constraint(row: ConstraintRow, home: &str) -> Result<Constraint, Unreadable> {
    let mut found = definition::constraint(&row.name, &row.definition, home)?;
    let storage = row.storage.map(|it| ("storage".to_owned(), it.join(", ")));
    found.options.extend(storage);
    if let (Rule::Check(_), Some(columns)) = (&found.rule, row.columns) {
        // Only until names are settled.
        found
            .options
            .insert("columns".to_owned(), columns.len().to_string());
    }
    found.comment = row.comment;
    Ok(found)
}

/// Takes away the names that the server would make up again.
fn settle_names(table: &mut Table) {
    drop_default_names(table);
    table.constraints.sort();
    table.indexes.sort();
}

fn drop_default_names(table: &mut Table) {
    let default: Vec<bool> = table
        .constraints
        .iter()
        .map(|it| {
            let count = it
                .options
                .get("columns")
                .map_or(0, |it| it.parse().unwrap_or(0));
            let seen = match &it.rule {
                Rule::Check(text) => default_name::mentioned(table, text).len() == count,
                _ => true,
            };
            seen && default_name::of_constraint(table, it) == it.name
        })
        .collect();
    for (constraint, default) in table.constraints.iter_mut().zip(default) {
        constraint.options.remove("columns");
        if default {
            constraint.name = None;
        }
    }
}
