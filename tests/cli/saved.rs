//! Saved plans: `plan --save` and `apply`.

use rev_testkit::sqlite;

use crate::harness::{Answer, Project, assert_answer, table};

/// A saved plan for these targets.
fn save(project: &Project, words: &str) {
    let answer = project.rev(&format!("plan {words} --save plan.yaml"));
    assert_eq!(answer.exit, Some(0), "{answer}");
}

fn refused(project: &Project) -> Answer {
    let answer = project.rev("apply plan.yaml");
    assert_eq!(answer.exit, Some(1), "{answer}");
    answer
}

#[test]
fn a_saved_plan_is_readable_and_runs_once() {
    let project = Project::line();
    assert_answer!("saved_plan_said", project.rev("plan --save plan.yaml"));
    let text = std::fs::read_to_string(project.path().join("plan.yaml")).expect("a plan");
    insta::assert_snapshot!("saved_plan", text);
    assert!(!project.has("db1.sqlite"));
    assert_answer!("apply", project.rev("apply plan.yaml --jobs 1"));
    let before = sqlite::dump(&project.path().join("db1.sqlite"), "");
    assert_answer!("apply_finished", project.rev("apply plan.yaml"));
    assert_eq!(sqlite::dump(&project.path().join("db1.sqlite"), ""), before);
    let log = project.rev("log db1 --format json").json();
    let digest = text.lines().find_map(|line| line.strip_prefix("digest: "));
    let digest = digest.expect("a digest").trim_matches('"');
    assert_eq!(log["log"][0]["plan"], digest);
}

#[test]
fn a_plan_for_no_server_is_saved_without_one_and_fits_an_empty_database() {
    let project = Project::line();
    save(&project, "db1@head --from base");
    assert!(!project.has("db1.sqlite"));
    assert_eq!(project.rev("apply plan.yaml").exit, Some(0));
    save(&project, "downgrade db1@aaaa --from db1=cccc");
    assert_eq!(project.rev("apply plan.yaml").exit, Some(0));
    assert_eq!(project.rev("current db1").out, "db1  aaaa  add hero\n");
}

#[test]
fn an_edited_plan_is_refused() {
    let project = Project::line();
    save(&project, "db1@head");
    let path = project.path().join("plan.yaml");
    let text = std::fs::read_to_string(&path).expect("a plan");
    std::fs::write(&path, text.replace("TABLE hero", "TABLE zero")).expect("written");
    assert_answer!("apply_hand_edited", refused(&project));
    std::fs::write(&path, text.replace("action: upgrade\nb", "action: odd\nb")).expect("written");
    assert_answer!("apply_broken", refused(&project));
    std::fs::write(&path, "format: 2\nlane: x\n").expect("written");
    assert_answer!("apply_other_format", refused(&project));
    // What people do to files that changes nothing in them.
    let harmless = format!("# approved by ann\n{}", text.replace('\n', "\r\n"));
    std::fs::write(&path, harmless).expect("written");
    assert_eq!(project.rev("apply plan.yaml --dry-run").exit, Some(0));
    assert!(!project.has("db1.sqlite"));
}

#[test]
fn a_plan_takes_the_place_of_a_plan_alone() {
    let project = Project::line();
    save(&project, "db1@head");
    save(&project, "db2@head");
    let answer = project.rev("plan db1@head -q --save rev.yaml");
    assert_answer!("save_over_another_file", answer);
    assert_answer!("apply_no_file", project.rev("apply nosuch.yaml"));
}

#[test]
fn what_another_run_did_since_is_told_with_who_and_when() {
    let project = Project::line();
    save(&project, "db1@head db2@head");
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(0));
    assert_answer!("apply_moved", refused(&project));
    let answer = project.rev("apply plan.yaml --format json");
    assert_answer!("apply_moved_json", answer);
    assert!(!project.has("db2.sqlite"));

    save(&project, "downgrade db1@base");
    assert_eq!(project.rev("downgrade db1@aaaa").exit, Some(0));
    assert_answer!("apply_taken_down", refused(&project));
    assert_answer!(
        "apply_stale_preview",
        project.rev("apply plan.yaml --dry-run")
    );
}

#[test]
fn files_that_changed_since_are_named() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@aaaa").exit, Some(0));
    save(&project, "db1@head");
    let mission = table("cccc", "bbbb", "mission");
    let other = mission.replace("downgrade: DROP TABLE mission", "downgrade: DROP TABLE x");
    project.write("revisions/cccc_add_mission.yaml", &other);
    assert_answer!("apply_edited", refused(&project));
    project.write(
        "revisions/cccc_add_mission.yaml",
        &mission.replace("bbbb", "aaaa"),
    );
    assert_answer!("apply_reparented", refused(&project));
    std::fs::remove_file(project.path().join("revisions/cccc_add_mission.yaml")).expect("removed");
    assert_answer!("apply_gone", refused(&project));
    // A message says the same in other words.
    let reworded = mission.replace("add mission", "add missions");
    project.write("revisions/cccc_add_mission.yaml", &reworded);
    assert_eq!(project.rev("apply plan.yaml").exit, Some(0));
}

