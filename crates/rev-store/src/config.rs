//! Settings: `rev.yaml`, its defaults, and the environment names it listens to.
//!
//! A [`Config`] is what was written. URLs stay templates until a connection is
//! needed, so that graphs can be read and plans reviewed where no secret is
//! set.

mod environment;
mod model_files;
mod models;
mod read;
mod snapshot;
mod url;

pub use environment::Environment;
pub use model_files::{ModelFile, ModelFiles};
pub use models::{Autogenerate, ModelCommand, Models, Word};
pub use snapshot::Snapshot;
pub use url::{Template, UrlError};

pub use rev_core::url::{DatabaseUrl, UrlFault, redact};

pub(crate) use environment::dotenv;

/// The keys of the settings, for their schema.
pub(crate) mod keys {
    pub(crate) use super::models::{AUTOGENERATE_KEYS as AUTOGENERATE, COMMAND_KEYS as COMMAND};
    pub(crate) use super::read::{
        DATABASE_KEYS as DATABASE, KEYS as ROOT, LEDGER_KEYS as LEDGER, QUOTING_WORDS as QUOTING,
    };
    pub(crate) use super::snapshot::{ACTIONS, KEYS as SNAPSHOT};
}

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rev_core::target::{glob_matches, is_glob};
use rev_core::{Binding, DatabaseName, Dialect, Label, Quoting, SearchPath};

use crate::fault::Place;
use crate::fence::Fence;
use crate::shape::Reader;
use crate::source;
use crate::yaml::{self, Finding};

/// The name of the settings file.
pub const FILE_NAME: &str = "rev.yaml";

/// The project's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where revision files are, as written.
    pub revisions: Vec<Folder>,
    /// The databases, by name.
    pub databases: BTreeMap<DatabaseName, Database>,
    /// What the names of the ledger's tables begin with.
    pub ledger_prefix: String,
    /// Named plans, by name.
    pub snapshots: BTreeMap<String, Snapshot>,
    /// What autogenerate looks at.
    pub autogenerate: Autogenerate,
    root: PathBuf,
    /// The settings file, as shown.
    pub(crate) settings_name: String,
    env_file: Environment,
}

/// A folder of revision files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// As written: relative to the project root, or absolute.
    pub path: String,
    /// Where it is written; `None`: the default.
    pub(crate) place: Option<Place>,
}

/// A database's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: DatabaseName,
    /// Its URL as written; `None`: the environment must give one.
    pub url: Option<Template>,
    /// The `dialect:` key.
    pub dialect: Option<Dialect>,
    /// The groups that it is in.
    pub groups: Vec<DatabaseName>,
    /// Whether it takes top-level scripts.
    pub shared: bool,
    /// Whether only saved plans may take something away there.
    pub protected: bool,
    /// PostgreSQL's search path; the ledger is in its first schema.
    pub schema: Option<SearchPath>,
    /// The branches it lives on; empty: the whole graph.
    pub follow: Vec<Label>,
    /// Where its declared schema comes from.
    pub models: Option<Models>,
    /// The file that its schema is kept in, below the project's root.
    pub dump: Option<Word>,
    /// How the server was told to read quoted text, in the words of `rev.yaml`.
    pub quoting: Vec<String>,
    /// How long a statement may wait for locks; `None`: for ever.
    pub lock_timeout: Option<Duration>,
    /// How long a statement may run; `None`: for ever.
    pub statement_timeout: Option<Duration>,
    /// How long a server may be silent while an answer is awaited; `None`: for ever.
    pub silence_timeout: Option<Duration>,
    /// Where the names in `groups` are written.
    pub(crate) group_places: Vec<Option<Place>>,
    /// Where the names in `follow` are written.
    pub(crate) follow_places: Vec<Option<Place>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            revisions: vec![Folder {
                path: "revisions".to_owned(),
                place: None,
            }],
            databases: BTreeMap::new(),
            ledger_prefix: "rev_".to_owned(),
            snapshots: BTreeMap::new(),
            autogenerate: Autogenerate::default(),
            root: PathBuf::new(),
            settings_name: FILE_NAME.to_owned(),
            env_file: Environment::default(),
        }
    }
}

