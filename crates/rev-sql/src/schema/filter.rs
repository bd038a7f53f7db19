//! Filters: which parts of a schema are looked at.
//!
//! A pattern is `NAME`, `SCHEMA.NAME` or one of these after a kind: `trigger:*`,
//! `index:hero.ix_*`. `*` stands for any characters, `?` for one. Without a kind it
//! means tables, views, routines and all else that stands by itself. Where a table is
//! left out, so is all that belongs to it; where a column is left out, so is all of its
//! table that uses it. A pattern may give either name of what is renamed.

use std::collections::{BTreeMap, BTreeSet};

use rev_core::Dialect;
use rev_core::target::glob_matches;

use super::rename::mentions;
use super::{
    Column, Constraint, Handle, Index, Kind, Name, Part, PartOf, Rename, Rule, Schema, Table, Text,
};

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    /// As written.
    text: String,
    kind: Option<Kind>,
    schema: Option<String>,
    name: String,
}

/// A pattern that names no kind that is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` begins with `{kind}`, which is no kind of object")]
pub struct BadPattern {
    /// As written.
    pub pattern: String,
    /// What stands before the colon.
    pub kind: String,
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, BadPattern> {
        let (kind, name) = match text.split_once(':') {
            None => (None, text),
            Some((word, name)) => {
                let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word);
                let kind = kind.ok_or_else(|| BadPattern {
                    pattern: text.to_owned(),
                    kind: word.to_owned(),
                })?;
                (Some(kind), name)
            }
        };
        let (schema, name) = match name.split_once('.') {
            None => (None, name),
            Some((schema, name)) => (Some(schema.to_owned()), name),
        };
        Ok(Self {
            text: text.to_owned(),
            kind,
            schema,
            name: name.to_owned(),
        })
    }

    /// Whether it means this object; `owner`: its schema, or the table of a part.
    fn matches(&self, kind: Kind, owner: Option<&Text>, name: &Text) -> bool {
        let matches = |glob: &str, text: &Text| {
            glob_matches(glob, text.as_str()) || glob_matches(glob, text.key())
        };
        self.kind.map_or(stands_alone(kind), |it| it == kind)
            && matches(&self.name, name)
            && match &self.schema {
                None => true,
                Some(glob) => owner.is_some_and(|owner| matches(glob, owner)),
            }
    }
}

/// Whether a pattern without a kind means it.
fn stands_alone(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Column
            | Kind::PrimaryKey
            | Kind::Unique
            | Kind::ForeignKey
            | Kind::Check
            | Kind::Exclusion
            | Kind::Index
            | Kind::Trigger
            | Kind::Policy
            | Kind::RewriteRule
            | Kind::Statistics
            | Kind::Comment
    )
}

