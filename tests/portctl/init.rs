//! `portctl init`: the project file for what a scan finds.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use crate::PORTCTL;
use test_support::{Ran, Sandbox, free_block};

/// A project with two services, whose checkout has a folder.
struct Project {
    sandbox: Sandbox,
    root: PathBuf,
    first: u16,
}

impl Project {
    fn new() -> Project {
        let sandbox = Sandbox::in_memory();
        let root = sandbox.work().join("shop");
        fs::create_dir_all(root.join("apps/web")).unwrap();
        sandbox.git(&root, &["init", "--quiet", "."]);
        let first = free_block(2);
        let compose = format!("services:\n  db:\n    ports: ['${{PGPORT:-{first}}}:5432']\n");
        fs::write(root.join("compose.yaml"), compose).unwrap();
        let package = format!(r#"{{"scripts":{{"dev":"vite --port {}"}}}}"#, first + 1);
        fs::write(root.join("package.json"), package).unwrap();
        Project {
            sandbox,
            root,
            first,
        }
    }

    fn file(&self) -> PathBuf {
        self.root.join("portctl.toml")
    }

    fn run_in(&self, folder: &Path, words: &[&str]) -> Ran {
        let mut command = self.sandbox.command(PORTCTL);
        Ran::of(command.args(words).current_dir(folder))
    }

    fn run(&self, words: &[&str]) -> Ran {
        self.run_in(&self.root, words)
    }
}

#[test]
fn the_file_at_the_root_declares_what_was_found_and_is_shown() {
    let project = Project::new();
    let ran = project.run_in(&project.root.join("apps/web"), &["init"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let written = fs::read_to_string(project.file()).unwrap();
    assert_eq!(ran.stdout, written);
    let (db, web) = (project.first, project.first + 1);
    for part in [
        &format!("\ndb = {db} "),
        " # compose.yaml:3\n",
        &format!("\nweb = {web} "),
        "\n# app = \"shop\" ",
        "\n# WEB_URL = \"${web.url}\"\n",
        " # package.json:1\n",
        "\n# \".env\" = \"all\"                # add it to .gitignore first\n",
    ] {
        assert!(written.contains(part), "{part}: {written}");
    }
    let told = format!("wrote {}; ", project.file().display());
    assert!(ran.stderr.starts_with(&told), "{ran:?}");
    let got = project.run(&["get"]);
    assert_eq!(got.printed(), format!("{db}\n{web}"));
    // The Compose file names the variable of its port.
    let variables = project.run(&["env"]);
    assert_eq!(variables.printed(), format!("PGPORT={db}\nWEB_PORT={web}"));
}

#[test]
fn a_file_that_exists_is_never_changed() {
    let project = Project::new();
    for target in [None, Some("nowhere")] {
        match target {
            None => fs::write(project.file(), "[services]\nown = 1\n").unwrap(),
            Some(target) => {
                fs::remove_file(project.file()).unwrap();
                std::os::unix::fs::symlink(target, project.file()).unwrap();
            }
        }
        let ran = project.run(&["init"]);
        let path = project.file().display().to_string();
        let expected = format!("error: {path} exists already, so it was not changed\nhint: ");
        assert!(ran.complained(1).starts_with(&expected), "{ran:?}");
        assert!(ran.stderr.contains("`portctl sync`"), "{ran:?}");
    }
    assert!(!project.root.join("nowhere").exists());
    let printed = project.run(&["init", "--print"]);
    assert!(printed.printed().contains("\nweb = "), "{printed:?}");
}

#[test]
fn of_two_at_once_one_writes_the_file() {
    let project = Project::new();
    let codes = thread::scope(|scope| {
        let runs = [(); 4].map(|()| scope.spawn(|| project.run(&["init"]).code));
        runs.map(|it| it.join().unwrap())
    });
    let written = codes.iter().filter(|it| **it == Some(0));
    assert_eq!(written.count(), 1, "{codes:?}");
    project.run(&["get"]).printed();
}

#[test]
fn an_ignored_env_file_is_declared_and_its_urls_are_examples() {
    let project = Project::new();
    fs::write(project.root.join(".gitignore"), ".env\n").unwrap();
    let url = format!(
        "DATABASE_URL=postgres://me:secret@localhost:{}/shop\n",
        project.first
    );
    fs::write(project.root.join(".env"), url).unwrap();
    let ran = project.run(&["init", "--print"]);
    let text = ran.printed();
    assert!(!project.file().exists());
    assert!(text.contains("\n[files] ") && text.contains("\n\".env\" = \"all\" "));
    let example = "\n# DATABASE_URL = \"postgres://localhost:${db.port}\"";
    assert!(text.contains(example), "{text}");
    assert!(!text.contains("secret"));
}

#[test]
fn a_project_without_ports_is_noted() {
    let sandbox = Sandbox::in_memory();
    let mut command = sandbox.command(PORTCTL);
    let ran = Ran::of(
        command
            .args(["init", "--print"])
            .current_dir(sandbox.work()),
    );
    let note = "note: no fixed ports were found; declare the services below [services]\n";
    assert_eq!((ran.code, &*ran.stderr), (Some(0), note));
}