impl Database {
    fn new(name: DatabaseName) -> Self {
        Self {
            name,
            url: None,
            dialect: None,
            groups: Vec::new(),
            shared: true,
            protected: false,
            schema: None,
            follow: Vec::new(),
            models: None,
            dump: None,
            quoting: Vec::new(),
            lock_timeout: Some(Duration::from_secs(5)),
            statement_timeout: None,
            silence_timeout: Some(Duration::from_secs(30)),
            group_places: Vec::new(),
            follow_places: Vec::new(),
        }
    }

    /// How the server reads quoted text, as far as `rev.yaml` says; a word that its dialect has
    /// no setting for says nothing.
    #[must_use]
    pub fn quoting(&self, dialect: Dialect) -> Quoting {
        let mut quoting = dialect.quoting();
        for word in &self.quoting {
            match word.as_str() {
                "backslash_escapes" => quoting.backslash = dialect != Dialect::Sqlite,
                "no_backslash_escapes" => quoting.backslash = false,
                _ => quoting.ansi_quotes = true,
            }
        }
        quoting
    }

    /// The variable that overrides its URL: `REV_<NAME>_URL`.
    #[must_use]
    pub fn url_variable(&self) -> String {
        let name = self.name.as_str().to_ascii_uppercase();
        format!("REV_{}_URL", name.replace(['-', '.'], "_"))
    }
}

impl Config {
    /// Reads the text of `rev.yaml` in `root`; what cannot be read has its
    /// default. `env_file` holds the variables of `.env`.
    pub(crate) fn read(root: &Path, text: &str, env_file: Environment) -> (Self, Vec<Finding>) {
        let empty = Self {
            root: root.to_owned(),
            env_file,
            ..Self::default()
        };
        match yaml::placed(text) {
            Err(findings) => (empty, findings),
            Ok(node) => {
                let mut reader = Reader::default();
                let config = reader.config(node, empty);
                (config, reader.findings)
            }
        }
    }

    /// The folder that holds `rev.yaml`.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What of the disk the project is.
    #[must_use]
    pub fn fence(&self) -> Fence {
        let folders = self.revisions.iter().map(|folder| folder.path.as_str());
        let models = self.databases.values().filter_map(|it| it.models.as_ref());
        let files = models.flat_map(models::Models::named);
        Fence::new(&self.root, folders.chain(files))
    }

    /// The folder for new revision files: the first that is named.
    #[must_use]
    pub fn new_revisions(&self) -> PathBuf {
        let first = self.revisions.first();
        let path = first.map_or("revisions", |folder| folder.path.as_str());
        source::tidy(&self.root.join(path))
    }

