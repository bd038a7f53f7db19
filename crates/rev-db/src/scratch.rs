//! Throw-away databases: made to prove something, gone afterwards.
//!
//! For SQLite a file in a folder of its own; for the others a database on a
//! server that the user names, under a name that nothing else has. Each has an
//! owner that the system knows to be alive: a lock on a file beside it, or a
//! session with the server. So what a killed run has left can be told from what
//! another run is using right now, whatever the clocks say, and is removed by the
//! next run.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use rev_core::{DatabaseUrl, Dialect};
use rev_engine::database::{Database, Sent, run_in_silence};
use rev_engine::failure::{DatabaseError, StepError};
use rev_engine::place::{Ground, Place};
use rev_sql::effect::{needs_to_be_alone, touches_session};
use rev_sql::ledger;
use rev_sql::split::Statement;
use tempfile::TempDir;

use crate::file::open_plain;
use crate::{Settings, open};

/// What the names of databases and folders begin with.
const PREFIX: &str = "rev_scratch_";

/// The file that the owner of a folder holds a lock on.
const OWNER: &str = "owner";

/// Where throw-away databases of one dialect are made.
#[derive(Debug, Clone)]
pub struct Scratches {
    dialect: Dialect,
    server: Option<DatabaseUrl>,
    settings: Settings,
    /// Clauses of `CREATE DATABASE` that make one like another, the best first.
    likeness: Vec<String>,
}

/// A throw-away database.
pub struct Scratch {
    made_by: Scratches,
    url: DatabaseUrl,
    kind: Kind,
}

enum Kind {
    Folder {
        folder: TempDir,
        #[expect(dead_code, reason = "the lock goes when this is dropped")]
        owner: File,
    },
    Database {
        name: String,
        /// The session that owns it; locked by nobody, but shared between threads.
        owner: Mutex<Box<dyn Database>>,
    },
}

impl Scratches {
    /// In temporary folders, or on the server at `server`.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Connect`], where the dialect asks for a server and none is
    /// named.
    pub fn new(
        dialect: Dialect,
        server: Option<&DatabaseUrl>,
        settings: &Settings,
    ) -> Result<Self, DatabaseError> {
        if server.is_none() && dialect != Dialect::Sqlite {
            return Err(DatabaseError::Connect {
                message: format!("no server for throw-away databases is named ({dialect})"),
            });
        }
        Ok(Self {
            dialect,
            server: server.cloned(),
            likeness: Vec::new(),
            settings: Settings {
                schema: None,
                is_throw_away: true,
                ..settings.clone()
            },
        })
    }

    /// The same, where databases are made like this one: what its tables take from it
    /// without a word, such as a character set, they take from those.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`], where it does not answer.
    pub async fn like(self, database: &mut dyn Database) -> Result<Self, DatabaseError> {
        let likeness = match likeness(self.dialect) {
            Some(question) => database.ask(question).await?,
            None => Vec::new(),
        };
        Ok(Self { likeness, ..self })
    }

    /// Makes an empty database.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`].
    pub async fn make(&self) -> Result<Scratch, DatabaseError> {
        match &self.server {
            Some(server) => self.make_on(server, None).await,
            None => self.make_folder(),
        }
    }

    fn make_folder(&self) -> Result<Scratch, DatabaseError> {
        let failed = |error| DatabaseError::Connect {
            message: format!("no temporary folder can be made: {error}"),
        };
        let folder = private_folder(&std::env::temp_dir()).map_err(failed)?;
        let owner = own_folder(folder.path()).map_err(failed)?;
        let file = folder.path().join("scratch.sqlite");
        Ok(Scratch {
            made_by: self.clone(),
            url: DatabaseUrl::of_file(file),
            kind: Kind::Folder { folder, owner },
        })
    }

