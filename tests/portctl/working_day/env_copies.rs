//! Env files that came from another checkout, and lines in them that the registry has overtaken.

use std::fs;
use std::path::PathBuf;

use super::machine::{Machine, both_ways};

/// Two checkouts with a service each, the second with a copy of the first one's file.
fn copied(machine: &Machine) -> (PathBuf, PathBuf) {
    let [shop, copy] = ["shop", "copy"].map(|it| machine.work().join(it));
    fs::create_dir(&shop).unwrap();
    machine.run_in(&shop, &["get", "web", "db"]).printed();
    let write = ["env", "--write", ".env"];
    machine.run_in(&shop, &write).printed();
    fs::create_dir(&copy).unwrap();
    let text = fs::read_to_string(shop.join(".env")).unwrap();
    fs::write(copy.join(".env"), format!("SECRET=1\n{text}X=$WEB_PORT\n")).unwrap();
    machine.run_in(&copy, &["get", "web"]).printed();
    (shop, copy)
}

#[test]
fn run_refreshes_a_copied_block() {
    both_ways(|machine| {
        let (shop, copy) = copied(machine);
        let before = fs::read(shop.join(".env")).unwrap();
        let ran = machine.run_in(&copy, &["run", "web", "--", "cat", ".env"]);
        let note = format!(
            "note: .env had the ports of another checkout, {}; it has this one's now, without DB_PORT",
            shop.display()
        );
        assert!(ran.stderr.contains(&note), "{ran:?}");
        let web = machine.run_in(&copy, &["get", "web"]).printed().to_owned();
        let [start, end] = ["SECRET=1\n# >>>", "<<<\nX=$WEB_PORT"];
        assert!(ran.stdout.starts_with(start) && ran.stdout.trim_end().ends_with(end));
        assert!(ran.stdout.contains(&format!("\nWEB_PORT={web}\n# <<<")));
        assert!(
            ran.stdout
                .contains(&format!("# Checkout: {}\n", copy.display()))
        );
        assert_eq!(fs::read(shop.join(".env")).unwrap(), before);

        let again = machine.run_in(&copy, &["run", "web", "--", "cat", ".env"]);
        assert_eq!(again.stdout, ran.stdout);
        assert!(!again.stderr.contains("another checkout"), "{again:?}");
        let own = machine.run_in(&shop, &["run", "web", "--", "true"]);
        assert!(!own.stderr.contains("another checkout"), "{own:?}");
    });
}

#[test]
fn run_leaves_a_copied_block_that_git_tracks_and_says_so() {
    both_ways(|machine| {
        let (_, copy) = copied(machine);
        machine.sandbox.git(&copy, &["init", "--quiet"]);
        machine.sandbox.git(&copy, &["add", ".env"]);
        let before = fs::read(copy.join(".env")).unwrap();
        let ran = machine.run_in(&copy, &["run", "web", "--", "true"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let note = "and was not changed: git tracks it";
        assert!(ran.stderr.contains(note), "{ran:?}");
        assert_eq!(fs::read(copy.join(".env")).unwrap(), before);
    });
}

#[test]
fn copied_block_is_replaced_by_env() {
    both_ways(|machine| {
        let (shop, copy) = copied(machine);
        let ran = machine.run_in(&copy, &["env", "--write", ".env"]);
        let note = format!(
            "note: .env had the ports of another checkout, {}\n",
            shop.display()
        );
        assert_eq!(ran.stdout, "wrote 1 port to .env\n");
        assert_eq!((ran.code, ran.stderr), (Some(0), note));
    });
}

#[test]
fn lines_that_mention_a_port_that_moved_are_shown_without_their_secrets() {
    both_ways(|machine| {
        let db = machine.run(&["get", "postgres"]).printed().to_owned();
        machine.write(
            ".env",
            "A=1\nDATABASE_URL=postgres://app:hunter2@localhost:5432/shop\nOTHER=postgres://db:5432\n",
        );
        let note = format!(
            "note: .env:2 DATABASE_URL mentions port 5432, but postgres has port {db} here; `[env]` in portctl.toml can compute it\n"
        );
        for words in [&["env"][..], &["env", "--write", ".env"]] {
            let ran = machine.run(words);
            assert_eq!((ran.code, &*ran.stderr), (Some(0), &*note), "{words:?}");
        }
        let json = machine.run(&["env", "--json"]);
        assert_eq!((json.code, &*json.stderr), (Some(0), ""));
    });
}

#[test]
fn port_of_a_container_or_another_machine_is_no_mention() {
    both_ways(|machine| {
        machine.run(&["get", "postgres"]).printed();
        for (host, notes) in [
            ("postgres", 0),
            ("'db.example'", 0),
            ("localhost", 1),
            ("\"127.0.0.1\"", 1),
            ("", 1),
        ] {
            machine.write(".env", &format!("DB_PORT=5432\nDB_HOST={host}\n"));
            let ran = machine.run(&["env"]);
            let found = ran.stderr.matches("DB_PORT mentions port 5432").count();
            assert_eq!((ran.code, found), (Some(0), notes), "{host}");
        }
    });
}

#[test]
fn files_that_win_over_the_written_one_are_named() {
    both_ways(|machine| {
        machine.run(&["get", "web"]).printed();
        machine.write(".env.local", "X=1\nWEB_PORT=1\n");
        machine.write(".env.development", "WEB_PORTS=1\n# WEB_PORT=1\n");
        machine.write(".env.production", "WEB_PORT=1\n");
        let ran = machine.run(&["env", "--write", ".env"]);
        let note = "note: .env.local:2 beside it assigns to WEB_PORT, too, and Vite or Next takes it from there\n";
        assert_eq!((ran.code, &*ran.stderr), (Some(0), note));
    });
}
