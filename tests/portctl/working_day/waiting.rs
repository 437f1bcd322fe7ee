//! Waiting for services.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use test_support::helper::Helper;
use test_support::{Ran, is_available, occupant_by, occupant_of_in, program};

use super::machine::{Machine, both_ways};
use crate::PORTCTL;

/// Starts an HTTP server in a folder that answers with these statuses.
pub(super) fn http_server(folder: &Path, address: &str, statuses: &[&str]) -> Helper {
    let mut command = Command::new(program("test-http"));
    occupant_by(command.arg(address).args(statuses).current_dir(folder)).0
}

/// Makes the root of another checkout in the work folder.
pub(super) fn other_checkout(machine: &Machine) -> PathBuf {
    let blog = machine.work().join("blog");
    fs::create_dir(&blog).unwrap();
    fs::write(blog.join("portctl.toml"), "").unwrap();
    blog
}

pub(super) fn assert_silent(ran: &Ran) {
    assert_eq!(ran.printed(), "", "{ran:?}");
}

#[test]
fn servers_of_this_checkout_end_the_wait_in_silence() {
    both_ways(|machine| {
        let app = machine.work().join("app");
        fs::create_dir(&app).unwrap();
        let (web, api) = (machine.port_of("web"), machine.port_of("api"));
        let _web = occupant_of_in(web, &app);
        assert_silent(&machine.run(&["wait", "web"]));
        let _api = occupant_of_in(api, &machine.work());
        assert_silent(&machine.run(&["wait", "api", "web"]));
        assert_silent(&machine.run(&["wait", "--strict", "--timeout", "0"]));
        let ran = machine.json(&["wait", "--json"]);
        let services = ran.as_array().unwrap().iter();
        let services: Vec<_> = services
            .map(|it| (it["service"].clone(), it["port"].clone()))
            .collect();
        let expected = [("web", web), ("api", api)];
        assert_eq!(
            services,
            expected.map(|(it, port)| (it.into(), port.into()))
        );
        assert_eq!(ran[0]["url"], format!("http://localhost:{web}"));
        assert_eq!(ran[0]["state"], "up");
        assert_eq!(ran[0]["listener"]["process"], "test-listener");
    });
}

#[test]
fn server_that_listens_on_ipv6_only_answers() {
    let mut trial = Command::new(program("test-http"));
    trial.args(["[::1]:0", "200"]).stdin(Stdio::null());
    if !is_available("IPv6 on the loopback interface", &mut trial) {
        return;
    }
    both_ways(|machine| {
        let port = machine.port_of("web");
        let address = format!("[::1]:{port}");
        let _server = http_server(&machine.work(), &address, &["200"]);
        assert_silent(&machine.run(&["wait", "web"]));
        assert_silent(&machine.run(&["wait", "web", "--http", "/"]));
    });
}

