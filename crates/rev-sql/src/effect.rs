//! What a statement does, as far as its text tells.

use std::collections::BTreeMap;

use rev_core::Dialect;
use serde::{Deserialize, Serialize};

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
