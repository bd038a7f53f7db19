//! A session: the project, the environment, and the ways to its databases.

mod offline;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rev_core::state::Standing;
use rev_core::target::is_glob;
use rev_core::{
    Binding, DatabaseName, Dialect, Goal, Graph, NameError, Node, NodeSet, Point, ResolveError,
    Revision, Scope, Target,
};
use rev_db::Settings;
use rev_engine::clock::{Clock as _, SystemClock};
use rev_engine::database::{Database, Holder};
use rev_engine::failure::DatabaseError;
use rev_engine::outcome::Refusal;
use rev_engine::prepare::Surveyed;
use rev_engine::request::Request;
use rev_store::config::DatabaseUrl;
use rev_store::{Environment, Faults, Project, project};
use tokio::runtime::Runtime;

use crate::args::Global;
use crate::diagnostic::{self, Asking, Diagnostic, Failure, Naming, Told};
use crate::exit::Exit;
use crate::secrets;
use crate::system::{operator, random_id};
use crate::terminal::Terminal;

pub(crate) use offline::Offline;

/// Longer than any run; drivers know no endless wait.
const FOR_EVER: Duration = Duration::from_secs(7 * 24 * 3600);

/// A project that was read, and the words that asked for it.
pub(crate) struct Session {
    /// The project.
    pub(crate) project: Project,
    /// Where it speaks.
    pub(crate) terminal: Terminal,
    /// Who works here: `user@host`.
    pub(crate) operator: String,
    /// Names this run, unlike any other.
    pub(crate) run: String,
    environment: Environment,
    /// All names of databases and groups.
    bound: Vec<String>,
    command: String,
    /// Servers that this run has rid of throw-away databases of others; `None`: the folder
    /// of temporary files.
    cleared: Mutex<BTreeSet<Option<String>>>,
}

/// Databases and the points they are to go to, by name.
pub(crate) type Selection = Vec<(Arc<Binding>, Vec<Point>)>;

/// Databases that no target names.
#[derive(Default)]
pub(crate) struct Watched {
    /// Those that can be looked at.
    pub(crate) seen: Vec<Arc<Binding>>,
    /// Those without a URL; where the dialect is not known, one for each.
    pub(crate) unseen: Vec<Arc<Binding>>,
}

impl Session {
    /// Reads the project that the flags or the working directory name.
    pub(crate) fn open(
        global: &Global,
        terminal: Terminal,
        command: &str,
    ) -> Result<Self, Failure> {
        let start = std::env::current_dir()?;
        let environment = environment(global)?;
        let settings = project::find(&start, global.config.as_deref());
        let root: PathBuf = settings
            .as_deref()
            .ok()
            .and_then(|path| path.parent())
            .map_or_else(|| start.clone(), std::path::Path::to_owned);
        let project = Project::open(&start, global.config.as_deref(), &environment)
            .map_err(|error| diagnostic::open(&error, &root))?;
        let bound: Vec<String> = project
            .config
            .bound_names()
            .keys()
            .map(|&n| n.to_owned())
            .collect();
        diagnostic::settings_again(global.config.as_deref());
        for name in environment.overridden() {
            if !project
                .config
                .databases
                .keys()
                .any(|known| known.as_str() == name)
            {
                return Err(Failure::usage(diagnostic::unknown_database(name, &bound)));
            }
        }
        let session = Self {
            project,
            terminal,
            operator: operator(),
            run: random_id(),
            environment,
            bound,
            command: format!("rev {command}"),
            cleared: Mutex::default(),
        };
        // There they are findings.
        if command != "check" {
            session.warn_of_links(&session.project.links);
        }
        Ok(session)
    }

    /// Warns of links that are left aside.
    pub(crate) fn warn_of_links(&self, links: &Faults) {
        for link in links {
            let told = diagnostic::fault(link, &self.project.root);
            self.terminal.talk(told.text(true).trim_end());
        }
    }

    /// Whether throw-away databases are needed on this server for the first time.
    pub(crate) fn is_first_on(&self, server: Option<&DatabaseUrl>) -> bool {
        let mut cleared = self.cleared.lock().unwrap_or_else(PoisonError::into_inner);
        cleared.insert(server.map(DatabaseUrl::expose))
    }

    /// The graph of this checkout.
    pub(crate) fn graph(&self) -> &Arc<Graph> {
        &self.project.graph
    }

