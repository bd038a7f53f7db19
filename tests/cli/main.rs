//! The command as people and scripts meet it: a case or two for each command,
//! with what it prints and how it exits, on real files and real databases.

mod authoring;
mod broken;
mod git;
mod graph;
mod harness;
mod health;
mod models;
mod plans;
mod runs;
mod sqlalchemy;
mod squash;
