//! Advice of a scan.

use std::fs;

use super::super::machine::both_ways;
use test_support::Ran;

use super::fixture::{REGISTER, beside_a_shop, clone_of_shop, follow};

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
