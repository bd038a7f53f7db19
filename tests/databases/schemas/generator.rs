//! Random SQLite schemas in pairs, with rows that both can hold.
//!
//! Every table has an `id` and a `name`, whose values differ from row to row. Columns
//! come from a pool in which each name has one family of types, so that values mean
//! the same in both schemas; constraints are such that these values meet them.

use std::fmt::Write as _;

use rev_testkit::random::Random;

/// How many rows a table has.
pub(crate) const ROWS: i64 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Int,
    Text,
    Real,
    Blob,
    Number,
    /// The id of a row elsewhere.
    Reference,
}

impl Family {
    fn types(self, strict: bool) -> &'static [&'static str] {
        match (self, strict) {
            (Family::Int | Family::Reference, true) => &["INTEGER", "INT"],
            (Family::Int | Family::Reference, false) => {
                &["INTEGER", "INT", "BIGINT", "unsigned big int"]
            }
            (Family::Text, true) => &["TEXT"],
            (Family::Text, false) => &["TEXT", "VARCHAR(40)", "varchar (80)", "CLOB", "nchar(55)"],
            (Family::Real, true) => &["REAL"],
            (Family::Real, false) => &["REAL", "DOUBLE PRECISION", "FLOAT"],
            (Family::Blob, true) => &["BLOB", "ANY"],
            (Family::Blob, false) => &["BLOB", ""],
            (Family::Number, true) => &["REAL"],
            (Family::Number, false) => &["NUMERIC", "DECIMAL(10,2)", "decimal(12, 2)"],
        }
    }

    fn defaults(self) -> &'static [&'static str] {
        match self {
            Family::Int => &["7", "-3", "(1 + 2)", "+5", "NULL"],
            Family::Text => &[
                "'x'",
                "'it''s'",
                "CURRENT_TIMESTAMP",
                "(lower('A;B'))",
                "''",
                "bare",
            ],
            Family::Real => &["1.5", "-2.5e3", "(0.5)"],
            Family::Blob => &["x'00ff'", "(zeroblob(2))"],
            Family::Number => &["0", "TRUE", "0.75"],
            Family::Reference => &["NULL"],
        }
    }

    fn value(self, row: i64) -> String {
        match self {
            Family::Int => (row * 10).to_string(),
            Family::Text => format!("'t{row}'"),
            Family::Real => format!("{row}.5"),
            Family::Blob => format!("x'0{row}'"),
            Family::Number => format!("{}.25", row * 10),
            Family::Reference => row.to_string(),
        }
    }

    /// What every value meets, the fillers 0 and `''` too.
    fn check(self, column: &str) -> Option<String> {
        Some(match self {
            Family::Int => format!("{column} > -100 AND {column} < 1000"),
            Family::Text => format!("length({column}) < 200 OR {column} = 'no (way'"),
            Family::Real | Family::Number => format!("({column} >= -9999)"),
            Family::Blob | Family::Reference => return None,
        })
    }
}

const POOL: [(&str, Family); 8] = [
    ("power", Family::Int),
    ("note", Family::Text),
    ("score", Family::Real),
    ("data", Family::Blob),
    ("flag", Family::Number),
    ("team_id", Family::Reference),
    ("two words", Family::Text),
    ("select", Family::Int),
];

const TABLES: [&str; 5] = ["team", "hero", "mission", "Fight Log", "order"];

#[derive(Debug, Clone, PartialEq)]
struct Column {
    name: String,
    family: Family,
    type_name: &'static str,
    not_null: bool,
    default: Option<&'static str>,
    collation: Option<&'static str>,
    /// What it is computed from, and whether it is stored.
    computed: Option<(String, bool)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    RowId,
    Counted,
    Apart,
    Named,
    Downwards,
    Name,
    Both,
    None,
}

impl Key {
    const ALL: [Key; 8] = [
        Key::RowId,
        Key::Counted,
        Key::Apart,
        Key::Named,
        Key::Downwards,
        Key::Name,
        Key::Both,
        Key::None,
    ];

