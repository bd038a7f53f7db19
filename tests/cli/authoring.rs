//! `init`, `revision`, `merge`, `edit`, `completions`.

use crate::harness::{Project, assert_answer, table};

#[test]
fn init_makes_a_project_that_opens_and_never_replaces_one() {
    let project = Project::empty();
    let words = "init --database db1=sqlite://var/db1.sqlite";
    assert_answer!("init", project.rev(words));
    assert_eq!(project.rev("status").exit, Some(0));
    let settings = std::fs::read(project.path().join("rev.yaml")).expect("rev.yaml");
    assert_answer!("init_again", project.rev(words));
    let again = std::fs::read(project.path().join("rev.yaml")).expect("rev.yaml");
    assert_eq!(settings, again);
}

#[test]
fn a_command_outside_a_project_says_how_to_start_one() {
    assert_answer!("no_project", Project::empty().rev("heads"));
}

#[test]
fn a_new_revision_stands_on_the_only_head() {
    let project = Project::line();
    project.write("up.sql", "CREATE TABLE x (id INTEGER);\n");
    let words = ["revision", "-m", "add x", "--id", "dddd", "--sql", "up.sql"];
    assert_answer!("revision", project.rev_with(&words, &[]));
    let file = project.path().join("revisions/dddd_add_x.yaml");
    assert_answer!(
        "revision_file",
        std::fs::read_to_string(file).expect("the new file")
    );
    assert_eq!(
        project.rev("heads --format json").json()["heads"][0]["revision"],
        "dddd"
    );
}

