//! Random schemas of MySQL or MariaDB in pairs, with rows that both can hold.
//!
//! What the connected server does not have is left out or said in its own words.
//! Every table has an `id` and a `name`, whose values differ from row to row. Columns
//! come from a pool in which each name has one family of types, so that values mean
//! the same in both schemas; constraints are such that these values meet them.

mod table;

use std::fmt::Write as _;

use rev_testkit::random::Random;

use super::spoken::Spoken;
use table::{Column, Table};

/// How many rows a table has.
pub(crate) const ROWS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Int,
    Text,
    Real,
    Blob,
    Number,
    Moment,
    Label,
    Json,
    Flag,
    Uuid,
    /// The id of a row elsewhere.
    Reference,
}

impl Family {
    fn types(self, spoken: &Spoken) -> &'static [&'static str] {
        match self {
            Family::Uuid if !spoken.has("uuid") => &["CHAR(36)"],
            Family::Int => &[
                "INT",
                "BIGINT",
                "SMALLINT UNSIGNED",
                "MEDIUMINT",
                "INT(5) ZEROFILL",
                "TINYINT",
            ],
            Family::Text => &[
                "VARCHAR(40)",
                "VARCHAR(80)",
                "TEXT",
                "LONGTEXT",
                "VARCHAR(40) CHARACTER SET latin1",
                "VARCHAR(40) COLLATE utf8mb4_bin",
            ],
            Family::Real => &["DOUBLE", "FLOAT", "DECIMAL(8, 2)", "DOUBLE UNSIGNED"],
            Family::Blob => &["BLOB", "VARBINARY(20)", "MEDIUMBLOB"],
            Family::Number => &["DECIMAL(10, 2)", "DECIMAL(12, 4)", "DOUBLE"],
            Family::Moment => &["DATETIME", "DATETIME(3)", "TIMESTAMP"],
            Family::Label => &[
                "ENUM('a', 'b', 'c')",
                "ENUM('d', 'c', 'b', 'a', 'it''s')",
                "SET('a', 'b', 'c')",
                "VARCHAR(5)",
            ],
            Family::Json => &["JSON", "LONGTEXT"],
            Family::Flag => &["BOOLEAN", "BIT(4)", "TINYINT"],
            Family::Uuid => &["UUID", "CHAR(36)"],
            Family::Reference => &["INT"],
        }
    }

    fn defaults(self) -> &'static [&'static str] {
        match self {
            Family::Int => &["7", "'8'", "(1 + 2)", "(NEXT VALUE FOR numbers)"],
            Family::Text => &["'x'", "'it''s \\\\'", "(lower('A;B'))", "''", "(uuid())"],
            Family::Real => &["1.5", "2", "(0.5 + 1)"],
            Family::Blob => &["'ab'", "x'00ff'"],
            Family::Number => &["0", "0.75"],
            Family::Moment => &[
                "CURRENT_TIMESTAMP",
                "'2020-02-29 12:00:00'",
                "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
            ],
            Family::Label => &["'a'", "'c'"],
            Family::Json => &["'[]'", "('{}')"],
            Family::Flag => &["0", "1"],
            Family::Uuid => &["'6ccd780c-baba-1026-9564-5b8c656024db'"],
            Family::Reference => &["NULL"],
        }
    }

    fn value(self, row: usize) -> String {
        match self {
            Family::Int => (row * 10).to_string(),
            Family::Text => format!("'t{row}'"),
            Family::Real => format!("{row}.5"),
            Family::Blob => format!("x'ff0{row}'"),
            Family::Number => format!("{}.25", row * 10),
            Family::Moment => format!("'2024-01-0{row} 10:00:00'"),
            Family::Label => format!("'{}'", ["a", "b", "c"][row - 1]),
            Family::Json => format!("'{{\"n\": {row}}}'"),
            Family::Flag => (row % 2).to_string(),
            Family::Uuid => format!("'0000000{row}-0000-4000-8000-000000000000'"),
            Family::Reference => row.to_string(),
        }
    }

    /// A value as a text that is the same for all types of the family.
    fn shown(self, column: &str) -> String {
        match self {
            Family::Int | Family::Flag | Family::Reference => format!("{column} + 0"),
            Family::Text | Family::Json => format!("HEX(CONVERT({column} USING utf8mb4))"),
            Family::Real | Family::Number => format!("ROUND({column} * 100)"),
            Family::Blob => format!("HEX({column})"),
            Family::Moment => format!("DATE_FORMAT({column}, '%Y-%m-%d %H:%i:%s')"),
            Family::Label | Family::Uuid => format!("LOWER(CONCAT({column}))"),
        }
    }

    /// What every value meets, the fillers too.
    fn check(self, column: &str) -> Option<String> {
        Some(match self {
            Family::Int => format!("{column} > -100 AND {column} < 20000"),
            Family::Text => format!("char_length({column}) < 200 OR {column} = 'no (way'"),
            Family::Real | Family::Number => format!("({column} >= -9999)"),
            Family::Json => format!("json_valid({column}) OR {column} = ''"),
            _ => return None,
        })
    }

    /// Whether the values of rows differ.
    fn is_distinct(self) -> bool {
        !matches!(self, Family::Flag | Family::Json | Family::Reference)
    }

    /// What an index on a column of the family holds.
    fn indexed(self, column: &str) -> String {
        match self {
            Family::Text | Family::Json | Family::Blob => format!("{column}(10)"),
            _ => column.to_owned(),
        }
    }
}

