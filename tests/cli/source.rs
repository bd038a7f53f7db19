//! The texts in the program's own source: each string literal, with the calls around it.

use std::path::{Path, PathBuf};

/// One string literal.
#[derive(Debug, Clone)]
pub(crate) struct Literal {
    /// Where it stands: `crates/rev-cli/src/diagnostic.rs:12`.
    pub(crate) place: String,
    /// What it holds, escapes read.
    pub(crate) text: String,
    /// The names of the calls that it is an argument of, outermost first: `hint`, `format!`.
    pub(crate) calls: Vec<String>,
}

/// All literals of all crates, without those of tests.
pub(crate) fn literals() -> Vec<Literal> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in std::fs::read_dir(root.join("crates")).expect("crates") {
        let folder = folder.expect("a crate").path();
        if !folder.ends_with("rev-testkit") {
            walk(&folder.join("src"), &mut files);
        }
    }
    files.sort();
    let mut literals = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a file");
        let shown = file.strip_prefix(&root).expect("below the root");
        literals.extend(literals_of(&shown.display().to_string(), &text));
    }
    literals
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        if path.is_dir() && name != "tests" {
            walk(&path, files);
        } else if name.ends_with(".rs") && !["tests.rs", "testing.rs"].contains(&&*name) {
            files.push(path);
        }
    }
}

/// The literals of one file, up to its tests.
fn literals_of(file: &str, text: &str) -> Vec<Literal> {
    let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    let text: Vec<char> = text[..end].chars().collect();
    let (mut literals, mut calls, mut at, mut line) = (Vec::new(), Vec::new(), 0, 1);
    let mut word = String::new();
    while let Some(&character) = text.get(at) {
        let next = text.get(at + 1).copied().unwrap_or(' ');
        match character {
            '/' if next == '/' => {
                while text.get(at).is_some_and(|it| *it != '\n') {
                    at += 1;
                }
                continue;
            }
            '"' => {
                let hashes = word.strip_prefix(['r', 'b']).map(|it| it.len());
                let is_raw = word.starts_with('r') && word[1..].chars().all(|it| it == '#');
                let (held, end) = match hashes {
                    Some(hashes) if is_raw => raw(&text, at + 1, hashes),
                    _ => plain(&text, at + 1),
                };
                literals.push(Literal {
                    place: format!("{file}:{line}"),
                    text: held,
                    calls: calls.clone(),
                });
                line += text[at..end].iter().filter(|it| **it == '\n').count();
                at = end;
                word.clear();
                continue;
            }
            // A character, and no lifetime.
            '\'' if next == '\\' || text.get(at + 2) == Some(&'\'') => {
                at += if next == '\\' { 3 } else { 2 };
                while text.get(at).is_some_and(|it| *it != '\'') {
                    at += 1;
                }
                word.clear();
            }
            '(' | '[' | '{' => calls.push(std::mem::take(&mut word)),
            ')' | ']' | '}' => {
                calls.pop();
                word.clear();
            }
            '\n' => line += 1,
            it if it.is_alphanumeric() || matches!(it, '_' | '!' | '#') => word.push(it),
            _ => word.clear(),
        }
        if character == '\'' {
            word.clear();
        }
        at += 1;
    }
    literals
}

/// The rest of a literal from its first character on, and where the text goes on.
fn plain(text: &[char], mut at: usize) -> (String, usize) {
    let mut held = String::new();
    while text[at] != '"' {
        if text[at] != '\\' {
            held.push(text[at]);
            at += 1;
            continue;
        }
        at += 1;
        match text[at] {
            'n' => held.push('\n'),
            't' => held.push('\t'),
            '\n' => {
                while text[at + 1].is_whitespace() {
                    at += 1;
                }
            }
            other => held.push(other),
        }
        at += 1;
    }
    (held, at + 1)
}

fn raw(text: &[char], start: usize, hashes: usize) -> (String, usize) {
    let mut at = start;
    loop {
        if text[at] == '"' && text[at + 1..].iter().take(hashes).all(|it| *it == '#') {
            return (text[start..at].iter().collect(), at + 1 + hashes);
        }
        at += 1;
    }
}

#[test]
fn literals_are_found_with_their_calls() {
    let text = "fn f<'a>() { told.hint(format!(\"a \\\n   `{b}`\", '\"')); x(r#\"c\"d\"#); // \"no\"\n}\n\
                #[cfg(test)]\nmod tests { \"no\" }";
    let found = literals_of("f.rs", text);
    let shown: Vec<_> = found
        .iter()
        .map(|it| (it.place.as_str(), it.text.as_str(), it.calls.join(" ")))
        .collect();
    assert_eq!(
        shown,
        [
            ("f.rs:1", "a `{b}`", " hint format!".to_owned()),
            ("f.rs:2", "c\"d", " x".to_owned()),
        ]
    );
}
