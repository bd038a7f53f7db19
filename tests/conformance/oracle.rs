//! The oracle's file: graphs, questions and what Alembic answers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// Named lists of ids, or why there are none.
pub(crate) type Answer = Result<BTreeMap<String, Vec<String>>, String>;

#[derive(Deserialize)]
pub(crate) struct Page {
    pub(crate) name: String,
    pub(crate) graph: Vec<Node>,
    pub(crate) cases: Vec<Case>,
}

#[derive(Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) down_revision: Vec<String>,
    pub(crate) depends_on: Vec<String>,
    pub(crate) branch_labels: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) current: Vec<String>,
    #[serde(default)]
    pub(crate) target: Words,
    #[serde(default)]
    pub(crate) upper: Words,
    #[serde(default)]
    pub(crate) lower: Words,
    #[serde(default)]
    pub(crate) args: BTreeMap<String, Value>,
    #[serde(default)]
    pub(crate) splice: bool,
    #[serde(default)]
    pub(crate) purge: bool,
    #[serde(default)]
    pub(crate) depends_on: Words,
    #[serde(default)]
    flags: Vec<String>,
    expect: BTreeMap<String, Value>,
}

/// One word, several, or none.
#[derive(Deserialize, Default, Debug)]
#[serde(untagged)]
pub(crate) enum Words {
    One(String),
    Several(Vec<String>),
    #[default]
    None,
}

impl Words {
    pub(crate) fn list(&self) -> &[String] {
        match self {
            Words::One(word) => std::slice::from_ref(word),
            Words::Several(words) => words,
            Words::None => &[],
        }
    }
}

impl Case {
    /// Whether Alembic's answer is one to follow.
    pub(crate) fn binds(&self) -> bool {
        self.flags.iter().all(|flag| flag == "order_varies")
    }

    pub(crate) fn argument(&self, name: &str) -> bool {
        self.args.get(name) == Some(&Value::Bool(true))
    }

    pub(crate) fn expected(&self) -> Answer {
        if let Some(class) = self.expect.get("error") {
            let message = self.expect.get("message").unwrap_or(class);
            return Err(message.as_str().unwrap_or_default().to_owned());
        }
        let lists = self.expect.iter().filter_map(|(name, list)| {
            let list = list.as_array()?.iter().map(Value::as_str);
            let list: Option<Vec<&str>> = list.collect();
            Some((name.clone(), list?.into_iter().map(str::to_owned).collect()))
        });
        Ok(lists.collect())
    }
}

pub(crate) fn read(file: &str) -> Vec<Page> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/conformance");
    fs::read_to_string(path.join(file))
        .expect("the oracle's files are in the repository")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is a page"))
        .collect()
}
