//! Mutations of texts.

use rev_testkit::random::Random;

/// What means something to one of the readers.
const WORDS: [&str; 64] = [
    "'",
    "\"",
    "`",
    "\\",
    "$$",
    "$a$",
    "--",
    "-- ",
    "#",
    "/*",
    "*/",
    "/*!50000 ",
    ";",
    "\n",
    "\r\n",
    "\t",
    "\u{feff}",
    "\0",
    "\u{202e}",
    "é",
    "☃",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ":",
    ": ",
    "- ",
    "|\n",
    ">-\n",
    "&a ",
    "*a",
    "!!str ",
    "%",
    "%2F",
    "%zz",
    "@",
    "@@",
    "+1",
    "-1",
    "~",
    "null",
    "true",
    "1e9",
    "0x1F",
    "...",
    "---\n",
    "E'",
    "N'",
    "DELIMITER //\n",
    "BEGIN",
    "END",
    "CASE",
    "${A}",
    "${A:-b}",
    "://",
    "?a=b",
    "&sslmode=require",
    "head",
    "base",
    "99999999999999999999",
    "SET sql_mode='NO_BACKSLASH_ESCAPES';",
];

/// Makes inputs out of others.
pub(crate) struct Mutator<'a> {
    corpus: &'a [String],
}

impl<'a> Mutator<'a> {
    pub(crate) fn new(corpus: &'a [String]) -> Self {
        Self { corpus }
    }

    /// One of the corpus with some changes.
    pub(crate) fn input(&self, random: &mut Random) -> String {
        let mut text = self.any(random);
        for _ in 0..=random.below(4) {
            self.change(&mut text, random);
        }
        text.into_iter().collect()
    }

    fn any(&self, random: &mut Random) -> Vec<char> {
        self.corpus[random.below(self.corpus.len())]
            .chars()
            .collect()
    }

    fn change(&self, text: &mut Vec<char>, random: &mut Random) {
        let at = random.below(text.len() + 1);
        let end = (at + 1 + random.below(12)).min(text.len());
        match random.below(9) {
            0 => drop(text.drain(at..end)),
            1 => {
                let part: Vec<char> = text[at..end].to_vec();
                text.splice(at..at, part);
            }
            2 | 3 => {
                let word = random.pick(&WORDS);
                text.splice(at..at, word.chars());
            }
            4 => {
                let word = random.pick(&WORDS);
                text.splice(at..end, word.chars());
            }
            5 => {
                let other = self.any(random);
                let from = random.below(other.len() + 1);
                let to = (from + random.below(60)).min(other.len());
                text.splice(at..at, other[from..to].iter().copied());
            }
            6 => text.truncate(at),
            7 => {
                let word: Vec<char> = random.pick(&WORDS).chars().collect();
                let many = word.repeat(1 + random.below(80));
                text.splice(at..at, many);
            }
            _ => {
                if let Some(character) = text.get_mut(at) {
                    let byte = u8::try_from(random.below(128)).expect("it is small");
                    *character = char::from(byte);
                }
            }
        }
    }
}
