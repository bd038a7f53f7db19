//! What the catalogue says of objects: named parts and their definitions.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::{Duration, Instant};

use rev_core::Dialect;
use rev_engine::failure::DatabaseError;
use rev_sql::effect::{self, Description, Object, ObjectKind};
use rev_sql::ledger;

use super::Mysql;
use super::connection::Set;
use super::error::from_sqlx;
use crate::rows::LedgerRow as _;
use crate::writing::is_fresh;

/// How the comment of a table ends that another session is changing right now: nothing
/// else of what the catalogue says of it is true then.
const CHANGING: &str =
    "was skipped since its definition is being modified by concurrent DDL statement";

/// The pause before such a table is asked for again.
const PAUSE: Duration = Duration::from_millis(50);

/// Tables without transactions.
#[derive(Debug, Default)]
pub(super) struct Untransacted {
    /// The schemas that were looked into, beside the one that the session is in.
    schemas: BTreeSet<String>,
    /// Their names, in lower case.
    tables: Vec<String>,
    /// Whether a trigger, view or routine names one: then any statement may touch it.
    is_hidden: bool,
}

/// Tables that were not there a moment ago.
#[derive(Debug)]
pub(super) struct Absent {
    /// When that was asked.
    asked: Instant,
    /// As the statements name them that are to make them.
    tables: Vec<Object>,
}

impl Absent {
    /// For as long as nobody asks whether the guard is still held, either.
    fn is_fresh(&self) -> bool {
        is_fresh(Some(self.asked))
    }
}

impl Untransacted {
    /// Whether a statement may change one, by its text in lower case.
    pub(super) fn is_touched_by(&self, text: &str) -> bool {
        self.is_hidden || self.tables.iter().any(|table| has_word(text, table))
    }
}

impl Mysql {
    pub(super) async fn describe_all(
        &mut self,
        objects: &[Object],
    ) -> Result<Vec<Description>, DatabaseError> {
        let mut descriptions = Vec::with_capacity(objects.len());
        for object in objects {
            descriptions.push(self.describe_settled(object).await?);
        }
        Ok(descriptions)
    }

