//! What no single file shows: the graph's faults, names that mean two things,
//! branches that nobody declares, and scripts that a database cannot choose.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use rev_core::graph::{LabelFault, ShortcutFault};
use rev_core::name::similar;
use rev_core::{Binding, Graph, GraphFault, Label, Revision, RevisionId, Script, ScriptError};

use super::entry::chosen_entry;
use crate::config::{Config, Environment};
use crate::document::Outline;
use crate::fault::{Fault, Place, Problem};
use crate::load::Loaded;

/// The revisions that could be read, each with its file; no id twice.
pub(super) struct Revisions {
    by_id: BTreeMap<RevisionId, File>,
    /// The names of files that could not be read, without their endings.
    broken: Vec<String>,
    /// The links that are left aside, as shown.
    links: Vec<String>,
}

struct File {
    revision: Arc<Revision>,
    path: PathBuf,
    shown: String,
}

impl File {
    fn fault(&self, problem: Problem, place: impl Fn(&Outline) -> Option<Place>) -> Fault {
        let outline = Outline::at(&self.path);
        let place = outline.as_ref().and_then(|o| place(o).or_else(|| o.id()));
        Fault {
            path: self.shown.clone(),
            place,
            problem,
        }
    }
}

impl Revisions {
    /// Sorts out the revisions; both files of an id that is declared twice are
    /// at fault.
    pub(super) fn new(loaded: Vec<Loaded>, faults: &mut Vec<Fault>) -> Self {
        let mut revisions = Self {
            by_id: BTreeMap::new(),
            broken: Vec::new(),
            links: Vec::new(),
        };
        for loaded in loaded {
            let Some(revision) = loaded.reading.revision else {
                let stem = loaded.path.file_stem();
                let stem = stem.map(|stem| stem.to_string_lossy().into_owned());
                revisions.broken.extend(stem);
                continue;
            };
            let id = revision.id.clone();
            let file = File {
                revision: Arc::new(revision),
                path: loaded.path,
                shown: loaded.shown,
            };
            match revisions.by_id.get(&id) {
                Some(first) => faults.extend(duplicate(first, &file)),
                None => {
                    revisions.by_id.insert(id, file);
                }
            }
        }
        revisions
    }

    /// Notes the links that are left aside.
    pub(super) fn note_links(&mut self, links: &[Fault]) {
        self.links = links.iter().map(|link| link.path.clone()).collect();
    }

    /// What is missing as a problem, with the links behind which it may be: one that has its
    /// name, else any.
    fn missing(&self, name: &str, problem: Problem) -> Problem {
        let is_named = |link: &&String| {
            let name_of_file = link.rsplit('/').next().unwrap_or_default();
            name_of_file.starts_with(name)
        };
        let mut links: Vec<String> = self.links.iter().filter(is_named).cloned().collect();
        if links.is_empty() {
            links.clone_from(&self.links);
        }
        if links.is_empty() {
            return problem;
        }
        let problem = Box::new(problem);
        Problem::PerhapsAside { problem, links }
    }

    /// Takes in revisions that were set aside, but for those that have files.
    pub(super) fn take_back(&mut self, loaded: impl Iterator<Item = Loaded>) {
        for loaded in loaded {
            if let Some(revision) = loaded.reading.revision {
                let file = File {
                    revision: Arc::new(revision),
                    path: loaded.path,
                    shown: loaded.shown,
                };
                let id = file.revision.id.clone();
                self.by_id.entry(id).or_insert(file);
            }
        }
    }

    pub(super) fn all(&self) -> Vec<Arc<Revision>> {
        let files = self.by_id.values();
        files.map(|file| file.revision.clone()).collect()
    }

    pub(super) fn into_files(self) -> BTreeMap<RevisionId, PathBuf> {
        let files = self.by_id.into_iter();
        files.map(|(id, file)| (id, file.path)).collect()
    }

    /// Whether a broken file is named as that of `id` would be.
    fn may_be_broken(&self, id: &str) -> bool {
        self.broken.iter().any(|stem| {
            let rest = stem.strip_prefix(id);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '-']))
        })
    }
}

fn duplicate(first: &File, second: &File) -> [Fault; 2] {
    let fault = |at: &File, other: &File| {
        let problem = Problem::DuplicateId {
            id: at.revision.id.clone(),
            other: other.shown.clone(),
        };
        at.fault(problem, Outline::id)
    };
    [fault(first, second), fault(second, first)]
}

/// What load would say of one more revision, whose file is not written yet.
pub(super) fn problems_of(revision: &Revision, config: &Config, env: &Environment) -> Vec<Problem> {
    let file = File {
        revision: Arc::new(revision.clone()),
        path: PathBuf::new(),
        shown: String::new(),
    };
    let revisions = Revisions {
        by_id: BTreeMap::from([(revision.id.clone(), file)]),
        broken: Vec::new(),
        links: Vec::new(),
    };
    let mut faults = Vec::new();
    check_each(&revisions, config, env, &mut faults);
    faults.into_iter().map(|fault| fault.problem).collect()
}

