//! What people do with their ports all day: hand them on, take others over, tidy up. Each of it in process
//! and through a daemon.

#![cfg(unix)]

#[path = "support/daemon.rs"]
mod daemon;
mod support;

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use daemon::Daemon;
use port_registry::{Allocation, Claim, Port, Registry, ServiceKey};
use serde_json::{Value, json};
use support::{Ran, Sandbox, listener, soak};

const PORTCTL: &str = env!("CARGO_BIN_EXE_portctl");

/// A machine with portctl, that knows one way to the registry.
struct Machine {
    sandbox: Sandbox,
    daemon: Option<Daemon>,
}

/// Does the same on two machines: on one in process, on the other through a daemon.
fn both_ways(test: impl Fn(&Machine)) {
    let daemonless = Machine {
        sandbox: Sandbox::new(),
        daemon: None,
    };
    test(&daemonless);
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    test(&Machine {
        sandbox,
        daemon: Some(daemon),
    });
}

impl Machine {
    fn work(&self) -> PathBuf {
        self.sandbox.work()
    }

    fn program(&self, program: &str, folder: &Path) -> Command {
        let mut command = self.sandbox.command(program);
        if let Some(daemon) = &self.daemon {
            command.env("PORT_REGISTRY_ADDR", daemon.address.to_string());
        }
        command.current_dir(folder);
        command
    }

    fn command(&self, folder: &Path, words: &[&str]) -> Command {
        let mut command = self.program(PORTCTL, folder);
        command.args(words);
        command
    }

    fn run_in(&self, folder: &Path, words: &[&str]) -> Ran {
        Ran::of(&mut self.command(folder, words))
    }

    fn run(&self, words: &[&str]) -> Ran {
        self.run_in(&self.work(), words)
    }

    #[track_caller]
    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(self.run(words).printed()).unwrap()
    }

    /// What the registry holds, but for the numbers.
    fn held(&self) -> Vec<Value> {
        let mut held = self.json(&["export"]).as_array().unwrap().clone();
        for allocation in &mut held {
            allocation.as_object_mut().unwrap().remove("id");
        }
        held
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

fn block(lines: &str) -> String {
    format!(
        "# >>> port-registry >>>\n\
         # Written by `portctl env --write`. Changes in this block are lost.\n\
         {lines}# <<< port-registry <<<\n"
    )
}

#[test]
fn variables_are_printed_in_each_format() {
    both_ways(|machine| {
        let ran = machine.run(&["get", "web", "web-api"]);
        let ports: Vec<&str> = ran.printed().lines().collect();
        let [web, api] = ports[..] else {
            panic!("{ran:?}");
        };
        let dotenv = format!("WEB_PORT={web}\nWEB_API_PORT={api}");
        assert_eq!(machine.run(&["env"]).printed(), dotenv);
        let shell = format!("export WEB_PORT={web}\nexport WEB_API_PORT={api}");
        assert_eq!(machine.run(&["env", "--format", "shell"]).printed(), shell);
        let ports: [u16; 2] = [web.parse().unwrap(), api.parse().unwrap()];
        let object = json!({"WEB_PORT": ports[0], "WEB_API_PORT": ports[1]});
        assert_eq!(machine.json(&["env", "--format=json"]), object);
        assert_eq!(machine.json(&["env", "--json"]), object);
        let usage = machine.run(&["env", "--format", "yaml"]);
        assert!(usage.complained(2).contains("dotenv, shell and json"));

        let none = machine.run(&["env", "--app", "none"]);
        assert_eq!((none.code, &*none.stdout), (Some(0), ""));
        assert!(none.stderr.contains("no allocations of none/default"));
    });
}

#[test]
fn a_shell_takes_the_variables_over() {
    both_ways(|machine| {
        let port = machine.run(&["get", "web"]).printed().to_owned();
        let script = format!("eval \"$({PORTCTL} env --format shell)\" && sh -c 'echo $WEB_PORT'");
        let mut command = machine.program("sh", &machine.work());
        command.args(["-c", &script]);
        assert_eq!(Ran::of(&mut command).printed(), port);
    });
}

#[test]
fn a_file_keeps_all_but_the_block_and_its_mode() {
    both_ways(|machine| {
        let file = machine.write(".env", "SECRET=1\n# mine");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let web = machine.run(&["get", "web"]).printed().to_owned();
        let ran = machine.run(&["env", "--write", ".env"]);
        assert_eq!(ran.printed(), "wrote 1 port to .env");
        let first = format!("SECRET=1\n# mine\n{}", block(&format!("WEB_PORT={web}\n")));
        assert_eq!(fs::read_to_string(&file).unwrap(), first);
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o640
        );

        // Nothing is written that is there already.
        let inode = fs::metadata(&file).unwrap().ino();
        let ran = machine.run(&["env", "--write", ".env"]);
        assert_eq!(ran.printed(), ".env has the 1 port already");
        assert_eq!(fs::metadata(&file).unwrap().ino(), inode);

        // What comes behind the block stays there.
        fs::write(&file, format!("{first}LAST=1")).unwrap();
        let api = machine.run(&["get", "api"]).printed().to_owned();
        machine.run(&["env", "--write", ".env"]).printed();
        let both = block(&format!("WEB_PORT={web}\nAPI_PORT={api}\n"));
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text, format!("SECRET=1\n# mine\n{both}LAST=1"));

        // A new file, of the format for a shell.
        machine
            .run(&["env", "--format", "shell", "--write", ".envrc"])
            .printed();
        let shell = block(&format!("export WEB_PORT={web}\nexport API_PORT={api}\n"));
        assert_eq!(
            fs::read_to_string(machine.work().join(".envrc")).unwrap(),
            shell
        );
        let entries = fs::read_dir(machine.work()).unwrap();
        assert_eq!(entries.count(), 2, "drafts were left");
    });
}

