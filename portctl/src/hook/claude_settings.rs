//! The hooks in the settings of Claude Code.

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use thiserror::Error;

/// The hooks of the plugin, which are those of the settings too.
const HOOKS: &str = include_str!("../../../skill/hooks/hooks.json");

/// Occurs in the command of every hook of portctl.
const COMMAND: &str = "portctl hook claude";

/// The reason why settings cannot be changed.
#[derive(Debug, Error)]
pub(crate) enum SettingsError {
    #[error("it is not JSON: {0}")]
    Invalid(String),
    #[error("`{0}` in it does not have the form that Claude Code reads")]
    Form(String),
}

/// Adds the hooks to settings, or brings them up to date. All other settings stay as they are.
pub(crate) fn with_hooks(settings: &str) -> Result<String, SettingsError> {
    let root = parse(settings)?;
    let object = root
        .object_value_or_create()
        .ok_or_else(|| form("the settings"))?;
    let hooks = object
        .object_value_or_create("hooks")
        .ok_or_else(|| form("hooks"))?;
    let mut is_change = false;
    for (event, groups) in groups() {
        let array = hooks
            .array_value_or_create(event)
            .ok_or_else(|| form(event))?;
        for (group, value) in groups {
            if is_current(&array, group) {
                continue;
            }
            remove_own(&array);
            array.append(value);
            is_change = true;
        }
    }
    if !is_change {
        return Ok(settings.to_owned());
    }
    let mut text = root.to_string();
    if settings.trim().is_empty() {
        text.push('\n');
    }
    Ok(text)
}

/// Removes the hooks. Returns `None` if there are none. Settings without anything else become empty.
pub(crate) fn without_hooks(settings: &str) -> Result<Option<String>, SettingsError> {
    let root = parse(settings)?;
    let object = root.object_value();
    let Some((object, hooks)) = object.and_then(|it| Some((it.clone(), it.object_value("hooks")?)))
    else {
        return Ok(None);
    };
    let mut is_change = false;
    for event in hooks.properties() {
        let Some(array) = event.array_value() else {
            continue;
        };
        if remove_own(&array) {
            is_change = true;
            if array.elements().is_empty() {
                event.remove();
            }
        }
    }
    if !is_change {
        return Ok(None);
    }
    if hooks.properties().is_empty()
        && let Some(property) = object.get("hooks")
    {
        property.remove();
    }
    let is_empty = object.properties().is_empty() && root.children().len() <= 2;
    Ok(Some(if is_empty {
        String::new()
    } else {
        root.to_string()
    }))
}

fn parse(settings: &str) -> Result<CstRootNode, SettingsError> {
    let text = if settings.trim().is_empty() {
        "{}"
    } else {
        settings
    };
    CstRootNode::parse(text, &ParseOptions::default())
        .map_err(|error| SettingsError::Invalid(error.to_string()))
}

fn form(name: &str) -> SettingsError {
    SettingsError::Form(name.to_owned())
}

/// The entries of each event: as text, and as input for settings.
fn groups() -> Vec<(&'static str, Vec<(&'static str, CstInputValue)>)> {
    let parsed = parse_to_ast(HOOKS, &CollectOptions::default(), &ParseOptions::default());
    let Some(Value::Object(root)) = parsed.ok().and_then(|it| it.value) else {
        return Vec::new();
    };
    let Some(hooks) = root.get_object("hooks") else {
        return Vec::new();
    };
    let names = event_names(hooks);
    let groups = names.into_iter().filter_map(|name| {
        let groups = hooks.get_array(name)?.elements.iter();
        let groups = groups.map(|it| (&HOOKS[it.start()..it.end()], input(it)));
        Some((name, groups.collect()))
    });
    groups.collect()
}

/// The names of events, as parts of the text.
fn event_names(hooks: &Object) -> Vec<&'static str> {
    let names = hooks.properties.iter().map(|it| it.name.range());
    // Without the quotes.
    names.map(|it| &HOOKS[it.start + 1..it.end - 1]).collect()
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::StringLit(it) => CstInputValue::String(it.value.to_string()),
        Value::NumberLit(it) => CstInputValue::Number(it.value.to_owned()),
        Value::BooleanLit(it) => CstInputValue::Bool(it.value),
        Value::NullKeyword(_) => CstInputValue::Null,
        Value::Array(it) => CstInputValue::Array(it.elements.iter().map(input).collect()),
        Value::Object(it) => {
            let properties = it.properties.iter();
            let properties = properties.map(|it| (it.name.as_str().to_owned(), input(&it.value)));
            CstInputValue::Object(properties.collect())
        }
    }
}

