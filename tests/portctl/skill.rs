//! The agent skill: it is installed where agents look, no file of the user is lost, and its examples work.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;

use crate::PORTCTL;
use serde_json::{Value, json};
use test_support::{Ran, Sandbox, install_script};

/// Returns the folder of the skill in the sources.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../skill/port-registry")
}

const FILES: [&str; 3] = ["SKILL.md", "references/api.md", "references/commands.md"];

fn run(sandbox: &Sandbox, words: &[&str]) -> Ran {
    sandbox.run(PORTCTL, words)
}

/// Asserts that a folder holds the skill of the sources.
#[track_caller]
fn assert_whole(folder: &Path) {
    for name in FILES {
        assert_eq!(
            fs::read(folder.join(name)).unwrap(),
            fs::read(sources().join(name)).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn skill_is_installed_in_the_project_and_removed_completely() {
    let sandbox = Sandbox::new();
    let folders =
        [".claude", ".agents"].map(|agent| sandbox.work().join(agent).join("skills/port-registry"));
    let told = |words: &str| {
        folders
            .each_ref()
            .map(|it| format!("{words} {}", it.display()))
            .join("\n")
    };
    assert_eq!(
        run(&sandbox, &["skill", "install"]).printed(),
        told("installed")
    );
    for folder in &folders {
        assert_whole(folder);
    }
    assert_eq!(
        run(&sandbox, &["skill", "install"]).printed(),
        told("up to date:")
    );
    assert_eq!(
        run(&sandbox, &["skill", "uninstall"]).printed(),
        told("removed")
    );
    assert_eq!(fs::read_dir(sandbox.work()).unwrap().count(), 0);
    let ran = run(&sandbox, &["skill", "uninstall"]);
    assert_eq!(ran.complained(1), "error: the skill is not installed here");
}

#[test]
fn other_files_of_the_user_are_kept() {
    let sandbox = Sandbox::new();
    let skills = sandbox.work().join(".claude/skills");
    fs::create_dir_all(skills.join("other")).unwrap();
    run(&sandbox, &["skill", "install"]).printed();
    let notes = skills.join("port-registry/notes.md");
    fs::write(&notes, "mine").unwrap();
    run(&sandbox, &["skill", "uninstall"]).printed();
    assert!(skills.join("other").exists());
    assert_eq!(fs::read_to_string(&notes).unwrap(), "mine");
    assert!(!sandbox.work().join(".agents").exists());
}

#[test]
fn edited_files_are_kept_without_force() {
    let sandbox = Sandbox::new();
    run(&sandbox, &["skill", "install"]).printed();
    let folder = sandbox.work().join(".claude/skills/port-registry");
    let skill = folder.join("SKILL.md");
    fs::write(&skill, "my own").unwrap();
    fs::remove_file(folder.join("references/api.md")).unwrap();
    for (command, result) in [
        ("install", "updated "),
        ("install", ""),
        ("uninstall", "removed "),
        ("uninstall", ""),
    ] {
        let ran = run(&sandbox, &["skill", command]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let problem = format!(
            "error: {} was changed by hand, and is kept\nhint: --force ",
            skill.display()
        );
        assert!(ran.stderr.starts_with(&problem), "{ran:?}");
        assert!(
            ran.stdout
                .contains(&format!("{result}{}\n", folder.display()))
                != result.is_empty(),
            "{ran:?}"
        );
        assert_eq!(fs::read_to_string(&skill).unwrap(), "my own");
        assert_eq!(
            folder.join("references/api.md").exists(),
            command == "install"
        );
    }
    run(&sandbox, &["skill", "install", "--force"]).printed();
    assert_whole(&folder);
    fs::write(&skill, "my own").unwrap();
    run(&sandbox, &["skill", "uninstall", "--force"]).printed();
    assert!(!sandbox.work().join(".claude").exists());
}

#[test]
fn files_of_an_earlier_version_are_replaced_and_others_are_kept() {
    let sandbox = Sandbox::new();
    run(&sandbox, &["skill", "install"]).printed();
    let folder = sandbox.work().join(".claude/skills/port-registry");
    // An earlier version left other content with matching digests.
    let manifest = folder.join(".portctl.json");
    // The digests are those of "a" and "foobar" by the standard's test vectors.
    let earlier = json!({"version": "0.0.1", "files": {
        "SKILL.md": "af63dc4c8601ec8c",
        "references/gone.md": "85944171f73967e8",
        "references/changed.md": "85944171f73967e8",
        "../../../outside.md": "af63dc4c8601ec8c",
    }});
    fs::write(&manifest, earlier.to_string()).unwrap();
    fs::write(folder.join("SKILL.md"), "a").unwrap();
    fs::write(folder.join("references/gone.md"), "foobar").unwrap();
    fs::write(folder.join("references/changed.md"), "foobaz").unwrap();
    fs::write(sandbox.work().join("outside.md"), "a").unwrap();
    let ran = run(&sandbox, &["skill", "install"]);
    assert!(
        ran.printed()
            .starts_with(&format!("updated {}", folder.display()))
    );
    assert_whole(&folder);
    assert!(!folder.join("references/gone.md").exists());
    assert!(folder.join("references/changed.md").exists());
    assert!(sandbox.work().join("outside.md").exists());
    // The manifest is missing, as in a repository that excludes hidden files.
    fs::remove_file(&manifest).unwrap();
    run(&sandbox, &["skill", "install"]).printed();
    assert!(manifest.exists());
    // A skill of the same name that portctl did not write.
    fs::remove_file(&manifest).unwrap();
    fs::write(folder.join("SKILL.md"), "a").unwrap();
    let ran = run(&sandbox, &["skill", "install"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(fs::read_to_string(folder.join("SKILL.md")).unwrap(), "a");
}

#[test]
fn global_install_uses_the_agent_folders_that_exist() {
    let sandbox = Sandbox::new();
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
        assert_whole(&sandbox.home().join(agent).join("skills/port-registry"));
    }
    assert!(!sandbox.home().join(".claude").exists());
    assert_eq!(fs::read_dir(sandbox.work()).unwrap().count(), 0);
    let ran = run(&sandbox, &["skill", "uninstall", "--global", "--json"]);
    let told: Value = serde_json::from_str(ran.printed()).unwrap();
    let folder = |agent: &str| sandbox.home().join(agent).join("skills/port-registry");
    assert_eq!(
        told,
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
fn existing_folders_are_kept() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join(".claude")).unwrap();
    fs::create_dir(sandbox.home().join(".agents")).unwrap();
    for words in [
        &["skill", "uninstall"][..],
        &["skill", "uninstall", "--global"],
    ] {
        run(&sandbox, words).complained(1);
    }
    assert!(sandbox.work().join(".claude").exists());
    run(&sandbox, &["skill", "install"]).printed();
    // An update still knows which folders existed before.
    fs::remove_file(
        sandbox
            .work()
            .join(".claude/skills/port-registry/references/api.md"),
    )
    .unwrap();
    run(&sandbox, &["skill", "install"]).printed();
    run(&sandbox, &["skill", "uninstall"]).printed();
    let left: Vec<_> = fs::read_dir(sandbox.work()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let left = fs::read_dir(sandbox.work().join(".claude")).unwrap();
    assert_eq!(left.count(), 0);
    run(&sandbox, &["skill", "install", "--global"]).printed();
    run(&sandbox, &["skill", "uninstall", "--global"]).printed();
    let left = fs::read_dir(sandbox.home().join(".agents")).unwrap();
    assert_eq!(left.count(), 0);
}

#[test]
fn uninstall_removes_the_rest_of_a_skill_deleted_by_hand() {
    let sandbox = Sandbox::new();
    run(&sandbox, &["skill", "install"]).printed();
    for agent in [".claude", ".agents"] {
        let folder = sandbox.work().join(agent).join("skills/port-registry");
        for name in FILES {
            fs::remove_file(folder.join(name)).unwrap();
        }
    }
    run(&sandbox, &["skill", "uninstall"]).printed();
    assert_eq!(fs::read_dir(sandbox.work()).unwrap().count(), 0);
}

#[test]
fn pipes_in_place_of_files_are_not_opened() {
    let sandbox = Sandbox::new();
    let folder = sandbox.work().join(".claude/skills/port-registry");
    fs::create_dir_all(&folder).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(folder.join("SKILL.md"))
        .status();
    assert!(made.unwrap().success());
    // A forged manifest.
    let manifest =
        r#"{"version":"1","files":{"":"x","references":"x","references/":"x","a.md":"x"}}"#;
    fs::write(folder.join(".portctl.json"), manifest).unwrap();
    fs::create_dir(folder.join("a.md")).unwrap();
    let ran = run(&sandbox, &["skill", "install", "--force"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.ends_with("SKILL.md: it is not a file\n"),
        "{ran:?}"
    );
    fs::remove_file(folder.join("SKILL.md")).unwrap();
    run(&sandbox, &["skill", "install"]).printed();
    assert_whole(&folder);
    run(&sandbox, &["skill", "uninstall"]).printed();
    assert!(folder.join("a.md").exists());
}

#[test]
fn symbolic_links_are_not_followed() {
    let elsewhere = |sandbox: &Sandbox| {
        let folder = sandbox.path().join("elsewhere");
        fs::create_dir_all(folder.join("references")).unwrap();
        fs::write(folder.join("SKILL.md"), "precious").unwrap();
        folder
    };
    for link in [
        ".claude",
        ".claude/skills",
        ".claude/skills/port-registry",
        ".claude/skills/port-registry/SKILL.md",
        ".claude/skills/port-registry/references",
    ] {
        let sandbox = Sandbox::new();
        let target = elsewhere(&sandbox);
        let path = sandbox.work().join(link);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let target = if path.extension().is_some() {
            target.join("SKILL.md")
        } else {
            target
        };
        symlink(&target, &path).unwrap();
        for words in [
            &["skill", "install"][..],
            &["skill", "install", "--force"],
            &["skill", "uninstall", "--force"],
        ] {
            let ran = run(&sandbox, words);
            assert_eq!(ran.code, Some(1), "{link}: {ran:?}");
            assert!(
                ran.stderr.contains(&format!(
                    "error: {}: it is a symbolic link and was not changed",
                    path.display()
                )),
                "{link}: {ran:?}"
            );
        }
        assert!(path.is_symlink());
        let folder = sandbox.path().join("elsewhere");
        assert_eq!(
            fs::read_to_string(folder.join("SKILL.md")).unwrap(),
            "precious"
        );
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "{link}");
        assert_eq!(fs::read_dir(folder.join("references")).unwrap().count(), 0);
    }
}

#[test]
fn concurrent_installs_succeed() {
    let sandbox = Sandbox::new();
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
        assert_whole(&sandbox.work().join(agent).join("skills/port-registry"));
    }
}

#[test]
fn failed_install_is_reported() {
    let sandbox = Sandbox::new();
    // A file in place of a folder stops root, too.
    fs::write(sandbox.work().join(".claude"), "not a folder").unwrap();
    let ran = run(&sandbox, &["skill", "install"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.starts_with("error: "), "{ran:?}");
    // The other agent's skill is installed nevertheless.
    assert_whole(&sandbox.work().join(".agents/skills/port-registry"));
    let ran = run(&sandbox, &["skill", "install", "--json"]);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(ran.code, Some(1));
    assert!(told[0]["error"].is_string(), "{told}");
    let failure: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(failure["error"], told[0]["error"]);
    assert_eq!(told[1]["result"], "up-to-date");
}

/// Returns the lines of the shell examples in a document.
fn shell_lines(document: &str) -> Vec<&str> {
    let blocks = document.split("```sh\n").skip(1);
    blocks
        .flat_map(|block| block.split("```").next().unwrap().lines())
        .collect()
}

#[test]
fn examples_of_the_skill_work() {
    let sandbox = Sandbox::new();
    let project = sandbox.path().join("shop");
    sandbox.git(&sandbox.path(), &["init", "-q", "shop"]);
    let compose = "services: {cache: {ports: ['6390:6379']}}";
    fs::write(project.join("compose.yaml"), compose).unwrap();
    // Stand-ins for the other programs of the examples, which may not be installed.
    let bin = sandbox.path().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(PORTCTL, bin.join("portctl")).unwrap();
    for name in ["npm", "docker", "curl"] {
        let path = bin.join(name);
        install_script("#!/bin/sh\necho \"$PORT$WEB_PORT\"\n", &path);
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let document = fs::read_to_string(sources().join("SKILL.md")).unwrap();
    let lines = shell_lines(&document);
    assert!(lines.len() >= 6, "{lines:?}");
    for line in lines {
        // The example that registers a fixed port needs a service without a port.
        if line.contains("--adopt") {
            run(
                &sandbox,
                &["release", "--app", "shop", "--service", "postgres"],
            );
        }
        let mut command = sandbox.command("sh");
        let ran = Ran::of(
            command
                .args(["-ec", line])
                .env("PATH", &path)
                .current_dir(&project),
        );
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
        assert!(!ran.stdout.trim().is_empty(), "{line}: {ran:?}");
    }
}

#[test]
fn commands_and_flags_in_the_skill_exist() {
    let sandbox = Sandbox::new();
    for name in FILES {
        let document = fs::read_to_string(sources().join(name)).unwrap();
        // Collects quoted commands, and those of examples, including substitutions.
        let quoted = document.split('`').skip(1).step_by(2);
        let examples = shell_lines(&document)
            .into_iter()
            .flat_map(|line| line.split(['(', ')', '&']));
        let lines: Vec<&str> = quoted
            .chain(examples)
            .filter_map(|text| text.trim().strip_prefix("portctl "))
            .filter(|line| !line.starts_with("COMMAND"))
            .collect();
        assert!(!lines.is_empty() || name == "references/api.md", "{name}");
        for line in lines {
            let mut words = line.split_whitespace();
            let help = run(&sandbox, &[words.next().unwrap(), "--help"]);
            let help = help.printed();
            // Words after `--` belong to another program.
            let words = words.take_while(|word| *word != "--");
            for word in words.map(|word| word.trim_matches(['[', ']'])) {
                let flag = format!("\n  {word} ");
                assert!(
                    !word.starts_with('-') || help.contains(&flag),
                    "{name}: portctl {line}"
                );
            }
        }
    }
}
