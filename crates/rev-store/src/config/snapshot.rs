//! `snapshots:`: plans with a name, whose text is kept in the repository.

use rev_core::target::is_glob;
use rev_core::{DatabaseName, Goal, Point, Target};

use crate::fault::{Place, Problem};
use crate::shape::{Placed, Reader};
use crate::yaml::{Node, Value};

pub(crate) const KEYS: &[&str] = &["action", "from", "targets"];
pub(crate) const ACTIONS: &[&str] = &["upgrade", "downgrade", "switch", "stamp"];

/// A named plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// What is to be done.
    pub action: Goal,
    /// Where databases are taken to stand, in the words of `--from`; paths are
    /// relative to the project.
    pub from: Vec<String>,
    /// Where they are led.
    pub targets: Vec<String>,
}

impl Reader {
    /// The entries of `snapshots:`; `bound` are the names of databases and groups.
    pub(super) fn snapshots(
        &mut self,
        node: Node,
        bound: &[String],
    ) -> impl Iterator<Item = (String, Snapshot)> {
        let mut snapshots = Vec::new();
        for (key, node) in self.entries(node, "snapshots") {
            // It becomes a file's name, so it is held to the rules of one.
            let text = Placed {
                text: key.text,
                place: key.place,
            };
            let name = self.name(&text, DatabaseName::new);
            if let (Some(name), Some(snapshot)) = (name, self.snapshot(node, bound)) {
                snapshots.push((name.to_string(), snapshot));
            }
        }
        snapshots.into_iter()
    }

    fn snapshot(&mut self, node: Node, bound: &[String]) -> Option<Snapshot> {
        let mut fields = self.fields(node, "snapshots", KEYS)?;
        let action = match fields.given("action") {
            Some(node) => self.action(node),
            None => Some(Goal::Upgrade),
        };
        let from = match fields.given("from") {
            Some(node) => self.from(node, bound),
            None => vec!["base".to_owned()],
        };
        let Some(node) = fields.given("targets") else {
            self.find(fields.place, Problem::MissingKey { key: "targets" });
            return None;
        };
        let targets = self.targets(node, bound);
        Some(Snapshot {
            action: action?,
            from,
            targets,
        })
    }

    fn action(&mut self, node: Node) -> Option<Goal> {
        let text = self.text(node, "action")?;
        let goals = [Goal::Upgrade, Goal::Downgrade, Goal::Switch, Goal::Stamp];
        let goal = goals.into_iter().find(|goal| goal.name() == text.text);
        if goal.is_none() {
            let problem = Problem::NotAChoice {
                what: "plan's action",
                text: text.text,
                choices: ACTIONS,
            };
            self.find(text.place, problem);
        }
        goal
    }

    /// `base`, a file, a list of what `--from` takes, or heads by database.
    fn from(&mut self, node: Node, bound: &[String]) -> Vec<String> {
        let Value::Map(entries) = node.value else {
            let texts = self.texts(node, "from").into_iter();
            return texts
                .map(|text| {
                    if let Some((selector, _)) = text.text.split_once('=') {
                        self.check_selector(selector, text.place, bound);
                    }
                    text.text
                })
                .collect();
        };
        let mut from = Vec::new();
        for (key, node) in entries {
            self.check_selector(&key.text, key.place, bound);
            let heads = self.texts(node, "from");
            for head in &heads {
                if let Err(error) = Point::parse(&head.text) {
                    self.find(head.place, error.into());
                }
            }
            let heads: Vec<&str> = heads.iter().map(|head| head.text.as_str()).collect();
            from.push(format!("{}={}", key.text, heads.join(",")));
        }
        from
    }

    fn targets(&mut self, node: Node, bound: &[String]) -> Vec<String> {
        let place = node.place;
        let targets = self.texts(node, "targets");
        if targets.is_empty() {
            self.find(place, Problem::MissingKey { key: "targets" });
        }
        let is_selector = |name: &str| bound.iter().any(|bound| bound == name);
        for target in &targets {
            if let Err(error) = Target::parse(&target.text, is_selector) {
                self.find(target.place, error.into());
            }
        }
        targets.into_iter().map(|target| target.text).collect()
    }

    fn check_selector(&mut self, name: &str, place: Option<Place>, bound: &[String]) {
        if is_glob(name) || bound.iter().any(|bound| bound == name) {
            return;
        }
        let similar = rev_core::name::similar(name, bound.iter().map(String::as_str));
        let problem = Problem::Unbound {
            name: name.to_owned(),
            similar: similar.into_iter().map(str::to_owned).collect(),
        };
        self.find(place, problem);
    }
}
