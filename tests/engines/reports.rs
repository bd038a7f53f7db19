//! Who loses a race without a lock reports what it did itself, and nothing of the winner's.
//!
//! One run stands still at each of its boundaries in turn while another one of the same
//! command goes to its end beside it: through a pooler, which keeps no session's lock; on
//! SQLite with the lock file taken away; on PostgreSQL with the guard's session ended. What
//! both say they did is what the log has, each step once, by the run that said so.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rev_testkit::program::Running;
use rev_testkit::scratch::{Engine, server_url};
use serde_json::Value;

use crate::project::Project;

/// How a run comes to be without its lock.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Pooler,
    LockFileGone,
    GuardEnded,
}

impl Way {
    const ALL: [Self; 3] = [Self::Pooler, Self::LockFileGone, Self::GuardEnded];

    fn engine(self) -> Engine {
        match self {
            Self::LockFileGone => Engine::Sqlite,
            Self::Pooler | Self::GuardEnded => Engine::Postgres,
        }
    }

    fn project(self) -> Project {
        let project = Project::of(self.engine());
        if self == Self::Pooler {
            let pooler = server_url("REV_TEST_PGBOUNCER_URL");
            project.bind(|scratch| scratch.url_on(&pooler));
        }
        for (id, parent) in [("a", "null"), ("b", "a"), ("c", "b")] {
            let rest =
                format!("upgrade: CREATE TABLE t_{id} (n INT)\ndowngrade: DROP TABLE t_{id}\n");
            project.revision(id, parent, &rest);
        }
        project
    }

    /// Takes the lock from whoever has it.
    fn take_away(self, project: &Project) {
        match self {
            Self::Pooler => {}
            Self::LockFileGone => {
                let file = project.database().url();
                let file = file.strip_prefix("sqlite://").expect("a file");
                // There is none before the first boundary behind it.
                let _ = std::fs::remove_file(format!("{file}.rev-lock"));
            }
            Self::GuardEnded => {
                project.database().execute(
                    "SELECT pg_terminate_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
                     WHERE l.locktype = 'advisory' AND a.datname = current_database() \
                     AND a.state = 'idle'",
                );
            }
        }
    }
}

/// A command, and what is done before it.
struct Situation {
    before: &'static [&'static [&'static str]],
    /// Whether the script of `c` is another one by then.
    is_edited: bool,
    command: &'static [&'static str],
    /// Whether it is tried every way.
    is_everywhere: bool,
}

const SITUATIONS: [Situation; 8] = [
    Situation {
        before: &[],
        is_edited: false,
        command: &["upgrade"],
        is_everywhere: true,
    },
    Situation {
        before: &[&["upgrade"]],
        is_edited: false,
        command: &["downgrade", "db1@base"],
        is_everywhere: true,
    },
    Situation {
        before: &[],
        is_edited: false,
        command: &["stamp", "db1@head"],
        is_everywhere: false,
    },
    Situation {
        before: &[&["upgrade", "db1@a"]],
        is_edited: false,
        command: &["switch", "db1@c"],
        is_everywhere: false,
    },
    Situation {
        before: &[&["plan", "db1@head", "-q", "--save", "plan.yaml"]],
        is_edited: false,
        command: &["apply", "plan.yaml"],
        is_everywhere: false,
    },
    Situation {
        before: &[&["upgrade"]],
        is_edited: true,
        command: &["repair", "db1", "--redo", "c"],
        is_everywhere: true,
    },
    Situation {
        before: &[&["upgrade"]],
        is_edited: true,
        command: &["repair", "db1", "--accept", "c"],
        is_everywhere: false,
    },
    Situation {
        before: &[],
        is_edited: false,
        command: &["upgrade", "--atomic"],
        is_everywhere: false,
    },
];

/// A run that was asked for JSON: its answer, and what it told meanwhile.
struct Report {
    answer: Value,
    events: Vec<Value>,
    code: Option<i32>,
}

/// A run that stands still, or has ended.
struct Halted {
    child: Running,
    lines: Receiver<String>,
    is_halted: bool,
}

