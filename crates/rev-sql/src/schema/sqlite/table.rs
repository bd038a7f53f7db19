//! `CREATE TABLE`, as it is stored.
//! <https://sqlite.org/lang_createtable.html>

use super::cursor::Cursor;
use super::{ColumnRow, Entry, Unreadable, expression, name};
use crate::schema::{
    Column, Constraint, Deferral, Generated, Name, Options, Part, PartOf, Reference, Rule, Table,
    Text,
};

/// Reads a table, whose columns SQLite describes so.
pub(super) fn read(entry: &Entry, rows: &[&ColumnRow]) -> Result<Table, Unreadable> {
    let mut reader = Reader {
        cursor: Cursor::new(&entry.sql, "table", &entry.name),
        table: Table {
            name: Name::bare(name(&entry.name)),
            ..Table::default()
        },
    };
    reader.head()?;
    reader.body()?;
    reader.options()?;
    settle(reader.table, rows)
}

/// What begins a constraint of a column.
const OF_COLUMN: [&str; 11] = [
    "CONSTRAINT",
    "PRIMARY",
    "NOT",
    "NULL",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "COLLATE",
    "REFERENCES",
    "GENERATED",
    "AS",
];

/// What begins a constraint of a table.
const OF_TABLE: [&str; 5] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];

struct Reader<'a> {
    cursor: Cursor<'a>,
    table: Table,
}

