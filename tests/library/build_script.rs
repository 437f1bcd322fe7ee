//! Builds copies of the workspace in `examples/build-script`.

mod example;

use std::fs;

use port_registry::{Checkout, Claim, Filter, Registry, ServiceKey, Verdict};
use test_support::Sandbox;

use self::example::{PACKAGES, Workspace, ports_of};

const DEFAULT: [Option<u16>; 2] = [Some(8080); 2];

#[test]
fn concurrent_build_scripts_reserve_ports_and_run_only_when_needed() {
    let sandbox = Sandbox::new();
    let registry = Registry::builder()
        .with_path(sandbox.store())
        .with_probe(|_| Ok(Verdict::Free))
        .open()
        .unwrap();
    let one = Workspace::in_git(&sandbox, "one");
    let two = one.worktree("two");

    // Build both at once, while a third client writes.
    std::thread::scope(|scope| {
        let builds = [&one, &two].map(|it| scope.spawn(|| it.build().succeeds()));
        let mut number = 0;
        while builds.iter().any(|build| !build.is_finished()) {
            let key = ServiceKey::new("busy", "main", format!("service-{number}")).unwrap();
            let mut lease = registry.lease(Claim::new(key)).unwrap();
            lease.release().unwrap();
            number += 1;
        }
        for build in builds {
            let built = build.join().unwrap();
            assert!(!built.messages.contains("using port"), "{}", built.messages);
        }
    });
    // Both packages of a workspace have one port.
    let held = registry.list(&Filter::new()).unwrap();
    assert_eq!(held.len(), 2, "{held:?}");
    for workspace in [&one, &two] {
        let built = workspace.build().succeeds();
        assert_eq!(built.ports, ports_of(&registry, workspace));
    }
    assert_ne!(held[0].port, held[1].port);

    // Nothing changed, so nothing is rebuilt. Another service is no reason.
    let other = ServiceKey::new("other", "main", "web").unwrap();
    let other = registry.allocate(Claim::new(other)).unwrap();
    let built = one.build().succeeds();
    assert!(!built.messages.contains("Compiling"), "{}", built.messages);
    registry.release(other.id).unwrap();
    // Only the program changed. The build script must not run, or it would allocate again.
    let here = Checkout::open(one.root()).unwrap();
    registry.release_matching(&here.filter().unwrap()).unwrap();
    let main = one.root().join("web/src/main.rs");
    let source = fs::read_to_string(&main).unwrap();
    fs::write(&main, source + "// changed\n").unwrap();
    let built = one.build().succeeds();
    assert!(built.messages.contains("Compiling"), "{}", built.messages);
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 1);
}

#[test]
fn worktrees_with_a_shared_target_folder_have_a_port_each() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let target = example::built_dependencies(&sandbox.path().join("shared"));
    let mut one = Workspace::in_git(&sandbox, "one");
    let mut two = one.worktree("two");
    // Nested, and later with the target folder of the checkout around it.
    let mut nested = one.worktree("one/nested");
    for workspace in [&mut one, &mut two, &mut nested] {
        workspace.share_target(&target);
    }
    let builds_its_port = |workspace: &Workspace| {
        let built = workspace.build().succeeds();
        assert!(built.messages.contains("Compiling"), "{}", built.messages);
        assert_eq!(built.ports, ports_of(&registry, workspace));
        let built = workspace.build().succeeds();
        assert!(!built.messages.contains("Compiling"), "{}", built.messages);
        workspace.assert_clean();
    };
    for workspace in [&one, &two, &nested, &one, &two] {
        builds_its_port(workspace);
    }
    let held = registry.list(&Filter::new()).unwrap();
    assert_eq!(held.len(), 3, "{held:?}");

    let inside = one.root().join("target");
    fs::rename(&target, &inside).unwrap();
    one.share_target(&inside);
    nested.share_target(&inside);
    for workspace in [&one, &nested, &one] {
        builds_its_port(workspace);
    }
}

