//! `rev init`: a new project, or one more database in one that is there.
//!
//! Whoever sits at a terminal and names no database is asked; each question has a flag, and
//! without a terminal nobody is asked anything.

mod found;
mod guide;

use std::path::Path;
use std::time::Duration;

use rev_core::{DatabaseName, Dialect};
use rev_db::Settings;
use rev_engine::failure::DatabaseError;
use rev_store::config::DatabaseUrl;
use rev_store::write::{self, NewDatabase};

use super::authoring::shown;
use crate::args::{Global, Init, Template};
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::authoring::Made;
use crate::secrets;
use crate::session::{Session, assignment};
use crate::terminal::Terminal;

/// What a new project is to be.
struct Wanted {
    databases: Vec<NewDatabase>,
    /// Where SQLAlchemy's declarative base is: `app.models:Base`.
    base: Option<String>,
}

/// `rev init`.
pub(crate) fn init(args: &Init, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    if let Some(text) = &args.add {
        return add(text, args, global, terminal);
    }
    let here = std::env::current_dir()?;
    let folder = args.folder.as_deref().or(global.config.as_deref());
    let root = folder.map_or_else(|| here.clone(), |folder| here.join(folder));
    let databases = args
        .databases
        .iter()
        .map(|text| database(text, args, &root));
    let mut wanted = Wanted {
        databases: databases.collect::<Result<_, _>>()?,
        base: args.template.map(|Template::Sqlalchemy| {
            let found = found::sqlalchemy(&root);
            found.unwrap_or_else(|| "app.models:Base".to_owned())
        }),
    };
    if args.databases.is_empty() && args.template.is_none() && terminal.has_person() {
        guide::ask(&mut wanted, args, &root, terminal)?;
    }
    if wanted.databases.len() > 1 {
        for database in &mut wanted.databases {
            database.shared.get_or_insert(true);
        }
    }
    let template = wanted
        .base
        .clone()
        .map(|base| write::Template::Sqlalchemy { base });
    let made = write::init(&root, &wanted.databases, template.as_ref())
        .map_err(|error| exists_hint(diagnostic::write(&error), &error))?;
    tell(terminal, &here, &made.files)?;
    for line in next(&wanted, args, &root) {
        terminal.talk(&line);
    }
    Ok(Exit::Done)
}

/// What to do next.
fn next(wanted: &Wanted, args: &Init, root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let names: Vec<&str> = wanted.databases.iter().map(|it| it.name.as_str()).collect();
    let has_models = wanted.databases.iter().any(|it| it.models.is_some());
    if wanted.base.is_none() && !has_models {
        if let Some(base) = found::sqlalchemy(root) {
            lines.push(format!(
                "models of SQLAlchemy are here ({base}): `rev init --template sqlalchemy` lets them declare the schemas"
            ));
        } else if let Some(files) = found::sql(root) {
            lines.push(format!(
                "where `{files}` declares a schema, say `models: {files}` beside its URL in rev.yaml"
            ));
        }
    }
    if names.is_empty() {
        lines.push("next: rev init --add NAME=URL, then rev new -m \"…\"".to_owned());
        return lines;
    }
    lines.push(
        if args.template.is_some() && found::sqlalchemy(root).is_none() {
            "next: name your models in rev_models.py, then: rev revision --autogenerate -m \"…\""
                .to_owned()
        } else if wanted.base.is_some() || has_models {
            "next: rev revision --autogenerate -m \"…\" (where a database has tables: rev adopt)"
                .to_owned()
        } else {
            "next: rev new -m \"…\" (where a database has tables: rev adopt)".to_owned()
        },
    );
    lines
}

fn exists_hint(failure: Failure, error: &write::WriteError) -> Failure {
    if !matches!(error, write::WriteError::Exists { .. }) {
        return failure;
    }
    let exit = failure.exit();
    let told = failure.into_diagnostics().into_iter();
    let hint = "to bind a database in a project that is there: `rev init --add NAME=URL`";
    Failure::of(exit, told.map(|it| it.hint(hint)).collect())
}

