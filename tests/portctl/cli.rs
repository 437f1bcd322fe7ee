//! What portctl prints, where, and how it ends.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::PORTCTL;
use crate::version::portctl_version;
use insta::assert_snapshot;
use serde_json::{Value, json};
use test_support::{Ran, Sandbox, free_block, is_to_be_had, listener};

/// How many ports there are to choose from.
const PORTS: u16 = 8;

/// All commands.
const COMMANDS: [&str; 20] = [
    "get",
    "allocate",
    "list",
    "check",
    "release",
    "env",
    "run",
    "scan",
    "prune",
    "export",
    "import",
    "start",
    "stop",
    "restart",
    "status",
    "health",
    "doctor",
    "skill",
    "completions",
    "version",
];

/// A sandbox with a registry that chooses from a few ports.
struct Portctl {
    sandbox: Sandbox,
    first: u16,
}

impl Portctl {
    fn new() -> Portctl {
        Portctl {
            sandbox: Sandbox::new(),
            first: free_block(PORTS),
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let range = format!("{}-{}", self.first, self.first + PORTS - 1);
        let mut command = self.sandbox.command(PORTCTL);
        command.env("PORT_REGISTRY_RANGE", range).args(words);
        command
    }

    fn run(&self, words: &[&str]) -> Ran {
        Ran::of(&mut self.command(words))
    }

    #[track_caller]
    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(self.run(words).printed()).unwrap()
    }

    /// Compares snapshots with what differs from run to run put in general terms.
    fn in_general_terms(&self, compare: impl FnOnce()) {
        let mut settings = test_support::snapshots::settings();
        settings.add_filter(self.sandbox.path().to_str().unwrap(), "[SANDBOX]");
        for offset in 0..PORTS {
            let port = format!(r"\b{}\b", self.first + offset);
            settings.add_filter(&port, format!("[P-{offset}]"));
        }
        settings.bind(compare);
    }
}

#[test]
fn help_is_printed_in_every_way_that_people_ask_for_it() {
    let portctl = Portctl::new();
    let help = portctl.run(&["--help"]);
    for words in [&["-h"], &["help"]] {
        assert_eq!(portctl.run(words).printed(), help.printed());
    }
    portctl.in_general_terms(|| assert_snapshot!("help", help.printed()));
    for command in COMMANDS {
        let help = portctl.run(&[command, "--help"]);
        for words in [[command, "-h"], [command, "help"], ["help", command]] {
            assert_eq!(portctl.run(&words).printed(), help.printed());
        }
        assert_narrow(help.printed());
        assert!(help.printed().contains("\nExamples:\n  "), "{command}");
        portctl.in_general_terms(|| assert_snapshot!(format!("help-{command}"), help.printed()));
    }
    for command in ["install", "uninstall"] {
        let help = portctl.run(&["skill", command, "--help"]);
        for words in [["skill", command, "help"], ["help", "skill", command]] {
            assert_eq!(portctl.run(&words).printed(), help.printed());
        }
        assert_narrow(help.printed());
        let name = format!("help-skill-{command}");
        portctl.in_general_terms(|| assert_snapshot!(name, help.printed()));
    }
    assert_narrow(portctl.run(&["--help"]).printed());
}

