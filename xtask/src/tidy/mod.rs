//! What can be counted about the tree, counted: a folder whose files are the rules.
//!
//! A rule takes data and returns findings; this file gathers the data, runs the rules and reports.
//! Lints are clippy's and layout is rustfmt's; what stands here is what neither can know.

mod edges;
mod exceptions;
mod headers;
mod lengths;
mod licences;
mod names;
mod picture;
mod sources;
mod words;

use anyhow::Context as _;

use crate::workspace::Workspace;

/// Runs every rule and fails, after printing all findings, if there is one.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let findings = findings(workspace)?;
    for finding in &findings {
        println!("{finding}");
    }
    anyhow::ensure!(findings.is_empty(), "tidy found {} thing(s) to mend", findings.len());
    Ok(())
}

fn findings(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let sources = sources::read(&workspace.metadata.workspace_root)?;
    let edges = edges::of(&workspace.metadata);
    let mut findings = edges::check(&edges);
    findings.extend(picture::check(workspace, &edges)?);
    findings.extend(licences::check(workspace)?);
    findings.extend(sources.iter().filter_map(|source| names::check_path(&source.path)));
    findings.extend(sources.iter().flat_map(words::check));
    findings.extend(rust_findings(workspace, &sources)?);
    Ok(findings)
}

fn rust_findings(
    workspace: &Workspace,
    sources: &[sources::Source],
) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    let mut measured = lengths::Measured::default();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let syntax = syn::parse_file(&source.text)
            .with_context(|| format!("`{}` is not Rust", source.path))?;
        findings.extend(headers::check(source));
        findings.extend(names::check_modules(&source.path, &syntax));
        findings.extend(words::check_macros(&source.path, &syntax));
        if !source.is_test() && !source.is_generated() {
            measured.add(source, &syntax);
        }
    }
    let exceptions = exceptions::read(&workspace.path("xtask/tidy-exceptions.toml"))?;
    findings.extend(exceptions::check(&measured, &exceptions));
    let spread = lengths::Spread::of(&measured.functions);
    println!("{spread}");
    findings.extend(spread.check());
    Ok(findings)
}
