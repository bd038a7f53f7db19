//! `rev create`, `rev drop` and `rev reset`: databases as a whole, for development.
//!
//! None of them touches a database with `protected: true`. What drops asks on a terminal, and
//! wants `--yes` elsewhere; all that can be found out is found out before anything is dropped.

use std::collections::BTreeSet;
use std::sync::Arc;

use rev_core::{Binding, DatabaseName, Dialect, Goal, Point};
use rev_db::Whereabouts;
use rev_engine::failure::DatabaseError;
use rev_engine::outcome::Refusal;

use super::plan;
use super::run::{self, Before, Pins};
use crate::args::{Create, DropDatabases, Patience, Reset};
use crate::diagnostic::{self, Diagnostic, Failure, Told, shell_word};
use crate::exit::Exit;
use crate::fleet::{self, Bound};
use crate::format::error::Error;
use crate::format::existence::{Change, Changed, Changes, Renewed};
use crate::format::run::Outcome;
use crate::session::{Offline, Selection, Session, runtime};
use crate::terminal::{NAME, WARNING};

/// The command with its databases, as a hint is to say it: without them it means all.
pub(crate) fn typed(command: &str, databases: &[String]) -> String {
    let words = databases.iter().map(|it| shell_word(it));
    let words: Vec<String> = [command.to_owned()].into_iter().chain(words).collect();
    words.join(" ")
}

/// `rev create`.
pub(crate) fn create(args: &Create, session: &Session) -> Result<Exit, Failure> {
    let bindings = unprotected(session, &args.databases, "create")?;
    refuse_twins(session, &bindings, "create")?;
    let done = each(session, &bindings, Change::Created)?;
    done.tell(session)
}

/// `rev drop`.
pub(crate) fn drop(args: &DropDatabases, session: &Session) -> Result<Exit, Failure> {
    let bindings = unprotected(session, &args.databases, "drop")?;
    refuse_twins(session, &bindings, "drop")?;
    if !may_drop(session, &bindings, args.yes, "drop")? {
        session.terminal.talk("nothing was changed");
        return Ok(Exit::Refused);
    }
    let done = each(session, &bindings, Change::Dropped)?;
    done.tell(session)
}

/// `rev reset`. What could not be dropped keeps the others from nothing: they would be missing.
pub(crate) fn reset(args: &Reset, mut session: Session) -> Result<Exit, Failure> {
    let bindings = unprotected(&session, &args.databases, "reset")?;
    refuse_twins(&session, &bindings, "reset")?;
    check_upgrade(&session, &to_head(&bindings))?;
    if !may_drop(&session, &bindings, args.yes, "reset")? {
        session.terminal.talk("nothing was changed");
        return Ok(Exit::Refused);
    }
    let dropped = each(&session, &bindings, Change::Dropped)?;
    let created = each(&session, &dropped.sound(), Change::Created);
    let created = created.map_err(|failure| {
        if dropped.is_changed() {
            failure.with_exit(Exit::PartWay)
        } else {
            failure
        }
    })?;
    // What is told of the rest is told of an upgrade.
    session.goes_on_as("upgrade");
    renewed(args, &dropped, &created, &session)
}

/// Upgrades what was dropped and made, and tells of both.
fn renewed(
    args: &Reset,
    dropped: &Done,
    created: &Done,
    session: &Session,
) -> Result<Exit, Failure> {
    let told = [&dropped.told[..], &created.told[..]].concat();
    if !session.terminal.is_json() {
        dropped.lines(session)?;
        created.lines(session)?;
        fleet::complain(session, &told);
    }
    let all_told = session.once(&told);
    let reset = dropped.renewed(created);
    let selection = to_head(&created.sound());
    if !selection.is_empty() {
        let request = run::request(Goal::Upgrade, &args.pace, session);
        let before = Before {
            reset,
            told: all_told,
            ..Before::default()
        };
        return run::carry_out_after(&request, &selection, &Pins::new(), before, session);
    }
    let changed = dropped.is_changed() || created.is_changed();
    if session.terminal.is_json() {
        session.terminal.json(&Outcome {
            error: diagnostic::error(&all_told),
            changed,
            reset,
            lanes: Vec::new(),
        })?;
    }
    Ok(if changed {
        Exit::PartWay
    } else {
        Exit::Refused
    })
}

fn to_head(bindings: &[Arc<Binding>]) -> Selection {
    let lanes = bindings.iter();
    lanes.map(|it| (it.clone(), vec![Point::head()])).collect()
}

