//! Processes on allocated ports and on the daemon's address.
//!
//! Each process that listens is this test binary again, running [`a_process_of_these_tests`] with its
//! port in the environment.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::PORTCTL;
use crate::namespace;
use crate::patient::{Patient, as_nobody};
use crate::support::{NOBODY, Ran, install};

/// The test that is run as another process.
const PROCESS: &str = "listeners::a_process_of_these_tests";

/// The port that a process is to listen on.
const ORDERS: &str = "PORT_REGISTRY_TEST_ORDERS";

/// Not a test of its own: what the other processes run.
#[test]
fn a_process_of_these_tests() {
    let Ok(port) = env::var(ORDERS) else {
        return;
    };
    let _listener = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "\n> listening").unwrap();
    stdout.flush().unwrap();
    // Until the other end is closed.
    let _ = std::io::stdin().read(&mut [0]);
}

/// Another process that listens, ended when dropped.
struct Service(Child);

impl Service {
    /// Runs a program that is this one, or a copy of it, in a folder.
    fn start(command: &mut Command, folder: &Path, port: u16) -> Service {
        let mut child = command
            .args(["--exact", PROCESS, "--nocapture", "--quiet"])
            .env(ORDERS, port.to_string())
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let service = Service(child);
        let mut lines = stdout.lines().map_while(Result::ok);
        assert!(lines.any(|line| line == "> listening"));
        service
    }

    fn in_folder(folder: &Path, port: u16) -> Service {
        Service::start(&mut Command::new(env::current_exe().unwrap()), folder, port)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn foreign_process_on_an_allocated_port_is_named_and_the_service_is_not() {
    let patient = Patient::new();
    let shop = patient.sandbox.path().join("shop");
    let (inside, blog) = (
        shop.join("packages/web"),
        patient.sandbox.path().join("shop-two"),
    );
    fs::create_dir_all(&inside).unwrap();
    fs::create_dir(&blog).unwrap();
    let link = patient.sandbox.path().join("link");
    symlink(&shop, &link).unwrap();
    let [web, api, db, cache] = ["web", "api", "db", "cache"]
        .map(|service| patient.allocate(service, Some(&shop)).port.get());
    let linked = patient.allocate("linked", Some(&link)).port.get();
    let unknown = patient.allocate("unknown", None).port.get();
    let findings = patient.examine();
    findings.assert("listeners", "ok", "nothing listens on any allocated port");
    let _services = [
        Service::in_folder(&shop, web),
        Service::in_folder(&inside, api),
        Service::in_folder(&inside, linked),
        Service::in_folder(&blog, unknown),
    ];
    // The service behind a container's proxy is unknown.
    let proxy = patient.bin().join("docker-proxy");
    install(env::current_exe().unwrap(), &proxy);
    let _proxy = Service::start(&mut Command::new(proxy), &blog, cache);
    let findings = patient.examine();
    findings.assert(
        "listeners",
        "ok",
        "something listens on 5 of 6 allocated ports",
    );
    findings.assert_ok_except(&[]);

    let stranger = Service::in_folder(&blog, db);
    let findings = patient.examine();
    findings.assert(
        "listeners",
        "warning",
        "another project seems to listen on 1 allocated port:\n",
    );
    let detail = findings.finding("listeners")["detail"].as_str().unwrap();
    assert_eq!(detail.lines().count(), 2, "{detail}");
    for part in [
        format!(
            "port {db} of shop/main/db (id 3, of {}) is in use by ",
            shop.display()
        ),
        format!(
            "(pid {}) from {}: `portctl check {db}`",
            stranger.0.id(),
            blog.display()
        ),
    ] {
        findings.assert("listeners", "warning", &part);
    }
    findings.assert_ok_except(&["listeners"]);
}

#[test]
fn process_of_another_user_on_an_allocated_port_is_reported() {
    let patient = Patient::new();
    let work = patient.sandbox.work();
    let web = patient.allocate("web", Some(&work)).port.get();
    let Some(mut command) = as_nobody(&patient) else {
        return;
    };
    // The registry belongs to nobody, the listener to a third user.
    for path in [
        patient.sandbox.home(),
        patient.folder(),
        patient.sandbox.store(),
    ] {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let program = patient.sandbox.path().join("service");
    install(env::current_exe().unwrap(), &program);
    let other = (NOBODY - 1).to_string();
    let mut service = patient.sandbox.command("setpriv");
    service.args(["--reuid", &other, "--regid", &other, "--clear-groups", "--"]);
    let _service = Service::start(service.arg(program), &work, web);
    let findings = patient.examine_by(&mut command);
    let told = format!("is in use by another user's process (uid {other})");
    findings.assert("listeners", "warning", &told);
    // Root sees it like any other process.
    patient.examine().assert(
        "listeners",
        "ok",
        "something listens on 1 of 1 allocated port",
    );
}

#[test]
fn server_at_the_default_address_is_reported() {
    let patient = Patient::new();
    let up = "ip link set lo up";
    let Some(mut command) = namespace::command(&patient.sandbox, "--net", up) else {
        return;
    };
    // In its own network namespace, the sandbox has the default address to itself.
    let script = format!(
        "{up}; {PORTCTL} doctor --json > well; mkfifo in; \
         {ORDERS}=51234 {} --exact {PROCESS} --nocapture --quiet < in > out & \
         exec 3> in; until grep -q listening out; do sleep 0.01; done; \
         {PORTCTL} doctor --json > occupied; exec 3>&-; wait; echo $!",
        env::current_exe().unwrap().display()
    );
    let ran = Ran::of(command.args(["sh", "-c", &script]));
    let pid = ran.printed();
    let finding = |name: &str| {
        let text = fs::read_to_string(patient.sandbox.work().join(name)).unwrap();
        let findings: Vec<Value> = serde_json::from_str(&text).unwrap();
        findings
            .into_iter()
            .find(|it| it["check"] == "daemon")
            .unwrap()
    };
    let well = finding("well");
    assert_eq!(well["status"], "ok");
    assert_eq!(well["detail"], "not running; portctl works without it");
    let occupied = finding("occupied");
    assert_eq!(occupied["status"], "warning", "{occupied}");
    let detail = occupied["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("127.0.0.1:51234 is in use by "),
        "{detail}"
    );
    assert!(detail.contains(&format!("(pid {pid}): ")), "{detail}");
}
