//! Declared ports in several checkouts of one repository.

use super::fixture::Project;

#[test]
fn linked_worktree_leaves_declared_ports_to_the_main_checkout() {
    let project = Project::in_git();
    project.declare("[env]\nDB = 'shop_${instance.slug}'\n");
    project.git(&["add", "portctl.toml"]);
    project.git(&["commit", "-q", "-m", "declare"]);
    project.git(&["worktree", "add", "-q", "../feature-cart"]);
    let cart = project.root.with_file_name("feature-cart");
    let port = project.port;
    let ports = |first| format!("{first}\n{}\n{}", first + 1, first + 2);
    assert_eq!(project.run_in(&cart, &["get"]).printed(), ports(port + 2));
    assert_eq!(
        project.run_in(&cart, &["get", "new"]).stdout,
        format!("{}\n", port + 5)
    );
    let main = format!("{port}\n{}\n{}", port + 1, port + 6);
    assert_eq!(project.run(&["get"]).printed(), main);
    let env = project.run_in(&cart, &["env"]);
    assert!(env.printed().contains("DB=shop_feature_cart"), "{env:?}");
    // A typed port is honoured everywhere.
    project.run(&["release", "web"]).printed();
    let typed = ["get", "typed", "--port", &port.to_string()];
    assert_eq!(project.run_in(&cart, &typed).stdout, format!("{port}\n"));
    let taken = project.run(&["get", "web"]);
    assert_eq!(taken.stdout.trim_end(), (port + 7).to_string());
    let note = format!("because port {port} is allocated to shop/feature-cart/typed");
    assert!(taken.stderr.contains(&note), "{taken:?}");
}

#[test]
fn beside_a_bare_repository_the_first_checkout_gets_the_declared_ports() {
    let project = Project::in_git();
    project.declare("");
    project.git(&["add", "portctl.toml"]);
    project.git(&["commit", "-q", "-m", "declare"]);
    let work = project.sandbox.work();
    let proj = work.join("proj");
    std::fs::create_dir(&proj).unwrap();
    project
        .sandbox
        .git(&work, &["clone", "-q", "--bare", "shop", "proj/.bare"]);
    let bare = proj.join(".bare");
    for name in ["one", "two"] {
        project
            .sandbox
            .git(&bare, &["worktree", "add", "-q", &format!("../{name}")]);
    }
    let port = project.port;
    let of = |name: &str| project.run_in(&proj.join(name), &["get", "web", "db"]);
    assert_eq!(of("one").printed(), format!("{port}\n{}", port + 1));
    let two = of("two");
    let ports = format!("{}\n{}\n", port + 2, port + 3);
    assert_eq!((two.code, two.stdout), (Some(0), ports));
}
