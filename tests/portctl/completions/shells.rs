//! Completing with the Tab key in each shell, and running the completed line.

use std::fs;
use std::os::unix::fs::symlink;

use test_support::{Ran, install_script, installed, is_available};

use super::fixture::{Desk, OWN};
use super::terminal::{Kind, Terminal};

/// Names that a shell has to quote.
const HOSTILE: [&str; 21] = [
    "my shop",
    "it's",
    "'",
    "say \"hi\"",
    "$HOME `touch pwned` $(touch pwned)",
    "; touch pwned #",
    "&|<>()",
    "a:b=c",
    "=ls",
    "~",
    "#hash",
    "star*?[ab]{a,b}",
    "back\\slash\\",
    "it's;$HOME`id`&|\"<>\\#(!)[*]{a;b}%~^?",
    "!bang!! !$",
    "bang!",
    "%n %~ ^x",
    "\u{fc}ni \u{2013} \u{65e5}\u{672c}",
    "--json",
    "-x",
    "a'b\"c\\d $e",
];

fn desk() -> Desk {
    let (app, instance) = OWN;
    let desk = Desk::with(&[
        (app, instance, "web"),
        (app, instance, "db"),
        ("shop", "main", "cart"),
        ("shop", "feature", "stock"),
        ("my blog", "main", "pages"),
    ]);
    for name in ["file one.env", "web.txt"] {
        fs::write(desk.sandbox.work().join(name), "").unwrap();
    }
    install_script("#!/bin/sh\n", &desk.bin().join("own-program"));
    desk
}

/// Makes a shell know the completions of `own-program`.
fn own_program(kind: Kind) -> &'static str {
    match kind {
        // As the package bash-completion does, but with the word at its position alone.
        Kind::Bash => {
            r#"_command_offset() { COMPREPLY=("${COMP_WORDS[$1]}${COMP_CWORD}--special"); }"#
        }
        Kind::Zsh => "_own_program() { compadd -- --special }\ncompdef _own_program own-program",
        Kind::Fish => "complete -c own-program -l special",
    }
}

#[test]
fn tab_completes_each_kind_of_word() {
    let desk = desk();
    for kind in Kind::ALL {
        let Some(mut terminal) = Terminal::start(&desk, kind, kind.setup()) else {
            continue;
        };
        for (typed, expected) in [
            ("portctl rele\t", &["release"][..]),
            ("portctl skill ins\t", &["skill", "install"]),
            ("portctl get w\t", &["get", "web"]),
            ("portctl get web d\t", &["get", "web", "db"]),
            ("portctl --json get w\t", &["--json", "get", "web"]),
            ("true; portctl get w\t", &["get", "web"]),
            ("FOO=1 portctl get w\t", &["get", "web"]),
            ("portctl get \u{fc} w\t", &["get", "\u{fc}", "web"]),
            ("portctl list --al\t", &["list", "--all"]),
            // It is not offered again.
            ("portctl list --all --a\t", &["list", "--all", "--app"]),
            ("portctl ls -aj -s w\t", &["ls", "-aj", "-s", "web"]),
            ("portctl get -sw\t", &["get", "-sweb"]),
            (
                "portctl run w\t -- own-p\t",
                &["run", "web", "--", "own-program"],
            ),
            ("portctl env --format d\t", &["env", "--format", "dotenv"]),
            ("portctl env --format=d\t", &["env", "--format=dotenv"]),
            ("portctl completions f\t", &["completions", "fish"]),
            ("portctl list --app sh\t", &["list", "--app", "shop"]),
            ("portctl list --app=sh\t", &["list", "--app=shop"]),
            ("portctl list --app=my\\ \t", &["list", "--app=my blog"]),
            ("portctl list --app 'my b\t", &["list", "--app", "my blog"]),
            ("portctl list --app='my b\t", &["list", "--app=my blog"]),
            ("portctl list --app=\"my b\t", &["list", "--app=my blog"]),
            (
                "portctl list --app my\\ blog --service p\t",
                &["list", "--app", "my blog", "--service", "pages"],
            ),
            (
                "portctl list --app shop --instance f\t",
                &["list", "--app", "shop", "--instance", "feature"],
            ),
            (
                "portctl env --write fi\t",
                &["env", "--write", "file one.env"],
            ),
            ("portctl env --write=fi\t", &["env", "--write=file one.env"]),
            ("portctl import fi\t", &["import", "file one.env"]),
            ("portctl run -- own-p\t", &["run", "--", "own-program"]),
            (
                "portctl run --service web -- cat fi\t",
                &["run", "--service", "web", "--", "cat", "file one.env"],
            ),
            // There is a file that begins so, but no service.
            ("portctl get web.\t", &["get", "web."]),
            ("portctl gte w\t", &["gte", "w"]),
        ] {
            assert_eq!(
                terminal.arguments_of(typed),
                expected,
                "{kind:?}: {typed:?}"
            );
        }
    }
}

