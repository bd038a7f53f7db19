//! SQL as text: what is said to each dialect, and how scripts are taken apart.
//!
//! Nothing here touches a disk or a network.

pub mod effect;
pub mod isolation;
pub mod ledger;
mod losses;
pub mod reach;
pub mod sample;
pub mod schema;
pub mod session;
pub mod split;
pub mod unusable;

pub use losses::losses;
