//! Settling: in the schema that a diff leads to, what is left out is as it is in the one
//! where the diff starts. So nothing of it differs.

use std::collections::{BTreeMap, BTreeSet};

use rev_core::Dialect;

use super::Filter;
use crate::schema::rename::mentions;
use crate::schema::{
    Column, Constraint, Handle, Index, Kind, Name, Part, PartOf, Rename, Rule, Schema, Table, Text,
};

impl Filter {
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
        // What stands on a column that goes has to go with it, whether it is looked at or not.
        let gone = from.columns.iter().map(|it| &it.name);
        let gone: BTreeSet<Text> = gone.filter(|it| to.column(it).is_none()).cloned().collect();
        let lost = Uses {
            columns: &gone,
            dialect: self.dialect,
        };
        let remains = |used: Vec<Text>| !used.iter().any(|it| gone.contains(it));
        let unnamed = Text::default();
        let constraints = from.constraints.iter();
        to.constraints = settle_all(
            constraints
                .filter(|it| remains(lost.of_constraint(it)))
                .cloned(),
            std::mem::take(&mut to.constraints),
            |it| {
                let name = it.name.as_ref().unwrap_or(&unnamed);
                self.keeps(it.kind(), name) && stays(uses.of_constraint(it))
            },
        );
        let indexes = from.indexes.iter();
        to.indexes = settle_all(
            indexes.filter(|it| remains(lost.of_index(it))).cloned(),
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
