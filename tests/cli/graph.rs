//! `heads`, `branches`, `history`, `show`, `graph`, and words that make no
//! command.

use std::process::{Command, Stdio};

use crate::harness::{Project, assert_answer, table};

#[test]
fn heads_are_listed_by_id() {
    assert_answer!("heads", Project::fork().rev("heads"));
    assert_answer!("heads_json", Project::fork().rev("heads --format json"));
    assert_answer!("heads_none", Project::with(&[]).rev("heads"));
}

#[test]
fn branches_show_labels_and_forks() {
    assert_answer!("branches", Project::fork().rev("branches"));
    assert_answer!(
        "branches_json",
        Project::fork().rev("branches --format json")
    );
}

#[test]
fn history_is_drawn_newest_first() {
    let project = Project::fork();
    assert_eq!(project.rev("merge --id dddd").exit, Some(0));
    assert_answer!("history", project.rev("history"));
    assert_answer!("history_verbose", project.rev("history -v"));
    assert_answer!("history_range", project.rev("history -r bbbb:head"));
    assert_answer!("history_empty_range", project.rev("history -r bbbb:cccc"));
    assert_answer!("graph", project.rev("graph"));
    assert_answer!("graph_ascii", project.rev("graph --ascii"));
    assert_answer!("graph_mermaid", project.rev("graph --format mermaid"));
}

#[test]
fn history_shows_what_is_asked_for() {
    let project = Project::fork();
    assert_eq!(
        project.rev("upgrade db1@bbbb db2@billing@head").exit,
        Some(0)
    );
    assert_answer!("history_databases", project.rev("history --databases"));
    let by_setting = project.rev_with(&["history"], &[("REV_HISTORY_DATABASES", "1")]);
    assert_eq!(by_setting.out, project.rev("history --databases").out);
    let created = table("dddd", "bbbb", "badge") + "created: 2026-11-23T09:00:00Z\n";
    project.write("revisions/dddd.yaml", &created);
    assert_answer!("history_dates", project.rev("history --dates -n 2"));
    assert_answer!("history_grep", project.rev("history --grep INVOICE"));
    let newest = project.rev("graph -n 1 --format json").json();
    assert_eq!(newest["revisions"].as_array().map(Vec::len), Some(1));
    crate::git::git(&project, "init -q");
    crate::git::git(&project, "add revisions/aaaa_add_hero.yaml");
    crate::git::git(&project, "-c user.name=Ann commit -qm one");
    assert_answer!("history_authors", project.rev("history --authors"));
}

#[test]
fn a_database_that_says_nothing_does_not_hold_up_history() {
    let project = Project::line();
    project.write(
        "rev.yaml",
        "databases:\n  db1: postgres://app@127.0.0.1:1/shop\n",
    );
    let answer = project.rev("history --databases");
    assert_eq!(answer.exit, Some(0), "{answer}");
    assert!(answer.err.starts_with("warning: "), "{answer}");
    assert_eq!(answer.out, project.rev("history").out);
}

#[test]
fn the_part_of_an_id_that_is_enough_is_marked() {
    let project = Project::with(&[
        ("5f1c2a9b", table("5f1c2a9b", "null", "hero")),
        ("5f1c2b00", table("5f1c2b00", "5f1c2a9b", "mission")),
        ("77aa88bb", table("77aa88bb", "5f1c2b00", "power")),
    ]);
    let colours = project.rev("history --color always").out;
    for (enough, rest) in [("5f1c2a", "9b"), ("5f1c2b", "00"), ("77aa", "88bb")] {
        let marked = format!("\u{1b}[33m{enough}\u{1b}[0m\u{1b}[2m{rest}\u{1b}[0m");
        assert!(colours.contains(&marked), "{colours:?}");
        assert_eq!(project.rev(&format!("show {enough}")).exit, Some(0));
    }
}

#[test]
fn history_for_programs_has_the_edges() {
    let answer = Project::fork().rev("history --format json").json();
    let rows = answer["revisions"].as_array().expect("a list");
    let ids: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["revision"].as_str())
        .collect();
    assert_eq!(ids, ["cccc", "bbbb", "aaaa"]);
    assert_eq!(rows[0]["down_revision"], serde_json::json!(["aaaa"]));
}

#[test]
fn show_prints_a_revision_with_its_scripts() {
    let project = Project::line();
    assert_answer!("show", project.rev("show bbbb"));
    assert_answer!("show_json", project.rev("show head --format json"));
    assert_answer!("show_base_json", project.rev("show base --format json"));
    assert_answer!("show_unknown", project.rev("show aaab"));
    assert_answer!("show_unknown_json", project.rev("show aaab --format json"));
}

#[test]
fn show_reads_the_database_that_is_named() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(0));
    let answer = project.rev("show db1@current --format json").json();
    assert_eq!(answer["revisions"][0]["revision"], "bbbb");
    assert_answer!("show_no_database", project.rev("show current"));
}

#[test]
fn words_that_make_no_command_exit_2_in_either_form() {
    let project = Project::line();
    assert_answer!("usage", project.rev("upgrade --nosuch"));
    assert_answer!("usage_json", project.rev("upgrade --nosuch --format json"));
    assert_answer!(
        "usage_target_json",
        project.rev("plan a@b@c@d --format=json")
    );
    assert_answer!("usage_format", project.rev("heads --format sql"));
    assert_eq!(project.rev("").exit, Some(2));
    assert_eq!(project.rev("--version").exit, Some(0));
}

