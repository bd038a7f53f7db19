//! New projects: a commented `rev.yaml`, a folder for revisions, and a line in
//! `.gitignore` for SQLite files.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rev_core::DatabaseName;

use super::emit::{quoted, scalar};
use super::{WriteError, place};
use crate::config::{Config, Environment, FILE_NAME};
use crate::fence::Fence;
use crate::source;

/// What a new project consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initialised {
    /// The files that were made or, in the case of `.gitignore`, added to.
    pub files: Vec<PathBuf>,
}

/// What declares the schemas of a new project's databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// Models of SQLAlchemy, printed as SQL by a file in Python.
    Sqlalchemy,
}

/// The file in Python that prints SQLAlchemy's models.
const LOADER: &str = "rev_models.py";

/// Makes a project in `root` for these databases and their URLs (which may
/// hold `${NAME}`).
///
/// # Errors
///
/// [`WriteError::Exists`] where there is a `rev.yaml`, or a file that the template
/// would write; then nothing is changed.
pub fn init(
    root: &Path,
    databases: &[(DatabaseName, String)],
    template: Option<Template>,
) -> Result<Initialised, WriteError> {
    fs::create_dir_all(root).map_err(WriteError::io(root))?;
    let settings = root.join(FILE_NAME);
    let loader = template.map(|Template::Sqlalchemy| root.join(LOADER));
    if let Some(path) = loader
        .iter()
        .find(|path| path.exists() && !settings.exists())
    {
        let path = path.clone();
        return Err(WriteError::Exists { path });
    }
    let folder = root.join("revisions");
    Fence::new(root, []).check_for_writing(&folder)?;
    let mut files = vec![settings.clone()];
    place(&settings, &settings_text(databases, template), |read| {
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
    })?;
    if let Some(path) = loader {
        super::write_new(&path, &loader_text(databases)).map_err(WriteError::io(&path))?;
        files.push(path);
    }
    fs::create_dir_all(&folder).map_err(WriteError::io(&folder))?;
    let keep = folder.join(".gitkeep");
    if is_empty(&folder) {
        super::write_new(&keep, "").map_err(WriteError::io(&keep))?;
        files.push(keep);
    }
    if databases.iter().any(|(_, url)| is_under_var(url)) {
        files.extend(ignore_var(root)?);
    }
    Ok(Initialised { files })
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

fn is_under_var(url: &str) -> bool {
    url.contains("sqlite:var/") || url.contains("sqlite://var/")
}

/// The loader, with a line for each database.
fn loader_text(databases: &[(DatabaseName, String)]) -> String {
    let lines = databases
        .iter()
        .map(|(name, _)| format!("    \"{name}\": [\"app.models:Base\"],\n"));
    include_str!("templates/rev_models.py").replace("    # {MODELS}\n", &lines.collect::<String>())
}

fn settings_text(databases: &[(DatabaseName, String)], template: Option<Template>) -> String {
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
    for (name, url) in databases {
        let (name, url) = (scalar(name.as_str()), quoted(url));
        text.push_str(&match template {
            None => format!("  {name}: {url}\n"),
            Some(Template::Sqlalchemy) => {
                format!("  {name}:\n    url: {url}\n    models: {{command: [python3, {LOADER}]}}\n")
            }
        });
    }
    text
}

/// Adds `var/` to `.gitignore`, where it is not there yet. One that is a link is somebody
/// else's file, and git does not read it either.
fn ignore_var(root: &Path) -> Result<Option<PathBuf>, WriteError> {
    let path = root.join(".gitignore");
    if path.is_symlink() {
        return Ok(None);
    }
    let present = match source::read_text(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(WriteError::io(&path)(error)),
    };
    let known = |line: &str| matches!(line.trim(), "var/" | "/var/" | "var" | "/var");
    if present.lines().any(known) {
        return Ok(None);
    }
    let gap = if present.is_empty() || present.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let mut options = OpenOptions::new();
    let file = options.append(true).create(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(format!("{gap}/var/\n").as_bytes()));
    written.map_err(WriteError::io(&path))?;
    Ok(Some(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Project;

    fn database(name: &str, url: &str) -> (DatabaseName, String) {
        (DatabaseName::new(name).expect("a name"), url.to_owned())
    }

    #[test]
    fn a_new_project_opens() {
        let root = tempfile::tempdir().expect("a folder");
        let databases = [
            database("db1", "sqlite://var/db1.sqlite"),
            database("no", "${X:-postgres://localhost/\"a\"}"),
        ];
        let made = init(root.path(), &databases, None).expect("made");
        assert_eq!(made.files.len(), 3);
        let project = Project::open(root.path(), None, &Environment::default()).expect("opens");
        assert_eq!(project.config.databases.len(), 2);
        assert!(project.graph.is_empty());
    }

    #[test]
    fn a_project_of_a_template_has_models() {
        let root = tempfile::tempdir().expect("a folder");
        let databases = [database("db1", "sqlite://var/db1.sqlite")];
        let template = Some(Template::Sqlalchemy);
        let made = init(root.path(), &databases, template).expect("made");
        assert_eq!(made.files.len(), 4);
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
        let refused = init(root.path(), &[], Some(Template::Sqlalchemy));
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
    }

    #[test]
    fn a_gitignore_is_added_to_once() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join(".gitignore");
        fs::write(&path, "/target").expect("written");
        assert_eq!(ignore_var(root.path()).expect("added"), Some(path.clone()));
        assert_eq!(ignore_var(root.path()).expect("known"), None);
        assert_eq!(fs::read_to_string(&path).expect("read"), "/target\n/var/\n");
    }
}
