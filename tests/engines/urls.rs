//! URLs that people have: each is held against the server's own client, where that takes URLs.

use std::io::copy;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use rev_core::DatabaseUrl;
use rev_core::url::encoded;
use rev_testkit::random::Random;
use rev_testkit::scratch::{Engine, Scratch, server_url};

use crate::project::{Answer, Project};

/// How many characters of a password no output may hold.
const PIECE: usize = 6;

/// A project whose one database has this URL, with a revision that makes a table.
fn project_at(database: Scratch, url: &str) -> Project {
    let project = Project::new(vec![("db1", database)]);
    project.bind(|_| url.to_owned());
    let script = "upgrade: CREATE TABLE hero (id INT PRIMARY KEY)\ndowngrade: DROP TABLE hero\n";
    project.revision("a", "null", script);
    project
}

fn parts(url: &str) -> DatabaseUrl {
    DatabaseUrl::new(url, Path::new("")).expect("a URL")
}

/// The host and port of a database, as they stand in its URL.
fn address(database: &Scratch) -> String {
    let url = parts(&database.url());
    let (host, port) = (url.host().expect("a host"), url.port().expect("a port"));
    format!("{host}:{port}")
}

/// Every printable character of ASCII in one, some that lead astray, and random ones.
fn passwords() -> Vec<String> {
    let mut random = Random::new(15);
    let beyond = ['ä', 'ß', '漢', 'Ω'];
    let mut of_random = || -> String {
        let character = |at: usize| match u8::try_from(at).ok().filter(|at| *at < 95) {
            Some(at) => char::from(b' ' + at),
            None => beyond[at - 95],
        };
        (0..20).map(|_| character(random.below(99))).collect()
    };
    let random = [of_random(), of_random(), of_random()];
    let all: String = (' '..='~').collect();
    let astray = [
        "Zx9?topsecret",
        "ab/PASSw0rd#",
        "%25%zz%",
        "a@b:c@127.0.0.1:1/x",
        "${PW}\\'\"`",
    ];
    let astray = astray.map(str::to_owned);
    [all].into_iter().chain(astray).chain(random).collect()
}

fn run_with(project: &Project, arguments: &[&str], password: &str) -> Answer {
    let mut command = project.command(arguments);
    Answer::of(&command.env("PW", password).output().expect("rev starts"))
}

#[test]
fn a_password_of_any_characters_lets_us_in_and_is_said_nowhere() {
    for engine in Engine::SERVERS {
        for (at, password) in passwords().iter().enumerate() {
            let database = engine.scratch();
            let user = format!("{}_{at}", database.name());
            let quoted = password.replace('\'', "''");
            let name = database.name().to_owned();
            let statements = match engine {
                Engine::Postgres => vec![
                    format!("CREATE ROLE {user} LOGIN PASSWORD '{quoted}'"),
                    format!("ALTER DATABASE {name} OWNER TO {user}"),
                ],
                _ => vec![
                    format!(
                        "CREATE USER {user}@'%' IDENTIFIED BY '{}'",
                        quoted.replace('\\', "\\\\")
                    ),
                    format!("GRANT ALL ON {name}.* TO {user}@'%'"),
                ],
            };
            for statement in &statements {
                database.execute(statement);
            }
            let (scheme, address) = (engine.dialect(), address(&database));
            let forms = [
                format!("{scheme}://{user}:${{PW}}@{address}/{name}"),
                format!("{scheme}://{address}/{name}?user={user}&password=${{PW}}"),
            ];
            let project = project_at(database, &forms[at % 2]);
            for arguments in [
                &["status"][..],
                &["upgrade", "-v"],
                &["status", "--format", "json"],
                &["log", "--format", "json"],
                &["plan", "db1@base", "--format", "json"],
                &["downgrade", "db1@base", "--format", "json"],
            ] {
                let answer = run_with(&project, arguments, password).exits(0);
                let all: Vec<char> = password.chars().collect();
                for piece in all.windows(PIECE) {
                    let piece: String = piece.iter().collect();
                    assert!(!answer.text.contains(&piece), "{password}: {}", answer.text);
                }
            }
            // With another password nobody is let in.
            run_with(&project, &["status"], "another").exits(1);
            project.database().execute(&match engine {
                Engine::Postgres => {
                    format!(
                        "ALTER DATABASE {name} OWNER TO CURRENT_USER; DROP OWNED BY {user}; DROP ROLE {user}"
                    )
                }
                _ => format!("DROP USER {user}@'%'"),
            });
        }
    }
}

