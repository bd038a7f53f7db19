//! SQLite files that a run makes: a typing mistake in a path makes one, too, so it is said.

use std::path::{Path, PathBuf};

use crate::reporter::HANDFUL;
use crate::session::{Selection, Session};
use crate::terminal::{NAME, count};

/// The files of these databases that are not there, by database.
pub(super) fn missing(selection: &Selection, session: &Session) -> Vec<(String, PathBuf)> {
    let file = |name| {
        let url = session.url(name).ok()?;
        url.file().map(Path::to_owned)
    };
    let files = selection
        .iter()
        .filter_map(|(binding, _)| Some((binding.name.to_string(), file(&binding.name)?)));
    files.filter(|(_, file)| !file.exists()).collect()
}

/// Tells which of them are there now.
pub(super) fn tell(missing: &[(String, PathBuf)], session: &Session) {
    let made: Vec<_> = missing.iter().filter(|(_, file)| file.exists()).collect();
    if let [(first, _), .., (last, _)] = &made[..]
        && made.len() > HANDFUL
    {
        let all = count(made.len(), "file");
        return session.terminal.talk(&format!(
            "created: {all}, from {NAME}{first}{NAME:#} to {NAME}{last}{NAME:#}"
        ));
    }
    for (name, file) in made {
        let shown = file.strip_prefix(&session.project.root).unwrap_or(file);
        let shown = shown.display();
        session
            .terminal
            .talk(&format!("{NAME}{name}{NAME:#}  created: {shown}"));
    }
}
