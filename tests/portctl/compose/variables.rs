//! Plain Docker Compose, with the ports that `portctl env` wrote into `.env`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::PORTCTL;
use test_support::{Ran, Sandbox, free_block, is_available};

/// A development kit in the form of Laravel Sail's, whose file has a variable for every port.
const COMPOSE: &str = r#"services:
  app.test:
    image: kit
    ports: ["${APP_PORT:-PORT0}:80", "${VITE_PORT:-PORT1}:${VITE_PORT:-PORT1}"]
  mysql:
    image: mysql
    ports: ["127.0.0.1:${FORWARD_DB_PORT:-PORT2}:3306"]
  redis:
    image: redis
    ports: [{ target: 6379, published: "${FORWARD_REDIS_PORT:-PORT3}" }]
  mailpit:
    image: mailpit
    ports: ["${FORWARD_MAILPIT_PORT:-PORT4}:1025", "${FORWARD_MAILPIT_DASHBOARD_PORT:-${MAIL_UI_PORT:-PORT5}}:8025"]
"#;

/// Returns the host ports that Compose gives to a checkout, by service and container port. A container port that is the
/// host port is 0.
fn published(sandbox: &Sandbox, checkout: &Path) -> BTreeMap<(String, u64), String> {
    let mut command = sandbox.command("docker");
    command.args(["compose", "config", "--format", "json"]);
    let ran = Ran::of(command.current_dir(checkout));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let project: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut published = BTreeMap::new();
    for (service, definition) in project["services"].as_object().unwrap() {
        for port in definition["ports"].as_array().unwrap() {
            let host = port["published"].as_str().unwrap().to_owned();
            let target = port["target"].as_u64().unwrap();
            let target = if host == target.to_string() {
                0
            } else {
                target
            };
            published.insert((service.clone(), target), host);
        }
    }
    published
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn worktrees_have_ports_of_their_own_by_the_variables_of_the_file() {
    let sandbox = Sandbox::in_memory();
    let mut version = sandbox.command("docker");
    assert!(is_available(
        "Docker Compose",
        version.args(["compose", "version"])
    ));
    let [main, linked] = ["kit", "linked"].map(|it| sandbox.work().join(it));
    fs::create_dir(&main).unwrap();
    let first = free_block(6);
    let ports = (0..6).map(|it| (format!("PORT{it}"), (first + it).to_string()));
    let text = ports.fold(COMPOSE.to_owned(), |text, (mark, port)| {
        text.replace(&mark, &port)
    });
    fs::write(main.join("compose.yaml"), text).unwrap();
    fs::write(main.join(".gitignore"), ".env\n").unwrap();
    let run = |folder: &Path, words: &[&str]| {
        let mut command = sandbox.command(PORTCTL);
        let ran = Ran::of(command.args(words).current_dir(folder));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran
    };
    sandbox.git(&main, &["init", "-q"]);
    let declared = run(&main, &["init"]).stdout;
    assert!(!declared.contains("env ="), "{declared}");
    sandbox.git(&main, &["add", "-A"]);
    sandbox.git(&main, &["commit", "-q", "-m", "project"]);
    let linked_path = linked.to_str().unwrap();
    sandbox.git(
        &main,
        &["worktree", "add", "-q", "-b", "other", linked_path],
    );

    let usual = published(&sandbox, &main);
    assert_eq!(usual.len(), 6);
    run(&main, &["env", "--write", ".env"]);
    assert_eq!(published(&sandbox, &main), usual);
    // Programs that make worktrees copy the file.
    fs::copy(main.join(".env"), linked.join(".env")).unwrap();
    for _ in 0..2 {
        run(&linked, &["env", "--write", ".env"]);
        let own = published(&sandbox, &linked);
        assert!(own.keys().eq(usual.keys()), "{own:?}");
        let all: BTreeSet<&String> = own.values().chain(usual.values()).collect();
        assert_eq!(all.len(), 12, "{own:?} {usual:?}");
    }
    let block = fs::read_to_string(linked.join(".env")).unwrap();
    run(&linked, &["sync"]);
    assert_eq!(fs::read_to_string(linked.join(".env")).unwrap(), block);
}
