//! The command as people and scripts meet it: a case or two for each command,
//! with what it prints and how it exits, on real files and real databases.

mod across;
mod adopt;
mod authoring;
mod broken;
mod ci;
#[cfg(target_os = "linux")]
mod completing;
mod counts;
mod existence;
mod finish;
#[cfg(unix)]
mod first_use;
mod fleet;
mod git;
mod graph;
mod harness;
mod health;
mod hints;
#[cfg(unix)]
mod journeys;
mod json;
mod kept;
#[cfg(unix)]
mod links;
mod models;
mod output;
mod passwords;
#[cfg(target_os = "linux")]
mod picking;
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
#[cfg(target_os = "linux")]
mod terminal;
mod trials;
mod unseen;