/// Returns true if an event has this entry, and no other one of portctl.
fn is_current(array: &CstArray, group: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    let groups = array.elements().into_iter();
    let mut own = groups.filter(|it| !own_hooks(it).is_empty());
    let first = own.next().map(|it| it.to_string());
    own.next().is_none() && first.is_some_and(|it| value(&it) == value(group))
}

/// Removes the hooks of portctl from an event. Returns true if there were any. Other hooks beside them stay.
fn remove_own(array: &CstArray) -> bool {
    let mut is_change = false;
    for group in array.elements() {
        let own = own_hooks(&group);
        if own.is_empty() {
            continue;
        }
        is_change = true;
        own.into_iter().for_each(CstNode::remove);
        if hooks(&group).is_empty() {
            group.remove();
        }
    }
    is_change
}

fn hooks(group: &CstNode) -> Vec<CstNode> {
    let hooks = group.as_object().and_then(|it| it.array_value("hooks"));
    hooks.map_or_else(Vec::new, |it| it.elements())
}

/// Returns the hooks of portctl in an entry.
fn own_hooks(group: &CstNode) -> Vec<CstNode> {
    hooks(group).into_iter().filter(is_own).collect()
}

fn is_own(hook: &CstNode) -> bool {
    let command = hook.as_object().and_then(|it: CstObject| it.get("command"));
    let command = command.and_then(|it| it.value()?.as_string_lit());
    command.is_some_and(|it| it.decoded_value().is_ok_and(|it| it.contains(COMMAND)))
}

#[cfg(test)]
mod tests {
    use super::{COMMAND, with_hooks, without_hooks};

    #[test]
    fn hooks_are_added_once_and_leave_no_trace() {
        for settings in [
            "",
            "{\n\t\"z\": 1,\n\t\"a\": [1, 2]\n}\n",
            "{\n  // a comment\n  \"model\": \"x\" // another\n}\n",
            "{\n    \"hooks\": {\n        \"Stop\": []\n    },\n    \"b\": {}\n}",
            "{\r\n  \"b\": 1\r\n}\r\n",
        ] {
            let with = with_hooks(settings).unwrap();
            assert_eq!(with.matches(COMMAND).count(), 2, "{with}");
            assert_eq!(with_hooks(&with).unwrap(), with);
            assert_eq!(without_hooks(&with).unwrap().unwrap(), settings);
        }
    }

    #[test]
    fn hooks_of_others_stay_and_old_ones_are_replaced() {
        let settings = r#"{"hooks": {"SessionStart": [{"hooks": [
            {"type": "command", "command": "mine"},
            {"type": "command", "command": "portctl hook claude --old"}
        ]}]}}"#;
        let with = with_hooks(settings).unwrap();
        assert!(with.contains("mine") && !with.contains("--old"), "{with}");
        assert_eq!(with.matches(COMMAND).count(), 2);
        let without = without_hooks(&with).unwrap().unwrap();
        assert!(without.contains("mine") && !without.contains(COMMAND));
        assert!(without_hooks(&without).unwrap().is_none());
    }

    #[test]
    fn entries_that_only_mention_the_command_are_not_those_of_portctl() {
        let with = with_hooks("").unwrap();
        let mut settings: serde_json::Value = serde_json::from_str(&with).unwrap();
        let entries = settings["hooks"]["SessionStart"].as_array_mut().unwrap();
        entries.push(serde_json::json!({"matcher": COMMAND, "hooks": [{"command": "mine"}]}));
        let settings = settings.to_string();
        // Those of portctl are up to date, so they keep their place.
        assert_eq!(with_hooks(&settings).unwrap(), settings);
    }

    #[test]
    fn settings_of_another_form_are_refused() {
        for settings in [
            "{",
            "[]",
            "3",
            "{\"hooks\": []}",
            "{\"hooks\": {\"SessionStart\": 1}}",
        ] {
            assert!(with_hooks(settings).is_err(), "{settings}");
        }
    }
}