#[test]
fn another_binding_is_told() {
    let project = Project::line();
    save(&project, "db2@head");
    project.write(
        "rev.yaml",
        "databases:\n  db1: sqlite://db1.sqlite\n  db2: {url: 'sqlite://db2.sqlite', shared: false}\n",
    );
    assert_answer!("apply_rebound", refused(&project));
    project.write("rev.yaml", "databases:\n  db1: sqlite://db1.sqlite\n");
    assert_answer!("apply_unbound", refused(&project));
}

#[test]
fn a_file_of_what_is_applied_that_was_edited_is_drift() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@aaaa").exit, Some(0));
    save(&project, "db1@head");
    project.write(
        "revisions/aaaa_add_hero.yaml",
        &table("aaaa", "null", "heroine"),
    );
    let answer = refused(&project);
    assert!(
        answer.err.contains("edited since it was applied"),
        "{answer}"
    );
}

#[test]
fn a_plan_whose_step_fails_goes_on_once_the_cause_is_mended() {
    let project = Project::line();
    save(&project, "db1@head db2@head");
    let file = project.path().join("db2.sqlite");
    sqlite::execute(&file, "CREATE TABLE mission (id INTEGER)");
    assert_answer!("apply_failed", project.rev("apply plan.yaml --jobs 1"));
    assert_answer!("apply_left", project.rev("apply plan.yaml --dry-run"));
    sqlite::execute(&file, "DROP TABLE mission");
    assert_answer!("apply_went_on", project.rev("apply plan.yaml -q"));
}

#[test]
fn a_plan_beside_unknown_revisions_says_so() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    std::fs::remove_file(project.path().join("revisions/cccc_add_mission.yaml")).expect("removed");
    project.write("revisions/dddd.yaml", &table("dddd", "bbbb", "place"));
    save(&project, "db1@head --beside");
    assert_eq!(project.rev("apply plan.yaml").exit, Some(0));
    // Down through what only the ledger knows.
    save(&project, "switch db1@aaaa");
    assert_eq!(project.rev("apply plan.yaml").exit, Some(0));
    assert_eq!(project.rev("apply plan.yaml").exit, Some(0));
    assert_eq!(project.rev("current db1").out, "db1  aaaa  add hero\n");
}

#[test]
fn what_cannot_run_is_not_saved() {
    let project = Project::line();
    project.write(
        "revisions/cccc_add_mission.yaml",
        "revision: cccc\ndown_revision: bbbb\nupgrade: '-- later'\n",
    );
    let answer = project.rev("plan db1@head -q --save plan.yaml");
    assert_eq!(answer.exit, Some(1), "{answer}");
    assert!(!project.has("plan.yaml"));
}

#[test]
fn a_plan_through_a_shortcut_keeps_to_it() {
    let project = Project::line();
    let shortcut = "revision: ssss\ndown_revision: null\nmessage: all at once\nreplaces: [aaaa, bbbb, cccc]\n\
                    upgrade: |\n  CREATE TABLE hero (id INTEGER PRIMARY KEY);\n  \
                    CREATE TABLE mission (id INTEGER PRIMARY KEY);\n\
                    downgrade: |\n  DROP TABLE mission;\n  DROP TABLE hero;\n";
    project.write("revisions/ssss.yaml", shortcut);
    save(&project, "db1@head");
    let edited = shortcut.replace("mission (id", "mission (number");
    project.write("revisions/ssss.yaml", &edited);
    let answer = refused(&project);
    assert!(
        answer.err.contains("ssss  its upgrade was edited"),
        "{answer}"
    );
    project.write(
        "revisions/ssss.yaml",
        &shortcut.replace("aaaa, bbbb, cccc", "aaaa, bbbb"),
    );
    let answer = refused(&project);
    assert!(
        answer
            .err
            .contains("ssss  replaced aaaa, bbbb, cccc, now aaaa, bbbb"),
        "{answer}"
    );
    project.write("revisions/ssss.yaml", shortcut);
    assert_eq!(project.rev("apply plan.yaml").exit, Some(0));
    assert_eq!(project.rev("apply plan.yaml").exit, Some(0));
    save(&project, "downgrade db1@base");
    assert_eq!(project.rev("apply plan.yaml").exit, Some(0));
    assert_eq!(project.rev("apply plan.yaml").exit, Some(0));
    // The way without it ends in the same contents, but was not approved.
    save(&project, "db1@head");
    std::fs::remove_file(project.path().join("revisions/ssss.yaml")).expect("removed");
    let answer = refused(&project);
    assert!(answer.err.contains("ssss  has no file"), "{answer}");
}