impl Filter {
    /// Reads patterns: where some include, nothing else of what they could mean is
    /// looked at; what is excluded is not.
    ///
    /// # Errors
    ///
    /// [`BadPattern`].
    pub fn new<'a>(
        include: impl IntoIterator<Item = &'a String>,
        exclude: impl IntoIterator<Item = &'a String>,
    ) -> Result<Self, BadPattern> {
        let parse = |texts: Vec<&'a String>| {
            let patterns = texts.into_iter().map(|text| Pattern::parse(text));
            patterns.collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            include: parse(include.into_iter().collect())?,
            exclude: parse(exclude.into_iter().collect())?,
        })
    }

    /// Whether everything is looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Whether a thing is looked at that goes by these names, each with its owner: its
    /// schema, or the table of a part. One that is renamed has two.
    fn keeps(&self, kind: Kind, names: &[(Option<&Text>, &Text)]) -> bool {
        let matches = |it: &Pattern| {
            let mut names = names.iter();
            names.any(|(owner, name)| it.matches(kind, *owner, name))
        };
        let speaks = |it: &&Pattern| it.kind.map_or(stands_alone(kind), |it| it == kind);
        let mut speaking = self.include.iter().filter(speaks).peekable();
        let included = speaking.peek().is_none() || speaking.any(matches);
        included && !self.exclude.iter().any(matches)
    }

    fn keeps_name(&self, kind: Kind, names: &[&Name]) -> bool {
        let names = names.iter().map(|it| (it.schema.as_ref(), &it.name));
        self.keeps(kind, &names.collect::<Vec<_>>())
    }

    /// Whether a table of this name is looked at.
    pub(super) fn keeps_table(&self, name: &Name) -> bool {
        self.keeps_name(Kind::Table, &[name])
    }

    /// Whether a column of the table of these names is.
    pub(super) fn keeps_column(&self, tables: &[&Name], name: &Text) -> bool {
        let names = tables.iter().map(|table| (Some(&table.name), name));
        self.keeps(Kind::Column, &names.collect::<Vec<_>>()) && self.keeps_name(Kind::Table, tables)
    }

    fn keeps_object(&self, (kind, on, name): &Handle, renames: &[Rename]) -> bool {
        let Some(on) = on else {
            return self.keeps_name(*kind, &[name]);
        };
        let on = [on, Rename::old_name(renames, on)];
        let owners = on.map(|on| (name.schema.as_ref().or(Some(&on.name)), &name.name));
        let follows = self.keeps_name(Kind::Table, &on) || self.keeps_name(Kind::View, &on);
        follows && self.keeps(*kind, &owners)
    }

    /// The objects of a schema that are not looked at.
    pub(super) fn left_out(&self, schema: &Schema, renames: &[Rename]) -> BTreeSet<Handle> {
        let all = schema.objects.keys();
        all.filter(|it| !self.keeps_object(it, renames))
            .cloned()
            .collect()
    }

    /// The columns of a schema that are not looked at, of tables that are.
    pub(super) fn columns_left_out(
        &self,
        schema: &Schema,
        renames: &[Rename],
    ) -> BTreeSet<(Name, Text)> {
        let mut found = BTreeSet::new();
        if self.is_empty() {
            return found;
        }
        for (name, table) in &schema.tables {
            let names = [name, Rename::old_name(renames, name)];
            if self.keeps_name(Kind::Table, &names) {
                let columns = table.columns.iter().map(|it| &it.name);
                let out = columns.filter(|it| !self.keeps_column(&names, it));
                found.extend(out.map(|it| (name.clone(), it.clone())));
            }
        }
        found
    }

    /// The schema `to` with all that is not to be looked at as it is in `from`, in which
    /// these renames are done: so nothing of it differs and nothing of it is lost on the
    /// way.
    #[must_use]
    pub fn settle(
        &self,
        from: &Schema,
        mut to: Schema,
        renames: &[Rename],
        dialect: Dialect,
    ) -> Schema {
        if self.is_empty() {
            return to;
        }
        let keeps = |kind| move |name: &Name| self.keeps_name(kind, &[name]);
        to.namespaces = settle_all(from.namespaces.iter().cloned(), to.namespaces, |name| {
            self.keeps(Kind::Namespace, &[(None, name)])
        });
        settle_map(&from.enums, &mut to.enums, keeps(Kind::Enum));
        settle_map(&from.sequences, &mut to.sequences, keeps(Kind::Sequence));
        let keeps_table =
            |name: &Name| self.keeps_name(Kind::Table, &[name, Rename::old_name(renames, name)]);
        settle_map(&from.tables, &mut to.tables, keeps_table);
        let none = Table::default();
        for (name, table) in &mut to.tables {
            if keeps_table(name) {
                let old = from.tables.get(name).unwrap_or(&none);
                let parts = Parts {
                    filter: self,
                    old_owner: &Rename::old_name(renames, name).name,
                    owner: &name.name,
                    renames,
                    table: name,
                    dialect,
                };
                parts.settle(old, table);
            }
        }
        settle_map(&from.objects, &mut to.objects, |handle| {
            self.keeps_object(handle, renames)
        });
        // It goes with its table, whether it is looked at or not.
        let stands = |on: &Name| {
            let views = [Kind::View, Kind::MaterializedView];
            let is_view = |kind| to.objects.contains_key(&(kind, None, on.clone()));
            to.tables.contains_key(on) || views.into_iter().any(is_view)
        };
        let homeless = |handle: &&Handle| handle.1.as_ref().is_some_and(|on| !stands(on));
        let homeless: Vec<Handle> = to.objects.keys().filter(homeless).cloned().collect();
        for handle in homeless {
            to.objects.remove(&handle);
        }
        to
    }

    /// The patterns that match nothing in any of these schemas, as they are written.
    #[must_use]
    pub fn unused(&self, schemas: &[&Schema]) -> BTreeSet<&str> {
        let all = self.include.iter().chain(&self.exclude);
        let means = |it: &&Pattern| schemas.iter().any(|schema| it.means_any(schema));
        all.filter(|it| !means(it))
            .map(|it| it.text.as_str())
            .collect()
    }
}

