//! Random pairs of schemas: the script from one to the other leaves no difference,
//! neither does the one back, and rows that both can hold are kept.
//!
//! `REV_SCHEMA_PAIRS` says how many, `REV_SCHEMA_SEED` begins elsewhere; the shell judges one of
//! `REV_NATIVE_EVERY` pairs.

mod generator;
mod native;

use rev_core::{Dialect, Sql, TransactionMode};
use rev_sql::ledger::Ledger;
use rev_sql::schema::ddl::NoteKind;
use rev_sql::schema::sqlite::{ColumnRow, Entry, SELECT_COLUMNS, schema, select_entries};
use rev_sql::schema::{Diff, Filter, Schema, Table, ddl, resolve};
use rev_sql::split::{rebuilds_tables, split};
use rev_testkit::random::Random;
use rev_testkit::sqlite::Memory;

use generator::{Pair, ROWS};

fn number(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(otherwise, |text| text.parse().expect("a number"))
}

/// What the database holds.
pub(crate) fn inspect(memory: &mut Memory) -> Schema {
    let ledger = Ledger::new("rev_", Dialect::Sqlite);
    let text = |cell: &Option<String>| cell.clone().unwrap_or_default();
    let entries = memory.rows(&select_entries(&ledger));
    let entries: Vec<Entry> = entries
        .iter()
        .map(|row| Entry {
            kind: text(&row[0]),
            name: text(&row[1]),
            table: text(&row[2]),
            sql: text(&row[3]),
        })
        .collect();
    let columns: Vec<ColumnRow> = memory
        .rows(SELECT_COLUMNS)
        .iter()
        .flat_map(|row| ColumnRow::of_table(&text(&row[0]), &text(&row[1])).expect("JSON"))
        .collect();
    schema(&entries, &columns).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn diff(from: &Schema, to: &Schema) -> Vec<String> {
    Diff::between(from, to, &[], &Filter::default(), Dialect::Sqlite).sentences()
}

fn sql(diff: &Diff) -> String {
    ddl::write(diff, Dialect::Sqlite).to_sql()
}

/// Runs a script as the executor does. References to the rows of these tables, which
/// are lost on the way up, cannot lead anywhere.
pub(crate) fn apply(memory: &mut Memory, script: &str, lost: &[&str]) -> Result<(), String> {
    let text = Sql::text(script);
    let statements = split(&text, Dialect::Sqlite, TransactionMode::Step);
    let statements = statements.map_err(|error| error.to_string())?;
    let enforced = if rebuilds_tables(&statements) {
        "OFF"
    } else {
        "ON"
    };
    let texts: Vec<&str> = statements.iter().map(|it| it.text.as_str()).collect();
    // One call is quicker, and the statements are the ones that were split.
    memory.execute(&format!(
        "PRAGMA foreign_keys = {enforced}; BEGIN IMMEDIATE; {}; COMMIT",
        texts.join(";\n")
    ))?;
    let mut violations = memory.rows("SELECT parent, \"table\" FROM pragma_foreign_key_check");
    let is_lost = |row: &Vec<Option<String>>| {
        let parent = row[0].as_deref().unwrap_or_default();
        lost.contains(&parent)
    };
    violations.retain(|row| !is_lost(row));
    match violations.is_empty() {
        true => Ok(()),
        false => Err(format!("{violations:?}")),
    }
}

/// Looks at one pair; what is wrong with it, if anything.
fn look(seed: u64) -> Result<usize, String> {
    let mut random = Random::new(seed);
    let pair = Pair::new(&mut random);
    let (from_sql, to_sql) = (pair.from.sql(&mut random), pair.to.sql(&mut random));
    let mut memory = Memory::new();
    let fixed = |result: Result<(), String>, what: &str| {
        result.map_err(|error| format!("{what}: {error}\n--- from\n{from_sql}\n--- to\n{to_sql}"))
    };
    fixed(memory.execute(&from_sql), "from")?;
    let rows = format!("PRAGMA foreign_keys = OFF; {}", pair.from.rows());
    fixed(memory.execute(&rows), "rows")?;
    let from = inspect(&mut memory);
    let mut other = Memory::new();
    fixed(other.execute(&to_sql), "to")?;
    let to = inspect(&mut other);
    let (renames, bad) = resolve(&pair.renames, &from, &to, Dialect::Sqlite);
    let excluded: Vec<String> = pair.excluded.into_iter().map(str::to_owned).collect();
    let filter = Filter::new([], &excluded).expect("patterns");
    let up = Diff::between(&from, &to, &renames, &filter, Dialect::Sqlite);
    let written = [&up, &up.reversed(Dialect::Sqlite)].map(|it| ddl::write(it, Dialect::Sqlite));
    let (up, down) = (written[0].to_sql(), written[1].to_sql());
    let wrong = |what: &str, more: &dyn std::fmt::Debug| {
        format!(
            "{what}: {more:#?}\n{:?} without {excluded:?}\n--- from\n{from_sql}\n--- to\n{to_sql}\n--- up\n{up}\n--- down\n{down}",
            pair.renames
        )
    };
    if !bad.is_empty() {
        return Err(wrong("renames", &bad));
    }
    let lost = pair.lost();
    let queries = pair.from.kept(&pair.to, &pair.renames);
    let before: Vec<_> = queries
        .iter()
        .map(|(query, _)| memory.rows(query))
        .collect();
    let ask = |memory: &mut Memory, script: &ddl::Script| {
        for note in script.statements.iter().flat_map(|it| &it.notes) {
            match &note.question {
                Some(question) => drop(memory.rows(question)),
                None if note.kind == NoteKind::Decide && note.text.contains("make this fail") => {
                    return Err(wrong("no question", &note.text));
                }
                None => {}
            }
        }
        Ok(())
    };
    ask(&mut memory, &written[0])?;
    apply(&mut memory, &up, &[]).map_err(|error| wrong("up", &error))?;
    let left = Diff::between(&inspect(&mut memory), &to, &[], &filter, Dialect::Sqlite);
    if !left.is_empty() {
        return Err(wrong("left after up", &left.sentences()));
    }
    let mut kept = 0;
    for ((_, query), before) in queries.iter().zip(&before) {
        let after = memory.rows(query);
        if after != *before || after.len() != usize::try_from(ROWS).expect("it is small") {
            return Err(wrong("rows", &(query, before, after)));
        }
        kept += after.len();
    }
    ask(&mut memory, &written[1])?;
    apply(&mut memory, &down, &lost).map_err(|error| wrong("down", &error))?;
    let back = inspect(&mut memory);
    let left = diff(&back, &from);
    if !left.is_empty() {
        return Err(wrong("left after down", &left));
    }
    for (name, table) in &from.tables {
        let order = |table: &Table| -> Vec<String> {
            let columns = table.columns.iter();
            columns.map(|it| it.name.to_string()).collect()
        };
        let (due, is) = (order(table), order(&back.tables[name]));
        if due != is {
            return Err(wrong("order after down", &(due, is)));
        }
    }
    for (query, _) in &queries {
        let after = memory.rows(query).len();
        if after != usize::try_from(ROWS).expect("it is small") {
            return Err(wrong("rows after down", &(query, after)));
        }
    }
    // What is left out of a comparison stays, and the target does not have it.
    if pair.excluded.is_none() && seed.is_multiple_of(number("REV_NATIVE_EVERY", 20)) {
        let judged = native::judge(&native::Pair {
            from: &format!("{from_sql};\n{rows}"),
            to: &to_sql,
            up: &up,
            down: &down,
            dump: &ddl::dump(&to, Dialect::Sqlite).to_sql(),
        });
        judged.map_err(|error| wrong("native", &error.lines().collect::<Vec<_>>()))?;
    }
    if seed.is_multiple_of(4) {
        check_dump(&to).map_err(|error| wrong("dump", &error))?;
    }
    Ok(kept)
}

/// A schema made from its dump is the same, and has the same dump.
pub(crate) fn check_dump(schema: &Schema) -> Result<(), String> {
    let dump = |schema: &Schema| ddl::dump(schema, Dialect::Sqlite).to_sql();
    let text = dump(schema);
    let mut memory = Memory::new();
    memory.execute(&text)?;
    let again = inspect(&mut memory);
    let left = diff(&again, schema);
    if !left.is_empty() {
        return Err(format!("{left:?}\n{text}"));
    }
    match dump(&again) == text {
        true => Ok(()),
        false => Err(format!("{text}\n--- again\n{}", dump(&again))),
    }
}

#[expect(clippy::print_stdout, reason = "a soak says how far it went")]
#[test]
fn nothing_is_left_to_do_between_random_schemas_and_no_row_is_lost() {
    let (first, pairs) = (
        number("REV_SCHEMA_SEED", 1),
        number("REV_SCHEMA_PAIRS", 2_000),
    );
    let threads = std::thread::available_parallelism().map_or(1, |it| it.get() as u64);
    // Each thread takes every so many-th seed.
    let part = |thread: u64| {
        let seeds = (first..first + pairs).filter(|seed| seed % threads == thread);
        let found = seeds.map(|seed| look(seed).map_err(|error| format!("seed {seed}: {error}")));
        found.collect::<Vec<_>>()
    };
    let found: Vec<Result<usize, String>> = std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || part(thread)))
            .collect();
        let parts = parts.into_iter();
        parts
            .flat_map(|part| part.join().expect("a thread ends well"))
            .collect()
    });
    let wrong: Vec<&String> = found.iter().filter_map(|it| it.as_ref().err()).collect();
    for error in &wrong {
        println!("wrong: {}", error.lines().take(6).collect::<String>());
    }
    let kept: usize = found.iter().filter_map(|it| it.as_ref().ok()).sum();
    println!("{pairs} pairs, {kept} rows kept");
    assert!(
        wrong.is_empty(),
        "{} wrong, such as {}",
        wrong.len(),
        wrong[0]
    );
    assert!(kept as u64 > pairs, "hardly a row was there to be kept");
}

