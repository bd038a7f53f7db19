//! Revgraph in a Rust service's own tests: plans as snapshots, revisions proven on
//! throw-away databases, and a database at its head for whatever the service does.
//!
//! Nothing here opens a database of the project, and nothing depends on the
//! environment: what a test says is the same on every machine.
//!
//! ```no_run
//! use rev_testing::{Plan, assert_plan_snapshot};
//!
//! let project = concat!(env!("CARGO_MANIFEST_DIR"), "/db");
//! assert_plan_snapshot!(Plan::of(project).to(&["db1@head"]));
//! rev_testing::prove(project).expect("a project").assert_good();
//! let schema = rev_testing::Schema::at(project, "db1@head").expect("a database");
//! println!("{}", schema.url());
//! ```

mod error;
mod plan;
mod proof;
mod run;
mod schema;

pub use error::Error;
#[doc(hidden)]
pub use insta;
pub use plan::Plan;
pub use proof::{Proofs, prove};
pub use schema::Schema;

/// Asserts the text of a [`Plan`] as an insta snapshot, named or inline as with
/// `insta::assert_snapshot!`.
///
/// # Panics
///
/// Where there is no such plan, or it is another one than the snapshot has.
#[macro_export]
macro_rules! assert_plan_snapshot {
    ($name:literal, $plan:expr $(,)?) => {
        $crate::insta::assert_snapshot!($name, $crate::Plan::shown(&$plan))
    };
    ($plan:expr, @$inline:literal $(,)?) => {
        $crate::insta::assert_snapshot!($crate::Plan::shown(&$plan), @$inline)
    };
    ($plan:expr $(,)?) => {
        $crate::insta::assert_snapshot!($crate::Plan::shown(&$plan))
    };
}
