//! What is told of a conflict, and that it leads on.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::machine::{Machine, both_ways};
use crate::PORTCTL;
use test_support::{Ran, free_block, listener};

const REGISTER: [&str; 2] = ["scan", "--register"];

#[test]
fn a_port_is_refused_with_its_holder_its_folder_its_use_and_a_way_out() {
    both_ways(|machine| {
        let (listener, port) = listener();
        let text = port.to_string();
        let here = machine.work().join("here");
        fs::create_dir(&here).unwrap();
        let claim = ["allocate", "--service", "db", "--port", &text];
        machine
            .run_in(&here, &[&claim[..], &["--adopt"]].concat())
            .printed();
        let told = |ran: &Ran| -> Value { serde_json::from_str(ran.complained(1)).unwrap() };

        let there = machine.work().join("there");
        fs::create_dir(&there).unwrap();
        let ran = machine.run_in(&there, &[&claim[..], &["--json"]].concat());
        let told_in_use = told(&ran);
        let error = told_in_use["error"].as_str().unwrap();
        let holder = format!(
            "port {port} is already allocated to here/default/db (id 1, of {}), and in use by ",
            here.display()
        );
        assert!(error.starts_with(&holder), "{error}");
        assert_eq!(told_in_use["listener"]["pid"], std::process::id());
        assert_eq!(told_in_use["holder"]["dir"], here.to_str().unwrap());
        assert!(
            told_in_use["hint"]
                .as_str()
                .unwrap()
                .contains("`portctl release --id 1`")
        );

        drop(listener);
        let ran = machine.run_in(&there, &claim);
        let complaint = ran.complained(1);
        assert!(
            complaint.contains(", and nothing listens there\nhint: "),
            "{complaint}"
        );
        // When its folder is gone, there is nobody to ask.
        fs::remove_dir(&here).unwrap();
        let ran = machine.run_in(&there, &claim);
        let hint = "hint: `portctl release --id 1` frees it: its checkout is gone";
        assert!(ran.complained(1).ends_with(hint), "{ran:?}");
        machine.run_in(&there, &["release", "--id", "1"]).printed();
        machine.run_in(&there, &claim).printed();
    });
}

