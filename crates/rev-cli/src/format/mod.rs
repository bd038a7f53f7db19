//! The formats that programs may rely on, as types: what `--format json` answers of
//! revisions, plans, runs, states and logs, and the files that `rev` writes for itself.
//!
//! Each has a JSON Schema in `docs/schemas`, made from its type; a test fails where
//! they differ. What is added here is added for good.

pub(crate) mod adopt;
pub(crate) mod authoring;
pub(crate) mod desk;
pub(crate) mod error;
pub(crate) mod existence;
pub(crate) mod log;
pub(crate) mod plan;
pub(crate) mod repair;
pub(crate) mod revision;
pub(crate) mod run;
pub(crate) mod saved;
pub(crate) mod schema;
#[cfg(test)]
mod schemas;
pub(crate) mod snapshot;
pub(crate) mod status;
pub(crate) mod trial;
mod words;

pub(crate) use words::{Action, Dialect, Direction, Goal, Transaction, Until};
