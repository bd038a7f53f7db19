//! Many databases: what is asked of them at once, and what is said of them together.

use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use crate::harness::{Project, table};

/// A port that takes so many connections before it closes any, and a way to wait for it.
fn patient_port(connections: usize) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let all_at_once = move || {
        let taken = (0..connections).map(|_| listener.accept().expect("a connection"));
        let taken: Vec<_> = taken.collect();
        drop(taken);
    };
    (port, std::thread::spawn(all_at_once))
}

/// A port that takes connections and says nothing, until the receiver is dropped.
fn silent_port() -> (u16, Receiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (give, keep) = channel();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            if give.send(connection).is_err() {
                break;
            }
        }
    });
    (port, keep)
}

/// A line of revisions on `db1`, and servers beside it that are reached at this port.
fn beside_servers(port: u16, servers: usize) -> Project {
    let project = Project::line();
    let lines = (1..=servers).map(|number| {
        format!("  server_{number}: postgres://app@127.0.0.1:{port}/shop?connect_timeout=600\n")
    });
    let settings = format!(
        "databases:\n  db1: sqlite://db1.sqlite\n{}",
        lines.collect::<String>()
    );
    project.write("rev.yaml", &settings);
    let upgraded = project.rev("upgrade db1@bbbb");
    assert_eq!(upgraded.exit, Some(0), "{upgraded}");
    project
}

/// Commands that read each database, and what each says of one that lives.
const READING: [(&str, &str); 5] = [
    ("status", "at bbbb count fights"),
    ("current", "bbbb  count fights"),
    ("log", "upgrade  aaaa  add hero"),
    ("plan head", "up       cccc  add mission"),
    ("upgrade --dry-run", "up       cccc  add mission"),
];

#[test]
fn databases_are_asked_all_at_once() {
    for (command, said) in READING {
        let (port, all) = patient_port(3);
        let project = beside_servers(port, 3);
        // One after another, the first would wait for the others for ever.
        let answer = project.rev_unfollowed(&words(command), &[]);
        assert_eq!(answer.exit, Some(1), "{command}: {answer}");
        assert!(answer.out.contains(said), "{command}: {answer}");
        all.join().expect("all were there");
    }
    let (port, all) = patient_port(3);
    let project = beside_servers(port, 3);
    let answer = project.rev_unfollowed(&["repair"], &[]);
    assert_eq!(answer.exit, Some(1), "{answer}");
    all.join().expect("all were there");
    let (port, all) = patient_port(3);
    let project = beside_servers(port, 3);
    let answer = project.rev_unfollowed(&["doctor"], &[]);
    for name in ["server_1", "server_2", "server_3"] {
        let ill = format!("error    database {name}: ");
        assert!(answer.out.contains(&ill), "{answer}");
    }
    all.join().expect("all were there");
}

#[test]
fn whoever_waits_is_told_of_every_database_that_is_not_there() {
    let (port, _kept) = silent_port();
    let silent = beside_servers(port, 2);
    let dead = beside_servers(1, 2);
    for (project, command, said) in [
        (&silent, "wait --timeout 1s", "has not answered within 1 s"),
        (&silent, "upgrade --wait 1s", "has not answered within 1 s"),
        (&dead, "wait --timeout 0", "cannot open the database"),
        (&dead, "wait --timeout 1s", "cannot open the database"),
    ] {
        let answer = project.rev_unfollowed(&words(command), &[]);
        assert_eq!(answer.exit, Some(1), "{command}: {answer}");
        let error = answer.err.split("error: ").nth(1).unwrap_or_default();
        assert!(error.contains(said), "{command}: {answer}");
        let both = "`server_1` and `server_2`";
        assert!(error.contains(both), "{command}: {answer}");
    }
}

#[test]
fn no_silent_database_takes_the_time_of_another() {
    let (port, _kept) = silent_port();
    let project = beside_servers(port, 20);
    let answer = project.rev_unfollowed(&["wait", "--timeout", "3s"], &[]);
    assert_eq!(answer.exit, Some(1), "{answer}");
    let all = "each of 20 databases has not answered within 3 s";
    assert!(answer.err.contains(all), "{answer}");
    assert!(!answer.err.contains("time was over"), "{answer}");
}

