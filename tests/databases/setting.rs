//! A graph, files to bind it to, and one call to run something.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rev_core::revision::{Entry, Script, Sql};
use rev_core::{
    Binding, DatabaseName, DatabaseUrl, Dialect, Goal, Graph, Point, Revision, RevisionId,
};
use rev_db::{Settings, open};
use rev_engine::clock::Clock;
use rev_engine::database::Database;
use rev_engine::event::{Event, Stop};
use rev_engine::executor;
use rev_engine::outcome::Outcome;
use rev_engine::request::{Commitment, Job, Request};
use tempfile::TempDir;

pub(crate) struct Setting {
    pub root: TempDir,
    pub graph: Arc<Graph>,
}

/// A clock that always says the same time of day.
pub(crate) struct TestClock(pub Instant);

impl Clock for TestClock {
    fn now(&self) -> String {
        "2026-11-23T09:00:00.000Z".to_owned()
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A revision with a script up and one down; an empty text is no script.
pub(crate) fn revision(id: &str, parents: &[&str], up: &str, down: &str) -> Revision {
    let name = |text: &str| RevisionId::new(text).expect("an id");
    let script = |text: &str| (!text.is_empty()).then(|| Script::Any(Sql::text(text)));
    let parents = parents.iter().map(|parent| name(parent)).collect();
    let mut revision = Revision::new(name(id), parents);
    revision.scripts.top = Entry {
        upgrade: script(up),
        downgrade: script(down),
        ..Entry::default()
    };
    revision
}

/// A revision that makes a table of its own name.
pub(crate) fn table(id: &str, parents: &[&str]) -> Revision {
    let up = format!("CREATE TABLE t_{id} (id INTEGER PRIMARY KEY)");
    revision(id, parents, &up, &format!("DROP TABLE t_{id}"))
}

pub(crate) fn graph(revisions: Vec<Revision>) -> Arc<Graph> {
    let revisions = revisions.into_iter().map(Arc::new).collect();
    Arc::new(Graph::new(revisions).expect("a graph"))
}

pub(crate) fn binding(name: &str) -> Arc<Binding> {
    let name = DatabaseName::new(name).expect("a name");
    Arc::new(Binding::new(name, Dialect::Sqlite))
}

pub(crate) fn settings() -> Settings {
    Settings {
        ledger_prefix: "rev_".to_owned(),
        schema: None,
        lock_timeout: Duration::from_millis(50),
        statement_timeout: Duration::ZERO,
        silence_timeout: Duration::ZERO,
        operator: "tester@here".to_owned(),
        run: "test".to_owned(),
        is_throw_away: false,
    }
}

pub(crate) fn database(path: &Path) -> Box<dyn Database> {
    let url = DatabaseUrl::of_file(path.to_owned());
    open(&url, &settings()).expect("a URL of SQLite")
}

pub(crate) fn request(goal: Goal) -> Request {
    Request {
        goal,
        beside: false,
        keep_going: false,
        commitment: Commitment::Step,
        ends_sessions: false,
        alone: false,
        unseen: Vec::new(),
        jobs: 4,
        lock_wait: None,
        operator: "tester@here".to_owned(),
        version: "0".to_owned(),
        run: "test".to_owned(),
    }
}

impl Setting {
    pub(crate) fn new(revisions: Vec<Revision>) -> Self {
        Self {
            root: tempfile::tempdir().expect("a folder"),
            graph: graph(revisions),
        }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.path().join(format!("{name}.sqlite"))
    }

    pub(crate) fn job(&self, name: &str, point: &str) -> Job {
        Job {
            binding: binding(name),
            pin: None,
            watched: false,
            points: vec![Point::parse(point).expect("a point")],
            database: database(&self.file(name)),
        }
    }

    /// Takes `db1` where `point` says.
    pub(crate) fn go(&self, goal: Goal, point: &str) -> Outcome {
        self.run(&request(goal), vec![self.job("db1", point)]).0
    }

    pub(crate) fn run(&self, request: &Request, jobs: Vec<Job>) -> (Outcome, Vec<Event>) {
        block_on(run(request, &self.graph, jobs))
    }
}

pub(crate) async fn run(
    request: &Request,
    graph: &Arc<Graph>,
    jobs: Vec<Job>,
) -> (Outcome, Vec<Event>) {
    let mut events = Vec::new();
    let clock = TestClock(Instant::now());
    let mut tell = |event| events.push(event);
    let outcome = executor::run(request, graph, jobs, &clock, &Stop::default(), &mut tell).await;
    (outcome, events)
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// How each lane ended, in short: `db1 done a b; left c; at b`.
pub(crate) fn summary(outcome: &Outcome) -> String {
    use rev_engine::outcome::End;
    let words = |ids: &[RevisionId]| {
        let words: Vec<&str> = ids.iter().map(RevisionId::as_str).collect();
        words.join(" ")
    };
    let lanes = outcome.lanes.iter().map(|lane| {
        let end = match &lane.end {
            End::Done => "done".to_owned(),
            End::Nothing => "nothing".to_owned(),
            End::HeldBack => "held back".to_owned(),
            End::Stopped => "stopped".to_owned(),
            End::Undecided(_) => "undecided".to_owned(),
            End::Refused(refusal) => format!("refused ({}): {refusal}", refusal.code()),
            End::Failed {
                revision, error, ..
            } => format!("failed at {revision}: {error}"),
        };
        let heads = lane.heads.as_deref().map_or("?".to_owned(), words);
        format!(
            "{}: {end}; did [{}]; left [{}]; at [{heads}]",
            lane.database,
            words(&lane.done),
            words(&lane.not_begun),
        )
    });
    lanes.collect::<Vec<_>>().join("\n")
}
