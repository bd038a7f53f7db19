//! Filters: which parts of a schema are looked at.
//!
//! A pattern is `NAME`, `SCHEMA.NAME` or one of these after a kind: `trigger:*`,
//! `index:hero.ix_*`. `*` stands for any characters, `?` for one. Without a kind it
//! means tables, views, routines and all else that stands by itself; what belongs to
//! a table that is left out is left out with it.

use std::collections::BTreeMap;

use rev_core::target::glob_matches;

use super::{Kind, Name, Schema, Table, Text};

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
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

    fn keeps(&self, kind: Kind, owner: Option<&Text>, name: &Text) -> bool {
        let speaks = |it: &&Pattern| it.kind.map_or(stands_alone(kind), |it| it == kind);
        let mut speaking = self.include.iter().filter(speaks).peekable();
        let included =
            speaking.peek().is_none() || speaking.any(|it| it.matches(kind, owner, name));
        included && !self.exclude.iter().any(|it| it.matches(kind, owner, name))
    }

    fn keeps_name(&self, kind: Kind, name: &Name) -> bool {
        self.keeps(kind, name.schema.as_ref(), &name.name)
    }

    /// The schema `to` with all that is not to be looked at as it is in `from`, so
    /// that nothing of it differs and nothing of it is lost on the way.
    #[must_use]
    pub fn settle(&self, from: &Schema, mut to: Schema) -> Schema {
        if self.include.is_empty() && self.exclude.is_empty() {
            return to;
        }
        let keeps = |kind| move |name: &Name| self.keeps_name(kind, name);
        to.namespaces = settle_all(from.namespaces.iter().cloned(), to.namespaces, |name| {
            self.keeps(Kind::Namespace, None, name)
        });
        settle_map(&from.enums, &mut to.enums, keeps(Kind::Enum));
        settle_map(&from.sequences, &mut to.sequences, keeps(Kind::Sequence));
        settle_map(&from.tables, &mut to.tables, keeps(Kind::Table));
        let none = Table::default();
        for (name, table) in &mut to.tables {
            if self.keeps_name(Kind::Table, name) {
                self.settle_table(from.tables.get(name).unwrap_or(&none), table);
            }
        }
        settle_map(&from.objects, &mut to.objects, |(kind, on, name)| {
            let follows = on.as_ref().is_none_or(|on| {
                self.keeps_name(Kind::Table, on) || self.keeps_name(Kind::View, on)
            });
            let owner = name.schema.as_ref().or(on.as_ref().map(|on| &on.name));
            follows && self.keeps(*kind, owner, &name.name)
        });
        to
    }

    fn settle_table(&self, from: &Table, to: &mut Table) {
        let owner = to.name.name.clone();
        let keeps = |kind, name: &Text| self.keeps(kind, Some(&owner), name);
        to.columns = settle_all(
            from.columns.iter().cloned(),
            std::mem::take(&mut to.columns),
            |it| keeps(Kind::Column, &it.name),
        );
        let unnamed = Text::default();
        to.constraints = settle_all(
            from.constraints.iter().cloned(),
            std::mem::take(&mut to.constraints),
            |it| keeps(it.kind(), it.name.as_ref().unwrap_or(&unnamed)),
        );
        to.indexes = settle_all(
            from.indexes.iter().cloned(),
            std::mem::take(&mut to.indexes),
            |it| keeps(Kind::Index, &it.name),
        );
        if !keeps(Kind::Comment, &owner) {
            to.comment.clone_from(&from.comment);
        }
        for column in &mut to.columns {
            if !keeps(Kind::Comment, &column.name) {
                let old = from.column(&column.name);
                column.comment = old.and_then(|it| it.comment.clone());
            }
        }
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
        let settled = filter.expect("patterns").settle(&schema(FROM), schema(TO));
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
