//! The same command lines through a named daemon and in process, which print the same. And servers that are
//! no daemon, or a bad one.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::PORTCTL;
use crate::version::portctl_version;
use insta::assert_snapshot;
use serde_json::{Value, json};
use test_support::daemon::Daemon;
use test_support::{Ran, Sandbox, free_block, free_port, listener};

/// How many ports there are to choose from.
const PORTS: u16 = 4;

/// What is typed, in this order. P0 to P3 stand for the ports to choose from, and BUSY for one that
/// something listens on. Words behind a `#` are in the folder of another checkout of the same name.
const TABLE: &str = "
list
list --json
list --all
get web
get web
get web api --json
get web --port P3
get web db --app other
get db --port P1
get db --port BUSY
get web --app other --instance default
get a b c
get a b c --json
env
env --format shell
env --json
env --app other --instance default
env --app none
# env
# env --json
run --service web -- printenv PORT WEB_PORT
run --service web --service a -- printenv PORT WEB_PORT A_PORT
run --service b --service c -- true
run --service a-b --service a_b -- true
# run --service web -- true
allocate --service web
allocate --service web --json
allocate --service db --port P1
allocate --service db --port P1 --json
allocate --service db --port BUSY
allocate --service db --port BUSY --json
allocate --service db --port BUSY --adopt
allocate --service cache --json
allocate --service more
allocate --service more --json
get more
# get web
# get web --json
# get web --port P3
# allocate --service web
# list
# release
# release --json
# release --instance default
list
list --json
list --app other
list --app other --instance blue --json
list --all --service web
list --instance blue
check --port P0
check --port P0 --json
check P3
check BUSY
check BUSY --json
export
prune
prune --json
prune --yes
import ../../all.json
import ../../all.json --json
import ../../conflicts.json
import ../../conflicts.json --json
import ../../conflicts.json --skip-conflicts
import ../../none.json
release --port P3
release --port P3 --json
release --service nobody
release --service nobody --json
release --id 99
release --id 99 --json
release --id 1
release --service api --json
check --port P0
check --port P0 --json
release
release
release --app other --json
list --all
get web
get a+b&c=d%20é/x#y --app ?q+&=% --instance %2F
list --app ?q+&=% --json
list --all --service a+b&c=d%20é/x#y
check P1
release --instance %2F --app ?q+&=%
# allocate --service mine
# list
# release
# release
scan
scan --json
scan --register
release
scan --register
scan --register
# scan
# scan --register
# scan --register --json
release
list
get
list --app ''
allocate --service 'two\\nlines'
check --port 0
";

/// A sandbox in which portctl is told where to go.
struct Portctl {
    sandbox: Sandbox,
    range: String,
    first: u16,
    daemon: Option<Daemon>,
}

impl Portctl {
    /// The same machine for both ways.
    fn in_process(first: u16) -> Portctl {
        let sandbox = Sandbox::new();
        for folder in ["here/shop", "there/shop"] {
            let folder = sandbox.path().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            let procfile = format!("web: next -p {}\ndebug: something -p {first}\n", first + 1);
            std::fs::write(folder.join("Procfile"), procfile).unwrap();
        }
        let file = |name: &str, rows: &Value| {
            std::fs::write(sandbox.path().join(name), rows.to_string()).unwrap();
        };
        let row = |app: &str, service: &str, port: u16| {
            json!({"app": app, "instance": "default", "service": service, "port": port,
                   "created_at": "2026-01-02 03:04:05"})
        };
        let web = row("shop", "web", first);
        file("all.json", &json!([web, web]));
        let other_port = row("shop", "web", first + 1);
        let other_service = row("blog", "web", first);
        file("conflicts.json", &json!([web, other_port, other_service]));
        Portctl {
            sandbox,
            range: format!("{first}-{}", first + PORTS - 1),
            first,
            daemon: None,
        }
    }

    fn by_daemon(first: u16) -> Portctl {
        let portctl = Portctl::in_process(first);
        let daemon = Daemon::start_with(&portctl.sandbox, &["--range", &portctl.range]);
        Portctl {
            daemon: Some(daemon),
            ..portctl
        }
    }