/// Runs the command that a complaint names, as somebody does who pastes it into a shell.
#[track_caller]
fn follow(machine: &Machine, folder: &Path, ran: &Ran) -> String {
    let hint = ran.complained(1).split_once("hint: ").unwrap().1;
    let command = hint.split('`').nth(1).unwrap();
    let bin = machine.sandbox.path().join("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        symlink(PORTCTL, bin.join("portctl")).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    let mut shell = machine.program("sh", folder);
    shell.env("PATH", format!("{}:{path}", bin.display()));
    let followed = Ran::of(shell.args(["-ec", command]));
    assert_eq!(followed.code, Some(0), "`{command}`: {followed:?}");
    followed.stdout.trim_end().to_owned()
}

#[test]
fn the_command_that_a_hint_names_resolves_the_conflict() {
    both_ways(|machine| {
        let (_listener, port) = listener();
        let port = port.to_string();
        let work = machine.work();
        // Something listens: it is the service itself.
        let claim = ["get", "db", "--port", &port];
        follow(machine, &work, &machine.run(&claim));
        assert_eq!(machine.run(&claim).printed(), port);
        // Another service holds it; and then something listens still.
        let rival = ["get", "the cache", "--port", &port];
        follow(machine, &work, &machine.run(&rival));
        follow(machine, &work, &machine.run(&rival));
        assert_eq!(machine.run(&rival).printed(), port);
        // The service has a port, be it the one that is asked for.
        let allocate = ["allocate", "--service", "the cache"];
        assert_eq!(follow(machine, &work, &machine.run(&allocate)), port);
        let ran = machine.run(&[&allocate[..], &["--port", &port]].concat());
        assert_eq!(follow(machine, &work, &ran), port);
        // It has another one than is asked for.
        let free = free_block(1).to_string();
        let wanted = ["get", "the cache", "--port", &free];
        follow(machine, &work, &machine.run(&wanted));
        assert_eq!(machine.run(&wanted).printed(), free);
        // Names that are not those of this folder, and look like flags.
        let odd = ["allocate", "--app=-a", "--instance=it's", "--service=-q"];
        let first = machine.json(&[&odd[..], &["--json"]].concat());
        let ran = machine.run(&odd);
        assert_eq!(follow(machine, &work, &ran), first["port"].to_string());
        // A release that spares what another one holds.
        machine
            .run(&[
                "get",
                "web",
                "--app",
                "x",
                "--instance",
                "y",
                "--port",
                "44",
            ])
            .printed();
        let ran = machine.run(&["release", "--port", "44"]);
        follow(machine, &work, &ran);
        machine
            .run(&[
                "get",
                "web",
                "--app",
                "z",
                "--instance",
                "y",
                "--port",
                "44",
            ])
            .printed();
    });
}

#[test]
fn checkouts_of_the_same_names_that_follow_the_hint_share_no_port() {
    both_ways(|machine| {
        let folders = ["a/shop", "b/shop", "c/shop", "c/b/shop", "d/default"];
        let folders = folders.map(|name| machine.work().join(name));
        let mut ports = HashSet::new();
        for folder in &folders {
            fs::create_dir_all(folder).unwrap();
            let get = ["get", "web", "--app", "shop"];
            // Outside of git the app is the folder's name, so it is typed for the last one.
            let is_alike = folder.ends_with("shop");
            let ran = machine.run_in(folder, if is_alike { &get[..2] } else { &get });
            let port = match ran.code {
                Some(0) => ran.printed().to_owned(),
                _ => follow(machine, folder, &ran),
            };
            if is_alike {
                assert!(
                    ports.insert(port.clone()),
                    "{}: {port} again",
                    folder.display()
                );
            }
        }
        assert_eq!(ports.len(), 4);
    });
}

/// A repository that has its name from its remote, and so shares it with all clones.
fn clone_of_shop(machine: &Machine, name: impl AsRef<Path>) -> PathBuf {
    let folder = machine.work().join(name);
    fs::create_dir(&folder).unwrap();
    let git = |words: &[&str]| machine.sandbox.git(&folder, words);
    git(&["init", "--quiet"]);
    let url = "https://example.com/owner/shop.git";
    git(&["remote", "add", "origin", url]);
    folder
}

#[cfg(target_os = "linux")]
#[test]
fn a_checkout_whose_path_is_no_text_never_takes_anothers_ports_for_its_own() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    both_ways(|machine| {
        let clones = [OsStr::new("one"), OsStr::from_bytes(b"caf\xe9")];
        let [one, other] = clones.map(|name| clone_of_shop(machine, name));
        let port = machine.run_in(&one, &["get", "web"]).printed().to_owned();
        for words in [
            &["get", "web"][..],
            &["env"],
            &["run", "--", "true"],
            &["run", "--service", "web", "--", "true"],
            &["release"],
            &["allocate", "--service", "db"],
        ] {
            let ran = machine.run_in(&other, words);
            assert_eq!(ran.code, Some(1), "{words:?}: {ran:?}");
        }
        assert_eq!(machine.run_in(&one, &["get", "web"]).printed(), port);
        // Names that are typed are taken at their word.
        let named = ["get", "web", "--app", "shop", "--instance", "other"];
        assert_ne!(machine.run_in(&other, &named).printed(), port);
    });
}

#[test]
fn a_scan_in_a_clone_tells_of_the_name_that_it_needs_before_all_else() {
    both_ways(|machine| {
        let [one, other] = ["one", "other"].map(|name| {
            let folder = clone_of_shop(machine, name);
            fs::write(folder.join("Procfile"), "web: next -p 42\ndb: next -p 43\n").unwrap();
            folder
        });
        machine
            .run_in(&one, &["allocate", "--service", "web", "--port", "42"])
            .printed();
        let rival = [
            "allocate",
            "--app",
            "x",
            "--instance",
            "y",
            "--service",
            "z",
            "--port",
            "43",
        ];
        machine.run(&rival).printed();
        let ran = machine.run_in(&other, &REGISTER);
        let complaint = ran.complained(1);
        assert!(!complaint.contains("port 43"), "{complaint}");
        assert!(
            complaint.contains("`portctl scan --register --instance other-"),
            "{complaint}"
        );
    });
}

