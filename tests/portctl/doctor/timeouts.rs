//! Problems that take seconds to notice.

use std::thread;

use super::{files, git, served};

/// Runs the cases in parallel, because each waits for seconds.
#[test]
fn unresponsive_daemons_stores_and_git_are_problems() {
    thread::scope(|scope| {
        for case in [
            served::suspended_daemon_is_reported,
            served::suspended_named_daemon_is_reported,
            served::daemon_that_never_listens_is_reported,
            files::stuck_writer_is_reported,
            git::git_that_hangs_is_a_problem,
        ] {
            scope.spawn(case);
        }
    });
}
