//! The command line as data: one definition of each command and flag.

mod apply;
mod models;
mod since;
mod snapshot;
mod test;

use std::num::NonZeroUsize;
use std::path::PathBuf;

pub(crate) use models::{Check, Comparing, Diff, Dump, Looking};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use apply::{Apply, Pace};
pub(crate) use snapshot::Snapshot;
pub(crate) use test::Test;

/// Revision-graph migrations for many databases.
#[derive(Debug, Parser)]
#[command(
    name = "rev",
    version,
    about = "Keeps the schemas of many databases moving together",
    after_help = "Examples:
  rev init --database db1=sqlite://var/db1.sqlite
  rev revision -m \"add hero\"
  rev upgrade                      every database to its head

Targets are [DATABASE@]POINT: db1@head, reporting@5f1c, billing@head, db2@-1, base.
Exit codes: 0 done, 1 refused, 2 usage, 3 stopped part-way, 4 a check found something.",
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// The settings file, or the folder that holds it [default: the next rev.yaml here or above]
    #[arg(short, long, global = true, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    /// The URL of a database, above all other settings; may be repeated
    #[arg(long, global = true, value_name = "NAME=URL")]
    pub(crate) url: Vec<String>,
    /// How to answer [possible values: text, json; for plans also sql, mermaid, markdown]
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub(crate) format: Format,
    /// Say more
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Say only what was asked for, and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// When to colour
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub(crate) color: Color,
}

/// How a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// A script, for plans.
    Sql,
    /// A diagram, for plans.
    Mermaid,
    /// Tables, for plans.
    Markdown,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Even into a file.
    Always,
    /// Not at all.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(Init),
    #[command(visible_alias = "new")]
    Revision(NewRevision),
    Merge(Merge),
    Rebase(Rebase),
    Squash(Squash),
    Heads(Heads),
    Branches(Branches),
    History(History),
    Show(Show),
    Graph(GraphArgs),
    Current(Current),
    Status(Status),
    Log(Log),
    Plan(Plan),
    Apply(Apply),
    Upgrade(Upgrade),
    Downgrade(Downgrade),
    Switch(Switch),
    Stamp(Stamp),
    Snapshot(Snapshot),
    Check(Check),
    Diff(Diff),
    Dump(Dump),
    Test(Test),
    Repair(Repair),
    Edit(Edit),
    Completions(Completions),
}

/// Start a project: rev.yaml and a folder for revisions
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev init --database db1=sqlite://var/db1.sqlite
  rev init --database db1='${DB1_URL}' --database db2='${DB2_URL}' shop
  rev init --template sqlalchemy --database db1=sqlite://var/db1.sqlite
  rev init --git-hook post-checkout")]
pub(crate) struct Init {
    /// Where [default: here]
    pub(crate) folder: Option<PathBuf>,
    /// A database and its URL, in which ${NAME} reads the environment; may be repeated
    #[arg(short, long = "database", value_name = "NAME=URL")]
    pub(crate) databases: Vec<String>,
    /// What declares the schemas: writes rev_models.py, which prints them
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) template: Option<Template>,
    /// Start nothing; let git say after each checkout what `rev switch` would do
    #[arg(long, value_name = "HOOK", conflicts_with_all = ["folder", "databases", "template"])]
    pub(crate) git_hook: Option<GitHook>,
}

/// What can declare the schemas of a new project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// Declarative models of SQLAlchemy
    Sqlalchemy,
}

/// The hooks of git that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GitHook {
    /// After `git checkout` and `git switch`
    PostCheckout,
}

/// Write a new revision file
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev revision -m \"add hero\"
  rev revision -m \"add hero\" --autogenerate
  rev revision -m \"count fights\" --database db2 --sql fights.sql
  rev revision -m \"start billing\" --head base --branch-label billing")]
pub(crate) struct NewRevision {
    /// What the change is
    #[arg(short, long)]
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
    #[arg(short, long)]
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
    #[arg(short, long)]
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

/// List the revisions that have no child
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev heads
  rev heads --format json")]
pub(crate) struct Heads {}

/// List branch labels and the points where history forks
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev branches
  rev branches --format json")]
pub(crate) struct Branches {}

/// List revisions, newest first, with their graph
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev history
  rev history -r 5f1c:head
  rev history -r :billing@head -v")]
pub(crate) struct History {
    /// From one point to another, either left out at will
    #[arg(short, long, value_name = "LOW:HIGH", allow_hyphen_values = true)]
    pub(crate) range: Option<String>,
}

/// Show a revision with its scripts
#[derive(Debug, Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:
  rev show head
  rev show db1@current
  rev show 5f1c --format json"
)]
pub(crate) struct Show {
    /// A point, or a point of one database
    #[arg(value_name = "POINT")]
    pub(crate) target: String,
}

