//! Programs that are given a text to read.

use std::io::{self, Write as _};
use std::process::{Command, Output, Stdio};
use std::thread;

/// Gives a program a text on its standard input, and waits for its end; and whether it has read
/// all of the text, which one that stops at an error does not.
///
/// # Panics
///
/// Where the program does not start.
pub fn fed(program: &mut Command, text: &str) -> (Output, io::Result<()>) {
    let mut child = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program:?}: {error}"));
    let mut input = child.stdin.take().expect("a pipe");
    let text = text.to_owned();
    let writer = thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    (output, writer.join().expect("no panic"))
}