#[test]
fn what_a_scan_advises_tells_checkouts_of_the_same_names_apart() {
    both_ways(|machine| {
        let compose = "services: {db: {ports: ['45:5432']}, web: {ports: ['46:80']}}";
        let [first, second] = ["a/shop", "b/shop"].map(|name| {
            machine.write(&format!("{name}/compose.yaml"), compose);
            machine.work().join(name)
        });
        let ran = machine.run_in(&first, &REGISTER);
        assert_eq!(ran.code, Some(0), "{ran:?}");

        // Another checkout of the same names, one of whose services has a port already.
        let ran = machine.run_in(&second, &REGISTER);
        let complaint = ran.complained(1);
        assert_eq!(
            complaint
                .matches("another checkout with the same names")
                .count(),
            2,
            "{complaint}"
        );
        let instance = complaint
            .split_once("`portctl scan --register --instance ")
            .unwrap()
            .1;
        let instance = instance.split_once('`').unwrap().0;
        let register_by_it = [&REGISTER[..], &["--instance", instance]].concat();
        let ran = machine.run_in(&second, &register_by_it);
        assert!(
            ran.complained(1)
                .contains("is allocated to shop/default/db"),
            "{ran:?}"
        );
        assert!(!ran.stderr.contains("another checkout"), "{ran:?}");
    });
}

/// A project, of which another one holds the ports 45 and 46.
fn beside_a_shop(machine: &Machine) -> PathBuf {
    let compose = "services: {db: {ports: ['45:5432']}, web: {ports: ['46:80']}}";
    let [shop, blog] = ["shop", "blog"].map(|name| {
        machine.write(&format!("{name}/compose.yaml"), compose);
        machine.work().join(name)
    });
    assert_eq!(machine.run_in(&shop, &REGISTER).code, Some(0));
    blog
}

#[test]
fn what_a_scan_advises_resolves_its_conflicts() {
    both_ways(|machine| {
        let blog = beside_a_shop(machine);
        // Another project, which is told what to write and to do. From elsewhere, too.
        machine.write("blog/compose.yaml", "services: {db: {ports: ['45:5432']}}");
        let ran = machine.run(&["scan", "--register", "blog", "--instance", "it"]);
        let complaint = ran.complained(1);
        assert!(
            complaint.contains("write ${DB_PORT:-45} for 45 there"),
            "{complaint}"
        );
        assert!(
            complaint.contains("--app blog --instance it"),
            "{complaint}"
        );
        machine.write(
            "blog/compose.yaml",
            "services: {db: {ports: ['${DB_PORT:-45}:5432']}}",
        );
        let ran = machine.run_in(&blog, &REGISTER);
        follow(machine, &blog, &ran);
        let ran = machine.run_in(&blog, &REGISTER);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(
            ran.stderr
                .starts_with("registered 0; registered already: 1"),
            "{ran:?}"
        );

        // Its own port by another name is its own.
        machine.write(
            "blog/compose.yaml",
            "services: {database: {ports: ['${DB_PORT:-45}:5432']}}",
        );
        let ran = machine.run_in(&blog, &REGISTER);
        assert!(
            ran.stderr
                .starts_with("registered 0; registered already: 1"),
            "{ran:?}"
        );
        // The service has another port by now.
        machine.write("blog/compose.yaml", "services: {db: {ports: ['47:5432']}}");
        let ran = machine.run_in(&blog, &REGISTER);
        follow(machine, &blog, &ran);
        assert_eq!(machine.run_in(&blog, &REGISTER).code, Some(0));
        // And wants one that is somebody else's, so that it would not help to give up its own.
        machine.write("blog/compose.yaml", "services: {db: {ports: ['46:5432']}}");
        let ran = machine.run_in(&blog, &REGISTER);
        let complaint = ran.complained(1);
        assert!(
            complaint.contains("is allocated to shop/default/web"),
            "{complaint}"
        );
        assert!(
            complaint.contains("`portctl get db && portctl env --write .env`"),
            "{complaint}"
        );
        let ran = machine.run_in(&blog, &["get", "db", "--port", "46"]);
        assert_eq!(follow(machine, &blog, &ran), "47");
        // A variable of another name stands there already.
        machine.write(
            "blog/compose.yaml",
            "services: {db: {ports: ['${PG:-46}:5432']}}",
        );
        let ran = machine.run_in(&blog, &REGISTER);
        let complaint = ran.complained(1);
        assert!(
            complaint.contains("set PG to the port that `portctl get db` prints"),
            "{complaint}"
        );
    });
}

