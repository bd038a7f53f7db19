//! A value for a column, by its type.

use rev_core::Dialect;

use super::column::Column;
use crate::ledger::text;

/// The most digits of an invented number.
const DIGITS: usize = 6;

/// A literal for the row of this number; `None`: nothing is known of the type.
pub(super) fn of(column: &Column, row: usize, dialect: Dialect) -> Option<String> {
    if let Some(label) = &column.label {
        return Some(text(label, dialect));
    }
    let kind = Kind::of(&column.kind);
    match dialect {
        Dialect::Sqlite => sqlite(&kind, row),
        Dialect::Postgres => postgres(&kind, row),
        Dialect::Mysql => mysql(&kind, row),
    }
}

/// Whether values of a MySQL type are bytes.
pub(super) fn is_binary(kind: &str) -> bool {
    let kind = Kind::of(kind);
    kind.has("blob")
        || kind.has("binary")
        || kind.is(&["bit", "geometry", "point", "linestring", "polygon"])
}

/// A type's words, and what stands in its parentheses.
struct Kind {
    words: String,
    arguments: Vec<usize>,
}

impl Kind {
    fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        let (before, rest) = text.split_once('(').unwrap_or((&text, ""));
        let (inside, after) = rest.split_once(')').unwrap_or((rest, ""));
        let words = format!("{before} {after}");
        Self {
            words: words.split_whitespace().collect::<Vec<_>>().join(" "),
            arguments: inside
                .split(',')
                .filter_map(|it| it.trim().parse().ok())
                .collect(),
        }
    }

    fn is(&self, words: &[&str]) -> bool {
        words.contains(&self.words.as_str())
    }

    fn has(&self, part: &str) -> bool {
        self.words.contains(part)
    }

    /// The first word.
    fn head(&self) -> &str {
        self.words.split(' ').next().unwrap_or_default()
    }

    /// `v 1`, cut to the length that fits.
    fn text(&self, row: usize) -> String {
        let text = format!("v {row}");
        let length = self.arguments.first().copied().unwrap_or(text.len());
        let start = text.len().saturating_sub(length.max(1));
        format!("'{}'", &text[start..])
    }

    /// A number that is not small, so that it is none that a script would write.
    fn number(&self, row: usize) -> String {
        let digits = match self.arguments[..] {
            [] => DIGITS,
            [precision] => precision,
            [precision, scale, ..] => precision.saturating_sub(scale),
        };
        match digits.min(DIGITS) {
            0 => format!("0.{row}"),
            1 => row.to_string(),
            digits => format!("9{row:0>width$}", width = digits - 1),
        }
    }
}

/// By SQLite's rules of affinity, but for what a name promises to programs.
fn sqlite(kind: &Kind, row: usize) -> Option<String> {
    let named = dated(kind, row);
    if named.is_some() {
        return named;
    }
    if kind.has("bool") {
        return Some("1".to_owned());
    }
    if kind.has("json") {
        return Some(format!("'{{\"v\": {row}}}'"));
    }
    if kind.has("int") || kind.is(&["", "any"]) {
        return Some(format!("90000{row}"));
    }
    if kind.has("blob") {
        return Some(format!("x'0{row}'"));
    }
    if ["char", "clob", "text", "uuid", "string"]
        .iter()
        .any(|it| kind.has(it))
    {
        return Some(kind.text(row));
    }
    if ["real", "floa", "doub"].iter().any(|it| kind.has(it)) {
        return Some(format!("9000.{row}"));
    }
    Some(kind.number(row))
}

/// Dates and times, which all engines spell alike.
fn dated(kind: &Kind, row: usize) -> Option<String> {
    let day = format!("2001-02-0{row}");
    Some(match kind.head() {
        "date" => format!("'{day}'"),
        "datetime" => format!("'{day} 03:04:05'"),
        head if head.starts_with("timestamp") => format!("'{day} 03:04:05'"),
        head if head.starts_with("time") => format!("'03:04:0{row}'"),
        _ => return None,
    })
}

