//! Broken projects: what the program says to each, and that it harms nothing.
//!
//! Every folder of `fixtures/broken/` is a tiny project named for what it
//! shows. It is copied to a folder of its own, `setup.sql` is run into
//! `var/db1.sqlite`, and `rev` gets the arguments in `cmd`. One snapshot holds
//! both streams and the exit code. A command that fails must leave the database
//! as it was (only its log may grow), and none may panic.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rev_testkit::sqlite;
use tempfile::TempDir;

/// So that a folder lost in a merge is noticed.
const FEWEST_FIXTURES: usize = 80;

/// The exit code of a Rust program that panicked.
const PANICKED: i32 = 101;

/// Long enough for the slowest machine; only a hang takes longer.
const LONGEST_RUN: Duration = Duration::from_secs(60);

const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

#[test]
fn every_broken_project_is_told_what_is_wrong_and_left_as_it_was() {
    let fixtures = fixtures();
    let count = fixtures.len();
    assert!(count >= FEWEST_FIXTURES, "only {count} fixtures were found");
    // All are looked at, so that one run shows all that has changed.
    let mut differing = Vec::new();
    for fixture in fixtures {
        if std::panic::catch_unwind(|| check(&fixture)).is_err() {
            differing.push(name_of(&fixture));
        }
    }
    assert!(
        differing.is_empty(),
        "these fixtures differ: {}",
        differing.join(", ")
    );
}

fn check(fixture: &Path) {
    let name = name_of(fixture);
    let project = Project::copy_of(fixture);
    let before = project.database();
    let output = project.rev();
    let shown = show(&output, project.folder.path());

    let code = output.status.code();
    assert!(code.is_some(), "`{name}` ended by a signal:\n{shown}");
    assert_ne!(code, Some(PANICKED), "`{name}` panicked:\n{shown}");
    assert!(
        !shown.contains("panicked at"),
        "`{name}` panicked:\n{shown}"
    );
    if !output.status.success() {
        let after = project.database();
        assert!(
            before == after,
            "`{name}` failed and left a trace:\n{shown}"
        );
    }
    insta::with_settings!({
        description => format!("rev {}", project.arguments.join(" ")),
        omit_expression => true,
        prepend_module_to_snapshot => false,
    }, {
        insta::assert_snapshot!(format!("broken__{name}"), shown);
    });
}

/// A copy of a fixture, ready to be run.
struct Project {
    folder: TempDir,
    arguments: Vec<String>,
}

impl Project {
    fn copy_of(fixture: &Path) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        copy(fixture, folder.path());
        let command = fs::read_to_string(fixture.join("cmd")).expect("a fixture has a `cmd`");
        let project = Self {
            folder,
            arguments: command.split_whitespace().map(str::to_owned).collect(),
        };
        if let Ok(sql) = fs::read_to_string(fixture.join("setup.sql")) {
            let path = project.database_path();
            fs::create_dir_all(path.with_file_name("")).expect("`var` can be made");
            sqlite::execute(&path, &sql);
        }
        project
    }

    fn database_path(&self) -> PathBuf {
        self.folder.path().join("var/db1.sqlite")
    }

    /// Runs `rev`; one that hangs, say for a lock of its own, is ended.
    fn rev(&self) -> Output {
        let streams = TempDir::new().expect("a temporary folder can be made");
        let (stdout, stderr) = (streams.path().join("stdout"), streams.path().join("stderr"));
        let create = |path: &Path| fs::File::create(path).expect("a file can be made");
        let mut process = Command::new(env!("CARGO_BIN_EXE_rev"))
            .args(&self.arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(create(&stdout))
            .stderr(create(&stderr))
            .spawn()
            .expect("rev starts");
        let status = wait(&mut process);
        let read = |path: &Path| fs::read(path).expect("the stream can be read");
        Output {
            status,
            stdout: read(&stdout),
            stderr: read(&stderr),
        }
    }

    /// What is in the database, but for the log. A file that is missing and one
    /// without a table are the same; one that is no database is its bytes.
    fn database(&self) -> Vec<u8> {
        let bytes = fs::read(self.database_path()).unwrap_or_default();
        if bytes.starts_with(SQLITE_MAGIC) {
            return sqlite::dump(&self.database_path(), "rev_log").into_bytes();
        }
        bytes
    }
}

fn wait(process: &mut Child) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = process.try_wait().expect("rev can be waited for") {
            return status;
        }
        if begun.elapsed() > LONGEST_RUN {
            process.kill().expect("rev can be ended");
            return process.wait().expect("rev can be waited for");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Both streams and the exit code, with the temporary folder's name taken out.
fn show(output: &Output, root: &Path) -> String {
    let canonical = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let text = text.replace(&*canonical.to_string_lossy(), "[project]");
        text.replace(&*root.to_string_lossy(), "[project]")
    };
    format!(
        "exit code: {}\n----- stdout -----\n{}----- stderr -----\n{}",
        output
            .status
            .code()
            .map_or_else(|| "none".to_owned(), |code| code.to_string()),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/broken");
    let mut folders = entries(&root);
    folders.retain(|path| path.is_dir());
    folders
}

fn name_of(fixture: &Path) -> String {
    let name = fixture.file_name().expect("a fixture is a named folder");
    name.to_string_lossy().into_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for path in entries(from) {
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a fixture's file can be copied");
        }
    }
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let listing = fs::read_dir(folder).expect("a fixture's folder can be read");
    let mut paths: Vec<PathBuf> = listing
        .map(|entry| entry.expect("an entry can be read").path())
        .collect();
    paths.sort();
    paths
}
