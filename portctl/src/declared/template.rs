//! Texts with references such as `${db.port}`.

use super::references::{Property, References};
use super::services::DeclaredService;
use crate::suggestion;

/// A text with references to services and labels.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Service(String, Property),
    App,
    Instance,
    InstanceSlug,
}

/// A mistake in a template.
#[derive(Debug)]
pub(super) struct TemplateMistake {
    pub(super) problem: String,
    pub(super) hint: String,
}

impl Template {
    /// Parses a text. `siblings` are the variables of the same table, which cannot be referred to.
    pub(super) fn parse(
        text: &str,
        services: &[DeclaredService],
        siblings: &[&str],
    ) -> Result<Template, TemplateMistake> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            literal += before;
            if let Some(after) = after.strip_prefix('$') {
                literal.push('$');
                rest = after;
                continue;
            }
            let Some(after) = after.strip_prefix('{') else {
                return Err(TemplateMistake {
                    problem: "a `$` that begins no reference".to_owned(),
                    hint: "write `$$` for a dollar, or a reference such as `${db.port}`".to_owned(),
                });
            };
            let Some((name, after)) = after.split_once('}') else {
                return Err(TemplateMistake {
                    problem: format!("`${{{after}` has no `}}`"),
                    hint: "end the reference with `}`, or write `$$` for a dollar".to_owned(),
                });
            };
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            pieces
                .push(reference(name, services).ok_or_else(|| unknown(name, services, siblings))?);
            rest = after;
        }
        literal += rest;
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Template(pieces))
    }

    /// Returns the text with the values of its references. Returns `None` if a service has no port.
    pub(crate) fn render(&self, references: &References) -> Option<String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(literal) => text += literal,
                Piece::Service(name, property) => {
                    text += &references.of_service(name, *property)?;
                }
                Piece::App => text += references.app(),
                Piece::Instance => text += references.instance(),
                Piece::InstanceSlug => text += &references.instance_slug(),
            }
        }
        Some(text)
    }

    /// Returns true if it contains the app or the instance.
    pub(super) fn needs_labels(&self) -> bool {
        let is_label =
            |it: &Piece| matches!(it, Piece::App | Piece::Instance | Piece::InstanceSlug);
        self.0.iter().any(is_label)
    }
}

/// Returns the reference of this name. The last dot separates the property, because services may have dots.
fn reference(name: &str, services: &[DeclaredService]) -> Option<Piece> {
    match name {
        "app" => return Some(Piece::App),
        "instance" => return Some(Piece::Instance),
        "instance.slug" => return Some(Piece::InstanceSlug),
        _ => {}
    }
    let (service, property) = name.rsplit_once('.')?;
    let property = Property::ALL.into_iter().find(|it| it.name() == property)?;
    let is_known = services.iter().any(|it| it.name == service);
    is_known.then(|| Piece::Service(service.to_owned(), property))
}

fn unknown(name: &str, services: &[DeclaredService], siblings: &[&str]) -> TemplateMistake {
    let problem = format!("unknown reference `${{{name}}}`");
    let hint = if siblings.contains(&name) {
        "variables cannot refer to each other; write out its value".to_owned()
    } else {
        let of_services = services.iter();
        let of_services = of_services
            .flat_map(|service| Property::ALL.map(|it| format!("{}.{}", service.name, it.name())));
        let labels = ["app", "instance", "instance.slug"].map(str::to_owned);
        let known: Vec<String> = of_services.chain(labels).collect();
        match suggestion::closest(name, known.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `${{{meant}}}`?"),
            None => "a reference is the `.port`, `.url` or `.host` of a service in [services], or `${app}`, `${instance}` or `${instance.slug}`; `$$` is a dollar".to_owned(),
        }
    };
    TemplateMistake { problem, hint }
}
