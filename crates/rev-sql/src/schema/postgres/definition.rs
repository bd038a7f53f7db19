//! Constraints and indexes out of the server's definitions of them.

use super::Unreadable;
use super::cursor::Cursor;
use super::text::expression;
use crate::schema::{
    Constraint, Deferral, Index, Name, Options, Part, PartOf, Reference, Rule, Text,
};

/// Reads `pg_get_constraintdef`.
pub(super) fn constraint(
    name: &str,
    definition: &str,
    home: &str,
) -> Result<Constraint, Unreadable> {
    let mut cursor = Cursor::new(definition);
    let mut options = Options::new();
    let rule = rule(&mut cursor, &mut options, home).ok_or_else(|| cursor.lost(name))?;
    let mut deferral = Deferral::Never;
    while !cursor.is_at_end() {
        if cursor.takes(&["DEFERRABLE"]) {
            deferral = Deferral::Possible;
        } else if cursor.takes(&["INITIALLY", "DEFERRED"]) {
            deferral = Deferral::Initially;
        } else {
            let flag = ["NOT VALID", "NO INHERIT", "NOT ENFORCED"]
                .into_iter()
                .find(|flag| cursor.takes(&flag.split(' ').collect::<Vec<_>>()));
            let flag = flag.ok_or_else(|| cursor.lost(name))?;
            options.insert(flag.to_ascii_lowercase(), String::new());
        }
    }
    Ok(Constraint {
        name: Some(super::name(name)),
        rule,
        deferral,
        options,
        comment: None,
    })
}

fn rule(cursor: &mut Cursor<'_>, options: &mut Options, home: &str) -> Option<Rule> {
    if cursor.takes(&["CHECK"]) {
        return Some(Rule::Check(expression(cursor.group()?)));
    }
    if cursor.takes(&["FOREIGN", "KEY"]) {
        return reference(cursor, options, home).map(Rule::ForeignKey);
    }
    if cursor.takes(&["EXCLUDE"]) {
        return exclusion(cursor).map(Rule::Exclusion);
    }
    let is_primary = cursor.takes(&["PRIMARY", "KEY"]);
    if !is_primary {
        cursor.takes(&["UNIQUE"]).then_some(())?;
        if cursor.takes(&["NULLS", "NOT", "DISTINCT"]) {
            options.insert("nulls not distinct".to_owned(), String::new());
        }
    }
    let parts: Vec<Part> = cursor
        .list()?
        .into_iter()
        .map(part)
        .collect::<Option<_>>()?;
    if cursor.takes(&["INCLUDE"]) {
        options.insert("include".to_owned(), cursor.group()?.to_owned());
    }
    Some(match is_primary {
        true => Rule::PrimaryKey(parts),
        false => Rule::Unique(parts),
    })
}

/// All of it up to when it is checked.
fn exclusion(cursor: &mut Cursor<'_>) -> Option<Text> {
    let mut text = String::new();
    if cursor.takes(&["USING"]) {
        text = format!("USING {} ", cursor.word()?);
    }
    text.push_str(&format!("({})", cursor.group()?));
    for keyword in ["INCLUDE", "WITH", "WHERE"] {
        if cursor.takes(&[keyword]) {
            text.push_str(&format!(" {keyword} ({})", cursor.group()?));
        }
    }
    Some(super::statement(&text))
}

fn reference(cursor: &mut Cursor<'_>, options: &mut Options, home: &str) -> Option<Reference> {
    let columns = columns(cursor, options)?;
    cursor.takes(&["REFERENCES"]).then_some(())?;
    let (schema, name) = cursor.qualified()?;
    let mut reference = Reference {
        columns,
        table: Name {
            schema: schema.filter(|it| it.as_str() != home),
            name,
        },
        targets: self::columns(cursor, options)?,
        on_update: None,
        on_delete: None,
    };
    if cursor.takes(&["MATCH"]) {
        options.insert("match".to_owned(), cursor.word()?.to_owned());
    }
    while cursor.takes(&["ON"]) {
        let is_update = cursor.takes(&["UPDATE"]);
        if !is_update {
            cursor.takes(&["DELETE"]).then_some(())?;
        }
        let action = action(cursor)?;
        match is_update {
            true => reference.on_update = Some(action),
            false => reference.on_delete = Some(action),
        }
    }
    Some(reference)
}

