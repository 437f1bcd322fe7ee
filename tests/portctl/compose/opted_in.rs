//! Worktrees whose `.env` names the override, so that plain `docker compose` uses it.

use std::fs;
use std::path::Path;

use test_support::{Ran, program};

use super::cli::Project;
use super::linked::{run_in, worktrees};

/// A `docker` whose project has the name that the environment or `.env` gives, and which repeats the variables.
const NAMED: &str = r#"[ -z "$COMPOSE_PROJECT_NAME" ] && [ -f .env ] && . ./.env
name=${COMPOSE_PROJECT_NAME:-shop}
for word; do case $word in
    version) echo 'Docker Compose version v2.26.1'; exit ;;
    config) echo '{"name":"'$name'","services":{"db":{"ports":[{"target":5432,"published":"5432","protocol":"tcp"}]}}}'; exit ;;
    esac; done
echo "$*" name=$name file=$COMPOSE_FILE"#;

/// Adds the lines that `--print` shows for `.env`.
fn opt_in(folder: &Path, printed: &Ran) {
    let lines = printed.stderr.lines();
    let lines: Vec<&str> = lines.filter(|it| it.starts_with("COMPOSE_")).collect();
    let env_file = folder.join(".env");
    let text = fs::read_to_string(&env_file).unwrap_or_default();
    fs::write(&env_file, format!("{text}{}\n", lines.join("\n"))).unwrap();
}

#[test]
fn printed_lines_outrank_a_project_name_in_the_env_file_and_stay_as_they_are() {
    let project = Project::new();
    project.script("docker", NAMED);
    let [cart, _] = worktrees(&project);
    for folder in [&project.folder, &cart] {
        fs::write(folder.join(".env"), "COMPOSE_PROJECT_NAME=shop\n").unwrap();
    }
    let run = |words: &[&str]| run_in(&project, &cart, words, &[]);
    let printed = run(&["--print"]);
    let line = "\nCOMPOSE_PROJECT_NAME=shop-cart\n";
    assert!(printed.stderr.contains(line), "{printed:?}");
    opt_in(&cart, &printed);
    assert!(run(&["up"]).stdout.contains(" name=shop-cart "));
    let again = run(&["--print"]);
    assert_eq!(again.stdout, printed.stdout);
    assert!(again.stderr.contains(line), "{again:?}");
    let variable = [("COMPOSE_PROJECT_NAME", "shop")];
    let outranked = run_in(&project, &cart, &["--print"], &variable);
    let note = "COMPOSE_PROJECT_NAME in the environment outranks .env";
    assert!(outranked.stderr.contains(note), "{outranked:?}");
}

#[test]
fn command_that_allocates_nothing_leaves_the_named_override_alone() {
    let project = Project::new();
    project.script("docker", NAMED);
    let [cart, _] = worktrees(&project);
    let printed = run_in(&project, &cart, &["--print"], &[]);
    opt_in(&cart, &printed);
    let text = fs::read_to_string(cart.join(".env")).unwrap();
    let list = text.lines().find(|it| it.starts_with("COMPOSE_FILE="));
    let file = list.unwrap().rsplit(':').next().unwrap();
    assert!(printed.stdout.contains("\"published\""), "{printed:?}");
    let in_cart = |words: &[&str]| {
        let mut command = project.sandbox.command(program("portctl"));
        Ran::of(command.args(words).current_dir(&cart))
    };
    assert_eq!(in_cart(&["release", "db"]).code, Some(0));
    run_in(&project, &cart, &["ps"], &[]);
    assert_eq!(fs::read_to_string(file).unwrap(), printed.stdout);
    let findings = in_cart(&["doctor"]).stdout;
    assert!(findings.contains("does not have now"), "{findings}");
    // An override that a user or an earlier version has left.
    fs::write(file, "name: \"shop-cart\"\n").unwrap();
    let findings = in_cart(&["doctor"]).stdout;
    let lacking = "leaves services of this worktree on the usual ports: db";
    let words: Vec<&str> = findings.split_whitespace().collect();
    assert!(words.join(" ").contains(lacking), "{findings}");
    assert_eq!(run_in(&project, &cart, &["--print"], &[]).code, Some(0));
    let findings = in_cart(&["doctor"]).stdout;
    assert!(!findings.contains("COMPOSE_FILE in"), "{findings}");
}

#[test]
fn older_compose_is_told_all_lines_to_change() {
    let project = Project::new();
    project.script("docker", &NAMED.replace("2.26.1", "2.20.0"));
    let ports = [1, 2, 3, 4, 5, 6].map(|it| format!("      - 800{it}:80\n"));
    let ports = ports.concat();
    let file = project.folder.join("compose.yaml");
    let services = format!("services:\n  db:\n    image: postgres\n    ports:\n{ports}");
    fs::write(&file, services).unwrap();
    let [cart, _] = worktrees(&project);
    let up = || {
        run_in(&project, &cart, &["up"], &[])
            .complained(1)
            .to_owned()
    };
    let told = up();
    assert!(
        told.contains("into compose.yaml:10, and 1 more; then"),
        "{told}"
    );
    let ran = run_in(&project, &cart, &["down", "-v"], &[]);
    assert_eq!(ran.printed(), "compose down -v name=shop-cart file=");
    // The ports are variables, and already those of this worktree.
    project.script(
        "docker",
        r#"for word; do case $word in
            version) echo 'Docker Compose version v2.20.0'; exit ;;
            config) echo '{"name":"shop","services":{"db":{"container_name":"shop-db"}}}'; exit ;;
            esac; done"#,
    );
    let text = "services:\n  db:\n    container_name: shop-db\n";
    fs::write(cart.join("compose.yaml"), text).unwrap();
    let hint = "update it, or remove `container_name: shop-db` from compose.yaml:3; then repeat the command";
    let told = up();
    assert!(told.ends_with(hint), "{told}");
}
