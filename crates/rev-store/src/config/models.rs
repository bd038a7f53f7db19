//! Where a database's declared schema comes from, and what of it is looked at.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rev_core::target::{glob_matches, is_glob};

use super::Config;
use crate::fault::{Fault, Place, Problem};
use crate::shape::{Placed, Reader};
use crate::source;
use crate::yaml::{Node, Value};

const COMMAND_KEYS: &[&str] = &["command", "timeout"];
const AUTOGENERATE_KEYS: &[&str] = &["include", "exclude", "renames"];

/// A database's declared schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Models {
    /// SQL files, in this order: files, folders that are searched for `*.sql`, or
    /// patterns.
    Files(Vec<Word>),
    /// A program that prints the SQL, and its arguments.
    Command(ModelCommand),
}

/// A program that prints a declared schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCommand {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// How long it may take; `None`: as long as it likes.
    pub timeout: Option<Duration>,
}

/// How long a program may take that has no limit of its own.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A word of the settings and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As written.
    pub text: String,
    place: Option<Place>,
}

/// What autogenerate looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Autogenerate {
    /// Patterns of what is looked at; none: everything.
    pub include: Vec<Word>,
    /// Patterns of what is not looked at.
    pub exclude: Vec<Word>,
    /// Renames, `old:new`.
    pub renames: Vec<Word>,
}

/// A file of a declared schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFile {
    /// As shown: relative to the root.
    pub path: String,
    /// What it says.
    pub text: String,
}

impl Word {
    fn of(placed: Placed) -> Self {
        Self {
            text: placed.text,
            place: placed.place,
        }
    }
}

impl Config {
    /// Reads the files that these words name, each once, in their order.
    ///
    /// # Errors
    ///
    /// The first [`Fault`]: a word that names no file, or a file that is not text.
    pub fn model_files(&self, words: &[Word]) -> Result<Vec<ModelFile>, Box<Fault>> {
        let mut files: Vec<ModelFile> = Vec::new();
        for word in words {
            let found = find(self.root(), &word.text);
            if found.is_empty() {
                let path = word.text.clone();
                return Err(Box::new(self.fault_at(word, Problem::NoModels { path })));
            }
            for file in found {
                let path = source::shown(self.root(), &file);
                if files.iter().any(|known| known.path == path) {
                    continue;
                }
                let text = source::read(&file).map_err(|(place, problem)| {
                    let path = path.clone();
                    Box::new(Fault {
                        path,
                        place,
                        problem,
                    })
                })?;
                files.push(ModelFile { path, text });
            }
        }
        Ok(files)
    }

    /// A fault at a word of the settings.
    #[must_use]
    pub fn fault_at(&self, word: &Word, problem: Problem) -> Fault {
        Fault {
            path: self.settings_name.clone(),
            place: word.place,
            problem,
        }
    }
}

/// The files that a word names, sorted; none where there is none.
fn find(root: &Path, word: &str) -> Vec<PathBuf> {
    let mut found = vec![if word.starts_with('/') {
        PathBuf::from("/")
    } else {
        root.to_owned()
    }];
    for part in word.split('/').filter(|part| !part.is_empty()) {
        found = match is_glob(part) {
            false => found.into_iter().map(|folder| folder.join(part)).collect(),
            true => found
                .iter()
                .flat_map(|folder| matching(folder, part))
                .collect(),
        };
    }
    let mut files: Vec<PathBuf> = found
        .iter()
        .map(|path| source::tidy(path))
        .flat_map(|path| match path.is_dir() {
            true => within(&path),
            false if path.exists() => vec![path],
            false => Vec::new(),
        })
        .collect();
    files.sort();
    files
}

fn matching(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let is_hidden = |name: &str| name.starts_with('.') && !pattern.starts_with('.');
    names(folder)
        .into_iter()
        .filter(|name| !is_hidden(name) && glob_matches(pattern, name))
        .map(|name| folder.join(name))
        .collect()
}

/// The SQL files in a folder and below.
fn within(folder: &Path) -> Vec<PathBuf> {
    let entries = names(folder)
        .into_iter()
        .filter(|name| !name.starts_with('.'));
    entries
        .map(|name| folder.join(name))
        .flat_map(|path| match path.is_dir() {
            true => within(&path),
            false if path.extension().is_some_and(|it| it == "sql") => vec![path],
            false => Vec::new(),
        })
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.collect()
}