#[test]
fn where_databases_stand_is_asked_of_some_at_a_time() {
    let (port, kept) = silent_port();
    let project = beside_servers(port, 20);
    let answer = project.rev_unfollowed(&["history", "--databases"], &[]);
    assert_eq!(answer.exit, Some(0), "{answer}");
    assert!(answer.out.contains("[db1]"), "{answer}");
    let asked = kept.try_iter().count();
    assert!(asked <= 16, "{asked} at once");

    let answer = beside_servers(1, 5).rev("history --databases");
    let named = "on server_1, server_2, server_3, server_4 and 1 more";
    assert!(answer.err.contains(named), "{answer}");
    assert!(answer.err.contains("hint: "), "{answer}");
}

#[test]
fn each_database_that_a_cause_concerns_is_named() {
    // Each path is named after its database.
    let project = Project::line();
    let settings = |line: fn(&str) -> String, names: &[&str]| {
        let lines = names.iter().map(|name| line(name));
        format!("databases:\n{}", lines.collect::<String>())
    };
    let path = |name: &str| format!("  {name}: sqlite://{name}.sqlite\n");
    for (names, said) in [
        (&["db1", "db2"][..], "(on `db1`)\n   the same on db2\n"),
        (
            &["db1", "db2", "db3", "db4", "db5", "db6", "db7"],
            "(on `db1`)\n   the same on db2, db3, db4, db5 and 2 more\n",
        ),
    ] {
        project.write("rev.yaml", &settings(path, names));
        for name in names {
            project.write(&format!("{name}.sqlite/kept"), "");
        }
        let answer = project.rev("current");
        assert_eq!(answer.err.matches("error: ").count(), 1, "{answer}");
        assert!(answer.err.contains(said), "{answer}");
    }
    // The server calls its database as `rev.yaml` does.
    let server = |name: &str| format!("  {name}: postgres://u@127.0.0.1:1/{name}\n");
    project.write("rev.yaml", &settings(server, &["shop", "stock"]));
    let answer = project.rev("current");
    assert_eq!(answer.err.matches("error: ").count(), 1, "{answer}");
    assert!(
        answer.err.contains("database: `shop` at `127.0.0.1`"),
        "{answer}"
    );
    assert!(answer.err.contains("\n   the same on stock\n"), "{answer}");
}

#[test]
fn of_many_causes_that_differ_the_first_are_told() {
    let project = Project::line();
    let lines = (10..50).map(|number| format!("  tenant_{number}: sqlite://f{number}\n"));
    let settings = format!("databases:\n{}", lines.collect::<String>());
    project.write("rev.yaml", &settings);
    for number in 10..50 {
        project.write(&format!("f{number}/kept"), "");
    }
    for command in ["current", "upgrade"] {
        let answer = project.rev(command);
        assert_eq!(answer.exit, Some(1), "{command}: {answer}");
        assert_eq!(answer.err.matches("it is a folder").count(), 20, "{answer}");
        let rest =
            "20 more that differ, on tenant_30, tenant_31, tenant_32, tenant_33 and 16 more\n";
        assert!(answer.err.contains(rest), "{command}: {answer}");
        // Programs get all of them.
        let json = project.rev(&format!("{command} --format json")).out;
        assert!(json.matches("it is a folder").count() >= 40, "{json}");
    }
}

#[test]
fn a_silent_database_is_waited_for_as_long_as_one_likes() {
    let (port, _kept) = silent_port();
    let project = beside_servers(port, 2);
    let commands = ["status", "status --jobs 1", "current", "log", "plan head"];
    // Each waits for as long as it was told: all at the same time.
    std::thread::scope(|scope| {
        for command in commands {
            let project = &project;
            scope.spawn(move || {
                let command = format!("{command} --timeout 2s");
                let answer = project.rev_unfollowed(&words(&command), &[]);
                assert_eq!(answer.exit, Some(1), "{command}: {answer}");
                let all = format!("{}{}", answer.out, answer.err);
                assert!(
                    all.contains("has not answered within 2 s"),
                    "{command}: {answer}"
                );
                assert!(answer.out.contains("db1"), "{command}: {answer}");
            });
        }
    });
    let refused = project.rev("status --timeout 0");
    assert_eq!(refused.exit, Some(2), "{refused}");
}

