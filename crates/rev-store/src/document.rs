//! Documents: the YAML spelling of a revision.
//!
//! The whole meaning of a revision file is in one walk over a tree.
//! A file without fault costs one quick reading; the tree with places is made
//! only for a file with a fault, for one that spells a text as a number, and
//! for one that may hold what the quick reader must not see.

mod outline;

pub(crate) use outline::Outline;
pub use outline::SqlPlace;

use std::collections::BTreeMap;

use rev_core::{
    DatabaseName, Dialect, Entry, Label, NameError, Need, Revision, RevisionId, Script, Scripts,
    Sql, TransactionMode,
};

use crate::fault::{Fault, Faults, Place, Problem};
use crate::shape::{Fields, Reader, WHOLE};
use crate::yaml::{self, Finding, Node, Value};

pub(crate) const KEYS: &[&str] = &[
    "revision",
    "down_revision",
    "message",
    "created",
    "branch_labels",
    "depends_on",
    "upgrade",
    "downgrade",
    "transaction",
    "databases",
    "irreversible",
    "loses_data",
    "replaces",
];
pub(crate) const ENTRY_KEYS: &[&str] = &["upgrade", "downgrade", "transaction"];
pub(crate) const DIALECTS: &[&str] = &["postgres", "mysql", "sqlite"];
pub(crate) const TRANSACTIONS: &[&str] = &["step", "none"];

/// The keys of a revision, for its schema.
pub(crate) mod keys {
    pub(crate) use super::{DIALECTS, ENTRY_KEYS as ENTRY, KEYS as ROOT, TRANSACTIONS};
}

/// What came of reading a document.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// The revision, as far as it could be read; `None` where not even its id
    /// and parents could.
    pub(crate) revision: Option<Revision>,
    /// All that is wrong. Empty: the revision is whole.
    pub(crate) findings: Vec<Finding>,
}

/// Reads the text of a revision file; `path` is for the faults only.
///
/// # Errors
///
/// All that is wrong with it.
pub fn parse(path: &str, text: &str) -> Result<Revision, Faults> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let reading = read(text);
    match reading.revision {
        Some(revision) if reading.findings.is_empty() => Ok(revision),
        _ => Err(Faults::new(faults(path, reading.findings))),
    }
}

/// Findings as faults of the file at `path`.
pub(crate) fn faults(path: &str, findings: Vec<Finding>) -> Vec<Fault> {
    let fault = |(place, problem)| Fault {
        path: path.to_owned(),
        place,
        problem,
    };
    findings.into_iter().map(fault).collect()
}

/// Reads a document without byte order mark.
pub(crate) fn read(text: &str) -> Reading {
    let failed = |findings| Reading {
        revision: None,
        findings,
    };
    let harmless = yaml::is_harmless(text);
    if !harmless && let Err(findings) = yaml::placed(text) {
        return failed(findings);
    }
    let quick = yaml::quick(text);
    let objection = match quick.map(revision) {
        Ok(reading) if reading.findings.is_empty() => return reading,
        Ok(_) => None,
        Err(error) => Some(error.finding()),
    };
    match yaml::placed(text).map(revision) {
        Err(findings) => failed(findings),
        Ok(mut reading) if reading.findings.is_empty() => {
            reading.findings.extend(objection);
            reading
        }
        Ok(reading) => reading,
    }
}

fn revision(root: Node) -> Reading {
    let mut reader = Reader::default();
    let revision = reader.revision(root);
    Reading {
        revision,
        findings: reader.findings,
    }
}