    /// What the catalogue says of an object, once no other session changes it.
    async fn describe_settled(&mut self, object: &Object) -> Result<Description, DatabaseError> {
        let begun = Instant::now();
        loop {
            let schema = self.schema_of(object).await?;
            // A name and no more is looked up ten times as fast as what it names.
            let is_there = match existence(object, &schema) {
                Some(_) if self.is_known_absent(object) => false,
                Some(question) => !self.work().await?.rows(&question).await?.is_empty(),
                None => true,
            };
            let sets = if is_there {
                let questions = questions(object, &schema);
                self.sets(&questions).await.map_err(|e| from_sqlx(&e))?
            } else {
                Vec::new()
            };
            let description = description(&sets)?;
            let is_changing = |definition: &String| definition.ends_with(CHANGING);
            if !description.parts.values().any(is_changing) {
                return Ok(description);
            }
            if begun.elapsed() > self.settings.lock_timeout {
                return Err(DatabaseError::Busy {
                    message: format!("another session changes `{}`", object.name),
                });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Whether the table was not there a moment ago, and nothing of ours has made it since.
    fn is_known_absent(&self, table: &Object) -> bool {
        let absent = self.absent.as_ref().filter(|absent| absent.is_fresh());
        absent.is_some_and(|absent| absent.tables.contains(table))
    }

    /// Whether it is worth a question which tables are not there yet.
    pub(super) fn is_absence_stale(&self) -> bool {
        let absent = self.absent.as_ref();
        absent.is_none_or(|absent| absent.tables.is_empty() || !absent.is_fresh())
    }

    /// Asks at once which of these tables are there. Where any is, or what is like one of them
    /// by the server's rules for names, nothing is known of the others either.
    pub(super) async fn look_for_absent(&mut self, tables: &[Object]) -> Result<(), DatabaseError> {
        self.absent = None;
        if tables.len() < 2 {
            return Ok(());
        }
        let mut schemas: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for table in tables {
            let schema = self.schema_of(table).await?;
            let name = ledger::text(&table.name, Dialect::Mysql);
            schemas.entry(schema).or_default().push(name);
        }
        let questions = schemas.iter().map(|(schema, names)| {
            let names = names.join(", ");
            format!(
                "SELECT TABLE_NAME FROM information_schema.TABLES \
                 WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME IN ({names})"
            )
        });
        let questions: Vec<String> = questions.collect();
        let asked = Instant::now();
        if self.names(&questions.join(" UNION ALL ")).await?.is_empty() {
            self.absent = Some(Absent {
                asked,
                tables: tables.to_vec(),
            });
        }
        Ok(())
    }

    /// Heeds that a statement of a script is about to run: what it may change is not known any
    /// more.
    pub(super) fn forget_schema(&mut self, statement: &str) {
        self.untransacted = None;
        let Some(mut absent) = self.absent.take() else {
            return;
        };
        if let Some(made) = effect::made_table(statement, Dialect::Mysql) {
            let is_it = |table: &Object| table.name.to_lowercase() == made.name.to_lowercase();
            absent.tables.retain(|table| !is_it(table));
            self.absent = Some(absent);
        }
    }

    /// The schema of an object, as SQL. A name can be looked up, and a function must be
    /// asked; but a script may have led the session elsewhere.
    async fn schema_of(&mut self, object: &Object) -> Result<String, DatabaseError> {
        let own = self.work().await?.database.clone();
        let schema = match &object.schema {
            Some(schema) => schema,
            None if self.is_touched => return Ok("DATABASE()".to_owned()),
            None => &own,
        };
        Ok(ledger::text(schema, Dialect::Mysql))
    }

    /// What has no transactions, here and in the schemas that these lower-case texts
    /// may name. Known until a statement may change the schema, or lead elsewhere.
    pub(super) async fn untransacted(
        &mut self,
        texts: &[String],
    ) -> Result<&Untransacted, DatabaseError> {
        let schemas = self.schemas_named_in(texts).await?;
        let known = self.untransacted.take();
        let untransacted = match known.filter(|known| schemas.is_subset(&known.schemas)) {
            Some(known) => known,
            None => self.look_for_untransacted(schemas).await?,
        };
        Ok(self.untransacted.insert(untransacted))
    }

    /// The other schemas of the server that texts may name.
    async fn schemas_named_in(
        &mut self,
        texts: &[String],
    ) -> Result<BTreeSet<String>, DatabaseError> {
        let mut schemas = self
            .names(
                "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN \
                 ('mysql', 'information_schema', 'performance_schema', 'sys') \
                 AND SCHEMA_NAME <> DATABASE()",
            )
            .await?;
        if !schemas.is_empty() {
            let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
            let words = texts.iter().flat_map(|text| text.split(|c| !is_part(c)));
            let words: HashSet<&str> = words.collect();
            schemas.retain(|schema| {
                let schema = schema.to_lowercase();
                let is_word = schema.chars().all(is_part);
                words.contains(schema.as_str())
                    || (!is_word && texts.iter().any(|text| text.contains(&schema)))
            });
        }
        Ok(schemas.into_iter().collect())
    }

    async fn look_for_untransacted(
        &mut self,
        schemas: BTreeSet<String>,
    ) -> Result<Untransacted, DatabaseError> {
        let others = schemas
            .iter()
            .map(|schema| ledger::text(schema, Dialect::Mysql));
        let questions = others.chain(["DATABASE()".to_owned()]).map(|schema| {
            format!(
                "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {schema} \
                 AND TABLE_TYPE = 'BASE TABLE' AND ENGINE NOT IN \
                 (SELECT ENGINE FROM information_schema.ENGINES WHERE TRANSACTIONS = 'YES')"
            )
        });
        let questions: Vec<String> = questions.collect();
        let tables = self.names(&questions.join(" UNION ALL ")).await?;
        let bodies = if tables.is_empty() {
            Vec::new()
        } else {
            self.names(
                "SELECT ACTION_STATEMENT FROM information_schema.TRIGGERS \
                 WHERE TRIGGER_SCHEMA = DATABASE() \
                 UNION ALL SELECT ROUTINE_DEFINITION FROM information_schema.ROUTINES \
                 WHERE ROUTINE_SCHEMA = DATABASE() \
                 UNION ALL SELECT VIEW_DEFINITION FROM information_schema.VIEWS \
                 WHERE TABLE_SCHEMA = DATABASE()",
            )
            .await?
        };
        let lower = |texts: Vec<String>| -> Vec<String> {
            texts.iter().map(|text| text.to_lowercase()).collect()
        };
        let (tables, bodies) = (lower(tables), lower(bodies));
        let is_hidden = bodies
            .iter()
            .any(|body| tables.iter().any(|table| has_word(body, table)));
        Ok(Untransacted {
            schemas,
            tables,
            is_hidden,
        })
    }

    async fn names(&mut self, question: &str) -> Result<Vec<String>, DatabaseError> {
        let rows = self.work().await?.rows(question).await?;
        let texts = rows.iter().filter_map(|row| row.maybe_text(0).transpose());
        texts.collect::<Result<_, _>>().map_err(|e| from_sqlx(&e))
    }
}

/// Whether a text names something, both in lower case.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

/// Asks whether there is an object of that name; `None`: all that can be asked is as quick.
fn existence(object: &Object, schema: &str) -> Option<String> {
    let name = ledger::text(&object.name, Dialect::Mysql);
    (object.kind == ObjectKind::Table).then(|| {
        format!(
            "SELECT 1 FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {name}"
        )
    })
}

/// Statements that each give rows of a part and its definition. An object that is
/// there has one row at least.
fn questions(object: &Object, schema: &str) -> String {
    let text = |text: &str| ledger::text(text, Dialect::Mysql);
    let name = text(&object.name);
    let is_it = |prefix: &str| format!("{prefix}_SCHEMA = {schema} AND {prefix}_NAME = {name}");
    match object.kind {
        ObjectKind::Table => {
            let table = is_it("TABLE");
            format!(
                "SELECT 'option kind', CONCAT_WS(' ', TABLE_TYPE, ENGINE, TABLE_COLLATION, \
                 CREATE_OPTIONS, TABLE_COMMENT) FROM information_schema.TABLES WHERE {table};\n\
                 SELECT CONCAT('column ', COLUMN_NAME), CONCAT_WS(' ', COLUMN_TYPE, COLLATION_NAME, \
                 IF(IS_NULLABLE = 'NO', 'NOT NULL', NULL), CONCAT('DEFAULT ', COLUMN_DEFAULT), \
                 EXTRA, GENERATION_EXPRESSION, COLUMN_COMMENT) \
                 FROM information_schema.COLUMNS WHERE {table};\n\
                 SELECT CONCAT('index ', INDEX_NAME), GROUP_CONCAT(CONCAT_WS(' ', COLUMN_NAME, SUB_PART, \
                 COLLATION) ORDER BY SEQ_IN_INDEX), MAX(NON_UNIQUE), MAX(INDEX_TYPE) \
                 FROM information_schema.STATISTICS WHERE {table} GROUP BY INDEX_NAME;\n\
                 SELECT CONCAT('constraint ', CONSTRAINT_NAME), CONCAT_WS(' ', UNIQUE_CONSTRAINT_NAME, \
                 REFERENCED_TABLE_NAME, UPDATE_RULE, DELETE_RULE) \
                 FROM information_schema.REFERENTIAL_CONSTRAINTS \
                 WHERE CONSTRAINT_SCHEMA = {schema} AND TABLE_NAME = {name};\n\
                 SELECT CONCAT('constraint ', CONSTRAINT_NAME), CONSTRAINT_TYPE \
                 FROM information_schema.TABLE_CONSTRAINTS WHERE {table} AND CONSTRAINT_TYPE = 'CHECK'"
            )
        }
        ObjectKind::Index => {
            let table = object.table.as_deref().map(text).unwrap_or_default();
            format!(
                "SELECT CONCAT('part ', SEQ_IN_INDEX), CONCAT_WS(' ', COLUMN_NAME, SUB_PART, NON_UNIQUE, \
                 INDEX_TYPE) FROM information_schema.STATISTICS \
                 WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table} AND INDEX_NAME = {name}"
            )
        }
        ObjectKind::View => format!(
            "SELECT 'definition', VIEW_DEFINITION FROM information_schema.VIEWS WHERE {}",
            is_it("TABLE")
        ),
        ObjectKind::Trigger => format!(
            "SELECT 'definition', CONCAT_WS(' ', ACTION_TIMING, EVENT_MANIPULATION, \
             EVENT_OBJECT_TABLE, ACTION_STATEMENT) FROM information_schema.TRIGGERS WHERE {}",
            is_it("TRIGGER")
        ),
        ObjectKind::Routine => format!(
            "SELECT ROUTINE_TYPE, ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE {}",
            is_it("ROUTINE")
        ),
        ObjectKind::Event => format!(
            "SELECT 'definition', EVENT_DEFINITION FROM information_schema.EVENTS WHERE {}",
            is_it("EVENT")
        ),
        ObjectKind::Schema => format!(
            "SELECT 'option', CONCAT_WS(' ', DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME) \
             FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {name}"
        ),
    }
}

fn description(sets: &[Set]) -> Result<Description, DatabaseError> {
    let rows = || sets.iter().flat_map(|set| &set.rows);
    let is_there = rows().next().is_some();
    let mut description = Description {
        exists: is_there,
        valid: is_there,
        ..Description::default()
    };
    for row in rows() {
        let part = row.text(0).map_err(|e| from_sqlx(&e))?;
        let definition = row.maybe_text(1).map_err(|e| from_sqlx(&e))?;
        description
            .parts
            .insert(part, definition.unwrap_or_default());
    }
    Ok(description)
}
