//! Owns the compiled template as callers see it.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use crate::context::Variables;
use crate::error::{Error, place};
use crate::eval;
use crate::options::Options;
use crate::parser;
use crate::program::{Program, Symbols};

/// Something a template did. What it did in text that `#evaluate` read is at that `#evaluate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1, in characters.
    pub column: u32,
    /// The reference or directive: `$user.name`, `#set $x`, `#if`, `#foreach $item`.
    pub what: String,
    /// What came of it: the text that was written, the value that was set, whether the condition
    /// holds. Long ones are cut; nothing where the directive has no value.
    pub value: String,
}

/// A template, compiled for one set of options.
#[derive(Clone, Debug)]
pub struct Template {
    pub(crate) program: Arc<Program>,
    pub(crate) symbols: Arc<Symbols>,
    pub(crate) options: Options,
    /// Whether loops have to keep `$velocityCount` and `$velocityHasNext`: evaluated text may name
    /// them, too.
    pub(crate) counts: bool,
    source: Arc<str>,
    /// How long the longest text was that it rendered, up to a limit.
    usual_bytes: Arc<AtomicUsize>,
}

/// How much room a text is given at once, in bytes, if earlier ones needed it: enough to spare most
/// texts their growth, and little where a short one is kept, as a cache does.
const ROOM_MAX: usize = 16 << 10;

impl Template {
    /// Compiles a template. It fails with [`ErrorKind::Syntax`](crate::ErrorKind::Syntax) where the
    /// text is no template, and with [`ErrorKind::Limit`](crate::ErrorKind::Limit) where it is too
    /// long or too deep.
    pub fn compile(source: &str, options: &Options) -> Result<Self, Error> {
        let mut symbols = Symbols::new();
        let program = parser::compile(source, &mut symbols, &options.limits)
            .map_err(|fault| fault.locate(source))?;
        Ok(Self {
            counts: symbols.count() || program.evaluates(),
            usual_bytes: Arc::default(),
            program: Arc::new(program),
            symbols: Arc::new(symbols),
            options: options.clone(),
            source: source.into(),
        })
    }

    /// The strings that stand in the template as they are, so that a caller can prepare for them.
    pub fn strings(&self) -> impl Iterator<Item = &str> {
        self.program.strings()
    }

    /// Renders the template.
    pub fn render<'d>(&self, variables: &impl Variables<'d>) -> Result<String, Error> {
        let mut out = String::new();
        self.render_to(&mut out, variables)?;
        Ok(out)
    }

    /// Renders the template to the end of `out`, which is left as it was on failure.
    pub fn render_to<'d>(
        &self,
        out: &mut String,
        variables: &impl Variables<'d>,
    ) -> Result<(), Error> {
        let start = out.len();
        out.reserve(self.usual_bytes.load(Relaxed));
        eval::render(self, variables, out, None).map_err(|fault| fault.locate(&self.source))?;
        self.usual_bytes.fetch_max((out.len() - start).min(ROOM_MAX), Relaxed);
        Ok(())
    }

    /// Renders the template as [`render_to`](Self::render_to) does, and tells `watch` of each
    /// reference and directive as it comes: what authors look at when a template does not do what
    /// they thought.
    pub fn render_traced<'d>(
        &self,
        out: &mut String,
        variables: &impl Variables<'d>,
        watch: &mut dyn FnMut(Step),
    ) -> Result<(), Error> {
        let mut tell = |at, what, value| {
            let (line, column) = place(&self.source, at);
            watch(Step { line, column, what, value });
        };
        eval::render(self, variables, out, Some(&mut tell))
            .map_err(|fault| fault.locate(&self.source))
    }
}
