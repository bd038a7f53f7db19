//! Patterns: which things of a schema each of them means.

use rev_core::target::glob_matches;

use crate::schema::{Constraint, Handle, Kind, Name, Schema, Table, Text};

#[derive(Debug, Clone)]
pub(super) struct Pattern {
    /// As written.
    pub(super) text: String,
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
    pub(super) fn parse(text: &str) -> Result<Self, BadPattern> {
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

    /// Whether it could mean things of this kind.
    pub(super) fn is_about(&self, kind: Kind) -> bool {
        self.kind.map_or(stands_alone(kind), |it| it == kind)
    }

    /// Whether it means this object; `owner`: its schema, or the table of a part.
    pub(super) fn matches(&self, kind: Kind, owner: Option<&Text>, name: &Text) -> bool {
        let matches = |glob: &str, text: &Text| {
            glob_matches(glob, text.as_str()) || glob_matches(glob, text.key())
        };
        self.is_about(kind)
            && matches(&self.name, name)
            && match &self.schema {
                None => true,
                Some(glob) => owner.is_some_and(|owner| matches(glob, owner)),
            }
    }

    /// Whether it means anything in a schema.
    pub(super) fn means_any(&self, schema: &Schema) -> bool {
        let named = |kind, name: &Name| self.matches(kind, name.schema.as_ref(), &name.name);
        let of_object = |(kind, on, name): &Handle| {
            let on = on.as_ref().map(|on| &on.name);
            self.matches(*kind, name.schema.as_ref().or(on), &name.name)
        };
        let mut namespaces = schema.namespaces.iter();
        schema.unread.keys().any(of_object)
            || namespaces.any(|it| self.matches(Kind::Namespace, None, it))
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
