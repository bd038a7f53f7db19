//! How the graph is drawn, and what stands beside it.

use std::num::NonZeroUsize;

use clap::Args;

/// What the signs of a drawing mean.
pub(super) const LEGEND: &str = "\
Signs: ◉ a head, ○ another revision, │ stands on, ╷ depends on, ~ stands on what is not drawn;
with --ascii: @ a head, o another revision. (head, billing): a head, labels. [db1]: where databases
stand, with --databases. The bright part of an id is enough to name it.";

/// What is drawn.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Drawing")]
pub(crate) struct Drawing {
    /// The newest so many
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) limit: Option<NonZeroUsize>,
    /// Those whose id or message holds this text, in any case
    #[arg(long, value_name = "TEXT")]
    pub(crate) grep: Option<String>,
    /// Show where databases stand, those that answer within 2 s
    #[arg(
        long,
        env = "REV_HISTORY_DATABASES",
        hide_env_values = true,
        value_parser = clap::builder::FalseyValueParser::new()
    )]
    pub(crate) databases: bool,
    /// Show the day on which each was made, as its file says
    #[arg(long)]
    pub(crate) dates: bool,
    /// Show who has added each file, as git says
    #[arg(long)]
    pub(crate) authors: bool,
    /// Draw with ASCII characters alone [default: on a terminal whose locale knows no others]
    #[arg(long)]
    pub(crate) ascii: bool,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

/// Whether what is longer than the screen goes through a pager.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Paging {
    /// Do not pipe what is longer than the screen into $PAGER
    #[arg(long)]
    pub(crate) no_pager: bool,
}
