//! `portctl run`: the command gets its ports in the environment, and otherwise behaves as if started directly.

#[cfg(target_os = "linux")]
mod occupied_ports;
#[cfg(target_os = "linux")]
mod servers;
mod surroundings;

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use crate::PORTCTL;
use test_support::{Ran, Sandbox, is_available};

/// Returns a `portctl run` that runs a shell script with the ports of these services.
fn run(sandbox: &Sandbox, services: &[&str], script: &str) -> Command {
    let mut command = sandbox.command(PORTCTL);
    command.arg("run");
    for service in services {
        command.args(["--service", service]);
    }
    command.args(["--", "sh", "-c", script]);
    command
}

#[test]
fn command_gets_a_variable_for_each_service_and_the_port_of_the_one_that_is_named() {
    let sandbox = Sandbox::in_memory();
    let script = "echo \"$PORT|$WEB_PORT|$API_V2_PORT|$_3D_PORT|$POSTGRES_PORT\"";
    let ran = Ran::of(run(&sandbox, &["web", "api.v2", "3d"], script).env("POSTGRES_PORT", "kept"));
    let got = sandbox.run(PORTCTL, &["get", "web", "api.v2", "3d"]);
    let ports: Vec<&str> = got.printed().lines().collect();
    let [web, api, viewer] = ports[..] else {
        panic!("{ports:?}");
    };
    assert_eq!(ran.stdout.trim_end(), format!("|{web}|{api}|{viewer}|kept"));
    let step = "because several services are named; name only the one that the command serves: `portctl run web -- sh -c";
    assert!(
        ran.stderr.starts_with("note: PORT is not set, ") && ran.stderr.contains(step),
        "{ran:?}"
    );
    // The others are set all the same.
    let ran = Ran::of(&mut run(&sandbox, &["3d"], script));
    assert_eq!(ran.printed(), format!("{viewer}|{web}|{api}|{viewer}|"));
    let ran = Ran::of(&mut run(&sandbox, &["web", "web"], script));
    assert_eq!(ran.printed(), format!("{web}|{web}|{api}|{viewer}|"));
}

#[test]
fn command_gets_all_ports_of_the_checkout_if_no_service_is_named() {
    let sandbox = Sandbox::in_memory();
    let script = "echo \"$PORT|$WEB_PORT|$DB_PORT\"";
    let web = sandbox.run(PORTCTL, &["get", "web"]).printed().to_owned();
    let ran = Ran::of(&mut run(&sandbox, &[], script));
    assert_eq!(ran.printed(), format!("{web}|{web}|"));
    // PORT is not set because it would be ambiguous.
    let db = sandbox.run(PORTCTL, &["get", "db"]).printed().to_owned();
    let ran = Ran::of(&mut run(&sandbox, &[], script));
    assert_eq!(ran.stdout.trim_end(), format!("|{web}|{db}"));
    let step = "because this checkout has several services; name the one that the command serves: `portctl run web -- sh -c";
    assert!(ran.stderr.contains(step), "{ran:?}");
    // A PORT that the user has set stays.
    let ran = Ran::of(run(&sandbox, &[], script).env("PORT", "80"));
    assert_eq!(ran.stdout.trim_end(), format!("80|{web}|{db}"));
    assert!(
        ran.stderr.starts_with("note: PORT keeps its value, "),
        "{ran:?}"
    );
}

#[test]
fn exit_code_and_signal_of_the_command_are_passed_on() {
    let sandbox = Sandbox::in_memory();
    for code in [0, 1, 7, 255] {
        let ran = Ran::of(&mut run(&sandbox, &["web"], &format!("exit {code}")));
        assert_eq!(ran.code, Some(code));
    }
    // portctl ignores SIGPIPE, and the command must not inherit that.
    for (name, signal) in [("TERM", 15), ("KILL", 9), ("PIPE", 13)] {
        let status = run(&sandbox, &["web"], &format!("kill -{name} $$")).status();
        assert_eq!(status.unwrap().signal(), Some(signal));
    }
}

