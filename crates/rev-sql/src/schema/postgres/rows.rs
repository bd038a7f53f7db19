//! The rows, as their JSON says them.

use super::ground::name;
use crate::schema::{Options, Privileges, Rights};
use serde::Deserialize;

/// Schema and name.
pub(super) type Place = (String, String);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Row {
    Namespace(String),
    Enum(EnumRow),
    Sequence(SequenceRow),
    Table(Box<TableRow>),
    Object(ObjectRow),
    Needs(NeedsRow),
    Rights(RightsRow),
}

#[derive(Debug, Deserialize)]
pub(super) struct EnumRow {
    pub(super) name: Place,
    pub(super) labels: Option<Vec<String>>,
    pub(super) comment: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SequenceRow {
    pub(super) name: Place,
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) start: i64,
    pub(super) increment: i64,
    pub(super) minimum: i64,
    pub(super) maximum: i64,
    pub(super) cache: i64,
    pub(super) cycles: bool,
    pub(super) owner: Option<Place>,
    pub(super) column: Option<String>,
    pub(super) is_identity: bool,
    /// Whether a crash resets it; none is so before PostgreSQL 15.
    #[serde(default)]
    pub(super) unlogged: bool,
    pub(super) comment: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TableRow {
    pub(super) name: Place,
    /// Catalogue and number.
    pub(super) id: String,
    pub(super) unlogged: bool,
    pub(super) partition_by: Option<String>,
    pub(super) bound: Option<String>,
    pub(super) parents: Option<Vec<Place>>,
    pub(super) storage: Option<Vec<String>>,
    pub(super) row_security: bool,
    pub(super) forced: bool,
    pub(super) replica_identity: Option<String>,
    pub(super) cluster: Option<String>,
    pub(super) comment: Option<String>,
    pub(super) columns: Option<Vec<ColumnRow>>,
    pub(super) constraints: Option<Vec<ConstraintRow>>,
    pub(super) indexes: Option<Vec<IndexRow>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ColumnRow {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    pub(super) generated: Option<String>,
    pub(super) identity: Option<String>,
    pub(super) collation: Option<String>,
    pub(super) storage: Option<String>,
    pub(super) compression: Option<String>,
    pub(super) statistics: Option<i32>,
    pub(super) comment: Option<String>,
    /// Whether what the table inherits from has it, too.
    #[serde(default)]
    pub(super) given: bool,
    /// Whether the table declares it none the less.
    #[serde(default)]
    pub(super) again: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct ConstraintRow {
    pub(super) name: String,
    pub(super) definition: String,
    pub(super) columns: Option<Vec<String>>,
    pub(super) storage: Option<Vec<String>>,
    pub(super) comment: Option<String>,
    /// Whether it comes from what the table inherits from.
    #[serde(default)]
    pub(super) given: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct IndexRow {
    pub(super) name: String,
    pub(super) definition: String,
    pub(super) valid: bool,
    /// Whether it is over a partitioned table, whose parts are attached to it by name.
    #[serde(default)]
    pub(super) only: bool,
    /// Whether it is the part of an index over the whole table that comes by itself.
    #[serde(default)]
    pub(super) given: bool,
    /// The index over the whole table that it is a part of.
    pub(super) attached: Option<Place>,
    pub(super) comment: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ObjectRow {
    pub(super) kind: String,
    pub(super) name: Place,
    pub(super) on: Option<Place>,
    pub(super) create: Vec<String>,
    pub(super) language: Option<String>,
    pub(super) body: Option<String>,
    pub(super) columns: Option<Vec<(String, String)>>,
    /// Catalogue and number.
    pub(super) id: Option<String>,
    /// Where an extension lies.
    pub(super) schema: Option<String>,
    pub(super) comment: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct NeedsRow {
    /// The `id` of an object or a table.
    pub(super) of: String,
    pub(super) names: Vec<Place>,
}

impl SequenceRow {
    /// What is not the default.
    pub(super) fn options(&self) -> Options {
        let (lowest, highest) = match self.type_name.as_str() {
            "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
            "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        };
        let (minimum, maximum) = match self.increment < 0 {
            true => (lowest, -1),
            false => (1, highest),
        };
        let start = match self.increment < 0 {
            true => self.maximum,
            false => self.minimum,
        };
        let numbers = [
            ("increment by", self.increment, 1),
            ("minvalue", self.minimum, minimum),
            ("maxvalue", self.maximum, maximum),
            ("start with", self.start, start),
            ("cache", self.cache, 1),
        ];
        let numbers = numbers.into_iter().filter(|(_, found, due)| found != due);
        let mut options: Options = numbers
            .map(|(key, found, _)| (key.to_owned(), found.to_string()))
            .collect();
        if self.type_name != "bigint" {
            options.insert("as".to_owned(), self.type_name.clone());
        }
        if self.cycles {
            options.insert("cycle".to_owned(), String::new());
        }
        options
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct RightsRow {
    pub(super) kind: String,
    name: Place,
    owner: Option<String>,
    granted: Option<Vec<PrivilegesRow>>,
    revoked: Option<Vec<PrivilegesRow>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PrivilegesRow {
    role: Option<String>,
    words: Vec<String>,
    column: Option<String>,
    is_grantable: bool,
}

impl RightsRow {
    /// Whose they are, and which.
    pub(super) fn read(self) -> (Place, Rights) {
        let all = |rows: Option<Vec<PrivilegesRow>>| {
            let rows = rows.unwrap_or_default().into_iter();
            rows.map(PrivilegesRow::read).collect()
        };
        let rights = Rights {
            owner: self.owner.map(name),
            granted: all(self.granted),
            revoked: all(self.revoked),
        };
        (self.name, rights)
    }
}

impl PrivilegesRow {
    fn read(self) -> Privileges {
        Privileges {
            role: self.role.map(name),
            words: self.words,
            column: self.column.map(name),
            is_grantable: self.is_grantable,
        }
    }
}
