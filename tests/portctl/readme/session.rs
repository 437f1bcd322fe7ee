//! Runs the documents' commands in order, in sandboxes with new network namespaces.
//!
//! In a new network namespace all ports are free, so the daemon can use its default port.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::blocks::{self, Block, ShownCommand};
use super::text::{DAEMON, Document, LIBRARY, PORTCTL as COMMAND_LINE, README};
use crate::PORTCTL;
use test_support::namespace;
use test_support::{Ran, Sandbox, install, is_available, path_with, program};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Marks the start and the end of a command's output. Never part of an output.
const MARK: char = '\u{1e}';

/// Scripts that replace programs which are not available everywhere. Each does what the documents show of its program.
const STAND_INS: [(&str, &str); 13] = [
    // CI runs these for real.
    (
        "cargo",
        r#"#!/bin/sh
            case "$1 $2" in
                'run --') shift 2; exec portctl "$@" ;;
                'test ') exit 0 ;;
                'install --locked') exec test "$3" = --path -a -e "$REPOSITORY/$4/Cargo.toml" ;;
                *) exit 1 ;;
            esac"#,
    ),
    (
        "vite",
        r#"#!/bin/sh
            test "$1" = --port && echo "listening on http://localhost:$2""#,
    ),
    (
        "npm",
        r#"#!/bin/sh
            test "$*" = test || { test "$*" = "run -s dev" && echo "listening on http://localhost:$PORT"; }"#,
    ),
    (
        "npx",
        r#"#!/bin/sh
            test "$1 $2 $4" = "vite --port --strictPort" && exec listener "$3""#,
    ),
    (
        "node",
        r#"#!/bin/sh
            test "$1" = api.js && test -n "$REDIS_URL" && exec listener "$PORT""#,
    ),
    (
        "redis-server",
        r#"#!/bin/sh
            test "$1" = --port && exec listener "$2""#,
    ),
    (
        "listener",
        r"#!/usr/bin/perl
            use Socket;
            socket(S, PF_INET, SOCK_STREAM, 0) && bind(S, sockaddr_in($ARGV[0], INADDR_LOOPBACK)) && listen(S, 5) or die $!;
            sleep 600;",
    ),
    // Runs the command without the network of the machine, like a container or a sandbox.
    (
        "in-container",
        r#"#!/bin/sh
            while [ "$1" != portctl ]; do shift; done
            exec unshare --net -- "$@""#,
    ),
    (
        "bwrap",
        r#"#!/bin/sh
            exec in-container "$@""#,
    ),
    // Publishes the ports of the folder's Compose file like Compose, or those of the last file of COMPOSE_FILE.
    (
        "docker",
        r#"#!/bin/sh
            [ "$1" = run ] && exec in-container "$@"
            [ "$1" = compose ] || exit 1
            proxies=~/docker-${PWD##*/}.pids
            case $2 in
                --profile)
                    echo "{\"name\": \"${PWD##*/}\", \"services\": {"
                    perl -ne '
                        /^  (\w+):$/ and $name = $1;
                        /^    container_name: (\w+)/ and $more = qq("container_name": "$1", );
                        if (/^    ports: \["(?:([\d.]+):)?(\d+):(\d+)"\]/) {
                            my $address = $1 ? qq("host_ip": "$1", ) : "";
                            my $port = qq("mode": "ingress", "protocol": "tcp", "published": "$2", "target": $3);
                            push @services, qq("$name": {$more"ports": [{$address$port}]});
                            $more = "";
                        }
                        END { print join ", ", @services }' compose.yaml
                    echo '}}'
                    exit ;;
                version) echo "Docker Compose version v2.26.1"; exit ;;
                up) ;;
                down)
                    for proxy in $(cat "$proxies"); do
                        kill $proxy
                        while [ -e /proc/$proxy/exe ]; do sleep 0.05; done
                    done
                    exit ;;
                *) exit 1 ;;
            esac
            if [ -n "$COMPOSE_FILE" ]; then
                set -- $(sed -n 's/.*"published": "\([0-9]*\)".*/\1/p' "${COMPOSE_FILE##*:}")
            else
                set --
            fi
            [ -n "$1" ] || set -- $(perl -ne '/^    ports: \["(?:[\d.]+:)?(\d+):/ and print "$1 "' compose.yaml)
            echo "${PWD##*/} $*" >> ~/docker.log
            is_up() { grep -q "$(printf '%04X' $1) 0*:0000 0A" /proc/net/tcp; }
            for port; do
                if is_up $port; then
                    echo "Error response from daemon: Bind for 0.0.0.0:$port failed: port is already allocated"
                    exit 1
                fi
            done
            [ -e ~/engine ] || { mkdir ~/engine; cp "$(command -v perl)" ~/engine/docker-proxy; }
            for port; do docker-proxy $port & echo $! >> "$proxies"; done
            for port; do until is_up $port; do sleep 0.05; done; done"#,
    ),
    (
        "docker-proxy",
        // The executable has the name of the real one.
        r#"#!/bin/sh
            cd /
            exec ~/engine/docker-proxy -MSocket -e '
                socket(S, PF_INET, SOCK_STREAM, 0) && bind(S, sockaddr_in($ARGV[0], INADDR_ANY)) && listen(S, 5) or die $!;
                open(STDOUT, ">/dev/null"); open(STDERR, ">/dev/null");
                sleep 600;' "$1""#,
    ),
    // Runs the command of the unit like systemd.
    (
        "systemctl",
        r#"#!/bin/sh
            [ "$*" = "--user enable --now port-registry" ] || exit 1
            unit=~/.local/share/systemd/user/port-registry.service
            path=$(sed -n "s|^Environment=PATH=||p" $unit | sed "s|%h|$HOME|g")
            command=$(sed -n "s|^ExecStart=||p" $unit)
            PATH=$path $command 2>/dev/null &
            until portctl health; do sleep 0.05; done"#,
    ),
    // Only checks that the file exists, because `.ci/package` checks its text.
    (
        "launchctl",
        r#"#!/bin/sh
            [ "$1 $2" = "bootstrap gui/$(id -u)" ] && grep -q ProgramArguments "$3""#,
    ),
];

