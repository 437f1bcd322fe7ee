//! Many processes and threads that write concurrently.

use std::collections::BTreeSet;
use std::process::Stdio;

use port_registry::Filter;
use test_support::{Ran, Sandbox, soak};

use crate::PORTCTL;

use super::fixture::{claim, patient_registry, start};

#[test]
fn many_processes_allocate_without_failures_or_duplicate_ports() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let count = 25 * soak();
    let mut processes: Vec<_> = (0..8)
        .map(|number| {
            start(
                &store,
                &["allocate", &format!("app-{number}"), &count.to_string()],
            )
        })
        .collect();
    for process in &mut processes {
        process.expect("ready");
    }
    for process in &mut processes {
        process.tell("go");
    }
    let (mut ids, mut ports) = (BTreeSet::new(), BTreeSet::new());
    for process in &mut processes {
        for _ in 0..count {
            let line = process
                .hear()
                .expect("the process reports every allocation");
            let (id, port) = line.split_once(' ').unwrap();
            assert!(
                ids.insert(id.parse::<u32>().unwrap()),
                "id {id} was assigned twice"
            );
            assert!(
                ports.insert(port.to_owned()),
                "port {port} was assigned twice"
            );
        }
    }
    assert!(ids.into_iter().eq(1..=8 * count), "an id was skipped");
    let registry = patient_registry(&store);
    registry.verify().unwrap();
    let listed = registry.list(&Filter::new()).unwrap();
    assert!(
        listed
            .iter()
            .map(|it| it.port.to_string())
            .collect::<BTreeSet<_>>()
            == ports
    );
}

#[test]
fn processes_that_race_to_create_the_store_share_one_file() {
    for _ in 0..3 * soak() {
        let sandbox = Sandbox::new();
        let children: Vec<_> = (0..16)
            .map(|number| {
                sandbox
                    .command(PORTCTL)
                    .args(["get", &format!("service-{number}"), "--app", "racers"])
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let ports: BTreeSet<String> = children
            .into_iter()
            .map(|child| {
                Ran::from(child.wait_with_output().unwrap())
                    .printed()
                    .to_owned()
            })
            .collect();
        assert_eq!(ports.len(), 16);
        let registry = patient_registry(&sandbox.store());
        registry.verify().unwrap();
        assert_eq!(registry.list(&Filter::new()).unwrap().len(), 16);
        let files = std::fs::read_dir(sandbox.store().parent().unwrap()).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        names.sort();
        let files = ["ports.redb", "ports.redb.journal", "ports.redb.lock"];
        assert_eq!(names, files);
    }
}

#[test]
fn all_of_many_processes_that_each_allocate_one_port_succeed() {
    let sandbox = Sandbox::new();
    let children: Vec<_> = (0..64 * soak())
        .map(|number| {
            let service = format!("service-{number}");
            let mut command = sandbox.command(PORTCTL);
            command.args(["get", &service, "--app", "crowd", "--instance", "main"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let ran = children
        .into_iter()
        .map(|child| Ran::from(child.wait_with_output().unwrap()));
    let ports: BTreeSet<String> = ran.map(|ran| ran.printed().to_owned()).collect();
    assert_eq!(ports.len(), 64 * soak() as usize);
    patient_registry(&sandbox.store()).verify().unwrap();
}

#[test]
fn all_of_many_threads_that_each_open_the_store_and_write_succeed() {
    let sandbox = Sandbox::new();
    let store = &sandbox.store();
    std::thread::scope(|scope| {
        for number in 0..200 * soak() {
            scope.spawn(move || {
                let registry = patient_registry(store);
                registry.allocate(claim("crowd", number)).unwrap();
            });
        }
    });
    let registry = patient_registry(store);
    registry.verify().unwrap();
    let count = registry.list(&Filter::new()).unwrap().len();
    assert_eq!(count, 200 * soak() as usize);
}

#[test]
fn of_two_services_with_one_variable_that_are_made_at_once_one_stays() {
    let sandbox = Sandbox::new();
    for round in 0..8 * soak() {
        let names = [format!("web{round}"), format!("WEB{round}")];
        let commands = [["get", &*names[0]], ["allocate", &*names[1]]];
        let children: Vec<_> = commands
            .iter()
            .map(|args| {
                let mut command = sandbox.command(PORTCTL);
                command
                    .args(args)
                    .args(["--app", "shop", "--instance", "main"]);
                command.stdout(Stdio::null()).stderr(Stdio::null());
                command.spawn().unwrap()
            })
            .collect();
        let codes: Vec<_> = children
            .into_iter()
            .map(|mut it| test_support::wait_for_exit(&mut it).code())
            .collect();
        assert!(
            codes.contains(&Some(0)) && codes.contains(&Some(2)),
            "{codes:?}"
        );
        let services = sandbox.registry().list(&Filter::new()).unwrap();
        assert_eq!(services.len(), usize::try_from(round).unwrap() + 1);
    }
    let args = ["env", "--app", "shop", "--instance", "main"];
    sandbox.run(PORTCTL, &args).printed();
}
