//! Certificates: the files that a URL names, and what is said of a server's that proves nothing.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rev_core::{Dialect, UrlFault};
use rev_engine::failure::DatabaseError;

/// What the driver's words begin with.
const MARK: &str = "invalid peer certificate: ";

/// An authority's own certificate, shown by a server.
const OF_AUTHORITY: &str = "CaUsedAsEndEntity";

/// The words for such an error at a place; `None`: it is another one.
pub(crate) fn fault(error: &sqlx::Error, place: &str, dialect: Dialect) -> Option<DatabaseError> {
    let text = error.to_string();
    let (_, what) = text.split_once(MARK)?;
    let is_mysql = dialect == Dialect::Mysql;
    let (message, remedy) = if what.contains(OF_AUTHORITY) {
        (
            "the server shows an authority's certificate (`CA:TRUE`) as its own, and that is not \
             taken for a server's",
            if is_mysql {
                "make the server one that is none, `openssl req -x509 … -addext \
                 basicConstraints=critical,CA:FALSE`, which may stand in `ssl-ca` itself; or sign \
                 one by the authority; `ssl-mode=REQUIRED` without `ssl-ca` encrypts and proves nothing"
            } else {
                "make the server one that is none, `openssl req -x509 … -addext \
                 basicConstraints=critical,CA:FALSE`, which may stand in `sslrootcert` itself; or sign \
                 one by the authority; `sslmode=require` without `sslrootcert` encrypts and proves nothing"
            },
        )
    } else if what.contains("UnknownIssuer") {
        (
            "nobody who is trusted has signed the server's certificate",
            if is_mysql {
                "name the file of the authority that has signed it: `ssl-ca=FILE` in the URL"
            } else {
                "name the file of the authority that has signed it: `sslrootcert=FILE` in the URL; \
                 the certificate is verified for `sslmode=verify-ca` and `verify-full`, for \
                 `channel_binding=require`, and where `sslrootcert` is given"
            },
        )
    } else if what.contains("NotValidForName") || what.contains("not valid for") {
        (
            "the server's certificate is for another name",
            if is_mysql {
                "write the name that it is for into the URL; or `ssl-mode=VERIFY_CA`, which asks for no name"
            } else {
                "write the name that it is for into the URL; or `sslmode=verify-ca`, which asks for no name"
            },
        )
    } else if what.contains("xpired") || what.contains("NotValidYet") {
        (
            "the server's certificate is not valid today",
            "give the server a new one, and look at the clocks of both machines",
        )
    } else {
        (
            "the server's certificate proves nothing",
            "give the server a certificate by an authority that is trusted here",
        )
    };
    Some(DatabaseError::Certificate {
        message: format!("{place}: {message} ({what})"),
        remedy,
    })
}

/// Refuses a file that cannot be read, by the parameter that names it: the driver's own error
/// says neither.
pub(crate) fn check_readable(
    parameter: &'static str,
    path: impl AsRef<Path>,
) -> Result<(), UrlFault> {
    let path = path.as_ref();
    let is_plain = std::fs::metadata(path).map(|found| found.is_file());
    let read = is_plain.and_then(|is_plain| match is_plain {
        true => File::open(path).and_then(|mut file| file.read(&mut [0])),
        false => Err(std::io::Error::other("it is not a plain file")),
    });
    read.map(drop).map_err(|error| UrlFault::Unreadable {
        parameter,
        reason: error.to_string(),
    })
}
