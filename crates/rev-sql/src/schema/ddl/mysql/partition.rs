//! Rows that no partition takes: a table that is parted by ranges or lists refuses them.

use rev_core::Dialect;

use super::spelling::plain;
use crate::schema::ddl::{Note, rows};
use crate::schema::{Diff, TableChange};
use crate::split::{Token, tokens};

/// What is said where a table is parted otherwise from now on.
pub(super) fn notes(change: &TableChange, diff: &Diff) -> Vec<Note> {
    let key = "partition by";
    let Some(new) = change.to.options.get(key).and_then(|it| Parts::read(it)) else {
        return Vec::new();
    };
    let old = change.from.options.get(key);
    let old = old.and_then(|it| Parts::read(it));
    if new.takes_all() || old.is_some_and(|old| new.takes(&old)) {
        return Vec::new();
    }
    let note = Note::decide(format!(
        "rows that none of the partitions of `{}` takes make this fail",
        change.to.name
    ));
    let condition = new.refused();
    vec![note.asking(rows::counting(change, &condition, diff, Dialect::Mysql))]
}

/// By what a table is parted, and what each part takes.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    /// An expression, or columns with commas between.
    by: String,
    has_several: bool,
    is_range: bool,
    /// Each bound, or each value of a list.
    values: Vec<String>,
}

impl Parts {
    /// Reads `RANGE (a) (PARTITION p VALUES LESS THAN (10), …)` and the like; `None`: neither
    /// ranges nor lists.
    fn read(text: &str) -> Option<Self> {
        let text = plain(text);
        let found = tokens(&text, Dialect::Mysql);
        let first = found.first()?;
        let is_range = first.is("RANGE");
        if !is_range && !first.is("LIST") {
            return None;
        }
        let columns = found.get(1)?.is("COLUMNS");
        let open = 1 + usize::from(columns);
        let close = closing(&found, open)?;
        let by = text[found[open].end()..found[close].start]
            .trim()
            .to_owned();
        let mut parts = Self {
            has_several: columns && by.contains(','),
            by,
            is_range,
            values: Vec::new(),
        };
        let mut at = close;
        while at < found.len() {
            let is_list = found[at].is("IN");
            let is_bound = found[at].is("THAN");
            // A list that takes what no other one does.
            if found[at].is("DEFAULT") {
                parts.values.push("DEFAULT".to_owned());
            }
            at += 1;
            if !(is_list || is_bound) {
                continue;
            }
            let next = found.get(at)?;
            if !next.is_symbol("(") {
                parts.values.push(next.text.to_owned());
                continue;
            }
            let end = closing(&found, at)?;
            let inner = &found[at + 1..end];
            if is_bound {
                let bound = &text[next.end()..found[end].start];
                parts.values.push(bound.trim().to_owned());
            } else {
                parts.values.extend(items(&text, inner));
            }
            at = end;
        }
        Some(parts)
    }

    fn takes_all(&self) -> bool {
        let is_last = |it: &String| it.eq_ignore_ascii_case("MAXVALUE") || it == "DEFAULT";
        if self.is_range && self.has_several {
            let last = self.values.last();
            return last.is_some_and(|it| it.to_ascii_uppercase().starts_with("MAXVALUE"));
        }
        self.values.iter().any(is_last)
    }

    /// Whether all that others take is taken.
    fn takes(&self, old: &Self) -> bool {
        let is_alike = (&self.by, self.is_range) == (&old.by, old.is_range);
        let has_all = match self.is_range {
            // Bounds rise, so what was a bound and is one is below the last.
            true => old.values.last().is_some_and(|it| self.values.contains(it)),
            false => old.values.iter().all(|it| self.values.contains(it)),
        };
        is_alike && has_all
    }

