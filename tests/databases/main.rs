//! The executor and the ledger against real SQLite files.

mod files;
mod inspect;
mod ledger;
mod pragmas;
mod quoted;
mod real;
mod runs;
mod schemas;
mod setting;
mod stops;
