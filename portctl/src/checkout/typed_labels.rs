//! The labels that a user typed.

use port_registry::{APP_VARIABLE, Filter, INSTANCE_VARIABLE, ServiceKey, label_variable};

use crate::command_error::CommandError;
use crate::report::Report;

/// The app and the instance that a user typed, by a flag or an environment variable. A flag comes first.
#[derive(Clone, Debug)]
pub(crate) struct TypedLabels {
    app: Option<Label>,
    instance: Option<Label>,
}

/// A typed name, and the environment variable that it is from.
#[derive(Clone, Debug)]
struct Label {
    name: String,
    variable: Option<&'static str>,
}

impl TypedLabels {
    /// Takes the values of the flags, and reads the variables.
    ///
    /// # Errors
    ///
    /// Fails if a name is invalid. It would match nothing, and most likely comes from an unset variable of a script.
    pub(crate) fn new(
        app: Option<String>,
        instance: Option<String>,
    ) -> Result<TypedLabels, CommandError> {
        let typed = TypedLabels {
            app: label(app, APP_VARIABLE),
            instance: label(instance, INSTANCE_VARIABLE),
        };
        let name = |label: &Option<Label>| {
            label
                .as_ref()
                .map_or("any".to_owned(), |it| it.name.clone())
        };
        match ServiceKey::new(name(&typed.app), name(&typed.instance), "any") {
            Ok(_) => Ok(typed),
            Err(error) => {
                let label = match error.field() {
                    "app" => &typed.app,
                    _ => &typed.instance,
                };
                Err(match label.as_ref().and_then(|it| it.variable) {
                    Some(variable) => Report::new(format!("{variable}: {error}"))
                        .hint(format!("correct it, or `unset {variable}`"))
                        .into(),
                    None => CommandError::usage(error.to_string()),
                })
            }
        }
    }

    /// Returns only the labels that flags typed.
    pub(crate) fn of_flags(self) -> TypedLabels {
        let is_flag = |it: &Label| it.variable.is_none();
        TypedLabels {
            app: self.app.filter(is_flag),
            instance: self.instance.filter(is_flag),
        }
    }

    /// Returns the typed app.
    pub(crate) fn app(&self) -> Option<&str> {
        Some(self.app.as_ref()?.name.trim())
    }

    /// Returns the typed instance.
    pub(crate) fn instance(&self) -> Option<&str> {
        Some(self.instance.as_ref()?.name.trim())
    }

    /// Returns true if one of the two was typed.
    pub(crate) fn are_given(&self) -> bool {
        self.app.is_some() || self.instance.is_some()
    }

    /// Makes a filter for those that were typed.
    pub(crate) fn filter(&self) -> Filter {
        let mut filter = Filter::new();
        if let Some(app) = self.app() {
            filter = filter.with_app(app);
        }
        if let Some(instance) = self.instance() {
            filter = filter.with_instance(instance);
        }
        filter
    }

    /// Returns the environment variable that one of them is from, with its value.
    pub(crate) fn variable(&self) -> Option<(&'static str, &str)> {
        let labels = [&self.instance, &self.app];
        labels
            .into_iter()
            .flatten()
            .find_map(|it| Some((it.variable?, it.name.as_str())))
    }
}

fn label(flag: Option<String>, variable: &'static str) -> Option<Label> {
    if let Some(name) = flag {
        let variable = None;
        return Some(Label { name, variable });
    }
    let name = label_variable(variable)?;
    let variable = Some(variable);
    Some(Label { name, variable })
}
