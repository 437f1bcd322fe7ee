//! Plans the change of a command line.

use std::cell::Cell;
use std::path::Path;

use super::line::{Line, Place, ScriptPlace};
use super::package;
use super::passing::Passing;
use super::plan::{Insertion, PORT, Plan};
use super::runners::{commands_run_by, is_serving, shell_line};
use super::target::Target;
use super::wording;
use crate::programs::{
    InnerCommand, PortSetting, Program, Reached, ScriptCall, ScriptRunner, WhenTaken, base_name,
    inner_command, port_setting, serving_program,
};

/// Limit for scripts that run scripts, which may be a circle.
const MAX_DEPTH: usize = 8;

/// Limit for the commands of all scripts together, because scripts that run several others would grow exponentially.
const MAX_COMMANDS: usize = 64;

/// Plans for a server that gets this port.
#[derive(Debug)]
pub(super) struct Planner<'a> {
    target: Target<'a>,
    /// The number of commands that may still be looked at.
    remaining: Cell<usize>,
}

impl Planner<'_> {
    pub(super) fn new(target: Target) -> Planner {
        Planner {
            target,
            remaining: Cell::new(MAX_COMMANDS),
        }
    }

    pub(super) fn plan(&self, words: &[&str], place: Place, folder: &Path) -> Plan {
        self.plan_in(words, place, folder, MAX_DEPTH)
    }

    fn plan_in(&self, words: &[&str], place: Place, folder: &Path, depth: usize) -> Plan {
        let remaining = self.remaining.get().checked_sub(1);
        let (Some(depth), Some(remaining)) = (depth.checked_sub(1), remaining) else {
            return Plan::default();
        };
        self.remaining.set(remaining);
        let command = inner_command(words);
        let runner = || base_name(words.first().copied().unwrap_or_default());
        match &command.reached {
            Reached::Program {
                name,
                arguments_at,
                behind_dashes,
            } => {
                let passing = Passing {
                    at: *arguments_at,
                    behind_dashes: *behind_dashes,
                };
                match shell_line(name, &passing.received(words)) {
                    Some(line) => {
                        let commands = Line::of(line).commands();
                        self.compound(&commands, place.in_shell(), folder, depth)
                    }
                    None => self.program(words, name, passing, &command, place),
                }
            }
            Reached::Script(call) => self.script(words, call, &command, place, folder, depth),
            Reached::Several { name, arguments_at } => {
                let arguments = words.get(*arguments_at..).unwrap_or_default();
                let commands = commands_run_by(name, arguments);
                let plan = self.compound(&commands, place, folder, depth);
                if plan.notes.is_empty() && !plan.is_server && is_serving(name, arguments) {
                    return self.left_alone(words, wording::several(name, self.target));
                }
                plan
            }
            Reached::OtherPackages if is_serving("", words) => {
                self.left_alone(words, wording::other_packages(runner(), self.target))
            }
            Reached::Unknown if has_server(words) => {
                let note = match (runner(), words.contains(&"exec")) {
                    ("yarn", true) => wording::yarn_exec(self.target),
                    (runner, _) => wording::unknown(runner, self.target),
                };
                self.left_alone(words, note)
            }
            Reached::OtherPackages | Reached::Unknown => Plan::default(),
        }
    }

    /// Plans for words that are not understood. If they have the port, the user knows the place for it.
    fn left_alone(&self, words: &[&str], note: String) -> Plan {
        let port = self.target.port.to_string();
        if words.iter().any(|word| word.contains(&port)) {
            Plan::default()
        } else {
            Plan::note(note)
        }
    }

    /// Plans for a program that the words reach.
    fn program(
        &self,
        words: &[&str],
        name: &str,
        passing: Passing,
        command: &InnerCommand,
        place: Place,
    ) -> Plan {
        let received = passing.received(words);
        let Some(program) = serving_program(name, &received) else {
            return Plan::default();
        };
        let swallowed = passing.swallowed(words);
        if port_setting(program, swallowed).is_some() {
            let flag = port_flag(swallowed).unwrap_or("--port");
            return Plan::note(wording::swallowed("npm exec", flag));
        }
        let in_words = port_setting(program, &received);
        let named = in_words.or_else(|| assigned_port(program, command));
        let (mut plan, mut added) = match (named, program.variable) {
            (Some(setting), _) => {
                let place = place.of_setting(program, setting);
                (self.named_port(setting, place), Vec::new())
            }
            (None, Some(variable)) => (self.variable(variable), Vec::new()),
            (None, None) => (Plan::server(), program.words_for(PORT)),
        };
        if !plan.is_server {
            return plan;
        }
        match program.when_taken {
            WhenTaken::FailsWith(flag) if !mentions(&received, flag) => {
                added.push(flag.to_owned());
            }
            WhenTaken::Moves => plan.note_if_taken = Some(wording::moves(base_name(name))),
            WhenTaken::FailsWith(_) | WhenTaken::Fails => {}
        }
        if !added.is_empty() {
            let end = received.iter().position(|word| *word == "--");
            let insertion = Insertion {
                at: end.unwrap_or(received.len()),
                words: added,
                default_port: program.default_port.unwrap_or(self.target.port.get()),
            };
            plan.insertion = Some(passing.insertion(words, insertion));
        }
        plan
    }

    /// Plans for a program that takes its port from a variable. `run` sets `PORT` anyway.
    fn variable(&self, variable: &'static str) -> Plan {
        let added = (variable != "PORT").then(|| (variable, self.target.port.to_string()));
        Plan {
            variables: added.into_iter().collect(),
            ..Plan::server()
        }
    }

    /// Plans for a line that names a port itself.
    fn named_port(&self, setting: PortSetting, place: Place) -> Plan {
        // No shell replaces variables on a typed line.
        let is_variable = place.has_variables() && is_variable(setting.text);
        if setting.port == Some(self.target.port) || is_variable {
            return Plan {
                is_server: setting.port == Some(self.target.port)
                    || self.target.is_named_by(setting.text),
                ..Plan::default()
            };
        }
        Plan::note(wording::other_port(place, setting, self.target))
    }

    /// Plans for a script of a `package.json`.
    fn script(
        &self,
        words: &[&str],
        call: &ScriptCall,
        command: &InnerCommand,
        place: Place,
        folder: &Path,
        depth: usize,
    ) -> Plan {
        // bun drops a `--` there.
        let is_dropped =
            call.runner == ScriptRunner::Bun && words.get(call.arguments_at) == Some(&"--");
        let passing = Passing {
            at: call.arguments_at + usize::from(is_dropped),
            behind_dashes: call.runner == ScriptRunner::Npm,
        };
        let folder = call.folder.map_or(folder.to_owned(), |it| folder.join(it));
        let Some(script) = package::script(&folder, call.name) else {
            if call.may_be_program {
                return self.program(words, call.name, passing, command, place);
            }
            return Plan::default();
        };
        let received = passing.received(words);
        let script_place = ScriptPlace {
            name: call.name,
            passed: &received,
            caller: place,
        };
        let inner_place = Place::Script(&script_place);
        let script_words = match Line::of(&script.text) {
            Line::Simple(words) => words,
            Line::Compound(commands) => {
                return self.compound(&commands, inner_place, &script.folder, depth);
            }
        };
        let joined = script_words.iter().map(String::as_str);
        let joined: Vec<&str> = joined.chain(received.iter().copied()).collect();
        let mut plan = self.plan_in(&joined, inner_place, &script.folder, depth);
        if plan.has_server()
            && let Some(flag) = port_flag(passing.swallowed(words))
        {
            return Plan::note(wording::swallowed("npm", flag));
        }
        let Some(insertion) = plan.insertion.take() else {
            return plan;
        };
        let Some(at) = insertion.at.checked_sub(script_words.len()) else {
            if !insertion.has_port() {
                return plan;
            }
            // The script has a `--` of its own, which ends the flags.
            let port = self
                .target
                .reference(inner_place, Some(insertion.default_port));
            let advice = insertion.advice(&joined[..script_words.len()], &port);
            return Plan::note(wording::compound(inner_place, self.target, &advice));
        };
        // The first version of yarn removes a `--`, and later ones pass it on.
        if call.runner == ScriptRunner::Yarn && insertion.words.iter().any(|it| it == "--") {
            let script_words: Vec<&str> = script_words.iter().map(String::as_str).collect();
            let port = self
                .target
                .reference(inner_place, Some(insertion.default_port));
            let advice = Insertion {
                at: script_words.len(),
                ..insertion
            }
            .advice(&script_words, &port);
            return Plan::note(wording::inner_npm(inner_place, self.target, &advice));
        }
        plan.insertion = Some(passing.insertion(words, Insertion { at, ..insertion }));
        plan
    }

    /// Plans for several commands, which keep their words. Variables reach them all the same.
    fn compound(
        &self,
        commands: &[Vec<String>],
        place: Place,
        folder: &Path,
        depth: usize,
    ) -> Plan {
        let mut servers = Vec::new();
        let mut notes = Vec::new();
        for words in commands {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let plan = self.plan_in(&words, place, folder, depth);
            if plan.has_server() {
                servers.push((words, plan));
            } else {
                notes.extend(plan.notes);
            }
        }
        let with_insertion = |(words, plan): &(Vec<&str>, Plan)| {
            let insertion = plan.insertion.as_ref().filter(|it| it.has_port())?;
            let port = self.target.reference(place, Some(insertion.default_port));
            Some(insertion.advice(words, &port))
        };
        if let Some(advice) = servers.iter().find_map(with_insertion) {
            return Plan::note(wording::compound(place, self.target, &advice));
        }
        match <[_; 1]>::try_from(servers) {
            Ok([(_, plan)]) => Plan {
                insertion: None,
                ..plan
            },
            Err(_) => Plan {
                notes,
                ..Plan::default()
            },
        }
    }
}

