//! Differences in words: a sentence each.

use super::{Alteration, Change, TableChange};
use crate::schema::{Column, Constraint, Index, Kind, Name, Part, PartOf, Rule, Text};

impl Change {
    /// A sentence for each difference.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let one = |verb: &str, kind: Kind, name: &dyn std::fmt::Display| {
            vec![format!("{verb} {} `{name}`", kind.noun())]
        };
        match self {
            Change::CreateNamespace(name) => one("creates", Kind::Namespace, name),
            Change::DropNamespace(name) => one("drops", Kind::Namespace, name),
            Change::CreateEnum(it) => one("creates", Kind::Enum, &it.name),
            Change::DropEnum(it) => one("drops", Kind::Enum, &it.name),
            Change::ChangeEnum { to, .. } => one("changes", Kind::Enum, &to.name),
            Change::CreateSequence(it) => one("creates", Kind::Sequence, &it.name),
            Change::DropSequence(it) => one("drops", Kind::Sequence, &it.name),
            Change::ChangeSequence { from, to } if from.name != to.name => {
                vec![format!("renames sequence `{}` to `{}`", from.name, to.name)]
            }
            Change::ChangeSequence { to, .. } => one("changes", Kind::Sequence, &to.name),
            Change::CreateTable(it) => one("creates", Kind::Table, &it.name),
            Change::DropTable(it) => one("drops", Kind::Table, &it.name),
            Change::ChangeTable(it) => it.sentences(),
            Change::CreateObject(it) => one("creates", it.kind, &it.name),
            Change::DropObject(it) => one("drops", it.kind, &it.name),
            Change::ChangeObject { to, .. } => one("changes", to.kind, &to.name),
        }
    }
}

impl TableChange {
    /// What goes and comes under the same name, or on the same columns, has changed.
    fn sentences(&self) -> Vec<String> {
        let table = &self.to.name;
        let titles = |of: fn(&Alteration) -> Option<String>| -> Vec<String> {
            self.alterations.iter().filter_map(of).collect()
        };
        let (gone, new) = (
            titles(Alteration::title_gone),
            titles(Alteration::title_new),
        );
        let mut sentences = Vec::new();
        for alteration in &self.alterations {
            match (alteration.title_gone(), alteration.title_new()) {
                (Some(title), _) if new.contains(&title) => {
                    sentences.push(format!("changes {title} on `{table}`"));
                }
                (Some(title), _) => sentences.push(format!("drops {title} on `{table}`")),
                (_, Some(title)) if gone.contains(&title) => {}
                (_, Some(title)) => sentences.push(format!("adds {title} on `{table}`")),
                (None, None) => sentences.extend(alteration.sentence(table)),
            }
        }
        sentences
    }
}

impl Alteration {
    /// The title of a constraint or index that goes.
    fn title_gone(&self) -> Option<String> {
        match self {
            Alteration::DropConstraint(it) => Some(constraint_title(it)),
            Alteration::DropIndex(it) => Some(index_title(it)),
            _ => None,
        }
    }

    /// The title of a constraint or index that comes.
    fn title_new(&self) -> Option<String> {
        match self {
            Alteration::AddConstraint(it) => Some(constraint_title(it)),
            Alteration::AddIndex(it) => Some(index_title(it)),
            _ => None,
        }
    }

    fn sentence(&self, table: &Name) -> Option<String> {
        Some(match self {
            Alteration::AddColumn(it) => format!("adds column `{table}.{}`", it.name),
            Alteration::DropColumn(it) => format!("drops column `{table}.{}`", it.name),
            Alteration::ChangeColumn { from, to } => {
                let what = column_differences(from, to).join(", ");
                format!("changes column `{table}.{}`: {what}", to.name)
            }
            Alteration::ChangeParents { from, to } => {
                let list = |names: &[Name]| {
                    let names = names.iter().map(|it| format!("`{it}`"));
                    names.collect::<Vec<_>>().join(" and ")
                };
                match (&from[..], &to[..]) {
                    (left, []) => format!("parts table `{table}` from {}", list(left)),
                    ([], joined) => format!("joins table `{table}` to {}", list(joined)),
                    (left, joined) => format!(
                        "parts table `{table}` from {} and joins it to {}",
                        list(left),
                        list(joined)
                    ),
                }
            }
            Alteration::ChangeOptions { .. } => format!("changes the options of table `{table}`"),
            Alteration::ChangeComment { .. } => format!("changes the comment of table `{table}`"),
            Alteration::AddConstraint(_)
            | Alteration::DropConstraint(_)
            | Alteration::AddIndex(_)
            | Alteration::DropIndex(_) => return None,
        })
    }
}

/// In what two columns differ, as short phrases: `type TEXT to INTEGER`.
fn column_differences(from: &Column, to: &Column) -> Vec<String> {
    let mut phrases = Vec::new();
    let or_none = |text: Option<&str>| {
        text.filter(|it| !it.is_empty())
            .unwrap_or("none")
            .to_owned()
    };
    let mut note = |what: &str, from: String, to: String| {
        phrases.push(format!("{what} {from} to {to}"));
    };
    let text = |text: &Option<Text>| or_none(text.as_ref().map(Text::as_str));
    if from.type_name != to.type_name {
        let name = |column: &Column| or_none(Some(column.type_name.as_str()));
        note("type", name(from), name(to));
    }
    if from.nullable != to.nullable {
        let word = |nullable| if nullable { "NULL" } else { "NOT NULL" }.to_owned();
        note("from", word(from.nullable), word(to.nullable));
    }
    if from.default != to.default {
        note("default", text(&from.default), text(&to.default));
    }
    if from.collation != to.collation {
        note("collation", text(&from.collation), text(&to.collation));
    }
    if from.generated != to.generated {
        phrases.push("how it is computed".to_owned());
    }
    if from.identity != to.identity {
        phrases.push("how its numbers are drawn".to_owned());
    }
    if from.options != to.options {
        phrases.push("options".to_owned());
    }
    if from.comment != to.comment {
        phrases.push("comment".to_owned());
    }
    phrases
}

fn constraint_title(constraint: &Constraint) -> String {
    let kind = constraint.kind().noun();
    match (&constraint.name, &constraint.rule) {
        (Some(name), _) => format!("{kind} `{name}`"),
        (None, Rule::Check(text)) => format!("{kind} ({text})"),
        (None, Rule::ForeignKey(it)) => {
            format!("{kind} ({}) to `{}`", names(&it.columns), it.table)
        }
        (None, Rule::PrimaryKey(parts) | Rule::Unique(parts)) => {
            let columns: Vec<Text> = parts.iter().map(part_text).collect();
            format!("{kind} ({})", names(&columns))
        }
        (None, Rule::Exclusion(_)) => kind,
    }
}

fn index_title(index: &Index) -> String {
    format!("index `{}`", index.name)
}

fn part_text(part: &Part) -> Text {
    match &part.of {
        PartOf::Column(text) | PartOf::Expression(text) => text.clone(),
    }
}

fn names(names: &[Text]) -> String {
    let names: Vec<&str> = names.iter().map(Text::as_str).collect();
    names.join(", ")
}
