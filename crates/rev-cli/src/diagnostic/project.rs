//! Words for what is wrong with a project's files and settings.

use std::path::Path;

use rev_core::RevisionId;
use rev_core::graph::{GraphFault, ShortcutFault};
use rev_store::config::UrlError;
use rev_store::write::{RemoveError, WriteError};
use rev_store::{Fault, OpenError, Problem, source};

use super::{Diagnostic, Failure, Spot, did_you_mean, either, url_fault};
use crate::exit::Exit;

/// Why a project does not open; `root` is where shown paths start.
pub(crate) fn open(error: &OpenError, root: &Path) -> Failure {
    match error {
        OpenError::NotFound { .. } => Failure::refused(
            Diagnostic::new("no_project", error)
                .hint("start a project here: `rev init --database db1=sqlite://var/db1.sqlite`\nor name its settings: `rev -c path/to/rev.yaml …`"),
        ),
        OpenError::Io { source, .. } => {
            Failure::refused(Diagnostic::new("io", error).cause(source))
        }
        OpenError::Faults(faults) => {
            let told = faults.iter().map(|found| fault(found, root)).collect();
            Failure::of(Exit::Refused, told)
        }
    }
}

/// What is wrong in one file.
pub(crate) fn fault(fault: &Fault, root: &Path) -> Diagnostic {
    let excerpt = fault.place.and_then(|place| {
        let line = source::excerpt(root, &fault.path, place.line)?;
        Some(shown_line(&fault.path, &line))
    });
    let spot = Spot {
        path: fault.path.clone(),
        place: fault.place,
        excerpt,
    };
    problem(&fault.problem).at(Some(spot))
}

/// What is wrong, wherever it stands.
pub(crate) fn problem(problem: &Problem) -> Diagnostic {
    advise(Diagnostic::new(problem.code(), problem), problem)
}

/// Why the project would not open after a change.
pub(crate) fn problems(problems: &[Problem]) -> Failure {
    Failure::of(Exit::Refused, problems.iter().map(problem).collect())
}

/// A line as an excerpt. One of settings may hold a password, also where it is
/// too broken to be read as a URL; a letter hidden stays a letter wide, so that
/// the marks below it point right.
fn shown_line(path: &str, line: &str) -> String {
    let hidden = match path {
        path if path.ends_with(".env") => line.find(['=', ':', ' ']).map(|at| (at + 1, line.len())),
        path if path.ends_with(".yaml") && !path.contains('/') => of_credentials(line),
        _ => None,
    };
    let Some((start, end)) = hidden else {
        return line.to_owned();
    };
    let stars = "*".repeat(line[start..end].chars().count());
    format!("{}{stars}{}", &line[..start], &line[end..])
}

/// What follows the scheme of a URL, or stands between a user's colon and the last `@` of a line.
fn of_credentials(line: &str) -> Option<(usize, usize)> {
    if let Some(slashes) = line.find("://") {
        return Some((slashes + 3, line.trim_end().len()));
    }
    let end = line.rfind('@')?;
    let before = &line[..end];
    let start = match before.find("//") {
        Some(slashes) => slashes + 2,
        None => before
            .rfind([' ', '"', '\'', '{', '['])
            .map_or(0, |at| at + 1),
    };
    let colon = before[start..].find(':')?;
    Some((start + colon + 1, end))
}

