//! The example with SQLAlchemy: two declarative bases, two databases, two commands.
//!
//! SQLAlchemy is installed with pip once, into a folder below `target/`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::harness::{Answer, Project, assert_answer};

const EXAMPLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../fixtures/sqlalchemy-heroes"
);

/// The folder with SQLAlchemy in it.
fn packages() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let wanted = std::fs::read_to_string(format!("{EXAMPLE}/requirements.txt")).expect("read");
        let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = root.join(wanted.trim().replace("==", "-"));
        if !folder.join("sqlalchemy").is_dir() {
            let draft = tempfile::tempdir_in(root).expect("a folder");
            let done = Command::new("python3")
                .args(["-m", "pip", "install", "--quiet", "--target"])
                .arg(draft.path())
                .arg(wanted.trim())
                .output()
                .expect("python3 starts");
            let complaint = String::from_utf8_lossy(&done.stderr);
            assert!(
                done.status.success(),
                "pip cannot install {wanted}: {complaint}"
            );
            // Another run may have been quicker, which is as good.
            let _ = std::fs::rename(draft.path(), &folder);
        }
        folder
    })
}

/// A copy of the example.
fn example() -> Project {
    let project = Project::empty();
    copy(Path::new(EXAMPLE), project.path());
    project
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, name) = (entry.path(), entry.file_name());
        match path.is_dir() {
            true => copy(&path, &to.join(name)),
            false => drop(std::fs::copy(&path, to.join(name)).expect("copied")),
        }
    }
}

fn rev(project: &Project, words: &[&str]) -> Answer {
    let path = std::env::var("PATH").expect("a path");
    let packages = packages().display().to_string();
    project.rev_with(words, &[("PATH", &path), ("PYTHONPATH", &packages)])
}

