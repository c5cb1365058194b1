//! Owns variables: one slot for each name, and the frames that macros lay over them. A macro's
//! argument is evaluated each time it is named, where the macro was called; what a macro sets is set
//! for itself and for everybody.

use std::sync::Arc;

use super::{Outcome, Renderer};
use crate::program::{Argument, Expr, Program, Symbol};
use crate::value::Value;

/// A layer over the variables.
#[derive(Debug)]
pub(super) struct Frame<'d> {
    /// The frame below, counted from 1; 0 for none.
    pub(super) parent: usize,
    pub(super) layer: Layer<'d>,
}

#[derive(Debug)]
pub(super) enum Layer<'d> {
    Macro {
        program: Arc<Program>,
        arguments: Vec<(Symbol, Argument)>,
        locals: Vec<(Symbol, Value<'d>)>,
    },
    /// A loop over a null: its variable has no value, whatever is around it. As in Velocity it stays
    /// so when it is set.
    NullItem { variable: Symbol, active: bool },
}

enum Found<'d> {
    Value(Value<'d>),
    Argument(Arc<Program>, Argument, usize),
    Nothing,
}

impl<'d> Renderer<'_, 'd> {
    /// The value of a variable; null where it has none.
    pub(super) fn get(&mut self, symbol: Symbol) -> Outcome<Value<'d>> {
        if self.frame == 0 {
            return Ok(self.slots[symbol.index()].clone());
        }
        match self.find(symbol) {
            Found::Value(value) => Ok(value),
            Found::Argument(program, argument, parent) => self.argument(&program, argument, parent),
            Found::Nothing => Ok(self.slots[symbol.index()].clone()),
        }
    }

    fn find(&self, symbol: Symbol) -> Found<'d> {
        let mut at = self.frame;
        while at > 0 {
            let frame = &self.frames[at - 1];
            match &frame.layer {
                Layer::Macro { program, arguments, locals } => {
                    let local =
                        locals.iter().find(|(name, value)| *name == symbol && !value.is_null());
                    if let Some((_, value)) = local {
                        return Found::Value(value.clone());
                    }
                    if let Some((_, argument)) = arguments.iter().find(|(name, _)| *name == symbol)
                    {
                        return Found::Argument(Arc::clone(program), *argument, frame.parent);
                    }
                }
                Layer::NullItem { variable, active } if *active && *variable == symbol => {
                    return Found::Value(Value::Null);
                }
                Layer::NullItem { .. } => {}
            }
            at = frame.parent;
        }
        Found::Nothing
    }

    /// The value of a macro's argument, where the macro was called.
    fn argument(
        &mut self,
        program: &Arc<Program>,
        argument: Argument,
        parent: usize,
    ) -> Outcome<Value<'d>> {
        let inner = std::mem::replace(&mut self.frame, parent);
        let value = self.deeper(0, |renderer| match program.expr(argument.value) {
            // A plain variable is looked up and not read: a missing one stays null.
            Expr::Reference(id) if program.reference(*id).steps.is_empty() => {
                renderer.get(program.reference(*id).root)
            }
            _ => renderer.value(program, argument.value),
        });
        self.frame = inner;
        value
    }

    /// Sets a variable in every layer, as Velocity does.
    #[inline]
    pub(super) fn put(&mut self, symbol: Symbol, value: Value<'d>) {
        if self.frame > 0 {
            self.put_in_frames(symbol, &value);
        }
        self.slots[symbol.index()] = value;
    }

    fn put_in_frames(&mut self, symbol: Symbol, value: &Value<'d>) {
        let mut at = self.frame;
        while at > 0 {
            let frame = &mut self.frames[at - 1];
            match &mut frame.layer {
                Layer::Macro { locals, .. } => {
                    locals.retain(|(name, _)| *name != symbol);
                    locals.push((symbol, value.clone()));
                }
                Layer::NullItem { variable, active } => {
                    *active |= *variable == symbol && value.is_null();
                }
            }
            at = frame.parent;
        }
    }

    /// Forgets a variable in every layer.
    pub(super) fn remove(&mut self, symbol: Symbol) {
        let mut at = self.frame;
        while at > 0 {
            let frame = &mut self.frames[at - 1];
            match &mut frame.layer {
                Layer::Macro { locals, arguments, .. } => {
                    locals.retain(|(name, _)| *name != symbol);
                    arguments.retain(|(name, _)| *name != symbol);
                }
                Layer::NullItem { variable, active } => *active &= *variable != symbol,
            }
            at = frame.parent;
        }
        self.slots[symbol.index()] = Value::Null;
    }

    /// Sets a variable back to what it was.
    pub(super) fn restore(&mut self, symbol: Symbol, before: Value<'d>) {
        if before.is_null() {
            self.remove(symbol);
        } else {
            self.put(symbol, before);
        }
    }

    /// The text of the argument that a macro was given for `$name`, which stands for it where it has
    /// no value.
    pub(super) fn argument_literal(&self, symbol: Symbol) -> Option<(Arc<Program>, Argument)> {
        let mut at = self.frame;
        while at > 0 {
            let frame = &self.frames[at - 1];
            if let Layer::Macro { program, arguments, .. } = &frame.layer
                && let Some((_, argument)) = arguments.iter().find(|(name, _)| *name == symbol)
            {
                return Some((Arc::clone(program), *argument));
            }
            at = frame.parent;
        }
        None
    }

    /// Runs with another layer on top.
    pub(super) fn layered<T>(
        &mut self,
        layer: Layer<'d>,
        run: impl FnOnce(&mut Self) -> Outcome<T>,
    ) -> Outcome<T> {
        let depth = self.frames.len();
        let parent = self.frame;
        self.frames.push(Frame { parent, layer });
        self.frame = self.frames.len();
        let outcome = run(self);
        self.frames.truncate(depth);
        self.frame = parent;
        outcome
    }
}
