//! Owns blocks and directives: what each node of a program does.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use super::trace;
use super::variables::Layer;
use super::{BlockValue, Interrupt, Known, LoopScope, Outcome, Renderer, begun};
use crate::error::ErrorKind;
use crate::java;
use crate::parser;
use crate::program::{
    BlockId, Call, Constant, Directive, Expr, ExprId, Foreach, If, LoopProperty, Node, Program,
    Symbol,
};
use crate::value::{Inner, Value};

/// How deep a `#define`d block may be in itself, as `directive.define.maxdepth` by default.
const DEFINE_DEPTH_MAX: usize = 2;

impl<'d> Renderer<'_, 'd> {
    /// Renders a block.
    pub(super) fn block(&mut self, program: &Arc<Program>, id: BlockId) -> Outcome {
        for node in program.block(id) {
            self.node(program, node)?;
        }
        Ok(())
    }

    fn node(&mut self, program: &Arc<Program>, node: &Node) -> Outcome {
        match node {
            Node::Text(span) => self.write(program.text(*span), span.start),
            Node::Reference { name, reference } => {
                self.render_reference(program, *name, *reference)
            }
            Node::Set { target, name, value } => self.set(program, (*target, *name), *value),
            Node::If(node) => self.if_node(program, node),
            Node::Foreach(node) => self.foreach(program, node),
            Node::Call(call) => self.call_macro(program, call),
            Node::Directive(directive) => self.directive(program, *directive),
        }
    }

    /// Kept apart, so that the common nodes need little of the stack.
    #[inline(never)]
    fn directive(&mut self, program: &Arc<Program>, directive: Directive) -> Outcome {
        match directive {
            Directive::Define { name, body, at } => {
                let block = block_value(program, body, DEFINE_DEPTH_MAX);
                self.put(name, block);
                self.tell(at, |told| told.of_name("#define", name));
                Ok(())
            }
            Directive::Break { scope, at } => self.break_out(program, scope, at),
            Directive::Stop { at } => {
                self.tell(at, |_| ("#stop".to_owned(), String::new()));
                Err(Interrupt::Stop)
            }
            Directive::Evaluate { source, at } => self.evaluate(program, source, at),
            Directive::Include { resource, at } => self.include(program, resource, at),
        }
    }

    fn if_node(&mut self, program: &Arc<Program>, node: &If) -> Outcome {
        for branch in &node.branches {
            self.step(0)?;
            let holds = match self.loop_holds(branch.of_loop) {
                Some(holds) => {
                    self.step(branch.at)?;
                    holds
                }
                None => self.holds(program, branch.condition)?,
            };
            self.tell(branch.at, |_| ("#if".to_owned(), holds.to_string()));
            if holds {
                return self.deeper(0, |renderer| renderer.block(program, branch.body));
            }
        }
        match node.otherwise {
            Some(body) => self.deeper(0, |renderer| renderer.block(program, body)),
            None => Ok(()),
        }
    }

    /// What `$foreach` says where nothing lies over the variables; none where that takes looking.
    #[inline]
    fn loop_holds(&self, property: Option<LoopProperty>) -> Option<bool> {
        match &self.slots[Symbol::FOREACH.index()] {
            Value::Inner(Inner::Loop(scope)) if self.frame == 0 => scope.holds(property?),
            _ => None,
        }
    }

    fn foreach(&mut self, program: &Arc<Program>, node: &Foreach) -> Outcome {
        let items = self.value(program, node.items)?;
        let items = self.heap.overlay.lift(items);
        let Some(mut items) = java::items(items) else {
            return Ok(());
        };
        let before = self.get(node.variable)?;
        let counts_before = self.counts_before()?;
        let scope = Rc::new(LoopScope::new(self.get(Symbol::FOREACH)?));
        self.put(Symbol::FOREACH, Value::Inner(Inner::Loop(Rc::clone(&scope))));
        let outcome = self.deeper(0, |renderer| renderer.rounds(program, node, &mut items, &scope));
        self.restore(node.variable, before);
        if let Some([count, has_next]) = counts_before {
            self.restore(Symbol::COUNT, count);
            self.restore(Symbol::HAS_NEXT, has_next);
        }
        self.restore(Symbol::FOREACH, scope.before());
        match outcome {
            Err(Interrupt::BreakScope(address)) if address == scope.address() => Ok(()),
            Err(Interrupt::Break) => Ok(()),
            outcome => outcome,
        }
    }

    /// What `$velocityCount` and `$velocityHasNext` are, if the loop has to keep them.
    fn counts_before(&mut self) -> Outcome<Option<[Value<'d>; 2]>> {
        if !self.counts {
            return Ok(None);
        }
        Ok(Some([self.get(Symbol::COUNT)?, self.get(Symbol::HAS_NEXT)?]))
    }

    fn rounds(
        &mut self,
        program: &Arc<Program>,
        node: &Foreach,
        items: &mut java::ItemsOf<'d>,
        scope: &LoopScope<'d>,
    ) -> Outcome {
        for round in 0..self.limits().loop_iterations {
            let Some(item) = items.next() else { break };
            self.step(0)?;
            let index = i32::try_from(round).unwrap_or(i32::MAX);
            let has_next = items.has_next();
            scope.index.set(index);
            scope.has_next.set(has_next);
            if self.counts {
                self.put(Symbol::COUNT, Value::Int(index.saturating_add(1)));
                self.put(Symbol::HAS_NEXT, Value::Bool(has_next));
            }
            self.tell(node.at, |told| told.of_value("#foreach", node.variable, &item));
            let null = item.is_null();
            self.put(node.variable, item);
            if null {
                let variable = node.variable;
                let layer = Layer::NullItem { variable, active: true };
                self.layered(layer, |renderer| renderer.block(program, node.body))?;
            } else {
                self.block(program, node.body)?;
            }
        }
        Ok(())
    }

    fn break_out(&mut self, program: &Arc<Program>, scope: Option<ExprId>, at: u32) -> Outcome {
        self.tell(at, |_| ("#break".to_owned(), String::new()));
        let Some(scope) = scope else {
            return Err(Interrupt::Break);
        };
        match self.value(program, scope)? {
            Value::Inner(Inner::Loop(scope)) => Err(Interrupt::BreakScope(scope.address())),
            _ => {
                Err(self
                    .directive_fault(at, "`#break` takes the scope of a loop, such as `$foreach`"))
            }
        }
    }

    fn include(&mut self, program: &Arc<Program>, resource: ExprId, at: u32) -> Outcome {
        let name = self.value(program, resource)?;
        if name.is_null() {
            return Ok(());
        }
        let name = self.text_of(&name, at)?;
        let message = format!("there is no resource `{name}`: templates cannot include others");
        Err(self.fault(ErrorKind::Resource, at, message))
    }

    fn evaluate(&mut self, program: &Arc<Program>, source: ExprId, at: u32) -> Outcome {
        let source = self.value(program, source)?;
        if source.is_null() {
            return Ok(());
        }
        let source = self.text_of(&source, at)?;
        if self.evaluate_depth >= self.limits().evaluate_depth {
            let message =
                format!("`#evaluate` nested more than {} levels deep", self.evaluate_depth);
            return Err(self.fault(ErrorKind::Limit, at, message));
        }
        self.tell(at, |_| ("#evaluate".to_owned(), trace::cut(&source)));
        let evaluated = self.compile(&source, at)?;
        self.evaluate_depth += 1;
        let outer = self.evaluated_at.replace(self.evaluated_at.unwrap_or(at));
        let outcome = self.deeper(at, |renderer| renderer.block(&evaluated, evaluated.root));
        self.evaluated_at = outer;
        self.evaluate_depth -= 1;
        match outcome {
            Err(Interrupt::Break) => Ok(()),
            outcome => outcome,
        }
    }

    /// Compiles text at run time. Its names join the template's, with the values they have there.
    fn compile(&mut self, source: &str, at: u32) -> Outcome<Arc<Program>> {
        if let Err(refusal) = self.heap.build(source.len().saturating_mul(8)) {
            return Err(self.refused(refusal, at));
        }
        let symbols = self.own_symbols.get_or_insert_with(|| Box::new(self.symbols.clone()));
        let compiled = parser::compile(source, symbols, &self.options.limits);
        let new = symbols.names().skip(self.slots.len());
        self.slots.extend(begun(new, self.variables));
        match compiled {
            Ok(program) => {
                let program = Arc::new(program);
                self.define_macros(&program);
                Ok(program)
            }
            Err(fault) => {
                let message = format!("in the evaluated text: {}", fault.message);
                Err(self.fault(fault.kind, at, message))
            }
        }
    }

    /// Calls a macro, or writes the call out where there is no such macro.
    fn call_macro(&mut self, program: &Arc<Program>, call: &Call) -> Outcome {
        self.step(call.at)?;
        let known = self.macros.iter().find(|known| known.definition.name == call.name);
        let Some(known) = known.cloned() else {
            return self.write(program.text(call.literal), call.at);
        };
        if call.bad_argument {
            let message = "a macro takes no bare words: put them in quotes or write `$word`";
            return Err(self.directive_fault(call.at, message));
        }
        self.tell(call.at, |told| (format!("#{}", told.name(call.name)), String::new()));
        let limit = self.limits().macro_depth;
        if self.macro_depth >= limit {
            let message = format!("macros call each other more than {limit} levels deep");
            return Err(self.fault(ErrorKind::Limit, call.at, message));
        }
        self.macro_depth += 1;
        let outcome = self.run_macro(program, call, &known);
        self.macro_depth -= 1;
        match outcome {
            Err(Interrupt::Break) => Ok(()),
            outcome => outcome,
        }
    }

    fn run_macro(&mut self, program: &Arc<Program>, call: &Call, known: &Known) -> Outcome {
        let mut arguments = Vec::new();
        let mut locals = Vec::new();
        for (name, argument) in known.definition.parameters.iter().zip(&call.arguments) {
            // Numbers and booleans are passed by value, everything else by name.
            let constant = match program.expr(argument.value) {
                Expr::Constant(Constant::Text(_)) => false,
                other => matches!(other, Expr::Constant(_)),
            };
            if constant {
                locals.push((*name, self.value(program, argument.value)?));
            } else {
                arguments.push((*name, *argument));
            }
        }
        if let Some(body) = call.body {
            let depth_max = self.limits().macro_depth;
            locals.push((Symbol::BODY, block_value(program, body, depth_max)));
        }
        let layer = Layer::Macro { program: Arc::clone(program), arguments, locals };
        self.layered(layer, |renderer| {
            renderer
                .deeper(call.at, |renderer| renderer.block(&known.program, known.definition.body))
        })
    }
}

fn block_value<'d>(program: &Arc<Program>, body: BlockId, depth_max: usize) -> Value<'d> {
    Value::Inner(Inner::Block(Rc::new(BlockValue {
        program: Arc::clone(program),
        body,
        depth: Cell::new(0),
        depth_max,
    })))
}
