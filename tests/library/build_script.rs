//! Builds copies of the package in `examples/build-script`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use port_registry::{Claim, Filter, Registry, ServiceKey, Verdict};
use test_support::{Ran, Sandbox};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/build-script");

/// Copies the example to a folder.
fn checkout(parent: &Path, name: &str) -> PathBuf {
    let folder = parent.join(name);
    fs::create_dir_all(folder.join("src")).unwrap();
    for file in ["build.rs", "src/main.rs", "Cargo.lock"] {
        fs::copy(Path::new(EXAMPLE).join(file), folder.join(file)).unwrap();
    }
    let manifest = fs::read_to_string(Path::new(EXAMPLE).join("Cargo.toml")).unwrap();
    let manifest = manifest.replace("../../port-registry", env!("CARGO_MANIFEST_DIR"));
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    folder
}

/// Prepares a build of a checkout into its own target folder, with the sandbox's registry.
fn build(sandbox: &Sandbox, folder: &Path) -> Command {
    let target = folder.join("target");
    if !target.exists() {
        copy_dependencies(&target);
    }
    cargo_build(sandbox, folder, &target)
}

fn cargo_build(sandbox: &Sandbox, folder: &Path, target: &Path) -> Command {
    // Use the tester's installation of Cargo.
    let home = std::env::home_dir().unwrap();
    let or_in_home = |variable: &str, folder: &str| {
        std::env::var_os(variable).unwrap_or_else(|| home.join(folder).into())
    };
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["build", "--locked"])
        .env("CARGO_HOME", or_in_home("CARGO_HOME", ".cargo"))
        .env("RUSTUP_HOME", or_in_home("RUSTUP_HOME", ".rustup"))
        .env("CARGO_TARGET_DIR", target)
        .env("HOME", sandbox.home())
        .env("PORT_REGISTRY_DB", sandbox.store())
        .env_remove("PORT_REGISTRY_RANGE")
        .current_dir(folder);
    command
}

/// Copies the example's built dependencies to `target`. Builds them once, in a folder that later runs reuse.
fn copy_dependencies(target: &Path) {
    let tmpdir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let built = tmpdir.join("build-script");
    // Tests may run in parallel, in other processes too.
    let lock = fs::File::create(tmpdir.join("build-script.lock")).unwrap();
    lock.lock().unwrap();
    let sandbox = Sandbox::new();
    let folder = checkout(tmpdir, "build-script-dependencies");
    succeeds(&mut cargo_build(&sandbox, &folder, &built));
    succeeds(Command::new("cp").arg("-a").arg(&built).arg(target));
}

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.stderr
}

#[test]
fn concurrent_build_scripts_reserve_ports_and_run_only_when_needed() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let registry = Registry::builder()
        .with_path(&store)
        .with_probe(|_| Ok(Verdict::Free))
        .open()
        .unwrap();
    let (one, two) = (
        checkout(&sandbox.path(), "one"),
        checkout(&sandbox.path(), "two"),
    );

    // Build both at once, while a third client writes.
    std::thread::scope(|scope| {
        let builds =
            [&one, &two].map(|folder| scope.spawn(|| succeeds(&mut build(&sandbox, folder))));
        let mut number = 0;
        while builds.iter().any(|build| !build.is_finished()) {
            let key = ServiceKey::new("busy", "main", format!("service-{number}")).unwrap();
            let mut lease = registry.lease(Claim::new(key)).unwrap();
            lease.release().unwrap();
            number += 1;
        }
        for build in builds {
            let stderr = build.join().unwrap();
            assert!(!stderr.contains("using port"), "{stderr}");
        }
    });
    let held = registry.list(&Filter::new()).unwrap();
    let mut instances: Vec<_> = held.iter().map(|it| it.key.instance()).collect();
    instances.sort_unstable();
    assert_eq!(instances, ["one", "two"]);
    assert_ne!(held[0].port, held[1].port);
    for allocation in &held {
        let dir = sandbox.path().join(allocation.key.instance());
        assert_eq!(allocation.dir.as_deref(), Some(&*dir));
    }

    // Nothing changed, so nothing is rebuilt.
    let stderr = succeeds(&mut build(&sandbox, &one));
    assert!(!stderr.contains("Compiling"), "{stderr}");
    // Only the program changed. The build script must not run, or it would allocate again.
    registry
        .release_matching(&Filter::new().with_instance("one"))
        .unwrap();
    let main = one.join("src").join("main.rs");
    let source = fs::read_to_string(&main).unwrap();
    fs::write(&main, source + "// changed\n").unwrap();
    let stderr = succeeds(&mut build(&sandbox, &one));
    assert!(
        stderr.contains("Compiling build-script-example"),
        "{stderr}"
    );
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 1);
}

#[test]
fn build_script_that_cannot_write_warns_and_uses_the_default_port() {
    let sandbox = Sandbox::new();
    let folder = checkout(&sandbox.path(), "sandboxed");
    let file = sandbox.path().join("file");
    fs::write(&file, "").unwrap();
    let mut build = build(&sandbox, &folder);
    let stderr = succeeds(build.env("PORT_REGISTRY_DB", file.join("ports.redb")));
    assert!(
        stderr.contains("using port 8080: the registry at "),
        "{stderr}"
    );
}
