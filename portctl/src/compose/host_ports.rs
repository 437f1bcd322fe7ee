//! The fixed host ports of a Compose project: their names, and the entries that name them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use port_registry::{Port, variable_name};

use super::model::{Model, ModelPort, ModelService};
use super::override_text::OverriddenService;
use super::port_names::port_names;
use crate::declared::DeclaredService;

/// Limit for the part of a name that the service makes, in characters, so that the registry takes the whole name.
const MAX_BASE: usize = 200;

/// Limit for the ports of one range. A longer one stays as it is.
const MAX_RANGE: usize = 1000;

/// A fixed TCP port of the host that services publish. Those that publish the same number share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPort {
    /// The name of its service in the registry.
    pub(crate) name: String,
    /// The service of the project, as it is called in names.
    pub(crate) base: String,
    pub(crate) published: Port,
    /// The port that the project file prefers, or else the published one.
    pub(crate) preferred: Port,
}

/// The names that the surroundings of a project give to ports.
#[derive(Debug)]
pub(crate) struct NameRules<'a> {
    /// The name of the project's folder as Compose writes it, which tells its ports from those of other projects in the checkout.
    pub(crate) folder: &'a str,
    /// The names that other projects of the checkout have.
    pub(crate) others: &'a BTreeSet<String>,
    /// The services of the checkout that have ports.
    pub(crate) held: &'a BTreeSet<String>,
    pub(crate) declared: &'a [DeclaredService],
}

/// Returns the fixed host ports of a project in their order, each number once.
///
/// A name depends on the project alone as far as possible, because another name means another port.
pub(crate) fn host_ports(model: &Model, rules: &NameRules) -> Vec<HostPort> {
    let named = named_ports(model, rules);
    let compose_names: BTreeSet<&str> = named.iter().map(|it| &*it.name).collect();
    let ports = named.iter().map(|port| {
        let (name, published) = (&port.name, port.published);
        let same_name = rules.declared.iter().find(|it| it.name == *name);
        let is_free = |name: &str| !compose_names.contains(name) && !rules.others.contains(name);
        let same_port = || {
            let mut declared = rules.declared.iter();
            declared.find(|it| it.preferred == Some(published) && is_free(&it.name))
        };
        let declared = same_name.or_else(same_port);
        HostPort {
            name: declared.map_or(name, |it| &it.name).clone(),
            preferred: declared.and_then(|it| it.preferred).unwrap_or(published),
            ..port.clone()
        }
    });
    ports.collect()
}

/// Names each number that is published, without a look at the project file.
fn named_ports(model: &Model, rules: &NameRules) -> Vec<HostPort> {
    let services = || model.services.iter().filter(|it| has_fixed_ports(it));
    let service_names: BTreeSet<&str> = services().map(|it| &*it.name).collect();
    let others: BTreeSet<String> = rules.others.iter().map(|it| variable_name(it)).collect();
    let base = |service: &str| -> String {
        let prefixed = format!("{}-{service}", rules.folder);
        let is_of_other = others.contains(&variable_name(service));
        // A project keeps its names when the other one is gone.
        let is_kept = rules.held.contains(&prefixed)
            && !rules.others.contains(&prefixed)
            && !service_names.contains(&*prefixed)
            && rules.declared.iter().all(|it| it.name != prefixed);
        let base = if is_of_other || is_kept {
            &prefixed
        } else {
            service
        };
        base.chars().take(MAX_BASE).collect()
    };
    // The best name of a service is its own, also if it is the second-best name of another one.
    let reserved: BTreeMap<String, &str> = services()
        .map(|it| (variable_name(&base(&it.name)), &*it.name))
        .collect();
    let mut seen: BTreeSet<Port> = BTreeSet::new();
    let mut given: BTreeSet<String> = BTreeSet::new();
    let mut named = Vec::new();
    for service in services() {
        let base = base(&service.name);
        let ports = service.ports.iter();
        let ports = ports.flat_map(|it| fixed_ports(it).map(move |port| (port, it.target)));
        for (port, container) in ports {
            if !seen.insert(port) {
                continue;
            }
            let best = port_names(&base, port, container).into_iter();
            let more = (2..).map(|number| format!("{base}-{port}-{container}-{number}"));
            // Two names with one variable would be one service to `portctl env`.
            let name = best.chain(more).find(|name| {
                let variable = variable_name(name);
                let owner = reserved.get(&variable);
                let is_reserved = owner.is_some_and(|it| *it != service.name);
                !is_reserved && !others.contains(&variable) && given.insert(variable)
            });
            named.extend(name.map(|name| HostPort {
                name,
                base: base.clone(),
                published: port,
                preferred: port,
            }));
        }
    }
    named
}