fn advise(told: Diagnostic, problem: &Problem) -> Diagnostic {
    match problem {
        Problem::Conflict => told.hint(
            "settle the merge in the file, and `git add` it; two revisions that both came in keep a file each",
        ),
        Problem::MissingKey {
            key: "down_revision",
        } => told.hint(
            "name the revision that this one stands on, as in `down_revision: 5f1c`; for the first one \
             write `down_revision: null`",
        ),
        Problem::UnknownKey { similar, .. } => did_you_mean(told, similar),
        Problem::NotAChoice { choices, .. } => told.hint(format!("it may be {}", either(choices))),
        Problem::UnboundNeed { need, similar } if similar.is_empty() => {
            told.hint(format!("bind `{}` in rev.yaml", need.database))
        }
        Problem::UnknownDatabase { similar, .. }
        | Problem::Unbound { similar, .. }
        | Problem::UnboundNeed { similar, .. }
        | Problem::UnknownBranch { similar, .. } => did_you_mean(told, similar),
        Problem::Graph(GraphFault::UnknownParent { similar, .. }) => did_you_mean(told, similar),
        Problem::Graph(GraphFault::UnknownDependency { similar, .. }) => {
            did_you_mean(told, similar)
        }
        Problem::Graph(GraphFault::Cycle { members }) => {
            let ids: Vec<&str> = members.iter().map(AsRef::as_ref).collect();
            told.fact("revisions", ids)
                .hint("one of them must name another parent, or depend on something else")
        }
        Problem::Graph(GraphFault::Shortcut(fault)) => shortcut(told, fault),
        Problem::DuplicateId { other, .. } => told
            .fact("other", other.as_str())
            .hint("give one of them a new id, and mend the `down_revision` of what stands on it"),
        Problem::RedundantParent { parent, .. } => {
            told.hint(format!("take `{parent}` out of `down_revision`"))
        }
        Problem::Misnamed { expected, .. } => told.hint(format!(
            "people look for it by its name: call it `{expected}`"
        )),
        Problem::Unseen { .. } => told.hint(
            "take it out: who reads the file reads something else than what runs",
        ),
        Problem::Nameless { .. } => told.hint("say in a `message:` what it changes"),
        Problem::IrreversibleDowngrade => {
            told.hint("take out `irreversible: true`, or the downgrade script")
        }
        Problem::IrreversibleLoss => told.hint(
            "take out `loses_data: true`: where there is no way down, none is asked for rows",
        ),
        Problem::EmptyScript { direction } => told.hint(format!(
            "write the SQL, or take `{direction}` out where there is nothing to do"
        )),
        Problem::LinkOut { folder } => told.hint(format!(
            "where that is meant, let rev.yaml name what it leads to: add `{folder}` to `revisions:` \
             (or to `models:`)"
        )),
        Problem::PerhapsAside { problem, links } => {
            let links = links.join("`, `");
            advise(told, problem).hint(format!(
                "where `{links}` is meant, let rev.yaml name the folder that it leads to, or put \
                 the file itself there"
            ))
        }
        Problem::Elsewhere { .. } => told.hint(
            "to see what it is, name the file itself: `rev -c PATH …`; else put a file in the place of the link",
        ),
        Problem::TooMany { .. } => {
            told.hint("name the folder that holds the files, or move away what does not belong to it")
        }
        Problem::Url(fault) => url_fault(told, fault),
        Problem::SearchPath => {
            told.hint("name schemas, the ledger's first: `schema: app` or `schema: [app, public]`")
        }
        Problem::NoDump { .. } => told.hint(
            "name a file below the folder of rev.yaml that ends in `.sql`, such as `dump: kept/db1.sql`",
        ),
        Problem::DumpInModels { .. } => told.hint(
            "models are written by people, and a schema that is kept is written over: \
             keep it where no models are, such as `dump: kept/db1.sql`",
        ),
        Problem::NoFolder { .. } => told.hint("make the folder, or mend `revisions:`"),
        _ => told,
    }
}

