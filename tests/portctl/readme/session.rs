//! The README's commands, run in their order on machines made for it: each in a network of its own, so that
//! ports are free and the daemon's usual one may be used.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::blocks::{self, Block, Step};
use super::text::README;
use crate::PORTCTL;
use test_support::namespace;
use test_support::{Ran, Sandbox, install, is_to_be_had, program};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What marks the ends of a command's output, which is in no output.
const MARK: char = '\u{1e}';

/// What is not to be had everywhere, by a script that does what is seen of it here.
const STAND_INS: [(&str, &str); 7] = [
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
            test "$*" = "run -s dev" && echo "listening on http://localhost:$PORT""#,
    ),
    // Publishes the ports as Compose would: the environment's, else those of `.env`, else the defaults.
    (
        "docker",
        r#"#!/bin/sh
            [ "$1" = compose ] || exit 1
            file=.env
            [ "$2" != --env-file ] || { file=$3; shift 2; }
            [ "$2" = up ] || exit 1
            db=$DB_PORT web=$WEB_PORT
            [ ! -e "$file" ] || . "$(realpath "$file")"
            db=${db:-${DB_PORT:-5432}} web=${web:-${WEB_PORT:-8080}}
            echo "${PWD##*/} $db $web" >> ~/docker.log
            [ -z "$3" ] || for port in $db $web; do docker-proxy $port & done
            until grep -q "$(printf '%04X' $web) 0*:0000 0A" /proc/net/tcp; do sleep 0.05; done"#,
    ),
    (
        "docker-proxy",
        r"#!/usr/bin/perl
            use Socket;
            socket(S, PF_INET, SOCK_STREAM, 0) && bind(S, sockaddr_in($ARGV[0], INADDR_ANY)) && listen(S, 5) or die $!;
            open(STDOUT, '>/dev/null'); open(STDERR, '>/dev/null');
            sleep 600;",
    ),
    // Does what systemd does of the unit.
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
    // Needs no more than to see that the file is there: its text is read by `.ci/package`.
    (
        "launchctl",
        r#"#!/bin/sh
            [ "$1 $2" = "bootstrap gui/$(id -u)" ] && grep -q ProgramArguments "$3""#,
    ),
];

/// A machine with a project, and what was done on it.
struct Machine<'a> {
    sandbox: Sandbox,
    /// The remark that asked for it.
    remark: &'a str,
    script: String,
    steps: Vec<Step<'a>>,
}

