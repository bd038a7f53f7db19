//! What holds of every input.

use std::path::Path;
use std::process::{Command, Stdio};

use rev_core::target::{Point, Target};
use rev_core::{DatabaseUrl, Dialect, Quoting, Spelling, Sql, TransactionMode};
use rev_sql::reach::{Neighbours, reaches};
use rev_sql::split::{Statement, split};
use rev_sql::{effect, schema};
use rev_store::{Environment, OpenError, Project, document, write};
use tempfile::TempDir;

/// A folder in memory where there is one.
fn folder() -> TempDir {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    folder.expect("a folder")
}

/// Each fault stands at a line that the text has.
fn check_faults<'a>(text: &str, faults: impl Iterator<Item = &'a rev_store::Fault>) {
    for fault in faults {
        assert!(!fault.problem.to_string().is_empty());
        if let Some(place) = fault.place {
            let lines = text.split(['\n', '\r']).count() + 1;
            assert!(
                place.line >= 1 && place.line <= lines,
                "at line {}: {}",
                place.line,
                fault.problem
            );
        }
    }
}

/// What is read is written, and read as the same.
pub(crate) fn revision(text: &str) {
    let revision = match document::parse("a.yaml", text) {
        Ok(revision) => revision,
        Err(faults) => return check_faults(text, faults.iter()),
    };
    let folder = folder();
    let fence = rev_store::Config::default().fence();
    let path = match write::create(&fence, folder.path(), &revision) {
        Ok(path) => path,
        Err(error) => panic!("it is read and cannot be written: {error}"),
    };
    let written = std::fs::read_to_string(&path).expect("a file");
    let again = document::parse("a.yaml", &written);
    assert_eq!(again.as_ref(), Ok(&revision), "written: {written}");
}

/// What is refused is refused at a place, and what is read has URLs or says why not.
pub(crate) fn settings(text: &str) {
    let folder = folder();
    std::fs::create_dir(folder.path().join("revisions")).expect("a folder");
    std::fs::write(folder.path().join("rev.yaml"), text).expect("a file");
    let environment = Environment::default();
    match Project::open(folder.path(), None, &environment) {
        Ok(project) => {
            for name in project.config.databases.keys() {
                let _ = project
                    .config
                    .url(name, &environment)
                    .map_err(|error| error.to_string());
                let _ = project.config.binding(name, &environment);
            }
        }
        Err(OpenError::Faults(faults)) => {
            let own = faults.iter().filter(|fault| fault.path == "rev.yaml");
            check_faults(text, own);
        }
        Err(error) => panic!("{error}"),
    }
}

/// What is read is printed and read as the same.
pub(crate) fn target(text: &str) {
    let is_selector = |name: &str| ["db1", "reporting"].contains(&name);
    match Target::parse(text, is_selector) {
        Ok(target) => {
            assert_eq!(target.to_string(), text);
            assert_eq!(Target::parse(&target.to_string(), is_selector), Ok(target));
        }
        Err(error) => assert!(error.to_string().contains(text)),
    }
    if let Ok(point) = Point::parse(text) {
        let _ = point.offset();
        assert_eq!(Point::parse(&point.to_string()), Ok(point));
    }
}

/// What is taken apart is put together as the same; of what is not, nothing behind the scheme of
/// a server is said.
pub(crate) fn url(text: &str) {
    let root = Path::new("/nowhere");
    match DatabaseUrl::new(text, root) {
        Ok(url) => {
            let again = DatabaseUrl::new(&url.expose(), root);
            assert!(again.is_ok_and(|again| again == url), "{}", url.expose());
            let shown = url.redact(text);
            for secret in url.secrets() {
                let is_long = secret.chars().count() >= 6;
                assert!(!is_long || !shown.contains(&secret), "{shown}");
            }
        }
        Err(fault) if !text.contains("sqlite") => {
            let said = fault.to_string();
            let Some((scheme, rest)) = text.split_once("://") else {
                return;
            };
            let Some((login, _)) = rest.rsplit_once('@') else {
                return;
            };
            // What a parameter is called, and what it may be, is not of the login.
            let characters: Vec<char> = login.chars().collect();
            for part in characters.windows(9) {
                let part: String = part.iter().collect();
                assert!(!said.contains(&part) || scheme.contains(&part), "{said}");
            }
        }
        Err(fault) => drop(fault.to_string()),
    }
}

