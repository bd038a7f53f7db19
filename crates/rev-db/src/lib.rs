//! Reaching databases: the first touch of the network, and sqlx's only home.

mod certificate;
mod file;
mod lost;
mod mysql;
mod open;
mod parameters;
mod postgres;
mod rows;
mod scratch;
mod silence;
mod sqlite;
mod writing;

pub use open::{Settings, named_schema, open};
pub use scratch::{Scratch, Scratches};
