//! Databases as a whole: whether they are there, made, dropped.
//!
//! A server's database is made and dropped from another one that every server has; a SQLite
//! database is a file. Nobody loses a database that is in use: PostgreSQL refuses to drop it,
//! and for the others it is found out first.

use std::time::Duration;

use rev_core::{DatabaseUrl, Dialect};
use rev_engine::database::{Database, Holder, Sent, run_in_silence};
use rev_engine::failure::{DatabaseError, StepError};
use rev_sql::ledger;
use rev_sql::split::Statement;

use crate::mysql::Mysql;
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::{Settings, open};

/// Databases that belong to the servers themselves.
const OWN: [&str; 7] = [
    "postgres",
    "template0",
    "template1",
    "mysql",
    "sys",
    "information_schema",
    "performance_schema",
];

/// What a schema of a path may be that nobody makes.
const MADE_BY_ITSELF: [&str; 4] = ["$user", "public", "pg_catalog", "pg_temp"];

/// How often, and with what pause, a session that is just ending is waited for: 5 s in all, as
/// PostgreSQL itself does.
const LOOKS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Whether a database is there.
///
/// # Errors
///
/// [`DatabaseError`], where its server does not say.
pub async fn is_there(url: &DatabaseUrl, settings: &Settings) -> Result<bool, DatabaseError> {
    if url.dialect() == Dialect::Sqlite {
        return Sqlite::new(url, settings)?.is_there();
    }
    let mut database = open(url, &settings.of_server())?;
    let answer = database.ask("SELECT 'there'").await;
    let _ = database.unlock().await;
    match answer {
        Ok(_) | Err(DatabaseError::NoSchema { .. }) => Ok(true),
        Err(DatabaseError::NoDatabase { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What became of a database that was to be made.
#[derive(Debug)]
pub struct Made {
    /// Whether it was missing, and stands now.
    pub is_new: bool,
    /// Whether it has the schemas that `schema:` names.
    pub schemas: Result<(), DatabaseError>,
}

/// Makes a database, empty but for the schemas that `schema:` names. One that is there stays as
/// it is, and gets the schemas that it lacks.
///
/// # Errors
///
/// [`DatabaseError::Denied`], where the user may not; and others. The database is not made then.
pub async fn create(url: &DatabaseUrl, settings: &Settings) -> Result<Made, DatabaseError> {
    if url.dialect() == Dialect::Sqlite {
        let is_new = Sqlite::new(url, settings)?.make_file().await?;
        let schemas = Ok(());
        return Ok(Made { is_new, schemas });
    }
    let (name, quoted) = name(url, settings)?;
    let mut server = server(url, settings, &name).await?;
    let made = run(&mut *server, &format!("CREATE DATABASE {quoted}")).await;
    let _ = server.unlock().await;
    let is_new = match made {
        Ok(()) => true,
        Err(error) if has_code(&error, &["42P04", "1007"]) => false,
        Err(error) => return Err(meaning(error)),
    };
    let schemas = make_schemas(url, settings).await;
    Ok(Made { is_new, schemas })
}

/// Drops a database with all that is in it. Gives whether it was there.
///
/// # Errors
///
/// [`DatabaseError::InUse`], where somebody has it open; [`DatabaseError::Denied`], where the
/// user may not; and others.
pub async fn drop(
    url: &DatabaseUrl,
    settings: &Settings,
    holder: &Holder,
) -> Result<bool, DatabaseError> {
    if url.dialect() == Dialect::Sqlite {
        return Sqlite::new(url, settings)?.remove_file(holder).await;
    }
    let (name, quoted) = name(url, settings)?;
    if OWN.contains(&name.to_lowercase().as_str()) {
        return Err(DatabaseError::Other {
            message: format!("`{name}` is the server's own, and stays"),
        });
    }
    let mut server = server(url, settings, &name).await?;
    let dropped = drop_on(&mut *server, url.dialect(), &name, &quoted).await;
    let _ = server.unlock().await;
    dropped
}

async fn drop_on(
    server: &mut dyn Database,
    dialect: Dialect,
    name: &str,
    quoted: &str,
) -> Result<bool, DatabaseError> {
    // MySQL drops what others are at work in.
    if dialect == Dialect::Mysql {
        let mut by = users(server, dialect, name).await?;
        for _ in 0..LOOKS {
            if by.is_empty() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            by = users(server, dialect, name).await?;
        }
        if !by.is_empty() {
            return Err(DatabaseError::InUse { by });
        }
    }
    match run(server, &format!("DROP DATABASE {quoted}")).await {
        Ok(()) => Ok(true),
        Err(error) if has_code(&error, &["3D000", "1008"]) => Ok(false),
        Err(error) if has_code(&error, &["55006"]) => {
            let by = users(server, dialect, name).await?;
            match by.is_empty() {
                true => Err(meaning(error)),
                false => Err(DatabaseError::InUse { by }),
            }
        }
        Err(error) => Err(meaning(error)),
    }
}

/// The database's name, and as it is quoted.
fn name(url: &DatabaseUrl, settings: &Settings) -> Result<(String, String), DatabaseError> {
    let dialect = url.dialect();
    let name = match dialect {
        Dialect::Mysql => Mysql::new(url, settings)?.name().unwrap_or_default(),
        _ => Postgres::new(url, settings)?.name().to_owned(),
    };
    let quoted = ledger::name(&name, dialect);
    Ok((name, quoted))
}

/// A session with the server of a database, in another database than this one.
async fn server(
    url: &DatabaseUrl,
    settings: &Settings,
    name: &str,
) -> Result<Box<dyn Database>, DatabaseError> {
    let others: &[&str] = match url.dialect() {
        Dialect::Mysql => &["information_schema"],
        _ => &["postgres", "template1"],
    };
    let mut missing = None;
    for other in others.iter().filter(|other| **other != name) {
        let mut server = open(&url.with_database(other), &settings.of_server())?;
        match server.ask("SELECT 'there'").await {
            Ok(_) => return Ok(server),
            Err(error @ DatabaseError::NoDatabase { .. }) => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(missing.unwrap_or_else(|| DatabaseError::Other {
        message: "the server has no other database to work from".to_owned(),
    }))
}

/// Makes the schemas that a search path names and that are missing: a new database has none of
/// them.
async fn make_schemas(url: &DatabaseUrl, settings: &Settings) -> Result<(), DatabaseError> {
    let Some(path) = &settings.schema else {
        return Ok(());
    };
    let mut database = open(url, &settings.of_server())?;
    let mut made = Ok(());
    for schema in path.schemas().filter(|it| !MADE_BY_ITSELF.contains(it)) {
        made = make_schema(&mut *database, schema).await;
        if made.is_err() {
            break;
        }
    }
    let unlocked = database.unlock().await;
    made.and(unlocked)
}

/// Makes a schema that is missing. Who may make none may still use one that is there.
async fn make_schema(database: &mut dyn Database, schema: &str) -> Result<(), DatabaseError> {
    let name = ledger::text(schema, Dialect::Postgres);
    let question = format!("SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = {name}");
    if !database.ask(&question).await?.is_empty() {
        return Ok(());
    }
    let quoted = ledger::name(schema, Dialect::Postgres);
    let made = run(database, &format!("CREATE SCHEMA IF NOT EXISTS {quoted}")).await;
    made.map_err(meaning)
}

/// Who has a database open, as far as this user may see it, each as a phrase.
async fn users(
    server: &mut dyn Database,
    dialect: Dialect,
    name: &str,
) -> Result<Vec<String>, DatabaseError> {
    let name = ledger::text(name, dialect);
    let question = match dialect {
        Dialect::Mysql => format!(
            "SELECT CONCAT(USER, '@', HOST, ', process ', ID) FROM information_schema.PROCESSLIST \
             WHERE DB = {name} ORDER BY ID"
        ),
        _ => format!(
            "SELECT coalesce(usename, 'somebody') || coalesce('@' || host(client_addr), '') \
             || ', process ' || pid || coalesce(', ' || nullif(application_name, ''), '') \
             FROM pg_catalog.pg_stat_activity WHERE datname = {name} AND pid <> pg_backend_pid() \
             ORDER BY pid"
        ),
    };
    server.ask(&question).await
}

fn has_code(error: &StepError, codes: &[&str]) -> bool {
    let code = error.statement().and_then(|it| it.code.as_deref());
    let code = code.and_then(|code| code.split(' ').next());
    code.is_some_and(|code| codes.contains(&code))
}

/// What an error means of a statement that is ours.
fn meaning(error: StepError) -> DatabaseError {
    // Insufficient privilege; access denied, to the database or for lack of a right.
    if has_code(&error, &["42501", "1044", "1227", "1142"]) {
        return DatabaseError::Denied {
            message: error.to_string(),
        };
    }
    error.into_database_error()
}

async fn run(database: &mut dyn Database, text: &str) -> Result<(), StepError> {
    let statement = Statement::alone(text);
    let sent = Sent {
        number: 1,
        statement: &statement,
    };
    run_in_silence(database, sent).await
}
