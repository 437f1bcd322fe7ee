//! A Compose project as Compose itself understands it: merged, interpolated and with defaults filled in.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A Compose project. A `$` in its texts is a dollar; Compose's own output doubles it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    /// The name of the project.
    pub(crate) name: String,
    /// Ordered by name.
    pub(crate) services: Vec<ModelService>,
    pub(crate) networks: Vec<ModelNetwork>,
    pub(crate) volumes: Vec<ModelVolume>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ModelService {
    pub(crate) name: String,
    pub(crate) container_name: Option<String>,
    pub(crate) network_mode: Option<String>,
    pub(crate) ports: Vec<ModelPort>,
    /// The folders and files of the host that the service mounts.
    pub(crate) bind_sources: Vec<String>,
    /// The variables that have values.
    pub(crate) environment: Vec<(String, String)>,
}

/// An entry of `ports`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ModelPort {
    /// The container's port.
    pub(crate) target: u16,
    /// The host port, or a range such as `9000-9002`. It is empty if the system chooses the port.
    pub(crate) published: String,
    pub(crate) host_ip: Option<String>,
    pub(crate) protocol: String,
    /// The whole entry.
    pub(crate) fields: Map<String, Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ModelNetwork {
    /// The name within the project.
    pub(crate) key: String,
    /// The engine's name.
    pub(crate) name: String,
    pub(crate) is_external: bool,
    pub(crate) subnets: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ModelVolume {
    /// The name within the project.
    pub(crate) key: String,
    /// The engine's name.
    pub(crate) name: String,
    pub(crate) is_external: bool,
}

impl Model {
    /// Reads the output of `docker compose config --format json`.
    ///
    /// # Errors
    ///
    /// Fails if the output is no JSON, or does not describe a project. Unknown parts are skipped.
    pub(crate) fn of_config(json: &[u8]) -> Result<Model, serde_json::Error> {
        let json = String::from_utf8_lossy(json).replace("$$", "$");
        let config: Config = serde_json::from_str(&json)?;
        let services = config.services.unwrap_or_default().into_iter();
        let networks = config.networks.unwrap_or_default().into_iter();
        let volumes = config.volumes.unwrap_or_default().into_iter();
        Ok(Model {
            name: config.name.unwrap_or_default(),
            services: services
                .map(|(name, it)| it.unwrap_or_default().named(name))
                .collect(),
            networks: networks
                .map(|(key, it)| it.unwrap_or_default().network(key))
                .collect(),
            volumes: volumes
                .map(|(key, it)| it.unwrap_or_default().volume(key))
                .collect(),
        })
    }
}

impl ModelPort {
    /// Makes an entry of its parts. An empty `published` lets the system choose the port.
    pub(crate) fn new(
        target: u16,
        published: &str,
        host_ip: Option<&str>,
        protocol: &str,
    ) -> ModelPort {
        let mut fields = Map::new();
        fields.insert("mode".to_owned(), "ingress".into());
        fields.insert("target".to_owned(), target.into());
        if !published.is_empty() {
            fields.insert("published".to_owned(), published.into());
        }
        if let Some(host_ip) = host_ip {
            fields.insert("host_ip".to_owned(), host_ip.into());
        }
        fields.insert("protocol".to_owned(), protocol.into());
        ModelPort::of_fields(fields)
    }

    fn of_fields(fields: Map<String, Value>) -> ModelPort {
        let text = |key: &str| match fields.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        ModelPort {
            // A number that is no port is an error of the engine.
            target: text("target").parse().unwrap_or_default(),
            published: text("published"),
            host_ip: Some(text("host_ip")).filter(|it| !it.is_empty()),
            protocol: text("protocol"),
            fields,
        }
    }

    /// Returns the entry with another host port.
    pub(crate) fn with_published(&self, published: String) -> ModelPort {
        let mut fields = self.fields.clone();
        fields.insert("published".to_owned(), published.into());
        ModelPort::of_fields(fields)
    }
}

/// Projects of tests, from entries such as `127.0.0.1|8080|80/udp`.
#[cfg(test)]
impl Model {
    pub(crate) fn sample(services: &[(&str, &[&str])]) -> Model {
        let services = services.iter().map(|(name, entries)| ModelService {
            name: (*name).to_owned(),
            ports: entries.iter().map(|it| ModelPort::sample(it)).collect(),
            ..ModelService::default()
        });
        Model {
            services: services.collect(),
            ..Model::default()
        }
    }
}

#[cfg(test)]
impl ModelPort {
    pub(crate) fn sample(text: &str) -> ModelPort {
        let (rest, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let mut parts = rest.rsplit('|');
        let target = parts.next().unwrap().parse().unwrap();
        let published = parts.next().unwrap_or_default();
        ModelPort::new(target, published, parts.next(), protocol)
    }
}

/// The parts of the output that count here.
#[derive(Debug, Deserialize)]
struct Config {
    name: Option<String>,
    services: Option<BTreeMap<String, Option<ConfigService>>>,
    networks: Option<BTreeMap<String, Option<ConfigResource>>>,
    volumes: Option<BTreeMap<String, Option<ConfigResource>>>,
}

#[derive(Debug, Default, Deserialize)]
struct ConfigService {
    container_name: Option<String>,
    network_mode: Option<String>,
    ports: Option<Vec<Map<String, Value>>>,
    volumes: Option<Vec<ConfigMount>>,
    environment: Option<BTreeMap<String, Value>>,
}

#[derive(Debug, Deserialize)]
struct ConfigMount {
    #[serde(rename = "type")]
    kind: Option<String>,
    source: Option<String>,
}

/// A network or a volume.
#[derive(Debug, Default, Deserialize)]
struct ConfigResource {
    name: Option<String>,
    external: Option<Value>,
    ipam: Option<ConfigIpam>,
}

#[derive(Debug, Deserialize)]
struct ConfigIpam {
    config: Option<Vec<ConfigPool>>,
}

#[derive(Debug, Deserialize)]
struct ConfigPool {
    subnet: Option<String>,
}

impl ConfigService {
    fn named(self, name: String) -> ModelService {
        let ports = self.ports.unwrap_or_default().into_iter();
        let mounts = self.volumes.unwrap_or_default().into_iter();
        let binds = mounts.filter(|it| it.kind.as_deref() == Some("bind"));
        let environment = self.environment.unwrap_or_default().into_iter();
        let environment = environment.filter_map(|(name, value)| match value {
            Value::Null => None,
            Value::String(text) => Some((name, text)),
            other => Some((name, other.to_string())),
        });
        let given = |it: Option<String>| it.filter(|it| !it.is_empty());
        ModelService {
            name,
            container_name: given(self.container_name),
            network_mode: given(self.network_mode),
            ports: ports.map(ModelPort::of_fields).collect(),
            bind_sources: binds.filter_map(|it| it.source).collect(),
            environment: environment.collect(),
        }
    }
}

impl ConfigResource {
    /// Older files name an external resource below `external`.
    fn is_external(&self) -> bool {
        !matches!(self.external, None | Some(Value::Null | Value::Bool(false)))
    }

    fn network(self, key: String) -> ModelNetwork {
        let is_external = self.is_external();
        let pools = self.ipam.and_then(|it| it.config).unwrap_or_default();
        ModelNetwork {
            is_external,
            name: self.name.unwrap_or_else(|| key.clone()),
            subnets: pools.into_iter().filter_map(|it| it.subnet).collect(),
            key,
        }
    }

    fn volume(self, key: String) -> ModelVolume {
        ModelVolume {
            is_external: self.is_external(),
            name: self.name.unwrap_or_else(|| key.clone()),
            key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Model, ModelNetwork, ModelPort, ModelVolume};

    #[test]
    fn output_of_compose_is_read() {
        let json = br#"{
            "name": "shop",
            "networks": {"default": {"name": "shop_default", "ipam": {}},
                "fixed": {"name": "shop_fixed", "ipam": {"config": [{"subnet": "10.1.0.0/16"}]}}},
            "volumes": {"data": {"name": "team", "external": true}, "own": null},
            "services": {
                "db": {"container_name": "db", "environment": {"A": "a$$b", "B": null, "C": 1},
                    "ports": [{"mode": "ingress", "target": 80, "published": "8080", "host_ip": "::1", "protocol": "tcp"},
                        {"target": 53, "protocol": "udp"}, {"target": 70000, "published": 90}],
                    "volumes": [{"type": "bind", "source": "/a"}, {"type": "volume", "source": "data"}]},
                "none": null
            }
        }"#;
        let model = Model::of_config(json).unwrap();
        assert_eq!(model.name, "shop");
        let [db, none] = &model.services[..] else {
            panic!("{:?}", model.services)
        };
        assert_eq!(none.name, "none");
        assert_eq!(db.container_name.as_deref(), Some("db"));
        let environment = [("A", "a$b"), ("C", "1")].map(|(name, it)| (name.into(), it.into()));
        assert_eq!(db.environment, environment);
        assert_eq!(db.bind_sources, ["/a"]);
        assert_eq!(db.ports[0], ModelPort::new(80, "8080", Some("::1"), "tcp"));
        assert_eq!(
            (&*db.ports[1].published, &*db.ports[1].protocol),
            ("", "udp")
        );
        assert_eq!((db.ports[2].target, &*db.ports[2].published), (0, "90"));
        let fixed = ModelNetwork {
            key: "fixed".to_owned(),
            name: "shop_fixed".to_owned(),
            is_external: false,
            subnets: vec!["10.1.0.0/16".to_owned()],
        };
        assert_eq!(model.networks[1], fixed);
        let data = ModelVolume {
            key: "data".to_owned(),
            name: "team".to_owned(),
            is_external: true,
        };
        assert_eq!(model.volumes[0], data);
    }

    #[test]
    fn other_output_is_no_project() {
        for json in ["", "[]", "null", "name: shop", r#"{"services": []}"#] {
            assert!(Model::of_config(json.as_bytes()).is_err(), "{json}");
        }
        assert_eq!(Model::of_config(b"{}").unwrap(), Model::default());
    }

    #[test]
    fn only_the_host_port_of_an_entry_changes() {
        let mut port = ModelPort::new(443, "8443", None, "tcp");
        port.fields.insert("name".to_owned(), "https".into());
        let moved = port.with_published("3000".to_owned());
        assert_eq!(moved.published, "3000");
        assert_eq!(moved.fields["published"], "3000");
        assert_eq!(moved.fields["name"], "https");
    }
}