/// Returns the published ranges that one container port has, which must stay ranges. Those that overlap are one.
pub(crate) fn ranges(model: &Model) -> Vec<RangeInclusive<u16>> {
    let services = model.services.iter().filter(|it| has_fixed_ports(it));
    let entries = services.flat_map(|it| &it.ports);
    let mut ranges: Vec<RangeInclusive<u16>> = entries.filter_map(published).collect();
    ranges.retain(|it| it.len() > 1);
    ranges.sort_by_key(|it| *it.start());
    let mut merged: Vec<RangeInclusive<u16>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start() <= last.end() => {
                *last = *last.start()..=*last.end().max(range.end());
            }
            _ => merged.push(range),
        }
    }
    merged
}

/// Returns the services with an entry that moves to another port, with all of their entries. Ports that are not in the map
/// stay.
pub(crate) fn moved_services(
    model: &Model,
    moved: &BTreeMap<Port, Port>,
) -> Vec<OverriddenService> {
    let services = model.services.iter().filter(|it| has_fixed_ports(it));
    let overridden = services.filter_map(|service| {
        let ports = service.ports.iter().map(|it| moved_entry(it, moved));
        let ports: Vec<ModelPort> = ports.collect();
        (ports != service.ports).then(|| OverriddenService {
            name: service.name.clone(),
            ports: Some(ports),
            resets_container_name: false,
        })
    });
    overridden.collect()
}

fn moved_entry(entry: &ModelPort, moved: &BTreeMap<Port, Port>) -> ModelPort {
    let ports = fixed_ports(entry).map(|it| moved.get(&it).copied());
    let ports: Option<Vec<Port>> = ports.collect();
    match ports.as_deref() {
        Some([port]) => entry.with_published(port.to_string()),
        // Only consecutive ports are a range.
        Some(ports @ [first, .., last]) if are_consecutive(ports) => {
            entry.with_published(format!("{first}-{last}"))
        }
        _ => entry.clone(),
    }
}

/// Tests if ports can be published as a range.
pub(crate) fn are_consecutive(ports: &[Port]) -> bool {
    let mut pairs = ports.windows(2);
    pairs.all(|pair| u32::from(pair[0].get()) + 1 == u32::from(pair[1].get()))
}

/// Notes the ports that a project fixes and that cannot be moved.
pub(crate) fn notes_of_fixed(model: &Model) -> Vec<String> {
    let mut notes = Vec::new();
    for service in &model.services {
        let name = &service.name;
        for port in &service.ports {
            let published = &port.published;
            if range_of(port).is_some_and(|it| it.len() > MAX_RANGE) {
                notes.push(format!(
                    "{name} keeps the ports {published}, because a range of more than {MAX_RANGE} is not moved"
                ));
            }
        }
    }
    notes
}

/// A service in the host's network listens there by itself: Compose ignores `ports`.
fn has_fixed_ports(service: &ModelService) -> bool {
    let is_on_host = service.network_mode.as_deref() == Some("host");
    !is_on_host && service.ports.iter().any(|it| published(it).is_some())
}

/// Returns the fixed TCP host ports of an entry.
fn fixed_ports(entry: &ModelPort) -> impl Iterator<Item = Port> {
    let ports = published(entry).into_iter().flatten();
    ports.filter_map(|it| Port::new(it).ok())
}

/// Returns the fixed TCP host ports of an entry, unless they are too many.
fn published(entry: &ModelPort) -> Option<RangeInclusive<u16>> {
    range_of(entry).filter(|it| it.len() <= MAX_RANGE)
}