const POOL: [(&str, Family); 12] = [
    ("power", Family::Int),
    ("note", Family::Text),
    ("score", Family::Real),
    ("data", Family::Blob),
    ("price", Family::Number),
    ("since", Family::Moment),
    ("kind", Family::Label),
    ("more", Family::Json),
    ("flag", Family::Flag),
    ("uid", Family::Uuid),
    ("team_id", Family::Reference),
    ("two words", Family::Text),
];

const TABLES: [&str; 5] = ["team", "hero", "mission", "Fight Log", "order"];

/// A schema.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    spoken: Spoken,
    tables: Vec<Table>,
    big_ids: bool,
    sequence: Option<&'static str>,
    function: Option<&'static str>,
    procedure: Option<&'static str>,
    event: Option<&'static str>,
}

/// Two schemas, and the renames between them.
pub(crate) struct Pair {
    pub(crate) from: Plan,
    pub(crate) to: Plan,
    pub(crate) renames: Vec<String>,
}

impl Pair {
    pub(crate) fn new(spoken: &Spoken, random: &mut Random) -> Self {
        let mut from = Plan::new(spoken, random);
        let mut to = from.clone();
        for _ in 0..=random.below(6) {
            to.mutate(random);
        }
        to.settle();
        from.mend(&to);
        to.mend(&from);
        // What the second has lost must not be needed on the way back.
        from.mend(&to);
        let mut renames = Vec::new();
        if random.chance(30) {
            to.rename_column(&from, &mut renames);
        }
        if random.chance(20) {
            to.rename_table(&from, random, &mut renames);
        }
        Self { from, to, renames }
    }
}

const SEQUENCES: [Option<&str>; 3] = [
    None,
    Some(""),
    Some(" START WITH 5 INCREMENT BY 2 MAXVALUE 900 NOCACHE CYCLE"),
];
const FUNCTIONS: [Option<&str>; 3] = [
    None,
    Some("(n BIGINT) RETURNS BIGINT DETERMINISTIC RETURN n * 2"),
    Some(
        "(n BIGINT) RETURNS BIGINT DETERMINISTIC COMMENT 'more' BEGIN\n  IF n > 3 THEN RETURN 3; END IF;\n  RETURN n;\nEND",
    ),
];
const PROCEDURES: [Option<&str>; 3] = [
    None,
    Some("(IN a INT, OUT `b c` VARCHAR(20)) READS SQL DATA SELECT a INTO `b c` -- why\n"),
    Some("() SQL SECURITY INVOKER MODIFIES SQL DATA BEGIN DELETE FROM team WHERE id < 0; END"),
];
const EVENTS: [Option<&str>; 3] = [
    None,
    Some("EVERY 1 DAY DO SELECT 1"),
    Some(
        "EVERY 2 HOUR STARTS '2031-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE COMMENT 'it''s' \
         DO BEGIN SELECT 1; SELECT 2; END",
    ),
];

