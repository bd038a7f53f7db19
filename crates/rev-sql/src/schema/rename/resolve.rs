//! Renames as flags and settings spell them, read by what is gone and what is new.
//!
//! They are meant all at once, so the old name may be another's new one. A flag is said
//! on purpose: its new name may be one that is there, which then goes, and flags may swap
//! names. A setting stands for ever, so it means something once only: where it has come
//! true it must not come true again.

use rev_core::Dialect;

use super::apply::apply;
use super::pair::{Rename, is_text};
use crate::schema::{Filter, Name, Schema, Text};

/// A rename that cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRename {
    /// It is not of the form.
    #[error("`{text}` is not OLD:NEW, with tables or with columns such as `hero.power:strength`")]
    Malformed {
        /// As written.
        text: String,
    },
    /// Nothing of the old name is gone, or nothing of the new name is new.
    #[error("`{text}` renames nothing: the old name must be gone and the new one must be new")]
    Nothing {
        /// As written.
        text: String,
    },
    /// A side of it is left out by a filter.
    #[error("`{text}` renames what is left out")]
    LeftOut {
        /// As written.
        text: String,
    },
}

impl BadRename {
    /// As written.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            BadRename::Malformed { text }
            | BadRename::Nothing { text }
            | BadRename::LeftOut { text } => text,
        }
    }
}

/// Reads renames that are told once: see [`resolve_all`].
#[must_use]
pub fn resolve(
    flags: &[String],
    from: &Schema,
    to: &Schema,
    dialect: Dialect,
) -> (Vec<Rename>, Vec<BadRename>) {
    resolve_all(flags, &[], from, to, &Filter::default(), dialect)
}

/// Reads renames as flags and settings spell them: `old:new` for a table,
/// `table.old:new` for a column, whose table may be given by either name. Tables
/// come first. What cannot be done, or is left out, is returned beside.
#[must_use]
pub fn resolve_all(
    flags: &[String],
    settings: &[String],
    from: &Schema,
    to: &Schema,
    filter: &Filter,
    dialect: Dialect,
) -> (Vec<Rename>, Vec<BadRename>) {
    let mut bad = Vec::new();
    let flags = flags.iter().map(|text| (text, Origin::Flag));
    let settings = settings.iter().map(|text| (text, Origin::Setting));
    let mut all = Vec::new();
    for (text, origin) in flags.chain(settings) {
        match Told::read(text, origin) {
            Some(told) => all.push(told),
            None => bad.push(BadRename::Malformed { text: text.clone() }),
        }
    }
    let sides = Sides { from, to, filter };
    let (mut renames, rest) = sides.tables(all, &mut bad);
    let moved = apply(from, &super::moves(from, to, &renames), dialect);
    let sides = Sides {
        from: &moved,
        ..sides
    };
    let columns = sides.columns(rest, &renames, &mut bad);
    renames.extend(columns);
    (renames, bad)
}

/// The schemas between which names are new, and what is looked at of them.
struct Sides<'a> {
    from: &'a Schema,
    to: &'a Schema,
    filter: &'a Filter,
}

