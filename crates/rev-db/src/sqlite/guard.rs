//! The guard of a SQLite file: an operating-system lock on a file beside it.
//!
//! The database itself cannot be used: SQLite's own locks on it are of the kind
//! that the process loses when it closes any handle on the file. The guard file
//! stays behind when a run ends, and means nothing then; the lock on it goes
//! with the process, however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rev_engine::database::{DatabaseError, Guard, Holder};

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
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|e| failed(&e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Guard::Held(read_note(&mut file))),
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        // The note is for people who wait; a lock without one is still a lock.
        let _ = write_note(&mut file, holder);
        self.file = Some(file);
        Ok(Guard::Taken)
    }

    /// Who has it. Without a note nobody looks at the lock, so that a look disturbs
    /// no run that is about to take it; a killed run's note is told by its lock.
    pub(super) fn holder(path: &Path) -> Option<Holder> {
        let mut file = File::open(path).ok()?;
        let holder = read_note(&mut file)?;
        let is_held = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
        is_held.then_some(holder)
    }

    pub(super) fn give_back(&mut self) {
        if let Some(file) = self.file.take() {
            let _ = file.set_len(0);
            let _ = file.unlock();
        }
    }
}

fn write_note(file: &mut File, holder: &Holder) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    let Holder {
        operator,
        process,
        since,
    } = holder;
    file.write_all(format!("{operator}\t{process}\t{since}\n").as_bytes())
}

fn read_note(file: &mut File) -> Option<Holder> {
    let mut note = String::new();
    file.read_to_string(&mut note).ok()?;
    let mut fields = note.trim_end().split('\t');
    Some(Holder {
        operator: fields.next().filter(|text| !text.is_empty())?.to_owned(),
        process: fields.next()?.parse().ok()?,
        since: fields.next()?.to_owned(),
    })
}
