//! Every sample project, with and without `portctl compose`, in three checkouts of its repository.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::checkouts::{Checkouts, Folders, are_programs_available};
use super::compared::Compared;
use super::project::{self, SampleProject};
use test_support::Sandbox;

/// Calls `check` with every project, in as many threads as there are processors. Returns the number of projects that
/// Compose accepts, for which `check` returns true. Panics with all errors.
fn check_all(
    projects: &[SampleProject],
    check: impl Fn(usize, &SampleProject) -> Result<bool, String> + Sync,
) -> usize {
    let next = AtomicUsize::new(0);
    let accepted = AtomicUsize::new(0);
    let errors = Mutex::new(Vec::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(project) = projects.get(index) else {
                break;
            };
            match check(index, project) {
                Ok(is_accepted) => {
                    accepted.fetch_add(usize::from(is_accepted), Ordering::Relaxed);
                }
                Err(error) => {
                    let error = format!("{}: {error}", project.name);
                    errors.lock().unwrap().push(error);
                }
            }
        }
    };
    let threads = thread::available_parallelism().unwrap().get();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let errors = errors.into_inner().unwrap();
    assert!(errors.is_empty(), "\n{}", errors.join("\n"));
    accepted.into_inner()
}

/// Compares what Compose prints with and without `portctl compose` in a main checkout and its linked worktrees. Returns
/// false if Compose rejects a project that may be rejected.
fn check(project: &SampleProject, folders: Folders) -> Result<bool, String> {
    let checkouts = Checkouts::new(project, folders);
    let plain = checkouts.plain(&checkouts.main);
    if project.may_be_rejected && plain.is_err() {
        return Ok(false);
    }
    let plain = plain?;
    let [first, second] = &checkouts.linked;
    // The main checkout is neither the first nor the last that asks.
    let first = Compared::of(&checkouts, first, checkouts.plain(first)?)?;
    let main = Compared::of(&checkouts, &checkouts.main, plain)?;
    main.check_main()?;
    first.check_linked()?;
    let mut pairs = vec![(&main, &first)];
    // To save time, the projects for scans have one linked worktree.
    let second = if project.may_be_rejected {
        None
    } else {
        let plain = checkouts.plain(second)?;
        Some(Compared::by_print(&checkouts, second, plain)?)
    };
    if let Some(second) = &second {
        second.check_linked()?;
        pairs.extend([(&main, second), (&first, second)]);
    }
    for (one, other) in pairs {
        one.check_apart(other)?;
        let names = [one, other].map(|it| it.changed.name());
        if (names[0] == names[1]) != project.call.names_the_project() {
            return Err(format!("the names of two checkouts are {names:?}"));
        }
    }
    Ok(true)
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn only_host_ports_and_names_differ_and_no_two_worktrees_share_one() {
    assert!(are_programs_available(&Sandbox::in_memory()));
    let mut projects = project::own();
    projects.extend(project::of_scan());
    let accepted = check_all(&projects, |index, project| {
        let folders = [Folders::Different, Folders::Equal];
        check(project, folders[index % 2])
    });
    assert!(accepted > 120, "{accepted}");
}