impl Sides<'_> {
    /// The renames of tables, and what may be about columns.
    fn tables<'t>(
        &self,
        all: Vec<Told<'t>>,
        bad: &mut Vec<BadRename>,
    ) -> (Vec<Rename>, Vec<Told<'t>>) {
        let mut wanted = Vec::new();
        let mut rest = Vec::new();
        for told in all {
            match told.table(self.from, self.to) {
                Some(table) => wanted.push(table),
                None => rest.push(told),
            }
        }
        let has = |schema: &Schema, name: &Name| schema.tables.contains_key(name);
        let impossible = settle(&mut wanted, |it| has(self.from, it), |it| has(self.to, it));
        rest.extend(impossible.into_iter().map(|it| it.told));
        let mut renames = Vec::new();
        for Wanted { told, from, to } in wanted {
            match self.filter.keeps_table(&from) && self.filter.keeps_table(&to) {
                true => renames.push(Rename::Table { from, to }),
                false => bad.push(told.left_out()),
            }
        }
        (renames, rest)
    }

    /// The renames of columns, where these of tables are done.
    fn columns(
        &self,
        all: Vec<Told<'_>>,
        tables: &[Rename],
        bad: &mut Vec<BadRename>,
    ) -> Vec<Rename> {
        let mut wanted = Vec::new();
        for told in all {
            match told.column(self.from, self.to, tables) {
                Some(column) => wanted.push(column),
                None => bad.push(told.nothing()),
            }
        }
        let has = |schema: &Schema, (table, column): &(Name, Text)| {
            let table = schema.tables.get(table);
            table.is_some_and(|it| it.column(column).is_some())
        };
        let impossible = settle(&mut wanted, |it| has(self.from, it), |it| has(self.to, it));
        bad.extend(impossible.into_iter().map(|it| it.told.nothing()));
        let mut renames = Vec::new();
        for Wanted { told, from, to } in wanted {
            let ((table, from), (_, to)) = (from, to);
            let names = [&table, Rename::old_name(tables, &table)];
            let keeps = |column: &Text| self.filter.keeps_column(&names, column);
            match keeps(&from) && keeps(&to) {
                true => renames.push(Rename::Column { table, from, to }),
                false => bad.push(told.left_out()),
            }
        }
        renames
    }
}

/// A rename as it is spelt.
#[derive(Debug, Clone, Copy)]
struct Told<'a> {
    text: &'a str,
    old: &'a str,
    new: &'a str,
    origin: Origin,
}

/// Where a rename is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Flag,
    Setting,
}

/// What it may mean.
#[derive(Debug)]
struct Wanted<'a, K> {
    told: Told<'a>,
    from: K,
    to: K,
}

impl<'a> Told<'a> {
    /// `OLD:NEW`.
    fn read(text: &'a str, origin: Origin) -> Option<Self> {
        let (old, new) = text.split_once(':')?;
        let is_whole = !old.is_empty() && !new.is_empty();
        is_whole.then_some(Self {
            text,
            old,
            new,
            origin,
        })
    }

    fn nothing(self) -> BadRename {
        BadRename::Nothing {
            text: self.text.to_owned(),
        }
    }

    fn left_out(self) -> BadRename {
        BadRename::LeftOut {
            text: self.text.to_owned(),
        }
    }

    fn table(self, from: &Schema, to: &Schema) -> Option<Wanted<'a, Name>> {
        let old = from.tables.keys().find(|name| is(name, self.old))?;
        let new = to.tables.keys().find(|name| {
            let same_schema = name.schema == old.schema && is_text(&name.name, self.new);
            is(name, self.new) || same_schema
        })?;
        self.wanted(old.clone(), new.clone(), &old.name, &new.name)
    }

    fn column(
        self,
        from: &Schema,
        to: &Schema,
        renames: &[Rename],
    ) -> Option<Wanted<'a, (Name, Text)>> {
        let (table, old) = self.old.rsplit_once('.')?;
        let new = self.new.rsplit_once('.').map_or(self.new, |(_, new)| new);
        let by_new_name = to.tables.keys().find(|name| is(name, table));
        let by_old_name = renames.iter().find_map(|it| match it {
            Rename::Table { from, to } if is(from, table) => Some(to),
            _ => None,
        });
        let found = |name: &Name| {
            let (from, to) = (from.tables.get(name)?, to.tables.get(name)?);
            let old = from.columns.iter().find(|it| is_text(&it.name, old))?;
            let new = to.columns.iter().find(|it| is_text(&it.name, new))?;
            let (old, new) = (&old.name, &new.name);
            let side = |column: &Text| (name.clone(), column.clone());
            self.wanted(side(old), side(new), old, new)
        };
        let mut tables = by_new_name.into_iter().chain(by_old_name);
        tables.find_map(found)
    }

    /// Nothing where both sides are one already, to the letter.
    fn wanted<K: PartialEq>(self, from: K, to: K, old: &Text, new: &Text) -> Option<Wanted<'a, K>> {
        let is_done = from == to && old.as_str() == new.as_str();
        (!is_done).then_some(Wanted {
            told: self,
            from,
            to,
        })
    }
}

