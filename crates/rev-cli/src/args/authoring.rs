//! The commands that write revisions.

use std::path::PathBuf;

use clap::Args;

use super::Comparing;

/// Write a new revision file
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev new -m \"add hero\" -e
  rev revision -m \"add hero\" --autogenerate
  rev revision -m \"count fights\" --database db2 --sql fights.sql
  rev revision -m \"start billing\" --head base --branch-label billing")]
pub(crate) struct NewRevision {
    /// What the change is
    #[arg(short, long, value_parser = message)]
    pub(crate) message: String,
    /// Its id [default: 12 random hex digits]
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// What it stands on [default: the only head]
    #[arg(long, value_name = "POINT")]
    pub(crate) head: Option<String>,
    /// Allow a parent that has children already: starts a branch
    #[arg(long)]
    pub(crate) splice: bool,
    /// A name for the branch that starts here; may be repeated
    #[arg(long = "branch-label", value_name = "LABEL")]
    pub(crate) branch_labels: Vec<String>,
    /// A revision or label that must be applied first; may be repeated
    #[arg(long = "depends-on", value_name = "REVISION")]
    pub(crate) depends_on: Vec<String>,
    /// A database or group that the scripts are for [default: every shared database]; may be repeated
    #[arg(short, long = "database", value_name = "NAME")]
    pub(crate) databases: Vec<String>,
    /// Open it in the editor that `VISUAL` or `EDITOR` names
    #[arg(short, long)]
    pub(crate) edit: bool,
    /// A file with the upgrade script
    #[arg(long, value_name = "FILE")]
    pub(crate) sql: Option<PathBuf>,
    /// A file with the downgrade script
    #[arg(long = "down-sql", value_name = "FILE")]
    pub(crate) down_sql: Option<PathBuf>,
    /// Write the scripts that bring databases to what their models declare
    #[arg(long, conflicts_with_all = ["sql", "down_sql"])]
    pub(crate) autogenerate: bool,
    #[command(flatten)]
    pub(crate) comparing: Comparing,
}

/// Write a revision that joins several heads
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev merge
  rev merge 7be1 c20f -m \"join billing and accounts\"")]
pub(crate) struct Merge {
    /// What to join [default: all heads]
    #[arg(value_name = "REVISION")]
    pub(crate) points: Vec<String>,
    /// What the merge is
    #[arg(short, long, value_parser = message)]
    pub(crate) message: Option<String>,
    /// A name for the line that starts here; may be repeated
    #[arg(long = "branch-label", value_name = "LABEL")]
    pub(crate) branch_labels: Vec<String>,
    /// Its id [default: 12 random hex digits]
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Allow parents that have children already
    #[arg(long)]
    pub(crate) splice: bool,
}

/// Move a branch that no database has applied onto another revision
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev rebase c20f --onto head
  rev rebase billing --onto 7be1
  rev rebase c20f --onto 7be1 --applied-on db1")]
pub(crate) struct Rebase {
    /// The branch, by its last revision or its label: all of it that does not stand below ONTO moves
    #[arg(value_name = "REVISION")]
    pub(crate) branch: String,
    /// What the branch is to stand on
    #[arg(long, value_name = "POINT")]
    pub(crate) onto: String,
    /// A database that has applied it, which `rev repair --accept` is to tell afterwards; may be repeated
    #[arg(long, value_name = "DATABASE")]
    pub(crate) applied_on: Vec<String>,
    /// Do not ask any database
    #[arg(long, conflicts_with = "applied_on")]
    pub(crate) offline: bool,
}

/// Do the work of several revisions in one step: write a shortcut
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev squash base:5f1c -m \"the schema of 2025\"
  rev squash billing
  rev squash 5f1c:head --scratch postgres://localhost/postgres
  rev squash --finish")]
pub(crate) struct Squash {
    /// What to squash: LOW:HIGH (both included), base:REVISION, or a label; with --finish, shortcuts
    #[arg(value_name = "RANGE", required_unless_present = "finish")]
    pub(crate) range: Vec<String>,
    /// What it is, for people
    #[arg(short, long, value_parser = message)]
    pub(crate) message: Option<String>,
    /// Its id [default: 12 random hex digits]
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Take the way up from the schema of a database that stands exactly at the end
    #[arg(long, value_name = "DATABASE")]
    pub(crate) from_database: Option<String>,
    /// With --from-database: leave out the rows that revisions write
    #[arg(long, requires = "from_database")]
    pub(crate) without_rows: bool,
    /// A server where throw-away databases may be made, to prove it there; may be repeated
    #[arg(long, value_name = "URL")]
    pub(crate) scratch: Vec<String>,
    /// Do not prove that both ways give the same schema
    #[arg(long, conflicts_with = "scratch")]
    pub(crate) no_proof: bool,
    /// Remove the files of what shortcuts replace, once every database is past it
    #[arg(long, conflicts_with_all = ["message", "id", "from_database", "scratch", "no_proof"])]
    pub(crate) finish: bool,
    /// With --finish: do not ask any database
    #[arg(long, requires = "finish")]
    pub(crate) offline: bool,
}

/// A message that says something.
fn message(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("say in a few words what changes, such as \"add hero\"".to_owned());
    }
    Ok(text.to_owned())
}
