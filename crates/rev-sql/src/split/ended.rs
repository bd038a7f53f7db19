//! The end of a statement as an engine's own client finds it.

use rev_core::Dialect;

/// A statement with its end, as the engine's own client takes it: on MySQL and MariaDB the client
/// and not the server finds the end, so a body with semicolons needs another delimiter.
#[must_use]
pub fn ended(statement: &str, dialect: Dialect) -> String {
    if dialect == Dialect::Mysql && statement.contains(';') {
        let free = |end: &&str| !statement.contains(*end);
        let end = [";;", "//", "$$"].into_iter().find(free).unwrap_or("|||");
        return format!("DELIMITER {end}\n{statement}\n{end}\nDELIMITER ;\n");
    }
    let last = statement.lines().last().unwrap_or_default();
    // A comment may end its last line.
    if last.contains("--") || last.contains('#') {
        format!("{statement}\n;\n")
    } else {
        format!("{statement};\n")
    }
}
