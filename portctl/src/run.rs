//! Runs a command line.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::process::ExitCode;

use crate::args::{self, Command, CommandLine, HookCommand, PROGRAM, SkillCommand};
use crate::command::outcome::Done;
use crate::command::{
    allocate, check, completions, compose, doctor, env, export, get, health, hook, import, init,
    list, move_, open, prune, release, restart, run, scan, skill, start, status, stop, sync, url,
    version, wait,
};
use crate::command_error::CommandError;
use crate::completion;
use crate::daemon;
use crate::output;
use crate::report::Report;
use crate::version::version_line;

/// The exit code of `portctl wait` if another checkout's process is on the port.
const EXIT_FOREIGN: u8 = 3;

/// Runs the command line of this process. Returns its exit code.
pub fn run() -> ExitCode {
    let mut words = std::env::args_os().skip(1).peekable();
    if words.next_if(|word| word == daemon::DETACH).is_some() {
        return daemon::exec(words);
    }
    if words.next_if(|word| word == completion::WORD).is_some() {
        return completion::run(words);
    }
    match args::parse(words) {
        CommandLine::Command(command, program) => run_command(*command, &program),
        CommandLine::Version => finish(output::print_lines(&version_line()), false),
        CommandLine::Help(topic) => {
            let text = topic.text(output::help_width());
            finish(output::print_lines(&text), false)
        }
        CommandLine::Nothing => {
            let text = args::start_text(output::help_width());
            finish(output::print_lines(&text), false)
        }
        CommandLine::Usage(usage) => output::fail_usage(usage.report, &usage.help, usage.as_json),
    }
}

/// Runs a command and returns its exit code. `program` are the words behind the `--` of `portctl run`, or behind `portctl compose`.
fn run_command(command: Command, program: &[OsString]) -> ExitCode {
    let (name, as_json, outcome) = match command {
        Command::Sync(args) => ("sync", args.json, sync::run(args)),
        Command::Get(args) => ("get", args.json, get::run(args)),
        Command::Allocate(args) => ("allocate", args.json, allocate::run(args)),
        Command::List(args) => ("list", args.json, list::run(args)),
        Command::Url(args) => ("url", args.json, url::run(args)),
        Command::Open(args) => ("open", false, open::run(args)),
        Command::Wait(args) => ("wait", args.json, wait::run(args)),
        Command::Check(args) => ("check", args.json, check::run(args)),
        Command::Move(args) => ("move", args.json, move_::run(args)),
        Command::Release(args) => ("release", args.json, release::run(args)),
        Command::Env(args) => ("env", args.json, env::run(args)),
        Command::Run(args) => ("run", false, run::run(args, program)),
        Command::Compose(args) => ("compose", false, compose::run(&args, program)),
        Command::Scan(args) => ("scan", args.json, scan::run(args)),
        Command::Init(args) => ("init", false, init::run(&args)),
        Command::Prune(args) => ("prune", args.json, prune::run(&args)),
        Command::Export(args) => ("export", args.json, export::run()),
        Command::Import(args) => ("import", args.json, import::run(&args)),
        Command::Start(args) => ("start", args.json, start::run(&args)),
        Command::Stop(args) => ("stop", args.json, stop::run(&args)),
        Command::Restart(args) => ("restart", args.json, restart::run(&args)),
        Command::Status(args) => ("status", args.json, status::run(&args)),
        Command::Health(args) => ("health", args.json, health::run(&args)),
        Command::Doctor(args) => ("doctor", args.json, doctor::run(&args)),
        Command::Skill(args) => match args.command {
            SkillCommand::Install(args) => ("skill install", args.json, skill::install(&args)),
            SkillCommand::Uninstall(args) => {
                ("skill uninstall", args.json, skill::uninstall(&args))
            }
        },
        Command::Hook(args) => match args.command {
            HookCommand::Install(args) => ("hook install", args.json, hook::install(&args)),
            HookCommand::Uninstall(args) => ("hook uninstall", args.json, hook::uninstall(&args)),
            HookCommand::Claude(_) => ("hook claude", false, Ok(hook::claude::run())),
        },
        Command::Completions(args) => ("completions", false, Ok(completions::run(&args))),
        Command::Version(args) => ("version", args.json, version::run(&args)),
    };
    match outcome {
        Ok(Done::Printed(printed)) => finish(printed, as_json),
        Ok(Done::No(printed)) => match finish(printed, as_json) {
            ExitCode::SUCCESS => ExitCode::FAILURE,
            failed => failed,
        },
        Ok(Done::Exit(code)) => ExitCode::from(code),
        Err(CommandError::Usage(report)) => {
            output::fail_usage(report, &format!("{PROGRAM} {name} --help"), as_json)
        }
        Err(CommandError::Failed(report)) => output::fail(&report, as_json),
        Err(CommandError::Foreign(report)) => {
            output::fail(&report, as_json);
            ExitCode::from(EXIT_FOREIGN)
        }
        Err(CommandError::NotRun { report, code }) => {
            output::fail(&report, as_json);
            ExitCode::from(code)
        }
    }
}

/// Returns the exit code after printing. A reader that closes the pipe early is not an error.
fn finish(printed: io::Result<()>, as_json: bool) -> ExitCode {
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => output::fail(&Report::new(format!("cannot write: {error}")), as_json),
    }
}
