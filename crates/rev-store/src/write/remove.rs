//! Removing revision files that belong together: all of them or none.
//!
//! They are set aside one by one, each under a hidden name beside its place, and
//! deleted once all of them are. A shortcut of which only some of the replaced
//! revisions have files makes no graph; so where one is missing, loading takes
//! what was set aside for it, and a project can be read at every instant. Where
//! one cannot be set aside, all are put back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What the name of a file that was set aside ends with.
const END: &str = ".removed";

/// Why files are not removed, or not all of them.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// The system refused; all files are where they were.
    #[error("`{}` cannot be removed", path.display())]
    Kept {
        /// The first file that stayed.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The system refused, and files are under hidden names now.
    #[error("`{}` cannot be removed", path.display())]
    PartWay {
        /// The first file that stayed.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
        /// The files that are set aside.
        aside: Vec<PathBuf>,
    },
}

/// Removes these files.
///
/// # Errors
///
/// [`RemoveError`]; whatever it is, the project can be read.
pub fn remove(paths: &[&Path]) -> Result<(), RemoveError> {
    let mut aside = Vec::with_capacity(paths.len());
    for &path in paths {
        match set_aside(path) {
            Ok(hidden) => aside.push(hidden),
            Err(source) => {
                let path = path.to_owned();
                aside.retain(|hidden| put_back(hidden).is_err());
                return Err(match aside.is_empty() {
                    true => RemoveError::Kept { path, source },
                    false => RemoveError::PartWay {
                        path,
                        source,
                        aside,
                    },
                });
            }
        }
    }
    delete(aside)
}

/// Deletes files that are set aside already.
///
/// # Errors
///
/// [`RemoveError::PartWay`] with all that stay.
pub fn delete(aside: Vec<PathBuf>) -> Result<(), RemoveError> {
    let mut left = Vec::new();
    let mut first = None;
    for path in aside {
        if let Err(source) = fs::remove_file(&path) {
            first.get_or_insert((path.clone(), source));
            left.push(path);
        }
    }
    match first {
        None => Ok(()),
        Some((path, source)) => Err(RemoveError::PartWay {
            path,
            source,
            aside: left,
        }),
    }
}

/// Whether a name is that of a file that was set aside.
pub(crate) fn is_aside(path: &Path) -> bool {
    place(path).is_some()
}

/// Where a file stood before it was set aside.
fn place(hidden: &Path) -> Option<PathBuf> {
    let name = hidden.file_name()?.to_str()?;
    let name = name.strip_prefix('.')?.strip_suffix(END)?;
    Some(hidden.with_file_name(name))
}

fn set_aside(path: &Path) -> io::Result<PathBuf> {
    if is_aside(path) {
        return Ok(path.to_owned());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let hidden = path.with_file_name(format!(".{name}{END}"));
    fs::rename(path, &hidden)?;
    Ok(hidden)
}

fn put_back(hidden: &Path) -> io::Result<()> {
    match place(hidden) {
        Some(place) => fs::rename(hidden, place),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> (tempfile::TempDir, Vec<PathBuf>) {
        let folder = tempfile::tempdir().expect("a folder");
        let paths: Vec<PathBuf> = names.iter().map(|it| folder.path().join(it)).collect();
        for path in &paths {
            fs::write(path, "x").expect("written");
        }
        (folder, paths)
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("listed");
        let name = |entry: io::Result<fs::DirEntry>| {
            let name = entry.expect("an entry").file_name();
            name.to_string_lossy().into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn files_go_together_also_those_set_aside_before() {
        let (folder, paths) = folder(&["a.yaml", ".b.yaml.removed", "c.yaml"]);
        remove(&[&paths[0], &paths[1]]).expect("removed");
        assert_eq!(names(folder.path()), ["c.yaml"]);
    }

    #[test]
    fn where_one_cannot_go_all_are_put_back() {
        let (folder, paths) = folder(&["a.yaml", ".b.yaml.removed", "c.yaml"]);
        fs::create_dir(folder.path().join(".c.yaml.removed")).expect("in the way");
        let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        let refused = remove(&paths);
        assert!(
            matches!(&refused, Err(RemoveError::Kept { path, .. }) if path.ends_with("c.yaml")),
            "{refused:?}"
        );
        let there = [".c.yaml.removed", "a.yaml", "b.yaml", "c.yaml"];
        assert_eq!(names(folder.path()), there);
    }
}