#[test]
fn package_outside_of_a_checkout_reserves_nothing() {
    let sandbox = Sandbox::new();
    let workspace = Workspace::in_git(&sandbox, "shop");
    // As on docs.rs.
    let built = workspace.build().env("DOCS_RS", "1").succeeds();
    assert!(!built.messages.contains("using port"), "{}", built.messages);
    assert_eq!(built.ports, DEFAULT);
    let built = workspace.package(PACKAGES[0]).succeeds();
    assert!(built.messages.contains("Verifying"), "{}", built.messages);
    assert!(!sandbox.store().exists());
    // The variable is no longer set.
    let built = workspace.build().succeeds();
    let registry = sandbox.registry();
    assert_eq!(built.ports, ports_of(&registry, &workspace));
    // Also where the package is not below the checkout.
    let mut elsewhere = Workspace::in_git(&sandbox, "elsewhere");
    elsewhere.share_target(&workspace.root().join("target"));
    elsewhere.package(PACKAGES[1]).succeeds();
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 1);
    // A vendored copy.
    let vendored = workspace.root().join("client/.cargo-checksum.json");
    fs::write(&vendored, "{}").unwrap();
    let script = workspace.root().join("client/build.rs");
    let source = fs::read_to_string(&script).unwrap();
    fs::write(&script, source + "// changed\n").unwrap();
    let built = workspace.build().succeeds();
    assert_eq!(built.ports[1], Some(8080));
}

#[test]
fn workspace_outside_of_git_shares_one_port() {
    let sandbox = Sandbox::new();
    let workspace = Workspace::plain(&sandbox, "plain");
    let built = workspace.build().succeeds();
    let registry = sandbox.registry();
    assert_eq!(built.ports, ports_of(&registry, &workspace));
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 1);
}

#[test]
fn build_script_that_cannot_write_warns_and_uses_the_default_port() {
    let sandbox = Sandbox::new();
    let workspace = Workspace::in_git(&sandbox, "sandboxed");
    let file = sandbox.path().join("file");
    fs::write(&file, "").unwrap();
    let store = file.join("ports.redb");
    let in_file = || workspace.build().env("PORT_REGISTRY_DB", &store);
    let built = in_file().succeeds();
    assert!(
        built
            .messages
            .contains("using port 8080 for web: the registry at "),
        "{}",
        built.messages
    );
    assert_eq!(built.ports, DEFAULT);
    let built = in_file().succeeds();
    assert!(!built.messages.contains("Compiling"), "{}", built.messages);
    // A home in which nothing can be created.
    for home in [&file, &file.join("home")] {
        let built = workspace.build().env("HOME", home).succeeds();
        assert!(
            built.messages.contains("using port 8080 for web: "),
            "{}",
            built.messages
        );
        assert_eq!(built.ports, DEFAULT);
    }
    // A registry that is damaged is watched.
    fs::create_dir_all(sandbox.store().parent().unwrap()).unwrap();
    fs::write(sandbox.store(), "not a registry").unwrap();
    let built = workspace.build().succeeds();
    assert!(
        built.messages.contains("is not a port registry"),
        "{}",
        built.messages
    );
    fs::remove_file(sandbox.store()).unwrap();
    let built = workspace.build().succeeds();
    assert_eq!(built.ports, ports_of(&sandbox.registry(), &workspace));
}

#[test]
fn variables_that_name_the_labels_mean_the_same_as_for_portctl() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let one = Workspace::in_git(&sandbox, "one");
    let two = one.worktree("two");
    let named = |workspace: &Workspace| workspace.build().env("PORT_REGISTRY_INSTANCE", "test");
    let built = named(&one).succeeds();
    let test = ServiceKey::new("one", "test", "web").unwrap();
    let test = registry.get_by_key(&test).unwrap().unwrap();
    assert_eq!(test.label_origin.as_str(), "typed");
    assert_eq!(test.dir.as_deref(), Some(one.root()));
    assert_eq!(built.ports, [Some(test.port.get()); 2]);
    let built = named(&two).succeeds();
    assert!(
        built.messages.contains(
            "PORT_REGISTRY_INSTANCE cannot be used: one/test/web belongs to another checkout"
        ),
        "{}",
        built.messages
    );
    assert_eq!(built.ports, DEFAULT);
    // Another app is not of this checkout.
    let built = two.build().env("PORT_REGISTRY_APP", "lab").succeeds();
    let lab = ServiceKey::new("lab", "two", "web").unwrap();
    let lab = registry.get_by_key(&lab).unwrap().unwrap();
    assert_eq!(
        (lab.dir.is_none(), built.ports),
        (true, [Some(lab.port.get()); 2])
    );
}
