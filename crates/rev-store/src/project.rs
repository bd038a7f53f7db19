//! Projects: `rev.yaml`, the revision files it names, and their graph.
//!
//! A project that opened is whole: every file was read, the graph stands, and
//! no name means two things. One that does not open says all that is wrong, in
//! all files, at once.

mod check;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rev_core::name::similar;
use rev_core::{Binding, Graph, Revision, RevisionId};

use crate::config::{self, Config, Environment};
use crate::document::{self, Outline, SqlPlace};
use crate::fault::{Fault, Faults, Place, Problem};
use crate::{load, source};

/// A project that was read whole.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder that holds `rev.yaml`.
    pub root: PathBuf,
    /// The settings.
    pub config: Config,
    /// The graph of all revisions.
    pub graph: Arc<Graph>,
    /// The file of every revision.
    pub files: BTreeMap<RevisionId, PathBuf>,
}

/// Why a project does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No `rev.yaml` in the folder or above it.
    #[error("there is no `{}` in `{}` or above it", config::FILE_NAME, start.display())]
    NotFound {
        /// Where the search began.
        start: PathBuf,
    },
    /// The settings file cannot be reached.
    #[error("`{}` cannot be reached", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// All that is wrong, in all files.
    #[error(transparent)]
    Faults(#[from] Faults),
}

/// The settings file for a command that runs in `start`: `explicit` where
/// given (a folder means the `rev.yaml` in it), else the next `rev.yaml` here
/// or above.
///
/// # Errors
///
/// [`OpenError::NotFound`] and [`OpenError::Io`].
pub fn find(start: &Path, explicit: Option<&Path>) -> Result<PathBuf, OpenError> {
    let unreachable = |path: &Path| {
        let path = path.to_owned();
        |source| OpenError::Io { path, source }
    };
    if let Some(explicit) = explicit {
        let path = start.join(explicit);
        let metadata = path.metadata().map_err(unreachable(&path))?;
        let path = if metadata.is_dir() {
            path.join(config::FILE_NAME)
        } else {
            path
        };
        path.metadata().map_err(unreachable(&path))?;
        return std::path::absolute(&path).map_err(unreachable(&path));
    }
    let start = std::path::absolute(start).map_err(unreachable(start))?;
    start
        .ancestors()
        .map(|folder| folder.join(config::FILE_NAME))
        .find(|path| path.exists())
        .ok_or_else(|| OpenError::NotFound {
            start: start.clone(),
        })
}

impl Project {
    /// Opens the project around `start`, or of the `explicit` settings file.
    /// `env` helps to tell the dialects of databases, nothing else.
    ///
    /// # Errors
    ///
    /// [`OpenError::Faults`] with all that is wrong; the others where there is
    /// no settings file.
    pub fn open(
        start: &Path,
        explicit: Option<&Path>,
        env: &Environment,
    ) -> Result<Self, OpenError> {
        let settings = source::tidy(&find(start, explicit)?);
        let root = settings.parent().unwrap_or(&settings).to_owned();
        let mut faults = Vec::new();
        let config = read_config(&root, &settings, &mut faults);
        let name = source::shown(&root, &settings);
        let (mut loaded, found) = load::load(&root, &config.revisions, &name);
        faults.extend(found);
        for file in &mut loaded {
            faults.extend(file.take_faults());
        }
        let revisions = check::Revisions::new(loaded, &mut faults);
        let graph = Graph::new(revisions.all());
        check::check(&revisions, &graph, &config, env, &name, &mut faults);
        match graph {
            Ok(graph) if faults.is_empty() => Ok(Self {
                root,
                config,
                graph: Arc::new(graph),
                files: revisions.into_files(),
            }),
            _ => Err(Faults::new(faults).into()),
        }
    }

    /// The path of a revision's file as shown, relative to the root.
    #[must_use]
    pub fn shown(&self, revision: &RevisionId) -> Option<String> {
        let path = self.files.get(revision)?;
        Some(source::shown(&self.root, path))
    }

    /// Where a place in the SQL of a revision stands in its file, which is read
    /// again. `at` says which script; its `entry` must be the one that the
    /// database takes, see [`chosen_entry`].
    #[must_use]
    pub fn locate(&self, revision: &RevisionId, at: &SqlPlace<'_>) -> Option<(String, Place)> {
        let text = source::read(self.files.get(revision)?).ok()?;
        let place = Outline::of(&text)?.sql(at)?;
        Some((self.shown(revision)?, place))
    }

    /// What is strange but no fault: entries for databases that `rev.yaml` does
    /// not bind. Their files are read again for the places.
    #[must_use]
    pub fn warnings(&self) -> Faults {
        let bound = self.config.bound_names();
        let mut warnings = Vec::new();
        for node in self.graph.nodes() {
            let revision = self.graph.revision(node);
            let names = revision.scripts.databases.keys();
            for name in names.filter(|name| !bound.contains_key(name.as_str())) {
                let similar = similar(name.as_str(), bound.keys().copied());
                let problem = Problem::UnknownDatabase {
                    name: name.clone(),
                    similar: similar.into_iter().map(str::to_owned).collect(),
                };
                let place = |outline: &Outline| outline.database(name.as_str());
                warnings.extend(self.fault(revision, problem, place));
            }
        }
        Faults::new(warnings)
    }

    fn fault(
        &self,
        revision: &Revision,
        problem: Problem,
        place: impl Fn(&Outline) -> Option<Place>,
    ) -> Option<Fault> {
        let path = self.files.get(&revision.id)?;
        Some(Fault {
            path: source::shown(&self.root, path),
            place: outline(path).as_ref().and_then(place),
            problem,
        })
    }
}

/// The name of the entry under `databases` that a database takes: its own, else
/// that of the first group with one; `None`: the top level.
#[must_use]
pub fn chosen_entry<'a>(
    revision: &'a Revision,
    binding: &Binding,
) -> Option<&'a rev_core::DatabaseName> {
    let entries = &revision.scripts.databases;
    std::iter::once(&binding.name)
        .chain(&binding.groups)
        .find_map(|name| entries.get_key_value(name))
        .map(|(name, _)| name)
}

fn outline(path: &Path) -> Option<Outline> {
    Outline::of(&source::read(path).ok()?)
}

fn read_config(root: &Path, settings: &Path, faults: &mut Vec<Fault>) -> Config {
    let env_path = root.join(".env");
    let mut variables = BTreeMap::new();
    if env_path.exists() {
        let findings = match source::read(&env_path) {
            Ok(text) => {
                let (read, findings) = config::dotenv(&text);
                variables = read;
                findings
            }
            Err(finding) => vec![finding],
        };
        faults.extend(document::faults(".env", findings));
    }
    let (config, findings) = match source::read(settings) {
        Ok(text) => Config::read(root, &text, variables),
        Err(finding) => (Config::default(), vec![finding]),
    };
    let name = source::shown(root, settings);
    faults.extend(document::faults(&name, findings));
    config
}
