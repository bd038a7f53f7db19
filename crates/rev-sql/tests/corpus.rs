//! The awkward scripts of `fixtures/split`, statement by statement.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rev_core::{Dialect, Sql, TransactionMode};
use rev_sql::split::{line_and_column, split};

fn scripts(dialect: Dialect) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/split");
    let folder = folder.join(dialect.to_string());
    let entries = std::fs::read_dir(folder).expect("the fixtures are there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    paths
}

/// Each statement under the place where it starts, as `line:column`.
fn parts(dialect: Dialect, text: &str) -> String {
    let statements = split(&Sql::text(text), dialect, TransactionMode::Step);
    let mut shown = String::new();
    for statement in statements.expect("it can be split") {
        let (line, column) = line_and_column(text, statement.offset);
        let _ = writeln!(shown, "=== {line}:{column}\n{}", statement.text);
    }
    shown
}

#[test]
fn awkward_scripts_are_split_as_their_servers_would() {
    for dialect in Dialect::ALL {
        let paths = scripts(dialect);
        assert!(paths.len() >= 5, "{dialect} has too few scripts");
        for path in paths {
            let text = std::fs::read_to_string(&path).expect("a text");
            let name = path.file_stem().expect("a name").to_string_lossy();
            insta::assert_snapshot!(format!("{dialect}__{name}"), parts(dialect, &text));
        }
    }
}
