//! Declared schemas: SQL from files or a program, loaded into a throw-away database,
//! so that the engine itself says what it means.

mod declaration;
mod printer;
mod program;

use std::collections::BTreeSet;
use std::sync::Arc;

use rev_core::target::is_glob;
use rev_core::{Binding, Sql, TransactionMode};
use rev_db::Scratch;
use rev_engine::failure::{DatabaseError, StatementFailure, StepError};
use rev_sql::schema::{Schema, Treatment, Undeclared, declares, strays, treatment};
use rev_sql::split::{SplitError, Statement, split};
use rev_store::config::{ModelFile, Models, Word};

use crate::diagnostic::{self, Diagnostic, Failure, spot_in, stay_within};
use crate::scratch;
use crate::session::Session;
pub(crate) use declaration::Declaration;
use printer::Printer;

/// Whether a database has models.
pub(crate) fn has_models(session: &Session, binding: &Binding) -> bool {
    of(session, binding).is_some()
}

fn of<'a>(session: &'a Session, binding: &Binding) -> Option<&'a Models> {
    let databases = &session.project.config.databases;
    databases.get(&binding.name)?.models.as_ref()
}

/// The one file that a database's models name, where it is still to be written.
pub(crate) fn unwritten(session: &Session, binding: &Binding) -> Option<String> {
    let Models::Files(words) = of(session, binding)? else {
        return None;
    };
    let [Word { text, .. }] = &words[..] else {
        return None;
    };
    let is_file = text.ends_with(".sql") && !is_glob(text);
    let is_there = session.project.root.join(text).exists();
    (is_file && !is_there).then(|| text.clone())
}

/// A database without models.
pub(crate) fn no_models(message: String) -> Failure {
    let hint = "say in rev.yaml what declares its schema, such as `models: [schema.sql]`\n\
                or `models: {command: [python3, models.py]}`";
    Failure::refused(Diagnostic::new("no_models", message).hint(hint))
}

/// The schema that a database's models declare, and what has declared it.
pub(crate) async fn declared(
    session: &Session,
    binding: &Arc<Binding>,
    servers: &[String],
    live: scratch::Live,
) -> Result<(Schema, Declaration), Failure> {
    let Some(models) = of(session, binding) else {
        return Err(no_models(format!("`{}` has no models", binding.name)));
    };
    let scratch = scratch::make(session, binding, servers, live).await?;
    let result = load(session, binding, models, &scratch).await;
    scratch::discard(session, scratch).await;
    result
}

/// The schema that a text gives which is to stand in a model file.
pub(crate) async fn given(
    session: &Session,
    binding: &Arc<Binding>,
    file: ModelFile,
    servers: &[String],
    live: scratch::Live,
) -> Result<Schema, Failure> {
    let scratch = scratch::make(session, binding, servers, live).await?;
    let source = Source {
        session,
        binding,
        files: vec![file],
    };
    let result = match source.statements() {
        Ok(statements) => source.load(&scratch, &statements).await,
        Err(failure) => Err(failure),
    };
    scratch::discard(session, scratch).await;
    result
}

async fn load(
    session: &Session,
    binding: &Arc<Binding>,
    models: &Models,
    scratch: &Scratch,
) -> Result<(Schema, Declaration), Failure> {
    let refused = |error: DatabaseError| session.refused(&error.into(), binding);
    let (files, declaration) = match models {
        Models::Files(words) => {
            let files = files(session, words)?;
            let declaration = Declaration::of_files(&files);
            (files, declaration)
        }
        Models::Command(command) => {
            let server = scratch.server().await.map_err(refused)?;
            let printer = Printer {
                session,
                binding,
                command,
            };
            let printed = printer.printed(server)?;
            let declaration = Declaration::Printed {
                command: command.clone(),
                server: server.to_owned(),
                text: printed.text.clone(),
            };
            (vec![printed], declaration)
        }
    };
    let source = Source {
        session,
        binding,
        files,
    };
    let statements = source.statements()?;
    let schema = source.load(scratch, &statements).await?;
    Ok((schema, declaration))
}

/// The files that declare a schema; a link that leads out of the project is warned of.
fn files(session: &Session, words: &[Word]) -> Result<Vec<ModelFile>, Failure> {
    let root = &session.project.root;
    let found = session.project.config.model_files(words);
    let found = found.map_err(|fault| Failure::refused(diagnostic::fault(&fault, root)))?;
    session.warn_of_links(&found.links);
    Ok(found.files)
}

/// The texts of a declared schema.
struct Source<'a> {
    session: &'a Session,
    binding: &'a Binding,
    files: Vec<ModelFile>,
}

