//! Reading which object a statement changes, and how.
//!
//! Only shapes that are understood to their end count: whatever has a word more
//! than expected is not understood.

use std::collections::BTreeSet;

use rev_core::Dialect;

use super::{Change, Clause, Object, ObjectKind, Verb};
use crate::split::{Token, TokenKind, unquoted};

/// The change that a statement makes, if it is of one object and understood.
pub(super) fn read(tokens: &[Token<'_>], dialect: Dialect) -> Option<Change> {
    let mut reader = Reader {
        rest: tokens,
        dialect,
    };
    if reader.take("CREATE") {
        reader.create()
    } else if reader.take("DROP") {
        reader.drop_object()
    } else if reader.take("ALTER") {
        reader.alter()
    } else if reader.take_all(&["RENAME", "TABLE"]) {
        reader.rename_table()
    } else {
        None
    }
}

#[derive(Clone, Copy)]
struct Reader<'t, 's> {
    rest: &'t [Token<'s>],
    dialect: Dialect,
}

impl<'t, 's> Reader<'t, 's> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.rest.first().is_some_and(|token| token.is(word));
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn take_all(&mut self, words: &[&str]) -> bool {
        let before = self.rest;
        let found = words.iter().all(|word| self.take(word));
        if !found {
            self.rest = before;
        }
        found
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = self
            .rest
            .first()
            .is_some_and(|token| token.is_symbol(symbol));
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    /// A name, as the catalogue has it.
    fn name(&mut self) -> Option<String> {
        let token = self.rest.first()?;
        let name = match token.kind {
            TokenKind::Word => match self.dialect {
                Dialect::Postgres => token.text.to_lowercase(),
                Dialect::Mysql | Dialect::Sqlite => token.text.to_owned(),
            },
            TokenKind::Name if !token.text.starts_with('@') => unquoted(token.text),
            _ => return None,
        };
        self.rest = &self.rest[1..];
        Some(name)
    }

    fn object(&mut self, kind: ObjectKind) -> Option<Object> {
        let first = self.name()?;
        let (schema, name) = match self.take_symbol(".") {
            true => (Some(first), self.name()?),
            false => (None, first),
        };
        Some(Object {
            kind,
            schema,
            name,
            table: None,
        })
    }

    fn kind(&mut self) -> Option<ObjectKind> {
        let kinds = [
            ("TABLE", ObjectKind::Table),
            ("INDEX", ObjectKind::Index),
            ("VIEW", ObjectKind::View),
            ("TRIGGER", ObjectKind::Trigger),
            ("FUNCTION", ObjectKind::Routine),
            ("PROCEDURE", ObjectKind::Routine),
            ("EVENT", ObjectKind::Event),
            ("DATABASE", ObjectKind::Schema),
            ("SCHEMA", ObjectKind::Schema),
        ];
        let found = kinds.into_iter().find(|(word, _)| self.take(word));
        found.map(|(_, kind)| kind)
    }

    fn change(&self, object: Object, verb: Verb) -> Option<Change> {
        Some(Change {
            object,
            verb,
            dialect: self.dialect,
        })
    }

    fn create(mut self) -> Option<Change> {
        self.skip_to_kind();
        let kind = self.kind()?;
        let concurrently = self.take("CONCURRENTLY");
        self.take_all(&["IF", "NOT", "EXISTS"]);
        let mut object = self.object(kind)?;
        let columns = match kind {
            ObjectKind::Table => self.columns(),
            ObjectKind::Index => self.indexed_columns(),
            _ => None,
        };
        if matches!(kind, ObjectKind::Index | ObjectKind::Trigger) {
            let table = self.table_after_on()?;
            object.schema = object.schema.or(table.schema);
            object.table = Some(table.name);
        }
        let verb = Verb::Create {
            columns,
            concurrently,
        };
        self.change(object, verb)
    }

    /// Passes over `UNIQUE`, `DEFINER = x@y` and the like.
    fn skip_to_kind(&mut self) {
        let kinds = [
            "TABLE",
            "INDEX",
            "VIEW",
            "TRIGGER",
            "FUNCTION",
            "PROCEDURE",
            "EVENT",
            "DATABASE",
            "SCHEMA",
        ];
        let at = self.rest.iter().position(|token| token.is_any(&kinds));
        self.rest = &self.rest[at.unwrap_or(self.rest.len())..];
    }

    /// The table of an index or trigger, which lies in its table's schema.
    fn table_after_on(&self) -> Option<Object> {
        let at = self.rest.iter().position(|token| token.is("ON"))?;
        let mut after = Reader {
            rest: &self.rest[at + 1..],
            ..*self
        };
        after.take("ONLY");
        after.object(ObjectKind::Table)
    }

    /// The names of the columns in a table's list, in lower case; `None` where
    /// there is none, or it may not say all.
    fn columns(&self) -> Option<BTreeSet<String>> {
        const OTHERS: [&str; 12] = [
            "CONSTRAINT",
            "PRIMARY",
            "UNIQUE",
            "FOREIGN",
            "CHECK",
            "INDEX",
            "KEY",
            "FULLTEXT",
            "SPATIAL",
            "EXCLUDE",
            "LIKE",
            "PERIOD",
        ];
        let words = |word: &str| self.rest.iter().any(|token| token.is(word));
        if words("SELECT") || words("LIKE") || words("INHERITS") || words("OF") {
            return None;
        }
        let mut list = *self;
        if !list.take_symbol("(") {
            return None;
        }
        let mut names = BTreeSet::new();
        for part in parts(list.rest) {
            if part.first()?.is_any(&OTHERS) {
                continue;
            }
            let mut part = Reader {
                rest: part,
                ..*self
            };
            names.insert(part.name()?.to_lowercase());
        }
        Some(names)
    }

    /// The columns in an index's list, in lower case; `None` where it has more than
    /// plain names.
    fn indexed_columns(&self) -> Option<BTreeSet<String>> {
        let open = self.rest.iter().position(|token| token.is_symbol("("))?;
        let columns = parts(&self.rest[open + 1..]).map(|part| {
            let mut part = Reader {
                rest: part,
                ..*self
            };
            let name = part.name()?.to_lowercase();
            let _ = part.take("ASC") || part.take("DESC");
            part.rest.is_empty().then_some(name)
        });
        columns.collect()
    }

    fn drop_object(mut self) -> Option<Change> {
        let kind = self.kind()?;
        self.take("CONCURRENTLY");
        let mut object = self.object(kind)?;
        if matches!(kind, ObjectKind::Index) && self.take("ON") {
            let table = self.object(ObjectKind::Table)?;
            object.schema = object.schema.or(table.schema);
            object.table = Some(table.name);
        }
        let _ = self.take("CASCADE") || self.take("RESTRICT");
        match self.rest {
            [] => self.change(object, Verb::Drop),
            // Several at once may go half way.
            _ => None,
        }
    }

    fn rename_table(mut self) -> Option<Change> {
        let from = self.object(ObjectKind::Table)?;
        let to = match self.take("TO") {
            true => self.object(ObjectKind::Table)?,
            false => return None,
        };
        match self.rest {
            [] => self.change(from, Verb::Rename(to)),
            _ => None,
        }
    }

    fn alter(mut self) -> Option<Change> {
        let _ = self.take("ONLINE") || self.take("IGNORE");
        if self.kind()? != ObjectKind::Table {
            return None;
        }
        self.take("ONLY");
        let object = self.object(ObjectKind::Table)?;
        let mut renames = self;
        if renames.take("RENAME") && !renames.starts_part() {
            let _ = renames.take("TO") || renames.take("AS");
            let to = renames.object(ObjectKind::Table)?;
            return match renames.rest {
                [] => self.change(object, Verb::Rename(to)),
                _ => None,
            };
        }
        let clauses = parts(self.rest).map(|part| {
            let reader = Reader { rest: part, ..self };
            reader.clause()
        });
        let clauses: Option<Vec<Clause>> = clauses.collect();
        self.change(object, Verb::Alter(clauses.map(joined)))
    }

    fn starts_part(&self) -> bool {
        let words = ["COLUMN", "INDEX", "KEY", "CONSTRAINT"];
        self.rest.first().is_some_and(|token| token.is_any(&words))
    }

    fn clause(mut self) -> Option<Clause> {
        if self.take("ADD") {
            return match self.foreign_key() {
                Some(name) => Some(Clause::Refer(name)),
                None => self.added().map(Clause::Add),
            };
        }
        if self.take("DROP") {
            return self.dropped().map(Clause::Drop);
        }
        if self.take("MODIFY") {
            self.take("COLUMN");
            return self.part("column").map(Clause::Define);
        }
        if self.take("CHANGE") {
            self.take("COLUMN");
            let (from, to) = (self.part("column")?, self.part("column")?);
            return Some(match from.eq_ignore_ascii_case(&to) {
                true => Clause::Define(to),
                false => Clause::Rename(from, to),
            });
        }
        if self.take("RENAME") {
            let kind = if self.take("COLUMN") {
                "column"
            } else if self.take("INDEX") || self.take("KEY") {
                "index"
            } else {
                return None;
            };
            let from = self.part(kind)?;
            return match self.take("TO") {
                true => Some(Clause::Rename(from, self.part(kind)?)),
                false => None,
            };
        }
        if self.take("ALTER") {
            self.take("COLUMN");
            let column = self.part("column")?;
            // What is computed from the old values, or counted anew, is so each time.
            let counts = self.rest.iter().any(|it| it.is_any(&["USING", "RESTART"]));
            let states = self.rest.first()?.is_any(&["SET", "DROP", "TYPE"]);
            return Some(match states && !counts {
                true => Clause::Define(column),
                false => Clause::Change(column),
            });
        }
        self.options()
    }

    /// Options of a table, each with its value: `ENGINE = InnoDB COMMENT 'people'`.
    fn options(mut self) -> Option<Clause> {
        const NAMES: [&str; 6] = [
            "AUTO_INCREMENT",
            "CHARSET",
            "COLLATE",
            "COMMENT",
            "ENGINE",
            "ROW_FORMAT",
        ];
        if self.rest.is_empty() {
            return None;
        }
        while !self.rest.is_empty() {
            self.take("DEFAULT");
            if !self.take_all(&["CHARACTER", "SET"]) {
                let is_name = self.rest.first()?.is_any(&NAMES);
                self.rest = self.rest.get(usize::from(is_name)..)?;
                if !is_name {
                    return None;
                }
            }
            if self.rest.first()?.is_symbol("=") {
                self.rest = &self.rest[1..];
            }
            self.rest = self.rest.get(1..)?;
        }
        Some(Clause::Define("option kind".to_owned()))
    }

    /// The name of `CONSTRAINT name FOREIGN KEY (…`, which names no index.
    fn foreign_key(mut self) -> Option<String> {
        if !self.take("CONSTRAINT") {
            return None;
        }
        let name = self.name()?;
        let is_one = self.take_all(&["FOREIGN", "KEY"]) && self.rest.first()?.is_symbol("(");
        is_one.then_some(name)
    }

    fn added(&mut self) -> Option<String> {
        if self.take_all(&["PRIMARY", "KEY"]) {
            return Some("index PRIMARY".to_owned());
        }
        if self.take("CONSTRAINT") {
            let name = self.name()?;
            let is_index = self.rest.first()?.is("UNIQUE");
            return match self.rest.first()? {
                token if token.is("PRIMARY") => Some("index PRIMARY".to_owned()),
                _ if is_index => Some(format!("index {name}")),
                // A foreign key makes an index beside it where none fits.
                token if token.is("CHECK") => Some(format!("constraint {name}")),
                _ => None,
            };
        }
        let is_index = self.take("UNIQUE") | self.take("FULLTEXT") | self.take("SPATIAL");
        if self.take("INDEX") || self.take("KEY") || is_index {
            return self.part("index");
        }
        let others = ["FOREIGN", "CHECK", "PARTITION", "PERIOD", "SYSTEM", "IF"];
        if self.rest.first()?.is_any(&others) {
            return None;
        }
        self.take("COLUMN");
        if self.rest.first()?.is_symbol("(") || self.rest.first()?.is("IF") {
            return None;
        }
        let column = self.part("column")?;
        // A column that brings an index or a key along changes more than itself.
        let brings = ["PRIMARY", "UNIQUE", "REFERENCES", "KEY", "CHECK"];
        match self.rest.iter().any(|token| token.is_any(&brings)) {
            true => None,
            false => Some(column),
        }
    }

    fn dropped(&mut self) -> Option<String> {
        if self.take_all(&["PRIMARY", "KEY"]) {
            return Some("index PRIMARY".to_owned());
        }
        if self.take("INDEX") || self.take("KEY") {
            return self.part("index");
        }
        if self.take_all(&["FOREIGN", "KEY"]) || self.take("CONSTRAINT") || self.take("CHECK") {
            return self.part("constraint");
        }
        if self.rest.first()?.is("PARTITION") {
            return None;
        }
        self.take("COLUMN");
        let column = self.part("column")?;
        // With anything behind it, or with its indexes, more may go.
        self.rest.is_empty().then_some(column)
    }

    fn part(&mut self, kind: &str) -> Option<String> {
        Some(format!("{kind} {}", self.name()?))
    }
}

