//! The commands: each translates its arguments, asks, and words the answer.

mod authoring;
mod autogenerate;
mod check;
mod current;
mod diff;
mod dump;
mod edit;
mod history;
mod hook;
mod log;
mod plan;
mod rebase;
mod repair;
mod run;
mod show;
mod squash;
mod status;

use clap::CommandFactory as _;
use rev_core::{DatabaseName, Goal, Graph, Node};
use rev_engine::journal::InFlight;
use serde_json::{Value, json};

use crate::args::{Cli, Command, Format, Init};
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::session::Session;
use crate::terminal::Terminal;

/// Runs a command.
pub(crate) fn run(cli: Cli, terminal: Terminal) -> Result<Exit, Failure> {
    check_format(&cli)?;
    let global = &cli.global;
    let open = |command: &str| Session::open(global, terminal, command);
    match cli.command {
        Command::Init(Init {
            git_hook: Some(hook),
            ..
        }) => hook::install(hook, &open("init")?),
        Command::Init(args) => authoring::init(&args, global, terminal),
        Command::Revision(args) => authoring::revision(&args, &open("revision")?),
        Command::Merge(args) => authoring::merge(&args, &open("merge")?),
        Command::Squash(args) => squash::squash(&args, &open("squash")?),
        Command::Rebase(args) => rebase::rebase(&args, &open("rebase")?),
        Command::Heads(_) => history::heads(&open("heads")?),
        Command::Branches(_) => history::branches(&open("branches")?),
        Command::History(args) => history::history(&args, &open("history")?),
        Command::Graph(args) => history::graph(&args, &open("graph")?),
        Command::Show(args) => show::show(&args, &open("show")?),
        Command::Current(args) => current::current(&args, &open("current")?),
        Command::Status(args) => status::status(&args, &open("status")?),
        Command::Log(args) => log::log(&args, &open("log")?),
        Command::Plan(args) => plan::plan(&args, &open("plan")?),
        Command::Upgrade(args) => run::run(
            Goal::Upgrade,
            &args.targets,
            &args.running,
            &open("upgrade")?,
        ),
        Command::Downgrade(args) => run::run(
            Goal::Downgrade,
            &args.targets,
            &args.running,
            &open("downgrade")?,
        ),
        Command::Switch(args) => {
            run::run(Goal::Switch, &args.targets, &args.running, &open("switch")?)
        }
        Command::Stamp(args) => {
            run::run(Goal::Stamp, &args.targets, &args.running, &open("stamp")?)
        }
        Command::Repair(args) => repair::repair(&args, &open("repair")?),
        Command::Check(args) => check::check(&args, &open("check")?),
        Command::Diff(args) => diff::diff(&args, &open("diff")?),
        Command::Dump(args) => dump::dump(&args, &open("dump")?),
        Command::Edit(args) => edit::edit(&args, global, terminal),
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "rev", &mut script);
            terminal.data(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Done)
        }
    }
}

/// Scripts, diagrams and tables are for plans alone, and a diagram for the graph.
fn check_format(cli: &Cli) -> Result<(), Failure> {
    let suits = match cli.global.format {
        Format::Text | Format::Json => true,
        Format::Mermaid => matches!(cli.command, Command::Plan(_) | Command::Graph(_)),
        Format::Sql => matches!(
            cli.command,
            Command::Plan(_) | Command::Diff(_) | Command::Dump(_)
        ),
        Format::Markdown => matches!(cli.command, Command::Plan(_)),
    };
    if suits {
        return Ok(());
    }
    let told = Diagnostic::new("usage", "this command answers in `text` or `json` alone");
    Err(Failure::usage(told.hint(
        "`rev plan` knows `sql`, `mermaid` and `markdown`, too",
    )))
}

/// What a revision depends on: ids, and `database@id` across databases.
fn dependencies(graph: &Graph, node: Node) -> Vec<String> {
    let within = graph.ids(graph.dependencies(node)).into_iter();
    let across = graph
        .needs(node)
        .map(|it| format!("{}@{}", it.database, graph.id(it.below)));
    within.map(|id| id.to_string()).chain(across).collect()
}

/// A revision for programs.
pub(crate) fn revision_json(session: &Session, graph: &Graph, node: Node) -> Value {
    let revision = graph.revision(node);
    let ids = |nodes: Vec<Node>| {
        let ids = graph.ids(nodes);
        ids.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let labels: Vec<&str> = revision.labels.iter().map(|label| label.as_str()).collect();
    json!({
        "revision": revision.id.as_str(),
        "down_revision": ids(graph.parents(node)),
        "depends_on": dependencies(graph, node),
        "branch_labels": labels,
        "message": revision.message,
        "created": revision.created,
        "is_head": graph.children(node).is_empty(),
        "path": session.project.shown(&revision.id),
    })
}

/// `id  message  (labels)`.
pub(crate) fn revision_line(graph: &Graph, node: Node) -> String {
    use crate::terminal::{ID, NAME};
    let revision = graph.revision(node);
    let mut line = format!("{ID}{}{ID:#}", revision.id);
    if !revision.message.is_empty() {
        line.push_str(&format!("  {}", one_line(&revision.message)));
    }
    if !revision.labels.is_empty() {
        let labels: Vec<&str> = revision.labels.iter().map(|label| label.as_str()).collect();
        line.push_str(&format!("  {NAME}({}){NAME:#}", labels.join(", ")));
    }
    line
}

/// The first line of a message, without control characters.
pub(crate) fn one_line(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    first.chars().filter(|c| !c.is_control()).collect()
}

/// What is half done on a database, and how to find out more.
pub(crate) fn in_flight_line(name: &DatabaseName, in_flight: &InFlight) -> String {
    match in_flight {
        InFlight::Step(step) => {
            let stand = crate::terminal::count(step.done.len(), "statement");
            let doubt = step.next.as_ref().map_or("", |_| ", one is in doubt");
            format!(
                "half done: {} {} ({stand} done{doubt}, begun by {} at {}): `rev repair {name}`",
                step.action.name(),
                step.revision,
                step.operator,
                step.started,
            )
        }
        InFlight::TwoPhase(run) => format!(
            "a two-phase run is not concluded (begun by {} at {}): `rev repair {name}`",
            run.operator, run.started
        ),
    }
}

/// What is half done on a database, for programs.
fn in_flight_json(in_flight: &InFlight) -> Value {
    match in_flight {
        InFlight::Step(step) => json!({
            "kind": "step",
            "revision": step.revision.as_str(),
            "action": step.action.name(),
            "done": step.done.len(),
            "in_doubt": step.next.as_ref().map(|intent| &intent.statement),
            "run": step.run,
            "operator": step.operator,
            "started": step.started,
        }),
        InFlight::TwoPhase(run) => json!({
            "kind": "two_phase",
            "run": run.run,
            "operator": run.operator,
            "started": run.started,
        }),
    }
}
