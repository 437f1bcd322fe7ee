//! The command line of `portctl compose`, with a stand-in for every program that may be Compose.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use port_registry::Filter;
use test_support::{Ran, Sandbox, free_block, install_script, occupant_in, program};

use super::records;

const PROJECT: &str = "services:\n  db:\n    image: postgres\n    ports:\n      - 5432:5432\n";

/// A folder outside of git with a Compose file, and a PATH with only stand-ins.
pub(super) struct Project {
    pub(super) sandbox: Sandbox,
    pub(super) folder: PathBuf,
}

impl Project {
    pub(super) fn new() -> Project {
        let sandbox = Sandbox::in_memory();
        let folder = sandbox.work().join("shop");
        fs::create_dir_all(folder.join("deep")).unwrap();
        fs::create_dir_all(sandbox.path().join("bin")).unwrap();
        fs::write(folder.join("compose.yaml"), PROJECT).unwrap();
        Project { sandbox, folder }
    }

    /// A project whose `docker` is Compose of this version, and publishes this port.
    fn with_compose(version: &str, published: u16) -> Project {
        let project = Project::new();
        project.install(
            "docker",
            &format!("Docker Compose version v{version}"),
            published,
        );
        project
    }

    /// Installs a stand-in that answers `version` and `config`, and repeats anything else with the files it gets.
    pub(super) fn install(&self, name: &str, version: &str, published: u16) {
        let script = format!(
            r#"#!/bin/sh
for word; do
    case $word in
    version) echo '{version}'; exit 0 ;;
    config)
        echo '{{"name":"shop","services":{{"db":{{"ports":[{{"mode":"ingress","target":5432,"published":"{published}","protocol":"tcp"}}]}}}}}}'
        exit 0 ;;
    esac
done
echo {name} "$@"
echo "$COMPOSE_FILE"
exit 7
"#
        );
        install_script(&script, &self.sandbox.path().join("bin").join(name));
    }

    pub(super) fn script(&self, name: &str, script: &str) {
        let script = format!("#!/bin/sh\n{script}\n");
        install_script(&script, &self.sandbox.path().join("bin").join(name));
    }

    pub(super) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.sandbox.command(program("portctl"));
        command.arg("compose").args(words).current_dir(&self.folder);
        command.env("PATH", self.sandbox.path().join("bin"));
        command
    }

    fn run(&self, words: &[&str]) -> Ran {
        Ran::of(&mut self.command(words))
    }

    /// Returns the port of the only service, if it has one.
    fn port(&self) -> Option<u16> {
        let all = self.sandbox.registry().list(&Filter::new()).unwrap();
        assert!(all.len() < 2, "{all:?}");
        all.first().map(|it| it.port.get())
    }
}

#[test]
fn words_that_need_no_project_reach_compose_as_they_are() {
    let project = Project::with_compose("2.26.1", 5432);
    for words in [
        &["ls", "-a"][..],
        &["help", "up"],
        &["up", "--help"],
        &["--nonsense", "up"],
        &[],
        &["--project-directory", "gone", "up"],
    ] {
        let ran = project.run(words);
        let expected = format!("docker compose {}", words.join(" "));
        assert_eq!(
            ran.stdout,
            format!("{}\n\n", expected.trim_end()),
            "{ran:?}"
        );
        assert_eq!((ran.code, &*ran.stderr), (Some(7), ""), "{words:?}");
    }
    fs::remove_file(project.folder.join("compose.yaml")).unwrap();
    assert_eq!(project.run(&["up"]).stdout, "docker compose up\n\n");
    assert_eq!(project.port(), None);
}

#[test]
fn our_own_help_is_printed_only_for_the_first_word() {
    let project = Project::with_compose("2.26.1", 5432);
    for word in ["-h", "--help"] {
        assert!(
            project
                .run(&[word])
                .printed()
                .starts_with("Usage: portctl compose")
        );
    }
    assert_eq!(project.run(&["--ansi", "never", "-h"]).code, Some(7));
}