impl Reader<'_> {
    fn head(&mut self) -> Result<(), Unreadable> {
        self.cursor.expect("CREATE")?;
        self.cursor.expect("TABLE")?;
        self.cursor.qualified_name()?;
        self.cursor.expect_symbol("(")
    }

    fn body(&mut self) -> Result<(), Unreadable> {
        loop {
            let next = self.cursor.peek(0).ok_or_else(|| self.cursor.lost())?;
            match next.is_any(&OF_TABLE) {
                true => self.table_constraint()?,
                false => self.column()?,
            }
            // Between constraints of a table the comma may be missing.
            if !self.cursor.takes_symbol(",") && self.cursor.takes_symbol(")") {
                return Ok(());
            }
        }
    }

    fn options(&mut self) -> Result<(), Unreadable> {
        while self.cursor.peek(0).is_some() {
            let option = if self.cursor.takes(&["STRICT"]) {
                "strict"
            } else if self.cursor.takes(&["WITHOUT", "ROWID"]) {
                "without rowid"
            } else {
                return Err(self.cursor.lost());
            };
            self.table.options.insert(option.to_owned(), String::new());
            let _ = self.cursor.takes_symbol(",");
        }
        Ok(())
    }

    fn column(&mut self) -> Result<(), Unreadable> {
        let name = self.cursor.name()?;
        self.skip_type();
        let mut column = Column {
            name,
            nullable: true,
            ..Column::default()
        };
        loop {
            let constraint = match self.cursor.takes(&["CONSTRAINT"]) {
                true => Some(self.cursor.name()?),
                false => None,
            };
            if !self.column_constraint(&mut column, constraint)? {
                break;
            }
        }
        self.table.columns.push(column);
        Ok(())
    }

    /// The type is what the engine says it is.
    fn skip_type(&mut self) {
        let mut depth = 0_u32;
        while let Some(token) = self.cursor.peek(0) {
            let ends = token.is_symbol(",") || token.is_symbol(")") || token.is_any(&OF_COLUMN);
            if depth == 0 && ends {
                return;
            }
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth -= 1;
            }
            let _ = self.cursor.next();
        }
    }

    /// Takes one constraint of a column, if there is one.
    fn column_constraint(
        &mut self,
        column: &mut Column,
        name: Option<Text>,
    ) -> Result<bool, Unreadable> {
        let cursor = &mut self.cursor;
        if cursor.takes(&["PRIMARY", "KEY"]) {
            let descending = cursor.takes(&["DESC"]);
            let _ = cursor.takes(&["ASC"]);
            let options = conflict(cursor)?;
            if cursor.takes(&["AUTOINCREMENT"]) {
                column.identity = Some(("autoincrement".to_owned(), Options::new()));
            }
            let part = Part {
                descending,
                ..Part::column(column.name.clone())
            };
            self.constrain(name, Rule::PrimaryKey(vec![part]), options, Deferral::Never);
        } else if cursor.takes(&["NOT", "NULL"]) {
            // The engine says whether it is; only the clause is nowhere else.
            for (_, clause) in conflict(cursor)? {
                column
                    .options
                    .insert("not null on conflict".to_owned(), clause);
            }
        } else if cursor.takes(&["NULL"]) {
            conflict(cursor)?;
        } else if cursor.takes(&["UNIQUE"]) {
            let options = conflict(cursor)?;
            let parts = vec![Part::column(column.name.clone())];
            self.constrain(name, Rule::Unique(parts), options, Deferral::Never);
        } else if cursor.takes(&["CHECK"]) {
            let check = cursor.expression()?;
            conflict(cursor)?;
            self.constrain(name, Rule::Check(check), Options::new(), Deferral::Never);
        } else if cursor.takes(&["DEFAULT"]) {
            self.skip_default()?;
        } else if cursor.takes(&["COLLATE"]) {
            column.collation = collation(cursor.name()?);
        } else if cursor.sees("REFERENCES") {
            self.reference(name, vec![column.name.clone()])?;
        } else if cursor.sees("GENERATED") || cursor.sees("AS") {
            let _ = cursor.takes(&["GENERATED", "ALWAYS"]);
            cursor.expect("AS")?;
            let expression = cursor.expression()?;
            let stored = cursor.takes(&["STORED"]);
            let _ = cursor.takes(&["VIRTUAL"]);
            column.generated = Some(Generated { expression, stored });
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// The engine says what it is.
    fn skip_default(&mut self) -> Result<(), Unreadable> {
        if self.cursor.sees_symbol("(") {
            return self.cursor.expression().map(drop);
        }
        if !self.cursor.takes_symbol("-") {
            let _ = self.cursor.takes_symbol("+");
        }
        let first = self.cursor.next().ok_or_else(|| self.cursor.lost())?;
        // `1.5` and `x'00'` are several tokens without a gap.
        let mut end = first.end();
        while let Some(token) = self.cursor.peek(0)
            && token.start == end
            && !token.is_symbol(",")
            && !token.is_symbol(")")
        {
            end = token.end();
            let _ = self.cursor.next();
        }
        Ok(())
    }

    fn table_constraint(&mut self) -> Result<(), Unreadable> {
        let cursor = &mut self.cursor;
        let name = match cursor.takes(&["CONSTRAINT"]) {
            true => Some(cursor.name()?),
            false => None,
        };
        if cursor.takes(&["PRIMARY", "KEY"]) {
            self.table_key(name)
        } else if cursor.takes(&["UNIQUE"]) {
            let parts = cursor.parts()?;
            let options = conflict(cursor)?;
            self.constrain(name, Rule::Unique(parts), options, Deferral::Never);
            Ok(())
        } else if cursor.takes(&["CHECK"]) {
            let check = cursor.expression()?;
            conflict(cursor)?;
            self.constrain(name, Rule::Check(check), Options::new(), Deferral::Never);
            Ok(())
        } else if cursor.takes(&["FOREIGN", "KEY"]) {
            let columns = cursor.names()?;
            self.reference(name, columns)
        } else if name.is_some() {
            // A name may stand alone, and then names nothing.
            Ok(())
        } else {
            Err(cursor.lost())
        }
    }

    /// `PRIMARY KEY (id AUTOINCREMENT)` is allowed, too.
    fn table_key(&mut self, name: Option<Text>) -> Result<(), Unreadable> {
        let cursor = &mut self.cursor;
        let (key, word) = (cursor.peek(1).copied(), cursor.peek(2).copied());
        let autoincrement = word.is_some_and(|word| word.is("AUTOINCREMENT"));
        let mut parts = match autoincrement {
            false => cursor.parts()?,
            true => {
                cursor.expect_symbol("(")?;
                let column = cursor.name()?;
                cursor.expect("AUTOINCREMENT")?;
                cursor.expect_symbol(")")?;
                vec![Part::column(column)]
            }
        };
        let options = conflict(cursor)?;
        if autoincrement {
            let key = key.as_ref().and_then(super::name_of).unwrap_or_default();
            let key = crate::schema::sqlite::name(&key);
            let column = self.table.columns.iter_mut().find(|it| it.name == key);
            let identity = ("autoincrement".to_owned(), Options::new());
            column
                .into_iter()
                .for_each(|it| it.identity = Some(identity.clone()));
        }
        // Only within a column's own constraint does the order keep a key from being
        // the row id. <https://sqlite.org/lang_createtable.html#rowid>
        if let [only] = parts.as_mut_slice() {
            only.descending = false;
        }
        self.constrain(name, Rule::PrimaryKey(parts), options, Deferral::Never);
        Ok(())
    }

    fn reference(&mut self, name: Option<Text>, columns: Vec<Text>) -> Result<(), Unreadable> {
        let cursor = &mut self.cursor;
        cursor.expect("REFERENCES")?;
        let table = Name::bare(cursor.name()?);
        let targets = match cursor.sees_symbol("(") {
            true => cursor.names()?,
            false => Vec::new(),
        };
        let mut reference = Reference {
            columns,
            table,
            targets,
            on_update: None,
            on_delete: None,
        };
        loop {
            if cursor.takes(&["ON", "DELETE"]) {
                reference.on_delete = action(cursor)?;
            } else if cursor.takes(&["ON", "UPDATE"]) {
                reference.on_update = action(cursor)?;
            } else if cursor.takes(&["MATCH"]) {
                // SQLite reads it and takes it for SIMPLE.
                cursor.name()?;
            } else {
                break;
            }
        }
        let deferral = deferral(cursor)?;
        self.constrain(name, Rule::ForeignKey(reference), Options::new(), deferral);
        Ok(())
    }

    fn constrain(&mut self, name: Option<Text>, rule: Rule, options: Options, deferral: Deferral) {
        self.table.constraints.push(Constraint {
            name,
            rule,
            deferral,
            options,
            comment: None,
        });
    }
}

/// `ON CONFLICT …`, unless it is the default.
fn conflict(cursor: &mut Cursor<'_>) -> Result<Options, Unreadable> {
    let mut options = Options::new();
    if cursor.takes(&["ON", "CONFLICT"]) {
        let word = cursor.name()?.as_str().to_ascii_uppercase();
        if word != "ABORT" {
            options.insert("on conflict".to_owned(), word);
        }
    }
    Ok(options)
}

/// What follows `ON DELETE`, unless it is the default.
fn action(cursor: &mut Cursor<'_>) -> Result<Option<String>, Unreadable> {
    for words in [["SET", "NULL"], ["SET", "DEFAULT"]] {
        if cursor.takes(&words) {
            return Ok(Some(words.join(" ")));
        }
    }
    if cursor.takes(&["NO", "ACTION"]) {
        return Ok(None);
    }
    Ok(Some(cursor.name()?.as_str().to_ascii_uppercase()))
}

fn deferral(cursor: &mut Cursor<'_>) -> Result<Deferral, Unreadable> {
    if cursor.takes(&["NOT", "DEFERRABLE"]) {
        if cursor.takes(&["INITIALLY"]) {
            cursor.name()?;
        }
        return Ok(Deferral::Never);
    }
    if !cursor.takes(&["DEFERRABLE"]) {
        return Ok(Deferral::Never);
    }
    if cursor.takes(&["INITIALLY", "DEFERRED"]) {
        return Ok(Deferral::Initially);
    }
    let _ = cursor.takes(&["INITIALLY", "IMMEDIATE"]);
    Ok(Deferral::Possible)
}

fn collation(name: Text) -> Option<Text> {
    (name.key() != "binary").then_some(name)
}

/// Joins what the text says with what the engine says.
fn settle(mut table: Table, rows: &[&ColumnRow]) -> Result<Table, Unreadable> {
    let names: Vec<Text> = rows.iter().map(|row| name(&row.name)).collect();
    if !table.columns.iter().map(|it| &it.name).eq(&names) {
        return Err(Unreadable {
            kind: "table",
            name: table.name.to_string(),
            what: "in its columns".to_owned(),
        });
    }
    for (column, row) in table.columns.iter_mut().zip(rows) {
        column.name = name(&row.name);
        column.type_name = expression(&row.type_name);
        column.nullable = !row.not_null;
        column.default = row.default.as_deref().and_then(default);
        if let Some(generated) = &mut column.generated {
            generated.stored = row.hidden == 3;
        }
    }
    if let Some(alias) = row_id(&table) {
        // It is never NULL, whatever is said.
        let column = table.columns.iter_mut().find(|it| it.name == alias);
        column.into_iter().for_each(|it| it.nullable = false);
    }
    Ok(table)
}

fn default(text: &str) -> Option<Text> {
    let text = expression(&super::quoted::default(text));
    (text.key() != "null").then_some(text)
}

/// The column that is the row's id, if one is.
pub(in crate::schema) fn row_id(table: &Table) -> Option<Text> {
    let [only] = table.primary_key()? else {
        return None;
    };
    let PartOf::Column(key) = &only.of else {
        return None;
    };
    let is_integer = table.column(key)?.type_name.key() == "integer";
    let has_row_id = !table.options.contains_key("without rowid");
    (is_integer && has_row_id && !only.descending).then(|| key.clone())
}
