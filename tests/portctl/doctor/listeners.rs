//! Processes on allocated ports and on the daemon's address.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use test_support::helper::Helper;
use test_support::{NOBODY, Ran, install, namespace, program};

use super::patient::{Patient, as_nobody};
use crate::PORTCTL;

/// Name of the helper program that listens on a port.
const LISTENER: &str = "test-listener";

/// Starts [`LISTENER`] or a copy of it in a folder, and waits until it listens.
fn listen(command: &mut Command, folder: &Path, port: u16) -> Helper {
    command.arg(port.to_string()).current_dir(folder);
    let mut service = Helper::spawn(command);
    service.expect(&format!("listening {port}"));
    service
}

fn listen_in(folder: &Path, port: u16) -> Helper {
    listen(&mut Command::new(program(LISTENER)), folder, port)
}

#[test]
fn foreign_process_on_an_allocated_port_is_reported() {
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
        listen_in(&shop, web),
        listen_in(&inside, api),
        listen_in(&inside, linked),
        listen_in(&blog, unknown),
    ];
    // Never report a container's proxy, because the service behind it is unknown.
    let proxy = patient.bin().join("docker-proxy");
    install(program(LISTENER), &proxy);
    let _proxy = listen(&mut Command::new(proxy), &blog, cache);
    let findings = patient.examine();
    findings.assert(
        "listeners",
        "ok",
        "something listens on 5 of 6 allocated ports",
    );
    findings.assert_ok_except(&[]);

    let stranger = listen_in(&blog, db);
    let findings = patient.examine();
    findings.assert(
        "listeners",
        "warning",
        "another project, another user or the system seems to listen on 1 allocated port:\n",
    );
    let detail = findings.finding("listeners")["detail"].as_str().unwrap();
    assert_eq!(detail.lines().count(), 2, "{detail}");
    for part in [
        format!(
            "port {db} of shop/main/db (id 3, of {}) is in use by ",
            shop.display()
        ),
        format!("(pid {}, in {})", stranger.id(), blog.display()),
    ] {
        findings.assert("listeners", "warning", &part);
    }
    findings.assert_ok_except(&["listeners"]);
    let fix = format!(
        "give the service another port: `cd {} && portctl release --id 3 && \
         portctl get --app shop --instance main db`",
        shop.display()
    );
    let hint = findings.hint("listeners");
    assert!(hint.ends_with(&fix), "{hint}");
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
    let copy = patient.sandbox.path().join("service");
    install(program(LISTENER), &copy);
    let other = (NOBODY - 1).to_string();
    let mut service = patient.sandbox.command("setpriv");
    service.args(["--reuid", &other, "--regid", &other, "--clear-groups", "--"]);
    let _service = listen(service.arg(copy), &work, web);
    let findings = patient.examine_by(&mut command);
    let detail = format!("is in use by another user's process (uid {other})");
    findings.assert("listeners", "warning", &detail);
    // Root can see the folder of the process.
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
    // Nothing else uses the default address in a new network namespace.
    let script = format!(
        "{up}; {PORTCTL} doctor --json > free; mkfifo in out; \
         {} 51234 < in > out & exec 3> in; read -r line < out; \
         {PORTCTL} doctor --json > occupied; exec 3>&-; wait; echo $!",
        program(LISTENER).display()
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
    let free = finding("free");
    assert_eq!(free["status"], "ok");
    assert_eq!(free["detail"], "not running; portctl works without it");
    let occupied = finding("occupied");
    assert_eq!(occupied["status"], "warning", "{occupied}");
    let detail = occupied["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("127.0.0.1:51234 is in use by "),
        "{detail}"
    );
    let work = patient.sandbox.work();
    let by = format!("(pid {pid}, in {}): ", work.display());
    assert!(detail.contains(&by), "{detail}");
}
