//! What kind of server answers at an address, where one of another kind was looked for.
//!
//! MySQL and MariaDB speak first, by a greeting with their version. PostgreSQL waits for its
//! client, and answers the question whether it does TLS by one letter. So both can be told
//! apart without a login, and a client of one may wait for the other without end.

use std::time::Duration;

use rev_engine::failure::DatabaseError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long all of it may take.
const LONGEST: Duration = Duration::from_secs(3);
/// How long a greeting is waited for.
const GREETING: Duration = Duration::from_secs(1);

/// PostgreSQL's `SSLRequest`.
/// <https://www.postgresql.org/docs/current/protocol-message-formats.html>
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The same failure with the name of what answers there, if that is no server of `wanted`'s
/// kind; `place` words where.
pub(crate) async fn named(
    error: DatabaseError,
    place: &impl std::fmt::Display,
    (host, port): (&str, u16),
    wanted: Wanted,
) -> DatabaseError {
    let kind = tokio::time::timeout(LONGEST, kind(host, port)).await;
    match kind.ok().flatten() {
        Some(kind) if (kind == POSTGRES) != (wanted == Wanted::Postgres) => {
            DatabaseError::NotOfItsKind {
                message: format!("{place}: a {kind} server answers there"),
            }
        }
        _ => error,
    }
}

/// The server that was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Postgres,
    Mysql,
}

const POSTGRES: &str = "PostgreSQL";

async fn kind(host: &str, port: u16) -> Option<&'static str> {
    let mut stream = TcpStream::connect((host, port)).await.ok()?;
    let mut greeting = [0; 256];
    if let Ok(length) = tokio::time::timeout(GREETING, stream.read(&mut greeting)).await {
        return of_greeting(greeting.get(..length.ok()?)?);
    }
    stream.write_all(&SSL_REQUEST).await.ok()?;
    let mut answer = [0];
    stream.read_exact(&mut answer).await.ok()?;
    matches!(answer[0], b'S' | b'N').then_some(POSTGRES)
}

/// By the first packet of a server: a greeting, or why it takes no more sessions.
/// <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html>
fn of_greeting(packet: &[u8]) -> Option<&'static str> {
    let content = packet.get(4..)?;
    if !matches!(content.first(), Some(10 | 0xff)) {
        return None;
    }
    let is_mariadb = { content.windows(7) }.any(|it| it == b"MariaDB");
    Some(if is_mariadb { "MariaDB" } else { "MySQL" })
}
