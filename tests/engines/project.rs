//! A project of its own on throw-away databases, and the command run in it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rev_testkit::answers;
use rev_testkit::program::{Running, wait_until};
use rev_testkit::scratch::{Engine, Scratch};
use tempfile::TempDir;

/// The words that no output may hold.
const PASSWORDS: [&str; 2] = ["pg-s3cret-7f", "my-s3cret-9c"];

/// A folder with a project, and its databases.
pub(crate) struct Project {
    folder: TempDir,
    pub(crate) databases: Vec<(String, Scratch)>,
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Project {
    /// A project with these databases, all empty.
    pub(crate) fn new(databases: Vec<(&str, Scratch)>) -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let project = Self {
            folder: folder.expect("a folder"),
            databases: databases
                .into_iter()
                .map(|(name, scratch)| (name.to_owned(), scratch))
                .collect(),
        };
        std::fs::create_dir(project.root().join("revisions")).expect("a folder");
        project.bind(Scratch::url);
        project
    }

    /// One database, `db1`, of this engine.
    pub(crate) fn of(engine: Engine) -> Self {
        Self::new(vec![("db1", engine.scratch())])
    }

    /// Writes `rev.yaml` anew, with other URLs for the same databases.
    pub(crate) fn bind(&self, url: impl Fn(&Scratch) -> String) {
        self.bind_with(url, "2s");
    }

    /// The same, with another limit to the wait for a lock.
    pub(crate) fn bind_with(&self, url: impl Fn(&Scratch) -> String, lock_timeout: &str) {
        let lines = self.databases.iter().map(|(name, scratch)| {
            let dialect = scratch.engine().dialect();
            format!(
                "  {name}:\n    url: \"{}\"\n    dialect: {dialect}\n    lock_timeout: {lock_timeout}\n",
                url(scratch)
            )
        });
        let text = format!("databases:\n{}", lines.collect::<String>());
        std::fs::write(self.root().join("rev.yaml"), text).expect("a file");
    }

    /// Adds a line to the last database in `rev.yaml`.
    pub(crate) fn add_setting(&self, line: &str) {
        let path = self.root().join("rev.yaml");
        let text = std::fs::read_to_string(&path).expect("a file");
        std::fs::write(path, format!("{text}    {line}\n")).expect("a file");
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The database `db1`, or the only one.
    pub(crate) fn database(&self) -> &Scratch {
        &self.databases[0].1
    }

    /// Writes a revision: its id, its parent and the rest of its file.
    pub(crate) fn revision(&self, id: &str, parent: &str, rest: &str) {
        let text = format!("revision: {id}\ndown_revision: {parent}\nmessage: make {id}\n{rest}");
        let path = self.root().join(format!("revisions/{id}.yaml"));
        std::fs::write(path, text).expect("a file");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rev"));
        command
            .args(arguments)
            .current_dir(self.root())
            .env_remove("REV_HALT_AT")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn rev(&self, arguments: &[&str]) -> Answer {
        let output = Running::output(&mut self.command(arguments));
        let text = String::from_utf8_lossy;
        answers::judge(arguments, &text(&output.stdout), &text(&output.stderr));
        Answer::of(&output)
    }

    /// Starts a command whose output is kept.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
    }

    /// Starts a command and kills it at a boundary, from 1. Says whether it came
    /// that far; if not, it ran to its end.
    pub(crate) fn kill_at(&self, arguments: &[&str], boundary: usize) -> bool {
        let Some(mut child) = self.halt_at(arguments, boundary) else {
            return false;
        };
        child.kill().expect("a kill");
        child.wait().expect("it is gone");
        true
    }

    /// Starts a command that halts at a boundary, from 1, and waits until it does;
    /// `None`: it ran to its end.
    pub(crate) fn halt_at(&self, arguments: &[&str], boundary: usize) -> Option<Running> {
        let mut command = self.command(arguments);
        command
            .env("REV_HALT_AT", boundary.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = Running::start(&mut command);
        let errors = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut lines = errors.lines().map_while(Result::ok);
        let is_halted = lines.any(|line| {
            check_secrets(&line);
            line == "halted"
        });
        if is_halted {
            return Some(child);
        }
        child.wait().expect("it is gone");
        None
    }

    /// Starts a command that stands still at a boundary, from 1, until [`Self::go_on`]; waits
    /// until it does. Nobody reads what it says.
    pub(crate) fn pause_at(&self, arguments: &[&str], boundary: usize) -> Running {
        let errors = self.root().join("paused.txt");
        let mut command = self.command(arguments);
        command
            .env("REV_HALT_AT", boundary.to_string())
            .env("REV_HALT_UNTIL", self.root().join("go-on"))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&errors).expect("a file"));
        let mut child = Running::start(&mut command);
        wait_until("it halts", || {
            let ended = child.try_wait().expect("a process");
            let text = std::fs::read_to_string(&errors).expect("a file");
            check_secrets(&text);
            let is_halted = text.lines().any(|line| line == "halted");
            assert!(is_halted || ended.is_none(), "it came that far: {text}");
            is_halted
        });
        child
    }

    /// Lets a command go on that stands still.
    pub(crate) fn go_on(&self) {
        std::fs::write(self.root().join("go-on"), "").expect("a file");
    }
}

impl Answer {
    pub(crate) fn of(output: &Output) -> Self {
        let text = [&output.stderr[..], &output.stdout[..]].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        check_secrets(&text);
        Self {
            code: output.status.code(),
            text,
        }
    }

    /// The end of a command that was started.
    pub(crate) fn end_of(child: Running) -> Self {
        Self::of(&child.wait_with_output())
    }

    /// Checks the exit code, and shows the output where it is another.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.text);
        self
    }

    /// Checks that a text is in the output.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.text.contains(words), "no `{words}` in:\n{}", self.text);
        self
    }
}

/// A process that stands still, however slow everything else is.
pub(crate) struct Still(Running);

impl Still {
    pub(crate) fn of(child: Running) -> Self {
        send("-STOP", &child);
        Self(child)
    }

    pub(crate) fn goes_on(self) -> Running {
        send("-CONT", &self.0);
        self.0
    }
}

fn send(signal: &str, child: &Running) {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.expect("kill runs").success(), "{signal}");
}

/// Checks that no output holds a password, or a library's advice to programmers.
#[track_caller]
pub(crate) fn check_secrets(text: &str) {
    assert!(
        !text.contains("docs.rs"),
        "a library's manual is in:\n{text}"
    );
    for password in PASSWORDS {
        assert!(!text.contains(password), "a password is in:\n{text}");
    }
}

/// What the ledger holds that must not depend on who ran it when.
pub(crate) fn ledger(scratch: &Scratch) -> Vec<String> {
    scratch.query(
        "SELECT revision, parents, upgrade_digest, revision_digest FROM rev_ledger ORDER BY revision",
    )
}

/// All that two databases of the same history have alike.
pub(crate) fn contents(scratch: &Scratch) -> String {
    format!("{}\n{}", scratch.dump(), ledger(scratch).join("\n"))
}
