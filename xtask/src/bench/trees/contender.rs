//! One library with one model loaded, in a process of its own that waits to be asked for figures.
//! What it is asked, and what the figures are for, is the parent's.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::Context as _;

/// A process that answers lines with lines.
#[derive(Debug)]
pub(super) struct Contender {
    /// The library and its version.
    pub(super) name: String,
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Contender {
    /// Waits until the process has loaded its model and its answers were found to be right.
    pub(super) fn start(name: &str, command: &mut Command) -> anyhow::Result<Self> {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = piped.spawn().with_context(|| format!("can't start {name}"))?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (questions, answers) = pipes.expect("both are piped: this is a bug");
        let answers = BufReader::new(answers);
        let mut contender = Self { name: name.to_owned(), process, questions, answers };
        let greeting = contender.line()?;
        let version = greeting.trim().strip_prefix("ready ").with_context(|| {
            format!("{name} is not ready; see above for its complaint, it printed {greeting:?}")
        })?;
        if name.starts_with("clary") {
            return Ok(contender);
        }
        contender.name = format!("{name} {version}");
        Ok(contender)
    }

    /// Asks for one figure; `None` if the library has no such call.
    pub(super) fn ask(&mut self, what: &str) -> anyhow::Result<Option<f64>> {
        writeln!(self.questions, "{what}").with_context(|| format!("{} has gone", self.name))?;
        let line = self.line()?;
        match line.trim() {
            "none" => Ok(None),
            figure => {
                let name = &self.name;
                let number = figure.parse();
                number.map(Some).with_context(|| format!("{name} answered {figure:?} for {what}"))
            }
        }
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).with_context(|| format!("can't read {}", self.name))?;
        Ok(line)
    }
}

/// The process is ended with what it is asked, and not left behind.
impl Drop for Contender {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
