//! Output of a program that has ended.

use std::process::{Command, Output};

/// Output and exit code of a program.
#[derive(Debug)]
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl Ran {
    pub fn of(command: &mut Command) -> Ran {
        Ran::from(command.output().unwrap())
    }

    /// Returns the trimmed standard output. Panics unless the program succeeded with empty standard error.
    #[track_caller]
    pub fn printed(&self) -> &str {
        assert_eq!((self.code, &*self.stderr), (Some(0), ""), "{self:?}");
        self.stdout.trim_end()
    }

    /// Returns the trimmed standard error. Panics unless the program failed with this exit code and empty
    /// standard output.
    #[track_caller]
    pub fn complained(&self, code: i32) -> &str {
        assert_eq!((self.code, &*self.stdout), (Some(code), ""), "{self:?}");
        self.stderr.trim_end()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
        }
    }
}
