//! The command as people and scripts meet it: a case or two for each command,
//! with what it prints and how it exits, on real files and real databases.

mod across;
mod authoring;
mod broken;
mod ci;
mod counts;
mod finish;
mod git;
mod graph;
mod harness;
mod health;
mod hints;
mod json;
#[cfg(unix)]
mod links;
mod models;
mod output;
mod passwords;
mod plans;
mod promises;
mod repair;
mod reproducible;
mod runs;
mod saved;
mod schemas;
mod snapshot;
mod source;
mod sqlalchemy;
mod squash;
mod trials;
mod unseen;
