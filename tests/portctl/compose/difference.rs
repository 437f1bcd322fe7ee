//! The differences between two projects as Compose prints them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde_json::Value;

/// Place of an entry of `ports`: the service and the index.
pub(super) type Place = (String, usize);

/// A project as `docker compose config --format json` prints it.
#[derive(Debug)]
pub(super) struct Printed(Value);

impl Printed {
    pub(super) fn new(config: Value) -> Printed {
        Printed(config)
    }

    pub(super) fn name(&self) -> &str {
        self.0["name"].as_str().unwrap()
    }

    fn services(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0["services"].as_object().into_iter().flatten()
    }

    /// Returns the services that set `container_name`.
    pub(super) fn container_names(&self) -> Vec<&str> {
        let named = self
            .services()
            .filter(|(_, service)| service.get("container_name").is_some());
        named.map(|(name, _)| &**name).collect()
    }

    /// Returns the fixed TCP host ports, which `portctl compose` allocates.
    pub(super) fn host_ports(&self) -> BTreeMap<Place, RangeInclusive<u16>> {
        let mut ports = BTreeMap::new();
        for (name, service) in self.services() {
            if service["network_mode"] == "host" {
                continue;
            }
            let entries = service["ports"].as_array().into_iter().flatten();
            for (index, entry) in entries.enumerate() {
                if let Some(range) = host_port(entry) {
                    ports.insert((name.clone(), index), range);
                }
            }
        }
        ports
    }

    /// Returns all differences.
    pub(super) fn differences(&self, changed: &Printed) -> Vec<String> {
        let mut differences = Vec::new();
        let names = (self.name(), self.name());
        compare("", &self.0, &changed.0, names, &mut differences);
        differences
    }

    /// Returns the differences but those of host ports and container names. If the project has another name, texts
    /// with the old one in its place are equal.
    pub(super) fn other_differences(&self, changed: &Printed) -> Vec<String> {
        let names = (self.name(), changed.name());
        let [before, after] = [self, changed].map(Printed::without_ports_and_container_names);
        let mut differences = Vec::new();
        compare("", &before, &after, names, &mut differences);
        differences
    }

    fn without_ports_and_container_names(&self) -> Value {
        let mut project = self.0.clone();
        for (name, index) in self.host_ports().into_keys() {
            project["services"][name]["ports"][index]["published"] = Value::Null;
        }
        for name in self.container_names() {
            let service = project["services"][name].as_object_mut().unwrap();
            service.remove("container_name");
        }
        project
    }
}

fn host_port(entry: &Value) -> Option<RangeInclusive<u16>> {
    let published = entry["published"].as_str()?;
    // The system chooses a port for 0.
    if ["", "0"].contains(&published) || entry["protocol"] != "tcp" {
        return None;
    }
    let (first, last) = published.split_once('-').unwrap_or((published, published));
    Some(first.parse().unwrap()..=last.parse().unwrap())
}

fn compare(
    place: &str,
    before: &Value,
    after: &Value,
    names: (&str, &str),
    differences: &mut Vec<String>,
) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let place = format!("{place}.{key}");
                let [old, new] = [old, new].map(|it| it.get(key).unwrap_or(&Value::Null));
                compare(&place, old, new, names, differences);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                compare(&format!("{place}[{index}]"), old, new, names, differences);
            }
        }
        (Value::String(old), Value::String(new)) if *new == old.replace(names.0, names.1) => {}
        _ if before == after => {}
        _ => differences.push(format!("{place}: {after} instead of {before}")),
    }
}
