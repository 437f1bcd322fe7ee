//! Command lines that must not reach the project of another checkout.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use test_support::{Ran, path_with, program};

use super::cli::Project;
use super::records;

/// A `docker` that refuses every project, and repeats the name that it gets.
const REFUSING: &str = "for word; do case $word in\n\
    version) echo 'Docker Compose version v2.26.1'; exit ;;\n\
    config) echo refused >&2; exit 15 ;; esac; done\n\
    echo \"$*\" name=$COMPOSE_PROJECT_NAME file=$COMPOSE_FILE";

/// Commits the project under the name `shop`, and adds linked worktrees: one beside the main checkout, and one in it.
pub(super) fn worktrees(project: &Project) -> [PathBuf; 2] {
    let main = &project.folder;
    let file = main.join("compose.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("name: shop\n{text}")).unwrap();
    let git = |words: &[&str]| project.sandbox.git(main, words);
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "project"]);
    let linked = [project.sandbox.work().join("cart"), main.join("trees/tax")];
    for (branch, folder) in ["cart", "tax"].into_iter().zip(&linked) {
        git(&[
            "worktree",
            "add",
            "-q",
            "-b",
            branch,
            folder.to_str().unwrap(),
        ]);
    }
    linked
}

/// Runs `portctl compose` with git on the PATH.
pub(super) fn run_in(
    project: &Project,
    folder: &Path,
    words: &[&str],
    variables: &[(&str, &str)],
) -> Ran {
    let mut command = project.command(words);
    let own = project.sandbox.path().join("bin");
    command.env("PATH", path_with(&[own]));
    command.envs(variables.iter().copied());
    Ran::of(command.current_dir(folder))
}

#[test]
fn passed_on_command_of_a_linked_worktree_has_its_own_project_name() {
    let project = Project::new();
    project.script("docker", REFUSING);
    let [cart, tax] = worktrees(&project);
    let run = |folder: &Path, name: Option<&str>, words: &[&str]| {
        let name = name.map(|it| ("COMPOSE_PROJECT_NAME", it));
        let ran = run_in(&project, folder, words, name.as_slice());
        assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{words:?} {ran:?}");
        let (_, name) = ran.stdout.split_once(" name=").unwrap();
        name.split(' ').next().unwrap().to_owned()
    };
    for (folder, variable, words, expected) in [
        // Not decided yet. Compose would take the name from the file, or from the environment if it refuses the file.
        (&cart, None, &["down"][..], "shop-cart"),
        (&cart, Some("shop"), &["down"], "shop-cart"),
        (
            &cart,
            Some("shop"),
            &["--of-a-newer-compose", "down"],
            "shop-cart",
        ),
        (
            &cart,
            Some("shop"),
            &["-f", "gone.yaml", "down"],
            "shop-cart",
        ),
        (
            &cart,
            Some("shop"),
            &["--project-directory", "gone", "down"],
            "shop-cart",
        ),
        // The caller decides.
        (&cart, Some("shop"), &["-p", "shop", "down"], "shop"),
        // They are about no project.
        (&cart, Some("shop"), &["ls"], "shop"),
        (&cart, Some("shop"), &["down", "--help"], "shop"),
        // The main checkout keeps what Compose makes of it.
        (&project.folder, None, &["down"], ""),
        (&project.folder, Some("shop"), &["down"], "shop"),
    ] {
        assert_eq!(
            run(folder, variable, words),
            expected,
            "{folder:?} {words:?}"
        );
    }
    records::record(&project.sandbox, &cart, "decided");
    assert_eq!(run(&cart, None, &["down"]), "decided");
    for folder in [&cart, &tax] {
        fs::remove_file(folder.join("compose.yaml")).unwrap();
    }
    assert_eq!(run(&cart, None, &["down"]), "decided");
    assert_eq!(run(&cart, Some("shop"), &["down"]), "shop-cart");
    fs::write(cart.join(".env"), "COMPOSE_PROJECT_NAME=shop\n").unwrap();
    assert_eq!(run(&cart, None, &["down"]), "shop-cart");
    // Compose searches upward.
    let ran = run_in(&project, &tax, &["down"], &[]);
    assert!(
        ran.complained(1)
            .contains("this worktree has no Compose file")
    );
}

