//! Text files as they come from the disk: kind, size, encoding, byte order mark.
//!
//! Every file that `rev` reads is opened here. Only a plain file is: a pipe, a device or a
//! socket is refused before anything waits for it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use crate::fault::{Place, Problem};
use crate::yaml::Finding;

/// The largest file that is read, in bytes.
pub(crate) const MAX_SIZE: u64 = 64 << 20;

/// Reads a text file, without its byte order mark.
///
/// # Errors
///
/// What is wrong with it, and where.
pub(crate) fn read(path: &Path) -> Result<String, Finding> {
    text(bytes(path).map_err(|problem| (None, problem))?)
}

/// Reads a file that a person named, as UTF-8 text, byte order mark and all.
///
/// # Errors
///
/// The system's, and one that says what else it is than a plain file of text.
pub fn read_text(path: &Path) -> io::Result<String> {
    fs::metadata(path)?;
    let invalid = |problem: Problem| io::Error::new(ErrorKind::InvalidData, problem.to_string());
    String::from_utf8(bytes(path).map_err(invalid)?)
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "the file is not UTF-8"))
}

/// A line of a project's file, by its number from one, for a message about it. Nothing of
/// `.env` where that is a link, nor of settings that are a link out of the project.
#[must_use]
pub fn excerpt(root: &Path, shown: &str, line: usize) -> Option<String> {
    let path = root.join(shown);
    let is_env = shown == ".env";
    if path.is_symlink() && (is_env || (!shown.contains('/') && leads_out(root, &path))) {
        return None;
    }
    let text = read_text(&path).ok()?;
    let line = text.lines().nth(line.checked_sub(1)?)?;
    Some(line.trim_start_matches('\u{feff}').to_owned())
}

/// Whether a path, its links followed, is not below `root`.
pub(crate) fn leads_out(root: &Path, path: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().ok();
    match (whole(root), whole(path)) {
        (Some(root), Some(path)) => !path.starts_with(root),
        _ => false,
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    let unreadable = |error: io::Error| unreadable(&error);
    // Before it is opened: that alone wakes whoever writes into a pipe, or moves a tape.
    plain(&fs::metadata(path).map_err(unreadable)?)?;
    let mut file = open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    plain(&metadata)?;
    let (size, limit) = (metadata.len(), MAX_SIZE);
    if size > limit {
        return Err(Problem::TooLarge { size, limit });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    // Some files have no end, or none that they tell of.
    let mut most = (&mut file).take(limit + 1);
    most.read_to_end(&mut bytes).map_err(unreadable)?;
    match bytes.len() as u64 {
        size if size > limit => Err(Problem::TooLarge { size, limit }),
        _ => Ok(bytes),
    }
}

fn plain(metadata: &fs::Metadata) -> Result<(), Problem> {
    if metadata.is_dir() {
        return Err(Problem::IsFolder);
    }
    match metadata.is_file() {
        true => Ok(()),
        false => Err(Problem::NotAFile),
    }
}

/// Opens a file without waiting for whoever has its other end.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    options.open(path)
}

/// A system's error as a problem of a file.
pub(crate) fn unreadable(error: &std::io::Error) -> Problem {
    match error.kind() {
        ErrorKind::IsADirectory => Problem::IsFolder,
        _ => Problem::Unreadable {
            reason: error.to_string(),
        },
    }
}

/// The text of these bytes, without a byte order mark.
///
/// # Errors
///
/// [`Problem::NotUtf8`] or [`Problem::Nul`], with the place.
pub(crate) fn text(bytes: Vec<u8>) -> Result<String, Finding> {
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let place = place_after(&String::from_utf8_lossy(&bytes[..offset]));
        let byte = bytes[offset];
        (Some(place), Problem::NotUtf8 { offset, byte })
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    match text.find('\0') {
        Some(offset) => Err((Some(place_after(&text[..offset])), Problem::Nul)),
        None => Ok(text),
    }
}

/// The place right after this beginning of a file.
fn place_after(beginning: &str) -> Place {
    let beginning = beginning.strip_prefix('\u{feff}').unwrap_or(beginning);
    let line = beginning.bytes().filter(|&byte| byte == b'\n').count() + 1;
    let tail = beginning.rsplit('\n').next().unwrap_or_default();
    Place {
        line,
        column: tail.chars().count() + 1,
        length: 1,
    }
}

/// The path as shown: relative to `root` where it is inside, with forward
/// slashes.
#[must_use]
pub(crate) fn shown(root: &Path, path: &Path) -> String {
    let path = tidy(path);
    let inside = path.strip_prefix(tidy(root)).unwrap_or(&path);
    let text = inside.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}

/// The path without `.`, and without `name/..`, asking no disk.
#[must_use]
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(tidied.components().next_back(), Some(Component::Normal(_))) =>
            {
                tidied.pop();
            }
            other => tidied.push(other),
        }
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_is_not_utf8_has_a_place() {
        let (place, problem) =
            text(b"\xef\xbb\xbfab\n\xc3\xa9x\xff".to_vec()).expect_err("not UTF-8");
        assert_eq!(
            place,
            Some(Place {
                line: 2,
                column: 3,
                length: 1
            })
        );
        assert_eq!(
            problem,
            Problem::NotUtf8 {
                offset: 9,
                byte: 0xff
            }
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(text("\u{feff}a".into()), Ok("a".to_owned()));
    }

    #[test]
    fn a_nul_is_refused_with_its_place() {
        let (place, problem) = text(b"a\nb\0".to_vec()).expect_err("a NUL");
        assert_eq!(
            (place.map(|p| (p.line, p.column)), problem),
            (Some((2, 2)), Problem::Nul)
        );
    }

    #[test]
    fn paths_are_shown_without_detours() {
        let root = Path::new("/p/app");
        assert_eq!(
            shown(root, Path::new("/p/app/./revisions/x/../a.yaml")),
            "revisions/a.yaml"
        );
        assert_eq!(
            shown(root, Path::new("/p/app/../other/a.yaml")),
            "/p/other/a.yaml"
        );
    }
}
