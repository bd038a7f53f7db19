//! The guard of a SQLite file: an operating-system lock on a file beside it.
//!
//! The database itself cannot be used: SQLite's own locks on it are of the kind
//! that the process loses when it closes any handle on the file. The guard file
//! stays behind when a run ends, and means nothing then; the lock on it goes
//! with the process, however that ends.
//!
//! The file's name is known beforehand, and a checkout can bring a file or a link of that
//! name: a link is not followed, and a file that holds anything but a note of ours is left
//! as it is.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rev_engine::database::{Guard, Holder};
use rev_engine::failure::DatabaseError;

use crate::file::open_plain;

/// The prefix of a ledger that names none.
const USUAL_PREFIX: &str = "rev_";

/// The guard file of the ledger with this prefix in this database. Two ledgers
/// in one file have two guards: one run may work on both.
pub(super) fn guard_path(database: &Path, prefix: &str) -> PathBuf {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    if prefix != USUAL_PREFIX {
        name.push(format!(".{prefix}"));
    }
    name.push(".rev-lock");
    database.with_file_name(name)
}

#[derive(Debug, Default)]
pub(super) struct GuardFile {
    file: Option<File>,
}

impl GuardFile {
    pub(super) fn try_take(
        &mut self,
        path: &Path,
        holder: &Holder,
    ) -> Result<Guard, DatabaseError> {
        if self.file.is_some() {
            return Ok(Guard::Taken);
        }
        let failed = |error: &dyn std::fmt::Display| DatabaseError::Connect {
            message: format!("the lock file `{}`: {error}", path.display()),
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = open_plain(path, &mut options).map_err(|e| failed(&e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Guard::Held(read_note(&mut file))),
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        if !is_ours(&mut file).map_err(|e| failed(&e))? {
            return Err(failed(
                &"it is there already and is none of ours; move it away",
            ));
        }
        // The note is for people who wait; a lock without one is still a lock.
        let _ = write_note(&mut file, holder);
        self.file = Some(file);
        Ok(Guard::Taken)
    }

    /// Who has it. Without a note nobody looks at the lock, so that a look disturbs
    /// no run that is about to take it; a killed run's note is told by its lock.
    pub(super) fn holder(path: &Path) -> Option<Holder> {
        let mut file = open_plain(path, OpenOptions::new().read(true)).ok()?;
        let holder = read_note(&mut file)?;
        let is_held = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
        is_held.then_some(holder)
    }

    /// Gives it back and removes its file; nothing is lost where that stays.
    pub(super) fn remove(&mut self, path: &Path) {
        if self.file.is_some() {
            let _ = std::fs::remove_file(path);
        }
        self.give_back();
    }

    pub(super) fn give_back(&mut self) {
        if let Some(file) = self.file.take() {
            let _ = file.set_len(0);
            let _ = file.unlock();
        }
    }
}

/// Whether a file holds nothing, or a note of ours.
fn is_ours(file: &mut File) -> io::Result<bool> {
    Ok(file.metadata()?.len() == 0 || read_note(file).is_some())
}

/// The longest note that is read, in bytes.
const LONGEST_NOTE: u64 = 4096;

fn write_note(file: &mut File, holder: &Holder) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    let Holder {
        operator,
        process,
        since,
        ..
    } = holder;
    file.write_all(format!("{operator}\t{process}\t{since}\n").as_bytes())
}

fn read_note(file: &mut File) -> Option<Holder> {
    let mut note = String::new();
    file.take(LONGEST_NOTE).read_to_string(&mut note).ok()?;
    let mut fields = note.strip_suffix('\n')?.split('\t');
    let holder = Holder {
        operator: fields.next().filter(|text| !text.is_empty())?.to_owned(),
        process: fields.next()?.parse().ok()?,
        since: fields
            .next()
            .filter(|text| !text.contains('\n'))?
            .to_owned(),
        node: None,
    };
    fields.next().is_none().then_some(holder)
}
