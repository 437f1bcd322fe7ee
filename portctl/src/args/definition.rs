//! The command line of portctl.

use std::ffi::OsString;
use std::sync::LazyLock;

use argh::{ArgsInfo, CommandInfoWithArgs, EarlyExit, FromArgs};

use super::allocate::Allocate;
use super::check::Check;
use super::completions::Completions;
use super::doctor::Doctor;
use super::env::Env;
use super::export::Export;
use super::get::Get;
use super::health::Health;
use super::import::Import;
use super::list::List;
use super::mistake;
use super::prune::Prune;
use super::release::Release;
use super::restart::Restart;
use super::run::Run;
use super::scan::Scan;
use super::skill::Skill;
use super::start::Start;
use super::status::Status;
use super::stop::Stop;
use super::version::Version;

/// The name of the program, as help texts show it.
pub(crate) const PROGRAM: &str = "portctl";

/// The meaning of a command line.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// A command to carry out.
    Command(Box<Command>),
    /// The program's version is asked for.
    Version,
    /// A help text that was asked for.
    Help(String),
    /// A help text, since nothing was typed.
    Nothing(String),
    /// The command line is wrong.
    Usage(Usage),
}

/// An error in a command line.
#[derive(Debug)]
pub(crate) struct Usage {
    pub(crate) problem: String,
    /// The command line that would help.
    pub(crate) help: String,
    pub(crate) as_json: bool,
}

/// Makes a command of the words after the program's name.
pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Parsed {
    let mut words: Vec<OsString> = words.collect();
    let run_command = mistake::split_off_command(&mut words);
    let words = match words
        .into_iter()
        .map(OsString::into_string)
        .collect::<Result<Vec<_>, _>>()
    {
        Ok(mut words) => {
            mistake::put_dash_last(&mut words);
            words
        }
        Err(word) => {
            return Parsed::Usage(Usage {
                problem: format!("the argument {} is not UTF-8", word.display()),
                help: mistake::help(&[]),
                as_json: false,
            });
        }
    };
    let forgotten = mistake::flag_without_value(&words).map(str::to_owned);
    let words = mistake::split_assignments(words);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let usage = |problem: String| {
        let problem = match mistake::advice(&words, run_command.as_deref(), &problem) {
            Some(advice) => format!("{problem}; {advice}"),
            None => problem,
        };
        Parsed::Usage(Usage {
            problem,
            help: mistake::help(&words),
            as_json: words.contains(&"--json"),
        })
    };
    if words.is_empty() {
        return match Portctl::from_args(&[PROGRAM], &["--help"]) {
            Err(help) => Parsed::Nothing(help.output),
            Ok(_) => usage("a command is missing".to_owned()),
        };
    }
    if let Some(flag) = forgotten {
        return usage(format!("no value provided for option '{flag}'"));
    }
    match Portctl::from_args(&[PROGRAM], &words) {
        Ok(Portctl {
            version: true,
            command: None,
        }) => Parsed::Version,
        Ok(Portctl { version: true, .. }) => usage("--version goes with no command".to_owned()),
        Ok(Portctl {
            command: Some(Command::Run(run)),
            ..
        }) => {
            if let (Some(word), Some(_)) = (run.command.first(), &run_command) {
                let word = word.display();
                return usage(format!(
                    "unexpected word before the --: {word}; name a service by --service"
                ));
            }
            let command = run_command.unwrap_or_default();
            Parsed::Command(Box::new(Command::Run(Run { command, ..run })))
        }
        Ok(Portctl {
            command: Some(command),
            ..
        }) => Parsed::Command(Box::new(command)),
        Ok(Portctl { command: None, .. }) => usage("a command is missing".to_owned()),
        Err(EarlyExit {
            output,
            status: Ok(()),
        }) => Parsed::Help(mistake::wrapped(&output)),
        Err(EarlyExit { output, .. }) => usage(match mistake::unknown_command(&words) {
            Some(unknown) => format!("there is no command `{unknown}`"),
            None => mistake::in_one_line(&output),
        }),
    }
}

/// argh's description of the command line. It is large, so it is made only if it is needed, and once.
pub(crate) static DESCRIPTION: LazyLock<CommandInfoWithArgs> =
    LazyLock::new(Portctl::get_args_info);

/// Gives every service of every checkout on this machine a TCP port of its own.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    help_triggers("-h", "--help", "help"),
    note = "A port belongs to a service (web, postgres) of an instance (one checkout) of\n\
            an app (the project). App and instance default to what git says of the current\n\
            folder: the repository's name, and the linked worktree's folder name or else\n\
            the branch (`detached-` and the commit on a detached HEAD). Outside of git\n\
            they are the folder's name and `default`.\n\n\
            No daemon is needed: portctl opens the registry's file itself, unless\n\
            PORT_REGISTRY_ADDR names a daemon. The answers are the same either way.\n\n\
            Environment:\n  \
            PORT_REGISTRY_ADDR   the daemon to use instead, such as 127.0.0.1:51234\n  \
            PORT_REGISTRY_DB     the registry's file (~/.port-registry/ports.redb)\n  \
            PORT_REGISTRY_RANGE  the ports to choose from, such as 3000-3999 (1-65535)\n  \
            NO_COLOR, CLICOLOR, CLICOLOR_FORCE  whether to print in colour",
    example = "port=$({command_name} get web) && PORT=$port npm run dev\n{command_name} list --all",
    error_code(0, "done"),
    error_code(1, "it failed, or the answer is no"),
    error_code(2, "the command line is wrong")
)]
struct Portctl {
    /// show portctl's version
    #[argh(switch, short = 'V')]
    version: bool,

    #[argh(subcommand)]
    command: Option<Command>,
}

/// The commands.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(subcommand)]
pub(crate) enum Command {
    Get(Get),
    Allocate(Allocate),
    List(List),
    Check(Check),
    Release(Release),
    Env(Env),
    Run(Run),
    Scan(Scan),
    Prune(Prune),
    Export(Export),
    Import(Import),
    Start(Start),
    Stop(Stop),
    Restart(Restart),
    Status(Status),
    Health(Health),
    Doctor(Doctor),
    Skill(Skill),
    Completions(Completions),
    Version(Version),
}
