//! Objects, and their turn among tables.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::ddl::{Step, Writer};
use crate::schema::model::Handle;
use crate::schema::{Change, Diff, Kind, Name, Object, Rename, Schema};

/// The objects that go, come, or both.
pub(super) struct Objects<'a> {
    diff: &'a Diff,
    writer: &'a dyn Writer,
    /// Given their new text where they stand.
    replaced: BTreeMap<&'a Handle, Step<'a>>,
    /// Dropped, sorted so that each comes after what it needs.
    away: Vec<&'a Object>,
    /// Made or replaced, sorted likewise.
    new: Vec<&'a Object>,
}

impl<'a> Objects<'a> {
    pub(super) fn of(diff: &'a Diff, writer: &'a dyn Writer) -> Self {
        let mut away: BTreeSet<&Handle> = BTreeSet::new();
        let mut replaced = BTreeMap::new();
        for (handle, object) in &diff.from.objects {
            let stays = match diff.to.objects.get(handle) {
                None => false,
                Some(_) if is_left_behind(object, diff) => true,
                Some(_) if writer.is_in_the_way(object, diff) => false,
                Some(_) if diff.left_out.contains(handle) => true,
                Some(new) if new == object => !is_misled(object, diff),
                Some(new) => {
                    let replaces = writer.replaces(object, new);
                    if replaces {
                        replaced.insert(handle, Step::ReplaceObject(object, new));
                    }
                    replaces
                }
            };
            if !stays {
                away.insert(handle);
            }
        }
        let stays = |object: &Object| {
            is_left_behind(object, diff)
                || (diff.left_out.contains(&object.handle()) && writer.stands_alone(diff))
        };
        close(&mut away, &diff.from, stays);
        replaced.retain(|handle, _| !away.contains(*handle));
        let comes = |handle: &&Handle| {
            !diff.from.objects.contains_key(*handle)
                || away.contains(*handle)
                || replaced.contains_key(*handle)
        };
        let new: BTreeSet<&Handle> = diff.to.objects.keys().filter(comes).collect();
        Self {
            diff,
            writer,
            away: in_order(away, &diff.from),
            new: in_order(new, &diff.to),
            replaced,
        }
    }