#[test]
fn ports_that_can_be_chosen_are_chosen_where_they_are_read() {
    both_ways(|machine| {
        let blog = beside_a_shop(machine);
        // Two of its own that have changed places.
        machine.write(
            "blog/compose.yaml",
            "services: {db: {ports: ['48:1']}, mq: {ports: ['49:1']}}",
        );
        machine.run_in(&blog, &REGISTER);
        machine.write(
            "blog/compose.yaml",
            "services: {db: {ports: ['49:1']}, mq: {ports: ['48:1']}}",
        );
        let ran = machine.run_in(&blog, &REGISTER);
        assert!(ran.complained(1).contains("and db has port 48"), "{ran:?}");
        let both = ran.stderr.split('`').nth(1).unwrap();
        for id in both.split("--id ").skip(1) {
            let id = id.split(' ').next().unwrap();
            machine.run_in(&blog, &["release", "--id", id]).printed();
        }
        assert_eq!(machine.run_in(&blog, &REGISTER).code, Some(0));
        assert_eq!(
            machine.run_in(&blog, &["get", "db", "mq"]).printed(),
            "49\n48"
        );

        // A port that can be chosen, and has been.
        machine.write(
            "blog/compose.yaml",
            "services: {db: {ports: ['${DB_PORT:-50}:1']}}",
        );
        machine.write("blog/.env", "");
        let ran = machine.run_in(&blog, &REGISTER);
        follow(machine, &blog, &ran);
        assert_eq!(machine.run_in(&blog, &REGISTER).code, Some(0));

        // A variable that the shell sets outweighs all files.
        let mut set = machine.command(&blog, &REGISTER);
        let ran = Ran::of(set.env("DB_PORT", "45"));
        assert!(ran.complained(1).contains("`unset DB_PORT`"), "{ran:?}");

        // Where Compose is run is where its variables are read.
        let elsewhere = machine.work().join("elsewhere");
        machine.write("elsewhere/.env", "COMPOSE_FILE=docker/dev.yaml\n");
        let file = "services: {db: {ports: ['${HOST_IP:-127.0.0.1}:${DB_PORT:-45}:${INNER:-1}']}}";
        machine.write("elsewhere/docker/dev.yaml", file);
        let ran = machine.run_in(&elsewhere, &REGISTER);
        follow(machine, &elsewhere, &ran);
        assert_eq!(machine.run_in(&elsewhere, &REGISTER).code, Some(0));
        assert!(!elsewhere.join("docker/.env").exists());
    });
}

/// Hints are of use where they are read.
#[test]
fn what_a_scan_of_elsewhere_advises_is_about_what_was_scanned() {
    both_ways(|machine| {
        let compose = "services: {db: {ports: ['${DB_PORT:-45}:5432']}}";
        let first = machine.work().join("first");
        machine.write("first/compose.yaml", compose);
        machine.write("other/docker/compose.yaml", compose);
        machine.write("alike/first/compose.yaml", compose);
        machine
            .run_in(&first, &["get", "db", "--port", "45"])
            .printed();
        let here = machine.work().join("here");
        fs::create_dir(&here).unwrap();

        let scan = ["scan", "--register", "../other"];
        let ran = machine.run_in(&here, &scan);
        follow(machine, &here, &ran);
        assert!(machine.work().join("other/docker/.env").exists(), "{ran:?}");
        assert_eq!(machine.run_in(&here, &scan).code, Some(0));

        let ran = machine.run_in(&here, &["scan", "--register", "../alike/first"]);
        let complaint = ran.complained(1);
        let hint = complaint
            .split_once("`portctl scan --register --instance alike-")
            .unwrap()
            .1;
        assert!(hint.contains(" ../alike/first`"), "{complaint}");

        // In a worktree inside of the one that is scanned, which has names of its own.
        let git = |words: &[&str]| machine.sandbox.git(&machine.work().join("other"), words);
        git(&["init", "--quiet"]);
        git(&["commit", "--quiet", "--allow-empty", "--message", "Begin"]);
        git(&["worktree", "add", "--quiet", ".worktrees/n"]);
        let nested = machine.work().join("other/.worktrees/n");
        let ran = machine.run_in(&nested, &["scan", "--register", "../.."]);
        let complaint = ran.complained(1);
        assert!(complaint.contains("--app other --instance"), "{complaint}");
    });
}
