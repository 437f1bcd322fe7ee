//! `portctl env --write` in folders that others can change, also while it runs.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::env_targets::names_in;
use super::machine::both_ways;
use test_support::soak;

#[test]
fn links_in_folders_that_others_can_write_to_are_not_followed() {
    both_ways(|machine| {
        let open = machine.work().join("open");
        machine.write("open/real.env", "A=1\n");
        fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        symlink("real.env", open.join(".env")).unwrap();
        symlink(".", open.join("linked")).unwrap();
        machine.run(&["get", "web"]).printed();
        for file in ["open/.env", "open/linked/real.env"] {
            let ran = machine.run(&["env", "--write", file]);
            let complaint = ran.complained(1);
            assert!(complaint.contains("other users can replace"), "{complaint}");
        }
        assert_eq!(fs::read(open.join("real.env")).unwrap(), b"A=1\n");
        let ran = machine.run(&["env", "--write", "open/real.env"]);
        assert_eq!(ran.printed(), "wrote 1 port to open/real.env");
        assert_eq!(names_in(&open), [".env", "linked", "real.env"]);
    });
}

#[test]
fn pipe_in_place_of_the_file_is_an_error() {
    both_ways(|machine| {
        let pipe = machine.work().join("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        symlink("pipe", machine.work().join(".env")).unwrap();
        machine.run(&["get", "web"]).printed();
        for file in ["pipe", ".env"] {
            let ran = machine.run(&["env", "--write", file]);
            assert!(ran.complained(1).contains("it is not a file"), "{ran:?}");
        }
        assert_eq!(names_in(&machine.work()), [".env", "pipe"]);
    });
}

#[test]
fn folder_that_is_replaced_by_a_link_meanwhile_leads_nowhere_else() {
    both_ways(|machine| {
        let (work, outside) = (machine.work(), machine.sandbox.path().join("outside"));
        for folder in [&work.join("sub"), &outside] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join(".env"), "A=1\n").unwrap();
        }
        symlink(&outside, work.join("link")).unwrap();
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    for (from, to) in [
                        ("sub", "folder"),
                        ("link", "sub"),
                        ("sub", "link"),
                        ("folder", "sub"),
                    ] {
                        fs::rename(work.join(from), work.join(to)).unwrap();
                    }
                }
            });
            for number in 0..20 * soak() {
                machine.run(&["get", &format!("s{number}")]).printed();
                machine.run(&["env", "--write", "sub/.env"]);
            }
            is_over.store(true, Ordering::Relaxed);
        });
        assert_eq!(fs::read(outside.join(".env")).unwrap(), b"A=1\n");
        assert_eq!(names_in(&outside), [".env"]);
        assert_eq!(names_in(&work.join("sub")), [".env"]);
    });
}