#[test]
fn taken_port_is_replaced_from_a_subfolder_and_named_by_print() {
    let project = Project::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let published = taken.local_addr().unwrap().port();
    project.install("docker", "Docker Compose version v2.26.1", published);
    let mut command = project.command(&["up", "-d"]);
    let ran = Ran::of(command.current_dir(project.folder.join("deep")));
    assert_eq!(ran.code, Some(7), "{ran:?}");
    let port = project.port().unwrap();
    assert_ne!(port, published);
    let (line, files) = ran.stdout.split_once('\n').unwrap();
    assert_eq!(line, "docker compose up -d");
    let (first, file) = files.trim().split_once(':').unwrap();
    assert_eq!(first, project.folder.join("compose.yaml").to_str().unwrap());
    let text = fs::read_to_string(file).unwrap();
    assert!(
        text.contains(&format!(r#""published": "{port}""#)),
        "{text}"
    );
    let printed = project.run(&["--print"]);
    assert_eq!(printed.stdout, text);
    assert!(
        printed
            .stderr
            .contains(&format!("COMPOSE_FILE={first}:{file}\n")),
        "{printed:?}"
    );

    // The override that the caller has from an earlier call is made anew.
    let mut command = project.command(&["ps"]);
    command.env("COMPOSE_FILE", format!("compose.yaml:{file}"));
    let ran = Ran::of(&mut command);
    assert_eq!(ran.stdout, format!("docker compose ps\n{first}:{file}\n"));
    let ran = project.run(&["-f", "compose.yaml", "-f", file, "ps"]);
    let line = ran.stdout.lines().next().unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(
        words[..5],
        ["docker", "compose", "-f", "compose.yaml", "-f"]
    );
    assert_eq!((words.len(), words[6]), (7, "ps"));
}

/// The service of Compose itself may be meant to get the port, so a process of the checkout has to stop before. One that
/// may be another checkout's is left in peace.
#[test]
fn only_a_process_of_this_checkout_is_to_be_stopped_for_its_port() {
    for (is_own, step) in [
        (true, "; stop that process, and then `"),
        (false, "; once the port is available, `"),
    ] {
        let project = Project::new();
        let folder = if is_own {
            &project.folder
        } else {
            Path::new("/")
        };
        let (_occupant, published) = occupant_in(folder);
        project.install("docker", "Docker Compose version v2.26.1", published);
        let ran = project.run(&["up"]);
        let end = format!("{step}portctl move db --port {published}` takes it over\n");
        assert!(ran.stderr.ends_with(&end), "{ran:?}");
    }
}

#[test]
fn hints_change_to_the_checkout_of_the_project() {
    let project = Project::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let published = taken.local_addr().unwrap().port();
    project.install("docker", "Docker Compose version v2.26.1", published);
    project.run(&["up"]);
    drop(taken);
    let file = project.folder.join("compose.yaml");
    let mut command = project.command(&["-f", file.to_str().unwrap(), "up"]);
    let elsewhere = Ran::of(command.current_dir(project.sandbox.path()));
    let line = format!("portctl move db --port {published}`");
    let folder = project.folder.display();
    let note = format!("`cd {folder} && {line}");
    assert!(elsewhere.stderr.contains(&note), "{elsewhere:?}");
    let here = project.run(&["up"]);
    assert!(here.stderr.contains(&format!("`{line}")), "{here:?}");
}

#[test]
fn process_on_a_port_of_the_project_is_named_each_time() {
    let project = Project::new();
    let port = free_block(1);
    project.install("docker", "Docker Compose version v2.26.1", port);
    let note = format!("note: port {port} of shop/default/db is in use by ");
    let first = project.run(&["up"]);
    assert!(!first.stderr.contains("in use by"), "{first:?}");
    let _taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    for _ in 0..2 {
        let ran = project.run(&["up"]);
        assert_eq!(ran.stdout, "docker compose up\n\n");
        assert!(ran.stderr.starts_with(&note), "{ran:?}");
    }
    assert_eq!(project.run(&["ps"]).stderr, "");
}

#[test]
fn rehearsals_and_commands_that_start_nothing_allocate_nothing() {
    let project = Project::with_compose("2.26.1", 5432);
    for words in [
        &["--dry-run", "up"][..],
        &["ps"],
        &["down"],
        &["--print", "ps"],
    ] {
        project.run(words);
        assert_eq!(project.port(), None, "{words:?}");
    }
}

#[test]
fn compose_that_is_too_old_for_an_override_is_told_with_the_line_to_write() {
    for (name, version) in [
        ("docker", "Docker Compose version v2.24.3"),
        (
            "docker-compose",
            "docker-compose version 1.29.2, build unknown",
        ),
        ("docker", "podman-compose version 1.5.0"),
    ] {
        let project = Project::new();
        let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let published = taken.local_addr().unwrap().port();
        project.install(name, version, published);
        if !version.contains("2.24") {
            project.script(
                name,
                &format!(
                    "[ \"$1\" = version ] || [ \"$2\" = version ] || exit 2\necho '{version}'"
                ),
            );
        }
        // Commands that start nothing need no ports.
        let ran = project.run(&["ps"]);
        let code = if version.contains("2.24") { 7 } else { 2 };
        assert_eq!((ran.code, &*ran.stderr), (Some(code), ""), "{ran:?}");
        let ran = project.run(&["up"]);
        let told = ran.complained(1);
        assert!(told.contains("that needs Docker Compose 2.24.4"), "{told}");
        assert!(
            told.contains(r#""${DB_PORT:-5432}:5432" into compose.yaml:5"#),
            "{told}"
        );
        // The override is made for a newer one.
        let text = PROJECT.replace("5432:5432", &format!("{published}:5432"));
        fs::write(project.folder.join("compose.yaml"), text).unwrap();
        let printed = project.run(&["--print"]);
        assert!(printed.stdout.contains("ports: !override"), "{printed:?}");
    }
    // One that needs no override is old enough.
    let port = free_block(1);
    let project = Project::with_compose("2.24.3", port);
    assert_eq!(project.run(&["up"]).stdout, "docker compose up\n\n");
}

#[test]
fn docker_compose_without_docker_is_used() {
    let project = Project::new();
    let port = free_block(1);
    project.install("docker-compose", "Docker Compose version v2.26.1", port);
    assert_eq!(
        project.run(&["up", "-d"]).stdout,
        "docker-compose up -d\n\n"
    );
    assert_eq!(
        project.run(&["version"]).stdout,
        "Docker Compose version v2.26.1\n"
    );
}

#[test]
fn missing_compose_has_the_exit_code_of_shells() {
    let project = Project::new();
    for words in [&["up"][..], &["version"], &[]] {
        let ran = project.run(words);
        let expected = "error: there is no Docker Compose on the PATH";
        assert!(ran.complained(127).starts_with(expected), "{ran:?}");
    }
}

#[test]
fn project_that_compose_refuses_ends_with_its_message_and_exit_code() {
    let project = Project::new();
    let script = "for word; do case $word in\n\
                  version) echo 'Docker Compose version v2.26.1'; exit ;;\n\
                  config) printf 'bad\\033[31m file\\n' >&2; exit 15 ;; esac; done\n\
                  echo \"$@\"";
    project.script("docker", script);
    let ran = project.run(&["up"]);
    assert_eq!(ran.complained(15), r"bad\u{1b}[31m file");
    assert_eq!(project.run(&["ps"]).printed(), "compose ps");
    assert_eq!(project.port(), None);
}

#[test]
fn remote_engine_is_noted_and_its_ports_are_not_probed() {
    let project = Project::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let published = taken.local_addr().unwrap().port();
    project.install("docker", "Docker Compose version v2.26.1", published);
    let mut command = project.command(&["up"]);
    let ran = Ran::of(command.env("DOCKER_HOST", "ssh://me@far.example"));
    assert_eq!(ran.stdout, "docker compose up\n\n");
    assert!(
        ran.stderr.contains("another machine: ssh://me@far.example"),
        "{ran:?}"
    );
    assert_eq!(project.port(), Some(published));
}

#[test]
fn copied_ports_of_another_checkout_are_replaced_before_compose_reads_them() {
    let project = Project::with_compose("2.26.1", 5432);
    let other = project.sandbox.work().join("other");
    for folder in [&other, &project.folder] {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("portctl.toml"), "[services]\ndb = 5432\n").unwrap();
    }
    let in_folder = |folder: &PathBuf, words: &[&str]| {
        let mut command = project.sandbox.command(program("portctl"));
        Ran::of(command.args(words).current_dir(folder))
    };
    let ran = in_folder(&other, &["env", "--write", ".env"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    fs::copy(other.join(".env"), project.folder.join(".env")).unwrap();
    let port = in_folder(&project.folder, &["get", "db"]);
    let mut command = project.command(&["-f", "shop/compose.yaml", "up"]);
    let ran = Ran::of(command.current_dir(project.sandbox.work()));
    assert!(
        ran.stderr.contains("had the ports of another checkout"),
        "{ran:?}"
    );
    let text = fs::read_to_string(project.folder.join(".env")).unwrap();
    assert!(
        text.contains(&format!("DB_PORT={}\n", port.stdout.trim())),
        "{text}"
    );
}

#[test]
fn closed_pipe_of_print_is_no_error() {
    let project = Project::with_compose("2.26.1", 5432);
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    project.install(
        "docker",
        "Docker Compose version v2.26.1",
        taken.local_addr().unwrap().port(),
    );
    let mut command = project.command(&["--print"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn standard_input_reaches_compose_each_time_and_leaves_no_file() {
    let project = Project::new();
    let script = "read -r line\n\
                  for word; do case $word in\n\
                  version) echo 'Docker Compose version v2.26.1'; exit ;;\n\
                  config) [ \"$line\" = first ] && echo '{\"name\":\"shop\",\"services\":{}}'; exit ;; esac; done\n\
                  read -r more; echo \"$line $more\"";
    project.script("docker", script);
    let mut command = project.command(&["-f", "-", "up"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"first\nsecond\n").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"first second\n");
    let names = fs::read_dir(records::folder(&project.sandbox)).unwrap();
    let mut names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
    assert!(names.all(|it| !it.starts_with("stdin")));
}

#[test]
fn folder_that_cannot_be_written_is_named_with_the_one_to_allow() {
    let project = Project::with_compose("2.26.1", 5432);
    let folder = records::folder(&project.sandbox);
    let parent = folder.parent().unwrap();
    fs::create_dir_all(parent).unwrap();
    fs::write(&folder, "").unwrap();
    for words in [&["up"][..], &["-f", "-", "ps"]] {
        let ran = project.run(words);
        let told = ran.complained(1);
        let problem = format!("error: cannot write to {}: ", folder.display());
        assert!(told.starts_with(&problem), "{told}");
        let hint = format!("allow portctl to write to {}", parent.display());
        assert!(told.ends_with(&hint), "{told}");
    }
}
