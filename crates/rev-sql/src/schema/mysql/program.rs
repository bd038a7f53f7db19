//! What is compared by its whole text: views, triggers, routines and events.

use std::collections::{BTreeMap, BTreeSet};

use rev_core::Dialect;

use super::cursor::Cursor;
use super::{Request, Server, Trigger, Unreadable, part_name, routine_name};
use crate::ledger;
use crate::schema::{Kind, Name, Object, Text};
use crate::split::{Token, TokenKind, tokens, unquoted};

/// The names that the database's own name may stand before.
pub(super) struct Own<'a> {
    pub(super) database: &'a str,
    pub(super) tables: BTreeSet<&'a str>,
    /// In small letters.
    pub(super) functions: BTreeSet<String>,
}

impl Own<'_> {
    /// A text of the server without its database's own name: the server puts it
    /// before names where it may be needed, and elsewhere the database has another.
    pub(super) fn without(&self, text: &str) -> String {
        let found = tokens(text, Dialect::Mysql);
        let mut without = String::new();
        let mut copied = 0;
        for (index, window) in found.windows(3).enumerate() {
            let [database, dot, name] = window else {
                continue;
            };
            let follows = index > 0 && found[index - 1].is_symbol(".");
            let is_own = database.kind == TokenKind::Name
                && unquoted(database.text) == self.database
                && dot.is_symbol(".")
                && !follows;
            // Two names alone may also be an alias and its column.
            let is_column = found.get(index + 3).is_some_and(|it| it.is_symbol("."));
            if is_own && (is_column || self.holds(&unquoted(name.text))) {
                without.push_str(&text[copied..database.start]);
                copied = name.start;
            }
        }
        without.push_str(&text[copied..]);
        without
    }

    fn holds(&self, name: &str) -> bool {
        self.tables.contains(name) || self.functions.contains(&name.to_ascii_lowercase())
    }

    /// The tables, views and functions of this database that a text mentions.
    fn mentioned(&self, text: &str, server: &Server) -> BTreeSet<Name> {
        let found = tokens(text, Dialect::Mysql);
        let names = found.iter().filter_map(|token| match token.kind {
            TokenKind::Name => Some(unquoted(token.text)),
            TokenKind::Word => Some(token.text.to_owned()),
            _ => None,
        });
        let mut mentioned = BTreeSet::new();
        for name in names {
            if self.functions.contains(&name.to_ascii_lowercase()) {
                mentioned.insert(routine_name(&name, true));
            }
            if self.tables.contains(name.as_str()) {
                mentioned.insert(server.name(&name));
            }
        }
        mentioned
    }
}

/// What stands before `VIEW` where it shows tables as documents.
const DUALITY: [&str; 3] = ["JSON", "RELATIONAL", "DUALITY"];

/// Whether a view shows tables as documents, which none becomes or ceases to be in place.
pub(in crate::schema) fn is_duality(view: &Object) -> bool {
    let text = view.create.first().map_or("", Text::as_str);
    let found = tokens(text, Dialect::Mysql);
    let head = found.iter().take_while(|it| !it.is("VIEW"));
    head.into_iter().any(|it| it.is("DUALITY"))
}

/// `CREATE ALGORITHM=UNDEFINED DEFINER=… SQL SECURITY DEFINER VIEW …`
pub(super) fn view(
    request: &Request,
    text: &str,
    server: &Server,
    own: &Own<'_>,
) -> Result<Object, Unreadable> {
    let mut cursor = Cursor::new(text, request);
    cursor.expect("CREATE")?;
    let mut create = "CREATE ".to_owned();
    if cursor.takes(&["ALGORITHM"]) {
        cursor.expect_symbol("=")?;
        let algorithm = cursor.name()?.to_ascii_uppercase();
        if algorithm != "UNDEFINED" {
            create.push_str(&format!("ALGORITHM = {algorithm} "));
        }
    }
    skip_to(&mut cursor, &["SQL", "VIEW", "JSON"])?;
    if cursor.takes(&["SQL", "SECURITY"]) && cursor.name()?.eq_ignore_ascii_case("INVOKER") {
        create.push_str("SQL SECURITY INVOKER ");
    }
    if cursor.takes(&DUALITY) {
        create.push_str("JSON RELATIONAL DUALITY ");
    }
    cursor.expect("VIEW")?;
    cursor.name()?;
    create.push_str(&format!("VIEW {}", quoted(&request.name)));
    if cursor.sees_symbol("(") {
        create.push_str(&format!(" ({})", cursor.parenthesized()?));
    }
    cursor.expect("AS")?;
    let body = own.without(cursor.rest_of_text());
    let name = server.name(&request.name);
    let mut needs = own.mentioned(&body, server);
    needs.remove(&name);
    create.push_str(&format!(" AS\n{body}"));
    Ok(object(Kind::View, name, create, needs))
}

