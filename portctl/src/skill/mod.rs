//! The agent skill: its files, and installing them where agents look for skills.

mod files;
mod installation;
mod manifest;
mod skill_folder;

pub(crate) use self::installation::{EditedFiles, Installation, SkillChange, SkillResult};
