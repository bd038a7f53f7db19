//! Taking URLs apart, by RFC 3986 as libpq reads it.
//!
//! `SCHEME://[USER[:PASSWORD]@][HOST][:PORT][/DATABASE][?NAME=VALUE&…]`, and for SQLite
//! `sqlite://PATH[?…]`. A `+` stands for itself.

use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

use super::{DatabaseUrl, UrlFault};
use crate::Dialect;

impl DatabaseUrl {
    /// Takes a URL apart; a SQLite file is relative to `root`.
    ///
    /// # Errors
    ///
    /// [`UrlFault`], where it cannot be taken apart or no connection could be made with it.
    pub fn new(text: &str, root: &Path) -> Result<Self, UrlFault> {
        let dialect = Dialect::of_url(text).ok_or_else(|| UrlFault::UnknownScheme {
            scheme: shown_scheme(text),
        })?;
        // No escape may mean it, either.
        if text.contains('\0') {
            return Err(UrlFault::Escape);
        }
        if dialect == Dialect::Sqlite {
            return sqlite(text, root);
        }
        server(text, dialect)
    }
}

/// The scheme to name in an error; never more, since a text without a scheme may be a password.
fn shown_scheme(text: &str) -> String {
    let is_scheme = |scheme: &&str| {
        let is_of_it = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b':');
        !scheme.is_empty() && scheme.bytes().all(is_of_it)
    };
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.filter(is_scheme).unwrap_or_default().to_owned()
}

/// A server's URL.
fn server(text: &str, dialect: Dialect) -> Result<DatabaseUrl, UrlFault> {
    let (_, rest) = text.split_once("://").ok_or(UrlFault::NoSlashes)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    // Behind a host an `@` may be the one that ends a password, which then holds the slash
    // or the question mark: where there is no host, there is no such doubt.
    if tail.contains('#') || (tail.contains('@') && !authority.is_empty()) {
        return Err(UrlFault::Unencoded);
    }
    let mut url = DatabaseUrl::empty(dialect);
    let host = match authority.rsplit_once('@') {
        // Without an `@` it may be a user, and what follows a password that begins with a slash:
        // `app:/secret`.
        None if authority.ends_with(':') => return Err(UrlFault::Port),
        None => authority,
        Some((who, host)) => {
            let (user, password) = match who.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (who, None),
            };
            url.user = given(user)?;
            url.password = password.map(decoded).transpose()?;
            host
        }
    };
    (url.host, url.port) = host_and_port(host)?;
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    url.database = given(path.strip_prefix('/').unwrap_or(path))?;
    for (name, value) in pairs(query)? {
        match name.as_str() {
            // An empty one is none, as before an `@`.
            "user" => url.user = Some(value).filter(|it| !it.is_empty()),
            "password" => url.password = Some(value),
            _ => url.parameters.push((name, value)),
        }
    }
    Ok(url)
}

/// A text that is decoded, if there is one.
fn given(text: &str) -> Result<Option<String>, UrlFault> {
    Some(text)
        .filter(|it| !it.is_empty())
        .map(decoded)
        .transpose()
}

fn host_and_port(text: &str) -> Result<(Option<String>, Option<u16>), UrlFault> {
    if text.contains(',') {
        return Err(UrlFault::SeveralHosts);
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(inner) => {
            let (address, rest) = inner.split_once(']').ok_or(UrlFault::Address)?;
            let address = decoded(address)?;
            check_address(&address)?;
            let port = match rest {
                "" => "",
                rest => rest.strip_prefix(':').ok_or(UrlFault::Address)?,
            };
            (Some(address), port)
        }
        None => {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            if port.contains(':') && !port.contains(|c: char| c != ':' && !c.is_ascii_hexdigit()) {
                return Err(UrlFault::Address);
            }
            (given(host)?, port)
        }
    };
    if let Some(host) = &host {
        check_host(host)?;
    }
    let port = match port {
        "" => None,
        port => Some(number_of_port(port)?),
    };
    Ok((host, port))
}

/// A port as a number.
fn number_of_port(text: &str) -> Result<u16, UrlFault> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| is_digits && *port > 0);
    port.ok_or(UrlFault::Port)
}

/// Refuses what no resolver could find. A path is that of a socket or its folder.
///
/// # Errors
///
/// [`UrlFault::Host`], [`UrlFault::SeveralHosts`].
pub fn check_host(host: &str) -> Result<(), UrlFault> {
    if host.contains(',') && !host.starts_with('/') {
        return Err(UrlFault::SeveralHosts);
    }
    let is_of_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    if host.starts_with('/') || host.contains(':') || host.chars().all(is_of_host) {
        return Ok(());
    }
    Err(UrlFault::Host)
}

/// An IPv6 address, perhaps with a zone: `fe80::1%eth0`.
fn check_address(text: &str) -> Result<(), UrlFault> {
    let (address, zone) = text.split_once('%').unwrap_or((text, "0"));
    let is_zone = !zone.is_empty()
        && zone
            .chars()
            .all(|c| c.is_alphanumeric() || "-._".contains(c));
    match address.parse::<Ipv6Addr>() {
        Ok(_) if is_zone => Ok(()),
        _ => Err(UrlFault::Address),
    }
}

fn pairs(query: &str) -> Result<Vec<(String, String)>, UrlFault> {
    let texts = query.split('&').filter(|text| !text.is_empty());
    let pair = |(number, text): (usize, &str)| {
        let (name, value) = text.split_once('=').ok_or(UrlFault::NoValue { number })?;
        Ok((decoded(name)?, decoded(value)?))
    };
    (1..).zip(texts).map(pair).collect()
}

/// A text with its escapes taken for the characters that they mean.
fn decoded(text: &str) -> Result<String, UrlFault> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next(), rest.next()].map(|digit| char::from(digit?).to_digit(16));
        let [Some(high), Some(low)] = digits else {
            return Err(UrlFault::Escape);
        };
        match u8::try_from(16 * high + low) {
            Ok(byte) if byte > 0 => bytes.push(byte),
            _ => return Err(UrlFault::Escape),
        }
    }
    String::from_utf8(bytes).map_err(|_| UrlFault::Escape)
}

/// A SQLite URL. With `+driver` it is SQLAlchemy's: three slashes before a relative path,
/// four before an absolute one.
fn sqlite(text: &str, root: &Path) -> Result<DatabaseUrl, UrlFault> {
    let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = match scheme.contains('+') {
        true => path.strip_prefix('/').unwrap_or(path),
        false => path,
    };
    let parameters = pairs(query)?;
    let in_memory = ("mode".to_owned(), "memory".to_owned());
    if path.ends_with(":memory:") || parameters.contains(&in_memory) {
        return Err(UrlFault::InMemory);
    }
    if path.is_empty() {
        return Err(UrlFault::NoFile);
    }
    // A file's name may hold a `%` that nobody has encoded: it is no secret.
    let path = decoded(path).unwrap_or_else(|_| path.to_owned());
    Ok(DatabaseUrl {
        parameters,
        ..DatabaseUrl::of_file(root.join(PathBuf::from(path)))
    })
}
