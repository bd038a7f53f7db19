//! `SIGKILL` from outside, at random instants of `rev upgrade` on SQLite.
//!
//! After one more run the schema, the rows and the ledger must equal those of a
//! run that nobody disturbed. Every script also counts itself in a table, so a
//! script that took effect twice, or not at all, shows.

use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use crate::project::{REVISIONS, applied, contents, folder, upgrade, write_project};

const KILLS: usize = 200;

/// Runs an upgrade and kills it after `delay`, unless it ends before.
fn upgrade_killed_after(root: &Path, delay: Duration) -> ExitStatus {
    let mut child = upgrade(root).spawn().expect("the program starts");
    std::thread::sleep(delay);
    // An error says that it has ended, which the status shows too.
    let _ = child.kill();
    child.wait().expect("the program ends")
}

#[test]
fn a_killed_upgrade_is_finished_by_the_next_one() {
    let calm = folder();
    write_project(calm.path());
    let begun = Instant::now();
    let status = upgrade(calm.path()).status().expect("the program runs");
    let undisturbed = begun.elapsed();
    assert!(status.success(), "the undisturbed run ends with {status}");
    let expected: Vec<String> = ["db1", "db2"]
        .map(|database| contents(calm.path(), database))
        .into();
    assert!(expected[0].contains("counter: rev0011"), "{}", expected[0]);

    let (mut kills, mut attempts, mut half_way) = (0, 0_u32, 0);
    while kills < KILLS {
        attempts += 1;
        assert!(
            attempts < 4000,
            "only {kills} of {KILLS} kills came in time"
        );
        let root = folder();
        write_project(root.path());
        // Spread evenly over the undisturbed run's time, in an odd order.
        let share = f64::from(attempts.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24);
        let status = upgrade_killed_after(root.path(), undisturbed.mul_f64(share));
        if status.code().is_some() {
            continue;
        }
        kills += 1;
        let stood = applied(root.path(), "db1") + applied(root.path(), "db2");
        half_way += usize::from((1..2 * REVISIONS).contains(&stood));
        let status = upgrade(root.path()).status().expect("the program runs");
        assert!(status.success(), "the next run ends with {status}");
        for (database, expected) in ["db1", "db2"].iter().zip(&expected) {
            assert_eq!(&contents(root.path(), database), expected, "{database}");
        }
    }
    assert!(half_way > 0, "no kill came between two revisions");
    #[expect(
        clippy::print_stdout,
        reason = "the count is what the test is read for"
    )]
    {
        println!("{kills} kills, {half_way} of them with some revisions applied; 0 wrong");
    }
}