/// `CREATE DEFINER=… FUNCTION …`. What its body uses is looked up when it runs.
pub(super) fn routine(request: &Request, text: &str) -> Result<Object, Unreadable> {
    let create = without_definer(request, text)?;
    let name = routine_name(&request.name, request.kind == "function");
    Ok(object(Kind::Routine, name, create, BTreeSet::new()))
}

/// `CREATE DEFINER=… EVENT …`; `begins`: the start that the server has made up.
pub(super) fn event(
    request: &Request,
    text: &str,
    begins: Option<&str>,
) -> Result<Object, Unreadable> {
    let mut create = without_definer(request, text)?;
    if let Some(begins) = begins {
        create = create.replacen(&format!(" STARTS '{begins}'"), "", 1);
    }
    let name = Name::bare(part_name(&request.name));
    Ok(object(Kind::Event, name, create, BTreeSet::new()))
}

/// The triggers, which are given in their order: each but the first of its table
/// and time says which it follows.
pub(super) fn triggers(triggers: &[Trigger], server: &Server) -> Vec<Object> {
    let mut last: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut objects = Vec::new();
    for trigger in triggers {
        let before = last.insert((&trigger.table, &trigger.when), &trigger.name);
        let follows = before.map_or_else(String::new, |it| format!(" FOLLOWS {}", quoted(it)));
        let create = format!(
            "CREATE TRIGGER {} {} ON {} FOR EACH ROW{follows}\n{}",
            quoted(&trigger.name),
            trigger.when,
            quoted(&trigger.table),
            statement(&trigger.body)
        );
        let needs = before.map(|it| server.name(it)).into_iter().collect();
        let name = server.name(&trigger.name);
        objects.push(Object {
            on: Some(server.name(&trigger.table)),
            ..object(Kind::Trigger, name, create, needs)
        });
    }
    objects
}

fn object(kind: Kind, name: Name, create: String, needs: BTreeSet<Name>) -> Object {
    Object {
        kind,
        name,
        on: None,
        create: vec![Text::exact(create)],
        needs,
        after: BTreeSet::new(),
        columns: Vec::new(),
        comment: None,
    }
}

fn without_definer(request: &Request, text: &str) -> Result<String, Unreadable> {
    let mut cursor = Cursor::new(text, request);
    cursor.expect("CREATE")?;
    skip_to(
        &mut cursor,
        &["AGGREGATE", "FUNCTION", "PROCEDURE", "EVENT"],
    )?;
    Ok(format!("CREATE {}", statement(cursor.rest_of_text())))
}

/// Passes over `DEFINER=user@host`.
fn skip_to(cursor: &mut Cursor<'_>, keywords: &[&str]) -> Result<(), Unreadable> {
    while !cursor.sees_any(keywords) {
        cursor.next().ok_or_else(|| cursor.lost())?;
    }
    Ok(())
}

/// A statement without what stands behind its end: a comment there would swallow
/// the semicolon. MySQL keeps the semicolon itself with an event that other statements
/// followed in what a client sent.
fn statement(text: &str) -> &str {
    let tokens = tokens(text, Dialect::Mysql);
    let mut own = tokens
        .iter()
        .rev()
        .skip_while(|it| it.kind == TokenKind::Semicolon);
    let end = own.next().map_or(text.len(), Token::end);
    text[..end].trim_start()
}

fn quoted(name: &str) -> String {
    ledger::name(name, Dialect::Mysql)
}
