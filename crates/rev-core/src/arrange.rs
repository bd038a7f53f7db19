//! Arranging: the scripts of several databases become the entries of one revision.
//!
//! What comes out means for each database exactly what went in, and nothing for any
//! other: design's rule that an entry is taken whole, own before group before top,
//! decides. Where that allows it, what is the same, and is declared to be, is written
//! once: two databases that only happen to need the same today, or one of each engine
//! that have nothing in common, keep an entry each. Else a database that is bound later
//! to another engine would get what is another's.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Binding, DatabaseName, Dialect, Entry, Script, Scripts, Sql, TransactionMode};

/// What a revision is to do to one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The way up.
    pub upgrade: Sql,
    /// The way down.
    pub downgrade: Sql,
    /// How the statements are committed.
    pub transaction: TransactionMode,
    /// What declares it, as a number: two databases with the same are declared alike.
    pub declaration: usize,
}

/// The scripts that do these shares, of all databases that are known.
///
/// If the shared ones all have one, of one declaration and alike within each dialect,
/// theirs is the top-level one. Else a group of two or more that is alike so gets one
/// entry; and what is left gets one each.
#[must_use]
pub fn arrange(known: &[&Binding], shares: &BTreeMap<DatabaseName, Share>) -> Scripts {
    let mut scripts = Scripts::default();
    let mut covered: BTreeSet<&DatabaseName> = BTreeSet::new();
    let shared: Vec<&Binding> = known.iter().copied().filter(|it| it.shared).collect();
    if let Some(entry) = common(&shared, shares) {
        scripts.top = entry;
        covered.extend(shared.iter().map(|it| &it.name));
    }
    let groups: BTreeSet<&DatabaseName> = known.iter().flat_map(|it| &it.groups).collect();
    for group in groups {
        let members = known.iter().copied().filter(|it| it.groups.contains(group));
        let members: Vec<&Binding> = members.collect();
        let is_free = members.iter().all(|it| !covered.contains(&it.name));
        if members.len() > 1
            && is_free
            && let Some(entry) = common(&members, shares)
        {
            scripts.databases.insert(group.clone(), entry);
            covered.extend(members.iter().map(|it| &it.name));
        }
    }
    for binding in known.iter().filter(|it| !covered.contains(&it.name)) {
        if let Some(entry) = common(&[binding], shares) {
            scripts.databases.insert(binding.name.clone(), entry);
        }
    }
    scripts
}

