//! The build that users install: profile `dist`, optimised for how calls go through it.
//!
//! It is made twice. The first build counts what runs while `bench/training.py` calls it; the second
//! learns from the counts which functions to inline, and which code to keep out of the hot path's
//! way. The counts are read by LLVM's own `llvm-profdata`, of the release that the compiler has.

use std::{env, fs};

use anyhow::Context as _;
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use crate::{
    bench::servers::{self, Server},
    clients, prerequisites,
    workspace::{Workspace, output_of, succeed},
};

const KEY_ID: &str = "AKIDTRAINING00000000";
const SECRET: &str = "not-a-secret-only-for-training-0000000000";

/// How to build.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// The folder for the binary; `trained/bin` in the target directory unless given
    #[arg(long, value_name = "FOLDER")]
    out: Option<Utf8PathBuf>,
}

/// One way to build clary, and the name that its binary gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variant {
    /// The file in the folder of results.
    pub(crate) name: &'static str,
    /// Features of the package.
    pub(crate) features: &'static [&'static str],
    /// Whether requests need no signature.
    pub(crate) is_unsigned: bool,
}

/// What users install.
pub(crate) const CLARY: Variant = Variant { name: "clary", features: &[], is_unsigned: false };

/// Builds clary for users.
pub(crate) fn run(settings: &Settings, workspace: &Workspace) -> anyhow::Result<()> {
    let folder = settings.out.clone().unwrap_or_else(|| workspace.target("trained/bin"));
    build(workspace, &[CLARY], &folder)?;
    println!("{}", folder.join(CLARY.name));
    Ok(())
}

/// Builds each variant for what the training calls, into this folder.
pub(crate) fn build(
    workspace: &Workspace,
    variants: &[Variant],
    folder: &Utf8Path,
) -> anyhow::Result<()> {
    let trainer = Trainer::new(workspace)?;
    fs::create_dir_all(folder).with_context(|| format!("can't make {folder}"))?;
    for variant in variants {
        let counting = trainer.compile(*variant, "counting", &trainer.counting_flag())?;
        trainer.train(*variant, &counting)?;
    }
    let profile = trainer.merge()?;
    for variant in variants {
        let built = trainer.compile(*variant, "learned", &format!("-Cprofile-use={profile}"))?;
        fs::copy(&built, folder.join(variant.name))
            .with_context(|| format!("can't copy {built} to {folder}"))?;
    }
    Ok(())
}

struct Trainer<'a> {
    workspace: &'a Workspace,
    /// Everything that is made on the way.
    directory: Utf8PathBuf,
    compiler: Compiler,
    /// LLVM's reader of counts.
    merger: Utf8PathBuf,
}

impl<'a> Trainer<'a> {
    fn new(workspace: &'a Workspace) -> anyhow::Result<Self> {
        let compiler = Compiler::ask(workspace)?;
        let merger = compiler.merger()?;
        let directory = workspace.target("trained");
        let trainer = Self { workspace, directory, compiler, merger };
        // Counts of a build before would be mixed with this one's.
        let _ = fs::remove_dir_all(trainer.counts());
        Ok(trainer)
    }

    fn counts(&self) -> Utf8PathBuf {
        self.directory.join("counts")
    }

    fn counting_flag(&self) -> String {
        format!("-Cprofile-generate={}", self.counts())
    }

    /// Builds with one more flag, in a target directory of its own: the flag is one of every crate.
    fn compile(
        &self,
        variant: Variant,
        directory: &str,
        flag: &str,
    ) -> anyhow::Result<Utf8PathBuf> {
        let directory = self.directory.join(directory);
        let Compiler { host, .. } = &self.compiler;
        // Naming the target keeps the flag away from build scripts and macros.
        let mut cargo = self.workspace.cargo(&["build", "--locked", "--profile", "dist"]);
        cargo.args(["-p", "clary", "--target", host, "--target-dir", directory.as_str()]);
        cargo.args(variant.features.iter().flat_map(|feature| ["--features", *feature]));
        let flags = env::var("RUSTFLAGS").unwrap_or_default();
        succeed(cargo.env("RUSTFLAGS", format!("{flags} {flag}").trim()))?;
        Ok(directory.join(host).join("dist/clary"))
    }

    /// Calls a counting build; it writes its counts when it ends.
    fn train(&self, variant: Variant, binary: &Utf8Path) -> anyhow::Result<()> {
        let server = self.start(binary)?;
        self.deploy(binary)?;
        let rest_api = self.deploy_rest_api(&server)?;
        let mut training = self.python(&server)?;
        training.arg("bench/training.py").args(["--url", &server.url(), "--rest-api", &rest_api]);
        training.args(variant.is_unsigned.then_some("--unsigned"));
        succeed(&mut training)?;
        server.end()
    }

    fn data_dir(&self) -> Utf8PathBuf {
        self.directory.join("data")
    }

