use std::path::Path;

use super::{DatabaseUrl, UrlFault, encoded};

fn url(text: &str) -> Result<DatabaseUrl, UrlFault> {
    DatabaseUrl::new(text, Path::new("/p"))
}

/// The parts of a server's URL, a line.
fn parts(text: &str) -> String {
    let url = match url(text) {
        Ok(url) => url,
        Err(fault) => return format!("fault: {fault}"),
    };
    let port = url.port().map(|port| port.to_string());
    let parts = [
        ("user", url.user()),
        ("password", url.password()),
        ("host", url.host()),
        ("port", port.as_deref()),
        ("database", url.database()),
    ];
    let parts = parts
        .iter()
        .filter_map(|(name, it)| Some(format!("{name}={}", (*it)?)));
    let parameters = url
        .parameters()
        .iter()
        .map(|(name, value)| format!("?{name}={value}"));
    parts.chain(parameters).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_url_is_taken_apart_as_libpq_does_it() {
    for (text, shown) in [
        (
            "postgres://app:pw@h:5432/shop",
            "user=app password=pw host=h port=5432 database=shop",
        ),
        ("postgresql://", ""),
        ("mysql://h", "host=h"),
        ("postgres://app@h:/d", "user=app host=h database=d"),
        ("postgres://:pw@h/d", "password=pw host=h database=d"),
        (
            "postgres://a%40b:%2f%3F%23%25@h/d%20e",
            "user=a@b password=/?#% host=h database=d e",
        ),
        (
            "mysql://u:p@ss@h/d",
            "user=u password=p@ss host=h database=d",
        ),
        (
            "postgres://app:pw@[::1]:5432/d",
            "user=app password=pw host=::1 port=5432 database=d",
        ),
        ("mysql://[fe80::1%25eth0]/d", "host=fe80::1%eth0 database=d"),
        ("postgres://[::ffff:127.0.0.1]", "host=::ffff:127.0.0.1"),
        (
            "postgres://app@%2Frun%2Fpg/d",
            "user=app host=/run/pg database=d",
        ),
        (
            "postgres://app:pw@/d?host=/run/pg&port=5432",
            "user=app password=pw database=d ?host=/run/pg ?port=5432",
        ),
        (
            "postgres:///d?user=a@b&password=p%26w+x&options=-c%20a%3Db",
            "user=a@b password=p&w+x database=d ?options=-c a=b",
        ),
        ("postgres://h?sslmode=require&", "host=h ?sslmode=require"),
    ] {
        assert_eq!(parts(text), shown, "{text}");
    }
}

#[test]
fn a_url_that_can_never_work_is_refused() {
    for (text, fault) in [
        ("sqlite::memory:", UrlFault::InMemory),
        ("sqlite://:memory:", UrlFault::InMemory),
        ("sqlite://x?mode=memory", UrlFault::InMemory),
        ("sqlite://", UrlFault::NoFile),
        (
            "oracle://h",
            UrlFault::UnknownScheme {
                scheme: "oracle".into(),
            },
        ),
        (
            "hunter2",
            UrlFault::UnknownScheme {
                scheme: String::new(),
            },
        ),
        (
            "hunter2:x",
            UrlFault::UnknownScheme {
                scheme: String::new(),
            },
        ),
        ("postgres:h/d", UrlFault::NoSlashes),
        ("postgres://app:a/b@h/d", UrlFault::Unencoded),
        ("postgres://app:a?b@h/d", UrlFault::Unencoded),
        ("postgres://app:a#b@h/d", UrlFault::Unencoded),
        ("postgres://h/d#b", UrlFault::Unencoded),
        ("postgres://h/a@b", UrlFault::Unencoded),
        ("postgres://app:50%@h/d", UrlFault::Escape),
        ("postgres://app:50%zz@h/d", UrlFault::Escape),
        ("postgres://app:%+1@h/d", UrlFault::Escape),
        ("postgres://app:%00@h/d", UrlFault::Escape),
        ("postgres://app@h/d\0", UrlFault::Escape),
        ("postgres://app:%ff@h/d", UrlFault::Escape),
        ("postgres://app:secret", UrlFault::Port),
        ("postgres://app:/secret", UrlFault::Port),
        ("mysql://app:", UrlFault::Port),
        ("postgres://h:0/d", UrlFault::Port),
        ("postgres://h:+1/d", UrlFault::Port),
        ("postgres://h:65536/d", UrlFault::Port),
        ("postgres://::1/d", UrlFault::Address),
        ("postgres://[::1/d", UrlFault::Address),
        ("postgres://[::1]5432/d", UrlFault::Address),
        ("postgres://[nosuch]/d", UrlFault::Address),
        ("postgres://a,b/d", UrlFault::SeveralHosts),
        ("postgres://a:1,b:2/d", UrlFault::SeveralHosts),
        ("mysql://u@tcp(h)/d", UrlFault::Host),
        ("mysql://h/d?a=1&b", UrlFault::NoValue { number: 2 }),
    ] {
        assert_eq!(url(text), Err(fault), "{text}");
    }
}

#[test]
fn every_character_can_be_a_passwords() {
    let all: String = (1..=0x17F)
        .filter_map(char::from_u32)
        .chain("漢😀".chars())
        .collect();
    let text = format!("mysql://{0}:{0}@h/{0}?password={0}", encoded(&all));
    let url = url(&text).expect("a URL");
    assert_eq!(url.user(), Some(&*all));
    assert_eq!(url.password(), Some(&*all));
    assert_eq!(url.database(), Some(&*all));
    assert_eq!(DatabaseUrl::new(&url.expose(), Path::new("/")), Ok(url));
}

#[test]
fn a_url_shows_itself_without_its_password() {
    let url = url("postgres://u:s%20cret@h/d?sslpassword=other").expect("a URL");
    assert_eq!(
        format!("{url} {url:?}"),
        "postgres://u:***@h/d DatabaseUrl(postgres://u:***@h/d)"
    );
    assert_eq!(
        url.redact("bad: s cret or s%20cret or other"),
        "bad: *** or *** or ***"
    );
}

#[test]
fn a_url_is_exposed_so_that_it_can_be_taken_apart_again() {
    for text in [
        "postgres://app:p%40w@h:5432/d?sslmode=require",
        "mysql://[::1]:3306/d",
        "postgres://%2Frun%2Fpg/d",
        "postgres:///d?host=%2Frun%2Fpg",
        "sqlite:///p/a%20b%25.db?mode=ro",
    ] {
        let whole = url(text).expect("a URL");
        assert_eq!(url(&whole.expose()).as_ref(), Ok(&whole), "{text}");
    }
}

#[test]
fn a_server_is_named_with_or_without_a_database() {
    for (server, named) in [
        ("postgres://u:p@h:1", "postgres://u:p@h:1/new"),
        ("postgres://h/old?a=b&dbname=old", "postgres://h/new?a=b"),
        (
            "postgres:///old?host=/run/x",
            "postgres:///new?host=%2Frun%2Fx",
        ),
        ("mysql://u@h/old", "mysql://u@h/new"),
    ] {
        let server = url(server).expect("a URL");
        assert_eq!(server.with_database("new").expose(), named);
    }
}

#[test]
fn a_sqlite_file_is_relative_to_the_project() {
    for (text, path) in [
        ("sqlite://var/db1.sqlite", "/p/var/db1.sqlite"),
        ("sqlite:var/x.db", "/p/var/x.db"),
        ("sqlite3:var/x.db", "/p/var/x.db"),
        ("sqlite:///abs/path", "/abs/path"),
        ("sqlite:/abs/path", "/abs/path"),
        ("sqlite://a%20b.db?mode=rwc", "/p/a b.db"),
        ("sqlite://50%.db", "/p/50%.db"),
        ("sqlite+pysqlite:///x.db", "/p/x.db"),
        ("sqlite+aiosqlite:////abs/x.db", "/abs/x.db"),
    ] {
        assert_eq!(
            url(text).expect(text).file(),
            Some(Path::new(path)),
            "{text}"
        );
    }
}

#[test]
fn an_empty_user_is_none_wherever_it_stands() {
    for text in ["postgres://@h/d", "postgres://h/d?user=", "postgres://h/d"] {
        let url = DatabaseUrl::new(text, Path::new("/")).expect("a URL");
        assert_eq!(url.user(), None, "{text}");
        assert_eq!(url.expose(), "postgres://h/d", "{text}");
    }
}