/// A sandbox with projects, and the commands to run in it.
struct ReadmeMachine<'a> {
    /// The path of the document.
    document: &'a str,
    sandbox: Sandbox,
    /// The remark in the document that starts a new machine.
    remark: &'a str,
    script: String,
    commands: Vec<ShownCommand<'a>>,
}

impl<'a> ReadmeMachine<'a> {
    fn new(document: &'a str, remark: &'a str) -> ReadmeMachine<'a> {
        let sandbox = Sandbox::in_memory();
        let home = sandbox.home();
        let programs = home.join("bin");
        fs::create_dir(&programs).unwrap();
        install(PORTCTL, &programs.join("portctl"));
        install(program("port-registry"), &programs.join("port-registry"));
        for (name, script) in STAND_INS {
            let path = programs.join(name);
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        for project in ["shop", "blog", "site"] {
            let folder = home.join(project);
            fs::create_dir(&folder).unwrap();
            sandbox.git(&folder, &["init", "--quiet"]);
        }
        let script = match remark {
            _ if remark.ends_with("the Go program's") => {
                "sqlite3 ~/.port-registry/ports.db 'CREATE TABLE allocations (id INTEGER, app TEXT, instance TEXT, \
                 service TEXT, port INTEGER, created_at DATETIME)' \
                 \"INSERT INTO allocations VALUES (1, 'shop', 'main', 'web', 4001, '2026-01-01 12:00:00')\"\n\
                 port-registry --db ~/go --pidfile ~/go.pid 2>/dev/null & sleep 0\n\
                 until curl -s localhost:51234/healthz; do sleep 0.05; done\n\
                 curl -s localhost:51234/v1/allocations \
                 -d '{\"app\":\"blog\",\"instance\":\"main\",\"service\":\"web\",\"port\":4002}'\n"
            }
            _ if remark.ends_with("with shop's Postgres up") => {
                "for project in shop blog; do printf '%s\\n' 'services:' '  db:' '    image: postgres' \
                 '    ports: [\"5432:5432\"]' > ~/$project/compose.yaml; done\n\
                 docker compose up -d\n"
            }
            // Pack a small file, because test builds of the programs are large.
            "an archive" => {
                "packed=port-registry_$VERSION_linux_amd64; mkdir -p ~/$packed/bin\n\
                 cp $REPOSITORY/LICENSE ~/$packed/bin/portctl\n\
                 tar -czf ~/shop/$packed.tar.gz -C ~ $packed && sha256sum *.tar.gz > SHA256SUMS\n"
            }
            _ if remark.contains("an installed archive") => {
                "share=~/.local/share; mkdir -p ~/.local/bin $share/systemd/user $share/port-registry\n\
                 mv ~/bin/port-registry ~/.local/bin\n\
                 cp $REPOSITORY/packaging/systemd/*.service $share/systemd/user\n\
                 cp $REPOSITORY/packaging/launchd/*.plist $share/port-registry\n"
            }
            _ => "",
        };
        let script = script.replace("$VERSION", env!("CARGO_PKG_VERSION"));
        let script = format!("mkdir -m 700 ~/.port-registry; cd ~/shop\n{script}");
        ReadmeMachine {
            document,
            sandbox,
            remark,
            script,
            commands: Vec::new(),
        }
    }

