//! One table: its parts, how they change at random, how they are spelt.

use std::fmt::Write as _;

use rev_testkit::random::Random;

use super::super::spoken::Spoken;
use super::{Family, POOL, TABLES, quoted};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) family: Family,
    pub(super) type_name: &'static str,
    pub(super) not_null: bool,
    pub(super) default: Option<&'static str>,
    pub(super) comment: Option<&'static str>,
    pub(super) invisible: bool,
    /// Whether it has a check of its own.
    pub(super) checked: bool,
    /// What it is computed from, and whether it is stored.
    pub(super) computed: Option<(String, bool)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Plain,
    Counted,
    Name,
    Both,
    NameFirst,
    None,
}

impl Key {
    const ALL: [Key; 6] = [
        Key::Plain,
        Key::Counted,
        Key::Name,
        Key::Both,
        Key::NameFirst,
        Key::None,
    ];

    pub(super) fn begins_with_id(self) -> bool {
        matches!(self, Key::Plain | Key::Counted | Key::Both)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Table {
    spoken: Spoken,
    /// Its first name, which its constraints keep.
    born: String,
    pub(super) name: String,
    pub(super) key: Key,
    pub(super) columns: Vec<Column>,
    /// Columns that are unique.
    pub(super) uniques: Vec<&'static str>,
    pub(super) checks: Vec<(Option<&'static str>, &'static str, String)>,
    /// The table that `team_id` refers to, its name and what follows.
    pub(super) reference: Option<(String, &'static str, &'static str)>,
    /// Number, column, and what follows the parts.
    pub(super) indexes: Vec<(usize, &'static str, &'static str)>,
    pub(super) collation: &'static str,
    pub(super) options: &'static str,
    pub(super) comment: &'static str,
    pub(super) partitions: &'static str,
    pub(super) versioned: bool,
    pub(super) view: bool,
    pub(super) triggers: usize,
}

impl Table {
    pub(super) fn new(name: &str, spoken: &Spoken, random: &mut Random) -> Self {
        let mut table = Self {
            spoken: spoken.clone(),
            born: name.to_owned(),
            name: name.to_owned(),
            key: random.pick(&Key::ALL),
            columns: Vec::new(),
            uniques: Vec::new(),
            checks: Vec::new(),
            reference: None,
            indexes: Vec::new(),
            collation: "",
            options: "",
            comment: "",
            partitions: "",
            versioned: random.chance(8),
            view: random.chance(30),
            triggers: random.below(4).saturating_sub(1),
        };
        table
            .columns
            .push(Column::new("id", Family::Int, spoken, random));
        table
            .columns
            .push(Column::new("name", Family::Text, spoken, random));
        for _ in 0..random.below(9) {
            table.mutate(random);
        }
        table
    }

    pub(super) fn has(&self, column: &str) -> bool {
        let mut columns = self.columns.iter();
        columns.any(|it| it.name == column && it.computed.is_none())
    }

    /// Whether its key is one that a foreign key may mean: MySQL wants it whole.
    pub(super) fn may_be_referred_to(&self) -> bool {
        match self.spoken.has("literals") {
            true => self.key.begins_with_id(),
            false => matches!(self.key, Key::Plain | Key::Counted),
        }
    }

    /// Whether foreign keys may lead from it and to it.
    pub(super) fn is_plain(&self) -> bool {
        self.partitions.is_empty() && !self.options.contains("ENGINE")
    }

    pub(super) fn mutate(&mut self, random: &mut Random) {
        let (name, family) = random.pick(&POOL);
        match random.below(22) {
            0..=6 => self.mutate_column(name, family, random),
            7 => self.key = random.pick(&Key::ALL),
            8 if family.is_distinct() => toggle(&mut self.uniques, name),
            9 => {
                let label = random.pick(&[None, None, Some("fair"), Some("so so")]);
                // A table has each name once.
                let is_taken = self.checks.iter().any(|(it, ..)| *it == label);
                let label = label.filter(|_| !is_taken);
                let place = self.checks.iter().position(|(_, it, _)| *it == name);
                match (place, family.check(&quoted(name))) {
                    (Some(place), _) => drop(self.checks.remove(place)),
                    (None, Some(text)) => self.checks.push((label, name, text)),
                    (None, None) => {}
                }
            }
            10 | 11 => {
                let rest = random.pick(&[
                    "",
                    " ON DELETE CASCADE",
                    " ON UPDATE CASCADE ON DELETE SET NULL",
                    " ON DELETE NO ACTION",
                ]);
                let target = random.pick(&TABLES).to_owned();
                let label = random.pick(&["", "", "CONSTRAINT `of team` "]);
                self.reference = random.chance(80).then_some((target, label, rest));
            }
            12 | 13 => self.toggle_index(name, random),
            14 => self.toggle_computed(name, family, random),
            15 => {
                self.collation =
                    random.pick(&["", " COLLATE latin1_bin", " COLLATE utf8mb4_unicode_ci"]);
            }
            16 => {
                self.options = random.pick(&[
                    "",
                    " ROW_FORMAT = COMPACT",
                    " STATS_PERSISTENT = 0 ROW_FORMAT = DYNAMIC",
                    match self.spoken.has("aria") {
                        true => " ENGINE = Aria",
                        false => " ENGINE = MyISAM",
                    },
                ]);
            }
            17 => self.comment = random.pick(&["", "it's", "two\\nlines"]),
            18 => {
                self.partitions = random.pick(&[
                    "",
                    " PARTITION BY HASH (id) PARTITIONS 2",
                    " PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (2), \
                     PARTITION `the rest` VALUES LESS THAN MAXVALUE)",
                ]);
            }
            19 => self.versioned = random.chance(20),
            20 => self.view = !self.view,
            _ => self.triggers = random.below(4),
        }
    }

    fn mutate_column(&mut self, name: &'static str, family: Family, random: &mut Random) {
        let place = self.columns.iter().position(|it| it.name == name);
        let column = Column::new(name, family, &self.spoken, random);
        match place {
            Some(index) if random.chance(40) => drop(self.columns.remove(index)),
            Some(index) => self.columns[index] = column,
            None => {
                let at = 1 + random.below(self.columns.len());
                self.columns.insert(at, column);
            }
        }
    }

    fn toggle_computed(&mut self, name: &str, family: Family, random: &mut Random) {
        let at = self.columns.iter().position(|it| it.name == "made");
        match at {
            Some(index) => drop(self.columns.remove(index)),
            None => {
                let name = quoted(name);
                let text = match family {
                    Family::Text => format!("upper({name})"),
                    Family::Int | Family::Number => format!("coalesce({name}, 0) + 1"),
                    _ => "char_length(`name`) * 2".to_owned(),
                };
                let mut column = Column::new("made", Family::Text, &self.spoken, random);
                column.type_name = "VARCHAR(90)";
                column.computed = Some((text, random.chance(50)));
                let at = 1 + random.below(self.columns.len());
                self.columns.insert(at, column);
            }
        }
    }

    fn toggle_index(&mut self, name: &'static str, random: &mut Random) {
        let number = random.below(5);
        if let Some(index) = self.indexes.iter().position(|it| it.0 == number) {
            self.indexes.remove(index);
            return;
        }
        let name = if random.chance(20) { "made" } else { name };
        let rest = random.pick(&["", "", " COMMENT 'why'", " IGNORED", " USING BTREE"]);
        self.indexes.push((number, name, rest));
    }

    /// Makes the parts fit each other.
    pub(super) fn settle(&mut self, has_numbers: bool) {
        for column in &mut self.columns {
            column.settle(has_numbers);
        }
        let engine = self.options.contains("ENGINE");
        if !self.spoken.has("versioning") {
            self.versioned = false;
        }
        if !self.spoken.has("aria") {
            self.settle_for_mysql(engine);
        }
        if !self.partitions.is_empty() {
            // Every key of a partitioned table holds what it is parted by.
            self.uniques.clear();
            self.versioned = false;
            if self.key == Key::Name {
                self.key = Key::Both;
            }
        }
        if engine {
            self.versioned = false;
        }
        let names: Vec<(String, bool, bool)> = self
            .columns
            .iter()
            .map(|it| (it.name.clone(), it.computed.is_some(), it.not_null))
            .collect();
        let has = |name: &str| names.iter().any(|it| it.0 == name);
        let is_base = |name: &str| names.iter().any(|it| it.0 == name && !it.1);
        self.uniques.retain(|it| is_base(it));
        self.checks.retain(|(_, name, _)| is_base(name));
        self.indexes.retain(|(_, name, _)| has(name));
        self.columns.retain(|it| {
            let source = it.computed.as_ref().map(|(text, _)| text.as_str());
            source.is_none_or(|text| {
                let quoted = text.split('`').nth(1);
                quoted.is_none_or(|name| names.iter().any(|it| it.0 == name && !it.1))
            })
        });
        if engine || !self.columns.iter().any(|it| it.name == "made") {
            self.indexes.retain(|(_, name, _)| *name != "made");
        }
    }

    /// Its MyISAM has neither partitions nor descending keys, its JSON is no text, and
    /// its partitions have no index of words.
    fn settle_for_mysql(&mut self, engine: bool) {
        if engine {
            self.partitions = "";
            self.indexes.retain(|it| it.0 != 1);
            if self.key == Key::Both {
                self.key = Key::Plain;
            }
        }
        let json: Vec<String> = self
            .columns
            .iter()
            .filter(|it| it.type_name == "JSON")
            .map(|it| it.name.clone())
            .collect();
        let parted = !self.partitions.is_empty();
        self.indexes.retain(|(number, name, _)| {
            !(json.iter().any(|it| it == name) || parted && *number == 4)
        });
    }

    pub(super) fn sql(&self, big_ids: bool) -> String {
        // MySQL computes from what stands before, where that has an expression for a default.
        let (computed, plain): (Vec<_>, Vec<_>) =
            self.columns.iter().partition(|it| it.computed.is_some());
        let columns = plain.into_iter().chain(computed);
        let mut lines: Vec<String> = columns.map(|it| self.column_sql(it, big_ids)).collect();
        match self.key {
            Key::Plain | Key::Counted => lines.push("PRIMARY KEY (id)".to_owned()),
            Key::Name => lines.push("PRIMARY KEY (name)".to_owned()),
            Key::Both => lines.push("PRIMARY KEY (id DESC, name)".to_owned()),
            Key::NameFirst => lines.push("PRIMARY KEY (name(8), id)".to_owned()),
            Key::None => {}
        }
        let of = |name: &str| {
            let column = self.columns.iter().find(|it| it.name == name);
            let text = quoted(name);
            match column {
                Some(column) if column.computed.is_none() => column.family.indexed(&text),
                _ => format!("{text}(20)"),
            }
        };
        let uniques = self.uniques.iter();
        lines.extend(uniques.map(|name| format!("UNIQUE ({})", of(name))));
        for (number, name, rest) in &self.indexes {
            let parts = match number {
                0 => of(name),
                1 => format!("{} DESC, name", of(name)),
                2 => format!("name(3), {}", of(name)),
                3 => format!("{}, id", of(name)),
                _ => "name".to_owned(),
            };
            let kind = if *number == 4 { "FULLTEXT " } else { "" };
            let rest = match *rest {
                " USING BTREE" if *number == 4 => "",
                " IGNORED" if !self.spoken.has("ignored") => " INVISIBLE",
                rest => rest,
            };
            lines.push(format!("{kind}KEY `ix {number}` ({parts}){rest}"));
        }
        if let Some((target, label, rest)) = &self.reference {
            let target = quoted(target);
            let label = self.apart(label);
            lines.push(format!(
                "{label}FOREIGN KEY (team_id) REFERENCES {target} (id){rest}"
            ));
        }
        for (label, _, text) in &self.checks {
            let label = label.map_or_else(String::new, |it| format!("CONSTRAINT `{it}` "));
            let label = self.label(&label);
            lines.push(format!("{label}CHECK ({text})"));
        }
        let versioned = if self.versioned {
            " WITH SYSTEM VERSIONING"
        } else {
            ""
        };
        let comment = match self.comment {
            "" => String::new(),
            text => format!(" COMMENT '{}'", text.replace('\'', "''")),
        };
        format!(
            "CREATE TABLE {} (\n  {}\n){}{}{comment}{versioned}{}",
            quoted(&self.name),
            lines.join(",\n  "),
            self.options,
            self.collation,
            self.partitions
        )
    }

    /// MySQL's names of constraints are the whole database's.
    fn label(&self, label: &str) -> String {
        match self.spoken.has("literals") {
            true => label.to_owned(),
            false => self.apart(label),
        }
    }

    /// Names of foreign keys are the whole database's on both.
    fn apart(&self, label: &str) -> String {
        label.replace("` ", &format!(" {}` ", self.born))
    }

    fn column_sql(&self, column: &Column, big_ids: bool) -> String {
        let is_id = column.name == "id" || column.family == Family::Reference;
        let type_name = match (is_id, big_ids) {
            (true, true) => "BIGINT UNSIGNED",
            (true, false) => "INT",
            (false, _) => column.type_name,
        };
        let mut text = format!("{} {type_name}", quoted(&column.name));
        if let Some((expression, stored)) = &column.computed {
            let kept = if *stored { "STORED" } else { "VIRTUAL" };
            let _ = write!(text, " GENERATED ALWAYS AS ({expression}) {kept}");
            return text;
        }
        text.push_str(if column.not_null {
            " NOT NULL"
        } else {
            " NULL"
        });
        if column.name == "id" && self.key == Key::Counted {
            text.push_str(" AUTO_INCREMENT");
        }
        if let Some(default) = column.default {
            // Digits of seconds must be the same.
            let digits = match column.type_name {
                "DATETIME(3)" => "CURRENT_TIMESTAMP(3)",
                _ => "CURRENT_TIMESTAMP",
            };
            let default = default.replace("CURRENT_TIMESTAMP", digits);
            let is_large = ["TEXT", "BLOB", "JSON"]
                .iter()
                .any(|it| column.type_name.contains(it));
            let _ = match is_large && !self.spoken.has("literals") && !default.starts_with('(') {
                true => write!(text, " DEFAULT ({default})"),
                false => write!(text, " DEFAULT {default}"),
            };
        }
        if column.invisible {
            text.push_str(" INVISIBLE");
        }
        if let Some(comment) = column.comment {
            let _ = write!(text, " COMMENT '{comment}'");
        }
        if column.checked
            && let Some(check) = column.family.check(&quoted(&column.name))
        {
            let _ = write!(text, " CHECK ({check})");
        }
        text
    }
}

fn toggle(list: &mut Vec<&'static str>, name: &'static str) {
    match list.iter().position(|it| *it == name) {
        Some(index) => drop(list.remove(index)),
        None => list.push(name),
    }
}

impl Column {
    pub(super) fn new(name: &str, family: Family, spoken: &Spoken, random: &mut Random) -> Self {
        let defaults = family.defaults();
        Self {
            name: name.to_owned(),
            family,
            type_name: random.pick(family.types(spoken)),
            not_null: random.chance(35),
            default: random.chance(40).then(|| random.pick(defaults)),
            comment: random.pick(&[None, None, None, Some("why"), Some("it''s \\\\ so")]),
            invisible: random.chance(10),
            checked: random.chance(15),
            computed: None,
        }
    }

    pub(super) fn settle(&mut self, has_numbers: bool) {
        if self.name == "id" || self.name == "name" {
            self.not_null = true;
            self.default = None;
            self.invisible = false;
            self.checked &= self.name == "name";
            if self.name == "name" {
                self.type_name = "VARCHAR(40)";
            }
        }
        if self.family == Family::Reference {
            self.not_null = false;
            self.default = None;
        }
        if self.default.is_some_and(|it| it.contains("numbers")) && !has_numbers {
            self.default = None;
        }
        // A text of it has a default, but no expression that asks the server.
        if self.invisible && self.not_null && self.default.is_none() {
            self.invisible = false;
        }
        if self.computed.is_some() {
            self.not_null = false;
            self.default = None;
            self.invisible = false;
            self.checked = false;
            self.comment = None;
        }
    }
}