    /// Both faces on one port, so that what the server says of one is where the other is.
    fn start(&self, binary: &Utf8Path) -> anyhow::Result<Server> {
        let address = format!("127.0.0.1:{}", servers::free_port()?);
        let mut command = self.workspace.command(binary);
        command.args(["serve", "--ephemeral", "--log", "warn", "--threads", "1"]);
        command.args(["--api", &address, "--gateway", &address]);
        command.args(["--data-dir", self.data_dir().as_str()]);
        command.env("CLARY_ROOT_ACCESS_KEY_ID", KEY_ID);
        command.env("CLARY_ROOT_SECRET_ACCESS_KEY", SECRET);
        servers::start(&mut command, "clary")
    }

    fn deploy(&self, binary: &Utf8Path) -> anyhow::Result<()> {
        let mut deploy = self.workspace.command(binary);
        deploy.args(["deploy", "examples/covtype/model", "--name", "covtype"]);
        deploy.args(["--data-dir", self.data_dir().as_str()]);
        deploy.env("CLARY_ROOT_ACCESS_KEY_ID", KEY_ID);
        output_of(deploy.env("CLARY_ROOT_SECRET_ACCESS_KEY", SECRET)).map(drop)
    }

    fn deploy_rest_api(&self, server: &Server) -> anyhow::Result<String> {
        let printed = output_of(self.python(server)?.arg("examples/movie-ratings/deploy.py"))?;
        let id = printed.strip_prefix("REST API ").and_then(|rest| rest.split(',').next());
        id.map(str::to_owned).with_context(|| format!("the example printed {printed:?}"))
    }

    fn python(&self, server: &Server) -> anyhow::Result<std::process::Command> {
        let mut python = self.workspace.command(clients::python(self.workspace)?);
        python.env("AWS_ENDPOINT_URL", server.url()).env("AWS_DEFAULT_REGION", "us-east-1");
        python.env("AWS_ACCESS_KEY_ID", KEY_ID).env("AWS_SECRET_ACCESS_KEY", SECRET);
        Ok(python)
    }

    /// One file of all counts, for the compiler.
    fn merge(&self) -> anyhow::Result<Utf8PathBuf> {
        let profile = self.directory.join("clary.profdata");
        let mut merge = self.workspace.command(&self.merger);
        merge.args(["merge", "--output", profile.as_str(), self.counts().as_str()]);
        succeed(&mut merge)?;
        Ok(profile)
    }
}

/// What has to be known of the compiler.
#[derive(Debug, PartialEq)]
struct Compiler {
    /// The machine's target triple.
    host: String,
    /// The release of LLVM, the first number only.
    llvm: String,
    sysroot: Utf8PathBuf,
}

impl Compiler {
    fn ask(workspace: &Workspace) -> anyhow::Result<Self> {
        let version = output_of(workspace.command("rustc").arg("-vV"))?;
        let sysroot = output_of(workspace.command("rustc").args(["--print", "sysroot"]))?;
        Self::read(&version, sysroot.trim())
            .with_context(|| format!("`rustc -vV` printed {version:?}"))
    }

    fn read(version: &str, sysroot: &str) -> Option<Self> {
        let field = |name| version.lines().find_map(|line| line.strip_prefix(name));
        let llvm = field("LLVM version: ")?.split('.').next()?;
        Some(Self {
            host: field("host: ")?.to_owned(),
            llvm: llvm.to_owned(),
            sysroot: sysroot.into(),
        })
    }

    /// `llvm-profdata` of rustup's component, or of Debian's package.
    fn merger(&self) -> anyhow::Result<Utf8PathBuf> {
        let Self { host, llvm, sysroot } = self;
        let places = [
            sysroot.join(format!("lib/rustlib/{host}/bin/llvm-profdata")),
            Utf8PathBuf::from(format!("llvm-profdata-{llvm}")),
        ];
        let found =
            places.into_iter().find(|place| prerequisites::works(place.as_str(), &["--help"]));
        found.with_context(|| {
            format!(
                "no `llvm-profdata` of LLVM {llvm}; run `rustup component add llvm-tools`, or \
                 `apt-get install llvm-{llvm}` as root"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_says_its_target_and_its_llvm() {
        let version = "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\n\
                       host: x86_64-unknown-linux-gnu\nrelease: 1.95.0\nLLVM version: 22.1.2\n";
        let expected = Compiler {
            host: "x86_64-unknown-linux-gnu".to_owned(),
            llvm: "22".to_owned(),
            sysroot: "/opt/rust".into(),
        };
        assert_eq!(Compiler::read(version, "/opt/rust"), Some(expected));
        assert_eq!(Compiler::read("rustc 1.95.0\n", "/opt/rust"), None);
    }

    #[test]
    fn a_missing_tool_is_named_with_how_to_get_it() {
        let compiler = Compiler {
            host: "none".to_owned(),
            llvm: "999".to_owned(),
            sysroot: "/nowhere".into(),
        };
        let complaint = compiler.merger().expect_err("there is no such release").to_string();
        assert!(complaint.contains("rustup component add llvm-tools"), "{complaint}");
        assert!(complaint.contains("apt-get install llvm-999"), "{complaint}");
    }
}
