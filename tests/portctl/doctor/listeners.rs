//! Processes on allocated ports and on the daemon's address.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::process::Command;

use port_registry::daemon::store_files;
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
    patient
        .sandbox
        .git(&patient.sandbox.path(), &["init", "-q", "shop-two"]);
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
    let proxy = listen(&mut Command::new(proxy), &blog, cache);
    let findings = patient.examine();
    let expected = format!(
        "something listens on 5 of 6 allocated ports, and on 3 of these a process of the port's checkout\n\
         cannot tell for 2 ports whose process it is:\n\
         port {cache} of shop/main/cache (id 4, of {}) is in use by docker-proxy (pid {}, in {}): it forwards connections\n\
         port {unknown} of shop/main/unknown (id 6) is in use by ",
        shop.display(),
        proxy.id(),
        blog.display()
    );
    findings.assert("listeners", "ok", &expected);
    findings.assert("listeners", "ok", "): the service has no checkout");
    findings.assert_ok_except(&[]);

    let stranger = listen_in(&blog, db);
    let findings = patient.examine();
    findings.assert(
        "listeners",
        "warning",
        &format!(
            "another checkout's process listens on 1 allocated port:\n\
             port {db} of shop/main/db (id 3, of {}) is in use by test-listener (pid {}, in {blog}); \
             it belongs to another checkout, {blog}\n\
             cannot tell for 2 ports whose process it is:\n",
            shop.display(),
            stranger.id(),
            blog = blog.display()
        ),
    );
    findings.assert_ok_except(&["listeners"]);
    let fix = format!(
        "`cd {} && portctl move --app shop --instance main db` gives the service another port",
        shop.display()
    );
    assert_eq!(findings.hint("listeners"), fix);
    drop(stranger);

    // A server in the checkout that has inherited the variable of another one.
    let mut command = Command::new(program(LISTENER));
    command.env("PORT_REGISTRY_CHECKOUT", &blog);
    let _inheriting = listen(&mut command, &inside, db);
    let findings = patient.examine();
    let by = format!(
        "{}, by PORT_REGISTRY_CHECKOUT in its environment\n",
        blog.display()
    );
    findings.assert("listeners", "warning", &by);
    let fix = format!(
        "if it is the service, restart it by `cd {} && portctl run --app shop --instance main db -- COMMAND`",
        shop.display()
    );
    assert_eq!(findings.hint("listeners"), fix);
}

#[test]
fn process_that_only_root_can_see_is_not_judged() {
    let patient = Patient::new();
    let work = patient.sandbox.work();
    let web = patient.allocate("web", Some(&work)).port.get();
    let Some(mut command) = as_nobody(&patient) else {
        return;
    };
    // The registry belongs to nobody, the listener to a third user.
    let folders = [patient.sandbox.home(), patient.folder()];
    let files = store_files(&patient.sandbox.store());
    for path in folders.into_iter().chain(files) {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let copy = patient.sandbox.path().join("service");
    install(program(LISTENER), &copy);
    let other = (NOBODY - 1).to_string();
    let mut service = patient.sandbox.command("setpriv");
    service.args(["--reuid", &other, "--regid", &other, "--clear-groups", "--"]);
    let _service = listen(service.arg(copy), &work, web);
    let findings = patient.examine_by(&mut command);
    let expected = format!(
        "something listens on 1 of 1 allocated port\n\
         cannot tell for 1 port without root whose process it is: {web}"
    );
    assert_eq!(findings.detail("listeners"), expected);
    findings.assert("listeners", "ok", "");
    // Root can see the folder of the process, which counts once it belongs to the process's user.
    let detail = patient.examine().detail("listeners").to_owned();
    assert!(detail.ends_with("it belongs to another user"), "{detail}");
    chown(&work, Some(NOBODY - 1), Some(NOBODY - 1)).unwrap();
    let own = "processes of their checkouts listen on 1 of 1 allocated port";
    assert_eq!(patient.examine().detail("listeners"), own);
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
