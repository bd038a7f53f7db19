//! A file that is being written, and gets its name once it is whole.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::WriteError;

/// A file under a hidden name, gone when dropped.
pub(crate) struct Draft(PathBuf);

impl Draft {
    pub(crate) fn write(path: &Path, text: &str) -> Result<Self, WriteError> {
        let draft = Self::name(path);
        write_new(&draft, text).map_err(WriteError::of_draft(path))?;
        Ok(Self(draft))
    }

    fn name(path: &Path) -> PathBuf {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.with_file_name(format!(".{name}.{}.draft", std::process::id()))
    }

    /// The same, to be read by nobody who may not read the file that is there.
    pub(crate) fn write_like(path: &Path, text: &str) -> Result<Self, WriteError> {
        let permissions = fs::metadata(path)
            .map_err(WriteError::io(path))?
            .permissions();
        let draft = Self::name(path);
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
            options.mode(permissions.mode() & 0o777);
        }
        write_with(&mut options, &draft, text).map_err(WriteError::of_draft(path))?;
        let draft = Self(draft);
        fs::set_permissions(&draft.0, permissions).map_err(WriteError::io(path))?;
        Ok(draft)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Gives the file its name, in the place of what had it.
    pub(crate) fn replace(self, path: &Path) -> Result<(), WriteError> {
        fs::rename(&self.0, path).map_err(WriteError::io(path))
    }

    /// Gives the file its name. A rename would overwrite, a link does not; a
    /// file system without links gets a second writing instead.
    pub(super) fn publish(self, path: &Path, text: &str) -> Result<(), WriteError> {
        match fs::hard_link(&self.0, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => write_new(path, text),
            linked => linked,
        }
        .map_err(WriteError::io(path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // A draft that stays behind is hidden and read by nobody.
        let _ = fs::remove_file(&self.0);
    }
}

/// What cannot be written to its end, on a full disk perhaps, is taken away again.
pub(super) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    write_with(&mut OpenOptions::new(), path, text)
}

pub(super) fn write_with(options: &mut OpenOptions, path: &Path, text: &str) -> io::Result<()> {
    let mut file = options.write(true).create_new(true).open(path)?;
    let written = file.write_all(text.as_bytes());
    let written = written.and_then(|()| file.sync_all());
    if written.is_err() {
        drop(file);
        let _ = fs::remove_file(path);
    }
    written
}