    fn is_id(self) -> bool {
        !matches!(self, Key::Name | Key::Both | Key::None)
    }
}

#[derive(Debug, Clone)]
struct Table {
    name: String,
    key: Key,
    strict: bool,
    without_rowid: bool,
    columns: Vec<Column>,
    uniques: Vec<String>,
    checks: Vec<(Option<&'static str>, String)>,
    /// The table that `team_id` refers to, and what follows.
    reference: Option<(String, &'static str)>,
    /// Name, whether unique, what follows the table.
    indexes: Vec<(String, bool, String)>,
    view: bool,
    trigger: bool,
}

/// A schema.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    tables: Vec<Table>,
    /// Which of [`WORDS`] there is.
    words: Option<usize>,
}

/// Forms of a table for full texts.
const WORDS: [&str; 3] = [
    "CREATE VIRTUAL TABLE words USING fts5(title, body);",
    "create virtual table words using FTS5 (title, body UNINDEXED, tokenize = 'porter ascii');",
    "CREATE VIRTUAL TABLE words USING fts5(title, prefix = '2 3'); CREATE VIEW worded AS SELECT title FROM words;",
];

/// Two schemas, and the renames between them.
pub(crate) struct Pair {
    pub(crate) from: Plan,
    pub(crate) to: Plan,
    pub(crate) renames: Vec<String>,
    /// A pattern of what is left out.
    pub(crate) excluded: Option<&'static str>,
}

impl Pair {
    pub(crate) fn new(random: &mut Random) -> Self {
        let from = Plan::new(random);
        let mut to = from.clone();
        for _ in 0..=random.below(5) {
            to.mutate(random);
        }
        to.mend(Some(&from));
        let mut from = from;
        from.differ(&to);
        to.differ(&from);
        let mut renames = Vec::new();
        match random.below(10) {
            0 | 1 => to.rename_table(&from, random, &mut renames),
            2 => to.swap_tables(&from, random, &mut renames),
            3 => to.rename_onto(&from, random, &mut renames),
            _ => {}
        }
        match random.below(10) {
            0..=2 => to.rename_column(&from, &mut renames),
            3 => to.swap_columns(&from, &mut renames),
            _ => {}
        }
        let mut pair = Self {
            from,
            to,
            renames,
            excluded: None,
        };
        if random.chance(15) {
            // What reads a table that goes would be broken, which SQLite does not allow.
            let patterns = match pair.lost().is_empty() {
                // Strict tables refuse some types.
                true if pair.to.tables.iter().all(|it| !it.strict) => {
                    ["trigger:*", "view:*", "column:*.score", "check:*"].as_slice()
                }
                true => ["trigger:*", "view:*", "check:*"].as_slice(),
                false => ["index:*", "index:*.*_1", "unique:*"].as_slice(),
            };
            pair.excluded = Some(random.pick(patterns));
        }
        pair
    }

    /// The tables whose rows are lost on the way up.
    pub(crate) fn lost(&self) -> Vec<&str> {
        let names = self.from.tables.iter().map(|it| it.name.as_str());
        let stays = |name: &str| self.to.successor(name, &self.renames).is_some();
        names.filter(|it| !stays(it)).collect()
    }
}

impl Plan {
    fn new(random: &mut Random) -> Self {
        let mut plan = Self {
            tables: Vec::new(),
            words: random.chance(20).then(|| random.pick(&[0, 1, 2])),
        };
        for name in TABLES {
            if random.chance(60) {
                plan.tables.push(Table::new(name, random));
            }
        }
        plan.mend(None);
        plan
    }

    fn mutate(&mut self, random: &mut Random) {
        if random.chance(8) {
            self.words = random.chance(70).then(|| random.pick(&[0, 1, 2]));
        }
        let name = random.pick(&TABLES);
        match self.tables.iter().position(|table| table.name == name) {
            None => self.tables.push(Table::new(name, random)),
            Some(index) if random.chance(12) => drop(self.tables.remove(index)),
            Some(index) => self.tables[index].mutate(random),
        }
    }

