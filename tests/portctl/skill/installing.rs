//! Installing and removing the skill.

use std::fs;
use std::thread;

use serde_json::{Value, json};
use test_support::Sandbox;

use super::fixture::{assert_installed, run};

#[test]
fn the_skill_is_installed_in_the_project_and_removed_completely() {
    let sandbox = Sandbox::in_memory();
    let folders =
        [".claude", ".agents"].map(|agent| sandbox.work().join(agent).join("skills/port-registry"));
    let output = |result: &str| {
        folders
            .each_ref()
            .map(|it| format!("{result} {}", it.display()))
            .join("\n")
    };
    assert_eq!(
        run(&sandbox, &["skill", "install"]).printed(),
        output("installed")
    );
    for folder in &folders {
        assert_installed(folder);
    }
    assert_eq!(
        run(&sandbox, &["skill", "install"]).printed(),
        output("up to date:")
    );
    assert_eq!(
        run(&sandbox, &["skill", "uninstall"]).printed(),
        output("removed")
    );
    assert_eq!(fs::read_dir(sandbox.work()).unwrap().count(), 0);
    let ran = run(&sandbox, &["skill", "uninstall"]);
    assert_eq!(ran.complained(1), "error: the skill is not installed here");
}

#[test]
fn global_install_uses_the_agent_folders_that_exist() {
    let sandbox = Sandbox::in_memory();
    let ran = run(&sandbox, &["skill", "install", "--global"]);
    assert_eq!(
        ran.complained(1),
        "error: none of ~/.claude, ~/.codex and ~/.agents exists\n\
         hint: create the folder that your agent reads, or leave --global out"
    );
    for agent in [".codex", ".agents"] {
        fs::create_dir(sandbox.home().join(agent)).unwrap();
    }
    run(&sandbox, &["skill", "install", "--global"]).printed();
    for agent in [".codex", ".agents"] {
        assert_installed(&sandbox.home().join(agent).join("skills/port-registry"));
    }
    assert!(!sandbox.home().join(".claude").exists());
    assert_eq!(fs::read_dir(sandbox.work()).unwrap().count(), 0);
    let ran = run(&sandbox, &["skill", "uninstall", "--global", "--json"]);
    let output: Value = serde_json::from_str(ran.printed()).unwrap();
    let folder = |agent: &str| sandbox.home().join(agent).join("skills/port-registry");
    assert_eq!(
        output,
        json!([
            {"folder": folder(".codex"), "result": "removed"},
            {"folder": folder(".agents"), "result": "removed"},
        ])
    );
    let ran = run(&sandbox, &["skill", "uninstall", "--global"]);
    assert_eq!(
        ran.complained(1),
        "error: the skill is not installed for this user"
    );
}

#[test]
fn concurrent_installs_succeed() {
    let sandbox = Sandbox::in_memory();
    thread::scope(|scope| {
        let install = || {
            run(&sandbox, &["skill", "install", "--force"])
                .printed()
                .len()
        };
        let installs = [(); 8].map(|()| scope.spawn(install));
        for install in installs {
            assert!(install.join().unwrap() > 0);
        }
    });
    for agent in [".claude", ".agents"] {
        assert_installed(&sandbox.work().join(agent).join("skills/port-registry"));
    }
}

#[test]
fn a_failed_install_is_reported_and_the_others_are_done() {
    let sandbox = Sandbox::in_memory();
    // Use a file in place of a folder, because permissions would not stop root.
    fs::write(sandbox.work().join(".claude"), "not a folder").unwrap();
    let ran = run(&sandbox, &["skill", "install"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.starts_with("error: "), "{ran:?}");
    // The failure does not stop the installation for the other agent.
    assert_installed(&sandbox.work().join(".agents/skills/port-registry"));
    let ran = run(&sandbox, &["skill", "install", "--json"]);
    let output: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(ran.code, Some(1));
    assert!(output[0]["error"].is_string(), "{output}");
    let failure: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(failure["error"], output[0]["error"]);
    assert_eq!(output[1]["result"], "up-to-date");
}
