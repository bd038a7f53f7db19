//! Random PostgreSQL schemas in pairs, with rows that both can hold.
//!
//! Every table has an `id` and a `name`, whose values differ from row to row. Columns
//! come from a pool in which each name has one family of types, so that values mean
//! the same in both schemas; constraints are such that these values meet them, and so
//! do those that a column gets that must hold something.

use std::fmt::Write as _;

use rev_testkit::random::Random;

use super::extras::EXTRAS;

/// How many rows a table has.
pub(crate) const ROWS: i64 = 4;

/// A kind of values.
struct Family {
    types: &'static [&'static str],
    defaults: &'static [&'static str],
    checks: &'static [&'static str],
    /// What an index holds of it, and by which method.
    indexes: &'static [&'static str],
    computed: &'static str,
    /// What is the same in all types; `{}`: the column.
    plain: &'static str,
    /// The value in row `#`.
    value: &'static str,
    is_unique: bool,
}

const INT: Family = Family {
    types: &[
        "smallint",
        "integer",
        "bigint",
        "numeric(12,2)",
        "double precision",
    ],
    defaults: &["7", "-3", "1 + 2", "NULL"],
    checks: &[
        "{} > -100 AND {} < 1000",
        "{} IN (0, 7, -3, 3, 10, 20, 30, 40)",
        "NOT {} = 99",
    ],
    indexes: &[
        "({} DESC)",
        "(({} + 1), name)",
        "({}) INCLUDE (name) WHERE {} > 5",
        "USING brin ({})",
    ],
    computed: "coalesce({}, 0) + 1",
    plain: "round({}::numeric)::text",
    value: "#0",
    is_unique: true,
};

const TEXT: Family = Family {
    types: &[
        "text",
        "character varying(40)",
        "varchar(80)",
        "varchar",
        "char(60)",
    ],
    defaults: &["'x'", "'it''s'", "lower('A;B')", "''", "current_user"],
    checks: &[
        "length({}) < 200",
        "{} IN ('', 'x', 'it''s', 'a;b', 't1', 't2', 't3', 't4') OR {} <> 'no'",
        "{} ~ '^.*$'",
    ],
    indexes: &[
        "({} COLLATE \"C\" DESC NULLS LAST)",
        "(lower({}), name)",
        "({} NULLS FIRST, name DESC)",
        "USING hash ({})",
    ],
    computed: "upper({})",
    plain: "rtrim({}::text)",
    value: "'t#'",
    is_unique: true,
};

const BOOL: Family = Family {
    types: &["boolean"],
    defaults: &["true", "false", "(NOT false)"],
    checks: &["{} OR NOT {}", "{} IS NOT NULL OR true"],
    indexes: &["({})", "(name) WHERE {}"],
    computed: "NOT {}",
    plain: "{}::text",
    value: "# % 2 = 0",
    is_unique: false,
};

const MOOD: Family = Family {
    types: &["mood", "mood", "text", "varchar(20)"],
    defaults: &["'sad'", "'happy'"],
    checks: &[
        "{} = 'sad' OR {} = 'happy' OR {} <> 'sad'",
        "{} IN ('sad', 'happy') OR true",
    ],
    indexes: &["({})", "(name) WHERE {} = 'sad'"],
    computed: "{} = 'sad'",
    plain: "{}::text",
    value: "CASE WHEN # % 2 = 0 THEN 'sad' ELSE 'happy' END",
    is_unique: false,
};

const MOODS: Family = Family {
    types: &["mood[]", "text[]", "varchar(10)[]"],
    defaults: &["'{}'", "'{sad,happy}'"],
    checks: &["cardinality({}) < 10"],
    indexes: &["USING gin ({})"],
    computed: "cardinality({})",
    plain: "{}::text",
    value: "'{sad}'",
    is_unique: false,
};

const LEVEL: Family = Family {
    types: &["level", "integer", "level"],
    defaults: &["3", "1"],
    checks: &["{} >= 0"],
    indexes: &["({})"],
    computed: "{} * 2",
    plain: "{}::text",
    value: "#",
    is_unique: true,
};

