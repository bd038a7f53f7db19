//! What a schema holds.
//!
//! What every engine has is typed. What one engine alone has stands in the
//! [`Options`] of the part that it belongs to, under a key in small letters, so
//! that it is compared without being understood. What is compared as a whole, such
//! as a view or a trigger, is an [`Object`] with the engine's own `CREATE` text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::mysql::Flavour;
use super::{Rights, Text};

/// What one engine alone knows of a part: key to value, the value empty for a flag.
pub type Options = BTreeMap<String, String>;

/// The name of a table or another object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Name {
    /// Its schema; `None`: the one that a name without a schema means, so that a
    /// tenant's schema and a throw-away database compare equal.
    pub schema: Option<Text>,
    /// Its own name.
    pub name: Text,
}

impl Name {
    /// A name without a schema.
    #[must_use]
    pub fn bare(name: Text) -> Self {
        Self { schema: None, name }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

/// All that is compared of a database.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// Schemas beside the one that a name without a schema means.
    pub namespaces: BTreeSet<Text>,
    /// PostgreSQL's enum types.
    pub enums: BTreeMap<Name, Enumeration>,
    /// Sequences that are not a column's own (identity or `serial`).
    pub sequences: BTreeMap<Name, Sequence>,
    /// Tables.
    pub tables: BTreeMap<Name, Table>,
    /// All that is compared by its whole text: views, triggers, routines and such.
    pub objects: BTreeMap<Handle, Object>,
    /// What tables use beside what they refer to and inherit from, where the engine says so:
    /// types, routines, other tables' rows. Not compared.
    pub stands_on: BTreeMap<Name, BTreeSet<Name>>,
    /// Texts in double quotes in the stored statements of SQLite's tables, and of what uses them:
    /// a new column of such a name would be meant by them. Not compared.
    pub quoted: BTreeMap<Name, BTreeSet<Text>>,
    /// Owners and privileges of PostgreSQL. Not compared.
    pub rights: BTreeMap<(Kind, Name), Rights>,
    /// What is there and was not read, each with why. Nothing is done about it: neither
    /// side of a comparison has it.
    pub unread: BTreeMap<Handle, String>,
    /// Views that their server calls broken, each with its words. Compared like others.
    pub broken: BTreeMap<Handle, String>,
    /// Whether its server gives a table without a primary key one that nobody sees.
    pub makes_keys: bool,
    /// Which server of the dialect `mysql` it is of, where one was asked. Not compared.
    pub flavour: Option<Flavour>,
}

/// What names an object: its kind, the table or view that it belongs to, its name.
pub type Handle = (Kind, Option<Name>, Name);

impl Schema {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.namespaces.is_empty()
            && self.enums.is_empty()
            && self.sequences.is_empty()
            && self.tables.is_empty()
            && self.objects.is_empty()
    }

    /// Whether something in a schema has this name.
    pub(super) fn has(&self, schema: Option<&Text>, text: &Text) -> bool {
        let is = |name: &Name| name.schema.as_ref() == schema && name.name == *text;
        let has_index = |table: &Table| {
            table.name.schema.as_ref() == schema && table.indexes.iter().any(|it| it.name == *text)
        };
        self.tables.keys().any(is)
            || self.enums.keys().any(is)
            || self.sequences.keys().any(is)
            || self.objects.keys().any(|(_, _, name)| is(name))
            || self.tables.values().any(has_index)
    }

    /// Takes out what this handle names, and what belongs to it.
    pub fn remove(&mut self, handle: &Handle) {
        let (kind, _, name) = handle;
        match kind {
            Kind::Table => {
                self.tables.remove(name);
            }
            Kind::Sequence => {
                self.sequences.remove(name);
            }
            _ => {
                self.objects.remove(handle);
            }
        }
        if matches!(kind, Kind::Table | Kind::View) {
            self.objects
                .retain(|(_, on, _), _| on.as_ref() != Some(name));
        }
    }

    /// Adds a table.
    pub fn add_table(&mut self, table: Table) {
        self.tables.insert(table.name.clone(), table);
    }

