//! Records of Compose projects, as `portctl compose` leaves them in the home folder.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use port_registry::daemon::{fnv_hash, replace_private};
use serde_json::json;
use test_support::Sandbox;

/// Returns the folder of the records.
pub(crate) fn folder(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(".port-registry/compose")
}

/// Records a project whose folder is the root of its checkout. Returns the path of its override, which is not written.
pub(crate) fn record(sandbox: &Sandbox, checkout: &Path, project: &str) -> PathBuf {
    let path = checkout.to_str().unwrap();
    let name = checkout.file_name().and_then(OsStr::to_str).unwrap();
    let hash = fnv_hash(format!("{path}\0{path}").as_bytes());
    let key = format!("{name}-{hash:016x}");
    let record = json!({
        "checkout": path, "folder": path, "project": project, "own_name": project, "services": [], "told": [],
    });
    let folder = folder(sandbox);
    let file = folder.join(format!("{key}.json"));
    replace_private(&file, record.to_string().as_bytes()).unwrap();
    folder.join(format!("{key}-{:016x}.yaml", fnv_hash(b"files")))
}
