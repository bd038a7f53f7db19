//! What the tests of several crates share; no part of the program.

pub mod answers;
mod engine;
pub mod hints;
mod memory;
pub mod program;
pub mod random;
pub mod scratch;
pub mod server;
mod session;
pub mod sqlite;
