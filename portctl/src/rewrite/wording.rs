//! Notes about command lines that are left alone.

use port_registry::Port;

use super::line::Place;
use super::target::Target;
use crate::programs::PortSetting;

fn subject(place: Place) -> String {
    match place {
        Place::Typed | Place::Shell => "the command".to_owned(),
        Place::Script(script) => format!("script `{}`", script.name),
    }
}

/// The line sets another port itself.
pub(super) fn other_port(place: Place, setting: PortSetting, target: Target) -> String {
    let (text, subject, port) = (setting.text, subject(place), target.port);
    let in_place = target.reference(place, setting.port.map(Port::get));
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
pub(super) fn compound(place: Place, target: Target, advice: &str) -> String {
    let reason = match place {
        Place::Typed => "the command starts several programs".to_owned(),
        Place::Shell => "the command is a line for a shell".to_owned(),
        Place::Script(script) => format!("script `{}` is more than one plain command", script.name),
    };
    let port = target.port;
    format!("{reason}, so its server was not given port {port}: write `{advice}` in it")
}

/// The versions of yarn pass words to an npm in the script in different ways.
pub(super) fn inner_npm(place: Place, target: Target, advice: &str) -> String {
    let (subject, port) = (subject(place), target.port);
    format!("yarn cannot hand port {port} to the npm in {subject}: write `{advice}` in it")
}

/// A program starts several others.
pub(super) fn several(runner: &str, target: Target) -> String {
    let (port, example) = (target.port, target.example());
    let passing = match runner {
        // turborepo.dev/docs/crafting-your-repository/using-environment-variables, "Strict Mode". Others hand on all variables.
        "turbo" => {
            let own = match target.variable {
                name if name == "PORT" || name.ends_with("_PORT") => String::new(),
                name => format!(", \"{name}\""),
            };
            format!(
                "; and let it hand the variables on, by `\"globalPassThroughEnv\": [\"PORT\", \"*_PORT\"{own}]` in turbo.json"
            )
        }
        _ => String::new(),
    };
    format!(
        "{runner} starts programs that portctl does not see, so one that ignores PORT does not get port {port}: write it \
         where that is started, as in `{example}`{passing}"
    )
}

/// A package manager runs scripts of other packages.
pub(super) fn other_packages(runner: &str, target: Target) -> String {
    let (port, example, variables) = (target.port, target.example(), target.variables());
    format!(
        "{runner} runs scripts of other packages, which get port {port} as {variables} alone: for a server that ignores PORT, \
         such as Vite, run this in the package's folder, or write the port in its script, as in `{example}`"
    )
}

/// The command line has a form that is not understood.
pub(super) fn unknown(runner: &str, target: Target) -> String {
    let (port, example) = (target.port, target.example());
    format!(
        "portctl does not know this form of {runner}, so a server that ignores PORT does not get port {port}: write it \
         where that is started, as in `{example}`"
    )
}

/// The way of `yarn exec` to pass flags on differs by its version.
pub(super) fn yarn_exec(target: Target) -> String {
    let port = target.port;
    format!("yarn exec cannot hand port {port} to its program: write `yarn run` in its place")
}

/// Nothing keeps the program from another port.
pub(super) fn moves(program: &str) -> String {
    format!("{program} may move to another port: read the address that it prints")
}