/// The databases that are meant; a refusal where any of them is protected.
fn unprotected(
    session: &Session,
    selectors: &[String],
    command: &str,
) -> Result<Vec<Arc<Binding>>, Failure> {
    let bindings = session.databases(selectors)?;
    let names = bindings.iter().map(|it| &it.name);
    let (protected, others): (Vec<_>, Vec<_>) = names.partition(|name| session.is_protected(name));
    if protected.is_empty() {
        return Ok(bindings);
    }
    let told = protected.iter().map(|name| {
        let message =
            format!("`{name}` is protected: `rev {command}` is for databases of development");
        let told = Diagnostic::new("protected", message).fact("database", name.as_str());
        let without = "take `protected: true` out of rev.yaml where it is one";
        told.hint(if others.is_empty() {
            without.to_owned()
        } else {
            let others: Vec<&str> = others.iter().map(|it| it.as_str()).collect();
            let others = others.join(" ");
            format!("name the others: `rev {command} {others}`; or {without}")
        })
    });
    Err(Failure::of(Exit::Refused, told.collect()))
}

/// A database by a name of `rev.yaml`.
struct Named {
    name: DatabaseName,
    is_meant: bool,
    place: Whereabouts,
}

/// Refuses a second name of a protected database, and for `reset` two names of one, which
/// would be upgraded twice. A protected database that cannot be asked is known by its URL alone.
fn refuse_twins(
    session: &Session,
    bindings: &[Arc<Binding>],
    command: &str,
) -> Result<(), Failure> {
    let names = &named(session, bindings)?;
    let told: Vec<Diagnostic> = pairs(names)
        .filter(|(one, other)| one.place.is(&other.place))
        .filter(|(_, other)| !other.is_meant || command == "reset")
        .flat_map(|(one, other)| match other.is_meant {
            true => same_database(session, &one.name, &other.name),
            false => vec![second_name(&one.name, &other.name, command)],
        })
        .collect();
    if told.is_empty() {
        Ok(())
    } else {
        Err(Failure::of(Exit::Refused, told))
    }
}

/// Each database that is meant with each later one, and with each protected one.
fn pairs(names: &[Named]) -> impl Iterator<Item = (&Named, &Named)> {
    let meant = names.iter().enumerate().filter(|(_, it)| it.is_meant);
    meant.flat_map(|(at, one)| names[at + 1..].iter().map(move |other| (one, other)))
}

/// Those that are meant, and after them the protected ones, with where they are. Servers are
/// asked only where names may lead to one database.
fn named(session: &Session, bindings: &[Arc<Binding>]) -> Result<Vec<Named>, Failure> {
    let protected = session.project.config.databases.keys();
    let protected = protected.filter(|it| session.is_protected(it));
    let protected = protected.filter_map(|it| session.binding(it).ok());
    let meant = bindings.iter().map(|it| (it.clone(), true));
    let all = meant.chain(protected.map(|it| (it, false)));
    let mut names: Vec<Named> = all
        .filter_map(|(binding, is_meant)| {
            let url = session.url(&binding.name).ok()?;
            let place = Whereabouts::of_url(&url, &session.settings(&binding)).ok()?;
            let name = binding.name.clone();
            Some(Named {
                name,
                is_meant,
                place,
            })
        })
        .collect();
    let unclear = pairs(&names)
        .filter(|(one, other)| one.place.may_be(&other.place) && !one.place.is(&other.place));
    let unclear: BTreeSet<DatabaseName> = unclear
        .flat_map(|(one, other)| [one.name.clone(), other.name.clone()])
        .collect();
    if unclear.is_empty() {
        return Ok(names);
    }
    let pace = fleet::Pace::bounded(Bound::Url, None);
    let look = async |binding: &Arc<Binding>| {
        let (url, settings) = (session.url(&binding.name)?, session.settings(binding));
        let place = Whereabouts::asked(&url, &settings).await;
        place.map_err(|error| session.refused(&error.into(), binding))
    };
    for answer in fleet::ask(session, unclear, pace, look)? {
        let asked = names.iter_mut().find(|it| it.name == answer.name);
        if let (Some(asked), Ok(place)) = (asked, answer.said) {
            asked.place = place;
        }
    }
    Ok(names)
}

fn second_name(name: &DatabaseName, protected: &DatabaseName, command: &str) -> Diagnostic {
    let message = format!(
        "`{name}` is the same database as `{protected}`, which is protected: `rev {command}` is for \
         databases of development"
    );
    let told = Diagnostic::new("protected", message);
    let told = told.fact("database", name.as_str());
    let told = told.fact("protected", protected.as_str());
    told.hint(format!("give `{name}` its own URL in rev.yaml"))
}

fn same_database(session: &Session, one: &DatabaseName, other: &DatabaseName) -> Vec<Diagnostic> {
    let refusal = Refusal::SameDatabase {
        first: one.clone(),
        second: other.clone(),
    };
    let binding = session.binding(other);
    binding.map_or_else(Failure::into_diagnostics, |it| {
        session.refusal(&refusal, &it)
    })
}

