//! Notes on what rows that are there may refuse, each with a question that tells beforehand.
//!
//! A question counts the rows in the way. It is asked before the script runs, so it says
//! what is there then: a column by its old name, one that the script adds by the value that
//! it brings along. Where no condition says which values are refused, the question does with
//! each what the script would do, and fails as that would.

mod compute;

use rev_core::Dialect;

use super::spelling::{spell, spell_name};
use super::{Note, Step, mysql, postgres, sqlite};
use crate::schema::rename::mentions;
use crate::schema::sqlite::table::row_id;
use crate::schema::{
    Alteration, Change, Column, Constraint, Diff, Index, Kind, Name, Options, Part, PartOf,
    Reference, Rename, Rule, Table, TableChange, Text,
};
use crate::split::{Token, TokenKind, tokens};

/// The notes on a step.
pub(super) fn notes(step: Step<'_>, diff: &Diff, dialect: Dialect) -> Vec<Note> {
    match step {
        Step::ChangeTable(change) => {
            let rows = Rows::of(change, diff, dialect);
            let notes = change.alterations.iter().filter_map(|it| match it {
                Alteration::AddConstraint(new) => rows.meet(new),
                Alteration::AddIndex(new) if new.unique => rows.meet_index(new),
                Alteration::AddIndex(new) => rows.compute_index(new),
                Alteration::AddColumn(new) => rows.compute_column(new),
                _ => None,
            });
            notes.collect()
        }
        Step::AddForeignKey(table, key) => {
            let rows = Rows::of_table(&table.name, diff, dialect);
            let note = rows.and_then(|rows| match &key.rule {
                Rule::ForeignKey(reference) => rows.refer(reference, &key.options),
                _ => None,
            });
            note.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The question how many rows a condition on a column counts, which is stated on its value
/// before the script.
pub(super) fn question(
    change: &TableChange,
    column: &Column,
    condition: impl FnOnce(&str) -> Option<String>,
    diff: &Diff,
    dialect: Dialect,
) -> Option<String> {
    let rows = Rows::of(change, diff, dialect);
    let was = change.from.column(&column.name)?;
    let condition = condition(&spell(rows.old_name(&was.name), dialect))?;
    Some(format!(
        "SELECT count(*) FROM {} WHERE {condition}",
        rows.old_table()
    ))
}

/// The question how many rows have no value in a column.
pub(super) fn nulls(
    change: &TableChange,
    column: &Column,
    diff: &Diff,
    dialect: Dialect,
) -> Option<String> {
    let is_null = |value: &str| Some(format!("{value} IS NULL"));
    question(change, column, is_null, diff, dialect)
}

/// The question of how many rows a condition holds, which names columns as they are after the script.
pub(super) fn counting(
    change: &TableChange,
    condition: &str,
    diff: &Diff,
    dialect: Dialect,
) -> Option<String> {
    let rows = Rows::of(change, diff, dialect);
    let used = rows.used(condition);
    let table = rows.before(&used)?.called(&rows.own_name());
    Some(format!("SELECT count(*) FROM {table} WHERE {condition}"))
}

/// The question how many rows a table has.
pub(super) fn all(change: &TableChange, diff: &Diff, dialect: Dialect) -> String {
    let table = Rows::of(change, diff, dialect).old_table();
    format!("SELECT count(*) FROM {table}")
}

/// Likewise, where one row would be none too many.
pub(super) fn several(change: &TableChange, diff: &Diff, dialect: Dialect) -> String {
    let table = Rows::of(change, diff, dialect).old_table();
    format!("SELECT CASE WHEN count(*) > 1 THEN count(*) ELSE 0 END FROM {table}")
}

/// The rows of a table that the script changes.
struct Rows<'a> {
    from: &'a Table,
    to: &'a Table,
    diff: &'a Diff,
    dialect: Dialect,
}

/// What a table's columns are before the script, under the names of its end.
enum Before {
    /// They are called so.
    AsTheyAre(String),
    /// They have other names, or are still to come.
    Presented(String),
}

impl Before {
    /// What follows `FROM`, under a name.
    fn called(&self, name: &str) -> String {
        match self {
            Before::AsTheyAre(table) if table == name => table.clone(),
            Before::AsTheyAre(text) | Before::Presented(text) => format!("{text} AS {name}"),
        }
    }
}

impl<'a> Rows<'a> {
    fn of(change: &'a TableChange, diff: &'a Diff, dialect: Dialect) -> Self {
        Self {
            from: &change.from,
            to: &change.to,
            diff,
            dialect,
        }
    }

    /// Of a table that is there before the script, and after.
    fn of_table(name: &Name, diff: &'a Diff, dialect: Dialect) -> Option<Self> {
        let is_new = |it: &Change| matches!(it, Change::CreateTable(it) if it.name == *name);
        if diff.changes.iter().any(is_new) {
            return None;
        }
        Some(Self {
            from: diff.from.tables.get(name)?,
            to: diff.to.tables.get(name)?,
            diff,
            dialect,
        })
    }

    fn meet(&self, new: &Constraint) -> Option<Note> {
        if is_lenient(&new.options) {
            return None;
        }
        let title = |what: &str| match &new.name {
            Some(name) => format!("`{}` gets the {what} `{name}`", self.to.name),
            None => format!("`{}` gets a {what}", self.to.name),
        };
        match &new.rule {
            Rule::PrimaryKey(parts) => {
                self.be_unique(&title("primary key"), parts, None, &new.options)
            }
            Rule::Unique(parts) => {
                self.be_unique(&title("unique constraint"), parts, None, &new.options)
            }
            Rule::Check(expression) => self.check(&title("check"), expression),
            // Elsewhere keys are statements of their own.
            Rule::ForeignKey(reference) if self.dialect == Dialect::Sqlite => {
                self.refer(reference, &new.options)
            }
            Rule::ForeignKey(_) => None,
            Rule::Exclusion(_) => {
                let was = self.from.constraints.iter().any(|it| it.rule == new.rule);
                (!was).then(|| {
                    let title = title("exclusion constraint");
                    let note = Note::decide(format!(
                        "{title}: rows that exclude each other make this fail"
                    ));
                    note.asking(self.excluding(&new.rule))
                })
            }
        }
    }

    fn meet_index(&self, new: &Index) -> Option<Note> {
        let title = format!("`{}` gets the unique index `{}`", self.to.name, new.name);
        self.be_unique(&title, &new.parts, new.predicate.as_ref(), &new.options)
    }

    /// What is to be unique from now on.
    fn be_unique(
        &self,
        title: &str,
        parts: &[Part],
        predicate: Option<&Text>,
        options: &Options,
    ) -> Option<Note> {
        let counts_nulls = options.contains_key("nulls not distinct");
        if self.is_unique(parts, counts_nulls) || self.comes_unique(parts, counts_nulls) {
            return None;
        }
        let shown: Vec<String> = parts.iter().map(|it| format!("`{}`", said(it))).collect();
        let note = Note::decide(format!(
            "{title}: rows that are equal in {} make this fail",
            shown.join(", ")
        ));
        Some(note.asking(self.doubles(parts, predicate, counts_nulls)))
    }

    /// Whether what is to be unique is so already.
    fn is_unique(&self, parts: &[Part], counts_nulls: bool) -> bool {
        let is_part = |old: &Part| {
            let is_same = |new: &Part| {
                old.of == new.of && old.collation == new.collation && old.options == new.options
            };
            let is_steady = match &old.of {
                PartOf::Column(name) => self.is_steady(name),
                PartOf::Expression(_) => true,
            };
            is_steady && parts.iter().any(is_same)
        };
        let is_enough = |old: &[Part], options: &Options| {
            let holds = !counts_nulls || options.contains_key("nulls not distinct");
            holds && !old.is_empty() && old.iter().all(is_part)
        };
        let mut constraints = self.from.constraints.iter();
        let mut indexes = self.from.indexes.iter();
        constraints.any(|it| match &it.rule {
            Rule::PrimaryKey(old) => !old.is_empty() && old.iter().all(is_part),
            Rule::Unique(old) => is_enough(old, &it.options),
            _ => false,
        }) || indexes
            .any(|it| it.unique && it.predicate.is_none() && is_enough(&it.parts, &it.options))
    }

    /// Whether a new column brings a value of its own for each row, or none.
    fn comes_unique(&self, parts: &[Part], counts_nulls: bool) -> bool {
        parts.iter().any(|part| match &part.of {
            PartOf::Column(name) => self.new_column(name).is_some_and(|new| {
                let is_drawn = new.identity.is_some() || row_id(self.to).as_ref() == Some(name);
                is_drawn || (is_left_null(new) && !counts_nulls)
            }),
            PartOf::Expression(_) => false,
        })
    }

    /// How many rows are not alone.
    fn doubles(
        &self,
        parts: &[Part],
        predicate: Option<&Text>,
        counts_nulls: bool,
    ) -> Option<String> {
        let mut used = self.used(predicate.map_or("", Text::as_str));
        let mut values = Vec::new();
        let mut conditions = Vec::new();
        for part in parts {
            let value = match &part.of {
                // Each row gets the same.
                PartOf::Column(name) if self.new_column(name).is_some_and(must_be_filled) => {
                    continue;
                }
                PartOf::Column(name) => {
                    if !used.contains(&name) {
                        used.push(name);
                    }
                    self.value(part, name)
                }
                PartOf::Expression(text) => {
                    used.extend(self.used(text.as_str()));
                    format!("({})", self.told(text.as_str())?)
                }
            };
            if !counts_nulls && !self.is_never_null(part) {
                conditions.push(format!("{value} IS NOT NULL"));
            }
            values.push(value);
        }
        if let Some(predicate) = predicate {
            conditions.push(format!("({})", self.told(predicate.as_str())?));
        }
        let table = self.before(&used)?.called(&self.own_name());
        let rows = match conditions.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", conditions.join(" AND ")),
        };
        if values.is_empty() {
            return Some(format!(
                "SELECT CASE WHEN count(*) > 1 THEN count(*) ELSE 0 END FROM {table}{rows}"
            ));
        }
        Some(format!(
            "SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM {table}{rows} GROUP BY {} \
             HAVING count(*) > 1) AS equal_rows",
            values.join(", ")
        ))
    }

    fn value(&self, part: &Part, name: &Text) -> String {
        let name = spell(name, self.dialect);
        match (self.dialect, part.options.get("length"), &part.collation) {
            (Dialect::Mysql, Some(length), _) => format!("left({name}, {length})"),
            (Dialect::Sqlite, _, Some(collation)) => format!("{name} COLLATE {collation}"),
            _ => name,
        }
    }

    fn is_never_null(&self, part: &Part) -> bool {
        match &part.of {
            PartOf::Column(name) => self.from.column(name).is_some_and(|it| !it.nullable),
            PartOf::Expression(_) => false,
        }
    }

    fn check(&self, title: &str, expression: &Text) -> Option<Note> {
        let used = self.used(expression.as_str());
        let is_it = |it: &Constraint| match &it.rule {
            Rule::Check(old) => old == expression,
            _ => false,
        };
        let was = self.from.constraints.iter().any(is_it);
        let is_null = |it: &&Text| self.new_column(it).is_some_and(is_left_null);
        let passes = !used.is_empty() && used.iter().all(is_null) && !self.tells_null(expression);
        if passes || was {
            return None;
        }
        let text = self.told(expression.as_str());
        let shown = match &one_line(expression.as_str(), self.dialect) {
            Some(text) if text.len() <= WIDEST => format!(" ({text})"),
            _ => String::new(),
        };
        let note = Note::decide(format!(
            "{title}{shown}: rows where it is false make this fail"
        ));
        let question = self.before(&used).zip(text).map(|(table, text)| {
            let table = table.called(&self.own_name());
            format!("SELECT count(*) FROM {table} WHERE NOT ({text})")
        });
        Some(note.asking(question))
    }

    /// Whether an expression may be false where a value is NULL.
    fn tells_null(&self, expression: &Text) -> bool {
        const WORDS: [&str; 10] = [
            "is",
            "isnull",
            "notnull",
            "coalesce",
            "ifnull",
            "nullif",
            "case",
            "concat",
            "num_nulls",
            "num_nonnulls",
        ];
        let found = tokens(expression.as_str(), self.dialect);
        let tells = |it: &Token<'_>| {
            it.is_symbol("<=>") || WORDS.iter().any(|word| it.text.eq_ignore_ascii_case(word))
        };
        found.iter().any(tells)
    }

    fn refer(&self, reference: &Reference, options: &Options) -> Option<Note> {
        if is_lenient(options) {
            return None;
        }
        let is_it = |old: &&Reference| {
            (&old.columns, &old.table, &old.targets)
                == (&reference.columns, &reference.table, &reference.targets)
        };
        let was = self.from.references().any(|old| is_it(&old));
        let parent = Self::of_table(&reference.table, self.diff, self.dialect);
        // Where it goes and comes back, as with another type, the rows met it before.
        let stays = was && parent.is_some();
        let is_null = |it: &Text| self.new_column(it).is_some_and(is_left_null);
        // There a row is refused where it has some of the values and not all.
        let is_full = self.is_match_full(options);
        let mut columns = reference.columns.iter();
        let is_left_alone = match is_full {
            true => columns.all(is_null),
            false => columns.any(is_null),
        };
        if stays || is_left_alone {
            return None;
        }
        let by: Vec<String> = reference
            .columns
            .iter()
            .map(|it| format!("`{it}`"))
            .collect();
        let note = Note::decide(format!(
            "`{}` refers to `{}` by {}: rows without such a row there make this fail",
            self.to.name,
            reference.table,
            by.join(", ")
        ));
        Some(note.asking(self.orphans(reference, is_full, parent.as_ref())))
    }

    /// How many rows refer to nothing.
    fn orphans(
        &self,
        reference: &Reference,
        is_full: bool,
        parent: Option<&Self>,
    ) -> Option<String> {
        let own: Vec<&Text> = reference.columns.iter().collect();
        let child = self.before(&own)?.called("child");
        let name = |it: &Text| spell(it, self.dialect);
        let are_there = own
            .iter()
            .map(|it| format!("child.{} IS NOT NULL", name(it)));
        let each: Vec<String> = are_there.collect();
        let are_there = each.join(" AND ");
        let some_are_there = format!("({})", each.join(" OR "));
        let Some(parent) = parent else {
            let counted = if is_full { some_are_there } else { are_there };
            return Some(format!("SELECT count(*) FROM {child} WHERE {counted}"));
        };
        if reference.targets.len() != own.len() {
            return None;
        }
        let targets: Vec<&Text> = reference.targets.iter().collect();
        let table = parent.before(&targets)?.called("parent");
        let pairs = own.iter().zip(&targets);
        let equal =
            pairs.map(|(own, target)| format!("parent.{} = child.{}", name(target), name(own)));
        let equal = equal.collect::<Vec<_>>().join(" AND ");
        // A row that lacks a value equals none.
        let counted = if is_full { some_are_there } else { are_there };
        Some(format!(
            "SELECT count(*) FROM {child} WHERE {counted} AND NOT EXISTS \
             (SELECT 1 FROM {table} WHERE {equal})"
        ))
    }

    /// `MATCH FULL`, which PostgreSQL alone keeps.
    fn is_match_full(&self, options: &Options) -> bool {
        let kind = options.get("match");
        let is_full = kind.is_some_and(|it| it.eq_ignore_ascii_case("full"));
        self.dialect == Dialect::Postgres && is_full
    }

    /// The columns that an expression uses.
    fn used(&self, expression: &str) -> Vec<&'a Text> {
        let all = self.to.columns.iter();
        let used = all.filter(|it| mentions(expression, &it.name, self.dialect));
        used.map(|it| &it.name).collect()
    }

    /// A column that the script adds.
    fn new_column(&self, name: &Text) -> Option<&'a Column> {
        match self.from.column(name) {
            Some(_) => None,
            None => self.to.column(name),
        }
    }

    /// Whether a column's values are what they were.
    fn is_steady(&self, name: &Text) -> bool {
        let (Some(old), Some(new)) = (self.from.column(name), self.to.column(name)) else {
            return false;
        };
        (&old.type_name, &old.collation, &old.generated)
            == (&new.type_name, &new.collation, &new.generated)
    }

    /// The table as far as these columns, where each can be told before the script.
    fn before(&self, columns: &[&Text]) -> Option<Before> {
        let mut values = Vec::new();
        let mut is_same = true;
        for name in columns {
            let (value, is_plain) = match self.new_column(name) {
                Some(new) => (self.value_of_new(new)?, false),
                None if self.is_steady(name) => {
                    let old = self.old_name(name);
                    let called = spell(old, self.dialect);
                    let column = self.to.column(name);
                    match column.is_some_and(|it| self.is_labelled(it)) {
                        true => (format!("{called}::text"), false),
                        false => (called, old == *name),
                    }
                }
                None => (self.converted(name)?, false),
            };
            is_same &= is_plain;
            values.push(match is_plain {
                true => value,
                false => format!("{value} AS {}", spell(name, self.dialect)),
            });
        }
        let table = self.old_table();
        Some(match is_same {
            true => Before::AsTheyAre(table),
            false => Before::Presented(format!("(SELECT {} FROM {table})", values.join(", "))),
        })
    }

    /// What a column of another type or collation will hold, where one expression says so.
    fn converted(&self, name: &Text) -> Option<String> {
        let (old, new) = (self.from.column(name)?, self.to.column(name)?);
        if old.generated.is_some() || new.generated.is_some() {
            return None;
        }
        let value = spell(self.old_name(name), self.dialect);
        match self.dialect {
            Dialect::Postgres => postgres::converted(&value, old, new, self.diff),
            Dialect::Mysql => mysql::converted(&value, old, new),
            Dialect::Sqlite => sqlite::converted(&value, (old, self.from), (new, self.to)),
        }
    }

    /// What a new column holds in the rows that are there, where one expression says so.
    fn value_of_new(&self, new: &Column) -> Option<String> {
        if let Some(generated) = &new.generated {
            return self.computed(generated);
        }
        if new.identity.is_some() {
            return None;
        }
        match &new.default {
            Some(default) if is_literal(default.as_str(), self.dialect) => {
                Some(default.to_string())
            }
            Some(default) => {
                // A bare word is a text on SQLite.
                let value = match self.dialect {
                    Dialect::Sqlite => sqlite::value(default),
                    Dialect::Mysql | Dialect::Postgres => default.to_string(),
                };
                let line = one_line(&value, self.dialect);
                let line = line.filter(|_| !self.acts(default.as_str()))?;
                Some(format!("({})", line.trim()))
            }
            None if new.nullable && self.dialect == Dialect::Postgres => {
                let is_own =
                    |name: &Name| mentions(new.type_name.as_str(), &name.name, self.dialect);
                let objects = self.diff.to.objects.values();
                let types = objects.filter(|it| matches!(it.kind, Kind::Domain | Kind::Type));
                let mut own = self.diff.to.enums.keys().chain(types.map(|it| &it.name));
                let is_known = !own.any(is_own);
                is_known.then(|| format!("CAST(NULL AS {})", new.type_name))
            }
            None if new.nullable => Some("NULL".to_owned()),
            None => self.filler(new),
        }
    }

    /// What a new column gets that must hold something and has no default.
    fn filler(&self, new: &Column) -> Option<String> {
        match self.dialect {
            Dialect::Postgres => postgres::filler(new, self.diff),
            Dialect::Mysql => mysql::filler(new, self.diff.flavour()),
            Dialect::Sqlite => Some(sqlite::filler(new, self.to).to_owned()),
        }
    }

    /// An expression on one line, in which labels of enums that the script makes or changes are
    /// texts: see [`Rows::before`].
    fn told(&self, text: &str) -> Option<String> {
        let mut line = one_line(text, self.dialect)?;
        for name in self.labelled() {
            let called = spell_name(name, self.dialect);
            line = line.replace(&format!("::{called}"), "::text");
        }
        Some(line)
    }

    /// The enums that have labels which are not there before, or will not be.
    fn labelled(&self) -> impl Iterator<Item = &'a Name> {
        self.diff.changes.iter().filter_map(|change| match change {
            Change::CreateEnum(it) | Change::DropEnum(it) => Some(&it.name),
            Change::ChangeEnum { to, .. } => Some(&to.name),
            _ => None,
        })
    }

    /// Whether a column has one of these.
    fn is_labelled(&self, column: &Column) -> bool {
        let type_name = column.type_name.as_str();
        let mut names = self.labelled();
        names.any(|it| spell_name(it, self.dialect) == type_name)
    }

    /// Whether to compute an expression may do something: a number is drawn, a routine runs.
    fn acts(&self, expression: &str) -> bool {
        const DRAWS: [&str; 5] = ["nextval", "setval", "next", "lastval", "previous"];
        let found = tokens(expression, self.dialect);
        let draws = found
            .iter()
            .any(|it| DRAWS.iter().any(|word| it.text.eq_ignore_ascii_case(word)));
        let objects = self.diff.to.objects.values();
        let mut routines = objects.filter(|it| it.kind == Kind::Routine);
        let runs = |it: &str| {
            let name = Text::caseless(it.split('(').next().unwrap_or(it));
            mentions(expression, &name, self.dialect)
        };
        draws || routines.any(|it| runs(it.name.name.as_str()))
    }

    fn own_name(&self) -> String {
        spell(&self.to.name.name, self.dialect)
    }

    fn old_table(&self) -> String {
        let old = Rename::old_name(&self.diff.renames, &self.to.name);
        spell_name(old, self.dialect)
    }

    fn old_name<'n>(&'n self, name: &'n Text) -> &'n Text {
        old_name(self.diff, self.to, name)
    }
}

