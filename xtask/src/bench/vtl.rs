//! The template benchmark: the movie templates with 100 items, rendered here, by Apache Velocity 1.7 on
//! a warm JVM and by airspeed, in turn.
//!
//! Every renderer is a process on core 0 that waits on its stdin to be told what to render; what they
//! have in common stands in `crates/gateway/examples/render_speed.rs`.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::Context as _;
use cargo_metadata::camino::Utf8PathBuf;

use super::{
    report::{self, median},
    servers::pinned,
};
use crate::{
    clients::environment,
    workspace::{Workspace, output_of, succeed},
};

const JARS: [&str; 3] = ["velocity.jar", "commons-lang.jar", "commons-collections3.jar"];

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// Rounds; each asks every renderer once
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Write the figures into bench/RESULTS.md
    #[arg(long)]
    record: bool,
}

/// A line of the table: what a renderer is told, and which template of the peers is compared.
struct Row {
    name: &'static str,
    renderer: &'static str,
    command: &'static str,
    template: &'static str,
}

const fn row(
    name: &'static str,
    renderer: &'static str,
    command: &'static str,
    template: &'static str,
) -> Row {
    Row { name, renderer, command, template }
}

const CLARY: &str = "clary";
const VELOCITY: &str = "Apache Velocity 1.7";
const AIRSPEED: &str = "airspeed-ext 0.6.9";

const ROWS: [Row; 9] = [
    row("clary", CLARY, "request", "request"),
    row(VELOCITY, VELOCITY, "request", "request"),
    row(AIRSPEED, AIRSPEED, "request", "request"),
    row("clary", CLARY, "response", "response"),
    row("clary, body parsed anew each time", CLARY, "response-parsed", "response"),
    row(VELOCITY, VELOCITY, "response", "response"),
    row(AIRSPEED, AIRSPEED, "response", "response"),
    row("clary", CLARY, "call", "both, 3 items, body parsed"),
    row("clary", CLARY, "compile", "compile 10 KB"),
];

/// Builds, starts, asks in turn and prints the table.
pub(crate) fn run(settings: &Settings, workspace: &Workspace) -> anyhow::Result<()> {
    let bench = Bench { workspace, directory: workspace.target("bench") };
    let mut renderers = bench.start()?;
    let checks = ["check request", "check response"];
    let texts = renderers.iter_mut().map(|renderer| renderer.ask_all(&checks));
    let texts = texts.collect::<anyhow::Result<Vec<_>>>()?;
    let same = texts.iter().all(|text| *text == texts[0]);
    anyhow::ensure!(same, "the renderers do not render the same: {texts:?}");
    let rows: Vec<_> = ROWS.iter().filter(|row| find(&renderers, row.renderer).is_some()).collect();
    let mut rounds = Vec::new();
    for _ in 0..=settings.rounds {
        rounds.push(ask(&rows, &mut renderers)?);
    }
    // The first round warms up.
    rounds.remove(0);
    let mut text = table(&rows, &rounds);
    text.push_str(&bench.allocations()?);
    println!("{text}");
    if settings.record {
        let how = format!(
            "Medians of {} rounds, interleaved, of 41 batches of 20 renderings each, on core 0; ratios \
             are taken round by round.",
            settings.rounds
        );
        let title = "Mapping templates";
        report::record(workspace, title, "bench vtl", &format!("{how}\n\n{text}"))?;
    }
    Ok(())
}

fn ask(rows: &[&Row], renderers: &mut [Renderer]) -> anyhow::Result<Vec<f64>> {
    let figure = |row: &&Row| {
        let renderer = renderers
            .iter_mut()
            .find(|renderer| renderer.name == row.renderer)
            .context("the renderer runs: this is a bug")?;
        let answer = renderer.ask(row.command)?;
        answer.parse().with_context(|| format!("`{}` answered {answer:?}", row.name))
    };
    rows.iter().map(figure).collect()
}

fn find<'a>(renderers: &'a [Renderer], name: &str) -> Option<&'a Renderer> {
    renderers.iter().find(|renderer| renderer.name == name)
}

/// The figures as a Markdown table, each beside the first of the same template.
fn table(rows: &[&Row], rounds: &[Vec<f64>]) -> String {
    let mut table = String::from("| Template | Renderer | µs | × clary |\n|---|---|---:|---:|\n");
    for (index, row) in rows.iter().enumerate() {
        let first = rows.iter().position(|other| other.template == row.template).unwrap_or(index);
        let figure = median(rounds.iter().map(|round| round[index]));
        let ratio = median(rounds.iter().map(|round| round[index] / round[first]));
        let Row { name, template, .. } = row;
        writeln!(table, "| {template} | {name} | {figure:.1} | {ratio:.1} |")
            .expect("a string takes all: this is a bug");
    }
    table
}