impl Pattern {
    /// Whether it means anything in a schema.
    fn means_any(&self, schema: &Schema) -> bool {
        let named = |kind, name: &Name| self.matches(kind, name.schema.as_ref(), &name.name);
        let of_object = |(kind, on, name): &Handle| {
            let on = on.as_ref().map(|on| &on.name);
            self.matches(*kind, name.schema.as_ref().or(on), &name.name)
        };
        let mut namespaces = schema.namespaces.iter();
        namespaces.any(|it| self.matches(Kind::Namespace, None, it))
            || schema.enums.keys().any(|it| named(Kind::Enum, it))
            || schema.sequences.keys().any(|it| named(Kind::Sequence, it))
            || schema.tables.keys().any(|it| named(Kind::Table, it))
            || schema.tables.values().any(|it| self.means_part(it))
            || schema.objects.keys().any(of_object)
    }

    fn means_part(&self, table: &Table) -> bool {
        let owner = Some(&table.name.name);
        let unnamed = Text::default();
        let of_constraint =
            |it: &Constraint| self.matches(it.kind(), owner, it.name.as_ref().unwrap_or(&unnamed));
        let of_column = |name: &Text| {
            self.matches(Kind::Column, owner, name) || self.matches(Kind::Comment, owner, name)
        };
        self.matches(Kind::Comment, owner, &table.name.name)
            || table.columns.iter().any(|it| of_column(&it.name))
            || table.constraints.iter().any(of_constraint)
            || (table.indexes.iter()).any(|it| self.matches(Kind::Index, owner, &it.name))
    }
}

/// The parts of a table under a filter.
#[derive(Clone, Copy)]
struct Parts<'a> {
    filter: &'a Filter,
    table: &'a Name,
    owner: &'a Text,
    old_owner: &'a Text,
    renames: &'a [Rename],
    dialect: Dialect,
}

impl Parts<'_> {
    fn settle(self, from: &Table, to: &mut Table) {
        let columns = from.columns.iter().chain(&to.columns);
        let out: BTreeSet<Text> = columns
            .filter(|it| !self.keeps_column(it))
            .map(|it| it.name.clone())
            .collect();
        let stays = |used: Vec<Text>| !used.iter().any(|it| out.contains(it));
        let uses = Uses {
            columns: &out,
            dialect: self.dialect,
        };
        to.columns = settle_all(
            from.columns.iter().cloned(),
            std::mem::take(&mut to.columns),
            |it| self.keeps_column(it) && stays(uses.of_column(it)),
        );
        let unnamed = Text::default();
        to.constraints = settle_all(
            from.constraints.iter().cloned(),
            std::mem::take(&mut to.constraints),
            |it| {
                let name = it.name.as_ref().unwrap_or(&unnamed);
                self.keeps(it.kind(), name) && stays(uses.of_constraint(it))
            },
        );
        to.indexes = settle_all(
            from.indexes.iter().cloned(),
            std::mem::take(&mut to.indexes),
            |it| self.keeps(Kind::Index, &it.name) && stays(uses.of_index(it)),
        );
        if !self.keeps(Kind::Comment, self.owner) {
            to.comment.clone_from(&from.comment);
        }
        for column in &mut to.columns {
            if !self.keeps(Kind::Comment, &column.name) {
                let old = from.column(&column.name);
                column.comment = old.and_then(|it| it.comment.clone());
            }
        }
    }

    fn keeps(self, kind: Kind, name: &Text) -> bool {
        let names = [(Some(self.owner), name), (Some(self.old_owner), name)];
        self.filter.keeps(kind, &names)
    }

    fn keeps_column(self, column: &Column) -> bool {
        let old = self.renames.iter().find_map(|it| match it {
            Rename::Column { table, from, to } if table == self.table && *to == column.name => {
                Some(from)
            }
            _ => None,
        });
        let old = old.unwrap_or(&column.name);
        let names = [
            (Some(self.owner), &column.name),
            (Some(self.old_owner), old),
        ];
        self.filter.keeps(Kind::Column, &names)
    }
}

/// Which of these columns a part uses: what stands on what is left out is left out too.
struct Uses<'a> {
    columns: &'a BTreeSet<Text>,
    dialect: Dialect,
}

