//! What the tests of several crates share; no part of the program.

pub mod scratch;
pub mod sqlite;
