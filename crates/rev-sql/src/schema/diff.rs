//! What differs between two schemas.
//!
//! Renames come first and are not guessed: whoever asks names them. What is left
//! is told apart by name; constraints, which need have none, by what they say. The
//! order of columns is not compared.

use std::collections::{BTreeMap, BTreeSet};

use rev_core::Dialect;

use super::ddl::Note;
use super::{
    Column, Constraint, Enumeration, Filter, Index, Kind, Name, Object, Options, Rename, Schema,
    Sequence, Table, Text,
};

/// The way from one schema to another.
#[derive(Debug, Clone)]
pub struct Diff {
    /// Where it starts.
    pub before: Schema,
    /// The renames, which come first.
    pub renames: Vec<Rename>,
    /// Where it starts, with the renames done.
    pub from: Schema,
    /// Where it leads: what a filter leaves out is as it was.
    pub to: Schema,
    /// What is to be done besides, in no order that counts.
    pub changes: Vec<Change>,
    /// What may have been meant as a rename, and is a loss now.
    pub doubts: Vec<Rename>,
    /// Whether it leads back from where another diff has led: then the database is
    /// what that one has made, with the names that it had to choose.
    pub is_way_back: bool,
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A schema of PostgreSQL is new.
    CreateNamespace(Text),
    /// It is gone.
    DropNamespace(Text),
    /// An enum is new.
    CreateEnum(Enumeration),
    /// It is gone.
    DropEnum(Enumeration),
    /// It has other labels or another comment.
    ChangeEnum {
        /// As it was.
        from: Enumeration,
        /// As it will be.
        to: Enumeration,
    },
    /// A sequence is new.
    CreateSequence(Sequence),
    /// It is gone.
    DropSequence(Sequence),
    /// It counts otherwise.
    ChangeSequence {
        /// As it was.
        from: Sequence,
        /// As it will be.
        to: Sequence,
    },
    /// A table is new.
    CreateTable(Table),
    /// It is gone, with its rows.
    DropTable(Table),
    /// It is another one in places.
    ChangeTable(TableChange),
    /// An object is new.
    CreateObject(Object),
    /// It is gone.
    DropObject(Object),
    /// It has another text or comment.
    ChangeObject {
        /// As it was.
        from: Object,
        /// As it will be.
        to: Object,
    },
}

/// What differs in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableChange {
    /// As it was, with the renames done.
    pub from: Table,
    /// As it will be.
    pub to: Table,
    /// Each difference; never empty.
    pub alterations: Vec<Alteration>,
}

/// One difference in a table.
#[expect(
    clippy::large_enum_variant,
    reason = "there are few of them, and a box would be in the way of every match"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alteration {
    /// A column is new.
    AddColumn(Column),
    /// It is gone, with its values.
    DropColumn(Column),
    /// It is another one.
    ChangeColumn {
        /// As it was.
        from: Column,
        /// As it will be.
        to: Column,
    },
    /// A constraint is new.
    AddConstraint(Constraint),
    /// It is gone.
    DropConstraint(Constraint),
    /// An index is new.
    AddIndex(Index),
    /// It is gone.
    DropIndex(Index),
    /// The table has other options.
    ChangeOptions {
        /// As they were.
        from: Options,
        /// As they will be.
        to: Options,
    },
    /// The table has another comment.
    ChangeComment {
        /// As it was.
        from: Option<String>,
        /// As it will be.
        to: Option<String>,
    },
}

impl Diff {
    /// Compares two schemas, after these renames, each of which must be possible in
    /// `before`: see [`super::resolve`].
    #[must_use]
    pub fn between(
        before: &Schema,
        to: &Schema,
        renames: &[Rename],
        filter: &Filter,
        dialect: Dialect,
    ) -> Self {
        let from = super::rename::apply(before, renames, dialect);
        let to = keep_extensions(&from, filter.settle(&from, to.clone()));
        let changes = changes(&from, &to);
        let doubts = super::rename::candidates(&changes);
        Self {
            before: before.clone(),
            renames: renames.to_vec(),
            from,
            to,
            changes,
            doubts,
            is_way_back: false,
        }
    }

    /// The way from nothing to a schema: what makes it.
    #[must_use]
    pub fn creation(schema: &Schema, dialect: Dialect) -> Self {
        let nothing = Schema::default();
        Self::between(&nothing, schema, &[], &Filter::default(), dialect)
    }