impl Source<'_> {
    fn statements(&self) -> Result<Vec<Statement>, Failure> {
        let texts = Sql(self.files.iter().map(|file| file.text.clone()).collect());
        let statements = split(&texts, self.binding.spelling(), TransactionMode::None)
            .map_err(|error| self.not_split(&error))?;
        let mut loaded = Vec::new();
        let mut unseen = BTreeSet::new();
        for mut statement in statements {
            match treatment(&statement.text, self.binding.dialect) {
                Treatment::AsItIs => {}
                Treatment::NotCompared(what) => drop(unseen.insert(what)),
                Treatment::WithoutData(end) => {
                    statement.text.truncate(end);
                    statement.text.push_str(" WITH NO DATA");
                }
                Treatment::LeftOut(what) => {
                    unseen.insert(what);
                    continue;
                }
            }
            declares(&statement.text, self.binding.dialect)
                .map_err(|why| self.foreign(&statement, &why))?;
            loaded.push(statement);
        }
        self.warn_of(&unseen);
        Ok(loaded)
    }

    fn warn_of(&self, unseen: &BTreeSet<&str>) {
        if !unseen.is_empty() {
            let unseen: Vec<&str> = unseen.iter().copied().collect();
            let name = &self.binding.name;
            let unseen = unseen.join(", ");
            self.session.terminal.warn(format_args!(
                "the models of `{name}` hold what is not compared: {unseen}"
            ));
        }
    }

    async fn load(&self, scratch: &Scratch, statements: &[Statement]) -> Result<Schema, Failure> {
        let refused = |error| self.session.refused(&error, self.binding);
        let mut database = scratch.open().map_err(|error| refused(error.into()))?;
        let neighbours = database.neighbours().await;
        let neighbours = neighbours.map_err(|error| refused(error.into()))?;
        if let Some((statement, reach)) = strays(statements, self.binding.dialect, &neighbours) {
            let message = format!(
                "the models of `{}` are not loaded: {reach}, and an event may run this at once",
                self.binding.name
            );
            let told = Diagnostic::new("foreign_statement", message).hint(stay_within(&reach));
            let offset = statement.offset + reach.offset();
            return Err(Failure::refused(self.at(told, statement.piece, offset)));
        }
        match scratch.load(statements).await {
            Ok(()) => {}
            Err(StepError::Statement { failure, .. } | StepError::Hindered { failure, .. }) => {
                return Err(self.not_loaded(&failure));
            }
            Err(error) => return Err(refused(error.into_database_error().into())),
        }
        scratch::inspect(self.session, self.binding, &mut *database).await
    }

    fn not_split(&self, error: &SplitError) -> Failure {
        let (piece, offset) = error.place();
        let message = format!(
            "the models of `{}` cannot be read: {error}",
            self.binding.name
        );
        let told = self.at(Diagnostic::new("bad_models", message), piece, offset);
        Failure::refused(match error {
            SplitError::TransactionControl { .. } => told.hint(
                "models hold neither transactions nor rows: a dump is made without them \
                 (`mysqldump --no-data`, `pg_dump --schema-only`)",
            ),
            _ => told,
        })
    }

    /// A statement that could touch what is not the throw-away database's.
    fn foreign(&self, statement: &Statement, why: &Undeclared) -> Failure {
        let message = format!(
            "the models of `{}` are not loaded: {why}",
            self.binding.name
        );
        let hint = match why {
            Undeclared::Drop(_) => {
                "models are loaded into an empty database, which has nothing to drop: \
                 take this statement out"
            }
            Undeclared::Rows(_) => {
                "models hold no rows: take this statement out, and fill tables in a revision"
            }
            Undeclared::Qualified(_) => {
                "models declare what the one database holds: \
                 take the database's name out of this statement"
            }
            Undeclared::Package(_) => {
                "take this statement out, and let a revision make the package"
            }
            Undeclared::Other(_) => {
                "models declare what the database holds: take this statement out"
            }
        };
        let told = Diagnostic::new("foreign_statement", message).hint(hint);
        Failure::refused(self.at(told, statement.piece, statement.offset))
    }

    fn not_loaded(&self, failure: &StatementFailure) -> Failure {
        let message = format!(
            "the models of `{}` do not load into an empty {} database",
            self.binding.name, self.binding.dialect
        );
        let told = self.at(
            Diagnostic::new("bad_models", message),
            failure.piece,
            failure.offset,
        );
        let code = failure.code.as_ref().map(|code| format!(" ({code})"));
        let mut cause = failure.message.clone() + &code.unwrap_or_default();
        for more in failure.detail.iter().chain(&failure.hint) {
            cause.push('\n');
            cause.push_str(more);
        }
        Failure::refused(told.cause(cause))
    }

    fn at(&self, told: Diagnostic, piece: usize, offset: usize) -> Diagnostic {
        let told = told.fact("database", self.binding.name.as_str());
        match self.files.get(piece) {
            Some(file) => told.at(Some(spot_in(&file.path, &file.text, offset))),
            None => told,
        }
    }
}
