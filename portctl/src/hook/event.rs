//! The events that Claude Code sends to its hooks.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The events to whose hooks Claude Code lets a hook add context, among those that `install` adds.
const EVENTS: [&str; 2] = ["SessionStart", "PostToolUse"];

/// An event, as far as it counts here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Event {
    hook_event_name: String,
    tool_name: String,
    cwd: PathBuf,
    tool_response: serde_json::Value,
}

impl Event {
    /// Parses an event. Returns `None` if it is none to answer.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Event> {
        let event: Event = serde_json::from_slice(bytes).ok()?;
        let is_known = EVENTS.contains(&&*event.hook_event_name);
        is_known.then_some(event)
    }

    pub(crate) fn name(&self) -> &str {
        &self.hook_event_name
    }

    /// The folder in which the agent works after the event. Claude Code may send the event before it changes folders.
    pub(crate) fn folder(&self) -> Option<&Path> {
        let field = match &*self.tool_name {
            "EnterWorktree" => "worktreePath",
            "ExitWorktree" => "originalCwd",
            _ => "",
        };
        let entered = self.tool_response.get(field).and_then(|it| it.as_str());
        let folder = entered.map_or(&*self.cwd, Path::new);
        folder.is_absolute().then_some(folder)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::Event;

    #[test]
    fn folder_is_the_one_that_the_tool_entered() {
        for (event, expected) in [
            (
                r#"{"hook_event_name": "SessionStart", "cwd": "/a"}"#,
                Some("/a"),
            ),
            (
                r#"{"hook_event_name": "PostToolUse", "tool_name": "EnterWorktree", "cwd": "/a", "tool_response": {"worktreePath": "/b"}}"#,
                Some("/b"),
            ),
            (
                r#"{"hook_event_name": "PostToolUse", "tool_name": "ExitWorktree", "cwd": "/b", "tool_response": {"worktreePath": "/b", "originalCwd": "/a"}}"#,
                Some("/a"),
            ),
            (
                r#"{"hook_event_name": "PostToolUse", "cwd": "/a", "tool_response": "text"}"#,
                Some("/a"),
            ),
            (r#"{"hook_event_name": "SessionStart", "cwd": "a"}"#, None),
            (r#"{"hook_event_name": "SessionStart"}"#, None),
        ] {
            let event = Event::parse(event.as_bytes()).unwrap();
            assert_eq!(event.folder(), expected.map(Path::new), "{event:?}");
        }
        for event in [
            "",
            "[]",
            "{}",
            r#"{"hook_event_name": "WorktreeRemove", "cwd": "/a"}"#,
        ] {
            assert!(Event::parse(event.as_bytes()).is_none(), "{event}");
        }
    }

    proptest! {
        #[test]
        fn every_input_is_parsed_or_ignored(bytes in any::<Vec<u8>>()) {
            let _ = Event::parse(&bytes);
        }
    }
}
