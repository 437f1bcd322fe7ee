//! The entries of `ports` as Compose prints them.

use crate::compose::model::ModelPort;
use crate::scan::interpolation::interpolate;
use crate::scan::port_mapping;
use crate::scan::variables::Variables;
use crate::scan::yaml::YamlNode;

/// Limit for the ports of one range, each of which is an entry of its own.
const MAX_RANGE: usize = 1000;

/// Returns the entries that an item of `ports` stands for, or `None` if it is not valid.
pub(super) fn model_ports(item: &YamlNode, variables: &Variables) -> Option<Vec<ModelPort>> {
    let interpolated = |text: &str| interpolate(text, variables).ok().map(|it| it.text);
    if let Some(text) = item.text() {
        return short(&interpolated(text)?);
    }
    let text = |key: &str| {
        let text = item.get(key).and_then(|(_, value)| value.text());
        interpolated(text.unwrap_or_default())
    };
    let target: u16 = text("target")?.parse().ok()?;
    let host_ip = Some(text("host_ip")?).filter(|it| !it.is_empty());
    let protocol = Some(text("protocol")?).filter(|it| !it.is_empty());
    let protocol = protocol.as_deref().unwrap_or("tcp");
    let mut port = ModelPort::new(target, &text("published")?, host_ip.as_deref(), protocol);
    for key in ["mode", "name", "app_protocol"] {
        let value = text(key)?;
        if !value.is_empty() {
            port.fields.insert(key.to_owned(), value.into());
        }
    }
    Some(vec![port])
}

/// Reads the short syntax.
fn short(text: &str) -> Option<Vec<ModelPort>> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    let (before, container) = ports.rsplit_once(':').unwrap_or(("", ports));
    let (host_ip, host) = before.rsplit_once(':').unwrap_or(("", before));
    let host_ip = host_ip.trim_matches(['[', ']']);
    let host_ip = (!host_ip.is_empty()).then_some(host_ip);
    port_mapping::of(host, container, &protocol).ok()?;
    let containers = port_mapping::range(container).ok()?;
    if containers.len() > MAX_RANGE {
        return None;
    }
    let entry =
        |target: u16, published: &str| ModelPort::new(target, published, host_ip, &protocol);
    if host.is_empty() {
        return Some(containers.map(|target| entry(target, "")).collect());
    }
    let hosts = port_mapping::range(host).ok()?;
    if hosts.len() != containers.len() {
        // The engine chooses one of the range.
        let published = format!("{}-{}", hosts.start(), hosts.end());
        return Some(vec![entry(*containers.end(), &published)]);
    }
    let entries = hosts.zip(containers);
    let entries = entries.map(|(host, target)| entry(target, &host.to_string()));
    Some(entries.collect())
}
