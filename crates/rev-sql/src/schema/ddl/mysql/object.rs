//! Views, triggers, routines, events and sequences.

use super::spelling::{plain, plain_up_to};
use super::table_name;
use crate::schema::mysql::is_function;
use crate::schema::{Kind, Object, Options, Sequence, Text};

pub(super) fn drop(object: &Object) -> String {
    let kind = match object.kind {
        Kind::View => "VIEW",
        Kind::Trigger => "TRIGGER",
        Kind::Event => "EVENT",
        _ if is_function(object) => "FUNCTION",
        _ => "PROCEDURE",
    };
    format!("DROP {kind} {}", table_name(&object.name))
}

/// The text that makes it. The server writes that of a view, a person that of a body,
/// in which nothing is touched.
pub(super) fn create(object: &Object) -> String {
    let text = object.create.first().map_or("", Text::as_str);
    match object.kind {
        Kind::View => plain(text),
        Kind::Trigger => match text.split_once("FOR EACH ROW") {
            Some((head, body)) => match body.split_once('\n') {
                Some((order, body)) => {
                    format!("{}FOR EACH ROW{}\n{body}", plain(head), plain(order))
                }
                None => text.to_owned(),
            },
            None => text.to_owned(),
        },
        // `CREATE PROCEDURE name`
        _ => plain_up_to(text, 3),
    }
}

pub(super) fn replace(view: &Object) -> String {
    create(view).replacen("CREATE", "CREATE OR REPLACE", 1)
}

pub(super) fn create_sequence(sequence: &Sequence) -> String {
    let head = format!("CREATE SEQUENCE {}", table_name(&sequence.name));
    let options = in_order(&sequence.options).map(option);
    let parts: Vec<String> = [head].into_iter().chain(options).collect();
    parts.join(" ")
}

/// As the manual orders them.
fn in_order(options: &Options) -> impl Iterator<Item = (&String, &String)> {
    const ORDER: [&str; 7] = [
        "as",
        "start with",
        "increment by",
        "minvalue",
        "maxvalue",
        "cache",
        "cycle",
    ];
    ORDER.iter().filter_map(|key| options.get_key_value(*key))
}

pub(super) fn change_sequence(from: &Sequence, to: &Sequence) -> String {
    let gone = from.options.keys();
    let gone = gone.filter(|key| !to.options.contains_key(*key));
    let gone = gone.map(|key| reset(key).to_owned());
    let is_new = |(key, value): &(&String, &String)| from.options.get(*key) != Some(*value);
    let new = in_order(&to.options).filter(is_new).map(option);
    let options: Vec<String> = gone.chain(new).collect();
    format!(
        "ALTER SEQUENCE {} {}",
        table_name(&to.name),
        options.join(" ")
    )
}

fn option((key, value): (&String, &String)) -> String {
    match (key.as_str(), value.as_str()) {
        ("cache", "0") => "NOCACHE".to_owned(),
        ("cycle", _) => "CYCLE".to_owned(),
        ("as", value) => format!("AS {value}"),
        (key, value) => format!("{} {value}", key.to_ascii_uppercase()),
    }
}

fn reset(key: &str) -> &'static str {
    match key {
        "start with" => "START WITH 1",
        "minvalue" => "MINVALUE 1",
        "maxvalue" => "MAXVALUE 9223372036854775806",
        "increment by" => "INCREMENT BY 1",
        "cache" => "CACHE 1000",
        "as" => "AS bigint",
        _ => "NOCYCLE",
    }
}