fn action(cursor: &mut Cursor<'_>) -> Option<String> {
    let actions = [
        "RESTRICT",
        "CASCADE",
        "SET NULL",
        "SET DEFAULT",
        "NO ACTION",
    ];
    let action = actions
        .into_iter()
        .find(|it| cursor.takes(&it.split(' ').collect::<Vec<_>>()))?;
    Some(match cursor.sees_symbol("(") {
        true => format!("{action} ({})", cursor.group()?),
        false => action.to_owned(),
    })
}

fn columns(cursor: &mut Cursor<'_>, options: &mut Options) -> Option<Vec<Text>> {
    let column = |text: &str| {
        let mut cursor = Cursor::new(text);
        let is_period = cursor.peek(1).is_some() && cursor.takes(&["PERIOD"]);
        if is_period {
            options.insert("period".to_owned(), String::new());
        }
        cursor.name()
    };
    cursor.list()?.into_iter().map(column).collect()
}

/// Reads `pg_get_indexdef`.
pub(super) fn index(name: &str, definition: &str) -> Result<Index, Unreadable> {
    let mut cursor = Cursor::new(definition);
    let mut found = Index {
        name: super::name(name),
        unique: false,
        method: None,
        parts: Vec::new(),
        include: Vec::new(),
        predicate: None,
        options: Options::new(),
        comment: None,
    };
    let read = read_index(&mut cursor, &mut found);
    match read {
        Some(()) if cursor.is_at_end() => Ok(found),
        _ => Err(cursor.lost(name)),
    }
}

fn read_index(cursor: &mut Cursor<'_>, index: &mut Index) -> Option<()> {
    cursor.takes(&["CREATE"]).then_some(())?;
    index.unique = cursor.takes(&["UNIQUE"]);
    cursor.takes(&["INDEX"]).then_some(())?;
    cursor.name()?;
    cursor.takes(&["ON"]).then_some(())?;
    cursor.takes(&["ONLY"]);
    cursor.qualified()?;
    cursor.takes(&["USING"]).then_some(())?;
    let method = cursor.spelt()?;
    index.method = (method != "btree").then(|| method.to_owned());
    index.parts = cursor
        .list()?
        .into_iter()
        .map(part)
        .collect::<Option<_>>()?;
    if cursor.takes(&["INCLUDE"]) {
        let names = cursor.list()?.into_iter();
        let names = names.map(|it| Cursor::new(it).name());
        index.include = names.collect::<Option<_>>()?;
    }
    if cursor.takes(&["NULLS", "NOT", "DISTINCT"]) {
        let flag = "nulls not distinct".to_owned();
        index.options.insert(flag, String::new());
    }
    if cursor.takes(&["WITH"]) {
        let storage = cursor.group()?.to_owned();
        index.options.insert("storage".to_owned(), storage);
    }
    if cursor.takes(&["WHERE"]) {
        index.predicate = Some(expression(cursor.rest()));
    }
    Some(())
}

/// A part of a key or an index: what it holds, then what is not the default.
fn part(text: &str) -> Option<Part> {
    let mut cursor = Cursor::new(text);
    let of = match cursor.sees_symbol("(") {
        true => PartOf::Expression(expression(cursor.group()?)),
        false => column_or_call(&mut cursor)?,
    };
    let mut part = Part {
        of,
        collation: None,
        descending: false,
        options: Options::new(),
    };
    while !cursor.is_at_end() {
        if cursor.takes(&["COLLATE"]) {
            part.collation = Some(super::name(cursor.spelt()?));
        } else if cursor.takes(&["DESC"]) {
            part.descending = true;
        } else if cursor.takes(&["WITHOUT", "OVERLAPS"]) {
            part.options
                .insert("without overlaps".to_owned(), String::new());
        } else if cursor.takes(&["NULLS"]) {
            let place = cursor.word()?.to_ascii_lowercase();
            part.options.insert("nulls".to_owned(), place);
        } else {
            let mut class = cursor.spelt()?.to_owned();
            if cursor.sees_symbol("(") {
                class = format!("{class} ({})", cursor.group()?);
            }
            part.options.insert("operator class".to_owned(), class);
        }
    }
    Some(part)
}

fn column_or_call(cursor: &mut Cursor<'_>) -> Option<PartOf> {
    let mut ahead = cursor.clone();
    let spelt = ahead.spelt()?;
    if !ahead.sees_symbol("(") {
        return cursor.name().map(PartOf::Column);
    }
    let call = format!("{spelt}({})", ahead.group()?);
    *cursor = ahead;
    Some(PartOf::Expression(expression(&call)))
}
