//! `rev test`.

use std::path::PathBuf;

use clap::Args;

/// Prove revisions on throw-away databases: up, down, up again; exits 4 where one fails
#[derive(Debug, Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:
  rev test
  rev test head
  rev test 5f1c:head --database db1 -v
  rev test --scratch postgres://localhost/postgres --junit tests.xml"
)]
pub(crate) struct Test {
    /// Revisions, as POINT, LOW:HIGH or LABEL, each perhaps with DATABASE@ before it [default: all]
    #[arg(value_name = "REVISION")]
    pub(crate) revisions: Vec<String>,
    /// A database, group or pattern to prove them for [default: all]; may be repeated
    #[arg(short, long = "database", value_name = "NAME")]
    pub(crate) databases: Vec<String>,
    /// A server where throw-away databases may be made; may be repeated
    #[arg(long, value_name = "URL")]
    pub(crate) scratch: Vec<String>,
    /// How many databases to work on at once [default: one each, up to 8]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Write a report for a build server; `-`: to stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}
