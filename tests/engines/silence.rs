//! A way to the server that goes silent, closes by halves, resets or is slow: a run ends by
//! itself, says what stands or that nobody knows, and the same command goes on afterwards.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use rev_testkit::program::{Running, wait_until};
use rev_testkit::random::Random;
use rev_testkit::scratch::{Engine, Scratch, postgres, server_url};

use crate::project::{Answer, Project, check_secrets, contents};
use crate::proxy::{Break, Proxy};

/// How to a server, whether or not through a pooler.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    To(Engine),
    Pooler,
}

impl Way {
    fn all() -> Vec<Self> {
        let mut ways: Vec<Self> = Engine::SERVERS.into_iter().map(Self::To).collect();
        ways.push(Self::Pooler);
        ways
    }

    fn engine(self) -> Engine {
        match self {
            Self::To(engine) => engine,
            Self::Pooler => Engine::Postgres,
        }
    }

    fn url(self, database: &Scratch) -> String {
        match self {
            Self::To(_) => database.url(),
            Self::Pooler => database.url_on(&server_url("REV_TEST_PGBOUNCER_URL")),
        }
    }
}

/// Three steps: with a schema change and rows, with rows alone, with both again.
pub(crate) fn write_history(project: &Project) {
    project.revision(
        "a",
        "null",
        "upgrade: |\n  CREATE TABLE t (n INT);\n  INSERT INTO t VALUES (1);\nirreversible: true\n",
    );
    project.revision(
        "b",
        "a",
        "upgrade: INSERT INTO t VALUES (2)\nirreversible: true\n",
    );
    project.revision(
        "c",
        "b",
        "upgrade: |\n  ALTER TABLE t ADD COLUMN m INT;\n  INSERT INTO t VALUES (3, 3);\nirreversible: true\n",
    );
}

/// Starts a command as a terminal does: whoever runs the tests may ignore some signals, and
/// its children would.
fn start(project: &Project, arguments: &[&str]) -> Running {
    let command = project.command(arguments);
    let mut started = Command::new("env");
    started
        .args(["--default-signal=HUP,INT,TERM"])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(project.root())
        .env_remove("REV_HALT_AT")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Running::start(&mut started)
}

/// Waits for a process, which is to end by itself.
#[track_caller]
fn end_of(child: Running, place: &str) -> Answer {
    Listened::to(child).end(place)
}

/// A process that is heard while it runs.
struct Listened {
    child: Running,
    told: Arc<Mutex<String>>,
    hearing: Vec<thread::JoinHandle<()>>,
}

impl Listened {
    fn to(mut child: Running) -> Self {
        let told = Arc::new(Mutex::new(String::new()));
        let errors = child.stderr.take().expect("a pipe");
        let data = child.stdout.take().expect("a pipe");
        let hearing = vec![hear(errors, told.clone()), hear(data, told.clone())];
        Self {
            child,
            told,
            hearing,
        }
    }

    fn has_said(&self, words: &str) -> bool {
        self.told.lock().expect("whole text").contains(words)
    }

    fn signal(&self, signal: &str) {
        let kill = Command::new("kill")
            .args([&format!("-{signal}"), &self.child.id().to_string()])
            .status();
        assert!(kill.expect("kill runs").success());
    }

    #[track_caller]
    fn end(mut self, place: &str) -> Answer {
        // One that does not end by itself is told, and ended, by `Running`.
        let status = self.child.wait().expect("a process");
        for hearing in self.hearing {
            hearing.join().expect("text");
        }
        let told = self.told.lock().expect("whole text");
        assert!(
            status.code().is_some(),
            "{place}: it does not end by itself:\n{told}"
        );
        check_secrets(&told);
        Answer {
            code: status.code(),
            text: told.clone(),
        }
    }
}

fn hear(
    pipe: impl std::io::Read + Send + 'static,
    told: Arc<Mutex<String>>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut told = told.lock().expect("whole text");
            told.push_str(&line);
            told.push('\n');
        }
    })
}

/// Breaks the way at one answer of the server.
fn broken_at(way: Way, how: Break, answers: usize, wanted: &str) {
    let place = format!("{way:?}, {how:?} at answer {answers}");
    let project = Project::of(way.engine());
    write_history(&project);
    let proxy = Proxy::breaking(&way.url(project.database()), answers, how);
    project.bind(|scratch| proxy.url(&way.url(scratch)));
    // A slow way is to be well with what is set by itself.
    if how != Break::Delays {
        project.add_setting("silence_timeout: 1s");
    }
    let answer = end_of(start(&project, &["upgrade"]), &place);
    let Answer { code, text } = &answer;
    // Whoever is refused before he connects meets no break.
    let is_used = proxy.is_broken() || proxy.answers() > 0;
    assert!(is_used, "{place}: the way was not used: {text}");
    let rows = project
        .database()
        .try_query("SELECT revision FROM rev_ledger")
        .unwrap_or_default();
    match code {
        Some(0) => assert_eq!(rows.len(), 3, "{place}: {text}"),
        // Whoever is told that nothing has changed is told the truth.
        Some(1) => assert!(rows.is_empty(), "{place}: {rows:?}: {text}"),
        Some(3) => assert!(
            ["in doubt", "   done", "half done"]
                .iter()
                .any(|word| text.contains(word)),
            "{place}: {text}"
        ),
        _ => panic!("{place}: {code:?}: {text}"),
    }
    if how == Break::Delays {
        assert_eq!(*code, Some(0), "{place}: {text}");
    }
    if how == Break::Silences && proxy.is_broken() {
        assert_ne!(*code, Some(0), "{place}: {text}");
    }
    project.bind(|scratch| way.url(scratch));
    // What a silent run has left on the server is ended by whoever comes next.
    end_of(start(&project, &["upgrade", "--end-session"]), &place).exits(0);
    assert_eq!(contents(project.database()), wanted, "{place}");
}