    /// The command that was typed, without its targets.
    pub(crate) fn command(&self) -> &str {
        &self.command
    }

    /// From here on the work is that of another command, which a hint is to name.
    pub(crate) fn goes_on_as(&mut self, command: &str) {
        self.command = format!("rev {command}");
    }

    /// The graph with a new revision, where the project can hold it.
    pub(crate) fn with(&self, revision: &Revision) -> Result<Graph, Failure> {
        let graph = self.project.with(revision, &self.environment);
        graph.map_err(|problems| diagnostic::problems(&problems))
    }

    /// Who asks, for hints.
    pub(crate) fn asking<'a>(&'a self, graph: &'a Graph, database: Option<&'a str>) -> Asking<'a> {
        Asking {
            graph,
            command: &self.command,
            database,
            bound: &self.bound,
            around: ("", ""),
        }
    }

    /// Refuses a point of the graph alone.
    pub(crate) fn unresolved(&self, error: &ResolveError) -> Failure {
        self.unresolved_in(error, "", ("", ""))
    }

    /// Refuses a point that was typed after a flag, or as part of an argument.
    pub(crate) fn unresolved_in(
        &self,
        error: &ResolveError,
        flag: &str,
        around: (&str, &str),
    ) -> Failure {
        let command = format!("{}{flag}", self.command);
        let asking = Asking {
            command: &command,
            around,
            ..self.asking(self.graph(), None)
        };
        Failure::refused(diagnostic::resolve(error, asking))
    }

    /// The revisions from one point to another, as typed after a flag; an end
    /// without text is open.
    pub(crate) fn range(&self, flag: &str, low: &str, high: &str) -> Result<NodeSet, Failure> {
        let point = |text: &str| match text {
            "" => Ok(None),
            text => self.point(text).map(Some),
        };
        let (from, to) = (point(low)?, point(high)?);
        let scope = Scope::of_graph(self.graph());
        scope.range(from.as_ref(), to.as_ref()).map_err(|error| {
            let of_high = to.and_then(|to| scope.revisions(&to).err());
            let (before, after) = match of_high.as_ref() == Some(&error) {
                true => (format!("{low}:"), String::new()),
                false => (String::new(), format!(":{high}")),
            };
            self.unresolved_in(&error, flag, (&before, &after))
        })
    }

    /// Refuses a lane.
    pub(crate) fn refused(&self, refusal: &Refusal, binding: &Binding) -> Failure {
        let told = self.refusal(refusal, binding);
        Failure::of(Exit::Refused, told)
    }

    /// Words a refused lane.
    pub(crate) fn refusal(&self, refusal: &Refusal, binding: &Binding) -> Vec<Diagnostic> {
        let asking = self.asking(self.graph(), Some(binding.name.as_str()));
        let mut told = diagnostic::refusal(refusal, &self.project, binding, asking);
        if let Refusal::OutOfSight { on, .. } = refusal
            && let Err(error) = self.project.config.url(on, &self.environment)
        {
            told = told.into_iter().map(|it| it.cause(&error)).collect();
        }
        if let Refusal::Database(DatabaseError::NoDatabase { .. }) = refusal
            && !self.is_protected(&binding.name)
        {
            let name = &binding.name;
            let again = self.urls_again([name.as_str()]);
            let hint =
                format!("or make it, where it is one for development: `rev create {name}{again}`");
            told = told.into_iter().map(|it| it.hint(&hint)).collect();
        }
        told
    }

    /// Us, as the holder of a guard.
    pub(crate) fn holder(&self) -> Holder {
        Holder {
            operator: self.operator.clone(),
            process: std::process::id(),
            since: SystemClock::start().now(),
            node: None,
        }
    }

    /// Whether `rev.yaml` keeps a database from losing anything without a saved plan.
    pub(crate) fn is_protected(&self, name: &DatabaseName) -> bool {
        let databases = &self.project.config.databases;
        databases.get(name).is_some_and(|it| it.protected)
    }

    /// A name that `rev.yaml` does not bind.
    pub(crate) fn unbound(&self, name: &str) -> Diagnostic {
        diagnostic::unknown_database(name, &self.bound)
    }

    /// Reads a target.
    pub(crate) fn target(&self, text: &str) -> Result<Target, Failure> {
        refuse_url(text)?;
        let is_selector = |name: &str| self.bound.iter().any(|bound| bound == name);
        Target::parse(text, is_selector)
            .map_err(|error| Failure::usage(diagnostic::target(&error, &self.bound)))
    }

    /// Reads a point of the graph.
    pub(crate) fn point(&self, text: &str) -> Result<Point, Failure> {
        refuse_url(text)?;
        Point::parse(text).map_err(|error| Failure::usage(diagnostic::target(&error, &self.bound)))
    }

    /// The database of this name as the graph sees it.
    pub(crate) fn binding(&self, name: &DatabaseName) -> Result<Arc<Binding>, Failure> {
        let binding = self.project.config.binding(name, &self.environment);
        binding
            .map(Arc::new)
            .map_err(|error| Failure::refused(diagnostic::dialect(&error)))
    }

    /// The databases that a selector means; all of them for none.
    fn selected(&self, selector: Option<&str>) -> Result<Vec<DatabaseName>, Failure> {
        let chosen = self.project.config.selected(selector);
        match selector {
            Some(selector) if chosen.is_empty() => {
                let told = diagnostic::unknown_database(selector, &self.bound);
                Err(Failure::refused(told))
            }
            None if chosen.is_empty() => Err(Failure::refused(
                Diagnostic::new("no_database", "rev.yaml binds no database")
                    .hint("add one under `databases:`, such as `db1: sqlite://var/db1.sqlite`"),
            )),
            _ => Ok(chosen),
        }
    }

    /// The names of the databases that these selectors mean, sorted; all of
    /// them for none.
    pub(crate) fn names(&self, selectors: &[String]) -> Result<BTreeSet<DatabaseName>, Failure> {
        let mut names = BTreeSet::new();
        if selectors.is_empty() {
            names.extend(self.selected(None)?);
        }
        for selector in selectors {
            refuse_url(selector)?;
            names.extend(self.selected(Some(selector))?);
        }
        Ok(names)
    }

    /// The databases that these selectors mean, by name; all of them for none.
    pub(crate) fn databases(&self, selectors: &[String]) -> Result<Vec<Arc<Binding>>, Failure> {
        let names = self.names(selectors)?;
        names.iter().map(|name| self.binding(name)).collect()
    }

    /// What these targets ask of which database.
    pub(crate) fn selection(&self, targets: &[String]) -> Result<Selection, Failure> {
        let mut points: BTreeMap<DatabaseName, Vec<Point>> = BTreeMap::new();
        for text in targets {
            let target = self.target(text)?;
            for name in self.selected(target.selector.as_deref())? {
                let points = points.entry(name).or_default();
                if !points.contains(&target.point) {
                    points.push(target.point.clone());
                }
            }
        }
        points
            .into_iter()
            .map(|(name, points)| Ok((self.binding(&name)?, points)))
            .collect()
    }

    /// The databases beside these that they may depend on, or that may depend on
    /// them: of the latter a ledger may know though no file does, so that all are
    /// to be asked where something may be taken down.
    pub(crate) fn watched(&self, goal: Goal, selection: &Selection) -> Watched {
        let mut watched = Watched::default();
        let may_go_down = matches!(goal, Goal::Downgrade | Goal::Switch | Goal::Redo);
        if self.graph().crossings().is_empty() && !may_go_down {
            return watched;
        }
        let config = &self.project.config;
        let is_selected = |name: &DatabaseName| selection.iter().any(|(it, _)| it.name == *name);
        for name in config.databases.keys().filter(|name| !is_selected(name)) {
            match self.binding(name) {
                Ok(binding) if self.url(name).is_ok() => watched.seen.push(binding),
                Ok(binding) => watched.unseen.push(binding),
                Err(_) => {
                    let as_any = Dialect::ALL.map(|dialect| config.binding_as(name, dialect));
                    let as_any = as_any.into_iter().filter_map(Result::ok).map(Arc::new);
                    watched.unseen.extend(as_any);
                }
            }
        }
        watched
    }

    /// The flags that a command in a hint needs to reach these databases again, such as
    /// ` --url db1=URL`: where they were given. The URLs themselves may hold passwords.
    pub(crate) fn urls_again<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> String {
        let given: Vec<&str> = self.environment.overridden().collect();
        let again = names.into_iter().filter(|it| given.contains(it));
        again.map(|name| format!(" --url {name}=URL")).collect()
    }

    /// The URL of a database.
    pub(crate) fn url(&self, name: &DatabaseName) -> Result<DatabaseUrl, Failure> {
        let url = self.project.config.url(name, &self.environment);
        let url = url.map_err(|error| Failure::refused(diagnostic::url(&error)))?;
        secrets::remember(&url);
        Ok(url)
    }

    /// Makes ready to reach a database; nothing is opened yet.
    pub(crate) fn database(&self, binding: &Binding) -> Result<Box<dyn Database>, Failure> {
        let url = self.url(&binding.name)?;
        rev_db::open(&url, &self.settings(binding))
            .map_err(|error| self.refused(&error.into(), binding))
    }

    /// How a database is to be treated.
    pub(crate) fn settings(&self, binding: &Binding) -> Settings {
        let config = &self.project.config;
        let database = config.databases.get(&binding.name);
        Settings {
            ledger_prefix: config.ledger_prefix.clone(),
            schema: database.and_then(|database| database.schema.clone()),
            lock_timeout: database.and_then(|d| d.lock_timeout).unwrap_or(FOR_EVER),
            statement_timeout: database
                .and_then(|d| d.statement_timeout)
                .unwrap_or_default(),
            silence_timeout: database.and_then(|d| d.silence_timeout).unwrap_or_default(),
            operator: self.operator.clone(),
            run: self.run.clone(),
            is_throw_away: false,
        }
    }

    /// How runs on throw-away databases go.
    pub(crate) fn throw_away_request(&self) -> Request {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Request::on_throw_away(self.operator.clone(), version, self.run.clone())
    }

    /// Takes `DATABASE@` off a text, if something of that name is bound.
    pub(crate) fn split_selector<'a>(&self, text: &'a str) -> (Option<&'a str>, &'a str) {
        let is_bound = |name: &str| is_glob(name) || self.bound.iter().any(|it| it == name);
        match text.split_once('@') {
            Some((name, rest)) if is_bound(name) => (Some(name), rest),
            _ => (None, text),
        }
    }

    /// The servers that a flag names.
    pub(crate) fn servers(&self, urls: &[String]) -> Result<Vec<DatabaseUrl>, Failure> {
        let server = |text: &String| {
            let url = DatabaseUrl::new(text, &self.project.root).map_err(|fault| {
                let told = Diagnostic::new("bad_url", "the URL after `--scratch` is not usable");
                Failure::usage(diagnostic::url_fault(told.cause(&fault), &fault))
            })?;
            secrets::remember(&url);
            if url.dialect() == Dialect::Sqlite {
                let message = "`--scratch` names a server, and SQLite has none";
                let hint = "leave it out: for SQLite temporary files are made, in the folder that `TMPDIR` names";
                return Err(Failure::usage(
                    Diagnostic::new("bad_url", message).hint(hint),
                ));
            }
            Ok(url)
        };
        urls.iter().map(server).collect()
    }

    /// Reads where a database stands, and warns of what a person should know of it.
    pub(crate) async fn survey(&self, binding: &Binding) -> Result<Surveyed, Failure> {
        let (surveyed, caution) = self.surveyed(binding).await?;
        if let Some(caution) = caution {
            self.terminal.talk(caution.text(true).trim_end());
        }
        Ok(surveyed)
    }

    /// Reads where a database stands, and what a person should know of where its ledger lies.
    pub(crate) async fn surveyed(
        &self,
        binding: &Binding,
    ) -> Result<(Surveyed, Option<Diagnostic>), Failure> {
        let (_, surveyed, caution) = self.surveyed_open(binding).await?;
        Ok((surveyed, caution))
    }

    /// The same, and the database, which may be asked more.
    pub(crate) async fn surveyed_open(
        &self,
        binding: &Binding,
    ) -> Result<(Box<dyn Database>, Surveyed, Option<Diagnostic>), Failure> {
        let mut database = self.database(binding)?;
        let surveyed = rev_engine::prepare::survey(&mut *database, binding, self.graph())
            .await
            .map_err(|refusal| self.refused(&refusal, binding))?;
        let caution = database.caution().await.ok().flatten();
        let name = &binding.name;
        let caution = caution.map(|it| Diagnostic::new("caution", format!("`{name}`: {it}")));
        Ok((database, surveyed, caution))
    }

    /// What was told of each database, each cause once; for people the first of them.
    pub(crate) fn once(&self, told: &Told) -> Vec<Diagnostic> {
        let databases = &self.project.config.databases;
        let all: BTreeSet<DatabaseName> = databases.keys().cloned().collect();
        let mut groups: BTreeMap<String, BTreeSet<DatabaseName>> = BTreeMap::new();
        for (name, database) in databases {
            for group in &database.groups {
                let members = groups.entry(group.to_string()).or_default();
                members.insert(name.clone());
            }
        }
        let groups: Vec<_> = groups.into_iter().collect();
        let naming = Naming {
            all: &all,
            groups: &groups,
        };
        if self.terminal.is_json() {
            diagnostic::once(told, naming)
        } else {
            diagnostic::first_of(told, naming)
        }
    }

    /// What a point means for a database that stands so.
    pub(crate) fn revisions_on(
        &self,
        binding: &Binding,
        standing: &Standing,
        point: &Point,
    ) -> Result<Vec<Node>, Failure> {
        let scope = Scope::of_database(&standing.graph, binding, &standing.state)
            .map_err(|errors| self.refused(&Refusal::Scripts { errors }, binding))?;
        scope.revisions(point).map_err(|error| {
            let asking = self.asking(&standing.graph, Some(binding.name.as_str()));
            Failure::refused(diagnostic::resolve(&error, asking))
        })
    }
}

