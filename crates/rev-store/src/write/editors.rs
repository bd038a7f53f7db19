//! What editors need in a project: the schemas of the files that people write, kept in `.rev`,
//! and a line at the top of a file that names its schema.
//!
//! The schemas are part of the project, as the files are: who clones it has them without
//! running `rev`. A line names its schema by a path from the file, which is the same for
//! everybody; a folder of revisions that lies outside the project has no such path, and its
//! files get no line.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::{Draft, WriteError};
use crate::config::FILE_NAME;
use crate::fence::Fence;
use crate::{schemas, source};

/// The folder of a project in which `rev` keeps what it makes for other programs.
const FOLDER: &str = ".rev";

/// What the YAML language server looks for in the comments at the top of a file.
const KEY: &str = "yaml-language-server:";

/// The file of a schema in its folder.
fn file(name: &str) -> String {
    format!("{name}.schema.json")
}

/// Writes the schemas of settings and revisions into a project, in the place of older ones.
/// Returns the files that are new or other than before.
///
/// # Errors
///
/// [`WriteError`]; then the schemas that are there are whole.
pub fn schemas(root: &Path) -> Result<Vec<PathBuf>, WriteError> {
    let folder = root.join(FOLDER);
    Fence::new(root, []).check_for_writing(&folder)?;
    fs::create_dir_all(&folder).map_err(WriteError::io(&folder))?;
    let all = [
        ("rev.yaml", schemas::of_settings()),
        ("revision", schemas::of_revision()),
    ];
    let mut files = Vec::new();
    for (name, schema) in all {
        let path = folder.join(file(name));
        let text = format!("{schema:#}\n");
        if source::read_text(&path).is_ok_and(|present| present == text) {
            continue;
        }
        Draft::write(&path, &text)?.replace(&path)?;
        files.push(path);
    }
    Ok(files)
}

/// The line that names the schema of a file in `folder`, where the project keeps that.
pub(super) fn kept_line(root: &Path, folder: &Path, name: &str) -> Option<String> {
    let is_kept = root.join(FOLDER).join(file(name)).is_file();
    line(root, folder, name).filter(|_| is_kept)
}

/// The line that names the schema of a file in `folder`; `None`: that lies outside the project.
pub(super) fn line(root: &Path, folder: &Path, name: &str) -> Option<String> {
    let root = source::tidy(root);
    let folder = source::tidy(folder);
    let within = folder.strip_prefix(&root).ok()?;
    let is_plain = |it: &Component| matches!(it, Component::Normal(_));
    if !within.components().all(|it| is_plain(&it)) {
        return None;
    }
    let up = "../".repeat(within.components().count());
    Some(format!("# {KEY} $schema={up}{FOLDER}/{}\n", file(name)))
}

/// Lets `rev.yaml` name its schema, where it names none. Says whether it was changed.
///
/// # Errors
///
/// [`WriteError::Io`]; then the file is as it was.
pub fn name_schema(root: &Path) -> Result<bool, WriteError> {
    let path = root.join(FILE_NAME);
    let text = source::read_text(&path).map_err(WriteError::io(&path))?;
    let Some(line) = kept_line(root, root, "rev.yaml") else {
        return Ok(false);
    };
    let content = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let names_one = |it: &str| it.starts_with('#') && it.contains(KEY);
    // A link is somebody else's file.
    if path.is_symlink() || content.lines().any(names_one) {
        return Ok(false);
    }
    let mark = &text[..text.len() - content.len()];
    let line = if content
        .lines()
        .next()
        .is_some_and(|it| content[it.len()..].starts_with("\r\n"))
    {
        line.replace('\n', "\r\n")
    } else {
        line
    };
    Draft::write_like(&path, &format!("{mark}{line}{content}"))?.replace(&path)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_leads_from_the_file_to_the_schema() {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path();
        let kept = || kept_line(root, root, "rev.yaml");
        assert_eq!(kept(), None, "there is no schema yet");
        assert_eq!(schemas(root).expect("written").len(), 2);
        assert_eq!(schemas(root).expect("known"), Vec::<PathBuf>::new());
        assert!(kept().is_some());
        let of = |folder: &str| line(root, &root.join(folder), "revision");
        let said = |path: &str| {
            Some(format!(
                "# yaml-language-server: $schema={path}.rev/revision.schema.json\n"
            ))
        };
        assert_eq!(of(""), said(""));
        assert_eq!(of("revisions"), said("../"));
        assert_eq!(of("./a/../b/c"), said("../../"));
        assert_eq!(of("../shared"), None);
        assert_eq!(of("/srv/shared"), None);
    }

    #[test]
    fn settings_name_their_schema_once() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join(FILE_NAME);
        schemas(root.path()).expect("written");
        let first = "# yaml-language-server: $schema=.rev/rev.yaml.schema.json";
        for (text, wanted) in [
            ("databases: {}\n", format!("{first}\ndatabases: {{}}\n")),
            (
                "\u{feff}# a\r\nb: 1\r\n",
                format!("\u{feff}{first}\r\n# a\r\nb: 1\r\n"),
            ),
            ("", format!("{first}\n")),
        ] {
            fs::write(&path, text).expect("written");
            assert!(name_schema(root.path()).expect("named"), "{text:?}");
            assert_eq!(fs::read_to_string(&path).expect("read"), wanted);
            assert!(!name_schema(root.path()).expect("known"), "{text:?}");
        }
        let other = "# mine\n# yaml-language-server: $schema=https://example.org/x.json\n";
        fs::write(&path, other).expect("written");
        assert!(!name_schema(root.path()).expect("known"));
        assert_eq!(fs::read_to_string(&path).expect("read"), other);
    }
}
