//! Writing: new revision files and new projects, and removing files.
//!
//! A file is written beside its place under a hidden name, read back by our own
//! reader and compared, and only then put in place, where nothing is ever
//! overwritten. So no reader sees half a file, and no revision says on the disk
//! anything else than was meant.

mod add;
mod declare;
mod draft;
mod editors;
mod emit;
mod error;
mod init;
pub(crate) mod remove;
mod reparent;

pub use add::add;
pub use declare::{Declared, declare};
pub(crate) use draft::Draft;
pub use editors::{name_schema, schemas};
pub use emit::text;
pub(crate) use emit::{scalar, script};
pub use error::WriteError;
pub use init::{Initialised, NewDatabase, Template, init};
pub use remove::{RemoveError, delete, remove};
pub use reparent::reparent;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rev_core::Revision;

use crate::fence::Fence;
use crate::{document, source};

/// How much of a message goes into a file's name.
const SLUG_LENGTH: usize = 40;
/// The same in bytes: a file's name has at most 255, with an id and an ending.
const SLUG_BYTES: usize = 120;

/// The name of a new file for this revision: `<id>_<slug>.yaml`.
#[must_use]
pub fn file_name(revision: &Revision) -> String {
    let slug = slug(&revision.message);
    match slug.as_str() {
        "" => format!("{}.yaml", revision.id),
        slug => format!("{}_{slug}.yaml", revision.id),
    }
}

/// The message in small letters and digits of any script, `_` between, at most forty
/// characters and 120 bytes, and no word cut where that can be helped.
fn slug(message: &str) -> String {
    let lower = message.to_lowercase();
    let words = lower.split(|c: char| !is_of_word(c));
    let mut slug = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        let gap = usize::from(!slug.is_empty());
        let fits = |text: &str| text.chars().count() <= SLUG_LENGTH && text.len() <= SLUG_BYTES;
        let longer = format!("{slug}{}{word}", "_".repeat(gap));
        if !fits(&longer) {
            if slug.is_empty() {
                let cut = word.char_indices().map(|(at, _)| &word[..at]);
                slug.push_str(cut.rev().find(|it| fits(it)).unwrap_or_default());
            }
            break;
        }
        slug = longer;
    }
    slug
}

/// Whether a character belongs to a word: a letter, a digit, or what only ever stands with a
/// letter, such as an accent of its own or the sign that takes a vowel away in Devanagari.
fn is_of_word(character: char) -> bool {
    let is_mark = matches!(character,
        '\u{300}'..='\u{36f}'
        | '\u{900}'..='\u{963}'
        | '\u{966}'..='\u{dff}'
        | '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17d3}'
        | '\u{3099}'..='\u{309a}');
    character.is_alphanumeric() || is_mark
}

/// Writes a new revision file into `folder`, making the folder where it is
/// missing. Returns the file, which names its schema where the project keeps one.
///
/// # Errors
///
/// [`WriteError`]; then nothing new is in the folder.
pub fn create(fence: &Fence, folder: &Path, revision: &Revision) -> Result<PathBuf, WriteError> {
    fence.check_for_writing(folder)?;
    fs::create_dir_all(folder).map_err(WriteError::io(folder))?;
    let path = folder.join(file_name(revision));
    let line = editors::kept_line(fence.root(), folder, "revision").unwrap_or_default();
    place(&path, &(line + &text(revision)), |read| {
        let reading = document::read(read);
        let same = reading.findings.is_empty() && reading.revision.as_ref() == Some(revision);
        same.then_some(()).ok_or_else(|| WriteError::NotFaithful {
            id: revision.id.clone(),
        })
    })?;
    Ok(path)
}

/// Writes a new file of models, making its folder where that is missing.
///
/// # Errors
///
/// [`WriteError`]; then no new file is there.
pub fn models(fence: &Fence, path: &Path, text: &str) -> Result<(), WriteError> {
    let folder = path.parent().unwrap_or(path);
    fence.check_for_writing(folder)?;
    fs::create_dir_all(folder).map_err(WriteError::io(folder))?;
    Draft::write(path, text)?.publish(path, text)
}

/// Puts a new file in place once `verify` has seen what stands on the disk.
fn place(
    path: &Path,
    text: &str,
    verify: impl FnOnce(&str) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let draft = Draft::write(path, text)?;
    let read = source::read(draft.path()).map_err(|(_, problem)| {
        WriteError::io(path)(io::Error::new(
            io::ErrorKind::InvalidData,
            problem.to_string(),
        ))
    })?;
    verify(&read)?;
    draft.publish(path, text)
}

#[cfg(test)]
mod tests {
    use rev_core::RevisionId;

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
                "ab12_añade_la_tabla_héroes.yaml",
            ),
            ("", "ab12.yaml"),
            ("日本", "ab12_日本.yaml"),
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
