//! What is unequal between two schemas, one thing at a time.

use super::{Column, Constraint, Enumeration, Index, Name, Object, Options, Sequence, Table, Text};

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A schema of PostgreSQL is new.
    CreateNamespace(Text),
    /// It is gone.
    DropNamespace(Text),
    /// An enum is new.
    CreateEnum(Enumeration),
    /// It is gone.
    DropEnum(Enumeration),
    /// It has other labels or another comment.
    ChangeEnum {
        /// As it was.
        from: Enumeration,
        /// As it will be.
        to: Enumeration,
    },
    /// A sequence is new.
    CreateSequence(Sequence),
    /// It is gone.
    DropSequence(Sequence),
    /// It counts otherwise.
    ChangeSequence {
        /// As it was.
        from: Sequence,
        /// As it will be.
        to: Sequence,
    },
    /// A table is new.
    CreateTable(Table),
    /// It is gone, with its rows.
    DropTable(Table),
    /// It is another one in places.
    ChangeTable(TableChange),
    /// An object is new.
    CreateObject(Object),
    /// It is gone.
    DropObject(Object),
    /// It has another text or comment.
    ChangeObject {
        /// As it was.
        from: Object,
        /// As it will be.
        to: Object,
    },
}

/// What differs in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableChange {
    /// As it was, with the renames done.
    pub from: Table,
    /// As it will be.
    pub to: Table,
    /// Each difference; never empty.
    pub alterations: Vec<Alteration>,
}

/// One difference in a table.
#[expect(
    clippy::large_enum_variant,
    reason = "there are few of them, and a box would be in the way of every match"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alteration {
    /// A column is new.
    AddColumn(Column),
    /// It is gone, with its values.
    DropColumn(Column),
    /// It is another one.
    ChangeColumn {
        /// As it was.
        from: Column,
        /// As it will be.
        to: Column,
    },
    /// A constraint is new.
    AddConstraint(Constraint),
    /// It is gone.
    DropConstraint(Constraint),
    /// An index is new.
    AddIndex(Index),
    /// It is gone.
    DropIndex(Index),
    /// The table leaves what it inherits from, or what it is a partition of, for others.
    ChangeParents {
        /// Those before.
        from: Vec<Name>,
        /// Those after.
        to: Vec<Name>,
    },
    /// The table has other options.
    ChangeOptions {
        /// As they were.
        from: Options,
        /// As they will be.
        to: Options,
    },
    /// The table has another comment.
    ChangeComment {
        /// As it was.
        from: Option<String>,
        /// As it will be.
        to: Option<String>,
    },
}

impl TableChange {
    pub(in crate::schema) fn drops(&self) -> bool {
        let any = |is: fn(&Alteration) -> bool| self.alterations.iter().any(is);
        any(|it| matches!(it, Alteration::DropColumn(_)))
            || any(|it| matches!(it, Alteration::DropIndex(_)))
                && !any(|it| matches!(it, Alteration::AddIndex(_)))
            || any(|it| matches!(it, Alteration::DropConstraint(_)))
                && !any(|it| matches!(it, Alteration::AddConstraint(_)))
    }
}
