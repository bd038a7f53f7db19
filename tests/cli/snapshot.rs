//! `snapshot`, and our own snapshots.

use std::path::{Path, PathBuf};

use crate::harness::{Answer, Project, SETTINGS, assert_answer, table};

/// Two databases, and two named plans.
fn project() -> Project {
    let project = Project::line();
    name_snapshots(
        &project,
        "  fresh: {targets: [db1@head, db2@head]}\n  back: {action: downgrade, from: {db1: cccc}, targets: db1@aaaa}\n",
    );
    project
}

fn name_snapshots(project: &Project, text: &str) {
    project.write("rev.yaml", &format!("{SETTINGS}snapshots:\n{text}"));
}

fn exits(answer: Answer, code: i32) -> Answer {
    assert_eq!(answer.exit, Some(code), "{answer}");
    answer
}

fn kept(project: &Project, name: &str) -> String {
    let path = project.path().join(format!("snapshots/{name}.txt"));
    std::fs::read_to_string(path).expect("a snapshot")
}

#[test]
fn missing_snapshots_are_written_and_compared_from_then_on() {
    let project = project();
    assert_answer!("snapshot_missing", project.rev("snapshot --check"));
    assert!(!project.has("snapshots"));
    assert_answer!("snapshot_written", project.rev("snapshot"));
    insta::assert_snapshot!("snapshot_fresh", kept(&project, "fresh"));
    insta::assert_snapshot!("snapshot_back", kept(&project, "back"));
    assert_answer!("snapshot_same", project.rev("snapshot --check"));
    assert!(!project.has("db1.sqlite") && !project.has("db2.sqlite"));
    // What a checkout on another system may do to a file.
    let text = kept(&project, "fresh").replace('\n', "\r\n");
    project.write("snapshots/fresh.txt", &text);
    exits(project.rev("snapshot --check"), 0);
}

#[test]
fn what_differs_is_shown_and_stays_until_it_is_updated() {
    let project = project();
    exits(project.rev("snapshot"), 0);
    let mission = table("cccc", "bbbb", "mission");
    project.write(
        "revisions/cccc_add_mission.yaml",
        &mission.replace(
            "id INTEGER PRIMARY KEY",
            "id INTEGER PRIMARY KEY, city TEXT",
        ),
    );
    project.write("snapshots/old.txt", "");
    let before = kept(&project, "fresh");
    assert_answer!("snapshot_differs", project.rev("snapshot --check"));
    let colours = project.rev("snapshot --check --color always");
    assert!(colours.out.contains("\u{1b}[32m+"), "{colours}");
    assert_answer!(
        "snapshot_json",
        project.rev("snapshot --check --format json")
    );
    exits(project.rev("snapshot"), 4);
    assert_eq!(kept(&project, "fresh"), before);
    exits(project.rev("snapshot back --check"), 0);
    assert_answer!("snapshot_update", project.rev("snapshot --update"));
    assert!(!project.has("snapshots/old.txt"));
    exits(project.rev("snapshot --check"), 0);
}

#[test]
fn a_snapshot_no_longer_named_is_an_orphan() {
    let project = project();
    exits(project.rev("snapshot"), 0);
    name_snapshots(&project, "  fresh: {targets: [db1@head, db2@head]}\n");
    assert_answer!("snapshot_orphan", project.rev("snapshot --check"));
    exits(project.rev("snapshot"), 0);
    assert!(project.has("snapshots/back.txt"));
    exits(project.rev("snapshot --update"), 0);
    assert!(!project.has("snapshots/back.txt"));
}

#[test]
fn a_snapshot_that_cannot_be_planned_says_which_and_why() {
    let project = Project::fork();
    name_snapshots(
        &project,
        "  fork: {targets: db1@head}\n  gone: {from: nosuch.json, targets: db1@head}\n  \
         half: {from: {db1: base}, targets: head}\n",
    );
    assert_answer!("snapshot_refused", project.rev("snapshot"));
    assert!(!project.has("snapshots"));
    assert_answer!("snapshot_unknown", project.rev("snapshot fork2"));
    let faults = "  fork: {form: base, targets: db3@x@head}\n";
    name_snapshots(&project, faults);
    assert_answer!("snapshot_faults", project.rev("snapshot"));
    name_snapshots(&project, "  {}\n");
    assert_answer!("snapshot_none", project.rev("snapshot --check"));
}

