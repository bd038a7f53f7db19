//! What the tests of several crates share; no part of the program.

pub mod hints;
pub mod random;
pub mod scratch;
pub mod server;
pub mod sqlite;