/// That a usual terminal has room for a help text, but for examples, which are to be copied.
#[track_caller]
fn assert_narrow(help: &str) {
    let (before, after) = help.split_once("\nExamples:\n").unwrap();
    let after = after.split_once("\n\n").map_or("", |(_, after)| after);
    for line in before.lines().chain(after.lines()) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn the_version_is_printed_in_every_way_that_people_ask_for_it() {
    let portctl = Portctl::new();
    for words in [["version"], ["--version"], ["-V"]] {
        assert_eq!(portctl.run(&words).printed(), portctl_version());
    }
}

#[test]
fn the_version_names_the_commit_and_its_day() {
    let version = Portctl::new().json(&["version", "--json"]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut git = Command::new("git");
    git.args([
        // The tester need not be who built it.
        "-c",
        "safe.directory=*",
        "-c",
        "log.showSignature=false",
        "log",
        "-1",
        "--format=%H %cd",
        "--date=format-local:%Y-%m-%d",
    ])
    .current_dir(&root)
    .env("TZ", "UTC");
    match git.output() {
        // Another repository may be around an unpacked archive of the source.
        Ok(log) if log.status.success() && root.join(".git").exists() => {
            let log = String::from_utf8(log.stdout).unwrap();
            let (commit, date) = log.trim().split_once(' ').unwrap();
            let told = version["commit"].as_str().unwrap();
            assert!(told.len() >= 9 && commit.starts_with(told), "{version}");
            assert_eq!(version["date"], date);
        }
        // The source is no checkout.
        _ => assert_eq!(version, json!({ "version": env!("CARGO_PKG_VERSION") })),
    }
}

/// What a shell offers behind a command line that ends in a space or in dashes, by the script for it.
/// `None` where there is no such shell.
fn offered(portctl: &Portctl, shell: &str, line: &str) -> Option<Vec<String>> {
    let script = portctl.sandbox.path().join(format!("completions.{shell}"));
    let printed = portctl.run(&["completions", shell]).stdout;
    std::fs::write(&script, printed).unwrap();
    let ask = match shell {
        "bash" => {
            r#"source "$1"; COMP_WORDS=($2 ""); [[ $2 == *-- ]] && COMP_WORDS=($2)
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _portctl; printf '%s\n' "${COMPREPLY[@]}""#
        }
        // Its completions come from a terminal only; that it can be read is what is seen here.
        "zsh" => {
            r#"autoload -U compinit && compinit -u -D; source "$1" && whence -w _portctl_list"#
        }
        "fish" => r#"source $argv[1]; complete -C "$argv[2]" | string split -f1 \t"#,
        _ => unreachable!(),
    };
    let mut version = portctl.sandbox.command(shell);
    if !is_to_be_had(shell, version.arg("--version")) {
        return None;
    }
    let mut command = portctl.sandbox.command(shell);
    match shell {
        "bash" | "zsh" => command.args(["-c", ask, shell]),
        _ => command.args(["-c", ask]),
    };
    let ran = Ran::from(command.arg(&script).arg(line).output().unwrap());
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{shell}: {ran:?}");
    Some(ran.stdout.lines().map(str::to_owned).collect())
}

#[cfg(unix)]
#[test]
fn completions_are_understood_by_their_shells() {
    let portctl = Portctl::new();
    for shell in ["bash", "fish"] {
        for (line, expected) in [
            ("portctl ", &["get", "allocate", "skill"][..]),
            ("portctl skill ", &["install", "uninstall"]),
            ("portctl list --", &["--all", "--app", "--json"]),
            ("portctl skill install --", &["--global", "--force"]),
        ] {
            let Some(offered) = offered(&portctl, shell, line) else {
                // It need not be installed; bash has to be.
                assert_ne!(shell, "bash");
                continue;
            };
            for word in expected {
                assert!(
                    offered.iter().any(|it| it == word),
                    "{shell}: {line}: {offered:?}"
                );
            }
            // Nothing of other commands.
            assert!(
                offered.iter().all(|it| it != "--adopt"),
                "{shell}: {line}: {offered:?}"
            );
        }
    }
    if let Some(read) = offered(&portctl, "zsh", "") {
        assert_eq!(read, ["_portctl_list: function"]);
    }
    let ran = portctl.run(&["completions", "powershell"]);
    assert!(
        ran.complained(2)
            .contains("the shells are bash, zsh and fish")
    );
    portctl.run(&["completions"]).complained(2);
}

#[test]
fn a_command_line_that_makes_no_sense_exits_with_2() {
    let portctl = Portctl::new();
    let mut told = String::new();
    for words in [
        &["frobnicate"][..],
        &["allocate"],
        &["allocate", "--service"],
        &["allocate", "--service", "web", "--port", "0"],
        &["allocate", "--service", "web", "--port", "65536"],
        &["allocate", "--service", "web", "--port=http"],
        &["allocate", "--service", "web", "--adopt"],
        &["allocate", "--service", "web", "--frob"],
        &["allocate", "--service", " "],
        &["allocate", "--service", "web", "--app", "two\nlines"],
        &["get"],
        &["get", "web", "api", "--port", "4000"],
        &["release", "--id", "seven"],
        &["release", "--id", "0"],
        &["list", "--app", "", "--instance", "x"],
        &["list", "--all", "--service", ""],
        &["release", "--id", "7", "--service", "web"],
        &["list", "extra"],
        &["check"],
        &["--port=3000"],
        &["get", "web", "--json=true"],
        &["get", "web", "--app", "--instance=x"],
        &["allocate", "--service", "--adopt"],
        &["get", "--service", "web"],
        &["allocate", "web"],
        &["check", "web"],
        &["list", "web"],
        &["skill", "isntall"],
        &["-V", "get", "web"],
        &["run", "web", "--", "true"],
        &["run", "--port", "3000", "--service", "web", "--", "true"],
        &["run", "--json", "--service", "web", "--", "true"],
        &["run", "--frob", "--service", "web", "--", "true"],
        &["run", "--service", "web", "npm", "--frob"],
    ] {
        let ran = portctl.run(words);
        let complaint = ran.complained(2);
        write!(told, "$ portctl {}\n{complaint}\n\n", words.join(" ")).unwrap();
    }
    portctl.in_general_terms(|| assert_snapshot!("usage-errors", told));
    let ran = portctl.run(&["get", "--json"]);
    assert_eq!(
        ran.complained(2),
        r#"{"error":"name a service, as in `portctl get web`","hint":"`portctl get --help`"}"#
    );
    assert!(portctl.run(&[]).complained(2).starts_with("Usage: portctl"));
    assert!(!portctl.sandbox.store().exists());
}

#[test]
fn allocate_prints_what_it_allocated() {
    let portctl = Portctl::new();
    let ran = portctl.run(&["allocate", "--service", "web"]);
    let first = portctl.first;
    assert_eq!(
        ran.printed(),
        format!("allocated port {first} for work/default/web")
    );
    let allocation = portctl.json(&["allocate", "--service=api", "--instance=blue", "--json"]);
    assert_eq!(allocation["port"], first + 1);
    let text = portctl
        .run(&["list", "--instance", "blue", "--json"])
        .stdout;
    portctl.in_general_terms(|| {
        assert_snapshot!(text.trim_end(), @r#"[{"id":2,"app":"work","instance":"blue","service":"api","port":[P-1],"created_at":"[TIME]"}]"#);
    });
}

#[test]
fn a_second_claim_on_a_port_names_its_holder() {
    let portctl = Portctl::new();
    let port = portctl.first.to_string();
    portctl.run(&["allocate", "--service", "web"]).printed();
    let rival = [
        "allocate",
        "--app",
        "rival",
        "--service",
        "web",
        "--port",
        &port,
    ];
    let ran = portctl.run(&rival);
    portctl.in_general_terms(|| {
        assert_snapshot!(ran.complained(1), @"
        error: port [P-0] is already allocated to work/default/web (id 1, of [SANDBOX]/work), and nothing listens there
        hint: leave --port out to get a free port, or run `portctl release --id 1` if nothing needs this one
        ");
    });
    let ran = portctl.run(&[&rival[..], &["--json"]].concat());
    let told: Value = serde_json::from_str(ran.complained(1)).unwrap();
    let holder = format!("port {port} is already allocated to work/default/web");
    assert!(told["error"].as_str().unwrap().starts_with(&holder));
    assert_eq!(told["holder"]["id"], 1);
    let hint = told["hint"].as_str().unwrap();
    assert!(hint.contains("`portctl release --id 1`"), "{hint}");
}

#[test]
fn a_second_claim_of_a_service_names_the_port_it_has() {
    let portctl = Portctl::new();
    portctl.run(&["allocate", "--service", "web"]).printed();
    let ran = portctl.run(&["allocate", "--service", "web"]);
    portctl.in_general_terms(|| {
        assert_snapshot!(ran.complained(1), @"
        error: work/default/web already has port [P-0] (id 1, of [SANDBOX]/work), and nothing listens there
        hint: `portctl get web` prints the port that it has
        ");
    });
}

#[test]
fn a_port_that_something_listens_on_is_refused_unless_it_is_adopted() {
    let portctl = Portctl::new();
    let (_listener, port) = listener();
    let claim = ["allocate", "--service", "db", "--port", &port.to_string()];
    let ran = portctl.run(&claim);
    let by = format!(" (pid {})", std::process::id());
    let complaint = ran.complained(1).replace(&port.to_string(), "[PORT]");
    let (before, process) = complaint.split_once(" by ").unwrap();
    let (_, after) = process.split_once(&by).unwrap();
    let complaint = format!("{before} by [PROCESS]{after}");
    assert_snapshot!(complaint, @"
    error: port [PORT] is in use on this system by [PROCESS], and not allocated
    hint: if the service itself listens there, `portctl allocate --service db --port [PORT] --adopt` registers it; otherwise leave --port out to get a free port
    ");
    let adopted = portctl.run(&[&claim[..], &["--adopt"]].concat());
    assert_eq!(
        adopted.printed(),
        format!("allocated port {port} for work/default/db")
    );
}

#[test]
fn get_prints_the_same_ports_again_and_nothing_else() {
    let portctl = Portctl::new();
    let first = portctl.first;
    let both = portctl.run(&["get", "web", "api"]);
    assert_eq!(both.stdout, format!("{first}\n{}\n", first + 1));
    assert_eq!(
        portctl.run(&["get", "api"]).stdout,
        format!("{}\n", first + 1)
    );
    let array = portctl.json(&["get", "web", "--json"]);
    assert_eq!(array[0]["port"], first);
    assert_eq!(array.as_array().unwrap().len(), 1);

    let other = free_block(1).to_string();
    let ran = portctl.run(&["get", "web", "--port", &other]);
    assert!(
        ran.complained(1)
            .contains(&format!("already has port {first}"))
    );
    assert_eq!(
        portctl.run(&["get", "db", "--port", &other]).printed(),
        other
    );
}

#[test]
fn get_allocates_all_or_nothing() {
    let portctl = Portctl::new();
    let services: Vec<String> = (0..=PORTS).map(|number| format!("s{number}")).collect();
    let mut words = vec!["get"];
    words.extend(services.iter().map(String::as_str));
    let ran = portctl.run(&words);
    let range = format!("{}-{}", portctl.first, portctl.first + PORTS - 1);
    assert_eq!(
        ran.complained(1),
        format!(
            "error: no free port is left in the range {range}: each is allocated, in use, or not for this \
             user to bind; release some, or widen the range"
        )
    );
    assert_eq!(portctl.json(&["list", "--all", "--json"]), json!([]));
    words.pop();
    assert_eq!(
        portctl.run(&words).printed().lines().count(),
        usize::from(PORTS)
    );
}

#[test]
fn what_needs_no_write_creates_no_store() {
    let portctl = Portctl::new();
    let (_listener, port) = listener();
    let port = port.to_string();
    portctl.run(&["release", "--id", "1"]).complained(1);
    portctl.run(&["release", "--service", "web"]).complained(1);
    let busy = ["allocate", "--service", "web", "--port", &port];
    assert!(portctl.run(&busy).complained(1).contains("in use"));
    assert!(!portctl.sandbox.store().exists());
}

#[test]
fn a_folder_is_recorded_for_its_own_names_alone() {
    let portctl = Portctl::new();
    let dir = |words: &[&str]| {
        let words = [&["get", "--json", "web"], words].concat();
        portctl.json(&words)[0]["dir"].clone()
    };
    let work = json!(portctl.sandbox.work().to_str().unwrap());
    assert_eq!(dir(&[]), work);
    assert_eq!(dir(&["--app", "work", "--instance", "default"]), work);
    assert_eq!(dir(&["--instance", "blue"]), Value::Null);
    assert_eq!(dir(&["--app", "other"]), Value::Null);
}

#[test]
fn list_is_of_this_app_and_instance_unless_told_otherwise() {
    let portctl = Portctl::new();
    let nothing = portctl.run(&["list"]);
    assert_eq!((nothing.code, &*nothing.stdout), (Some(0), ""));
    assert_snapshot!(nothing.stderr.trim_end(), @"no allocations of work/default; `portctl list --all` shows those of others");
    assert_eq!(portctl.run(&["list", "--all"]).stderr, "no allocations\n");
    assert!(!portctl.sandbox.store().exists(), "looking creates nothing");

    portctl.run(&["get", "web", "postgres"]).printed();
    portctl.run(&["get", "web", "--instance", "blue"]).printed();
    portctl
        .run(&["get", "web", "--app", "other", "--instance", "blue"])
        .printed();
    let ids = |words: &[&str]| -> Vec<u64> {
        let words = [&["list", "--json"], words].concat();
        let listed = portctl.json(&words);
        let listed = listed.as_array().unwrap().iter();
        listed.map(|it| it["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(ids(&[]), [1, 2]);
    assert_eq!(ids(&["--service", "web"]), [1]);
    assert_eq!(ids(&["--instance", "blue"]), [3]);
    assert_eq!(ids(&["--app", "work"]), [1, 2, 3]);
    assert_eq!(ids(&["--app", "other", "--instance", "blue"]), [4]);
    assert_eq!(ids(&["--app", "other", "--instance", "default"]), [0; 0]);
    assert_eq!(ids(&["--all"]), [1, 2, 3, 4]);
    assert_eq!(ids(&["--all", "--service", "postgres"]), [2]);
    let table = portctl.run(&["list", "--all"]);
    portctl.in_general_terms(|| assert_snapshot!("list", table.printed()));
}

#[test]
fn release_is_of_this_app_and_instance_at_most_unless_told_otherwise() {
    let portctl = Portctl::new();
    let port = portctl.first.to_string();
    portctl.run(&["get", "web", "--app", "other"]).printed();
    portctl.run(&["get", "web", "api", "db"]).printed();

    let ran = portctl.run(&["release", "--port", &port]);
    portctl.in_general_terms(|| {
        assert_snapshot!(ran.complained(1), @"
        error: no allocation matches: port [P-0] is held by other/default/web (id 1), and nothing listens there
        hint: `portctl release --id 1` frees it, if nothing needs it
        ");
    });
    let ran = portctl.run(&["release", "--service", "api"]);
    portctl.in_general_terms(|| {
        assert_snapshot!(ran.printed(), @"released port [P-2] of work/default/api");
    });
    let ran = portctl.run(&["release"]);
    portctl.in_general_terms(|| {
        assert_snapshot!(ran.printed(), @"
        released port [P-1] of work/default/web
        released port [P-3] of work/default/db
        ");
    });
    let ran = portctl.run(&["release"]);
    assert_snapshot!(ran.complained(1), @"
    error: no allocation matches
    hint: `portctl list --all` shows all allocations
    ");
    let ran = portctl.run(&["release", "--id", "4"]);
    assert_snapshot!(ran.complained(1), @"
    error: allocation 4 not found
    hint: `portctl list --all` shows all allocations
    ");
    let released = portctl.json(&["release", "--id", "1", "--json"]);
    assert_eq!(released[0]["app"], "other");
    // Ids are not given twice.
    assert_eq!(portctl.json(&["get", "web", "--json"])[0]["id"], 5);
}

#[test]
fn check_tells_by_its_exit_code() {
    let portctl = Portctl::new();
    let port = portctl.first.to_string();
    let check = |port: &str| {
        let ran = portctl.run(&["check", "--port", port]);
        assert_eq!(ran.stderr, "");
        (ran.code.unwrap(), ran.stdout.replace(port, "[PORT]"))
    };
    assert_eq!(check(&port), (0, "port [PORT] is available\n".to_owned()));
    assert_eq!(
        portctl.json(&["check", "--json", "--port", &port]),
        json!({ "port": portctl.first, "available": true })
    );

    portctl.run(&["allocate", "--service", "web"]).printed();
    let work = portctl.sandbox.work();
    let holder = format!("work/default/web (id 1, of {})", work.display());
    let text = format!("port [PORT] is allocated to {holder}, and not in use\n");
    assert_eq!(check(&port), (1, text));
    let (_listener, busy) = listener();
    let busy = busy.to_string();
    let status = |busy: &str| -> Value {
        let ran = portctl.run(&["check", "--json", "--port", busy]);
        assert_eq!(ran.code, Some(1));
        serde_json::from_str(&ran.stdout).unwrap()
    };
    assert_eq!(status(&port)["available"], false);
    assert_eq!(status(&port)["holder"]["service"], "web");
    // Who listens is this test.
    let listener = status(&busy)["listener"].clone();
    assert_eq!(listener["pid"], std::process::id());
    let process = listener["process"].as_str().unwrap();
    let by = format!("by {process} (pid {})", std::process::id());
    let text = format!("port [PORT] is in use {by}, and not allocated\n");
    assert_eq!(check(&busy), (1, text));
    assert_eq!(status(&busy)["available"], false);
    let adopt = ["allocate", "--service", "db", "--adopt", "--port", &busy];
    portctl.run(&adopt).printed();
    let holder = format!("work/default/db (id 2, of {})", work.display());
    let text = format!("port [PORT] is allocated to {holder}, and in use {by}\n");
    assert_eq!(check(&busy), (1, text));
}

#[test]
fn a_small_range_is_used_up_to_its_last_port_and_again_after_a_release() {
    let portctl = Portctl::new();
    for number in 0..PORTS {
        let service = format!("service-{number}");
        let port = portctl.first + number;
        assert_eq!(portctl.run(&["get", &service]).printed(), port.to_string());
    }
    let ran = portctl.run(&["allocate", "--service", "one-too-many"]);
    assert!(
        ran.complained(1)
            .starts_with("error: no free port is left in the range ")
    );
    portctl
        .run(&["release", "--service", "service-3"])
        .printed();
    let port = portctl.first + 3;
    assert_eq!(
        portctl.run(&["get", "one-more"]).printed(),
        port.to_string()
    );
}

/// What a command prints to a terminal of so many columns.
#[cfg(target_os = "linux")]
fn on_a_terminal(
    portctl: &Portctl,
    columns: u16,
    line: &str,
    variables: &[(&str, &str)],
) -> String {
    let script = format!("stty cols {columns}; {PORTCTL} {line}");
    let mut command = portctl.command(&[]);
    let environment: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    command = portctl.sandbox.command("script");
    command.args(["-qec", &script, "/dev/null"]);
    command.env("TERM", "xterm").envs(environment);
    Ran::of(command.envs(variables.iter().copied())).stdout
}

#[cfg(target_os = "linux")]
#[test]
fn colours_are_for_terminals_and_for_who_wants_them() {
    let portctl = Portctl::new();
    portctl.run(&["get", "web"]).printed();
    let is_coloured = |text: &str| text.contains('\u{1b}');
    let list = |variables: &[(&str, &str)]| on_a_terminal(&portctl, 80, "list", variables);
    let heading = list(&[]);
    assert!(heading.starts_with("\u{1b}[1mID  APP"), "{heading:?}");
    assert!(
        heading
            .lines()
            .next()
            .unwrap()
            .trim_end()
            .ends_with("CREATED\u{1b}[0m")
    );
    let error = on_a_terminal(&portctl, 80, "release --id 99", &[]);
    assert!(
        error.starts_with("\u{1b}[1;31merror:\u{1b}[0m allocation 99"),
        "{error:?}"
    );
    assert!(error.contains("\u{1b}[1;36mhint:\u{1b}[0m "), "{error:?}");
    for (name, value) in [("NO_COLOR", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")] {
        assert!(!is_coloured(&list(&[(name, value)])), "{name}");
    }
    assert!(is_coloured(&list(&[("NO_COLOR", "")])));
    assert!(!is_coloured(&list(&[
        ("NO_COLOR", "1"),
        ("CLICOLOR_FORCE", "1")
    ])));
    // What is no terminal gets colours only if it is told to, and JSON never does.
    assert!(!is_coloured(portctl.run(&["list"]).printed()));
    for (value, expected) in [("1", true), ("0", false)] {
        let mut command = portctl.command(&["list"]);
        let ran = Ran::of(command.env("CLICOLOR_FORCE", value));
        assert_eq!(is_coloured(ran.printed()), expected);
    }
    let mut command = portctl.command(&["list", "--json"]);
    assert!(!is_coloured(
        Ran::of(command.env("CLICOLOR_FORCE", "1")).printed()
    ));
}

#[cfg(target_os = "linux")]
#[test]
fn tables_are_as_wide_as_the_terminal() {
    let portctl = Portctl::new();
    let long =
        "a-service-with-a-name-that-takes-more-room-than-there-is-in-any-terminal-of-usual-size";
    portctl.run(&["get", "web", long]).printed();
    for columns in [30, 60, 80] {
        let table = on_a_terminal(&portctl, columns, "list", &[("NO_COLOR", "1")]);
        assert!(table.contains('…'), "{table}");
        for line in table.lines() {
            assert!(line.chars().count() <= usize::from(columns), "{table}");
        }
    }
    assert!(on_a_terminal(&portctl, 200, "list", &[]).contains(long));
    assert!(portctl.run(&["list"]).printed().contains(long));
}

#[test]
fn names_that_would_act_on_a_terminal_are_shown_and_not_obeyed() {
    let portctl = Portctl::new();
    let name = "web\u{202e}bew\u{200b}";
    let ran = portctl.run(&["allocate", "--service", name]);
    assert!(
        ran.printed().ends_with(r"/web\u{202e}bew\u{200b}"),
        "{}",
        ran.stdout
    );
    let shown = r"web\u{202e}bew\u{200b}";
    assert!(portctl.run(&["list"]).printed().contains(shown));
    assert!(
        portctl
            .run(&["allocate", "--service", name])
            .complained(1)
            .contains(shown)
    );
    let ran = portctl.run(&["list", "--json"]);
    assert!(ran.printed().contains(r"web\u202ebew\u200b"));
    let listed: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(listed[0]["service"], name);
    let ran = portctl.run(&["list", "--service", "\u{202e}"]);
    assert!(ran.stderr.contains(r"\u{202e}"), "{}", ran.stderr);
}

#[test]
fn the_environment_names_the_store() {
    let portctl = Portctl::new();
    let store = portctl.sandbox.path().join("elsewhere.redb");
    let ran = Ran::of(
        portctl
            .command(&["get", "web"])
            .env("PORT_REGISTRY_DB", &store),
    );
    ran.printed();
    assert!(store.exists());
    assert!(!portctl.sandbox.store().exists());
    let ran = Ran::of(portctl.command(&["list"]).env("PORT_REGISTRY_RANGE", "9-1"));
    assert_snapshot!(ran.complained(1), @"error: PORT_REGISTRY_RANGE cannot be used: a port range is two ports from 1 to 65535, the lower one first, like 3000-3999");
    let ran = Ran::of(portctl.command(&["list"]).env("HOME", "relative"));
    assert_snapshot!(ran.complained(1), @"error: HOME is not an absolute path; set it, or name the registry's file by PORT_REGISTRY_DB");
}

#[test]
fn a_folder_without_a_name_asks_for_one() {
    let portctl = Portctl::new();
    let ran = Ran::of(portctl.command(&["get", "web"]).current_dir("/"));
    assert_snapshot!(ran.complained(1), @"
    error: the current folder has no name for the app
    hint: pass --app NAME
    ");
    let ran = Ran::of(
        portctl
            .command(&["get", "web", "--app", "root"])
            .current_dir("/"),
    );
    ran.printed();
}

#[cfg(unix)]
#[test]
fn a_folder_whose_name_cannot_be_used_asks_for_another() {
    let portctl = Portctl::new();
    let folder = portctl.sandbox.path().join("two\nlines");
    std::fs::create_dir(&folder).unwrap();
    for words in [&["get", "web"][..], &["list"], &["release"]] {
        let ran = Ran::of(portctl.command(words).current_dir(&folder));
        assert_eq!(
            ran.complained(1),
            "error: the current folder has no valid name for the app: the app name must hold no control \
             characters\nhint: pass --app NAME"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_early_is_no_error_and_a_full_disk_is() {
    let portctl = Portctl::new();
    portctl.run(&["get", "web"]).printed();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = portctl.command(&["list"]);
    let ran = command
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!((ran.status.code(), &*ran.stderr), (Some(0), &b""[..]));
    if cfg!(target_os = "linux") {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let ran = portctl.command(&["list"]).stdout(full).output().unwrap();
        assert_eq!(ran.status.code(), Some(1));
        assert!(ran.stderr.starts_with(b"error: cannot write: "));
    }
}
