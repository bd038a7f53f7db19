//! What a server says on the first day: that a user may not come in, or may make no tables, or
//! that it is no server of this kind at all.

use rev_testkit::scratch::{Engine, Scratch};

use crate::project::Project;

const TABLE: &str = "upgrade: CREATE TABLE hero (id INT PRIMARY KEY)\ndowngrade: DROP TABLE hero\n";

/// What `user:password` is in the URL of a database for a user of its own.
fn url_of(database: &Scratch, user: &str, password: &str, name: &str) -> String {
    let url = database.url();
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (authority, _) = rest.split_once('/').expect("a database");
    let host = authority.rsplit('@').next().expect("a host");
    format!("{scheme}://{user}:{password}@{host}/{name}")
}

#[test]
fn a_user_who_may_make_no_tables_is_told_that_it_was_the_ledger() {
    for engine in Engine::SERVERS {
        let project = Project::of(engine);
        project.revision("a", "null", TABLE);
        project.revision("b", "a", "upgrade: SELECT 1\ndowngrade: SELECT 1\n");
        let database = project.database();
        let name = database.name().to_owned();
        let user = format!("{name}_u");
        let statements = match engine {
            Engine::Postgres => vec![
                format!("CREATE ROLE {user} LOGIN PASSWORD 'pw-of-nobody'"),
                "REVOKE CREATE ON SCHEMA public FROM PUBLIC".to_owned(),
            ],
            _ => vec![
                format!("CREATE USER {user}@'%' IDENTIFIED BY 'pw-of-nobody'"),
                format!("GRANT SELECT ON {name}.* TO {user}@'%'"),
            ],
        };
        for statement in &statements {
            database.execute(statement);
        }
        project.bind(|database| url_of(database, &user, "pw-of-nobody", &name));
        let ill = project.rev(&["doctor"]).exits(4);
        let told = match engine {
            Engine::Postgres => "may make no tables where the ledger is to be",
            _ => "no grant says that the user of `db1` may make tables",
        };
        assert!(ill.text.contains(told), "{engine:?}: {}", ill.text);
        let refused = project.rev(&["upgrade"]).exits(1);
        assert!(
            refused
                .text
                .contains("error: the ledger of `db1` cannot be made"),
            "{engine:?}: {}",
            refused.text
        );
        assert!(
            refused.text.contains("no script has run"),
            "{}",
            refused.text
        );
        assert!(!refused.text.contains("step 1 of 2"), "{}", refused.text);
        assert!(!refused.text.contains("pw-of-nobody"), "{}", refused.text);
        project.database().execute(&match engine {
            Engine::Postgres => format!("DROP ROLE {user}"),
            _ => format!("DROP USER {user}@'%'"),
        });
    }
}

#[test]
fn a_doctor_tells_of_no_right_that_is_there_and_tries_a_server() {
    for engine in Engine::SERVERS {
        let project = Project::of(engine);
        project.revision("a", "null", TABLE);
        let well = project.rev(&["doctor"]);
        assert!(
            !well.text.contains("rights db1"),
            "{engine:?}: {}",
            well.text
        );
        let name = project.database().name().to_owned();
        if engine != Engine::Postgres {
            // By a grant on this database alone, whose name has signs of patterns in it.
            let user = format!("{name}_v");
            let pattern = name.replace('_', "\\_");
            for statement in [
                format!("CREATE USER {user}@'%' IDENTIFIED BY 'pw-of-nobody'"),
                format!("GRANT ALL ON `{pattern}`.* TO {user}@'%'"),
            ] {
                project.database().execute(&statement);
            }
            project.bind(|database| url_of(database, &user, "pw-of-nobody", &name));
            let well = project.rev(&["doctor"]);
            assert!(
                !well.text.contains("rights db1"),
                "{engine:?}: {}",
                well.text
            );
            project.database().execute(&format!("DROP USER {user}@'%'"));
        }
        let scratch = engine.server_url();
        let tried = project.rev(&["doctor", "--scratch", &scratch]);
        let dialect = engine.dialect();
        let made = format!("trials: a throw-away database of {dialect} was made and dropped");
        assert!(tried.text.contains(&made), "{engine:?}: {}", tried.text);
        let nobody = url_of(project.database(), "rev_nobody", "pw-of-nobody", "");
        let refused = project
            .rev(&["doctor", "--scratch", nobody.trim_end_matches('/')])
            .exits(4);
        assert!(
            refused.text.contains("error    trials: "),
            "{engine:?}: {}",
            refused.text
        );
        assert!(!refused.text.contains("pw-of-nobody"), "{}", refused.text);
    }
}

