//! A way to a server that breaks.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

/// What becomes of a connection whose next answer is not passed on any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// It is closed, as all later ones are.
    Closes,
    /// Nothing is passed on any more either way, nor on later ones, which are accepted.
    Silences,
    /// The same, but later ones are well.
    SilencesOne,
    /// The client is told that nothing more comes, and what it sends goes nowhere; later
    /// ones are well.
    HalfCloses,
    /// It is reset at both ends; later ones are well.
    Resets,
    /// From then on each answer comes a while later, and all of them come.
    Delays,
}

/// Passes on what clients and a server say, until the server has answered a number
/// of times: then it breaks.
pub(crate) struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    how: Break,
    answers_left: AtomicUsize,
    answers: AtomicUsize,
    requests: AtomicUsize,
}

impl Proxy {
    /// A way to the server of this URL: the last answer and all later ones are lost, and with
    /// them the connections.
    pub(crate) fn to(url: &str, answers: usize) -> Self {
        Self::breaking(url, answers, Break::Closes)
    }

    /// A way that breaks like this, after so many answers.
    pub(crate) fn breaking(url: &str, answers: usize, how: Break) -> Self {
        let server = address(url).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State {
            how,
            answers_left: AtomicUsize::new(answers),
            answers: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
        });
        let shared = state.clone();
        thread::spawn(move || {
            let mut kept = Vec::new();
            for client in listener.incoming().flatten() {
                let is_broken = shared.answers_left.load(Ordering::SeqCst) == 0;
                match (is_broken, how) {
                    (true, Break::Closes) => {}
                    // Whoever connects is accepted, and hears nothing.
                    (true, Break::Silences) => kept.push(client),
                    _ => {
                        if let Ok(server) = TcpStream::connect(&server) {
                            join(client, server, shared.clone());
                        }
                    }
                }
            }
        });
        Self { port, state }
    }

    /// The same URL by this way.
    pub(crate) fn url(&self, url: &str) -> String {
        url.replace(address(url), &format!("127.0.0.1:{}", self.port))
    }

    /// It breaks at the next answer.
    pub(crate) fn breaks_now(&self) {
        self.state.answers_left.store(0, Ordering::SeqCst);
    }

    /// Whether it has broken.
    pub(crate) fn is_broken(&self) -> bool {
        self.state.answers_left.load(Ordering::SeqCst) == 0
    }

    /// How often the server has answered.
    pub(crate) fn answers(&self) -> usize {
        self.state.answers.load(Ordering::SeqCst)
    }

    /// How often clients have sent something.
    pub(crate) fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }
}

/// The host and port of a URL.
fn address(url: &str) -> &str {
    let after = url.split_once('@').expect("a user").1;
    after.split(['/', '?']).next().expect("a host")
}

/// Joins a client and a server, in a thread that alone holds both ends: only so can it
/// reset them.
fn join(client: TcpStream, server: TcpStream, state: Arc<State>) {
    thread::spawn(move || {
        for end in [&client, &server] {
            end.set_nonblocking(true).expect("a setting");
        }
        let mut both = Joined {
            client,
            server,
            state,
            is_silent: false,
        };
        while let Some(Stays::Open) = both.pass_on() {}
    });
}

/// Whether a connection is kept.
enum Stays {
    Open,
    Closed,
}

struct Joined {
    client: TcpStream,
    server: TcpStream,
    state: Arc<State>,
    /// Whether nothing that the server answers is passed on any more.
    is_silent: bool,
}

impl Joined {
    /// Passes on what there is; `None`: one end has gone.
    fn pass_on(&mut self) -> Option<Stays> {
        let mut buffer = [0; 65_536];
        let mut is_idle = true;
        if let Some(length) = read(&mut self.client, &mut buffer)? {
            is_idle = false;
            self.state.requests.fetch_add(1, Ordering::SeqCst);
            let is_kept = match self.state.how {
                Break::Silences => self.state.answers_left.load(Ordering::SeqCst) == 0,
                Break::HalfCloses => self.is_silent,
                _ => false,
            };
            // What is not passed on is read all the same, and so acknowledged.
            if !is_kept {
                write(&mut self.server, &buffer[..length])?;
            }
        }
        match read(&mut self.server, &mut buffer) {
            Some(Some(length)) => {
                is_idle = false;
                if let Stays::Closed = self.answer(&buffer[..length])? {
                    return Some(Stays::Closed);
                }
            }
            Some(None) => {}
            // The server has gone, and nobody is told.
            None if self.is_silent => thread::sleep(Duration::from_millis(50)),
            None => return None,
        }
        if is_idle {
            thread::sleep(Duration::from_millis(1));
        }
        Some(Stays::Open)
    }

    fn answer(&mut self, bytes: &[u8]) -> Option<Stays> {
        let state = self.state.clone();
        state.answers.fetch_add(1, Ordering::SeqCst);
        if self.is_silent {
            return Some(Stays::Open);
        }
        let one_less = |left: usize| left.checked_sub(1);
        let left = &state.answers_left;
        let before = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        let (breaks, is_broken) = (before == Ok(1), before.is_err());
        match state.how {
            Break::Closes if breaks || is_broken => return Some(Stays::Closed),
            Break::Silences if breaks || is_broken => self.is_silent = true,
            Break::SilencesOne if breaks => self.is_silent = true,
            Break::HalfCloses if breaks => {
                let _ = self.client.shutdown(Shutdown::Write);
                self.is_silent = true;
            }
            Break::Resets if breaks => {
                for end in [&self.client, &self.server] {
                    set_socket_linger(end, Some(Duration::ZERO)).expect("a setting");
                }
                return Some(Stays::Closed);
            }
            how => {
                if how == Break::Delays && (breaks || is_broken) {
                    thread::sleep(Duration::from_millis(30));
                }
                write(&mut self.client, bytes)?;
            }
        }
        Some(Stays::Open)
    }
}

/// What there is to read, if anything; `None`: nothing will ever be.
fn read(from: &mut TcpStream, buffer: &mut [u8]) -> Option<Option<usize>> {
    match from.read(buffer) {
        Ok(0) => None,
        Ok(length) => Some(Some(length)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Some(None),
        Err(_) => None,
    }
}

fn write(to: &mut TcpStream, bytes: &[u8]) -> Option<()> {
    to.set_nonblocking(false).ok()?;
    to.write_all(bytes).ok()?;
    to.set_nonblocking(true).ok()
}
