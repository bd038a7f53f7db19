//! Commands for the desk: databases made and dropped, waiting for servers, and finding out what is
//! wrong.

use std::time::Duration;

use clap::Args;

/// Make databases that are not there yet, empty
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev create
  rev create db1 && rev upgrade db1@head")]
pub(crate) struct Create {
    /// Databases, groups or patterns [default: all]
    #[arg(value_name = "DATABASE")]
    pub(crate) databases: Vec<String>,
}

/// Drop databases with all that is in them; never those with `protected: true`
///
/// What is in use stays: a server's database that has sessions, and a SQLite file that is
/// locked, or open in WAL mode.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev drop db1
  rev drop --yes")]
pub(crate) struct DropDatabases {
    /// Databases, groups or patterns [default: all]
    #[arg(value_name = "DATABASE")]
    pub(crate) databases: Vec<String>,
    /// Ask nothing; needed where there is no terminal
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// Drop databases, make them again, and upgrade them to their head
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev reset db1
  rev reset --yes")]
pub(crate) struct Reset {
    /// Databases, groups or patterns [default: all]
    #[arg(value_name = "DATABASE")]
    pub(crate) databases: Vec<String>,
    /// Ask nothing; needed where there is no terminal
    #[arg(short, long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) pace: super::Pace,
}

/// Wait until databases can be reached
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev wait
  rev wait db1 --timeout 2m && rev upgrade")]
pub(crate) struct Wait {
    /// Databases, groups or patterns [default: all]
    #[arg(value_name = "DATABASE")]
    pub(crate) databases: Vec<String>,
    /// How long to wait at most
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = super::duration)]
    pub(crate) timeout: Duration,
}

/// Find out what keeps `rev` from working here: program, settings, databases, hook
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev doctor
  rev doctor --scratch postgres://localhost/postgres
  rev doctor --format json")]
pub(crate) struct Doctor {
    /// A server where throw-away databases are to be made, which is tried; may be repeated
    #[arg(long, value_name = "URL")]
    pub(crate) scratch: Vec<String>,
}