    /// The way back.
    #[must_use]
    pub fn reversed(&self, dialect: Dialect) -> Self {
        let renames = Rename::inverted(&self.renames);
        let filter = Filter::default();
        let back = Self::between(&self.to, &self.before, &renames, &filter, dialect);
        // What was doubtful was told on the way up.
        Self {
            doubts: Vec::new(),
            is_way_back: !self.is_way_back,
            ..back
        }
    }

    /// What is lost with a table, and what to do if it is not meant so.
    pub(super) fn loss_of_table(&self, table: &Table) -> Note {
        let doubt = self
            .doubts
            .iter()
            .find(|it| matches!(it, Rename::Table { from, .. } if *from == table.name));
        let what = format!("drops table `{}` and its rows", table.name);
        Note::destructive(doubtful(what, doubt))
    }

    /// Likewise with a column of a table; nothing where it is computed.
    pub(super) fn loss_of_column(&self, table: &Table, column: &Column) -> Option<Note> {
        let doubt = self.doubts.iter().find(|it| {
            matches!(it, Rename::Column { table: of, from, .. }
                if *of == table.name && *from == column.name)
        });
        let what = format!(
            "drops column `{}.{}` and its values",
            table.name, column.name
        );
        let is_lost = column.generated.is_none();
        is_lost.then(|| Note::destructive(doubtful(what, doubt)))
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.renames.is_empty() && self.changes.is_empty()
    }

    /// A sentence for each difference, such as ``adds column `hero.power` ``.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let renames = self.renames.iter().map(Rename::sentence);
        let changes = self.changes.iter().flat_map(Change::sentences);
        renames.chain(changes).collect()
    }
}

fn doubtful(what: String, doubt: Option<&Rename>) -> String {
    match doubt {
        Some(rename) => format!("{what}; if it was renamed: --rename {}", rename.spelt()),
        None => what,
    }
}

fn changes(from: &Schema, to: &Schema) -> Vec<Change> {
    let mut changes = namespaces(from, to);
    let remade = remade(from, to);
    compare(
        &from.enums,
        &to.enums,
        &mut changes,
        Change::CreateEnum,
        Change::DropEnum,
        |from, to| {
            (from != to).then(|| Change::ChangeEnum {
                from: from.clone(),
                to: to.clone(),
            })
        },
    );
    compare(
        &from.sequences,
        &to.sequences,
        &mut changes,
        Change::CreateSequence,
        Change::DropSequence,
        |from, to| {
            (from != to).then(|| Change::ChangeSequence {
                from: from.clone(),
                to: to.clone(),
            })
        },
    );
    compare(
        &from.tables,
        &to.tables,
        &mut changes,
        Change::CreateTable,
        Change::DropTable,
        |from, to| {
            let stays = !remade.contains(&from.name);
            stays
                .then(|| table(from, to))
                .flatten()
                .map(Change::ChangeTable)
        },
    );
    for name in &remade {
        changes.push(Change::DropTable(from.tables[*name].clone()));
        changes.push(Change::CreateTable(to.tables[*name].clone()));
    }
    compare(
        &from.objects,
        &to.objects,
        &mut changes,
        Change::CreateObject,
        Change::DropObject,
        |from, to| {
            (from != to).then(|| Change::ChangeObject {
                from: from.clone(),
                to: to.clone(),
            })
        },
    );
    changes
}

/// An extension is never dropped, nor where it lies: what else stands on it is not known
/// here.
fn keep_extensions(from: &Schema, mut to: Schema) -> Schema {
    let extensions = from.objects.values();
    for extension in extensions.filter(|it| it.kind == Kind::Extension) {
        let handle = extension.handle();
        to.objects
            .entry(handle)
            .or_insert_with(|| extension.clone());
        let places = extension.needs.iter().map(|it| &it.name);
        to.namespaces
            .extend(places.filter(|it| from.namespaces.contains(it)).cloned());
    }
    to
}

/// The tables that can only be dropped and made anew, with all that inherit from them.
fn remade<'a>(from: &'a Schema, to: &Schema) -> BTreeSet<&'a Name> {
    let mut remade = BTreeSet::new();
    loop {
        let is_remade = |table: &&Table| {
            to.tables.get(&table.name).is_some_and(|new| {
                let mut parents = table.parents.iter().chain(&new.parents);
                (&table.nature, &table.parents) != (&new.nature, &new.parents)
                    || parents.any(|it| remade.contains(it))
            })
        };
        let found: BTreeSet<&Name> = from
            .tables
            .values()
            .filter(is_remade)
            .map(|it| &it.name)
            .collect();
        if found.len() == remade.len() {
            return remade;
        }
        remade = found;
    }
}

