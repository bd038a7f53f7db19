//! `depends_on: [database@id]`, where one of the databases cannot be looked at.

use crate::harness::{Project, assert_answer, table};

/// On `db2`, `cccc` needs `bbbb` on `db3`, which has no URL; on `db3`, `dddd`
/// needs `bbbb` on `db1`.
fn without_db3(dialect: &str) -> Project {
    let project = Project::empty();
    let settings = format!(
        "databases:\n  db1: sqlite://db1.sqlite\n  db2: sqlite://db2.sqlite\n  \
         db3: {{url: '${{NOPE}}'{dialect}}}\n"
    );
    project.write("rev.yaml", &settings);
    project.write("revisions/aaaa.yaml", &table("aaaa", "null", "hero"));
    project.write("revisions/bbbb.yaml", &table("bbbb", "aaaa", "power"));
    let only = |id: &str, parent: &str, needed: &str, database: &str| {
        format!(
            "revision: {id}\ndown_revision: {parent}\nmessage: only on {database}\n\
             depends_on: [{needed}]\ndatabases:\n  {database}:\n    \
             upgrade: CREATE TABLE {id} (id INTEGER)\n    downgrade: DROP TABLE {id}\n"
        )
    };
    project.write(
        "revisions/cccc.yaml",
        &only("cccc", "bbbb", "db3@bbbb", "db2"),
    );
    project.write(
        "revisions/dddd.yaml",
        &only("dddd", "cccc", "db1@bbbb", "db3"),
    );
    project
}

#[test]
fn a_database_without_a_url_blocks_only_what_needs_it() {
    for dialect in ["", ", dialect: sqlite"] {
        let project = without_db3(dialect);
        for free in [
            "upgrade db1@head",
            "plan db2@bbbb",
            "upgrade db2@bbbb",
            "stamp db1@head",
        ] {
            let answer = project.rev(free);
            assert_eq!(answer.exit, Some(0), "{free}: {answer}");
        }
        let name = match dialect {
            "" => "of_no_dialect",
            _ => "of_a_dialect",
        };
        assert_answer!(format!("unseen_up_{name}"), project.rev("upgrade db2@cccc"));
        assert_answer!("unseen_plan", project.rev("plan db2@cccc"));
        // What may stand on `db3` keeps `db1` from going down.
        assert_answer!("unseen_down", project.rev("downgrade db1@aaaa"));
        let given = ["downgrade", "db1@aaaa", "--url", "db3=sqlite://db3.sqlite"];
        assert_eq!(project.rev_with(&given, &[]).exit, Some(0));
    }
}
