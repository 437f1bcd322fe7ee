//! Programs that run whole lines, or several programs.

use super::line::Line;
use crate::programs::base_name;

/// Names of scripts that start servers.
const SERVING_SCRIPTS: &[&str] = &[
    "dev",
    "develop",
    "preview",
    "serve",
    "server",
    "start",
    "storybook",
];

/// Returns the line of `sh -c LINE`.
pub(super) fn shell_line<'a>(name: &str, arguments: &[&'a str]) -> Option<&'a str> {
    let is_shell = matches!(base_name(name), "bash" | "dash" | "sh" | "zsh");
    let mut pairs = arguments.windows(2);
    let line = pairs.find(|pair| pair[0].starts_with('-') && pair[0].ends_with('c'))?[1];
    is_shell.then_some(line)
}

/// Returns the commands that the arguments of concurrently, run-p and their like name.
pub(super) fn commands_run_by(runner: &str, arguments: &[&str]) -> Vec<Vec<String>> {
    let own = arguments.iter().filter(|word| !word.starts_with('-'));
    let line = |word: &&str| match runner {
        "conc" | "concurrently" => match word.split_once(':') {
            Some((manager @ ("bun" | "npm" | "pnpm" | "yarn"), script)) => {
                Some(format!("{manager} run {script}"))
            }
            _ => Some((*word).to_owned()),
        },
        "npm-run-all" | "npm-run-all2" | "run-p" | "run-s" => Some(format!("npm run {word}")),
        _ => None,
    };
    let lines = own.filter_map(line);
    lines.flat_map(|line| Line::of(&line).commands()).collect()
}

/// Tells command lines that seem to start a server by the name of a script.
pub(super) fn is_serving(runner: &str, words: &[&str]) -> bool {
    let is_script = |word: &&str| {
        let parts = word.split([':', ' ', '*']);
        parts
            .into_iter()
            .any(|part| SERVING_SCRIPTS.contains(&part))
    };
    matches!(runner, "foreman" | "hivemind" | "honcho" | "overmind") || words.iter().any(is_script)
}
