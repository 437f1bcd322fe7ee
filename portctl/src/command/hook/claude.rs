//! `portctl hook claude`.

use std::io::{self, IsTerminal, Read};
use std::time::Duration;

use serde::Serialize;

use crate::command::outcome::Done;
use crate::hook::context;
use crate::hook::event::Event;
use crate::output;
use crate::time_limit::within_limit;

/// Limit for the size of an event, in bytes.
const MAX_EVENT: u64 = 1 << 20;

/// Time limit. The agent waits meanwhile.
const LIMIT: Duration = Duration::from_secs(4);

/// The answer to an event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HookAnswer {
    hook_specific_output: HookOutput,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HookOutput {
    hook_event_name: String,
    additional_context: String,
}

/// Answers an event. Never fails, because the agent has other work to do than to repair a registry.
pub(crate) fn run() -> Done {
    if let Some(answer) = within_limit(LIMIT, answer) {
        // Claude Code may be gone.
        let _ = output::print_json(&answer);
    }
    Done::Exit(0)
}

fn answer() -> Option<HookAnswer> {
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        return None;
    }
    let mut event = Vec::new();
    stdin
        .by_ref()
        .take(MAX_EVENT)
        .read_to_end(&mut event)
        .ok()?;
    let event = Event::parse(&event)?;
    let context = context::of_folder(event.folder()?).ok().flatten()?;
    Some(HookAnswer {
        hook_specific_output: HookOutput {
            hook_event_name: event.name().to_owned(),
            additional_context: context,
        },
    })
}