#[test]
fn what_lives_is_shown_beside_what_is_dead() {
    // Nobody listens at the first port.
    let project = beside_servers(1, 2);
    for (command, said) in READING {
        let answer = project.rev(command);
        assert_eq!(answer.exit, Some(1), "{command}: {answer}");
        assert!(answer.out.contains(said), "{command}: {answer}");
        if command != "status" {
            // Both for one cause.
            assert_eq!(
                answer.err.matches("error: ").count(),
                1,
                "{command}: {answer}"
            );
            let both = "on `server_1` and `server_2`";
            assert!(answer.err.contains(both), "{command}: {answer}");
        }
    }
    let both = |value: &serde_json::Value| {
        let dead = value.as_array().into_iter().flatten();
        let dead = dead.filter(|it| it["error"].is_object());
        dead.map(|it| it["database"].as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    for (command, at) in [
        ("status", "databases"),
        ("current", "databases"),
        ("log", "unread"),
        ("plan head", "refused"),
        ("repair", "unread"),
    ] {
        let answer = project.rev_unfollowed(&words(&format!("{command} --format json")), &[]);
        assert_eq!(answer.exit, Some(1), "{command}: {answer}");
        let dead = both(&answer.json()[at]);
        assert_eq!(
            dead,
            [Some("server_1".to_owned()), Some("server_2".to_owned())],
            "{command}: {answer}"
        );
    }
    // A script or a saved plan without a database that was meant would be taken for the whole.
    for command in [
        "plan head --format sql",
        "plan head --save plan.yaml",
        "upgrade --sql",
    ] {
        let answer = project.rev(command);
        assert_eq!(
            (answer.exit, answer.out.as_str()),
            (Some(1), ""),
            "{command}: {answer}"
        );
        assert!(!project.has("plan.yaml"), "{command}");
    }
}

#[test]
fn a_lane_that_waits_for_a_dead_database_is_no_plan() {
    let project = beside_servers(1, 1);
    let waits = "revision: dddd\ndown_revision: cccc\nmessage: wait\ndepends_on: [server_1@aaaa]\n\
                 upgrade: CREATE TABLE d (id INT)\ndowngrade: DROP TABLE d\n";
    project.write("revisions/dddd.yaml", waits);
    let answer = project.rev("plan head");
    assert_eq!(
        (answer.exit, answer.out.as_str()),
        (Some(1), ""),
        "{answer}"
    );
    assert_eq!(answer.err.matches("error: ").count(), 2, "{answer}");
    let answer = project.rev("plan cccc");
    assert!(answer.out.contains("up       cccc"), "{answer}");
}

#[test]
fn status_tells_what_is_left_to_do_and_a_sum() {
    let project = Project::fleet(40, &[("aaaa", table("aaaa", "null", "hero"))]);
    let upgraded = project.rev("upgrade");
    assert_eq!(upgraded.exit, Some(0), "{upgraded}");
    let down = project.rev("downgrade tenant_07@base");
    assert_eq!(down.exit, Some(0), "{down}");
    let broken = "no database, but long enough to be taken for one by its size, whatever it is";
    project.write("var/tenant_11.sqlite", broken);
    let answer = project.rev("status --pending");
    assert_eq!(answer.exit, Some(1), "{answer}");
    let lines: Vec<&str> = answer.out.lines().collect();
    assert_eq!(lines.len(), 3, "{answer}");
    assert!(
        lines[0].starts_with("tenant_07  sqlite  1 pending"),
        "{answer}"
    );
    assert!(lines[1].starts_with("tenant_11"), "{answer}");
    assert_eq!(
        lines[2],
        "40 databases: 38 up to date, 1 pending, 1 cannot be read"
    );
    assert_eq!(project.rev("status -v").out.lines().count(), 41);
    let json = project.rev("status --pending --format json").json();
    assert_eq!(json["databases"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["sum"]["up_to_date"], 38);
    assert!(json["databases"][0]["ledger"].is_null(), "{json}");
    let json = project
        .rev("status tenant_08 --ledger --format json")
        .json();
    assert_eq!(json["databases"][0]["ledger"][0]["revision"], "aaaa");
}

#[test]
fn a_fleet_that_was_recorded_without_its_ledgers_is_no_state() {
    let project = Project::line();
    let state = project.rev("status --format json").out;
    project.write("state.json", &state);
    let refused = project.rev("plan --from state.json");
    assert_eq!(refused.exit, Some(1), "{refused}");
    assert!(
        refused.err.contains("without what the ledgers hold"),
        "{refused}"
    );
}

/// Forty databases, and what is wrong with all of them.
fn forty_at(fault: &str) -> Project {
    let hero = table("aaaa", "null", "hero");
    let mut files = vec![("aaaa", hero.clone())];
    if fault == "fork" {
        files.push(("bbbb", table("bbbb", "aaaa", "mission")));
        files.push(("cccc", table("cccc", "aaaa", "invoice")));
    }
    let project = Project::fleet(40, &files);
    if fault != "fork" {
        let upgraded = project.rev("upgrade");
        assert_eq!(upgraded.exit, Some(0), "{upgraded}");
    }
    match fault {
        "edited" => project.write(
            "revisions/aaaa.yaml",
            &hero.replace("KEY", "KEY, edited INT"),
        ),
        "statement" => {
            let bad = table("bbbb", "aaaa", "bad").replace("CREATE TABLE", "CREATE NONSENSE");
            project.write("revisions/bbbb.yaml", &bad);
        }
        _ => {}
    }
    project
}

#[test]
fn one_cause_on_forty_databases_is_told_once() {
    for (fault, commands, hint) in [
        (
            "fork",
            &["upgrade", "plan head", "upgrade --dry-run"][..],
            "@bbbb`",
        ),
        ("edited", &["upgrade", "plan"], "`rev repair --redo aaaa`"),
        (
            "statement",
            &["upgrade", "upgrade --keep-going"],
            "`rev upgrade` goes on from here",
        ),
    ] {
        let project = forty_at(fault);
        for command in commands {
            let answer = project.rev(command);
            let lines = answer.out.lines().count() + answer.err.lines().count();
            assert!(lines <= 20, "{command}: {lines} lines: {answer}");
            assert_eq!(
                answer.err.matches("error: ").count(),
                1,
                "{command}: {answer}"
            );
            assert!(answer.err.contains(" databases"), "{command}: {answer}");
            // How many fail before the run stops depends on who is first.
            if (fault, *command) != ("statement", "upgrade") {
                assert!(answer.err.contains("more\n"), "{command}: {answer}");
            }
            // Hints serve all, so they name none.
            let hint = hint.replace(
                "@bbbb",
                if command.starts_with("plan") {
                    "plan bbbb"
                } else {
                    "upgrade bbbb"
                },
            );
            assert!(answer.err.contains(&hint), "{command}: {hint}: {answer}");
            let hints = answer.err.split("hint: ").skip(1).collect::<String>();
            assert!(!hints.contains("tenant_"), "{command}: {answer}");
        }
    }
}

#[test]
fn lanes_that_are_alike_are_one_plan() {
    let project = forty_at("statement");
    project.write("revisions/bbbb.yaml", &table("bbbb", "aaaa", "mission"));
    assert_eq!(project.rev("downgrade tenant_07@base").exit, Some(0));
    let text = project.rev("plan").out;
    assert_eq!(text.matches(" → ").count(), 2, "{text}");
    let title = "tenant_00, tenant_01, tenant_02, tenant_03 and 35 more (sqlite, 39 databases)";
    assert!(text.starts_with(title), "{text}");
    let markdown = project.rev("plan --format markdown").out;
    assert_eq!(markdown.matches("\n## ").count(), 2, "{markdown}");
    let json = project.rev("plan --format json").json();
    let lanes = json["lanes"].as_array().expect("lanes");
    let databases = |lane: &serde_json::Value| lane["databases"].as_array().map(Vec::len);
    assert_eq!(
        lanes.iter().map(databases).collect::<Vec<_>>(),
        [Some(39), Some(1)]
    );
    assert_eq!(lanes[1]["databases"][0], "tenant_07");
    // A script is for one database, so there are as many.
    let script = project.rev("plan --format sql").out;
    assert_eq!(script.matches("CREATE TABLE mission").count(), 40);
}

#[test]
fn a_run_on_many_databases_tells_how_many_are_done() {
    let project = Project::fleet(40, &[("aaaa", table("aaaa", "null", "hero"))]);
    project.write("revisions/bbbb.yaml", &table("bbbb", "aaaa", "mission"));
    let answer = project.rev("upgrade");
    assert_eq!(answer.exit, Some(0), "{answer}");
    assert_eq!(
        answer.out,
        "all 40 databases  2 revisions applied, now at bbbb (add mission)\n"
    );
    let lines: Vec<&str> = answer.err.lines().collect();
    for (line, done) in lines.iter().zip(["10", "20", "30"]) {
        assert!(
            line.starts_with(&format!("{done} of 40 databases, ")),
            "{answer}"
        );
    }
    assert_eq!(lines.len(), 5, "{answer}");
    assert!(
        lines[3] == "created: 40 files, from tenant_00 to tenant_39",
        "{answer}"
    );
    assert!(
        lines[4].starts_with("40 databases, 80 revisions, "),
        "{answer}"
    );
    let again = project.rev("upgrade");
    assert!(
        again.out.starts_with("all 40 databases  nothing to do"),
        "{again}"
    );
    let down = project.rev("downgrade -1");
    assert_eq!(down.err.matches("destructive").count(), 1, "{down}");
    assert!(
        down.err.contains("downgrade bbbb drops table `mission`"),
        "{down}"
    );
    // Who wants every step asks for it.
    let steps = project.rev("upgrade -v");
    assert_eq!(
        steps.err.matches("upgrade bbbb  add mission").count(),
        40,
        "{steps}"
    );
}

#[test]
fn steps_without_work_are_one_line() {
    let mut files = vec![("aaaa".to_owned(), table("aaaa", "null", "hero"))];
    for number in 1..10 {
        let parent = if number == 1 {
            "aaaa".to_owned()
        } else {
            format!("e{:03}", number - 1)
        };
        let text = format!(
            "revision: e{number:03}\ndown_revision: {parent}\nmessage: for others\n\
             databases: {{db2: {{upgrade: SELECT 1, downgrade: SELECT 1}}}}\n"
        );
        files.push((format!("e{number:03}"), text));
    }
    let files: Vec<(&str, String)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.clone()))
        .collect();
    let project = Project::with(&files);
    let plan = project.rev("plan db1@head --from base").out;
    assert_eq!(plan.lines().count(), 3, "{plan}");
    assert!(plan.ends_with("  … 9 without work here\n"), "{plan}");
    let verbose = project.rev("plan db1@head --from base -v").out;
    assert!(verbose.contains("e009"), "{verbose}");
    let markdown = project
        .rev("plan db1@head --from base --format markdown")
        .out;
    assert!(
        markdown.contains("| … | | | | 9 without work here |\n"),
        "{markdown}"
    );
}

#[test]
fn a_plan_says_what_is_lost_in_every_form() {
    let drops = "revision: bbbb\ndown_revision: aaaa\nmessage: tidy\n\
                 upgrade: |\n  -- destructive: drops table `hero` and its rows\n  DROP TABLE hero;\n  \
                 DELETE FROM other;\ndowngrade: SELECT 1\n";
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", drops.to_owned()),
    ]);
    let told = "drops table `hero` and its rows; deletes rows of `other`";
    let plan = |more: &str| {
        project
            .rev(&format!("plan db1@head --from base {more}"))
            .out
    };
    assert!(
        plan("").contains(&format!("destructive: {told}")),
        "{}",
        plan("")
    );
    assert!(
        plan("-v").contains(&format!("destructive: {told}")),
        "{}",
        plan("-v")
    );
    let markdown = plan("--format markdown");
    assert!(
        markdown.contains(&format!("**destructive**: `` {told} ``")),
        "{markdown}"
    );
    let sql = "<details><summary>up bbbb: 2 statements</summary>\n\n```sql\nDROP TABLE hero;\n";
    assert!(markdown.contains(sql), "{markdown}");
    let json = project
        .rev("plan db1@head --from base --format json")
        .json();
    let steps = &json["lanes"][0]["steps"];
    assert_eq!(steps[0]["destructive"], serde_json::json!([]));
    assert_eq!(steps[1]["destructive"].as_array().map(Vec::len), Some(2));
    assert_eq!(project.rev("plan db1@aaaa --save plan.yaml").exit, Some(0));
    assert_eq!(project.rev("upgrade db1@aaaa").exit, Some(0));
    let down = project.rev("downgrade db1@base");
    let first = down.err.lines().next().unwrap_or_default();
    assert_eq!(
        first, "db1  destructive: downgrade aaaa drops table `hero`",
        "{down}"
    );
}