    fn command(&self) -> Command {
        let mut command = self.sandbox.command(PORTCTL);
        match &self.daemon {
            Some(daemon) => command.env("PORT_REGISTRY_ADDR", daemon.address.to_string()),
            None => command.env("PORT_REGISTRY_RANGE", &self.range),
        };
        command
    }

    /// What is printed for each line of the table, and the exit codes.
    fn transcript(&self, busy: u16) -> String {
        let mut transcript = String::new();
        for line in TABLE.trim().lines() {
            let (folder, words) = match line.strip_prefix("# ") {
                Some(words) => ("there/shop", words),
                None => ("here/shop", line),
            };
            let ports = (0..PORTS).map(|offset| (format!("P{offset}"), self.first + offset));
            let words = ports
                .chain([("BUSY".to_owned(), busy)])
                .fold(words.to_owned(), |words, (name, port)| {
                    words.replace(&name, &port.to_string())
                });
            let words = words.split(' ').map(|word| match word {
                "''" => "",
                word => word,
            });
            let words: Vec<String> = words
                .map(|word| word.trim_matches('\'').replace("\\n", "\n"))
                .collect();
            let folder = self.sandbox.path().join(folder);
            let ran = Ran::of(self.command().args(words).current_dir(folder));
            let code = ran.code.unwrap();
            let errors = ran.stderr.lines().map(|line| format!("! {line}\n"));
            let errors: String = errors.collect();
            let printed = ran.stdout;
            writeln!(
                transcript,
                "$ portctl {line}\n{printed}{errors}exit {code}\n"
            )
            .unwrap();
        }
        self.in_general_terms(&transcript, busy)
    }

    fn in_general_terms(&self, text: &str, busy: u16) -> String {
        let mut text = text.replace(self.sandbox.path().to_str().unwrap(), "[SANDBOX]");
        for offset in 0..PORTS {
            text = text.replace(&(self.first + offset).to_string(), &format!("[P{offset}]"));
        }
        text = text.replace(&busy.to_string(), "[BUSY]");
        // What a folder's path is marked by.
        let parts = text.split("--instance there-").enumerate();
        let parts = parts.map(|(at, part)| if at == 0 { part } else { &part[4..] });
        text = parts.collect::<Vec<_>>().join("--instance there-[MARK]");
        let pid = std::process::id();
        text.replace(&format!("(pid {pid})"), "(pid [PID])")
            .replace(&format!("\"pid\":{pid}"), "\"pid\":[PID]")
    }
}