    /// Makes a database on a server; with a template its copy.
    async fn make_on(
        &self,
        server: &DatabaseUrl,
        template: Option<&str>,
    ) -> Result<Scratch, DatabaseError> {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}_{number}", self.settings.run);
        let mut owner = open(server, &self.settings)?;
        // A pooler's sessions are nobody's own.
        owner.session().await?;
        // The owner is known before there is anything to own.
        owner.ask(&own(self.dialect, &name)).await?;
        match template {
            Some(template) => {
                let template = ledger::name(template, self.dialect);
                self.create(&mut *owner, &name, &format!(" TEMPLATE {template}"))
                    .await?;
            }
            None => self.create_alike(&mut *owner, &name).await?,
        }
        Ok(Scratch {
            made_by: self.clone(),
            url: server.with_database(&name),
            kind: Kind::Database {
                name,
                owner: Mutex::new(owner),
            },
        })
    }

    /// Makes a database as [`Self::like`] says; the server need not have all that the
    /// other's has, and the last way is the one that fails.
    async fn create_alike(
        &self,
        owner: &mut dyn Database,
        name: &str,
    ) -> Result<(), DatabaseError> {
        let Some((last, better)) = self.likeness.split_last() else {
            return self.create(owner, name, "").await;
        };
        for clauses in better {
            if self.create(owner, name, clauses).await.is_ok() {
                return Ok(());
            }
        }
        self.create(owner, name, last).await
    }

    async fn create(
        &self,
        owner: &mut dyn Database,
        name: &str,
        clauses: &str,
    ) -> Result<(), DatabaseError> {
        let quoted = ledger::name(name, self.dialect);
        run(owner, &format!("CREATE DATABASE {quoted}{clauses}")).await
    }

    /// The server on which they are made, if it takes one.
    #[must_use]
    pub fn server(&self) -> Option<&DatabaseUrl> {
        self.server.as_ref()
    }

    /// Removes what runs have left that ended before they could do so themselves,
    /// and names it.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`], where the server does not answer. What cannot be removed
    /// stays in silence: it may be another user's.
    pub async fn remove_leftovers(&self) -> Result<Vec<String>, DatabaseError> {
        let Some(server) = &self.server else {
            return Ok(abandoned_folders(&std::env::temp_dir()));
        };
        let mut database = open(server, &self.settings)?;
        let mut removed = Vec::new();
        for name in database.ask(abandoned(self.dialect)).await? {
            let text = drop_text(self.dialect, &name);
            if run(&mut *database, &text).await.is_ok() {
                removed.push(name);
            }
        }
        database.unlock().await?;
        Ok(removed)
    }
}

impl Scratch {
    /// Makes ready to reach it.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Connect`].
    pub fn open(&self) -> Result<Box<dyn Database>, DatabaseError> {
        open(&self.url, &self.made_by.settings)
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// What it is on: the dialect's name, or `mariadb`, which is another server of the
    /// same dialect.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`].
    pub async fn server(&self) -> Result<&'static str, DatabaseError> {
        let dialect = self.made_by.dialect;
        if dialect != Dialect::Mysql {
            return Ok(dialect.name());
        }
        let mut database = self.open()?;
        let version = database.ask("SELECT VERSION()").await?.concat();
        database.unlock().await?;
        match version.to_ascii_lowercase().contains("mariadb") {
            true => Ok("mariadb"),
            false => Ok(dialect.name()),
        }
    }

