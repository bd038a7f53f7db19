//! Loading: every revision file of the project, in the order of their paths.
//!
//! Folders are searched first, then files are read and parsed on all cores.
//! Nothing depends on the order in which the system lists a folder. A file
//! reached twice (by overlapping folders or by links) counts once.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::config::Folder;
use crate::document::{self, Reading, faults};
use crate::fault::{Fault, Problem};
use crate::fence::{Entry, Fence, Kind, Walk};
use crate::source;
use crate::write::remove::is_aside;

/// How many files a thread takes at a time.
const CHUNK: usize = 64;

/// A revision file that was looked at.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) path: PathBuf,
    /// The path as shown.
    pub(crate) shown: String,
    pub(crate) reading: Reading,
}

/// What lies under the folders of a project.
pub(crate) struct Found {
    /// Every revision file.
    pub(crate) files: Vec<Loaded>,
    /// Files that were set aside to be removed; not read.
    pub(crate) aside: Vec<PathBuf>,
    /// What is wrong with folders.
    pub(crate) faults: Vec<Fault>,
    /// The links that are left aside.
    pub(crate) links: Vec<Fault>,
}

/// Reads every revision file under `folders`; `settings` is the file that names
/// them.
pub(crate) fn load(root: &Path, fence: &Fence, folders: &[Folder], settings: &str) -> Found {
    let search = search(root, fence, folders, settings);
    let mut files: Vec<(String, PathBuf)> = search.files.into_values().collect();
    files.sort_unstable();
    Found {
        files: read_all(files),
        aside: search.aside,
        faults: search.faults,
        links: search.walk.aside,
    }
}

/// The revision files under `folders`, unread.
pub(crate) fn paths(root: &Path, fence: &Fence, folders: &[Folder]) -> Vec<PathBuf> {
    let files = search(root, fence, folders, "").files.into_values();
    files.map(|(_, path)| path).collect()
}

fn search<'a>(root: &'a Path, fence: &'a Fence, folders: &[Folder], settings: &str) -> Search<'a> {
    let mut search = Search::new(root, fence);
    for folder in folders {
        search.folder(folder, settings);
    }
    search
}

/// Reads a file that was set aside.
pub(crate) fn load_aside(root: &Path, path: &Path) -> Loaded {
    Loaded {
        path: path.to_owned(),
        shown: source::shown(root, path),
        reading: read(path),
    }
}

struct Search<'a> {
    root: &'a Path,
    walk: Walk<'a>,
    /// By canonical path, the path as shown and as reached.
    files: BTreeMap<PathBuf, (String, PathBuf)>,
    aside: Vec<PathBuf>,
    faults: Vec<Fault>,
}

impl<'a> Search<'a> {
    fn new(root: &'a Path, fence: &'a Fence) -> Self {
        Self {
            root,
            walk: Walk::new(fence),
            files: BTreeMap::new(),
            aside: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn fault(&mut self, path: &Path, problem: Problem) {
        self.faults.push(Fault {
            path: source::shown(self.root, path),
            place: None,
            problem,
        });
    }

    /// Searches a folder named in the settings. The default one may be missing.
    fn folder(&mut self, folder: &Folder, settings: &str) {
        let path = source::tidy(&self.root.join(&folder.path));
        if path.is_dir() {
            self.descend(&path);
        } else if folder.place.is_some() {
            let problem = Problem::NoFolder {
                folder: folder.path.clone(),
            };
            let path = settings.to_owned();
            let place = folder.place;
            self.faults.push(Fault {
                path,
                place,
                problem,
            });
        }
    }

    fn descend(&mut self, folder: &Path) {
        match self.walk.list(folder) {
            Ok(entries) => entries.into_iter().for_each(|entry| self.entry(entry)),
            Err(problem) => self.fault(folder, problem),
        }
    }

    fn entry(&mut self, Entry { name, path, kind }: Entry) {
        if name.as_encoded_bytes().starts_with(b".") {
            // A folder of this name is in nobody's way and nobody's business.
            if is_aside(&path) && matches!(kind, Ok(Kind::File(_))) {
                self.aside.push(path);
            }
            return;
        }
        let wanted = is_revision_file(&path);
        match kind {
            Ok(Kind::Folder) if wanted => self.fault(&path, Problem::IsFolder),
            Ok(Kind::Folder) => self.descend(&path),
            Ok(Kind::File(canonical)) if wanted => {
                let file = (source::shown(self.root, &path), path);
                self.files.entry(canonical).or_insert(file);
            }
            Ok(Kind::Outside(whole)) if wanted || whole.is_dir() => self.walk.leave(&path, &whole),
            Err(error) if wanted => self.fault(&path, source::unreadable(&error)),
            _ => {}
        }
    }
}

fn is_revision_file(path: &Path) -> bool {
    let extension = path.extension();
    extension.is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Reads and parses all files, in their order.
fn read_all(files: Vec<(String, PathBuf)>) -> Vec<Loaded> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(files.len().div_ceil(CHUNK));
    let readings = if threads < 2 {
        files.iter().map(|(_, path)| read(path)).collect()
    } else {
        read_on(threads, &files)
    };
    files
        .into_iter()
        .zip(readings)
        .map(|((shown, path), reading)| Loaded {
            path,
            shown,
            reading,
        })
        .collect()
}

fn read_on(threads: usize, files: &[(String, PathBuf)]) -> Vec<Reading> {
    let chunks: Vec<_> = files.chunks(CHUNK).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = chunks.get(index) else {
                return done;
            };
            let readings: Vec<Reading> = chunk.iter().map(|(_, path)| read(path)).collect();
            done.push((index, readings));
        }
    };
    let mut done: Vec<(usize, Vec<Reading>)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter()
        .flat_map(|(_, readings)| readings)
        .collect()
}

fn read(path: &Path) -> Reading {
    match source::read(path) {
        Ok(text) => document::read(&text),
        Err(finding) => Reading {
            revision: None,
            findings: vec![finding],
        },
    }
}

impl Loaded {
    /// The findings as faults, leaving none behind.
    pub(crate) fn take_faults(&mut self) -> Vec<Fault> {
        faults(&self.shown, std::mem::take(&mut self.reading.findings))
    }
}
