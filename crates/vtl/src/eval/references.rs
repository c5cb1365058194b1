//! Owns references: reading them step by step, writing them out, and setting them.

use std::rc::Rc;
use std::sync::Arc;

use super::expressions::constant_value;
use super::look::{Hand, Seen, look};
use super::{BlockValue, Interrupt, Outcome, Refusal, Renderer, trace};
use crate::error::ErrorKind;
use crate::java::{self, Called};
use crate::options::Nulls;
use crate::program::{Expr, ExprId, Program, RefId, RefStep, Reference, ReferenceKind, Symbol};
use crate::value::{Inner, Json, Printer, Value, append};

impl<'d> Renderer<'_, 'd> {
    /// A reference's value.
    pub(super) fn reference(&mut self, program: &Arc<Program>, id: RefId) -> Outcome<Value<'d>> {
        let reference = program.reference(id);
        self.step(reference.at)?;
        match reference.kind {
            ReferenceKind::Runt => return Ok(Value::Null),
            ReferenceKind::Text => return Ok(self.missing()),
            _ => {}
        }
        let (value, rest) = match self.called_at_once(program, reference)? {
            Some(value) => (value, &reference.steps[1..]),
            None => self.looked(program, reference)?,
        };
        let value = self.take_steps(program, value, rest)?;
        Ok(if value.is_null() { self.missing() } else { value })
    }

    /// The first step of a reference, if that is a call with constants of what is seen where it is, as
    /// in `$input.params('id')`: nothing can change what is called before it is called.
    fn called_at_once(
        &mut self,
        program: &Program,
        reference: &Reference,
    ) -> Outcome<Option<Value<'d>>> {
        let Some(RefStep::Method { name, arguments, at }) = reference.steps.first() else {
            return Ok(None);
        };
        let root = &self.slots[reference.root.index()];
        if self.frame > 0 || !self.heap.overlay.is_empty() || root.is_null() {
            return Ok(None);
        }
        let name = program.text(*name);
        let called = match &**arguments {
            [] => java::call(&mut self.heap, root, name, &[]),
            [one] => {
                let Expr::Constant(one) = program.expr(*one) else { return Ok(None) };
                java::call(&mut self.heap, root, name, &[constant_value(one)])
            }
            _ => return Ok(None),
        };
        self.returned(called, name, *at).map(Some)
    }

    /// What looking gives, and the steps that are left.
    fn looked<'p>(
        &mut self,
        program: &Program,
        reference: &'p Reference,
    ) -> Outcome<(Value<'d>, &'p [RefStep])> {
        if !self.heap.overlay.is_empty() {
            return Ok((self.get(reference.root)?, &reference.steps));
        }
        let hand = Hand::new();
        if self.frame == 0 {
            let root = &self.slots[reference.root.index()];
            let (seen, rest) = look(program, root, &reference.steps, &hand);
            return Ok((seen.to_value(), rest));
        }
        let root = self.get(reference.root)?;
        let (seen, rest) = look(program, &root, &reference.steps, &hand);
        Ok((seen.to_value(), rest))
    }

    fn take_steps(
        &mut self,
        program: &Arc<Program>,
        mut value: Value<'d>,
        steps: &[RefStep],
    ) -> Outcome<Value<'d>> {
        for step in steps {
            if value.is_null() {
                break;
            }
            value = self.take_step(program, &value, step)?;
        }
        Ok(value)
    }

    fn take_step(
        &mut self,
        program: &Arc<Program>,
        of: &Value<'d>,
        step: &RefStep,
    ) -> Outcome<Value<'d>> {
        if !self.heap.overlay.is_empty()
            && let Some(changed) = self.heap.overlay.changed(of)
        {
            return self.take_step_of(program, &changed, step);
        }
        self.take_step_of(program, of, step)
    }

    fn take_step_of(
        &mut self,
        program: &Arc<Program>,
        of: &Value<'d>,
        step: &RefStep,
    ) -> Outcome<Value<'d>> {
        match step {
            RefStep::Property { name, at, .. } => {
                java::property(&mut self.heap, of, program.text(*name))
                    .map_err(|refusal| self.refused(refusal, *at))
            }
            RefStep::Method { name, arguments, at } => {
                self.call(program, of, program.text(*name), arguments, *at)
            }
            RefStep::Index { index, at } => {
                let index = self.value(program, *index)?;
                match java::index(&mut self.heap, of, index) {
                    Ok(value) => Ok(value.unwrap_or_default()),
                    Err(refusal) => Err(self.refused(refusal, *at)),
                }
            }
        }
    }

    fn call(
        &mut self,
        program: &Arc<Program>,
        of: &Value<'d>,
        name: &str,
        arguments: &[ExprId],
        at: u32,
    ) -> Outcome<Value<'d>> {
        let value = match arguments {
            [] => java::call(&mut self.heap, of, name, &[]),
            [one] => {
                let arguments = [self.call_argument(program, *one, at)?];
                java::call(&mut self.heap, of, name, &arguments)
            }
            many => {
                let mut values = Vec::with_capacity(many.len());
                for argument in many {
                    values.push(self.call_argument(program, *argument, at)?);
                }
                java::call(&mut self.heap, of, name, &values)
            }
        };
        self.returned(value, name, at)
    }

    /// A call's value; null where nothing can be called so.
    #[inline]
    fn returned(&self, called: Called<'d>, name: &str, at: u32) -> Outcome<Value<'d>> {
        match called {
            Ok(value) => Ok(value.unwrap_or_default()),
            Err(refusal) => Err(self.call_failed(&refusal, name, at)),
        }
    }

    #[cold]
    fn call_failed(&self, refusal: &Refusal, name: &str, at: u32) -> Interrupt {
        self.fault(refusal.kind, at, format!("`{name}` fails: {}", refusal.message))
    }

    fn call_argument(&mut self, program: &Arc<Program>, id: ExprId, at: u32) -> Outcome<Value<'d>> {
        let value = self.value(program, id)?;
        if let Value::Inner(Inner::Block(block)) = &value {
            let block = Rc::clone(block);
            return Ok(self.block_text(&block, at)?.map_or(Value::Null, Value::from));
        }
        Ok(self.heap.overlay.lift(value))
    }

    /// Writes a reference out, or what stands for it.
    pub(super) fn render_reference(
        &mut self,
        program: &Arc<Program>,
        name: Option<Symbol>,
        id: RefId,
    ) -> Outcome {
        if let Some(name) = name
            && let Some(outcome) = self.write_text_of(program, name, id)
        {
            return outcome;
        }
        let reference = program.reference(id);
        if self.watcher.is_some() {
            return self.render_watched(program, reference, id);
        }
        if self.write_seen(program, reference)? {
            return Ok(());
        }
        self.render_any(program, reference, id)
    }

    /// Writes a variable that is text, where nobody watches and nothing lies over the variables.
    #[inline]
    fn write_text_of(&mut self, program: &Program, name: Symbol, id: RefId) -> Option<Outcome> {
        match &self.slots[name.index()] {
            Value::Text(text) if self.frame == 0 && self.watcher.is_none() => {
                if append(&mut self.out, self.out_limit, text.as_str()).is_err() {
                    return Some(Err(self.output_full(program.reference(id).at)));
                }
                let spent = self.heap.spend(1);
                Some(spent.map_err(|refusal| self.refused(refusal, program.reference(id).at)))
            }
            _ => None,
        }
    }

    /// Renders, and tells what was written.
    fn render_watched(
        &mut self,
        program: &Arc<Program>,
        reference: &Reference,
        id: RefId,
    ) -> Outcome {
        let before = self.out.len();
        self.render_any(program, reference, id)?;
        self.tell(reference.at, |told| {
            (told.reference_told(program, reference), trace::cut(told.written_since(before)))
        });
        Ok(())
    }

    fn render_any(&mut self, program: &Arc<Program>, reference: &Reference, id: RefId) -> Outcome {
        if reference.kind == ReferenceKind::Runt {
            return self.write(program.text(reference.literal), reference.at);
        }
        let value = self.reference(program, id)?;
        if reference.escaped {
            return self.write_escaped(program, reference, !value.is_null());
        }
        if let Value::Inner(Inner::Block(block)) = &value {
            return self.write_block(program, reference, &Rc::clone(block));
        }
        if value.is_null() {
            return self.write_missing(program, reference);
        }
        self.write_prefixes(program, reference)?;
        self.write_value(&value, reference.at)
    }

    /// The common case, a reference that looking is enough for: written without a copy. False where
    /// it is another case.
    #[inline]
    fn write_seen(&mut self, program: &Program, reference: &Reference) -> Outcome<bool> {
        if !self.can_look(reference) || !reference.bare {
            return Ok(false);
        }
        let root = &self.slots[reference.root.index()];
        if let (Value::Object(object), [RefStep::Property { name, .. }]) = (root, &*reference.steps)
        {
            let property = object.property(program.text(*name)).unwrap_or_default();
            return self.write_made(&property, reference.at);
        }
        let (out, limit) = (&mut self.out, self.out_limit);
        let printer = |out| Printer::new(out, limit, self.options.json_lists, &self.heap.overlay);
        let hand = Hand::new();
        let written = match look(program, root, &reference.steps, &hand) {
            (Seen::Value(Value::Inner(_)) | Seen::Nothing, []) => return Ok(false),
            (Seen::Value(Value::Text(text)), []) => append(out, limit, text.as_str()),
            (Seen::Value(value), []) => printer(out).value(value),
            (Seen::Json(Json::Text(text)), []) => append(out, limit, text),
            (Seen::Json(json), []) => printer(out).json(json),
            _ => return Ok(false),
        };
        if written.is_err() {
            return Err(self.output_full(reference.at));
        }
        self.step(reference.at)?;
        Ok(true)
    }

    /// A value that an object made, unless it takes more than writing.
    fn write_made(&mut self, value: &Value<'d>, at: u32) -> Outcome<bool> {
        match value {
            Value::Null | Value::Inner(_) => return Ok(false),
            Value::Text(text) => self.write(text.as_str(), at)?,
            value => self.write_value(value, at)?,
        }
        self.step(at)?;
        Ok(true)
    }

    /// Whether variables are where the program says and JSON is as it was parsed, so that looking at
    /// them is enough.
    #[inline]
    fn can_look(&self, reference: &Reference) -> bool {
        reference.seen && self.frame == 0 && self.heap.overlay.is_empty()
    }

    /// Whether a reference is true.
    pub(super) fn reference_holds(&mut self, program: &Arc<Program>, id: RefId) -> Outcome<bool> {
        let reference = program.reference(id);
        if self.can_look(reference) {
            self.step(reference.at)?;
            let root = &self.slots[reference.root.index()];
            if let (Value::Inner(Inner::Loop(scope)), [RefStep::Property { of_loop, .. }]) =
                (root, &*reference.steps)
                && let Some(holds) = scope.holds(*of_loop)
            {
                return Ok(holds);
            }
            let hand = Hand::new();
            let (seen, rest) = look(program, root, &reference.steps, &hand);
            if rest.is_empty() {
                return Ok(match seen {
                    Seen::Value(value) => self.truth(value),
                    Seen::Json(json) => !matches!(json, Json::Bool(false)),
                    Seen::Nothing => self.options.nulls == Nulls::Empty,
                });
            }
        }
        let value = self.deeper(reference.at, |renderer| renderer.reference(program, id))?;
        Ok(self.truth(&value))
    }

    fn write_prefixes(&mut self, program: &Program, reference: &Reference) -> Outcome {
        if reference.escapes == reference.prefix {
            return Ok(());
        }
        self.write(program.text(reference.escapes), reference.at)?;
        self.write(program.text(reference.prefix), reference.at)
    }

    /// `\$name`: without its backslash where there is such a variable, else as it stands.
    fn write_escaped(&mut self, program: &Program, reference: &Reference, known: bool) -> Outcome {
        self.write(program.text(reference.escapes), reference.at)?;
        if !known {
            self.write("\\", reference.at)?;
        }
        self.write_literal(program, reference)
    }

    /// A reference without a value is text, and so are the backslashes in front of it.
    fn write_missing(&mut self, program: &Program, reference: &Reference) -> Outcome {
        self.write(program.text(reference.escapes), reference.at)?;
        self.write(program.text(reference.escapes), reference.at)?;
        self.write(program.text(reference.prefix), reference.at)?;
        self.write_literal(program, reference)
    }

    fn write_literal(&mut self, program: &Program, reference: &Reference) -> Outcome {
        if reference.kind == ReferenceKind::Plain
            && let Some((caller, argument)) = self.argument_literal(reference.root)
        {
            return self.write(caller.text(argument.literal), reference.at);
        }
        self.write(program.text(reference.literal), reference.at)
    }

    fn write_block(
        &mut self,
        program: &Arc<Program>,
        reference: &Reference,
        block: &Rc<BlockValue>,
    ) -> Outcome {
        if block.depth.get() >= block.depth_max {
            return self.write_missing(program, reference);
        }
        self.render_block(block, reference.at)
    }

    /// Renders a block that `#define` or a macro's call made; `#break` ends it.
    fn render_block(&mut self, block: &Rc<BlockValue>, at: u32) -> Outcome {
        block.depth.set(block.depth.get() + 1);
        let outcome = self.deeper(at, |renderer| renderer.block(&block.program, block.body));
        block.depth.set(block.depth.get() - 1);
        match outcome {
            Err(Interrupt::Break) => Ok(()),
            outcome => outcome,
        }
    }

    /// The text of a block; none where it is too deep in itself.
    pub(super) fn block_text(
        &mut self,
        block: &Rc<BlockValue>,
        at: u32,
    ) -> Outcome<Option<String>> {
        if block.depth.get() >= block.depth_max {
            return Ok(None);
        }
        self.captured(at, |renderer| renderer.render_block(block, at)).map(Some)
    }

    /// A value's text.
    pub(super) fn text_of(&mut self, value: &Value<'d>, at: u32) -> Outcome<String> {
        if let Value::Inner(Inner::Block(block)) = value {
            let block = Rc::clone(block);
            return Ok(self.block_text(&block, at)?.unwrap_or_default());
        }
        match self.heap.text(value) {
            Ok(text) => Ok(text),
            Err(refusal) => Err(self.refused(refusal, at)),
        }
    }

    /// `#set`: null sets nothing.
    pub(super) fn set(
        &mut self,
        program: &Arc<Program>,
        target: (RefId, Symbol),
        value: ExprId,
    ) -> Outcome {
        let reference = program.reference(target.0);
        self.step(reference.at)?;
        let value = self.value(program, value)?;
        self.tell(reference.at, |told| {
            (format!("#set {}", told.reference_told(program, reference)), told.value_told(&value))
        });
        if value.is_null() {
            return Ok(());
        }
        let Some((last, before)) = reference.steps.split_last() else {
            self.put(target.1, value);
            return Ok(());
        };
        let root = self.get(reference.root)?;
        let owner = self.take_steps(program, root, before)?;
        if owner.is_null() {
            return Ok(());
        }
        let owner = self.heap.overlay.lift(owner);
        self.set_step(program, &owner, last, value)
    }

    fn set_step(
        &mut self,
        program: &Arc<Program>,
        owner: &Value<'d>,
        step: &RefStep,
        value: Value<'d>,
    ) -> Outcome {
        let (outcome, at) = match step {
            // Velocity takes a method's name for a property's.
            RefStep::Property { name, at, .. } | RefStep::Method { name, at, .. } => {
                (java::set_property(&mut self.heap, owner, program.text(*name), value), *at)
            }
            RefStep::Index { index, at } => {
                let index = self.value(program, *index)?;
                (java::set_index(&mut self.heap, owner, index, value), *at)
            }
        };
        outcome.map_err(|refusal| self.refused(refusal, at))
    }

    /// Whether a value is true: any is, but null and false.
    pub(super) fn truth(&self, value: &Value<'d>) -> bool {
        match value {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Inner(Inner::Block(block)) => {
                block.depth.get() < block.depth_max || self.options.nulls == Nulls::Empty
            }
            _ => true,
        }
    }

    pub(super) fn directive_fault(&self, at: u32, message: impl Into<String>) -> Interrupt {
        self.fault(ErrorKind::Directive, at, message)
    }
}
