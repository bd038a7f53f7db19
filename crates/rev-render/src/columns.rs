//! Columns on a terminal: how wide a text is, and what gives way where there is no room.
//!
//! Widths are counted in cells as a terminal draws them (`英` takes two), and colours take none.
//! A line never wraps, since what wraps would stand under the graph or under the names: one
//! column gives way, then the line's end. Without a width nothing is cut.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar as _;

/// What a colour begins and ends with.
const ESCAPE: char = '\u{1b}';
const END_OF_ESCAPE: char = 'm';

/// What stands for what was cut.
const MORE: char = '…';

/// The cells between two columns.
const GAP: usize = 2;

/// What a column that gives way keeps: a word or so.
const LEAST: usize = 12;

/// How many cells a text of one line takes.
#[must_use]
pub fn width(text: &str) -> usize {
    let mut is_colour = false;
    let mut cells = 0;
    for character in text.chars() {
        match character {
            ESCAPE => is_colour = true,
            END_OF_ESCAPE if is_colour => is_colour = false,
            _ if is_colour => {}
            _ => cells += character.width().unwrap_or(0),
        }
    }
    cells
}

/// A text of one line in at most so many cells. What is cut shows as `…`; colours that were
/// begun still end.
#[must_use]
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if width(text) <= most {
        return Cow::Borrowed(text);
    }
    let room = most.saturating_sub(1);
    let (mut kept, mut cells) = (String::new(), 0);
    let (mut is_colour, mut is_full) = (false, false);
    for character in text.chars() {
        if character == ESCAPE || is_colour {
            is_colour = character != END_OF_ESCAPE;
            kept.push(character);
            continue;
        }
        let wide = character.width().unwrap_or(0);
        if !is_full && cells + wide > room {
            is_full = true;
            if most > 0 {
                kept.push(MORE);
            }
        }
        if !is_full {
            kept.push(character);
            cells += wide;
        }
    }
    Cow::Owned(kept)
}

/// Whether nothing of a text is seen.
pub(crate) fn is_blank(text: &str) -> bool {
    width(text) == 0
}

/// A text with blanks after it, up to so many cells.
#[must_use]
pub fn padded(text: &str, cells: usize) -> String {
    let blanks = cells.saturating_sub(width(text));
    format!("{text}{:blanks$}", "")
}

/// Every line of a text in at most so many cells; as it is without a width.
#[must_use]
pub fn cut_lines(text: &str, most: Option<usize>) -> Cow<'_, str> {
    let Some(most) = most else {
        return Cow::Borrowed(text);
    };
    let lines = text.split('\n').map(|line| cut(line, most));
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}

/// Rows of cells as lines, each column as wide as its widest cell. Where a line would take more
/// than `most` cells, column `gives` is cut.
#[must_use]
pub fn columns(rows: &[Vec<String>], gives: usize, most: Option<usize>) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let wide = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| width(cell)).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..count).map(wide).collect();
    if let (Some(most), Some(&own)) = (most, widths.get(gives)) {
        // A column of nothing takes no room.
        let is_there = |&(_, &cells): &(usize, &usize)| cells > 0;
        let there: Vec<usize> = widths
            .iter()
            .enumerate()
            .filter(is_there)
            .map(|it| *it.1)
            .collect();
        let all = there.iter().sum::<usize>() + GAP * there.len().saturating_sub(1);
        let over = all.saturating_sub(most);
        widths[gives] = own.min(own.saturating_sub(over).max(LEAST));
    }
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            if widths[column] == 0 {
                continue;
            }
            let cell = cut(cell, widths[column]);
            line.push_str(&padded(&cell, widths[column] + GAP));
        }
        let line = line.trim_end();
        most.map_or_else(|| line.to_owned(), |most| cut(line, most).into_owned())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|&cell| cell.to_owned()).collect()
    }

    #[test]
    fn cells_are_counted_as_a_terminal_draws_them() {
        for (text, cells) in [
            ("", 0),
            ("abc", 3),
            ("füge", 4),
            ("fu\u{308}ge", 4),
            ("英雄", 4),
            ("\u{1b}[33mab\u{1b}[0m", 2),
        ] {
            assert_eq!(width(text), cells, "{text}");
        }
    }

    #[test]
    fn what_is_cut_ends_its_colours_and_never_takes_more() {
        let colour = "\u{1b}[33mabcdef\u{1b}[0m ghi";
        assert_eq!(cut(colour, 4), "\u{1b}[33mabc…\u{1b}[0m");
        assert_eq!(cut("英雄を追加", 6), "英雄…");
        assert_eq!(cut("英雄を追加", 10), "英雄を追加");
        for most in 0..14 {
            assert!(width(&cut("英a雄b\u{1b}[2mを追加\u{1b}[0m", most)) <= most);
        }
    }

    #[test]
    fn the_column_that_gives_way_is_cut_and_the_others_stay() {
        let rows = [
            row(&["db1", "add the table of all heroes", "up to date"]),
            row(&["reporting", "add", "10 pending"]),
        ];
        assert_eq!(
            columns(&rows, 1, Some(40)),
            [
                "db1        add the table of…  up to date",
                "reporting  add                10 pending"
            ]
        );
        assert_eq!(
            columns(&rows, 1, Some(20)),
            ["db1        add the …", "reporting  add     …"]
        );
        assert_eq!(
            columns(&rows, 1, None),
            [
                "db1        add the table of all heroes  up to date",
                "reporting  add                          10 pending"
            ]
        );
    }
}
