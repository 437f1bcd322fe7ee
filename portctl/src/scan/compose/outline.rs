//! The services of a Compose file by itself, as far as a look at an override needs them.

use std::collections::BTreeMap;

use super::super::yaml;

/// The services of a file, with the TCP host ports of their entries in the long form, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ComposeOutline {
    /// The name of the project.
    pub(crate) name: Option<String>,
    pub(crate) services: BTreeMap<String, Vec<String>>,
    /// The fixed names of containers, with their lines.
    pub(crate) container_names: Vec<(String, usize)>,
}

impl ComposeOutline {
    /// Reads the text of a file. Returns `None` if it is no YAML.
    pub(crate) fn of(text: &str) -> Option<ComposeOutline> {
        let documents = yaml::parse(text).ok()?;
        let mut outline = ComposeOutline::default();
        for document in &documents {
            let name = document.get("name").and_then(|(_, name)| name.text());
            outline.name = name.map(str::to_owned).or(outline.name);
            let services = document.get("services").map(|(_, services)| services);
            for (name, _, service) in services.iter().flat_map(|it| it.entries()) {
                let container_name = service.get("container_name");
                let container_name =
                    container_name.and_then(|(line, name)| Some((name.text()?.to_owned(), line)));
                outline.container_names.extend(container_name);
                let ports = service.get("ports").map(|(_, ports)| ports.items());
                let tcp = ports.into_iter().flatten().filter(|entry| {
                    let protocol = entry.get("protocol").and_then(|(_, it)| it.text());
                    protocol.is_none_or(|it| it == "tcp")
                });
                let published = tcp.filter_map(|entry| entry.get("published")?.1.text());
                let known = outline.services.entry(name.clone()).or_default();
                known.extend(published.map(str::to_owned));
            }
        }
        Some(outline)
    }
}

#[cfg(test)]
mod tests {
    use super::ComposeOutline;

    #[test]
    fn services_are_read_with_their_published_tcp_ports() {
        let text = "name: shop\nservices:\n  \"db\":\n    ports: !override\n      \
                    - {published: \"3000\", target: 5432, protocol: tcp}\n      \
                    - {published: \"53\", target: 53, protocol: udp}\n      - {target: 80}\n      - \"80:80\"\n  \
                    web:\n    container_name: !reset null\n  none:\n";
        let outline = ComposeOutline::of(text).unwrap();
        let services: Vec<(&str, usize)> = outline
            .services
            .iter()
            .map(|(name, ports)| (&**name, ports.len()))
            .collect();
        assert_eq!(services, [("db", 1), ("none", 0), ("web", 0)]);
        assert_eq!(outline.services["db"], ["3000"]);
        let named = ComposeOutline::of("services:\n  db:\n    container_name: shop-db\n").unwrap();
        assert_eq!(named.container_names, [("shop-db".to_owned(), 3)]);
        assert_eq!(outline.name.as_deref(), Some("shop"));
        for other in ["", "[]", "services: 1\n", "services: {web: 1}\n"] {
            assert!(ComposeOutline::of(other).is_some(), "{other}");
        }
        assert_eq!(ComposeOutline::of("services: ["), None);
    }
}