struct Bench<'a> {
    workspace: &'a Workspace,
    directory: Utf8PathBuf,
}

impl Bench<'_> {
    /// Whatever renderers there are: a peer that is not installed is named and left out.
    fn start(&self) -> anyhow::Result<Vec<Renderer>> {
        let mut renderers = vec![self.start_clary()?, self.start_airspeed()?];
        match self.start_velocity() {
            Ok(renderer) => renderers.push(renderer),
            Err(error) => eprintln!("skipped `{VELOCITY}`: {error:#}"),
        }
        Ok(renderers)
    }

    fn example(&self, name: &str) -> anyhow::Result<Utf8PathBuf> {
        let directory = self.directory.as_str();
        let arguments = ["build", "--locked", "--profile", "dist", "-p", "gateway"];
        let example = ["--example", name, "--target-dir", directory];
        succeed(self.workspace.cargo(&arguments).args(example))?;
        Ok(self.directory.join("dist/examples").join(name))
    }

    fn start_clary(&self) -> anyhow::Result<Renderer> {
        Renderer::start(CLARY, &mut pinned(self.example("render_speed")?.as_str()))
    }

    fn start_airspeed(&self) -> anyhow::Result<Renderer> {
        let venv =
            environment(self.workspace, "templates", "bench/peers/templates-requirements.txt")?;
        let mut command = pinned(venv.join("bin/python").as_str());
        command.arg(self.workspace.path("bench/peers/airspeed_render.py"));
        Renderer::start(AIRSPEED, command.arg(self.workspace.path("bench/templates")))
    }

    fn start_velocity(&self) -> anyhow::Result<Renderer> {
        let jars = JARS.map(|jar| format!("/usr/share/java/{jar}"));
        for jar in &jars {
            anyhow::ensure!(
                fs::exists(jar)?,
                "no `{jar}`; on Debian `apt-get install velocity default-jdk-headless`"
            );
        }
        let classes = self.directory.join("velocity");
        fs::create_dir_all(&classes)?;
        let mut compile = self.workspace.command("javac");
        compile.args(["-cp", &jars.join(":"), "-d", classes.as_str()]);
        succeed(compile.arg(self.workspace.path("bench/peers/velocity/Render.java")))?;
        let mut command = pinned("java");
        command.args(["-cp", &format!("{classes}:{}", jars.join(":")), "Render"]);
        Renderer::start(VELOCITY, command.arg(self.workspace.path("bench/templates")))
    }

    /// What one rendering allocates.
    fn allocations(&self) -> anyhow::Result<String> {
        let program = self.example("render_allocations")?;
        let mut text = String::from(
            "\n| Template | allocations per rendering | bytes allocated | bytes of output |\n\
             |---|---:|---:|---:|\n",
        );
        for line in output_of(&mut self.workspace.command(program))?.lines() {
            writeln!(text, "| {} |", line.replace(' ', " | "))?;
        }
        Ok(text)
    }
}

/// A process that renders when it is told to.
struct Renderer {
    name: &'static str,
    process: Child,
    told: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Renderer {
    fn start(name: &'static str, command: &mut Command) -> anyhow::Result<Self> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("can't start `{name}`"))?;
        let told = process.stdin.take().context("stdin is piped: this is a bug")?;
        let answers = process.stdout.take().context("stdout is piped: this is a bug")?;
        Ok(Self { name, process, told, answers: BufReader::new(answers) })
    }

    fn ask(&mut self, command: &str) -> anyhow::Result<String> {
        let mut answer = String::new();
        writeln!(self.told, "{command}")
            .and_then(|()| self.answers.read_line(&mut answer))
            .with_context(|| format!("`{}` does not answer", self.name))?;
        Ok(answer.trim().to_owned())
    }

    fn ask_all(&mut self, commands: &[&str]) -> anyhow::Result<Vec<String>> {
        commands.iter().map(|command| self.ask(command)).collect()
    }
}

impl Drop for Renderer {
    fn drop(&mut self) {
        // It may have died before; then there is nothing left to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_the_first_of_the_same_template() {
        let rows: Vec<&Row> = ROWS.iter().filter(|row| row.template == "request").collect();
        let text = table(&rows, &[vec![10.0, 50.0, 700.0], vec![20.0, 80.0, 1400.0]]);
        assert_eq!(text.lines().nth(3), Some("| request | Apache Velocity 1.7 | 65.0 | 4.5 |"));
        assert_eq!(text.lines().nth(2), Some("| request | clary | 15.0 | 1.0 |"));
    }
}