fn postgres(kind: &Kind, row: usize) -> Option<String> {
    if kind.has("[]") {
        return Some("'{}'".to_owned());
    }
    let named = dated(kind, row);
    if named.is_some() {
        return named;
    }
    Some(match kind.words.as_str() {
        "smallint" => format!("3000{row}"),
        "integer" | "bigint" | "real" | "double precision" => format!("90000{row}"),
        "numeric" => kind.number(row),
        "boolean" => "true".to_owned(),
        "text" | "name" | "citext" | "character varying" => kind.text(row),
        "character" | "\"char\"" => match kind.arguments.is_empty() {
            true => format!("'{row}'"),
            false => kind.text(row),
        },
        "uuid" => format!("'00000000-0000-4000-8000-00000000000{row}'"),
        "json" | "jsonb" => format!("'{{\"v\": {row}}}'"),
        "bytea" => format!("'\\x0{row}'"),
        "interval" => format!("'{row} hours'"),
        "inet" => format!("'10.0.0.{row}'"),
        "cidr" => format!("'10.0.0.{row}/32'"),
        "macaddr" => format!("'08:00:2b:01:02:0{row}'"),
        "money" => format!("'{row}'"),
        "xml" => format!("'<v>{row}</v>'"),
        "tsvector" | "tsquery" => format!("'v{row}'"),
        "point" => format!("'({row},{row})'"),
        words if words.ends_with("range") => "'empty'".to_owned(),
        _ => return None,
    })
}

fn mysql(kind: &Kind, row: usize) -> Option<String> {
    let named = dated(kind, row);
    if named.is_some() {
        return named;
    }
    Some(match kind.head() {
        "tinyint" => format!("10{row}"),
        "smallint" => format!("3000{row}"),
        "mediumint" | "int" | "bigint" => format!("90000{row}"),
        "decimal" | "float" | "double" => kind.number(row),
        "bit" => "b'1'".to_owned(),
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => kind.text(row),
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => {
            format!("x'0{row}'")
        }
        "json" => format!("'{{\"v\": {row}}}'"),
        "year" => format!("200{row}"),
        "uuid" => format!("'00000000-0000-4000-8000-00000000000{row}'"),
        "inet6" => format!("'::{row}'"),
        "inet4" => format!("'10.0.0.{row}'"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: &str, dialect: Dialect) -> String {
        let column = Column {
            kind: kind.to_owned(),
            ..Column::default()
        };
        of(&column, 1, dialect).unwrap_or_else(|| "nothing".to_owned())
    }

    #[test]
    fn every_common_type_has_a_value_that_fits() {
        let of = |dialect, kinds: &[&str]| {
            let lines = kinds
                .iter()
                .map(|kind| format!("{kind}: {}", value(kind, dialect)));
            lines.collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(of(Dialect::Sqlite, &["INTEGER", "", "VARCHAR(2)", "DECIMAL(4,2)", "BOOLEAN", "DATETIME", "REAL", "BLOB"]), @r"
        INTEGER: 900001
        : 900001
        VARCHAR(2): ' 1'
        DECIMAL(4,2): 91
        BOOLEAN: 1
        DATETIME: '2001-02-01 03:04:05'
        REAL: 9000.1
        BLOB: x'01'
        ");
        insta::assert_snapshot!(of(Dialect::Postgres, &["integer", "interval", "numeric(3,3)", "numeric", "character varying(1)", "timestamp(3) with time zone", "integer[]", "int4range", "geometry"]), @r"
        integer: 900001
        interval: '1 hours'
        numeric(3,3): 0.1
        numeric: 900001
        character varying(1): '1'
        timestamp(3) with time zone: '2001-02-01 03:04:05'
        integer[]: '{}'
        int4range: 'empty'
        geometry: nothing
        ");
        insta::assert_snapshot!(of(Dialect::Mysql, &["int(11) unsigned", "tinyint(1)", "decimal(10,2)", "varchar(20)", "varbinary(4)", "year(4)", "time", "geometry"]), @r"
        int(11) unsigned: 900001
        tinyint(1): 101
        decimal(10,2): 900001
        varchar(20): 'v 1'
        varbinary(4): x'01'
        year(4): 2001
        time: '03:04:01'
        geometry: nothing
        ");
        assert!(is_binary("varbinary(4)") && is_binary("blob") && !is_binary("text"));
    }
}