/// What would go: databases that are there, and those that do not say, each with why.
fn would_go(
    session: &Session,
    bindings: &[Arc<Binding>],
) -> Result<(Vec<(DatabaseName, String)>, Told), Failure> {
    let names = bindings.iter().map(|it| it.name.clone()).collect();
    let look = async |binding: &Arc<Binding>| {
        let url = session.url(&binding.name)?;
        let found = rev_db::is_there(&url, &session.settings(binding)).await;
        let found = found.map_err(|error| session.refused(&error.into(), binding))?;
        Ok(found.then(|| url.to_string()))
    };
    let pace = fleet::Pace::bounded(Bound::Url, None);
    let (said, told) = fleet::parted(fleet::ask(session, names, pace, look)?);
    let there = said.into_iter();
    let there = there.filter_map(|(name, url)| Some((name, url?)));
    Ok((there.collect(), told))
}

/// Whether what is there may go: a person says so, or `--yes`. Nobody is asked about a part.
fn may_drop(
    session: &Session,
    bindings: &[Arc<Binding>],
    is_said: bool,
    command: &str,
) -> Result<bool, Failure> {
    if is_said {
        return Ok(true);
    }
    let (there, told) = would_go(session, bindings)?;
    let terminal = session.terminal;
    let mut refused = Vec::new();
    if !there.is_empty() && !terminal.has_person() {
        refused.push(not_asked(session, bindings, &there, command));
    }
    refused.extend(session.once(&told));
    if !refused.is_empty() {
        return Err(Failure::of(Exit::Refused, refused));
    }
    if there.is_empty() {
        return Ok(true);
    }
    let lines = there.iter().map(|(name, url)| {
        format!("{NAME}{name}{NAME:#}  {WARNING}goes{WARNING:#} with all that is in it: {url}\n")
    });
    terminal.complain(&lines.collect::<String>());
    Ok(terminal.says_yes("Go on? (--yes)", false)?)
}

fn not_asked(
    session: &Session,
    bindings: &[Arc<Binding>],
    there: &[(DatabaseName, String)],
    command: &str,
) -> Diagnostic {
    let names: Vec<String> = there.iter().map(|(name, _)| format!("`{name}`")).collect();
    let message = format!("{} would go, with all that is in it", names.join(", "));
    let urls = there.iter();
    let urls = urls.map(|(name, url)| (name.to_string(), url.clone().into()));
    let urls: serde_json::Map<String, serde_json::Value> = urls.collect();
    let mut told = Diagnostic::new("not_asked", message).fact("urls", urls);
    for (name, url) in there {
        told = told.line(format!("{name}: {url}"));
    }
    let names = bindings.iter().map(|it| it.name.as_str());
    let again = session.urls_again(names.clone());
    let names: Vec<&str> = names.collect();
    told.hint(format!(
        "nobody can be asked here; say that it is meant: `rev {command} {} --yes{again}`",
        names.join(" ")
    ))
}

/// Finds out whether new databases can be brought to their head, before any old one is dropped:
/// also what they wait for on others.
fn check_upgrade(session: &Session, selection: &Selection) -> Result<(), Failure> {
    let asked = plan::Asked {
        goal: Goal::Upgrade,
        beside: false,
        patience: Patience::default(),
        most: None,
    };
    let names = selection.iter().map(|(binding, _)| &binding.name);
    let offline = Offline::renewed(session.graph(), names);
    let planned = plan::planned(session, &asked, selection, offline)?;
    planned.check_whole(session)?;
    let told: Told = planned
        .lanes()
        .iter()
        .filter_map(|prepared| {
            let refusal = prepared.check_runnable().err()?;
            let binding = &prepared.lane.database;
            Some((binding.name.clone(), session.refusal(&refusal, binding)))
        })
        .collect();
    if told.is_empty() {
        Ok(())
    } else {
        Err(Failure::of(Exit::Refused, session.once(&told)))
    }
}

/// What became of each database.
struct Done {
    wanted: Change,
    databases: Vec<(Arc<Binding>, Change)>,
    told: Told,
}

/// Makes or drops each of them, one after the other.
fn each(session: &Session, bindings: &[Arc<Binding>], wanted: Change) -> Result<Done, Failure> {
    let holder = session.holder();
    let mut done = Done {
        wanted,
        databases: Vec::new(),
        told: Told::new(),
    };
    let runtime = runtime()?;
    for binding in bindings {
        let name = &binding.name;
        let (is_changed, result) = match session.url(name) {
            Ok(url) => runtime.block_on(async {
                let settings = session.settings(binding);
                let changed = match wanted {
                    Change::Dropped => {
                        let dropped = rev_db::drop(&url, &settings, &holder).await;
                        dropped.map(|is_changed| (is_changed, Ok(())))
                    }
                    _ => {
                        let made = rev_db::create(&url, &settings).await;
                        made.map(|made| (made.is_new, made.schemas))
                    }
                };
                let (is_changed, result) = changed.unwrap_or_else(|error| (false, Err(error)));
                let result = result.map_err(|error| may_not(session, binding, wanted, error));
                (is_changed, result)
            }),
            Err(failure) => (false, Err(failure)),
        };
        if let Err(failure) = result {
            done.told.push((name.clone(), failure.into_diagnostics()));
        }
        let change = if is_changed { wanted } else { Change::None };
        done.databases.push((binding.clone(), change));
    }
    Ok(done)
}

