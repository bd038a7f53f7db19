//! A plan as a script to hand to whoever runs it, ledger writes included.
//!
//! The script does what the run does. Each step is a transaction of its own where the
//! engine can, so a script that stops part-way leaves whole steps behind, and the ledger
//! says which. Where statements commit by themselves the journal says after each how many
//! stand, and `rev upgrade` goes on from there.
//!
//! No step meets what another has left in the session. A run begins a new one after a step
//! that touches its own; so does `psql` (`\connect -`). The other clients cannot, and the
//! script puts back what the step sets. The ledger's tables are named with their schema, so
//! that no search path and no `USE` leads to others.

use std::fmt::Write as _;

use rev_core::plan::{Action, Step};
use rev_core::{Dialect, Goal, Lane, TransactionMode, digest};
use rev_engine::database::Work;
use rev_engine::journal::{Executed, InFlight, Session, StepInFlight};
use rev_engine::prepare::Prepared;
use rev_sql::effect::{self, Undo};
use rev_sql::isolation;
use rev_sql::ledger::{self, Elapsed, Ledger, LogLine};
use rev_sql::session::Terms;
use rev_sql::split::{Statement, ended, rebuilds_tables};

use crate::one_line;
use crate::phrases::{awaited, doing, heads, replaced, way};

/// Stands for the time of the run until the text is made; no message holds it.
const NOW: &str = "\u{1}now\u{1}";

/// Stands for the time of the run in the journal; no id and no digest is so.
const CLOCK: &str = "(now)";

/// Stands for the schema that `psql` asks for; no schema is called so.
const ASKED: &str = "\u{1}schema\u{1}";

/// What the log and the journal call who runs a script.
const SCRIPT: &str = "script";

/// Where a script is to run.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// What the ledger's tables begin with: `rev_`.
    pub prefix: String,
    /// The schema or database that holds the ledger, where it is known.
    pub schema: Option<String>,
    /// What sessions are set to.
    pub terms: Terms,
}

/// The time of the run, as the ledger writes it.
fn now(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
        Dialect::Postgres => {
            "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
        }
        Dialect::Mysql => {
            "CONCAT(LEFT(DATE_FORMAT(UTC_TIMESTAMP(3), '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z')"
        }
    }
}

/// A part a lane; each is for its own database, and for the place beside it.
#[must_use]
pub fn render(goal: Goal, lanes: &[Prepared], places: &[Place]) -> String {
    let lanes = lanes.iter().zip(places);
    let texts: Vec<String> = lanes
        .map(|(lane, place)| Part::of(lane, place).text(goal))
        .collect();
    texts.join("\n")
}

/// Whether the script of a lane leads elsewhere, so that it must name the database of the
/// ledger: MySQL's `USE`.
#[must_use]
pub fn needs_schema(prepared: &Prepared) -> bool {
    let statements = prepared.works.iter().flat_map(|work| &work.statements);
    let mut texts = statements.map(|it| it.text.as_str());
    prepared.lane.database.dialect == Dialect::Mysql
        && texts.any(|text| effect::touches_session(text, Dialect::Mysql))
}

/// The script of one lane.
struct Part<'a> {
    prepared: &'a Prepared,
    place: &'a Place,
    dialect: Dialect,
    ledger: Ledger,
    plan: String,
}

