//! Owns references: `$root.step[index].method(…)`, with what the characters in front of the name
//! mean.

use super::Parser;
use crate::error::Fault;
use crate::lexer::{Kind, Token};
use crate::program::{
    Expr, ExprId, LoopProperty, Node, RefId, RefStep, Reference, ReferenceKind, Span, Symbol,
};

impl Parser<'_, '_, '_> {
    /// A reference among the text.
    pub(super) fn rendered_reference(&mut self) -> Result<Node, Fault> {
        let id = self.reference()?;
        let reference = self.shared.builder.reference_of(id);
        let is_name = reference.seen && reference.bare && reference.steps.is_empty();
        Ok(Node::Reference { name: is_name.then_some(reference.root), reference: id })
    }

    /// A reference that has a value.
    pub(super) fn reference_value(&mut self) -> Result<ExprId, Fault> {
        let reference = self.reference()?;
        Ok(self.shared.builder.expr(Expr::Reference(reference)))
    }

    /// A reference, its first token still to be read.
    pub(super) fn reference(&mut self) -> Result<RefId, Fault> {
        let curly = self.take(Kind::CurlyOpen)?;
        let name = self.expect(Kind::Identifier)?;
        let mut steps = Vec::new();
        if matches!(self.kind()?, Kind::Dot | Kind::IndexOpen) {
            // Most references that have a step have one.
            steps.reserve_exact(1);
        }
        self.indexes(&mut steps)?;
        while self.kind()? == Kind::Dot && self.peek(1)?.kind == Kind::Identifier {
            self.advance()?;
            steps.push(self.property_or_method()?);
            self.indexes(&mut steps)?;
        }
        if curly.is_some() {
            self.expect(Kind::CurlyClose)?;
        }
        let reference = self.reference_of(curly.as_ref(), &name, steps);
        Ok(self.shared.builder.reference(reference))
    }

    fn indexes(&mut self, steps: &mut Vec<RefStep>) -> Result<(), Fault> {
        while let Some(open) = self.take(Kind::IndexOpen)? {
            let index = self.nested(Self::index)?;
            self.expect(Kind::IndexClose)?;
            steps.push(RefStep::Index { index, at: self.offset(&open) });
        }
        Ok(())
    }

    fn property_or_method(&mut self) -> Result<RefStep, Fault> {
        let token = self.expect(Kind::Identifier)?;
        let name = self.span(token.start, token.end);
        let at = self.offset(&token);
        if !self.method_follows()? {
            let of_loop = LoopProperty::of(token.image(self.source));
            return Ok(RefStep::Property { name, of_loop, at });
        }
        self.advance()?;
        let arguments = self.nested(Self::method_arguments)?;
        Ok(RefStep::Method { name, arguments, at })
    }

    /// Whether `(` and what may begin arguments come next; else the `(` is text.
    fn method_follows(&mut self) -> Result<bool, Fault> {
        if self.kind()? != Kind::ParenOpen {
            return Ok(false);
        }
        let kind = self.peek(1)?.kind;
        Ok(matches!(kind, Kind::Space | Kind::ArgumentsClose) || Self::is_parameter(kind))
    }

    fn method_arguments(&mut self) -> Result<Box<[ExprId]>, Fault> {
        if self.take(Kind::ArgumentsClose)?.is_some() {
            return Ok(Box::default());
        }
        let mut arguments = Vec::with_capacity(1);
        loop {
            arguments.push(self.parameter()?.value);
            if self.take(Kind::Comma)?.is_none() {
                break;
            }
        }
        self.expect(Kind::ArgumentsClose)?;
        Ok(arguments.into())
    }

    /// Puts a reference together from its tokens: the first one's image holds the `$` and all that
    /// stands in front of it.
    fn reference_of(
        &mut self,
        curly: Option<&Token>,
        name: &Token,
        steps: Vec<RefStep>,
    ) -> Reference {
        let first = curly.unwrap_or(name);
        let image = first.image(self.source);
        let end = self.parsed_to();
        let at = self.offset(first);
        let lead = match Lead::of(image) {
            Lead::Bare => Marks::default(),
            Lead::SlashBang(slash) => return self.slash_bang(image, slash, at),
            Lead::Runt => return self.runt(first, end, at),
            Lead::Marks(marks) => marks,
        };
        let Marks { backslashes, dollar, quiet } = lead;
        let escaped = backslashes % 2 == 1;
        let start = first.start;
        let root = match curly {
            Some(_) => name.image(self.source),
            None => &image[dollar + 1 + usize::from(quiet)..],
        };
        Reference {
            kind: reference_kind(curly.is_some() || quiet || !steps.is_empty()),
            root: self.shared.symbols.intern(root),
            literal: if quiet && !escaped {
                Span::default()
            } else {
                self.span(start + dollar as u32, end)
            },
            escapes: self.span(start, start + backslashes as u32 / 2),
            prefix: self.span(start + backslashes as u32, start + dollar as u32),
            escaped,
            bare: dollar == 0,
            seen: !steps.iter().any(|step| matches!(step, RefStep::Method { .. })),
            steps: steps.into(),
            at,
        }
    }

    /// A name without a `$`.
    fn runt(&mut self, first: &Token, end: u32, at: u32) -> Reference {
        let root = self.shared.symbols.intern("");
        plain_text(ReferenceKind::Runt, root, self.span(first.start, end.min(first.end)), at)
    }

    /// `$\!name`: text, less one of its backslashes.
    fn slash_bang(&mut self, image: &str, slash: usize, at: u32) -> Reference {
        let dollar = image.find('$').unwrap_or(0);
        let first = image[dollar..].find('\\').map_or(slash, |length| dollar + length);
        let text = format!("{}{}", &image[..first], &image[first + 1..]);
        let literal = self.shared.builder.text(&text);
        let root = self.shared.symbols.intern("");
        plain_text(ReferenceKind::Text, root, literal, at)
    }

    /// The name that `#set`, `#define` and `#macro` give to what their first token names. Velocity
    /// cuts one character off, so `${name}` names something else; so it does here.
    pub(super) fn target_name(&mut self, first: &Token) -> Symbol {
        let image = first.image(self.source);
        let stripped = image.trim_start_matches('\\');
        let dollar = stripped.rfind('$').unwrap_or(0);
        let name = stripped[dollar..].get(1..).unwrap_or_default();
        self.shared.symbols.intern(name)
    }
}

