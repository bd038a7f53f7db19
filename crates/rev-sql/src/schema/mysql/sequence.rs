//! `SHOW CREATE SEQUENCE` of MariaDB.

use super::cursor::Cursor;
use super::{Request, Server, Unreadable};
use crate::schema::{Options, Sequence};

/// What a sequence has that is made without a word.
const DEFAULTS: [(&str, &str); 6] = [
    ("start with", "1"),
    ("minvalue", "1"),
    ("maxvalue", "9223372036854775806"),
    ("increment by", "1"),
    ("cache", "1000"),
    ("as", "bigint"),
];

pub(super) fn read(request: &Request, text: &str, server: &Server) -> Result<Sequence, Unreadable> {
    let mut cursor = Cursor::new(text, request);
    cursor.expect("CREATE")?;
    cursor.expect("SEQUENCE")?;
    cursor.name()?;
    let mut options = Options::new();
    while !cursor.is_at_end() {
        if let Some((key, value)) = option(&mut cursor)? {
            options.insert(key.to_owned(), value);
        }
    }
    Ok(Sequence {
        name: server.name(&request.name),
        options,
        owner: None,
        comment: None,
    })
}

/// One option, unless it is the default or the engine.
fn option(cursor: &mut Cursor<'_>) -> Result<Option<(&'static str, String)>, Unreadable> {
    if cursor.takes(&["NOCYCLE"]) {
        return Ok(None);
    }
    if cursor.takes(&["CYCLE"]) {
        return Ok(Some(("cycle", String::new())));
    }
    if cursor.takes(&["NOCACHE"]) {
        return Ok(Some(("cache", "0".to_owned())));
    }
    if cursor.takes(&["ENGINE"]) || cursor.takes(&["COMMENT"]) {
        cursor.expect_symbol("=")?;
        return Ok(cursor.next().and(None));
    }
    let known = DEFAULTS.iter().find(|(key, _)| {
        let words: Vec<&str> = key.split(' ').collect();
        cursor.takes(&words)
    });
    let (key, default) = known.ok_or_else(|| cursor.lost())?;
    let sign = if cursor.takes_symbol("-") { "-" } else { "" };
    let mut value = format!("{sign}{}", cursor.name()?);
    if *key == "as" && cursor.takes(&["UNSIGNED"]) {
        value.push_str(" unsigned");
    }
    Ok((value != *default).then_some((*key, value)))
}