    /// The names of all databases and groups, sorted.
    #[must_use]
    pub fn bound_names(&self) -> BTreeMap<&str, &'static str> {
        let groups = self.databases.values().flat_map(|d| &d.groups);
        let mut names: BTreeMap<&str, &str> =
            groups.map(|group| (group.as_str(), "group")).collect();
        names.extend(
            self.databases
                .keys()
                .map(|name| (name.as_str(), "database")),
        );
        names
    }

    /// The databases that a database, a group or a pattern means, by name; all of
    /// them for none.
    #[must_use]
    pub fn selected(&self, selector: Option<&str>) -> Vec<DatabaseName> {
        let matches = |name: &str| match selector {
            None => true,
            Some(glob) if is_glob(glob) => glob_matches(glob, name),
            Some(exact) => exact == name,
        };
        let is_meant = |database: &&Database| {
            let groups = database.groups.iter().map(DatabaseName::as_str);
            matches(database.name.as_str()) || groups.into_iter().any(matches)
        };
        let chosen = self.databases.values().filter(is_meant);
        chosen.map(|database| database.name.clone()).collect()
    }

    /// The settings of a database.
    ///
    /// # Errors
    ///
    /// [`UrlError::UnknownDatabase`].
    pub fn database(&self, name: &DatabaseName) -> Result<&Database, UrlError> {
        self.databases
            .get(name)
            .ok_or_else(|| UrlError::UnknownDatabase {
                database: name.clone(),
            })
    }

    /// The URL of a database now: `--url`, else `REV_<NAME>_URL`, else `url:`.
    ///
    /// # Errors
    ///
    /// [`UrlError`], where there is none or it cannot be used.
    pub fn url(&self, name: &DatabaseName, env: &Environment) -> Result<DatabaseUrl, UrlError> {
        let database = self.database(name)?;
        let text = match self.given_url(database, env)? {
            Some(url) => url,
            None => self.written_url(database, env)?,
        };
        let fault = |fault| UrlError::Fault {
            database: name.clone(),
            fault,
        };
        let url = DatabaseUrl::new(&text, &self.root).map_err(fault)?;
        match database.dialect {
            Some(stated) if stated != url.dialect() => Err(fault(UrlFault::OtherDialect {
                stated,
                of_url: url.dialect(),
            })),
            _ => Ok(url),
        }
    }

    /// A database as the graph sees it. Needs its URL only where neither
    /// `dialect:` nor the written scheme tells the dialect.
    ///
    /// # Errors
    ///
    /// [`UrlError`], where the dialect cannot be told.
    pub fn binding(&self, name: &DatabaseName, env: &Environment) -> Result<Binding, UrlError> {
        let database = self.database(name)?;
        let dialect = match database.dialect {
            Some(dialect) => dialect,
            None => self.dialect(database, env)?,
        };
        self.binding_as(name, dialect)
    }

    /// A database as the graph sees it, if it speaks this dialect.
    ///
    /// # Errors
    ///
    /// [`UrlError::UnknownDatabase`].
    pub fn binding_as(&self, name: &DatabaseName, dialect: Dialect) -> Result<Binding, UrlError> {
        let database = self.database(name)?;
        Ok(Binding {
            name: name.clone(),
            dialect,
            groups: database.groups.clone(),
            shared: database.shared,
            follow: database.follow.clone(),
            quoting: database.quoting(dialect),
        })
    }

    /// The dialect by URL: one that is given, else as written, else resolved.
    fn dialect(&self, database: &Database, env: &Environment) -> Result<Dialect, UrlError> {
        let start = database.url.as_ref().and_then(Template::start);
        if self.given_url(database, env)?.is_none()
            && let Some(dialect) = start.and_then(Dialect::of_url)
        {
            return Ok(dialect);
        }
        self.url(&database.name, env).map(|url| url.dialect())
    }

    fn variable<'a>(&'a self, name: &str, env: &'a Environment) -> Option<&'a str> {
        let of_file = || self.env_file.variable(name);
        env.variable(name).or_else(of_file)
    }

    /// The URL that the command line or `REV_<NAME>_URL` gives.
    fn given_url(
        &self,
        database: &Database,
        env: &Environment,
    ) -> Result<Option<String>, UrlError> {
        if let Some(url) = env.url(&database.name) {
            return Ok(Some(url.to_owned()));
        }
        let variable = database.url_variable();
        let Some(url) = self.variable(&variable, env).filter(|url| !url.is_empty()) else {
            return Ok(None);
        };
        let mut others = self.databases.values();
        match others.find(|other| other.name != database.name && other.url_variable() == variable) {
            None => Ok(Some(url.to_owned())),
            Some(other) => Err(UrlError::SharedVariable {
                first: database.name.clone().min(other.name.clone()),
                second: database.name.clone().max(other.name.clone()),
                variable,
            }),
        }
    }

    fn written_url(&self, database: &Database, env: &Environment) -> Result<String, UrlError> {
        let Some(template) = &database.url else {
            return Err(UrlError::NoUrl {
                database: database.name.clone(),
                variable: database.url_variable(),
            });
        };
        template
            .resolve(|name| self.variable(name, env))
            .map_err(|variable| UrlError::Unset {
                database: database.name.clone(),
                variable,
            })
    }
}

