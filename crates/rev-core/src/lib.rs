//! The pure heart of Revgraph: revisions, their graph, the states of databases,
//! what a target means, and the plan that leads there.
//!
//! Nothing here touches a disk, a clock, an environment or a database. Data
//! takes one road: revisions make a graph; ledger rows make a
//! state; a typed target is resolved to a
//! destination; plan orders the steps between the two.

pub mod binding;
pub mod dialect;
pub mod digest;
pub mod name;
pub mod revision;

pub use binding::Binding;
pub use dialect::Dialect;
pub use digest::Digest;
pub use name::{DatabaseName, Label, NameError, RevisionId};
pub use revision::{Entry, Revision, Script, ScriptError, Scripts, Sql, TransactionMode, Work};