/// Accepts words that seem to start a server, by the name of a script or of a program.
fn has_server(words: &[&str]) -> bool {
    let mut programs = (1..words.len()).map(|at| serving_program(words[at], &words[at + 1..]));
    is_serving("", words) || programs.any(|it| it.is_some())
}

/// Tests if a switch is among the words, or its negation, or the switch with a value.
fn mentions(words: &[&str], switch: &str) -> bool {
    let name = switch.trim_start_matches('-');
    words.iter().any(|word| word.contains(name))
}

/// Returns the port that an assignment before the program sets, if the program reads that variable.
fn assigned_port<'a>(program: &Program, command: &InnerCommand<'a>) -> Option<PortSetting<'a>> {
    let mut assignments = command.assignments.iter();
    let (_, value) = assignments.rfind(|(name, _)| program.variable == Some(name))?;
    Some(PortSetting::of(value))
}

fn port_flag<'a>(words: &[&'a str]) -> Option<&'a str> {
    let names = words
        .iter()
        .map(|word| word.split_once('=').map_or(*word, |it| it.0));
    names
        .into_iter()
        .find(|name| matches!(*name, "--port" | "-p"))
}

/// Accepts `$PORT`, `${WEB_PORT:-3000}`, `%PORT%` and the like.
fn is_variable(text: &str) -> bool {
    text.contains('$') || (text.starts_with('%') && text.ends_with('%'))
}