impl Uses<'_> {
    fn of_column(&self, column: &Column) -> Vec<Text> {
        let computed = column.generated.iter();
        computed
            .flat_map(|it| self.of_expression(&it.expression))
            .collect()
    }

    fn of_constraint(&self, constraint: &Constraint) -> Vec<Text> {
        match &constraint.rule {
            Rule::PrimaryKey(parts) | Rule::Unique(parts) => self.of_parts(parts),
            Rule::ForeignKey(reference) => reference.columns.clone(),
            Rule::Check(text) | Rule::Exclusion(text) => self.of_expression(text),
        }
    }

    fn of_index(&self, index: &Index) -> Vec<Text> {
        let mut used = self.of_parts(&index.parts);
        used.extend(index.include.iter().cloned());
        let predicate = index.predicate.iter();
        used.extend(predicate.flat_map(|it| self.of_expression(it)));
        used
    }

    fn of_parts(&self, parts: &[Part]) -> Vec<Text> {
        let of = |part: &Part| match &part.of {
            PartOf::Column(name) => vec![name.clone()],
            PartOf::Expression(text) => self.of_expression(text),
        };
        parts.iter().flat_map(of).collect()
    }

    fn of_expression(&self, text: &Text) -> Vec<Text> {
        let uses = |column: &&Text| mentions(text.as_str(), column, self.dialect);
        self.columns.iter().filter(uses).cloned().collect()
    }
}

/// What is kept of `to`, and what is not kept of `from`.
fn settle_all<T, C>(from: impl Iterator<Item = T>, to: C, keeps: impl Fn(&T) -> bool) -> C
where
    C: IntoIterator<Item = T> + FromIterator<T>,
{
    let kept = to.into_iter().filter(|it| keeps(it));
    kept.chain(from.filter(|it| !keeps(it))).collect()
}

fn settle_map<K: Ord + Clone, V: Clone>(
    from: &BTreeMap<K, V>,
    to: &mut BTreeMap<K, V>,
    keeps: impl Fn(&K) -> bool,
) {
    to.retain(|key, _| keeps(key));
    let left = from.iter().filter(|(key, _)| !keeps(key));
    to.extend(left.map(|(key, value)| (key.clone(), value.clone())));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Diff;
    use crate::schema::testing::schema;
    use rev_core::Dialect;

    const FROM: &str = "
        hero: id power
        tmp_import: a
        index by_hand on hero: power
        view v: hero
        trigger noisy on hero:
        trigger t on tmp_import:
    ";
    const TO: &str = "
        hero: id power
        team: id
        index ix on hero: power
    ";

    /// What is left to do under these patterns.
    fn left(include: &[&str], exclude: &[&str]) -> String {
        let texts = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let filter = Filter::new(&texts(include), &texts(exclude)).expect("patterns");
        let (from, to) = (schema(FROM), schema(TO));
        let diff = Diff::between(&from, &to, &[], &filter, Dialect::Sqlite);
        diff.sentences().join("; ")
    }

    #[test]
    fn patterns_choose_by_kind_schema_and_name() {
        let all = "drops index `by_hand` on `hero`; adds index `ix` on `hero`; drops table \
                   `tmp_import`; creates table `team`; drops view `v`; drops trigger `noisy`; drops trigger `t`";
        assert_eq!(left(&[], &[]), all);
        for (include, exclude, due) in [
            (
                vec![],
                vec!["tmp_*", "v", "trigger:*", "index:*"],
                "creates table `team`",
            ),
            (vec!["team"], vec![], "creates table `team`"),
            (
                vec!["hero"],
                vec!["index:hero.by_*"],
                "adds index `ix` on `hero`; drops trigger `noisy`",
            ),
            (
                vec!["trigger:t"],
                vec!["table:hero", "team", "v"],
                "drops table `tmp_import`; drops trigger `t`",
            ),
            (vec![], vec!["*"], ""),
        ] {
            assert_eq!(left(&include, &exclude), due, "{include:?} {exclude:?}");
        }
    }

    #[test]
    fn what_is_left_out_is_as_it_was() {
        let filter = Filter::new([], &["index:by_*".to_owned(), "tmp_*".to_owned()]);
        let filter = filter.expect("patterns");
        let settled = filter.settle(&schema(FROM), schema(TO), &[], Dialect::Sqlite);
        let hero = &settled.tables[&crate::schema::testing::name("hero")];
        let indexes: Vec<&str> = hero.indexes.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(indexes, ["ix", "by_hand"]);
        assert!(
            settled
                .tables
                .contains_key(&crate::schema::testing::name("tmp_import"))
        );
    }

    #[test]
    fn a_kind_that_is_none_is_refused() {
        let error = Filter::new(&["tables:x".to_owned()], []).expect_err("no kind");
        assert_eq!(
            error.to_string(),
            "`tables:x` begins with `tables`, which is no kind of object"
        );
    }
}
