//! Parts of a Compose project that worktrees share, although each has a project of its own.

use std::fs;
use std::path::Path;

use super::model::{Model, ModelPort};

/// The most things that a note lists.
const MAX_LISTED: usize = 5;

/// Folders of the system, which hold no data of a project.
const SYSTEM_FOLDERS: [&str; 9] = [
    "/bin", "/dev", "/etc", "/lib", "/proc", "/run", "/sys", "/usr", "/var/run",
];

/// Notes what the projects of several worktrees share: networks and volumes with fixed names, subnets, the host's network
/// and its paths outside of the checkout, and ports that are not moved.
pub(crate) fn notes(model: &Model, checkout_root: &Path) -> Vec<String> {
    let lists = [
        (fixed_names(model), "all worktrees share"),
        (
            subnets(model),
            "only one worktree at a time can have the network with a fixed subnet:",
        ),
        (
            host_networks(model),
            "ports are not moved with network_mode: host, in",
        ),
        (
            other_ports(model),
            "only TCP ports are moved, so worktrees collide on",
        ),
        (
            outside_paths(model, checkout_root),
            "all worktrees share what is mounted from outside of the checkout:",
        ),
    ];
    let lists = lists.into_iter().filter(|(listed, _)| !listed.is_empty());
    lists
        .map(|(listed, meaning)| format!("{meaning} {}", enumerated(&listed)))
        .collect()
}

/// Lists networks and volumes that have one name in all projects.
fn fixed_names(model: &Model) -> Vec<String> {
    let networks = model.networks.iter();
    let networks = networks.map(|it| ("network", &it.key, &it.name, it.is_external));
    let volumes = model.volumes.iter();
    let volumes = volumes.map(|it| ("volume", &it.key, &it.name, it.is_external));
    let named = networks
        .chain(volumes)
        .filter_map(|(kind, key, name, is_external)| {
            if is_external {
                Some(format!("the external {kind} {name}"))
            } else {
                let text = || format!("the {kind} {name}, which has a fixed name");
                is_fixed(model, key, name).then(text)
            }
        });
    named.collect()
}

/// Tests if a name does not begin with the project's, as Compose's own names do.
fn is_fixed(model: &Model, key: &str, name: &str) -> bool {
    // A name may be missing in a model that Compose did not make.
    name != key
        && name
            .strip_prefix(&*model.name)
            .is_none_or(|it| !it.starts_with(['_', '-']))
}

fn subnets(model: &Model) -> Vec<String> {
    let own = model.networks.iter().filter(|it| !it.is_external);
    let fixed = own.filter(|it| !it.subnets.is_empty());
    fixed
        .map(|it| format!("{} ({})", it.key, it.subnets.join(", ")))
        .collect()
}

fn host_networks(model: &Model) -> Vec<String> {
    let services = model.services.iter();
    let services = services.filter(|it| it.network_mode.as_deref() == Some("host"));
    services.map(|it| it.name.clone()).collect()
}

/// Lists host ports of other protocols than TCP.
fn other_ports(model: &Model) -> Vec<String> {
    let is_other = |it: &&ModelPort| {
        let is_tcp = it.protocol.is_empty() || it.protocol.eq_ignore_ascii_case("tcp");
        !it.published.is_empty() && !is_tcp
    };
    let ports = model.services.iter().flat_map(|service| {
        let ports = service.ports.iter().filter(is_other);
        ports.map(|it| {
            let (protocol, published) = (it.protocol.to_uppercase(), &it.published);
            format!("{protocol} port {published} of {}", service.name)
        })
    });
    let mut ports: Vec<String> = ports.collect();
    ports.dedup();
    ports
}

