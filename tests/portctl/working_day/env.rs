//! Ports as environment variables.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::thread;

use serde_json::json;

use super::machine::both_ways;
use crate::PORTCTL;
use test_support::{Ran, soak};

fn block(lines: &str) -> String {
    format!(
        "# >>> port-registry >>>\n\
         # Written by `portctl env --write`. Changes in this block are lost.\n\
         {lines}# <<< port-registry <<<\n"
    )
}

#[test]
fn variables_are_printed_in_each_format() {
    both_ways(|machine| {
        let ran = machine.run(&["get", "web", "web-api"]);
        let ports: Vec<&str> = ran.printed().lines().collect();
        let [web, api] = ports[..] else {
            panic!("{ran:?}");
        };
        let dotenv = format!("WEB_PORT={web}\nWEB_API_PORT={api}");
        assert_eq!(machine.run(&["env"]).printed(), dotenv);
        let shell = format!("export WEB_PORT={web}\nexport WEB_API_PORT={api}");
        assert_eq!(machine.run(&["env", "--format", "shell"]).printed(), shell);
        let ports: [u16; 2] = [web.parse().unwrap(), api.parse().unwrap()];
        let object = json!({"WEB_PORT": ports[0], "WEB_API_PORT": ports[1]});
        assert_eq!(machine.json(&["env", "--format=json"]), object);
        assert_eq!(machine.json(&["env", "--json"]), object);
        let usage = machine.run(&["env", "--format", "yaml"]);
        assert!(usage.complained(2).contains("dotenv, shell and json"));

        let none = machine.run(&["env", "--app", "none"]);
        assert_eq!((none.code, &*none.stdout), (Some(0), ""));
        assert!(none.stderr.contains("no allocations of none/default"));
    });
}

#[test]
fn shell_evaluates_the_printed_variables() {
    both_ways(|machine| {
        let port = machine.run(&["get", "web"]).printed().to_owned();
        let script = format!("eval \"$({PORTCTL} env --format shell)\" && sh -c 'echo $WEB_PORT'");
        let mut command = machine.program("sh", &machine.work());
        command.args(["-c", &script]);
        assert_eq!(Ran::of(&mut command).printed(), port);
    });
}

#[test]
fn write_replaces_only_the_block_and_keeps_the_mode() {
    both_ways(|machine| {
        let file = machine.write(".env", "SECRET=1\n# mine");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let web = machine.run(&["get", "web"]).printed().to_owned();
        let ran = machine.run(&["env", "--write", ".env"]);
        assert_eq!(ran.printed(), "wrote 1 port to .env");
        let first = format!("SECRET=1\n# mine\n{}", block(&format!("WEB_PORT={web}\n")));
        assert_eq!(fs::read_to_string(&file).unwrap(), first);
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o640
        );

        // Never write a file that is up to date.
        let inode = fs::metadata(&file).unwrap().ino();
        let ran = machine.run(&["env", "--write", ".env"]);
        assert_eq!(ran.printed(), ".env has the 1 port already");
        assert_eq!(fs::metadata(&file).unwrap().ino(), inode);

        // Lines after the block are kept.
        fs::write(&file, format!("{first}LAST=1")).unwrap();
        let api = machine.run(&["get", "api"]).printed().to_owned();
        machine.run(&["env", "--write", ".env"]).printed();
        let both = block(&format!("WEB_PORT={web}\nAPI_PORT={api}\n"));
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text, format!("SECRET=1\n# mine\n{both}LAST=1"));

        // A new file in the shell format.
        machine
            .run(&["env", "--format", "shell", "--write", ".envrc"])
            .printed();
        let shell = block(&format!("export WEB_PORT={web}\nexport API_PORT={api}\n"));
        assert_eq!(
            fs::read_to_string(machine.work().join(".envrc")).unwrap(),
            shell
        );
        let entries = fs::read_dir(machine.work()).unwrap();
        assert_eq!(entries.count(), 2, "drafts are left");
    });
}

