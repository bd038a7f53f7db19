//! Programs that tests start: given a text to read, waited for, and ended.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write as _};
use std::ops::{Deref, DerefMut};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

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

/// How long a program of a test may run: far longer than any does on a loaded machine, and far
/// shorter than a build server waits.
const LONGEST: Duration = Duration::from_mins(10);

/// The programs that run, and since when.
static RUNNING: Mutex<BTreeMap<u32, Instant>> = Mutex::new(BTreeMap::new());

/// A program of a test. It ends with its test, also with one that fails and leaves it halted in
/// the middle of what others wait for; and one that goes on for ten minutes is told and ended.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// Starts a program.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub fn start(command: &mut Command) -> Self {
        static WATCH: Once = Once::new();
        WATCH.call_once(|| drop(thread::spawn(watch)));
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        running().insert(child.id(), Instant::now());
        Self(child)
    }

    /// Runs a program to its end, and keeps what it says.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub fn output(command: &mut Command) -> Output {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::start(command).wait_with_output()
    }

    /// Waits for its end, and reads what it says on pipes that nobody has taken.
    ///
    /// # Panics
    ///
    /// Where a pipe cannot be read.
    pub fn wait_with_output(mut self) -> Output {
        let errors = self.stderr.take();
        let errors = thread::spawn(|| read_all(errors));
        let stdout = read_all(self.stdout.take());
        let status = self.wait().expect("a process");
        let stderr = errors.join().expect("no panic");
        Output {
            status,
            stdout,
            stderr,
        }
    }
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
        running().remove(&self.0.id());
    }
}

fn running() -> MutexGuard<'static, BTreeMap<u32, Instant>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_all(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes).expect("a pipe");
    }
    bytes
}

/// Ends what runs for too long.
fn watch() {
    loop {
        thread::sleep(Duration::from_secs(1));
        let mut running = running();
        let late: Vec<u32> = running
            .extract_if(.., |_, since| since.elapsed() >= LONGEST)
            .map(|(id, _)| id)
            .collect();
        drop(running);
        for id in late {
            // Past the test runner, which keeps what a test prints until it ends.
            let _ = writeln!(io::stderr(), "{}", account(id));
            let _ = Command::new("kill")
                .args(["-KILL", &id.to_string()])
                .status();
        }
    }
}

/// What a process is, and what each of its threads waits for.
fn account(id: u32) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let words = read(&format!("/proc/{id}/cmdline")).replace('\0', " ");
    let mut text = format!("process {id} does not end and is ended now: {words}");
    let threads = fs::read_dir(format!("/proc/{id}/task"));
    for thread in threads.into_iter().flatten().flatten() {
        let path = thread.path();
        let of = |name: &str| read(&path.join(name).to_string_lossy()).trim().to_owned();
        text += &format!("\n    {}: {}", of("comm"), of("wchan"));
    }
    text
}

/// Waits until something is so.
///
/// # Panics
///
/// Where that takes ten minutes.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONGEST, "{what}: not within ten minutes");
        thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::{Running, account, wait_until};

    #[test]
    fn a_program_ends_with_its_test() {
        let program = Running::start(Command::new("sleep").arg("600").stdin(Stdio::null()));
        let id = program.id();
        // Not at once: a program that has just been started has no words yet.
        wait_until("a program's words are told", || {
            account(id).contains("sleep 600")
        });
        drop(program);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }

    #[test]
    fn what_a_program_says_is_kept_whole_on_both_pipes() {
        const BOTH: &str = "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; exit 3";
        let output = Running::output(Command::new("sh").args(["-c", BOTH]));
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(
            (output.stdout.len(), output.stderr.len()),
            (300_000, 300_000)
        );
    }
}
