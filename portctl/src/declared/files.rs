//! The table `[files]`.

use std::path::{Component, Path, PathBuf};

use toml::de::DeValue;

use super::computed::{self, ComputedVariable};
use super::document::{Document, Entry};
use super::names::OwnedNames;
use super::services::DeclaredService;
use crate::report::Report;
use crate::suggestion;

/// The word for all variables.
const ALL: &str = "all";

/// The name of the project file.
pub(crate) const PROJECT_FILE: &str = "portctl.toml";

/// A file that `portctl sync` keeps.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DeclaredFile {
    /// The path below the root, in its shortest form.
    pub(crate) path: PathBuf,
    pub(crate) content: FileContent,
    pub(crate) line: usize,
}

/// The variables of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FileContent {
    /// All variables of the checkout.
    All,
    /// Those of these names.
    Names(Vec<String>),
    /// Only these, which other files do not have.
    Computed(Vec<ComputedVariable>),
}

/// Reads the files. `is_known` accepts the names of variables.
pub(super) fn read(
    document: &Document,
    entries: &[Entry],
    services: &[DeclaredService],
    names: &OwnedNames,
    is_known: &dyn Fn(&str) -> bool,
) -> Result<Vec<DeclaredFile>, Report> {
    let mut files: Vec<DeclaredFile> = Vec::with_capacity(entries.len());
    for entry in entries {
        let path = path(document, entry)?;
        let line = entry.line;
        if let Some(other) = files.iter().find(|it| it.path == path) {
            let problem = format!("`{}` is on line {} already", entry.key, other.line);
            return Err(document.problem(line, problem).hint("remove one of them"));
        }
        let content = content(document, entry, services, names, is_known)?;
        files.push(DeclaredFile {
            path,
            content,
            line,
        });
    }
    Ok(files)
}

fn path(document: &Document, entry: &Entry) -> Result<PathBuf, Report> {
    let (line, key) = (entry.line, entry.key);
    let refuse = |problem: &str| {
        let report = document.problem(line, format!("`{key}` {problem}"));
        Err(report.hint("name a file below this one's folder, as in `\"apps/web/.env\" = \"all\"`"))
    };
    if key.trim().is_empty() || key.ends_with('/') {
        return refuse("names no file");
    }
    if key.chars().any(char::is_control) {
        return refuse("has a control character");
    }
    let mut path = PathBuf::new();
    for component in Path::new(key).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => return refuse("leads out of a folder"),
            Component::RootDir | Component::Prefix(_) => return refuse("is an absolute path"),
        }
    }
    if path.as_os_str().is_empty() {
        return refuse("names no file");
    }
    if path == Path::new(PROJECT_FILE) {
        return refuse("is this file itself");
    }
    Ok(path)
}

fn content(
    document: &Document,
    entry: &Entry,
    services: &[DeclaredService],
    names: &OwnedNames,
    is_known: &dyn Fn(&str) -> bool,
) -> Result<FileContent, Report> {
    let (line, key) = (entry.line, entry.key);
    match entry.value {
        DeValue::String(word) if word == ALL => Ok(FileContent::All),
        DeValue::Array(listed) => {
            let mut found: Vec<String> = Vec::with_capacity(listed.len());
            for (line, name) in document.elements(listed) {
                let Some(name) = name.as_str() else {
                    return Err(mistake(document, line, key));
                };
                if !is_known(name) {
                    return Err(unknown(document, line, name, names));
                }
                if found.iter().any(|it| it == name) {
                    let problem = format!("`{key}` lists {name} twice");
                    return Err(document.problem(line, problem).hint("remove one of them"));
                }
                found.push(name.to_owned());
            }
            Ok(FileContent::Names(found))
        }
        DeValue::Table(table) => {
            let entries = document.entries(table);
            let place = format!("files.\"{key}\"");
            let variables = computed::read(document, &place, &entries, services)?;
            Ok(FileContent::Computed(variables))
        }
        _ => Err(mistake(document, line, key)),
    }
}

fn mistake(document: &Document, line: usize, key: &str) -> Report {
    let problem = format!(
        "`{key}` must be \"all\", a list of variables, or a table of variables and their values"
    );
    let example = "as in `\".env\" = \"all\"`, `\".env\" = [\"WEB_PORT\"]` or `\".env\" = { PORT = \"${web.port}\" }`";
    document.problem(line, problem).hint(example)
}

fn unknown(document: &Document, line: usize, name: &str, names: &OwnedNames) -> Report {
    let report = document.problem(
        line,
        format!("no service and no [env] has the variable `{name}`"),
    );
    report.hint(match suggestion::closest(name, names.iter()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "add it to [env], or to the `env` of a service".to_owned(),
    })
}
