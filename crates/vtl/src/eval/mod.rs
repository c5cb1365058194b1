//! Owns rendering: the state of one rendering and its limits. Blocks and directives are in `blocks`,
//! references in `look` and `references`, expressions in `expressions`, variables in `variables`; what methods
//! do is `java`'s.

mod blocks;
mod expressions;
mod heap;
mod look;
mod references;
mod scope;
mod trace;
mod variables;

use std::sync::Arc;

pub(crate) use heap::{Heap, Refusal};
pub(crate) use scope::{BlockValue, LoopScope};
pub(crate) use trace::Watcher;
use variables::Frame;

use crate::error::{ErrorKind, Fault};
use crate::options::{Limits, Nulls, Options};
use crate::program::{Macro, Program, Symbols};
use crate::value::{Printer, Value};
use crate::{Template, Variables};

/// Why rendering does not go on.
#[derive(Debug)]
pub(crate) enum Interrupt {
    Fault(Fault),
    /// `#break`: ends the nearest loop, macro, block or `#evaluate`.
    Break,
    /// `#break( $foreach )`: ends the loop with that scope, by its address.
    BreakScope(usize),
    /// `#stop`: ends it all.
    Stop,
}

impl From<Fault> for Interrupt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

type Outcome<T = ()> = Result<T, Interrupt>;

/// A macro that can be called, and the program it is in.
#[derive(Clone, Debug)]
struct Known {
    program: Arc<Program>,
    definition: Macro,
}

/// One rendering.
pub(crate) struct Renderer<'r, 'd> {
    options: &'r Options,
    variables: &'r (dyn Variables<'d> + 'r),
    /// The names of the template, and of what it evaluated once it did.
    symbols: &'r Symbols,
    own_symbols: Option<Box<Symbols>>,
    /// The variables, by symbol.
    slots: Vec<Value<'d>>,
    frames: Vec<Frame<'d>>,
    /// How many of the frames are seen, counted from the innermost one's parents.
    frame: usize,
    macros: Vec<Known>,
    macro_depth: usize,
    evaluate_depth: usize,
    /// Where the outermost `#evaluate` stands: what is in its text has no place in the template.
    evaluated_at: Option<u32>,
    depth: usize,
    /// Whether `$velocityCount` and `$velocityHasNext` may be asked for.
    counts: bool,
    heap: Heap<'d>,
    out: String,
    out_limit: usize,
    watcher: Option<Watcher<'r>>,
}

/// Renders `template` to the end of `out`; what it does is told to the watcher.
pub(crate) fn render<'r, 'd>(
    template: &'r Template,
    variables: &'r (dyn Variables<'d> + 'r),
    out: &mut String,
    watcher: Option<Watcher<'r>>,
) -> Result<(), Fault> {
    let options = &template.options;
    let start = out.len();
    let mut renderer = Renderer {
        options,
        variables,
        symbols: &template.symbols,
        own_symbols: None,
        slots: begun(template.symbols.names(), variables),
        frames: Vec::new(),
        frame: 0,
        macros: Vec::new(),
        macro_depth: 0,
        evaluate_depth: 0,
        evaluated_at: None,
        depth: 0,
        counts: template.counts,
        heap: Heap::new(options),
        out: std::mem::take(out),
        out_limit: start.saturating_add(options.limits.output_bytes),
        watcher,
    };
    renderer.define_macros(&template.program);
    let outcome = renderer.block(&template.program, template.program.root);
    *out = std::mem::take(&mut renderer.out);
    match outcome {
        Err(Interrupt::Fault(fault)) => {
            out.truncate(start);
            Err(fault)
        }
        _ => Ok(()),
    }
}

/// The values that variables begin with.
fn begun<'n, 'd>(
    names: impl ExactSizeIterator<Item = &'n str>,
    variables: &dyn Variables<'d>,
) -> Vec<Value<'d>> {
    // What is allocated as a power of two is had with the fewest instructions.
    let mut slots = Vec::with_capacity(names.len().next_power_of_two());
    slots.extend(names.map(|name| variables.variable(name).unwrap_or_default()));
    slots
}

impl<'d> Renderer<'_, 'd> {
    fn limits(&self) -> &Limits {
        &self.options.limits
    }

    /// A program's macros, of which a later one replaces an earlier one of the same name.
    fn define_macros(&mut self, program: &Arc<Program>) {
        for definition in &program.macros {
            self.macros.retain(|known| known.definition.name != definition.name);
            self.macros
                .push(Known { program: Arc::clone(program), definition: definition.clone() });
        }
    }

    fn fault(&self, kind: ErrorKind, at: u32, message: impl Into<String>) -> Interrupt {
        Fault::new(kind, self.evaluated_at.unwrap_or(at), message).into()
    }

    fn refused(&self, refusal: Refusal, at: u32) -> Interrupt {
        self.fault(refusal.kind, at, refusal.message)
    }

    /// Counts a step of work.
    #[inline]
    fn step(&mut self, at: u32) -> Outcome {
        match self.heap.spend(1) {
            Ok(()) => Ok(()),
            Err(refusal) => Err(self.refused(refusal, at)),
        }
    }

    /// Goes one level deeper, so that nothing recurses to the end of the stack.
    fn deeper<T>(&mut self, at: u32, run: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        // Macros and evaluated text nest beyond what one text may; each level of text is counted.
        let limit = self.limits().nesting.saturating_mul(3);
        if self.depth >= limit {
            let message = format!("rendering nested more than {limit} levels deep");
            return Err(self.fault(ErrorKind::Limit, at, message));
        }
        self.depth += 1;
        let outcome = run(self);
        self.depth -= 1;
        outcome
    }

    #[inline]
    fn write(&mut self, text: &str, at: u32) -> Outcome {
        if self.out.len() + text.len() > self.out_limit {
            return Err(self.output_full(at));
        }
        self.out.push_str(text);
        Ok(())
    }

    #[cold]
    fn output_full(&self, at: u32) -> Interrupt {
        let limits = self.limits();
        let message = format!(
            "the text grows beyond a limit: {} bytes of output, {} bytes of strings",
            limits.output_bytes, limits.value_bytes
        );
        self.fault(ErrorKind::Limit, at, message)
    }

    /// Writes a value as `toString` does.
    fn write_value(&mut self, value: &Value<'d>, at: u32) -> Outcome {
        let lists = self.options.json_lists;
        let mut printer = Printer::new(&mut self.out, self.out_limit, lists, &self.heap.overlay);
        if printer.value(value).is_err() {
            return Err(self.output_full(at));
        }
        Ok(())
    }

    /// Runs with the output gathered in a string of its own.
    fn captured(&mut self, at: u32, run: impl FnOnce(&mut Self) -> Outcome) -> Outcome<String> {
        let outer = std::mem::take(&mut self.out);
        let outer_limit = std::mem::replace(&mut self.out_limit, self.heap.bytes_left());
        let outcome = run(self);
        let inner = std::mem::replace(&mut self.out, outer);
        self.out_limit = outer_limit;
        outcome?;
        match self.heap.build(inner.len()) {
            Ok(()) => Ok(inner),
            Err(refusal) => Err(self.refused(refusal, at)),
        }
    }

    /// What a reference without a value stands for.
    fn missing(&self) -> Value<'d> {
        match self.options.nulls {
            Nulls::AsWritten => Value::Null,
            Nulls::Empty => Value::text(""),
        }
    }
}
