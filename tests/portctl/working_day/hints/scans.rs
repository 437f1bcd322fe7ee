//! Hints of `portctl scan --register`.

use std::fs;

use super::super::machine::both_ways;
use test_support::Ran;

use super::fixture::{REGISTER, clone_of_shop, follow_hint, project_beside_shop};

#[test]
fn hint_of_a_scan_gives_a_second_clone_a_port_of_its_own() {
    both_ways(|machine| {
        let [one, other] = ["one", "other"].map(|name| {
            let folder = clone_of_shop(machine, name);
            let compose = "services: {db: {ports: ['${DB_PORT:-45}:5432']}}";
            fs::write(folder.join("compose.yaml"), compose).unwrap();
            folder
        });
        let ran = machine.run_in(&one, &REGISTER);
        assert_eq!(ran.code, Some(0), "{ran:?}");

        // The second clone has the same labels, and the first holds its port.
        let ran = machine.run_in(&other, &REGISTER);
        let complaint = ran.complained(1);
        assert!(
            complaint.contains("is allocated to shop/main/db"),
            "{complaint}"
        );
        follow_hint(machine, &other, &ran);
        let ran = machine.run_in(&other, &REGISTER);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let port = |folder| machine.run_in(folder, &["get", "db"]).printed().to_owned();
        assert_eq!(port(&one), "45");
        assert_ne!(port(&other), "45");
    });
}

#[test]
fn hints_of_a_scan_resolve_its_conflicts() {
    both_ways(|machine| {
        let blog = project_beside_shop(machine);
        // The hint names the edit and the command, and the checkout if the scan runs elsewhere.
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
        follow_hint(machine, &blog, &ran);
        let ran = machine.run_in(&blog, &REGISTER);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(
            ran.stderr
                .starts_with("registered 0; registered already: 1"),
            "{ran:?}"
        );

        // A port of the same checkout under another service name is no conflict.
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
        // The file names another port than the service has.
        machine.write("blog/compose.yaml", "services: {db: {ports: ['47:5432']}}");
        let ran = machine.run_in(&blog, &REGISTER);
        follow_hint(machine, &blog, &ran);
        assert_eq!(machine.run_in(&blog, &REGISTER).code, Some(0));
        // The file names a port of another checkout, so releasing the service's own port would not help.
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
        assert_eq!(follow_hint(machine, &blog, &ran), "47");
        // The file has a name of its own for the variable.
        machine.write(
            "blog/compose.yaml",
            "services: {db: {ports: ['${PG:-46}:5432']}}",
        );
        let ran = machine.run_in(&blog, &REGISTER);
        follow_hint(machine, &blog, &ran);
        let env = fs::read_to_string(blog.join(".env")).unwrap();
        assert!(env.contains("\nPG=47\n"), "{env}");
        fs::remove_file(blog.join(".env")).unwrap();
        // `env` writes no variable that sets the ports of two services.
        machine.write(
            "blog/compose.yaml",
            "services: {db: {ports: ['${PG:-46}:5432']}, pg: {ports: ['${PG:-46}:5433']}}",
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
fn hint_about_a_script_runs_it_with_a_port_of_its_own() {
    both_ways(|machine| {
        let blog = project_beside_shop(machine);
        let package = r#"{"scripts": {"dev": "next dev -p 46"}}"#;
        fs::remove_file(blog.join("compose.yaml")).unwrap();
        machine.write("blog/package.json", package);
        let ran = machine.run_in(&blog, &REGISTER);
        let run = "`portctl run dev -- npm run dev`";
        assert!(ran.complained(1).ends_with(run), "{ran:?}");
        let ran = machine.run(&["scan", "--register", "blog"]);
        let run = format!("`cd {} && portctl run dev -- npm run dev`", blog.display());
        assert!(ran.complained(1).ends_with(&run), "{ran:?}");
    });
}

#[test]
fn hint_sets_a_configurable_port_where_it_is_read() {
    both_ways(|machine| {
        let blog = project_beside_shop(machine);
        // Two services of one checkout have swapped their ports.
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

        // The port is configurable, and the hint sets it in `.env`.
        machine.write(
            "blog/compose.yaml",
            "services: {db: {ports: ['${DB_PORT:-50}:1']}}",
        );
        machine.write("blog/.env", "");
        let ran = machine.run_in(&blog, &REGISTER);
        follow_hint(machine, &blog, &ran);
        assert_eq!(machine.run_in(&blog, &REGISTER).code, Some(0));

        // A variable of the shell takes precedence over all files.
        let mut set = machine.command(&blog, &REGISTER);
        let ran = Ran::of(set.env("DB_PORT", "45"));
        assert!(ran.complained(1).contains("`unset DB_PORT`"), "{ran:?}");

        // Compose reads its variables in the folder it runs in, not beside its file.
        let elsewhere = machine.work().join("elsewhere");
        machine.write("elsewhere/.env", "COMPOSE_FILE=docker/dev.yaml\n");
        let file = "services: {db: {ports: ['${HOST_IP:-127.0.0.1}:${DB_PORT:-45}:${INNER:-1}']}}";
        machine.write("elsewhere/docker/dev.yaml", file);
        let ran = machine.run_in(&elsewhere, &REGISTER);
        follow_hint(machine, &elsewhere, &ran);
        assert_eq!(machine.run_in(&elsewhere, &REGISTER).code, Some(0));
        assert!(!elsewhere.join("docker/.env").exists());
    });
}

#[test]
fn hints_of_a_scan_of_another_folder_work_in_the_current_one() {
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
        follow_hint(machine, &here, &ran);
        assert!(machine.work().join("other/docker/.env").exists(), "{ran:?}");
        assert_eq!(machine.run_in(&here, &scan).code, Some(0));

        // The labels of that checkout are those of another one, so the hint changes to it.
        let alike = ["scan", "--register", "../alike/first"];
        let ran = machine.run_in(&here, &alike);
        follow_hint(machine, &here, &ran);
        assert_eq!(machine.run_in(&here, &alike).code, Some(0));
        let port = machine.run_in(&first, &["get", "db"]);
        assert_eq!(port.printed(), "45");

        // The current folder is a worktree inside the scanned one, and has ports of its own.
        let git = |words: &[&str]| machine.sandbox.git(&machine.work().join("other"), words);
        git(&["init", "--quiet"]);
        git(&["commit", "--quiet", "--allow-empty", "--message", "Begin"]);
        git(&["worktree", "add", "--quiet", ".worktrees/n"]);
        let nested = machine.work().join("other/.worktrees/n");
        machine.write("other/Procfile", "web: next -p 45\n");
        let ran = machine.run_in(&nested, &["scan", "--register", "../.."]);
        let scanned = machine.work().join("other");
        let cd = format!("`cd {} && ", scanned.display());
        assert!(ran.complained(1).contains(&cd), "{ran:?}");
    });
}
