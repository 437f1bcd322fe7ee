//! A port that a file gives to a service.

use std::path::PathBuf;

use port_registry::Port;
use serde::Serialize;

/// A host port that a file gives to a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FixedPort {
    pub(crate) service: String,
    pub(crate) port: Port,
    /// Path of the file, relative to the same folder as the scanned path.
    pub(crate) file: String,
    /// Line number, counted from 1.
    pub(crate) line: usize,
    pub(crate) kind: FileKind,
    /// The service may not listen on this port.
    pub(crate) guess: bool,
    /// A guess from the default port of the server that the file starts, which names no port.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) implied: bool,
    #[serde(skip)]
    pub(crate) origin: PortOrigin,
}

/// The source of a port, and thereby the ways to change it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PortOrigin {
    /// Variables that set the port: setting any one of them changes it.
    pub(crate) variables: Vec<String>,
    /// The file that the variables are read from, if any.
    pub(crate) env_file: Option<PathBuf>,
    /// The container's port, if the entry maps a range.
    pub(crate) range: Option<u16>,
    /// The entry around the port, if a Compose file publishes it in a fixed way.
    pub(crate) published: Option<FixedEntry>,
    /// The name of the script, if one of a `package.json` sets the port.
    pub(crate) script: Option<String>,
    /// The port is that of a server that does not read `PORT`.
    pub(crate) ignores_port: bool,
}

/// An entry of a Compose file that names a fixed port: the texts before and behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FixedEntry {
    pub(crate) before: String,
    pub(crate) behind: String,
}

/// Format of a file, in order of precedence: earlier formats decide over later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FileKind {
    Compose,
    Procfile,
    Devcontainer,
    Package,
    Dotenv,
}

/// A port that was found, before its file and line are attached.
pub(super) struct PortCandidate {
    pub(super) service: String,
    pub(super) port: Port,
    pub(super) guess: bool,
    pub(super) implied: bool,
    pub(super) origin: PortOrigin,
}
