//! The fence: what of the disk a project is.
//!
//! That is the folder of `rev.yaml`, and whatever else `rev.yaml` names by a path that leads
//! out of it (`revisions: ../shared`). A link may lead anywhere within. One that leads out is
//! left aside: git carries links, so a branch could aim one at any file of whoever checks it
//! out. Folders are listed here and nowhere else, each once and not without end.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use crate::fault::{Fault, Problem};
use crate::source;
use crate::write::WriteError;

/// The most folders, and the most entries of folders, that are looked at in one search.
const MOST: (usize, usize) = (10_000, 1_000_000);

/// The folders and files within which a project lies, links followed.
#[derive(Debug, Clone)]
pub struct Fence {
    root: PathBuf,
    within: Vec<PathBuf>,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Something within the fence, at this path, links followed.
    Within(PathBuf),
    /// Something else; the path with links followed.
    Outside(PathBuf),
}

impl Fence {
    /// The fence around a project; `named` are the paths that its settings name.
    pub(crate) fn new<'a>(root: &Path, named: impl IntoIterator<Item = &'a str>) -> Self {
        let tidied = source::tidy(root);
        let whole = |path: &Path| path.canonicalize().ok();
        let named = named.into_iter().map(|word| source::tidy(&root.join(word)));
        // A path that stays in the project by its words is led out of it by a link alone.
        let outer = named.filter(|path| !path.starts_with(&tidied));
        let mut within: Vec<PathBuf> = outer.filter_map(|path| whole(&path)).collect();
        within.push(whole(root).unwrap_or(tidied));
        Self {
            root: root.to_owned(),
            within,
        }
    }

    /// The folder of `rev.yaml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where a path leads.
    ///
    /// # Errors
    ///
    /// The system's, where there is nothing, or a link to nothing, or a loop of links.
    pub fn look(&self, path: &Path) -> io::Result<Standing> {
        let whole = path.canonicalize()?;
        Ok(match self.within.iter().any(|it| whole.starts_with(it)) {
            true => Standing::Within(whole),
            false => Standing::Outside(whole),
        })
    }

    /// What is wrong with a path that leads out; `None`: it does not, or leads nowhere.
    #[must_use]
    pub fn breach(&self, path: &Path) -> Option<Fault> {
        match self.look(path) {
            Ok(Standing::Outside(whole)) => Some(self.left_aside(path, &whole)),
            _ => None,
        }
    }

    /// Whether a folder that perhaps is still to be made is within.
    ///
    /// # Errors
    ///
    /// [`WriteError::LinkOut`] where it, or what it is to be made in, leads out.
    pub fn check_for_writing(&self, folder: &Path) -> Result<(), WriteError> {
        let standing = folder.ancestors().find_map(|path| self.look(path).ok());
        match standing {
            Some(Standing::Outside(_)) => Err(WriteError::LinkOut {
                path: source::shown(&self.root, folder),
            }),
            _ => Ok(()),
        }
    }

    fn left_aside(&self, link: &Path, whole: &Path) -> Fault {
        let folder = match whole.is_dir() {
            true => whole,
            false => whole.parent().unwrap_or(whole),
        };
        Fault {
            path: source::shown(&self.root, link),
            place: None,
            problem: Problem::LinkOut {
                folder: folder.display().to_string(),
            },
        }
    }
}

/// What a folder holds.
pub(crate) struct Entry {
    pub(crate) name: OsString,
    /// As reached.
    pub(crate) path: PathBuf,
    pub(crate) kind: io::Result<Kind>,
}

/// What an entry is, a link taken for what it leads to.
pub(crate) enum Kind {
    Folder,
    /// A file or what else is no folder, at this path, links followed.
    File(PathBuf),
    /// A link that leads out, to this path.
    Outside(PathBuf),
}

/// A search through folders of a project.
pub(crate) struct Walk<'a> {
    fence: &'a Fence,
    /// The folders that were listed, links followed.
    seen: BTreeSet<PathBuf>,
    entries: usize,
    most: (usize, usize),
    /// The links that were left aside.
    pub(crate) aside: Vec<Fault>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(fence: &'a Fence) -> Self {
        Self {
            fence,
            seen: BTreeSet::new(),
            entries: 0,
            most: MOST,
            aside: Vec::new(),
        }
    }

    /// What is in a folder, by name; nothing where the folder was listed already, or is out
    /// of the fence, which is noted.
    pub(crate) fn list(&mut self, folder: &Path) -> Result<Vec<Entry>, Problem> {
        let unreadable = |error: io::Error| source::unreadable(&error);
        let whole = match self.fence.look(folder).map_err(unreadable)? {
            Standing::Within(whole) => whole,
            Standing::Outside(whole) => {
                self.leave(folder, &whole);
                return Ok(Vec::new());
            }
        };
        if self.is_over() || !self.seen.insert(whole.clone()) {
            return Ok(Vec::new());
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            self.entries += 1;
            if self.is_over() {
                let (folders, entries) = self.most;
                return Err(Problem::TooMany { folders, entries });
            }
            entries.push(entry.map_err(unreadable)?);
        }
        // So that of two links to one file the same is shown every time.
        entries.sort_by_key(DirEntry::file_name);
        let entries = entries.into_iter().map(|entry| Entry {
            name: entry.file_name(),
            path: entry.path(),
            kind: self.kind(&entry, &whole),
        });
        Ok(entries.collect())
    }

    pub(crate) const fn fence(&self) -> &'a Fence {
        self.fence
    }

    /// Notes a link that is left aside.
    pub(crate) fn leave(&mut self, link: &Path, whole: &Path) {
        self.aside.push(self.fence.left_aside(link, whole));
    }

    fn is_over(&self) -> bool {
        self.seen.len() > self.most.0 || self.entries > self.most.1
    }

    /// Only links cost a question to the system.
    fn kind(&self, entry: &DirEntry, folder: &Path) -> io::Result<Kind> {
        let kind = entry.file_type()?;
        let path = entry.path();
        if !kind.is_symlink() {
            return Ok(match kind.is_dir() {
                true => Kind::Folder,
                false => Kind::File(folder.join(entry.file_name())),
            });
        }
        Ok(match self.fence.look(&path)? {
            Standing::Outside(whole) => Kind::Outside(whole),
            Standing::Within(whole) if whole.is_dir() => Kind::Folder,
            Standing::Within(whole) => Kind::File(whole),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_ends_where_more_lies_than_anybody_has() {
        let root = tempfile::tempdir().expect("a folder");
        for number in 0..4 {
            let folder = root.path().join(format!("{number}"));
            fs::create_dir_all(&folder).expect("made");
            fs::write(folder.join("a"), "").expect("written");
        }
        let fence = Fence::new(root.path(), []);
        let search = |most: (usize, usize)| {
            let mut walk = Walk::new(&fence);
            walk.most = most;
            let entries = walk.list(root.path())?;
            let mut found = 0;
            for entry in entries {
                found += walk.list(&entry.path)?.len();
            }
            Ok::<usize, Problem>(found)
        };
        assert_eq!(search((5, 8)), Ok(4));
        for (folders, entries) in [(4, 8), (5, 7)] {
            let many = Problem::TooMany { folders, entries };
            assert_eq!(search((folders, entries)), Err(many));
        }
    }
}