    /// Takes out what does not fit: references to what has no id, and uniqueness of
    /// what is the same in all rows of the first schema.
    fn mend(&mut self, before: Option<&Plan>) {
        self.tables.iter_mut().for_each(Table::settle);
        let ids: Vec<String> = self
            .tables
            .iter()
            .filter(|table| table.key.is_id())
            .map(|table| table.name.clone())
            .collect();
        for table in &mut self.tables {
            let old = before.map(|plan| plan.table(&table.name));
            let has_rows = |name: &str| before.is_none_or(|plan| plan.table(name).is_some());
            let can_refer = table.has("team_id");
            table.reference = table.reference.take().filter(|(name, _)| {
                can_refer
                    && ids.contains(name)
                    && (has_rows(name) || old.is_some_and(|old| old.is_none()))
            });
            let columns = table.columns.clone();
            let fits = |text: &str| {
                POOL.iter().all(|(name, _)| {
                    !mentions(text, name)
                        || columns
                            .iter()
                            .any(|it| it.name == *name && it.computed.is_none())
                })
            };
            table.checks.retain(|(_, text)| fits(text));
            table.uniques.retain(|text| fits(text));
            table.indexes.retain(|(_, _, text)| fits(text));
            let is_there = |text: &str| fits(text);
            table
                .columns
                .retain(|it| it.computed.as_ref().is_none_or(|(text, _)| is_there(text)));
            table.settle();
        }
    }

    /// Takes out uniqueness of what the other schema's rows do not have.
    fn differ(&mut self, other: &Plan) {
        for table in &mut self.tables {
            let Some(other) = other.table(&table.name) else {
                continue;
            };
            let differs = |text: &str| {
                let mut pool = POOL.iter();
                pool.all(|(name, _)| !mentions(text, name) || other.has(name))
            };
            table.uniques.retain(|text| differs(text));
            table
                .indexes
                .retain(|(_, unique, text)| !unique || differs(text));
        }
    }

    fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// What a table has become, if it has not gone.
    fn successor(&self, old: &str, renames: &[String]) -> Option<&Table> {
        let tables: Vec<(&str, &str)> = renames
            .iter()
            .filter(|it| !it.contains('.'))
            .filter_map(|it| it.split_once(':'))
            .collect();
        let renamed = tables.iter().find(|(from, _)| *from == old);
        let is_taken = tables.iter().any(|(_, to)| *to == old);
        match renamed {
            Some((_, new)) => self.table(new),
            None if is_taken => None,
            None => self.table(old),
        }
    }

    /// Gives tables other names, also where they are referred to.
    fn rename_all(&mut self, renames: &[(&str, &str)]) {
        let new = |name: &mut String| {
            if let Some((_, to)) = renames.iter().find(|(from, _)| from == name) {
                (*to).clone_into(name);
            }
        };
        for table in &mut self.tables {
            new(&mut table.name);
            table.reference.iter_mut().for_each(|(name, _)| new(name));
        }
    }

    fn rename_table(&mut self, from: &Plan, random: &mut Random, renames: &mut Vec<String>) {
        if let Some(old) = self.both(from, random).first() {
            self.rename_all(&[(old, "squad")]);
            renames.push(format!("{old}:squad"));
        }
    }

    fn swap_tables(&mut self, from: &Plan, random: &mut Random, renames: &mut Vec<String>) {
        if let [one, other, ..] = self.both(from, random).as_slice() {
            self.rename_all(&[(one, other), (other, one)]);
            renames.extend([format!("{one}:{other}"), format!("{other}:{one}")]);
        }
    }

