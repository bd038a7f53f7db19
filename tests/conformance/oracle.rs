//! The recorded answers of Alembic 1.20.1: graphs, questions, answers.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct Recorded {
    pub name: String,
    pub graph: Vec<Node>,
    pub cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Node {
    pub id: String,
    pub down_revision: Vec<String>,
    pub depends_on: Vec<String>,
    pub branch_labels: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub kind: String,
    #[serde(default)]
    pub current: Vec<String>,
    #[serde(default)]
    pub target: Option<Words>,
    #[serde(default)]
    pub splice: bool,
    pub expect: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    pub flags: Vec<String>,
}

/// One word, or several for one call.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Words {
    One(String),
    Several(Vec<String>),
}

impl Case {
    pub(crate) fn words(&self) -> Vec<String> {
        match &self.target {
            None => Vec::new(),
            Some(Words::One(word)) => vec![word.clone()],
            Some(Words::Several(words)) => words.clone(),
        }
    }

    /// Whether the recorded answer binds; flagged ones were decided on purpose.
    pub(crate) fn is_binding(&self) -> bool {
        self.flags.iter().all(|flag| flag == "order_varies")
    }

    pub(crate) fn expects_error(&self) -> bool {
        self.expect.contains_key("error")
    }

    /// A list of ids in the expected answer, sorted.
    pub(crate) fn expected(&self, field: &str) -> Vec<String> {
        let list = self.expect.get(field).and_then(|value| value.as_array());
        let texts = list
            .into_iter()
            .flatten()
            .filter_map(|value| value.as_str());
        let mut ids: Vec<String> = texts.map(str::to_owned).collect();
        ids.sort();
        ids
    }
}

pub(crate) fn read(file: &str) -> Vec<Recorded> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/conformance");
    let text = std::fs::read_to_string(folder.join(file)).expect("the recorded answers are there");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line is a recorded graph"))
        .collect()
}
