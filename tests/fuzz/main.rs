//! Inputs by mutation: what is read from people is turned about at random, and more is asked of
//! the reader than that it does not panic.
//!
//! Each target has a small corpus below `corpus/` and a law. A fixed seed makes the runs of a
//! build server the same; `just fuzz` takes other inputs in each run, for as long as it is told
//! (`REV_FUZZ_SECONDS`). What breaks a law is made smaller and printed as a literal of Rust, to
//! be put into the corpus.

mod laws;
mod mutate;

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use mutate::Mutator;
use rev_testkit::random::Random;

/// The inputs of a target in a run of a build server.
const CASES: usize = 1_500;
/// The most attempts at making an input smaller.
const ATTEMPTS: usize = 3_000;

/// How long to go on: some inputs, or some time.
enum Bound {
    Cases(usize),
    Until(Instant),
}

impl Bound {
    fn of(cases: usize) -> (Self, Random) {
        let seconds = std::env::var("REV_FUZZ_SECONDS").ok();
        match seconds.and_then(|it| it.parse().ok()) {
            Some(seconds) => {
                let end = Instant::now() + Duration::from_secs(seconds);
                (Self::Until(end), Random::by_the_clock())
            }
            None => (Self::Cases(cases), Random::new(7)),
        }
    }

    fn is_reached(&self, tried: usize) -> bool {
        match self {
            Self::Cases(cases) => tried >= *cases,
            Self::Until(end) => Instant::now() >= *end,
        }
    }
}

/// Whether the input breaks the law, and how.
fn broken(law: &dyn Fn(&str), input: &str) -> Option<String> {
    let caught = catch_unwind(AssertUnwindSafe(|| law(input))).err()?;
    let text = caught.downcast_ref::<String>().cloned();
    Some(text.unwrap_or_else(|| {
        let text = caught.downcast_ref::<&str>().copied();
        text.unwrap_or("a panic").to_owned()
    }))
}

/// The input with as much left out as still breaks the law.
fn smaller(law: &dyn Fn(&str), input: &str) -> String {
    let mut characters: Vec<char> = input.chars().collect();
    let mut length = characters.len() / 2;
    let mut attempts = 0;
    while length > 0 && attempts < ATTEMPTS {
        let mut at = 0;
        while at < characters.len() && attempts < ATTEMPTS {
            attempts += 1;
            let mut less = characters.clone();
            less.drain(at..(at + length).min(less.len()));
            if broken(law, &less.iter().collect::<String>()).is_some() {
                characters = less;
            } else {
                at += length;
            }
        }
        length /= 2;
    }
    characters.into_iter().collect()
}

/// Panics of laws are expected while an input is made smaller: one target at a time is silent.
static SILENCE: Mutex<()> = Mutex::new(());

#[expect(clippy::print_stdout, reason = "the figures of a run")]
fn fuzz(target: &str, corpus: &[String], cases: usize, law: &dyn Fn(&str)) {
    let _turn = SILENCE.lock().unwrap_or_else(|it| it.into_inner());
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let (bound, mut random) = Bound::of(cases);
    let mutator = Mutator::new(corpus);
    let mut found = None;
    let mut tried = 0;
    for input in corpus {
        found = found.or_else(|| Some((input.clone(), broken(law, input)?)));
    }
    while found.is_none() && !bound.is_reached(tried) {
        let input = mutator.input(&mut random);
        found = broken(law, &input).map(|why| (input, why));
        tried += 1;
    }
    let told = found.map(|(input, why)| {
        let small = smaller(law, &input);
        let why = broken(law, &small).unwrap_or(why);
        format!("{target}: {why}\ninput: {small:?}\nfrom: {input:?}")
    });
    set_hook(hook);
    println!("{target}: {tried} inputs");
    assert!(told.is_none(), "{}", told.unwrap_or_default());
}

fn corpus(file: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    std::fs::read_to_string(path.join(file)).expect("a corpus")
}

/// The texts of a file, parted by lines of dashes.
fn texts(file: &str) -> Vec<String> {
    let text = corpus(file);
    text.split("----\n").map(str::to_owned).collect()
}

fn lines(file: &str) -> Vec<String> {
    corpus(file).lines().map(str::to_owned).collect()
}

#[test]
fn a_revision_that_is_read_is_written_and_read_as_the_same() {
    fuzz(
        "revisions",
        &texts("revisions.yaml"),
        CASES,
        &laws::revision,
    );
}

#[test]
fn settings_that_are_refused_are_so_at_a_place() {
    fuzz(
        "settings",
        &texts("settings.yaml"),
        CASES / 3,
        &laws::settings,
    );
}

#[test]
fn a_target_that_is_read_is_printed_and_read_as_the_same() {
    fuzz("targets", &lines("targets.txt"), CASES * 3, &laws::target);
}

#[test]
fn a_url_is_taken_apart_and_put_together_as_the_same() {
    fuzz("urls", &lines("urls.txt"), CASES * 3, &laws::url);
}

#[test]
fn a_script_is_its_statements_and_what_nobody_runs() {
    for dialect in rev_core::Dialect::ALL {
        let law = |text: &str| laws::script(dialect, text);
        fuzz(
            dialect.name(),
            &texts(&format!("{dialect}.sql")),
            CASES,
            &law,
        );
    }
}

#[test]
fn a_saved_plan_that_was_edited_is_refused() {
    let plans = laws::Plans::new();
    let law = |text: &str| plans.law(text);
    fuzz(
        "saved plans",
        std::slice::from_ref(&plans.text),
        CASES / 20,
        &law,
    );
}
