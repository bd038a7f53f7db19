//! The executor and the ledger against real SQLite files.

mod files;
mod ledger;
mod runs;
mod setting;
mod stops;