#[test]
fn a_character_that_a_login_does_not_take_is_told_as_that() {
    let database = Engine::Postgres.scratch();
    let whole = parts(&database.url());
    let (user, name) = (
        whole.user().expect("a user").to_owned(),
        database.name().to_owned(),
    );
    let url = format!("postgres://{user}:${{PW}}@{}/{name}", address(&database));
    let project = project_at(database, &url);
    let answer = run_with(&project, &["current"], "secret😀").exits(1);
    let answer = answer.says("the password has a character").says("no emoji");
    assert!(!answer.text.contains('😀'), "{}", answer.text);
    let database = Engine::Mysql.scratch();
    let user = format!("{}_e", database.name());
    database.execute(&format!("CREATE USER {user}@'%' IDENTIFIED BY 'secret😀'"));
    database.execute(&format!("GRANT ALL ON {}.* TO {user}@'%'", database.name()));
    let url = format!(
        "mysql://{user}:${{PW}}@{}/{}",
        address(&database),
        database.name()
    );
    let project = project_at(database, &url);
    run_with(&project, &["current"], "secret😀").exits(0);
    project.database().execute(&format!("DROP USER {user}@'%'"));
}

/// A way to a server's port from a port of IPv6's own machine.
fn by_ipv6(address: String) -> u16 {
    let listener = TcpListener::bind("[::1]:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&address).expect("the server");
            let pairs = [
                (client.try_clone(), server.try_clone()),
                (Ok(server), Ok(client)),
            ];
            for (from, to) in pairs {
                let (mut from, mut to) = (from.expect("a handle"), to.expect("a handle"));
                thread::spawn(move || {
                    let _ = copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    port
}

#[test]
fn an_address_of_ipv6_stands_in_brackets() {
    for engine in Engine::SERVERS {
        let database = engine.scratch();
        let whole = parts(&database.url());
        let login = format!(
            "{}:{}",
            encoded(whole.user().unwrap_or_default()),
            encoded(whole.password().unwrap_or_default())
        );
        let (scheme, name) = (engine.dialect(), database.name().to_owned());
        let port = by_ipv6(address(&database));
        let project = project_at(database, "");
        for host in ["[::1]", "[0:0:0:0:0:0:0:1]"] {
            let url = format!("{scheme}://{login}@{host}:{port}/{name}");
            project.bind(|_| url.clone());
            project.rev(&["upgrade"]).exits(0);
            project.rev(&["downgrade", "db1@base"]).exits(0);
        }
    }
}

/// Whether PostgreSQL's own client gets an answer at this URL.
fn psql_gets_in(url: &str) -> bool {
    let program = Path::new(&server_url("REV_TEST_POSTGRES_BIN")).join("psql");
    let status = Command::new(program)
        .args(["-X", "-w", "-c", "SELECT 1", url])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.expect("psql starts").success()
}

#[test]
fn a_url_that_psql_takes_is_taken_and_a_parameter_that_cannot_be_kept_is_told() {
    let authority = server_url("REV_TEST_TLS_CA");
    let other = Path::new(&authority).with_file_name("other-ca.crt");
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args([
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=other",
            "-keyout",
            "/dev/null",
            "-out",
        ])
        .arg(&other)
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("openssl starts").success());
    let (authority, other) = (encoded(&authority), encoded(&other.display().to_string()));
    let database = Scratch::on(Engine::Postgres, server_url("REV_TEST_POSTGRES_PLAIN_URL"));
    let whole = parts(&database.url());
    let user = encoded(whole.user().expect("a user"));
    let password = encoded(whole.password().expect("a password"));
    let (host, port) = (whole.host().expect("a host"), whole.port().expect("a port"));
    let (host, name) = (host.to_owned(), database.name().to_owned());
    let project = project_at(database, "");
    let at = |rest: &str| format!("postgresql://{user}:{password}@{host}:{port}/{name}{rest}");
    let none = |rest: &str| format!("postgres://{user}:{password}@{rest}");
    for (url, remedy) in [
        (at("?sslmode=require"), ""),
        (at("?sslmode=disable"), ""),
        (at("?sslmode=allow"), ""),
        (at("?ssl=true"), ""),
        (at(&format!("?sslmode=require&sslrootcert={authority}")), ""),
        (
            at(&format!("?sslmode=verify-full&sslrootcert={authority}")),
            "",
        ),
        (
            at(&format!(
                "?sslmode=verify-full&channel_binding=require&sslrootcert={authority}"
            )),
            "",
        ),
        (
            at(&format!("?channel_binding=require&sslrootcert={authority}")),
            "",
        ),
        (at("?channel_binding=prefer"), ""),
        (
            at("?connect_timeout=5&keepalives=1&keepalives_idle=30&tcp_user_timeout=0"),
            "",
        ),
        (
            at("?target_session_attrs=read-write&gssencmode=disable"),
            "",
        ),
        (at("?application_name=a%20b&options=-c%20geqo%3Doff"), ""),
        (
            at("?client_encoding=UTF8&sslcompression=0&krbsrvname=postgres"),
            "",
        ),
        (none(&format!("/{name}?host={host}&port={port}")), ""),
        (none(&format!("/{name}?hostaddr={host}&port={port}")), ""),
        (
            none(&format!("/?dbname={name}&host={host}&port={port}")),
            "",
        ),
        (
            format!("postgres:///{name}?user={user}&password={password}&host={host}&port={port}"),
            "",
        ),
        // What psql refuses, too.
        (
            at(&format!("?sslmode=require&sslrootcert={other}")),
            "name the file of the authority that has signed it",
        ),
        (
            at(&format!("?sslmode=verify-ca&sslrootcert={other}")),
            "name the file of the authority that has signed it",
        ),
        (at("?sslmode=nosuch"), "it may be `disable`"),
        (
            at("?sslmode=verify-full&sslrootcert=/no/such/file"),
            "write the whole one",
        ),
        (
            at("?channel_binding=require&sslmode=disable"),
            "take one of them out",
        ),
        (at("?nosuch=1"), "those are `application_name`"),
        (at("?sslMode=require"), "did you mean `sslmode`?"),
        (at("?connect_timeout=soon"), "a number of seconds"),
        (at("?hostaddr=localhost"), "an address in digits"),
        (
            none(&format!("{host}:{port}x/{name}")),
            "after the host's colon stands a number",
        ),
        (
            none(&format!("[::1/{name}")),
            "write it as in `[2001:db8::1]:5432`",
        ),
    ] {
        project.bind(|_| url.clone());
        let shown = url.replace(&*password, "***");
        assert_eq!(psql_gets_in(&url), remedy.is_empty(), "psql: {shown}");
        let answer = project.rev(&["current"]);
        if remedy.is_empty() {
            assert_eq!(answer.code, Some(0), "{shown}: {}", answer.text);
        } else {
            let text = answer.exits(1).text;
            assert!(text.contains(remedy), "{shown}: {text}");
            assert!(!text.contains("is the server up"), "{shown}: {text}");
            assert!(!text.contains("configuration"), "{shown}: {text}");
        }
    }
    // What hosts write for other programs than psql, and what psql could keep and `rev` cannot.
    for rest in [
        "?pgbouncer=true&connection_limit=1&pool_timeout=10",
        "?sslmode=require&uselibpqcompat=true",
    ] {
        project.bind(|_| at(rest));
        project.rev(&["status"]).exits(0);
    }
    for (rest, remedy) in [
        ("?schema=public", "say `schema:`"),
        ("?passfile=x", "export PGPASSFILE=…"),
        (
            "?sslmode=require&channel_binding=require",
            "sslrootcert=FILE",
        ),
        ("?replication=database", "takes statements"),
    ] {
        project.bind(|_| at(rest));
        project.rev(&["current"]).exits(1).says(remedy);
    }
}

#[test]
fn a_socket_is_named_by_host_and_by_parameter() {
    for engine in Engine::SERVERS {
        let by_socket = engine.setting("SOCKET_URL");
        let database = engine.scratch();
        let name = database.name().to_owned();
        let whole = parts(&database.url_on(&by_socket));
        let value = |key: &str| {
            let found = whole.parameters().iter().find(|(name, _)| name == key);
            found.map(|(_, value)| encoded(value))
        };
        let socket = value("host").or(value("socket"));
        let socket = socket.or(whole.host().map(encoded)).expect("a socket");
        let port = whole.port().map(|port| port.to_string()).or(value("port"));
        let tcp = parts(&database.url());
        let login = format!(
            "{}:{}@",
            encoded(tcp.user().expect("a user")),
            encoded(tcp.password().expect("a password"))
        );
        let port = port.unwrap_or_else(|| tcp.port().expect("a port").to_string());
        let urls = match engine {
            Engine::Postgres => vec![
                format!("postgres://{login}/{name}?host={socket}&port={port}"),
                format!("postgres://{login}{socket}:{port}/{name}"),
                format!("postgres://{login}/{name}?host={socket}&port={port}&sslmode=require"),
            ],
            _ => vec![
                format!("mysql://{login}/{name}?socket={socket}&ssl-mode=PREFERRED"),
                format!("mysql+pymysql://{login}localhost/{name}?unix_socket={socket}"),
                format!("mysql://{login}{socket}/{name}"),
            ],
        };
        let project = project_at(database, "");
        for url in urls {
            project.bind(|_| url.clone());
            let answer = project.rev(&["status"]);
            let is_in = answer.code == Some(0);
            // MySQL's own login sends no password without TLS, which its socket has not.
            let is_told = engine == Engine::Mysql && answer.text.contains("ssl-mode=REQUIRED");
            assert!(is_in || is_told, "{engine:?}: {}", answer.text);
        }
    }
}

#[test]
fn a_search_path_may_name_several_schemas_and_the_ledger_is_in_the_first() {
    let pooled = server_url("REV_TEST_PGBOUNCER_URL");
    for server in [Engine::Postgres.server_url(), pooled] {
        for written in [
            "[tenant_a, public]",
            "\"tenant_a, public\"",
            "tenant_a,public",
        ] {
            let database = Engine::Postgres.scratch();
            database.execute("CREATE SCHEMA tenant_a");
            database.execute("CREATE TYPE mood AS ENUM ('well')");
            let url = database.url_on(&server);
            let project = project_at(database, &url);
            project.add_setting(&format!("schema: {written}"));
            let script = "upgrade: CREATE TABLE villain (m mood)\ndowngrade: DROP TABLE villain\n";
            project.revision("b", "a", script);
            project.rev(&["upgrade"]).exits(0);
            let tables = "SELECT schemaname || '.' || tablename FROM pg_tables \
                          WHERE tablename IN ('villain', 'rev_ledger') ORDER BY 1";
            let found = project.database().query(tables);
            assert_eq!(
                found,
                ["tenant_a.rev_ledger", "tenant_a.villain"],
                "{written}"
            );
            project.rev(&["downgrade", "db1@base"]).exits(0);
        }
    }
}

#[test]
fn a_schema_that_is_not_there_is_told_with_what_makes_it() {
    let database = Engine::Postgres.scratch();
    let url = database.url();
    let project = project_at(database, &url);
    project.add_setting("schema: [public, \"Tenant, a\"]");
    let answer = project.rev(&["upgrade"]).exits(1);
    let statement = "CREATE SCHEMA \"Tenant, a\"";
    let answer = answer
        .says("there is no schema `Tenant, a`")
        .says(statement);
    assert!(!answer.text.contains("is the server up"), "{}", answer.text);
    project.database().execute(statement);
    project.rev(&["upgrade"]).exits(0);
}