    fn add(&mut self, block: &Block<'a>) {
        if matches!(block.language, "yaml" | "toml") {
            let path = block.lines[0].strip_prefix("# ~/");
            let path = path.unwrap_or_else(|| panic!("{}:{}", self.document, block.line));
            fs::write(self.sandbox.home().join(path), block.lines.join("\n")).unwrap();
            return;
        }
        let commands = block.commands();
        if let Some(folder) = commands.first().and_then(|shown| shown.folder) {
            let _ = writeln!(self.script, "cd {folder}");
        }
        for shown in commands {
            let _ = writeln!(self.script, "printf '{MARK}%s\\n' \"$PWD\"");
            let _ = writeln!(self.script, "{}", as_typed(shown.command));
            let _ = writeln!(self.script, "printf '{MARK}%s\\n' $?");
            self.commands.push(shown);
        }
    }

    /// Runs all commands, and compares their output with the document.
    fn run(self) {
        let home = self.sandbox.home().display().to_string();
        let mut command = namespace::command(&self.sandbox, "--net", "ip link set lo up").unwrap();
        let path = path_with(&[self.sandbox.home().join("bin")]);
        let script = format!("exec 2>&1\nip link set lo up\n{}", self.script);
        // Background processes end with the first process of the namespace.
        command.args(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        command.args(["timeout", "120", "bash", "-c", &script]);
        command.env("PATH", path);
        command.env("REPOSITORY", REPOSITORY);
        for (name, value) in [
            ("GIT_AUTHOR_NAME", "me"),
            ("GIT_AUTHOR_EMAIL", "me@localhost"),
            ("GIT_COMMITTER_NAME", "me"),
            ("GIT_COMMITTER_EMAIL", "me@localhost"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "init.defaultBranch"),
            ("GIT_CONFIG_VALUE_0", "main"),
        ] {
            command.env(name, value);
        }
        let ran = Ran::of(&mut command);
        let printed = ran.stdout.replace(&home, "/home/me");
        let mut parts = printed.split(MARK).skip(1);
        for shown in &self.commands {
            let (Some(printed), Some(end)) = (parts.next(), parts.next()) else {
                panic!(
                    "{}:{}: the shell ended before: {printed}",
                    self.document, shown.line
                );
            };
            let (folder, printed) = printed.split_once('\n').unwrap();
            assert_as_shown(self.document, shown, folder, printed, end.trim_end());
        }
        if self.remark == "an archive" {
            assert!(self.sandbox.home().join(".local/bin/portctl").exists());
        }
        if self.remark == WORKING_DAY {
            let started = fs::read_to_string(self.sandbox.home().join("docker.log")).unwrap();
            assert_eq!(started, "blog 5432 8080\nfeature 3000 3001\n");
        }
    }
}

/// Remark of the machine with two worktrees.
const WORKING_DAY: &str = "on a new machine, with Compose";

/// Returns what a shell without terminals runs for a command.
fn as_typed(command: &str) -> String {
    if command.starts_with("# Ctrl+C in the ") {
        // Signals take effect at some later time.
        return "kill $(jobs -p); wait 2>/dev/null; true".to_owned();
    }
    match command.split_once("  # in the ") {
        // Its output would appear among that of the commands after it.
        Some((command, _)) => {
            format!("{{ {command} < /dev/null &\n}} >>~/background.log 2>&1")
        }
        None => command.to_owned(),
    }
}

/// Compares a command's folder, output and exit code with the document. If that shows no output, any output
/// matches. `...` matches any lines.
#[track_caller]
fn assert_as_shown(document: &str, shown: &ShownCommand, folder: &str, printed: &str, code: &str) {
    let context = format!("{document}:{}: {}\n{printed}", shown.line, shown.command);
    if let Some(expected) = shown.folder {
        assert_eq!(folder.replace("/home/me", "~"), expected, "{context}");
    }
    let is_failure = |line: &str| {
        line.starts_with("error: ")
            || line.starts_with("Error ")
            || shown.command.starts_with("portctl check") && !line.contains("is available")
    };
    let is_failure = shown.output.first().is_some_and(|line| is_failure(line));
    let expected = if is_failure { "1" } else { "0" };
    assert_eq!(code, expected, "{context}");
    let expected: Vec<String> = shown.output.iter().map(|line| normalized(line)).collect();
    let printed: Vec<String> = printed.lines().map(normalized).collect();
    let is_empty = expected.iter().all(String::is_empty);
    let matches = match expected.iter().position(|line| line == "...") {
        _ if is_empty => true,
        None => printed == expected,
        Some(at) => printed.starts_with(&expected[..at]) && printed.ends_with(&expected[at + 1..]),
    };
    assert!(matches, "shown: {expected:#?}, {context}");
}

/// Replaces times in a line, and removes process ids. A terminal shows times as ages, unlike a pipe.
fn normalized(line: &str) -> String {
    let line = line.replace("just now", "2000-01-01T00:00:00Z");
    let is_time = |at: usize| {
        line.get(at..at + 20).is_some_and(|text| {
            let pattern = "0000-00-00T00:00:00Z".bytes();
            pattern
                .zip(text.bytes())
                .all(|(pattern, byte)| match pattern {
                    b'0' => byte.is_ascii_digit(),
                    pattern => byte == pattern,
                })
        })
    };
    let mut text = String::new();
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        if is_time(at) {
            text += "[TIME]";
            at += 20;
        } else if text.ends_with("(pid ") && c.is_ascii_digit() {
            at += line[at..].find(')').unwrap_or(1);
        } else {
            text.push(c);
            at += c.len_utf8();
        }
    }
    text
}