/// What a column of a table is called before the script.
pub(super) fn old_name<'n>(diff: &'n Diff, table: &Table, name: &'n Text) -> &'n Text {
    let old = diff.renames.iter().find_map(|it| match it {
        Rename::Column {
            table: of,
            from,
            to,
        } if *of == table.name && to == name => Some(from),
        _ => None,
    });
    old.unwrap_or(name)
}

/// Whether a constraint asks nothing of the rows that are there.
fn is_lenient(options: &Options) -> bool {
    options.contains_key("not valid") || options.contains_key("not enforced")
}

/// The longest expression that a note repeats, in bytes.
const WIDEST: usize = 60;

fn said(part: &Part) -> &str {
    match &part.of {
        PartOf::Column(text) | PartOf::Expression(text) => text.as_str(),
    }
}

/// Whether a new column gets one value in all rows, since it must hold something and has no default.
fn must_be_filled(new: &Column) -> bool {
    !new.nullable && new.default.is_none() && new.generated.is_none() && new.identity.is_none()
}

/// Whether a new column holds nothing in the rows that are there.
fn is_left_null(new: &Column) -> bool {
    new.nullable && new.default.is_none() && new.generated.is_none() && new.identity.is_none()
}

/// Whether a default is one string, number or word that means the same everywhere.
fn is_literal(text: &str, dialect: Dialect) -> bool {
    let found = tokens(text, dialect);
    let unsigned = match found.as_slice() {
        [sign, rest @ ..] if sign.is_symbol("-") => rest,
        all => all,
    };
    match unsigned {
        [only] => {
            let is_number = only.text.starts_with(|c: char| c.is_ascii_digit());
            let word = only.text.to_ascii_lowercase();
            is_number
                || only.kind == TokenKind::Text
                || ["true", "false", "null"].contains(&word.as_str())
        }
        _ => false,
    }
}

/// An expression on one line; `None` where a text in it has several.
pub(super) fn one_line(text: &str, dialect: Dialect) -> Option<String> {
    let text = match dialect {
        Dialect::Mysql => mysql::plain(text),
        Dialect::Sqlite | Dialect::Postgres => text.to_owned(),
    };
    if !text.contains(['\n', '\r']) && !text.contains("--") {
        return Some(text);
    }
    let mut line = String::new();
    let mut end = 0;
    for token in tokens(&text, dialect) {
        if token.text.contains(['\n', '\r']) {
            return None;
        }
        if token.start > end && end > 0 {
            line.push(' ');
        }
        line.push_str(token.text);
        end = token.end();
    }
    Some(line)
}
