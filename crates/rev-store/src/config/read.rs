//! Settings out of the YAML of `rev.yaml`: whatever cannot be read has its default and is
//! a finding.

use std::collections::BTreeSet;
use std::path::{Component, Path};
use std::time::Duration;

use rev_core::{DatabaseName, Dialect, Label, SearchPath};

use super::url::BadReference;
use super::{Config, Database, DatabaseUrl, Folder, Template, UrlFault, Word, duration};
use crate::fault::Problem;
use crate::shape::{Fields, Placed, Reader, WHOLE};
use crate::source::tidy;
use crate::yaml::{Node, Value};

pub(crate) const KEYS: &[&str] = &[
    "revisions",
    "databases",
    "ledger",
    "snapshots",
    "autogenerate",
];
pub(crate) const DATABASE_KEYS: &[&str] = &[
    "url",
    "dialect",
    "groups",
    "shared",
    "protected",
    "schema",
    "follow",
    "models",
    "dump",
    "quoting",
    "lock_timeout",
    "statement_timeout",
    "silence_timeout",
];
/// How a server may have been told to read quoted text.
pub(crate) const QUOTING_WORDS: &[&str] =
    &["backslash_escapes", "no_backslash_escapes", "ansi_quotes"];
pub(crate) const LEDGER_KEYS: &[&str] = &["prefix"];

impl Reader {
    /// The settings that the file gives; what it does not say stays as it is in `config`.
    pub(super) fn config(&mut self, root: Node, mut config: Config) -> Config {
        if root.value == Value::Null {
            self.find(None, Problem::EmptyFile);
            return config;
        }
        let Some(mut fields) = self.fields(root, WHOLE, KEYS) else {
            return config;
        };
        if let Some(node) = fields.given("revisions") {
            config.revisions = self.folders(node);
        }
        let node = fields.given("databases");
        let entries = node.map(|node| self.entries(node, "databases"));
        for (key, node) in entries.into_iter().flatten() {
            let (text, place) = (key.text, key.place);
            let name = self.name(&Placed { text, place }, DatabaseName::new);
            if let Some(name) = name {
                let database = self.database(name.clone(), node);
                config.databases.insert(name, database);
            }
        }
        self.dumps_apart(&config);
        if let Some(node) = fields.given("ledger")
            && let Some(prefix) = self.prefix(node)
        {
            config.ledger_prefix = prefix;
        }
        if let Some(node) = fields.given("autogenerate") {
            config.autogenerate = self.autogenerate(node);
        }
        if let Some(node) = fields.given("snapshots") {
            let bound: Vec<String> = config.bound_names().keys().map(|&n| n.to_owned()).collect();
            config.snapshots.extend(self.snapshots(node, &bound));
        }
        config
    }

    fn folders(&mut self, node: Node) -> Vec<Folder> {
        let place = node.place;
        let texts = self.texts(node, "revisions");
        let folders: Vec<Folder> = texts
            .into_iter()
            .map(|text| Folder {
                path: text.text,
                place: text.place,
            })
            .collect();
        if folders.iter().any(|folder| folder.path.is_empty()) {
            let folder = String::new();
            self.find(place, Problem::NoFolder { folder });
        }
        folders
    }

    fn database(&mut self, name: DatabaseName, node: Node) -> Database {
        let mut database = Database::new(name);
        if let Value::Text(_) = node.value {
            database.url = self.url(node, None);
            return database;
        }
        let what = database.name.to_string();
        let Some(mut fields) = self.fields(node, &what, DATABASE_KEYS) else {
            return database;
        };
        if let Some(node) = fields.given("dialect")
            && let Some(text) = self.text(node, "dialect")
        {
            database.dialect = self.dialect(&text.text, text.place);
        }
        if let Some(node) = fields.given("url") {
            database.url = self.url(node, database.dialect);
        }
        if let Some(node) = fields.given("groups") {
            self.groups(node, &mut database);
        }
        if let Some(node) = fields.given("shared") {
            database.shared = self.flag(&node, "shared").unwrap_or(true);
        }
        if let Some(node) = fields.given("protected") {
            database.protected = self.flag(&node, "protected").unwrap_or(true);
        }
        if let Some(node) = fields.given("schema") {
            database.schema = self.search_path(node);
        }
        if let Some(node) = fields.given("follow") {
            self.follow(node, &mut database);
        }
        if let Some(node) = fields.given("models") {
            database.models = self.models(node);
        }
        if let Some(node) = fields.given("dump") {
            database.dump = self.dump(node);
        }
        if let Some(node) = fields.given("quoting") {
            database.quoting = self.quoting(node);
        }
        self.timeouts(&mut fields, &mut database);
        database
    }

    /// A search path: a text with commas, or a list of whole names.
    fn search_path(&mut self, node: Node) -> Option<SearchPath> {
        let place = node.place;
        let is_list = matches!(node.value, Value::List(_));
        let texts = self.texts(node, "schema").into_iter();
        let texts: Vec<String> = texts.map(|text| text.text).collect();
        let path = if is_list {
            SearchPath::of(texts)
        } else {
            SearchPath::parse(&texts.concat())
        };
        if path.is_none() {
            self.find(place, Problem::SearchPath);
        }
        path
    }