fn scripts(project: &Project, name: &str) -> String {
    let text = std::fs::read_to_string(project.path().join(name)).expect("a file");
    let lines = text.lines().filter(|line| !line.starts_with("created:"));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn two_commands_bring_both_databases_to_their_models() {
    let project = example();
    let written = rev(
        &project,
        &[
            "revision",
            "--autogenerate",
            "-m",
            "add hero",
            "--id",
            "aaaa",
        ],
    );
    assert_answer!("sqlalchemy_first", written);
    assert_answer!(
        "sqlalchemy_first_file",
        scripts(&project, "revisions/aaaa_add_hero.yaml")
    );
    let done = rev(&project, &["upgrade"]);
    assert_eq!(done.exit, Some(0), "{done}");
    for (database, due) in [("db1", "hero team"), ("db2", "hero_statistics")] {
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'rev%' ORDER BY name";
        let file = project.path().join(format!("var/{database}.sqlite"));
        assert_eq!(rev_testkit::sqlite::query(&file, tables).join(" "), due);
    }
    let again = rev(&project, &["revision", "--autogenerate", "-m", "again"]);
    assert_eq!((again.exit, again.out.as_str()), (Some(0), ""), "{again}");
    let check = rev(&project, &["check", "--models", "--live"]);
    assert_eq!(check.exit, Some(0), "{check}");
}

#[test]
fn a_new_model_and_a_changed_one_become_the_next_revision() {
    let project = example();
    for words in [
        ["revision", "--autogenerate", "-m", "add hero"].as_slice(),
        &["upgrade"],
    ] {
        let done = rev(&project, words);
        assert_eq!(done.exit, Some(0), "{done}");
    }
    let models = std::fs::read_to_string(project.path().join("heroes/models.py")).expect("read");
    let mission = "\n\nclass Mission(Base):\n    __tablename__ = \"mission\"\n\n    \
                   id: Mapped[int] = mapped_column(primary_key=True)\n    \
                   hero_id: Mapped[int] = mapped_column(ForeignKey(\"hero.id\"))\n    \
                   title: Mapped[str] = mapped_column(String(120))\n";
    let power = "power: Mapped[str | None] = mapped_column(String(80))";
    assert!(models.contains(power));
    let changed = models.replace(power, &power.replace("80", "120"));
    project.write("heroes/models.py", &(changed + mission));
    let written = rev(
        &project,
        &[
            "revision",
            "--autogenerate",
            "-m",
            "missions",
            "--id",
            "bbbb",
        ],
    );
    assert_eq!(written.exit, Some(0), "{written}");
    assert_answer!("sqlalchemy_second_file", {
        let text = scripts(&project, "revisions/bbbb_missions.yaml");
        // The first id is random.
        text.lines()
            .filter(|line| !line.starts_with("down_revision"))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    });
    let done = rev(&project, &["upgrade"]);
    assert_eq!(done.exit, Some(0), "{done}");
    let check = rev(&project, &["check", "--models"]);
    assert_eq!(check.exit, Some(0), "{check}");
}

#[test]
fn the_example_has_the_loader_that_init_writes() {
    let project = Project::empty();
    let words =
        "init --template sqlalchemy -d db1=sqlite://var/db1.sqlite -d db2=sqlite://var/db2.sqlite";
    assert_answer!("sqlalchemy_init", project.rev(words));
    let text = |path: &Path| std::fs::read_to_string(path.join("rev_models.py")).expect("read");
    let due = text(project.path())
        .replace(
            "\"db1\": [\"app.models:Base\"]",
            "\"db1\": [\"heroes.models:Base\"]",
        )
        .replace(
            "\"db2\": [\"app.models:Base\"]",
            "\"db2\": [\"reporting.base:Base\", \"reporting.models\"]",
        );
    assert_eq!(text(Path::new(EXAMPLE)), due);
    let settings = |path: &Path| {
        let text = std::fs::read_to_string(path.join("rev.yaml")).expect("read");
        text.split_once("\ndatabases:\n")
            .expect("databases")
            .1
            .replace('"', "")
    };
    assert_eq!(settings(Path::new(EXAMPLE)), settings(project.path()));
}

/// What the loader prints of `db1` for this server.
fn printed(project: &Project, server: &str) -> String {
    let done = Command::new("python3")
        .arg("rev_models.py")
        .current_dir(project.path())
        .env("PYTHONPATH", packages())
        .env("REV_DATABASE", "db1")
        .env("REV_SERVER", server)
        .output()
        .expect("python3 starts");
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{server}: {complaint}");
    String::from_utf8(done.stdout).expect("text")
}

/// Whose application reaches MariaDB by `mysql+pymysql://` declares for MySQL.
#[test]
fn what_is_declared_for_mysql_counts_on_mariadb_unless_it_has_its_own() {
    let project = example();
    project.write(
        "heroes/models.py",
        "from sqlalchemy import Column, Index, Integer, MetaData, String, Table\n\n\n\
         class Base:\n    metadata = MetaData()\n\n\n\
         Table(\"hero\", Base.metadata, Column(\"id\", Integer, primary_key=True), Column(\"name\", String(9)),\n      \
         Index(\"ix\", \"name\", mysql_length=5), mysql_engine=\"MyISAM\", mysql_comment=\"theirs\", mariadb_comment=\"ours\")\n",
    );
    let text = printed(&project, "mariadb");
    for due in ["name(5)", "ENGINE=MyISAM", "'ours'"] {
        assert!(text.contains(due), "no {due} in {text}");
    }
    assert!(!text.contains("theirs"), "{text}");
    for server in ["sqlite", "postgres"] {
        let text = printed(&project, server);
        assert!(!text.contains("MyISAM") && !text.contains("(5)"), "{text}");
    }
}

/// MariaDB has sequences, which SQLAlchemy prints for its own dialect only.
#[test]
fn a_sequence_is_printed_for_mariadb_and_no_driver_is_needed() {
    let project = example();
    project.write(
        "heroes/models.py",
        "from sqlalchemy import Column, Integer, MetaData, Sequence, Table\n\n\n\
         class Base:\n    metadata = MetaData()\n\n\n\
         Table(\"hero\", Base.metadata, Column(\"id\", Integer, Sequence(\"numbers\"), primary_key=True))\n",
    );
    assert!(printed(&project, "mariadb").contains("CREATE SEQUENCE numbers"));
    assert!(printed(&project, "postgres").contains("CREATE SEQUENCE numbers"));
    for server in ["mysql", "sqlite"] {
        let text = printed(&project, server);
        assert!(text.contains("CREATE TABLE hero"), "{text}");
        assert!(!text.contains("SEQUENCE"), "{text}");
    }
}

#[test]
fn what_python_says_is_shown() {
    let project = example();
    let loader = std::fs::read_to_string(project.path().join("rev_models.py")).expect("read");
    project.write(
        "rev_models.py",
        &loader.replace(
            "    \"db2\": [\"reporting.base:Base\", \"reporting.models\"],\n",
            "",
        ),
    );
    let answer = rev(&project, &["diff", "db2"]);
    assert_eq!(answer.exit, Some(1));
    assert!(
        answer
            .err
            .contains("no models are named for db2: add them to MODELS in "),
        "{answer}"
    );
}

#[test]
fn a_model_that_is_not_there_is_told_in_a_line() {
    let project = example();
    let loader = std::fs::read_to_string(project.path().join("rev_models.py")).expect("read");
    for (named, due) in [
        (
            "app.models:Base",
            "there is no module app.models: db1 names it in MODELS in ",
        ),
        (
            "heroes.absent:Base",
            "there is no module heroes.absent: db1 names it in MODELS in ",
        ),
        (
            "heroes.models:Root",
            "heroes.models has no Root: db1 names heroes.models:Root in MODELS in ",
        ),
    ] {
        project.write(
            "rev_models.py",
            &loader.replace("heroes.models:Base", named),
        );
        let answer = rev(&project, &["diff", "db1"]);
        assert_eq!(answer.exit, Some(1), "{answer}");
        assert!(answer.err.contains(due), "{answer}");
        assert!(!answer.err.contains("import_module"), "{answer}");
    }
    // What a model itself lacks is shown where it lacks it.
    project.write("rev_models.py", &loader);
    project.write("heroes/models.py", "import absent\n");
    let answer = rev(&project, &["diff", "db1"]);
    for due in ["heroes/models.py\", line 1", "No module named 'absent'"] {
        assert!(answer.err.contains(due), "{answer}");
    }
}
