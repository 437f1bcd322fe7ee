//! The evaluation of the skill, with players in place of an agent.

use std::path::Path;

use crate::PORTCTL;
use test_support::{Ran, Sandbox, is_available};

/// Runs the evaluation, and returns the names of the tasks that passed and of those that failed.
fn evaluated(sandbox: &Sandbox, player: &str) -> (Vec<String>, Vec<String>) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../skill/evaluation/run");
    let mut command = sandbox.command("python3");
    // No compiled files beside the sources.
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(script);
    command.args(["--portctl", PORTCTL, "--player", player]);
    let ran = Ran::of(&mut command);
    let names = |result: &str| -> Vec<String> {
        let lines = ran.stdout.lines().filter_map(|it| it.strip_prefix(result));
        lines
            .map(|it| it.split(' ').next().unwrap().to_owned())
            .collect()
    };
    let (passed, failed) = (names("passed "), names("FAILED "));
    let code = i32::from(!failed.is_empty());
    assert_eq!(ran.code, Some(code), "{player}: {ran:?}");
    assert!(passed.len() + failed.len() >= 8, "{player}: {ran:?}");
    (passed, failed)
}

#[test]
#[ignore = "takes 20 s"]
fn commands_that_the_skill_teaches_pass_the_evaluation_and_wrong_ones_fail() {
    let sandbox = Sandbox::in_memory();
    if !is_available("python3", sandbox.command("python3").arg("--version")) {
        return;
    }
    let none: Vec<String> = Vec::new();
    assert_eq!(evaluated(&sandbox, "skill").1, none);
    for player in ["nothing", "hard-coded", "release-all", "kill"] {
        assert_eq!(evaluated(&sandbox, player).0, none, "{player}");
    }
}