    /// One table takes the name of another, which goes.
    fn rename_onto(&mut self, from: &Plan, random: &mut Random, renames: &mut Vec<String>) {
        if let [old, gone, ..] = self.both(from, random).as_slice() {
            self.tables.retain(|it| it.name != *gone);
            self.rename_all(&[(old, gone)]);
            for table in &mut self.tables {
                // It would refer to other rows than before.
                table.reference = None;
            }
            renames.push(format!("{old}:{gone}"));
        }
    }

    /// The names that both have, the first at random.
    fn both(&self, from: &Plan, random: &mut Random) -> Vec<String> {
        let names = self.tables.iter().map(|it| it.name.clone());
        let mut names: Vec<String> = names.filter(|it| from.table(it).is_some()).collect();
        if !names.is_empty() {
            let by = random.below(names.len());
            names.rotate_left(by);
        }
        names
    }

    fn rename_column(&mut self, from: &Plan, renames: &mut Vec<String>) {
        self.rename_columns(from, &[("note", "remark")], renames);
    }

    fn swap_columns(&mut self, from: &Plan, renames: &mut Vec<String>) {
        let both = [("note", "two words"), ("two words", "note")];
        self.rename_columns(from, &both, renames);
    }

    /// Gives columns of the first table that has them all, and had, other names.
    fn rename_columns(&mut self, from: &Plan, columns: &[(&str, &str)], renames: &mut Vec<String>) {
        let has = |table: &Table| columns.iter().all(|(old, _)| table.has(old));
        let mut old = from.tables.iter().filter(|it| has(it));
        let found = old.find_map(|old| {
            let now = self.successor(&old.name, renames)?;
            has(now).then(|| now.name.clone())
        });
        let Some(name) = found else { return };
        for (old, new) in columns {
            renames.push(format!("{name}.{old}:{new}"));
        }
        let change = |text: &mut String| {
            let mark = |index: usize| format!("\0{index}");
            for (index, (old, _)) in columns.iter().enumerate() {
                *text = text.replace(&quoted(old), &mark(index));
            }
            for (index, (_, new)) in columns.iter().enumerate() {
                *text = text.replace(&mark(index), &quoted(new));
            }
        };
        let table = self.tables.iter_mut().find(|it| it.name == name);
        let table = table.expect("it was found");
        table.columns.iter_mut().for_each(|it| {
            let renamed = columns.iter().find(|(old, _)| *old == it.name);
            it.name = renamed.map_or(it.name.as_str(), |(_, new)| new).to_owned();
            it.computed.iter_mut().for_each(|(text, _)| change(text));
        });
        table.uniques.iter_mut().for_each(change);
        table.checks.iter_mut().for_each(|(_, text)| change(text));
        table
            .indexes
            .iter_mut()
            .for_each(|(_, _, text)| change(text));
    }

    /// The statements that make it, spelt at random.
    pub(crate) fn sql(&self, random: &mut Random) -> String {
        let mut sql = String::new();
        for table in &self.tables {
            let _ = writeln!(sql, "{};", table.sql(random));
            for (name, unique, rest) in &table.indexes {
                let unique = if *unique { "UNIQUE " } else { "" };
                let table = quoted(&table.name);
                let _ = writeln!(
                    sql,
                    "CREATE {unique}INDEX {} ON {table} {rest};",
                    quoted(name)
                );
            }
        }
        for (index, table) in self.tables.iter().enumerate() {
            let name = quoted(&table.name);
            if table.view {
                let _ = writeln!(
                    sql,
                    "CREATE VIEW v{index} AS\nSELECT id, name FROM {name} -- all\n WHERE id > 0;"
                );
                let _ = writeln!(
                    sql,
                    "CREATE VIEW vv{index} AS SELECT count(*) AS n FROM v{index};"
                );
            }
            if table.trigger {
                let other = quoted(&self.tables[(index + 1) % self.tables.len()].name);
                let _ = writeln!(
                    sql,
                    "CREATE TRIGGER tr{index} AFTER UPDATE OF name ON {name} WHEN new.id > 900 BEGIN\n  \
                     UPDATE {other} SET name = name WHERE id = new.id;\n  \
                     SELECT CASE WHEN new.id > 950 THEN 1 END;\nEND;"
                );
            }
        }
        if let Some(form) = self.words {
            let _ = writeln!(sql, "{}", WORDS[form]);
        }
        sql
    }

