//! `portctl sync`.

use std::fs;
use std::thread;

use serde_json::{Value, json};

use super::fixture::Project;

const FILES: &str = "[env]\nURL = '${web.url}'\n[files]\n'.env' = 'all'\n'apps/api/.env' = { PORT = '${api.port}' }\n";

#[test]
fn sync_allocates_and_writes_and_is_idempotent() {
    let project = Project::new();
    project.declare(FILES);
    fs::create_dir_all(project.root.join("apps/api")).unwrap();
    project.write(".env", "SECRET=1\n");
    let (web, db, api) = (project.port, project.port + 1, project.port + 2);
    let first = project.run(&["sync"]);
    let table = format!(
        "SERVICE  PORT   URL\nweb      {web}  http://localhost:{web}\ndb       {db}  http://localhost:{db}\napi      {api}  http://localhost:{api}"
    );
    let printed = first.printed();
    let printed = printed.replace(" \n", "\n");
    assert!(printed.starts_with(&table), "{printed}");
    let env = project.read(".env");
    for line in [
        "SECRET=1".to_owned(),
        format!("WEB_PORT={web}"),
        format!("PGPORT={db}"),
        format!("URL=http://localhost:{web}"),
    ] {
        assert!(env.lines().any(|it| it == line), "{env}");
    }
    assert!(
        project
            .read("apps/api/.env")
            .contains(&format!("\nPORT={api}\n"))
    );
    let again = project.run(&["sync"]);
    assert_eq!(again.printed(), table);
    assert_eq!(project.read(".env"), env);
    let ran = project.run(&["sync", "--json"]);
    let synced: Value = serde_json::from_str(ran.printed()).unwrap();
    assert_eq!(synced["services"][0]["service"], "web");
    assert_eq!(
        synced["files"],
        json!([{"file": ".env", "written": false}, {"file": "apps/api/.env", "written": false}])
    );
}

#[test]
fn sync_without_a_project_file_names_init() {
    let project = Project::in_git();
    let ran = project.run(&["sync"]);
    assert!(ran.complained(1).contains("`portctl init` writes one"));
    project.write("web/portctl.toml", "");
    let below = project.run_in(&project.root.join("web"), &["sync"]);
    assert!(below.complained(1).contains("web/portctl.toml is not read"));
}

#[test]
fn sync_without_services_says_so_and_makes_no_file() {
    let project = Project::new();
    project.write("portctl.toml", "[files]\n'.env' = 'all'\n");
    let ran = project.run(&["sync"]);
    assert_eq!((ran.code, &*ran.stdout), (Some(0), ""));
    let remark = "portctl.toml declares no services; ";
    assert!(ran.stderr.starts_with(remark), "{ran:?}");
    assert!(!project.root.join(".env").exists());
}

#[test]
fn service_that_is_not_declared_any_more_keeps_its_port() {
    let project = Project::new();
    project.declare("");
    project.run(&["sync"]).printed();
    project.write("portctl.toml", "[services]\nweb = {}\n");
    let ran = project.run(&["sync"]);
    let expected = format!(
        "not in portctl.toml: db ({}), api ({}) keep their ports, until `portctl release db api`",
        project.port + 1,
        project.port + 2
    );
    assert!(ran.stderr.contains(&expected), "{ran:?}");
    assert_eq!(project.held().len(), 3);
}

#[test]
fn renamed_service_is_refused_until_the_old_one_is_released() {
    let project = Project::new();
    project.write("portctl.toml", "[services]\napi = {}\n");
    project.run(&["sync"]).printed();
    let renamed = "[services]\nbackend = { env = 'API_PORT' }\n";
    project.write("portctl.toml", renamed);
    for words in [&["get"][..], &["env"], &["run", "--", "true"], &["sync"]] {
        let ran = project.run(words);
        let hint = "hint: api is not in portctl.toml; `portctl release api` gives its variable up";
        assert!(ran.complained(1).contains(hint), "{words:?}: {ran:?}");
    }
    project.run(&["release", "api"]).printed();
    project.run(&["sync"]).printed();
    assert_eq!(project.held().len(), 1);
}

