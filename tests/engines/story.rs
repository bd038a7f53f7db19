//! A story: two developers, one git repository, three databases of three engines. With
//! MySQL it goes as with MariaDB, word for word.
//!
//! Everything that is said is one snapshot; after each command stands what the
//! databases have.

use std::fmt::Write as _;
use std::process::Command;

use rev_testkit::scratch::Engine;

use crate::project::Project;

/// What has been said so far.
struct Story {
    project: Project,
    said: String,
}

impl Story {
    fn begin(second: Engine) -> Self {
        let project = Project::new(vec![
            ("shop", Engine::Postgres.scratch()),
            ("stats", second.scratch()),
            ("cache", Engine::Sqlite.scratch()),
        ]);
        std::fs::write(project.root().join(".gitignore"), "rev.yaml\n").expect("a file");
        let mut story = Self {
            project,
            said: String::new(),
        };
        story.git("init -q -b main");
        story
    }

    /// A heading in the transcript.
    fn chapter(&mut self, words: &str) {
        let _ = writeln!(self.said, "\n# {words}\n");
    }

    fn git(&mut self, words: &str) {
        let _ = writeln!(self.said, "$ git {words}");
        let output = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(words.split(' '))
            .current_dir(self.project.root())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .expect("git runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {words}: {told}");
    }

    fn commit(&mut self, message: &str) {
        self.git("add .");
        self.git(&format!("commit -qm {message}"));
    }

    /// Takes a label off a revision.
    fn unlabel(&mut self, id: &str, label: &str) {
        let folder = self.project.root().join("revisions");
        let files = std::fs::read_dir(folder).expect("a folder");
        let mut paths = files.map(|file| file.expect("a file").path());
        let is_it = |path: &std::path::PathBuf| path.to_string_lossy().contains(id);
        let path = paths.find(is_it).expect("a file of that id");
        let text = std::fs::read_to_string(&path).expect("read");
        let without = text.replace(&format!("branch_labels: [{label}]\n"), "");
        assert_ne!(text, without);
        std::fs::write(path, without).expect("written");
        let _ = writeln!(self.said, "(label {label} is taken off {id})");
    }

    /// Runs a command, and writes down what it says and what there is then.
    fn rev(&mut self, words: &str) {
        let words: Vec<&str> = words.split(' ').collect();
        self.rev_with(&words, &words.join(" "));
    }

    fn rev_with(&mut self, words: &[&str], shown: &str) {
        let answer = self.project.rev(words);
        let code = answer.code.expect("it ended");
        let _ = writeln!(self.said, "$ rev {shown}");
        let mut text = answer.text;
        for (name, scratch) in &self.project.databases {
            // A SQLite file lies somewhere else each time.
            if let Some(file) = scratch.url().strip_prefix("sqlite://") {
                text = text.replace(file, &format!("{name}.sqlite"));
            }
        }
        self.said.push_str(&text);
        if code != 0 {
            let _ = writeln!(self.said, "(exit {code})");
        }
        for (name, tables) in self.tables() {
            let _ = writeln!(self.said, "    {name}: {}", tables.join(" "));
        }
    }

    fn tables(&self) -> Vec<(String, Vec<String>)> {
        let databases = self.project.databases.iter();
        let tables = databases.map(|(name, scratch)| (name.clone(), scratch.tables()));
        tables.collect()
    }

    fn has(&self, tables: [&str; 3]) {
        for ((name, is), due) in self.tables().into_iter().zip(tables) {
            assert_eq!(is.join(" "), due, "{name} in:\n{}", self.said);
        }
    }

    /// A revision that makes a table, on these databases or on all.
    fn table(&mut self, id: &str, parent: &str, table: &str, on: &[&str], more: &str) {
        let scripts = format!("upgrade: CREATE TABLE {table} (n INT)");
        let back = format!("downgrade: DROP TABLE {table}");
        let rest = match on {
            [] => format!("{scripts}\n{back}\n"),
            on => {
                let entry = |name: &&str| format!("  {name}:\n    {scripts}\n    {back}\n");
                format!("databases:\n{}", on.iter().map(entry).collect::<String>())
            }
        };
        self.project.revision(id, parent, &format!("{more}{rest}"));
    }
}

#[test]
fn two_developers_and_three_databases() {
    for second in Engine::MYSQLS {
        tell(second);
    }
}

