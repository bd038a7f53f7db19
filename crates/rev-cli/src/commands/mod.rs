//! The commands: each translates its arguments, asks, and words the answer.

mod adopt;
mod apply;
mod authoring;
mod autogenerate;
mod beside;
mod check;
mod created;
mod current;
mod diff;
mod doctor;
mod dump;
mod edit;
mod existence;
mod guarded;
mod history;
mod hook;
mod init;
mod kept;
mod log;
mod picking;
mod plan;
mod range;
mod rebase;
mod repair;
mod run;
mod schema;
mod show;
mod snapshot;
mod squash;
mod status;
mod stop;
mod test;
mod trail;
mod wait;
mod way_down;

use clap::CommandFactory as _;
use rev_core::{DatabaseName, Goal, Graph, Node};
use rev_engine::journal::InFlight;

use crate::args::{Cli, Command, Downgrade, Format, Init, Stamp, Switch, Upgrade};
use crate::completing;
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::{revision as format, status as standing};
use crate::session::Session;
use crate::terminal::Terminal;
pub(crate) use rev_render::one_line;

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
        Command::Init(args) => init::init(&args, global, terminal),
        Command::Adopt(args) => adopt::adopt(&args, global, terminal),
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
        Command::Plan(args) => plan::plan(&args, &open(&plan::typed(&args))?),
        Command::Apply(args) => {
            let command = format!("apply {}", args.file.display());
            apply::apply(&args, &open(&command)?)
        }
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
        Command::Snapshot(args) => snapshot::snapshot(&args, &open("plan")?),
        Command::Check(args) => check::check(&args, &open("check")?),
        Command::Diff(args) => diff::diff(&args, &open("diff")?),
        Command::Dump(args) => dump::dump(&args, &open("dump")?),
        Command::Test(args) => test::test(&args, &open("test")?),
        Command::Edit(args) => edit::edit(&args, global, terminal),
        Command::Create(args) => {
            let command = existence::typed("create", &args.databases);
            existence::create(&args, &open(&command)?)
        }
        Command::Drop(args) => {
            let command = existence::typed("drop", &args.databases);
            existence::drop(&args, &open(&command)?)
        }
        Command::Reset(args) => {
            let command = existence::typed("reset", &args.databases);
            existence::reset(&args, open(&command)?)
        }
        Command::Wait(args) => wait::wait(&args, &open("wait")?),
        Command::Doctor(args) => doctor::doctor(&args, global, terminal),
        Command::Schema(args) => schema::schema(&args, global, terminal),
        Command::Completions(args) => {
            let script = completing::script(args.shell).unwrap_or_else(|| {
                let mut script = Vec::new();
                clap_complete::generate(args.shell, &mut Cli::command(), "rev", &mut script);
                String::from_utf8_lossy(&script).into_owned()
            });
            terminal.data(&script)?;
            Ok(Exit::Done)
        }
    }
}

/// Scripts, diagrams and tables are for plans alone, and a diagram for the graph;
/// what is a script by its nature is nothing else.
fn check_format(cli: &Cli) -> Result<(), Failure> {
    let is_script = answers_with_script(&cli.command);
    let suits = match cli.global.format {
        Format::Text => true,
        Format::Json => !is_script,
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
    let (message, hint) = match is_script {
        true => (
            "this command answers with a script alone",
            "leave `--format` out; `rev plan` answers in `json`",
        ),
        false => (
            "this command answers in `text` or `json` alone",
            "`rev plan` knows `sql`, `mermaid` and `markdown`, too",
        ),
    };
    Err(Failure::usage(Diagnostic::new("usage", message).hint(hint)))
}

fn answers_with_script(command: &Command) -> bool {
    match command {
        Command::Completions(_) => true,
        Command::Schema(args) => args.of.is_some(),
        Command::Upgrade(Upgrade { running, .. })
        | Command::Downgrade(Downgrade { running, .. })
        | Command::Switch(Switch { running, .. })
        | Command::Stamp(Stamp { running, .. }) => running.sql,
        _ => false,
    }
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
pub(crate) fn revision_of(session: &Session, graph: &Graph, node: Node) -> format::Revision {
    let revision = graph.revision(node);
    let parents = graph.ids(graph.parents(node));
    format::Revision {
        revision: revision.id.to_string(),
        down_revision: parents.iter().map(ToString::to_string).collect(),
        depends_on: dependencies(graph, node),
        branch_labels: revision.labels.iter().map(ToString::to_string).collect(),
        message: revision.message.clone(),
        created: revision.created.clone(),
        is_head: graph.children(node).is_empty(),
        path: session.project.shown(&revision.id),
    }
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

/// That an empty database takes what others have had for long, and what else could be meant.
pub(crate) fn joins_late(database: &str, shared: usize) -> String {
    let (revisions, were) = match shared {
        1 => ("1 shared revision".to_owned(), "was"),
        _ => (crate::terminal::count(shared, "shared revision"), "were"),
    };
    format!(
        "`{database}` takes {revisions} that {were} written before it was bound;\n\
         where that is not meant, say `shared: false` beside its URL in rev.yaml, or `rev stamp {database}@head`, \
         which runs nothing"
    )
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
fn in_flight_of(in_flight: &InFlight) -> standing::InFlight {
    match in_flight {
        InFlight::Step(step) => standing::InFlight::Step {
            revision: step.revision.to_string(),
            action: step.action.into(),
            done: step.done.len(),
            in_doubt: step.next.as_ref().map(|intent| intent.statement.clone()),
            run: step.run.clone(),
            operator: step.operator.clone(),
            started: step.started.clone(),
        },
        InFlight::TwoPhase(run) => standing::InFlight::TwoPhase {
            run: run.run.clone(),
            operator: run.operator.clone(),
            started: run.started.clone(),
        },
    }
}
