//! What `portctl run` starts behaves as if it was started by itself, with its ports in the environment.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use crate::PORTCTL;
use test_support::{Ran, Sandbox, is_available};

/// A command line that runs a shell script with the ports of these services.
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
fn a_command_gets_the_port_of_each_service_and_that_of_the_first_one_as_port() {
    let sandbox = Sandbox::new();
    let script = "echo $PORT $WEB_PORT $API_V2_PORT $_3D_PORT $POSTGRES_PORT";
    let ran = Ran::of(run(&sandbox, &["web", "api.v2", "3d"], script).env("POSTGRES_PORT", "kept"));
    let got = sandbox.run(PORTCTL, &["get", "web", "api.v2", "3d"]);
    let ports: Vec<&str> = got.printed().lines().collect();
    let [web, api, viewer] = ports[..] else {
        panic!("{ports:?}");
    };
    assert_eq!(ran.printed(), format!("{web} {web} {api} {viewer} kept"));
    // The same ones again, whatever the order.
    let ran = Ran::of(&mut run(&sandbox, &["3d", "web"], script));
    assert_eq!(ran.printed(), format!("{viewer} {web} {viewer}"));
}

#[test]
fn where_no_service_is_named_all_that_have_a_port_are_meant() {
    let sandbox = Sandbox::new();
    let script = "echo \"$PORT|$WEB_PORT|$DB_PORT\"";
    let web = sandbox.run(PORTCTL, &["get", "web"]).printed().to_owned();
    let ran = Ran::of(&mut run(&sandbox, &[], script));
    assert_eq!(ran.printed(), format!("{web}|{web}|"));
    // Which of them would be PORT cannot be told.
    let db = sandbox.run(PORTCTL, &["get", "db"]).printed().to_owned();
    let ran = Ran::of(&mut run(&sandbox, &[], script));
    assert_eq!(ran.printed(), format!("|{web}|{db}"));
}

#[test]
fn its_exit_code_and_the_signal_that_ended_it_are_the_commands() {
    let sandbox = Sandbox::new();
    for code in [0, 1, 7, 255] {
        let ran = Ran::of(&mut run(&sandbox, &["web"], &format!("exit {code}")));
        assert_eq!(ran.code, Some(code));
    }
    // A broken pipe ends it as it ends others.
    for (name, signal) in [("TERM", 15), ("KILL", 9), ("PIPE", 13)] {
        let status = run(&sandbox, &["web"], &format!("kill -{name} $$")).status();
        assert_eq!(status.unwrap().signal(), Some(signal));
    }
}

#[test]
fn it_takes_the_place_of_portctl_with_its_input_and_output() {
    let sandbox = Sandbox::new();
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
fn nothing_of_portctl_is_left_open_in_it() {
    if !fs::exists("/proc/self/fd").unwrap() {
        return;
    }
    let sandbox = Sandbox::new();
    let script = "ls /proc/self/fd | wc -l";
    let alone = Ran::of(sandbox.command("sh").args(["-c", script]));
    let ran = Ran::of(&mut run(&sandbox, &["web"], script));
    assert_eq!(ran.printed(), alone.printed());
}

#[test]
fn its_arguments_are_passed_on_as_they_are() {
    let sandbox = Sandbox::new();
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
fn without_its_ports_it_is_not_run() {
    let sandbox = Sandbox::new();
    let mark = sandbox.path().join("ran");
    let script = format!("touch '{}'", mark.display());
    let mut command = run(&sandbox, &["web", "api"], &script);
    let ran = Ran::of(command.env("PORT_REGISTRY_RANGE", "4000-4000"));
    assert!(ran.complained(1).contains("no free port"), "{ran:?}");
    let ran = Ran::of(&mut run(&sandbox, &["a-b", "a.b"], &script));
    assert!(ran.complained(1).contains("A_B_PORT"), "{ran:?}");
    for words in [&["run"][..], &["run", "--service", "web"]] {
        let ran = sandbox.run(PORTCTL, words);
        assert!(ran.complained(2).contains("portctl run --service web --"));
    }
    let ran = sandbox.run(PORTCTL, &["run", "--", "true"]);
    assert!(
        ran.complained(1)
            .contains("no service of this checkout has a port yet"),
        "{ran:?}"
    );
    let ran = sandbox.run(PORTCTL, &["run", "--service", "web", "npm", "start"]);
    assert!(
        ran.complained(2).contains("name a command after a --"),
        "{ran:?}"
    );
    assert!(!mark.exists());
    assert!(sandbox.run(PORTCTL, &["list", "--all", "--json"]).printed() == "[]");
}

#[test]
fn what_cannot_be_run_is_told_as_shells_tell_it() {
    let sandbox = Sandbox::new();
    // A folder of the PATH that this user may not look into would count as another reason.
    let words = ["run", "--service", "web", "--", "no-such-program"];
    let mut command = sandbox.command(PORTCTL);
    let none = Ran::of(command.args(words).env("PATH", sandbox.work()));
    let complaint = none.complained(127);
    assert!(
        complaint.starts_with("error: cannot run no-such-program: "),
        "{complaint}"
    );
    let file = sandbox.work().join("file");
    fs::write(&file, "").unwrap();
    let words = ["run", "--service", "web", "--", "./file"];
    sandbox.run(PORTCTL, &words).complained(126);
}

// By util-linux' script; that of others takes other flags.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_it_is_the_one_that_the_terminal_talks_to() {
    let sandbox = Sandbox::new();
    if !is_available("script", sandbox.command("script").arg("--version")) {
        return;
    }
    // Interrupted from the keyboard, by a shell that knows jobs. It ends by the signal, as the shell
    // sees it, and the shell goes on.
    let script = format!(
        "set -m; trap : INT; {PORTCTL} run --service web -- sh -c 'test -t 0 && echo ready; exec sleep 60'; \
         echo \"ended $?\""
    );
    // Whoever runs the tests in the background may ignore the signal, which is inherited.
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
    child.wait().unwrap();
}