/// Each order of four columns, two of them computed, and each choice of those that go and come
/// back; the way up in place and by another table.
#[test]
fn columns_come_back_to_their_places_in_every_order() {
    const COLUMNS: [&str; 4] = [
        "a text DEFAULT 'x'",
        "b text AS (upper(a))",
        "c int AS (length(a))",
        "d text DEFAULT 'd'",
    ];
    let script = |columns: &[&str]| {
        let columns = [&["id integer"], columns].concat();
        format!("CREATE TABLE t ({});", columns.join(", "))
    };
    for columns in orders(&COLUMNS) {
        for gone in 1..15_usize {
            // What is computed goes with its source.
            let goes = gone | ((gone & 1) * 0b111);
            let stays = |it: &&str| (goes >> (it.as_bytes()[0] - b'a')) & 1 == 0;
            let kept: Vec<&str> = columns.iter().copied().filter(stays).collect();
            let (from_sql, to_sql) = (script(&columns), script(&kept));
            let (mut memory, mut other) = (Memory::new(), Memory::new());
            memory.execute(&from_sql).expect("it is made");
            other.execute(&to_sql).expect("it is made");
            let (from, to) = (inspect(&mut memory), inspect(&mut other));
            let up = Diff::between(&from, &to, &[], &Filter::default(), Dialect::Sqlite);
            let (up, down) = (sql(&up), sql(&up.reversed(Dialect::Sqlite)));
            for script in [&up, &down] {
                apply(&mut memory, script, &[]).unwrap_or_else(|error| panic!("{error}: {script}"));
            }
            let order = "SELECT group_concat(name) FROM pragma_table_xinfo('t')";
            let (mut due, back) = (Memory::new(), memory.rows(order));
            due.execute(&from_sql).expect("it is made");
            assert_eq!(
                back,
                due.rows(order),
                "{from_sql}\n{to_sql}\n{up}\n--- down\n{down}"
            );
        }
    }
}

/// Each order of these.
fn orders<'a>(of: &[&'a str]) -> Vec<Vec<&'a str>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let firsts = 0..of.len();
    firsts
        .flat_map(|at| {
            let (first, rest) = (of[at], [&of[..at], &of[at + 1..]].concat());
            let rest = orders(&rest).into_iter();
            rest.map(move |it| [vec![first], it].concat())
        })
        .collect()
}