fn tell(second: Engine) {
    let mut story = Story::begin(second);

    story.chapter("The beginning: one revision, everywhere");
    story.table("a100", "null", "hero", &[], "");
    story.commit("begin");
    story.rev("upgrade --jobs 1");
    story.has(["hero", "hero", "hero"]);

    story.chapter("Ann works on a branch: the shop first, then the cache from it");
    story.git("checkout -q -b ann");
    story.table(
        "b200",
        "a100",
        "mission",
        &["shop"],
        "branch_labels: [missions]\n",
    );
    story.table(
        "b300",
        "b200",
        "mission_cache",
        &["cache"],
        "depends_on: [shop@b200]\n",
    );
    story.commit("ann");
    story.rev("plan");
    story.rev("upgrade --jobs 1");
    story.has(["hero mission", "hero", "hero mission_cache"]);

    story.chapter("Bea works on another branch, without the files of Ann");
    story.git("checkout -q main");
    story.git("checkout -q -b bea");
    story.table(
        "c200",
        "a100",
        "fight",
        &["shop", "stats"],
        "branch_labels: [fights]\n",
    );
    story.commit("bea");
    story.rev("status");
    story.rev("upgrade --jobs 1");
    story.rev("plan switch head");
    story.rev("switch head --jobs 1");
    story.has(["fight hero", "fight hero", "hero"]);

    story.chapter("Back and forth, ten times");
    for _ in 0..5 {
        story.git("checkout -q ann");
        story.rev("switch head --jobs 1");
        story.has(["hero mission", "hero", "hero mission_cache"]);
        story.git("checkout -q bea");
        story.rev("switch head --jobs 1");
        story.has(["fight hero", "fight hero", "hero"]);
    }

    story.chapter("Both are merged in git: two heads");
    story.git("checkout -q main");
    story.git("merge -q --no-edit ann");
    story.git("merge -q --no-edit bea");
    story.git("tag before-merge");
    story.rev("heads");
    story.rev("upgrade cache@head --jobs 1");
    story.rev("check");
    story.rev("merge --id d400");
    story.commit("merge");
    story.rev("upgrade shop@head stats@head cache@head --jobs 1");
    story.has(["fight hero mission", "fight hero", "hero mission_cache"]);
    story.rev("check");

    story.chapter("What came before the two branches and Ann's first step become one");
    let (postgres, mysql) = (Engine::Postgres.server_url(), second.server_url());
    let words = [
        "squash",
        "a100:b200",
        "--id",
        "s500",
        "--scratch",
        &postgres,
        "--scratch",
        &mysql,
    ];
    story.rev_with(&words, "squash a100:b200 --id s500 --scratch …");
    story.commit("squash");
    story.rev("status --check");
    story.rev("downgrade shop@base stats@base cache@base --jobs 1");
    story.has(["", "", ""]);
    story.rev("plan shop@head --format markdown");
    story.rev("upgrade --jobs 1");
    story.has(["fight hero mission", "fight hero", "hero mission_cache"]);

    story.chapter("A newer revision is out; the old release starts against it");
    story.git("tag release-1");
    story.table("e600", "d400", "score", &["stats"], "");
    story.commit("newer");
    story.rev("upgrade --jobs 1");
    story.git("checkout -q before-merge");
    story.rev("upgrade --jobs 1");
    story.rev("upgrade shop@b200 stats@c200 cache@b300 --jobs 1");
    story.rev("status");
    story.rev("status --check");
    story.git("checkout -q release-1");
    story.rev("upgrade --jobs 1");
    story.has([
        "fight hero mission",
        "fight hero score",
        "hero mission_cache",
    ]);

    story.chapter("The old files go; a database from before and one from after are alike");
    story.git("checkout -q main");
    story.rev("squash --finish");
    story.unlabel("s500", "missions");
    story.rev("squash --finish");
    story.commit("finish");
    story.rev("upgrade --jobs 1");
    story.rev("history");
    story.rev("downgrade cache@base --jobs 1");
    story.rev("upgrade cache@head --jobs 1");
    story.git("checkout -q ann");
    story.rev("switch cache@head --jobs 1");
    story.has([
        "fight hero mission",
        "fight hero score",
        "hero mission_cache",
    ]);
    insta::with_settings!({ filters => vec![(r"\b\d+\.\d s\b", "[S]")] }, {
        insta::assert_snapshot!("story", story.said);
    });
}
