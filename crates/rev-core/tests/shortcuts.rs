//! Shortcuts: what they mean, which rows they leave, and what other checkouts
//! make of these.

use std::sync::Arc;

use rev_core::plan::{lane, mend};
use rev_core::testing::graph;
use rev_core::{
    Applied, Binding, DatabaseName, Dialect, Goal, Graph, Lane, NodeSet, Point, Scope, Standing,
};

const BEFORE: &str = "
    a: !
    b: a !
    c: b !
    d: c !
";
const SQUASHED: &str = "
    a: !
    b: a !
    c: b !
    d: c !
    sss: a =b =c !
";
const FINISHED: &str = "
    a: !
    d: c !
    sss: a =b =c !
";
const ELSEWHERE: &str = "
    a: !
    e: a !
";

fn binding() -> Arc<Binding> {
    let name = DatabaseName::new("db1").expect("a name");
    Arc::new(Binding::new(name, Dialect::Sqlite))
}

fn read(graph: &Arc<Graph>, rows: &[Applied]) -> Standing {
    Standing::read(graph, &binding(), rows).expect("a state")
}

fn to(graph: &Graph, heads: &[&str]) -> NodeSet {
    graph.ancestors(heads.iter().flat_map(|head| graph.lookup(head)))
}

fn plan(standing: &Standing, heads: &[&str]) -> Lane {
    let set = to(&standing.graph, heads);
    lane(&binding(), standing, Goal::Switch, &set, None).expect("a plan")
}

/// What a lane's steps leave of these rows.
fn run(rows: &[Applied], lane: &Lane) -> Vec<Applied> {
    let mut rows = rows.to_vec();
    for step in lane.steps.iter() {
        let is_touched = |row: &Applied| step.rows.iter().any(|it| it.revision == row.revision);
        rows.retain(|row| !is_touched(row));
        if step.action.applies() {
            rows.extend(step.rows.iter().cloned());
        }
    }
    rows
}

fn brought_up(notation: &str, heads: &[&str]) -> Vec<Applied> {
    let graph = graph(notation);
    run(&[], &plan(&read(&graph, &[]), heads))
}

/// `+b +c` and the like; a shortcut with what it replaces.
fn steps(lane: &Lane) -> String {
    let step = |step: &Arc<rev_core::Step>| {
        let sign = if step.action.applies() { '+' } else { '-' };
        let ids: Vec<&str> = step.replaces.iter().map(AsRef::as_ref).collect();
        match ids.is_empty() {
            true => format!("{sign}{}", step.revision.id),
            false => format!("{sign}{}({})", step.revision.id, ids.join(" ")),
        }
    };
    lane.steps.iter().map(step).collect::<Vec<_>>().join(" ")
}