#[test]
fn command_behind_run_is_completed_as_alone() {
    let desk = desk();
    for kind in Kind::ALL {
        let setup = format!("{}\n{}", kind.setup(), own_program(kind));
        let Some(mut terminal) = Terminal::start(&desk, kind, &setup) else {
            continue;
        };
        let typed = "portctl run --service=web -- own-program --sp\t";
        let completed = match kind {
            // Bash has counted `--service`, `=` and `web`.
            Kind::Bash => "own-program7--special",
            Kind::Zsh | Kind::Fish => "--special",
        };
        let expected = ["run", "--service=web", "--", "own-program", completed];
        assert_eq!(terminal.arguments_of(typed), expected, "{kind:?}");
    }
}

#[test]
fn bash_without_its_package_offers_each_program_once() {
    let desk = desk();
    if !is_available("bash", desk.sandbox.command("bash").arg("--version")) {
        return;
    }
    let second = desk.path("second");
    fs::create_dir(&second).unwrap();
    for name in ["own-program", "own-other"] {
        install_script("#!/bin/sh\n", &second.join(name));
    }
    let script = r#"PATH=$PATH:$1
        source <(portctl completions bash)
        COMP_WORDS=(portctl run -- own-) COMP_CWORD=3
        COMP_LINE="${COMP_WORDS[*]}" COMP_POINT=${#COMP_LINE}
        _portctl
        printf '%s\n' "${COMPREPLY[@]}""#;
    let mut bash = desk.command("bash");
    bash.args(["--noprofile", "--norc", "-c", script, "bash"])
        .arg(&second);
    assert_eq!(Ran::of(&mut bash).printed(), "own-other\nown-program");
}

#[test]
fn installed_files_are_found_by_the_shells() {
    let desk = desk();
    for (kind, setup) in [
        (
            Kind::Zsh,
            "mkdir ~/functions && portctl completions zsh >~/functions/_portctl
            fpath=(~/functions $fpath)
            autoload -U compinit && compinit -u -D",
        ),
        (
            Kind::Fish,
            "mkdir -p ~/.config/fish/completions
            portctl completions fish >~/.config/fish/completions/portctl.fish",
        ),
    ] {
        let Some(mut terminal) = Terminal::start(&desk, kind, setup) else {
            continue;
        };
        // The first use loads the file.
        for _ in 0..2 {
            let arguments = terminal.arguments_of("portctl get w\t");
            assert_eq!(arguments, ["get", "web"], "{kind:?}");
        }
    }
}

#[test]
fn missing_portctl_completes_nothing() {
    let desk = desk();
    let tools = desk.path("tools");
    fs::create_dir(&tools).unwrap();
    // A folder of the system may have a portctl of its own. The shells run some of its programs when they start.
    let system = installed("touch").parent().unwrap().to_owned();
    for program in fs::read_dir(system).unwrap().map(Result::unwrap) {
        if program.file_name() != "portctl" {
            symlink(program.path(), tools.join(program.file_name())).unwrap();
        }
    }
    for kind in Kind::ALL {
        let tools = tools.display();
        let path = match kind {
            Kind::Fish => format!("set -x PATH '{tools}'"),
            Kind::Bash | Kind::Zsh => format!("PATH='{tools}'"),
        };
        let setup = format!("{}\n{path}", kind.setup());
        let Some(mut terminal) = Terminal::start(&desk, kind, &setup) else {
            continue;
        };
        assert_eq!(
            terminal.arguments_of("portctl get w\t"),
            ["get", "w"],
            "{kind:?}"
        );
        let screen = fs::read_to_string(desk.path(kind.name()).join("screen")).unwrap();
        assert!(
            !screen.contains("nknown command") && !screen.contains("not found"),
            "{screen}"
        );
    }
}

#[test]
fn any_name_arrives_byte_for_byte_and_is_not_executed() {
    let apps: Vec<String> = (0..HOSTILE.len()).map(|it| format!("app{it}.")).collect();
    let services = apps.iter().zip(HOSTILE);
    let services: Vec<_> = services.map(|(app, name)| (&**app, "main", name)).collect();
    let desk = Desk::with(&services);
    for kind in Kind::ALL {
        let Some(mut terminal) = Terminal::start(&desk, kind, kind.setup()) else {
            continue;
        };
        for (app, name) in apps.iter().zip(HOSTILE) {
            // Others need the flag.
            let is_plain = !desk.offered(&["get", "--app", app, "--", ""]).is_empty();
            let assigned = format!("--service={name}");
            for (open, word) in [
                ("list --app APP --service=", &*assigned),
                ("list --app APP --service='", &assigned),
                ("list --app APP --service=\"", &assigned),
                ("get --app APP -- ", name),
                ("get --app APP -- '", name),
                ("get --app APP -- \"", name),
            ] {
                if open.starts_with("get") && !is_plain {
                    continue;
                }
                let open = open.replace("APP", app);
                let arguments = terminal.arguments_of(&format!("portctl {open}\t"));
                assert_eq!(
                    arguments.last().map(String::as_str),
                    Some(word),
                    "{kind:?}: {open}"
                );
            }
        }
        assert!(!desk.sandbox.work().join("pwned").exists(), "{kind:?}");
    }
}
