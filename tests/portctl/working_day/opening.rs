//! Opening services in the browser, for which a stand-in is on the PATH.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{Ran, install_script, occupant_by, occupant_of, occupant_of_in, program};

use super::machine::{Machine, both_ways};

/// Installs a browser that records its arguments in `opened`, and exits with this code.
fn browser(machine: &Machine, code: u8) -> PathBuf {
    let folder = machine.sandbox.path().join("bin");
    fs::create_dir_all(&folder).unwrap();
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {}\nexit {code}\n",
        opened(machine).display()
    );
    install_script(&script, &folder.join("xdg-open"));
    folder
}

fn opened(machine: &Machine) -> PathBuf {
    machine.sandbox.path().join("opened")
}

/// Runs portctl with only these programs on the PATH.
fn run(machine: &Machine, programs: &Path, words: &[&str]) -> Ran {
    let mut command = machine.command(&machine.work(), words);
    Ran::of(command.env("PATH", programs))
}

#[test]
fn running_service_is_opened_in_the_browser() {
    both_ways(|machine| {
        let programs = browser(machine, 0);
        let port = machine.port_of("web");
        let _server = occupant_of_in(port, &machine.work());
        let ran = run(machine, &programs, &["open", "web"]);
        assert_eq!(ran.printed(), format!("opened http://localhost:{port}"));
        let ran = run(machine, &programs, &["open", "web", "--site"]);
        let site = format!("http://web.default.work.localhost:{port}");
        assert_eq!(ran.printed(), format!("opened {site}"));
        assert_eq!(
            fs::read_to_string(opened(machine)).unwrap(),
            format!("http://localhost:{port}\n{site}\n")
        );
    });
}

#[test]
fn service_that_does_not_listen_is_not_opened() {
    both_ways(|machine| {
        let programs = browser(machine, 0);
        let port = machine.port_of("web");
        assert_eq!(
            run(machine, &programs, &["open", "web"]).complained(1),
            format!(
                "error: nothing listens on port {port} of work/default/web\n\
                 hint: start it; `portctl wait web && portctl open web` waits for it"
            )
        );
        assert!(
            run(machine, &programs, &["open", "api"])
                .complained(1)
                .starts_with("error: api has no port in this checkout\n")
        );
        assert!(
            run(machine, &programs, &["open", "web", "api"])
                .complained(2)
                .ends_with("did you mean `portctl open web && portctl open api`?")
        );
        assert!(!opened(machine).exists());
    });
}

#[test]
fn server_on_another_address_is_not_opened() {
    both_ways(|machine| {
        let programs = browser(machine, 0);
        let port = machine.port_of("web");
        let mut command = Command::new(program("test-listener"));
        command.arg(port.to_string()).arg("on=127.0.0.2");
        let (server, _) = occupant_by(command.current_dir(machine.work()));
        let listener = format!(
            "in use by test-listener (pid {}, in {})",
            server.id(),
            machine.work().display()
        );
        let only = "it listens on 127.0.0.2 only, so localhost does not reach it";
        assert_eq!(
            run(machine, &programs, &["open", "web"]).complained(1),
            format!(
                "error: port {port} of work/default/web is {listener}; {only}\nhint: make the server listen on localhost"
            )
        );
        assert!(!opened(machine).exists());
        let checked = machine.run(&["check", "web"]);
        let end = format!("and {listener}; it belongs to this checkout; {only}\n");
        assert!(checked.stdout.ends_with(&end), "{checked:?}");
        let listed = machine.run(&["list"]);
        let note = format!(
            "note: port {port} of web is {listener}; {only}: make the server listen on localhost\n"
        );
        assert_eq!((listed.code, listed.stderr), (Some(0), note));
    });
}