fn range_of(entry: &ModelPort) -> Option<RangeInclusive<u16>> {
    let is_tcp = entry.protocol.is_empty() || entry.protocol.eq_ignore_ascii_case("tcp");
    let (first, last) = match entry.published.split_once('-') {
        Some((first, last)) => (first, last),
        None => (&*entry.published, &*entry.published),
    };
    let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
    // The system chooses a port for 0.
    (is_tcp && first != 0 && first <= last).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use port_registry::Port;

    use super::{NameRules, host_ports, moved_services, notes_of_fixed, ranges};
    use crate::compose::model::{Model, ModelPort};

    fn names_of(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&it| it.to_owned()).collect()
    }

    fn named(model: &Model, others: &[&str], held: &[&str]) -> String {
        let rules = NameRules {
            folder: "api",
            others: &names_of(others),
            held: &names_of(held),
            declared: &[],
        };
        let ports = host_ports(model, &rules).into_iter();
        let ports = ports.map(|it| format!("{}={}", it.name, it.published));
        ports.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_fixed_number_has_one_name() {
        for (services, expected) in [
            (&[("db", &["5432|5432"][..])][..], "db=5432"),
            (&[("db", &["5432|5432", "8080|80"])], "db=5432 db-80=8080"),
            // One number on two addresses, and in two services.
            (&[("db", &["127.0.0.1|80|80", "::1|80|80"])], "db=80"),
            (
                &[("a", &["80|80"]), ("b", &["80|80", "81|80"])],
                "a=80 b=81",
            ),
            (
                &[("a", &["80|80", "81|80", "82|80"])],
                "a=80 a-80=81 a-82=82",
            ),
            (&[("a", &["80-82|80"])], "a=80 a-80=81 a-82=82"),
            // The system chooses these, or they are not TCP.
            (
                &[("a", &["80", "0|80", "53|53/udp", "9|9/sctp", "1|1/TCP"])],
                "a=1",
            ),
            (
                &[("a", &["|80", "x|80", "2-1|80", "70000|80", "1-9999|80"])],
                "",
            ),
            // A service comes before another one's second port, and names differ in their variables.
            (
                &[("db", &["1|1", "2|443"]), ("db-443", &["3|3"])],
                "db=1 db-2=2 db-443=3",
            ),
            (&[("a-b", &["1|11"]), ("a_b", &["2|12"])], "a-b-11=1 a_b=2"),
        ] {
            assert_eq!(
                named(&Model::sample(services), &[], &[]),
                expected,
                "{services:?}"
            );
        }
    }

    #[test]
    fn names_of_long_services_are_cut() {
        let [one, two] = ["1", "2"].map(|it| "a".repeat(300) + it);
        let model = Model::sample(&[(&one, &["1|11", "2|12"]), (&two, &["3|13"])]);
        let base = "a".repeat(200);
        let expected = format!("{base}-11=1 {base}-12=2 {base}=3");
        assert_eq!(named(&model, &[], &[]), expected);
    }

    #[test]
    fn names_of_other_projects_are_avoided_and_kept() {
        let db = Model::sample(&[("db", &["5432|5432", "8080|80"])]);
        for (others, held, expected) in [
            (&["web"][..], &["db"][..], "db=5432 db-80=8080"),
            (&["db"], &[], "api-db=5432 api-db-80=8080"),
            (&["DB"], &["db"], "api-db=5432 api-db-80=8080"),
            (
                &["db", "api-db"],
                &["api-db"],
                "api-db-5432=5432 api-db-80=8080",
            ),
            (&[], &["api-db"], "api-db=5432 api-db-80=8080"),
            (&["api-db"], &["db", "api-db"], "db=5432 db-80=8080"),
        ] {
            assert_eq!(named(&db, others, held), expected, "{others:?} {held:?}");
        }
        let both = Model::sample(&[("api-db", &["1|1"]), ("db", &["2|2"])]);
        assert_eq!(named(&both, &[], &["api-db"]), "api-db=1 db=2");
    }

    #[test]
    fn ranges_that_overlap_are_one() {
        let model = Model::sample(&[
            ("a", &["9004-9006|80", "80|80", "9000-9002|80"]),
            ("b", &["9002-9003|81", "9007-9008|82"]),
        ]);
        assert_eq!(ranges(&model), [9000..=9003, 9004..=9006, 9007..=9008]);
    }

    #[test]
    fn only_entries_that_move_change() {
        let port = |it| Port::new(it).unwrap();
        let moved = BTreeMap::from(
            [(80, 3000), (81, 3001), (90, 4000), (91, 4001), (92, 5000)]
                .map(|(from, to)| (port(from), port(to))),
        );
        for (before, after) in [
            (&["80|8080"][..], Some(&["3000|8080"][..])),
            (
                &["127.0.0.1|80|1", "::1|80|2", "80|80/udp", "3", "82|4"],
                Some(&["127.0.0.1|3000|1", "::1|3000|2", "80|80/udp", "3", "82|4"]),
            ),
            (&["90-91|5"], Some(&["4000-4001|5"])),
            // Not all of them have a port, or these are not consecutive.
            (&["80-82|5"], None),
            (&["90-92|5"], None),
            (&["70|5"], None),
        ] {
            let overridden = moved_services(&Model::sample(&[("a", before)]), &moved);
            let expected = after.map(|it| {
                it.iter()
                    .map(|it| ModelPort::sample(it))
                    .collect::<Vec<_>>()
            });
            let ports = overridden.first().and_then(|it| it.ports.clone());
            assert_eq!(ports, expected, "{before:?}");
        }
    }

    #[test]
    fn services_in_the_network_of_the_host_have_no_fixed_ports() {
        let mut model = Model::sample(&[("a", &["80|80"])]);
        model.services[0].network_mode = Some("host".to_owned());
        assert_eq!(named(&model, &[], &[]), "");
    }

    #[test]
    fn ranges_that_are_too_long_are_noted() {
        let model = Model::sample(&[("a", &["1-1000|80", "2000-3000|81"])]);
        let notes = notes_of_fixed(&model);
        assert!(notes[0].contains("2000-3000"), "{notes:?}");
        assert_eq!(notes.len(), 1);
    }
}