#[test]
fn a_symbolic_link_is_followed_and_stays_one() {
    both_ways(|machine| {
        let file = machine.write("shared/ports.env", "A=1\n");
        symlink("shared/ports.env", machine.work().join(".env")).unwrap();
        machine.run(&["get", "web"]).printed();
        machine.run(&["env", "--write", ".env"]).printed();
        assert!(fs::read_to_string(&file).unwrap().starts_with("A=1\n# >>>"));
        assert!(machine.work().join(".env").is_symlink());
        symlink("nowhere", machine.work().join("dangling")).unwrap();
        let ran = machine.run(&["env", "--write", "dangling"]);
        assert!(ran.complained(1).contains("symbolic link to nothing"));
        assert!(!machine.work().join("nowhere").exists());
    });
}

#[test]
fn a_file_that_cannot_have_the_block_is_left_as_it_is() {
    both_ways(|machine| {
        machine.run(&["get", "web"]).printed();
        let broken = "A=1\n# >>> port-registry >>>\nB=2\n";
        let file = machine.write("broken", broken);
        let ran = machine.run(&["env", "--write", "broken"]);
        assert!(
            ran.complained(1).contains("line 2 begins the block"),
            "{ran:?}"
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), broken);

        let ran = machine.run(&["env", "--write", "none/.env"]);
        assert!(ran.complained(1).contains("No such file"), "{ran:?}");
        let ran = machine.run(&["env", "--write", "."]);
        assert!(ran.complained(1).contains("not a file"), "{ran:?}");
        let ran = machine.run(&["env", "--json", "--write", "new"]);
        assert!(ran.complained(2).contains("dotenv and shell"), "{ran:?}");
        assert!(!machine.work().join("new").exists());
    });
}

