//! A program that prints models: run for a limited time, and never left behind.
//!
//! It gets a process group of its own, so that what it has started goes with it: when its
//! time is up, when it prints without end, and on Ctrl-C. Both of its outputs are read
//! at once, so that neither stands still because nobody reads the other.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The most that is read of what a program prints, in bytes.
pub(super) const MOST: usize = 64 * 1024 * 1024;

/// How much of the end of its complaint is kept, in bytes.
const TAIL: usize = 64 * 1024;

/// How long its outputs are waited for once it has been ended: something may hold them.
const GRACE: Duration = Duration::from_secs(1);

/// How often its state is looked at.
const PACE: Duration = Duration::from_millis(5);

/// What a shell says of a process that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

/// What a program did.
pub(super) struct Ran {
    pub(super) end: End,
    pub(super) printed: Vec<u8>,
    /// The end of what it said besides.
    pub(super) complaint: Vec<u8>,
}

/// How it ended.
pub(super) enum End {
    /// By itself.
    Exit(ExitStatus),
    /// Its time was up.
    Late,
    /// It had printed too much.
    TooMuch,
}

/// Runs a program to its end; without a limit, for as long as it takes.
///
/// # Errors
///
/// It does not start.
pub(super) fn run(mut command: Command, limit: Option<Duration>) -> io::Result<Ran> {
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut running = Running::start(command)?;
    let printed = in_background(running.child.stdout.take(), first_of);
    let complaint = in_background(running.child.stderr.take(), last_of);
    let mut text = None;
    let end = loop {
        text = text.or_else(|| printed.recv_timeout(PACE).ok());
        let is_full = (text.as_ref()).is_some_and(|text: &Vec<u8>| text.len() > MOST);
        if is_full {
            break End::TooMuch;
        }
        // What it has started may go on printing.
        if text.is_some() {
            match running.child.try_wait()? {
                Some(status) => break End::Exit(status),
                None => thread::sleep(PACE),
            }
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break End::Late;
        }
    };
    // Whatever it has left behind goes with it.
    drop(running);
    Ok(Ran {
        end,
        printed: text.unwrap_or_default(),
        complaint: complaint.recv_timeout(GRACE).unwrap_or_default(),
    })
}

/// A program that is ended, with all that it has started, when this goes.
struct Running {
    child: Child,
}

/// The process group that Ctrl-C is to end.
static GROUP: Mutex<Option<u32>> = Mutex::new(None);

impl Running {
    fn start(mut command: Command) -> io::Result<Self> {
        end_on_interrupt();
        let mut group = GROUP.lock().unwrap_or_else(PoisonError::into_inner);
        let child = command.spawn()?;
        *group = Some(child.id());
        Ok(Self { child })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut group = GROUP.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = group.take() {
            end_group(group);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
fn end_group(group: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let group = i32::try_from(group).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn end_group(_: u32) {}

/// From the first program on, Ctrl-C ends this process as it would have anyway, but the
/// program first, which does not hear of it.
fn end_on_interrupt() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let listening = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = listening else { return };
        thread::spawn(move || {
            if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
                let group = GROUP.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(group) = *group {
                    end_group(group);
                }
                std::process::exit(INTERRUPTED);
            }
        });
    });
}

/// Reads an output without standing in anybody's way.
fn in_background<T: Read + Send + 'static>(
    output: Option<T>,
    read: fn(T) -> Vec<u8>,
) -> Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let text = output.map(read).unwrap_or_default();
        // Nobody may be waiting any more.
        let _ = send.send(text);
    });
    receive
}

/// All of it, or one byte more than is wanted.
fn first_of(output: impl Read) -> Vec<u8> {
    let mut text = Vec::new();
    let _ = output.take(MOST as u64 + 1).read_to_end(&mut text);
    text
}

fn last_of(mut output: impl Read) -> Vec<u8> {
    let mut text = Vec::new();
    let mut part = [0; 8 * 1024];
    while let Ok(read) = output.read(&mut part) {
        if read == 0 {
            break;
        }
        text.extend_from_slice(&part[..read]);
        text.drain(..text.len().saturating_sub(TAIL));
    }
    text
}