/// What stands in front of a reference's name.
enum Lead {
    /// `$` or `${`, as almost everywhere.
    Bare,
    Marks(Marks),
    /// `$\!`, with its place.
    SlashBang(usize),
    /// No `$`.
    Runt,
}

#[derive(Default)]
struct Marks {
    backslashes: usize,
    /// Where the last `$` is.
    dollar: usize,
    /// It is `$!`.
    quiet: bool,
}

impl Lead {
    /// Reads it off the image of the reference's first token.
    fn of(image: &str) -> Self {
        if let [b'$', b'{' | b'_' | b'a'..=b'z' | b'A'..=b'Z', ..] = image.as_bytes() {
            return Self::Bare;
        }
        if let Some(slash) = image.find("\\!") {
            return Self::SlashBang(slash);
        }
        let Some(dollar) = image.rfind('$') else { return Self::Runt };
        let backslashes = image.len() - image.trim_start_matches('\\').len();
        Self::Marks(Marks { backslashes, dollar, quiet: image[dollar + 1..].starts_with('!') })
    }
}

fn reference_kind(other: bool) -> ReferenceKind {
    if other { ReferenceKind::Other } else { ReferenceKind::Plain }
}

fn plain_text(kind: ReferenceKind, root: Symbol, literal: Span, at: u32) -> Reference {
    Reference {
        kind,
        root,
        steps: Box::default(),
        literal,
        escapes: Span::default(),
        prefix: Span::default(),
        escaped: false,
        bare: false,
        seen: false,
        at,
    }
}
