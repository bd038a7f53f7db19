//! Reaching databases: the first touch of the network, and sqlx's only home.

mod open;
mod sqlite;

pub use open::{Settings, open};