/// Clauses where a part that goes and comes again is one that changes.
fn joined(clauses: Vec<Clause>) -> Vec<Clause> {
    let comes_back = |part: &str| {
        let mut clauses = clauses.iter();
        clauses.any(|it| matches!(it, Clause::Add(new) if new.eq_ignore_ascii_case(part)))
    };
    let goes_before = |part: &str| {
        let mut clauses = clauses.iter();
        clauses.any(|it| matches!(it, Clause::Drop(old) if old.eq_ignore_ascii_case(part)))
    };
    let joined = clauses.iter().filter_map(|it| match it {
        Clause::Drop(part) if comes_back(part) => None,
        Clause::Add(part) if goes_before(part) => Some(Clause::Change(part.clone())),
        other => Some(other.clone()),
    });
    joined.collect()
}

/// The parts between commas, up to the end or the closing parenthesis of the
/// list that we are in.
pub(super) fn parts<'t, 's>(tokens: &'t [Token<'s>]) -> impl Iterator<Item = &'t [Token<'s>]> {
    let mut depth = 0_usize;
    let mut starts = vec![0];
    let mut end = tokens.len();
    for (at, token) in tokens.iter().enumerate() {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            if depth == 0 {
                end = at;
                break;
            }
            depth -= 1;
        } else if token.is_symbol(",") && depth == 0 {
            starts.push(at + 1);
        }
    }
    let ends: Vec<usize> = starts
        .iter()
        .skip(1)
        .map(|start| start - 1)
        .chain([end])
        .collect();
    starts
        .into_iter()
        .zip(ends)
        .map(move |(start, end)| &tokens[start..end.max(start)])
}