/// What load would say of the settings, were these all the files.
pub(super) fn problems_of_rest(rest: &[Arc<Revision>], config: &Config) -> Vec<Problem> {
    let mut revisions = Revisions {
        by_id: BTreeMap::new(),
        broken: Vec::new(),
        links: Vec::new(),
    };
    for revision in rest {
        let file = File {
            revision: revision.clone(),
            path: PathBuf::new(),
            shown: String::new(),
        };
        revisions.by_id.insert(revision.id.clone(), file);
    }
    let mut faults = Vec::new();
    check_follow(&revisions, config, "", &mut faults);
    faults.into_iter().map(|fault| fault.problem).collect()
}

/// Adds every fault that shows only in the whole. `settings` is the name of
/// the settings file.
pub(super) fn check(
    revisions: &Revisions,
    graph: &Result<Graph, Vec<GraphFault>>,
    config: &Config,
    env: &Environment,
    settings: &str,
    faults: &mut Vec<Fault>,
) {
    if let Err(found) = graph {
        let found = found
            .iter()
            .filter_map(|fault| graph_fault(revisions, fault));
        faults.extend(found);
    }
    check_each(revisions, config, env, faults);
    check_follow(revisions, config, settings, faults);
    check_groups(config, settings, faults);
}

/// What the settings say against a revision, whatever the others are.
fn check_each(revisions: &Revisions, config: &Config, env: &Environment, faults: &mut Vec<Fault>) {
    check_names(revisions, config, faults);
    check_needs(revisions, config, faults);
    check_scripts(revisions, config, env, faults);
}

/// A fault of the graph at its place; `None` where it is but an echo of a file
/// that could not be read.
fn graph_fault(revisions: &Revisions, fault: &GraphFault) -> Option<Fault> {
    let missing = match fault {
        GraphFault::UnknownParent { parent, .. } => Some(parent.as_str()),
        GraphFault::UnknownDependency { dependency, .. } => Some(dependency.as_str()),
        GraphFault::Shortcut(ShortcutFault::Unknown { missing, .. }) => Some(missing.as_str()),
        _ => None,
    };
    if missing.is_some_and(|id| revisions.may_be_broken(id)) {
        return None;
    }
    let file = revisions.by_id.get(fault.revision())?;
    let mut problem = Problem::Graph(fault.clone());
    if let Some(missing) = missing {
        problem = revisions.missing(missing, problem);
    }
    Some(file.fault(problem, |outline| graph_place(outline, fault)))
}

fn graph_place(outline: &Outline, fault: &GraphFault) -> Option<Place> {
    match fault {
        GraphFault::DuplicateId { .. } => outline.id(),
        GraphFault::UnknownParent { parent, .. } => outline.parent(parent.as_str()),
        GraphFault::RepeatedParent { parent, .. } => outline.repeated_parent(parent.as_str()),
        GraphFault::UnknownDependency { dependency, .. } => outline.dependency_on(dependency),
        GraphFault::SelfParent { id } => outline.parent(id.as_str()),
        GraphFault::SelfDependency { id } => outline.dependency_on(id.as_str()),
        GraphFault::Cycle { members } => {
            let next = members.get(1)?.as_str();
            outline.parent(next).or_else(|| outline.dependency_on(next))
        }
        GraphFault::Shortcut(fault) => match fault {
            ShortcutFault::Unknown { missing, .. } => outline.replaced(Some(missing.as_str())),
            ShortcutFault::Itself { shortcut } => outline.replaced(Some(shortcut.as_str())),
            ShortcutFault::Overlap { shared, .. } => {
                outline.replaced(shared.first().map(AsRef::as_ref))
            }
            ShortcutFault::Knot { .. } => outline.replaced(None),
            ShortcutFault::WaitsForItself { below, .. } => outline.replaced(Some(below.as_str())),
            ShortcutFault::Parents { .. } => outline.parents(),
        },
        GraphFault::Label(
            LabelFault::Taken { label, .. }
            | LabelFault::IsId { label, .. }
            | LabelFault::ReadsAsOffset { label, .. },
        ) => outline.label(label.as_str()),
    }
}

/// No id or label may be a database or group, or read as one's offset.
fn check_names(revisions: &Revisions, config: &Config, faults: &mut Vec<Fault>) {
    let bound = config.bound_names();
    for file in revisions.by_id.values() {
        let id = file.revision.id.as_str();
        if let Some(&owner) = bound.get(id) {
            let problem = taken("revision", id, owner);
            faults.push(file.fault(problem, Outline::id));
        }
        for label in &file.revision.labels {
            if let Some(problem) = label_problem(label, &file.revision.id, &bound) {
                faults.push(file.fault(problem, |outline| outline.label(label.as_str())));
            }
        }
    }
}

