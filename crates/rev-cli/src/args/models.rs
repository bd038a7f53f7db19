//! Commands and flags around declared schemas.

use clap::Args;

/// How schemas are compared.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Comparing")]
pub(crate) struct Comparing {
    /// Compare with what the revisions give on a throw-away database, not with the live one
    #[arg(long)]
    pub(crate) from_revisions: bool,
    /// A server where throw-away databases may be made [default: the database's own]; may be repeated
    #[arg(long = "scratch", value_name = "URL")]
    pub(crate) scratch: Vec<String>,
    #[command(flatten)]
    pub(crate) looking: Looking,
    /// A table or column that goes on under another name, such as hero.power:strength; may be repeated
    #[arg(long = "rename", value_name = "OLD:NEW")]
    pub(crate) renames: Vec<String>,
}

/// What is looked at.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Looking {
    /// Look at nothing but this, such as 'app_*' or 'trigger:*'; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(crate) include: Vec<String>,
    /// Leave this out, such as 'tmp_*' or 'index:hero.*'; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(crate) exclude: Vec<String>,
}

/// Begin the history of databases that are there already
#[derive(Debug, Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:
  rev adopt                      every database of rev.yaml that has a schema and no history
  rev adopt db1 --dry-run
  rev adopt db1 --url db1=sqlite://var/staging.sqlite"
)]
pub(crate) struct Adopt {
    /// Databases, groups or patterns [default: all]
    #[arg(value_name = "DATABASE")]
    pub(crate) databases: Vec<String>,
    /// What the revision is called that a history begins with
    #[arg(short, long, default_value = "baseline")]
    pub(crate) message: String,
    /// Its id [default: 12 random hex digits]
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Where a database is taken to stand, or what that revision stands on [default: the only head]
    #[arg(long, value_name = "POINT")]
    pub(crate) at: Option<String>,
    /// Look and prove, say what would be written, and stop
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// A server where throw-away databases may be made [default: the database's own]; may be repeated
    #[arg(long, value_name = "URL")]
    pub(crate) scratch: Vec<String>,
}

/// Show what `rev revision --autogenerate` would write
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev diff
  rev diff db1 --from-revisions --format sql
  rev diff --rename hero.power:strength")]
pub(crate) struct Diff {
    /// Databases, groups or patterns [default: all that have models]
    #[arg(value_name = "DATABASE")]
    pub(crate) databases: Vec<String>,
    #[command(flatten)]
    pub(crate) comparing: Comparing,
}

/// Print the schema as sorted SQL, to be read in reviews
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev dump db1
  rev dump db1 --from-revisions > schema.sql
  rev dump --exclude 'trigger:*'")]
pub(crate) struct Dump {
    /// Databases, groups or patterns [default: all]
    #[arg(value_name = "DATABASE")]
    pub(crate) databases: Vec<String>,
    /// Print what the revisions give on a throw-away database, not what is live
    #[arg(long)]
    pub(crate) from_revisions: bool,
    /// A server where throw-away databases may be made [default: the database's own]; may be repeated
    #[arg(long, value_name = "URL", requires = "from_revisions")]
    pub(crate) scratch: Vec<String>,
    #[command(flatten)]
    pub(crate) looking: Looking,
}

/// Look for mistakes in the project; exits 4 where there are any
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev check
  rev check --models
  rev check --live db1
  rev check --format json")]
pub(crate) struct Check {
    /// With --models or --live: databases, groups or patterns [default: all]
    #[arg(value_name = "DATABASE")]
    pub(crate) databases: Vec<String>,
    /// Look for what the models declare and the revisions do not give, or the other way round
    #[arg(long)]
    pub(crate) models: bool,
    /// Look for what was changed in databases by hand: what their revisions do not give
    #[arg(long)]
    pub(crate) live: bool,
    /// A server where throw-away databases may be made [default: the database's own]; may be repeated
    #[arg(long, value_name = "URL")]
    pub(crate) scratch: Vec<String>,
    #[command(flatten)]
    pub(crate) looking: Looking,
}
