//! An index of somebody else's that was never finished is not taken for one that is.

use rev_testkit::scratch::Engine;

use crate::project::Project;

/// A table with an index `i` that its builder has left invalid.
fn left_over() -> Project {
    let project = Project::of(Engine::Postgres);
    let database = project.database();
    database.execute("CREATE TABLE t (n INT); INSERT INTO t VALUES (1), (1)");
    let built = database.try_query("CREATE UNIQUE INDEX CONCURRENTLY i ON t (n)");
    assert!(built.is_err(), "two rows are alike");
    assert_eq!(invalid(&project), ["i"]);
    database.execute("DELETE FROM t");
    project
}

fn invalid(project: &Project) -> Vec<String> {
    let question =
        "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1";
    project.database().query(question)
}

#[test]
fn an_invalid_index_is_not_taken_for_the_one_that_is_wanted() {
    for (mode, statement) in [
        ("none", "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (n)"),
        (
            "none",
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"i\" ON ONLY public.t (n)",
        ),
        ("none", "CREATE INDEX IF NOT EXISTS I ON t (n)"),
        ("step", "CREATE INDEX IF NOT EXISTS i ON t (n)"),
        ("none", "REINDEX TABLE CONCURRENTLY t"),
        ("none", "REINDEX (VERBOSE) SCHEMA CONCURRENTLY public"),
    ] {
        let project = left_over();
        let mode = match mode {
            "none" => "transaction: none\n",
            _ => "",
        };
        let script = format!("{mode}upgrade: |\n  SELECT 1;\n  {statement};\nirreversible: true\n");
        project.revision("a", "null", &script);
        let answer = project.rev(&["upgrade"]);
        assert!(
            matches!(answer.code, Some(1 | 3)),
            "{statement}: {}",
            answer.text
        );
        answer
            .says("statement 2 of 2")
            .says("revisions/a.yaml:")
            .says("is invalid")
            .says("DROP INDEX");
        assert_eq!(invalid(&project), ["i"], "{statement}");
        // As it is told.
        project.database().execute("DROP INDEX i");
        project.rev(&["upgrade"]).exits(0);
        assert!(invalid(&project).is_empty(), "{statement}");
    }
}

/// A partitioned index is invalid until its partitions have theirs.
#[test]
fn an_index_that_waits_for_its_partitions_is_well() {
    let project = Project::of(Engine::Postgres);
    project.revision(
        "a",
        "null",
        "upgrade: |\n  CREATE TABLE p (n INT) PARTITION BY RANGE (n);\n  \
         CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);\n  \
         CREATE INDEX IF NOT EXISTS i ON ONLY p (n);\nirreversible: true\n",
    );
    project.rev(&["upgrade"]).exits(0);
    assert_eq!(invalid(&project), ["i"]);
}
