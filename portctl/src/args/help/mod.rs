//! Help texts, from argh's description of the command line.

mod groups;
mod notes;
mod start;
mod synopsis;
mod table;
mod topic;

pub use self::groups::GROUPS;
pub use self::notes::Notes;
pub(crate) use self::start::start_text;
pub use self::synopsis::{
    SynopsisPiece, flag_with_value, synopsis, visible_flags, visible_positionals,
};
pub(crate) use self::topic::{HELP_FLAGS, HELP_MEANING, HelpTopic};
