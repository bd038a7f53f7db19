//! The promises of a run, on SQLite, PostgreSQL and MariaDB: real servers, whole
//! processes, kills from outside.

mod across;
mod drift;
mod faults;
mod kill;
mod models_postgres;
mod nasty;
mod plain;
mod project;
mod proxy;
mod race;
mod scripts;
mod squash;
mod story;
mod traps;
mod two_phase;