#[test]
fn server_that_starts_later_ends_the_wait() {
    both_ways(|machine| {
        let port = machine.port_of("web");
        let mut command = machine.command(&machine.work(), &["wait", "web"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let waiting = command.spawn().unwrap();
        let _server = occupant_of_in(port, &machine.work());
        assert_silent(&Ran::from(waiting.wait_with_output().unwrap()));
    });
}

#[test]
fn time_out_tells_what_was_seen() {
    both_ways(|machine| {
        let port = machine.port_of("web");
        assert_eq!(
            machine
                .run(&["wait", "web", "--timeout", "0"])
                .complained(1),
            format!(
                "error: nothing listens on port {port} of work/default/web\n\
                 hint: start it, or wait longer: `portctl wait --timeout 300 web`"
            )
        );
        let _server = http_server(&machine.work(), &format!("127.0.0.1:{port}"), &["503"]);
        let line = ["wait", "web", "--http", "health", "--timeout", "0.05"];
        assert_eq!(
            machine.run(&line).complained(1),
            format!(
                "error: gave up after 0.05 s: port {port} of work/default/web answers GET /health with status 503\n\
                 hint: read the log of the server, or wait longer: `portctl wait --http /health --timeout 300 web`"
            )
        );
        let silent = machine.port_of("api");
        let _silent = occupant_of_in(silent, &machine.work());
        let line = ["wait", "api", "--http", "/", "--timeout", "0"];
        assert!(machine.run(&line).complained(1).starts_with(&format!(
            "error: port {silent} of work/default/api does not answer GET /: it takes too long\n"
        )));
        let line = [
            "wait",
            "web",
            "api",
            "--http",
            "/",
            "--timeout",
            "0",
            "--json",
        ];
        let error: Value = serde_json::from_str(machine.run(&line).complained(1)).unwrap();
        assert_eq!(error["error"], "2 services do not answer");
        assert_eq!(error["conflicts"].as_array().unwrap().len(), 2, "{error}");
        for (index, port) in [port, silent].into_iter().enumerate() {
            assert_eq!(error["conflicts"][index]["holder"]["port"], port, "{error}");
        }
    });
}

#[test]
fn server_on_another_address_does_not_answer() {
    both_ways(|machine| {
        let port = machine.port_of("web");
        let server = http_server(&machine.work(), &format!("127.0.0.2:{port}"), &["200"]);
        let ran = machine.run(&["wait", "web", "--timeout", "0"]);
        let expected = format!(
            "error: port {port} of work/default/web is in use by test-http (pid {}, in {}); it listens on 127.0.0.2 only, so \
             localhost does not reach it\n\
             hint: make the server listen on localhost, or wait longer: `portctl wait --timeout 300 web`",
            server.id(),
            machine.work().display()
        );
        assert_eq!(ran.complained(1), expected);
        drop(server);
        // The server of this checkout can still listen on localhost.
        let blog = other_checkout(machine);
        let _other = http_server(&blog, &format!("127.0.0.2:{port}"), &["200"]);
        let ran = machine.run(&["wait", "web", "--timeout", "0"]);
        let end = format!(
            "; it belongs to another checkout, {}; it listens on 127.0.0.2 only, so localhost does not reach it\n\
             hint: start it, or wait longer: `portctl wait --timeout 300 web`",
            blog.display()
        );
        assert!(ran.complained(1).ends_with(&end), "{ran:?}");
    });
}

/// Starts a server in a folder, and fills the queue of its connections until it accepts no more.
fn full_server(folder: &Path, port: u16) -> (Helper, Vec<TcpStream>) {
    let mut command = Command::new(program("test-listener"));
    command.arg(port.to_string()).arg("queue=0");
    let (server, _) = occupant_by(command.current_dir(folder));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok();
    let waiting: Vec<TcpStream> = std::iter::from_fn(connect).take(8).collect();
    assert!((1..8).contains(&waiting.len()), "{waiting:?}");
    (server, waiting)
}

#[test]
fn server_whose_queue_is_full_is_looked_at() {
    both_ways(|machine| {
        let blog = other_checkout(machine);
        let port = machine.port_of("web");
        let (server, waiting) = full_server(&blog, port);
        let ran = machine.run(&["wait", "web"]);
        let expected = format!(
            "error: port {port} of work/default/web is in use by test-listener (pid {1}, in {0}); it belongs to another \
             checkout, {0}\n",
            blog.display(),
            server.id()
        );
        assert!(ran.complained(3).starts_with(&expected), "{ran:?}");
        let ran = machine.run(&["open", "web"]);
        assert!(ran.complained(1).starts_with(&expected), "{ran:?}");
        drop((server, waiting));
        let (server, waiting) = full_server(Path::new("/"), port);
        let ran = machine.run(&["wait", "web", "--strict", "--timeout", "0"]);
        assert!(
            ran.complained(1)
                .contains("accepts no connection on localhost"),
            "{ran:?}"
        );
        drop((server, waiting));
        let (server, _waiting) = full_server(&machine.work(), port);
        let ran = machine.run(&["wait", "web", "--timeout", "0"]);
        let expected = format!(
            "error: port {port} of work/default/web accepts no connection on localhost, but is in use by test-listener (pid \
             {}, in {})\n\
             hint: read the log of the server, or wait longer: `portctl wait --timeout 300 web`",
            server.id(),
            machine.work().display()
        );
        assert_eq!(ran.complained(1), expected);
    });
}

#[test]
fn http_waits_for_a_status_below_500() {
    both_ways(|machine| {
        let port = machine.port_of("web");
        let address = format!("127.0.0.1:{port}");
        let mut server = http_server(&machine.work(), &address, &["500", "503", "404"]);
        assert_silent(&machine.run(&["wait", "web", "--http", "/health?deep=1"]));
        for _ in 0..3 {
            server.expect(&format!("GET /health?deep=1 HTTP/1.1 localhost:{port}"));
        }
        drop(server);
        // Redirects are answers, and are not followed.
        let mut server = http_server(&machine.work(), &address, &["302", "500"]);
        assert_silent(&machine.run(&["wait", "web", "--http", "/"]));
        server.expect(&format!("GET / HTTP/1.1 localhost:{port}"));
        assert!(server.kill().is_empty());
    });
}

#[test]
fn wrong_times_paths_and_services_are_refused_before_waiting() {
    both_ways(|machine| {
        assert_eq!(
            machine.run(&["wait"]).complained(1),
            "error: no service of this checkout has a port yet\nhint: allocate one, as in `portctl get web`"
        );
        machine.port_of("web");
        for (line, problem) in [
            (
                ["web", "--timeout", "soon"],
                "`soon` cannot be used for --timeout: it is a number of seconds, such as 30 or 0.5",
            ),
            (
                ["web", "--timeout=-1", "--strict"],
                "`-1` cannot be used for --timeout: it is a number of seconds, such as 30 or 0.5",
            ),
            (
                ["web", "--http", "http://localhost/"],
                "`http://localhost/` cannot be used for --http: it is the path of a URL, such as /health",
            ),
            (
                ["web", "api,db", "--strict"],
                "`api,db` is not the name of one service",
            ),
        ] {
            let ran = machine.run(&[&["wait"], &line[..]].concat());
            assert!(
                ran.complained(2)
                    .starts_with(&format!("error: {problem}\n")),
                "{ran:?}"
            );
        }
        assert!(
            machine
                .run(&["wait", "web", "postgres"])
                .complained(1)
                .starts_with(
                    "error: postgres has no port in this checkout\nhint: `portctl get postgres`"
                )
        );
    });
}

#[test]
fn progress_is_shown_on_a_terminal() {
    both_ways(|machine| {
        let port = machine.port_of("web");
        let in_terminal = |line: &str| {
            let mut command = machine.program("script", &machine.work());
            command.args([
                "-qec",
                &format!("stty cols 200; {PORTCTL} {line}"),
                "/dev/null",
            ]);
            Ran::of(command.env("TERM", "dumb")).stdout
        };
        let shown = in_terminal("wait web --timeout 0.01");
        let waiting = format!("waiting for web on http://localhost:{port}\r\nerror: ");
        assert!(shown.starts_with(&waiting), "{shown}");
        let _server = occupant_of_in(port, &machine.work());
        assert_eq!(
            in_terminal("wait web"),
            format!("web answers on http://localhost:{port}\r\n")
        );
    });
}
