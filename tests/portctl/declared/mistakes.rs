//! Mistakes stop `sync` before anything is allocated or written.

use std::fs;

use super::fixture::Project;

#[cfg(target_os = "linux")]
#[test]
fn file_on_a_read_only_file_system_stops_sync_with_the_next_step() {
    use crate::PORTCTL;
    use test_support::{Ran, namespace};

    let project = Project::new();
    project.declare("[files]\n'.env' = 'all'\n");
    project.write(".env", "A=1\n");
    let read_only = format!(
        "mount --bind '{0}' '{0}' && mount -o remount,bind,ro,nosuid,nodev '{0}'",
        project.root.display()
    );
    let Some(mut command) = namespace::command(&project.sandbox, "--mount", &read_only) else {
        return;
    };
    let script = format!(
        "{read_only} && cd '{}' && exec \"$0\" sync",
        project.root.display()
    );
    let refused = Ran::of(command.args(["sh", "-c", &script, PORTCTL]));
    let complaint = refused.complained(1);
    assert!(
        complaint.contains(".env: Read-only file system"),
        "{complaint}"
    );
    assert!(
        complaint.contains("hint: run it where the file can be written"),
        "{complaint}"
    );
    assert_eq!(project.held(), []);
}

#[test]
fn mistake_in_the_project_file_stops_every_command_that_reads_it() {
    let project = Project::new();
    project.declare("[files]\n'.env' = 'all'\n[env]\nA = '${db.prot}'\n");
    for words in [&["sync"][..], &["get"], &["get", "new"], &["env"]] {
        let ran = project.run(words);
        let complaint = ran.complained(1);
        assert!(
            complaint.contains("portctl.toml:8: A: unknown reference `${db.prot}`"),
            "{ran:?}"
        );
        assert!(complaint.contains("did you mean `${db.port}`?"));
    }
    assert_eq!(project.held(), []);
    assert!(!project.root.join(".env").exists());
}

#[test]
fn mistake_in_the_project_file_stops_no_command_that_does_not_need_it() {
    let project = Project::in_git();
    project.write("portctl.toml", "[services\n");
    let list = project.run(&["list"]);
    assert_eq!(list.code, Some(0), "{list:?}");
    assert!(list.stderr.contains("no allocations of this checkout"));
    assert!(!list.stderr.contains("portctl.toml"), "{list:?}");
    let complaint = project.run(&["sync"]);
    assert!(complaint.complained(1).contains("portctl.toml:1: "));

    project.write("portctl.toml", "");
    project.run(&["get", "web", "db", "api"]).printed();
    for mistake in ["[services\n", "app = 1\n", "[services]\nweb = 0\n"] {
        project.write("portctl.toml", mistake);
        let id = project.held().len().to_string();
        let port = (project.port + 7).to_string();
        for words in [
            &["list"][..],
            &["get", "web"],
            &["url", "web"],
            &["check", &port],
            &["release", "--id", &id],
        ] {
            let ran = project.run(words);
            assert_eq!(ran.code, Some(0), "{mistake}{words:?}: {ran:?}");
        }
        let none = project.run(&["release", "none"]);
        assert!(none.complained(1).contains("none has no port"), "{none:?}");
        let doctor = project.run(&["doctor"]);
        assert!(
            doctor.stdout.contains("/portctl.toml:") && doctor.stdout.contains("problem  checkout"),
            "{mistake}: {doctor:?}"
        );
    }
}

#[test]
fn refused_file_stops_sync_before_anything_is_allocated() {
    let project = Project::in_git();
    fs::create_dir(project.root.join("apps")).unwrap();
    project.write("tracked.env", "A=1\n");
    project.write(".gitignore", ".env\n");
    project.git(&["add", "tracked.env"]);
    project.write("new/.env.example", "A=\n");
    std::os::unix::fs::symlink("/tmp", project.root.join("out")).unwrap();
    for (file, problem) in [
        ("tracked.env", "git tracks it"),
        ("new/.env", "cp new/.env.example new/.env && portctl sync"),
        ("out/.env", "leads out of this checkout"),
        ("gone/.env", "hint: make its folder, or correct [files]"),
        (
            "apps",
            "apps: it is not a file\nhint: correct [files] in portctl.toml",
        ),
    ] {
        project.declare(&format!("[files]\n'.env' = 'all'\n'{file}' = 'all'\n"));
        let ran = project.run(&["sync"]);
        assert!(ran.complained(1).contains(problem), "{file}: {ran:?}");
        assert!(!project.root.join(".env").exists());
        assert_eq!(project.held(), [], "{file}");
    }
    fs::copy(
        project.root.join("new/.env.example"),
        project.root.join("new/.env"),
    )
    .unwrap();
    project.declare("[files]\n'new/.env' = 'all'\n'tracked.env' = 'all'\n");
    project.run(&["sync", "--tracked"]).printed();
    assert!(project.read("tracked.env").contains("WEB_PORT="));
}
