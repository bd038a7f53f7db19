//! Projects: `rev.yaml`, the revision files it names, and their graph.
//!
//! A project that opened is whole: every file was read, the graph stands, and
//! no name means two things. One that does not open says all that is wrong, in
//! all files, at once. What [`write::remove()`] has set aside counts as long as a
//! shortcut replaces it beside others that have files.

mod check;
mod entry;
mod unseen;

pub use entry::chosen_entry;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rev_core::graph::ShortcutFault;
use rev_core::name::similar;
use rev_core::{Graph, GraphFault, Node, Revision, RevisionId};

use crate::config::{self, Config, Environment};
use crate::document::{self, Outline, SqlPlace};
use crate::fault::{Fault, Faults, Place, Problem};
use crate::{load, source, write};

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
    /// Files that were set aside to be removed, and that no revision needs.
    pub aside: Vec<PathBuf>,
    /// Links among the revisions that lead out of the project, and are left aside.
    pub links: Faults,
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

/// The revision files of a project that need not open: those in the folders of its
/// settings where these can be read, else in the default one.
#[must_use]
pub fn revision_files(settings: &Path) -> Vec<PathBuf> {
    let root = settings.parent().unwrap_or(settings);
    let config = read_config(root, settings, &mut Vec::new());
    load::paths(root, &config.fence(), &config.revisions)
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
        let fence = config.fence();
        let mut found = load::load(&root, &fence, &config.revisions, &name);
        faults.extend(found.faults);
        for file in &mut found.files {
            faults.extend(file.take_faults());
        }
        let mut revisions = check::Revisions::new(found.files, &mut faults);
        let mut graph = Graph::new(revisions.all());
        let mut aside = found.aside;
        if lacks_replaced(&graph) && !aside.is_empty() {
            let files = std::mem::take(&mut aside).into_iter();
            revisions.take_back(files.map(|path| load::load_aside(&root, &path)));
            graph = Graph::new(revisions.all());
        }
        revisions.note_links(&found.links);
        check::check(&revisions, &graph, &config, env, &name, &mut faults);
        match graph {
            Ok(graph) if faults.is_empty() => Ok(Self {
                root,
                config,
                graph: Arc::new(graph),
                files: revisions.into_files(),
                aside,
                links: Faults::new(found.links),
            }),
            _ => Err(Faults::new(faults).into()),
        }
    }

    /// The graph with one more revision, where the project could be opened with
    /// its file.
    ///
    /// # Errors
    ///
    /// All that opening it would find.
    pub fn with(&self, revision: &Revision, env: &Environment) -> Result<Graph, Vec<Problem>> {
        let problems = check::problems_of(revision, &self.config, env);
        let mut all = self.graph.files().to_vec();
        all.push(Arc::new(revision.clone()));
        whole(all, problems)
    }

    /// The graph without the files of some revisions, where the project could be
    /// opened without them.
    ///
    /// # Errors
    ///
    /// All that opening it would find.
    pub fn without(&self, gone: &BTreeSet<RevisionId>) -> Result<Graph, Vec<Problem>> {
        let files = self.graph.files().iter();
        let rest = files.filter(|revision| !gone.contains(&revision.id));
        let rest: Vec<Arc<Revision>> = rest.cloned().collect();
        let problems = check::problems_of_rest(&rest, &self.config);
        whole(rest, problems)
    }

    /// The settings file.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.root.join(&self.config.settings_name)
    }

    /// The path of a revision's file as shown, relative to the root.
    #[must_use]
    pub fn shown(&self, revision: &RevisionId) -> Option<String> {
        let path = self.files.get(revision)?;
        Some(source::shown(&self.root, path))
    }

    /// The file of a revision.
    #[must_use]
    pub fn file(&self, revision: &RevisionId) -> Option<&Path> {
        self.files.get(revision).map(PathBuf::as_path)
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
    /// not bind, parents that other parents stand on, characters that nobody
    /// sees, and links that are left aside. Their files are read again for the places.
    #[must_use]
    pub fn warnings(&self) -> Faults {
        let bound = self.config.bound_names();
        let mut warnings: Vec<Fault> = self.links.iter().cloned().collect();
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
            for (parent, through) in self.redundant_parents(node) {
                let place = |outline: &Outline| outline.parent(parent.as_str());
                let problem = Problem::RedundantParent {
                    parent: parent.clone(),
                    through,
                };
                warnings.extend(self.fault(revision, problem, place));
            }
        }
        for (name, path) in self.texts() {
            warnings.extend(unseen::in_file(&name, &path));
        }
        for revision in self.graph.files() {
            let path = self.files.get(&revision.id);
            let found = path
                .into_iter()
                .flat_map(|path| unseen::in_escapes(revision, path));
            warnings.extend(found.filter_map(|it| self.fault(revision, it, Outline::id)));
            let problems = self
                .misnamed(revision)
                .into_iter()
                .chain(nameless(revision));
            warnings.extend(problems.filter_map(|it| self.fault(revision, it, Outline::id)));
        }
        Faults::new(warnings)
    }

    /// The files that people read, by their names as shown.
    fn texts(&self) -> impl Iterator<Item = (String, PathBuf)> {
        let settings = self.root.join(&self.config.settings_name);
        let files = self.files.values().cloned().chain([settings]);
        files.map(|path| (source::shown(&self.root, &path), path))
    }

    /// Whether a revision's file is named as if it held another one.
    fn misnamed(&self, revision: &Revision) -> Option<Problem> {
        let stem = self.files.get(&revision.id)?.file_stem()?.to_string_lossy();
        let rest = stem.strip_prefix(revision.id.as_str());
        match rest {
            Some(rest) if rest.is_empty() || rest.starts_with(['_', '-', '.']) => None,
            _ => Some(Problem::Misnamed {
                id: revision.id.clone(),
                expected: write::file_name(revision),
            }),
        }
    }

    /// Each parent that another parent has as an ancestor, with that one. Where
    /// the other one but depends on it, it says that it is no head any more.
    fn redundant_parents(&self, node: Node) -> Vec<(RevisionId, RevisionId)> {
        let graph = &self.graph;
        let parents = graph.parents(node);
        let kept = graph.reduce(&parents);
        let dropped = parents.iter().filter(|parent| !kept.contains(parent));
        let pair = |&low: &Node| {
            let through = kept
                .iter()
                .find(|&&high| graph.line_below(high).contains(low))?;
            Some((graph.id(low).clone(), graph.id(*through).clone()))
        };
        dropped.filter_map(pair).collect()
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
            place: Outline::at(path).as_ref().and_then(place),
            problem,
        })
    }
}