    /// What goes: for each object and table, those first that stand on it.
    pub(super) fn leaving(&self) -> Leaving<'a> {
        let tables = super::tables_gone(self.diff)
            .into_iter()
            .map(Step::DropTable);
        let objects = self.away.iter().rev().map(|it| Step::DropObject(it));
        let (late, early): (Vec<Step<'a>>, Vec<Step<'a>>) = { objects }.chain(tables).partition({
            let late = self.late();
            move |it| title(it).is_some_and(|it| late.contains(it))
        });
        let mut first = self.in_turn(early, Way::Out);
        let is_table = |it: &Step<'_>| matches!(it, Step::DropTable(_));
        let tables = first.iter().position(is_table).unwrap_or(first.len());
        Leaving {
            with_tables: first.split_off(tables),
            first,
            last: self.in_turn(late, Way::Out),
        }
    }

    /// What comes: each after what it stands on; where that leaves a choice, what tables
    /// may use, new tables, changed ones, and the rest.
    pub(super) fn coming(&self) -> Vec<Step<'a>> {
        let step = |it: &&'a Object| {
            let replaced = self.replaced.get(&it.handle()).copied();
            replaced.unwrap_or(Step::CreateObject(it))
        };
        let (ground, rest): (Vec<&'a Object>, Vec<&'a Object>) =
            self.new.iter().partition(|it| is_ground(it, &self.diff.to));
        let tables = super::tables_new(self.diff)
            .into_iter()
            .map(Step::CreateTable);
        let changed = self.diff.changes.iter().filter_map(|change| match change {
            Change::ChangeTable(it) => Some(Step::ChangeTable(it)),
            _ => None,
        });
        let steps = ground.iter().map(step).chain(tables).chain(changed);
        self.in_turn(steps.chain(rest.iter().map(step)).collect(), Way::In)
    }

    /// What goes when the tables have changed: what they may have stood on until then.
    fn late(&self) -> BTreeSet<&'a Name> {
        let comes_back = |handle: &Handle| self.diff.to.objects.contains_key(handle);
        // What an object stands on and is about to be made anew or changed.
        let enums = self.diff.changes.iter().filter_map(|it| match it {
            Change::ChangeEnum { to, .. } => Some(&to.name),
            _ => None,
        });
        let back = self.away.iter().filter(|it| comes_back(&it.handle()));
        let replaced = self.replaced.keys().map(|(_, _, name)| name);
        let moved: BTreeSet<&Name> = back
            .map(|it| &it.name)
            .chain(replaced)
            .chain(enums)
            .collect();
        let from = &self.diff.from;
        let stays = |table: &&Name| self.diff.to.tables.contains_key(*table);
        let staying = from.stands_on.iter().filter(|(table, _)| stays(table));
        // What a table inherits from or is a part of it leaves before that goes.
        let is_parent = |table: &Name, other: &Name| {
            let table = from.tables.get(table);
            table.is_some_and(|it| it.parents.contains(other))
        };
        let stood_on: BTreeSet<&Name> = staying
            .flat_map(|(table, needs)| needs.iter().filter(move |it| !is_parent(table, it)))
            .collect();
        let goes_late = |object: &&&'a Object| {
            !comes_back(&object.handle())
                && object.on.is_none()
                && (stood_on.contains(&object.name)
                    || is_ground(object, from) && !object.needs.iter().any(|it| moved.contains(it)))
        };
        // A table whose rows a column of another has held.
        let gone = from.tables.keys().filter(|table| !stays(table));
        let mut late: BTreeSet<&Name> = gone.filter(|it| stood_on.contains(*it)).collect();
        let mut more: Vec<&'a Object> = self.away.iter().filter(goes_late).copied().collect();
        // And what these stand on themselves.
        while let Some(object) = more.pop() {
            if late.insert(&object.name) {
                let needs =
                    |it: &&&'a Object| object.needs.contains(&it.name) && !comes_back(&it.handle());
                more.extend(self.away.iter().filter(needs));
                let tables = from.tables.keys().filter(|it| object.needs.contains(*it));
                late.extend(tables);
            }
        }
        late
    }

    /// Steps in an order that holds what needs what, else as they are. What only a routine's
    /// text mentions counts unless that makes a circle.
    fn in_turn(&self, steps: Vec<Step<'a>>, way: Way) -> Vec<Step<'a>> {
        let mut places: BTreeMap<&Name, Vec<usize>> = BTreeMap::new();
        for (place, step) in steps.iter().enumerate() {
            if let Some(name) = title(step) {
                places.entry(name).or_default().push(place);
            }
        }
        let edges = |needs: &dyn Fn(&Step<'a>) -> Vec<&'a Name>| {
            let mut edges: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
            for (place, step) in steps.iter().enumerate() {
                let others = needs(step).into_iter().filter_map(|it| places.get(it));
                for other in others.flatten().filter(|it| **it != place) {
                    let (first, then) = match way {
                        Way::In => (*other, place),
                        Way::Out => (place, *other),
                    };
                    edges.entry(then).or_default().insert(first);
                }
            }
            edges
        };
        let firm = edges(&|step| self.needs(step, way));
        let all = edges(&|step| [self.needs(step, way), mentions(step)].concat());
        let order = |edges: &BTreeMap<usize, BTreeSet<usize>>| {
            let indices = (0..steps.len()).collect();
            super::sorted(&indices, |it| edges.get(it).cloned().unwrap_or_default())
        };
        let mut found = order(&all);
        if !holds(&found, &firm) {
            found = order(&firm);
        }
        found.into_iter().map(|it| steps[it]).collect()
    }

    /// What must be there while it is.
    fn needs(&self, step: &Step<'a>, way: Way) -> Vec<&'a Name> {
        let schema = match way {
            Way::In => &self.diff.to,
            Way::Out => &self.diff.from,
        };
        let of_table = |name: &Name| schema.stands_on.get(name).into_iter().flatten();
        match step {
            Step::CreateTable(table) => of_table(&table.name).chain(&table.parents).collect(),
            Step::DropTable(table) => {
                // It takes what belongs to it along.
                let objects = schema.objects.values();
                let own = objects.filter(|it| it.on.as_ref() == Some(&table.name));
                let own = own.flat_map(|it| it.needs.iter().filter(|it| **it != table.name));
                let needs = of_table(&table.name).chain(&table.parents);
                needs
                    .chain(own.filter(|it| !schema.tables.contains_key(*it)))
                    .collect()
            }
            // What it inherits is there, and changes with it.
            Step::ChangeTable(change) => of_table(&change.to.name)
                .chain(self.writer.comes_after(change, self.diff))
                .collect(),
            Step::CreateObject(it) | Step::ReplaceObject(_, it) | Step::DropObject(it) => {
                it.needs.iter().chain(&it.on).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What the body of a routine that comes mentions.
fn mentions<'a>(step: &Step<'a>) -> Vec<&'a Name> {
    match step {
        Step::CreateObject(it) | Step::ReplaceObject(_, it) => it.after.iter().collect(),
        _ => Vec::new(),
    }
}

/// Whether an order has each after what it needs.
fn holds(order: &[usize], needs: &BTreeMap<usize, BTreeSet<usize>>) -> bool {
    let mut seen = BTreeSet::new();
    order.iter().all(|it| {
        seen.insert(*it);
        needs.get(it).is_none_or(|needs| needs.is_subset(&seen))
    })
}

/// Whether things come or go.
#[derive(Debug, Clone, Copy)]
enum Way {
    In,
    Out,
}

/// What goes.
pub(super) struct Leaving<'a> {
    /// Before anything is renamed.
    pub(super) first: Vec<Step<'a>>,
    /// Tables, and what some of them stand on.
    pub(super) with_tables: Vec<Step<'a>>,
    /// When the tables have changed.
    pub(super) last: Vec<Step<'a>>,
}

/// The name by which others stand on it: not on what belongs to a table.
fn title<'a>(step: &Step<'a>) -> Option<&'a Name> {
    match step {
        Step::CreateTable(it) | Step::DropTable(it) => Some(&it.name),
        Step::ChangeTable(it) => Some(&it.to.name),
        Step::CreateObject(it) | Step::ReplaceObject(_, it) | Step::DropObject(it) => {
            it.on.is_none().then_some(&it.name)
        }
        _ => None,
    }
}

/// Whether it is left out, and something that it needs goes for good: it could not be made
/// again, so it is not touched, and the server says what it makes of that.
fn is_left_behind(object: &Object, diff: &Diff) -> bool {
    let is_object = |schema: &Schema, name: &Name| schema.objects.keys().any(|it| it.2 == *name);
    let goes = |name: &Name| {
        (diff.from.tables.contains_key(name) && !diff.to.tables.contains_key(name))
            || (is_object(&diff.from, name) && !is_object(&diff.to, name))
    };
    diff.left_out.contains(&object.handle()) && object.needs.iter().any(goes)
}

/// Whether its text would mean another table or column, once a name that was there is
/// given to another.
fn is_misled(object: &Object, diff: &Diff) -> bool {
    let uses = |name: &Name| object.needs.contains(name) || object.on.as_ref() == Some(name);
    diff.renames.iter().any(|rename| match rename {
        Rename::Table { to, .. } => diff.before.tables.contains_key(to) && uses(to),
        Rename::Column { table, to, .. } => {
            let before = Rename::old_name(&diff.renames, table);
            let before = diff.before.tables.get(before);
            uses(table) && before.is_some_and(|it| it.column(to).is_some())
        }
    })
}

/// Whether tables may use it: a type or routine that uses none itself, nor by others.
fn is_ground(object: &Object, schema: &Schema) -> bool {
    stands_early(object, schema, &mut BTreeSet::new())
}

fn stands_early<'a>(object: &'a Object, schema: &'a Schema, seen: &mut BTreeSet<&'a Name>) -> bool {
    const KINDS: [Kind; 6] = [
        Kind::Extension,
        Kind::Domain,
        Kind::Type,
        Kind::Routine,
        Kind::View,
        Kind::MaterializedView,
    ];
    if object.kind >= Kind::Table {
        return false;
    }
    let mut names = object.needs.iter().chain(&object.after);
    names.all(|name| {
        if schema.tables.contains_key(name) {
            return false;
        }
        let used = |kind| schema.objects.get(&(kind, None, name.clone()));
        !seen.insert(name)
            || KINDS
                .into_iter()
                .filter_map(used)
                .all(|it| stands_early(it, schema, seen))
    })
}

