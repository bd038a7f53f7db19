//! `SHOW CREATE TABLE`.

use rev_core::Dialect;

use super::cursor::Cursor;
use super::program::Own;
use super::{Request, Server, Unreadable, column, part_name};
use crate::ledger;
use crate::schema::{
    Constraint, Deferral, Index, Options, Part, PartOf, Reference, Rule, Table, Text,
};
use crate::split::{Token, TokenKind};

/// Reads a table, whose columns and collations the catalogue names so.
pub(super) fn read(
    request: &Request,
    text: &str,
    columns: &[(String, Option<String>)],
    server: &Server,
    own: &Own<'_>,
) -> Result<Table, Unreadable> {
    let mut reader = Reader {
        cursor: Cursor::new(text, request),
        columns,
        server,
        own,
        table: Table {
            name: server.name(&request.name),
            ..Table::default()
        },
    };
    reader.body()?;
    reader.options()?;
    let mut table = reader.table;
    if table.columns.len() != columns.len() {
        return Err(request.unreadable(format!(
            "its columns are {} by the catalogue, and {} by its statement",
            columns.len(),
            table.columns.len()
        )));
    }
    table.constraints.sort();
    table.indexes.sort();
    Ok(table)
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    columns: &'a [(String, Option<String>)],
    server: &'a Server,
    own: &'a Own<'a>,
    table: Table,
}

