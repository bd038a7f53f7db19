//! The commands, as a person gives them.

use rev_testkit::scratch::{Engine, server_url};

use crate::project::Project;

const MODELS: &str = "
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE hero (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  mood mood NOT NULL DEFAULT 'sad'
);
CREATE VIEW happy AS SELECT id, name FROM hero WHERE mood = 'happy';
";

fn project() -> Project {
    let project = Project::of(Engine::Postgres);
    project.add_setting("models: [models.sql]");
    project
}

fn declare(project: &Project, models: &str) {
    std::fs::write(project.root().join("models.sql"), models).expect("a file");
}

fn autogenerate(project: &Project, message: &str) {
    project
        .rev(&["revision", "--autogenerate", "-m", message])
        .exits(0);
}

#[test]
fn a_new_label_and_its_use_go_through_the_executor() {
    let project = project();
    declare(&project, MODELS);
    autogenerate(&project, "heroes");
    project.rev(&["upgrade"]).exits(0);
    project.rev(&["diff"]).exits(0).says("no difference");
    let database = project.database();
    database.execute("INSERT INTO hero (name, mood) VALUES ('Ada', 'happy')");
    declare(
        &project,
        &MODELS
            .replace("('sad', 'happy')", "('calm', 'sad', 'happy')")
            .replace("DEFAULT 'sad'", "DEFAULT 'calm'"),
    );
    autogenerate(&project, "calm");
    project.rev(&["upgrade"]).exits(0);
    database.execute("INSERT INTO hero (name) VALUES ('Bob')");
    assert_eq!(
        database.query("SELECT name, mood::text FROM hero ORDER BY id"),
        ["Ada|happy", "Bob|calm"]
    );
    project.rev(&["diff"]).exits(0).says("no difference");
    database.execute("DELETE FROM hero WHERE mood = 'calm'");
    project.rev(&["downgrade", "db1@-1"]).exits(0);
    assert_eq!(
        database.query("SELECT name, mood::text FROM hero"),
        ["Ada|happy"]
    );
    project.rev(&["downgrade", "db1@base"]).exits(0);
    assert_eq!(database.tables(), [""; 0]);
}

#[test]
fn a_squash_can_take_the_way_up_from_a_database() {
    let project = Project::of(Engine::Postgres);
    project.revision(
        "aaaa",
        "null",
        "upgrade: |\n  CREATE TYPE mood AS ENUM ('sad', 'happy');\n  CREATE TABLE hero (id serial PRIMARY KEY, mood mood DEFAULT 'sad');\n\
         downgrade: |\n  DROP TABLE hero;\n  DROP TYPE mood;\n",
    );
    project.revision(
        "bbbb",
        "aaaa",
        "upgrade: |\n  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;\n  \
         CREATE TRIGGER touch BEFORE UPDATE ON hero FOR EACH ROW EXECUTE FUNCTION touch();\n  \
         ALTER TABLE hero ADD COLUMN team int REFERENCES hero (id) ON DELETE SET NULL;\n  \
         CREATE VIEW sad AS SELECT id FROM hero WHERE mood IN ('sad');\n\
         downgrade: |\n  DROP VIEW sad;\n  ALTER TABLE hero DROP COLUMN team;\n  DROP TRIGGER touch ON hero;\n  DROP FUNCTION touch();\n",
    );
    project.rev(&["upgrade"]).exits(0);
    let due = project.database().dump();
    let server = server_url("REV_TEST_POSTGRES_URL");
    project
        .rev(&[
            "squash",
            "base:bbbb",
            "--id",
            "ssss",
            "--from-database",
            "db1",
            "--scratch",
            &server,
        ])
        .exits(0)
        .says("proven for db1, on throw-away databases: up and down");
    project
        .rev(&["show", "ssss"])
        .exits(0)
        .says("CREATE TRIGGER touch BEFORE UPDATE ON hero");
    project.rev(&["downgrade", "db1@base"]).exits(0);
    project.rev(&["upgrade"]).exits(0).says("upgrade ssss");
    assert_eq!(project.database().dump(), due);
}

#[test]
fn models_may_hold_what_dumps_hold_and_none_of_it_reaches_out() {
    let project = project();
    project.rev(&["upgrade"]).exits(0);
    declare(
        &project,
        &format!(
            "{MODELS}
ALTER TABLE public.hero OWNER TO nobody_here;
GRANT SELECT ON TABLE hero TO nobody_here;
ALTER DEFAULT PRIVILEGES FOR ROLE nobody_here GRANT SELECT ON TABLES TO nobody_here;
CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'it ran'; END $$;
CREATE EVENT TRIGGER stop ON ddl_command_start EXECUTE FUNCTION stop();
CREATE PUBLICATION out FOR TABLE hero;
CREATE SUBSCRIPTION in_ CONNECTION 'host=nowhere.invalid' PUBLICATION out;
CREATE TEXT SEARCH CONFIGURATION plain (COPY = pg_catalog.simple);
CREATE FUNCTION fails() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'it ran'; END $$;
CREATE MATERIALIZED VIEW kept AS SELECT fails() AS n FROM generate_series(1, 3);
CREATE INDEX hero_name ON hero USING gin (to_tsvector('plain', name));
CREATE STATISTICS hero_s (dependencies) ON name, mood FROM hero;
"
        ),
    );
    project
        .rev(&["diff"])
        .exits(0)
        .says(
            "the models of `db1` hold what is not compared: event triggers, owners, privileges, \
             publications, subscriptions, text search",
        )
        .says("creates materialized view `kept`");
    declare(&project, &format!("{MODELS}\nGRANT nobody TO rev;"));
    project.rev(&["diff"]).exits(1).says("`GRANT nobody`");
}

#[test]
fn a_view_that_is_left_out_stays_as_it_is_when_its_table_is_to_go() {
    let project = project();
    declare(
        &project,
        "CREATE TABLE hero (id int); CREATE TABLE team (id int);",
    );
    autogenerate(&project, "both");
    project.rev(&["upgrade"]).exits(0);
    let database = project.database();
    database.execute("INSERT INTO team VALUES (7); CREATE VIEW teams AS SELECT id FROM team");
    declare(&project, "CREATE TABLE hero (id int);");
    project
        .rev(&[
            "revision",
            "--autogenerate",
            "-m",
            "no team",
            "--exclude",
            "teams",
        ])
        .exits(0)
        .says("view `teams` is left out, and still uses what goes here");
    project
        .rev(&["upgrade"])
        .exits(1)
        .says("view teams depends on table team");
    assert_eq!(database.query("SELECT id FROM teams"), ["7"]);
}