#[test]
fn a_page_of_markdown_has_the_size_that_a_host_takes() {
    let mut files = vec![("aaaa".to_owned(), table("aaaa", "null", "hero"))];
    for number in 1..200 {
        let parent = if number == 1 {
            "aaaa".to_owned()
        } else {
            format!("d{:03}", number - 1)
        };
        let id = format!("d{number:03}");
        files.push((id.clone(), table(&id, &parent, &format!("table_{number}"))));
    }
    let files: Vec<(&str, String)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.clone()))
        .collect();
    let project = Project::with(&files);
    let page = |size: &str| {
        project
            .rev(&format!("plan --from base --format markdown{size}"))
            .out
    };
    let whole = page("");
    assert_eq!(
        whole.matches("<details>").count(),
        200,
        "both databases go one way"
    );
    assert!(!whole.contains("Left out"));
    for size in [20_000, 10_000, 3_000, 500] {
        let page = page(&format!(" --size {size}"));
        assert!(page.len() <= size, "{size}: {}", page.len());
        assert!(
            page.contains("_Left out, since it does not fit here: the SQL of "),
            "{page}"
        );
        assert_eq!(
            page.matches("<details>").count(),
            page.matches("</details>").count()
        );
        assert_eq!(page.contains("the end of 1 table"), size < 15_000, "{page}");
    }
}