impl Reader<'_> {
    fn body(&mut self) -> Result<(), Unreadable> {
        self.cursor.expect("CREATE")?;
        let _ = self.cursor.takes(&["TEMPORARY"]);
        self.cursor.expect("TABLE")?;
        self.cursor.name()?;
        self.cursor.expect_symbol("(")?;
        loop {
            self.item()?;
            if !self.cursor.takes_symbol(",") {
                return self.cursor.expect_symbol(")");
            }
        }
    }

    fn item(&mut self) -> Result<(), Unreadable> {
        let cursor = &mut self.cursor;
        if cursor.takes(&["CONSTRAINT"]) {
            self.constraint()
        } else if cursor.takes(&["PRIMARY", "KEY"]) {
            self.primary_key()
        } else if cursor.takes(&["PERIOD", "FOR"]) {
            self.period()
        } else if cursor.sees_any(&["UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR", "KEY"]) {
            self.index()
        } else {
            self.column()
        }
    }

    fn column(&mut self) -> Result<(), Unreadable> {
        let known = self.columns.get(self.table.columns.len());
        let collation = known.and_then(|(_, collation)| collation.as_deref());
        let column = column::read(&mut self.cursor, collation, self.server, self.own)?;
        if known.is_none_or(|(name, _)| part_name(name) != column.name) {
            return Err(self.cursor.lost());
        }
        self.table.columns.push(column);
        Ok(())
    }

    fn primary_key(&mut self) -> Result<(), Unreadable> {
        let mut index = self.blank_index(String::new(), None);
        self.index_options(&mut index)?;
        self.parts(&mut index)?;
        self.index_options(&mut index)?;
        self.table.constraints.push(Constraint {
            name: None,
            rule: Rule::PrimaryKey(index.parts),
            deferral: Deferral::Never,
            options: index.options,
            comment: index.comment,
        });
        Ok(())
    }

    fn period(&mut self) -> Result<(), Unreadable> {
        let name = self.cursor.name()?;
        let columns = self.cursor.parenthesized()?.to_owned();
        let key = format!("period {}", name.to_ascii_lowercase());
        self.table.options.insert(key, columns);
        Ok(())
    }

    fn index(&mut self) -> Result<(), Unreadable> {
        let cursor = &mut self.cursor;
        let unique = cursor.takes(&["UNIQUE"]);
        let method = match cursor.sees("KEY") {
            true => None,
            false => Some(cursor.name()?.to_ascii_lowercase()),
        };
        cursor.expect("KEY")?;
        let name = cursor.name()?;
        let mut index = self.blank_index(name, method);
        index.unique = unique;
        self.index_options(&mut index)?;
        self.parts(&mut index)?;
        self.index_options(&mut index)?;
        self.table.indexes.push(index);
        Ok(())
    }

    fn blank_index(&self, name: String, method: Option<String>) -> Index {
        Index {
            name: part_name(&name),
            unique: false,
            method,
            parts: Vec::new(),
            include: Vec::new(),
            predicate: None,
            options: Options::new(),
            comment: None,
        }
    }

    fn parts(&mut self, index: &mut Index) -> Result<(), Unreadable> {
        self.cursor.expect_symbol("(")?;
        loop {
            self.part(index)?;
            if !self.cursor.takes_symbol(",") {
                return self.cursor.expect_symbol(")");
            }
        }
    }

    fn part(&mut self, index: &mut Index) -> Result<(), Unreadable> {
        if self.cursor.sees_symbol("(") {
            let expression = self.own.without(self.cursor.expression()?);
            let mut part = Part::column(Text::default());
            part.of = PartOf::Expression(super::expression(&expression));
            part.descending = self.direction();
            index.parts.push(part);
            return Ok(());
        }
        let name = self.cursor.name()?;
        if self.cursor.takes(&["WITHOUT", "OVERLAPS"]) {
            index.options.insert("without overlaps".to_owned(), name);
            return Ok(());
        }
        let mut part = Part::column(part_name(&name));
        if self.cursor.sees_symbol("(") {
            let length = self.cursor.parenthesized()?.to_owned();
            part.options.insert("length".to_owned(), length);
        }
        part.descending = self.direction();
        index.parts.push(part);
        Ok(())
    }

    fn direction(&mut self) -> bool {
        let descending = self.cursor.takes(&["DESC"]);
        let _ = self.cursor.takes(&["ASC"]);
        descending
    }

    fn index_options(&mut self, index: &mut Index) -> Result<(), Unreadable> {
        loop {
            let ends = [",", "(", ")"].iter().any(|it| self.cursor.sees_symbol(it));
            if ends || self.cursor.is_at_end() {
                return Ok(());
            }
            self.index_option(index)?;
        }
    }

    fn index_option(&mut self, index: &mut Index) -> Result<(), Unreadable> {
        let cursor = &mut self.cursor;
        let (key, value) = if cursor.takes(&["USING"]) {
            ("using".to_owned(), cursor.name()?.to_ascii_uppercase())
        } else if cursor.takes(&["COMMENT"]) {
            index.comment = Some(cursor.string()?);
            return Ok(());
        } else if cursor.takes(&["WITH", "PARSER"]) {
            ("parser".to_owned(), cursor.name()?)
        } else if cursor.takes(&["IGNORED"]) {
            ("ignored".to_owned(), String::new())
        } else if cursor.takes(&["INVISIBLE"]) {
            ("invisible".to_owned(), String::new())
        } else if cursor.takes(&["VISIBLE"]) {
            return Ok(());
        } else {
            let key = cursor.name()?;
            cursor.expect_symbol("=")?;
            (format!("attribute {key}"), cursor.value()?.to_owned())
        };
        index.options.insert(key, value);
        Ok(())
    }

    fn constraint(&mut self) -> Result<(), Unreadable> {
        let name = self.cursor.name()?;
        let mut options = Options::new();
        let rule = if self.cursor.takes(&["FOREIGN", "KEY"]) {
            Rule::ForeignKey(self.reference()?)
        } else {
            self.cursor.expect("CHECK")?;
            let expression = self.own.without(self.cursor.expression()?);
            if self.cursor.takes(&["NOT", "ENFORCED"]) {
                options.insert("not enforced".to_owned(), String::new());
            }
            Rule::Check(super::expression(&expression))
        };
        self.table.constraints.push(Constraint {
            name: Some(constraint_name(&name, &rule, self.table.name.name.as_str())),
            rule,
            deferral: Deferral::Never,
            options,
            comment: None,
        });
        Ok(())
    }

    fn reference(&mut self) -> Result<Reference, Unreadable> {
        let columns = self.cursor.names()?;
        self.cursor.expect("REFERENCES")?;
        let mut table = self.server.name(&self.cursor.name()?);
        if self.cursor.takes_symbol(".") {
            let schema = std::mem::replace(&mut table, self.server.name(&self.cursor.name()?));
            let is_own = schema.name.as_str() == self.server.database;
            table.schema = (!is_own).then_some(schema.name);
        }
        let mut reference = Reference {
            columns,
            table,
            targets: self.cursor.names()?,
            on_update: None,
            on_delete: None,
        };
        loop {
            if self.cursor.takes(&["ON", "DELETE"]) {
                reference.on_delete = self.action()?;
            } else if self.cursor.takes(&["ON", "UPDATE"]) {
                reference.on_update = self.action()?;
            } else if self.cursor.takes(&["MATCH"]) {
                // It is read, and means nothing.
                self.cursor.name()?;
            } else {
                return Ok(reference);
            }
        }
    }

    /// What follows `ON DELETE`, unless it is the default, under any of its names.
    fn action(&mut self) -> Result<Option<String>, Unreadable> {
        for words in [["SET", "NULL"], ["SET", "DEFAULT"]] {
            if self.cursor.takes(&words) {
                return Ok(Some(words.join(" ")));
            }
        }
        if self.cursor.takes(&["NO", "ACTION"]) || self.cursor.takes(&["RESTRICT"]) {
            return Ok(None);
        }
        Ok(Some(self.cursor.name()?.to_ascii_uppercase()))
    }

    fn options(&mut self) -> Result<(), Unreadable> {
        while !self.cursor.is_at_end() {
            if self.cursor.takes_symbol(",") {
                continue;
            }
            if self.cursor.takes(&["PARTITION", "BY"]) {
                let text = partitioning(self.cursor.rest());
                self.table.options.insert("partition by".to_owned(), text);
            } else if self.cursor.takes(&["WITH", "SYSTEM", "VERSIONING"]) {
                let key = "system versioning".to_owned();
                self.table.options.insert(key, String::new());
            } else {
                self.option()?;
            }
        }
        self.settle();
        Ok(())
    }

    /// `KEY=value`, where the key may be several words.
    fn option(&mut self) -> Result<(), Unreadable> {
        let mut key = self.cursor.name()?;
        while !self.cursor.takes_symbol("=") {
            let value = self.cursor.name()?;
            if key.eq_ignore_ascii_case("TABLESPACE") {
                self.table.options.insert("tablespace".to_owned(), value);
                return Ok(());
            }
            key = format!("{key} {value}");
        }
        let key = key.to_ascii_lowercase();
        match key.as_str() {
            "auto_increment" => drop(self.cursor.next()),
            "default charset" => {
                let set = self.cursor.name()?;
                // MySQL leaves out what goes with the character set.
                let stated = self.table.options.entry("collate".to_owned());
                stated.or_insert_with(|| default_collation(&set));
            }
            "comment" => self.table.comment = Some(self.cursor.string()?),
            "engine" | "collate" => {
                let value = self.cursor.name()?;
                self.table.options.insert(key, value);
            }
            _ => {
                let value = match self.cursor.sees_symbol("(") {
                    true => format!("({})", self.cursor.parenthesized()?),
                    false => self.cursor.value()?.to_owned(),
                };
                self.table.options.insert(key, value);
            }
        }
        Ok(())
    }

    /// Takes out what goes without saying.
    fn settle(&mut self) {
        let options = &mut self.table.options;
        if options.get("collate") == Some(&self.server.collation) {
            options.remove("collate");
        }
        let engine = options.get("engine").cloned().unwrap_or_default();
        if engine == "InnoDB" && self.server.engine == "InnoDB" {
            options.remove("engine");
        }
        // With files of their own, tables are there unless they say otherwise.
        if options
            .get("tablespace")
            .is_some_and(|it| it == "innodb_file_per_table")
        {
            options.remove("tablespace");
        }
        // An index has the one that its table had when it was made, and InnoDB asks for none.
        if engine.is_empty() || engine == "InnoDB" {
            let key = "attribute KEY_BLOCK_SIZE";
            for index in &mut self.table.indexes {
                index.options.remove(key);
            }
            for constraint in &mut self.table.constraints {
                constraint.options.remove(key);
            }
        }
        let options = &mut self.table.options;
        // Aria states its default, and leaves it behind.
        if engine != "Aria" || options.get("page_checksum").is_some_and(|it| it == "1") {
            options.remove("page_checksum");
        }
        // Only there it is not the only one that there is.
        if engine != "MEMORY" {
            let is_default =
                |options: &Options| options.get("using").is_some_and(|it| it == "BTREE");
            for index in &mut self.table.indexes {
                if is_default(&index.options) {
                    index.options.remove("using");
                }
            }
            for constraint in &mut self.table.constraints {
                if is_default(&constraint.options) {
                    constraint.options.remove("using");
                }
            }
        }
    }
}