impl Plan {
    fn new(spoken: &Spoken, random: &mut Random) -> Self {
        let mut plan = Self {
            spoken: spoken.clone(),
            tables: Vec::new(),
            big_ids: random.chance(20),
            sequence: random.pick(&SEQUENCES),
            function: random.pick(&FUNCTIONS),
            procedure: random.pick(&PROCEDURES),
            event: random.pick(&EVENTS),
        };
        for name in TABLES {
            if random.chance(50) {
                plan.tables.push(Table::new(name, spoken, random));
            }
        }
        plan.settle();
        plan
    }

    fn mutate(&mut self, random: &mut Random) {
        match random.below(20) {
            0 => self.big_ids = !self.big_ids,
            1 => self.sequence = random.pick(&SEQUENCES),
            2 => self.function = random.pick(&FUNCTIONS),
            3 => self.procedure = random.pick(&PROCEDURES),
            4 => self.event = random.pick(&EVENTS),
            _ => self.mutate_table(random),
        }
    }

    fn mutate_table(&mut self, random: &mut Random) {
        let name = random.pick(&TABLES);
        match self.tables.iter().position(|table| table.name == name) {
            None => self.tables.push(Table::new(name, &self.spoken, random)),
            Some(index) if random.chance(12) => drop(self.tables.remove(index)),
            Some(index) => self.tables[index].mutate(random),
        }
    }

    fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// Takes out what no server would take.
    fn settle(&mut self) {
        if !self.spoken.has("sequences") {
            self.sequence = None;
        }
        let has_numbers = self.sequence.is_some();
        let mut targets: Vec<String> = Vec::new();
        for table in &mut self.tables {
            table.settle(has_numbers);
        }
        for table in &mut self.tables {
            table.reference = table.reference.take().filter(|_| table.has("team_id"));
        }
        let plain: Vec<String> = self
            .tables
            .iter()
            .filter(|it| it.may_be_referred_to() && it.is_plain())
            .map(|it| it.name.clone())
            .collect();
        for table in &mut self.tables {
            let fits = table.is_plain();
            table.reference = table
                .reference
                .take()
                .filter(|(target, ..)| fits && plain.contains(target));
            targets.extend(table.reference.iter().map(|(target, ..)| target.clone()));
        }
    }

    /// Takes out what the rows of the other schema would not meet on their way here.
    fn mend(&mut self, other: &Plan) {
        for table in &mut self.tables {
            let Some(old) = other.table(&table.name) else {
                continue;
            };
            // New columns are the same in all rows.
            table.uniques.retain(|name| old.has(name));
            let lost = |target: &str| other.table(target).is_none();
            table.reference = table.reference.take().filter(|(target, ..)| !lost(target));
        }
    }

    fn rename_column(&mut self, from: &Plan, renames: &mut Vec<String>) {
        for table in &mut self.tables {
            let known = from.table(&table.name).is_some_and(|it| it.has("note"));
            if known && table.has("note") {
                for column in &mut table.columns {
                    if column.name == "note" {
                        "remark".clone_into(&mut column.name);
                    }
                    if let Some((text, _)) = &mut column.computed {
                        *text = text.replace("`note`", "`remark`");
                    }
                }
                for (_, column, text) in &mut table.checks {
                    if *column == "note" {
                        *column = "remark";
                    }
                    *text = text.replace("`note`", "`remark`");
                }
                for name in &mut table.uniques {
                    if *name == "note" {
                        *name = "remark";
                    }
                }
                for (_, name, _) in &mut table.indexes {
                    if *name == "note" {
                        *name = "remark";
                    }
                }
                renames.push(format!("{}.note:remark", table.name));
                return;
            }
        }
    }

    fn rename_table(&mut self, from: &Plan, random: &mut Random, renames: &mut Vec<String>) {
        if self.tables.is_empty() {
            return;
        }
        let index = random.below(self.tables.len());
        let old = self.tables[index].name.clone();
        if from.table(&old).is_none() || renames.iter().any(|it| it.starts_with(&old)) {
            return;
        }
        "squad".clone_into(&mut self.tables[index].name);
        let references = self.tables.iter_mut();
        for (target, ..) in references.filter_map(|it| it.reference.as_mut()) {
            if *target == old {
                "squad".clone_into(target);
            }
        }
        renames.push(format!("{old}:squad"));
    }