fn words(command: &str) -> Vec<&str> {
    command.split(' ').collect()
}

#[test]
fn equal_lines_of_status_are_one() {
    let project = Project::fleet(40, &[("aaaa", table("aaaa", "null", "hero"))]);
    assert_eq!(project.rev("upgrade -q").exit, Some(0));
    assert_eq!(project.rev("downgrade tenant_07@base -q").exit, Some(0));
    let told = project.rev("status");
    let lines: Vec<&str> = told.out.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert!(lines[0].starts_with("tenant_07"), "{told}");
    assert!(lines[0].contains("1 pending"), "{told}");
    assert!(lines[1].starts_with("tenant_00 and 38 like it"), "{told}");
    assert!(lines[1].contains("up to date"), "{told}");
    assert_eq!(lines[2], "40 databases: 39 up to date, 1 pending");
    let all = project.rev("status -v");
    assert_eq!(all.out.lines().count(), 41, "{all}");
    let well = project.rev("doctor");
    let lines: Vec<&str> = { well.out.lines() }
        .filter(|line| line.contains("database "))
        .collect();
    assert_eq!(
        lines,
        [
            "ok       database tenant_00 and 38 like it: sqlite answers; 1 revision applied",
            "ok       database tenant_07: sqlite answers; it has no history yet",
        ]
    );
    // A handful is told one by one.
    let few = project.rev("status tenant_01 tenant_02 tenant_03");
    assert_eq!(few.out.lines().count(), 4, "{few}");
}

