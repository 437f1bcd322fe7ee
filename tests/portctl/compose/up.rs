//! The command that `portctl compose` starts, as a stand-in for the docker client sees it.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use super::checkouts::{CONFIG, Checkouts, Folders, are_programs_available, printed_project};
use super::engine::Call;
use super::project;
use test_support::{Ran, Sandbox, wait_until};

/// Variables that shells set.
const OF_SHELL: [&str; 3] = ["PWD", "OLDPWD", "_"];

/// Runs a command that calls the stand-in once. Returns the call without what every process has for itself.
#[track_caller]
fn recorded(checkouts: &Checkouts, command: &mut Command) -> Call {
    let ran = Ran::of(command);
    let mut calls = checkouts.engine.calls();
    assert_eq!(calls.len(), 1, "{calls:?} {ran:?}");
    let mut call = calls.remove(0);
    call.pid = 0;
    for name in OF_SHELL {
        call.environment.remove(name);
    }
    call
}

#[test]
fn main_checkout_with_its_usual_ports_runs_compose_as_typed() {
    if !are_programs_available(&Sandbox::in_memory()) {
        return;
    }
    let project = project::named("name-in-file");
    let checkouts = Checkouts::new(&project, Folders::Different);
    let words = ["--ansi=never", "up", "-d", "--wait", "--", "web"];
    let set = |mut command: Command| {
        command.env("COMPOSE_PROFILES", "a,b").env("EMPTY", "");
        command.env("DOCKER_HOST", "unix:///var/run/docker.sock");
        command
    };
    let main = &checkouts.main;
    let direct = recorded(&checkouts, &mut set(checkouts.compose(main, &words)));
    let call = recorded(
        &checkouts,
        &mut set(checkouts.portctl_compose(main, &words)),
    );
    assert_eq!(call, direct);
    let registry = checkouts.sandbox.registry();
    assert_eq!(
        registry.list(&port_registry::Filter::new()).unwrap().len(),
        2
    );
}

#[test]
fn linked_worktree_runs_compose_with_its_override() {
    if !are_programs_available(&Sandbox::in_memory()) {
        return;
    }
    let project = project::named("from-a-subfolder");
    let checkouts = Checkouts::new(&project, Folders::Different);
    let linked = &checkouts.linked[0];
    checkouts.engine.then("exit 17");
    let words = ["up", "-d", "--build", "web"];
    let ran = Ran::of(&mut checkouts.portctl_compose(linked, &words));
    assert_eq!(ran.code, Some(17), "{ran:?}");
    let call = checkouts.engine.call();
    assert_eq!(call.words, ["compose", "up", "-d", "--build", "web"]);
    assert_eq!(call.folder, linked.join("apps/web"));
    let files = &call.environment["COMPOSE_FILE"];
    let files: Vec<&str> = files
        .split(&call.environment["COMPOSE_PATH_SEPARATOR"])
        .collect();
    assert_eq!(files[0], linked.join("compose.yaml").to_str().unwrap());
    assert_eq!(files.len(), 2);
    let folder = checkouts.sandbox.home().join(".port-registry/compose");
    assert!(files[1].starts_with(folder.to_str().unwrap()), "{files:?}");
    // Compose reads the ports from it that the registry has.
    let mut compose = checkouts.compose(linked, &CONFIG);
    let printed = printed_project(compose.envs(&call.environment)).unwrap();
    let ports = printed.host_ports();
    for (service, usual) in [("web", 3000), ("db", 5432)] {
        let got = Ran::of(&mut checkouts.portctl(linked, &["get", service]));
        let port: u16 = got.stdout.trim().parse().unwrap();
        assert_ne!(port, usual);
        assert_eq!(ports[&(service.to_owned(), 0)], port..=port);
    }
}