#[test]
fn every_command_prints_the_same_over_http_and_in_process() {
    let (_listener, busy) = listener();
    let first = free_block(PORTS);
    let in_process = Portctl::in_process(first).transcript(busy);
    let by_daemon = Portctl::by_daemon(first).transcript(busy);
    let mut settings = test_support::snapshots::settings();
    settings.add_filter(r"by [^ ]+ \(pid \[PID\]\)", "by [PROCESS] (pid [PID])");
    settings.add_filter(r#""process":"[^"]*""#, r#""process":"[PROCESS]""#);
    settings.bind(|| assert_snapshot!("backends", in_process));
    // Times may differ by a second.
    let time = |text: &str| {
        let parts = text.split("\"created_at\":\"").enumerate();
        let timeless = parts.map(|(at, part)| if at == 0 { part } else { &part[20..] });
        timeless.collect::<Vec<_>>().join("\"created_at\":\"")
    };
    let lines = |text: &str| -> Vec<String> {
        // In tables the time is the last column.
        let text = time(text);
        text.lines()
            .map(|line| match line.rsplit_once("  20") {
                Some((row, _)) => row.to_owned(),
                None => line.to_owned(),
            })
            .collect()
    };
    assert_eq!(lines(&in_process), lines(&by_daemon));
}

#[test]
fn many_at_once_on_both_backends_never_share_a_port() {
    let portctl = Portctl::by_daemon(free_block(PORTS));
    let ports: Vec<String> = thread::scope(|scope| {
        let runs: Vec<_> = (0..12)
            .map(|number| {
                let mut command = portctl.command();
                command.args(["get", "web", "--app", &format!("app-{}", number % 4)]);
                if number % 2 == 0 {
                    command.env_remove("PORT_REGISTRY_ADDR");
                    command.env("PORT_REGISTRY_RANGE", &portctl.range);
                }
                scope.spawn(move || Ran::of(&mut command).printed().to_owned())
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for (number, port) in ports.iter().enumerate() {
        assert_eq!(*port, ports[number % 4]);
    }
    let listed = Ran::of(portctl.command().args(["list", "--all", "--json"]));
    let listed: Value = serde_json::from_str(listed.printed()).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 4);
}

/// A server that treats every connection alike.
fn server(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // It ends with the process.
    thread::spawn(move || listener.incoming().flatten().for_each(&serve));
    address
}

/// Reads a request to its end; gives its first line.
fn whole_request(stream: &TcpStream) -> Option<String> {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|&it| it > 0)?;
        if line == "\r\n" {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.parse().ok()).flatten()
    });
    stream.read_exact(&mut vec![0; length.unwrap_or(0)]).ok()?;
    head.into_iter().next()
}

/// Answers every request with these bytes.
fn answers(bytes: impl Into<Vec<u8>>) -> impl Fn(TcpStream) + Send + 'static {
    let bytes = bytes.into();
    move |mut stream| {
        while let Ok(1..) = stream.read(&mut [0; 4096]) {
            if stream.write_all(&bytes).is_err() {
                return;
            }
        }
    }
}

/// An answer with a body, by something that says that it is a port registry, or does not.
fn answer(status: u16, identity: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\n{identity}Content-Length: {length}\r\n\r\n{body}")
}

const BROKEN: &str = "error: the connection to [ADDRESS] closed before the response arrived";

const IDENTITY: &str = "X-Port-Registry: 9.9.9; pid=1\r\n";

/// What is told of a server, for a question and for something to be done.
#[track_caller]
fn told_of(address: SocketAddr) -> String {
    let sandbox = Sandbox::new();
    let mut told = Vec::new();
    for words in [&["list", "--all"][..], &["get", "web"], &["health"]] {
        let mut command = sandbox.command(PORTCTL);
        let ran = Ran::of(
            command
                .args(words)
                .env("PORT_REGISTRY_ADDR", address.to_string()),
        );
        let complaint = ran.complained(1).replace(&address.to_string(), "[ADDRESS]");
        let (error, _) = complaint.split_once("\nhint: ").unwrap_or((&complaint, ""));
        assert_eq!(error.lines().count(), 1, "{complaint}");
        told.push(error.to_owned());
    }
    assert!(!sandbox.store().exists());
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    told.remove(0)
}

#[test]
fn what_is_no_daemon_is_told_in_one_line() {
    let stranger = "error: the server at [ADDRESS] is not port-registry";
    let json = r#"{"version":"9.9.9","pid":1,"store":"/x","range":"1-65535"}"#;
    for answer in [
        answer(200, "", json),
        answer(200, "", "ok"),
        answer(404, "X-Port-Registry: yes\r\n", "{}"),
        answer(302, "Location: http://127.0.0.1:1/\r\n", ""),
        "SSH-2.0-OpenSSH_9.9\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(200_000)),
    ] {
        assert_eq!(
            told_of(server(answers(answer.clone()))),
            stranger,
            "{answer:.80}"
        );
    }
    let gone = SocketAddr::from(([127, 0, 0, 1], free_port()));
    assert_eq!(told_of(gone), "error: nothing listens at [ADDRESS]");
    let closes = server(drop);
    assert_eq!(told_of(closes), BROKEN);
}