fn heads(standing: &Standing) -> String {
    let graph = &standing.graph;
    let ids = graph.ids(standing.state.heads(graph));
    ids.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn the_id_of_a_shortcut_means_the_top_of_its_set_and_is_no_head() {
    let graph = graph("a:\nb1: a\nb2: a\nsss: a =b1 =b2\nc: sss\nd: b1 ~sss");
    let scope = Scope::of_graph(&graph);
    let mean = |text: &str| {
        graph.ids(
            scope
                .revisions(&Point::parse(text).expect("a point"))
                .expect(text),
        )
    };
    let ids = |ids: &[&str]| graph.ids(ids.iter().map(|id| graph.find(id).expect("a node")));
    assert_eq!(mean("sss"), ids(&["b1", "b2"]));
    assert_eq!(graph.ids(graph.heads()), ids(&["c", "d"]));
    let parents = |id: &str| graph.ids(graph.parents(graph.find(id).expect("a node")));
    assert_eq!(parents("c"), ids(&["b1", "b2"]));
    assert!(graph.find("sss").is_none());
}

#[test]
fn a_shortcut_leaves_a_row_for_each_revision_that_it_replaces() {
    let graph = graph(SQUASHED);
    let up = plan(&read(&graph, &[]), &["d"]);
    assert_eq!(steps(&up), "+a +sss(b c) +d");
    let rows = run(&[], &up);
    let through = |id: &str| {
        let row = rows.iter().find(|row| row.revision.as_str() == id);
        row.expect("a row")
            .through
            .as_ref()
            .map(ToString::to_string)
    };
    assert_eq!(rows.len(), 4);
    assert_eq!(
        [through("a"), through("b"), through("d")],
        [None, Some("sss".into()), None]
    );
    let standing = read(&graph, &rows);
    assert!(standing.drift.is_none(), "{:?}", standing.drift);
    assert_eq!(heads(&standing), "d");
}

#[test]
fn only_a_whole_set_goes_through() {
    let graph = graph(SQUASHED);
    let rows = run(&[], &plan(&read(&graph, &[]), &["b"]));
    assert_eq!(steps(&plan(&read(&graph, &rows), &["d"])), "+c +d");
    let all = run(&rows, &plan(&read(&graph, &rows), &["d"]));
    assert_eq!(steps(&plan(&read(&graph, &all), &["b"])), "-d -c");
    // Whichever way they came up, together they go down at once.
    assert_eq!(steps(&plan(&read(&graph, &all), &["a"])), "-d -sss(b c)");
}

#[test]
fn a_database_from_before_the_squash_and_one_from_after_are_the_same() {
    let (old, new) = (brought_up(BEFORE, &["d"]), brought_up(SQUASHED, &["d"]));
    for (notation, rows) in [
        (BEFORE, &new),
        (SQUASHED, &old),
        (FINISHED, &old),
        (FINISHED, &new),
    ] {
        let standing = read(&graph(notation), rows);
        assert!(standing.drift.is_none(), "{notation} {:?}", standing.drift);
        assert_eq!(heads(&standing), "d");
        assert_eq!(steps(&plan(&standing, &["d"])), "");
    }
}

#[test]
fn once_the_files_are_gone_the_shortcut_is_a_revision_and_its_rows_are_the_old_ones() {
    let graph = graph(FINISHED);
    let up = plan(&read(&graph, &[]), &["d"]);
    assert_eq!(steps(&up), "+a +sss +d");
    let rows = run(&[], &up);
    let mut ids: Vec<&str> = rows.iter().map(|row| row.revision.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["a", "b", "c", "d"]);
    let standing = read(&graph, &rows);
    assert!(standing.drift.is_none(), "{:?}", standing.drift);
    let down = plan(&standing, &["a"]);
    assert_eq!(steps(&down), "-d -sss");
    assert_eq!(run(&rows, &down).len(), 1);
    // Other checkouts read it as well: with the files, and with none of them.
    let before = read(&self::graph(BEFORE), &rows);
    assert!(before.drift.is_none(), "{:?}", before.drift);
    assert_eq!(steps(&plan(&before, &["b"])), "-d -c");
    let elsewhere = read(&self::graph(ELSEWHERE), &rows);
    let away = plan(&elsewhere, &["e"]);
    assert_eq!(steps(&away), "-d -b +e", "what ran as one goes as one");
    assert_eq!(run(&rows, &away).len(), 2);
    let script = away.steps[1].script.as_ref().expect("the stored way down");
    assert_eq!(script.0, ["DROP TABLE t_sss"]);
}

#[test]
fn rows_from_a_shortcut_go_one_by_one_where_nobody_knows_it() {
    let rows = brought_up(SQUASHED, &["d"]);
    let elsewhere = read(&graph(ELSEWHERE), &rows);
    let away = plan(&elsewhere, &["e"]);
    assert_eq!(steps(&away), "-d -c -b +e");
    assert_eq!(elsewhere.drift.unknown.len(), 3);
}

#[test]
fn a_database_that_is_only_partly_past_a_finished_shortcut_is_told() {
    let rows = brought_up(BEFORE, &["b"]);
    let standing = read(&graph(FINISHED), &rows);
    let [partial] = &standing.drift.partial[..] else {
        panic!("{:?}", standing.drift);
    };
    assert_eq!(partial.shortcut.as_str(), "sss");
    assert_eq!((partial.applied.len(), partial.missing.len()), (1, 1));
    assert!(!standing.drift.is_consistent());
    // What is there can still be taken down.
    assert_eq!(steps(&plan(&standing, &["a"])), "-b");
}

#[test]
fn an_edit_of_a_shortcut_that_ran_is_noticed_and_one_that_did_not_run_is_not() {
    let edited = SQUASHED.replace("sss: a =b =c !", "sss: a =b =c");
    let through = brought_up(SQUASHED, &["d"]);
    let drift = read(&graph(&edited), &through).drift;
    let ids: Vec<&str> = drift.edited.iter().map(|it| it.revision.as_str()).collect();
    assert_eq!(ids, ["sss"]);
    let alone = brought_up(BEFORE, &["d"]);
    assert!(read(&graph(&edited), &alone).drift.is_none());
}

#[test]
fn a_shortcut_without_a_script_serves_only_where_there_is_nothing_to_do() {
    let graph = graph("a: !db2\nb: a !db2\nc: b !db2\nsss: a =b =c");
    let idle = plan(&read(&graph, &[]), &["c"]);
    assert_eq!(steps(&idle), "+a +sss(b c)");
    let name = DatabaseName::new("db2").expect("a name");
    let busy = Arc::new(Binding::new(name, Dialect::Sqlite));
    let standing = Standing::read(&graph, &busy, &[]).expect("a state");
    let busy = lane(&busy, &standing, Goal::Upgrade, &to(&graph, &["c"]), None).expect("a plan");
    assert_eq!(steps(&busy), "+a +b +c");
}

#[test]
fn what_is_in_flight_keeps_its_step() {
    let graph = graph("a: !\nb: !\nc: b !\nd: c !\nsss: =b =c !\nttt: =b =c =d !");
    let standing = read(&graph, &[]);
    let all = graph.all();
    let with = |id: &str| {
        let id = rev_core::RevisionId::new(id).expect("an id");
        let plan = lane(&binding(), &standing, Goal::Upgrade, &all, Some(&id));
        steps(&plan.expect("a plan"))
    };
    assert_eq!(with("a"), "+a +ttt(b c d)");
    assert_eq!(with("ttt"), "+a +ttt(b c d)");
    assert_eq!(with("sss"), "+a +sss(b c) +d");
    assert_eq!(with("c"), "+a +b +c +d");
    assert_eq!(with("d"), "+a +sss(b c) +d");
}

#[test]
fn edges_to_what_is_gone_for_good_are_kept_as_the_file_has_them() {
    // A child in the middle of the set, and one that names the shortcut; the set
    // has two tops.
    let whole = "
        a: !
        b: a !
        c: a !
        sss: =a =b =c !
        d: a !
        e: b !
        f: sss !
    ";
    let finished = "
        sss: =a =b =c !
        d: a !
        e: b !
        f: sss !
    ";
    let rows = brought_up(finished, &["d", "e", "f"]);
    let parents = |id: &str| {
        let row = rows.iter().find(|row| row.revision.as_str() == id);
        let ids = row.expect("a row").parents.iter().map(AsRef::as_ref);
        ids.collect::<Vec<&str>>().join(" ")
    };
    assert_eq!(
        [parents("d"), parents("e"), parents("f")],
        ["a", "b", "a b c"]
    );
    for notation in [whole, finished] {
        let drift = read(&graph(notation), &rows).drift;
        assert!(drift.is_none(), "{notation} {drift:?}");
    }
    // A checkout from before the squash, which lacks `f`.
    let before = graph("a: !\nb: a !\nc: a !\nd: a !\ne: b !");
    let standing = read(&before, &rows);
    assert!(standing.drift.is_consistent(), "{:?}", standing.drift);
    assert_eq!(heads(&standing), "d e f");
    let down = steps(&plan(&standing, &["d"]));
    assert_eq!(down, "-f -c -e -b", "`f` stands on both tops");
}

fn redo(standing: &Standing, ids: &[&str]) -> Result<String, String> {
    let nodes = ids.iter().flat_map(|id| standing.graph.lookup(id));
    let nodes: Vec<_> = nodes.collect();
    mend(&binding(), standing, Goal::Redo, &nodes)
        .map(|lane| steps(&lane))
        .map_err(|error| error.to_string())
}

#[test]
fn what_stands_on_an_edited_revision_is_done_again_where_it_is_named() {
    let rows = brought_up("a: !\nb: a !\nc: b !\nd: a !", &["c", "d"]);
    let edited = graph("a: !\nb: a !db1\nc: b !\nd: a !");
    let mut changed = edited
        .files()
        .iter()
        .map(|it| rev_core::Revision::clone(it))
        .collect::<Vec<_>>();
    for revision in changed.iter_mut().filter(|it| it.id.as_str() == "b") {
        let name = DatabaseName::new("db1").expect("a name");
        let entry = revision.scripts.databases.get_mut(&name).expect("an entry");
        entry.upgrade = Some(rev_core::Script::Any(rev_core::Sql::text(
            "CREATE TABLE other (id)",
        )));
    }
    let edited =
        Arc::new(Graph::new(changed.into_iter().map(Arc::new).collect()).expect("a graph"));
    let standing = read(&edited, &rows);
    assert_eq!(
        redo(&standing, &["b"]),
        Err("`b` cannot be done again while `c` stands on it".to_owned())
    );
    assert_eq!(redo(&standing, &["b", "c"]).as_deref(), Ok("-c -b +b +c"));
    // What is as its file has it, and stands on nothing edited, stays.
    assert_eq!(
        redo(&standing, &["b", "c", "d"]).as_deref(),
        Ok("-c -b +b +c")
    );
    assert_eq!(redo(&standing, &["c", "d"]).as_deref(), Ok(""));
}
