//! Commands that hints name, run as they are printed.

mod answer;
mod files;
mod lines;
mod scene;

use self::answer::{Mistake, commands_in, has_flag, program_of, value_of, words_of};
use self::lines::FURTHER_MISTAKES;
use self::scene::Scene;
use super::mistakes::MISTAKES;

/// Exit code for a command line that portctl refuses.
const USAGE_ERROR: i32 = 2;

/// Exit code of `portctl run` for a program that does not exist.
const NO_PROGRAM: i32 = 127;

/// Typed words that mean all services of the checkout.
const WORDS_FOR_ALL: [&str; 2] = ["all", "down"];

/// Typed words that mean a service, with a slip.
const SLIPS: [(&str, &str); 2] = [("wbe", "web"), ("webb", "web")];

#[test]
fn every_command_in_a_hint_can_be_run_as_it_is_printed() {
    let mut scene = Scene::new();
    let mut failures = Vec::new();
    let lines = MISTAKES.lines().chain(FURTHER_MISTAKES.lines());
    let lines = lines.map(str::trim);
    for line in lines.filter(|it| !it.is_empty() && !it.starts_with('#')) {
        let mistake = scene.type_line(line);
        for hint in mistake.hints() {
            let problems = problems_of(&scene, &mistake, &hint);
            failures.extend(
                problems
                    .into_iter()
                    .map(|it| format!("portctl {line}\n  {hint}\n  {it}")),
            );
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Returns claims about a hint that are not met.
fn problems_of(scene: &Scene, mistake: &Mistake, hint: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(word) = mistake.placeholder(hint) {
        problems.push(format!("{word} stands for something"));
    }
    for command in commands_in(hint) {
        let followed = scene.follow(command);
        let codes = &followed.codes;
        let is_refused = codes
            .iter()
            .any(|it| [USAGE_ERROR, NO_PROGRAM].contains(it));
        if codes.is_empty() || is_refused || followed.ran.code != Some(0) {
            problems.push(format!("`{command}` is refused: {:?}", followed.ran));
        }
        for service in &followed.released {
            if !means(mistake, service) {
                problems.push(format!("`{command}` releases {service}"));
            }
        }
        let words = words_of(command);
        if words.iter().any(|it| it == "--help") {
            continue;
        }
        let releases = ["release", "rm", "prune"]
            .iter()
            .any(|it| words.iter().any(|word| word == it));
        let is_correction = hint.contains(&format!("did you mean `{command}`"));
        let (typed, kept) = (program_of(&mistake.words), program_of(&words));
        // A single word may be a whole command line.
        if typed.len() > 1 && !kept.is_empty() && is_correction && !kept.ends_with(typed) {
            problems.push(format!("`{command}` changes the program"));
        }
        for (long, short, must_stay) in
            [("--dry-run", 'n', releases), ("--json", 'j', is_correction)]
        {
            let is_typed = has_flag(&mistake.words, long, short);
            if must_stay && is_typed && !has_flag(&words, long, short) {
                problems.push(format!("`{command}` loses {long}"));
            }
        }
        for flag in ["--app", "--instance"] {
            let typed = value_of(&mistake.words, flag);
            if is_correction && typed.is_some() && value_of(&words, flag) != typed {
                problems.push(format!("`{command}` changes {flag}"));
            }
        }
    }
    problems
}

/// Returns true if a service was typed, or all services.
fn means(mistake: &Mistake, service: &str) -> bool {
    let slips = SLIPS.iter().filter(|(_, meant)| *meant == service);
    let mut words = WORDS_FOR_ALL.iter().chain(slips.map(|(slip, _)| slip));
    mistake.has(service) || words.any(|it| mistake.has(it))
}
