//! Autogenerate on PostgreSQL: what is written between any two schemas leaves no
//! difference, in either direction, and loses no row that both can hold.
//!
//! `REV_SCHEMA_PAIRS` says how many random pairs, `REV_SCHEMA_SEED` begins elsewhere.

mod apart;
mod called;
mod casts;
mod commands;
mod composites;
mod extras;
mod generator;
mod numbers;
mod order;
mod parts;
mod place;
mod real;
mod rename;
mod rights;
mod types;

use rev_sql::schema::{Diff, Filter, ddl, resolve};
use rev_testkit::random::Random;
use rev_testkit::scratch::Engine;
use rev_testkit::server::Server;

use crate::native::Judge;
use crate::refused_rows::questions;
use generator::{Pair, ROWS};
use place::{DIALECT, Place, between, check_dump, written};

/// Compares with a snapshot, which is another one where the server is of this version or later:
/// since 16 a view is printed without the names of tables that it does not need.
fn by_version(major: u32, compare: impl FnOnce()) {
    let server = Server::at(Engine::Postgres, &Engine::Postgres.server_url());
    let mut settings = insta::Settings::clone_current();
    if server.is_from(major, 0) {
        settings.set_snapshot_suffix(format!("from_{major}"));
    }
    settings.bind(compare);
}

/// Looks at one pair: how many rows were kept, or what is wrong with it.
fn look(seed: u64, here: &mut Place, there: &mut Place) -> Result<usize, String> {
    let pair = Pair::new(&mut Random::new(seed));
    let (from_sql, to_sql) = (pair.from.sql(), pair.to.sql());
    let fixed = |result: Result<Vec<String>, String>, what: &str| {
        result.map_err(|error| format!("{what}: {error}\n--- from\n{from_sql}\n--- to\n{to_sql}"))
    };
    here.clear();
    there.clear();
    fixed(here.run(&from_sql), "from")?;
    fixed(here.run(&pair.from.rows()), "rows")?;
    fixed(there.run(&to_sql), "to")?;
    let (from, to) = (here.inspect(), there.inspect());
    let judge = Judge::of(seed, here.scratch(), there.scratch());
    let (renames, bad) = resolve(&pair.renames, &from, &to, DIALECT);
    let up = Diff::between(&from, &to, &renames, &Filter::default(), DIALECT);
    let (up, down) = (written(&up), written(&up.reversed(DIALECT)));
    let wrong = |what: &str, more: &dyn std::fmt::Debug| {
        format!(
            "{what}: {more:#?}\n--- from\n{from_sql}\n--- to\n{to_sql}\n--- up\n{}\n--- down\n{}",
            up.to_sql(),
            down.to_sql()
        )
    };
    if !bad.is_empty() {
        return Err(wrong("renames", &bad));
    }
    let queries = pair.from.kept(&pair.to, &pair.renames);
    let rows = |place: &mut Place, query: &str| place.run(query).map_err(|e| wrong(query, &e));
    let mut before = Vec::new();
    for (query, _) in &queries {
        before.push(rows(here, query)?);
    }
    let ask = |place: &mut Place, script: &ddl::Script| -> Result<(), String> {
        let questions = questions(script).map_err(|error| wrong("a question", &error))?;
        for question in questions {
            place
                .run(&question)
                .map_err(|error| wrong(&question, &error))?;
        }
        Ok(())
    };
    ask(here, &up)?;
    here.apply(&up).map_err(|error| wrong("up", &error))?;
    let left = between(&here.inspect(), &to);
    if !left.is_empty() {
        return Err(wrong("left after up", &left));
    }
    let judged = |what: &str, ask: &dyn Fn(&Judge) -> Result<(), String>| {
        let found = judge.as_ref().map_or(Ok(()), ask);
        found.map_err(|error| wrong(what, &error.lines().collect::<Vec<_>>()))
    };
    judged("native, after up", &|it| it.is_after(here.scratch()))?;
    let mut kept = 0;
    for ((_, query), before) in queries.iter().zip(&before) {
        let after = rows(here, query)?;
        if after != *before || after.len() != usize::try_from(ROWS).expect("it is small") {
            return Err(wrong("rows", &(query, before, after)));
        }
        kept += after.len();
    }
    ask(here, &down)?;
    here.apply(&down).map_err(|error| wrong("down", &error))?;
    let left = between(&here.inspect(), &from);
    if !left.is_empty() {
        return Err(wrong("left after down", &left));
    }
    for ((query, _), before) in queries.iter().zip(&before) {
        let after = rows(here, query)?;
        if after != *before {
            return Err(wrong("rows after down", &(query, before, after)));
        }
    }
    judged("native, after down", &|it| it.is_before(here.scratch()))?;
    judged("by the client", &|it| it.run(here.scratch(), &up.to_sql()))?;
    check_dump(&to, there).map_err(|error| wrong("dump", &error))?;
    if judge.is_some() {
        there.clear();
    }
    let dump = ddl::dump(&to, DIALECT).to_sql();
    judged("the dump, by the client", &|it| {
        it.run(there.scratch(), &dump)
    })?;
    Ok(kept)
}

fn number(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(otherwise, |text| text.parse().expect("a number"))
}

#[test]
#[expect(clippy::print_stdout, reason = "a count that only a person reads")]
fn nothing_is_left_to_do_between_random_schemas_and_no_row_is_lost() {
    let (first, pairs) = (
        number("REV_SCHEMA_SEED", 1),
        number("REV_SCHEMA_PAIRS", 200),
    );
    let half = |start: u64| {
        move || {
            let (mut here, mut there) = (Place::new(), Place::new());
            let mut kept = 0;
            let mut wrong = Vec::new();
            for seed in (first + start..first + pairs).step_by(2) {
                match look(seed, &mut here, &mut there) {
                    Ok(rows) => kept += rows,
                    Err(error) => wrong.push(format!("=== seed {seed}: {error}")),
                }
            }
            (kept, wrong)
        }
    };
    let halves = [0, 1].map(|start| std::thread::spawn(half(start)));
    let halves = halves.map(|it| it.join().expect("it ends"));
    let kept: usize = halves.iter().map(|(kept, _)| kept).sum();
    let wrong: Vec<String> = halves.into_iter().flat_map(|(_, wrong)| wrong).collect();
    println!("{pairs} pairs, {kept} rows kept");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(kept as u64 > pairs, "hardly a row was there to be kept");
}
