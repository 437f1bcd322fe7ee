//! The commands and their arguments. Their actions are in [`command`](crate::command).

mod aliases;
mod allocate;
mod check;
mod completions;
mod definition;
mod doctor;
mod env;
mod export;
mod get;
mod health;
mod help;
mod import;
mod list;
mod mistake;
mod other_tools;
mod parse;
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

pub use self::aliases::with_aliases;
pub(crate) use self::aliases::{ALIASES, resolved};
pub(crate) use self::allocate::AllocateArgs;
pub(crate) use self::check::CheckArgs;
pub(crate) use self::completions::{CompletionsArgs, Shell};
pub(crate) use self::definition::{Command, DESCRIPTION, PROGRAM, RUN};
pub(crate) use self::doctor::DoctorArgs;
pub(crate) use self::env::{EnvArgs, Format};
pub(crate) use self::get::GetArgs;
pub(crate) use self::health::HealthArgs;
pub(crate) use self::help::{HELP_FLAGS, HELP_MEANING, start_text, takes_one_service};
pub use self::help::{
    Notes, SynopsisPiece, flag_with_value, synopsis, visible_flags, visible_positionals,
};
pub(crate) use self::import::ImportArgs;
pub(crate) use self::list::ListArgs;
pub(crate) use self::parse::{CommandLine, parse};
pub(crate) use self::prune::PruneArgs;
pub(crate) use self::release::ReleaseArgs;
pub(crate) use self::restart::RestartArgs;
pub(crate) use self::run::RunArgs;
pub(crate) use self::scan::ScanArgs;
pub(crate) use self::skill::{SkillCommand, SkillInstallArgs, SkillUninstallArgs};
pub(crate) use self::start::StartArgs;
pub(crate) use self::status::StatusArgs;
pub(crate) use self::stop::StopArgs;
pub(crate) use self::version::VersionArgs;
pub(crate) use self::words::{TypedFlag, flags_of_commands, takes_value, typed_flags};