#[test]
fn a_server_that_lets_nobody_in_is_up() {
    for engine in Engine::SERVERS {
        let project = Project::of(engine);
        project.revision("a", "null", TABLE);
        let name = project.database().name().to_owned();
        let nobody = url_of(project.database(), "rev_nobody", "pw-of-nobody", &name);
        let nowhere = project
            .database()
            .url()
            .replace(&name, "rev_no_such_database");
        for url in [nobody, nowhere] {
            project.bind(|_| url.clone());
            let refused = project.rev(&["upgrade"]).exits(1);
            assert!(
                refused.text.contains("the server has answered"),
                "{}",
                refused.text
            );
            assert!(
                !refused.text.contains("is the server up"),
                "{}",
                refused.text
            );
        }
    }
}

#[test]
fn a_port_of_another_server_is_not_called_broken() {
    let other = Engine::MYSQLS.into_iter().next();
    let (Some(other), Some(_)) = (other, Engine::Postgres.alone().into_iter().next()) else {
        return;
    };
    let url = other.server_url();
    let project = Project::of(Engine::Postgres);
    project.revision("a", "null", TABLE);
    let host = url.rsplit('@').next().expect("a host");
    let host = host.split('/').next().expect("a host");
    for query in ["", "?sslmode=disable"] {
        project.bind(|_| format!("postgres://u:p@{host}/d{query}"));
        let refused = project.rev(&["upgrade"]).exits(1);
        assert!(
            refused.text.contains("no PostgreSQL server"),
            "{query}: {}",
            refused.text
        );
        assert!(!refused.text.contains("::"), "{}", refused.text);
        let kind = match other {
            Engine::Mariadb => "a MariaDB server answers there",
            _ => "a MySQL server answers there",
        };
        assert!(refused.text.contains(kind), "{query}: {}", refused.text);
    }
}

#[test]
fn a_url_for_mysql_at_a_port_of_postgresql_is_called_that() {
    let mysql = Engine::MYSQLS.into_iter().next();
    let (Some(mysql), Some(postgres)) = (mysql, Engine::Postgres.alone().into_iter().next()) else {
        return;
    };
    let url = postgres.server_url();
    let host = url.rsplit('@').next().expect("a host");
    let host = host.split(['/', '?']).next().expect("a host");
    let project = Project::of(mysql);
    project.revision("a", "null", TABLE);
    project.bind(|_| format!("mysql://u:p@{host}/d"));
    // It waits for its client to speak, so nothing but a question tells it from a dead one.
    let refused = project.rev(&["status"]).exits(1);
    let kind = "a PostgreSQL server answers there";
    assert!(refused.text.contains(kind), "{}", refused.text);
    let refused = project.rev(&["upgrade"]).exits(1);
    assert!(
        refused.text.contains("there is no MySQL"),
        "{}",
        refused.text
    );
    assert!(refused.text.contains("hint: "), "{}", refused.text);
}

#[test]
fn what_stands_half_done_on_a_protected_database_is_still_to_be_looked_at() {
    for engine in Engine::MYSQLS {
        let project = Project::of(engine);
        project.revision("a", "null", TABLE);
        project.rev(&["upgrade"]).exits(0);
        let script = "upgrade: |\n  DROP TABLE hero;\n  CREATE TABLE power (id NO_SUCH_TYPE);\n";
        project.revision("b", "a", script);
        project.rev(&["upgrade"]).exits(3);
        project.add_setting("protected: true");
        let refused = project.rev(&["upgrade"]).exits(3);
        assert!(
            refused.text.contains("is protected"),
            "{engine:?}: {}",
            refused.text
        );
    }
}