#[test]
fn a_block_that_would_be_part_of_a_value_is_not_written() {
    both_ways(|machine| {
        machine.run(&["get", "web"]).printed();
        let open = "A=1\nB=\"begins\n# and goes on";
        let file = machine.write(".env", &format!("{open}\nC=\"\n"));
        machine.run(&["env", "--write", ".env"]).printed();
        let whole = fs::read_to_string(&file).unwrap();
        let marked = whole.split_once("# >>>").unwrap().1;
        // The same block, before the quote ends.
        let inside = format!("{open}\n# >>>{marked}C=\"\n");
        fs::write(&file, &inside).unwrap();
        let ran = machine.run(&["env", "--write", ".env"]);
        assert!(ran.complained(1).contains("a quote is open"), "{ran:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), inside);
    });
}

#[test]
fn what_comes_behind_the_block_and_sets_the_same_is_told() {
    both_ways(|machine| {
        machine.run(&["get", "web"]).printed();
        machine.run(&["env", "--write", ".env"]).printed();
        let file = machine.work().join(".env");
        let text = fs::read_to_string(&file).unwrap() + "X=1\nexport WEB_PORT=1\n";
        fs::write(&file, text).unwrap();
        let ran = machine.run(&["env", "--write", ".env"]);
        assert_eq!(ran.code, Some(0));
        assert!(
            ran.stderr.starts_with(".env:6 sets WEB_PORT too"),
            "{ran:?}"
        );
    });
}

#[test]
fn many_that_write_one_file_at_once_leave_all_ports_in_it() {
    both_ways(|machine| {
        let rounds = 12 * soak();
        thread::scope(|scope| {
            for number in 0..rounds {
                scope.spawn(move || {
                    machine.run(&["get", &format!("s{number}")]).printed();
                    machine.run(&["env", "--write", ".env"]).printed();
                });
            }
        });
        let text = fs::read_to_string(machine.work().join(".env")).unwrap();
        let lines: HashSet<&str> = text.lines().filter(|line| line.starts_with('S')).collect();
        let printed = machine.run(&["env"]).printed().to_owned();
        assert_eq!(lines, printed.lines().collect::<HashSet<_>>());
        assert_eq!(lines.len(), rounds as usize);
    });
}

/// The forms that allocations come in: this program's, the Go program's server's, and its database's by
/// `sqlite3 -json`.
#[test]
fn allocations_are_taken_over_with_their_ports_and_times() {
    both_ways(|machine| {
        let (_listener, busy) = listener();
        let rows = json!([
            {"id": 7, "app": "shop", "instance": "main", "service": "web", "port": busy,
             "created_at": "2026-01-02 03:04:05"},
            {"id": 3, "app": "shop", "instance": "main", "service": "db", "port": 21,
             "created_at": "2026-01-02T03:04:05.678+01:00", "extra": null},
            {"app": "blog", "instance": "main", "service": "web", "port": 22, "dir": "/srv/blog",
             "created_at": "2026-01-02T03:04:05Z"},
        ]);
        let file = machine.write("rows.json", &rows.to_string());
        assert_eq!(
            machine.run(&["import", "rows.json"]).printed(),
            "imported 3"
        );
        let held = machine.held();
        let row = |app: &str, service: &str, port: u16, time: &str| json!({"app": app, "instance": "main", "service": service, "port": port, "created_at": time});
        let mut expected = [
            row("shop", "web", busy, "2026-01-02T03:04:05Z"),
            row("shop", "db", 21, "2026-01-02T02:04:05Z"),
            row("blog", "web", 22, "2026-01-02T03:04:05Z"),
        ];
        expected[2]["dir"] = json!("/srv/blog");
        assert_eq!(held, expected);

        let again = machine.run(&["import", file.to_str().unwrap()]);
        assert_eq!(again.printed(), "imported 0; there already: 3");
        // What is exported is taken over elsewhere as it is.
        let exported = machine.run(&["export"]).stdout;
        machine.run(&["release", "--app", "shop"]).printed();
        machine.run(&["release", "--app", "blog"]).printed();
        let mut command = machine.command(&machine.work(), &["import", "-", "--json"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), exported.as_bytes()).unwrap();
        let ran = Ran::from(child.wait_with_output().unwrap());
        let done: Value = serde_json::from_str(ran.printed()).unwrap();
        assert_eq!(done["allocations"].as_array().unwrap().len(), 3);
        assert_eq!(machine.held(), expected);
    });
}

#[test]
fn an_import_names_every_conflict_and_does_all_or_nothing() {
    both_ways(|machine| {
        let row = |app: &str, service: &str, port: u16| json!({"app": app, "instance": "default", "service": service, "port": port});
        let mut held = row("work", "web", 21);
        held["dir"] = json!("/srv/work");
        machine.write("held.json", &json!([held]).to_string());
        machine.run(&["import", "held.json"]).printed();
        let before = machine.held();
        let rows = json!([
            row("work", "web", 21),
            row("new", "a", 22),
            row("work", "web", 23),
            row("other", "web", 21),
            row("new", "a", 24),
            row("new", "b", 22),
        ]);
        machine.write("rows.json", &rows.to_string());
        let ran = machine.run(&["import", "rows.json"]);
        let told: Vec<&str> = ran.complained(1).lines().map(str::trim).collect();
        assert_eq!(
            told,
            [
                "error: 4 allocations are in conflict with another, so none was imported",
                "port 23 of work/default/web: it has port 21 (id 1, of /srv/work), and nothing listens there",
                "`portctl release --id 1` frees it: its folder is gone",
                "port 21 of other/default/web: it is allocated to work/default/web (id 1, of /srv/work), and nothing listens there",
                "`portctl release --id 1` frees it: its folder is gone",
                "port 24 of new/default/a: the file gives it port 22, too",
                "take one of the two out of the file",
                "port 22 of new/default/b: the file gives it to new/default/a, too",
                "take one of the two out of the file",
                "hint: --skip-conflicts imports the others",
            ]
        );
        assert_eq!(machine.held(), before);
        let ran = machine.run(&["import", "rows.json", "--json"]);
        let told: Value = serde_json::from_str(ran.complained(1)).unwrap();
        assert_eq!(told["conflicts"].as_array().unwrap().len(), 4);
        assert_eq!(told["holder"]["id"], 1);

        let ran = machine.run(&["import", "rows.json", "--skip-conflicts"]);
        assert_eq!(ran.code, Some(0));
        assert!(
            ran.stdout
                .starts_with("imported 1; there already: 1; in conflict, and left out: 4")
        );
        let ports: Vec<Value> = machine.held().iter().map(|it| it["port"].clone()).collect();
        assert_eq!(ports, [21, 22]);
    });
}

#[test]
fn a_file_that_is_no_export_is_told_and_nothing_is_imported() {
    both_ways(|machine| {
        for (text, told) in [
            ("", "it is empty"),
            ("SQLite format 3\u{0}", "no JSON array"),
            ("{\"error\":\"not found\"}", "no JSON array"),
            ("[{\"app\":\"a\"}]", "1 of its allocations cannot be read"),
        ] {
            machine.write("file", text);
            let ran = machine.run(&["import", "file"]);
            assert!(ran.complained(1).contains(told), "{ran:?}");
        }
        assert!(machine.held().is_empty());
        machine.run(&["import"]).complained(2);
    });
}

#[test]
fn what_belongs_to_folders_that_are_gone_is_pruned_when_it_is_confirmed() {
    both_ways(|machine| {
        let [gone, here] = ["gone", "here"].map(|name| machine.work().join(name));
        for folder in [&gone, &here] {
            fs::create_dir(folder).unwrap();
            machine.run_in(folder, &["get", "web", "db"]).printed();
        }
        // Of no folder that anybody knows.
        machine
            .run(&["get", "web", "--app", "x", "--instance", "y"])
            .printed();
        let none = machine.run(&["prune", "--yes"]);
        assert_eq!((none.code, &*none.stdout), (Some(0), ""));
        fs::remove_dir(&gone).unwrap();
        let shown = machine.run(&["prune"]);
        assert_eq!(shown.code, Some(0));
        assert_eq!(
            shown.stdout.matches("gone/default/").count(),
            2,
            "{shown:?}"
        );
        let folder = gone.to_str().unwrap();
        assert_eq!(shown.stdout.matches(folder).count(), 2, "{shown:?}");
        assert!(shown.stderr.contains("`portctl prune --yes`"));
        assert_eq!(machine.held().len(), 5);

        let shown = machine.json(&["prune", "--json"]);
        let pruned = machine.json(&["prune", "--yes", "--json"]);
        assert_eq!(shown, pruned);
        let apps: Vec<Value> = pruned
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["app"].clone())
            .collect();
        assert_eq!(apps, ["gone", "gone"]);
        assert_eq!(machine.held().len(), 3);
    });
}

