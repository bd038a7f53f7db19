//! Plans with a name, whose text is kept in the repository.

use clap::Args;

/// Keep the text of named plans in the repository, and see when it changes
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev snapshot             writes those that are missing, and tells what differs
  rev snapshot --check     writes nothing, and exits 4 where anything differs; for CI
  rev snapshot --update    takes over what differs, and removes what rev.yaml no longer names")]
pub(crate) struct Snapshot {
    /// Which of `snapshots:` in rev.yaml [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Write nothing; exit with 4 where one differs, is missing, or is named no longer
    #[arg(long)]
    pub(crate) check: bool,
    /// Write what differs, too, and remove what is named no longer
    #[arg(long, conflicts_with = "check")]
    pub(crate) update: bool,
}