/// Takes out what cannot be done beside the others, until all of it can, and returns it.
fn settle<'a, K: PartialEq>(
    wanted: &mut Vec<Wanted<'a, K>>,
    was_there: impl Fn(&K) -> bool,
    will_be_there: impl Fn(&K) -> bool,
) -> Vec<Wanted<'a, K>> {
    let mut found: Vec<Wanted<'a, K>> = Vec::new();
    let mut impossible = Vec::new();
    for it in wanted.drain(..) {
        let is_same = |other: &Wanted<'a, K>| other.from == it.from && other.to == it.to;
        let is_alike = |other: &Wanted<'a, K>| other.from == it.from || other.to == it.to;
        if found.iter().any(is_same) {
            continue;
        }
        match found.iter().any(is_alike) {
            true => impossible.push(it),
            false => found.push(it),
        }
    }
    let can_be = |it: &Wanted<'a, K>, all: &[Wanted<'a, K>]| {
        let is_gone = !will_be_there(&it.from) || all.iter().any(|other| other.to == it.from);
        let is_free = !was_there(&it.to) || all.iter().any(|other| other.from == it.to);
        is_gone && (it.told.origin == Origin::Flag || (is_free && !is_in_ring(it, all)))
    };
    while let Some(index) = found.iter().position(|it| !can_be(it, &found)) {
        impossible.push(found.remove(index));
    }
    *wanted = found;
    impossible
}

/// Whether its new name leads back to its old one by way of others.
fn is_in_ring<K: PartialEq>(it: &Wanted<'_, K>, all: &[Wanted<'_, K>]) -> bool {
    let mut name = &it.to;
    // Each is passed at most once: no two have the same old name.
    for _ in 0..all.len() {
        match all.iter().find(|other| other.from == *name) {
            Some(next) if next.from == it.from => return it.from != it.to,
            Some(next) => name = &next.to,
            None => return false,
        }
    }
    false
}

