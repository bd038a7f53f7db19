//! A way to a server that breaks.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Passes on what clients and a server say, until the server has answered a number
/// of times: that answer and all later ones are lost, and with them the connections.
pub(crate) struct Proxy {
    port: u16,
    answers_left: Arc<AtomicUsize>,
}

impl Proxy {
    /// A way to the server of this URL.
    pub(crate) fn to(url: &str, answers: usize) -> Self {
        let server = address(url).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let answers_left = Arc::new(AtomicUsize::new(answers));
        let left = answers_left.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if left.load(Ordering::SeqCst) > 0
                    && let Ok(server) = TcpStream::connect(&server)
                {
                    join(&client, &server, &left);
                }
            }
        });
        Self { port, answers_left }
    }

    /// The same URL by this way.
    pub(crate) fn url(&self, url: &str) -> String {
        url.replace(address(url), &format!("127.0.0.1:{}", self.port))
    }

    /// Whether it has broken.
    pub(crate) fn is_broken(&self) -> bool {
        self.answers_left.load(Ordering::SeqCst) == 0
    }
}

/// The host and port of a URL.
fn address(url: &str) -> &str {
    let after = url.split_once('@').expect("a user").1;
    after.split(['/', '?']).next().expect("a host")
}

fn join(client: &TcpStream, server: &TcpStream, left: &Arc<AtomicUsize>) {
    let copy = |stream: &TcpStream| stream.try_clone().expect("a second handle");
    let (mut from_client, mut to_server) = (copy(client), copy(server));
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let (mut from_server, mut to_client, left) = (copy(server), copy(client), left.clone());
    thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while let Ok(length @ 1..) = from_server.read(&mut buffer) {
            let one_less = |left: usize| left.checked_sub(1);
            let before = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
            if before.is_err() || before == Ok(1) || to_client.write_all(&buffer[..length]).is_err()
            {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
        let _ = from_server.shutdown(Shutdown::Both);
    });
}