#[test]
fn write_follows_a_symbolic_link_and_keeps_it() {
    both_ways(|machine| {
        let file = machine.write("shared/ports.env", "A=1\n");
        symlink("shared/ports.env", machine.work().join(".env")).unwrap();
        machine.run(&["get", "web"]).printed();
        machine.run(&["env", "--write", ".env"]).printed();
        assert!(fs::read_to_string(&file).unwrap().starts_with("A=1\n# >>>"));
        assert!(machine.work().join(".env").is_symlink());
        symlink("nowhere", machine.work().join("dangling")).unwrap();
        let ran = machine.run(&["env", "--write", "dangling"]);
        assert!(ran.complained(1).contains("symbolic link is broken"));
        assert!(!machine.work().join("nowhere").exists());
    });
}

#[test]
fn file_that_cannot_take_the_block_is_not_changed() {
    both_ways(|machine| {
        machine.run(&["get", "web"]).printed();
        let broken = "A=1\n# >>> port-registry >>>\nB=2\n";
        let file = machine.write("broken", broken);
        let ran = machine.run(&["env", "--write", "broken"]);
        assert!(
            ran.complained(1).contains("line 2 opens the block"),
            "{ran:?}"
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), broken);

        let ran = machine.run(&["env", "--write", "none/.env"]);
        assert!(ran.complained(1).contains("No such file"), "{ran:?}");
        let ran = machine.run(&["env", "--write", "."]);
        assert!(ran.complained(1).contains("not a file"), "{ran:?}");
        let ran = machine.run(&["env", "--json", "--write", "new"]);
        assert!(ran.complained(2).contains("dotenv and shell"), "{ran:?}");
        assert!(!machine.work().join("new").exists());
    });
}

#[test]
fn block_inside_a_quoted_value_is_rejected() {
    both_ways(|machine| {
        machine.run(&["get", "web"]).printed();
        let open = "A=1\nB=\"begins\n# and goes on";
        let file = machine.write(".env", &format!("{open}\nC=\"\n"));
        machine.run(&["env", "--write", ".env"]).printed();
        let written = fs::read_to_string(&file).unwrap();
        let marked = written.split_once("# >>>").unwrap().1;
        // Move the block into the quoted value.
        let inside = format!("{open}\n# >>>{marked}C=\"\n");
        fs::write(&file, &inside).unwrap();
        let ran = machine.run(&["env", "--write", ".env"]);
        assert!(ran.complained(1).contains("a quote is open"), "{ran:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), inside);
    });
}

#[test]
fn later_line_that_sets_the_same_variable_is_reported() {
    both_ways(|machine| {
        machine.run(&["get", "web"]).printed();
        machine.run(&["env", "--write", ".env"]).printed();
        let file = machine.work().join(".env");
        let text = fs::read_to_string(&file).unwrap() + "X=1\nexport WEB_PORT=1\n";
        fs::write(&file, text).unwrap();
        let ran = machine.run(&["env", "--write", ".env"]);
        assert_eq!(ran.code, Some(0));
        assert!(
            ran.stderr.starts_with("note: .env:6 sets WEB_PORT again"),
            "{ran:?}"
        );
    });
}

#[test]
fn concurrent_writers_of_one_file_lose_no_port() {
    both_ways(|machine| {
        let rounds = 12 * soak();
        thread::scope(|scope| {
            for number in 0..rounds {
                scope.spawn(move || {
                    machine.run(&["get", &format!("s{number}")]).printed();
                    machine.run(&["env", "--write", ".env"]).printed();
                });
            }
        });
        let text = fs::read_to_string(machine.work().join(".env")).unwrap();
        let lines: HashSet<&str> = text.lines().filter(|line| line.starts_with('S')).collect();
        let printed = machine.run(&["env"]).printed().to_owned();
        assert_eq!(lines, printed.lines().collect::<HashSet<_>>());
        assert_eq!(lines.len(), rounds as usize);
    });
}
