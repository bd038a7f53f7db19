//! The `sqlite3` shell as the judge of a pair: it runs both scripts by itself, and its own pragmas
//! and texts say whether they lead where they should.
//!
//! Texts are compared without white space, comments, quotes, brackets and case, all of which SQLite
//! keeps as they were typed, or types anew itself. Of a table's text only what no pragma tells
//! counts, wherever it stands in it.

use std::process::Command;

use rev_testkit::program::fed;

/// What is asked; a line an answer. No rowid is NULL, whether that is said of it or not; the order
/// of columns is not compared; a key that names no columns means the primary one; and what the keys of a table are called is counted by the server.
const QUESTIONS: &str = "
.mode list
.separator |
SELECT 'table', l.name, l.type, l.wr, l.strict FROM pragma_table_list l WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite_%';
SELECT 'column', m.name, c.name, lower(replace(c.type, ' ', '')), c.\"notnull\" OR c.pk, c.pk, c.hidden
  FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite_%';
SELECT 'index', m.name, CASE WHEN i.name LIKE 'sqlite_%' THEN '' ELSE i.name END, i.\"unique\", i.origin, i.partial,
  (SELECT group_concat(coalesce(x.name, '') || ' ' || x.desc || ' ' || x.coll) FROM pragma_index_xinfo(i.name) x WHERE x.key)
  FROM sqlite_schema m JOIN pragma_index_list(m.name) i WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%';
SELECT 'key', m.name, k.\"table\", k.\"from\",
  coalesce(k.\"to\", (SELECT p.name FROM pragma_table_info(k.\"table\") p WHERE p.pk = k.seq + 1)), k.on_update, k.on_delete, k.match
  FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) k WHERE m.type = 'table';
SELECT 'default', m.name, c.name, c.dflt_value
  FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c WHERE m.type = 'table' AND upper(c.dflt_value) <> 'NULL' AND m.name NOT LIKE 'sqlite_%';
SELECT 'text', type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%';
";

/// What parts the answers of one database from those of the next.
const END: &str = "=== the next";

/// A pair as the shell is given it.
pub(super) struct Pair<'a> {
    /// What makes the first, with its rows.
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) up: &'a str,
    pub(super) down: &'a str,
    /// The dump of the second.
    pub(super) dump: &'a str,
}

/// Lets the shell go there and back, and make the second from its dump.
pub(super) fn judge(pair: &Pair<'_>) -> Result<(), String> {
    let Pair {
        from,
        to,
        up,
        down,
        dump,
    } = pair;
    let asked = format!("{QUESTIONS}.print '{END}'\n");
    let anew = ".open :memory:\n";
    let step = |sql: &str| format!("BEGIN;\n{sql}\n;COMMIT;\n{asked}");
    let script = format!(
        ".bail on\n.output /dev/null\n.dbconfig dqs_ddl on\n.output stdout\n{from}\n{asked}{}{}{anew}{to}\n{asked}{anew}{dump}\n{asked}",
        step(up),
        step(down),
    );
    let said = run(&script)?;
    let answers: Vec<Vec<String>> = said.split(END).map(answers).collect();
    let [before, after, back, due, anew, _] = answers.as_slice() else {
        return Err(format!("{} answers", answers.len()));
    };
    for (what, found, due) in [
        ("after up", after, due),
        ("after down", back, before),
        ("of the dump", anew, due),
    ] {
        let lost = due.iter().filter(|it| !found.contains(it));
        let new = found.iter().filter(|it| !due.contains(it));
        let lines: Vec<String> = lost
            .map(|it| format!("- {it}"))
            .chain(new.map(|it| format!("+ {it}")))
            .collect();
        if due != found {
            return Err(format!("{what}:\n{}", lines.join("\n")));
        }
    }
    Ok(())
}

fn run(script: &str) -> Result<String, String> {
    // A shell that stops reads no more.
    let (output, _) = fed(Command::new("sqlite3").arg(":memory:"), script);
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("the shell: {errors}"));
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

/// The answers of one database, sorted.
fn answers(said: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in said.lines().filter(|it| !it.is_empty()) {
        let is_first = ["table|", "column|", "index|", "key|", "default|", "text|"]
            .iter()
            .any(|it| line.starts_with(it));
        match lines.last_mut() {
            Some(last) if !is_first => {
                last.push('\n');
                last.push_str(line);
            }
            _ => lines.push(line.to_owned()),
        }
    }
    let mut found: Vec<String> = lines.iter().flat_map(|it| compared(it)).collect();
    found.sort();
    found
}

/// What counts of an answer.
fn compared(answer: &str) -> Vec<String> {
    if answer.starts_with("default|") {
        return vec![bare(answer).replace(['(', ')', '+'], "")];
    }
    let Some((kind, text)) = answer
        .strip_prefix("text|")
        .and_then(|it| it.split_once('|'))
    else {
        return vec![answer.to_lowercase()];
    };
    let text = bare(text);
    if kind != "table" {
        return vec![text.replace(['(', ')'], "").replace("ifnotexists", "")];
    }
    let (name, text) = text.split_once('|').expect("a name and a text");
    let mut parts: Vec<String> = Vec::new();
    for word in ["check(", "as("] {
        for (at, _) in text.match_indices(word) {
            let body = balanced(&text[at + word.len() - 1..]);
            parts.push(format!("{name} {word} {}", body.replace(['(', ')'], "")));
        }
    }
    for word in [
        "deferrableinitiallydeferred",
        "autoincrement",
        "onconflict",
        "stored",
    ] {
        parts.push(format!("{name} {word} {}", text.matches(word).count()));
    }
    parts
}

/// From a bracket to the one that closes it.
fn balanced(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..=at];
        }
    }
    text
}

/// A text without white space, comments and quotes, in small letters; brackets in quotes are none.
fn bare(text: &str) -> String {
    let mut bare = String::new();
    let mut is_quoted = false;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        is_quoted ^= character == '\'';
        let skipped = if !is_quoted && rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if !is_quoted && rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |it| it + 2)
        } else {
            let is_mark = "'\"`[];".contains(character) || character.is_whitespace();
            let is_bracket = is_quoted && "()".contains(character);
            if !is_mark && !is_bracket {
                bare.extend(character.to_lowercase());
            }
            character.len_utf8()
        };
        rest = &rest[skipped..];
    }
    bare
}