fn start(project: &Project, command: &[&str], halt: Option<usize>) -> Halted {
    let until = project.root().join("go-on");
    let mut process = project.command(command);
    process.args(["--format", "json"]);
    if let Some(boundary) = halt {
        process
            .env("REV_HALT_AT", boundary.to_string())
            .env("REV_HALT_UNTIL", until);
    }
    let mut child = Running::start(process.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let errors = BufReader::new(child.stderr.take().expect("a pipe"));
    let (tell, lines) = channel();
    thread::spawn(move || {
        for line in errors.lines().map_while(Result::ok) {
            let _ = tell.send(line);
        }
    });
    Halted {
        child,
        lines,
        is_halted: false,
    }
}

impl Halted {
    /// Waits until it halts; what it told before is told again in its report.
    fn wait(&mut self) -> Vec<String> {
        let mut before = Vec::new();
        while let Ok(line) = self.lines.recv() {
            if line == "halted" {
                self.is_halted = true;
                break;
            }
            before.push(line);
        }
        before
    }

    fn end(mut self, before: Vec<String>) -> Report {
        let mut text = String::new();
        let mut out = self.child.stdout.take().expect("a pipe");
        out.read_to_string(&mut text).expect("text");
        let code = self.child.wait().expect("it ends").code();
        let lines = before.into_iter().chain(self.lines.iter());
        let events = lines.map(|line| serde_json::from_str(&line).expect(&line));
        Report {
            events: events.collect(),
            answer: serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}")),
            code,
        }
    }
}

impl Report {
    /// The steps that it says it did, each as revision.
    fn done(&self) -> Vec<String> {
        let lanes = self.answer["lanes"].as_array().into_iter().flatten();
        let done = lanes.flat_map(|lane| lane["done"].as_array().into_iter().flatten());
        done.map(|id| id.as_str().expect("an id").to_owned())
            .collect()
    }

    fn told(&self) -> Vec<String> {
        let done = self
            .events
            .iter()
            .filter(|event| event["event"] == "step_done");
        done.map(|event| event["revision"].as_str().expect("an id").to_owned())
            .collect()
    }
}

/// What the log says was done, a list a run.
fn logged(project: &Project) -> Vec<String> {
    let rows = project
        .database()
        .try_query("SELECT revision FROM rev_log WHERE outcome = 'done' ORDER BY sequence");
    rows.unwrap_or_default()
}

fn race(way: Way, situation: &Situation) {
    let mut losers = 0;
    for boundary in 1.. {
        let project = way.project();
        for command in situation.before {
            project.rev(command).exits(0);
        }
        if situation.is_edited {
            let rest = "upgrade: CREATE TABLE t_c (n INT, m INT)\ndowngrade: DROP TABLE t_c\n";
            project.revision("c", "b", rest);
        }
        let before = logged(&project).len();
        let mut first = start(&project, situation.command, Some(boundary));
        let told = first.wait();
        if !first.is_halted {
            let Report { answer, .. } = first.end(told);
            let place = format!("{way:?}, {:?}, boundary {boundary}", situation.command);
            assert!(boundary > 2 && losers > 0, "{place}: no race: {answer:#}");
            return;
        }
        way.take_away(&project);
        let mut second = start(&project, situation.command, None);
        // It ends, or waits for what the first one holds.
        for _ in 0..5 {
            if second.child.try_wait().expect("a process").is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        std::fs::write(project.root().join("go-on"), "").expect("a file");
        let reports = [first.end(told), second.end(Vec::new())];
        let mut ran = logged(&project).split_off(before);
        let mut said: Vec<String> = reports.iter().flat_map(Report::done).collect();
        ran.sort();
        said.sort();
        let place = format!(
            "{way:?}, {:?}, boundary {boundary}: {:#?} {:#?}",
            situation.command, reports[0].answer, reports[1].answer
        );
        assert_eq!(said, ran, "{place}");
        for report in &reports {
            let done = report.done();
            assert_eq!(report.answer["changed"], !done.is_empty(), "{place}");
            assert_eq!(report.told(), done, "{place}");
            losers += usize::from(done.is_empty());
            assert_ne!(report.code, Some(101), "{place}");
        }
    }
}

#[test]
fn who_loses_a_race_reports_only_what_it_did_itself() {
    thread::scope(|scope| {
        for way in Way::ALL {
            let test = thread::current().name().map(str::to_owned);
            let builder = thread::Builder::new().name(test.unwrap_or_default());
            let all = move || {
                // All of them where a run is cheap.
                let is_cheap = way == Way::LockFileGone;
                let of_way = SITUATIONS.iter().filter(|it| is_cheap || it.is_everywhere);
                for situation in of_way {
                    race(way, situation);
                }
            };
            builder.spawn_scoped(scope, all).expect("a thread");
        }
    });
}
