//! The commands and their arguments. The actions are in [`command`](crate::command).

mod allocate;
mod check;
mod completions;
mod doctor;
mod env;
mod export;
mod get;
mod health;
mod import;
mod list;
mod prune;
mod release;
mod restart;
mod run;
mod scan;
mod skill;
mod start;
mod status;
mod stop;
mod version;
mod words;

use std::ffi::OsString;
use std::sync::LazyLock;

use argh::{ArgsInfo, CommandInfoWithArgs, EarlyExit, FromArgs};

pub(crate) use self::allocate::Allocate;
pub(crate) use self::check::Check;
pub(crate) use self::completions::{Completions, Shell};
pub(crate) use self::doctor::Doctor;
pub(crate) use self::env::{Env, Format};
pub(crate) use self::export::Export;
pub(crate) use self::get::Get;
pub(crate) use self::health::Health;
pub(crate) use self::import::Import;
pub(crate) use self::list::List;
pub(crate) use self::prune::Prune;
pub(crate) use self::release::Release;
pub(crate) use self::restart::Restart;
pub(crate) use self::run::Run;
pub(crate) use self::scan::Scan;
pub(crate) use self::skill::{Skill, SkillCommand, SkillInstall, SkillUninstall};
pub(crate) use self::start::Start;
pub(crate) use self::status::Status;
pub(crate) use self::stop::Stop;
pub(crate) use self::version::Version;

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
    let run_command = words::split_off_command(&mut words);
    let words = match words
        .into_iter()
        .map(OsString::into_string)
        .collect::<Result<Vec<_>, _>>()
    {
        Ok(mut words) => {
            words::put_dash_last(&mut words);
            words
        }
        Err(word) => {
            return Parsed::Usage(Usage {
                problem: format!("the argument {} is not UTF-8", word.display()),
                help: words::help(&[]),
                as_json: false,
            });
        }
    };
    let forgotten = words::flag_without_value(&words).map(str::to_owned);
    let words = words::split_assignments(words);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let usage = |problem: String| {
        let problem = match words::advice(&words, run_command.as_deref(), &problem) {
            Some(advice) => format!("{problem}; {advice}"),
            None => problem,
        };
        Parsed::Usage(Usage {
            problem,
            help: words::help(&words),
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
        }) => Parsed::Help(words::wrapped(&output)),
        Err(EarlyExit { output, .. }) => usage(match words::unknown_command(&words) {
            Some(unknown) => format!("there is no command `{unknown}`"),
            None => words::in_one_line(&output),
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
