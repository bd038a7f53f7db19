//! The command line as data: one definition of each command and flag.

mod apply;
mod authoring;
mod daily;
mod drawing;
mod models;
mod patience;
mod running;
mod since;
mod snapshot;
mod test;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use apply::{Apply, Pace};
pub(crate) use authoring::{Merge, NewRevision, Rebase, Squash};
pub(crate) use daily::{Create, Doctor, DropDatabases, Reset, Wait};
pub(crate) use drawing::{Drawing, Paging};
pub(crate) use models::{Adopt, Check, Comparing, Diff, Dump, Looking};
pub(crate) use patience::Patience;
pub(crate) use running::{Downgrade, Running, Stamp, Switch, Upgrade};
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
Exit codes: 0 done, 1 refused, 2 usage, 3 stopped part-way, 4 a check found something.
Tested on SQLite 3.51, PostgreSQL 15 and 18, MariaDB 10.11 and 11.8, and MySQL 9.7.",
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
    #[arg(
        short,
        long,
        visible_short_alias = 'C',
        global = true,
        value_name = "PATH"
    )]
    pub(crate) config: Option<PathBuf>,
    /// The URL of a database, above all other settings; may be repeated
    #[arg(long, global = true, value_name = "NAME=URL")]
    pub(crate) url: Vec<String>,
    /// How to answer [possible values: text, json; plan: sql, mermaid, markdown; graph: mermaid; diff, dump: sql]
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
    Adopt(Adopt),
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
    #[command(visible_alias = "st")]
    Status(Status),
    Log(Log),
    Plan(Plan),
    Apply(Apply),
    #[command(visible_alias = "up")]
    Upgrade(Upgrade),
    #[command(visible_alias = "down")]
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
    Create(Create),
    Drop(DropDatabases),
    Reset(Reset),
    Wait(Wait),
    Doctor(Doctor),
    Schema(Schema),
    Completions(Completions),
}

/// Print the schema of a file for editors, or keep them in the project
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev schema --write
  rev schema revision > revision.schema.json")]
pub(crate) struct Schema {
    /// Which file
    #[arg(value_name = "FILE")]
    pub(crate) of: Option<SchemaOf>,
    /// Write both into `.rev`, and let rev.yaml name its own
    #[arg(long, conflicts_with = "of")]
    pub(crate) write: bool,
}

/// The files that have a schema for editors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// The settings
    #[value(name = "rev.yaml")]
    Settings,
    /// A revision
    Revision,
}

/// Start a project: rev.yaml and a folder for revisions; asks on a terminal
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev init
  rev init --database db1=sqlite://var/db1.sqlite
  rev init --database db1='${DB1_URL}' --database db2='${DB2_URL}' --dialect postgres shop
  rev init --template sqlalchemy --database db1=sqlite://var/db1.sqlite
  rev init --add stats=sqlite://var/stats.sqlite --shared false
  rev init --git-hook post-checkout")]
pub(crate) struct Init {
    /// Where [default: here]
    pub(crate) folder: Option<PathBuf>,
    /// A database and its URL, in which ${NAME} reads the environment; may be repeated
    #[arg(short, long = "database", value_name = "NAME=URL")]
    pub(crate) databases: Vec<String>,
    /// Bind one more database in a project that is there; its comments and lines stay
    #[arg(long, value_name = "NAME=URL", conflicts_with_all = ["folder", "databases", "template"])]
    pub(crate) add: Option<String>,
    /// What a database is, where its URL is a variable: postgres, mysql or sqlite, perhaps after NAME=
    #[arg(long = "dialect", value_name = "[NAME=]DIALECT")]
    pub(crate) dialects: Vec<String>,
    /// Whether the databases take scripts that name no database [default: true]
    #[arg(long, value_name = "true|false", action = clap::ArgAction::Set)]
    pub(crate) shared: Option<bool>,
    /// Files of SQL that declare the schemas, such as 'schema/*.sql'
    #[arg(long, value_name = "FILES", conflicts_with = "template")]
    pub(crate) models: Option<String>,
    /// What declares the schemas: writes rev_models.py, which prints them
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) template: Option<Template>,
    /// Start nothing; let git say after each checkout what `rev switch` would do
    #[arg(long, value_name = "HOOK", conflicts_with_all = ["folder", "databases", "template", "add"])]
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
#[command(after_help = format!("{}

Examples:
  rev history
  rev history -n 20 --databases
  rev history -r 5f1c:head
  rev history -r :billing@head -v
  rev history --grep villain --dates", drawing::LEGEND))]
pub(crate) struct History {
    /// From one point to another, either left out at will
    #[arg(short, long, value_name = "LOW:HIGH", allow_hyphen_values = true)]
    pub(crate) range: Option<String>,
    #[command(flatten)]
    pub(crate) drawing: Drawing,
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
#[command(after_help = format!("{}

Examples:
  rev graph
  rev graph --databases
  rev graph --ascii
  rev graph --format mermaid", drawing::LEGEND))]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    pub(crate) drawing: Drawing,
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
    #[command(flatten)]
    pub(crate) patience: Patience,
}

/// Show all databases on one screen: what is pending, heads, drift
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rev status
  rev status --pending --timeout 2s
  rev status reporting --format json
  rev status --ledger --format json > state.json")]
pub(crate) struct Status {
    /// Databases, groups or patterns [default: all]
    #[arg(value_name = "DATABASE")]
    pub(crate) databases: Vec<String>,
    /// Exit with 4 if anything is pending, half done or drifted, as a probe
    #[arg(long)]
    pub(crate) check: bool,
    /// Leave out the databases with nothing pending, half done or drifted
    #[arg(long)]
    pub(crate) pending: bool,
    /// With `--format json`: what the ledgers hold, too, so that `rev plan --from` can read it
    #[arg(long)]
    pub(crate) ledger: bool,
    #[command(flatten)]
    pub(crate) patience: Patience,
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
    #[command(flatten)]
    pub(crate) paging: Paging,
    #[command(flatten)]
    pub(crate) patience: Patience,
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
    /// Where databases are taken to stand, without asking them: `base`, DATABASE=ID,ID, the folder of another
    /// checkout, or a file with what `rev status --ledger --format json` said; may be repeated
    #[arg(long, value_name = "STATE")]
    pub(crate) from: Vec<String>,
    /// Work beside revisions that this checkout lacks
    #[arg(long)]
    pub(crate) beside: bool,
    /// With `--format markdown`: at most so many bytes; SQL is left out first, then steps, and a word says so
    #[arg(long, value_name = "BYTES")]
    pub(crate) size: Option<usize>,
    /// Write the plan to a file that `rev apply` runs
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) patience: Patience,
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
    /// Make a damaged ledger whole again, as far as that needs no file: tables, state, what is in flight
    #[arg(long, group = "choice")]
    pub(crate) rebuild: bool,
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
