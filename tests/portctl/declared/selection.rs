//! Commands without names take the declared services.

use std::thread;

use super::fixture::Project;

#[test]
fn get_without_names_allocates_all_declared_services_together() {
    let project = Project::new();
    let usage = project.run(&["get"]);
    assert!(usage.complained(2).contains("no service is named"));
    project.declare("");
    let (web, db) = (project.port, project.port + 1);
    // The port that it prefers belongs to another service, so this one leaves it alone.
    let other = project.run(&["get", "other"]);
    let api = other.stdout.trim_end();
    assert_eq!(api, (project.port + 2).to_string());
    let expected = format!("{web}\n{db}\n{}", project.port + 3);
    assert_eq!(project.run(&["get"]).printed(), expected);
    assert_eq!(project.run(&["get"]).printed(), expected);
    assert_eq!(project.run(&["get", "db"]).printed(), db.to_string());
    let env = format!(
        "WEB_PORT={web}\nDB_PORT={db}\nPGPORT={db}\nAPI_PORT={}\nOTHER_PORT={api}",
        project.port + 3
    );
    assert_eq!(project.run(&["env"]).printed(), env);
    assert_eq!(
        project.run(&["env", "db"]).printed(),
        format!("DB_PORT={db}\nPGPORT={db}")
    );
    let url = project.run(&["url"]);
    assert_eq!(url.printed().lines().count(), 3);
}

#[test]
fn env_run_wait_and_url_allocate_what_is_missing() {
    for words in [
        &["env"][..],
        &["run", "--", "true"],
        &["url"],
        &["wait", "--timeout", "0"],
    ] {
        let project = Project::new();
        project.declare("");
        project.run(words);
        let names: Vec<String> = project.held().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["web", "db", "api"], "{words:?}");
    }
}

#[test]
fn other_checkout_whose_services_are_named_is_noted_once() {
    let project = Project::in_git();
    project.git(&["worktree", "add", "-q", "../blue"]);
    let blue = project.root.with_file_name("blue");
    project.run_in(&blue, &["get", "web", "other"]).printed();
    project.declare("");
    let mut foreign = vec!["--instance", "blue", "web", "other"];
    let noted = |words: &[&str]| {
        let ran = project.run(words);
        assert_eq!(ran.code, Some(0), "{words:?}: {ran:?}");
        let count = ran.stderr.matches("belongs to another checkout").count();
        assert_eq!(count, 1, "{words:?}: {ran:?}");
    };
    noted(&[&["url"], &*foreign].concat());
    // This one is declared and missing, so it is allocated together with the rest.
    foreign.push("api");
    noted(&[&["url"], &*foreign].concat());
    noted(&["env", "--instance", "blue"]);
}

/// A script may wait for a service while another one is about to start it.
#[test]
fn wait_and_url_allocate_a_declared_service_that_is_named() {
    for words in [&["url", "db"][..], &["wait", "db", "--timeout", "0"]] {
        let project = Project::new();
        project.declare("");
        let undeclared = project.run(&[words[0], "other"]);
        assert!(undeclared.complained(1).contains("other has no port"));
        assert!(project.held().is_empty(), "{words:?}");
        project.run(words);
        let names: Vec<String> = project.held().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["web", "db", "api"], "{words:?}");
    }
}

#[test]
fn computed_variables_reach_the_command_of_run() {
    let project = Project::new();
    project.declare("[env]\nURL = '${db.url}/${app}/${instance}/$$'\n");
    let ran = project.run(&["run", "web", "--", "sh", "-c", "echo $URL $PGPORT $PORT"]);
    let expected = format!(
        "http://localhost:{0}/shop/default/$ {0} {1}",
        project.port + 1,
        project.port
    );
    assert_eq!(ran.printed(), expected);
}

#[test]
fn none_is_allocated_if_one_cannot_be() {
    let project = Project::new();
    project.declare("");
    let mut command = project.command(&project.root, &["get"]);
    let range = format!("{}-{}", project.port, project.port + 1);
    command.env("PORT_REGISTRY_RANGE", range);
    let ran = test_support::Ran::of(&mut command);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(project.held(), []);
}

#[test]
fn words_that_are_no_names_are_refused_beside_declared_services() {
    let project = Project::new();
    project.declare("");
    for (words, problem) in [
        (&["get", "WEB"][..], "did you mean `portctl get web`?"),
        (&["get", "web,api"], "did you mean `portctl get web api`?"),
        (&["get", "3000"], "3000"),
        (&["get", "web=5173"], "portctl get web --port 5173"),
        (&["get", "PGPORT,web"], "PGPORT web"),
    ] {
        let ran = project.run(words);
        assert!(ran.complained(2).contains(problem), "{words:?}: {ran:?}");
    }
    assert_eq!(project.held(), []);
    let similar = project.run(&["get", "wbe"]);
    assert_eq!(similar.code, Some(0));
    let note = "wbe is a new service, and web is in portctl.toml; if you meant web, `portctl release --id 1` undoes it";
    assert!(similar.stderr.contains(note), "{similar:?}");
    let unknown = project.run(&["url", "wbe2"]);
    assert_eq!(unknown.code, Some(1));
}

#[test]
fn processes_that_ask_at_once_get_the_same_ports() {
    let project = Project::new();
    project.declare("");
    let ports = thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| project.run(&["get"]).printed().to_owned()));
        threads.map(|it| it.join().unwrap())
    });
    assert!(ports.iter().all(|it| *it == ports[0]), "{ports:?}");
    assert_eq!(project.held().len(), 3);
}

#[test]
fn typed_labels_take_the_services_of_the_same_app_only() {
    let project = Project::new();
    project.declare("");
    project.run(&["get"]).printed();
    let other = project.run(&["get", "--instance", "e2e"]);
    assert_eq!(other.stdout.lines().count(), 3, "{other:?}");
    let foreign = project.run(&["get", "--app", "blog"]);
    assert!(foreign.complained(2).contains("no service is named"));
    project.write("portctl.toml", "[services\n");
    let broken = project.run(&["get", "--instance", "e2e"]);
    assert_eq!(broken.code, Some(1));
    let neither = ["get", "web", "--app", "blog", "--instance", "x"];
    project.run(&neither).printed();
}
