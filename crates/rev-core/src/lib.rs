//! The pure heart of Revgraph: revisions, their graph, the states of databases,
//! what a target means, and the plan that leads there.
//!
//! Nothing here touches a disk, a clock, an environment or a database. Data
//! takes one road: revisions make a [`graph::Graph`]; ledger rows make a
//! [`state::State`]; a typed [`target::Target`] is resolved to a
//! [`resolve::Destination`]; [`plan`] orders the steps between the two.

pub mod arrange;
pub mod binding;
pub mod dialect;
pub mod digest;
pub mod graph;
pub mod name;
pub mod plan;
pub mod resolve;
pub mod revision;
pub mod search_path;
pub mod squash;
pub mod state;
pub mod target;
pub mod testing;
pub mod trial;
pub mod unseen;
pub mod url;

pub use binding::Binding;
pub use dialect::{Dialect, Quoting, Spelling};
pub use digest::Digest;
pub use graph::GraphFault;
pub use graph::{Graph, Kind, Node, NodeSet, Shortcut, ShortcutId};
pub use name::{DatabaseName, Label, NameError, RevisionId};
pub use plan::{Action, Goal, Lane, Plan, PlanError, Step};
pub use resolve::{Destination, ResolveError, Scope};
pub use revision::{
    Entry, Need, Revision, Script, ScriptError, Scripts, Sql, TransactionMode, Work,
};
pub use search_path::SearchPath;
pub use state::{Applied, Drift, Standing, State, StateError};
pub use target::{Point, Target, TargetError};
pub use url::{DatabaseUrl, UrlFault};