#[test]
fn every_command_prints_the_output_shown() {
    let sandbox = Sandbox::in_memory();
    let trial = "ip link set lo up && unshare --pid --fork --mount-proc true";
    let tools = ["curl", "sqlite3", "perl", "tar"];
    let has_tools = tools.iter().all(|tool| {
        let mut command = sandbox.command("sh");
        is_available(tool, command.args(["-c", &format!("command -v {tool}")]))
    });
    if !has_tools || namespace::command(&sandbox, "--net", trial).is_none() {
        return;
    }
    let mut machines = Vec::new();
    for document in [README, COMMAND_LINE, DAEMON, LIBRARY] {
        add_machines(document, &mut machines);
    }
    let commands: usize = machines.iter().map(|machine| machine.commands.len()).sum();
    assert!(
        machines.len() >= 8 && commands >= 35,
        "{commands} commands on {} machines",
        machines.len()
    );
    assert!(machines.iter().any(|it| it.remark == WORKING_DAY));
    for machine in machines {
        machine.run();
    }
}

/// Adds a machine for each remark of a document that begins one, with the commands in the blocks below it.
fn add_machines(document: Document, machines: &mut Vec<ReadmeMachine>) {
    machines.push(ReadmeMachine::new(document.path, ""));
    for block in blocks::of(document.text) {
        match block.language {
            "toml" if block.remark.is_none() => assert_dependency(&block),
            "console" | "sh" | "yaml" | "toml" => {
                if let Some(remark) = block.remark {
                    machines.push(ReadmeMachine::new(document.path, remark));
                }
                machines.last_mut().unwrap().add(&block);
            }
            // They run as documentation tests.
            "rust" | "rust,no_run" => {}
            language => panic!("{}:{}: no test runs {language}", document.path, block.line),
        }
    }
}

/// Asserts that a manifest depends on this version of the library.
fn assert_dependency(block: &Block) {
    let [section, dependency] = block.lines[..] else {
        panic!("{block:?}");
    };
    assert_eq!(section, "[build-dependencies]");
    let wanted = dependency
        .strip_prefix("port-registry = { version = \"")
        .unwrap();
    let wanted = wanted
        .strip_suffix("\", features = [\"detect\"] }")
        .unwrap();
    assert!(format!("{}.", env!("CARGO_PKG_VERSION")).starts_with(&format!("{wanted}.")));
    assert!(Path::new(REPOSITORY).join("examples/build-script").exists());
}
