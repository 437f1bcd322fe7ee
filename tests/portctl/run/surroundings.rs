//! The surroundings of the command: inherited variables, placeholders, and what it is told on a terminal.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use crate::PORTCTL;
use test_support::{Ran, Sandbox};

/// Makes a folder that is a checkout of its own, outside of git.
fn checkout(sandbox: &Sandbox, name: &str) -> std::path::PathBuf {
    let folder = sandbox.path().join(name);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("portctl.toml"), "").unwrap();
    folder
}

/// The variables of a command that prints its environment. Values that are not UTF-8 are left out.
fn environment_of(command: &mut Command) -> BTreeMap<String, String> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = output.stdout.split(|&it| it == 0);
    let lines = lines.filter_map(|it| str::from_utf8(it).ok()?.split_once('='));
    lines
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn command_inherits_no_ports_of_another_checkout() {
    let sandbox = Sandbox::in_memory();
    let [shop, blog] = ["shop", "blog"].map(|it| checkout(&sandbox, it));
    let get = |folder, service| {
        let mut command = sandbox.command(PORTCTL);
        Ran::of(command.args(["get", service]).current_dir(folder))
            .printed()
            .to_owned()
    };
    let (web, own) = (get(&shop, "web"), get(&blog, "api"));
    get(&blog, "db");
    let mut command = sandbox.command(PORTCTL);
    command.args(["run", "--", "env", "-0"]).current_dir(&blog);
    command.envs([
        ("PORT", &*web),
        ("WEB_PORT", &web),
        ("SMTP_PORT", "25"),
        ("OLD_PORT", &own),
    ]);
    command.envs([
        ("DATABASE_URL", "postgres://localhost:3000"),
        ("PGPORT", &web),
    ]);
    command.env(
        "PORT_REGISTRY_VARS",
        "DATABASE_URL PATH HOME LD_LIBRARY_PATH GONE ODD_PORT",
    );
    command
        .env("ODD_PORT", OsStr::from_bytes(b"\xff"))
        .env("LD_LIBRARY_PATH", "/none");
    let found = environment_of(&mut command);
    let value = |name: &str| found.get(name).map(String::as_str);
    for removed in ["PORT", "WEB_PORT", "DATABASE_URL", "GONE"] {
        assert_eq!(value(removed), None, "{removed}");
    }
    for (kept, expected) in [
        ("SMTP_PORT", "25"),
        ("OLD_PORT", &own),
        ("API_PORT", &own),
        ("PGPORT", &web),
        ("LD_LIBRARY_PATH", "/none"),
        ("HOME", sandbox.home().to_str().unwrap()),
        ("PORT_REGISTRY_CHECKOUT", blog.to_str().unwrap()),
        ("PORT_REGISTRY_VARS", "API_PORT DB_PORT"),
    ] {
        assert_eq!(value(kept), Some(expected), "{kept}");
    }
    assert!(found.contains_key("PATH"));
}

#[test]
fn run_within_a_run_of_another_checkout_gets_its_own_ports_only() {
    let sandbox = Sandbox::in_memory();
    let [shop, blog] = ["shop", "blog"].map(|it| checkout(&sandbox, it));
    let declared =
        "[services]\nweb = {}\n[env]\nDATABASE_URL = \"postgres://localhost:${web.port}\"\n";
    fs::write(shop.join("portctl.toml"), declared).unwrap();
    let inner = format!(
        "test \"$DATABASE_URL\" = \"postgres://localhost:$WEB_PORT\" && cd {} && exec {PORTCTL} run api -- env -0",
        blog.display()
    );
    let mut outer = sandbox.command(PORTCTL);
    outer.args(["run", "web", "--", "sh", "-c", &inner]);
    let found = environment_of(outer.current_dir(&shop));
    assert_eq!(
        (found.get("WEB_PORT"), found.get("DATABASE_URL")),
        (None, None)
    );
    assert_eq!(found.get("PORT"), found.get("API_PORT"));
    assert_eq!(found["PORT_REGISTRY_VARS"], "API_PORT PORT");
}