    /// Rows for all tables.
    pub(crate) fn rows(&self) -> String {
        let mut sql = String::new();
        for table in &self.tables {
            let columns: Vec<&Column> = table
                .columns
                .iter()
                .filter(|it| it.computed.is_none())
                .collect();
            let names: Vec<String> = columns.iter().map(|it| quoted(&it.name)).collect();
            for row in 1..=ROWS {
                let value = |column: &&Column| match column.name.as_str() {
                    "id" => row.to_string(),
                    "name" => format!("'n{row} of {}'", table.name),
                    _ if !column.not_null && row == 1 => "NULL".to_owned(),
                    "two words" => format!("'w{row}'"),
                    _ => column.family.value(row),
                };
                let values: Vec<String> = columns.iter().map(value).collect();
                let _ = writeln!(
                    sql,
                    "INSERT INTO {} ({}) VALUES ({});",
                    quoted(&table.name),
                    names.join(", "),
                    values.join(", ")
                );
            }
        }
        sql
    }

    /// For each table, by its name in the other schema: a query of what both keep,
    /// by name, in either.
    pub(crate) fn kept(&self, other: &Plan, renames: &[String]) -> Vec<(String, String)> {
        let mut queries = Vec::new();
        for table in &self.tables {
            let Some(new) = other.successor(&table.name, renames) else {
                continue;
            };
            let new_name = |column: &str| {
                let prefix = format!("{}.{column}:", new.name);
                let renamed = renames.iter().find_map(|it| it.strip_prefix(&prefix));
                renamed.unwrap_or(column).to_owned()
            };
            let mut mine = vec!["name".to_owned()];
            let mut theirs = mine.clone();
            for column in table.columns.iter().filter(|it| it.computed.is_none()) {
                // A NULL may have got a value.
                let of_row = |name: &str| {
                    format!(
                        "CASE WHEN id > 1 THEN hex({0}) || typeof({0}) END",
                        quoted(name)
                    )
                };
                let name = new_name(&column.name);
                let found = new.columns.iter().find(|it| it.name == name);
                if let Some(found) = found.filter(|it| it.computed.is_none()) {
                    mine.push(of_row(&column.name));
                    theirs.push(of_row(&found.name));
                }
            }
            let query = |columns: &[String], name: &str| {
                let columns = columns.join(", ");
                format!("SELECT {columns} FROM {} ORDER BY name", quoted(name))
            };
            queries.push((query(&mine, &table.name), query(&theirs, &new.name)));
        }
        queries
    }
}

fn mentions(text: &str, column: &str) -> bool {
    text.contains(&quoted(column))
}

/// In quotes, or not where that is the same.
fn quoted(name: &str) -> String {
    match name {
        "two words" | "select" | "Fight Log" | "order" => format!("\"{name}\""),
        plain => plain.to_owned(),
    }
}

impl Table {
    fn new(name: &str, random: &mut Random) -> Self {
        let mut table = Self {
            name: name.to_owned(),
            key: random.pick(&Key::ALL),
            strict: random.chance(20),
            without_rowid: random.chance(15),
            columns: Vec::new(),
            uniques: Vec::new(),
            checks: Vec::new(),
            reference: None,
            indexes: Vec::new(),
            view: random.chance(40),
            trigger: random.chance(30),
        };
        table
            .columns
            .push(Column::new("id", Family::Int, &table, random));
        table
            .columns
            .push(Column::new("name", Family::Text, &table, random));
        for _ in 0..random.below(9) {
            table.mutate(random);
        }
        table
    }

    fn has(&self, column: &str) -> bool {
        self.columns
            .iter()
            .any(|it| it.name == column && it.computed.is_none())
    }

