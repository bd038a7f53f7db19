//! Where a SQLite database is, as its URL says, and what the URL lets us do.
//!
//! The parameters that sqlx would pass over in silence are refused here, and so
//! is a database in memory: its ledger would be gone before anyone could read it.

use std::path::{Component, Path, PathBuf};

use rev_core::{DatabaseUrl, Dialect, UrlFault};
use rev_engine::failure::DatabaseError;

use crate::file::no_plain_file;

/// What the names of the files end with that SQLite keeps beside a database.
/// <https://sqlite.org/tempfiles.html>
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];

/// Where the bytes of a file's header say how it is journalled; 2 is the WAL.
/// <https://sqlite.org/fileformat2.html#file_format_version_numbers>
const FORMAT_VERSIONS: std::ops::Range<usize> = 18..20;

/// A file, and what may be done with it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// Whether it may be written.
    pub(super) can_write: bool,
    /// Whether it is made where it is missing.
    pub(super) can_make: bool,
}

impl Place {
    /// Reads a URL.
    pub(super) fn of_url(url: &DatabaseUrl) -> Result<Self, DatabaseError> {
        let path = url.file().filter(|path| path.file_name().is_some());
        let mut place = Self {
            path: path.ok_or(UrlFault::NoFile)?.to_path_buf(),
            can_write: true,
            can_make: true,
        };
        for (number, (name, value)) in (1..).zip(url.parameters()) {
            (place.can_write, place.can_make) = match (name.as_str(), value.as_str()) {
                ("mode", "rwc") => (true, true),
                ("mode", "rw") => (true, false),
                ("mode", "ro") | ("immutable", "1" | "true") => (false, false),
                ("mode", _) => {
                    return Err(DatabaseError::Url(UrlFault::Value {
                        parameter: "mode",
                        values: "`ro`, `rw` or `rwc`",
                    }));
                }
                _ => {
                    return Err(DatabaseError::Url(UrlFault::UnknownParameter {
                        dialect: Dialect::Sqlite,
                        number,
                        similar: None,
                        known: vec!["mode", "immutable"],
                    }));
                }
            };
        }
        place.check_root()?;
        Ok(place)
    }

    /// Refuses to make a file directly in the root folder: three slashes are what other tools
    /// write before a relative path.
    fn check_root(&self) -> Result<(), UrlFault> {
        let is_in_root = self.path.parent() == Some(Path::new("/"));
        match self.path.file_name() {
            Some(name) if is_in_root && self.can_make && !self.path.exists() => {
                Err(UrlFault::InRoot {
                    file: name.to_string_lossy().into_owned(),
                })
            }
            _ => Ok(()),
        }
    }

    /// The path by which every name of the file is known: links followed as far
    /// as there is a file or a folder, the rest taken at its word.
    pub(super) fn whole_path(&self) -> PathBuf {
        for existing in self.path.ancestors() {
            let Ok(mut whole) = std::fs::canonicalize(existing) else {
                continue;
            };
            let rest = self.path.strip_prefix(existing);
            for part in rest.into_iter().flat_map(Path::components) {
                match part {
                    Component::ParentDir => drop(whole.pop()),
                    Component::Normal(name) => whole.push(name),
                    _ => {}
                }
            }
            return whole;
        }
        self.path.clone()
    }

    /// Whether there is a file. SQLite would wait for a pipe, and write through a link that
    /// has the name of one of the files it keeps beside the database.
    pub(super) fn exists(&self) -> Result<bool, DatabaseError> {
        let connect = |error: std::io::Error| DatabaseError::Connect {
            message: format!("`{}`: {error}", self.path.display()),
        };
        for end in BESIDE {
            let path = self.beside(end);
            let is_plain = path.symlink_metadata().map(|it| it.is_file());
            if is_plain.is_ok_and(|is_plain| !is_plain) {
                let (path, error) = (path.display(), no_plain_file());
                let message = format!("`{path}`, which SQLite keeps beside the database: {error}");
                return Err(DatabaseError::Connect { message });
            }
        }
        let what = match self.path.metadata() {
            Ok(it) if it.is_file() => return Ok(true),
            Ok(it) if it.is_dir() => "it is a folder",
            Ok(_) => "it is no plain file",
            Err(_) => return self.path.try_exists().map_err(connect),
        };
        Err(DatabaseError::NotADatabase {
            path: self.path.display().to_string(),
            message: what.to_owned(),
        })
    }

    /// A file that SQLite keeps beside the database.
    fn beside(&self, end: &str) -> PathBuf {
        let mut name = self.whole_path().into_os_string();
        name.push(end);
        PathBuf::from(name)
    }

    /// Removes the file, after what SQLite keeps beside it: alone, that would be taken for part
    /// of a later one.
    pub(super) fn remove(&self) -> Result<(), DatabaseError> {
        let beside = BESIDE.iter().map(|end| self.beside(end));
        for path in beside.chain([self.whole_path()]) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(DatabaseError::Other {
                        message: format!("`{}` cannot be removed: {error}", path.display()),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes the folder that the file is to be in.
    pub(super) fn make_folder(&self) -> Result<(), DatabaseError> {
        let Some(folder) = self.path.parent() else {
            return Ok(());
        };
        std::fs::create_dir_all(folder).map_err(|error| DatabaseError::Connect {
            message: format!("cannot make the folder `{}`: {error}", folder.display()),
        })
    }

    /// Whether the file is in WAL mode and nobody has it open: then all of it is
    /// in the file itself, and even a reader would make the files beside it.
    pub(super) fn is_quiet_wal(&self) -> bool {
        use std::io::Read as _;
        let mut header = [0; FORMAT_VERSIONS.end];
        let read =
            std::fs::File::open(&self.path).and_then(|mut file| file.read_exact(&mut header));
        read.is_ok() && header[FORMAT_VERSIONS] == [2, 2] && !self.has_wal()
    }

    /// Whether there is a write-ahead log beside the file.
    pub(super) fn has_wal(&self) -> bool {
        self.beside("-wal").exists()
    }
}
