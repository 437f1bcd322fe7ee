//! Services as plain words, short flags, aliases, and flags in any place.

use serde_json::json;
use test_support::occupant;

use super::fixture::Portctl;

#[test]
fn a_service_is_a_plain_word_or_a_flag_in_every_command() {
    let portctl = Portctl::new();
    let port = portctl.first.to_string();
    let named = |name: &'static str| {
        [
            [name, "web"].to_vec(),
            [name, "--service", "web"].to_vec(),
            [name, "-s", "web"].to_vec(),
            [name, "-sweb"].to_vec(),
        ]
    };
    for args in named("allocate") {
        assert_eq!(
            portctl.run(&args).printed(),
            format!("allocated port {port} for work/default/web")
        );
        portctl.run(&["release"]).printed();
    }
    portctl.run(&["get", "web", "api"]).printed();
    for args in named("get") {
        assert_eq!(portctl.run(&args).printed(), port);
    }
    for args in named("list") {
        let listed = portctl.json(&[&args[..], &["--json"]].concat());
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert_eq!(listed[0]["service"], "web");
    }
    for args in named("check") {
        let ran = portctl.run(&args);
        assert!(
            ran.stdout
                .starts_with(&format!("port {port} is allocated to work/default/web")),
            "{ran:?}"
        );
        assert_eq!(ran.code, Some(1));
    }
    for args in named("env") {
        assert_eq!(portctl.run(&args).printed(), format!("WEB_PORT={port}"));
    }
    for args in named("run") {
        let args = [&args[..], &["--", "sh", "-c", "echo $PORT $API_PORT"]].concat();
        let ports = format!("{port} {}", portctl.first + 1);
        assert_eq!(portctl.run(&args).printed(), ports);
    }
    for args in named("release") {
        let released = format!("released port {port} of work/default/web");
        assert_eq!(portctl.run(&args).printed(), released);
        assert_eq!(portctl.run(&["get", "web"]).printed(), port);
    }
}

#[test]
fn several_services_are_several_words() {
    let portctl = Portctl::new();
    let first = portctl.first;
    let ports = format!("{first}\n{}", first + 1);
    assert_eq!(portctl.run(&["get", "web", "api"]).printed(), ports);
    assert_eq!(
        portctl.run(&["get", "-s", "web", "-s", "api"]).printed(),
        ports
    );
    let variables = portctl.run(&["env", "api", "web"]);
    assert_eq!(
        variables.printed(),
        format!("API_PORT={}\nWEB_PORT={first}", first + 1)
    );
    let script = ["--", "sh", "-c", "echo $PORT $API_PORT $WEB_PORT"];
    let ran = portctl.run(&[&["run", "api", "web"][..], &script].concat());
    assert_eq!(ran.stdout.trim_end(), format!("{} {first}", first + 1));
    assert_eq!(
        portctl.run(&["rm", "web", "api"]).printed().lines().count(),
        2
    );
}

#[test]
fn a_number_is_a_port() {
    let portctl = Portctl::new();
    let (first, second) = (portctl.first.to_string(), (portctl.first + 1).to_string());
    portctl.run(&["get", "web", "api"]).printed();
    for args in [
        &["list", "--json", &first][..],
        &["list", "--json", "--port", &first],
        &["list", "--json", "-p", &first],
        &["list", "--all", "--json", &first],
    ] {
        assert_eq!(portctl.json(args)[0]["service"], "web");
    }
    let address = format!("localhost:{first}");
    let colon = format!(":{first}");
    for word in [&first, &address, &colon] {
        let ran = portctl.run(&["check", word]);
        assert!(
            ran.stdout
                .starts_with(&format!("port {first} is allocated")),
            "{ran:?}"
        );
    }
    let released = portctl.run(&["release", &second, "web"]);
    assert_eq!(released.printed().lines().count(), 2);
    assert_eq!(portctl.run(&["check", &first]).code, Some(0));
}

#[test]
fn a_port_is_released_in_every_checkout_of_the_app_and_in_no_other_app() {
    let portctl = Portctl::new();
    let [first, second, third] = [0, 1, 2].map(|it| (portctl.first + it).to_string());
    portctl.run(&["get", "web", "--app", "rival"]).printed();
    portctl.run(&["get", "web", "--instance", "blue"]).printed();
    portctl.run(&["get", "web"]).printed();
    for args in [&["release", &first][..], &["release", "--port", &first]] {
        let ran = portctl.run(args);
        let error =
            format!("error: port {first} is allocated to rival/default/web (id 1), not to work");
        assert!(ran.complained(1).starts_with(&error), "{ran:?}");
    }
    let ran = portctl.run(&["release", &first, &second]);
    assert!(
        ran.complained(1).contains("rival/default/web"),
        "all or none: {ran:?}"
    );
    assert_eq!(
        portctl.run(&["release", &second]).printed(),
        format!("released port {second} of work/blue/web")
    );
    // A typed instance narrows it.
    let ran = portctl.run(&["release", &third, "--instance", "blue"]);
    assert!(ran.complained(1).contains("not to work/blue"), "{ran:?}");
    portctl.run(&["release", "-p", &third]).printed();
    let left = portctl.json(&["list", "--all", "--json"]);
    assert_eq!(left.as_array().unwrap().len(), 1);
}

