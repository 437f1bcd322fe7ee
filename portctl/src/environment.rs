//! The environment variables that portctl reads. The library reads those of the store, and of the app and the instance.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use thiserror::Error;

use crate::address::{Address, AddressError};

/// The environment variable that names the daemon to talk to.
pub(crate) const ADDRESS_VARIABLE: &str = "PORT_REGISTRY_ADDR";

/// The environment variable in which `portctl run`, and `env` for a shell, list the variables that they set, so that a later `run`
/// removes them.
pub(crate) const NAMES_VARIABLE: &str = "PORT_REGISTRY_VARS";

/// The environment variable that names the user's browsers, as for xdg-open(1).
pub(crate) const BROWSER_VARIABLE: &str = "BROWSER";

/// The variable that names a daemon has a value that is not an address.
#[derive(Debug, Error)]
#[error("{ADDRESS_VARIABLE}={} cannot be used: {error}", value.display())]
pub(crate) struct InvalidAddress {
    value: OsString,
    error: AddressError,
}

/// The variables by which Docker Compose finds the files of a project.
#[derive(Clone, Debug, Default)]
pub(crate) struct ComposeVariables {
    pub(crate) file: Option<OsString>,
    pub(crate) path_separator: Option<OsString>,
    pub(crate) env_files: Option<OsString>,
    pub(crate) disable_env_file: Option<OsString>,
    pub(crate) project_name: Option<OsString>,
}

/// The variables by which docker finds its engine.
#[derive(Clone, Debug, Default)]
pub(crate) struct EngineVariables {
    pub(crate) host: Option<OsString>,
    pub(crate) context: Option<OsString>,
    /// The folder of docker's settings, in place of the one in the home folder.
    pub(crate) config: Option<OsString>,
}

/// Reads the variables of Docker Compose.
pub(crate) fn compose() -> ComposeVariables {
    ComposeVariables {
        file: variable("COMPOSE_FILE"),
        path_separator: variable("COMPOSE_PATH_SEPARATOR"),
        env_files: variable("COMPOSE_ENV_FILES"),
        disable_env_file: variable("COMPOSE_DISABLE_ENV_FILE"),
        project_name: variable("COMPOSE_PROJECT_NAME"),
    }
}

/// Reads the variables of docker.
pub(crate) fn engine() -> EngineVariables {
    EngineVariables {
        host: variable("DOCKER_HOST"),
        context: variable("DOCKER_CONTEXT"),
        config: variable("DOCKER_CONFIG"),
    }
}

/// The current folder by the links that the shell followed. Returns `None` if the shell does not say.
pub(crate) fn shell_folder() -> Option<PathBuf> {
    let folder = PathBuf::from(variable("PWD")?);
    let is_current = folder.is_absolute()
        && folder
            .canonicalize()
            .is_ok_and(|it| env::current_dir().is_ok_and(|current| current == it));
    is_current.then_some(folder)
}

/// Reads the address of the daemon to use. Returns `None` if the environment names no daemon.
pub(crate) fn address() -> Result<Option<Address>, InvalidAddress> {
    let Some(value) = variable(ADDRESS_VARIABLE) else {
        return Ok(None);
    };
    match Address::parse(&value) {
        Ok(address) => Ok(Some(address)),
        Err(error) => Err(InvalidAddress { value, error }),
    }
}

/// Returns true if the environment names a daemon, even by an address that is not valid.
pub(crate) fn is_address_named() -> bool {
    variable(ADDRESS_VARIABLE).is_some()
}

/// The home folder. Returns `None` unless it is an absolute path.
pub(crate) fn home() -> Option<PathBuf> {
    env::home_dir().filter(|home| home.is_absolute())
}

/// The folders in which programs are searched.
pub(crate) fn path() -> Vec<PathBuf> {
    variable("PATH").map_or_else(Vec::new, |path| env::split_paths(&path).collect())
}

/// The browsers that the user prefers, as a list of command lines.
pub(crate) fn browsers() -> Option<String> {
    Some(variable(BROWSER_VARIABLE)?.to_string_lossy().into_owned())
}

/// Returns true if text should be coloured on a stream that is, or is not, a terminal
/// (<https://no-color.org>, <https://bixense.com/clicolors>).
pub(crate) fn wants_colour(is_terminal: bool) -> bool {
    let is_on = |name| variable(name).map(|value| value != "0");
    if variable("NO_COLOR").is_some() {
        false
    } else if is_on("CLICOLOR_FORCE") == Some(true) {
        true
    } else {
        is_terminal
            && is_on("CLICOLOR") != Some(false)
            && variable("TERM").is_none_or(|it| it != "dumb")
    }
}

/// All variables that are valid UTF-8.
pub(crate) fn all() -> BTreeMap<String, String> {
    let variables = env::vars_os()
        .map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    variables.flatten().collect()
}

/// Returns true if a variable is set, even to an empty value.
pub(crate) fn is_set(name: &str) -> bool {
    env::var_os(name).is_some()
}

/// Reads a variable. An empty value counts as not set.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