fn taken(what: &'static str, name: &str, owner: &'static str) -> Problem {
    let name = name.to_owned();
    Problem::NameTaken { what, name, owner }
}

fn label_problem(
    label: &Label,
    at: &RevisionId,
    bound: &BTreeMap<&str, &'static str>,
) -> Option<Problem> {
    if let Some(&owner) = bound.get(label.as_str()) {
        return Some(taken("branch label", label.as_str(), owner));
    }
    let (stem, offset) = label.as_str().rsplit_once('-')?;
    let is_offset = !offset.is_empty() && offset.bytes().all(|b| b.is_ascii_digit());
    (is_offset && bound.contains_key(stem)).then(|| {
        let fault = LabelFault::ReadsAsOffset {
            label: label.clone(),
            of: stem.to_owned(),
            at: at.clone(),
        };
        Problem::Graph(fault.into())
    })
}

/// A group may not have a database's name.
fn check_groups(config: &Config, settings: &str, faults: &mut Vec<Fault>) {
    for database in config.databases.values() {
        for (group, place) in database.groups.iter().zip(&database.group_places) {
            if config.databases.contains_key(group) {
                faults.push(Fault {
                    path: settings.to_owned(),
                    place: *place,
                    problem: taken("group", group.as_str(), "database"),
                });
            }
        }
    }
}

/// A database that another one's revision needs something of must be bound.
fn check_needs(revisions: &Revisions, config: &Config, faults: &mut Vec<Fault>) {
    for file in revisions.by_id.values() {
        for need in &file.revision.needs {
            if config.databases.contains_key(&need.database) {
                continue;
            }
            let names = config.databases.keys().map(AsRef::as_ref);
            let similar = similar(need.database.as_str(), names);
            let problem = Problem::UnboundNeed {
                need: need.clone(),
                similar: similar.into_iter().map(str::to_owned).collect(),
            };
            let text = need.to_string();
            faults.push(file.fault(problem, |outline| outline.dependency(&text)));
        }
    }
}

/// Followed branches must be declared somewhere.
fn check_follow(revisions: &Revisions, config: &Config, settings: &str, faults: &mut Vec<Fault>) {
    let files = revisions.by_id.values();
    let declared: BTreeSet<&str> = files
        .flat_map(|file| file.revision.labels.iter().map(Label::as_str))
        .collect();
    for database in config.databases.values() {
        for (label, place) in database.follow.iter().zip(&database.follow_places) {
            if declared.contains(label.as_str()) {
                continue;
            }
            let similar = similar(label.as_str(), declared.iter().copied());
            let problem = Problem::UnknownBranch {
                database: database.name.clone(),
                label: label.clone(),
                similar: similar.into_iter().map(str::to_owned).collect(),
            };
            faults.push(Fault {
                path: settings.to_owned(),
                place: *place,
                problem: revisions.missing(label.as_str(), problem),
            });
        }
    }
}

/// Every database whose dialect is known must have one script, or none, in
/// every revision.
fn check_scripts(
    revisions: &Revisions,
    config: &Config,
    env: &Environment,
    faults: &mut Vec<Fault>,
) {
    let names = config.databases.keys();
    let bindings: Vec<Binding> = names
        .filter_map(|name| config.binding(name, env).ok())
        .collect();
    let files = revisions.by_id.values();
    for file in files.filter(|file| may_be_unclear(&file.revision)) {
        for binding in &bindings {
            check_script(file, binding, faults);
        }
    }
}

/// Most revisions have one script for all, which cannot be unclear.
fn may_be_unclear(revision: &Revision) -> bool {
    let scripts = &revision.scripts;
    let entries = scripts.databases.values().chain([&scripts.top]);
    scripts.databases.len() > 1
        || entries
            .flat_map(|entry| [&entry.upgrade, &entry.downgrade])
            .any(|script| matches!(script, Some(Script::ByDialect(_))))
}

fn check_script(file: &File, binding: &Binding, faults: &mut Vec<Fault>) {
    let entry = match file.revision.entry(binding) {
        Ok(Some(entry)) => entry,
        Ok(None) => return,
        Err(error) => {
            let second = match &error {
                ScriptError::TwoGroups { second, .. } => Some(second.clone()),
                ScriptError::NoDialect { .. } => None,
            };
            let place = |outline: &Outline| outline.database(second.as_ref()?.as_str());
            faults.push(file.fault(error.clone().into(), place));
            return;
        }
    };
    let chosen = chosen_entry(&file.revision, binding);
    for (direction, script) in [("upgrade", &entry.upgrade), ("downgrade", &entry.downgrade)] {
        let Some(script) = script else { continue };
        if script.for_dialect(binding.dialect).is_none() {
            let error = ScriptError::NoDialect {
                revision: file.revision.id.clone(),
                database: binding.name.clone(),
                dialect: binding.dialect,
                direction,
            };
            let place = |outline: &Outline| outline.direction(chosen, direction);
            faults.push(file.fault(error.into(), place));
        }
    }
}
