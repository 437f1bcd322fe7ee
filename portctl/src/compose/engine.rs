//! The engine that docker talks to, which may be on another machine.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::env_file::read_small;
use crate::environment::EngineVariables;

/// The context of docker that has no file.
const DEFAULT_CONTEXT: &str = "default";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DockerConfig {
    current_context: Option<String>,
}

/// A file `meta.json` of a context.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Context {
    name: String,
    endpoints: Endpoints,
}

#[derive(Debug, Deserialize)]
struct Endpoints {
    docker: Option<Endpoint>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    host: Option<String>,
}

/// Returns the address of the engine if it is on another machine, where ports cannot be probed.
pub(crate) fn remote_engine(variables: &EngineVariables, home: Option<&Path>) -> Option<String> {
    let host = match &variables.host {
        Some(host) => host.to_string_lossy().into_owned(),
        None => host_of_context(variables, home)?,
    };
    is_remote(&host).then_some(host)
}

fn host_of_context(variables: &EngineVariables, home: Option<&Path>) -> Option<String> {
    let folder = match &variables.config {
        Some(folder) => PathBuf::from(folder),
        None => home?.join(".docker"),
    };
    let name = if let Some(name) = &variables.context {
        name.to_str()?.to_owned()
    } else {
        let config = read_small(&folder.join("config.json")).ok()?;
        let config: DockerConfig = serde_json::from_slice(&config).ok()?;
        config.current_context?
    };
    if name == DEFAULT_CONTEXT {
        return None;
    }
    let entries = fs::read_dir(folder.join("contexts/meta")).ok()?;
    let mut contexts = entries.flatten().filter_map(|it| {
        let context = read_small(&it.path().join("meta.json")).ok()?;
        serde_json::from_slice::<Context>(&context).ok()
    });
    contexts.find(|it| it.name == name)?.endpoints.docker?.host
}

/// Returns true for an address of another machine, such as `ssh://me@build.example`.
fn is_remote(address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once("://") else {
        return false;
    };
    if !["tcp", "ssh", "http", "https"].contains(&scheme) {
        return false;
    }
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_loopback = host.parse().is_ok_and(|it: IpAddr| it.is_loopback());
    !(host.is_empty() || is_loopback || host.eq_ignore_ascii_case("localhost"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{is_remote, remote_engine};
    use crate::environment::EngineVariables;

    #[test]
    fn only_addresses_of_other_machines_are_remote() {
        for address in [
            "tcp://10.0.0.5:2375",
            "ssh://me@build.example",
            "tcp://[fd00::1]:2375",
            "https://box/x",
        ] {
            assert!(is_remote(address), "{address}");
        }
        for address in [
            "unix:///var/run/docker.sock",
            "npipe:////./pipe/docker_engine",
            "tcp://127.0.0.1:2375",
            "tcp://localhost:2375",
            "tcp://[::1]:2375",
            "ssh://me@localhost",
            "tcp://:2375",
            "fd://",
            "nonsense",
            "",
        ] {
            assert!(!is_remote(address), "{address}");
        }
    }

    #[test]
    fn engine_is_that_of_the_variable_or_the_context() {
        let home = tempfile::tempdir().unwrap();
        let meta = home.path().join(".docker/contexts/meta");
        for (folder, name, host) in [
            ("a", "far", "ssh://far.example"),
            ("b", "near", "unix:///run/x"),
        ] {
            fs::create_dir_all(meta.join(folder)).unwrap();
            let text = format!(
                r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{{"docker":{{"Host":"{host}"}}}}}}"#
            );
            fs::write(meta.join(folder).join("meta.json"), text).unwrap();
        }
        fs::write(meta.join("broken"), "{").unwrap();
        let engine = |host: Option<&str>, context: Option<&str>| {
            let variables = EngineVariables {
                host: host.map(Into::into),
                context: context.map(Into::into),
                config: None,
            };
            remote_engine(&variables, Some(home.path()))
        };
        let far = Some("ssh://far.example".to_owned());
        assert_eq!(engine(None, None), None);
        assert_eq!(engine(None, Some("far")), far);
        assert_eq!(engine(None, Some("near")), None);
        assert_eq!(engine(None, Some("gone")), None);
        assert_eq!(engine(Some("unix:///run/y"), Some("far")), None);
        fs::write(
            home.path().join(".docker/config.json"),
            r#"{"currentContext":"far"}"#,
        )
        .unwrap();
        assert_eq!(engine(None, None), far);
        assert_eq!(engine(None, Some("default")), None);
        assert_eq!(
            engine(Some("tcp://box:1"), None),
            Some("tcp://box:1".to_owned())
        );
    }
}
