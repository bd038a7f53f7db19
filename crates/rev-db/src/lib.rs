//! Reaching databases: the first touch of the network, and sqlx's only home.

mod certificate;
mod existence;
mod file;
mod kind;
mod lost;
mod mysql;
mod open;
mod parameters;
mod postgres;
mod rows;
mod scratch;
mod settings;
mod silence;
mod sqlite;
mod whereabouts;
mod writing;

pub use existence::{Made, create, drop, is_there};
pub use open::{named_schema, open};
pub use scratch::{Scratch, Scratches};
pub use settings::Settings;
pub use whereabouts::Whereabouts;
