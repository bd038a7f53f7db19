//! The disk: settings, revision files, and writing new ones.
//!
//! `rev.yaml` becomes a [`config::Config`]; each revision file becomes a
//! revision by way of [`document`]; [`project::Project`] is all of them with
//! their graph. Whatever is wrong becomes a [`Fault`] with its place, and one
//! run reports all of them. Reading never writes; [`write`](mod@write) never overwrites.

pub mod config;
pub mod document;
pub mod fault;
pub mod fence;
pub mod project;
pub mod saved;
pub mod schemas;
pub mod source;
pub mod write;

mod load;
mod shape;
mod yaml;

pub use config::{Config, Environment};
pub use document::SqlPlace;
pub use fault::{Fault, Faults, Place, Problem};
pub use fence::Fence;
pub use project::{OpenError, Project};