fn shortcut(told: Diagnostic, fault: &ShortcutFault) -> Diagnostic {
    let ids = |ids: &[RevisionId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    match fault {
        ShortcutFault::Unknown { similar, .. } if !similar.is_empty() => {
            did_you_mean(told, similar)
        }
        ShortcutFault::Unknown { .. } => told.hint(
            "the files of what a shortcut replaces are there together or not at all: put this \
             one back, or take the others away",
        ),
        ShortcutFault::WaitsForItself { .. } => {
            told.hint("let it replace one of the two, and not the other")
        }
        ShortcutFault::Itself { .. } => told.hint("take its own id out of `replaces`"),
        ShortcutFault::Overlap { shared, .. } => told
            .fact("revisions", ids(shared))
            .hint("let one replace all that the other does, or neither what the other does"),
        ShortcutFault::Knot { members, .. } => told
            .fact("revisions", ids(members))
            .hint("let it replace what lies between as well, or less"),
        ShortcutFault::Parents { expected, .. } => {
            let hint = match &ids(expected)[..] {
                [] => "write `down_revision: null`".to_owned(),
                [parent] => format!("write `down_revision: {parent}`"),
                parents => format!("write `down_revision: [{}]`", parents.join(", ")),
            };
            told.hint(hint)
        }
    }
}

/// Why a database has no URL now.
pub(crate) fn url(error: &UrlError) -> Diagnostic {
    let code = match error {
        UrlError::UnknownDatabase { .. } => "unknown_database",
        UrlError::NoUrl { .. } | UrlError::Unset { .. } => "no_url",
        UrlError::SharedVariable { .. } => "shared_variable",
        UrlError::Fault { .. } => "bad_url",
    };
    let told = Diagnostic::new(code, error);
    match error {
        UrlError::NoUrl { database, .. } => told.hint(format!(
            "write it into rev.yaml, or give it now: `--url {database}=URL`"
        )),
        UrlError::Unset { database, variable } => told.hint(format!(
            "set it: `export {variable}=…`, or write it into `.env`\nor give the URL now: `--url {database}=URL`"
        )),
        UrlError::Fault { fault, .. } => url_fault(told, fault),
        UrlError::SharedVariable { .. } | UrlError::UnknownDatabase { .. } => told,
    }
}

/// Why a database's dialect cannot be told.
pub(crate) fn dialect(error: &UrlError) -> Diagnostic {
    let told = url(error);
    match error {
        UrlError::NoUrl { .. } | UrlError::Unset { .. } => {
            told.hint("for plans and checks `dialect:` beside `url:` in rev.yaml is enough")
        }
        _ => told,
    }
}

/// Why a file was not written.
pub(crate) fn write(error: &WriteError) -> Failure {
    let told = match error {
        WriteError::Exists { .. } => Diagnostic::new("exists", error),
        WriteError::Bound { .. } => Diagnostic::new("bound", error)
            .hint("give it another name, or change its lines in rev.yaml"),
        WriteError::Unadded { entry, .. } => Diagnostic::new("unadded", error).hint(format!(
            "paste this below `databases:`\n{}",
            entry.trim_end()
        )),
        WriteError::LinkOut { path } => Diagnostic::new("link_out", error).hint(format!(
            "put a folder in the place of the link: `rm {path} && mkdir {path}`"
        )),
        WriteError::Io { source, .. } => Diagnostic::new("io", error).cause(source),
        WriteError::Settings { problem: wrong } => problem(wrong),
        WriteError::Unreadable { .. } | WriteError::NotFaithful { .. } => {
            Diagnostic::new("not_faithful", error)
        }
        WriteError::Undeclared { models, .. } => Diagnostic::new("undeclared", error).hint(
            format!("write `models: {models}` there, beside its `url:`, then run this again"),
        ),
        WriteError::Fixed { path, place } => {
            let text = place.and_then(|_| source::read_text(path).ok());
            let line = place.and_then(|place| place.line.checked_sub(1));
            let spot = Spot {
                path: path.display().to_string(),
                place: *place,
                excerpt: line.and_then(|line| text?.lines().nth(line).map(str::to_owned)),
            };
            Diagnostic::new("fixed_parents", error)
                .at(Some(spot))
                .hint("write `down_revision` on one line of its own there, then run this again")
        }
    };
    Failure::refused(told)
}

/// Why files were not removed, or not all of them.
pub(crate) fn remove(error: &RemoveError) -> Failure {
    let told = Diagnostic::new("io", error);
    match error {
        RemoveError::Kept { source, .. } => {
            Failure::refused(told.cause(source).hint("all files are where they were"))
        }
        RemoveError::PartWay { source, aside, .. } => {
            let mut told = told.cause(source);
            told.lines = aside
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let told = told
                .hint("these are set aside; once that is mended, `rev squash --finish` goes on");
            Failure::of(Exit::PartWay, vec![told])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shown_line;

    #[test]
    fn no_excerpt_of_settings_shows_a_password() {
        let lines = [
            "  db1: mssql://u:s3cr3t@h",
            "  db1: \" postgres://u:s3cr3t@h\"",
            "  db1: \"${X:-postgres://u:s3cr3t@h\"",
            "  db1: \"user:s3cr3t@host\"",
            "  db1: {url: \"postgres://u:s3cr3t@h\", bogus: 1}",
            "revisions: postgres://u:s3cr3t@h",
            "  db1: postgres://h/d?user=u&password=s3cr3t",
            "  db1: mysql://u:x#s3cr3t",
        ];
        for line in lines {
            let shown = shown_line("rev.yaml", line);
            assert!(
                !shown.contains("s3cr3t") && shown.len() == line.len(),
                "{shown}"
            );
        }
        for line in ["REV_DB1_URL=\"postgres://u:s3cr3t@h", "FOO s3cr3t"] {
            assert!(!shown_line(".env", line).contains("s3cr3t"), "{line}");
        }
        let sql = "  INSERT INTO mail VALUES ('a:b@c');";
        assert_eq!(shown_line("revisions/1a2b_x.yaml", sql), sql);
    }
}