    fn mutate(&mut self, random: &mut Random) {
        let (name, family) = random.pick(&POOL);
        let place = self.columns.iter().position(|it| it.name == name);
        match random.below(16) {
            0..=5 => {
                let column = Column::new(name, family, self, random);
                match place {
                    Some(index) if random.chance(40) => drop(self.columns.remove(index)),
                    Some(index) => self.columns[index] = column,
                    None => {
                        let at = 2 + random.below(self.columns.len() - 1);
                        self.columns.insert(at, column);
                    }
                }
            }
            6 => self.key = random.pick(&Key::ALL),
            7 => self.strict = !self.strict,
            8 => self.without_rowid = !self.without_rowid,
            9 => {
                let text = if random.chance(50) {
                    quoted(name)
                } else {
                    "id, name".to_owned()
                };
                toggle(&mut self.uniques, text);
            }
            10 => {
                let label = random.pick(&[None, None, Some("fair"), Some("\"so so\"")]);
                if let Some(text) = family.check(&quoted(name)) {
                    match self.checks.iter().position(|(_, it)| *it == text) {
                        Some(index) => drop(self.checks.remove(index)),
                        None => self.checks.push((label, text)),
                    }
                }
            }
            11 => {
                let rest = random.pick(&[
                    "",
                    " ON DELETE CASCADE",
                    " ON UPDATE SET NULL ON DELETE SET DEFAULT",
                    " ON DELETE NO ACTION DEFERRABLE INITIALLY DEFERRED",
                ]);
                let target = random.pick(&TABLES).to_owned();
                self.reference = random.chance(80).then_some((target, rest));
            }
            12 | 13 => self.toggle_index(&quoted(name), random),
            14 => {
                let at = self.columns.iter().position(|it| it.name == "made");
                match at {
                    Some(index) => drop(self.columns.remove(index)),
                    None => {
                        let text = match family {
                            Family::Text => format!("upper({})", quoted(name)),
                            _ => format!("coalesce({}, 0) + 1", quoted(name)),
                        };
                        let mut column = Column::new("made", Family::Blob, self, random);
                        column.computed = Some((text, random.chance(50)));
                        self.columns.push(column);
                    }
                }
            }
            _ if random.chance(50) => self.view = !self.view,
            _ => self.trigger = !self.trigger,
        }
        self.settle();
    }

    fn toggle_index(&mut self, column: &str, random: &mut Random) {
        let number = random.below(4);
        let name = format!("ix_{}_{number}", self.name.replace(' ', "_"));
        if let Some(index) = self.indexes.iter().position(|it| it.0 == name) {
            self.indexes.remove(index);
            return;
        }
        let rest = match number {
            0 => format!("({column})"),
            1 => format!("({column} COLLATE NOCASE DESC, name)"),
            2 => format!("(lower(name) || 'x', {column})"),
            _ => format!("({column} DESC) WHERE {column} IS NOT NULL"),
        };
        self.indexes.push((name, random.chance(30), rest));
    }

    /// Makes the parts fit each other.
    fn settle(&mut self) {
        if self.without_rowid && matches!(self.key, Key::None | Key::Counted) {
            self.key = Key::Both;
        }
        let strict = self.strict;
        for column in &mut self.columns {
            let types = column.family.types(strict);
            if !types.contains(&column.type_name) {
                column.type_name = types[0];
            }
            if column.computed.is_some() {
                column.not_null = false;
                column.default = None;
                column.type_name = if strict { "ANY" } else { "" };
            }
            if column.name == "id" {
                column.type_name = "INTEGER";
                column.default = None;
            }
            if column.family == Family::Reference {
                column.not_null = false;
            }
            let of_strict = strict && column.family == Family::Number;
            if of_strict && column.default == Some("TRUE") {
                column.default = None;
            }
        }
    }

