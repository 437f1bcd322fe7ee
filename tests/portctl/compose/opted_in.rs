//! Worktrees whose `.env` names the override, so that plain `docker compose` uses it.

use std::fs;
use std::path::Path;

use test_support::Ran;

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
