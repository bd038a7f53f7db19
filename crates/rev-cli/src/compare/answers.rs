//! Asking a live database how many rows are in the way of a script.

use std::time::{Duration, Instant};

use rev_core::{Binding, Dialect};
use rev_db::Settings;
use rev_engine::database::Database;
use rev_engine::failure::DatabaseError;
use rev_sql::schema::ddl::{Answer, Script};
use tokio::time::timeout;

use crate::session::Session;

/// How long a question may take. A longer one is left to the person, who finds it in the
/// script.
const LIMIT: Duration = Duration::from_secs(2);

/// Puts the answer beside each question of a script. A question that has none is no reason
/// to write no script.
pub(super) async fn ask(session: &Session, binding: &Binding, script: &mut Script) {
    let notes = script.statements.iter_mut().flat_map(|it| &mut it.notes);
    let mut notes = notes.filter(|note| note.question.is_some()).peekable();
    if notes.peek().is_none() {
        return;
    }
    let mut open = None;
    for note in notes {
        let database = match &mut open {
            Some(database) => database,
            closed => match bounded(session, binding).await {
                Some(database) => closed.insert(database),
                None => return,
            },
        };
        let question = note.question.as_deref().unwrap_or_default();
        let started = Instant::now();
        match timeout(LIMIT, database.ask(question)).await {
            Ok(Ok(answer)) => note.answer = answer.concat().parse().ok().map(Answer::Count),
            // What the server says holds values of rows, which are shown to nobody.
            Ok(Err(DatabaseError::Other { .. })) if started.elapsed() < LIMIT / 2 => {
                note.answer = Some(Answer::Fails);
            }
            // What is left of its session is of no use.
            Ok(Err(_)) | Err(_) => open = None,
        }
    }
}

/// A session whose server ends a question that takes too long, where it can.
async fn bounded(session: &Session, binding: &Binding) -> Option<Box<dyn Database>> {
    let url = session.url(&binding.name).ok()?;
    let settings = Settings {
        statement_timeout: LIMIT,
        ..session.settings(binding)
    };
    let mut database = rev_db::open(&url, &settings).ok()?;
    // To reach it takes the time that it takes.
    database.ask("SELECT 1").await.ok()?;
    if binding.dialect == Dialect::Mysql {
        // MySQL knows the first in milliseconds, MariaDB the second in seconds.
        let limits = [
            format!("SET SESSION max_execution_time = {}", LIMIT.as_millis()),
            format!("SET SESSION max_statement_time = {}", LIMIT.as_secs()),
        ];
        for limit in limits {
            let _ = database.ask(&limit).await;
        }
    }
    Some(database)
}
