//! MySQL's and MariaDB's catalogue: what the server says becomes a [`Schema`].
//!
//! It is asked in two rounds. The first lists what there is: [`questions`]. The
//! second asks for the texts that make it, [`Catalogue::requests`], for much of what
//! these servers know is nowhere but there: partitions, periods, checks of columns,
//! options of tables. Both rounds are to be asked with an empty `sql_mode`, for it
//! decides how the server quotes.
//!
//! What the server takes from the session that runs a script is not compared: the definer,
//! `sql_mode`, the character set of a stored program. Nor are `AUTO_INCREMENT` of a
//! table and the engine of a partition. A collation or storage engine that the
//! database or server has by default counts as not stated.

mod bytes;
mod column;
mod cursor;
mod expression;
mod flavour;
mod program;
mod request;
mod sequence;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use rev_core::Dialect;

use super::{Handle, Kind, Name, Schema, Text};
use crate::ledger::{Ledger, text};
pub(in crate::schema) use expression::expression;
use program::Own;

pub use bytes::readable;
pub use flavour::Flavour;
pub(super) use program::is_duality;
pub use request::{Request, Row, Unreadable};
use request::{Server, Trigger, cell, request};
pub(in crate::schema) use request::{is_function, part_name, routine_name};

/// What the first round of questions gave.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    server: Server,
    /// Tables and sequences by name, with what kind of table each is.
    tables: Vec<(String, TableKind)>,
    /// The columns of each table, with their collations where they have one.
    columns: BTreeMap<String, Vec<(String, Option<String>)>>,
    triggers: Vec<Trigger>,
    /// Routines by name, and whether each is a function.
    routines: Vec<(String, bool)>,
    /// Events by name, with when each begins where the server has made that up.
    events: Vec<(String, Option<String>)>,
    /// What no comparison knows, each with its kind and name.
    strangers: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TableKind {
    Table,
    View,
    Sequence,
}

/// The first round: statements whose rows, in this order, make a [`Catalogue`].
#[must_use]
pub fn questions(ledger: &Ledger) -> [String; 7] {
    let own = ledger.tables().map(|table| text(&table, Dialect::Mysql));
    let own = own.join(", ");
    [
        "SELECT DATABASE(), CAST(@@lower_case_table_names AS CHAR), @@default_storage_engine, \
         @@collation_database, VERSION() \
         /*!80030 , CAST(@@SESSION.sql_generate_invisible_primary_key AS CHAR) */"
            .to_owned(),
        format!(
            "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT IN ({own}) ORDER BY TABLE_NAME"
        ),
        format!(
            "SELECT TABLE_NAME, COLUMN_NAME, COLLATION_NAME FROM information_schema.COLUMNS \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT IN ({own}) \
             ORDER BY TABLE_NAME, ORDINAL_POSITION"
        ),
        format!(
            "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, CONCAT(ACTION_TIMING, ' ', EVENT_MANIPULATION), \
             ACTION_STATEMENT FROM information_schema.TRIGGERS \
             WHERE TRIGGER_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE NOT IN ({own}) \
             ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER"
        ),
        "SELECT ROUTINE_NAME, ROUTINE_TYPE FROM information_schema.ROUTINES \
         WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE IN ('FUNCTION', 'PROCEDURE') \
         ORDER BY ROUTINE_NAME, ROUTINE_TYPE"
            .to_owned(),
        // Without a start, an event begins when it is made.
        "SELECT EVENT_NAME, IF(STARTS = CREATED, CAST(STARTS AS CHAR), NULL) \
         FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY EVENT_NAME"
            .to_owned(),
        // Packages, and libraries, which MySQL has since 9.2.
        "SELECT LOWER(ROUTINE_TYPE), ROUTINE_NAME FROM information_schema.ROUTINES \
         WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE NOT IN ('FUNCTION', 'PROCEDURE') \
         /*!90200 UNION ALL SELECT 'library', LIBRARY_NAME FROM information_schema.LIBRARIES \
         WHERE LIBRARY_SCHEMA = DATABASE() */"
            .to_owned(),
    ]
}

impl Catalogue {
    /// Reads the answers to [`questions`].
    ///
    /// # Errors
    ///
    /// [`Unreadable`], where one is missing.
    pub fn read(answers: &[Vec<Row>]) -> Result<Self, Unreadable> {
        let [
            server,
            tables,
            columns,
            triggers,
            routines,
            events,
            strangers,
        ] = answers
        else {
            return Err(Unreadable {
                kind: "catalogue",
                name: "information_schema".to_owned(),
                what: format!("{} answers", answers.len()),
            });
        };
        let mut catalogue = Self {
            server: server.first().map(Server::read).unwrap_or_default(),
            routines: routines
                .iter()
                .map(|row| (cell(row, 0), cell(row, 1) == "FUNCTION"))
                .collect(),
            events: events
                .iter()
                .map(|row| (cell(row, 0), row.get(1).cloned().flatten()))
                .collect(),
            strangers: strangers
                .iter()
                .map(|row| (cell(row, 0), cell(row, 1)))
                .collect(),
            ..Self::default()
        };
        for row in tables {
            let kind = match cell(row, 1).as_str() {
                "VIEW" => TableKind::View,
                "SEQUENCE" => TableKind::Sequence,
                "BASE TABLE" | "SYSTEM VERSIONED" => TableKind::Table,
                // Those of other sessions, and of the server.
                _ => continue,
            };
            catalogue.tables.push((cell(row, 0), kind));
        }
        for row in columns {
            let column = (cell(row, 1), row.get(2).cloned().flatten());
            let columns = catalogue.columns.entry(cell(row, 0)).or_default();
            columns.push(column);
        }
        catalogue
            .triggers
            .extend(triggers.iter().map(|row| Trigger {
                name: cell(row, 0),
                table: cell(row, 1),
                when: cell(row, 2),
                body: cell(row, 3),
            }));
        Ok(catalogue)
    }

