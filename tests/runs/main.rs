//! Whole processes against real SQLite files: killed, and many at once.

mod kill;
mod project;
mod race;