fn namespaces(from: &Schema, to: &Schema) -> Vec<Change> {
    let new = to.namespaces.difference(&from.namespaces).cloned();
    let gone = from.namespaces.difference(&to.namespaces).cloned();
    new.map(Change::CreateNamespace)
        .chain(gone.map(Change::DropNamespace))
        .collect()
}

fn compare<K: Ord, V: Clone>(
    from: &BTreeMap<K, V>,
    to: &BTreeMap<K, V>,
    changes: &mut Vec<Change>,
    create: impl Fn(V) -> Change,
    drop: impl Fn(V) -> Change,
    change: impl Fn(&V, &V) -> Option<Change>,
) {
    for (key, old) in from {
        match to.get(key) {
            None => changes.push(drop(old.clone())),
            Some(new) => changes.extend(change(old, new)),
        }
    }
    let new = to.iter().filter(|(key, _)| !from.contains_key(key));
    changes.extend(new.map(|(_, value)| create(value.clone())));
}

/// What differs between two tables of one name, if anything.
fn table(from: &Table, to: &Table) -> Option<TableChange> {
    let mut alterations = Vec::new();
    for old in &from.columns {
        match to.column(&old.name) {
            None => alterations.push(Alteration::DropColumn(old.clone())),
            Some(new) if new != old => alterations.push(Alteration::ChangeColumn {
                from: old.clone(),
                to: new.clone(),
            }),
            Some(_) => {}
        }
    }
    let is_new = |column: &&Column| from.column(&column.name).is_none();
    let new = to.columns.iter().filter(is_new).cloned();
    alterations.extend(new.map(Alteration::AddColumn));
    let (gone, new) = apart(&from.constraints, &to.constraints);
    alterations.extend(gone.into_iter().map(Alteration::DropConstraint));
    alterations.extend(new.into_iter().map(Alteration::AddConstraint));
    let (gone, new) = apart(&from.indexes, &to.indexes);
    alterations.extend(gone.into_iter().map(Alteration::DropIndex));
    alterations.extend(new.into_iter().map(Alteration::AddIndex));
    if from.options != to.options {
        alterations.push(Alteration::ChangeOptions {
            from: from.options.clone(),
            to: to.options.clone(),
        });
    }
    if from.comment != to.comment {
        alterations.push(Alteration::ChangeComment {
            from: from.comment.clone(),
            to: to.comment.clone(),
        });
    }
    (!alterations.is_empty()).then(|| TableChange {
        from: from.clone(),
        to: to.clone(),
        alterations,
    })
}

/// What only the first list has, and what only the second, each as often.
fn apart<T: Clone + PartialEq>(from: &[T], to: &[T]) -> (Vec<T>, Vec<T>) {
    let mut new = to.to_vec();
    let mut gone = Vec::new();
    for old in from {
        match new.iter().position(|it| it == old) {
            Some(index) => drop(new.remove(index)),
            None => gone.push(old.clone()),
        }
    }
    (gone, new)
}

impl Change {
    /// A sentence for each difference.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let one = |verb: &str, kind: Kind, name: &dyn std::fmt::Display| {
            vec![format!("{verb} {} `{name}`", kind.noun())]
        };
        match self {
            Change::CreateNamespace(name) => one("creates", Kind::Namespace, name),
            Change::DropNamespace(name) => one("drops", Kind::Namespace, name),
            Change::CreateEnum(it) => one("creates", Kind::Enum, &it.name),
            Change::DropEnum(it) => one("drops", Kind::Enum, &it.name),
            Change::ChangeEnum { to, .. } => one("changes", Kind::Enum, &to.name),
            Change::CreateSequence(it) => one("creates", Kind::Sequence, &it.name),
            Change::DropSequence(it) => one("drops", Kind::Sequence, &it.name),
            Change::ChangeSequence { to, .. } => one("changes", Kind::Sequence, &to.name),
            Change::CreateTable(it) => one("creates", Kind::Table, &it.name),
            Change::DropTable(it) => one("drops", Kind::Table, &it.name),
            Change::ChangeTable(it) => it.sentences(),
            Change::CreateObject(it) => one("creates", it.kind, &it.name),
            Change::DropObject(it) => one("drops", it.kind, &it.name),
            Change::ChangeObject { to, .. } => one("changes", to.kind, &to.name),
        }
    }
}