/// Breaks it at some answers of a run, or at each.
fn broken(way: Way, how: Break) {
    let undisturbed = Project::of(way.engine());
    write_history(&undisturbed);
    let proxy = Proxy::breaking(&way.url(undisturbed.database()), usize::MAX, how);
    undisturbed.bind(|scratch| proxy.url(&way.url(scratch)));
    undisturbed.rev(&["upgrade"]).exits(0);
    let wanted = contents(undisturbed.database());
    let most = proxy.answers();
    assert!(most > 10, "{way:?}: {most} answers are too few");
    let every = std::env::var("REV_SILENCES").is_ok_and(|which| which == "all");
    let mut random = Random::by_the_clock();
    let some = |random: &mut Random| 1 + random.below(most);
    let places: Vec<usize> = match every {
        true => (1..=most).collect(),
        false => (0..3).map(|_| some(&mut random)).collect(),
    };
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(&answers) = places.get(next.fetch_add(1, Ordering::SeqCst)) {
            broken_at(way, how, answers, &wanted);
        }
    };
    // They wait, and hardly compute.
    in_threads((0..3).map(|_| &work as &(dyn Fn() + Sync)).collect());
}

/// Runs these side by side, each with the name of the test.
fn in_threads(all: Vec<&(dyn Fn() + Sync)>) {
    thread::scope(|scope| {
        for work in all {
            let test = thread::current().name().map(str::to_owned);
            let builder = thread::Builder::new().name(test.unwrap_or_default());
            builder.spawn_scoped(scope, work).expect("a thread");
        }
    });
}

fn each_way(how: Break) {
    let ways: Vec<Box<dyn Fn() + Sync>> = Way::all()
        .into_iter()
        .map(|way| Box::new(move || broken(way, how)) as Box<dyn Fn() + Sync>)
        .collect();
    in_threads(ways.iter().map(|way| &**way).collect());
}

#[test]
fn a_way_that_goes_silent_is_given_up_and_told() {
    each_way(Break::Silences);
}

#[test]
fn a_connection_that_goes_silent_is_replaced() {
    each_way(Break::SilencesOne);
}

#[test]
fn a_connection_that_closes_by_halves_is_replaced() {
    each_way(Break::HalfCloses);
}

#[test]
fn a_connection_that_is_reset_is_replaced() {
    each_way(Break::Resets);
}

#[test]
fn a_slow_way_is_waited_for() {
    each_way(Break::Delays);
}

/// Whether the script's sleep runs on the server.
fn sleeps(database: &Scratch) -> bool {
    let question = match database.engine() {
        Engine::Postgres => {
            "SELECT count(*)::text FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event = 'PgSleep'"
        }
        _ => {
            "SELECT CAST(COUNT(*) AS CHAR) FROM information_schema.PROCESSLIST \
             WHERE DB = DATABASE() AND STATE = 'User sleep'"
        }
    };
    database.query(question) != ["0"]
}

fn sleep(engine: Engine, seconds: usize) -> String {
    match engine {
        Engine::Postgres => format!("SELECT pg_sleep({seconds})"),
        _ => format!("SELECT SLEEP({seconds})"),
    }
}

/// Without any bound of its own a run on a silent way ends at the second Ctrl-C, or at what
/// asks like it.
#[test]
fn whoever_asks_twice_is_not_kept_waiting_by_a_silent_server() {
    let ends = |way: Way, signals: [&str; 2]| {
        let place = format!("{way:?}, {signals:?}");
        let project = Project::of(way.engine());
        let wait = sleep(way.engine(), 60);
        project.revision(
            "a",
            "null",
            &format!("upgrade: {wait}\nirreversible: true\n"),
        );
        let proxy = Proxy::breaking(&way.url(project.database()), usize::MAX, Break::Silences);
        project.bind(|scratch| proxy.url(&way.url(scratch)));
        project.add_setting("silence_timeout: 0");
        let run = Listened::to(start(&project, &["upgrade", "db1@a"]));
        wait_until(&place, || sleeps(project.database()));
        proxy.breaks_now();
        run.signal(signals[0]);
        wait_until(&place, || {
            run.has_said("stopping after the statement at hand")
        });
        run.signal(signals[1]);
        let answer = run.end(&place);
        assert_eq!(answer.code, Some(3), "{place}: {}", answer.text);
        answer
            .says("aborting")
            .says("in doubt")
            .says("`rev status db1` tells, and `rev upgrade db1@a` goes on from there");
    };
    let signals = [
        ["INT", "INT"],
        ["TERM", "TERM"],
        ["HUP", "INT"],
        ["INT", "HUP"],
    ];
    let works: Vec<Box<dyn Fn() + Sync>> = Way::all()
        .into_iter()
        .zip(signals)
        .map(|(way, signals)| Box::new(move || ends(way, signals)) as Box<dyn Fn() + Sync>)
        .collect();
    in_threads(works.iter().map(|work| &**work).collect());
}

