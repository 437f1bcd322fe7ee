//! Ports that are in use when a command starts.

use std::fs;
use std::path::Path;

use crate::PORTCTL;
use test_support::{Ran, Sandbox, free_block, occupant_of, occupant_of_in, user_of};

/// A checkout with the services `web` and `db`.
struct Stage {
    sandbox: Sandbox,
    web: u16,
    db: u16,
}

impl Stage {
    fn new() -> Stage {
        let web = free_block(2);
        let stage = Stage {
            sandbox: Sandbox::in_memory(),
            web,
            db: web + 1,
        };
        let ports = stage.portctl(&stage.sandbox.work(), &["get", "web", "db"]);
        assert_eq!(ports.printed(), format!("{web}\n{}", web + 1));
        stage
    }

    fn portctl(&self, folder: &Path, words: &[&str]) -> Ran {
        let mut command = self.sandbox.command(PORTCTL);
        // Other tests may listen on the usual ports.
        let range = format!("{}-{}", self.web, self.db);
        command.env("PORT_REGISTRY_RANGE", range);
        Ran::of(command.args(words).current_dir(folder))
    }

    /// Runs a command that prints `ran`.
    fn run(&self, words: &[&str]) -> Ran {
        let words = [&["run"], words, &["--", "echo", "ran"]].concat();
        self.portctl(&self.sandbox.work(), &words)
    }

    /// Returns the notes of a command that was run.
    #[track_caller]
    fn notes(&self, words: &[&str]) -> String {
        let ran = self.run(words);
        assert_eq!((ran.code, &*ran.stdout), (Some(0), "ran\n"), "{ran:?}");
        ran.stderr
    }
}

#[test]
fn service_that_is_up_is_noted() {
    let stage = Stage::new();
    let work = stage.sandbox.work();
    let [web, db] = [stage.web, stage.db].map(|it| occupant_of_in(it, &work));
    let note = |service, pid| {
        format!(
            "note: {service} is up already: test-listener (pid {pid}, in {})\n",
            work.display()
        )
    };
    assert_eq!(stage.notes(&["web"]), note("web", web.id()));
    let notes = stage.notes(&[]);
    assert!(
        notes.ends_with(&(note("web", web.id()) + &note("db", db.id()))),
        "{notes}"
    );
}

#[test]
fn command_is_not_run_beside_another_checkouts_server() {
    let stage = Stage::new();
    let blog = stage.sandbox.path().join("blog");
    fs::create_dir(&blog).unwrap();
    fs::write(blog.join("portctl.toml"), "").unwrap();
    let server = occupant_of_in(stage.web, &blog);
    let blog = blog.display();
    let problem = format!(
        "port {} of work/default/web is in use by test-listener (pid {}, in {blog}); it belongs to another checkout, {blog}",
        stage.web,
        server.id()
    );
    for words in [&["web"][..], &["db", "web"], &[]] {
        let ran = stage.run(words);
        let expected = format!(
            "error: {problem}\nhint: `portctl move web` gives the service another port; with --force, the command is run all the same"
        );
        assert!(ran.complained(1).ends_with(&expected), "{ran:?}");
    }
    assert_eq!(
        stage.notes(&["web", "--force"]),
        format!("note: {problem}\n")
    );
    // The port of a service that is not named does not matter.
    assert_eq!(stage.notes(&["db"]), "");
}

#[test]
fn command_is_run_with_a_note_beside_an_unknown_process() {
    let stage = Stage::new();
    let server = occupant_of(stage.db);
    let expected = format!(
        "note: port {} of work/default/db is in use by test-listener (pid {}, in /); its checkout is unknown, because its \
         folder is in no checkout\n",
        stage.db,
        server.id()
    );
    assert_eq!(stage.notes(&["db"]), expected);
}

#[test]
fn port_that_nothing_listens_on_is_noted_unless_servers_can_bind_it() {
    let stage = Stage::new();
    let _user = user_of(stage.web, "bound");
    let expected = format!(
        "note: port {} of work/default/web is bound by a process that does not listen on it\n",
        stage.web
    );
    assert_eq!(stage.notes(&["web"]), expected);
    let _user = user_of(stage.db, "closing");
    assert_eq!(stage.notes(&["db"]), "");
}
