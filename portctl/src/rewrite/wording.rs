//! Notes about command lines that are left alone.

use port_registry::Port;

use super::line::Place;
use crate::programs::PortSetting;

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
        (Place::Typed, _) => "{port}".to_owned(),
        (Place::Shell | Place::Script(_), Some(other)) => format!("${{PORT:-{other}}}"),
        (Place::Shell | Place::Script(_), None) => "$PORT".to_owned(),
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
    let subject = subject(place);
    let where_ = match place {
        Place::Typed | Place::Shell => "",
        Place::Script(_) => " in it",
    };
    format!(
        "{subject} is more than one plain command, so its server was not given port {port}: write `{advice}`{where_}"
    )
}

/// The versions of yarn pass words to an npm in the script in different ways.
pub(super) fn inner_npm(place: Place, port: Port, advice: &str) -> String {
    let subject = subject(place);
    format!("yarn cannot hand port {port} to the npm in {subject}: write `{advice}` in it")
}

/// A program starts several others.
pub(super) fn several(runner: &str, port: Port) -> String {
    format!(
        "{runner} starts programs that portctl does not see, so none was given port {port}: name it in the script of \
         the one that serves, as in `vite --port ${{PORT:-5173}} --strictPort`"
    )
}

/// A package manager runs scripts of other packages.
pub(super) fn other_packages(runner: &str, port: Port) -> String {
    format!(
        "{runner} runs scripts of other packages, so none was given port {port}: run it in the package's folder, or \
         name the port in its script, as in `vite --port ${{PORT:-5173}} --strictPort`"
    )
}

/// Nothing keeps the program from another port.
pub(super) fn moves(program: &str, port: Port) -> String {
    format!(
        "{program} moves to another port if {port} is taken when it starts: read the address that it prints"
    )
}