#[test]
fn a_recorded_fleet_is_planned_for_without_reaching_it() {
    let project = Project::line();
    exits(project.rev("upgrade db1@bbbb db2@aaaa"), 0);
    let state = exits(project.rev("status --ledger --format json"), 0).out;
    let online = project.rev("plan --format json");
    project.write("state.json", &state);
    name_snapshots(
        &project,
        "  production: {from: state.json, targets: head}\n",
    );
    for name in ["db1.sqlite", "db2.sqlite"] {
        std::fs::remove_file(project.path().join(name)).expect("removed");
    }
    let recorded = exits(project.rev("plan --from state.json --format json"), 0);
    assert_eq!(recorded.out, online.out);
    exits(project.rev("snapshot"), 0);
    insta::assert_snapshot!("snapshot_production", kept(&project, "production"));
    assert!(!project.has("db1.sqlite"));
    // Also what a ledger knows and the files do not any more.
    std::fs::remove_file(project.path().join("revisions/cccc_add_mission.yaml")).expect("removed");
    std::fs::remove_file(project.path().join("revisions/bbbb_count_fights.yaml")).expect("removed");
    let down = "plan switch db1@head --from state.json";
    assert_answer!("state_unknown", project.rev(down));
    project.write(
        "revisions/aaaa_add_hero.yaml",
        &table("aaaa", "null", "heroine"),
    );
    project.write("revisions/dddd.yaml", &table("dddd", "aaaa", "place"));
    assert_answer!("state_drift", project.rev("plan --from state.json"));
}

#[test]
fn a_plan_saved_for_a_recorded_fleet_runs_on_it_while_it_stands_so() {
    let project = Project::line();
    exits(project.rev("upgrade db1@aaaa"), 0);
    let state = exits(project.rev("status --ledger --format json"), 0).out;
    project.write("state.json", &state);
    exits(
        project.rev("plan head --from state.json -q --save plan.yaml"),
        0,
    );
    exits(project.rev("upgrade db1@bbbb"), 0);
    let answer = exits(project.rev("apply plan.yaml"), 1);
    assert!(
        answer.err.contains("bbbb  was applied by tester"),
        "{answer}"
    );
    exits(project.rev("downgrade db1@aaaa"), 0);
    exits(project.rev("apply plan.yaml"), 0);
    exits(project.rev("apply plan.yaml"), 0);
}

#[test]
fn a_recorded_fleet_that_does_not_suit_is_refused() {
    let project = Project::line();
    project.write(
        "db2.sqlite",
        "no database, but long enough to be taken for one by its size, whatever",
    );
    let state = exits(project.rev("status --ledger --format json"), 1).out;
    project.write("state.json", &state);
    assert_answer!(
        "state_unread",
        project.rev("plan db2@head --from state.json")
    );
    exits(project.rev("plan db1@head --from state.json"), 0);
    project.write(
        "rev.yaml",
        "databases:\n  db1: {dialect: mysql}\n  db3: sqlite://db3.sqlite\n",
    );
    assert_answer!(
        "state_dialect",
        project.rev("plan db1@head --from state.json")
    );
    project.write("rev.yaml", "databases:\n  db3: sqlite://db3.sqlite\n");
    assert_answer!("state_absent", project.rev("plan --from state.json"));
    project.write("state.json", "{\"databases\": 1}");
    assert_answer!("state_broken", project.rev("plan --from state.json"));
    assert_answer!("state_missing", project.rev("plan --from ./nosuch"));
}

/// The repository's own project.
fn own() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the repository")
}

/// A copy of the repository's own project.
fn copy_of_own() -> Project {
    let project = Project::empty();
    for name in ["rev.yaml", "revisions", "snapshots"] {
        copy(&own().join(name), &project.path().join(name));
    }
    project
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        std::fs::copy(from, to).expect("copied");
        return;
    }
    std::fs::create_dir(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("listed") {
        let name = entry.expect("an entry").file_name();
        copy(&from.join(&name), &to.join(&name));
    }
}

#[test]
fn our_own_snapshots_are_up_to_date() {
    let project = Project::empty();
    let own = own();
    let answer = project.rev(&format!("-c {} snapshot --check", own.display()));
    exits(answer, 0);
}

#[test]
fn an_edit_of_our_own_revisions_shows_in_their_snapshots() {
    let project = copy_of_own();
    let path = project
        .path()
        .join("revisions/4a6f8b2d0c97_rate_missions.yaml");
    let text = std::fs::read_to_string(&path).expect("a revision");
    std::fs::write(&path, text.replace("BETWEEN 1 AND 5", "BETWEEN 1 AND 10")).expect("written");
    assert_answer!("own_edited", project.rev("snapshot --check"));
}

#[test]
fn a_stale_plan_of_our_own_project_is_refused() {
    let project = copy_of_own();
    exits(project.rev("upgrade db1@86b0 -q"), 0);
    exits(project.rev("plan db1@head -q --save plan.yaml"), 0);
    exits(project.rev("upgrade db1@d52e -q"), 0);
    assert_answer!("own_stale", project.rev("apply plan.yaml"));
}
