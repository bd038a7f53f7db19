//! Small notation for schemas in tests.

use std::collections::BTreeMap;

use super::{
    Column, Constraint, Deferral, Index, Kind, Name, Object, Part, Reference, Rule, Schema, Table,
    Text,
};

/// A name.
pub(crate) fn name(text: &str) -> Name {
    match text.split_once('.') {
        None => Name::bare(Text::caseless(text)),
        Some((schema, name)) => Name {
            schema: Some(Text::caseless(schema)),
            name: Text::caseless(name),
        },
    }
}

/// A schema, a line a thing: `hero: id name team_id>team`, `index ix on hero: name`,
/// `view v: hero team`, `trigger t on hero: team`.
pub(crate) fn schema(text: &str) -> Schema {
    let mut schema = Schema::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (head, rest) = line.split_once(':').expect("a colon");
        let words: Vec<&str> = rest.split_whitespace().collect();
        match head.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["index", index, "on", table] => {
                let table = schema.tables.get_mut(&name(table)).expect("a table");
                table.indexes.push(self::index(index, &words));
            }
            ["view", view] => schema.add_object(object(Kind::View, view, None, &words)),
            ["routine", it] => schema.add_object(object(Kind::Routine, it, None, &words)),
            ["trigger", trigger, "on", table] => {
                let on = Some(name(table));
                schema.add_object(object(Kind::Trigger, trigger, on, &words));
            }
            [table] => schema.add_table(self::table(table, &words)),
            other => panic!("{other:?}"),
        }
    }
    schema
}

fn index(index: &str, columns: &[&str]) -> Index {
    Index {
        name: Text::caseless(index),
        unique: false,
        method: None,
        parts: columns
            .iter()
            .map(|it| Part::column(Text::caseless(*it)))
            .collect(),
        include: Vec::new(),
        predicate: None,
        options: BTreeMap::new(),
        comment: None,
    }
}

fn object(kind: Kind, own: &str, on: Option<Name>, needs: &[&str]) -> Object {
    Object {
        kind,
        name: name(own),
        on,
        create: vec![Text::exact(format!(
            "CREATE {} {own}",
            kind.word().to_uppercase()
        ))],
        needs: needs.iter().map(|it| name(it)).collect(),
        after: Default::default(),
        columns: Vec::new(),
        comment: None,
    }
}

fn table(table: &str, columns: &[&str]) -> Table {
    let mut made = Table {
        name: name(table),
        ..Table::default()
    };
    for column in columns {
        let (column, target) = match column.split_once('>') {
            None => (*column, None),
            Some((column, target)) => (column, Some(target)),
        };
        let text = Text::caseless(column);
        made.columns.push(Column {
            name: text.clone(),
            type_name: Text::caseless("TEXT"),
            nullable: true,
            ..Column::default()
        });
        made.constraints.extend(target.map(|target| Constraint {
            name: None,
            rule: Rule::ForeignKey(Reference {
                columns: vec![text],
                table: name(target),
                targets: vec![Text::caseless("id")],
                on_update: None,
                on_delete: None,
            }),
            deferral: Deferral::Never,
            options: BTreeMap::new(),
            comment: None,
        }));
    }
    made
}