#[test]
fn service_with_a_new_name_takes_its_port_over_from_the_old_name() {
    let project = Project::new();
    let (port, other) = (project.port, project.port + 1);
    let declare = |name: &str| {
        project.write(
            "portctl.toml",
            &format!("[services]\n{name} = {port}\n[files]\n'.env' = 'all'\n"),
        )
    };
    declare("dev");
    project.run(&["sync"]).printed();
    declare("web");
    let ran = project.run(&["sync"]);
    let hint = format!("portctl release dev && portctl move web --port {port}");
    let note = format!(
        "note: shop/default/web got port {other}, because port {port} is allocated to shop/default/dev, \
         which is not in portctl.toml: `{hint}` takes the port over\n"
    );
    assert!(ran.stderr.contains(&note), "{ran:?}");
    for line in hint.split(" && ") {
        let words: Vec<&str> = line.split(' ').skip(1).collect();
        assert_eq!(project.run(&words).code, Some(0), "{line}");
    }
    assert_eq!(project.held(), [("web".to_owned(), port)]);
}

#[test]
fn preferred_port_that_became_available_is_noted_and_taken_on_request() {
    let project = Project::new();
    let (port, other) = (project.port, project.port + 5);
    project.write("portctl.toml", &format!("[services]\nweb = {port}\n"));
    project.run(&["sync"]).printed();
    project.write("portctl.toml", &format!("[services]\nweb = {other}\n"));
    let note = format!(
        "note: web keeps port {port}, though its preferred port {other} is available: `portctl move web --port {other}`\n"
    );
    assert_eq!(project.run(&["sync"]).stderr, note);
    // Nothing is said about a port that cannot be had.
    let labels = ["--app", "blog", "--instance", "main"];
    let taken = ["get", "db", "--port", &other.to_string()];
    project.run(&[&taken[..], &labels].concat()).printed();
    assert_eq!(project.run(&["sync"]).stderr, "");
    let released = project.run(&[&["release", "db"][..], &labels].concat());
    assert_eq!(released.code, Some(0), "{released:?}");
    project.write(".env", "");
    project.run(&["env", "--write", ".env"]);
    let env = project.read(".env");
    let kept = project.run(&["move", "web", "--prefer", &port.to_string()]);
    assert_eq!(kept.stderr, "");
    assert_eq!(project.read(".env"), env);
    let moved = project.run(&["move", "web", "--port", &other.to_string()]);
    assert_eq!(moved.code, Some(0), "{moved:?}");
    project.run(&["sync"]).printed();
}

#[test]
fn new_service_that_is_not_declared_is_noted_once() {
    let project = Project::new();
    project.declare("");
    let ran = project.run(&["get", "frontend"]);
    let note = "note: frontend is not declared in portctl.toml\n";
    assert_eq!(ran.stderr, note);
    project.run(&["get", "frontend"]).printed();
    let other_app = ["get", "frontend", "--app", "blog", "--instance", "x"];
    project.run(&other_app).printed();
}

#[test]
fn syncs_at_once_agree() {
    let project = Project::new();
    project.declare("[files]\n'.env' = 'all'\n");
    thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| project.run(&["sync"])));
        for ran in threads.map(|it| it.join().unwrap()) {
            assert_eq!(ran.code, Some(0), "{ran:?}");
        }
    });
    assert_eq!(project.held().len(), 3);
    let env = project.read(".env");
    assert_eq!(env.matches("WEB_PORT=").count(), 1, "{env}");
}

