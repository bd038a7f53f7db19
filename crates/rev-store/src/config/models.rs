//! Where a database's declared schema comes from, and what of it is looked at.

use std::time::Duration;

use rev_core::target::is_glob;

use crate::fault::{Place, Problem};
use crate::shape::{Placed, Reader};
use crate::yaml::{Node, Value};

pub(crate) const COMMAND_KEYS: &[&str] = &["command", "timeout"];
pub(crate) const AUTOGENERATE_KEYS: &[&str] = &["include", "exclude", "renames"];

/// A database's declared schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Models {
    /// SQL files, in this order: files, folders that are searched for `*.sql`, or
    /// patterns.
    Files(Vec<Word>),
    /// A program that prints the SQL, and its arguments.
    Command(ModelCommand),
}

/// A program that prints a declared schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCommand {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// How long it may take; `None`: as long as it likes.
    pub timeout: Option<Duration>,
}

/// How long a program may take that has no limit of its own.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A word of the settings and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As written.
    pub text: String,
    pub(super) place: Option<Place>,
}

/// What autogenerate looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Autogenerate {
    /// Patterns of what is looked at; none: everything.
    pub include: Vec<Word>,
    /// Patterns of what is not looked at.
    pub exclude: Vec<Word>,
    /// Renames, `old:new`.
    pub renames: Vec<Word>,
}

impl Models {
    /// The files and folders that are named, each as far as no pattern begins.
    pub(super) fn named(&self) -> Vec<&str> {
        let Models::Files(words) = self else {
            return Vec::new();
        };
        let before = |text: &'_ str| {
            let parts = text.split('/').take_while(|part| !is_glob(part));
            let length: usize = parts.map(|part| part.len() + 1).sum();
            length.min(text.len())
        };
        let words = words.iter().map(|word| word.text.as_str());
        words.map(|text| &text[..before(text)]).collect()
    }
}

impl Word {
    pub(super) fn of(placed: Placed) -> Self {
        Self {
            text: placed.text,
            place: placed.place,
        }
    }
}

impl Reader {
    /// `models:` of a database.
    pub(super) fn models(&mut self, node: Node) -> Option<Models> {
        let place = node.place;
        if !matches!(node.value, Value::Map(_)) {
            let files = self.words(node, "models");
            if files.is_empty() {
                self.find(place, Problem::EmptyList { key: "models" });
            }
            return Some(Models::Files(files));
        }
        let mut fields = self.fields(node, "models", COMMAND_KEYS)?;
        let Some(node) = fields.given("command") else {
            self.find(place, Problem::MissingKey { key: "command" });
            return None;
        };
        let words = self.words(node, "command");
        let words: Vec<String> = words.into_iter().map(|word| word.text).collect();
        if words.first().is_none_or(String::is_empty) {
            self.find(place, Problem::EmptyList { key: "command" });
        }
        let timeout = fields.given("timeout");
        let timeout = timeout.and_then(|node| self.timeout(node, "timeout"));
        Some(Models::Command(ModelCommand {
            words,
            timeout: timeout.unwrap_or(Some(TIMEOUT)),
        }))
    }

    /// `autogenerate:`
    pub(super) fn autogenerate(&mut self, node: Node) -> Autogenerate {
        let mut settings = Autogenerate::default();
        let Some(mut fields) = self.fields(node, "autogenerate", AUTOGENERATE_KEYS) else {
            return settings;
        };
        for (key, list) in [
            ("include", &mut settings.include),
            ("exclude", &mut settings.exclude),
            ("renames", &mut settings.renames),
        ] {
            if let Some(node) = fields.given(key) {
                *list = self.words(node, key);
            }
        }
        for word in &settings.renames {
            let parts = word.text.split_once(':');
            if parts.is_none_or(|(old, new)| old.is_empty() || new.is_empty()) {
                let text = word.text.clone();
                self.find(word.place, Problem::BadRename { text });
            }
        }
        settings
    }

    fn words(&mut self, node: Node, what: &str) -> Vec<Word> {
        self.texts(node, what).into_iter().map(Word::of).collect()
    }
}