/// Statements that are sent together, with their mark or alone.
enum Piece<'a> {
    /// One transaction holds them and their mark.
    Held(&'a [Statement]),
    Alone(&'a Statement),
}

impl<'a> Part<'a> {
    fn of(prepared: &'a Prepared, place: &'a Place) -> Self {
        let dialect = prepared.lane.database.dialect;
        let ledger = Ledger::new(&place.prefix, dialect);
        let schema = match dialect {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some(place.schema.as_deref().unwrap_or(ASKED)),
            Dialect::Mysql => place.schema.as_deref(),
        };
        Self {
            prepared,
            place,
            dialect,
            ledger: match schema {
                Some(schema) => ledger.in_schema(schema),
                None => ledger,
            },
            plan: plan_digest(&prepared.lane),
        }
    }

    fn text(&self, goal: Goal) -> String {
        let lane = &self.prepared.lane;
        let mut text = format!(
            "-- {} ({}): {} {} -> {}\n",
            lane.database.name,
            self.dialect,
            goal.name(),
            heads(&lane.from),
            heads(&lane.to)
        );
        if lane.steps.is_empty() {
            text.push_str("-- nothing to do\n");
            return text;
        }
        text.push_str(&self.head());
        if lane.from.is_empty() {
            let _ = writeln!(text, "\n{}", self.ledger.create());
        }
        let works = self.prepared.works.iter().zip(&self.prepared.waits);
        for (index, (step, (work, waits))) in lane.steps.iter().zip(works).enumerate() {
            let (number, of) = (index + 1, lane.steps.len());
            let what = title(step, work);
            let _ = writeln!(text, "\n-- step {number} of {of}: {what}");
            if let Some(waits) = awaited(waits) {
                let _ = writeln!(text, "-- only {waits}");
            }
            text.push_str(&self.body(step, work));
        }
        let asked = ledger::name(ASKED, Dialect::Postgres);
        text.replace(&asked, ":\"rev_schema\"")
    }

    /// How it is run, and what the session begins with.
    fn head(&self) -> String {
        let beginning = self.place.terms.of_client(self.dialect);
        let how = match self.dialect {
            Dialect::Sqlite => "-- run it by `sqlite3 -bail`\n".to_owned(),
            Dialect::Postgres => "-- run it by `psql`\n\\set ON_ERROR_STOP on\n".to_owned(),
            Dialect::Mysql => {
                let home = self.place.schema.as_ref();
                let leads = home.map(|home| format!("USE {};\n", ledger::name(home, self.dialect)));
                let leads = leads.unwrap_or_default();
                format!("-- run it by `mysql` or `mariadb`, without `--force`\n{leads}")
            }
        };
        let is_asked = self.dialect == Dialect::Postgres && self.place.schema.is_none();
        let asks = if is_asked {
            "SELECT pg_catalog.current_schema() AS rev_schema \\gset\n"
        } else {
            ""
        };
        format!("{how}{beginning}{asks}")
    }

    fn body(&self, step: &Step, work: &Work) -> String {
        let texts: Vec<&str> = work.statements.iter().map(|it| it.text.as_str()).collect();
        let undo = effect::undo(&texts, self.dialect, self.place.schema.as_deref());
        let mut text = lines(&undo.before);
        let is_rebuild = self.dialect == Dialect::Sqlite && rebuilds_tables(&work.statements);
        if is_rebuild {
            text.push_str(
                "PRAGMA foreign_keys = OFF;\nCREATE TEMP TABLE rev_violations AS \
                 SELECT \"table\", rowid AS place, parent FROM pragma_foreign_key_check;\n",
            );
        }
        let whole = is_whole(self.dialect, step, work);
        text.push_str(&if whole {
            self.in_one(step, work, &undo, is_rebuild)
        } else {
            self.by_statement(step, work, &undo, is_rebuild)
        });
        if is_rebuild {
            text.push_str("PRAGMA foreign_keys = ON;\n");
        }
        text.push_str(&lines(&undo.end));
        text
    }

    /// A step that one transaction holds.
    fn in_one(&self, step: &Step, work: &Work, undo: &Undo, is_rebuild: bool) -> String {
        let is_touched = self.is_touched(work) && self.dialect == Dialect::Postgres;
        // PostgreSQL takes a choice of the isolation level behind `BEGIN`, MySQL in front.
        let first = match self.dialect {
            Dialect::Mysql => isolation::first(&work.statements, self.dialect),
            Dialect::Sqlite | Dialect::Postgres => Vec::new(),
        };
        let is_first = |at: &usize| first.contains(at);
        let all = work.statements.iter().enumerate();
        let (first, rest): (Vec<_>, Vec<_>) = all.partition(|(at, _)| is_first(at));
        let texts = |some: &[(usize, &Statement)]| {
            let texts = some.iter().map(|(_, it)| ended(&it.text, self.dialect));
            texts.collect::<String>()
        };
        let mut text = format!("{}{};\n{}", texts(&first), self.begin(), texts(&rest));
        if is_touched {
            // The ledger is written by who connected, not by whom a script became.
            text.push_str("RESET SESSION AUTHORIZATION;\nRESET ALL;\n");
            text.push_str(&self.place.terms.postgres("SET LOCAL"));
        }
        text.push_str(&lines(&undo.after));
        text.push_str(&self.checks(is_rebuild));
        text.push_str(&self.writes(step, work, false));
        text.push_str("COMMIT;\n");
        if is_touched {
            text.push_str(&self.new_session());
        }
        text
    }

    /// A step whose statements commit by themselves. After each the journal says how many
    /// stand; the last ones that a transaction holds share it with the ledger's rows.
    fn by_statement(&self, step: &Step, work: &Work, undo: &Undo, is_rebuild: bool) -> String {
        let mut pieces = self.pieces(step, work);
        let shares = self.dialect == Dialect::Mysql && step.transaction == TransactionMode::Step;
        let last = match pieces.last() {
            Some(Piece::Held(held)) if shares => *held,
            _ => &[],
        };
        if !last.is_empty() {
            pieces.pop();
        }
        let mut going = going(work);
        let is_journalled = work.statements.len() > 1;
        let mut text = String::new();
        for piece in &pieces {
            let (begin, held, end) = match piece {
                Piece::Held(held) => (format!("{};\n", self.begin()), *held, "COMMIT;\n"),
                Piece::Alone(statement) => (String::new(), std::slice::from_ref(*statement), ""),
            };
            for statement in held {
                going.done.push(&statement.text);
            }
            let is_end = going.done.len() == work.statements.len();
            let mark = if is_journalled && !is_end {
                self.mark(&InFlight::Step(going.clone()))
            } else {
                String::new()
            };
            let statements = self.statements(held);
            text.push_str(&format!("{begin}{statements}{mark}{end}"));
        }
        if self.is_touched(work) && self.dialect == Dialect::Postgres {
            text.push_str(&self.new_session());
        }
        let after = lines(&undo.after);
        let (outside, inside) = if last.is_empty() {
            (after, String::new())
        } else {
            (String::new(), after)
        };
        let (begin, last) = (self.begin(), self.statements(last));
        let checks = self.checks(is_rebuild);
        let writes = self.writes(step, work, is_journalled);
        text.push_str(&format!(
            "{outside}{begin};\n{last}{inside}{checks}{writes}COMMIT;\n"
        ));
        text
    }

    /// As the executor sends them: what a transaction holds with its mark, rows next to one
    /// another together where the step does not ask for each by itself.
    fn pieces<'w>(&self, step: &Step, work: &'w Work) -> Vec<Piece<'w>> {
        /// As many as a run sends together.
        const MOST: usize = 1000;
        let statements = &work.statements;
        let groups = step.transaction == TransactionMode::Step;
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < statements.len() {
            let is_plain = |it: &&Statement| effect::is_plain_rows(&it.text, self.dialect);
            let rest = statements[at..].iter();
            let count = rest.take(MOST).take_while(is_plain).count();
            let text = &statements[at].text;
            let is_alone = effect::needs_to_be_alone(text, self.dialect)
                || effect::may_commit(text, self.dialect);
            if groups && count > 0 {
                pieces.push(Piece::Held(&statements[at..at + count]));
                at += count;
            } else {
                pieces.push(if is_alone {
                    Piece::Alone(&statements[at])
                } else {
                    Piece::Held(&statements[at..=at])
                });
                at += 1;
            }
        }
        pieces
    }

    fn is_touched(&self, work: &Work) -> bool {
        let mut statements = work.statements.iter();
        statements.any(|it| effect::touches_session(&it.text, self.dialect))
    }

    fn begin(&self) -> &'static str {
        match self.dialect {
            Dialect::Mysql => "START TRANSACTION",
            Dialect::Sqlite | Dialect::Postgres => "BEGIN",
        }
    }

    /// What `psql` does where a run begins a new session.
    fn new_session(&self) -> String {
        format!("\\connect -\n{}", self.place.terms.of_client(self.dialect))
    }

    fn statements(&self, statements: &[Statement]) -> String {
        let texts = statements.iter().map(|it| ended(&it.text, self.dialect));
        texts.collect()
    }

    /// Fails where a rebuild has left foreign keys that lead nowhere, and older ones do not
    /// count: `id` of that table cannot be 0.
    fn checks(&self, is_rebuild: bool) -> String {
        if !is_rebuild {
            return String::new();
        }
        format!(
            "-- \"CHECK constraint failed\" here: the step leaves foreign keys that lead nowhere\n\
             INSERT INTO {} (id, format, generation) SELECT 0, 0, 0 FROM (SELECT \"table\", rowid, \
             parent FROM pragma_foreign_key_check EXCEPT SELECT * FROM temp.rev_violations);\n\
             DROP TABLE temp.rev_violations;\n",
            self.ledger.state_name(),
        )
    }

    fn mark(&self, in_flight: &InFlight) -> String {
        let text = ledger::text(&in_flight.to_json(), self.dialect);
        let text = format!("REPLACE({text}, '{CLOCK}', {})", now(self.dialect));
        let state = self.ledger.state_name();
        format!(
            "UPDATE {state} SET generation = generation + 1, in_flight = {text} WHERE id = 1;\n"
        )
    }

    fn writes(&self, step: &Step, work: &Work, is_journalled: bool) -> String {
        let line = LogLine {
            run: SCRIPT,
            action: step.action.name(),
            revision: step.revision.id.as_str(),
            outcome: "done",
            plan: &self.plan,
            statement: 0,
            error: "",
            started: NOW,
            elapsed: Elapsed::Ms(0),
            operator: SCRIPT,
            version: env!("CARGO_PKG_VERSION"),
        };
        let row = |row| match step.action {
            Action::Upgrade | Action::Stamp => self.ledger.insert_row(row, &line),
            Action::Downgrade | Action::Unstamp => self.ledger.delete_row(&row.revision),
        };
        let rows: Vec<String> = work.rows.iter().map(row).collect();
        let rows = rows.join("\n");
        let state = self.ledger.state_name();
        let ends = if is_journalled {
            ", in_flight = NULL"
        } else {
            ""
        };
        let text = format!(
            "{rows}\n{}\nUPDATE {state} SET generation = generation + 1{ends} WHERE id = 1;\n",
            self.ledger.insert_log(&line),
        );
        text.replace(&format!("'{NOW}'"), now(self.dialect))
    }
}

