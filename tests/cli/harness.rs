//! A project in a folder of its own, and the command run in it.

use std::path::Path;
use std::process::{Command, Stdio};

use rev_testkit::{answers, hints};
use tempfile::TempDir;

use crate::counts;

/// A project that is gone when dropped.
pub(crate) struct Project(TempDir);

/// Two databases; the second is in a group.
pub(crate) const SETTINGS: &str = "\
databases:
  db1: sqlite://db1.sqlite
  db2:
    url: sqlite://db2.sqlite
    groups: [reporting]
";

/// A revision that makes a table of its name, everywhere.
pub(crate) fn table(id: &str, parent: &str, name: &str) -> String {
    format!(
        "revision: {id}\ndown_revision: {parent}\nmessage: add {name}\n\
         upgrade: CREATE TABLE {name} (id INTEGER PRIMARY KEY)\n\
         downgrade: DROP TABLE {name}\n"
    )
}

impl Project {
    /// A folder with nothing in it.
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// `rev.yaml` and these revision files.
    pub(crate) fn with(files: &[(&str, String)]) -> Self {
        let project = Self::empty();
        project.write("rev.yaml", SETTINGS);
        for (name, text) in files {
            project.write(&format!("revisions/{name}.yaml"), text);
        }
        project
    }

    /// One line: a base and what stands on it.
    pub(crate) fn line() -> Self {
        let fights = "revision: bbbb\ndown_revision: aaaa\nmessage: count fights\ndatabases:\n  \
                      reporting:\n    upgrade: |\n      CREATE TABLE fight (id INTEGER PRIMARY KEY);\n      \
                      CREATE INDEX fight_id ON fight (id);\n    downgrade: DROP TABLE fight\n";
        Self::with(&[
            ("aaaa_add_hero", table("aaaa", "null", "hero")),
            ("bbbb_count_fights", fights.to_owned()),
            ("cccc_add_mission", table("cccc", "bbbb", "mission")),
        ])
    }

    /// So many databases, `tenant_00` and on, and these revision files.
    pub(crate) fn fleet(databases: usize, files: &[(&str, String)]) -> Self {
        let project = Self::with(files);
        let lines = (0..databases).map(|number| {
            format!("  tenant_{number:02}: sqlite://var/tenant_{number:02}.sqlite\n")
        });
        let settings = format!("databases:\n{}", lines.collect::<String>());
        project.write("rev.yaml", &settings);
        project
    }

    /// A base that forks into two heads, one of them labelled.
    pub(crate) fn fork() -> Self {
        let billing = table("cccc", "aaaa", "invoice") + "branch_labels: [billing]\n";
        Self::with(&[
            ("aaaa_add_hero", table("aaaa", "null", "hero")),
            ("bbbb_add_mission", table("bbbb", "aaaa", "mission")),
            ("cccc_add_invoice", billing),
        ])
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder is made");
        std::fs::write(path, text).expect("a file is written");
    }

    /// Whether a file is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.path().join(name).exists()
    }

    /// Runs `rev` with these words, split at spaces.
    pub(crate) fn rev(&self, words: &str) -> Answer {
        self.rev_with(&words.split_whitespace().collect::<Vec<_>>(), &[])
    }

    /// Runs `rev` with these words and variables, and follows the hints of a refusal.
    pub(crate) fn rev_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Answer {
        let answer = run_in(self.path(), words, variables);
        if answer.err.contains("hint: ") {
            self.follow(words, variables, &answer);
        }
        answer
    }

    /// The same where the hints are not what is looked at.
    pub(crate) fn rev_unfollowed(&self, words: &[&str], variables: &[(&str, &str)]) -> Answer {
        run_in(self.path(), words, variables)
    }

    /// Runs each command that a hint offers, in a copy of the project.
    fn follow(&self, words: &[&str], variables: &[(&str, &str)], answer: &Answer) {
        let asked: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        // The databases are files in the project, unless a variable leads elsewhere.
        let copy = || {
            let copy = tempfile::tempdir().expect("a folder");
            let from = self.path().join(".");
            let done = Command::new("cp")
                .arg("-a")
                .args([&from, copy.path()])
                .status();
            assert!(done.expect("cp runs").success());
            copy
        };
        let variables: Vec<(&str, &str)> = [("EDITOR", "true")]
            .into_iter()
            .chain(variables.iter().copied())
            .collect();
        let run = |copy: &TempDir, words: &[String]| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            // `rev status --ledger --format json > state.json`
            let (words, file) = match words[..] {
                [.., ">", file] => (&words[..words.len() - 2], Some(file)),
                _ => (&words[..], None),
            };
            let Answer { exit, out, err } = run_in(copy.path(), words, &variables);
            if let Some(file) = file {
                std::fs::write(copy.path().join(file), &out).expect("a file is written");
            }
            let is_help = words.contains(&"--help");
            hints::Told {
                exit,
                err: if is_help { out } else { err },
            }
        };
        let told = hints::Told {
            exit: answer.exit,
            err: answer.err.clone(),
        };
        let wrong = hints::follow(&asked, &told, &copy, &run);
        assert!(
            wrong.is_empty(),
            "rev {}\n{answer}{}",
            words.join(" "),
            wrong.join("\n")
        );
    }
}

/// Runs `rev` in a folder.
fn run_in(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> Answer {
    let output = Command::new(env!("CARGO_BIN_EXE_rev"))
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("USER", "tester")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("rev starts");
    let text = |bytes| {
        let text = String::from_utf8(bytes).expect("rev writes UTF-8");
        assert_eq!(counts::of_one(&text), None, "{words:?}: {text}");
        text
    };
    let answer = Answer {
        exit: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    };
    answers::judge(words, &answer.out, &answer.err);
    answer
}

/// What a command said and how it ended.
pub(crate) struct Answer {
    pub(crate) exit: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Answer {
    /// The answer as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("no JSON ({e}): {}", self.out))
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let exit = self
            .exit
            .map_or("a signal".to_owned(), |code| code.to_string());
        writeln!(f, "exit {exit}")?;
        for (name, text) in [("stdout", &self.out), ("stderr", &self.err)] {
            if !text.is_empty() {
                writeln!(f, "----- {name}")?;
                f.write_str(text)?;
            }
        }
        Ok(())
    }
}

/// Compares an answer with its snapshot, with what differs from run to run
/// replaced.
macro_rules! assert_answer {
    ($name:expr, $answer:expr) => {
        insta::with_settings!({
            filters => vec![
                (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
                (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "[TIME]"),
                (r"\b\d+ ms\b", "[MS]"),
                (r"\b\d+\.\d s\b", "[S]"),
                (r#""elapsed_ms": \d+"#, r#""elapsed_ms": "[MS]""#),
                (r#""elapsed_ms":\d+"#, r#""elapsed_ms":"[MS]""#),
                (r#"tester@[^\s",]+"#, "tester@[HOST]"),
                (r#""run": "[0-9a-f]{12}""#, r#""run": "[RUN]""#),
                (r"(/private)?(/var/folders|/tmp)/[^\s`]*?\.tmp\w+", "[DIR]"),
            ],
            omit_expression => true,
        }, { insta::assert_snapshot!($name, $answer) })
    };
}
pub(crate) use assert_answer;
