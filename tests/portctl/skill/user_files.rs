//! Files of the user, which portctl must keep.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;
use test_support::Sandbox;

use super::fixture::{FILES, assert_installed, run};

#[test]
fn other_files_of_the_user_are_kept() {
    let sandbox = Sandbox::in_memory();
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
    let sandbox = Sandbox::in_memory();
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
            "error: {} was changed by hand, and is kept\nhint: `portctl skill {command} --force` ",
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
    assert_installed(&folder);
    fs::write(&skill, "my own").unwrap();
    run(&sandbox, &["skill", "uninstall", "--force"]).printed();
    assert!(!sandbox.work().join(".claude").exists());
}

#[test]
fn files_of_an_earlier_version_are_replaced_and_others_are_kept() {
    let sandbox = Sandbox::in_memory();
    run(&sandbox, &["skill", "install"]).printed();
    let folder = sandbox.work().join(".claude/skills/port-registry");
    let manifest = folder.join(".portctl.json");
    // Stand in for an earlier version: other content, with matching digests in the manifest. The digests of
    // "a" and "foobar" are from the standard's test vectors.
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
    assert_installed(&folder);
    assert!(!folder.join("references/gone.md").exists());
    assert!(folder.join("references/changed.md").exists());
    assert!(sandbox.work().join("outside.md").exists());
    // The manifest may be missing, for example in a repository that excludes hidden files.
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
fn existing_folders_are_kept() {
    let sandbox = Sandbox::in_memory();
    fs::create_dir(sandbox.work().join(".claude")).unwrap();
    fs::create_dir(sandbox.home().join(".agents")).unwrap();
    for args in [
        &["skill", "uninstall"][..],
        &["skill", "uninstall", "--global"],
    ] {
        run(&sandbox, args).complained(1);
    }
    assert!(sandbox.work().join(".claude").exists());
    run(&sandbox, &["skill", "install"]).printed();
    // An update keeps the record of folders that existed before the installation.
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
fn uninstall_removes_the_remains_of_a_skill_deleted_by_hand() {
    let sandbox = Sandbox::in_memory();
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
    let sandbox = Sandbox::in_memory();
    let folder = sandbox.work().join(".claude/skills/port-registry");
    fs::create_dir_all(&folder).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(folder.join("SKILL.md"))
        .status();
    assert!(made.unwrap().success());
    // Forge a manifest that claims folders.
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
    assert_installed(&folder);
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
        let sandbox = Sandbox::in_memory();
        let target = elsewhere(&sandbox);
        let path = sandbox.work().join(link);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let target = if path.extension().is_some() {
            target.join("SKILL.md")
        } else {
            target
        };
        symlink(&target, &path).unwrap();
        for args in [
            &["skill", "install"][..],
            &["skill", "install", "--force"],
            &["skill", "uninstall", "--force"],
        ] {
            let ran = run(&sandbox, args);
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
