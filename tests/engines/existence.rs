//! `rev create`, `rev drop` and `rev reset` on every engine.

use std::time::{Duration, Instant};

use rev_testkit::scratch::Engine;

use crate::project::Project;

const TABLE: &str = "upgrade: CREATE TABLE hero (id INT PRIMARY KEY)\ndowngrade: DROP TABLE hero\n";

/// Longer than a server takes to notice that a client is gone.
const LONGEST_WAIT: Duration = Duration::from_secs(180);

/// A project whose database is not there.
fn elsewhere(engine: Engine) -> Project {
    let project = Project::of(engine);
    project.revision("a", "null", TABLE);
    project.bind(|database| match engine {
        Engine::Sqlite => format!("{}.made", database.url()),
        _ => {
            let made = format!("{}_made", database.name());
            database.url().replace(database.name(), &made)
        }
    });
    if engine == Engine::Postgres {
        project.add_setting("schema: [app, public]");
    }
    project
}

#[test]
fn a_database_is_made_used_kept_while_in_use_and_dropped() {
    for engine in Engine::ALL {
        let project = elsewhere(engine);
        if engine != Engine::Sqlite {
            let refused = project.rev(&["upgrade"]).exits(1);
            let hint = "`rev create db1`";
            assert!(refused.text.contains(hint), "{engine:?}: {}", refused.text);
        }
        let made = project.rev(&["create", "db1"]).exits(0);
        assert!(made.text.contains("created"), "{}", made.text);
        let again = project.rev(&["create"]).exits(0);
        assert!(again.text.contains("is there already"), "{}", again.text);
        project.rev(&["upgrade"]).exits(0);

        project.revision("b", "a", "upgrade: SELECT 1\ndowngrade: SELECT 1\n");
        let mut run = project.halt_at(&["upgrade"], 1).expect("it halts");
        let refused = project.rev(&["drop", "--yes"]).exits(1);
        assert!(refused.text.contains("is in use"), "{}", refused.text);
        assert!(refused.text.contains("process "), "{}", refused.text);
        project.rev(&["current", "db1"]).exits(0);
        run.kill().expect("a kill");
        run.wait().expect("it is gone");

        let begun = Instant::now();
        let mut reset = project.rev(&["reset", "--yes"]);
        while reset.text.contains("is in use") && begun.elapsed() < LONGEST_WAIT {
            reset = project.rev(&["reset", "--yes"]);
        }
        let reset = reset.exits(0);
        assert!(reset.text.contains("2 revisions applied"), "{}", reset.text);
        let dropped = project.rev(&["drop", "--yes"]).exits(0);
        assert!(dropped.text.contains("dropped"), "{}", dropped.text);
        let again = project.rev(&["drop"]).exits(0);
        assert!(again.text.contains("was not there"), "{}", again.text);
    }
}

#[test]
fn who_may_not_make_or_drop_is_told_who_may() {
    for engine in Engine::SERVERS {
        let project = elsewhere(engine);
        let name = project.database().name().to_owned();
        let user = format!("{name}_u");
        let account = match engine {
            Engine::Postgres => user.clone(),
            _ => format!("{user}@'%'"),
        };
        project.database().execute(&match engine {
            Engine::Postgres => format!("CREATE ROLE {user} LOGIN PASSWORD 'pw-of-nobody'"),
            _ => format!("CREATE USER {account} IDENTIFIED BY 'pw-of-nobody'"),
        });
        if engine != Engine::Postgres {
            let grant = format!("GRANT SELECT ON {name}.* TO {account}");
            project.database().execute(&grant);
        }
        let of_user = |database: &str| {
            let url = project.database().url();
            let (scheme, rest) = url.split_once("://").expect("a URL");
            let (authority, _) = rest.split_once('/').expect("a database");
            let host = authority.rsplit('@').next().expect("a host");
            format!("{scheme}://{user}:pw-of-nobody@{host}/{database}")
        };
        let made = format!("{name}_made");
        for (words, database, remedy) in [
            (["create", "db1"], &made, "allow it"),
            (["drop", "--yes"], &name, "may drop it"),
        ] {
            project.bind(|_| of_user(database));
            let refused = project.rev(&words).exits(1);
            let denied = "the database does not let this user do that";
            assert!(
                refused.text.contains(denied),
                "{engine:?}: {}",
                refused.text
            );
            let remedy = match engine {
                Engine::Postgres => remedy,
                _ => "let an administrator allow it",
            };
            assert!(
                refused.text.contains(remedy),
                "{engine:?}: {}",
                refused.text
            );
        }
        let drop = match engine {
            Engine::Postgres => format!("DROP ROLE {account}"),
            _ => format!("DROP USER {account}"),
        };
        project.database().execute(&drop);
    }
}