    /// Adds an object.
    pub fn add_object(&mut self, object: Object) {
        self.objects.insert(object.handle(), object);
    }
}

/// The kinds of things in a schema, as filters and messages name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A schema of PostgreSQL.
    Namespace,
    /// An extension of PostgreSQL: made where it is missing, never dropped.
    Extension,
    /// An enum type.
    Enum,
    /// A domain, by its text.
    Domain,
    /// A composite or range type, by its text.
    Type,
    /// A sequence.
    Sequence,
    /// A function or procedure, by its text; its name may hold its arguments.
    Routine,
    /// A table.
    Table,
    /// A virtual table of SQLite, by its text.
    VirtualTable,
    /// A column of a table.
    Column,
    /// A primary key.
    PrimaryKey,
    /// A unique constraint.
    Unique,
    /// A foreign key.
    ForeignKey,
    /// A check.
    Check,
    /// An exclusion constraint.
    Exclusion,
    /// An index.
    Index,
    /// A view, by its text.
    View,
    /// A materialized view, by its text.
    MaterializedView,
    /// A trigger, by its text.
    Trigger,
    /// A row-level policy, by its text.
    Policy,
    /// A rewrite rule, by its text.
    RewriteRule,
    /// Extended statistics of PostgreSQL, by their text.
    Statistics,
    /// A scheduled event of MySQL, by its text.
    Event,
    /// A comment.
    Comment,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 24] = [
        Kind::Namespace,
        Kind::Extension,
        Kind::Enum,
        Kind::Domain,
        Kind::Type,
        Kind::Sequence,
        Kind::Routine,
        Kind::Table,
        Kind::VirtualTable,
        Kind::Column,
        Kind::PrimaryKey,
        Kind::Unique,
        Kind::ForeignKey,
        Kind::Check,
        Kind::Exclusion,
        Kind::Index,
        Kind::View,
        Kind::MaterializedView,
        Kind::Trigger,
        Kind::Policy,
        Kind::RewriteRule,
        Kind::Statistics,
        Kind::Event,
        Kind::Comment,
    ];

    /// The word for it, as a filter spells it (`foreign_key:…`).
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Namespace => "schema",
            Kind::Extension => "extension",
            Kind::Enum => "enum",
            Kind::Domain => "domain",
            Kind::Type => "type",
            Kind::Sequence => "sequence",
            Kind::Routine => "routine",
            Kind::Table => "table",
            Kind::VirtualTable => "virtual_table",
            Kind::Column => "column",
            Kind::PrimaryKey => "primary_key",
            Kind::Unique => "unique",
            Kind::ForeignKey => "foreign_key",
            Kind::Check => "check",
            Kind::Exclusion => "exclusion",
            Kind::Index => "index",
            Kind::View => "view",
            Kind::MaterializedView => "materialized_view",
            Kind::Trigger => "trigger",
            Kind::Policy => "policy",
            Kind::RewriteRule => "rule",
            Kind::Statistics => "statistics",
            Kind::Event => "event",
            Kind::Comment => "comment",
        }
    }

    /// The words for it in a sentence.
    #[must_use]
    pub fn noun(self) -> String {
        match self {
            Kind::Unique => "unique constraint".to_owned(),
            Kind::Exclusion => "exclusion constraint".to_owned(),
            other => other.word().replace('_', " "),
        }
    }
}

/// An enum type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enumeration {
    /// Its name.
    pub name: Name,
    /// Its labels, in their order.
    pub labels: Vec<String>,
    /// Its comment.
    pub comment: Option<String>,
}

