//! Owns telling a watcher what a template does, step by step. A rendering that nobody watches pays one
//! comparison for each directive.

use super::Renderer;
use crate::program::{Program, RefStep, Reference, Symbol};
use crate::value::{Printer, Value};

/// Hears the place in the template, what is there, and what came of it.
pub(crate) type Watcher<'r> = &'r mut dyn FnMut(u32, String, String);

/// How much of a value is told, in bytes.
const TOLD_MAX: usize = 200;

impl<'d> Renderer<'_, 'd> {
    /// Tells the watcher, if there is one.
    #[inline]
    pub(super) fn tell(&mut self, at: u32, what: impl FnOnce(&Self) -> (String, String)) {
        if self.watcher.is_some() {
            let (what, value) = what(self);
            let at = self.evaluated_at.unwrap_or(at);
            if let Some(watcher) = &mut self.watcher {
                watcher(at, what, value);
            }
        }
    }

    /// A directive that gives a name a value.
    pub(super) fn of_value(
        &self,
        directive: &str,
        name: Symbol,
        value: &Value<'d>,
    ) -> (String, String) {
        (format!("{directive} ${}", self.name(name)), self.value_told(value))
    }

    /// A directive that makes a name known.
    pub(super) fn of_name(&self, directive: &str, name: Symbol) -> (String, String) {
        (format!("{directive} ${}", self.name(name)), String::new())
    }

    pub(super) fn name(&self, symbol: Symbol) -> &str {
        let symbols = self.own_symbols.as_deref().unwrap_or(self.symbols);
        symbols.names().nth(symbol.index()).unwrap_or_default()
    }

    /// A reference as it is written, without its arguments and indexes.
    pub(super) fn reference_told(&self, program: &Program, reference: &Reference) -> String {
        let mut told = format!("${}", self.name(reference.root));
        for step in &reference.steps {
            match step {
                RefStep::Property { name, .. } => told.extend([".", program.text(*name)]),
                RefStep::Method { name, arguments, .. } => {
                    told.extend([
                        ".",
                        program.text(*name),
                        if arguments.is_empty() { "()" } else { "(…)" },
                    ]);
                }
                RefStep::Index { .. } => told.push_str("[…]"),
            }
        }
        told
    }

    /// The value's text, cut to what can be read.
    pub(super) fn value_told(&self, value: &Value<'d>) -> String {
        let mut told = String::new();
        let mut printer =
            Printer::new(&mut told, TOLD_MAX, self.options.json_lists, &self.heap.overlay);
        if printer.value(value).is_err() {
            told.push('…');
        }
        told
    }

    /// What was written since the output was `before` bytes long.
    pub(super) fn written_since(&self, before: usize) -> &str {
        &self.out[before..]
    }
}

/// The beginning of a text.
pub(super) fn cut(text: &str) -> String {
    if text.len() <= TOLD_MAX {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(TOLD_MAX)])
}
