//! The blocks of a Markdown document, and the commands in them.

/// A fenced block.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    /// The line that it begins in; the first is 1.
    pub(crate) line: usize,
    pub(crate) language: &'a str,
    /// What the comment right before it says.
    pub(crate) remark: Option<&'a str>,
    pub(crate) lines: Vec<&'a str>,
}

/// A command, and what the document shows of its output.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    pub(crate) line: usize,
    /// The folder in the prompt, if it has one.
    pub(crate) folder: Option<&'a str>,
    pub(crate) command: &'a str,
    pub(crate) output: Vec<&'a str>,
}

/// All blocks of a document.
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
    /// The commands of a `console`, which are behind prompts, and of a script, whose lines they are.
    pub(crate) fn steps(&self) -> Vec<Step<'a>> {
        let mut steps: Vec<Step> = Vec::new();
        for (number, &line) in self.lines.iter().enumerate() {
            let typed = match self.language {
                "console" => line
                    .split_once("$ ")
                    .filter(|(folder, _)| folder.is_empty() || folder.starts_with("~/")),
                _ => Some(("", line)),
            };
            match (typed, steps.last_mut()) {
                (Some((folder, command)), _) => steps.push(Step {
                    line: self.line + number + 1,
                    folder: Some(folder).filter(|it| !it.is_empty()),
                    command,
                    output: Vec::new(),
                }),
                (None, Some(step)) => step.output.push(line),
                (None, None) => panic!("{}: what is before the first prompt?", self.line),
            }
        }
        steps
    }
}