#[test]
fn a_port_of_another_checkout_with_the_same_names_is_not_released() {
    let portctl = Portctl::new();
    let namesake = portctl.sandbox.path().join("elsewhere").join("work");
    std::fs::create_dir_all(&namesake).unwrap();
    let port = portctl.first.to_string();
    let mut there = portctl.command(&["get", "web"]);
    test_support::Ran::of(there.current_dir(&namesake)).printed();
    for args in [
        &["release", &port][..],
        &["release", "-p", &port],
        &["release", "-n", &port],
    ] {
        let error = format!(
            "error: port {port} is allocated to work/default/web (id 1, of {}), not to this checkout",
            namesake.display()
        );
        assert!(portctl.run(args).complained(1).starts_with(&error));
    }
    let ran = portctl.run(&["check", "web"]);
    assert!(ran.complained(1).contains("has no port"), "{ran:?}");
    // A new service here does not clash with those there.
    let ran = portctl.run(&["get", "WEB"]);
    assert_eq!(ran.stdout, format!("{}\n", portctl.first + 1), "{ran:?}");
}

#[test]
fn a_port_of_another_checkout_of_the_app_is_released_by_its_id() {
    let portctl = Portctl::new();
    let other = portctl.sandbox.path().join("elsewhere");
    std::fs::create_dir(&other).unwrap();
    let names = ["--app", "work", "--instance", "blue"];
    let mut command = portctl.command(&["import", "-"]);
    let row = json!([{"app": names[1], "instance": names[3], "service": "web", "port": portctl.first,
        "created_at": "2026-01-01T12:00:00Z", "dir": other}]);
    let file = portctl.sandbox.path().join("rows.json");
    std::fs::write(&file, row.to_string()).unwrap();
    command.stdin(std::fs::File::open(&file).unwrap());
    test_support::Ran::of(&mut command).printed();
    let ran = portctl.run(&["release", &portctl.first.to_string()]);
    let complaint = ran.complained(1);
    assert!(
        complaint.contains("not to this checkout")
            && complaint.contains("`portctl release --id 1`"),
        "{complaint}"
    );
    // Its labels mean exactly this allocation.
    let ran = portctl.run(&["release", "--app", "work", "--instance", "blue", "web"]);
    assert_eq!(
        (ran.code, &*ran.stdout, &*ran.stderr),
        (
            Some(0),
            &*format!("released port {} of work/blue/web\n", portctl.first),
            &*format!(
                "note: work/blue/web belongs to another checkout, {}\n",
                other.display()
            )
        )
    );
}

#[test]
fn a_dry_run_releases_nothing() {
    let portctl = Portctl::new();
    let first = portctl.first;
    portctl.run(&["get", "web", "api"]).printed();
    let would = format!("would release port {first} of work/default/web");
    for args in [
        &["release", "-n", "web"][..],
        &["rm", "--dry-run", &first.to_string()],
        &["release", "--id", "1", "-n"],
    ] {
        assert_eq!(portctl.run(args).printed(), would);
    }
    assert_eq!(portctl.run(&["rm", "-n"]).printed().lines().count(), 2);
    assert_eq!(portctl.json(&["rm", "-nj"]).as_array().unwrap().len(), 2);
    assert!(
        portctl
            .run(&["rm", "-n", "--id", "9"])
            .complained(1)
            .contains("allocation 9 not found")
    );
    assert_eq!(portctl.json(&["list", "-j"]).as_array().unwrap().len(), 2);
    let ran = portctl.run(&["prune", "-n"]);
    assert!(ran.stderr.starts_with("nothing to prune"), "{ran:?}");
}

#[test]
fn flags_may_be_short_together_and_before_the_command() {
    let portctl = Portctl::new();
    portctl.run(&["get", "web"]).printed();
    let expected = portctl.json(&["list", "--all", "--json"]);
    for args in [
        &["--json", "list", "--all"][..],
        &["--all", "--json", "list"],
        &["list", "-aj"],
        &["-j", "ls", "-a"],
        &["-ja", "ls"],
        &["--app", "work", "--json", "ls"],
        &["--app=work", "-j", "ls"],
        &["-sweb", "ls", "-j"],
        &["-s", "web", "ls", "-j"],
        &["ls", "-s=web", "-j"],
        &["ls", "--service=web", "-j"],
        // As the flags of programs in Go.
        &["list", "-json", "-all"],
        &["list", "-service=web", "-json"],
        &["list", "-service", "web", "-app", "work", "-json"],
    ] {
        assert_eq!(portctl.json(args), expected, "{args:?}");
    }
    let (_occupant, port) = occupant();
    let port = port.to_string();
    assert_eq!(
        portctl.json(&["--json", "allocate", "db", "--adopt", "-p", &port])["service"],
        "db"
    );
    let ran = portctl.run(&[
        "run", "-s", "web", "--", "sh", "-c", "echo $@", "x", "-j", "--json",
    ]);
    assert_eq!(ran.printed(), "-j --json");
    // A value may look like a flag of another command, or like a word.
    assert_eq!(
        portctl.json(&["allocate", "--service=--all", "-j"])["service"],
        "--all"
    );
    assert_eq!(
        portctl.json(&["allocate", "-j", "--", "-web"])["service"],
        "-web"
    );
}