impl Reader {
    /// `models:` of a database.
    pub(super) fn models(&mut self, node: Node) -> Option<Models> {
        let place = node.place;
        if !matches!(node.value, Value::Map(_)) {
            let files = self.words(node, "models");
            if files.is_empty() {
                self.find(place, Problem::EmptyList { key: "models" });
            }
            return Some(Models::Files(files));
        }
        let mut fields = self.fields(node, "models", COMMAND_KEYS)?;
        let Some(node) = fields.given("command") else {
            self.find(place, Problem::MissingKey { key: "command" });
            return None;
        };
        let words = self.words(node, "command");
        let words: Vec<String> = words.into_iter().map(|word| word.text).collect();
        if words.first().is_none_or(String::is_empty) {
            self.find(place, Problem::EmptyList { key: "command" });
        }
        let timeout = fields.given("timeout");
        let timeout = timeout.and_then(|node| self.timeout(node, "timeout"));
        Some(Models::Command(ModelCommand {
            words,
            timeout: timeout.unwrap_or(Some(TIMEOUT)),
        }))
    }

    /// `autogenerate:`
    pub(super) fn autogenerate(&mut self, node: Node) -> Autogenerate {
        let mut settings = Autogenerate::default();
        let Some(mut fields) = self.fields(node, "autogenerate", AUTOGENERATE_KEYS) else {
            return settings;
        };
        for (key, list) in [
            ("include", &mut settings.include),
            ("exclude", &mut settings.exclude),
            ("renames", &mut settings.renames),
        ] {
            if let Some(node) = fields.given(key) {
                *list = self.words(node, key);
            }
        }
        for word in &settings.renames {
            let parts = word.text.split_once(':');
            if parts.is_none_or(|(old, new)| old.is_empty() || new.is_empty()) {
                let text = word.text.clone();
                self.find(word.place, Problem::BadRename { text });
            }
        }
        settings
    }

    fn words(&mut self, node: Node, what: &str) -> Vec<Word> {
        self.texts(node, what).into_iter().map(Word::of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    fn config(root: &Path, models: &str) -> Config {
        let text = format!("databases:\n  db1: {{url: 'sqlite://x', models: {models}}}\n");
        let (config, findings) = Config::read(root, &text, Environment::default());
        assert!(findings.is_empty(), "{findings:?}");
        config
    }

    fn files(models: &str) -> String {
        let root = tempfile::tempdir().expect("a folder");
        for path in [
            "models/b.sql",
            "models/a.sql",
            "models/old/c.sql",
            "models/readme.md",
            "x.sql",
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(&path, "SELECT 1").expect("written");
        }
        let config = config(root.path(), models);
        let (_, database) = config.databases.first_key_value().expect("a database");
        let Some(Models::Files(words)) = &database.models else {
            panic!("no files: {models}");
        };
        match config.model_files(words) {
            Ok(files) => {
                let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
                paths.join(" ")
            }
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn models_are_files_folders_and_patterns_each_file_once() {
        for (models, found) in [
            ("x.sql", "x.sql"),
            (
                "[x.sql, models]",
                "x.sql models/a.sql models/b.sql models/old/c.sql",
            ),
            ("'models/*.sql'", "models/a.sql models/b.sql"),
            (
                "['models/b.sql', './models/?.sql']",
                "models/b.sql models/a.sql",
            ),
            ("'*/*/c.sql'", "models/old/c.sql"),
            ("y.sql", "rev.yaml:2:36: there is no model file `y.sql`"),
            (
                "'models/*.txt'",
                "rev.yaml:2:36: there is no model file `models/*.txt`",
            ),
        ] {
            assert_eq!(files(models), found, "{models}");
        }
    }

    #[test]
    fn a_command_is_a_program_with_its_arguments_and_a_limit() {
        for (timeout, due) in [
            ("", Some(Duration::from_secs(60))),
            (", timeout: 2m", Some(Duration::from_secs(120))),
            (", timeout: 0", None),
        ] {
            let models = format!("{{command: [python3, models.py]{timeout}}}");
            let config = config(Path::new("/p"), &models);
            let (_, database) = config.databases.first_key_value().expect("a database");
            let command = ModelCommand {
                words: vec!["python3".to_owned(), "models.py".to_owned()],
                timeout: due,
            };
            assert_eq!(database.models, Some(Models::Command(command)));
        }
    }
}