impl<'a> Machine<'a> {
    fn new(remark: &'a str) -> Machine<'a> {
        let sandbox = Sandbox::new();
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
        for project in ["shop", "blog"] {
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
            // In short: the programs of a build for tests are large.
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
        Machine {
            sandbox,
            remark,
            script,
            steps: Vec::new(),
        }
    }

    fn add(&mut self, block: &Block<'a>) {
        if block.language == "yaml" {
            let path = block.lines[0].strip_prefix("# ~/").unwrap();
            fs::write(self.sandbox.home().join(path), block.lines.join("\n")).unwrap();
            return;
        }
        let steps = block.steps();
        if let Some(folder) = steps.first().and_then(|step| step.folder) {
            let _ = writeln!(self.script, "cd {folder}");
        }
        for step in steps {
            let _ = writeln!(
                self.script,
                "printf '{MARK}%s\\n' \"$PWD\"\n{}",
                step.command
            );
            let _ = writeln!(self.script, "printf '{MARK}%s\\n' $?");
            self.steps.push(step);
        }
    }

    /// Runs it all, and compares what is shown with what is printed.
    fn run(self) {
        let home = self.sandbox.home().display().to_string();
        let mut command = namespace::command(&self.sandbox, "--net", "ip link set lo up").unwrap();
        let path = format!("{home}/bin:{}", std::env::var("PATH").unwrap());
        let script = format!("exec 2>&1\nip link set lo up\n{}", self.script);
        // What was started in the background ends with the first process of the namespace.
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
        for step in &self.steps {
            let (Some(printed), Some(end)) = (parts.next(), parts.next()) else {
                panic!("README.md:{}: it ended: {printed}", step.line);
            };
            let (folder, printed) = printed.split_once('\n').unwrap();
            assert_step(step, folder, printed, end.trim_end());
        }
        if self.remark == "an archive" {
            assert!(self.sandbox.home().join(".local/bin/portctl").exists());
        }
        if self.remark == WORKING_DAY {
            let started = fs::read_to_string(self.sandbox.home().join("docker.log")).unwrap();
            assert_eq!(
                started,
                "blog 5432 8080\n".to_owned() + &"feature 3000 3001\n".repeat(4)
            );
        }
    }
}

/// The machine of the two worktrees.
const WORKING_DAY: &str = "on a new machine, with Compose";

/// Compares a command's folder, output and exit code with what is told of it. What is not shown of its
/// output does not count; a `...` stands for any lines.
#[track_caller]
fn assert_step(step: &Step, folder: &str, printed: &str, code: &str) {
    let context = format!("README.md:{}: {}\n{printed}", step.line, step.command);
    if let Some(told) = step.folder {
        assert_eq!(folder.replace("/home/me", "~"), told, "{context}");
    }
    let is_no = |line: &str| {
        line.starts_with("error: ")
            || step.command.starts_with("portctl check") && !line.contains("is available")
    };
    let is_no = step.output.first().is_some_and(|line| is_no(line));
    let expected = if is_no { "1" } else { "0" };
    assert_eq!(code, expected, "{context}");
    let shown: Vec<String> = step.output.iter().map(|line| in_general(line)).collect();
    let printed: Vec<String> = printed.lines().map(in_general).collect();
    let is_empty = shown.iter().all(String::is_empty);
    let matches = match shown.iter().position(|line| line == "...") {
        _ if is_empty => true,
        None => printed == shown,
        Some(at) => printed.starts_with(&shown[..at]) && printed.ends_with(&shown[at + 1..]),
    };
    assert!(matches, "shown: {shown:#?}, {context}");
}

/// A line without times and numbers of processes.
fn in_general(line: &str) -> String {
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
    let mut general = String::new();
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        if is_time(at) {
            general += "[TIME]";
            at += 20;
        } else if general.ends_with("(pid ") && c.is_ascii_digit() {
            at += line[at..].find(')').unwrap_or(1);
        } else {
            general.push(c);
            at += c.len_utf8();
        }
    }
    general
}

#[test]
fn every_command_does_what_is_shown() {
    let sandbox = Sandbox::new();
    let trial = "ip link set lo up && unshare --pid --fork --mount-proc true";
    let tools = ["curl", "sqlite3", "perl", "tar"];
    let has_tools = tools.iter().all(|tool| {
        let mut command = sandbox.command("sh");
        is_to_be_had(tool, command.args(["-c", &format!("command -v {tool}")]))
    });
    if !has_tools || namespace::command(&sandbox, "--net", trial).is_none() {
        return;
    }
    let blocks = blocks::of(README);
    let mut machines = vec![Machine::new("")];
    for block in &blocks {
        match block.language {
            "console" | "sh" | "yaml" => {
                if let Some(remark) = block.remark {
                    machines.push(Machine::new(remark));
                }
                machines.last_mut().unwrap().add(block);
            }
            // A doctest of the library's.
            "rust" => {}
            "toml" => assert_dependency(block),
            language => panic!("README.md:{}: nothing runs {language}", block.line),
        }
    }
    let steps: usize = machines.iter().map(|machine| machine.steps.len()).sum();
    assert!(
        machines.len() >= 8 && steps >= 35,
        "{steps} in {}",
        machines.len()
    );
    assert!(machines.iter().any(|it| it.remark == WORKING_DAY));
    for machine in machines {
        machine.run();
    }
}

/// That a manifest asks for the library of this version.
fn assert_dependency(block: &Block) {
    let [section, dependency] = block.lines[..] else {
        panic!("{block:?}");
    };
    assert_eq!(section, "[build-dependencies]");
    let wanted = dependency.strip_prefix("port-registry = \"").unwrap();
    let wanted = wanted.strip_suffix('"').unwrap();
    assert!(format!("{}.", env!("CARGO_PKG_VERSION")).starts_with(&format!("{wanted}.")));
    assert!(Path::new(REPOSITORY).join("examples/build-script").exists());
}
