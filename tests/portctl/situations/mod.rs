//! The port of a service in each situation that a checkout can be in.
//!
//! The situations are in the tables of `tests/situations`, in a [language](script) of their own.

mod script;
mod stage;

use std::fs;

use self::stage::{TABLES, play};

/// One test for each table.
macro_rules! tables {
    ($($table:ident: $claim:ident,)*) => {
        $(#[test]
        fn $claim() {
            play(stringify!($table));
        })*

        #[test]
        fn every_table_is_played() {
            let mut found: Vec<String> = fs::read_dir(TABLES)
                .unwrap()
                .map(|it| it.unwrap().file_name().into_string().unwrap())
                .collect();
            found.sort();
            let mut played = vec![$(concat!(stringify!($table), ".txt")),*];
            played.sort_unstable();
            assert_eq!(found, played);
        }
    };
}

tables! {
    branches: checkout_keeps_its_ports_whatever_git_checks_out,
    allocate: allocate_gives_a_branch_a_port_of_its_own,
    worktrees: worktrees_have_ports_of_their_own,
    clones: checkouts_with_the_same_labels_never_share,
    moves: ports_pass_on_only_from_a_checkout_that_is_gone,
    names: checkout_keeps_its_first_name,
    nested: folder_belongs_to_the_nearest_checkout,
    folders: folders_outside_of_git_have_ports_of_their_own,
    typed: typed_labels_mean_their_service_alone,
    requests: programs_name_a_checkout_or_none,
    imported: imported_ports_take_on_the_checkout_that_uses_them,
    mounts: folder_is_one_checkout_by_all_of_its_paths,
    users: users_have_registries_of_their_own,
    races: processes_at_the_same_moment_agree,
    released: release_means_this_checkout,
    moved: move_gives_a_service_of_this_checkout_another_port,
}