fn whole(revisions: Vec<Arc<Revision>>, mut problems: Vec<Problem>) -> Result<Graph, Vec<Problem>> {
    match Graph::new(revisions) {
        Ok(graph) if problems.is_empty() => Ok(graph),
        Ok(_) => Err(problems),
        Err(faults) => {
            problems.extend(faults.into_iter().map(Problem::Graph));
            Err(problems)
        }
    }
}

/// Whether some of what a shortcut replaces have files and some do not.
fn lacks_replaced(graph: &Result<Graph, Vec<GraphFault>>) -> bool {
    let is_lacking =
        |fault: &GraphFault| matches!(fault, GraphFault::Shortcut(ShortcutFault::Unknown { .. }));
    graph
        .as_ref()
        .is_err_and(|faults| faults.iter().any(is_lacking))
}

fn nameless(revision: &Revision) -> Option<Problem> {
    let id = revision.id.clone();
    let is_blank = revision.message.trim().is_empty();
    is_blank.then_some(Problem::Nameless { id })
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
    let (mut config, findings) = match source::read(settings) {
        Ok(text) => Config::read(root, &text, Environment::new(variables)),
        Err(finding) => (Config::default(), vec![finding]),
    };
    let name = source::shown(root, settings);
    if !findings.is_empty() && source::leads_out(root, settings) {
        let elsewhere = |(place, problem): (Option<Place>, Problem)| {
            let code = problem.code();
            (place, Problem::Elsewhere { code })
        };
        let findings = findings.into_iter().map(elsewhere).collect();
        faults.extend(document::faults(&name, findings));
    } else {
        faults.extend(document::faults(&name, findings));
    }
    config.settings_name = name;
    config
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rev_core::{DatabaseName, Dialect};
    use tempfile::TempDir;

    use super::*;

    /// A project of these files.
    fn project(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        }
        root
    }

    fn open(root: &TempDir) -> Result<Project, OpenError> {
        Project::open(root.path(), None, &Environment::default())
    }

    /// `code path:line:column: message`, one fault a line.
    fn faults(root: &TempDir) -> String {
        match open(root) {
            Err(OpenError::Faults(faults)) => {
                let lines = faults
                    .iter()
                    .map(|fault| format!("{} {fault}", fault.code()));
                lines.collect::<Vec<_>>().join("\n")
            }
            other => panic!("{other:?}"),
        }
    }

    fn id(text: &str) -> RevisionId {
        RevisionId::new(text).expect(text)
    }

    const SETTINGS: (&str, &str) = (
        "rev.yaml",
        "databases:\n  db1: sqlite://x\n  db2: {url: 'sqlite://y', groups: [all, some]}\n",
    );

    #[test]
    fn a_project_is_found_from_below_and_by_name() {
        let root = project(&[
            SETTINGS,
            ("revisions/a.yaml", "revision: a\ndown_revision: null\n"),
            ("deep/er/x", ""),
        ]);
        let env = Environment::default();
        let below = Project::open(&root.path().join("deep/er"), None, &env).expect("opens");
        assert_eq!(below.root, root.path());
        assert_eq!(below.shown(&id("a")).as_deref(), Some("revisions/a.yaml"));
        for explicit in ["rev.yaml", "."] {
            let named = Project::open(root.path(), Some(Path::new(explicit)), &env).expect("opens");
            assert_eq!(named.graph.len(), 1);
        }
        let missing = Project::open(root.path(), Some(Path::new("no.yaml")), &env);
        assert!(matches!(missing, Err(OpenError::Io { .. })));
        let nowhere = tempfile::tempdir().expect("a folder");
        assert!(matches!(open(&nowhere), Err(OpenError::NotFound { .. })));
    }

    #[test]
    fn revision_files_are_found_wherever_the_settings_say() {
        let root = project(&[
            ("rev.yaml", "revisions: [one, one/two, three]\n"),
            ("one/a.yaml", "revision: a\ndown_revision: null\n"),
            ("one/two/b.yml", "revision: b\ndown_revision: a\n"),
            ("one/.hidden.yaml", "nonsense: ["),
            ("one/.git/c.yaml", "nonsense: ["),
            ("one/notes.txt", "nonsense: ["),
            ("three/d/e/c.yaml", "revision: c\ndown_revision: b\n"),
        ]);
        assert_eq!(open(&root).expect("opens").files.len(), 3);
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_to_each_file_once_and_never_in_circles() {
        use std::os::unix::fs::symlink;
        let root = project(&[
            SETTINGS,
            ("revisions/a.yaml", "revision: a\ndown_revision: null\n"),
            ("else/b.yaml", "revision: b\ndown_revision: a\n"),
        ]);
        let revisions = root.path().join("revisions");
        symlink(&revisions, revisions.join("loop")).expect("linked");
        symlink(revisions.join("a.yaml"), revisions.join("z.yaml")).expect("linked");
        symlink(root.path().join("else"), revisions.join("else")).expect("linked");
        let project = open(&root).expect("opens");
        assert_eq!(project.shown(&id("a")).as_deref(), Some("revisions/a.yaml"));
        assert_eq!(
            project.shown(&id("b")).as_deref(),
            Some("revisions/else/b.yaml")
        );
        symlink("nowhere", revisions.join("broken.yaml")).expect("linked");
        assert!(faults(&root).starts_with("unreadable revisions/broken.yaml: "));
    }

    #[test]
    fn all_faults_of_all_files_are_told_in_one_run() {
        let root = project(&[
            (
                "rev.yaml",
                "revisions: [revisions, gone]\ndatabases:\n  db1: 'sqlite::memory:'\n",
            ),
            (".env", "A=1\nnonsense\n"),
            (
                "revisions/a.yaml",
                "revision: a\ndown_revision: null\nmesage: x\n",
            ),
            (
                "revisions/b.yaml",
                "revision: b\ndown_revision: [a, a, zz]\n",
            ),
            ("revisions/c.yaml", "revision: b\ndown_revision: a\n"),
            ("revisions/d.yaml/e.txt", ""),
            ("revisions/e_broken.yaml", "revision: e\ndown_revision: [\n"),
            (
                "revisions/f.yaml",
                "revision: f\ndown_revision: e\ndepends_on: f\n",
            ),
        ]);
        fs::write(
            root.path().join("revisions/g.yaml"),
            b"revision: g\n# \xff\n",
        )
        .expect("written");
        insta::assert_snapshot!(faults(&root), @"
        bad_env_line .env:2:1: this line is not `NAME=value`
        no_folder rev.yaml:1:24: the revision folder `gone` does not exist
        bad_url rev.yaml:3:8: a database in memory is gone when the command ends, so nothing would be migrated
        unknown_key revisions/a.yaml:3:1: key `mesage` is not known here
        duplicate_id revisions/b.yaml:1:11: revision `b` is also declared in revisions/c.yaml
        repeated_parent revisions/b.yaml:2:20: revision `b` names parent `a` twice
        unknown_parent revisions/b.yaml:2:23: revision `b` names a parent that does not exist: `zz`
        duplicate_id revisions/c.yaml:1:11: revision `b` is also declared in revisions/b.yaml
        is_folder revisions/d.yaml: a folder has the name of a revision file
        yaml_syntax revisions/e_broken.yaml:2:16: this is not valid YAML: unclosed bracket '['
        self_dependency revisions/f.yaml:3:13: revision `f` depends on itself
        not_utf8 revisions/g.yaml:2:3: the file is not UTF-8: byte 14 is 0xff
        ");
    }

    #[test]
    fn faults_of_the_graph_point_at_the_very_word() {
        let root = project(&[
            SETTINGS,
            (
                "revisions/a.yaml",
                "revision: a\ndown_revision:\n  - b\nbranch_labels: [one, db1]\n",
            ),
            (
                "revisions/b.yaml",
                "revision: b\ndown_revision: c\nbranch_labels: [one]\n",
            ),
            (
                "revisions/c.yaml",
                "revision: c\ndown_revision: a\nbranch_labels: [x, some-2]\n",
            ),
            (
                "revisions/all.yaml",
                "revision: all\ndown_revision: all\ndepends_on: [two]\n",
            ),
            (
                "revisions/d.yaml",
                "revision: d\ndown_revision: null\ndepends_on: [nothing]\n",
            ),
        ]);
        insta::assert_snapshot!(faults(&root), @"
        cycle revisions/a.yaml:3:5: revisions form a cycle: `a` → `b` → `c` → `a`
        name_taken revisions/a.yaml:4:22: branch label `db1` has the name of a database
        name_taken revisions/all.yaml:1:11: revision `all` has the name of a group
        self_parent revisions/all.yaml:2:16: revision `all` is its own parent
        unknown_dependency revisions/all.yaml:3:14: revision `all` depends on `two`, which is no revision and no label
        label_taken revisions/b.yaml:3:17: label `one` is declared by `a` and again by `b`
        label_reads_as_offset revisions/c.yaml:3:20: label `some-2` of revision `c` reads as an offset from `some`
        unknown_dependency revisions/d.yaml:3:14: revision `d` depends on `nothing`, which is no revision and no label
        ");
    }

    #[test]
    fn scripts_that_a_database_cannot_choose_are_faults() {
        let root = project(&[
            SETTINGS,
            (
                "revisions/a.yaml",
                "revision: a\ndown_revision: null\nupgrade: {postgres: x}\ndatabases:\n  some: {upgrade: x}\n  all: {upgrade: x}\n",
            ),
            (
                "revisions/b.yaml",
                "revision: b\ndown_revision: a\ndatabases:\n  db1:\n    upgrade: {sqlite: null}\n    downgrade:\n      mysql: x\n",
            ),
        ]);
        insta::assert_snapshot!(faults(&root), @"
        no_dialect revisions/a.yaml:3:1: revision `a` has upgrade scripts by dialect, but none for database `db1` (sqlite)
        two_groups revisions/a.yaml:5:3: revision `a` has entries for two groups of database `db2`: `all` and `some`
        no_dialect revisions/b.yaml:6:5: revision `b` has downgrade scripts by dialect, but none for database `db1` (sqlite)
        ");
    }

    #[test]
    fn settings_that_name_what_is_not_there_are_faults() {
        let root = project(&[
            (
                "rev.yaml",
                "databases:\n  db1: {url: 'sqlite://x', follow: [billing, core], groups: [db2]}\n  db2: sqlite://y\n",
            ),
            (
                "revisions/a.yaml",
                "revision: a\ndown_revision: null\nbranch_labels: biling\n",
            ),
        ]);
        insta::assert_snapshot!(faults(&root), @"
        unknown_branch rev.yaml:2:37: database `db1` follows branch `billing`, which no revision declares
        unknown_branch rev.yaml:2:46: database `db1` follows branch `core`, which no revision declares
        name_taken rev.yaml:2:62: group `db2` has the name of a database
        ");
    }

    #[test]
    fn an_entry_for_an_unbound_database_is_a_warning() {
        let root = project(&[
            SETTINGS,
            (
                "revisions/a.yaml",
                "revision: a\ndown_revision: null\nmessage: m\ndatabases:\n  db3: {upgrade: x}\n  some: {}\n",
            ),
        ]);
        let project = open(&root).expect("opens");
        insta::assert_snapshot!(project.warnings(), @"
        revisions/a.yaml:5:3: `db3` is neither a database nor a group in rev.yaml, so its scripts run nowhere
        ");
    }

    #[test]
    fn a_place_in_sql_is_shown_with_its_file() {
        let root = project(&[
            SETTINGS,
            (
                "revisions/a.yaml",
                "revision: a\ndown_revision: null\ndatabases:\n  all:\n    upgrade: |\n      one\n      two\n",
            ),
        ]);
        let project = open(&root).expect("opens");
        let name = DatabaseName::new("db2").expect("a name");
        let binding = project
            .config
            .binding(&name, &Environment::default())
            .expect("bound");
        let node = project.graph.find("a").expect("there");
        let revision = project.graph.revision(node);
        let at = SqlPlace {
            entry: chosen_entry(revision, &binding),
            direction: "upgrade",
            dialect: Dialect::Sqlite,
            piece: 0,
            line: 2,
            column: 2,
        };
        let (path, place) = project.locate(&id("a"), &at).expect("found");
        assert_eq!(
            (path.as_str(), place.line, place.column),
            ("revisions/a.yaml", 7, 8)
        );
    }

    #[test]
    fn many_files_are_read_as_one() {
        let root = project(&[SETTINGS]);
        fs::create_dir(root.path().join("revisions")).expect("made");
        for number in 0..300_u32 {
            let parent = number
                .checked_sub(1)
                .map_or("null".to_owned(), |n| format!("r{n}"));
            let text = format!("revision: r{number}\ndown_revision: {parent}\n");
            // The names run against the order of the graph.
            let name = format!("revisions/{:03}.yaml", 999 - number);
            fs::write(root.path().join(name), text).expect("written");
        }
        let project = open(&root).expect("opens");
        assert_eq!(project.graph.len(), 300);
        assert_eq!(
            project.shown(&id("r299")).as_deref(),
            Some("revisions/700.yaml")
        );
    }
}