/// A step of which nothing stands yet, as the journal has it. No session is called so: the
/// client's ends with it.
fn going(work: &Work) -> StepInFlight {
    StepInFlight {
        revision: work.revision.clone(),
        action: work.action,
        done: Executed::default(),
        next: None,
        session: Box::new(Session {
            id: "0".to_owned(),
            tag: SCRIPT.to_owned(),
            ..Session::default()
        }),
        run: SCRIPT.to_owned(),
        operator: SCRIPT.to_owned(),
        started: CLOCK.to_owned(),
    }
}

fn lines(statements: &[String]) -> String {
    statements.iter().map(|it| format!("{it};\n")).collect()
}

fn plan_digest(lane: &Lane) -> String {
    let steps = lane.steps.iter();
    let steps = steps.map(|s| (s.action.name(), s.revision.id.as_str(), s.digest));
    digest::plan(lane.database.name.as_str(), lane.database.dialect, steps).to_string()
}

fn title(step: &Step, work: &Work) -> String {
    let message = one_line(&step.revision.message);
    let what = format!("{} {} {message}", way(step.action), step.revision.id);
    let mut words = doing(step, work.statements.len());
    if !step.replaces.is_empty() {
        let _ = write!(words, ", for {}", replaced(step));
    }
    format!("{} ({words})", what.trim_end())
}

/// Whether one transaction holds the step.
fn is_whole(dialect: Dialect, step: &Step, work: &Work) -> bool {
    let is_alone = |statement: &Statement| effect::needs_to_be_alone(&statement.text, dialect);
    step.transaction == TransactionMode::Step && !work.statements.iter().any(is_alone)
}
