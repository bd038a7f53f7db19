//! A SQLite file as a whole.

use rev_engine::database::{Database as _, Guard, Holder};
use rev_engine::event::Stop;
use rev_engine::failure::DatabaseError;

use super::Sqlite;
use super::guard::guard_path;

impl Sqlite {
    /// The path by which every name of the file is known.
    pub(crate) fn whereabouts(&self) -> String {
        self.place.whole_path().display().to_string()
    }

    /// Whether the file is there.
    pub(crate) fn is_there(&self) -> Result<bool, DatabaseError> {
        self.place.exists()
    }

    /// Makes an empty file, and the folders that it is in. Gives whether it was missing.
    pub(crate) async fn make_file(&mut self) -> Result<bool, DatabaseError> {
        if self.place.exists()? {
            return Ok(false);
        }
        if !self.place.can_make {
            return Err(DatabaseError::ReadOnly {
                message: "its URL says that its file is not made".to_owned(),
            });
        }
        self.open_writer(&Stop::default()).await?;
        self.close_writer().await?;
        Ok(true)
    }

    /// Removes the file and all that lies beside it, once nobody else has it open. Gives
    /// whether it was there.
    pub(crate) async fn remove_file(&mut self, holder: &Holder) -> Result<bool, DatabaseError> {
        if !self.place.exists()? {
            return Ok(false);
        }
        if let Guard::Held(other) = self.try_lock(holder).await? {
            let by = other.map_or_else(
                || "another run".to_owned(),
                |it| format!("a run of {} (process {})", it.operator, it.process),
            );
            return Err(DatabaseError::InUse { by: vec![by] });
        }
        // Of a link nobody knows where it led once the file is gone.
        let guard = guard_path(&self.place.whole_path(), &self.settings.ledger_prefix);
        let removed = match self.be_alone().await {
            Ok(()) => self.remove_held().await,
            Err(error) => {
                let _ = self.close_writer().await;
                Err(error)
            }
        };
        // No run can wait for what is no database, so its guard is of no use to anybody.
        if matches!(removed, Ok(()) | Err(DatabaseError::NotADatabase { .. })) {
            self.guard.remove(&guard);
        }
        removed.map(|()| true)
    }

    /// Removes a file that is ours alone, and is kept so until it is gone. Windows removes none
    /// that is open.
    async fn remove_held(&mut self) -> Result<(), DatabaseError> {
        if cfg!(windows) {
            self.close_writer().await?;
            return self.place.remove();
        }
        let removed = self.place.remove();
        // There is nothing left that could be lost by it.
        let _ = self.close_writer().await;
        removed
    }

    /// Takes the whole file until it is closed: what an earlier program has left beside it is
    /// settled, and a write-ahead log that somebody has open is met, too. Of somebody who has
    /// no log and is idle nothing is seen. Without a log of its own the session leaves what a
    /// new file of this name has beside it.
    async fn be_alone(&mut self) -> Result<(), DatabaseError> {
        self.open_writer(&Stop::default()).await?;
        for statement in [
            "PRAGMA locking_mode = EXCLUSIVE",
            "BEGIN EXCLUSIVE",
            "COMMIT",
            "PRAGMA journal_mode = DELETE",
        ] {
            self.run(statement).await.map_err(|error| match error {
                DatabaseError::Busy { .. } => DatabaseError::InUse {
                    by: vec!["another program has the file open".to_owned()],
                },
                other => other,
            })?;
        }
        Ok(())
    }
}