/// Whether what stands between statements runs nothing.
fn is_idle(spelling: Spelling, gap: &str) -> bool {
    let found = split(&Sql::text(gap), spelling, TransactionMode::None);
    found.is_ok_and(|statements| statements.is_empty())
}

/// A script is its statements in order, with what nobody runs between them; a statement by
/// itself is one statement.
pub(crate) fn script(dialect: Dialect, text: &str) {
    let sql = Sql::text(text);
    for (backslash, ansi_quotes) in [(false, false), (true, false), (true, true), (false, true)] {
        let quoting = Quoting {
            backslash,
            ansi_quotes,
        };
        let spelling = Spelling { dialect, quoting };
        let statements = match split(&sql, spelling, TransactionMode::None) {
            Ok(statements) => statements,
            Err(error) => {
                let (piece, offset) = error.place();
                assert!(piece == 0 && offset <= text.len() && text.is_char_boundary(offset));
                continue;
            }
        };
        let lower = text.to_lowercase();
        // These change how the rest is read.
        let is_plain = ![
            "delimiter",
            "sql_mode",
            "standard_conforming",
            "reset",
            "discard",
        ]
        .iter()
        .any(|word| lower.contains(word));
        let mut end = 0;
        for Statement {
            text: own, offset, ..
        } in &statements
        {
            assert!(*offset >= end && text[*offset..].starts_with(own), "{own}");
            let gap = &text[end..*offset];
            assert!(
                !is_plain || is_idle(spelling, gap),
                "between statements: {gap:?}"
            );
            end = offset + own.len();
            // `--` is a comment for MySQL where nothing follows, and else two signs.
            // A byte-order mark is one at the start of a text alone.
            let is_comment = dialect == Dialect::Mysql && own.ends_with("--");
            let is_whole = !is_comment && !own.starts_with('\u{feff}');
            if is_plain && is_whole {
                let alone = split(&Sql::text(own), spelling, TransactionMode::None);
                let alone = alone.map(|it| it.into_iter().map(|it| it.text).collect::<Vec<_>>());
                assert_eq!(alone.as_deref(), Ok(&[own.clone()][..]));
            }
            read_all(own, dialect);
        }
        assert!(!is_plain || is_idle(spelling, &text[end..]), "at the end");
    }
}

/// Whatever else reads a statement reads this one.
fn read_all(statement: &str, dialect: Dialect) {
    let _ = effect::of(statement, dialect);
    let _ = effect::may_commit(statement, dialect);
    let _ = effect::needs_to_be_alone(statement, dialect);
    if let Some(reach) = reaches(statement, dialect, &Neighbours::default()) {
        assert!(reach.offset() <= statement.len());
    }
    let _ = schema::Schema::default();
}

/// A project with a saved plan.
pub(crate) struct Plans {
    folder: TempDir,
    pub(crate) text: String,
}

impl Plans {
    pub(crate) fn new() -> Self {
        let folder = folder();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("a file");
        };
        std::fs::create_dir(folder.path().join("revisions")).expect("a folder");
        write("rev.yaml", "databases: {db1: sqlite://db1.sqlite}\n");
        write(
            "revisions/aaaa.yaml",
            "revision: aaaa\ndown_revision: null\nmessage: make\nupgrade: |\n  CREATE TABLE a (n INT);\n  \
             INSERT INTO a VALUES (1)\ndowngrade: DROP TABLE a\n",
        );
        let mut plans = Self {
            folder,
            text: String::new(),
        };
        assert_eq!(
            plans.rev(&["plan", "db1@head", "--save", "plan.yaml"]),
            Some(0)
        );
        let saved = std::fs::read_to_string(plans.folder.path().join("plan.yaml"));
        plans.text = saved.expect("a plan");
        plans
    }

    fn rev(&self, words: &[&str]) -> Option<i32> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rev"));
        command.args(words).current_dir(self.folder.path());
        let silent = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        silent.status().expect("rev starts").code()
    }

    /// It is refused, or says the very same: comments and layout are nobody's.
    pub(crate) fn law(&self, text: &str) {
        std::fs::write(self.folder.path().join("edited.yaml"), text).expect("a file");
        let exit = self.rev(&["apply", "edited.yaml", "--dry-run"]);
        let value = |text: &str| serde_yaml::from_str::<serde_yaml::Value>(text).ok();
        match exit {
            Some(0) => assert_eq!(value(text), value(&self.text), "it is taken"),
            Some(1) => {}
            other => panic!("exit {other:?}"),
        }
    }
}