impl TableChange {
    /// What goes and comes under the same name, or on the same columns, has changed.
    fn sentences(&self) -> Vec<String> {
        let table = &self.to.name;
        let titles = |is_new: bool| -> Vec<String> {
            let all = self.alterations.iter();
            all.filter_map(|it| it.replaceable(is_new)).collect()
        };
        let (gone, new) = (titles(false), titles(true));
        let mut sentences = Vec::new();
        for alteration in &self.alterations {
            let (goes, comes) = (alteration.replaceable(false), alteration.replaceable(true));
            match (goes, comes) {
                (Some(title), _) if new.contains(&title) => {
                    sentences.push(format!("changes {title} on `{table}`"));
                }
                (Some(title), _) => sentences.push(format!("drops {title} on `{table}`")),
                (_, Some(title)) if gone.contains(&title) => {}
                (_, Some(title)) => sentences.push(format!("adds {title} on `{table}`")),
                (None, None) => sentences.extend(alteration.sentence(table)),
            }
        }
        sentences
    }
}

impl Alteration {
    /// The title of a constraint or index that comes, or that goes.
    fn replaceable(&self, is_new: bool) -> Option<String> {
        match self {
            Alteration::AddConstraint(it) if is_new => Some(constraint_title(it)),
            Alteration::DropConstraint(it) if !is_new => Some(constraint_title(it)),
            Alteration::AddIndex(it) if is_new => Some(format!("index `{}`", it.name)),
            Alteration::DropIndex(it) if !is_new => Some(format!("index `{}`", it.name)),
            _ => None,
        }
    }

    fn sentence(&self, table: &Name) -> Option<String> {
        Some(match self {
            Alteration::AddColumn(it) => format!("adds column `{table}.{}`", it.name),
            Alteration::DropColumn(it) => format!("drops column `{table}.{}`", it.name),
            Alteration::ChangeColumn { from, to } => {
                let what = column_differences(from, to).join(", ");
                format!("changes column `{table}.{}`: {what}", to.name)
            }
            Alteration::ChangeOptions { .. } => format!("changes the options of table `{table}`"),
            Alteration::ChangeComment { .. } => format!("changes the comment of table `{table}`"),
            Alteration::AddConstraint(_)
            | Alteration::DropConstraint(_)
            | Alteration::AddIndex(_)
            | Alteration::DropIndex(_) => return None,
        })
    }
}

/// In what two columns differ, as short phrases: `type TEXT to INTEGER`.
#[must_use]
pub(super) fn column_differences(from: &Column, to: &Column) -> Vec<String> {
    let mut phrases = Vec::new();
    let or_none = |text: Option<&str>| {
        text.filter(|it| !it.is_empty())
            .unwrap_or("none")
            .to_owned()
    };
    let mut note = |what: &str, from: String, to: String| {
        phrases.push(format!("{what} {from} to {to}"));
    };
    let text = |text: &Option<Text>| or_none(text.as_ref().map(Text::as_str));
    if from.type_name != to.type_name {
        let name = |column: &Column| or_none(Some(column.type_name.as_str()));
        note("type", name(from), name(to));
    }
    if from.nullable != to.nullable {
        let word = |nullable| if nullable { "NULL" } else { "NOT NULL" }.to_owned();
        note("from", word(from.nullable), word(to.nullable));
    }
    if from.default != to.default {
        note("default", text(&from.default), text(&to.default));
    }
    if from.collation != to.collation {
        note("collation", text(&from.collation), text(&to.collation));
    }
    if from.generated != to.generated {
        phrases.push("how it is computed".to_owned());
    }
    if from.identity != to.identity {
        phrases.push("how its numbers are drawn".to_owned());
    }
    if from.options != to.options {
        phrases.push("options".to_owned());
    }
    if from.comment != to.comment {
        phrases.push("comment".to_owned());
    }
    phrases
}

fn constraint_title(constraint: &Constraint) -> String {
    let kind = constraint.kind().noun();
    match (&constraint.name, &constraint.rule) {
        (Some(name), _) => format!("{kind} `{name}`"),
        (None, super::Rule::Check(text)) => format!("{kind} ({text})"),
        (None, super::Rule::ForeignKey(it)) => {
            format!("{kind} ({}) to `{}`", names(&it.columns), it.table)
        }
        (None, super::Rule::PrimaryKey(parts) | super::Rule::Unique(parts)) => {
            let columns: Vec<Text> = parts.iter().map(part_text).collect();
            format!("{kind} ({})", names(&columns))
        }
        (None, super::Rule::Exclusion(_)) => kind,
    }
}

fn part_text(part: &super::Part) -> Text {
    match &part.of {
        super::PartOf::Column(text) | super::PartOf::Expression(text) => text.clone(),
    }
}

fn names(names: &[Text]) -> String {
    let names: Vec<&str> = names.iter().map(Text::as_str).collect();
    names.join(", ")
}
