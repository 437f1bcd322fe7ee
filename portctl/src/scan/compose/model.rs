//! Reads the files of a Compose project as the model that Compose itself would print.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::model_ports::model_ports;
use super::reader::{MAX_REFERENCED_BYTES, Reader};
use super::scope::Scope;
use super::services::{ComposeService, MergedFiles, Source};
use crate::compose::model::{Model, ModelNetwork, ModelService, ModelVolume};
use crate::compose::name_text::name_of_folder;
use crate::environment::home;
use crate::scan::env_variables::EnvVariables;
use crate::scan::project::Project;
use crate::scan::result::{ScanNote, ScanResult};
use crate::scan::variables::Variables;
use crate::scan::yaml::YamlNode;

/// Limit for the ports of one service.
const MAX_PORTS: usize = 10_000;

/// The files that make up a project.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ModelFiles<'a> {
    /// Compose files, of which later ones override earlier ones.
    pub(crate) files: &'a [PathBuf],
    /// Env files that exist, of which a later one takes precedence.
    pub(crate) env_files: &'a [PathBuf],
    /// The folder that relative paths start from.
    pub(crate) project_folder: &'a Path,
    pub(crate) environment: &'a Variables,
}

/// Reads a project, with the services of all profiles. Notes parts that cannot be read.
pub(crate) fn read_model(files: ModelFiles) -> (Model, Vec<ScanNote>) {
    let mut variables = EnvVariables::of(files.environment);
    let unread = variables.add_files(files.env_files);
    let scope = Rc::new(Scope {
        folder: files.project_folder.to_owned(),
        variables,
        env_files: files.env_files.to_owned(),
        unread: Vec::new(),
        is_guess: false,
    });
    let project = Project::new(Path::new("."), files.environment, Vec::new());
    let mut result = ScanResult::default();
    for file in unread {
        result.note_unread(&file.path.display().to_string(), &file.error);
    }
    let paths = files.files.iter();
    let paths: Vec<_> = paths.map(|path| project.file_at(path.clone())).collect();
    let mut remaining = MAX_REFERENCED_BYTES;
    let mut reader = Reader::new(&project, &mut result, &mut remaining);
    reader.read_all(&paths, &scope);
    let merged = reader.merged;
    let name = project_name(&merged, &scope);
    let mut services: Vec<ModelService> = Vec::new();
    for service in merged.services.iter().filter(|it| !it.parts.is_empty()) {
        services.push(model_service(&merged, service, &mut result));
    }
    services.sort_by(|a, b| a.name.cmp(&b.name));
    let model = Model {
        networks: networks(&merged, &name),
        volumes: volumes(&merged, &name),
        services,
        name,
    };
    (model, result.notes)
}

/// Returns the name of the project: from the variable, or from the last file that has one, or from the folder.
fn project_name(merged: &MergedFiles, scope: &Rc<Scope>) -> String {
    let variable = scope.variables.values.get("COMPOSE_PROJECT_NAME");
    if let Some(name) = variable.filter(|it| !it.is_empty()) {
        return name.clone();
    }
    let own = merged
        .sources
        .iter()
        .filter(|it| Rc::ptr_eq(&it.scope, scope) && it.is_main);
    let mut documents = own.flat_map(|it| it.file.documents.iter()).rev();
    let name = documents.find_map(|it| it.root.get("name")?.1.text());
    let name = name
        .map(|name| scope.interpolated(name))
        .filter(|it| !it.is_empty());
    name.unwrap_or_else(|| {
        let folder = scope.folder.canonicalize();
        name_of_folder(folder.as_deref().unwrap_or(&scope.folder))
    })
}

fn model_service(
    merged: &MergedFiles,
    service: &ComposeService,
    result: &mut ScanResult,
) -> ModelService {
    let given = |key: &str| merged.text(service, key).filter(|it| !it.is_empty());
    let items = merged.list(service, "ports", |part, ports| {
        let items = ports.items().iter();
        items.map(|item| (part.source, item)).collect()
    });
    let mut ports = Vec::new();
    for (source, item) in items {
        let source = &merged.sources[source];
        let Some(entries) = model_ports(item, &source.scope.variables.values) else {
            let note = format!("a port of {} is not valid", service.name);
            result.note(&source.file.file, Some(item.line), note);
            continue;
        };
        ports.extend(entries);
        if ports.len() > MAX_PORTS {
            let note = format!(
                "the rest is skipped because {} has too many ports",
                service.name
            );
            result.note(&source.file.file, Some(item.line), note);
            break;
        }
    }
    // Compose drops repetitions.
    let mut seen = BTreeSet::new();
    ports.retain(|it| seen.insert(serde_json::Value::from(it.fields.clone()).to_string()));
    ModelService {
        name: service.name.clone(),
        container_name: given("container_name"),
        network_mode: given("network_mode"),
        ports,
        bind_sources: bind_sources(merged, service),
        environment: environment(merged, service),
    }
}