impl Reader {
    fn revision(&mut self, root: Node) -> Option<Revision> {
        if root.value == Value::Null {
            self.find(None, Problem::EmptyFile);
            return None;
        }
        let mut fields = self.fields(root, WHOLE, KEYS)?;
        let id = self.id(&mut fields);
        let parents = self.parents(&mut fields);
        let message = fields.given("message");
        let message = message.and_then(|node| self.text(node, "message"));
        let created = fields.given("created");
        let created = created.and_then(|node| self.text(node, "created"));
        let labels = fields.given("branch_labels");
        let labels = labels.map(|node| self.names(node, "branch_labels", Label::new));
        let depends_on = fields.given("depends_on");
        let (depends_on, needs) = depends_on
            .map(|node| self.dependencies(node))
            .unwrap_or_default();
        let loss_at = fields.place_of("loses_data");
        let mut flag = |key: &'static str| {
            let node = fields.given(key);
            node.and_then(|node| self.flag(&node, key)).unwrap_or(false)
        };
        let irreversible = flag("irreversible");
        let loses_data = flag("loses_data");
        if irreversible && loses_data {
            self.find(loss_at, Problem::IrreversibleLoss);
        }
        let replaces = fields.given("replaces");
        let replaces = replaces.map(|node| self.names(node, "replaces", RevisionId::new));
        let scripts = self.scripts(&mut fields, irreversible);
        // Not sooner, so that a bad id hides no other fault.
        Some(Revision {
            id: id?,
            parents: parents?,
            depends_on,
            needs,
            labels: labels.unwrap_or_default(),
            message: message.map(|message| message.text).unwrap_or_default(),
            created: created.map(|created| created.text),
            scripts,
            irreversible,
            loses_data,
            replaces: replaces.unwrap_or_default(),
        })
    }

    fn id(&mut self, fields: &mut Fields) -> Option<RevisionId> {
        let Some(node) = fields.take("revision") else {
            self.find(fields.place, Problem::MissingKey { key: "revision" });
            return None;
        };
        let text = self.text(node, "revision")?;
        self.name(&text, RevisionId::new)
    }

    fn parents(&mut self, fields: &mut Fields) -> Option<Vec<RevisionId>> {
        let Some(node) = fields.take("down_revision") else {
            let key = "down_revision";
            self.find(fields.place, Problem::MissingKey { key });
            return None;
        };
        Some(self.names(node, "down_revision", RevisionId::new))
    }

    /// Ids and labels, and `database@` before one of them.
    fn dependencies(&mut self, node: Node) -> (Vec<String>, Vec<Need>) {
        let mut names = Vec::new();
        let mut needs = Vec::new();
        for text in self.texts(node, "depends_on") {
            if let Some((database, revision)) = text.text.split_once('@') {
                needs.extend(self.need(database, revision, text.place));
            } else if RevisionId::new(&text.text).is_ok() || Label::new(&text.text).is_ok() {
                names.push(text.text);
            } else {
                self.name(&text, RevisionId::new);
            }
        }
        (names, needs)
    }

    fn need(&mut self, database: &str, revision: &str, place: Option<Place>) -> Option<Need> {
        let is_name = RevisionId::new(revision).map(|_| ());
        let is_name = is_name.or_else(|error| Label::new(revision).map(|_| ()).map_err(|_| error));
        let database = DatabaseName::new(database);
        let errors: [Option<NameError>; 2] = [database.as_ref().err().cloned(), is_name.err()];
        let has_errors = errors.iter().any(Option::is_some);
        for error in errors.into_iter().flatten() {
            self.find(place, error.into());
        }
        let revision = revision.to_owned();
        let need = |database| Need { database, revision };
        database.ok().filter(|_| !has_errors).map(need)
    }

    fn scripts(&mut self, fields: &mut Fields, irreversible: bool) -> Scripts {
        let top = self.entry(fields, irreversible);
        let mut databases = BTreeMap::new();
        let node = fields.given("databases");
        let entries = node.map(|node| self.entries(node, "databases"));
        for (key, node) in entries.into_iter().flatten() {
            let name = DatabaseName::new(&key.text);
            let name = name.map_err(|error| self.find(key.place, error.into()));
            let entry = self
                .fields(node, &key.text, ENTRY_KEYS)
                .map(|mut fields| self.entry(&mut fields, irreversible));
            if let (Ok(name), Some(entry)) = (name, entry) {
                databases.insert(name, entry);
            }
        }
        Scripts { top, databases }
    }

    fn entry(&mut self, fields: &mut Fields, irreversible: bool) -> Entry {
        let downgrade_at = fields.place_of("downgrade");
        let upgrade = fields.take("upgrade");
        let upgrade = upgrade.and_then(|node| self.script(node, "upgrade"));
        let downgrade = fields.take("downgrade");
        if irreversible && downgrade.is_some() {
            self.find(downgrade_at, Problem::IrreversibleDowngrade);
        }
        let downgrade = downgrade.and_then(|node| self.script(node, "downgrade"));
        let transaction = fields.take("transaction");
        Entry {
            upgrade,
            downgrade,
            transaction: transaction
                .and_then(|node| self.transaction(node))
                .unwrap_or_default(),
        }
    }

    fn transaction(&mut self, node: Node) -> Option<TransactionMode> {
        let text = self.text(node, "transaction")?;
        match text.text.as_str() {
            "step" => Some(TransactionMode::Step),
            "none" => Some(TransactionMode::None),
            _ => {
                let problem = Problem::NotAChoice {
                    what: "transaction mode",
                    text: text.text,
                    choices: TRANSACTIONS,
                };
                self.find(text.place, problem);
                None
            }
        }
    }

    fn script(&mut self, node: Node, direction: &'static str) -> Option<Script> {
        let place = node.place;
        let Value::Map(entries) = node.value else {
            return self.sql(node, direction).map(Script::Any);
        };
        if entries.is_empty() {
            self.find(place, Problem::EmptyScript { direction });
            return None;
        }
        let mut map = BTreeMap::new();
        for (key, node) in entries {
            let dialect = self.dialect(&key.text, key.place);
            let sql = match node.value {
                Value::Null => Some(None),
                _ => self.sql(node, direction).map(Some),
            };
            if let (Some(dialect), Some(sql)) = (dialect, sql) {
                map.insert(dialect, sql);
            }
        }
        Some(Script::ByDialect(map))
    }

    /// A dialect's name.
    pub(crate) fn dialect(&mut self, text: &str, place: Option<Place>) -> Option<Dialect> {
        if let Ok(dialect) = text.parse() {
            return Some(dialect);
        }
        let problem = Problem::NotAChoice {
            what: "dialect",
            text: text.to_owned(),
            choices: DIALECTS,
        };
        self.find(place, problem);
        None
    }

    /// The text of a script: one piece or a list of pieces, none of them blank.
    fn sql(&mut self, node: Node, direction: &'static str) -> Option<Sql> {
        let place = node.place;
        let pieces = match node.value {
            Value::Null => Vec::new(),
            Value::List(nodes) => nodes,
            _ => vec![node],
        };
        if pieces.is_empty() {
            self.find(place, Problem::EmptyScript { direction });
            return None;
        }
        let mut sql = Vec::with_capacity(pieces.len());
        for piece in pieces {
            if let Value::Null = piece.value {
                self.find(piece.place, Problem::EmptyScript { direction });
                continue;
            }
            let Some(piece) = self.text(piece, direction) else {
                continue;
            };
            if piece.text.trim().is_empty() {
                self.find(piece.place, Problem::EmptyScript { direction });
            }
            sql.push(piece.text);
        }
        Some(Sql(sql))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(text: &str) -> Revision {
        parse("r.yaml", text).expect(text)
    }

    /// `line:column+length code: message`, one fault a line.
    fn bad(text: &str) -> String {
        let faults = parse("r.yaml", text).expect_err(text);
        let lines = faults.iter().map(|fault| {
            let place = fault.place.map(|p| format!("{p}+{}", p.length));
            let place = place.unwrap_or_else(|| "-".to_owned());
            format!("{place} {}: {}", fault.code(), fault.problem)
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The faults of a script-less revision with these further lines.
    fn bad_with(lines: &str) -> String {
        bad(&format!("revision: a\ndown_revision: null\n{lines}"))
    }

    #[test]
    fn a_revision_has_all_that_its_file_says() {
        let revision = good(
            "revision: 5f1c\ndown_revision: [1a2b, 0012]\nmessage: add hero\ncreated: 2026-11-23T09:00:00Z\nbranch_labels: heroes\ndepends_on: [core, 9f8e]\nupgrade: |\n  CREATE TABLE hero (id INTEGER);\ndatabases:\n  db2:\n    upgrade:\n      postgres: SELECT 1\n      sqlite: null\n    downgrade: [a, b]\n  search:\n    transaction: none\n  none: {}\nirreversible: false\nreplaces: []\n",
        );
        insta::assert_debug_snapshot!(revision, @r#"
        Revision {
            id: "5f1c",
            parents: [
                "1a2b",
                "0012",
            ],
            depends_on: [
                "core",
                "9f8e",
            ],
            needs: [],
            labels: [
                "heroes",
            ],
            message: "add hero",
            created: Some(
                "2026-11-23T09:00:00Z",
            ),
            scripts: Scripts {
                top: Entry {
                    upgrade: Some(
                        Any(
                            Sql(
                                [
                                    "CREATE TABLE hero (id INTEGER);\n",
                                ],
                            ),
                        ),
                    ),
                    downgrade: None,
                    transaction: Step,
                },
                databases: {
                    "db2": Entry {
                        upgrade: Some(
                            ByDialect(
                                {
                                    Postgres: Some(
                                        Sql(
                                            [
                                                "SELECT 1",
                                            ],
                                        ),
                                    ),
                                    Sqlite: None,
                                },
                            ),
                        ),
                        downgrade: Some(
                            Any(
                                Sql(
                                    [
                                        "a",
                                        "b",
                                    ],
                                ),
                            ),
                        ),
                        transaction: Step,
                    },
                    "none": Entry {
                        upgrade: None,
                        downgrade: None,
                        transaction: Step,
                    },
                    "search": Entry {
                        upgrade: None,
                        downgrade: None,
                        transaction: None,
                    },
                },
            },
            irreversible: false,
            loses_data: false,
            replaces: [],
        }
        "#);
    }

    #[test]
    fn ids_and_texts_stay_as_written() {
        for id in [
            "1e10", "0012", "no", "2026", "true", "0x1f", "12.50", "Null0", "y",
        ] {
            let revision = good(&format!(
                "revision: {id}\ndown_revision: [{id}, '{id}']\nmessage: {id}\n"
            ));
            assert_eq!(revision.id.as_str(), id);
            assert_eq!(revision.parents[0].as_str(), id);
            assert_eq!(revision.parents[1].as_str(), id);
            assert_eq!(revision.message, id);
        }
    }

    #[test]
    fn line_ends_a_mark_and_a_missing_last_newline_change_nothing() {
        let text = "revision: a\ndown_revision: b\nupgrade: |\n  one\n  two\n";
        let expected = good(text);
        assert_eq!(good(&text.replace('\n', "\r\n")), expected);
        assert_eq!(good(&format!("\u{feff}{text}")), expected);
        let open = good(text.trim_end());
        assert_eq!(
            open.scripts.top.upgrade,
            Some(Script::Any(Sql::text("one\ntwo")))
        );
    }

    #[test]
    fn sql_in_blocks_may_look_like_anything() {
        let sql = "SELECT *a, &b, !c FROM [[[[[[[[[[[[[[[[[[[[ t;\n--- no document\n*x: &y\n";
        let text = format!(
            "revision: a\ndown_revision: ~\nupgrade: |\n  {}\n",
            sql.trim_end().replace('\n', "\n  ")
        );
        assert_eq!(
            good(&text).scripts.top.upgrade,
            Some(Script::Any(Sql::text(sql)))
        );
    }

    #[test]
    fn every_fault_of_a_file_is_told_at_its_place() {
        insta::assert_snapshot!(bad("revision: a b\nmesage: x\nbranch_labels: [ok, 2x]\nirreversible: yes\n"), @"
        1:1+8 missing_key: key `down_revision` is missing
        1:11+3 bad_name: `a b` is not a revision id: ` ` is not allowed in it
        2:1+6 unknown_key: key `mesage` is not known here
        3:21+2 bad_name: `2x` is not a branch label: `2` is not allowed at its start
        4:15+3 wrong_type: `irreversible` must be `true` or `false`, not a single value
        ");
        insta::assert_snapshot!(bad_with("upgrades: x\ndepends_on: [x, db1@y, 'a b', 1@y, 'db1@']\nreplaces: ['a b']\nmessage: [x]\n"), @"
        3:1+8 unknown_key: key `upgrades` is not known here
        4:24+5 bad_name: `a b` is not a revision id: ` ` is not allowed in it
        4:31+3 bad_name: `1` is not a database name: `1` is not allowed at its start
        4:36+6 bad_name: a revision id may not be empty
        5:12+5 bad_name: `a b` is not a revision id: ` ` is not allowed in it
        6:10+1 wrong_type: `message` must be a text, not a list
        ");
    }

    #[test]
    fn faults_of_scripts_are_told_at_their_place() {
        insta::assert_snapshot!(
            bad_with("upgrade:\ndowngrade: ''\ndatabases:\n  db1: null\n  a b: {}\n  db2:\n    upgrade: []\n    downgrade: [x, ' ']\n    transaction: on\n    message: x\n  db3:\n    upgrade: {postgres: x, oracle: y, sqlite: ''}\n    downgrade: {}\n"),
            @"
            3:8+0 empty_script: `upgrade` is empty
            4:12+2 empty_script: `downgrade` is empty
            6:8+4 wrong_type: `db1` must be a map, not nothing
            7:3+3 bad_name: `a b` is not a database name: ` ` is not allowed in it
            9:14+1 empty_script: `upgrade` is empty
            10:20+3 empty_script: `downgrade` is empty
            11:18+2 not_a_choice: `on` is not a transaction mode
            12:5+7 unknown_key: key `message` is not known here
            14:28+6 not_a_choice: `oracle` is not a dialect
            14:47+2 empty_script: `upgrade` is empty
            15:16+1 empty_script: `downgrade` is empty
            "
        );
        insta::assert_snapshot!(bad_with("irreversible: true\ndowngrade: x\ndatabases: {db: {downgrade: y}}"), @"
        4:1+9 irreversible_downgrade: the revision says that it is irreversible, but has a downgrade script
        5:18+9 irreversible_downgrade: the revision says that it is irreversible, but has a downgrade script
        ");
        assert_eq!(
            bad_with("irreversible: true\nloses_data: true"),
            "4:1+10 irreversible_loss: the revision says that its downgrade loses data, but that it has none"
        );
        assert!(good("revision: a\ndown_revision: null\nloses_data: true").loses_data);
    }

    #[test]
    fn what_yaml_could_do_but_we_do_not_is_refused_at_its_place() {
        for (lines, expected) in [
            (
                "message: &x y\n",
                "3:10+2 yaml_anchor: anchors are not allowed: `&x`",
            ),
            (
                "message: *x\n",
                "3:10+2 yaml_alias: aliases are not allowed: `*x`",
            ),
            (
                "message: !!binary aGk=\n",
                "3:10+8 yaml_tag: tags are not allowed: `!!binary`",
            ),
            (
                "---\na: b\n",
                "3:1+3 several_documents: a file holds one document; a second one begins here",
            ),
            (
                "message: x\nmessage: y\n",
                "4:1+7 duplicate_key: key `message` is written twice, first on line 3",
            ),
            ("? [a]\n: b\n", "3:3+1 odd_key: a key must be a word"),
            (
                "message: \"a\\0b\"\n",
                "3:10+6 nul: the text holds a NUL character, which no database takes",
            ),
        ] {
            assert_eq!(bad_with(lines), expected);
        }
        let deep = format!("message: {}{}\n", "[".repeat(17), "]".repeat(17));
        assert_eq!(
            bad_with(&deep),
            "3:26+0 too_deep: collections are nested too deep"
        );
    }

    #[test]
    fn deep_nesting_costs_no_time() {
        let bomb = "[".repeat(1_000_000);
        assert!(bad_with(&format!("message: {bomb}")).contains("too_deep"));
    }

    #[test]
    fn what_is_no_revision_at_all_says_so() {
        insta::assert_snapshot!(bad(""), @"
        - empty_file: the file is empty
        ");
        insta::assert_snapshot!(bad("# nothing\n"), @"
        - empty_file: the file is empty
        ");
        insta::assert_snapshot!(bad("- a\n"), @"
        1:1+0 wrong_type: the file must be a map, not a list
        ");
        insta::assert_snapshot!(bad("revision: a\n\tdown_revision: b\n"), @"
        1:11+0 yaml_syntax: this is not valid YAML: while scanning a plain scalar, found a tab
        ");
        insta::assert_snapshot!(bad("revision: 'a\n"), @"
        1:11+0 yaml_syntax: this is not valid YAML: unclosed quote
        ");
        insta::assert_snapshot!(bad("revision:\ndown_revision: [~]\n"), @"
        1:9+0 wrong_type: `revision` must be a text, not nothing
        2:17+1 wrong_type: `down_revision` must be a text, not nothing
        ");
        insta::assert_snapshot!(bad("revision: \"a\u{1}\"\ndown_revision: null\n"), @r#"
        1:13+0 yaml_syntax: this is not valid YAML: unexpected character: `\u{1}'
        "#);
    }

    #[test]
    fn a_place_in_sql_is_found_in_its_file() {
        let text = "revision: a\ndown_revision: null\nupgrade: |\n\n  one\n   two\ndatabases:\n  db1:\n    upgrade:\n      sqlite:\n        - SELECT x\n        - |2\n            three\n      postgres: \"q\\nr\"\n";
        let outline = Outline::of(text).expect("an outline");
        let db1 = DatabaseName::new("db1").expect("a name");
        let find = |entry, dialect, piece, line, column| {
            let direction = "upgrade";
            let at = SqlPlace {
                entry,
                direction,
                dialect,
                piece,
                line,
                column,
            };
            let place = outline.sql(&at).expect("a place");
            format!("{place}+{}", place.length)
        };
        // Line 3 of the top script, " two", is line 6 of the file.
        assert_eq!(find(None, Dialect::Mysql, 0, 3, 2), "6:4+3");
        assert_eq!(find(None, Dialect::Mysql, 0, 1, 1), "4:3+0");
        assert_eq!(find(Some(&db1), Dialect::Sqlite, 0, 1, 8), "11:18+1");
        assert_eq!(find(Some(&db1), Dialect::Sqlite, 1, 1, 3), "13:13+5");
        assert_eq!(find(Some(&db1), Dialect::Postgres, 0, 2, 1), "14:17+6");
    }
}