/// The one entry for all of these, if there can be one.
fn common(members: &[&Binding], shares: &BTreeMap<DatabaseName, Share>) -> Option<Entry> {
    let mut by_dialect: BTreeMap<Dialect, &Share> = BTreeMap::new();
    let declaration = shares.get(&members.first()?.name)?.declaration;
    for member in members {
        let share = shares.get(&member.name)?;
        let alike = *by_dialect.entry(member.dialect).or_insert(share);
        if alike != share || share.declaration != declaration {
            return None;
        }
    }
    let mut alike = by_dialect.values();
    let first = *alike.next()?;
    if alike.any(|it| it.transaction != first.transaction) {
        return None;
    }
    let script = |of: fn(&Share) -> &Sql| match by_dialect.len() {
        1 => Script::Any(of(first).clone()),
        _ => {
            let texts = by_dialect.iter();
            let texts = texts.map(|(dialect, share)| (*dialect, Some(of(share).clone())));
            Script::ByDialect(texts.collect())
        }
    };
    Some(Entry {
        upgrade: Some(script(|it| &it.upgrade)),
        downgrade: Some(script(|it| &it.downgrade)),
        transaction: first.transaction,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Revision, RevisionId};

    fn name(text: &str) -> DatabaseName {
        DatabaseName::new(text).expect("a name")
    }

    /// `x`, or `x of 2`: by the second declaration.
    fn share(text: &str) -> Share {
        let (text, declaration) = text.split_once(" of ").unwrap_or((text, "1"));
        Share {
            upgrade: Sql::text(text),
            downgrade: Sql::text(&format!("undo {text}")),
            transaction: TransactionMode::Step,
            declaration: declaration.parse().expect("a number"),
        }
    }

    /// A database a line: name, dialect, whether shared, groups; then its share.
    fn arranged(lines: &[&str]) -> String {
        let mut known = Vec::new();
        let mut shares = BTreeMap::new();
        for line in lines {
            let (database, text) = line
                .split_once(": ")
                .unwrap_or((line.trim_end_matches(':'), ""));
            let words: Vec<&str> = database.split(' ').collect();
            let mut binding = Binding::new(name(words[0]), words[1].parse().expect("a dialect"));
            binding.shared = words[2] == "shared";
            binding.groups = words[3..].iter().map(|group| name(group)).collect();
            if !text.is_empty() {
                shares.insert(binding.name.clone(), share(text));
            }
            known.push(binding);
        }
        let known: Vec<&Binding> = known.iter().collect();
        let scripts = arrange(&known, &shares);
        check(&known, &shares, &scripts);
        let text = |entry: &Entry| match &entry.upgrade {
            Some(Script::Any(sql)) => sql.0.concat(),
            Some(Script::ByDialect(map)) => map
                .iter()
                .map(|(dialect, sql)| format!("{dialect}={}", sql.as_ref().expect("a text").0[0]))
                .collect::<Vec<_>>()
                .join(" "),
            None => "-".to_owned(),
        };
        let entries = scripts.databases.iter();
        let entries = entries.map(|(name, entry)| format!("; {name}: {}", text(entry)));
        format!("top: {}{}", text(&scripts.top), entries.collect::<String>())
    }

    /// Each database gets its share, and nothing where it has none.
    fn check(known: &[&Binding], shares: &BTreeMap<DatabaseName, Share>, scripts: &Scripts) {
        let mut revision = Revision::new(RevisionId::new("aaaa").expect("an id"), Vec::new());
        revision.scripts = scripts.clone();
        for binding in known {
            let work = revision.work(binding).expect("one script");
            let share = shares.get(&binding.name);
            assert_eq!(work.upgrade, share.map(|it| &it.upgrade), "{binding:?}");
            assert_eq!(work.downgrade, share.map(|it| &it.downgrade), "{binding:?}");
        }
    }

    #[test]
    fn what_is_the_same_is_written_once_where_that_means_the_same() {
        for (lines, due) in [
            (vec!["a sqlite shared: x"], "top: x"),
            (vec!["a sqlite shared: x", "b sqlite shared: x"], "top: x"),
            (
                vec!["a sqlite shared: x", "b sqlite shared: y"],
                "top: -; a: x; b: y",
            ),
            (
                vec!["a sqlite shared: x", "b sqlite shared:"],
                "top: -; a: x",
            ),
            (vec!["a sqlite shared: x", "b sqlite own:"], "top: x"),
            (
                vec!["a sqlite shared: x", "b sqlite own: x"],
                "top: x; b: x",
            ),
            (
                vec!["a sqlite shared: x", "b postgres shared: y"],
                "top: postgres=y sqlite=x",
            ),
            (
                vec!["a sqlite own t: x", "b sqlite own t: x", "c sqlite shared:"],
                "top: -; t: x",
            ),
            (
                vec![
                    "a sqlite own t u: x",
                    "b sqlite own t: x",
                    "c sqlite own u: x",
                ],
                "top: -; c: x; t: x",
            ),
            (
                vec!["a sqlite own t: x", "b sqlite own t:", "c sqlite own t: x"],
                "top: -; a: x; c: x",
            ),
            (vec!["a sqlite own t: x"], "top: -; a: x"),
            // What is not declared alike is each database's own, whatever it says.
            (
                vec!["a sqlite shared: x of 1", "b postgres shared: y of 2"],
                "top: -; a: x; b: y",
            ),
            (
                vec!["a sqlite shared: x of 1", "b sqlite shared: x of 2"],
                "top: -; a: x; b: x",
            ),
            (
                vec![
                    "a sqlite own t: x of 1",
                    "b postgres own t: y of 1",
                    "c sqlite own u: x of 1",
                    "d postgres own u: y of 2",
                ],
                "top: -; c: x; d: y; t: postgres=y sqlite=x",
            ),
        ] {
            assert_eq!(arranged(&lines), due, "{lines:?}");
        }
    }
}