#[test]
fn a_port_is_refused_with_its_holder_its_folder_its_use_and_a_way_out() {
    both_ways(|machine| {
        let (listener, port) = listener();
        let text = port.to_string();
        let here = machine.work().join("here");
        fs::create_dir(&here).unwrap();
        let claim = ["allocate", "--service", "db", "--port", &text];
        machine
            .run_in(&here, &[&claim[..], &["--adopt"]].concat())
            .printed();
        let told = |ran: &Ran| -> Value { serde_json::from_str(ran.complained(1)).unwrap() };

        let there = machine.work().join("there");
        fs::create_dir(&there).unwrap();
        let ran = machine.run_in(&there, &[&claim[..], &["--json"]].concat());
        let told_in_use = told(&ran);
        let error = told_in_use["error"].as_str().unwrap();
        let holder = format!(
            "port {port} is already allocated to here/default/db (id 1, of {}), and in use by ",
            here.display()
        );
        assert!(error.starts_with(&holder), "{error}");
        assert_eq!(told_in_use["listener"]["pid"], std::process::id());
        assert_eq!(told_in_use["holder"]["dir"], here.to_str().unwrap());
        assert!(
            told_in_use["hint"]
                .as_str()
                .unwrap()
                .contains("`portctl release --id 1`")
        );

        drop(listener);
        let ran = machine.run_in(&there, &claim);
        let complaint = ran.complained(1);
        assert!(
            complaint.contains(", and nothing listens there\nhint: "),
            "{complaint}"
        );
        // When its folder is gone, there is nobody to ask.
        fs::remove_dir(&here).unwrap();
        let ran = machine.run_in(&there, &claim);
        let hint = "hint: `portctl release --id 1` frees it: its folder is gone";
        assert!(ran.complained(1).ends_with(hint), "{ran:?}");
        machine.run_in(&there, &["release", "--id", "1"]).printed();
        machine.run_in(&there, &claim).printed();
    });
}