/// Returns the paths of the host that a service mounts. A mount replaces an earlier one at its target.
fn bind_sources(merged: &MergedFiles, service: &ComposeService) -> Vec<String> {
    let mounts = merged.list(service, "volumes", |part, volumes| {
        let scope = &merged.sources[part.source].scope;
        volumes
            .items()
            .iter()
            .filter_map(|it| mount(it, scope))
            .collect()
    });
    let mut by_target: Vec<(String, Option<String>)> = Vec::new();
    for (target, source) in mounts {
        by_target.retain(|(known, _)| *known != target);
        by_target.push((target, source));
    }
    by_target
        .into_iter()
        .filter_map(|(_, source)| source)
        .collect()
}

/// Returns the target of a mount, and its path on the host if it has one.
fn mount(item: &YamlNode, scope: &Scope) -> Option<(String, Option<String>)> {
    let text = |key: &str| item.get(key).and_then(|(_, value)| value.text());
    let Some(short) = item.text() else {
        let target = scope.interpolated(text("target")?);
        let source = text("source").filter(|_| text("type") == Some("bind"));
        return Some((
            target,
            source.map(|it| host_path(&scope.interpolated(it), scope)),
        ));
    };
    let short = scope.interpolated(short);
    let mut parts = short.split(':');
    match (parts.next()?, parts.next()) {
        (source, Some(target)) => {
            let is_path = source.starts_with(['.', '/', '~']);
            let path = is_path.then(|| host_path(source, scope));
            Some((target.to_owned(), path))
        }
        (target, None) => Some((target.to_owned(), None)),
    }
}

/// Resolves a path as Compose does. It need not exist.
fn host_path(path: &str, scope: &Scope) -> String {
    let in_home = path.strip_prefix('~').and_then(|rest| {
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        Some(home()?.join(rest))
    });
    let path = in_home.unwrap_or_else(|| scope.folder.join(path));
    let mut resolved = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                resolved.pop();
            }
            part => resolved.push(part),
        }
    }
    resolved.to_string_lossy().into_owned()
}

/// Returns the variables of a service that have values, ordered by name.
fn environment(merged: &MergedFiles, service: &ComposeService) -> Vec<(String, String)> {
    let entries = merged.list(service, "environment", |part, value| {
        let scope = &merged.sources[part.source].scope;
        let listed = value.items().iter().filter_map(YamlNode::text).map(|text| {
            let text = scope.interpolated(text);
            match text.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (text, None),
            }
        });
        let mapped = value.entries().iter();
        let mapped = mapped.map(|(name, _, value)| {
            let value = value.text().map(|it| scope.interpolated(it));
            (name.clone(), value)
        });
        // A variable without a value has that of the environment.
        let entries = listed.chain(mapped).map(|(name, value)| {
            let value = value.or_else(|| scope.variables.values.get(&name).cloned());
            (name, value)
        });
        entries.collect()
    });
    let entries: BTreeMap<String, Option<String>> = entries.into_iter().collect();
    let entries = entries.into_iter();
    entries
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// A network or a volume, merged from all files.
#[derive(Default)]
struct Resource {
    name: Option<String>,
    is_external: bool,
    subnets: Vec<String>,
}

fn networks(merged: &MergedFiles, project: &str) -> Vec<ModelNetwork> {
    let networks = resources(merged, "networks").into_iter();
    let networks = networks.map(|(key, it)| ModelNetwork {
        name: it.engine_name(&key, project),
        key,
        is_external: it.is_external,
        subnets: it.subnets,
    });
    networks.collect()
}

fn volumes(merged: &MergedFiles, project: &str) -> Vec<ModelVolume> {
    let volumes = resources(merged, "volumes").into_iter();
    let volumes = volumes.map(|(key, it)| ModelVolume {
        name: it.engine_name(&key, project),
        key,
        is_external: it.is_external,
    });
    volumes.collect()
}

fn resources(merged: &MergedFiles, kind: &str) -> BTreeMap<String, Resource> {
    let mut resources: BTreeMap<String, Resource> = BTreeMap::new();
    for source in merged.sources.iter().filter(|it| it.is_main) {
        let documents = source.file.documents.iter();
        let entries = documents.filter_map(|it| it.root.get(kind));
        for (key, _, node) in entries.flat_map(|(_, it)| it.entries()) {
            resources
                .entry(key.clone())
                .or_default()
                .merge(node, source);
        }
    }
    resources
}

impl Resource {
    fn merge(&mut self, node: &YamlNode, source: &Source) {
        let text = |node: &YamlNode, key: &str| {
            let text = node.get(key).and_then(|(_, value)| value.text());
            text.map(|text| source.scope.interpolated(text))
        };
        self.name = text(node, "name").or(self.name.take());
        if let Some((_, external)) = node.get("external") {
            // Older files name the resource below `external`.
            self.name = text(external, "name").or(self.name.take());
            self.is_external = external.text().is_none_or(|it| it != "false");
        }
        let pools = node.get("ipam").and_then(|(_, ipam)| ipam.get("config"));
        let pools = pools.map(|(_, pools)| pools.items());
        let subnets = pools.unwrap_or_default().iter();
        self.subnets
            .extend(subnets.filter_map(|it| text(it, "subnet")));
    }

    fn engine_name(&self, key: &str, project: &str) -> String {
        match &self.name {
            Some(name) => name.clone(),
            None if self.is_external => key.to_owned(),
            None => format!("{project}_{key}"),
        }
    }
}
