//! Scripts and programs that package managers start.

use super::outcome::Started;
use super::project::{Project, installed, path};
use super::server::{Others, Server, WhenTaken, listens_on_its_port_alone};
use test_support::Ran;

const VITE: Server = Server {
    project: "vite",
    commands: &[],
    others: Others::None,
    when_taken: WhenTaken::Fails,
};

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn script_gets_its_flags_in_the_form_of_each_package_manager() {
    for command in [
        &["npm", "run", "dev"][..],
        // `npm start` runs `npm run dev`, which gets the flags behind a second `--`.
        &["npm", "start"],
        &["npm", "--silent", "run", "dev"],
        &["pnpm", "dev"],
        &["pnpm", "start"],
        &["yarn", "dev"],
        &["yarn", "run", "dev"],
        &["bun", "run", "dev"],
        &["bun", "start"],
    ] {
        listens_on_its_port_alone(&VITE, command);
    }
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn program_of_a_package_gets_its_flags_behind_the_package_manager() {
    for command in [
        &["npx", "vite"][..],
        &["npm", "exec", "vite"],
        &["npm", "exec", "--", "vite", "dev"],
        &["pnpm", "exec", "vite"],
        &["pnpm", "vite"],
        &["bunx", "vite"],
    ] {
        listens_on_its_port_alone(&VITE, command);
    }
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn script_of_the_second_yarn_gets_its_flags() {
    let project = Project::new("vite");
    let path = path(&[installed("npm/berry")]);
    std::fs::write(project.sandbox.work().join("yarn.lock"), "").unwrap();
    let mut install = project.sandbox.command("yarn");
    install.env("PATH", &path).env("YARN_ENABLE_TELEMETRY", "0");
    let ran = Ran::of(install.arg("install"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let mut command = project.run(&[], &["yarn", "dev"]);
    let mut started = Started::new(&project, command.env("PATH", path));
    let (ports, status) = started.wait_for(|ports| !ports.is_empty());
    assert_eq!(status, None);
    assert_eq!(ports, [project.port].into());
}
