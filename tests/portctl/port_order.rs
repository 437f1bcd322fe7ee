//! The order in which ports are allocated, with the kernel's settings.
//!
//! The settings belong to a network namespace, so each test runs in its own. That needs Linux, and a user who may
//! create one.

use test_support::{Ran, Sandbox, namespace};

use crate::PORTCTL;

/// Gets the ports of a number of services in a network namespace with these settings. Returns `None` if the user
/// may not create namespaces.
#[track_caller]
fn ports(settings: &[(&str, &str)], range: &str, services: u16) -> Option<Vec<u16>> {
    let sandbox = Sandbox::in_memory();
    let up = "ip link set lo up";
    let mut command = namespace::command(&sandbox, "--net", up)?;
    let set = |(name, value): &(&str, &str)| format!("echo '{value}' > /proc/sys/net/ipv4/{name};");
    let settings: String = settings.iter().map(set).collect();
    let names = (0..services).map(|number| format!("service-{number}"));
    let names: Vec<String> = names.collect();
    let script = format!("set -e; {up}; {settings} {PORTCTL} get {}", names.join(" "));
    command.env("PORT_REGISTRY_RANGE", range);
    let ran = Ran::of(command.args(["sh", "-c", &script]));
    let lines = ran.printed().lines();
    Some(lines.map(|line| line.parse().unwrap()).collect())
}

#[test]
fn ports_that_browsers_block_come_last_where_every_port_is_ephemeral() {
    let everything = [("ip_local_port_range", "1024 65535")];
    let Some(found) = ports(&everything, "6000-6003", 4) else {
        return;
    };
    assert_eq!(found, [6001, 6002, 6003, 6000]);
    let blocked = [6665, 6666, 6667, 6668, 6669, 6679, 6697];
    let mut expected: Vec<u16> = (6660..=6700).filter(|it| !blocked.contains(it)).collect();
    expected.extend(blocked);
    assert_eq!(ports(&everything, "6660-6700", 41).unwrap(), expected);
    assert_eq!(ports(&everything, "6000-6100", 1).unwrap(), [6001]);
}

#[test]
fn ports_that_the_kernel_reserves_come_last() {
    let reserved = [("ip_local_reserved_ports", "3000-3001,3003")];
    let Some(found) = ports(&reserved, "3000-3004", 5) else {
        return;
    };
    assert_eq!(found, [3002, 3004, 3000, 3001, 3003]);
    assert_eq!(ports(&reserved, "1-65535", 2).unwrap(), [3002, 3004]);
}

#[test]
fn ports_above_the_ephemeral_range_come_with_it() {
    let late = [("ip_local_port_range", "3001 4000")];
    let Some(found) = ports(&late, "2999-3002", 4) else {
        return;
    };
    assert_eq!(found, [3000, 2999, 3001, 3002]);
    let above = ports(&late, "1022-4001", 3).unwrap();
    assert_eq!(above, [3000, 1024, 1025]);
    assert_eq!(ports(&late, "4001-4002", 1).unwrap(), [4001]);
}

#[test]
fn privileged_ports_come_after_all_others_that_browsers_open() {
    let Some(found) = ports(&[], "1022-1024", 3) else {
        return;
    };
    assert_eq!(found, [1024, 1022, 1023]);
    assert_eq!(ports(&[], "993-995", 3).unwrap(), [994, 993, 995]);
    assert_eq!(
        ports(&[], "1023-1719", 1).unwrap(),
        [1024],
        "below 1024 last"
    );
}
