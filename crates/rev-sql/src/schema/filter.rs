//! Filters: which parts of a schema are looked at.
//!
//! A pattern is `NAME`, `SCHEMA.NAME` or one of these after a kind: `trigger:*`,
//! `index:hero.ix_*`. `*` stands for any characters, `?` for one. Without a kind it
//! means tables, views, routines and all else that stands by itself. Where a table is
//! left out, so is all that belongs to it; where a column is left out, so is all of its
//! table that uses it. A pattern may give either name of what is renamed.

mod pattern;
mod settle;

use std::collections::BTreeSet;

use super::{Handle, Kind, Name, Rename, Schema, Text};
pub use pattern::BadPattern;
use pattern::Pattern;

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    /// Tables that are left aside whatever the patterns say.
    aside: BTreeSet<Name>,
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
            aside: BTreeSet::new(),
        })
    }

    /// The same, which does not look at these tables either.
    #[must_use]
    pub fn aside(mut self, tables: impl IntoIterator<Item = Name>) -> Self {
        self.aside.extend(tables);
        self
    }

    /// Whether everything is looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty() && self.aside.is_empty()
    }

    /// Whether a schema holds something of its own that is looked at: not only schemas
    /// and extensions, which say nothing of what the database is for.
    #[must_use]
    pub fn sees_any(&self, schema: &Schema) -> bool {
        let mut tables = schema.tables.keys();
        let mut enums = schema.enums.keys();
        let mut sequences = schema.sequences.keys();
        let mut objects = schema.objects.keys();
        tables.any(|it| self.keeps_table(it))
            || enums.any(|it| self.keeps_name(Kind::Enum, &[it]))
            || sequences.any(|it| self.keeps_name(Kind::Sequence, &[it]))
            || objects.any(|it| {
                !matches!(it.0, Kind::Namespace | Kind::Extension | Kind::Comment)
                    && self.keeps_object(it, &[])
            })
    }

    /// Whether a thing is looked at that goes by these names, each with its owner: its
    /// schema, or the table of a part. One that is renamed has two.
    fn keeps(&self, kind: Kind, names: &[(Option<&Text>, &Text)]) -> bool {
        let matches = |it: &Pattern| {
            let mut names = names.iter();
            names.any(|(owner, name)| it.matches(kind, *owner, name))
        };
        let mut about = self
            .include
            .iter()
            .filter(|it| it.is_about(kind))
            .peekable();
        let included = about.peek().is_none() || about.any(matches);
        included && !self.exclude.iter().any(matches)
    }

    fn keeps_name(&self, kind: Kind, names: &[&Name]) -> bool {
        if kind == Kind::Table && names.iter().any(|it| self.aside.contains(*it)) {
            return false;
        }
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

    /// Whether what a handle names is looked at.
    #[must_use]
    pub fn looks_at(&self, handle: &Handle) -> bool {
        self.keeps_object(handle, &[])
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
    fn what_is_left_out_goes_with_its_column() {
        let filter = Filter::new(&[], &["index:*".to_owned()]).expect("patterns");
        let from = schema("hero: id name power\nindex a on hero: name\nindex b on hero: power");
        let settled = filter.settle(&from, schema("hero: id power"), &[], Dialect::Sqlite);
        let hero = &settled.tables[&crate::schema::testing::name("hero")];
        let indexes: Vec<&str> = hero.indexes.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(indexes, ["b"]);
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