#[test]
fn what_a_bad_daemon_answers_is_told_in_one_line() {
    let rubbish = "error: port-registry at [ADDRESS] sent an unexpected response, with status";
    for (status, body) in [
        (200, "<html>"),
        (200, "[]"),
        (200, ""),
        (500, "{}"),
        (404, "{}"),
    ] {
        let told = told_of(server(answers(answer(status, IDENTITY, body))));
        assert_eq!(told, format!("{rubbish} {status}"));
    }
    let half = format!("HTTP/1.1 200 OK\r\n{IDENTITY}Content-Length: 100\r\n\r\n{{");
    let half = server(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(half.as_bytes());
    });
    assert_eq!(told_of(half), BROKEN);
}

#[test]
fn release_leaves_out_an_allocation_that_is_gone_since_it_was_listed() {
    let identity = r#"{"version":"9.9.9","pid":1,"store":"/x","range":"1-65535"}"#;
    let row = json!([{"id": 1, "app": "work", "instance": "default", "service": "web",
        "port": 3000, "created_at": "2026-01-01T12:00:00Z"}]);
    let gone = json!({"error": "gone", "code": "allocation_not_found", "request": 0});
    let mut batch = gone.clone();
    batch["errors"] = json!([gone]);
    for (problem, expected) in [
        (
            json!({"error": "allocation not found"}),
            "error: allocation not found",
        ),
        (
            batch,
            "error: no allocation matches\nhint: `portctl list --all` shows all allocations",
        ),
    ] {
        let row = row.to_string();
        let problem = problem.to_string();
        // A connection for each request, so that the next one is not mixed up with its body.
        let close = format!("{IDENTITY}Connection: close\r\n");
        let address = server(move |stream| {
            let Some(line) = whole_request(&stream) else {
                return;
            };
            let reply = match line.split('?').next().unwrap_or_default() {
                "GET /v1/daemon HTTP/1.1" => answer(200, &close, identity),
                "GET /v1/allocations" => answer(200, &close, &row),
                _ => answer(404, &close, &problem),
            };
            let _ = (&stream).write_all(reply.as_bytes());
        });
        let sandbox = Sandbox::new();
        let mut command = sandbox.command(PORTCTL);
        command.env("PORT_REGISTRY_ADDR", address.to_string());
        let ran = Ran::of(command.arg("release"));
        assert_eq!(ran.complained(1), expected);
    }
}

#[test]
fn an_answer_without_an_end_is_not_read_to_its_end() {
    let head = format!("HTTP/1.1 200 OK\r\n{IDENTITY}Content-Length: 100000000\r\n\r\n");
    let endless = server(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(head.as_bytes());
        while stream.write_all(&[b' '; 8192]).is_ok() {}
    });
    let told = told_of(endless);
    assert_eq!(
        told,
        "error: the response from [ADDRESS] is larger than 64 MiB"
    );
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let held = std::sync::Mutex::new(Vec::new());
    let silent = server(move |stream| held.lock().unwrap().push(stream));
    // One that says a little each second.
    let dripping = server(move |mut stream| {
        while stream.write_all(b"HTTP/1.1 200 OK\r\nX-").is_ok() {
            thread::sleep(Duration::from_millis(200));
        }
    });
    thread::scope(|scope| {
        for (address, is_silent) in [(silent, true), (dripping, false)] {
            scope.spawn(move || {
                let sandbox = Sandbox::new();
                let mut command = sandbox.command(PORTCTL);
                command.env("PORT_REGISTRY_ADDR", address.to_string());
                let ran = Ran::of(command.args(["get", "web", "--json"]));
                let told: Value = serde_json::from_str(ran.complained(1)).unwrap();
                let expected = if is_silent {
                    format!("the server at {address} did not answer within 5 s")
                } else {
                    format!("the server at {address} is not port-registry")
                };
                assert_eq!(told["error"], expected);
            });
        }
    });
}

#[test]
fn what_a_proxy_would_say_is_not_asked() {
    let portctl = Portctl::by_daemon(free_block(PORTS));
    let proxy = server(answers(answer(200, "", "{}")));
    let mut command = portctl.command();
    for variable in [
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
        "HTTPS_PROXY",
    ] {
        command.env(variable, format!("http://{proxy}"));
    }
    let ran = Ran::of(command.args(["get", "web"]));
    assert_eq!(ran.printed(), portctl.first.to_string());
}

