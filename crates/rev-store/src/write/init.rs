//! New projects: a commented `rev.yaml`, a folder for revisions, the schemas for editors, and
//! lines in `.gitignore` for what is not to be kept.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rev_core::{DatabaseName, Dialect};

use super::emit::{quoted, scalar};
use super::{WriteError, editors, place};
use crate::config::{Config, DatabaseUrl, Environment, FILE_NAME};
use crate::fence::Fence;
use crate::source;

/// What a new project consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initialised {
    /// The files that were made or, in the case of `.gitignore`, added to.
    pub files: Vec<PathBuf>,
}

/// What declares the schemas of a new project's databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Template {
    /// Models of SQLAlchemy, printed as SQL by a file in Python.
    Sqlalchemy {
        /// Where the declarative base is: `app.models:Base`.
        base: String,
    },
}

/// A database that `rev.yaml` is to bind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDatabase {
    /// Its name.
    pub name: DatabaseName,
    /// Its URL, which may hold `${NAME}`.
    pub url: String,
    /// The `dialect:` key, where the URL does not tell.
    pub dialect: Option<Dialect>,
    /// Whether it takes top-level scripts; `None`: not said.
    pub shared: Option<bool>,
    /// Files of SQL that declare its schema.
    pub models: Option<String>,
}

impl NewDatabase {
    /// A database of which nothing but the URL is said.
    #[must_use]
    pub fn new(name: DatabaseName, url: String) -> Self {
        Self {
            name,
            url,
            dialect: None,
            shared: None,
            models: None,
        }
    }

    /// Whether only a variable tells which engine it is, and nothing else does.
    #[must_use]
    pub fn lacks_dialect(&self) -> bool {
        self.dialect.is_none() && self.start().is_none()
    }

    /// What its URL tells without any variable.
    fn start(&self) -> Option<String> {
        let template = crate::config::Template::parse(&self.url).ok()?;
        template.start().map(str::to_owned)
    }

    /// Its keys but the URL, with their values as YAML.
    fn keys(&self, template: Option<&Template>) -> Vec<(&'static str, String)> {
        let mut keys = Vec::new();
        if let Some(dialect) = self.dialect {
            keys.push(("dialect", dialect.name().to_owned()));
        }
        if let Some(shared) = self.shared {
            keys.push(("shared", shared.to_string()));
        }
        if let Some(models) = &self.models {
            keys.push(("models", scalar(models)));
        } else if template.is_some() {
            keys.push(("models", format!("{{command: [python3, {LOADER}]}}")));
        }
        keys
    }

    /// Its entry on lines of its own, as deep as `indent`.
    pub(super) fn block(&self, indent: usize, template: Option<&Template>) -> String {
        let (name, url) = (scalar(self.name.as_str()), quoted(&self.url));
        let keys = self.keys(template);
        if keys.is_empty() && !self.lacks_dialect() {
            return format!("{:indent$}{name}: {url}\n", "");
        }
        let deeper = indent + 2;
        let mut text = format!("{:indent$}{name}:\n{:deeper$}url: {url}\n", "", "");
        if self.lacks_dialect() {
            let _ = writeln!(
                text,
                "{:deeper$}# dialect: postgres     # or mysql, sqlite: lets plans and checks do without the variable",
                ""
            );
        }
        for (key, value) in keys {
            let comment = match (key, self.shared) {
                ("shared", Some(true)) => "          # takes every script that names no database",
                ("shared", Some(false)) => {
                    "         # takes only scripts that name it or its group"
                }
                _ => "",
            };
            let _ = writeln!(text, "{:deeper$}{key}: {value}{comment}", "");
        }
        text
    }

    /// Its entry in braces, for settings that are written so.
    pub(super) fn flow(&self) -> String {
        let keys = self.keys(None);
        if keys.is_empty() && !self.lacks_dialect() {
            return format!("{}: {}", scalar(self.name.as_str()), quoted(&self.url));
        }
        let keys = keys
            .into_iter()
            .map(|(key, value)| format!(", {key}: {value}"));
        let (name, url) = (scalar(self.name.as_str()), quoted(&self.url));
        format!("{name}: {{url: {url}{}}}", keys.collect::<String>())
    }
}

/// The file in Python that prints SQLAlchemy's models.
const LOADER: &str = "rev_models.py";

