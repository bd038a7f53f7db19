//! Moves: renames in an order in which they can be done one by one.
//!
//! A name must be free before it is given. What is to move itself moves first; in a ring
//! one steps aside meanwhile, and so does, for good, what is to go and has the name.

use crate::schema::{Name, Rename, Schema, Text};

/// The renames, which are meant all at once, in order, with the detours that they need.
/// Both schemas say which names are taken. Tables come first.
pub(in crate::schema) fn moves(from: &Schema, to: &Schema, renames: &[Rename]) -> Vec<Rename> {
    let tables = renames.iter().filter_map(|it| match it {
        Rename::Table { from, to } => Some((from.clone(), to.clone())),
        Rename::Column { .. } => None,
    });
    let there = from.tables.keys().cloned().collect();
    let free = |name: &Name| Name {
        schema: name.schema.clone(),
        name: aside(&name.name, |text| {
            let is_taken = |schema: &Schema| schema.has(name.schema.as_ref(), text);
            is_taken(from) || is_taken(to)
        }),
    };
    let steps = in_order(tables.collect(), there, free);
    let mut moves: Vec<Rename> = steps
        .into_iter()
        .map(|(from, to)| Rename::Table { from, to })
        .collect();
    moves.extend(columns(from, to, renames));
    moves
}

fn columns(from: &Schema, to: &Schema, renames: &[Rename]) -> Vec<Rename> {
    let mut tables: Vec<&Name> = Vec::new();
    let mut moves = Vec::new();
    for rename in renames {
        let Rename::Column { table, .. } = rename else {
            continue;
        };
        if tables.contains(&table) {
            continue;
        }
        tables.push(table);
        let own = renames.iter().filter_map(|it| match it {
            Rename::Column {
                table: of,
                from,
                to,
            } if of == table => Some((from.clone(), to.clone())),
            _ => None,
        });
        let columns = |schema: &Schema, name: &Name| -> Vec<Text> {
            let table = schema.tables.get(name);
            let columns = table.into_iter().flat_map(|it| &it.columns);
            columns.map(|it| it.name.clone()).collect()
        };
        let there = columns(from, Rename::old_name(renames, table));
        let known = [there.clone(), columns(to, table)].concat();
        let free = |name: &Text| aside(name, |text| known.contains(text));
        let steps = in_order(own.collect(), there, free);
        moves.extend(steps.into_iter().map(|(from, to)| Rename::Column {
            table: table.clone(),
            from,
            to,
        }));
    }
    moves
}

/// What a table was called before these moves.
pub(in crate::schema) fn before(moves: &[Rename], table: &Name) -> Name {
    let steps = moves.iter().rev();
    let tables = steps.filter_map(|it| match it {
        Rename::Table { from, to } => Some((from, to)),
        Rename::Column { .. } => None,
    });
    tables.fold(table.clone(), |name, (from, to)| match *to == name {
        true => from.clone(),
        false => name,
    })
}

/// The steps that give each its new name, when these names are `there`; `free` thinks
/// of a name for what must step aside.
fn in_order<K: Clone + PartialEq>(
    mut wanted: Vec<(K, K)>,
    mut there: Vec<K>,
    free: impl Fn(&K) -> K,
) -> Vec<(K, K)> {
    let mut steps = Vec::new();
    while !wanted.is_empty() {
        let is_free = |(_, to): &(K, K)| !there.contains(to);
        let (from, to) = match wanted.iter().position(is_free) {
            Some(index) => wanted.remove(index),
            None => {
                let moves = |name: &K| wanted.iter().any(|(from, _)| from == name);
                let goes = wanted.iter().map(|(_, to)| to).find(|to| !moves(to));
                let name = goes.unwrap_or(&wanted[0].0).clone();
                let aside = free(&name);
                for (from, _) in wanted.iter_mut().filter(|(from, _)| *from == name) {
                    *from = aside.clone();
                }
                (name, aside)
            }
        };
        for name in there.iter_mut().filter(|it| **it == from) {
            *name = to.clone();
        }
        steps.push((from, to));
    }
    steps
}

/// The longest name that every engine takes, in bytes.
const LONGEST: usize = 60;

/// `old_hero`, or what nothing else is called.
fn aside(name: &Text, is_taken: impl Fn(&Text) -> bool) -> Text {
    let is_caseless = name.key() == name.as_str().to_ascii_lowercase();
    let mut text = name.as_str().to_owned();
    loop {
        text.insert_str(0, "old_");
        text.truncate(text.floor_char_boundary(LONGEST));
        let found = match is_caseless {
            true => Text::caseless(text.as_str()),
            false => Text::exact(text.as_str()),
        };
        if !is_taken(&found) {
            return found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::testing::{name, schema};

    fn table(from: &str, to: &str) -> Rename {
        Rename::Table {
            from: name(from),
            to: name(to),
        }
    }

    fn column(of: &str, from: &str, to: &str) -> Rename {
        Rename::Column {
            table: name(of),
            from: Text::caseless(from),
            to: Text::caseless(to),
        }
    }

    fn ordered(from: &str, to: &str, renames: &[Rename]) -> String {
        let moves = moves(&schema(from), &schema(to), renames);
        moves
            .iter()
            .map(Rename::spelt)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_name_is_free_before_it_is_given() {
        let ring = [table("a", "b"), table("b", "c"), table("c", "a")];
        for (from, to, renames, due) in [
            ("a: x", "b: x", vec![table("a", "b")], "a:b"),
            ("a: x\nb: x", "b: x\nc: x", ring[..2].to_vec(), "b:c a:b"),
            (
                "a: x\nb: x\nc: x\nold_a: x",
                "a: x\nb: x\nc: x\nold_a: x",
                ring.to_vec(),
                "a:old_old_a c:a b:c old_old_a:b",
            ),
            ("a: x\nb: x", "b: x", vec![table("a", "b")], "b:old_b a:b"),
            ("a: x", "A: x", vec![table("a", "A")], "a:old_a old_a:A"),
            (
                "a: x y z\nb: x y",
                "b: y x\na: x y",
                vec![
                    table("a", "b"),
                    table("b", "a"),
                    column("b", "x", "y"),
                    column("b", "y", "x"),
                ],
                "a:old_a b:a old_a:b b.x:old_x b.y:x b.old_x:y",
            ),
        ] {
            assert_eq!(ordered(from, to, &renames), due, "{from}");
        }
    }

    #[test]
    fn what_a_table_was_called_is_followed_back_through_detours() {
        let both = "a: x\nb: x";
        let swap = [table("a", "b"), table("b", "a")];
        let moves = moves(&schema(both), &schema(both), &swap);
        assert_eq!(before(&moves, &name("a")), name("b"));
        assert_eq!(before(&moves, &name("b")), name("a"));
        assert_eq!(before(&moves, &name("c")), name("c"));
    }

    #[test]
    fn a_name_at_its_longest_still_steps_aside() {
        let long = Text::exact("ä".repeat(31));
        let first = aside(&long, |_| false);
        assert_eq!(first.as_str(), format!("old_{}", "ä".repeat(28)));
        let second = aside(&long, |it| *it == first);
        assert_eq!(second.as_str(), format!("old_old_{}", "ä".repeat(26)));
    }
}