const BORN: Family = Family {
    types: &["date", "timestamp", "timestamptz", "timestamp(3)"],
    defaults: &["now()", "CURRENT_DATE", "'2001-02-03'"],
    checks: &["{} > '1900-01-01'"],
    indexes: &["({})", "USING brin ({}) WITH (pages_per_range = 32)"],
    computed: "{} IS NULL",
    plain: "{}::date::text",
    value: "'200#-05-06'",
    is_unique: true,
};

const META: Family = Family {
    types: &["jsonb", "json"],
    defaults: &["'{}'", "'{\"a\": [1]}'"],
    checks: &["{} IS NOT NULL OR true"],
    indexes: &["(({} ->> 'a'))"],
    computed: "{} ->> 'a'",
    plain: "{}::jsonb::text",
    value: "'{\"a\": #}'",
    is_unique: false,
};

const UID: Family = Family {
    types: &["uuid", "text"],
    defaults: &["'00000000-0000-0000-0000-000000000009'"],
    checks: &["{}::text <> ''"],
    indexes: &["({})"],
    computed: "{}::text",
    plain: "{}::text",
    value: "'00000000-0000-0000-0000-00000000000#'",
    is_unique: true,
};

const REFERENCE: Family = Family {
    types: &["integer", "bigint"],
    defaults: &["NULL"],
    checks: &[],
    indexes: &["({})"],
    computed: "{} + 1",
    plain: "{}::text",
    value: "#",
    is_unique: false,
};

const POOL: [(&str, &Family); 13] = [
    ("power", &INT),
    ("note", &TEXT),
    ("flag", &BOOL),
    ("mood", &MOOD),
    ("moods", &MOODS),
    ("level", &LEVEL),
    ("born", &BORN),
    ("meta", &META),
    ("uid", &UID),
    ("team_id", &REFERENCE),
    ("two words", &TEXT),
    ("select", &INT),
    ("Upper", &TEXT),
];

const TABLES: [&str; 5] = ["team", "hero", "mission", "Fight Log", "order"];

const MOODS_FORMS: [&str; 7] = [
    "('sad', 'ok', 'happy')",
    "('sad', 'ok', 'happy', 'wild')",
    "('calm', 'sad', 'ok', 'happy')",
    "('sad', 'calm', 'it''s', 'ok', 'happy')",
    "('happy', 'ok', 'sad')",
    "('sad', 'happy')",
    "('sad', 'fine', 'happy')",
];

const LEVELS: [&str; 4] = [
    "integer CHECK (VALUE >= 0)",
    "integer DEFAULT 2 CONSTRAINT low CHECK (VALUE >= -5) CONSTRAINT high CHECK (VALUE < 500)",
    "integer",
    "bigint CHECK (VALUE >= 0)",
];

const KEYS: [&str; 9] = [
    "id integer PRIMARY KEY",
    "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "id integer GENERATED BY DEFAULT AS IDENTITY (START WITH 100 INCREMENT BY 5) PRIMARY KEY",
    "id serial PRIMARY KEY",
    "id bigserial CONSTRAINT # PRIMARY KEY",
    "id smallint PRIMARY KEY DEFERRABLE",
    "id integer NOT NULL UNIQUE",
    "id integer",
    "id serial, PRIMARY KEY (name) INCLUDE (id) WITH (fillfactor = 80)",
];

const OPTIONS: [&str; 5] = [
    "",
    "",
    " WITH (fillfactor = 70)",
    " WITH (autovacuum_enabled = false, fillfactor = 90)",
    "unlogged",
];

#[derive(Clone)]
struct Column {
    name: String,
    family: &'static Family,
    type_name: &'static str,
    not_null: bool,
    default: Option<&'static str>,
    tail: &'static str,
    comment: bool,
    computed: Option<String>,
}

