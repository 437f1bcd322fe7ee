//! Registering the ports found by a scan.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::machine::both_ways;
use test_support::occupant_in;

#[test]
fn scan_registers_all_found_ports_or_none() {
    both_ways(|machine| {
        let project = machine.work().join("shop");
        fs::create_dir(&project).unwrap();
        let (occupant, busy) = occupant_in(&project);
        let compose = format!(
            "services:\n  db:\n    ports: ['{busy}:5432']\n  web:\n    ports: ['41:80', '42:443']\n"
        );
        machine.write("shop/compose.yaml", &compose);
        machine.write("shop/.env", "SMTP_PORT=43\n");
        let states = |found: &Value| -> Vec<String> {
            let found = found.as_array().unwrap().iter();
            found
                .map(|it| it["registry"].as_str().unwrap().to_owned())
                .collect()
        };
        let scan = |folder: &Path, words: &[&str]| {
            let ran = machine.run_in(folder, &[&["scan", "--json"], words].concat());
            serde_json::from_str::<Value>(ran.printed()).unwrap()
        };
        let found = scan(&project, &[]);
        assert_eq!(states(&found), ["free"; 4]);
        assert_eq!(found[0]["listener"]["pid"], occupant.id());
        assert_eq!(found[3]["guess"], true);
        assert!(machine.held().is_empty());

        // Another service holds one of the ports, so none is registered.
        let claim = [
            "allocate",
            "--service",
            "x",
            "--app",
            "y",
            "--instance",
            "z",
            "--port",
            "42",
        ];
        machine.run(&claim).printed();
        let ran = machine.run_in(&project, &["scan", "--register"]);
        let error = ran.complained(1);
        assert!(
            error.contains("compose.yaml:5: port 42 of web-443 is allocated to y/z/x"),
            "{error}"
        );
        assert_eq!(machine.held().len(), 1);
        machine.run(&["release", "--app", "y"]).printed();

        // The names come from the scanned project, not from the current folder.
        let ran = machine.run(&["scan", "--register", "shop"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(
            ran.stderr
                .starts_with("registered 3; not registered, because they are guesses: 1"),
            "{ran:?}"
        );
        let held = machine.held();
        let services: Vec<&Value> = held.iter().map(|it| &it["service"]).collect();
        assert_eq!(services, ["db", "web", "web-443"]);
        assert_eq!(held[0]["app"], "shop");
        assert_eq!(held[0]["dir"], project.to_str().unwrap());
        assert_eq!(
            states(&scan(&project, &[])),
            ["yours", "yours", "yours", "free"]
        );

        // A second registration changes nothing.
        let ran = machine.run_in(&project, &["scan", "--register"]);
        assert!(
            ran.stderr
                .starts_with("registered 0; registered already: 3"),
            "{ran:?}"
        );
        assert_eq!(machine.held(), held);

        // Another checkout gets conflicts that name the holders.
        let other = machine.work().join("blog");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("compose.yaml"), compose).unwrap();
        assert_eq!(states(&scan(&other, &[])), ["taken"; 3]);
        let ran = machine.run_in(&other, &["scan", "--register", "--json"]);
        let report: Value = serde_json::from_str(ran.complained(1)).unwrap();
        let conflicts = report["conflicts"].as_array().unwrap();
        assert_eq!(conflicts.len(), 3);
        assert_eq!(conflicts[1]["holder"]["service"], "web");
        assert!(
            report["hint"].as_str().unwrap().contains("${DB_PORT:-"),
            "{report}"
        );
        assert_eq!(machine.held(), held);
    });
}

/// A Compose project whose ports are variables runs in two worktrees at once without `portctl compose`.
#[test]
fn worktrees_of_a_compose_project_get_different_ports() {
    let compose = concat!(
        "services:\n",
        "  db:\n    ports: ['${DB_PORT:-5432}:5432']\n",
        "  web:\n    ports: ['${WEB_PORT:-8080}:80']\n",
    );
    both_ways(|machine| {
        let blog = machine.work().join("blog");
        machine.write("blog/compose.yaml", compose);
        machine.write("blog/.gitignore", ".env\n");
        let git = |words: &[&str]| machine.sandbox.git(&blog, words);
        git(&["init", "--quiet"]);
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "Let the ports be chosen"]);
        let ports = |folder: &Path| -> Vec<Value> {
            let found = machine.run_in(folder, &["scan", "--json"]);
            let found: Value = serde_json::from_str(found.printed()).unwrap();
            let found = found.as_array().unwrap();
            assert!(
                found.iter().all(|it| it["registry"] == "yours"),
                "{found:?}"
            );
            found.iter().map(|it| it["port"].clone()).collect()
        };
        let registered = machine.run_in(&blog, &["scan", "--register"]);
        assert_eq!(registered.stderr, "registered 2\n");
        assert_eq!(ports(&blog), [5432, 8080]);

        git(&["worktree", "add", "--quiet", "../feature"]);
        let feature = machine.work().join("feature");
        machine.run_in(&feature, &["get", "db", "web"]).printed();
        let written = machine.run_in(&feature, &["env", "--write", ".env"]);
        assert_eq!(written.printed(), "wrote 2 ports to .env");
        let own = ports(&feature);
        let all: HashSet<String> = own
            .iter()
            .chain(&ports(&blog))
            .map(Value::to_string)
            .collect();
        assert_eq!(all.len(), 4, "{all:?}");
        let refused = machine.run_in(&feature, &["get", "api", "--port", "8080"]);
        let holder = format!("blog/main/web (id 2, of {})", blog.display());
        assert!(refused.complained(1).contains(&holder), "{refused:?}");

        git(&["worktree", "remove", "--force", "../feature"]);
        let pruned = machine.run_in(&blog, &["prune", "--yes"]);
        let expected: Vec<String> = ["db", "web"]
            .iter()
            .zip(&own)
            .map(|(service, port)| format!("released port {port} of blog/feature/{service}"))
            .collect();
        assert_eq!(pruned.printed(), expected.join("\n"));
        assert_eq!(ports(&blog), [5432, 8080]);
    });
}

#[test]
fn scan_registers_no_service_whose_variable_another_one_has() {
    both_ways(|machine| {
        let ports = test_support::free_block(2);
        let compose = |first: &str, second: &str| {
            let text = format!(
                "services:\n  {first}:\n    ports: ['{ports}:80']\n  {second}:\n    ports: ['{}:80']\n",
                ports + 1
            );
            machine.write("compose.yaml", &text);
        };
        compose("web-api", "web.api");
        let ran = machine.run(&["scan", "--register"]);
        assert_eq!(
            ran.complained(1),
            "error: nothing was registered: compose.yaml:5: the services web-api and web.api would share the variable \
             WEB_API_PORT\nhint: rename one of the two"
        );
        assert!(machine.held().is_empty());
        machine.run(&["get", "WEB"]).printed();
        compose("web", "api");
        let ran = machine.run(&["scan", "--register"]);
        assert!(ran.complained(1).contains("compose.yaml:3"), "{ran:?}");
        assert_eq!(machine.held().len(), 1);
        compose("WEB-2", "api");
        let ran = machine.run(&["scan", "--register"]);
        assert_eq!((ran.code, machine.held().len()), (Some(0), 3), "{ran:?}");
    });
}