/// Whether a person means this name.
fn is(name: &Name, typed: &str) -> bool {
    match (&name.schema, typed.split_once('.')) {
        (None, _) => is_text(&name.name, typed),
        (Some(schema), Some((first, rest))) => is_text(schema, first) && is_text(&name.name, rest),
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::testing::schema;

    fn resolved(texts: &[&str], from: &str, to: &str) -> String {
        let texts: Vec<String> = texts.iter().map(|it| (*it).to_owned()).collect();
        let (renames, bad) = resolve(&texts, &schema(from), &schema(to), Dialect::Sqlite);
        shown(&renames, &bad)
    }

    fn shown(renames: &[Rename], bad: &[BadRename]) -> String {
        let good = renames.iter().map(Rename::sentence);
        let bad = bad.iter().map(|it| format!("bad `{}`", it.text()));
        good.chain(bad).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn renames_are_read_by_what_is_gone_and_what_is_new() {
        let (from, to) = ("hero: id power\nteam: id", "villain: id strength\nteam: id");
        for (texts, due) in [
            (vec!["hero:villain"], "renames table `hero` to `villain`"),
            (
                vec!["hero.power:strength", "hero:villain"],
                "renames table `hero` to `villain`; renames column `villain.power` to `strength`",
            ),
            (
                vec!["HERO:villain", "villain.Power:strength", "hero:villain"],
                "renames table `hero` to `villain`; renames column `villain.power` to `strength`",
            ),
            (vec!["hero.power:strength"], "bad `hero.power:strength`"),
            (
                vec!["hero:team", "team:villain", "x:villain", "hero"],
                "renames table `hero` to `team`; renames table `team` to `villain`; \
                 bad `hero`; bad `x:villain`",
            ),
        ] {
            assert_eq!(resolved(&texts, from, to), due, "{texts:?}");
        }
        let schemas = ("app.hero: id", "app.villain: id");
        let due = "renames table `app.hero` to `app.villain`";
        assert_eq!(resolved(&["app.hero:villain"], schemas.0, schemas.1), due);
        assert_eq!(
            resolved(&["app.hero:app.villain"], schemas.0, schemas.1),
            due
        );
    }

    #[test]
    fn renames_are_meant_all_at_once() {
        for (texts, from, to, due) in [
            (
                vec!["a:b", "b:a"],
                "a: x\nb: y",
                "a: y\nb: x",
                "renames table `a` to `b`; renames table `b` to `a`",
            ),
            (
                vec!["a:b", "b:c"],
                "a: x\nb: y",
                "b: x\nc: y",
                "renames table `a` to `b`; renames table `b` to `c`",
            ),
            // Without the second, nothing makes room for the first to be meant so.
            (
                vec!["a:b", "x:a"],
                "a: x\nb: y",
                "a: y\nb: x",
                "bad `x:a`; bad `a:b`",
            ),
            (
                vec!["a:b", "c:b"],
                "a: x\nc: x",
                "b: x",
                "renames table `a` to `b`; bad `c:b`",
            ),
            (
                vec!["t.x:y", "t.y:z", "t.z:x"],
                "t: x y z",
                "t: x y z",
                "renames column `t.x` to `y`; renames column `t.y` to `z`; renames column `t.z` to `x`",
            ),
            (
                vec!["a:b", "b:a", "a.x:y", "b.y:x"],
                "a: x\nb: y",
                "a: x\nb: y",
                "renames table `a` to `b`; renames table `b` to `a`; \
                 renames column `b.x` to `y`; renames column `a.y` to `x`",
            ),
            (
                vec!["Hero:hero"],
                "Hero: id",
                "hero: id",
                "renames table `Hero` to `hero`",
            ),
            (vec!["Hero:hero"], "hero: id", "hero: id", "bad `Hero:hero`"),
            (
                vec!["hero.Id:id"],
                "hero: Id",
                "hero: id",
                "renames column `hero.Id` to `id`",
            ),
        ] {
            assert_eq!(resolved(&texts, from, to), due, "{texts:?}");
        }
    }

    #[test]
    fn a_setting_does_not_come_true_twice() {
        for (from, to, due) in [
            ("a: x\nb: x", "b: x\nc: x", "a:b b:c"),
            ("b: x\nc: x", "b: x\nc: x", ""),
            // An `a` of later days is no `b`.
            ("a: x\nb: x", "b: x", ""),
            ("a: x\nb: x\nc: x", "a: x\nb: x\nc: x", ""),
        ] {
            let settings = ["a:b", "b:c", "c:a"].map(str::to_owned);
            let (from, to) = (schema(from), schema(to));
            let all = Filter::default();
            let (renames, _) = resolve_all(&[], &settings, &from, &to, &all, Dialect::Sqlite);
            let found: Vec<String> = renames.iter().map(Rename::spelt).collect();
            assert_eq!(found.join(" "), due);
        }
    }

    #[test]
    fn what_is_left_out_is_no_side_of_a_rename() {
        let (from, to) = ("hero: id power\ntmp: id", "villain: id strength\nteam: id");
        let texts = ["hero:villain", "tmp:team", "hero.power:strength"].map(str::to_owned);
        for (exclude, due) in [
            (
                "tmp",
                "renames table `hero` to `villain`; renames column `villain.power` to `strength`; bad `tmp:team`",
            ),
            (
                "team",
                "renames table `hero` to `villain`; renames column `villain.power` to `strength`; bad `tmp:team`",
            ),
            (
                "hero",
                "renames table `tmp` to `team`; bad `hero:villain`; bad `hero.power:strength`",
            ),
            (
                "column:hero.power",
                "renames table `hero` to `villain`; renames table `tmp` to `team`; bad `hero.power:strength`",
            ),
        ] {
            let filter = Filter::new([], &[exclude.to_owned()]).expect("a pattern");
            let (from, to) = (schema(from), schema(to));
            let (renames, bad) = resolve_all(&texts, &[], &from, &to, &filter, Dialect::Sqlite);
            assert_eq!(shown(&renames, &bad), due, "{exclude}");
        }
    }
}