#[test]
fn every_help_ends_with_examples() {
    let project = Project::empty();
    for command in [
        "init",
        "revision",
        "merge",
        "heads",
        "branches",
        "history",
        "show",
        "graph",
        "current",
        "status",
        "log",
        "plan",
        "upgrade",
        "downgrade",
        "switch",
        "stamp",
        "check",
        "edit",
        "completions",
    ] {
        let answer = project.rev(&format!("{command} --help"));
        let (_, examples) = answer.out.split_once("Examples:\n").expect(command);
        let examples: Vec<&str> = examples.lines().map(str::trim).collect();
        assert!(examples.len() >= 2, "{command}: {examples:?}");
        for example in examples {
            assert!(example.contains("rev "), "{command}: {example}");
        }
    }
}

#[test]
fn faults_of_all_files_are_told_at_once_with_their_places() {
    let project = Project::fork();
    project.write("revisions/dddd.yaml", &table("dddd", "aaab", "x"));
    project.write(
        "revisions/eeee.yaml",
        "revision: eeee\ndown_revision: aaaa\nmesage: typo\n",
    );
    assert_answer!("faults", project.rev("history"));
    assert_answer!("faults_json", project.rev("heads --format json"));
}

#[test]
fn a_cycle_is_named() {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "bbbb", "x")),
        ("bbbb", table("bbbb", "aaaa", "y")),
    ]);
    assert_answer!("cycle", project.rev("heads"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let files: Vec<(String, String)> = (0..400)
        .map(|n| {
            let parent = if n == 0 {
                "null".to_owned()
            } else {
                format!("id{}", n - 1)
            };
            (format!("id{n}"), table(&format!("id{n}"), &parent, "x"))
        })
        .collect();
    let files: Vec<(&str, String)> = files.iter().map(|(n, t)| (n.as_str(), t.clone())).collect();
    let project = Project::with(&files);
    let mut child = Command::new(env!("CARGO_BIN_EXE_rev"))
        .args(["history", "-v"])
        .current_dir(project.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("rev starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("rev ends");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

/// So many revisions in a line, `r000` and on.
fn long(revisions: usize) -> Vec<(String, String)> {
    let name = |number: usize| format!("r{number:03}");
    { 0..revisions }
        .map(|number| {
            let parent = number.checked_sub(1).map_or("null".to_owned(), name);
            (name(number), table(&name(number), &parent, &name(number)))
        })
        .collect()
}

#[test]
fn a_long_line_is_one_box_of_a_diagram() {
    let mut files = long(200);
    files[100].1.push_str("branch_labels: [second]\n");
    files.push(("side".to_owned(), table("side", "r050", "side")));
    let files: Vec<(&str, String)> = { files.iter() }
        .map(|(name, text)| (name.as_str(), text.clone()))
        .collect();
    let project = Project::with(&files);
    let told = project.rev("graph --format mermaid");
    let boxes: Vec<&str> = { told.out.lines() }
        .filter(|line| line.contains('['))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    assert_eq!(
        boxes,
        [
            "r000 add r000",
            "… 49 revisions: r001 to r049",
            "r050 add r050",
            "… 49 revisions: r051 to r099",
            "r100 add r100",
            "… 98 revisions: r101 to r198",
            "r199 add r199",
            "side add side",
        ],
        "{told}"
    );
    let arrows = told.out.lines().filter(|line| line.contains("-->")).count();
    assert_eq!(arrows, 7, "{told}");
    let whole = project.rev("graph --format mermaid -v");
    assert_eq!(whole.out.lines().count(), 1 + 201 + 200, "{whole}");
}

#[test]
fn a_diagram_of_a_plan_has_what_is_alike_once() {
    let files = long(100);
    let files: Vec<(&str, String)> = { files.iter() }
        .map(|(name, text)| (name.as_str(), text.clone()))
        .collect();
    let project = Project::fleet(40, &files);
    let told = project.rev("plan head --format mermaid");
    assert_eq!(told.exit, Some(0), "{told}");
    assert_eq!(told.out.matches("subgraph").count(), 1, "{told}");
    assert!(told.out.contains("tenant_03 and 36 more"), "{told}");
    assert!(told.out.contains("[\"… 84 steps\"]"), "{told}");
    assert!(told.out.lines().count() < 30, "{told}");

    // A step that another lane waits for keeps its box.
    let mut files = long(100);
    files[50].1.push_str("depends_on: [tenant_01@r040]\n");
    project.write("revisions/r050.yaml", &files[50].1);
    project.write(
        "rev.yaml",
        "databases: {tenant_01: sqlite://a.sqlite, tenant_02: sqlite://b.sqlite}\n",
    );
    let told = project.rev("plan head --format mermaid");
    assert_eq!(told.exit, Some(0), "{told}");
    let shown = told.out.contains("r040 add r040") && told.out.contains("r050 add r050");
    assert!(shown && told.out.contains("-.->"), "{told}");
    for line in told.out.lines().filter(|line| line.contains("-.->")) {
        for end in line.trim().split(" -.-> ") {
            assert!(told.out.contains(&format!("{end}[")), "{end}: {told}");
        }
    }
}