/// `NAME=URL`, with what the other flags say of it.
fn database(text: &str, args: &Init, root: &Path) -> Result<NewDatabase, Failure> {
    let (name, url) = assignment(
        if args.add.is_some() {
            "--add"
        } else {
            "--database"
        },
        text,
    )?;
    let mut database = NewDatabase::new(name, url.to_owned());
    database.shared = args.shared;
    database.models.clone_from(&args.models);
    database.dialect = stated(&database.name, args)?;
    if database.lacks_dialect() {
        database.dialect = by_environment(&database.url);
    }
    check(&database, root)?;
    Ok(database)
}

/// Refuses a URL that every command would refuse, and keeps its password from what is told of
/// it. One with variables is looked at where these are set; what cannot be taken apart at all
/// the reader of rev.yaml refuses.
fn check(database: &NewDatabase, root: &Path) -> Result<(), Failure> {
    let Some(url) = DatabaseUrl::new(&database.url, root).ok() else {
        return Ok(());
    };
    secrets::remember(&url);
    let settings = Settings {
        ledger_prefix: "rev_".to_owned(),
        schema: None,
        lock_timeout: Duration::ZERO,
        statement_timeout: Duration::ZERO,
        silence_timeout: Duration::ZERO,
        operator: String::new(),
        run: String::new(),
        is_throw_away: false,
    };
    let Err(DatabaseError::Url(fault)) = rev_db::open(&url, &settings) else {
        return Ok(());
    };
    let message = format!("the URL of `{}` cannot be used: {fault}", database.name);
    let told = Diagnostic::new("bad_url", message);
    Err(Failure::refused(diagnostic::url_fault(told, &fault)))
}

/// What `--dialect` says of a database: `db1=postgres`, or `postgres` of all.
fn stated(name: &DatabaseName, args: &Init) -> Result<Option<Dialect>, Failure> {
    let mut stated = None;
    for text in &args.dialects {
        let (of, word) = match text.split_once('=') {
            Some((of, word)) => (Some(of), word),
            None => (None, text.as_str()),
        };
        let dialect: Dialect = word.parse().map_err(|_| {
            let message = format!("`{word}` is not a dialect");
            let told = Diagnostic::new("usage", message);
            Failure::usage(told.hint("it may be `postgres`, `mysql` or `sqlite`"))
        })?;
        if of.is_none_or(|of| of == name.as_str()) {
            stated = Some(dialect);
        }
    }
    Ok(stated)
}

/// The dialect of a URL that is one variable, where that is set here.
fn by_environment(url: &str) -> Option<Dialect> {
    let inner = url.strip_prefix("${")?.strip_suffix('}')?;
    let name = inner.split(":-").next()?;
    let value = std::env::var(name).ok()?;
    Dialect::of_url(&value)
}

pub(super) fn tell(
    terminal: Terminal,
    here: &Path,
    files: &[std::path::PathBuf],
) -> Result<(), Failure> {
    let paths: Vec<String> = files.iter().map(|path| shown(here, path)).collect();
    if terminal.is_json() {
        terminal.json(&Made { files: paths })?;
    } else {
        let lines = paths.iter().map(|path| format!("{path}\n"));
        terminal.data(&lines.collect::<String>())?;
    }
    Ok(())
}

/// `rev init --add`: one more database in a project.
fn add(text: &str, args: &Init, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let session = Session::open(global, terminal, "init")?;
    let mut database = database(text, args, &session.project.root)?;
    if terminal.has_person() && database.lacks_dialect() {
        database.dialect = guide::dialect(&database.name, terminal)?;
    }
    if !session.project.config.databases.is_empty() {
        database.shared.get_or_insert(true);
    }
    let settings = session.project.settings();
    let files = write::add(&settings, &database).map_err(|error| diagnostic::write(&error))?;
    tell(terminal, &std::env::current_dir()?, &files)?;
    let name = &database.name;
    let shared = session.graph().nodes().filter(|&node| {
        let revision = session.graph().revision(node);
        revision.scripts.top.upgrade.is_some()
    });
    let shared = shared.count();
    if shared > 0 && database.shared == Some(true) {
        terminal.talk(&super::joins_late(name.as_str(), shared));
    }
    terminal.talk(&format!("next: rev status {name}"));
    Ok(Exit::Done)
}
