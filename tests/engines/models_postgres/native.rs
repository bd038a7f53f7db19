//! The server's own client as the judge: what `pg_dump` says of a database.

use std::path::Path;
use std::process::Command;

use rev_testkit::scratch::server_url;

use super::place::Place;

/// The schema of a place, by `pg_dump`: the server's program, of its own release.
///
/// The order of columns is part of it, and so are privileges.
pub(crate) fn dump(place: &Place) -> String {
    let newest = std::env::var("REV_TEST_POSTGRES18_URL").unwrap_or_default();
    let variable = if newest == server_url("REV_TEST_POSTGRES_URL") {
        "REV_TEST_POSTGRES18_BIN"
    } else {
        "REV_TEST_POSTGRES_BIN"
    };
    let program = Path::new(&server_url(variable)).join("pg_dump");
    let output = Command::new(&program)
        .args(["--schema-only", "--no-sync", "--dbname", place.url()])
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", program.display());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    // Comments name what follows them; the key of `\restrict` is another one each time.
    let lines = text
        .lines()
        .filter(|it| !it.is_empty() && !it.starts_with("--") && !it.starts_with("\\"));
    lines.collect::<Vec<_>>().join("\n")
}