/// Draw the graph of all revisions
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev graph
  rev graph --ascii
  rev graph --format mermaid")]
pub(crate) struct GraphArgs {
    /// Draw with ASCII characters alone
    #[arg(long)]
    pub(crate) ascii: bool,
}

/// Say where databases stand
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev current
  rev current db1 -v")]
pub(crate) struct Current {
    /// Databases, groups or patterns [default: all]
    #[arg(value_name = "DATABASE")]
    pub(crate) databases: Vec<String>,
}

/// Show all databases on one screen: heads, what is pending, drift
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev status
  rev status reporting --format json")]
pub(crate) struct Status {
    /// Databases, groups or patterns [default: all]
    #[arg(value_name = "DATABASE")]
    pub(crate) databases: Vec<String>,
    /// Exit with 4 if anything is pending, half done or drifted, as a probe
    #[arg(long)]
    pub(crate) check: bool,
}

/// Read what was done to databases, and when
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev log db1
  rev log db1 --since 2h
  rev log db1 --limit 5 --format json")]
pub(crate) struct Log {
    /// Databases, groups or patterns [default: all]
    #[arg(value_name = "DATABASE")]
    pub(crate) databases: Vec<String>,
    /// What was begun since then: 2026-11-25T09:00:00Z, 2026-11-25 (UTC), or how long ago, such as 2h or 3d
    #[arg(long, value_name = "WHEN", value_parser = since::since)]
    pub(crate) since: Option<jiff::Timestamp>,
    /// The last so many lines of each
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) limit: Option<NonZeroUsize>,
}

/// Print what would run, without running it
#[derive(Debug, Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:
  rev plan
  rev plan db1@head --from base
  rev plan downgrade db1@-1
  rev plan --from db1=5f1c,c20f db1@head --format sql
  rev plan db1@head --save plan.yaml"
)]
pub(crate) struct Plan {
    /// upgrade (if left out), downgrade, switch or stamp; then targets
    #[arg(value_name = "ACTION] [TARGET")]
    pub(crate) words: Vec<String>,
    /// Where databases are taken to stand, without asking them: `base`, DATABASE=ID,ID, or a file with what
    /// `rev status --format json` said; may be repeated
    #[arg(long, value_name = "STATE")]
    pub(crate) from: Vec<String>,
    /// Work beside revisions that this checkout lacks
    #[arg(long)]
    pub(crate) beside: bool,
    /// Write the plan to a file that `rev apply` runs
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
}

/// Settle what a killed run has left half done, and what files and ledger disagree on
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev repair
  rev repair db1 --resume
  rev repair db1 --not-applied
  rev repair db1 --redo 5f1c
  rev repair db1 --accept 5f1c")]
pub(crate) struct Repair {
    /// The databases [default: all]
    pub(crate) databases: Vec<String>,
    /// Finish the step that is half done, or conclude the two-phase run
    #[arg(long, group = "choice")]
    pub(crate) resume: bool,
    /// The statement in doubt took effect; with none in doubt: the whole step is done
    #[arg(long, group = "choice")]
    pub(crate) applied: bool,
    /// The statement in doubt took no effect; with none in doubt: nothing of the step stands
    #[arg(long, group = "choice")]
    pub(crate) not_applied: bool,
    /// Take an edited revision down as it was applied, and up as its file is now; may be repeated
    #[arg(long, value_name = "POINT", group = "choice")]
    pub(crate) redo: Vec<String>,
    /// Write down that an edited or re-parented revision is applied as its file is now; runs nothing; may be repeated
    #[arg(long, value_name = "POINT", group = "choice")]
    pub(crate) accept: Vec<String>,
    /// End the session that a killed run has left at work, instead of waiting for it
    #[arg(long)]
    pub(crate) end_session: bool,
    /// How long to wait for another run, such as 30s or 0 [default: as long as it lives]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) lock_wait: Option<std::time::Duration>,
}

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

/// Open the file of a revision in your editor
#[derive(Debug, Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:
  rev edit head
  EDITOR=vi rev edit 5f1c"
)]
pub(crate) struct Edit {
    /// Which revision
    #[arg(value_name = "POINT")]
    pub(crate) point: String,
}

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev completions bash > ~/.local/share/bash-completion/completions/rev
  rev completions zsh > ~/.zfunc/_rev")]
pub(crate) struct Completions {
    /// Which shell
    pub(crate) shell: clap_complete::Shell,
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    rev_store::config::duration(text).ok_or_else(|| "such as 500ms, 30s, 2m or 0".to_owned())
}
