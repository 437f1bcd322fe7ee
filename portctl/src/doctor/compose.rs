//! Checks the overrides of `portctl compose` that a `COMPOSE_FILE` names, because Compose fails with one that is stale.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use port_registry::{Allocation, Checkout};

use super::finding::{Finding, Issue};
use crate::checkout::current_folder;
use crate::compose::compose_folder::ComposeFolder;
use crate::compose::env_value::value_in_file;
use crate::compose::files::{ComposeFiles, SEPARATOR};
use crate::compose::model::{Model, ModelPort};
use crate::compose::name_source::PROJECT_NAME_VARIABLE;
use crate::compose::program::{NEEDED, NamedVersion, Program};
use crate::compose::record::Record;
use crate::env_file::{env_files, read_small};
use crate::environment;
use crate::scan::{ComposeOutline, ModelFiles, read_model, value_of};

const CHECK: &str = "compose";

const FILES_VARIABLE: &str = "COMPOSE_FILE";
const SEPARATOR_VARIABLE: &str = "COMPOSE_PATH_SEPARATOR";

/// The source of variables that are in no file.
const ENVIRONMENT: &str = "the environment";

/// The most files of a `COMPOSE_FILE` that are looked at.
const MAX_FILES: usize = 100;

/// Checks the environment and the env files of the checkout that the current folder is in.
pub(super) fn check(allocations: Option<&[Allocation]>) -> Finding {
    let Some(overrides) = NamedOverride::find() else {
        return Finding::ok(CHECK, "not checked, because this checkout is unknown");
    };
    let issues: Vec<Issue> = overrides
        .iter()
        .filter_map(|it| it.issue(allocations))
        .collect();
    let summary = match overrides.len() {
        0 => "no COMPOSE_FILE names an override of portctl's",
        _ => "COMPOSE_FILE names an override of portctl's",
    };
    let finding = Finding::ok(CHECK, summary).with_all(issues);
    if !current_folder().is_ok_and(|it| ComposeFiles::exist_at(&it)) {
        return finding;
    }
    match Program::newest_version() {
        None => finding.detail(
            "there is no Docker Compose on the PATH, so `portctl compose` can only --print",
        ),
        Some(NamedVersion { name, version }) if version < NEEDED => finding.with(
            Issue::warning(format!(
                "{name} {version} cannot take other ports than those of its files"
            ))
            .hint(format!("update Docker Compose to {NEEDED} or later")),
        ),
        Some(_) => finding,
    }
}

/// An override of portctl's that a `COMPOSE_FILE` names.
#[derive(Debug)]
struct NamedOverride {
    /// The env file, or the environment.
    source: String,
    path: PathBuf,
    /// The other files that it names.
    files: Vec<PathBuf>,
    /// The root of the checkout.
    root: PathBuf,
    /// The checkout is a linked worktree, which leaves the usual ports to others.
    is_linked: bool,
    /// The project that the override was made for.
    owner: Option<Record>,
    /// The variable that names the project, with its place. Compose prefers it to the override's name.
    project_name: Option<(String, String)>,
}

impl NamedOverride {
    /// Finds all. Returns `None` if there is no checkout, or no place for overrides.
    fn find() -> Option<Vec<NamedOverride>> {
        let current = current_folder().ok()?;
        let checkout = Checkout::open(&current).ok()?;
        let (root, is_linked) = (checkout.root().to_owned(), checkout.is_linked_worktree());
        let folder = ComposeFolder::open().ok()?;
        let records = folder.records();
        let variables = environment::all();
        let mut found = Vec::new();
        let own_name = variables.get(PROJECT_NAME_VARIABLE);
        let own_name = own_name.filter(|it| !it.is_empty());
        let name_with = |file: &Path| {
            let of_environment = own_name.map(|it| (it.clone(), ENVIRONMENT.to_owned()));
            of_environment.or_else(|| {
                let name = value_in_file(file, &variables, PROJECT_NAME_VARIABLE)?;
                Some((name, file.display().to_string()))
            })
        };
        let mut add = |source: String, file: &Path, list: &str, separator: Option<&str>| {
            let base = file.parent().unwrap_or(&root);
            let separator = separator.filter(|it| !it.is_empty()).unwrap_or(SEPARATOR);
            let paths = list
                .split(separator)
                .take(MAX_FILES)
                .map(|it| base.join(it));
            let (overrides, files): (Vec<PathBuf>, Vec<PathBuf>) =
                paths.partition(|it| folder.is_override(it));
            found.extend(overrides.into_iter().map(|path| NamedOverride {
                source: source.clone(),
                owner: folder.owner_of(&path),
                path,
                files: files.clone(),
                root: root.clone(),
                is_linked,
                project_name: name_with(file),
            }));
        };
        let separator = variables.get(SEPARATOR_VARIABLE).map(String::as_str);
        if let Some(list) = variables.get(FILES_VARIABLE) {
            add(
                ENVIRONMENT.to_owned(),
                &current.join(".env"),
                list,
                separator,
            );
        }
        let own = records.iter().filter(|it| is_root(&it.checkout, &root));
        let mut folders: BTreeSet<&Path> = own.map(|it| &*it.folder).collect();
        folders.extend([&*root, &*current]);
        for file in folders.into_iter().flat_map(env_files) {
            let text = read_small(&file).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let value = |name| value_of(&text, &BTreeMap::new(), name);
            if let Some(list) = value(FILES_VARIABLE) {
                let own = value(SEPARATOR_VARIABLE);
                let separator = own.as_deref().or(separator);
                add(file.display().to_string(), &file, &list, separator);
            }
        }
        Some(found)
    }

