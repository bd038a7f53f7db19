//! The executor and the ledger against real SQLite files.

mod files;
mod inspect;
mod ledger;
mod real;
mod runs;
mod schemas;
mod setting;
mod stops;