#[test]
fn words_with_dashes_are_values_and_keep_their_order() {
    let portctl = Portctl::new();
    let first = portctl.first;
    let ports = |order: [u16; 3]| order.map(|it| (first + it).to_string()).join("\n");
    assert_eq!(
        portctl.run(&["get", "a", "--", "-b", "help"]).printed(),
        ports([0, 1, 2])
    );
    assert_eq!(
        portctl.run(&["get", "--", "help", "a", "-b"]).printed(),
        ports([2, 0, 1])
    );
    // As programs make it that do not use portctl.
    let key = port_registry::ServiceKey::new("work", "default", "-").unwrap();
    let registry = portctl.sandbox.registry();
    let made = registry.allocate(port_registry::Claim::new(key)).unwrap();
    let dash = made.port.to_string();
    for args in [
        &["get", "--service", "-"][..],
        &["get", "-s", "-"],
        &["-s", "-", "get"],
    ] {
        assert_eq!(portctl.run(args).printed(), dash, "{args:?}");
    }
    let listed = portctl.json(&["list", "--app", "-", "-j"]);
    assert_eq!(listed, json!([]));
    // The first wrong word is named, so the dash stays where it is.
    let ran = portctl.run(&["get", "a", "-", "70000"]);
    assert!(ran.complained(2).starts_with("error: `-` is"), "{ran:?}");
}

#[test]
fn a_service_with_an_unlikely_name_can_be_used_by_its_flag() {
    let portctl = Portctl::new();
    // As programs make them that do not use portctl.
    let registry = portctl.sandbox.registry();
    for service in ["3000", "web,api", "a b", "all", "web", "WEB"] {
        let key = port_registry::ServiceKey::new("work", "default", service).unwrap();
        registry.allocate(port_registry::Claim::new(key)).unwrap();
    }
    for service in ["3000", "web,api", "a b", "all", "WEB"] {
        portctl.run(&["get", "--service", service]).printed();
        assert_eq!(portctl.run(&["check", "-s", service]).code, Some(1));
        let listed = portctl.json(&["list", "-j", "-s", service]);
        assert_eq!(listed[0]["service"], service);
    }
    // Two services share a variable; the error names a command that resolves it.
    let error = portctl.run(&["env"]);
    assert_eq!(
        error.complained(1),
        "error: the services web and WEB would share the variable WEB_PORT\nhint: release one of them and choose \
         another name: `portctl release WEB`"
    );
    for service in ["3000", "web,api", "a b", "all", "WEB"] {
        portctl.run(&["release", "-s", service]).printed();
    }
    portctl.run(&["env"]).printed();
    // The flags of the Go program make a service of any name. Other commands refuse names that are most likely mistakes.
    portctl.run(&["allocate", "--service", "3000"]).printed();
    portctl.run(&["get", "--service", "3000"]).printed();
    portctl.run(&["get", "--service", "a b"]).printed();
    for service in ["3001", "web,api", "web=1"] {
        portctl.run(&["get", "--service", service]).complained(2);
        portctl
            .run(&["run", "-s", service, "--", "true"])
            .complained(2);
    }
}

#[test]
fn a_command_that_does_not_exist_gets_no_port() {
    let portctl = Portctl::new();
    let quoted = portctl.run(&["run", "web", "--", "npm run dev", "--open"]);
    assert!(
        quoted
            .complained(2)
            .ends_with("hint: did you mean `portctl run web -- npm run dev --open`?"),
        "{quoted:?}"
    );
    portctl.run(&["run", "web", "--", ""]).complained(2);
    for program in ["no-such-program", "./no-such-program"] {
        let mut command = portctl.command(&["run", "web", "--", program]);
        // An inaccessible folder on the PATH would change the exit code.
        let ran = test_support::Ran::of(command.env("PATH", portctl.sandbox.work()));
        ran.complained(127);
    }
    assert!(!portctl.sandbox.store().exists());
    portctl.run(&["run", "web", "--", "true"]).printed();
    assert!(portctl.sandbox.store().exists());
}

#[test]
fn a_wrong_command_line_is_told_before_the_daemon_is_asked() {
    let portctl = Portctl::new();
    for args in [
        &["check"][..],
        &["check", "web", "api"],
        &["check", "70000"],
        &["get", "3000"],
        &["release", "web,api"],
        &["list", "all"],
        &["env", "3000"],
    ] {
        let mut command = portctl.command(args);
        let ran = test_support::Ran::of(command.env("PORT_REGISTRY_ADDR", "127.0.0.1:1"));
        assert_eq!(ran.code, Some(2), "{ran:?}");
    }
}