fn environment(global: &Global) -> Result<Environment, Failure> {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut environment = Environment::new(variables);
    for text in &global.url {
        let (name, url) = assignment("--url", text)?;
        environment = environment.with_url(&name, url);
    }
    Ok(environment)
}

/// Refuses a URL where a name or a target stands, and quotes nothing of it.
fn refuse_url(text: &str) -> Result<(), Failure> {
    // A range may have been parted at the colon.
    if !text.contains("//") {
        return Ok(());
    }
    let told = Diagnostic::new("usage", "a URL stands where a name or a target is expected");
    Err(Failure::usage(told.hint(
        "give the URL to a database of rev.yaml: `--url NAME=URL`, and name that database",
    )))
}

/// Takes `NAME=URL` apart. What is wrong with it is never shown whole: it may
/// be a URL with a password.
pub(crate) fn assignment<'a>(
    flag: &str,
    text: &'a str,
) -> Result<(DatabaseName, &'a str), Failure> {
    let parts = text.split_once('=').filter(|(_, url)| !url.is_empty());
    let named = parts.map(|(name, url)| (DatabaseName::new(name), url));
    if let Some((Err(error @ NameError::Reserved { .. }), _)) = named {
        let told = diagnostic::name(&error);
        return Err(Failure::usage(
            told.hint(format!("such as `{flag} db1=sqlite://var/db1.sqlite`")),
        ));
    }
    let named = named.and_then(|(name, url)| Some((name.ok()?, url)));
    named.ok_or_else(|| {
        let message = format!("a value of `{flag}` is not NAME=URL with a database's name");
        let told = Diagnostic::new("usage", message);
        Failure::usage(told.hint(format!("such as `{flag} db1=sqlite://var/db1.sqlite`")))
    })
}

/// The runtime that databases are reached on. One thread: lanes wait, they do not
/// compute, and a second thread would only add a hand-over to each answer.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    check_descriptors()?;
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

/// How many files a runtime and its signals open, and some for a database.
const DESCRIPTORS: usize = 12;

/// The runtime panics where it may open no more files, so that is found out before.
fn check_descriptors() -> Result<(), Failure> {
    let null = if cfg!(unix) { "/dev/null" } else { "NUL" };
    let spare = (0..DESCRIPTORS).map(|_| std::fs::File::open(null));
    let opened: std::io::Result<Vec<_>> = spare.collect();
    opened.map(drop).map_err(|error| {
        let told = Diagnostic::new("io", format!("too few files may be opened: {error}"));
        Failure::refused(told.hint("raise the limit: `ulimit -n 256`"))
    })
}

/// The word of an action, if it is one.
pub(crate) fn goal(word: &str) -> Option<Goal> {
    [Goal::Upgrade, Goal::Downgrade, Goal::Switch, Goal::Stamp]
        .into_iter()
        .find(|goal| goal.name() == word)
}
