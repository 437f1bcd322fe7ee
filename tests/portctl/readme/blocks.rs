//! Parses fenced blocks of a Markdown document, and the commands in them.

/// A fenced block.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    /// Line number of its start, from 1.
    pub(crate) line: usize,
    pub(crate) language: &'a str,
    /// Text of the comment in the line before.
    pub(crate) remark: Option<&'a str>,
    pub(crate) lines: Vec<&'a str>,
}

/// A command, and its output as shown in the document.
#[derive(Debug)]
pub(crate) struct ShownCommand<'a> {
    pub(crate) line: usize,
    /// The folder in the prompt, if there is one.
    pub(crate) folder: Option<&'a str>,
    pub(crate) command: &'a str,
    pub(crate) output: Vec<&'a str>,
}

/// Parses all blocks of a document.
pub(crate) fn of(document: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut remark = None;
    let mut lines = document.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inside = lines.by_ref().map(|(_, line)| line);
            blocks.push(Block {
                line: number + 1,
                language,
                remark,
                lines: inside.take_while(|line| *line != "```").collect(),
            });
        }
        let comment = line.strip_prefix("<!-- ");
        remark = comment.and_then(|comment| comment.strip_suffix(" -->"));
    }
    blocks
}

impl<'a> Block<'a> {
    /// Parses the commands: those after prompts in a `console` block, and all lines of other blocks.
    pub(crate) fn commands(&self) -> Vec<ShownCommand<'a>> {
        let mut commands: Vec<ShownCommand> = Vec::new();
        for (number, &line) in self.lines.iter().enumerate() {
            let prompt = match self.language {
                "console" => line
                    .split_once("$ ")
                    .filter(|(folder, _)| folder.is_empty() || folder.starts_with("~/")),
                _ => Some(("", line)),
            };
            match (prompt, commands.last_mut()) {
                (Some((folder, command)), _) => commands.push(ShownCommand {
                    line: self.line + number + 1,
                    folder: Some(folder).filter(|it| !it.is_empty()),
                    command,
                    output: Vec::new(),
                }),
                (None, Some(shown)) => shown.output.push(line),
                (None, None) => panic!("{}: text before the first prompt", self.line),
            }
        }
        commands
    }
}