/// A duration such as `500ms`, `5s`, `2m`, `1h` or `0`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..unit_at].parse().ok()?;
    let ms_per_unit = match text[unit_at..].trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(ms_per_unit).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Config {
        let (config, findings) = Config::read(Path::new("/p"), text, Environment::default());
        assert!(findings.is_empty(), "{findings:?}");
        config
    }

    fn bad(text: &str) -> String {
        let (_, findings) = Config::read(Path::new("/p"), text, Environment::default());
        let faults = crate::Faults::new(crate::document::faults("rev.yaml", findings));
        let lines = faults
            .iter()
            .map(|fault| format!("{} {fault}", fault.code()));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn name(text: &str) -> DatabaseName {
        DatabaseName::new(text).expect(text)
    }

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::new(
            pairs
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned())),
        )
    }

    /// The URL, or the error and its cause, in words.
    fn url(config: &Config, database: &str, env: &Environment) -> String {
        match config.url(&name(database), env) {
            Ok(url) => url.expose().to_owned(),
            Err(error) => match std::error::Error::source(&error) {
                Some(cause) => format!("{error}: {cause}"),
                None => error.to_string(),
            },
        }
    }

    const DESIGN: &str = "\
revisions: [revisions, more/revisions]
databases:
  db1: sqlite://var/db1.sqlite
  db2:
    url: ${DB2_URL:-sqlite://var/db2.sqlite}
    dialect: sqlite
    groups: [reporting]
    shared: false
    schema: null
    follow: [billing, core]
    lock_timeout: 500ms
    statement_timeout: 2m
    silence_timeout: 90s
ledger: {prefix: app_}
snapshots:
  fresh: {from: base, targets: [db1@head, db2@head]}
autogenerate: {include: 'app_*', exclude: [spatial_ref_sys, 'trigger:*'], renames: 'hero.power:strength'}
";

    #[test]
    fn settings_are_what_the_file_says() {
        let config = read(DESIGN);
        let folders: Vec<&str> = config.revisions.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(folders, ["revisions", "more/revisions"]);
        assert_eq!(config.new_revisions(), Path::new("/p/revisions"));
        assert_eq!(config.ledger_prefix, "app_");
        let words = |words: &[Word]| words.iter().map(|it| it.text.clone()).collect::<Vec<_>>();
        assert_eq!(words(&config.autogenerate.include), ["app_*"]);
        assert_eq!(
            words(&config.autogenerate.exclude),
            ["spatial_ref_sys", "trigger:*"]
        );
        assert_eq!(words(&config.autogenerate.renames), ["hero.power:strength"]);
        let fresh = &config.snapshots["fresh"];
        assert_eq!((fresh.from.len(), fresh.targets.len()), (1, 2));
        let db2 = &config.databases["db2"];
        assert_eq!(db2.groups, [name("reporting")]);
        assert!(!db2.shared);
        assert_eq!(db2.schema, None);
        assert_eq!(db2.follow.len(), 2);
        assert_eq!(db2.lock_timeout, Some(Duration::from_millis(500)));
        assert_eq!(db2.statement_timeout, Some(Duration::from_secs(120)));
        assert_eq!(db2.silence_timeout, Some(Duration::from_secs(90)));
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let config = read("databases:\n  db1: sqlite://x\n");
        assert_eq!(config.revisions[0].path, "revisions");
        assert_eq!(config.ledger_prefix, "rev_");
        let db1 = &config.databases["db1"];
        assert_eq!(db1.lock_timeout, Some(Duration::from_secs(5)));
        assert_eq!(db1.statement_timeout, None);
        assert_eq!(db1.silence_timeout, Some(Duration::from_secs(30)));
        assert!(db1.shared && db1.follow.is_empty() && db1.groups.is_empty());
    }

    #[test]
    fn a_given_url_wins_over_the_variable_and_that_over_the_file() {
        let config = read("databases:\n  my-db.1: sqlite://file\n");
        let env = Environment::default();
        assert_eq!(url(&config, "my-db.1", &env), "sqlite:///p/file");
        let env = environment(&[("REV_MY_DB_1_URL", "postgres://env")]);
        assert_eq!(url(&config, "my-db.1", &env), "postgres://env");
        let binding = config.binding(&name("my-db.1"), &env).expect("a binding");
        assert_eq!(binding.dialect, Dialect::Postgres);
        let env = env.with_url(&name("my-db.1"), "mysql://flag");
        assert_eq!(url(&config, "my-db.1", &env), "mysql://flag");
    }

    #[test]
    fn the_env_file_never_overrides_the_environment() {
        let text = "databases:\n  db1: ${A}\n";
        let (config, _) = Config::read(
            Path::new("/p"),
            text,
            environment(&[("A", "sqlite://of-file")]),
        );
        assert_eq!(
            url(&config, "db1", &Environment::default()),
            "sqlite:///p/of-file"
        );
        assert_eq!(
            url(&config, "db1", &environment(&[("A", "sqlite://env")])),
            "sqlite:///p/env"
        );
    }

    #[test]
    fn an_unset_variable_matters_only_for_a_connection() {
        let config = read(
            "databases:\n  a: {url: '${A}', dialect: mysql}\n  b: ${B}\n  c: postgres://u:${C}@h/d\n  d: {}\n",
        );
        let env = Environment::default();
        let dialect = |database| config.binding(&name(database), &env).map(|b| b.dialect);
        assert_eq!(dialect("a"), Ok(Dialect::Mysql));
        assert_eq!(dialect("c"), Ok(Dialect::Postgres));
        let unset = config.binding(&name("b"), &env).expect_err("no dialect");
        assert_eq!(
            unset.to_string(),
            "the URL of database `b` needs the variable `B`, which is not set"
        );
        assert_eq!(
            url(&config, "c", &env),
            "the URL of database `c` needs the variable `C`, which is not set"
        );
        assert_eq!(
            url(&config, "d", &env),
            "database `d` has no URL; `REV_D_URL` is not set"
        );
        assert_eq!(
            url(&config, "x", &env),
            "there is no database `x` in rev.yaml"
        );
        let env = environment(&[("A", "sqlite://x"), ("B", "sqlite::memory:")]);
        assert_eq!(
            url(&config, "a", &env),
            "the URL of database `a` is not usable: the URL is for sqlite, but the dialect says mysql"
        );
        assert!(url(&config, "b", &env).contains("in memory"));
    }

    #[test]
    fn a_variable_that_means_two_databases_is_refused() {
        let config = read("databases:\n  a-b: sqlite://x\n  a.b: sqlite://y\n");
        let env = environment(&[("REV_A_B_URL", "sqlite://z")]);
        assert_eq!(
            url(&config, "a-b", &env),
            "`REV_A_B_URL` means both `a-b` and `a.b`"
        );
        assert_eq!(
            url(&config, "a.b", &Environment::default()),
            "sqlite:///p/y"
        );
    }

    #[test]
    fn every_fault_of_the_settings_is_told_at_its_place() {
        insta::assert_snapshot!(bad("revision: x\ndatabases:\n  db1: 'sqlite::memory:'\n  2db: sqlite://x\n  db2: {url: 'mysql://h', dialect: sqlite, groups: [a, a, head]}\n  db3: {lock_timeout: 5, statement_timeout: soon, shared: maybe, timeout: 1}\n  db4: ${x\n  db5: oracle://h\n  db6: {dialect: oracle}\n  db7: [a]\nledger: {prefix: 1x}\nsnapshots: {a: {from: base}, '../b': {targets: x}}\n"), @"
        unknown_key rev.yaml:1:1: key `revision` is not known here
        bad_url rev.yaml:3:8: a database in memory is gone when the command ends, so nothing would be migrated
        bad_name rev.yaml:4:3: `2db` is not a database name: `2` is not allowed at its start
        bad_url rev.yaml:5:14: the URL is for mysql, but the dialect says sqlite
        repeated rev.yaml:5:56: `a` is written twice
        bad_name rev.yaml:5:59: `head` is a word of the target grammar and cannot be a database name
        bad_duration rev.yaml:6:23: `5` is not a duration such as `500ms`, `5s`, `2m` or `0`
        bad_duration rev.yaml:6:45: `soon` is not a duration such as `500ms`, `5s`, `2m` or `0`
        wrong_type rev.yaml:6:59: `shared` must be `true` or `false`, not a single value
        unknown_key rev.yaml:6:66: key `timeout` is not known here
        bad_reference rev.yaml:7:8: a `${` here does not begin `${NAME}` or `${NAME:-default}`
        bad_url rev.yaml:8:8: `oracle` is not the scheme of a database that is known
        not_a_choice rev.yaml:9:18: `oracle` is not a dialect
        wrong_type rev.yaml:10:8: `db7` must be a map, not a list
        bad_prefix rev.yaml:11:18: `1x` is not a table prefix: at most 32 ASCII letters, digits and `_`, no digit first
        missing_key rev.yaml:12:16: key `targets` is missing
        bad_name rev.yaml:12:30: `../b` is not a database name: `.` is not allowed at its start
        ");
        insta::assert_snapshot!(bad("databases:\n  a: {url: 'sqlite://x', models: []}\n  b: {url: 'sqlite://x', models: {command: [], x: 1}}\n  c: {url: 'sqlite://x', models: {}}\nautogenerate: {renames: [a, 'b:'], excludes: x}\n"), @"
        empty_list rev.yaml:2:34: `models` is empty
        empty_list rev.yaml:3:34: `command` is empty
        unknown_key rev.yaml:3:48: key `x` is not known here
        missing_key rev.yaml:4:34: key `command` is missing
        bad_rename rev.yaml:5:26: `a` is not OLD:NEW, with tables or with columns such as `hero.power:strength`
        bad_rename rev.yaml:5:29: `b:` is not OLD:NEW, with tables or with columns such as `hero.power:strength`
        unknown_key rev.yaml:5:36: key `excludes` is not known here
        ");
        insta::assert_snapshot!(bad("databases:\n  a: x\n  a: y\n"), @"
        duplicate_key rev.yaml:3:3: key `a` is written twice, first on line 2
        ");
        insta::assert_snapshot!(bad(""), @"
        empty_file rev.yaml: the file is empty
        ");
    }

    #[test]
    fn snapshots_start_where_plans_may() {
        let config = read(
            "databases:\n  db1: sqlite://x\n  db2: {url: 'sqlite://y', groups: [all]}\nsnapshots:\n  \
             a: {targets: db1@head}\n  \
             b: {from: {db1: [aaaa, bbbb], all: base}, targets: [head], action: downgrade}\n  \
             c: {from: [state.json, db2=cccc], targets: 'db*@head'}\n",
        );
        let shown = config.snapshots.iter().map(|(name, snapshot)| {
            let Snapshot {
                action,
                from,
                targets,
            } = snapshot;
            let action = action.name();
            format!(
                "{name}: {action} {} from {}",
                targets.join(" "),
                from.join(" ")
            )
        });
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [
                "a: upgrade db1@head from base",
                "b: downgrade head from db1=aaaa,bbbb all=base",
                "c: upgrade db*@head from state.json db2=cccc",
            ]
        );
        insta::assert_snapshot!(bad("databases:\n  db1: sqlite://x\nsnapshots:\n  a: {from: {db3: base, db1: 'a b'}, targets: []}\n  b: {action: sidegrade, targets: db1@@x}\n  c: {from: db2=aaaa, to: head, targets: head}\n"), @"
        unknown_database rev.yaml:4:14: there is no database or group `db3` in rev.yaml
        malformed_target rev.yaml:4:30: `a b` is not a target: `a b` is neither a name nor an offset
        missing_key rev.yaml:4:47: key `targets` is missing
        not_a_choice rev.yaml:5:15: `sidegrade` is not a plan's action
        malformed_target rev.yaml:5:35: `db1@@x` is not a target: a part of it is empty
        unknown_database rev.yaml:6:13: there is no database or group `db2` in rev.yaml
        unknown_key rev.yaml:6:23: key `to` is not known here
        ");
    }

    #[test]
    fn nothing_that_is_shown_of_settings_holds_a_password() {
        let text =
            "databases:\n  a: postgres://u:hunter2@h/d\n  b: postgres://u:${P:-hunter2}@h/d\n";
        let (config, _) = Config::read(Path::new("/p"), text, environment(&[("P", "hunter2")]));
        assert!(!format!("{config:?}").contains("hunter2"));
        let broken = bad(
            "databases:\n  a: postgres://u:hunter2${@h/d\n  b: 'hunter2'\n  c: postgres://u:hunter2@${h/d\n",
        );
        assert!(!broken.contains("hunter2"), "{broken}");
    }

    #[test]
    fn durations_have_units() {
        for (text, ms) in [
            ("0", 0),
            ("500ms", 500),
            ("5s", 5_000),
            ("2m", 120_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(ms)));
        }
        for text in [
            "5",
            "s",
            "",
            "-1s",
            "1.5s",
            "5 weeks",
            "99999999999999999999s",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
