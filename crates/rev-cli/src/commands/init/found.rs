//! Models that are there already, as far as a look at the files tells.

use std::fs;
use std::path::Path;

/// How deep folders are looked into, and how many files at most.
const DEPTH: usize = 4;
const MOST: usize = 2000;
/// How much of a file is read, in bytes.
const LARGEST: u64 = 400_000;

/// Folders in which nobody keeps models.
const ASIDE: [&str; 8] = [
    "node_modules",
    "target",
    "venv",
    "env",
    "__pycache__",
    "site-packages",
    "revisions",
    "tests",
];

/// Where SQLAlchemy's declarative base is: `app.models:Base`. Of several the one nearest to
/// the root, then the first by name.
pub(super) fn sqlalchemy(root: &Path) -> Option<String> {
    let mut bases = Vec::new();
    let mut left = MOST;
    look(root, DEPTH, &mut left, &mut |path| {
        let is_python = path.extension().is_some_and(|it| it == "py");
        let is_small = path.metadata().is_ok_and(|it| it.len() <= LARGEST);
        if !is_python || !is_small {
            return;
        }
        let text = fs::read_to_string(path).unwrap_or_default();
        if let Some(name) = base_in(&text)
            && let Some(module) = module(root, path)
        {
            bases.push((module.matches('.').count(), format!("{module}:{name}")));
        }
    });
    bases.sort();
    bases.into_iter().next().map(|(_, base)| base)
}

/// The name of a declarative base that a text makes.
fn base_in(text: &str) -> Option<&str> {
    text.lines().find_map(|line| {
        if let Some(rest) = line.strip_prefix("class ") {
            let (name, bases) = rest.split_once('(')?;
            let bases = bases.split_once(')')?.0;
            let is_base = bases.split(',').any(|it| {
                let it = it.trim().rsplit('.').next().unwrap_or_default();
                matches!(it, "DeclarativeBase" | "DeclarativeBaseNoMeta")
            });
            return is_base.then_some(name.trim());
        }
        let (name, value) = line.split_once(" = ")?;
        let is_base = value.contains("declarative_base(");
        let is_name = name.chars().all(|it| it.is_alphanumeric() || it == '_');
        (is_base && is_name).then_some(name)
    })
}

/// `app/models.py` is `app.models`, and so is `app/models/__init__.py`; `src` is no package.
fn module(root: &Path, path: &Path) -> Option<String> {
    let within = path.strip_prefix(root).ok()?.with_extension("");
    let parts = within.iter().map(|it| it.to_str());
    let mut parts: Vec<&str> = parts.collect::<Option<_>>()?;
    if parts.last() == Some(&"__init__") {
        parts.pop();
    }
    let is_package = !parts.is_empty() && parts.iter().all(|it| !it.contains(['.', '-', ' ']));
    is_package.then(|| parts.join("."))
}

/// Files of SQL that are named as if they declared a schema.
pub(super) fn sql(root: &Path) -> Option<&'static str> {
    if root.join("schema.sql").is_file() {
        return Some("schema.sql");
    }
    [("schema", "schema/*.sql"), ("models", "models/*.sql")]
        .into_iter()
        .find(|(folder, _)| {
            let files = fs::read_dir(root.join(folder))
                .into_iter()
                .flatten()
                .flatten();
            let mut files = files.map(|it| it.path());
            files.any(|it| it.extension().is_some_and(|it| it == "sql"))
        })
        .map(|(_, files)| files)
}

fn look(folder: &Path, depth: usize, left: &mut usize, see: &mut dyn FnMut(&Path)) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|it| it.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if *left == 0 || name.starts_with('.') || path.is_symlink() {
            continue;
        }
        *left -= 1;
        if path.is_file() {
            see(&path);
        } else if depth > 0 && !ASIDE.contains(&&*name) {
            look(&path, depth - 1, left, see);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declarative_base_is_found_where_it_is_made() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(sqlalchemy(root.path()), None);
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        };
        write("venv/lib/base.py", "class Base(DeclarativeBase):\n");
        write("shop/deep/base.py", "class Deep(orm.DeclarativeBase):\n");
        write("shop/hero.py", "class Hero(Base):\n    pass\n");
        assert_eq!(
            sqlalchemy(root.path()).as_deref(),
            Some("shop.deep.base:Deep")
        );
        write(
            "shop/db/__init__.py",
            "Model = declarative_base(metadata=m)\n",
        );
        assert_eq!(sqlalchemy(root.path()).as_deref(), Some("shop.db:Model"));
        assert_eq!(sql(root.path()), None);
        write("schema/a.sql", "");
        assert_eq!(sql(root.path()), Some("schema/*.sql"));
    }
}