#[test]
fn databases_that_run_the_same_are_told_in_one_line() {
    let project = Project::fleet(40, &[("aaaa", table("aaaa", "null", "hero"))]);
    let told = project.rev("test");
    assert_eq!(told.exit, Some(0), "{told}");
    let alike: Vec<&str> = { told.err.lines() }
        .filter(|line| line.contains("very same scripts"))
        .collect();
    assert_eq!(
        alike,
        [
            "tenant_01, tenant_02, tenant_03, tenant_04, tenant_05, tenant_06, tenant_07, tenant_08 and 31 more \
             run the very same scripts as tenant_00: proven once"
        ]
    );
}

#[test]
fn programs_are_told_a_cause_once_above_the_lanes() {
    let files = [
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", table("bbbb", "aaaa", "mission")),
        ("cccc", table("cccc", "aaaa", "invoice")),
    ];
    let project = Project::fleet(40, &files);
    let answer = project.rev("upgrade head --format json");
    assert_eq!(answer.exit, Some(1), "{answer}");
    let answer = answer.json();
    assert_eq!(answer["error"]["code"], "ambiguous_head");
    assert!(answer["error"]["errors"].is_null(), "{:#}", answer["error"]);
    let lanes = answer["lanes"].as_array().expect("a list");
    assert_eq!(lanes.len(), 40);
    assert!(
        lanes
            .iter()
            .all(|lane| lane["error"]["code"] == "ambiguous_head")
    );

    // What differs is told of each.
    let project = Project::fork();
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(0));
    let answer = project
        .rev("downgrade db1@cccc db2@bbbb --format json")
        .json();
    let errors = answer["error"]["errors"].as_array().map(Vec::len);
    assert_eq!(errors, Some(2), "{answer:#}");
}
