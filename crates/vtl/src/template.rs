//! Owns the compiled template as callers see it.

use std::sync::Arc;

use crate::context::Context;
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
    source: Arc<str>,
}

impl Template {
    /// Compiles a template. It fails with [`ErrorKind::Syntax`](crate::ErrorKind::Syntax) where the
    /// text is no template, and with [`ErrorKind::Limit`](crate::ErrorKind::Limit) where it is too
    /// long or too deep.
    pub fn compile(source: &str, options: &Options) -> Result<Self, Error> {
        let mut symbols = Symbols::new();
        let program = parser::compile(source, &mut symbols, &options.limits)
            .map_err(|fault| fault.locate(source))?;
        Ok(Self {
            program: Arc::new(program),
            symbols: Arc::new(symbols),
            options: options.clone(),
            source: source.into(),
        })
    }

    /// Whether the template may ask for a variable: it names it, or evaluates text that may. What no
    /// template asks for, a caller need not make.
    pub fn asks_for(&self, variable: &str) -> bool {
        self.symbols.names().any(|name| name == variable) || self.program.evaluates()
    }

    /// The strings that stand in the template as they are, so that a caller can prepare for them.
    pub fn strings(&self) -> impl Iterator<Item = &str> {
        self.program.strings()
    }

    /// Renders the template.
    pub fn render(&self, context: &Context<'_>) -> Result<String, Error> {
        let mut out = String::new();
        self.render_to(&mut out, context)?;
        Ok(out)
    }

    /// Renders the template to the end of `out`, which is left as it was on failure.
    pub fn render_to(&self, out: &mut String, context: &Context<'_>) -> Result<(), Error> {
        eval::render(self, context, out, None).map_err(|fault| fault.locate(&self.source))
    }

    /// Renders the template as [`render_to`](Self::render_to) does, and tells `watch` of each
    /// reference and directive as it comes: what authors look at when a template does not do what
    /// they thought.
    pub fn render_traced(
        &self,
        out: &mut String,
        context: &Context<'_>,
        watch: &mut dyn FnMut(Step),
    ) -> Result<(), Error> {
        let mut tell = |at, what, value| {
            let (line, column) = place(&self.source, at);
            watch(Step { line, column, what, value });
        };
        eval::render(self, context, out, Some(&mut tell))
            .map_err(|fault| fault.locate(&self.source))
    }
}
