//! Saved plans, and how to run what is to run.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// Run a saved plan: exactly what was reviewed, or nothing
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev plan --save plan.yaml      then review plan.yaml
  rev apply plan.yaml
  rev apply plan.yaml --dry-run  whether it still fits, and what is left of it")]
pub(crate) struct Apply {
    /// The file that `rev plan --save` wrote
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Print what is left of it and stop
    #[arg(long, help_heading = "Running")]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) pace: Pace,
}

/// How lanes run beside each other, and what commits together.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct Pace {
    /// How many databases to work on at once [default: one each, up to 8]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// How long to wait for another run, such as 30s or 0 [default: as long as it lives]
    #[arg(long, value_name = "TIME", value_parser = super::duration)]
    pub(crate) lock_wait: Option<Duration>,
    /// Let the other databases go on when one fails
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Commit all steps of a database together, or none of them
    #[arg(long)]
    pub(crate) atomic: bool,
    /// Commit all databases together, or none of them (PostgreSQL)
    #[arg(long, conflicts_with = "atomic")]
    pub(crate) two_phase: bool,
    /// End the session that a killed run has left at work, instead of waiting for it
    #[arg(long)]
    pub(crate) end_session: bool,
}