#[test]
fn server_of_another_checkout_is_not_opened() {
    both_ways(|machine| {
        let programs = browser(machine, 0);
        let blog = machine.work().join("blog");
        fs::create_dir_all(blog.join("app")).unwrap();
        fs::write(blog.join("portctl.toml"), "").unwrap();
        let port = machine.port_of("web");
        let server = occupant_of_in(port, &blog.join("app"));
        assert_eq!(
            run(machine, &programs, &["open", "web"]).complained(1),
            format!(
                "error: port {port} of work/default/web is in use by test-listener (pid {}, in {1}/app); it belongs to another \
                 checkout, {1}\nhint: `portctl move web` gives the service another port",
                server.id(),
                blog.display()
            )
        );
        assert!(!opened(machine).exists());
    });
}

#[test]
fn server_that_cannot_be_told_is_opened_with_a_note() {
    both_ways(|machine| {
        let programs = browser(machine, 0);
        let port = machine.port_of("web");
        let server = occupant_of(port);
        let ran = run(machine, &programs, &["open", "web"]);
        let note = format!(
            "note: port {port} of work/default/web is in use by test-listener (pid {}, in /); its checkout is unknown, \
             because its folder is in no checkout\n",
            server.id()
        );
        assert_eq!((ran.code, &*ran.stderr), (Some(0), &*note));
        assert_eq!(ran.stdout, format!("opened http://localhost:{port}\n"));
    });
}

#[test]
fn without_a_program_that_works_the_url_is_printed() {
    both_ways(|machine| {
        let port = machine.port_of("web");
        let url = format!("http://localhost:{port}");
        let _server = occupant_of_in(port, &machine.work());
        let empty = machine.sandbox.path().join("empty");
        fs::create_dir(&empty).unwrap();
        for (programs, expected) in [
            (
                empty,
                format!(
                    "error: this system has no program that opens URLs\n\
                     hint: open {url} by hand; on Linux, the package xdg-utils has the program\n"
                ),
            ),
            (
                browser(machine, 3),
                format!(
                    "error: xdg-open cannot open {url}\n\
                     hint: open {url} by hand, or name a browser in BROWSER\n"
                ),
            ),
        ] {
            let ran = run(machine, &programs, &["open", "web"]);
            assert_eq!((ran.code, ran.stdout), (Some(1), format!("{url}\n")));
            assert_eq!(ran.stderr, expected);
        }
    });
}

#[test]
fn browser_of_the_environment_is_used() {
    both_ways(|machine| {
        let programs = browser(machine, 0);
        let port = machine.port_of("web");
        let url = format!("http://localhost:{port}");
        let _server = occupant_of_in(port, &machine.work());
        for (name, code) in [("works", 0), ("fails", 4)] {
            let script = format!(
                "#!/bin/sh\necho {name} \"$@\" >> {}\nexit {code}\n",
                opened(machine).display()
            );
            install_script(&script, &programs.join(name));
        }
        let by = |browser: &str| {
            let mut command = machine.command(&machine.work(), &["open", "web"]);
            Ran::of(command.env("PATH", &programs).env("BROWSER", browser))
        };
        for (browser, line) in [
            ("works", format!("works {url}")),
            (
                "missing:fails:works --app=%s -x",
                format!("fails {url}\nworks --app={url} -x"),
            ),
            // An empty value counts as not set.
            ("", url.clone()),
        ] {
            assert_eq!(by(browser).printed(), format!("opened {url}"), "{browser}");
            let found = fs::read_to_string(opened(machine)).unwrap();
            assert_eq!(found, format!("{line}\n"), "{browser}");
            fs::remove_file(opened(machine)).unwrap();
        }
        for (browser, reason) in [
            ("fails", "exit status: 4"),
            ("missing", "No such file or directory (os error 2)"),
        ] {
            let ran = by(browser);
            assert_eq!((ran.code, ran.stdout), (Some(1), format!("{url}\n")));
            let expected = format!(
                "error: {browser}, which BROWSER names, cannot open {url}: {reason}\n\
                 hint: open {url} by hand, or correct BROWSER\n"
            );
            assert_eq!(ran.stderr, expected);
        }
    });
}