/// What keeps a database from being made or dropped; a right that is missing is told with who
/// can give it.
fn may_not(session: &Session, binding: &Binding, wanted: Change, error: DatabaseError) -> Failure {
    let DatabaseError::Denied { .. } = &error else {
        return session.refused(&error.into(), binding);
    };
    let remedy = match (binding.dialect, wanted) {
        (Dialect::Postgres, Change::Dropped) => {
            "its owner or a superuser may drop it: give the URL of one"
        }
        (Dialect::Postgres, _) => {
            "let a superuser allow it, `ALTER ROLE … CREATEDB`, or make it: `CREATE DATABASE … OWNER …`"
        }
        (_, Change::Dropped) => "let an administrator allow it: `GRANT DROP ON ….* TO …`",
        _ => "let an administrator allow it, `GRANT CREATE ON ….* TO …`, or make it",
    };
    let refusal = Refusal::Database(error);
    let told = Diagnostic::new(refusal.code(), &refusal);
    let told = told.fact("database", binding.name.as_str());
    Failure::refused(told.on(binding.name.as_str()).hint(remedy))
}

impl Done {
    fn is_changed(&self) -> bool {
        self.databases.iter().any(|(_, it)| *it != Change::None)
    }

    /// How it ends where something could not be done.
    fn exit(&self) -> Exit {
        match (self.told.is_empty(), self.is_changed()) {
            (true, _) => Exit::Done,
            (false, true) => Exit::PartWay,
            (false, false) => Exit::Refused,
        }
    }

    fn has_failed(&self, name: &DatabaseName) -> bool {
        self.told.iter().any(|(it, _)| it == name)
    }

    /// Those of which nothing went wrong.
    fn sound(&self) -> Vec<Arc<Binding>> {
        let bindings = self.databases.iter().map(|(binding, _)| binding);
        let sound = bindings.filter(|it| !self.has_failed(&it.name));
        sound.cloned().collect()
    }

    fn error(&self, name: &DatabaseName) -> Option<Error> {
        let (_, told) = self.told.iter().find(|(it, _)| it == name)?;
        diagnostic::error(told)
    }

    /// What was dropped here and made there, for programs.
    fn renewed(&self, created: &Self) -> Vec<Renewed> {
        let databases = self.databases.iter().map(|(binding, change)| {
            let name = &binding.name;
            let mut made = created.databases.iter().filter(|(it, _)| it.name == *name);
            Renewed {
                database: name.to_string(),
                dropped: *change == Change::Dropped,
                created: made.any(|(_, change)| *change == Change::Created),
                error: self.error(name).or_else(|| created.error(name)),
            }
        });
        databases.collect()
    }

    fn tell(&self, session: &Session) -> Result<Exit, Failure> {
        if session.terminal.is_json() {
            session.terminal.json(&self.changes())?;
        } else {
            self.lines(session)?;
            fleet::complain(session, &self.told);
        }
        Ok(self.exit())
    }

    fn changes(&self) -> Changes {
        let databases = self.databases.iter().map(|(binding, change)| Changed {
            database: binding.name.to_string(),
            dialect: binding.dialect.into(),
            change: *change,
            error: self.error(&binding.name),
        });
        Changes {
            databases: databases.collect(),
        }
    }

    fn lines(&self, session: &Session) -> Result<(), Failure> {
        let is_told = |name: &DatabaseName| !self.has_failed(name);
        let is_shown = |change: Change, name| change != Change::None || is_told(name);
        let shown = self.databases.iter();
        let shown = shown.filter(|(it, change)| is_shown(*change, &it.name));
        let names = shown.clone().map(|(it, _)| it.name.as_str().len());
        let width = names.max().unwrap_or(0);
        let lines = shown.map(|(binding, change)| {
            let word = match (change, self.wanted) {
                (Change::Created, _) => "created",
                (Change::Dropped, _) => "dropped",
                (Change::None, Change::Created) => "is there already",
                (Change::None, _) => "was not there",
            };
            let name = binding.name.as_str();
            format!(
                "{NAME}{name}{NAME:#}{:1$}  {word}\n",
                "",
                width - name.len()
            )
        });
        session.terminal.lines(&lines.collect::<String>())?;
        Ok(())
    }
}
