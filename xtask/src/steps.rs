//! A chore as a list of named steps: run in order, or some of them by name, stop at the first failure.
//!
//! What a step does is the chore's business; saying which one failed and how to run it again is done here.

use std::time::Instant;

use anyhow::Context as _;

use crate::workspace::Workspace;

/// One step of a chore.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) run: fn(&Workspace) -> anyhow::Result<()>,
}

/// Runs the steps of `chore`, or only those named in `only`.
pub(crate) fn run(
    chore: &str,
    steps: &[Step],
    only: &[String],
    workspace: &Workspace,
) -> anyhow::Result<()> {
    let wanted = select(steps, only)?;
    for (position, step) in wanted.iter().enumerate() {
        eprintln!("== {chore} {} ({}/{})", step.name, position + 1, wanted.len());
        let started = Instant::now();
        (step.run)(workspace).with_context(|| {
            format!("step `{0}` failed; run only it with `cargo xtask {chore} {0}`", step.name)
        })?;
        // The last step's own last line closes the run, so nothing is said after it.
        if position + 1 < wanted.len() {
            eprintln!("== {chore} {} took {:.1} s", step.name, started.elapsed().as_secs_f64());
        }
    }
    Ok(())
}

fn select(steps: &[Step], only: &[String]) -> anyhow::Result<Vec<Step>> {
    if let Some(stranger) = only.iter().find(|name| steps.iter().all(|step| step.name != **name)) {
        let known: Vec<_> = steps.iter().map(|step| format!("`{}`", step.name)).collect();
        anyhow::bail!("there is no step `{stranger}`; there are {}", known.join(", "));
    }
    let chosen = |step: &&Step| only.is_empty() || only.iter().any(|name| name == step.name);
    Ok(steps.iter().filter(chosen).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[Step] =
        &[Step { name: "first", run: |_| Ok(()) }, Step { name: "second", run: |_| Ok(()) }];

    fn names(only: &[&str]) -> Result<Vec<&'static str>, String> {
        let only: Vec<_> = only.iter().map(ToString::to_string).collect();
        let steps = select(STEPS, &only).map_err(|error| error.to_string())?;
        Ok(steps.iter().map(|step| step.name).collect())
    }

    #[test]
    fn without_names_all_steps_run_in_order() {
        assert_eq!(names(&[]), Ok(vec!["first", "second"]));
    }

    #[test]
    fn a_name_selects_its_step() {
        assert_eq!(names(&["second"]), Ok(vec!["second"]));
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let complaint = names(&["third"]).expect_err("`third` is no step");
        assert_eq!(complaint, "there is no step `third`; there are `first`, `second`");
    }
}
