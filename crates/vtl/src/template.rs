//! Owns the compiled template as callers see it.

use std::sync::Arc;

use crate::context::Context;
use crate::error::Error;
use crate::eval;
use crate::options::Options;
use crate::parser;
use crate::program::{Program, Symbols};

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
        eval::render(self, context, out).map_err(|fault| fault.locate(&self.source))
    }
}
