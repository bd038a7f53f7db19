//! Plans as text: for people, reviewers and servers.
//!
//! All forms are stable: no times, no paths, no secrets, nothing that depends
//! on the order in which files were read.

mod alike;
mod columns;
mod phrases;
mod plan_markdown;
mod plan_mermaid;
mod plan_sql;
mod plan_text;
mod words;

pub use alike::{Alike, alike};
pub use columns::{columns, cut, cut_lines, padded, width};
pub use phrases::{heads, losses, mermaid_text};
pub use plan_markdown::render as markdown;
pub use plan_mermaid::render as mermaid;
pub use plan_sql::{Place, needs_schema, render as sql};
pub use plan_text::{View, render as text};
pub use words::{ERROR, FAINT, GOOD, HINT, ID, NAME, WARNING, count, few, one_line};
