//! The commands that bring databases somewhere.

use std::time::Duration;

use clap::Args;

use super::Pace;

/// Flags of the commands that change databases.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct Running {
    /// Print the plan and stop
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print the script and stop
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) sql: bool,
    #[command(flatten)]
    pub(crate) pace: Pace,
    /// Work beside revisions that this checkout lacks
    #[arg(long)]
    pub(crate) beside: bool,
    /// Ask nothing before something is taken down
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Wait so long for servers that cannot be reached yet, such as 60s
    #[arg(long, value_name = "TIME", value_parser = super::duration)]
    pub(crate) wait: Option<Duration>,
}

/// Apply what is missing
#[derive(Debug, Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:
  rev upgrade
  rev upgrade db1@head db2@billing@head
  rev upgrade db1@+1 --dry-run"
)]
pub(crate) struct Upgrade {
    /// Where to [default: every database to its head]
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    #[command(flatten)]
    pub(crate) running: Running,
}

/// Take down what stands above a point
#[derive(Debug, Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:
  rev downgrade db1@-1
  rev downgrade -1
  rev downgrade db1@base --dry-run"
)]
pub(crate) struct Downgrade {
    /// Where to
    #[arg(value_name = "TARGET", required = true)]
    pub(crate) targets: Vec<String>,
    #[command(flatten)]
    pub(crate) running: Running,
}

/// Go to exactly a point: down what it lacks, up what it has
#[derive(Debug, Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:
  rev switch db1@billing@head
  rev switch db1@5f1c --dry-run"
)]
pub(crate) struct Switch {
    /// Where to
    #[arg(value_name = "TARGET", required = true)]
    pub(crate) targets: Vec<String>,
    #[command(flatten)]
    pub(crate) running: Running,
}

/// Change the ledger alone, running nothing
#[derive(Debug, Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:
  rev stamp db1@head
  rev stamp db1@base"
)]
pub(crate) struct Stamp {
    /// Where to
    #[arg(value_name = "TARGET", required = true)]
    pub(crate) targets: Vec<String>,
    #[command(flatten)]
    pub(crate) running: Running,
}
