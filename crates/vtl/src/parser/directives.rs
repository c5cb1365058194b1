//! Owns directives: `#if` and `#set`, which the grammar knows, and those it knows by their name only,
//! macros among them.

use super::Parser;
use crate::error::Fault;
use crate::lexer::{Kind, Token};
use crate::program::{
    Argument, BlockId, Branch, Call, Constant, Directive, Expr, ExprId, Foreach, If, LoopProperty,
    Macro, Node, RefStep, Symbol,
};

/// The directives that the grammar knows by name only.
pub(super) const NAMES: [&str; 9] =
    ["foreach", "include", "parse", "macro", "literal", "evaluate", "break", "define", "stop"];
/// Those that have tokens of their own.
pub(super) const KEYWORDS: [&str; 5] = ["if", "end", "set", "else", "elseif"];

/// A directive's head, read.
struct Head<'s> {
    name: &'s str,
    first: Token,
    arguments: Vec<ArgumentRead>,
    at: u32,
}

struct ArgumentRead {
    value: ExprId,
    first: Token,
    argument: Argument,
}

impl Parser<'_, '_, '_> {
    pub(super) fn if_statement(&mut self) -> Result<Node, Fault> {
        let mut branches = vec![self.branch()?];
        while self.kind()? == Kind::ElseIf {
            branches.push(self.branch()?);
        }
        let otherwise = match self.take(Kind::Else)? {
            Some(_) => Some(self.block()?),
            None => None,
        };
        self.expect(Kind::EndDirective)?;
        Ok(Node::If(Box::new(If { branches: branches.into(), otherwise })))
    }

    /// `#if` or `#elseif`, its condition and its block.
    fn branch(&mut self) -> Result<Branch, Fault> {
        let first = self.advance()?;
        let at = self.offset(&first);
        self.space()?;
        self.expect(Kind::ParenOpen)?;
        let condition = self.expression()?.value;
        self.expect(Kind::ParenClose)?;
        let of_loop = self.asked_of_loop(condition);
        Ok(Branch { condition, of_loop, body: self.block()?, at })
    }

    /// Which property of `$foreach` an expression is, if it is one.
    fn asked_of_loop(&self, id: ExprId) -> Option<LoopProperty> {
        let builder = &self.shared.builder;
        let Expr::Reference(id) = builder.expr_of(id) else { return None };
        let reference = builder.reference_of(*id);
        match &*reference.steps {
            [RefStep::Property { of_loop, .. }] if reference.root == Symbol::FOREACH => {
                Some(*of_loop)
            }
            _ => None,
        }
    }

    pub(super) fn set(&mut self) -> Result<Node, Fault> {
        self.advance()?;
        self.space()?;
        let first = self.peek(0)?;
        let target = self.reference()?;
        let name = self.target_name(&first);
        self.space()?;
        self.expect(Kind::Assign)?;
        let value = self.expression()?.value;
        self.expect(Kind::ParenClose)?;
        self.lexer.leave_set();
        Ok(Node::Set { target, name, value })
    }

    /// A directive by name, a macro's call, or text that looks like one. None renders nothing.
    pub(super) fn directive(&mut self) -> Result<Option<Node>, Fault> {
        let first = self.advance()?;
        let image = first.image(self.source);
        let name = match first.kind {
            Kind::BracketWord => &image[2..image.len() - 1],
            _ => &image[1..],
        };
        self.lexer.enter_directive();
        let mut head = Head { at: self.offset(&first), name, first, arguments: Vec::new() };
        if !self.lexer.parenthesis_follows() {
            self.lexer.leave_directive();
            return self.without_arguments(&head);
        }
        self.space()?;
        self.expect(Kind::ParenOpen)?;
        self.nested(|parser| parser.arguments(&mut head))?;
        self.with_arguments(&head)
    }

    fn without_arguments(&mut self, head: &Head<'_>) -> Result<Option<Node>, Fault> {
        Ok(Some(match head.name {
            "break" => Node::Directive(Directive::Break { scope: None, at: head.at }),
            "stop" => Node::Directive(Directive::Stop { at: head.at }),
            name if name.starts_with('@') => {
                let text = format!("#{name}");
                Node::Text(self.shared.builder.text(&text))
            }
            name if NAMES.contains(&name) => {
                let message = format!("`#{name}` needs arguments: write `#{name}( … )`");
                return Err(Fault::syntax(head.at, message));
            }
            _ => self.call(head, None),
        }))
    }

    fn with_arguments(&mut self, head: &Head<'_>) -> Result<Option<Node>, Fault> {
        match head.name {
            "break" => break_of(head).map(Some),
            "stop" => stop(head).map(Some),
            "evaluate" => self.evaluate(head).map(Some),
            "include" | "parse" => include(head).map(Some),
            "foreach" => self.foreach(head),
            "define" => self.define(head).map(Some),
            "macro" => self.macro_definition(head),
            "literal" => self.literal().map(Some),
            name if name.starts_with('@') => {
                let body = self.body()?;
                Ok(Some(self.call(head, Some(body))))
            }
            _ => Ok(Some(self.call(head, None))),
        }
    }

    /// Arguments up to the `)`: blanks and commas between them are both optional.
    fn arguments(&mut self, head: &mut Head<'_>) -> Result<(), Fault> {
        while self.argument_follows()? {
            self.space()?;
            if self.take(Kind::Comma)?.is_some() {
                self.space()?;
            }
            let argument = self.argument(head)?;
            head.arguments.push(argument);
        }
        self.space()?;
        self.expect(Kind::ParenClose).map(drop)
    }

    fn argument_follows(&mut self) -> Result<bool, Fault> {
        let blank = usize::from(self.kind()? == Kind::Space);
        let kind = self.peek(blank)?.kind;
        Ok(matches!(kind, Kind::Comma | Kind::Word) || Self::is_parameter(kind))
    }

    fn argument(&mut self, head: &Head<'_>) -> Result<ArgumentRead, Fault> {
        let first = self.peek(0)?;
        let position = head.arguments.len();
        if first.kind == Kind::Word {
            self.word_allowed(head, position, &first)?;
            self.advance()?;
            let value = self.shared.builder.expr(Expr::Word);
            let literal = self.span(first.start, first.end);
            let argument = Argument { value, literal };
            return Ok(ArgumentRead { value, first, argument });
        }
        if head.name == "macro" && position == 0 {
            return Err(self.unexpected("the macro's name, without quotes,")?);
        }
        let operand = self.primary_value()?;
        let argument = Argument { value: operand.value, literal: operand.literal };
        Ok(ArgumentRead { value: operand.value, first, argument })
    }

    fn word_allowed(&self, head: &Head<'_>, position: usize, word: &Token) -> Result<(), Fault> {
        let allowed = match head.name {
            "macro" => position == 0,
            "foreach" => position == 1,
            name => !NAMES.contains(&name),
        };
        if allowed {
            return Ok(());
        }
        let image = word.image(self.source);
        let message = format!(
            "`#{}` does not take the word `{image}`: put it in quotes or write `${image}`",
            head.name
        );
        Err(Fault::syntax(self.offset(word), message))
    }

    /// A block and its `#end`.
    fn body(&mut self) -> Result<BlockId, Fault> {
        let body = self.block()?;
        self.expect(Kind::EndDirective)?;
        Ok(body)
    }

    fn call(&mut self, head: &Head<'_>, body: Option<BlockId>) -> Node {
        let name = head.name.trim_start_matches('@');
        let bad_argument = head
            .arguments
            .iter()
            .any(|read| matches!(self.shared.builder.expr_of(read.value), Expr::Word));
        Node::Call(Box::new(Call {
            name: self.shared.symbols.intern(name),
            arguments: head.arguments.iter().map(|read| read.argument).collect(),
            literal: self.span(head.first.start, self.parsed_to()),
            body,
            bad_argument,
            at: head.at,
        }))
    }

    fn evaluate(&mut self, head: &Head<'_>) -> Result<Node, Fault> {
        let [source] = head.arguments.as_slice() else {
            return Err(Fault::syntax(head.at, "`#evaluate` takes exactly one argument"));
        };
        let source = source.value;
        if !self.is_string_or_reference(source) {
            let message = "`#evaluate` takes a string or a reference";
            return Err(Fault::syntax(head.at, message));
        }
        Ok(Node::Directive(Directive::Evaluate { source, at: head.at }))
    }

    fn is_string_or_reference(&self, id: ExprId) -> bool {
        matches!(
            self.shared.builder.expr_of(id),
            Expr::Interpolated { .. } | Expr::Reference(_) | Expr::Constant(Constant::Text(_))
        )
    }

    fn foreach(&mut self, head: &Head<'_>) -> Result<Option<Node>, Fault> {
        let body = self.body()?;
        let arguments = &head.arguments;
        let variable =
            arguments.first().and_then(|read| match self.shared.builder.expr_of(read.value) {
                Expr::Reference(id) => Some(self.shared.builder.reference_of(*id).root),
                _ => None,
            });
        let (Some(variable), 2..=3) = (variable, arguments.len()) else {
            let message = "`#foreach` is written `#foreach( $item in $items )`";
            return Err(Fault::syntax(head.at, message));
        };
        // Without `in` Velocity takes the block for the items, which have no value.
        let Some(items) = arguments.get(2).map(|read| read.value) else {
            return Ok(None);
        };
        Ok(Some(Node::Foreach(Box::new(Foreach { variable, items, body, at: head.at }))))
    }

    fn define(&mut self, head: &Head<'_>) -> Result<Node, Fault> {
        let body = self.body()?;
        let [name] = head.arguments.as_slice() else {
            let message = "`#define` is written `#define( $name )`";
            return Err(Fault::syntax(head.at, message));
        };
        let name = self.target_name(&name.first);
        Ok(Node::Directive(Directive::Define { name, body, at: head.at }))
    }

    fn macro_definition(&mut self, head: &Head<'_>) -> Result<Option<Node>, Fault> {
        let body = self.body()?;
        let Some((name, parameters)) = head.arguments.split_first() else {
            let message = "`#macro` is written `#macro( name $parameter )`";
            return Err(Fault::syntax(head.at, message));
        };
        let name = name.first.image(self.source).to_owned();
        let parameters = parameters.iter().map(|read| self.parameter_name(&read.first)).collect();
        let symbol = self.shared.symbols.intern(&name);
        self.shared.macro_names.push(name);
        self.shared.builder.define_macro(Macro { name: symbol, parameters, body });
        Ok(None)
    }

    fn parameter_name(&mut self, first: &Token) -> Symbol {
        if first.image(self.source).starts_with('$') {
            return self.target_name(first);
        }
        self.shared.symbols.intern(first.image(self.source))
    }

    /// The text up to `#end`, which must parse all the same.
    fn literal(&mut self) -> Result<Node, Fault> {
        let start = self.parsed_to();
        self.block()?;
        let end = self.parsed_to();
        self.expect(Kind::EndDirective)?;
        Ok(Node::Text(self.span(start, end)))
    }
}

fn break_of(head: &Head<'_>) -> Result<Node, Fault> {
    let scope = at_most_one(head)?;
    Ok(Node::Directive(Directive::Break { scope, at: head.at }))
}

fn stop(head: &Head<'_>) -> Result<Node, Fault> {
    at_most_one(head)?;
    Ok(Node::Directive(Directive::Stop { at: head.at }))
}

fn at_most_one(head: &Head<'_>) -> Result<Option<ExprId>, Fault> {
    if head.arguments.len() > 1 {
        let message = format!("`#{}` takes one argument at most", head.name);
        return Err(Fault::syntax(head.at, message));
    }
    Ok(head.arguments.first().map(|read| read.value))
}

fn include(head: &Head<'_>) -> Result<Node, Fault> {
    let Some(resource) = head.arguments.first().map(|read| read.value) else {
        let message = format!("`#{}` needs the name of a resource", head.name);
        return Err(Fault::syntax(head.at, message));
    };
    Ok(Node::Directive(Directive::Include { resource, at: head.at }))
}