/// Makes a project in `root` for these databases.
///
/// # Errors
///
/// [`WriteError::Exists`] where there is a `rev.yaml`, or a file that the template
/// would write; then nothing is changed.
pub fn init(
    root: &Path,
    databases: &[NewDatabase],
    template: Option<&Template>,
) -> Result<Initialised, WriteError> {
    fs::create_dir_all(root).map_err(WriteError::io(root))?;
    let settings = root.join(FILE_NAME);
    let loader = template.map(|Template::Sqlalchemy { base }| (root.join(LOADER), base));
    if let Some((path, _)) = loader
        .iter()
        .find(|(path, _)| path.exists() && !settings.exists())
    {
        let path = path.clone();
        return Err(WriteError::Exists { path });
    }
    let folder = root.join("revisions");
    Fence::new(root, []).check_for_writing(&folder)?;
    let line = editors::line(root, root, "rev.yaml").unwrap_or_default();
    let mut files = vec![settings.clone()];
    place(
        &settings,
        &(line + &settings_text(databases, template)),
        |read| {
            let (config, findings) = Config::read(root, read, Environment::default());
            match findings.first() {
                None if config.databases.len() == databases.len() => Ok(()),
                finding => {
                    let Some((_, problem)) = finding else {
                        let reason = "a database is named twice";
                        let error = io::Error::new(io::ErrorKind::InvalidInput, reason);
                        return Err(WriteError::io(&settings)(error));
                    };
                    let problem = Box::new(problem.clone());
                    Err(WriteError::Settings { problem })
                }
            }
        },
    )?;
    if let Some((path, base)) = loader {
        super::draft::write_new(&path, &loader_text(databases, base))
            .map_err(WriteError::io(&path))?;
        files.push(path);
    }
    files.extend(super::schemas(root)?);
    fs::create_dir_all(&folder).map_err(WriteError::io(&folder))?;
    let keep = folder.join(".gitkeep");
    if is_empty(&folder) {
        super::draft::write_new(&keep, "").map_err(WriteError::io(&keep))?;
        files.push(keep);
    }
    files.extend(ignore(root, databases)?);
    Ok(Initialised { files })
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// The loader, with a line for each database.
fn loader_text(databases: &[NewDatabase], base: &str) -> String {
    let lines = databases
        .iter()
        .map(|it| format!("    \"{}\": [\"{base}\"],\n", it.name));
    include_str!("templates/rev_models.py").replace("    # {MODELS}\n", &lines.collect::<String>())
}

fn settings_text(databases: &[NewDatabase], template: Option<&Template>) -> String {
    let mut text = String::from(
        "# Where revision files are: a folder or a list of them, searched recursively.
revisions: revisions

# The databases. Each has a name of its own and a URL, in which ${NAME} and
# ${NAME:-default} read the environment; REV_<NAME>_URL and --url override it.
# The long form knows more:
#   reports:
#     url: ${REPORTS_URL:-sqlite://var/reports.sqlite}
#     groups: [analytics]       # targets and revisions may name the group
#     shared: false             # takes only scripts that name it or its group
#     follow: [billing]         # the branches it lives on; empty: all
#     models: schema/*.sql      # declares its schema, for `rev revision --autogenerate`
#     lock_timeout: 5s
#     statement_timeout: 0      # none
#     silence_timeout: 30s
databases:",
    );
    if databases.is_empty() {
        text.push_str(" {}");
    }
    text.push('\n');
    for database in databases {
        text.push_str(&database.block(2, template));
    }
    text
}

/// What git is to leave alone: the files of SQLite databases and what stands beside them, and
/// the file with passwords that the hints tell one to write.
fn ignored(databases: &[NewDatabase]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut add = |line: String| {
        if !lines.contains(&line) {
            lines.push(line);
        }
    };
    for database in databases {
        let Some(url) = literal(&database.url) else {
            add("/.env".to_owned());
            continue;
        };
        let root = Path::new("/\u{1}");
        let file = DatabaseUrl::new(&url, root).ok();
        let file = file.as_ref().and_then(DatabaseUrl::file);
        let within = file.and_then(|file| file.strip_prefix(root).ok());
        let Some(within) = within.and_then(Path::to_str) else {
            continue;
        };
        match within.split_once('/') {
            Some(("var", _)) => add("/var/".to_owned()),
            // The journals of SQLite (`app-wal`) are named after it; `app.py` is not its.
            _ => {
                add(format!("/{within}"));
                add(format!("/{within}-*"));
            }
        }
        add("*.rev-lock".to_owned());
    }
    lines
}

/// The URL, or the default of the one variable that it is.
fn literal(url: &str) -> Option<String> {
    if !url.contains("${") {
        return Some(url.to_owned());
    }
    let inner = url.strip_prefix("${")?.strip_suffix('}')?;
    inner
        .split_once(":-")
        .map(|(_, default)| default.to_owned())
}

/// Adds lines to `.gitignore`, where they are not there yet. One that is a link is somebody
/// else's file, and git does not read it either.
pub(super) fn ignore(
    root: &Path,
    databases: &[NewDatabase],
) -> Result<Option<PathBuf>, WriteError> {
    let path = root.join(".gitignore");
    if path.is_symlink() {
        return Ok(None);
    }
    let present = match source::read_text(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(WriteError::io(&path)(error)),
    };
    let bare = |line: &str| line.trim().trim_matches('/').to_owned();
    let known: Vec<String> = present.lines().map(bare).collect();
    let mut lines = ignored(databases);
    lines.retain(|line| !known.contains(&bare(line)));
    if lines.is_empty() {
        return Ok(None);
    }
    let gap = if present.is_empty() || present.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let mut options = OpenOptions::new();
    let file = options.append(true).create(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(format!("{gap}{lines}").as_bytes()));
    written.map_err(WriteError::io(&path))?;
    Ok(Some(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Project;

    fn database(name: &str, url: &str) -> NewDatabase {
        NewDatabase::new(DatabaseName::new(name).expect("a name"), url.to_owned())
    }

    fn sqlalchemy() -> Template {
        Template::Sqlalchemy {
            base: "app.models:Base".to_owned(),
        }
    }

    #[test]
    fn a_new_project_opens() {
        let root = tempfile::tempdir().expect("a folder");
        let databases = [
            database("db1", "sqlite://var/db1.sqlite"),
            database("no", "${X:-postgres://localhost/\"a\"}"),
        ];
        let made = init(root.path(), &databases, None).expect("made");
        assert_eq!(made.files.len(), 5, "{:?}", made.files);
        let project = Project::open(root.path(), None, &Environment::default()).expect("opens");
        assert_eq!(project.config.databases.len(), 2);
        assert!(project.graph.is_empty());
    }

    #[test]
    fn a_project_of_a_template_has_models() {
        let root = tempfile::tempdir().expect("a folder");
        let databases = [database("db1", "sqlite://var/db1.sqlite")];
        let made = init(root.path(), &databases, Some(&sqlalchemy())).expect("made");
        assert_eq!(made.files.len(), 6);
        let project = Project::open(root.path(), None, &Environment::default()).expect("opens");
        let (_, database) = project.config.databases.first_key_value().expect("one");
        assert!(database.models.is_some());
        let loader = fs::read_to_string(root.path().join(LOADER)).expect("read");
        assert!(
            loader.contains("\n    \"db1\": [\"app.models:Base\"],\n"),
            "{loader}"
        );
        assert!(!loader.contains("{MODELS}"));
    }

    #[test]
    fn a_loader_that_is_there_is_left_alone() {
        let root = tempfile::tempdir().expect("a folder");
        fs::write(root.path().join(LOADER), "mine").expect("written");
        let refused = init(root.path(), &[], Some(&sqlalchemy()));
        assert!(matches!(refused, Err(WriteError::Exists { .. })));
        assert!(!root.path().join(FILE_NAME).exists());
    }

    #[test]
    fn an_existing_project_is_left_alone() {
        let root = tempfile::tempdir().expect("a folder");
        let settings = root.path().join(FILE_NAME);
        fs::write(&settings, "mine").expect("written");
        let refused = init(root.path(), &[], None);
        assert!(matches!(refused, Err(WriteError::Exists { .. })));
        assert_eq!(fs::read_to_string(&settings).expect("read"), "mine");
        assert!(!root.path().join("revisions").exists());
        assert!(!root.path().join(".rev").exists());
    }

    #[test]
    fn a_gitignore_is_added_to_once() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join(".gitignore");
        fs::write(&path, "/target\nvar").expect("written");
        let databases = [
            database("a", "sqlite://var/a.sqlite"),
            database("b", "sqlite://dev.sqlite"),
            database("c", "sqlite+aiosqlite:///data/c.db"),
            database("d", "${D_URL:-sqlite://d.sqlite}"),
            database("e", "postgres://u:${PW}@h/d"),
            database("f", "sqlite:////srv/f.sqlite"),
            database("g", "${G_URL}"),
        ];
        let added = ignore(root.path(), &databases).expect("added");
        assert_eq!(added, Some(path.clone()));
        assert_eq!(ignore(root.path(), &databases).expect("known"), None);
        assert_eq!(
            fs::read_to_string(&path).expect("read"),
            "/target\nvar\n*.rev-lock\n/dev.sqlite\n/dev.sqlite-*\n/data/c.db\n/data/c.db-*\n\
             /d.sqlite\n/d.sqlite-*\n/.env\n"
        );
    }

    #[test]
    fn what_is_known_of_a_database_is_said() {
        let mut apart = database("stats", "${STATS_URL}");
        apart.shared = Some(false);
        let mut known = apart.clone();
        known.dialect = Some(Dialect::Postgres);
        known.models = Some("schema/*.sql".to_owned());
        insta::assert_snapshot!(apart.block(2, None) + &known.block(0, None) + &known.flow(), @r#"
          stats:
            url: "${STATS_URL}"
            # dialect: postgres     # or mysql, sqlite: lets plans and checks do without the variable
            shared: false         # takes only scripts that name it or its group
        stats:
          url: "${STATS_URL}"
          dialect: postgres
          shared: false         # takes only scripts that name it or its group
          models: schema/*.sql
        stats: {url: "${STATS_URL}", dialect: postgres, shared: false, models: schema/*.sql}
        "#);
    }
}
