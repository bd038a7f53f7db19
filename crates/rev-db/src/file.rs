//! Files that are opened beside a database: plain ones, never a link, and none that would
//! be waited for.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a plain file.
///
/// # Errors
///
/// The system's, and one that says what it is that is no plain file.
pub(crate) fn open_plain(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = match options.open(path) {
        Err(_) if path.is_symlink() => {
            return Err(io::Error::other(
                "it is a link, which is not followed; remove it",
            ));
        }
        other => other?,
    };
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(no_plain_file())
}

/// What is said of anything else than a plain file.
pub(crate) fn no_plain_file() -> io::Error {
    io::Error::other("it is no plain file; remove it")
}