    /// The file that a schema is kept in: one of SQL below the folder of `rev.yaml`. Any other
    /// ending is somebody else's: a database, settings, a revision.
    fn dump(&mut self, node: Node) -> Option<Word> {
        let text = self.text(node, "dump")?;
        let path = Path::new(&text.text);
        let is_plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        let is_below = path.components().all(is_plain) && !text.text.ends_with('/');
        let is_sql = path.extension().is_some_and(|it| it == "sql");
        if is_below && is_sql && !text.text.contains(char::is_control) {
            return Some(Word::of(text));
        }
        let problem = Problem::NoDump { path: text.text };
        self.find(text.place, problem);
        None
    }

    /// No two schemas are kept in one file, and none where models are, which people write.
    fn dumps_apart(&mut self, config: &Config) {
        let mut seen = BTreeSet::new();
        for word in config.databases.values().filter_map(|it| it.dump.as_ref()) {
            if !seen.insert(tidy(Path::new(&word.text))) {
                let text = word.text.clone();
                self.find(word.place, Problem::Repeated { text });
            }
            if let Some(models) = config.taken_in_by(&word.text) {
                let (path, models) = (word.text.clone(), models.text.clone());
                self.find(word.place, Problem::DumpInModels { path, models });
            }
        }
    }

    fn groups(&mut self, node: Node, database: &mut Database) {
        for text in self.texts(node, "groups") {
            let Some(group) = self.name(&text, DatabaseName::new) else {
                continue;
            };
            if database.groups.contains(&group) {
                self.find(text.place, Problem::Repeated { text: text.text });
            } else {
                database.groups.push(group);
                database.group_places.push(text.place);
            }
        }
    }

    fn follow(&mut self, node: Node, database: &mut Database) {
        for text in self.texts(node, "follow") {
            if let Some(label) = self.name(&text, Label::new) {
                database.follow.push(label);
                database.follow_places.push(text.place);
            }
        }
    }

    /// What the server was told about quoted text.
    fn quoting(&mut self, node: Node) -> Vec<String> {
        let mut words = Vec::new();
        for text in self.texts(node, "quoting") {
            if QUOTING_WORDS.contains(&text.text.as_str()) {
                words.push(text.text);
                continue;
            }
            let problem = Problem::NotAChoice {
                what: "way to read quoted text",
                text: text.text,
                choices: QUOTING_WORDS,
            };
            self.find(text.place, problem);
        }
        words
    }

    fn timeouts(&mut self, fields: &mut Fields, database: &mut Database) {
        if let Some(node) = fields.given("lock_timeout")
            && let Some(timeout) = self.timeout(node, "lock_timeout")
        {
            database.lock_timeout = timeout;
        }
        if let Some(node) = fields.given("statement_timeout")
            && let Some(timeout) = self.timeout(node, "statement_timeout")
        {
            database.statement_timeout = timeout;
        }
        if let Some(node) = fields.given("silence_timeout")
            && let Some(timeout) = self.timeout(node, "silence_timeout")
        {
            database.silence_timeout = timeout;
        }
    }

    fn url(&mut self, node: Node, stated: Option<Dialect>) -> Option<Template> {
        let text = self.text(node, "url")?;
        match Template::parse(&text.text) {
            Ok(template) => {
                if let Err(fault) = check(&template, stated) {
                    self.find(text.place, fault.into());
                }
                Some(template)
            }
            Err(BadReference) => {
                self.find(text.place, Problem::Reference);
                None
            }
        }
    }

    /// How long something may take; `Some(None)`: as long as it likes.
    pub(super) fn timeout(&mut self, node: Node, what: &str) -> Option<Option<Duration>> {
        let text = self.text(node, what)?;
        match duration(&text.text) {
            Some(duration) => Some(Some(duration).filter(|duration| !duration.is_zero())),
            None => {
                self.find(text.place, Problem::Duration { text: text.text });
                None
            }
        }
    }

    fn prefix(&mut self, node: Node) -> Option<String> {
        let mut fields = self.fields(node, "ledger", LEDGER_KEYS)?;
        let node = fields.given("prefix")?;
        let text = self.text(node, "prefix")?;
        if is_prefix(&text.text) {
            return Some(text.text);
        }
        self.find(text.place, Problem::Prefix { text: text.text });
        None
    }
}

/// What is wrong with a URL as far as it is written.
fn check(template: &Template, stated: Option<Dialect>) -> Result<(), UrlFault> {
    if let Some(text) = template.literal() {
        DatabaseUrl::new(text, Path::new(""))?;
    }
    let Some(start) = template.start() else {
        return Ok(());
    };
    match (Dialect::of_url(start), stated) {
        (None, _) => DatabaseUrl::new(start, Path::new("")).map(drop),
        (Some(of_url), Some(stated)) if of_url != stated => {
            Err(UrlFault::OtherDialect { stated, of_url })
        }
        _ => Ok(()),
    }
}

fn is_prefix(text: &str) -> bool {
    text.len() <= 32
        && text.bytes().next().is_some_and(|b| !b.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