/// A sequence that stands by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Its name.
    pub name: Name,
    /// Type, start, increment, limits, cache, cycle: all that differs from the default.
    pub options: Options,
    /// The table and column that it goes with.
    pub owner: Option<(Name, Text)>,
    /// Its comment.
    pub comment: Option<String>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Its name.
    pub name: Name,
    /// Its columns in their order, which is not compared: no engine but MySQL can
    /// put a column anywhere but at the end.
    pub columns: Vec<Column>,
    /// Its constraints, in no order that counts.
    pub constraints: Vec<Constraint>,
    /// Its indexes but for those that belong to a constraint, in no order that counts.
    pub indexes: Vec<Index>,
    /// `strict`, `without rowid`; engine, character set; partitioning, and so on.
    pub options: Options,
    /// Options without which it would be another table: where these differ, it is
    /// dropped and made anew.
    pub nature: Options,
    /// The tables that it inherits from, or is a partition of.
    pub parents: Vec<Name>,
    /// The same table with all that these give it, as it would stand by itself; `None`: it has
    /// none. Not compared.
    pub whole: Option<Box<Table>>,
    /// The columns and checks that it declares although these give them: they stay where those go.
    /// Not compared.
    pub again: BTreeSet<Text>,
    /// Its comment.
    pub comment: Option<String>,
}

impl Table {
    /// The column of this name, be it its own or given by what it inherits from.
    #[must_use]
    pub fn any_column(&self, name: &Text) -> Option<&Column> {
        let whole = self.whole.as_ref().and_then(|it| it.column(name));
        self.column(name).or(whole)
    }

    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &Text) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == *name)
    }

    /// The columns and expressions of the primary key.
    #[must_use]
    pub fn primary_key(&self) -> Option<&[Part]> {
        self.constraints.iter().find_map(|it| match &it.rule {
            Rule::PrimaryKey(parts) => Some(parts.as_slice()),
            _ => None,
        })
    }

    /// The column and key that MySQL gives a table without a primary key, where it does so:
    /// under this name and in this shape.
    #[must_use]
    pub fn key_of_server(&self) -> Option<(&Column, &Constraint)> {
        let key = self.constraints.iter().find(|it| match &it.rule {
            Rule::PrimaryKey(parts) => matches!(parts.as_slice(),
                [Part { of: PartOf::Column(name), .. }] if name.as_str() == "my_row_id"),
            _ => false,
        })?;
        let column = self.columns.iter().find(|it| {
            it.name.as_str() == "my_row_id"
                && it.type_name.as_str() == "bigint unsigned"
                && it.identity.is_some()
                && it.options.contains_key("invisible")
        })?;
        Some((column, key))
    }

    /// Whether no two rows may have the same value in a column.
    #[must_use]
    pub fn is_unique(&self, column: &Text) -> bool {
        let is_it = |parts: &[Part]| matches!(parts, [Part { of: PartOf::Column(name), .. }] if name == column);
        let keys = self.constraints.iter().any(|it| match &it.rule {
            Rule::PrimaryKey(parts) | Rule::Unique(parts) => is_it(parts),
            _ => false,
        });
        let mut indexes = self.indexes.iter();
        keys || indexes.any(|it| it.unique && it.predicate.is_none() && is_it(&it.parts))
    }

    /// The foreign keys.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.constraints.iter().filter_map(|it| match &it.rule {
            Rule::ForeignKey(reference) => Some(reference),
            _ => None,
        })
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    /// Its name.
    pub name: Text,
    /// Its type, as the engine spells it; may be empty in SQLite.
    pub type_name: Text,
    /// Whether it takes NULL.
    pub nullable: bool,
    /// Its default, as it stands after `DEFAULT`.
    pub default: Option<Text>,
    /// What it is computed from.
    pub generated: Option<Generated>,
    /// How its numbers are drawn, where they are: SQLite and MySQL say
    /// `autoincrement`, PostgreSQL `always` or `by default`, with options.
    pub identity: Option<(String, Options)>,
    /// Its collation, where it is not the default.
    pub collation: Option<Text>,
    /// What one engine alone knows of it.
    pub options: Options,
    /// Its comment.
    pub comment: Option<String>,
}

/// What a column is computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The expression, without parentheses around it.
    pub expression: Text,
    /// Whether its value is kept.
    pub stored: bool,
}

