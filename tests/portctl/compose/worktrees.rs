//! Names of Compose projects and containers in the worktrees of one repository.

use super::checkouts::{CONFIG, Checkouts, Folders, are_programs_available, printed_project};
use super::project;
use test_support::{Ran, Sandbox};

/// Returns the project's names in the main checkout and the linked worktrees.
#[track_caller]
fn names(checkouts: &Checkouts) -> [String; 3] {
    let [first, second] = &checkouts.linked;
    [&checkouts.main, first, second].map(|checkout| {
        let up = Ran::of(&mut checkouts.portctl_compose(checkout, &["up", "-d"]));
        assert_eq!(up.code, Some(0), "{up:?}");
        checkouts.engine.calls();
        let printed = printed_project(&mut checkouts.portctl_compose(checkout, &CONFIG));
        printed.unwrap().name().to_owned()
    })
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn worktrees_have_project_names_of_their_own_where_they_would_share_one() {
    assert!(are_programs_available(&Sandbox::in_memory()));
    for (project, folders, expected) in [
        // The names of the folders differ already.
        (
            "rails-sidekiq",
            Folders::Different,
            ["orchard", "pear", "plum"],
        ),
        (
            "name-in-file",
            Folders::Different,
            ["orchard", "orchard-pear", "orchard-plum"],
        ),
        (
            "files-in-env",
            Folders::Different,
            ["orchard", "orchard-pear", "orchard-plum"],
        ),
        (
            "name-in-environment",
            Folders::Different,
            ["cherry", "cherry-pear", "cherry-plum"],
        ),
        (
            "name-as-argument",
            Folders::Different,
            ["cherry", "cherry", "cherry"],
        ),
        // Git names the second worktree `orchard1`.
        (
            "rails-sidekiq",
            Folders::Equal,
            ["orchard", "orchard-orchard", "orchard-orchard1"],
        ),
        // All are in folders `docker`.
        (
            "backend-platform",
            Folders::Different,
            ["harbour", "harbour-pear", "harbour-plum"],
        ),
    ] {
        let project = project::named(project);
        let checkouts = Checkouts::new(&project, folders);
        assert_eq!(names(&checkouts), expected, "{project:?}");
        // They are decided once.
        assert_eq!(names(&checkouts), expected, "{project:?}");
    }
}