    /// The condition that no part takes a row.
    fn refused(&self) -> String {
        let by = match self.has_several {
            true => format!("({})", self.by),
            false => self.by.clone(),
        };
        if self.is_range {
            let last = self.values.last().map_or("NULL", String::as_str);
            return match self.has_several {
                true => format!("NOT ({by} < ({last}))"),
                false => format!("{by} >= {last}"),
            };
        }
        let is_null = |it: &&String| it.eq_ignore_ascii_case("NULL");
        let takes_null = self.values.iter().any(|it| is_null(&it));
        let values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        let listed: Vec<&str> = values
            .into_iter()
            .filter(|it| !it.eq_ignore_ascii_case("NULL"))
            .collect();
        let mut conditions = Vec::new();
        if !listed.is_empty() {
            conditions.push(format!("{by} NOT IN ({})", listed.join(", ")));
        }
        if !takes_null && !self.has_several {
            conditions.push(format!("{by} IS NULL"));
        }
        if listed.is_empty() {
            conditions.push(format!("{by} IS NOT NULL"));
        }
        conditions.join(" OR ")
    }
}

/// Where the bracket closes that opens at a place.
fn closing(found: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0;
    let end = found.get(open..)?.iter().position(|it| {
        depth += i32::from(it.is_symbol("(")) - i32::from(it.is_symbol(")"));
        depth == 0
    });
    end.map(|it| it + open)
}

/// What stands between commas that are in no brackets.
fn items(text: &str, found: &[Token<'_>]) -> Vec<String> {
    let mut depth = 0;
    let groups = found.split(|it| {
        depth += i32::from(it.is_symbol("(")) - i32::from(it.is_symbol(")"));
        depth == 0 && it.is_symbol(",")
    });
    let item = |it: &[Token<'_>]| Some(text[it.first()?.start..it.last()?.end()].to_owned());
    groups.filter_map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::Parts;

    fn refused(text: &str) -> Option<String> {
        let parts = Parts::read(text).expect("ranges or lists");
        (!parts.takes_all()).then(|| parts.refused())
    }

    #[test]
    fn what_no_part_takes_is_a_condition() {
        for (text, due) in [
            (
                "RANGE (a) (PARTITION p VALUES LESS THAN (10), PARTITION q VALUES LESS THAN (20))",
                Some("a >= 20"),
            ),
            (
                "RANGE (a) (PARTITION p VALUES LESS THAN (10), PARTITION q VALUES LESS THAN MAXVALUE)",
                None,
            ),
            (
                "RANGE COLUMNS(a, b) (PARTITION p VALUES LESS THAN (1,'x'))",
                Some("NOT ((a, b) < (1,'x'))"),
            ),
            (
                "RANGE COLUMNS(a, b) (PARTITION p VALUES LESS THAN (MAXVALUE,MAXVALUE))",
                None,
            ),
            (
                "LIST (a) (PARTITION p VALUES IN (1,2), PARTITION q VALUES IN (3))",
                Some("a NOT IN (1, 2, 3) OR a IS NULL"),
            ),
            (
                "LIST (a) (PARTITION p VALUES IN (NULL,2))",
                Some("a NOT IN (2)"),
            ),
            (
                "LIST (a) (PARTITION p VALUES IN (NULL,2), PARTITION q DEFAULT)",
                None,
            ),
            (
                "LIST COLUMNS(a,b) (PARTITION p VALUES IN ((1,2),(3,4)))",
                Some("(a,b) NOT IN ((1,2), (3,4))"),
            ),
        ] {
            assert_eq!(refused(text).as_deref(), due, "{text}");
        }
        assert_eq!(Parts::read("HASH (a) PARTITIONS 4"), None);
    }

    #[test]
    fn parts_that_are_added_at_the_end_refuse_no_row_that_is_there() {
        let read = |text: &str| Parts::read(text).expect("ranges or lists");
        let (old, new) = (
            read("RANGE (a) (PARTITION p VALUES LESS THAN (10))"),
            read(
                "RANGE (a) (PARTITION p VALUES LESS THAN (10), PARTITION q VALUES LESS THAN (20))",
            ),
        );
        assert!(new.takes(&old));
        assert!(!old.takes(&new));
    }
}