#[test]
fn command_replaces_the_process_and_inherits_its_input_and_output() {
    let sandbox = Sandbox::in_memory();
    let mut command = run(&sandbox, &["web"], "echo $$; cat; echo bad >&2");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let pid = child.id();
    child.stdin.take().unwrap().write_all(b"typed\n").unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.stdout, format!("{pid}\ntyped\n"));
    assert_eq!((&*ran.stderr, ran.code), ("bad\n", Some(0)));
}

#[test]
fn command_inherits_no_files_that_portctl_opened() {
    if !fs::exists("/proc/self/fd").unwrap() {
        return;
    }
    let sandbox = Sandbox::in_memory();
    let script = "ls /proc/self/fd | wc -l";
    let alone = Ran::of(sandbox.command("sh").args(["-c", script]));
    let ran = Ran::of(&mut run(&sandbox, &["web"], script));
    assert_eq!(ran.printed(), alone.printed());
}

#[test]
fn arguments_of_the_command_are_passed_on_unchanged() {
    let sandbox = Sandbox::in_memory();
    let odd = OsStr::from_bytes(b"\xff b");
    let mut command = sandbox.command(PORTCTL);
    command.args(["run", "--service=web", "--", "printf", "%s|"]);
    command
        .args(["--help", "--", "--service=x", "", "-h", "help"])
        .arg(odd);
    let output = command.output().unwrap();
    assert_eq!(output.stdout, b"--help|--|--service=x||-h|help|\xff b|");
}

#[test]
fn command_is_not_run_without_its_ports() {
    let sandbox = Sandbox::in_memory();
    let mark = sandbox.path().join("ran");
    let script = format!("touch '{}'", mark.display());
    let mut command = run(&sandbox, &["web", "api"], &script);
    let ran = Ran::of(command.env("PORT_REGISTRY_RANGE", "4000-4000"));
    assert!(ran.complained(1).contains("no free port"), "{ran:?}");
    let ran = Ran::of(&mut run(&sandbox, &["a-b", "a.b"], &script));
    assert!(ran.complained(2).contains("A_B_PORT"), "{ran:?}");
    for words in [&["run"][..], &["run", "--service", "web"], &["run", "web"]] {
        let ran = sandbox.run(PORTCTL, words);
        assert!(ran.complained(2).contains("portctl run web -- "), "{ran:?}");
    }
    let ran = sandbox.run(PORTCTL, &["run", "--", "true"]);
    assert!(
        ran.complained(1)
            .contains("no service of this checkout has a port yet"),
        "{ran:?}"
    );
    let ran = sandbox.run(PORTCTL, &["run", "--service", "web", "npm", "start"]);
    assert!(ran.complained(2).contains("must be behind a --"), "{ran:?}");
    assert!(!mark.exists());
    assert!(sandbox.run(PORTCTL, &["list", "--all", "--json"]).printed() == "[]");
}

#[test]
fn program_that_only_the_project_has_is_suggested_in_the_form_that_works() {
    let sandbox = Sandbox::in_memory();
    let folder = sandbox.work().join("src");
    for bin in ["node_modules/.bin", ".venv/bin"] {
        let bin = sandbox.work().join(bin);
        fs::create_dir_all(&bin).unwrap();
        let name = if bin.ends_with(".bin") {
            "own-vite"
        } else {
            "own-flask"
        };
        test_support::install_script("#!/bin/sh\n", &bin.join(name));
    }
    fs::create_dir(&folder).unwrap();
    let flask = sandbox.work().join(".venv/bin/own-flask");
    for (words, meant) in [
        (["own-vite", "--open"], "npx own-vite --open".to_owned()),
        (["own-flask", "run"], format!("{} run", flask.display())),
    ] {
        let mut command = sandbox.command(PORTCTL);
        command.args(["run", "web", "--"]).args(words);
        // An inaccessible folder on the PATH would change the exit code.
        command.env("PATH", sandbox.work()).current_dir(&folder);
        let ran = Ran::of(&mut command);
        let hint = format!("\nhint: did you mean `portctl run web -- {meant}`?");
        assert!(ran.complained(127).ends_with(&hint), "{ran:?}");
    }
}

