//! Notes about command lines that are left alone.

use port_registry::Port;

use super::line::Place;
use crate::programs::PortSetting;

/// A line that gets its port from the environment.
const EXAMPLE: &str = "vite --port ${PORT:-5173} --strictPort";

fn subject(place: Place) -> String {
    match place {
        Place::Typed | Place::Shell => "the command".to_owned(),
        Place::Script(name) => format!("script `{name}`"),
    }
}

/// The line sets another port itself.
pub(super) fn other_port(place: Place, setting: PortSetting, port: Port) -> String {
    let (text, subject) = (setting.text, subject(place));
    let in_place = match (place, setting.port) {
        (Place::Typed | Place::Shell, _) => "{port}".to_owned(),
        (Place::Script(_), Some(other)) => format!("${{PORT:-{other}}}"),
        (Place::Script(_), None) => "$PORT".to_owned(),
    };
    let host = match text.rsplit_once(':') {
        Some((host, _)) if setting.port.is_some() => format!("{host}:"),
        _ => String::new(),
    };
    let named = match setting.port {
        Some(other) => format!("port {other}"),
        None => format!("`{text}` as its port"),
    };
    format!(
        "{subject} names {named} itself, so it may not listen on {port}: write `{host}{in_place}` there"
    )
}

/// The runner takes the flag for itself.
pub(super) fn swallowed(runner: &str, flag: &str) -> String {
    format!(
        "{runner} takes `{flag}` for itself, so the program does not get it: write its arguments behind a --, or none \
         and let portctl add them"
    )
}

/// Words cannot be added to the line, or would reach another command of it.
pub(super) fn compound(place: Place, port: Port, advice: &str) -> String {
    let reason = match place {
        Place::Typed => "the command starts several programs".to_owned(),
        Place::Shell => "the command is a line for a shell".to_owned(),
        Place::Script(name) => format!("script `{name}` is more than one plain command"),
    };
    format!("{reason}, so its server was not given port {port}: write `{advice}` in it")
}

/// The versions of yarn pass words to an npm in the script in different ways.
pub(super) fn inner_npm(place: Place, port: Port, advice: &str) -> String {
    let subject = subject(place);
    format!("yarn cannot hand port {port} to the npm in {subject}: write `{advice}` in it")
}

/// A program starts several others.
pub(super) fn several(runner: &str, port: Port) -> String {
    let passing = match runner {
        // Others hand on all variables.
        "turbo" => ", and list PORT in `globalPassThroughEnv` of turbo.json",
        _ => "",
    };
    format!(
        "{runner} starts programs that portctl does not see, so one that ignores PORT does not get port {port}: write it \
         where that is started, as in `{EXAMPLE}`{passing}"
    )
}

/// A package manager runs scripts of other packages.
pub(super) fn other_packages(runner: &str, port: Port) -> String {
    format!(
        "{runner} runs scripts of other packages, so one that ignores PORT does not get port {port}: run this in the \
         package's folder, or write the port in its script, as in `{EXAMPLE}`"
    )
}

/// The command line has a form that is not understood.
pub(super) fn unknown(runner: &str, port: Port) -> String {
    format!(
        "portctl does not know this form of {runner}, so a server that ignores PORT does not get port {port}: write it \
         where that is started, as in `{EXAMPLE}`"
    )
}

/// The way of `yarn exec` to pass flags on differs by its version.
pub(super) fn yarn_exec(port: Port) -> String {
    format!("yarn exec cannot hand port {port} to its program: write `yarn run` in its place")
}

/// Nothing keeps the program from another port.
pub(super) fn moves(program: &str) -> String {
    format!("{program} may move to another port: read the address that it prints")
}