    /// The second round.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        let tables = self.tables.iter().map(|(name, kind)| match kind {
            TableKind::Table => request("table", name, 1),
            TableKind::View => request("view", name, 1),
            TableKind::Sequence => request("sequence", name, 1),
        });
        let routines = self.routines.iter().map(|(name, is_function)| {
            let kind = if *is_function {
                "function"
            } else {
                "procedure"
            };
            request(kind, name, 2)
        });
        let events = self
            .events
            .iter()
            .map(|(name, _)| request("event", name, 3));
        tables.chain(routines).chain(events).collect()
    }

    /// A question for each view, whose answer says `VIEW` unless it is broken, by name.
    #[must_use]
    pub fn views(&self) -> Vec<(String, String)> {
        let views = self
            .tables
            .iter()
            .filter(|(_, kind)| *kind == TableKind::View);
        let question = |called: &String| {
            // MariaDB looks closer where it counts rows.
            let sql = format!(
                "SELECT TABLE_COMMENT, TABLE_ROWS FROM information_schema.TABLES \
                 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {}",
                text(called, Dialect::Mysql)
            );
            (called.clone(), sql)
        };
        views.map(|(called, _)| question(called)).collect()
    }

    /// Notes which of a schema's views are broken, by the answers to [`Self::views`].
    pub fn note_broken(&self, schema: &mut Schema, answers: &[(String, String)]) {
        let broken = answers.iter().filter(|(_, answer)| answer != "VIEW");
        for (called, answer) in broken {
            let handle = (Kind::View, None, self.server.name(called));
            if schema.objects.contains_key(&handle) {
                schema.broken.insert(handle, answer.clone());
            }
        }
    }

    /// The schema, with the texts that the [`Self::requests`] gave, in their order, or why
    /// there is none. What is not understood is left aside.
    #[must_use]
    pub fn schema(&self, texts: &[Result<String, String>]) -> Schema {
        let mut schema = Schema {
            flavour: self.server.flavour,
            makes_keys: self.server.makes_keys,
            ..Schema::default()
        };
        let own = self.own();
        for (request, text) in self.requests().iter().zip(texts) {
            let added = match text {
                Ok(text) => self.add(&mut schema, &own, request, text),
                Err(why) => Err(request.unreadable(why)),
            };
            if let Err(unreadable) = added {
                let handle = self.handle(request);
                schema.unread.insert(handle, unreadable.what);
            }
        }
        for (kind, called) in &self.strangers {
            let name = Name::bare(Text::keyed(called, format!("{kind} {called}")));
            let why = format!("a {kind} is not compared");
            schema.unread.insert((Kind::Routine, None, name), why);
        }
        for object in program::triggers(&self.triggers, &self.server) {
            schema.add_object(object);
        }
        for handle in schema.unread.clone().keys() {
            schema.remove(handle);
        }
        schema
    }

    fn handle(&self, request: &Request) -> Handle {
        let called = &request.name;
        let (kind, name) = match request.kind {
            "table" => (Kind::Table, self.server.name(called)),
            "sequence" => (Kind::Sequence, self.server.name(called)),
            "view" => (Kind::View, self.server.name(called)),
            "event" => (Kind::Event, Name::bare(part_name(called))),
            kind => (Kind::Routine, routine_name(called, kind == "function")),
        };
        (kind, None, name)
    }

    fn add(
        &self,
        schema: &mut Schema,
        own: &Own<'_>,
        request: &Request,
        text: &str,
    ) -> Result<(), Unreadable> {
        match request.kind {
            "table" => {
                let columns = self.columns.get(&request.name);
                let columns = columns.map(Vec::as_slice).unwrap_or_default();
                schema.add_table(table::read(request, text, columns, &self.server, own)?);
            }
            "sequence" => {
                let sequence = sequence::read(request, text, &self.server)?;
                schema.sequences.insert(sequence.name.clone(), sequence);
            }
            "view" => schema.add_object(program::view(request, text, &self.server, own)?),
            "event" => {
                let mut events = self.events.iter();
                let begins = events.find(|(name, _)| *name == request.name);
                let begins = begins.and_then(|(_, begins)| begins.as_deref());
                schema.add_object(program::event(request, text, begins)?);
            }
            _ => schema.add_object(program::routine(request, text)?),
        }
        Ok(())
    }

    fn own(&self) -> Own<'_> {
        let tables = self.tables.iter();
        let tables = tables.map(|(name, _)| name.as_str()).collect();
        let functions = self.routines.iter().filter(|(_, is_function)| *is_function);
        let functions: BTreeSet<String> = functions
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        Own {
            database: &self.server.database,
            tables,
            functions,
        }
    }
}