#[test]
fn command_that_cannot_be_run_exits_with_the_codes_that_shells_use() {
    let sandbox = Sandbox::in_memory();
    // An inaccessible folder on the PATH would change the exit code.
    let words = ["run", "--service", "web", "--", "no-such-program"];
    let mut command = sandbox.command(PORTCTL);
    let none = Ran::of(command.args(words).env("PATH", sandbox.work()));
    let complaint = none.complained(127);
    assert!(
        complaint.starts_with("error: cannot run no-such-program: "),
        "{complaint}"
    );
    test_support::install_script("#!/none/sh\n", &sandbox.work().join("script"));
    for (name, hint) in [
        ("./none", "check its path"),
        (
            "./script",
            "its interpreter is missing, which its first line names",
        ),
    ] {
        let ran = sandbox.run(PORTCTL, &["run", "web", "--", name]);
        let complaint = ran.complained(127);
        assert!(
            complaint.ends_with(&format!("\nhint: {hint}")),
            "{complaint}"
        );
    }
    let file = sandbox.work().join("file");
    fs::write(&file, "").unwrap();
    let words = ["run", "--service", "web", "--", "./file"];
    sandbox.run(PORTCTL, &words).complained(126);
}

// Needs script of util-linux, because the flags of other implementations differ.
#[cfg(target_os = "linux")]
#[test]
fn command_is_in_the_foreground_of_its_terminal() {
    let sandbox = Sandbox::in_memory();
    if !is_available("script", sandbox.command("script").arg("--version")) {
        return;
    }
    // With job control, an interrupt from the keyboard reaches only the foreground process group. The shell
    // reports that the signal ended the command, and goes on.
    let script = format!(
        "set -m; trap : INT; {PORTCTL} run --service web -- sh -c 'test -t 0 && echo ready; exec sleep 60'; \
         echo \"ended $?\""
    );
    // A test run in the background may have inherited an ignored SIGINT.
    let mut child = sandbox
        .command("env")
        .args([
            "--default-signal=INT",
            "script",
            "--quiet",
            "--return",
            "--command",
            &format!("sh -c '{}'", script.replace('\'', r"'\''")),
        ])
        .arg("/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut seen = Vec::new();
    let mut read_until = |end: &str| {
        while !String::from_utf8_lossy(&seen).contains(end) {
            let mut buffer = [0; 256];
            let length = output.read(&mut buffer).unwrap();
            assert!(length > 0, "{}", String::from_utf8_lossy(&seen));
            seen.extend(&buffer[..length]);
        }
    };
    read_until("ready");
    input.write_all(b"\x03").unwrap();
    read_until("ended 130");
    drop(input);
    test_support::wait_for_exit(&mut child);
}

#[test]
fn labels_that_are_typed_outside_of_projects_name_no_checkout() {
    let sandbox = Sandbox::in_memory();
    let print = ["printenv", "PORT_REGISTRY_CHECKOUT"];
    let line = ["run", "--app", "shared", "--instance", "dev", "db", "--"];
    let named = || {
        let mut command = sandbox.command(PORTCTL);
        // A run around this one must not pass on the checkout of its own command.
        command.env("PORT_REGISTRY_CHECKOUT", "/tmp");
        Ran::of(command.args(line).args(print))
    };
    let ran = named();
    assert_eq!((ran.code, &*ran.stdout), (Some(1), ""), "{ran:?}");
    fs::write(sandbox.work().join("portctl.toml"), "").unwrap();
    assert_eq!(named().printed(), sandbox.work().to_str().unwrap());
}
