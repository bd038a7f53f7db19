//! Where a database's declared schema comes from, and what of it is looked at.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rev_core::target::{glob_matches, is_glob};

use super::Config;
use crate::fault::{Fault, Faults, Place, Problem};
use crate::fence::{Entry, Kind, Walk};
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

/// The files of a declared schema, and what was not taken for one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelFiles {
    /// The files, in their order.
    pub files: Vec<ModelFile>,
    /// Links that lead out of the project, and are left aside.
    pub links: Faults,
}

impl Models {
    /// The files and folders that are named, each as far as no pattern begins.
    pub(super) fn named(&self) -> Vec<&str> {
        let Models::Files(words) = self else {
            return Vec::new();
        };
        let before = |text: &'_ str| {
            let parts = text.split('/').take_while(|part| !is_glob(part));
            let length: usize = parts.map(|part| part.len() + 1).sum();
            length.min(text.len())
        };
        let words = words.iter().map(|word| word.text.as_str());
        words.map(|text| &text[..before(text)]).collect()
    }
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
    /// Reads the files that these words name, each once, in their order. Links that lead out
    /// of the project are left aside, and told.
    ///
    /// # Errors
    ///
    /// The first [`Fault`]: a word that names no file, or a file that is not text.
    pub fn model_files(&self, words: &[Word]) -> Result<ModelFiles, Box<Fault>> {
        let fence = self.fence();
        let mut files: Vec<ModelFile> = Vec::new();
        let mut links = Vec::new();
        for word in words {
            let mut walk = Walk::new(&fence);
            let found = find(self.root(), &word.text, &mut walk)
                .map_err(|problem| Box::new(self.fault_at(word, problem)))?;
            if found.is_empty() {
                let path = word.text.clone();
                let mut problem = Problem::NoModels { path };
                if !walk.aside.is_empty() {
                    problem = Problem::PerhapsAside {
                        problem: Box::new(problem),
                        links: walk.aside.into_iter().map(|link| link.path).collect(),
                    };
                }
                return Err(Box::new(self.fault_at(word, problem)));
            }
            links.extend(walk.aside);
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
        let links = Faults::new(links);
        Ok(ModelFiles { files, links })
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
fn find(root: &Path, word: &str, walk: &mut Walk<'_>) -> Result<Vec<PathBuf>, Problem> {
    let mut found = vec![if word.starts_with('/') {
        PathBuf::from("/")
    } else {
        root.to_owned()
    }];
    for part in word.split('/').filter(|part| !part.is_empty()) {
        let mut next = Vec::new();
        for folder in found {
            match is_glob(part) {
                false => next.push(folder.join(part)),
                true => next.extend(matching(&folder, part, walk)?),
            }
        }
        found = next;
    }
    let mut files = Vec::new();
    for path in found.iter().map(|path| source::tidy(path)) {
        if path.is_dir() {
            within(&path, walk, &mut files)?;
        } else if path.exists() {
            match walk.fence().breach(&path) {
                Some(link) => walk.aside.push(link),
                None => files.push(path),
            }
        }
    }
    files.sort();
    Ok(files)
}

fn matching(folder: &Path, pattern: &str, walk: &mut Walk<'_>) -> Result<Vec<PathBuf>, Problem> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let is_hidden = |name: &str| name.starts_with('.') && !pattern.starts_with('.');
    let is_meant = |entry: &Entry| {
        let name = entry.name.to_str();
        name.is_some_and(|name| !is_hidden(name) && glob_matches(pattern, name))
    };
    let entries = walk.list(&source::tidy(folder))?.into_iter();
    Ok(entries.filter(is_meant).map(|entry| entry.path).collect())
}

/// The SQL files in a folder and below.
fn within(folder: &Path, walk: &mut Walk<'_>, files: &mut Vec<PathBuf>) -> Result<(), Problem> {
    for entry in walk.list(folder)? {
        let path = entry.path;
        let is_meant = path.extension().is_some_and(|it| it == "sql");
        match entry.kind {
            _ if entry.name.as_encoded_bytes().starts_with(b".") => {}
            Ok(Kind::Folder) => within(&path, walk, files)?,
            Ok(Kind::File(_)) if is_meant => files.push(path),
            Ok(Kind::Outside(whole)) if is_meant || whole.is_dir() => walk.leave(&path, &whole),
            Err(error) if is_meant => return Err(source::unreadable(&error)),
            _ => {}
        }
    }
    Ok(())
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
    use std::fs;

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
            Ok(ModelFiles { files, .. }) => {
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
