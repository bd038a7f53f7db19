//! The files of a declared schema.

use std::path::{Path, PathBuf};

use rev_core::target::{glob_matches, is_glob};

use super::{Config, Models, Word};
use crate::fault::{Fault, Faults, Problem};
use crate::fence::{Entry, Kind, Walk};
use crate::source;

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

    /// Whether any database's models take this file in, by its path from the root: they name
    /// it, a folder that it is in, or a pattern that it fits.
    #[must_use]
    pub fn takes_in(&self, path: &str) -> bool {
        self.taken_in_by(path).is_some()
    }

    /// The word under `models:` that takes this file in.
    pub(super) fn taken_in_by(&self, path: &str) -> Option<&Word> {
        let models = self.databases.values().filter_map(|it| it.models.as_ref());
        let mut words = models.flat_map(|it| match it {
            Models::Files(words) => &words[..],
            Models::Command(_) => &[],
        });
        let shown = |path: &str| source::shown(self.root(), &self.root().join(path));
        words.find(|word| covers(&shown(&word.text), &shown(path)))
    }

    /// Whether any database's schema is kept in this file, by its path from the root.
    #[must_use]
    pub fn keeps(&self, path: &str) -> bool {
        let mut kept = self.databases.values().filter_map(|it| it.dump.as_ref());
        kept.any(|it| source::tidy(Path::new(&it.text)) == source::tidy(Path::new(path)))
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

fn covers(word: &str, path: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        let parts = text.split('/').filter(|part| !matches!(*part, "" | "."));
        parts.map(str::to_owned).collect()
    };
    let (word, path) = (parts(word), parts(path));
    let fits = |(part, name): (&String, &String)| {
        if is_glob(part) {
            glob_matches(part, name)
        } else {
            part == name
        }
    };
    word.len() <= path.len() && word.iter().zip(&path).all(fits)
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::config::{Environment, ModelCommand};

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
    fn a_file_is_taken_in_by_name_by_folder_and_by_pattern() {
        for (word, is_taken_in) in [
            ("schema/a.sql", true),
            ("schema", true),
            ("./schema/", true),
            ("schema/*.sql", true),
            ("*/a.sql", true),
            ("*.sql", false),
            ("schema/b.sql", false),
            ("schema/a.sql/x", false),
        ] {
            assert_eq!(covers(word, "schema/a.sql"), is_taken_in, "{word}");
        }
    }

    #[test]
    fn a_file_is_taken_in_however_the_way_there_is_written() {
        for (models, is_taken_in) in [
            ("../p/schema", true),
            ("/p/schema/*.sql", true),
            ("x/../schema", true),
            ("../q/schema", false),
        ] {
            let config = config(Path::new("/p"), models);
            for path in ["schema/a.sql", "./schema//a.sql"] {
                assert_eq!(config.takes_in(path), is_taken_in, "{models}");
            }
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
