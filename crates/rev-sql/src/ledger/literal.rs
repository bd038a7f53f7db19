//! Texts and names as an engine's SQL writes them, whatever its settings.

use rev_core::Dialect;

/// A text as a literal that means the same whether or not the session takes a
/// backslash for an escape, and whatever its character set.
#[must_use]
pub fn text(text: &str, dialect: Dialect) -> String {
    match dialect {
        // A NUL would end the statement there.
        Dialect::Sqlite if text.contains('\0') => format!("CAST(x'{}' AS TEXT)", hex(text)),
        // PostgreSQL stores no NUL at all.
        Dialect::Postgres if text.contains('\0') => {
            self::text(&text.replace('\0', "\u{fffd}"), dialect)
        }
        Dialect::Postgres if text.contains('\\') => {
            format!("E{}", quoted(&text.replace('\\', "\\\\")))
        }
        // Nor does it depend on the character set that a script has set.
        Dialect::Mysql if text.contains(['\\', '\0']) || !text.is_ascii() => {
            format!("CONVERT(x'{}' USING utf8mb4)", hex(text))
        }
        Dialect::Sqlite | Dialect::Postgres | Dialect::Mysql => quoted(text),
    }
}

/// A name, quoted so that it means itself.
#[must_use]
pub fn name(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Mysql => format!("`{}`", name.replace('`', "``")),
        Dialect::Sqlite | Dialect::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_text_does_not_end_the_literal() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
            assert_eq!(text("it's", dialect), "'it''s'");
            assert_eq!(text("'; DROP --", dialect), "'''; DROP --'");
        }
    }

    #[test]
    fn what_a_session_could_read_in_two_ways_is_written_in_one() {
        assert_eq!(text("a\0'", Dialect::Sqlite), "CAST(x'610027' AS TEXT)");
        assert_eq!(text("\\'", Dialect::Postgres), r"E'\\'''");
        assert_eq!(text("a\0", Dialect::Postgres), "'a\u{fffd}'");
        let bytes = "CONVERT(x'5c27' USING utf8mb4)";
        assert_eq!(text("\\'", Dialect::Mysql), bytes);
        let bytes = "CONVERT(x'c3a9' USING utf8mb4)";
        assert_eq!(text("é", Dialect::Mysql), bytes);
    }

    #[test]
    fn a_quote_in_a_name_does_not_end_it() {
        assert_eq!(name("a`b\"", Dialect::Mysql), "`a``b\"`");
        assert_eq!(name("a`b\"", Dialect::Postgres), "\"a`b\"\"\"");
    }
}