#[test]
fn a_preview_warns_of_a_step_that_is_half_done_and_refuses_where_apply_does() {
    let half = "revision: bbbb\ndown_revision: aaaa\ntransaction: none\nupgrade:\n  \
                - CREATE TABLE one (id INTEGER)\n  - DELETE FROM nowhere\n\
                downgrade: DROP TABLE one\n";
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", half.to_owned()),
    ]);
    save(&project, "db1@head");
    assert_eq!(project.rev("apply plan.yaml").exit, Some(3));
    let preview = project.rev("apply plan.yaml --dry-run");
    assert_eq!(preview.exit, Some(0), "{preview}");
    assert!(preview.out.contains("bbbb"), "{preview}");
    assert!(
        preview
            .err
            .contains("warning: half done: upgrade bbbb (1 statement done"),
        "{preview}"
    );
    save(&project, "downgrade db1@base");
    let preview = project.rev("apply plan.yaml --dry-run");
    let answer = refused(&project);
    assert_eq!(preview.exit, Some(1), "{preview}");
    let first = |answer: &Answer| answer.err.lines().next().map(str::to_owned);
    assert_eq!(first(&preview), first(&answer));
}

#[test]
fn an_edited_revision_that_a_shortcut_replaces_is_named() {
    let project = Project::line();
    project.write(
        "revisions/ssss.yaml",
        "revision: ssss\ndown_revision: aaaa\nmessage: at once\nreplaces: [bbbb, cccc]\n\
         upgrade: CREATE TABLE mission (id INTEGER PRIMARY KEY)\n\
         downgrade: DROP TABLE mission\n",
    );
    save(&project, "db1@head");
    let edited = table("cccc", "bbbb", "mission").replace("(id", "(number");
    project.write("revisions/cccc_add_mission.yaml", &edited);
    let answer = refused(&project);
    assert!(
        answer
            .err
            .contains("ssss  the upgrade of a revision that it replaces was edited: bbbb or cccc"),
        "{answer}"
    );
    assert!(!answer.err.contains("the steps led to"), "{answer}");
}

#[test]
fn a_step_that_was_edited_while_half_done_is_named_once_it_is_finished() {
    let half = |rest: &str| {
        format!(
            "revision: bbbb\ndown_revision: aaaa\ntransaction: none\nupgrade:\n  \
             - CREATE TABLE one (id INTEGER)\n  - {rest}\ndowngrade: DROP TABLE one\n"
        )
    };
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", half("DELETE FROM nowhere")),
        ("cccc", table("cccc", "bbbb", "mission")),
    ]);
    save(&project, "db1@head");
    assert_eq!(project.rev("apply plan.yaml").exit, Some(3));
    project.write("revisions/bbbb.yaml", &half("DELETE FROM one"));
    let repaired = project.rev("repair --resume");
    assert_eq!(repaired.exit, Some(0), "{repaired}");
    let answer = refused(&project);
    assert!(
        answer.err.contains("bbbb  its upgrade was edited"),
        "{answer}"
    );
    assert!(!answer.err.contains("the steps led to"), "{answer}");
}

#[test]
fn a_plan_is_not_saved_among_revisions_nor_as_a_dash() {
    let project = Project::line();
    project.write("revisions/old/readme.txt", "");
    for place in ["revisions/plan.yaml", "./revisions/old/plan.yaml", "-"] {
        let answer = project.rev(&format!("plan db1@head --save {place}"));
        assert_eq!(answer.exit, Some(2), "{place}: {answer}");
        assert!(answer.err.contains("hint: name a file"), "{answer}");
        assert!(!project.has(place), "{place}");
    }
}

#[test]
fn a_recorded_state_that_names_a_database_twice_is_refused() {
    let project = Project::line();
    let mut state = project.rev("status db1 --ledger --format json").json();
    let databases = state["databases"].as_array_mut().expect("databases");
    databases.push(databases[0].clone());
    project.write("state.json", &state.to_string());
    let answer = project.rev("plan db1@head --from state.json");
    assert_eq!(answer.exit, Some(1), "{answer}");
    assert!(answer.err.contains("`db1` is in it twice"), "{answer}");
}

#[test]
fn a_log_of_no_lines_is_no_usable_wish() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    let answer = project.rev("log db1 -n 0");
    assert_eq!(answer.exit, Some(2), "{answer}");
    assert!(!answer.err.contains("nothing was done"), "{answer}");
}
