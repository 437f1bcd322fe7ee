//! A checkout whose variables are written and read.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::PORTCTL;
use test_support::{Ran, Sandbox};

/// A checkout whose path, which is in the block's mark, would end a comment or a quote if it could.
pub(super) struct WrittenCheckout {
    pub(super) sandbox: Sandbox,
    pub(super) folder: PathBuf,
}

impl WrittenCheckout {
    pub(super) fn new() -> WrittenCheckout {
        let sandbox = Sandbox::in_memory();
        let parent = "it's \"a\nFIRST=2 # `$HOME` >>> ";
        let folder = sandbox.work().join(parent).join("shop");
        fs::create_dir_all(&folder).unwrap();
        WrittenCheckout { sandbox, folder }
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }

    /// Declares services, and variables with these texts.
    pub(super) fn declare(&self, services: &str, texts: &[&str]) {
        let entries = texts.iter().enumerate().map(|(index, text)| {
            let text = text.replace('$', "$$").replace('\\', "\\\\");
            format!("TEXT_{index} = \"{}\"\n", text.replace('"', "\\\""))
        });
        let entries: String = entries.collect();
        let project = format!("[services]\n{services}\n[env]\n{entries}");
        self.write("portctl.toml", &project);
    }

    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = self.sandbox.command(program);
        command.current_dir(&self.folder);
        command
    }

    pub(super) fn run(&self, words: &[&str]) -> Ran {
        Ran::of(self.command(PORTCTL).args(words))
    }
}