#[derive(Clone)]
struct Table {
    name: String,
    key: usize,
    options: usize,
    columns: Vec<Column>,
    /// Columns, and what follows.
    uniques: Vec<(String, &'static str)>,
    checks: Vec<(&'static str, String)>,
    reference: Option<(String, &'static str)>,
    /// Name, whether unique, what follows the table.
    indexes: Vec<(String, bool, String)>,
    view: usize,
    trigger: bool,
    comment: bool,
}

/// A schema.
#[derive(Clone)]
pub(crate) struct Plan {
    moods: usize,
    level: usize,
    body: usize,
    tables: Vec<Table>,
    extras: Vec<Option<usize>>,
}

/// Two schemas, and the renames between them.
pub(crate) struct Pair {
    pub(crate) from: Plan,
    pub(crate) to: Plan,
    pub(crate) renames: Vec<String>,
}

impl Pair {
    pub(crate) fn new(random: &mut Random) -> Self {
        let mut from = Plan::new(random);
        let mut to = from.clone();
        for _ in 0..=random.below(7) {
            to.mutate(random);
        }
        to.mend(&from);
        from.mend(&to);
        let mut renames = Vec::new();
        if random.chance(30) {
            to.rename_column(&from, &mut renames);
        }
        if random.chance(25) {
            to.rename_table(&from, random, &mut renames);
        }
        Self { from, to, renames }
    }
}

/// In quotes, or not where that is the same.
fn quoted(name: &str) -> String {
    match name {
        "two words" | "select" | "Fight Log" | "order" | "Upper" => format!("\"{name}\""),
        plain => plain.to_owned(),
    }
}

fn mentions(text: &str, column: &str) -> bool {
    let quoted = quoted(column);
    text.match_indices(&quoted).any(|(at, _)| {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let before = text[..at].chars().next_back().is_some_and(is_word);
        let after = text[at + quoted.len()..]
            .chars()
            .next()
            .is_some_and(is_word);
        !before && !after
    })
}

impl Plan {
    fn new(random: &mut Random) -> Self {
        let mut plan = Self {
            moods: random.below(2),
            level: random.below(LEVELS.len()),
            body: random.below(2),
            tables: Vec::new(),
            extras: EXTRAS.iter().map(|_| None).collect(),
        };
        for name in TABLES {
            if random.chance(60) {
                plan.tables.push(Table::new(name, random));
            }
        }
        for (forms, form) in EXTRAS.iter().zip(&mut plan.extras) {
            if random.chance(25) {
                *form = Some(random.below(forms.len()));
            }
        }
        plan
    }

    fn mutate(&mut self, random: &mut Random) {
        match random.below(12) {
            0 | 1 => self.moods = random.below(MOODS_FORMS.len()),
            2 => self.level = random.below(LEVELS.len()),
            3 => self.body = random.below(2),
            4..=6 => {
                let index = random.below(EXTRAS.len());
                let form = random.below(EXTRAS[index].len());
                self.extras[index] = random.chance(85).then_some(form);
            }
            _ => {
                let name = random.pick(&TABLES);
                match self.tables.iter().position(|table| table.name == name) {
                    None => self.tables.push(Table::new(name, random)),
                    Some(index) if random.chance(10) => drop(self.tables.remove(index)),
                    Some(index) => self.tables[index].mutate(random),
                }
            }
        }
    }

    fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// Takes out what rows of the other schema could not meet.
    fn mend(&mut self, other: &Plan) {
        let is_unlogged = |table: &Table| OPTIONS[table.options] == "unlogged";
        let ids: Vec<(String, bool)> = self
            .tables
            .iter()
            .map(|table| {
                let has_key = table.key < 7 && table.key != 5;
                (table.name.clone(), has_key && !is_unlogged(table))
            })
            .collect();
        for table in &mut self.tables {
            let old = other.table(&table.name);
            let can_refer = table.has("team_id");
            table.reference = table.reference.take().filter(|(name, _)| {
                can_refer
                    && ids.contains(&(name.clone(), true))
                    && (other.table(name).is_some() || old.is_none())
            });
            let columns = table.columns.clone();
            let fits = |text: &str| {
                POOL.iter().all(|(name, _)| {
                    let has = || {
                        columns
                            .iter()
                            .any(|it| it.name == *name && it.computed.is_none())
                    };
                    !mentions(text, name) || has()
                })
            };
            let differs = |text: &str| {
                let differs = |(name, family): &(&str, &Family)| {
                    !mentions(text, name) || (family.is_unique && old.is_none_or(|it| it.has(name)))
                };
                text.contains("name") || text == "id" || POOL.iter().all(differs)
            };
            table.checks.retain(|(_, text)| fits(text));
            table
                .uniques
                .retain(|(text, _)| fits(text) && differs(text));
            table
                .indexes
                .retain(|(_, unique, text)| fits(text) && (!unique || differs(text)));
            table
                .columns
                .retain(|it| it.computed.as_ref().is_none_or(|text| fits(text)));
        }
    }

    fn rename_column(&mut self, from: &Plan, renames: &mut Vec<String>) {
        let had = |table: &Table| from.table(&table.name).is_some_and(|it| it.has("note"));
        let found = self.tables.iter_mut().find(|it| it.has("note") && had(it));
        if let Some(table) = found {
            renames.push(format!("{}.note:remark", table.name));
            let new = |text: &mut String| *text = text.replace("note", "remark");
            table.columns.iter_mut().for_each(|it| {
                new(&mut it.name);
                it.computed.iter_mut().for_each(new);
            });
            table.uniques.iter_mut().for_each(|(text, _)| new(text));
            table.checks.iter_mut().for_each(|(_, text)| new(text));
            table.indexes.iter_mut().for_each(|(_, _, text)| new(text));
        }
    }

    fn rename_table(&mut self, from: &Plan, random: &mut Random, renames: &mut Vec<String>) {
        if self.tables.is_empty() {
            return;
        }
        let index = random.below(self.tables.len());
        if from.table(&self.tables[index].name).is_none() {
            return;
        }
        let old = std::mem::replace(&mut self.tables[index].name, "squad".to_owned());
        for (name, _) in self
            .tables
            .iter_mut()
            .filter_map(|it| it.reference.as_mut())
        {
            if *name == old {
                "squad".clone_into(name);
            }
        }
        // Columns are found by the table's name, old or new.
        renames.push(format!("{old}:squad"));
    }

    /// The statements that make it.
    pub(crate) fn sql(&self) -> String {
        let mut sql = format!(
            "CREATE TYPE mood AS ENUM {};\nCREATE DOMAIN level AS {};\n",
            MOODS_FORMS[self.moods], LEVELS[self.level]
        );
        let body = ["RETURN new;", "new.name := new.name; RETURN new;"][self.body];
        let _ = writeln!(
            sql,
            "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;"
        );
        for table in &self.tables {
            table.write(&mut sql);
        }
        for table in &self.tables {
            if let Some((target, rest)) = &table.reference {
                let (own, target) = (quoted(&table.name), quoted(target));
                let _ = writeln!(
                    sql,
                    "ALTER TABLE {own} ADD FOREIGN KEY (team_id) REFERENCES {target} (id) {rest};"
                );
            }
        }
        for (forms, form) in EXTRAS.iter().zip(&self.extras) {
            if let Some(form) = form {
                let _ = writeln!(sql, "{}", forms[*form]);
            }
        }
        sql
    }

    /// Rows for all tables, in an order that does not count.
    pub(crate) fn rows(&self) -> String {
        let mut sql = "SET session_replication_role = replica;\n".to_owned();
        for table in &self.tables {
            let columns: Vec<&Column> = table
                .columns
                .iter()
                .filter(|it| it.computed.is_none())
                .collect();
            let names: Vec<String> = columns.iter().map(|it| quoted(&it.name)).collect();
            for row in 1..=ROWS {
                let value = |column: &&Column| match row {
                    1 if !column.not_null => "NULL".to_owned(),
                    _ => {
                        let value = column.family.value.replace('#', &row.to_string());
                        match column.type_name {
                            "mood" => format!("({value})::mood"),
                            _ => value,
                        }
                    }
                };
                let mut values = vec![row.to_string(), format!("'n{row}'")];
                values.extend(columns.iter().map(value));
                let mut all = vec!["id".to_owned(), "name".to_owned()];
                all.extend(names.clone());
                let _ = writeln!(
                    sql,
                    "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({});",
                    quoted(&table.name),
                    all.join(", "),
                    values.join(", ")
                );
            }
        }
        sql + "RESET session_replication_role;\n"
    }

    /// For each table that both have: a query of what both keep, in either.
    pub(crate) fn kept(&self, other: &Plan, renames: &[String]) -> Vec<(String, String)> {
        let new_name = |old: &str| {
            let renamed = renames
                .iter()
                .find_map(|it| it.strip_prefix(&format!("{old}:")));
            renamed.unwrap_or(old).to_owned()
        };
        let mut queries = Vec::new();
        for table in &self.tables {
            let Some(new) = other.table(&new_name(&table.name)) else {
                continue;
            };
            let mut mine = vec!["id::text".to_owned(), "name".to_owned()];
            let mut theirs = mine.clone();
            for column in table.columns.iter().filter(|it| it.computed.is_none()) {
                // A NULL may have got a value.
                let of_row = |name: &str| {
                    let plain = column.family.plain.replace("{}", &quoted(name));
                    format!("CASE WHEN id > 1 THEN {plain} END")
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
                format!(
                    "SELECT {} FROM {} ORDER BY name",
                    columns.join(", "),
                    quoted(name)
                )
            };
            queries.push((query(&mine, &table.name), query(&theirs, &new.name)));
        }
        queries
    }
}

impl Table {
    fn new(name: &str, random: &mut Random) -> Self {
        let mut table = Self {
            name: name.to_owned(),
            key: random.below(KEYS.len()),
            options: random.below(OPTIONS.len()),
            columns: Vec::new(),
            uniques: Vec::new(),
            checks: Vec::new(),
            reference: None,
            indexes: Vec::new(),
            view: random.below(6),
            trigger: random.chance(30),
            comment: random.chance(20),
        };
        for _ in 0..random.below(11) {
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
        match random.below(18) {
            0..=6 => match place {
                Some(index) if random.chance(35) => drop(self.columns.remove(index)),
                Some(index) => self.columns[index] = Column::new(name, family, random),
                None => {
                    let at = random.below(self.columns.len() + 1);
                    self.columns.insert(at, Column::new(name, family, random));
                }
            },
            7 => self.key = random.below(KEYS.len()),
            8 => self.options = random.below(OPTIONS.len()),
            9 => {
                let text = match random.below(3) {
                    0 => "id, name".to_owned(),
                    _ => quoted(name),
                };
                let tail =
                    random.pick(&["", "", " INCLUDE (id)", " DEFERRABLE INITIALLY DEFERRED"]);
                match self.uniques.iter().position(|(it, _)| *it == text) {
                    Some(index) => drop(self.uniques.remove(index)),
                    None => self.uniques.push((text, tail)),
                }
            }
            10 | 11 if !family.checks.is_empty() => {
                let label = random.pick(&["", "", "CONSTRAINT fair ", "CONSTRAINT \"so so\" "]);
                let text = random.pick(family.checks).replace("{}", &quoted(name));
                let is_taken =
                    |it: &(&str, String)| it.1 == text || (!label.is_empty() && it.0 == label);
                match self.checks.iter().position(is_taken) {
                    Some(index) => drop(self.checks.remove(index)),
                    None => self.checks.push((label, text)),
                }
            }
            12 => {
                let rest = random.pick(&[
                    "",
                    "ON DELETE CASCADE",
                    "MATCH FULL ON UPDATE SET NULL ON DELETE SET DEFAULT",
                    "ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED",
                    "NOT VALID",
                ]);
                let target = random.pick(&TABLES).to_owned();
                self.reference = random.chance(80).then_some((target, rest));
            }
            13 | 14 => {
                let number = random.below(4);
                let name_of = format!("ix_{}_{number}", self.name.replace(' ', "_").to_lowercase());
                match self.indexes.iter().position(|it| it.0 == name_of) {
                    Some(index) => drop(self.indexes.remove(index)),
                    None => {
                        let text = random.pick(family.indexes).replace("{}", &quoted(name));
                        let unique = random.chance(25) && !text.contains("USING");
                        self.indexes.push((name_of, unique, text));
                    }
                }
            }
            15 => match self.columns.iter().position(|it| it.name == "made") {
                Some(index) => drop(self.columns.remove(index)),
                None => {
                    let mut column = Column::new("made", &TEXT, random);
                    column.computed = Some(family.computed.replace("{}", &quoted(name)));
                    column.type_name = match family.computed {
                        "upper({})" | "{} ->> 'a'" | "{}::text" => "text",
                        "NOT {}" | "{} = 'sad'" | "{} IS NULL" => "boolean",
                        _ => "numeric",
                    };
                    self.columns.push(column);
                }
            },
            16 => self.view = random.below(6),
            _ if random.chance(50) => self.comment = !self.comment,
            _ => self.trigger = !self.trigger,
        }
    }

    fn write(&self, sql: &mut String) {
        let name = quoted(&self.name);
        let key = KEYS[self.key].replace(
            '#',
            &quoted(&format!("{}_the_key", self.name)).replace(' ', "_"),
        );
        let (id, rest) = key.split_once(", ").unwrap_or((&key, ""));
        let mut lines = vec![id.to_owned(), "name text".to_owned()];
        lines.extend(self.columns.iter().map(Column::sql));
        lines.extend((!rest.is_empty()).then(|| rest.to_owned()));
        lines.extend(
            self.uniques
                .iter()
                .map(|(text, tail)| format!("UNIQUE ({text}){tail}")),
        );
        lines.extend(
            self.checks
                .iter()
                .map(|(label, text)| format!("{label}CHECK ({text})")),
        );
        let (unlogged, options) = match OPTIONS[self.options] {
            "unlogged" => ("UNLOGGED ", ""),
            options => ("", options),
        };
        let lines = lines.join(",\n  ");
        let _ = writeln!(
            sql,
            "CREATE {unlogged}TABLE {name} (\n  {lines}\n){options};"
        );
        for (index, unique, rest) in &self.indexes {
            let unique = if *unique { "UNIQUE " } else { "" };
            let _ = writeln!(sql, "CREATE {unique}INDEX {index} ON {name} {rest};");
        }
        for column in self.columns.iter().filter(|it| it.comment) {
            let column = quoted(&column.name);
            let _ = writeln!(
                sql,
                "COMMENT ON COLUMN {name}.{column} IS 'it''s {}';",
                self.key
            );
        }
        if self.comment {
            let _ = writeln!(
                sql,
                "COMMENT ON TABLE {name} IS E'two\\nlines \\\\ {}';",
                self.options
            );
        }
        let view = quoted(&format!("{} v", self.name))
            .replace(' ', "_")
            .replace('"', "");
        let columns: Vec<String> = self.columns.iter().map(|it| quoted(&it.name)).collect();
        let text = match self.view {
            0 => format!("CREATE VIEW {view} AS SELECT * FROM {name} WHERE id > 0;"),
            1 => format!("CREATE VIEW {view} AS SELECT id, name AS called FROM {name};"),
            2 => format!(
                "CREATE MATERIALIZED VIEW {view} AS SELECT {} FROM {name};",
                if columns.is_empty() {
                    "id".to_owned()
                } else {
                    columns.join(", ")
                }
            ),
            _ => String::new(),
        };
        let _ = writeln!(sql, "{text}");
        if self.trigger {
            let _ = writeln!(
                sql,
                "CREATE TRIGGER tr BEFORE UPDATE OF name ON {name} FOR EACH ROW WHEN (new.id > 900) EXECUTE FUNCTION touch();"
            );
        }
    }
}

impl Column {
    fn new(name: &str, family: &'static Family, random: &mut Random) -> Self {
        let default = random.chance(40).then(|| random.pick(family.defaults));
        // An empty text, which fills what must hold something, is no uuid.
        let can_hold = !["team_id", "uid"].contains(&name) && default != Some("NULL");
        let not_null = can_hold && random.chance(35);
        let is_text = |type_name: &str| type_name.contains("char") || type_name == "text";
        let type_name = random.pick(family.types);
        let tails: &[&str] = if is_text(type_name) && !type_name.ends_with(']') {
            &["", "", " COLLATE \"C\"", " COLLATE \"POSIX\""]
        } else {
            &[""]
        };
        Self {
            name: name.to_owned(),
            family,
            type_name,
            not_null,
            default,
            tail: random.pick(tails),
            comment: random.chance(15),
            computed: None,
        }
    }

    fn sql(&self) -> String {
        let mut text = format!("{} {}", quoted(&self.name), self.type_name);
        if let Some(computed) = &self.computed {
            let _ = write!(text, " GENERATED ALWAYS AS ({computed}) STORED");
            return text;
        }
        text.push_str(self.tail);
        if self.not_null {
            text.push_str(" NOT NULL");
        }
        if let Some(default) = self.default {
            let _ = write!(text, " DEFAULT {default}");
        }
        text
    }
}