#[test]
fn files_of_a_copied_line_are_those_of_this_checkout() {
    let project = Project::new();
    project.install("docker", "Docker Compose version v2.26.1", 5432);
    let [cart, _] = worktrees(&project);
    let main = &project.folder;
    let line = format!(
        "{}:{}",
        main.join("compose.yaml").display(),
        records::record(&project.sandbox, main, "shop").display()
    );
    let files = |ran: &Ran| ran.stdout.lines().nth(1).unwrap().to_owned();
    let own = cart.join("compose.yaml");
    for is_env_file in [true, false] {
        let run = |words: &[&str]| {
            let variable = (!is_env_file).then_some(("COMPOSE_FILE", &*line));
            run_in(&project, &cart, words, variable.as_slice())
        };
        if is_env_file {
            fs::write(cart.join(".env"), format!("COMPOSE_FILE={line}\n")).unwrap();
        }
        let ran = run(&["up"]);
        let note = format!("the override of another checkout, {}", main.display());
        // Each note is printed once.
        assert_eq!(ran.stderr.contains(&note), is_env_file, "{ran:?}");
        assert!(files(&ran).starts_with(own.to_str().unwrap()), "{ran:?}");
        fs::rename(&own, cart.join("moved.yaml")).unwrap();
        let ran = run(&["down"]);
        assert!(files(&ran).starts_with(own.to_str().unwrap()), "{ran:?}");
        fs::rename(cart.join("moved.yaml"), &own).unwrap();
        fs::remove_file(cart.join(".env")).ok();
    }
}

#[test]
fn processes_that_decide_at_once_get_different_names() {
    let project = Project::new();
    project.install("docker", "Docker Compose version v2.26.1", 5432);
    let [_, tax] = worktrees(&project);
    let mut folders = vec![tax];
    for number in 0..5 {
        // Equal instances, because git is not on the PATH.
        let folder = project.sandbox.work().join(format!("{number}/tax"));
        let path = folder.to_str().unwrap();
        let words = ["worktree", "add", "-q", "--detach", path];
        project.sandbox.git(&project.folder, &words);
        folders.push(folder);
    }
    let started = folders.iter().map(|folder| {
        let mut command = project.command(&["up"]);
        let command = command.current_dir(folder).stdout(Stdio::piped());
        command.stderr(Stdio::null()).spawn().unwrap()
    });
    let started: Vec<Child> = started.collect();
    let names = started.into_iter().map(|it| {
        let output = it.wait_with_output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let file = printed.trim_end().rsplit(':').next().unwrap();
        let text = fs::read_to_string(file).unwrap();
        text.lines().next().unwrap().to_owned()
    });
    let names: BTreeSet<String> = names.collect();
    assert_eq!(names.len(), folders.len(), "{names:?}");
}

#[test]
fn project_of_a_worktree_moves_with_it() {
    let project = Project::new();
    project.install("docker", "Docker Compose version v2.26.1", 5432);
    let [cart, _] = worktrees(&project);
    let moved = project.sandbox.work().join("moved");
    let prune = || {
        let mut command = project.sandbox.command(program("portctl"));
        Ran::of(command.arg("prune")).stderr
    };
    run_in(&project, &cart, &["up"], &[]);
    // The name depends on the path if others have the usual one.
    let record = fs::read_dir(records::folder(&project.sandbox)).unwrap();
    let mut files = record.map(|it| it.unwrap().path());
    let file = files.find(|it| it.extension().is_some_and(|it| it == "json"));
    let file = file.unwrap();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"shop-cart\"", "\"shop-mark\"")).unwrap();
    let paths = [&cart, &moved].map(|it| it.to_str().unwrap());
    let words = ["worktree", "move", paths[0], paths[1]];
    project.sandbox.git(&project.folder, &words);
    assert!(!prune().contains("docker compose"), "{}", prune());
    let text = run_in(&project, &moved, &["--print"], &[]).stdout;
    assert!(text.starts_with("name: \"shop-mark\"\n"), "{text}");
    assert!(!prune().contains("docker compose"), "{}", prune());
    let words = ["worktree", "remove", "--force", paths[1]];
    project.sandbox.git(&project.folder, &words);
    let down = "`docker compose -p shop-mark down`";
    assert!(prune().contains(down), "{}", prune());
}