#[test]
fn a_new_revision_gets_twelve_hex_digits() {
    let project = Project::line();
    let answer = project.rev("new -m x --format json").json();
    let id = answer["revision"].as_str().expect("an id");
    assert_eq!(id.len(), 12);
    assert!(id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    assert!(project.has(answer["path"].as_str().expect("a path")));
}

#[test]
fn a_new_revision_beside_two_heads_asks_which() {
    let project = Project::fork();
    assert_answer!("revision_two_heads", project.rev("revision -m x"));
    assert_answer!(
        "revision_not_a_head",
        project.rev("revision -m x --id dddd --head aaaa")
    );
    let on_label = project.rev("revision -m x --id dddd --head billing@head");
    assert_eq!(on_label.exit, Some(0));
    let splice = project.rev("revision -m x --id eeee --head aaaa --splice --branch-label side");
    assert_eq!(splice.exit, Some(0));
    assert_eq!(project.rev("show side").exit, Some(0));
}

#[test]
fn a_new_revision_may_not_break_the_graph() {
    let project = Project::fork();
    assert_answer!(
        "revision_id_taken",
        project.rev("revision -m x --id bbbb --head bbbb")
    );
    assert_answer!(
        "revision_label_taken",
        project.rev("revision -m x --head bbbb --branch-label db1")
    );
    assert_answer!(
        "revision_unknown_database",
        project.rev("revision -m x --head bbbb --database db3")
    );
}

#[test]
fn merge_joins_all_heads_and_says_which() {
    let project = Project::fork();
    assert_answer!("merge", project.rev("merge --id dddd"));
    assert_answer!("merge_nothing", project.rev("merge"));
    assert_answer!("merge_overlap", project.rev("merge aaaa dddd --splice"));
}

#[test]
fn edit_opens_the_file_even_of_a_broken_project() {
    let project = Project::line();
    let editor = [("EDITOR", "/bin/cat"), ("PATH", "/usr/bin:/bin")];
    let answer = project.rev_with(&["edit", "aaaa"], &editor);
    assert!(answer.out.contains("add hero"), "{answer}");
    project.write(
        "revisions/cccc_add_mission.yaml",
        "revision: cccc\nbroken: [",
    );
    let answer = project.rev_with(&["edit", "cccc"], &editor);
    assert!(answer.out.contains("broken: ["), "{answer}");
    assert_answer!("edit_no_editor", Project::line().rev("edit head"));
}

#[test]
fn completions_know_the_commands() {
    // Those of bash, zsh and fish ask the program itself: completing.
    let answer = Project::empty().rev("completions elvish");
    assert_eq!(answer.exit, Some(0));
    assert!(answer.out.contains("downgrade"), "{answer}");
}

#[test]
fn a_branch_that_no_database_has_is_moved_and_its_file_changes_in_one_line_only() {
    let project = Project::fork();
    project.write("revisions/dddd.yaml", &table("dddd", "cccc", "payment"));
    let file = project.path().join("revisions/cccc_add_invoice.yaml");
    let before = std::fs::read_to_string(&file).expect("a file");
    assert_answer!("rebase", project.rev("rebase billing@head --onto bbbb"));
    let after = std::fs::read_to_string(&file).expect("a file");
    assert_eq!(
        after,
        before.replace("down_revision: aaaa", "down_revision: \"bbbb\"")
    );
    assert_answer!("rebase_history", project.rev("history"));
    assert_answer!("rebase_again", project.rev("rebase dddd --onto bbbb"));
    assert_eq!(project.rev("upgrade").exit, Some(0));
}

#[test]
fn a_branch_that_a_database_has_is_moved_only_where_that_is_known() {
    let project = Project::fork();
    assert_eq!(project.rev("upgrade db1@cccc").exit, Some(0));
    assert_answer!("rebase_applied", project.rev("rebase cccc --onto bbbb"));
    let known = project.rev("rebase cccc --onto bbbb --applied-on db1");
    assert_answer!("rebase_applied_known", known);
    // The file stands on what the database lacks, which is told as what it is.
    assert_answer!("rebase_then_status", project.rev("status db1"));
    assert_eq!(project.rev("upgrade db1@head").exit, Some(1));
}

#[test]
fn a_rebase_that_makes_no_sense_changes_no_file() {
    let project = Project::fork();
    project.write(
        "revisions/dddd.yaml",
        &table("dddd", "[bbbb, cccc]", "both").replace("both", "joined"),
    );
    assert_answer!("rebase_below", project.rev("rebase aaaa --onto bbbb"));
    assert_answer!("rebase_unknown", project.rev("rebase nosuch --onto bbbb"));
    assert_answer!(
        "rebase_cycle",
        project.rev("rebase bbbb --onto dddd --offline")
    );
    assert_eq!(project.rev("check").exit, Some(0));
}

#[test]
fn an_id_or_label_that_load_would_refuse_is_never_written() {
    let project = Project::fork();
    for (name, words) in [
        ("revision", "revision -m x --head bbbb --id db1"),
        ("merge", "merge --id reporting"),
        ("label", "merge --id mmmm --branch-label db1-2"),
        ("squash", "squash base:bbbb --id db1 --no-proof"),
        ("reserved", "merge --id head"),
        ("is_label", "merge --id billing"),
    ] {
        assert_answer!(format!("bricked_{name}"), project.rev(words));
        assert_eq!(project.rev("heads").exit, Some(0), "{words}");
    }
}

#[test]
fn a_merge_of_heads_of_which_one_depends_on_another_passes_the_check() {
    let depending = table("cccc", "aaaa", "fight") + "depends_on: [bbbb]\n";
    let project = Project::with(&[
        ("aaaa_add_hero", table("aaaa", "null", "hero")),
        ("bbbb_add_mission", table("bbbb", "aaaa", "mission")),
        ("cccc_add_fight", depending),
    ]);
    assert_answer!("merge_depending", project.rev("merge --id dddd"));
    assert_eq!(project.rev("heads").out, "dddd  merge bbbb and cccc\n");
    let checked = project.rev("check");
    assert_eq!(checked.exit, Some(0), "{checked}");
    // By its parents an ancestor says nothing, as ever.
    let redundant = table("eeee", "[aaaa, dddd]", "score");
    project.write("revisions/eeee_add_score.yaml", &redundant);
    let checked = project.rev("check");
    assert!(
        checked.out.contains("parent `aaaa` says nothing"),
        "{checked}"
    );
}

#[test]
fn a_rebase_of_a_file_in_flow_style_changes_its_parents_or_says_where_they_stand() {
    let project = Project::fork();
    project.write(
        "revisions/dddd.yaml",
        "{revision: dddd, down_revision: [aaaa], message: score}\n",
    );
    let moved = project.rev("rebase dddd --onto cccc --offline");
    assert_eq!(moved.exit, Some(0), "{moved}");
    let text = std::fs::read_to_string(project.path().join("revisions/dddd.yaml"));
    assert_eq!(
        text.expect("the file"),
        "{revision: dddd, down_revision: \"cccc\", message: score}\n"
    );
    let odd = "revision: dddd\ndown_revision: \"aa\\\n  aa\"\nmessage: score\n";
    project.write("revisions/dddd.yaml", odd);
    assert_answer!(
        "rebase_fixed",
        project.rev("rebase dddd --onto bbbb --offline")
    );
    let text = std::fs::read_to_string(project.path().join("revisions/dddd.yaml"));
    assert_eq!(text.expect("the file"), odd);
}
