//! What stands beside the graph: ids with the part that is enough, heads and labels, where
//! databases stand, dates and authors.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::process::Command;
use std::time::{Duration, Instant};

use rev_core::{DatabaseName, Graph, Node};

use super::one_line;
use crate::args::Drawing;
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::fleet::{self, Bound, Pace};
use crate::session::Session;
use crate::terminal::{FAINT, GOOD, ID, NAME};

/// How long databases may take to say where they stand.
const BOUND: Duration = Duration::from_secs(2);

/// The fewest characters that name a revision.
const SHORTEST: usize = 4;

/// All that is known beside the graph.
pub(super) struct Beside {
    /// How many characters of an id are enough.
    enough: Vec<usize>,
    /// Who stands at a revision, by its id.
    databases: HashMap<String, BTreeSet<DatabaseName>>,
    dates: bool,
    /// Who has added a file, by its path as shown.
    authors: Option<HashMap<String, String>>,
}

impl Beside {
    pub(super) fn new(session: &Session, drawing: &Drawing) -> Result<Self, Failure> {
        Ok(Self {
            enough: enough(session.graph()),
            databases: match drawing.databases {
                true => databases(session)?,
                false => HashMap::new(),
            },
            dates: drawing.dates,
            authors: drawing.authors.then(|| authors(session)).transpose()?,
        })
    }

    /// `5f1c2a9be0d4  2026-11-23  Ann  (head, billing) [db1]  add hero`.
    pub(super) fn line(&self, session: &Session, node: Node) -> String {
        let revision = session.graph().revision(node);
        let id = revision.id.as_str();
        let (enough, rest) = id.split_at(self.enough[node.index()]);
        let mut parts = vec![format!("{ID}{enough}{ID:#}{FAINT}{rest}{FAINT:#}")];
        if self.dates {
            let created = revision.created.as_deref().unwrap_or_default();
            let day: String = created.chars().take(10).collect();
            parts.push(format!("{FAINT}{day:10}{FAINT:#}"));
        }
        if let Some(authors) = &self.authors {
            let path = session.project.shown(&revision.id);
            let author = path.and_then(|path| authors.get(&path).cloned());
            let author = author.unwrap_or_else(|| "not yet in git".to_owned());
            parts.push(format!("{FAINT}{}{FAINT:#}", one_line(&author)));
        }
        let is_head = session.graph().children(node).is_empty();
        let labels = revision.labels.iter().map(|label| label.as_str());
        let marks: Vec<&str> = is_head
            .then_some("head")
            .into_iter()
            .chain(labels)
            .collect();
        let mut marks = match marks.is_empty() {
            true => String::new(),
            false => format!("{NAME}({}){NAME:#}", marks.join(", ")),
        };
        if let Some(names) = self.databases.get(id) {
            let gap = if marks.is_empty() { "" } else { " " };
            marks += &format!("{gap}{GOOD}[{}]{GOOD:#}", diagnostic::named(names));
        }
        parts.push(marks);
        parts.push(one_line(&revision.message));
        parts.retain(|part| !part.is_empty());
        parts.join("  ")
    }
}

/// How many characters of each id no other one begins with, by the index of its node.
fn enough(graph: &Graph) -> Vec<usize> {
    let mut ids: Vec<(&str, usize)> = graph
        .nodes()
        .map(|node| (graph.id(node).as_str(), node.index()))
        .collect();
    ids.sort_unstable();
    let alike = |one: &str, other: &str| {
        one.bytes()
            .zip(other.bytes())
            .take_while(|(a, b)| a == b)
            .count()
    };
    let mut enough = vec![0; ids.iter().map(|(_, index)| index + 1).max().unwrap_or(0)];
    for (at, (id, index)) in ids.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| ids.get(at));
        let neighbours = before.into_iter().chain(ids.get(at + 1));
        let shared = neighbours.map(|(other, _)| alike(id, other)).max();
        let length = shared.map_or(0, |shared| shared + 1).max(SHORTEST);
        enough[*index] = length.min(id.len());
    }
    enough
}

/// Where databases stand, as far as they say so in time.
fn databases(session: &Session) -> Result<HashMap<String, BTreeSet<DatabaseName>>, Failure> {
    let pace = Pace::bounded(Bound::Common(BOUND, Instant::now()), None);
    let answers = fleet::survey(session, session.names(&[])?, pace)?;
    let (said, told) = fleet::parted(answers);
    let mut at: HashMap<String, BTreeSet<DatabaseName>> = HashMap::new();
    let mut elsewhere: BTreeMap<String, BTreeSet<DatabaseName>> = BTreeMap::new();
    for (name, (_, surveyed)) in said {
        let graph = &surveyed.standing.graph;
        for head in surveyed.standing.state.heads(graph) {
            let id = graph.id(head).to_string();
            if graph.is_foreign(head) {
                elsewhere
                    .entry(id.clone())
                    .or_default()
                    .insert(name.clone());
            }
            at.entry(id).or_default().insert(name.clone());
        }
    }
    for (id, names) in elsewhere {
        let names = diagnostic::named(&names);
        session.terminal.warn(format_args!(
            "`{id}`, where {names} stands, is not in this checkout"
        ));
    }
    for why in session.once(&told) {
        session.terminal.talk(why.text(true).trim_end());
    }
    Ok(at)
}

/// Who has added each file, by its path as shown.
fn authors(session: &Session) -> Result<HashMap<String, String>, Failure> {
    let root = &session.project.root;
    let answer = Command::new("git")
        .arg("-C")
        .arg(root)
        .args([
            "-c",
            "core.quotePath=false",
            "log",
            "--diff-filter=A",
            "--name-only",
        ])
        .args(["--relative", "--no-renames", "--format=%x00%an", "--", "."])
        .output();
    let answer = answer.ok().filter(|answer| answer.status.success());
    let Some(answer) = answer else {
        let told = Diagnostic::new("no_git", "git does not say who has added the files");
        return Err(Failure::refused(
            told.hint("leave `--authors` out where there is no git"),
        ));
    };
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let mut authors = HashMap::new();
    // Newest first, so the first addition of a file is met last.
    for commit in text.split('\0').skip(1) {
        let mut lines = commit.lines();
        let author = lines.next().unwrap_or_default();
        for path in lines.filter(|line| !line.is_empty()) {
            authors.insert(path.to_owned(), author.to_owned());
        }
    }
    Ok(authors)
}
