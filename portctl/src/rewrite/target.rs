//! The port that a command line is to get.

use port_registry::Port;

use super::line::Place;
use super::plan::PORT;

/// The port of a server, and its service's variable. Unlike `PORT`, a line may name it for one of several servers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) port: Port,
    pub(crate) variable: &'a str,
}

impl Target<'_> {
    /// Returns the text that stands for the port in a place. The user's shell would replace a variable in a typed line, so it
    /// has the placeholder of `run`.
    pub(super) fn reference(self, place: Place, default: Option<u16>) -> String {
        let variable = self.variable;
        match (place, default) {
            (Place::Typed | Place::Shell, _) => PORT.to_owned(),
            (Place::Script(_), Some(default)) => format!("${{{variable}:-{default}}}"),
            (Place::Script(_), None) => format!("${variable}"),
        }
    }

    /// Returns a line that gets its port from the environment.
    pub(super) fn example(self) -> String {
        format!("vite --port ${{{}:-5173}} --strictPort", self.variable)
    }

    /// Returns the names of the variables with the port.
    pub(super) fn variables(self) -> String {
        match self.variable {
            "PORT" => "PORT".to_owned(),
            own => format!("PORT and {own}"),
        }
    }

    /// Accepts a text that refers to a variable with the port.
    pub(super) fn is_named_by(self, text: &str) -> bool {
        ["PORT", self.variable]
            .iter()
            .any(|name| refers_to(text, name))
    }
}

/// Accepts `$NAME`, `${NAME:-3000}` and the like, but not `$NAME_OF_ANOTHER`.
fn refers_to(text: &str, name: &str) -> bool {
    ["$", "${"].iter().any(|start| {
        let start = format!("{start}{name}");
        let rest = text.split_once(&start).map(|(_, rest)| rest);
        rest.is_some_and(|it| !it.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })
}
