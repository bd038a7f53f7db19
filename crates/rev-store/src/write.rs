//! Writing: new revision files and new projects, and removing files.
//!
//! A file is written beside its place under a hidden name, read back by our own
//! reader and compared, and only then put in place, where nothing is ever
//! overwritten. So no reader sees half a file, and no revision says on the disk
//! anything else than was meant.

mod emit;
mod init;
pub(crate) mod remove;
mod reparent;

pub use emit::text;
pub(crate) use emit::{scalar, script};
pub use init::{Initialised, Template, init};
pub use remove::{RemoveError, delete, remove};
pub use reparent::reparent;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rev_core::{Revision, RevisionId};

use crate::fault::{Place, Problem};
use crate::fence::Fence;
use crate::{document, source};

/// How much of a message goes into a file's name.
const SLUG_LENGTH: usize = 40;

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is a file already.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("`{}` cannot be written", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// A folder that a link leads to, out of the project.
    #[error("`{path}` leads out of the project by a link, and nothing is written there")]
    LinkOut {
        /// The folder, as shown.
        path: String,
    },
    /// Settings that would be a fault: nothing was written.
    #[error(transparent)]
    Settings {
        /// What is wrong with them.
        problem: Box<Problem>,
    },
    /// Something that would read back as something else; the file was not put in
    /// place.
    #[error("`{}` would read back as something else", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// Parents that cannot be changed without changing what stands around them.
    #[error("the parents in `{}` are written in a way that cannot be changed by itself", path.display())]
    Fixed {
        /// The file, which is as it was.
        path: PathBuf,
        /// Where they stand.
        place: Option<Place>,
    },
    /// A revision that YAML cannot carry; the file was not put in place.
    #[error("revision `{id}` would read back as something else")]
    NotFaithful {
        /// The revision.
        id: RevisionId,
    },
}

impl WriteError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::AlreadyExists => WriteError::Exists { path },
            _ => WriteError::Io { path, source },
        }
    }
}

/// The name of a new file for this revision: `<id>_<slug>.yaml`.
#[must_use]
pub fn file_name(revision: &Revision) -> String {
    let slug = slug(&revision.message);
    match slug.as_str() {
        "" => format!("{}.yaml", revision.id),
        slug => format!("{}_{slug}.yaml", revision.id),
    }
}

/// The message in small ASCII letters and digits, `_` between, at most forty
/// characters and no word cut where that can be helped.
fn slug(message: &str) -> String {
    let lower = message.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let mut slug = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        let gap = usize::from(!slug.is_empty());
        if slug.len() + gap + word.len() > SLUG_LENGTH {
            if slug.is_empty() {
                slug.push_str(&word[..SLUG_LENGTH]);
            }
            break;
        }
        if gap == 1 {
            slug.push('_');
        }
        slug.push_str(word);
    }
    slug
}

/// Writes a new revision file into `folder`, making the folder where it is
/// missing. Returns the file.
///
/// # Errors
///
/// [`WriteError`]; then nothing new is in the folder.
pub fn create(fence: &Fence, folder: &Path, revision: &Revision) -> Result<PathBuf, WriteError> {
    fence.check_for_writing(folder)?;
    fs::create_dir_all(folder).map_err(WriteError::io(folder))?;
    let path = folder.join(file_name(revision));
    place(&path, &text(revision), |read| {
        let reading = document::read(read);
        let same = reading.findings.is_empty() && reading.revision.as_ref() == Some(revision);
        same.then_some(()).ok_or_else(|| WriteError::NotFaithful {
            id: revision.id.clone(),
        })
    })?;
    Ok(path)
}

/// Puts a new file in place once `verify` has seen what stands on the disk.
fn place(
    path: &Path,
    text: &str,
    verify: impl FnOnce(&str) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let draft = Draft::write(path, text)?;
    let read = source::read(&draft.0).map_err(|(_, problem)| {
        WriteError::io(path)(io::Error::new(
            io::ErrorKind::InvalidData,
            problem.to_string(),
        ))
    })?;
    verify(&read)?;
    draft.publish(path, text)
}

/// A file under a hidden name, gone when dropped.
pub(crate) struct Draft(PathBuf);

impl Draft {
    pub(crate) fn write(path: &Path, text: &str) -> Result<Self, WriteError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let draft = path.with_file_name(format!(".{name}.{}.draft", std::process::id()));
        write_new(&draft, text).map_err(WriteError::io(&draft))?;
        Ok(Self(draft))
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
    fn publish(self, path: &Path, text: &str) -> Result<(), WriteError> {
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
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(text.as_bytes());
    let written = written.and_then(|()| file.sync_all());
    if written.is_err() {
        drop(file);
        let _ = fs::remove_file(path);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(id: &str, message: &str) -> Revision {
        let mut revision = Revision::new(RevisionId::new(id).expect("an id"), Vec::new());
        revision.message = message.to_owned();
        revision
    }

    #[test]
    fn a_file_is_named_for_its_id_and_message() {
        for (message, name) in [
            ("add hero", "ab12_add_hero.yaml"),
            (
                "  Añade: la tabla / héroes!  ",
                "ab12_a_ade_la_tabla_h_roes.yaml",
            ),
            ("", "ab12.yaml"),
            ("日本", "ab12.yaml"),
            (
                "one two three four five six seven eight nine",
                "ab12_one_two_three_four_five_six_seven_eight.yaml",
            ),
            (&"x".repeat(60), &format!("ab12_{}.yaml", "x".repeat(40))),
        ] {
            assert_eq!(file_name(&revision("ab12", message)), name);
        }
    }

    #[test]
    fn a_new_file_never_replaces_another_and_leaves_no_draft() {
        let folder = tempfile::tempdir().expect("a folder");
        let fence = Fence::new(folder.path(), []);
        let first = create(&fence, folder.path(), &revision("ab12", "x")).expect("written");
        let before = fs::read_to_string(&first).expect("read");
        let again = create(&fence, folder.path(), &revision("ab12", "x"));
        assert!(matches!(again, Err(WriteError::Exists { path }) if path == first));
        assert_eq!(fs::read_to_string(&first).expect("read"), before);
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    #[test]
    fn a_revision_that_yaml_cannot_carry_is_not_put_in_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut unfaithful = revision("ab12", "x");
        unfaithful.depends_on = vec!["not a name".to_owned()];
        let fence = Fence::new(folder.path(), []);
        let refused = create(&fence, folder.path(), &unfaithful);
        assert!(
            matches!(refused, Err(WriteError::NotFaithful { .. })),
            "{refused:?}"
        );
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 0);
    }
}