    fn sql(&self, random: &mut Random) -> String {
        let mut lines: Vec<String> = self
            .columns
            .iter()
            .map(|column| self.column_sql(column, random))
            .collect();
        match self.key {
            Key::Apart => lines.push("PRIMARY KEY (id)".to_owned()),
            Key::Named => lines.push("CONSTRAINT pk PRIMARY KEY (id)".to_owned()),
            Key::Name => lines.push("primary key (name collate nocase)".to_owned()),
            Key::Both => lines.push("PRIMARY KEY (name DESC, id)".to_owned()),
            Key::RowId | Key::Counted | Key::Downwards | Key::None => {}
        }
        lines.extend(
            self.uniques
                .iter()
                .map(|it| format!("UNIQUE ({it}) ON CONFLICT FAIL")),
        );
        if let Some((target, rest)) = &self.reference
            && random.chance(50)
        {
            let target = quoted(target);
            lines.push(format!(
                "FOREIGN KEY (team_id) REFERENCES {target} (id){rest}"
            ));
        } else if let Some((target, rest)) = &self.reference {
            let at = self.columns.iter().position(|it| it.name == "team_id");
            let at = at.expect("a reference has its column");
            let _ = write!(lines[at], " REFERENCES {}{rest}", quoted(target));
        }
        for (label, text) in &self.checks {
            let label = label.map_or_else(String::new, |it| format!("CONSTRAINT {it} "));
            // A quoted word that is no column is a text.
            let text = match random.chance(40) {
                true => text.replace("'no (way'", "\"no (way\""),
                false => text.clone(),
            };
            lines.push(format!("{label}CHECK ({text})"));
        }
        let mut options = Vec::new();
        if self.strict {
            options.push("STRICT");
        }
        if self.without_rowid {
            options.push("without rowid");
        }
        let gap = random.pick(&[",\n  ", ", ", " , /* and */ "]);
        format!(
            "{} {} (\n  {}\n) {}",
            random.pick(&["CREATE TABLE", "create table", "CREATE TABLE IF NOT EXISTS"]),
            quoted(&self.name),
            lines.join(gap),
            options.join(", ")
        )
    }

    fn column_sql(&self, column: &Column, random: &mut Random) -> String {
        let name = match random.below(4) {
            0 => format!("\"{}\"", column.name),
            1 => format!("[{}]", column.name),
            _ => quoted(&column.name),
        };
        let mut text = format!("{name} {}", column.type_name);
        if column.name == "id" {
            text.push_str(match self.key {
                Key::RowId => " PRIMARY KEY",
                Key::Counted => " primary key autoincrement",
                Key::Downwards => " PRIMARY KEY DESC",
                _ => "",
            });
        }
        if column.not_null {
            text.push_str(random.pick(&[" NOT NULL", " not null", " CONSTRAINT given NOT NULL"]));
        }
        if let Some(default) = column.default {
            let _ = write!(text, " DEFAULT {default}");
        }
        if let Some(collation) = column.collation {
            let _ = write!(text, " COLLATE {collation}");
        }
        if let Some((expression, stored)) = &column.computed {
            let kept = if *stored { "STORED" } else { "" };
            let _ = write!(text, " GENERATED ALWAYS AS ({expression}) {kept}");
        }
        text
    }
}

fn toggle(list: &mut Vec<String>, text: String) {
    match list.iter().position(|it| *it == text) {
        Some(index) => drop(list.remove(index)),
        None => list.push(text),
    }
}

impl Column {
    fn new(name: &str, family: Family, table: &Table, random: &mut Random) -> Self {
        let collations = [None, None, Some("NOCASE"), Some("RTRIM"), Some("BINARY")];
        Self {
            name: name.to_owned(),
            family,
            type_name: random.pick(family.types(table.strict)),
            not_null: random.chance(35),
            default: random.chance(40).then(|| random.pick(family.defaults())),
            collation: (family == Family::Text)
                .then(|| random.pick(&collations))
                .flatten(),
            computed: None,
        }
    }
}