    fn issue(&self, allocations: Option<&[Allocation]>) -> Option<Issue> {
        let source = &self.source;
        let path = self.path.display();
        let named = format!("{FILES_VARIABLE} in {source} names {path}");
        let owner = self.owner.as_ref();
        if let Some(other) = owner.filter(|it| !is_root(&it.checkout, &self.root)) {
            let other = other.checkout.display();
            let line = format!("{named}, the override of another checkout, {other}");
            return Some(Issue::problem(line).hint(format!(
                "remove the {FILES_VARIABLE} line from {source}; then `portctl compose --print` here shows this \
                 checkout's lines"
            )));
        }
        let stale =
            |reason: &str| Issue::problem(format!("{named}, {reason}")).hint(self.renewal());
        let Ok(text) = read_small(&self.path) else {
            return Some(stale("which is gone or cannot be read"));
        };
        let Some(outline) = ComposeOutline::of(&String::from_utf8_lossy(&text)) else {
            return Some(stale("which is not what portctl wrote"));
        };
        if let (Some(name), Some((other, place))) = (&outline.name, &self.project_name)
            && name != other
        {
            let line = format!(
                "{named}, whose project {name} loses to {PROJECT_NAME_VARIABLE}={other} in {place}"
            );
            return Some(Issue::problem(line).hint(if place == ENVIRONMENT {
                format!("unset {PROJECT_NAME_VARIABLE}, or set it to {name}")
            } else {
                format!("write {PROJECT_NAME_VARIABLE}={name} to {place} instead")
            }));
        }
        let missing = self.missing_services(&outline);
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Some(stale(&format!(
                "whose services are no longer in the other files: {missing}"
            )));
        }
        let own = allocations?.iter().filter(|it| {
            let dir = it.dir.as_deref();
            dir.is_some_and(|dir| is_root(dir, &self.root))
        });
        let ports: BTreeSet<String> = own.map(|it| it.port.to_string()).collect();
        let published = outline.services.values().flatten();
        // A range may be one that stays as it is in the files.
        let published = published.filter(|it| it.parse::<u16>().is_ok());
        let other: Vec<&str> = published
            .filter(|it| !ports.contains(*it))
            .map(String::as_str)
            .collect();
        let text = || {
            format!(
                "which has ports that this checkout does not have now: {}",
                other.join(", ")
            )
        };
        if !other.is_empty() {
            return Some(stale(&text()));
        }
        let lacking = self.services_without_ports(&outline, &ports);
        (!lacking.is_empty()).then(|| {
            let lacking = lacking.join(", ");
            stale(&format!(
                "which leaves services of this worktree on the usual ports: {lacking}"
            ))
        })
    }

    /// Lists the services with ports that are not this worktree's, and for which the override has no others.
    fn services_without_ports(
        &self,
        outline: &ComposeOutline,
        own: &BTreeSet<String>,
    ) -> Vec<String> {
        let Some(model) = self.model().filter(|_| self.is_linked) else {
            return Vec::new();
        };
        let is_other = |it: &ModelPort| {
            let is_fixed = it.published.parse().is_ok_and(|it: u16| it > 0);
            is_fixed
                && it.protocol != "udp"
                && it.protocol != "sctp"
                && !own.contains(&it.published)
        };
        let mut lacking = model.services;
        lacking.retain(|it| {
            let has_none = outline.services.get(&it.name).is_none_or(Vec::is_empty);
            has_none && it.ports.iter().any(is_other)
        });
        lacking.into_iter().map(|it| it.name).collect()
    }

    /// Lists the services that are in the override alone.
    fn missing_services(&self, outline: &ComposeOutline) -> Vec<String> {
        let Some(model) = self.model() else {
            return Vec::new();
        };
        let known: BTreeSet<String> = model.services.into_iter().map(|it| it.name).collect();
        let services = outline.services.keys();
        services
            .filter(|it| !known.contains(*it))
            .cloned()
            .collect()
    }

    /// Reads the other files. Returns `None` if not all of their services are known.
    fn model(&self) -> Option<Model> {
        let [first, ..] = &*self.files else {
            return None;
        };
        let project_folder = first.parent().unwrap_or(&self.root);
        let mut env_files = vec![project_folder.join(".env")];
        env_files.retain(|it| it.is_file());
        let (model, notes) = read_model(ModelFiles {
            files: &self.files,
            env_files: &env_files,
            project_folder,
            environment: &environment::all(),
        });
        (!model.services.is_empty() && notes.is_empty()).then_some(model)
    }

    fn renewal(&self) -> String {
        let place = match &self.owner {
            Some(owner) => owner.folder.display(),
            None => self.root.display(),
        };
        format!(
            "in {place}, `portctl compose --print` writes it anew; or remove {FILES_VARIABLE} from {}",
            self.source
        )
    }
}

/// Tests if a recorded checkout is the one with this root.
fn is_root(recorded: &Path, root: &Path) -> bool {
    recorded == root || recorded.canonicalize().is_ok_and(|it| it == root)
}