    /// Makes another one with the same contents; `None` where the engine has no
    /// quick way. Nothing may have it open.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`].
    pub async fn copy(&self) -> Result<Option<Self>, DatabaseError> {
        match (&self.kind, &self.made_by.server) {
            (Kind::Folder { folder, .. }, _) => {
                let copy = self.made_by.make_folder()?;
                if let Kind::Folder { folder: into, .. } = &copy.kind {
                    copy_files(folder.path(), into.path())?;
                }
                Ok(Some(copy))
            }
            (Kind::Database { name, .. }, Some(server))
                if self.made_by.dialect == Dialect::Postgres =>
            {
                self.made_by.make_on(server, Some(name)).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Runs statements one after the other, each by itself; on SQLite as one text in one
    /// transaction, where they can stand in one, since each commit writes and removes a journal.
    ///
    /// # Errors
    ///
    /// [`StepError`], with the statement where one failed.
    pub async fn load(&self, statements: &[Statement]) -> Result<(), StepError> {
        let mut database = self.open()?;
        if self.made_by.dialect == Dialect::Sqlite && statements.iter().all(shares) {
            let texts = statements.iter().map(|it| it.text.as_str());
            let texts: Vec<&str> = ["BEGIN"]
                .into_iter()
                .chain(texts)
                .chain(["COMMIT"])
                .collect();
            if run(&mut *database, &texts.join(";\n")).await.is_ok() {
                return Ok(());
            }
            // One by one shows which of them it is. Of a text that was refused nothing is open.
            let _ = run(&mut *database, "ROLLBACK").await;
        }
        for (number, statement) in (1..).zip(statements) {
            run_in_silence(&mut *database, Sent { number, statement }).await?;
        }
        Ok(())
    }

    /// Takes it away; all that was opened must be closed by then.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`]: then it is still there, under a name that begins with
    /// `rev_scratch_`, until the next run removes it.
    pub async fn drop(self) -> Result<(), DatabaseError> {
        match self.kind {
            Kind::Folder { folder, .. } => folder.close().map_err(|error| DatabaseError::Other {
                message: error.to_string(),
            }),
            Kind::Database { name, owner } => {
                let mut owner = owner.into_inner().unwrap_or_else(PoisonError::into_inner);
                run(&mut *owner, &drop_text(self.made_by.dialect, &name)).await?;
                owner.unlock().await
            }
        }
    }
}

#[async_trait]
impl Ground for Scratches {
    async fn make(&self) -> Result<Box<dyn Place>, DatabaseError> {
        let scratch = Scratches::make(self).await?;
        Ok(Box::new(scratch) as Box<dyn Place>)
    }
}

#[async_trait]
impl Place for Scratch {
    fn open(&self) -> Result<Box<dyn Database>, DatabaseError> {
        Scratch::open(self)
    }

    async fn copy(&self) -> Result<Option<Box<dyn Place>>, DatabaseError> {
        let copy = Scratch::copy(self).await?;
        Ok(copy.map(|copy| Box::new(copy) as Box<dyn Place>))
    }

    async fn remove(self: Box<Self>) -> Result<(), DatabaseError> {
        Scratch::drop(*self).await
    }
}

/// Asks a database for the clauses that make another one like it; no rows where the
/// server makes such ones anyway.
fn likeness(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Sqlite => None,
        // Tables and columns take the collation from it, tables whether they are encrypted.
        Dialect::Mysql => Some(
            "SELECT CONCAT(' CHARACTER SET ', DEFAULT_CHARACTER_SET_NAME, ' COLLATE ', DEFAULT_COLLATION_NAME \
             /*!80016 , IF(DEFAULT_ENCRYPTION = 'YES', ' ENCRYPTION ''Y''', '') */) \
             FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()",
        ),
        // The encoding says which collations there are, the collation how the bounds of
        // partitions are ordered. Where the server has no such locale, the encoding alone.
        Dialect::Postgres => Some(
            "WITH own AS (SELECT d.*, to_jsonb(d) AS all_of FROM pg_catalog.pg_database d), \
             spelt AS (SELECT datname::text, format(' TEMPLATE template0 ENCODING %L', \
               pg_catalog.pg_encoding_to_char(encoding)) AS encoded, \
               format(' LC_COLLATE %L LC_CTYPE %L', datcollate, datctype) \
               || CASE all_of ->> 'datlocprovider' \
                 WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', \
                   coalesce(all_of ->> 'datlocale', all_of ->> 'daticulocale')) \
                 WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', all_of ->> 'datlocale') \
                 ELSE '' END AS located FROM own) \
             SELECT mine.encoded || way.clauses FROM spelt mine, spelt theirs, \
               LATERAL (VALUES (1, mine.located), (2, ' LC_COLLATE ''C'' LC_CTYPE ''C''')) way (number, clauses) \
             WHERE mine.datname = current_database() AND theirs.datname = 'template1' \
             AND (mine.encoded, mine.located) IS DISTINCT FROM (theirs.encoded, theirs.located) \
             ORDER BY way.number",
        ),
    }
}

/// Makes a session the owner of a database. On PostgreSQL its name does so already.
fn own(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::Mysql => {
            let lock = ledger::text(name, dialect);
            format!("SELECT CAST(GET_LOCK({lock}, 0) AS CHAR)")
        }
        Dialect::Postgres | Dialect::Sqlite => "SELECT 'mine'".to_owned(),
    }
}

/// Asks for the databases whose owner lives no more.
fn abandoned(dialect: Dialect) -> &'static str {
    match dialect {
        // Sessions are called `rev RUN OPERATOR`; the third part of a name is the run.
        Dialect::Postgres => {
            "SELECT datname::text FROM pg_catalog.pg_database d WHERE left(datname, 12) = 'rev_scratch_' \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity \
               WHERE application_name LIKE 'rev ' || split_part(d.datname, '_', 3) || '%')"
        }
        Dialect::Mysql => {
            "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE LEFT(SCHEMA_NAME, 12) = 'rev_scratch_' \
             AND IS_USED_LOCK(SCHEMA_NAME) IS NULL"
        }
        Dialect::Sqlite => "SELECT NULL LIMIT 0",
    }
}

