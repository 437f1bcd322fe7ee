//! Ports as environment variables.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::thread;

use serde_json::json;

use super::hints::fixture::follow_hint;
use super::machine::{Machine, both_ways};
use crate::PORTCTL;
use test_support::{Ran, soak};

fn block(machine: &Machine, lines: &str) -> String {
    format!(
        "# >>> port-registry >>>\n\
         # Written by portctl. Changes in this block are lost.\n\
         # Checkout: {}\n\
         {lines}# <<< port-registry <<<\n",
        machine.work().display()
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
        let names = "export PORT_REGISTRY_VARS='WEB_PORT WEB_API_PORT'";
        let shell = format!("export WEB_PORT={web}\nexport WEB_API_PORT={api}\n{names}");
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
        let first = format!(
            "SECRET=1\n# mine\n{}",
            block(machine, &format!("WEB_PORT={web}\n"))
        );
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
        let both = block(machine, &format!("WEB_PORT={web}\nAPI_PORT={api}\n"));
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text, format!("SECRET=1\n# mine\n{both}LAST=1"));

        // A new file in the shell format.
        machine
            .run(&["env", "--format", "shell", "--write", ".envrc"])
            .printed();
        let names = "export PORT_REGISTRY_VARS='WEB_PORT API_PORT'\n";
        let shell = block(
            machine,
            &format!("export WEB_PORT={web}\nexport API_PORT={api}\n{names}"),
        );
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
fn other_lines_that_assign_to_a_variable_are_refused_and_the_hint_makes_them_comments() {
    both_ways(|machine| {
        let web = machine.run(&["get", "web"]).printed().to_owned();
        let text = "X=1\nWEB_PORT=5173\r\nexport WEB_PORT = 'secret\n$X' # c\n# WEB_PORT=1\n";
        let file = machine.write(".env", text);
        let ran = machine.run(&["env", "--write", ".env"]);
        let complaint = ran.complained(1);
        let lines = "outside of it: .env:2 WEB_PORT=5173, .env:3 WEB_PORT=...\n";
        assert!(complaint.contains(lines), "{complaint}");
        assert!(!complaint.contains("secret"), "{complaint}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);

        let followed = follow_hint(machine, &machine.work(), &ran);
        assert_eq!(followed, "wrote 1 port to .env");
        let block = block(machine, &format!("WEB_PORT={web}\n"));
        let commented =
            "X=1\n# WEB_PORT=5173\r\n# export WEB_PORT = 'secret\n# $X' # c\n# WEB_PORT=1\n";
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            format!("{commented}{block}")
        );
        let ran = machine.run(&["env", "--replace"]);
        assert!(
            ran.complained(2).contains("--replace needs --write"),
            "{ran:?}"
        );
    });
}

#[test]
fn block_comes_before_the_lines_that_use_it() {
    both_ways(|machine| {
        let db = machine.run(&["get", "db"]).printed().to_owned();
        let (before, behind) = ("X=1\n", "URL=localhost:${DB_PORT}\nY=2");
        let file = machine.write(".env", &format!("{before}{behind}"));
        machine.run(&["env", "--write", ".env"]).printed();
        let block = block(machine, &format!("DB_PORT={db}\n"));
        let expected = format!("{before}{block}{behind}");
        assert_eq!(fs::read_to_string(&file).unwrap(), expected);
        // As an older version wrote it.
        fs::write(&file, format!("{before}{behind}\n{block}")).unwrap();
        machine.run(&["env", "--write", ".env"]).printed();
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text, format!("{expected}\n"));
    });
}

#[test]
fn file_keeps_every_byte_outside_the_block() {
    both_ways(|machine| {
        machine.run(&["get", "web"]).printed();
        let huge = b"A=\xe9 \xff\r\nB='1\n2'\n".repeat(100_000);
        for text in [
            &b"\xef\xbb\xbfA=\xe9\r\n\r\nB=2"[..],
            b"A='x\n\n",
            b"\n\n  \n",
            &huge,
        ] {
            let file = machine.work().join(".env");
            fs::write(&file, text).unwrap();
            machine.run(&["env", "--write", ".env"]).printed();
            let written = fs::read(&file).unwrap();
            assert!(written.starts_with(text));
            assert!(written.ends_with(b"\n") && written.len() < text.len() + 400);
        }
        let utf16 = machine.write("utf16", "A\0=\x001\0");
        let ran = machine.run(&["env", "--write", "utf16"]);
        assert!(ran.complained(1).contains("it is not text"), "{ran:?}");
        assert_eq!(fs::read(utf16).unwrap(), b"A\0=\x001\0");
    });
}

#[test]
fn checkout_without_ports_writes_no_new_block() {
    both_ways(|machine| {
        let file = machine.write(".env", "A=1\n");
        let write = ["env", "--write", ".env"];
        let ran = machine.run(&write);
        let complaint = ran.complained(1);
        assert!(complaint.contains("no allocations of"), "{complaint}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "A=1\n");
        follow_hint(machine, &machine.work(), &ran);
        assert_eq!(machine.run(&write).printed(), "wrote 1 port to .env");

        // The ports are gone, so they must go from the file, too.
        let text = fs::read(&file).unwrap();
        let released = machine.run(&["release", "web"]);
        assert_eq!(released.stderr, "note: removed WEB_PORT from .env\n");
        assert_eq!(fs::read_to_string(&file).unwrap(), "A=1\n");
        fs::write(&file, text).unwrap();
        let ran = machine.run(&write);
        assert_eq!(
            (ran.code, &*ran.stdout),
            (Some(0), "removed all ports from .env\n")
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), "A=1\n");
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