/// Runs the command that a complaint names, as somebody does who pastes it into a shell.
#[track_caller]
fn follow(machine: &Machine, folder: &Path, ran: &Ran) -> String {
    let hint = ran.complained(1).split_once("hint: ").unwrap().1;
    let command = hint.split('`').nth(1).unwrap();
    let bin = machine.sandbox.path().join("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        symlink(PORTCTL, bin.join("portctl")).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    let mut shell = machine.program("sh", folder);
    shell.env("PATH", format!("{}:{path}", bin.display()));
    let followed = Ran::of(shell.args(["-ec", command]));
    assert_eq!(followed.code, Some(0), "`{command}`: {followed:?}");
    followed.stdout.trim_end().to_owned()
}

#[test]
fn the_command_that_a_hint_names_resolves_the_conflict() {
    both_ways(|machine| {
        let (_listener, port) = listener();
        let port = port.to_string();
        let work = machine.work();
        // Something listens: it is the service itself.
        let claim = ["get", "db", "--port", &port];
        follow(machine, &work, &machine.run(&claim));
        assert_eq!(machine.run(&claim).printed(), port);
        // Another service holds it; and then something listens still.
        let rival = ["get", "the cache", "--port", &port];
        follow(machine, &work, &machine.run(&rival));
        follow(machine, &work, &machine.run(&rival));
        assert_eq!(machine.run(&rival).printed(), port);
        // The service has a port, be it the one that is asked for.
        let allocate = ["allocate", "--service", "the cache"];
        assert_eq!(follow(machine, &work, &machine.run(&allocate)), port);
        let ran = machine.run(&[&allocate[..], &["--port", &port]].concat());
        assert_eq!(follow(machine, &work, &ran), port);
        // It has another one than is asked for.
        let ran = machine.run(&["get", "the cache", "--port", "43"]);
        follow(machine, &work, &ran);
        assert_eq!(
            machine.run(&["get", "the cache", "--port", "43"]).printed(),
            "43"
        );
        // Names that are not those of this folder, and look like flags.
        let odd = ["allocate", "--app=-a", "--instance=it's", "--service=-q"];
        let first = machine.json(&[&odd[..], &["--json"]].concat());
        let ran = machine.run(&odd);
        assert_eq!(follow(machine, &work, &ran), first["port"].to_string());
        // A release that spares what another one holds.
        machine
            .run(&[
                "get",
                "web",
                "--app",
                "x",
                "--instance",
                "y",
                "--port",
                "44",
            ])
            .printed();
        let ran = machine.run(&["release", "--port", "44"]);
        follow(machine, &work, &ran);
        machine
            .run(&[
                "get",
                "web",
                "--app",
                "z",
                "--instance",
                "y",
                "--port",
                "44",
            ])
            .printed();
    });
}

#[test]
fn checkouts_of_the_same_names_that_follow_the_hint_share_no_port() {
    both_ways(|machine| {
        let folders = ["a/shop", "b/shop", "c/shop", "c/b/shop", "d/default"];
        let folders = folders.map(|name| machine.work().join(name));
        let mut ports = HashSet::new();
        for folder in &folders {
            fs::create_dir_all(folder).unwrap();
            let get = ["get", "web", "--app", "shop"];
            // Outside of git the app is the folder's name, so it is typed for the last one.
            let is_alike = folder.ends_with("shop");
            let ran = machine.run_in(folder, if is_alike { &get[..2] } else { &get });
            let port = match ran.code {
                Some(0) => ran.printed().to_owned(),
                _ => follow(machine, folder, &ran),
            };
            if is_alike {
                assert!(
                    ports.insert(port.clone()),
                    "{}: {port} again",
                    folder.display()
                );
            }
        }
        assert_eq!(ports.len(), 4);
    });
}

#[test]
fn what_a_scan_advises_tells_checkouts_of_the_same_names_apart() {
    both_ways(|machine| {
        let compose = "services: {db: {ports: ['45:5432']}, web: {ports: ['46:80']}}";
        let [first, second] = ["a/shop", "b/shop"].map(|name| {
            machine.write(&format!("{name}/compose.yaml"), compose);
            machine.work().join(name)
        });
        let register = ["scan", "--register"];
        let ran = machine.run_in(&first, &register);
        assert_eq!(ran.code, Some(0), "{ran:?}");

        // Another checkout of the same names, one of whose services has a port already.
        let ran = machine.run_in(&second, &register);
        let complaint = ran.complained(1);
        assert_eq!(
            complaint
                .matches("another checkout of the same names")
                .count(),
            2,
            "{complaint}"
        );
        let instance = complaint
            .split_once("`portctl scan --register --instance ")
            .unwrap()
            .1;
        let instance = instance.split_once('`').unwrap().0;
        let register_by_it = [&register[..], &["--instance", instance]].concat();
        let ran = machine.run_in(&second, &register_by_it);
        assert!(
            ran.complained(1)
                .contains("is allocated to shop/default/db"),
            "{ran:?}"
        );
        assert!(!ran.stderr.contains("another checkout"), "{ran:?}");
    });
}

#[test]
fn what_a_scan_advises_resolves_its_conflicts() {
    both_ways(|machine| {
        let compose = "services: {db: {ports: ['45:5432']}, web: {ports: ['46:80']}}";
        let [first, third] = ["shop", "blog"].map(|name| {
            machine.write(&format!("{name}/compose.yaml"), compose);
            machine.work().join(name)
        });
        let register = ["scan", "--register"];
        assert_eq!(machine.run_in(&first, &register).code, Some(0));
        // Another project, which is told what to write and to do. From elsewhere, too.
        machine.write("blog/compose.yaml", "services: {db: {ports: ['45:5432']}}");
        let ran = machine.run(&["scan", "--register", "blog", "--instance", "it"]);
        let complaint = ran.complained(1);
        assert!(
            complaint.contains("write ${DB_PORT:-45} for 45 there"),
            "{complaint}"
        );
        assert!(
            complaint.contains("--app blog --instance it"),
            "{complaint}"
        );
        machine.write(
            "blog/compose.yaml",
            "services: {db: {ports: ['${DB_PORT:-45}:5432']}}",
        );
        let ran = machine.run_in(&third, &register);
        follow(machine, &third, &ran);
        let ran = machine.run_in(&third, &register);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(
            ran.stderr
                .starts_with("registered 0; registered already: 1"),
            "{ran:?}"
        );

        // Its own port by another name is its own.
        machine.write(
            "blog/compose.yaml",
            "services: {database: {ports: ['${DB_PORT:-45}:5432']}}",
        );
        let ran = machine.run_in(&third, &register);
        assert!(
            ran.stderr
                .starts_with("registered 0; registered already: 1"),
            "{ran:?}"
        );
        // The service has another port by now.
        machine.write("blog/compose.yaml", "services: {db: {ports: ['47:5432']}}");
        let ran = machine.run_in(&third, &register);
        follow(machine, &third, &ran);
        assert_eq!(machine.run_in(&third, &register).code, Some(0));
        // And wants one that is somebody else's, so that it would not help to give up its own.
        machine.write("blog/compose.yaml", "services: {db: {ports: ['46:5432']}}");
        let ran = machine.run_in(&third, &register);
        let complaint = ran.complained(1);
        assert!(
            complaint.contains("is allocated to shop/default/web"),
            "{complaint}"
        );
        assert!(
            complaint.contains("`portctl get db && portctl env --write .env`"),
            "{complaint}"
        );
        let ran = machine.run_in(&third, &["get", "db", "--port", "46"]);
        assert_eq!(follow(machine, &third, &ran), "47");
        // A variable of another name stands there already.
        machine.write(
            "blog/compose.yaml",
            "services: {db: {ports: ['${PG:-46}:5432']}}",
        );
        let ran = machine.run_in(&third, &register);
        let complaint = ran.complained(1);
        assert!(
            complaint.contains("set PG to a port of its own, which `portctl get db` prints"),
            "{complaint}"
        );
    });
}

#[test]
fn ports_that_can_be_chosen_are_chosen_where_they_are_read() {
    both_ways(|machine| {
        let compose = "services: {db: {ports: ['45:5432']}, web: {ports: ['46:80']}}";
        let [first, third] = ["shop", "blog"].map(|name| {
            machine.write(&format!("{name}/compose.yaml"), compose);
            machine.work().join(name)
        });
        let register = ["scan", "--register"];
        assert_eq!(machine.run_in(&first, &register).code, Some(0));
        // Two of its own that have changed places.
        machine.write(
            "blog/compose.yaml",
            "services: {db: {ports: ['48:1']}, mq: {ports: ['49:1']}}",
        );
        machine.run_in(&third, &register);
        machine.write(
            "blog/compose.yaml",
            "services: {db: {ports: ['49:1']}, mq: {ports: ['48:1']}}",
        );
        let ran = machine.run_in(&third, &register);
        assert!(ran.complained(1).contains("and db has port 48"), "{ran:?}");
        let both = ran.stderr.split('`').nth(1).unwrap();
        for id in both.split("--id ").skip(1) {
            let id = id.split(' ').next().unwrap();
            machine.run_in(&third, &["release", "--id", id]).printed();
        }
        assert_eq!(machine.run_in(&third, &register).code, Some(0));
        assert_eq!(
            machine.run_in(&third, &["get", "db", "mq"]).printed(),
            "49\n48"
        );

        // A port that can be chosen, and has been.
        machine.write(
            "blog/compose.yaml",
            "services: {db: {ports: ['${DB_PORT:-50}:1']}}",
        );
        machine.write("blog/.env", "");
        let ran = machine.run_in(&third, &register);
        follow(machine, &third, &ran);
        assert_eq!(machine.run_in(&third, &register).code, Some(0));

        // A variable that the shell sets outweighs all files.
        let mut set = machine.command(&third, &register);
        let ran = Ran::of(set.env("DB_PORT", "45"));
        assert!(ran.complained(1).contains("`unset DB_PORT`"), "{ran:?}");

        // Where Compose is run is where its variables are read.
        let elsewhere = machine.work().join("elsewhere");
        machine.write("elsewhere/.env", "COMPOSE_FILE=docker/dev.yaml\n");
        let file = "services: {db: {ports: ['${HOST_IP:-127.0.0.1}:${DB_PORT:-45}:${INNER:-1}']}}";
        machine.write("elsewhere/docker/dev.yaml", file);
        let ran = machine.run_in(&elsewhere, &register);
        follow(machine, &elsewhere, &ran);
        assert_eq!(machine.run_in(&elsewhere, &register).code, Some(0));
        assert!(!elsewhere.join("docker/.env").exists());
    });
}

/// Hints are of use where they are read.
#[test]
fn what_a_scan_of_elsewhere_advises_is_about_what_was_scanned() {
    both_ways(|machine| {
        let compose = "services: {db: {ports: ['${DB_PORT:-45}:5432']}}";
        let first = machine.work().join("first");
        machine.write("first/compose.yaml", compose);
        machine.write("other/docker/compose.yaml", compose);
        machine.write("alike/first/compose.yaml", compose);
        machine
            .run_in(&first, &["get", "db", "--port", "45"])
            .printed();
        let here = machine.work().join("here");
        fs::create_dir(&here).unwrap();

        let scan = ["scan", "--register", "../other"];
        let ran = machine.run_in(&here, &scan);
        follow(machine, &here, &ran);
        assert!(machine.work().join("other/docker/.env").exists(), "{ran:?}");
        assert_eq!(machine.run_in(&here, &scan).code, Some(0));

        let ran = machine.run_in(&here, &["scan", "--register", "../alike/first"]);
        let complaint = ran.complained(1);
        let hint = complaint
            .split_once("`portctl scan --register --instance alike-")
            .unwrap()
            .1;
        assert!(hint.contains(" ../alike/first`"), "{complaint}");

        // In a worktree inside of the one that is scanned, which has names of its own.
        let git = |words: &[&str]| machine.sandbox.git(&machine.work().join("other"), words);
        git(&["init", "--quiet"]);
        git(&["commit", "--quiet", "--allow-empty", "--message", "Begin"]);
        git(&["worktree", "add", "--quiet", ".worktrees/n"]);
        let nested = machine.work().join("other/.worktrees/n");
        let ran = machine.run_in(&nested, &["scan", "--register", "../.."]);
        let complaint = ran.complained(1);
        assert!(complaint.contains("--app other --instance"), "{complaint}");
    });
}

#[test]
fn what_was_found_is_registered_as_a_whole_or_not_at_all() {
    both_ways(|machine| {
        let (_listener, busy) = listener();
        let project = machine.work().join("shop");
        let compose = format!(
            "services:\n  db:\n    ports: ['{busy}:5432']\n  web:\n    ports: ['41:80', '42:443']\n"
        );
        machine.write("shop/compose.yaml", &compose);
        machine.write("shop/.env", "SMTP_PORT=43\n");
        let standing = |found: &Value| -> Vec<String> {
            let found = found.as_array().unwrap().iter();
            found
                .map(|it| it["registry"].as_str().unwrap().to_owned())
                .collect()
        };
        let scan = |folder: &Path, words: &[&str]| {
            let ran = machine.run_in(folder, &[&["scan", "--json"], words].concat());
            serde_json::from_str::<Value>(ran.printed()).unwrap()
        };
        let found = scan(&project, &[]);
        assert_eq!(standing(&found), ["free"; 4]);
        assert_eq!(found[0]["listener"]["pid"], std::process::id());
        assert_eq!(found[3]["guess"], true);
        assert!(machine.held().is_empty());

        // Somebody else has one of them, so none is registered.
        let claim = [
            "allocate",
            "--service",
            "x",
            "--app",
            "y",
            "--instance",
            "z",
            "--port",
            "42",
        ];
        machine.run(&claim).printed();
        let ran = machine.run_in(&project, &["scan", "--register"]);
        let complaint = ran.complained(1);
        assert!(
            complaint.contains("compose.yaml:5: port 42 of web-443 is allocated to y/z/x"),
            "{complaint}"
        );
        assert_eq!(machine.held().len(), 1);
        machine.run(&["release", "--app", "y"]).printed();

        // From anywhere: the names are the project's.
        let ran = machine.run(&["scan", "--register", "shop"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(
            ran.stderr
                .starts_with("registered 3; guesses, which are not: 1"),
            "{ran:?}"
        );
        let held = machine.held();
        let services: Vec<&Value> = held.iter().map(|it| &it["service"]).collect();
        assert_eq!(services, ["db", "web", "web-443"]);
        assert_eq!(held[0]["app"], "shop");
        assert_eq!(held[0]["dir"], project.to_str().unwrap());
        assert_eq!(
            standing(&scan(&project, &[])),
            ["yours", "yours", "yours", "free"]
        );

        // A second time changes nothing.
        let ran = machine.run_in(&project, &["scan", "--register"]);
        assert!(
            ran.stderr
                .starts_with("registered 0; registered already: 3"),
            "{ran:?}"
        );
        assert_eq!(machine.held(), held);

        // Another checkout is told who has the ports.
        let other = machine.work().join("blog");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("compose.yaml"), compose).unwrap();
        assert_eq!(standing(&scan(&other, &[])), ["taken"; 3]);
        let ran = machine.run_in(&other, &["scan", "--register", "--json"]);
        let told: Value = serde_json::from_str(ran.complained(1)).unwrap();
        let conflicts = told["conflicts"].as_array().unwrap();
        assert_eq!(conflicts.len(), 3);
        assert_eq!(conflicts[1]["holder"]["service"], "web");
        assert!(
            told["hint"].as_str().unwrap().contains("${DB_PORT:-"),
            "{told}"
        );
        assert_eq!(machine.held(), held);
    });
}

/// As the README tells it: one Compose project in two worktrees, up at the same time.
#[test]
fn two_worktrees_of_one_compose_project_have_ports_of_their_own() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, compose) = readme.split_once("```yaml\n").unwrap();
    let (compose, _) = compose.split_once("```").unwrap();
    both_ways(|machine| {
        let blog = machine.work().join("blog");
        machine.write("blog/compose.yaml", compose);
        machine.write("blog/.gitignore", ".env\n");
        let git = |words: &[&str]| machine.sandbox.git(&blog, words);
        git(&["init", "--quiet"]);
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "Let the ports be chosen"]);
        let ports = |folder: &Path| -> Vec<Value> {
            let found = machine.run_in(folder, &["scan", "--json"]);
            let found: Value = serde_json::from_str(found.printed()).unwrap();
            let found = found.as_array().unwrap();
            assert!(
                found.iter().all(|it| it["registry"] == "yours"),
                "{found:?}"
            );
            found.iter().map(|it| it["port"].clone()).collect()
        };
        let registered = machine.run_in(&blog, &["scan", "--register"]);
        assert_eq!(registered.stderr, "registered 2\n");
        assert_eq!(ports(&blog), [5432, 8080]);

        git(&["worktree", "add", "--quiet", "../feature"]);
        let feature = machine.work().join("feature");
        machine.run_in(&feature, &["get", "db", "web"]).printed();
        let written = machine.run_in(&feature, &["env", "--write", ".env"]);
        assert_eq!(written.printed(), "wrote 2 ports to .env");
        let own = ports(&feature);
        let all: HashSet<String> = own
            .iter()
            .chain(&ports(&blog))
            .map(Value::to_string)
            .collect();
        assert_eq!(all.len(), 4, "{all:?}");
        let refused = machine.run_in(&feature, &["get", "api", "--port", "8080"]);
        let holder = format!("blog/main/web (id 2, of {})", blog.display());
        assert!(refused.complained(1).contains(&holder), "{refused:?}");

        git(&["worktree", "remove", "--force", "../feature"]);
        let pruned = machine.run_in(&blog, &["prune", "--yes"]);
        let told: Vec<String> = ["db", "web"]
            .iter()
            .zip(&own)
            .map(|(service, port)| format!("released port {port} of blog/feature/{service}"))
            .collect();
        assert_eq!(pruned.printed(), told.join("\n"));
        assert_eq!(ports(&blog), [5432, 8080]);
    });
}

#[test]
fn the_time_of_what_is_taken_over_is_kept_and_later_claims_do_not_change_it() {
    let sandbox = Sandbox::new();
    let registry = Registry::builder()
        .path(sandbox.path().join("ports.redb"))
        .open()
        .unwrap();
    let key = ServiceKey::new("shop", "main", "web").unwrap();
    let time = "2026-01-02T03:04:05Z".parse().unwrap();
    let claim = Claim::new(key).port(Port::new(21).unwrap()).adopt();
    let first: Allocation = registry
        .get_or_allocate(claim.clone().created_at(time))
        .unwrap();
    assert_eq!(first.created_at, time);
    // It is that of a new allocation, and of no other.
    let later = "2027-01-02T03:04:05Z".parse().unwrap();
    assert_eq!(
        registry.get_or_allocate(claim.created_at(later)).unwrap(),
        first
    );
}
