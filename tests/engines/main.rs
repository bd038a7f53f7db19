//! The promises of a run, on SQLite, PostgreSQL, MariaDB and MySQL: real servers, whole
//! processes, kills from outside.

mod across;
mod answered;
mod apply;
mod catalogue;
mod cluster;
mod commits;
mod damage;
mod drift;
mod faults;
mod groups;
mod kill;
mod models_mysql;
mod models_postgres;
mod models_swaps;
mod nasty;
mod offline;
mod pasts;
mod plain;
mod project;
mod proxy;
mod quoting;
mod race;
mod reach;
mod reports;
mod scratches;
mod scripts;
mod session;
mod squash;
mod standby;
mod story;
mod terms;
mod traps;
mod trials;
mod two_phase;
mod urls;