    /// The statements that make it.
    pub(crate) fn sql(&self) -> String {
        let mut sql = String::from("SET foreign_key_checks = 0;\n");
        if let Some(options) = self.sequence {
            let _ = writeln!(sql, "CREATE SEQUENCE numbers{options};");
        }
        if let Some(text) = self.function {
            let _ = writeln!(sql, "CREATE FUNCTION doubled{text};");
        }
        if let Some(text) = self.procedure {
            let _ = writeln!(sql, "CREATE PROCEDURE doubled{text};");
        }
        if let Some(text) = self.event {
            let _ = writeln!(sql, "CREATE EVENT daily ON SCHEDULE {text};");
        }
        for table in &self.tables {
            let _ = writeln!(sql, "{};", table.sql(self.big_ids));
        }
        for table in &self.tables {
            self.objects(table, &mut sql);
        }
        sql
    }

    fn objects(&self, table: &Table, sql: &mut String) {
        let (name, slug) = (quoted(&table.name), table.name.replace(' ', ""));
        if table.view {
            let value = match self.function {
                Some(_) => "doubled(id)",
                None => "id + 1",
            };
            let _ = writeln!(
                sql,
                "CREATE VIEW v_{slug} AS SELECT id, name, {value} AS `the value` FROM {name} WHERE id > 0;\n\
                 CREATE SQL SECURITY INVOKER VIEW a_{slug} AS SELECT count(*) AS n FROM v_{slug};"
            );
        }
        for number in 0..table.triggers {
            // Against the order of their names.
            let letter = ["c", "b", "a"][number];
            let _ = writeln!(
                sql,
                "CREATE TRIGGER {letter}_{slug} BEFORE UPDATE ON {name} FOR EACH ROW BEGIN\n  \
                 IF new.id > 900 THEN SET new.id = {number}; END IF; -- never;\nEND;"
            );
        }
    }

    /// Rows for all tables.
    pub(crate) fn rows(&self) -> String {
        let mut sql = String::from("SET foreign_key_checks = 0;\n");
        for table in &self.tables {
            let columns = table.columns.iter().filter(|it| it.computed.is_none());
            let columns: Vec<&Column> = columns.collect();
            let names: Vec<String> = columns.iter().map(|it| quoted(&it.name)).collect();
            let row = |row: usize| {
                let value = |column: &&Column| match column.name.as_str() {
                    "id" => row.to_string(),
                    "name" => format!("'n{row}'"),
                    _ if !column.not_null && row == 1 => "NULL".to_owned(),
                    _ => column.family.value(row),
                };
                let values: Vec<String> = columns.iter().map(value).collect();
                format!("({})", values.join(", "))
            };
            let rows: Vec<String> = (1..=ROWS).map(row).collect();
            let _ = writeln!(
                sql,
                "INSERT INTO {} ({}) VALUES {};",
                quoted(&table.name),
                names.join(", "),
                rows.join(", ")
            );
        }
        sql
    }

    /// For each table, by its name in the other schema: a query of what both keep, by
    /// name, in either.
    pub(crate) fn kept(&self, other: &Plan, renames: &[String]) -> Vec<(String, String)> {
        let new_name = |old: &str| {
            let mut renames = renames.iter();
            let renamed = renames.find_map(|it| it.strip_prefix(&format!("{old}:")));
            renamed.unwrap_or(old).to_owned()
        };
        let mut queries = Vec::new();
        for table in &self.tables {
            let Some(new) = other.table(&new_name(&table.name)) else {
                continue;
            };
            let mut mine = vec!["name".to_owned()];
            let mut theirs = mine.clone();
            for column in table.columns.iter().filter(|it| it.computed.is_none()) {
                // A NULL may have got a value.
                let of_row = |name: &str| {
                    let shown = column.family.shown(&quoted(name));
                    format!("CASE WHEN id > 1 THEN {shown} END")
                };
                let found = new.columns.iter().find(|it| {
                    it.name == column.name || (it.name == "remark" && column.name == "note")
                });
                if let Some(found) = found.filter(|it| it.computed.is_none()) {
                    mine.push(of_row(&column.name));
                    theirs.push(of_row(&found.name));
                }
            }
            let query = |columns: &[String], name: &str| {
                let columns = columns.join(", ");
                format!("SELECT {columns} FROM {} ORDER BY id", quoted(name))
            };
            queries.push((query(&mine, &table.name), query(&theirs, &new.name)));
        }
        queries
    }
}

fn quoted(name: &str) -> String {
    format!("`{name}`")
}