#[test]
fn release_and_move_update_the_files() {
    let project = Project::new();
    project.declare("[env]\nURL = '${web.url}'\n[files]\n'.env' = 'all'\n'other.env' = 'all'\n");
    project.run(&["sync"]).printed();
    fs::remove_file(project.root.join("other.env")).unwrap();
    let moved = (project.port + 7).to_string();
    let ran = project.run(&["move", "web", "--port", &moved]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("wrote 5 variables to .env"), "{ran:?}");
    let env = project.read(".env");
    assert!(env.contains(&format!("WEB_PORT={moved}\n")), "{env}");
    assert!(
        env.contains(&format!("URL=http://localhost:{moved}\n")),
        "{env}"
    );
    project.run(&["release", "web"]);
    let env = project.read(".env");
    assert!(!env.contains("WEB_PORT") && !env.contains("URL="), "{env}");
    assert!(env.contains("DB_PORT"), "{env}");
    assert!(!project.root.join("other.env").exists());
    // The order is that of the project file, so that the file does not change back and forth.
    project.run(&["get", "web"]).printed();
    assert_eq!(project.run(&["move", "db"]).code, Some(0));
    let moved = project.read(".env");
    assert_eq!(project.run(&["sync"]).code, Some(0));
    fs::remove_file(project.root.join("other.env")).unwrap();
    assert_eq!(project.read(".env"), moved);
    // A refusal is a note, because the port is released already.
    project.write(".env", &format!("{env}DB_PORT=1\n"));
    let refused = project.run(&["release", "db"]);
    assert_eq!(refused.code, Some(0), "{refused:?}");
    assert!(!refused.stderr.contains("DB_PORT=1"), "{refused:?}");
}

#[test]
fn released_ports_stay_in_no_file() {
    let project = Project::new();
    project.declare("[env]\nURL = '${web.url}'\n[files]\n'.env' = 'all'\n'a.env' = ['URL']\n");
    project.write(".env", "A=1\n");
    project.run(&["sync"]).printed();
    let web = project.port;
    project.run(&["env", "--write", ".env.local", "--format", "shell"]);
    let labels = ["--app", "shop", "--instance", "ci"];
    project.run(&[&["get", "web"][..], &labels].concat());
    let write = ["env", "web", "--write", ".env.ci"];
    project.run(&[&write[..], &labels].concat()).printed();
    let ci = project.read(".env.ci");
    assert_eq!(project.run(&["move", "web"]).code, Some(0));
    let local = project.read(".env.local");
    assert!(!local.contains(&web.to_string()), "{local}");
    assert!(local.contains("\nexport URL=http://localhost:"), "{local}");
    assert_eq!(project.read(".env.ci"), ci);

    let ran = project.run(&[&["release"][..], &labels].concat());
    assert_eq!(ran.stderr, "note: removed WEB_PORT from .env.ci\n");
    assert_eq!(project.read(".env.ci"), "");
    assert_eq!(project.read(".env.local"), local);

    let ran = project.run(&["release"]);
    let notes =
        "note: removed all ports from .env\nnote: removed all ports from a.env\nnote: removed ";
    assert!(ran.stderr.contains(notes), "{ran:?}");
    for (file, left) in [(".env", "A=1\n"), ("a.env", ""), (".env.local", "")] {
        assert_eq!(project.read(file), left, "{file}");
    }
    assert_eq!(project.held(), []);
}

#[test]
fn files_that_release_cannot_update_are_noted() {
    let project = Project::in_git();
    project.write(".gitignore", "*.env\n");
    project
        .declare("[files]\n'a.env' = 'all'\n'b.env' = 'all'\n'c.env' = 'all'\n'd.env' = 'all'\n");
    project.run(&["sync"]).printed();
    project.git(&["add", "--force", "a.env"]);
    fs::remove_file(project.root.join("b.env")).unwrap();
    let outside = project.sandbox.work().join("c.env");
    fs::rename(project.root.join("c.env"), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, project.root.join("c.env")).unwrap();
    let ran = project.run(&["release", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for note in [
        "note: not up to date: a.env was not changed, because git tracks it",
        "note: not up to date: c.env is a symbolic link to",
        "note: removed all ports from d.env",
    ] {
        assert!(ran.stderr.contains(note), "{note}: {ran:?}");
    }
    assert!(!ran.stderr.contains("b.env"), "{ran:?}");
    assert!(!project.root.join("b.env").exists());
    assert_eq!(project.held(), []);
}

#[test]
fn env_writes_no_file_without_ports() {
    let project = Project::new();
    let ran = project.run(&["env", "--write", ".env"]);
    let complaint = ran.complained(1);
    assert!(complaint.contains(".env was not changed: no allocations of this checkout"));
    assert!(complaint.contains("allocate some, as in `portctl get web`"));
    assert!(!project.root.join(".env").exists());
    project.declare("");
    assert_eq!(
        project.run(&["env", "--write", ".env"]).printed(),
        "wrote 4 ports to .env"
    );
    assert_eq!(project.held().len(), 3);
}
