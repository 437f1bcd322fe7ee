//! The entries of `include` in a Compose file.

use crate::scan::yaml::YamlNode;

/// An entry of `include`, not interpolated.
#[derive(Debug)]
pub(super) struct Include {
    pub(super) line: usize,
    /// Files that are merged.
    pub(super) paths: Vec<String>,
    pub(super) project_directory: Option<String>,
    pub(super) env_files: Vec<String>,
}

impl Include {
    /// Reads the entries of a file's `include`.
    pub(super) fn all_of(document: &YamlNode) -> Vec<Include> {
        let items = document.get("include").map(|(_, include)| include.items());
        items.unwrap_or_default().iter().map(Include::of).collect()
    }

    fn of(item: &YamlNode) -> Include {
        let value = |key: &str| item.get(key).map(|(_, value)| value);
        let project_directory = value("project_directory").and_then(YamlNode::text);
        Include {
            line: item.line,
            paths: texts(value("path").unwrap_or(item)),
            project_directory: project_directory.map(str::to_owned),
            env_files: value("env_file").map(texts).unwrap_or_default(),
        }
    }
}

/// Returns a text, or those of a list.
fn texts(item: &YamlNode) -> Vec<String> {
    let items = item.items().iter().filter_map(YamlNode::text);
    items.chain(item.text()).map(str::to_owned).collect()
}

/// Returns true for a path that Compose fetches from elsewhere.
pub(super) fn is_remote(path: &str) -> bool {
    let is_fetched = |start: &str| path.starts_with(start);
    path.contains("://") || ["git@", "oci:", "github.com/"].into_iter().any(is_fetched)
}