fn drop_text(dialect: Dialect, name: &str) -> String {
    let force = match dialect {
        Dialect::Postgres => " WITH (FORCE)",
        Dialect::Mysql | Dialect::Sqlite => "",
    };
    format!(
        "DROP DATABASE IF EXISTS {}{force}",
        ledger::name(name, dialect)
    )
}

/// Whether a statement of SQLite does in a transaction what it does by itself. A `PRAGMA` of
/// foreign keys, for one, does nothing there.
fn shares(statement: &Statement) -> bool {
    let text = &statement.text;
    !needs_to_be_alone(text, Dialect::Sqlite) && !touches_session(text, Dialect::Sqlite)
}

/// A new folder that nobody else can look into: rows lie there that are a user's own.
fn private_folder(within: &Path) -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    builder.tempdir_in(within)
}

/// Puts the owner's file into a folder, locked from the first moment on at which
/// it has its name.
fn own_folder(folder: &Path) -> std::io::Result<File> {
    let unnamed = folder.join("being_made");
    let owner = File::create(&unnamed)?;
    owner.lock()?;
    fs::rename(unnamed, folder.join(OWNER))?;
    Ok(owner)
}

/// Removes the folders whose owner holds its lock no more. A folder without the
/// file is one that is being made.
fn abandoned_folders(within: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(within) else {
        return Vec::new();
    };
    let mut removed = Vec::new();
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with(PREFIX) {
            continue;
        }
        let path = entry.path();
        let owner = open_plain(&path.join(OWNER), OpenOptions::new().read(true));
        let is_abandoned = owner.is_ok_and(|file| file.try_lock().is_ok());
        if is_abandoned && fs::remove_dir_all(&path).is_ok() {
            removed.push(path.display().to_string());
        }
    }
    removed.sort_unstable();
    removed
}

fn copy_files(from: &Path, into: &Path) -> Result<(), DatabaseError> {
    let copy = || -> std::io::Result<()> {
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            if name != OWNER {
                fs::copy(from.join(&name), into.join(&name))?;
            }
        }
        Ok(())
    };
    copy().map_err(|error| DatabaseError::Connect {
        message: format!("a throw-away database cannot be copied: {error}"),
    })
}

async fn run(database: &mut dyn Database, text: &str) -> Result<(), DatabaseError> {
    let sent = Sent {
        number: 1,
        statement: &Statement::alone(text),
    };
    let result = run_in_silence(database, sent).await;
    result.map_err(StepError::into_database_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_transaction_changes_is_loaded_by_itself() {
        let together = |text: &str| shares(&Statement::alone(text));
        assert!(together("CREATE TABLE hero (id INTEGER PRIMARY KEY)"));
        assert!(together("CREATE VIRTUAL TABLE deeds USING fts5(text)"));
        assert!(!together("PRAGMA foreign_keys = ON"));
        assert!(!together("VACUUM"));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_of_throw_away_rows_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let within = tempfile::tempdir().expect("a folder");
        let folder = private_folder(within.path()).expect("a folder");
        let mode = fs::metadata(folder.path()).expect("there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o700);
    }

    #[test]
    fn only_folders_go_whose_owner_is_gone() {
        let within = tempfile::tempdir().expect("a folder");
        let folder = |name: &str| {
            let path = within.path().join(name);
            fs::create_dir(&path).expect("a folder");
            path
        };
        let owned = |name: &str| File::create(folder(name).join(OWNER)).expect("a file");
        let alive = owned("rev_scratch_alive");
        alive.lock().expect("a lock");
        drop(owned("rev_scratch_dead"));
        folder("rev_scratch_being_made");
        drop(owned("another"));
        let removed = abandoned_folders(within.path());
        let dead = within.path().join("rev_scratch_dead");
        assert_eq!(removed, [dead.display().to_string()]);
        assert_eq!(fs::read_dir(within.path()).expect("a folder").count(), 3);
    }
}