/// A constraint of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Constraint {
    /// Its name; `None` where it has none, or one that the engine makes up and the
    /// engine's introspection can tell so.
    pub name: Option<Text>,
    /// What it demands.
    pub rule: Rule,
    /// When it is checked.
    pub deferral: Deferral,
    /// `on conflict`, `nulls not distinct`, `not valid`, `include` and so on.
    pub options: Options,
    /// Its comment.
    pub comment: Option<String>,
}

impl Constraint {
    /// Of which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.rule {
            Rule::PrimaryKey(_) => Kind::PrimaryKey,
            Rule::Unique(_) => Kind::Unique,
            Rule::ForeignKey(_) => Kind::ForeignKey,
            Rule::Check(_) => Kind::Check,
            Rule::Exclusion(_) => Kind::Exclusion,
        }
    }
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// These are the primary key.
    PrimaryKey(Vec<Part>),
    /// These are unique together.
    Unique(Vec<Part>),
    /// These refer to a row elsewhere.
    ForeignKey(Reference),
    /// This is true, or NULL; without parentheses around it.
    Check(Text),
    /// What follows `EXCLUDE`.
    Exclusion(Text),
}

/// What a foreign key refers to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Its own columns.
    pub columns: Vec<Text>,
    /// The table that they refer to.
    pub table: Name,
    /// The columns there.
    pub targets: Vec<Text>,
    /// What follows `ON UPDATE`, unless it is the default.
    pub on_update: Option<String>,
    /// What follows `ON DELETE`, unless it is the default.
    pub on_delete: Option<String>,
}

/// When a constraint is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Deferral {
    /// With each statement.
    #[default]
    Never,
    /// With each statement, unless asked to wait.
    Possible,
    /// With the commit, unless asked not to wait.
    Initially,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Index {
    /// Its name.
    pub name: Text,
    /// Whether it allows no two equal entries.
    pub unique: bool,
    /// How it is built, where it is not the default: `gin`, `fulltext`.
    pub method: Option<String>,
    /// What it is sorted by.
    pub parts: Vec<Part>,
    /// What is stored beside.
    pub include: Vec<Text>,
    /// Which rows are in it, without parentheses around it.
    pub predicate: Option<Text>,
    /// What one engine alone knows of it.
    pub options: Options,
    /// Its comment.
    pub comment: Option<String>,
}

/// A part of a key or an index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// What it holds.
    pub of: PartOf,
    /// Its collation, where it is stated.
    pub collation: Option<Text>,
    /// Whether it runs downwards.
    pub descending: bool,
    /// `nulls`, `operator class`, `length` and so on.
    pub options: Options,
}

/// What a part of an index holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartOf {
    /// A column.
    Column(Text),
    /// An expression, without parentheses around it.
    Expression(Text),
}

impl Part {
    /// A column, ascending.
    #[must_use]
    pub fn column(name: Text) -> Self {
        Self {
            of: PartOf::Column(name),
            collation: None,
            descending: false,
            options: Options::new(),
        }
    }
}

/// Something that is compared by its whole text.
#[derive(Debug, Clone)]
pub struct Object {
    /// Of which kind it is.
    pub kind: Kind,
    /// Its name; a routine's may hold its arguments, a trigger's is its own alone.
    pub name: Name,
    /// The table or view that it belongs to.
    pub on: Option<Name>,
    /// The statements that make it, the engine's own, mostly one.
    pub create: Vec<Text>,
    /// The tables, views, routines and types that it may use: too many do no harm
    /// but a needless dropping and making again. Not compared.
    pub needs: BTreeSet<Name>,
    /// What must be there when it is made, yet may go while it stands: what the body of
    /// a routine mentions. Not compared.
    pub after: BTreeSet<Name>,
    /// The columns of a view with their types, where replacing it depends on them. Not
    /// compared.
    pub columns: Vec<(Text, Text)>,
    /// Its comment.
    pub comment: Option<String>,
}

impl Object {
    /// What names it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        (self.kind, self.on.clone(), self.name.clone())
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.handle() == other.handle()
            && (&self.create, &self.comment) == (&other.create, &other.comment)
    }
}

impl Eq for Object {}