/// Lists mounted paths of the host that are not in the checkout. Sockets and devices hold no data.
fn outside_paths(model: &Model, root: &Path) -> Vec<String> {
    let real_root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let is_outside = |path: &Path| {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let is_inside = path.starts_with(root) || real.starts_with(&real_root);
        let is_system = SYSTEM_FOLDERS.iter().any(|it| path.starts_with(it));
        path.is_absolute() && !is_inside && !is_system && !is_special(path)
    };
    let sources = model.services.iter().flat_map(|it| &it.bind_sources);
    let mut paths: Vec<String> = sources
        .filter(|it| is_outside(Path::new(it)))
        .cloned()
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// Tests if a path is that of a socket, a device or the like.
fn is_special(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(found) => !found.is_file() && !found.is_dir(),
        Err(_) => path.extension().is_some_and(|it| it == "sock"),
    }
}

fn enumerated(listed: &[String]) -> String {
    let first: Vec<&str> = listed.iter().take(MAX_LISTED).map(String::as_str).collect();
    let text = first.join(", ");
    match listed.len().saturating_sub(MAX_LISTED) {
        0 => text,
        more => format!("{text}, and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::notes;
    use crate::compose::model::Model;

    fn model(json: &str) -> Model {
        Model::of_config(json.as_bytes()).unwrap()
    }

    #[test]
    fn project_of_its_own_shares_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().display();
        let own = format!(
            r#"{{"name": "shop", "networks": {{"default": {{"name": "shop_default", "ipam": {{}}}}}},
            "volumes": {{"data": {{"name": "shop_data"}}}},
            "services": {{"web": {{
                "ports": [{{"target": 80, "published": "8080", "protocol": "tcp"}}, {{"target": 53, "protocol": "udp"}}],
                "volumes": [
                    {{"type": "bind", "source": "{root}/src"}},
                    {{"type": "bind", "source": "/var/run/docker.sock"}},
                    {{"type": "bind", "source": "/nowhere/ssh-agent.sock"}},
                    {{"type": "bind", "source": "/dev/null"}},
                    {{"type": "bind", "source": "/etc/localtime"}}]}}}}}}"#
        );
        assert_eq!(notes(&model(&own), folder.path()), [] as [&str; 0], "{own}");
    }

    #[test]
    fn each_kind_of_sharing_is_noted_once() {
        let folder = tempfile::tempdir().unwrap();
        let [root, outside] = ["root", "data"].map(|it| folder.path().join(it));
        fs::create_dir(&root).unwrap();
        let path = outside.display();
        let shared = format!(
            r#"{{"name": "shop",
            "networks": {{"proxy": {{"name": "traefik", "external": true}}, "net": {{"name": "shopnet"}},
                "fixed": {{"name": "shop_fixed", "ipam": {{"config": [{{"subnet": "10.1.0.0/16"}}]}}}}}},
            "volumes": {{"data": {{"name": "team-data", "external": true}}}},
            "services": {{
                "dns": {{"ports": [{{"target": 53, "published": "53", "protocol": "udp"}}],
                    "volumes": [{{"type": "bind", "source": "{path}"}}]}},
                "web": {{"network_mode": "host", "volumes": [{{"type": "bind", "source": "{path}"}}]}}}}}}"#
        );
        let expected = [
            "all worktrees share the network shopnet, which has a fixed name, the external network traefik, the external \
             volume team-data"
                .to_owned(),
            "only one worktree at a time can have the network with a fixed subnet: fixed (10.1.0.0/16)".to_owned(),
            "ports are not moved with network_mode: host, in web".to_owned(),
            "only TCP ports are moved, so worktrees collide on UDP port 53 of dns".to_owned(),
            format!("all worktrees share what is mounted from outside of the checkout: {path}"),
        ];
        let mut found = notes(&model(&shared), &root);
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn long_lists_are_cut() {
        let services = (0..9).map(|it| format!(r#""s{it}": {{"network_mode": "host"}}"#));
        let services: Vec<String> = services.collect();
        let json = format!(r#"{{"services": {{{}}}}}"#, services.join(","));
        let found = notes(&model(&json), "/nowhere".as_ref());
        assert_eq!(
            found,
            ["ports are not moved with network_mode: host, in s0, s1, s2, s3, s4, and 4 more"]
        );
    }
}