#[test]
fn compose_takes_the_place_of_portctl() {
    if !are_programs_available(&Sandbox::in_memory()) {
        return;
    }
    let project = project::named("name-in-file");
    let checkouts = Checkouts::new(&project, Folders::Different);
    let ready = checkouts.sandbox.work().join("ready");
    // `wait` is what a signal interrupts.
    let script = format!(
        "trap 'kill $!; exit 9' TERM; tail -f /dev/null & touch '{}'; wait",
        ready.display()
    );
    checkouts.engine.then(&script);
    let mut command = checkouts.portctl_compose(&checkouts.linked[0], &["up"]);
    let mut child = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("Compose is started", || ready.exists());
    let pid = child.id();
    let ran = checkouts.sandbox.run("kill", &["-TERM", &pid.to_string()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(child.wait().unwrap().code(), Some(9));
    assert_eq!(checkouts.engine.call().pid, pid);
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn project_on_standard_input_reaches_compose_unchanged() {
    assert!(are_programs_available(&Sandbox::in_memory()));
    let project = project::named("from-a-subfolder");
    let checkouts = Checkouts::new(&project, Folders::Different);
    let text = "services: { web: { image: nginx, ports: [\"8080:80\"] } }\n";
    let words = ["-f", "-", "up", "-d"];
    let mut command = checkouts.portctl_compose(&checkouts.linked[0], &words);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let call = checkouts.engine.call();
    assert_eq!(call.stdin, text);
    assert_eq!(call.words[..4], ["compose", "-f", "-", "-f"]);
    assert_eq!(call.words[5..], ["up", "-d"]);
    assert!(
        fs::read_to_string(&call.words[4])
            .unwrap()
            .contains("ports: !override")
    );
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn override_stands_behind_the_last_global_option() {
    assert!(are_programs_available(&Sandbox::in_memory()));
    let project = project::named("from-a-subfolder");
    let checkouts = Checkouts::new(&project, Folders::Different);
    let linked = &checkouts.linked[0];
    for (globals, rest) in [
        (&["-f", "../../compose.yaml"][..], &["up", "-d"][..]),
        (
            &["-f../../compose.yaml", "--profile", "a"],
            &["run", "--rm", "web", "-f", "x"],
        ),
        (
            &["--file=../../compose.yaml", "--progress=plain"],
            &["create", "--", "web"],
        ),
        (
            &[
                "--project-directory",
                "../..",
                "-f",
                "../../compose.yaml",
                "-p",
                "plum",
            ],
            &["up"],
        ),
        (
            &["--env-file", "../../db.env", "-f", "../../compose.yaml"],
            &["up", "--", "-f"],
        ),
    ] {
        let words: Vec<&str> = globals.iter().chain(rest).copied().collect();
        let call = recorded(&checkouts, &mut checkouts.portctl_compose(linked, &words));
        let count = globals.len();
        assert_eq!(call.words[1..=count], *globals);
        assert_eq!(call.words[count + 1], "-f");
        assert!(fs::exists(&call.words[count + 2]).unwrap(), "{call:?}");
        assert_eq!(call.words[count + 3..], *rest);
        assert!(!call.environment.contains_key("COMPOSE_FILE"), "{call:?}");
    }
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn other_commands_use_the_ports_that_exist_and_allocate_none() {
    assert!(are_programs_available(&Sandbox::in_memory()));
    let project = project::named("from-a-subfolder");
    let checkouts = Checkouts::new(&project, Folders::Different);
    let linked = &checkouts.linked[0];
    let others: [&[&str]; 4] = [
        &["ps", "-a"],
        &["logs", "-f", "web"],
        &["exec", "-T", "db", "psql"],
        &["down", "-v"],
    ];
    for words in others {
        let direct = recorded(&checkouts, &mut checkouts.compose(linked, words));
        let call = recorded(&checkouts, &mut checkouts.portctl_compose(linked, words));
        assert_eq!(call, direct);
    }
    assert!(!checkouts.sandbox.store().exists());
    recorded(&checkouts, &mut checkouts.portctl_compose(linked, &["up"]));
    let registry = checkouts.sandbox.registry();
    let before = registry.list(&port_registry::Filter::new()).unwrap();
    for words in others {
        let call = recorded(&checkouts, &mut checkouts.portctl_compose(linked, words));
        assert_eq!(call.words[1..], *words);
        let mut compose = checkouts.compose(linked, &CONFIG);
        let printed = printed_project(compose.envs(&call.environment)).unwrap();
        let port = printed.host_ports()[&("db".to_owned(), 0)].clone();
        assert!(
            before.iter().any(|it| port.contains(&it.port.get())),
            "{port:?}"
        );
    }
    assert_eq!(
        registry.list(&port_registry::Filter::new()).unwrap(),
        before
    );
}