/// The collation that goes with a character set on MySQL.
fn default_collation(set: &str) -> String {
    let word = match set {
        "binary" => return set.to_owned(),
        "utf8mb4" => "0900_ai_ci",
        "latin1" | "dec8" | "swe7" => "swedish_ci",
        "hp8" => "english_ci",
        "ujis" | "sjis" | "cp932" | "eucjpms" => "japanese_ci",
        "euckr" => "korean_ci",
        "big5" | "gb2312" | "gbk" | "gb18030" => "chinese_ci",
        "tis620" => "thai_ci",
        "latin5" => "turkish_ci",
        _ => "general_ci",
    };
    format!("{set}_{word}")
}

/// A name that the server has made up is the same under every number.
fn constraint_name(name: &str, rule: &Rule, table: &str) -> Text {
    match is_made_up(name, rule, table) {
        true => Text::keyed(name, String::new()),
        false => part_name(name),
    }
}

fn is_made_up(name: &str, rule: &Rule, table: &str) -> bool {
    let number = match rule {
        Rule::ForeignKey(_) => name.strip_prefix(&format!("{table}_ibfk_")),
        _ => name
            .strip_prefix("CONSTRAINT_")
            .or_else(|| name.strip_prefix(&format!("{table}_chk_"))),
    };
    number.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What follows `PARTITION BY`, one partition a line: without the engine, which is
/// the table's, and without the day on which rotation was begun. Columns stand in quotes,
/// which MySQL leaves out where it takes nothing but their names.
fn partitioning(tokens: &[Token<'_>]) -> String {
    let mut takes_names = false;
    let mut text = String::new();
    let mut rest = tokens;
    let mut end = tokens.first().map_or(0, |token| token.start);
    while let [first, after @ ..] = rest {
        let dropped = match rest {
            [engine, equals, _, ..] if engine.is("ENGINE") && equals.is_symbol("=") => 3,
            [starts, timestamp, _, ..] if starts.is("STARTS") && timestamp.is("TIMESTAMP") => 3,
            _ => 0,
        };
        if dropped > 0 {
            end = rest[dropped - 1].end();
            rest = &rest[dropped..];
            continue;
        }
        if first.start > end && !text.is_empty() && !first.is_symbol(",") && !first.is_symbol(")") {
            let opens = first.is_symbol("(") && after.first().is_some_and(|it| it.is("PARTITION"));
            let lines = text.ends_with(',') && first.is("PARTITION");
            text.push_str(if opens {
                "\n"
            } else if lines {
                "\n "
            } else {
                " "
            });
        }
        takes_names = match first.text {
            ")" => false,
            _ => takes_names || first.is_any(&["KEY", "COLUMNS"]),
        };
        let is_column = takes_names && first.kind == TokenKind::Word && is_in_a_list(&text);
        text.push_str(&match is_column {
            true => ledger::name(first.text, Dialect::Mysql),
            false => first.text.to_owned(),
        });
        end = first.end();
        rest = after;
    }
    text
}

fn is_in_a_list(text: &str) -> bool {
    text.trim_end().ends_with(['(', ','])
}