#[test]
fn copied_file_has_the_ports_of_this_checkout_before_the_command_reads_it() {
    let sandbox = Sandbox::in_memory();
    let [shop, blog] = ["shop", "blog"].map(|it| checkout(&sandbox, it));
    for words in [&["get", "web"][..], &["env", "--write", ".env"]] {
        let mut command = sandbox.command(PORTCTL);
        Ran::of(command.args(words).current_dir(&shop)).printed();
    }
    fs::copy(shop.join(".env"), blog.join(".env")).unwrap();
    let mut command = sandbox.command(PORTCTL);
    command.args([
        "run",
        "web",
        "--",
        "sh",
        "-c",
        "grep \"^WEB_PORT=$PORT$\" .env",
    ]);
    let ran = Ran::of(command.current_dir(&blog));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        ran.stderr,
        format!(
            "note: .env had the ports of another checkout, {}; it has this one's now\n",
            shop.display()
        )
    );
    assert_eq!(Ran::of(&mut command).stderr, "");
}

#[test]
fn placeholders_in_arguments_are_replaced() {
    let sandbox = Sandbox::in_memory();
    let ports = sandbox.run(PORTCTL, &["get", "web", "api"]);
    let (web, api) = ports.printed().split_once('\n').unwrap();
    let words = [
        "printf",
        "%s|",
        "{port}",
        "{api.url}/x",
        "{{.Ports}}",
        "${port}",
        "{apj.port}",
    ];
    let run = |before: &[&str]| sandbox.run(PORTCTL, &[before, &["--"], &words].concat());
    let ran = run(&["run", "web"]);
    let line = format!("{web}|http://localhost:{api}/x|{{{{.Ports}}}}|${{port}}|{{apj.port}}|");
    assert_eq!((&*ran.stdout, ran.code), (&*line, Some(0)));
    assert_eq!(
        ran.stderr,
        format!(
            "note: {{apj.port}} stays as it is, because no service is named apj; did you mean {{api.port}}?\n\
             running: printf '%s|' {web} http://localhost:{api}/x '{{{{.Ports}}}}' '${{port}}' '{{apj.port}}'\n"
        )
    );
    let ran = run(&["run"]);
    assert!(
        ran.stdout
            .starts_with(&format!("{{port}}|http://localhost:{api}/x|")),
        "{ran:?}"
    );
    let note = "note: PORT is not set, and {port} stays as it is, because this checkout has several services; ";
    assert!(ran.stderr.starts_with(note), "{ran:?}");
    let ran = run(&["run", "web", "--plain"]);
    assert_eq!(ran.printed(), words[2..].join("|") + "|");
}

// Needs script of util-linux, because the flags of other implementations differ.
#[cfg(target_os = "linux")]
#[test]
fn urls_are_shown_on_a_terminal() {
    let sandbox = Sandbox::in_memory();
    if !test_support::is_available("script", sandbox.command("script").arg("--version")) {
        return;
    }
    let ports = sandbox.run(PORTCTL, &["get", "web", "postgres"]);
    let (web, postgres) = ports.printed().split_once('\n').unwrap();
    let on_terminal = |line: &str| {
        let mut command = sandbox.command("script");
        command
            .args(["--quiet", "--return", "--command", line])
            .arg("/dev/null");
        Ran::of(&mut command).printed().replace('\r', "")
    };
    let shown = on_terminal(&format!("{PORTCTL} run web -- echo served"));
    assert_eq!(shown, format!("web  http://localhost:{web}\nserved"));
    let shown = on_terminal(&format!("{PORTCTL} run -- true"));
    let lines = format!("web       http://localhost:{web}\npostgres  http://localhost:{postgres}");
    assert!(shown.ends_with(&lines), "{shown}");
}