#[test]
fn a_pooler_whose_server_is_down_is_told() {
    let project = Project::of(Engine::Postgres);
    write_history(&project);
    let pooler = server_url("REV_TEST_PGBOUNCER_URL");
    project.bind(|scratch| {
        let url = scratch.url_on(&pooler);
        url.replace(scratch.name(), "rev_down")
    });
    for command in [&["upgrade"][..], &["status"], &["plan"], &["current"]] {
        let answer = end_of(project.start(command), "a pooler");
        assert_eq!(answer.code, Some(1), "{}", answer.text);
        answer.says("`rev_down` at");
    }
}

/// Runs a script that ends with a statement that takes longer than a silence may.
fn is_not_ended(project: &Project, before: &str) {
    let engine = project.database().engine();
    let wait = sleep(engine, 15);
    let upgrade = format!("upgrade: |\n  {before}{wait};\nirreversible: true\n");
    project.revision("b", "a", &upgrade);
    // A session that asks must be answered within this, however slow the machine is.
    project.add_setting("silence_timeout: 5s");
    let answer = project.rev(&["upgrade"]).exits(0);
    answer.says("2 revisions applied");
}

#[test]
fn a_long_statement_on_a_living_server_is_never_ended() {
    let mut works: Vec<Box<dyn Fn() + Sync>> = Vec::new();
    for way in Way::all() {
        works.push(Box::new(move || {
            let project = Project::of(way.engine());
            project.bind(|scratch| way.url(scratch));
            project.revision("a", "null", "irreversible: true\n");
            is_not_ended(&project, "");
        }));
    }
    // What a script does must not hide its session from the one that asks.
    works.push(Box::new(|| {
        let project = Project::of(Engine::Postgres);
        let zone = format!(
            "upgrade: ALTER DATABASE {} SET timezone = 'Asia/Kolkata'\nirreversible: true\n",
            project.database().name()
        );
        project.revision("a", "null", &zone);
        is_not_ended(&project, "");
    }));
    for engine in [Engine::Mariadb, Engine::Mysql] {
        works.push(Box::new(move || {
            let project = Project::of(engine);
            project.revision("a", "null", "irreversible: true\n");
            is_not_ended(&project, "SELECT RELEASE_ALL_LOCKS(); ");
        }));
    }
    in_threads(works.iter().map(|work| &**work).collect());
}

/// The pooler has one session for everybody: whoever asks after it waits for it.
#[test]
fn a_long_statement_behind_a_full_pool_is_never_ended() {
    let server = server_url("REV_TEST_POSTGRES_URL");
    let schema = format!("narrow_{}", std::process::id());
    let on_server = |sql: String| postgres(&server, &sql).expect("the schema");
    on_server(format!("CREATE SCHEMA {schema}"));
    let project = Project::of(Engine::Postgres);
    let pooler = server_url("REV_TEST_PGBOUNCER_URL");
    project.bind(|scratch| {
        let url = scratch.url_on(&pooler);
        url.replace(scratch.name(), "rev_narrow")
    });
    project.add_setting(&format!("schema: {schema}"));
    project.revision("a", "null", "irreversible: true\n");
    is_not_ended(&project, "");
    on_server(format!("DROP SCHEMA {schema} CASCADE"));
}

/// Whatever asks, a run stops in order: after the statement at hand.
#[test]
fn a_run_stops_in_order_at_whatever_asks() {
    for signal in ["INT", "TERM", "HUP"] {
        let project = Project::of(Engine::Postgres);
        let waits = "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'go') LOOP PERFORM pg_sleep(0.1); \
                     END LOOP; END $$";
        project.revision(
            "a",
            "null",
            &format!("upgrade: {waits}\nirreversible: true\n"),
        );
        project.revision(
            "b",
            "a",
            "upgrade: CREATE TABLE t (n INT)\nirreversible: true\n",
        );
        let run = Listened::to(start(&project, &["upgrade"]));
        wait_until(signal, || sleeps(project.database()));
        run.signal(signal);
        wait_until(signal, || {
            run.has_said("stopping after the statement at hand")
        });
        project.database().execute("CREATE TABLE go ()");
        let answer = run.end(signal).exits(3).says("stopped");
        answer.says("done       a").says("not begun  b");
    }
}