/// Adds all that needs what is in the set, but for what stays.
fn close<'a>(set: &mut BTreeSet<&'a Handle>, schema: &'a Schema, stays: impl Fn(&Object) -> bool) {
    loop {
        let names: BTreeSet<&Name> = set.iter().map(|(_, _, name)| name).collect();
        let uses = |object: &Object| {
            let needs = object.needs.iter().chain(&object.on);
            needs
                .into_iter()
                .any(|it| *it != object.name && names.contains(it))
        };
        let more: Vec<&Handle> = schema
            .objects
            .iter()
            .filter(|(handle, object)| !set.contains(handle) && uses(object) && !stays(object))
            .map(|(handle, _)| handle)
            .collect();
        if more.is_empty() {
            return;
        }
        set.extend(more);
    }
}

/// Objects after those that they need, by kind and name where that leaves a choice.
fn in_order<'a>(handles: BTreeSet<&'a Handle>, schema: &'a Schema) -> Vec<&'a Object> {
    let needs = |handle: &&Handle| -> BTreeSet<&Handle> {
        let object = &schema.objects[*handle];
        let used = |it: &&&Handle| {
            *it != handle
                && (object.needs.contains(&it.2)
                    || object.after.contains(&it.2)
                    || object.on.as_ref() == Some(&it.2))
        };
        handles.iter().filter(used).copied().collect()
    };
    super::sorted(&handles, needs)
        .into_iter()
        .map(|it| &schema.objects[it])
        .collect()
}
