//! Hints are commands that work when they are typed as printed.

use crate::harness::{Answer, Project, assert_answer, table};

/// The commands in backticks of the hints, in their order.
fn hinted(answer: &Answer) -> Vec<String> {
    let (_, hints) = answer.err.split_once("hint: ").expect("a hint");
    let words = hints.split('`').skip(1).step_by(2);
    let commands = words.filter_map(|it| it.strip_prefix("rev "));
    commands.map(str::to_owned).collect()
}

#[test]
fn a_hint_of_a_plan_keeps_its_action() {
    let project = Project::fork();
    assert_eq!(project.rev("upgrade db1@heads").exit, Some(0));
    let refused = project.rev("plan downgrade db1@-1");
    assert_answer!("hint_plan_action", refused);
    let planned = project.rev(&hinted(&refused)[0]);
    assert!(planned.out.contains("down     bbbb"), "{planned}");
}

/// Targets whose parts stand in another order, or mean more than the command can do, and what
/// each is told.
#[test]
fn no_hint_offers_what_was_typed() {
    let project = Project::fork();
    assert_eq!(project.rev("upgrade db1@heads").exit, Some(0));
    let mut told = String::new();
    for words in [
        "downgrade base@billing",
        "downgrade db1@base@billing",
        "upgrade heads@db1",
        "upgrade head@base",
        "upgrade +1@db1",
        "history -r base@billing:head",
        "show current@billing",
        "revision -m x --head head@billing",
        "downgrade db1@billing@base db1@bbbb@aaaa",
        "stamp db1@bbbb@-1 db1@cccc",
        "downgrade db1",
        "upgrade db1",
    ] {
        let answer = project.rev(words);
        assert!(matches!(answer.exit, Some(1 | 2)), "{words}: {answer}");
        for typed in words.split(' ') {
            let offered = format!("hint: did you mean `{typed}`");
            assert!(!answer.err.contains(&offered), "{words}: {answer}");
        }
        told += &format!("$ rev {words}\n{}\n", answer.err);
    }
    insta::assert_snapshot!("hint_other_order", told);
}

#[test]
fn a_label_with_nothing_applied_takes_nothing_down() {
    let project = Project::fork();
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(0));
    let before = project.rev("current db1").out;
    for words in [
        "downgrade db1@billing@-1",
        "stamp db1@billing@-1",
        "switch db1@billing@-1",
        "plan downgrade db1@billing@-1",
    ] {
        let refused = project.rev(words);
        assert_eq!(refused.exit, Some(1), "{words}: {refused}");
        assert_eq!(project.rev("current db1").out, before, "{words}");
    }
    let refused = project.rev("downgrade db1@billing@-1");
    assert_answer!("hint_past_label", refused);
    let followed = project.rev(&hinted(&refused)[0]);
    assert_eq!(followed.exit, Some(0), "{followed}");
}

#[test]
fn a_label_that_another_branch_depends_on_is_taken_down_on_purpose_only() {
    let project = Project::fork();
    let depending = table("dddd", "bbbb", "ledger") + "depends_on: [cccc]\n";
    project.write("revisions/dddd.yaml", &depending);
    assert_eq!(project.rev("upgrade db1@heads").exit, Some(0));
    let refused = project.rev("downgrade db1@billing@-1");
    assert_answer!("hint_outside_label", refused);
    let followed = project.rev(&hinted(&refused)[0]);
    assert_eq!(followed.exit, Some(0), "{followed}");
    assert_eq!(project.rev("current db1").out, "db1  bbbb  add mission\n");
}

#[test]
fn a_hint_of_a_range_keeps_its_other_end_and_its_flag() {
    let project = Project::fork();
    for (name, words) in [
        ("squash", "squash base:head"),
        ("history", "history -r aaaa:head"),
        ("low", "history -r head:"),
        ("onto", "rebase billing --onto head"),
        ("depends", "revision -m x --head base --depends-on head"),
    ] {
        assert_answer!(format!("hint_range_{name}"), project.rev(words));
    }
    for command in hinted(&project.rev("history -r aaaa:head")).iter().take(2) {
        assert_eq!(project.rev(command).exit, Some(0), "{command}");
    }
    let squashed = &hinted(&project.rev("squash base:head"))[0];
    assert_eq!(project.rev(squashed).exit, Some(0), "{squashed}");
}

#[test]
fn a_hint_for_a_gap_beside_another_head_names_what_was_taken_down() {
    let project = Project::fork();
    assert_eq!(project.rev("upgrade db1@heads").exit, Some(0));
    // What came in below `bbbb`.
    project.write("revisions/abab.yaml", &table("abab", "aaaa", "badge"));
    project.write(
        "revisions/bbbb_add_mission.yaml",
        &table("bbbb", "abab", "mission"),
    );
    let refused = project.rev("upgrade db1@heads");
    assert_answer!("hint_gap", refused);
    for command in hinted(&refused) {
        let followed = project.rev(&command);
        assert_eq!(followed.exit, Some(0), "{command}: {followed}");
    }
    assert_eq!(project.rev("upgrade db1@heads").exit, Some(0));
}

#[test]
fn a_redo_is_not_offered_where_there_is_no_way_down() {
    let irreversible = |sql: &str| {
        format!(
            "revision: aaaa\ndown_revision: null\nmessage: m\nirreversible: true\nupgrade: {sql}\n"
        )
    };
    let project = Project::with(&[("aaaa", irreversible("CREATE TABLE hero (id)"))]);
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    let with_way_down = irreversible("CREATE TABLE hero (id, name)")
        .replace("irreversible: true", "downgrade: DROP TABLE hero");
    project.write("revisions/aaaa.yaml", &with_way_down);
    project.write("revisions/bbbb.yaml", &table("bbbb", "aaaa", "power"));
    assert_answer!("hint_no_redo", project.rev("upgrade db1@head"));
    // And where it is asked for, no script in the file would help.
    let refused = project.rev("repair db1 --redo aaaa");
    assert_answer!("hint_redo_refused", refused);
    assert_eq!(project.rev(&hinted(&refused)[0]).exit, Some(0));
    assert_eq!(project.rev("downgrade db1@base").exit, Some(0));
}

#[test]
fn rows_of_a_shortcut_known_in_part_ask_for_a_checkout_with_the_files() {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", table("bbbb", "aaaa", "power")),
    ]);
    let words = "squash base:bbbb --id ssss --no-proof -m all";
    assert_eq!(project.rev(words).exit, Some(0));
    assert_eq!(project.rev("squash --finish --offline").exit, Some(0));
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    // An older checkout, which has only some of it.
    std::fs::remove_file(project.path().join("revisions/ssss_all.yaml")).expect("gone");
    project.write("revisions/aaaa.yaml", &table("aaaa", "null", "hero"));
    assert_answer!("hint_in_part", project.rev("switch db1@head"));
    // And one that has all of it.
    project.write("revisions/bbbb.yaml", &table("bbbb", "aaaa", "power"));
    assert_eq!(project.rev("downgrade db1@aaaa").exit, Some(0));
}
