//! Many runners at once: each revision is applied once, and all exit 0.

use std::process::Child;

use crate::project::{REVISIONS, applied, contents, folder, upgrade, write_project};

const RUNNERS: usize = 8;

#[test]
fn many_runners_at_once_apply_each_revision_once_and_all_exit_0() {
    let alone = folder();
    write_project(alone.path());
    let status = upgrade(alone.path()).status().expect("the program runs");
    assert!(status.success(), "a run alone ends with {status}");

    for _ in 0..5 {
        let root = folder();
        write_project(root.path());
        let runners: Vec<Child> = (0..RUNNERS)
            .map(|_| upgrade(root.path()).spawn().expect("the program starts"))
            .collect();
        for mut runner in runners {
            let status = runner.wait().expect("the program ends");
            assert!(status.success(), "a runner ends with {status}");
        }
        for database in ["db1", "db2"] {
            assert_eq!(applied(root.path(), database), REVISIONS);
            let expected = contents(alone.path(), database);
            assert_eq!(contents(root.path(), database), expected, "{database}");
        }
    }
}