#[test]
fn an_address_is_a_host_and_a_port_and_nothing_else() {
    let sandbox = Sandbox::new();
    let run = |address: &str, words: &[&str]| {
        let mut command = sandbox.command(PORTCTL);
        Ran::of(command.env("PORT_REGISTRY_ADDR", address).args(words))
    };
    for words in [
        &["list"][..],
        &["health"],
        &["start"],
        &["stop"],
        &["status"],
        &["version"],
    ] {
        let ran = run("http://127.0.0.1:51234", words);
        assert_eq!(
            ran.complained(1),
            "error: PORT_REGISTRY_ADDR=http://127.0.0.1:51234 cannot be used: it must be a host and a \
             port, such as 127.0.0.1:51234, without a scheme or a path"
        );
    }
    for address in [
        "localhost",
        ":1",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "a b:1",
        "[::1]",
    ] {
        let ran = run(address, &["list"]);
        assert!(
            ran.complained(1).starts_with(&format!(
                "error: PORT_REGISTRY_ADDR={address} cannot be used: "
            )),
            "{address}"
        );
    }
    // An empty one is like none.
    run("", &["get", "web"]).printed();
    assert!(sandbox.store().exists());
}

#[test]
fn very_many_services_at_once_are_no_different() {
    let services: Vec<String> = (0..1500)
        .map(|number| format!("service-{number}"))
        .collect();
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let run = |address: Option<SocketAddr>| {
        let mut command = sandbox.command(PORTCTL);
        if let Some(address) = address {
            command.env("PORT_REGISTRY_ADDR", address.to_string());
        }
        let ran = Ran::of(command.arg("get").args(&services));
        ran.printed().to_owned()
    };
    let ports = run(Some(daemon.address));
    assert_eq!(ports.lines().count(), services.len());
    assert_eq!(run(None), ports);
}

#[test]
fn numbers_that_no_allocation_can_have_are_not_found() {
    let portctl = Portctl::by_daemon(free_block(PORTS));
    for id in ["9223372036854775808", "18446744073709551615"] {
        let ran = Ran::of(portctl.command().args(["release", "--id", id]));
        let expected = format!("error: allocation {id} not found\n");
        assert!(ran.complained(1).starts_with(&expected), "{ran:?}");
    }
}

#[test]
fn what_a_daemon_refuses_is_told_in_its_words() {
    let portctl = Portctl::by_daemon(free_block(PORTS));
    let port = portctl.daemon.as_ref().unwrap().address.port();
    let run = |host: &str| {
        let mut command = portctl.command();
        command.env("PORT_REGISTRY_ADDR", format!("{host}:{port}"));
        Ran::of(command.args(["get", "web"]))
    };
    // The same host to everybody else, but not the name that a daemon answers to.
    let ran = run("127.1");
    let refusal = format!("error: port-registry at 127.1:{port} refused the request: ");
    assert!(ran.complained(1).starts_with(&refusal), "{ran:?}");
    run("LOCALHOST").printed();
}

#[test]
fn the_version_of_the_daemon_is_told_too() {
    let portctl = Portctl::by_daemon(free_block(PORTS));
    let daemon = portctl.daemon.as_ref().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let pid = daemon.child.id();
    let ran = Ran::of(portctl.command().arg("version"));
    assert_eq!(
        ran.printed(),
        format!("{}\nport-registry {version} (pid {pid})", portctl_version())
    );
    let ran = Ran::of(portctl.command().args(["version", "--json"]));
    let told: Value = serde_json::from_str(ran.printed()).unwrap();
    assert_eq!(told["daemon"], json!({"version": version, "pid": pid}));
    // Asking for portctl's own asks nobody.
    let mut command = portctl.sandbox.command(PORTCTL);
    command.env("PORT_REGISTRY_ADDR", format!("127.0.0.1:{}", free_port()));
    assert_eq!(
        Ran::of(command.arg("--version")).printed(),
        portctl_version()
    );
}
