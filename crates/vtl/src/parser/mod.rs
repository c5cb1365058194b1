//! Owns the way from tokens to a program: recursive descent over Velocity 1.7's grammar, with its
//! look-ahead and no other, since how far it looks decides what is text. Building is the program's
//! business, lexical states are the lexer's.

mod arguments;
mod directives;
mod expressions;
mod references;
mod strings;

use crate::error::{ErrorKind, Fault};
use crate::lexer::{Kind, Lexer, LexicalError, Token, false_start};
use crate::options::Limits;
use crate::program::{BlockId, Builder, Node, OpenBlock, Program, Span, Symbols};

/// Compiles `source`; new names join `symbols`.
pub(crate) fn compile(
    source: &str,
    symbols: &mut Symbols,
    limits: &Limits,
) -> Result<Program, Fault> {
    if source.len() > limits.template_bytes.min(u32::MAX as usize / 8) {
        let message = format!(
            "the template has {} bytes and may have {}",
            source.len(),
            limits.template_bytes
        );
        return Err(Fault::new(ErrorKind::Limit, 0, message));
    }
    let mut shared = Shared {
        builder: Builder::for_source(source),
        symbols,
        macro_names: Vec::new(),
        nesting: 0,
        nesting_max: limits.nesting,
    };
    let root = Parser::new(source, 0, &mut shared).whole()?;
    Ok(shared.builder.finish(root))
}

/// How many parsed tokens are kept at most, so that they stay in the nearest cache.
const TOKENS_KEPT: usize = 64;

/// What a template's parser shares with those of the strings in it.
struct Shared<'p> {
    builder: Builder,
    symbols: &'p mut Symbols,
    /// Macros defined so far, whose names may be escaped.
    macro_names: Vec<String>,
    nesting: usize,
    nesting_max: usize,
}

/// Parses one source: the template, or a string in it.
struct Parser<'s, 'p, 'y> {
    source: &'s str,
    lexer: Lexer<'s>,
    /// The last tokens read; those from `at` are still to be parsed.
    tokens: Vec<Token>,
    at: usize,
    /// Where the source begins in the program's text.
    base: u32,
    /// Where it begins in the template.
    origin: u32,
    shared: &'p mut Shared<'y>,
}

impl<'s, 'p, 'y> Parser<'s, 'p, 'y> {
    fn new(source: &'s str, origin: u32, shared: &'p mut Shared<'y>) -> Self {
        Self {
            source,
            lexer: Lexer::new(source),
            tokens: Vec::new(),
            at: 0,
            base: shared.builder.text(source).start,
            origin,
            shared,
        }
    }

    /// The source to its end.
    fn whole(mut self) -> Result<BlockId, Fault> {
        let block = self.block()?;
        self.expect(Kind::End)?;
        Ok(block)
    }

    /// The token `ahead` of the next one, 0 for the next.
    #[inline]
    fn peek(&mut self, ahead: usize) -> Result<Token, Fault> {
        match self.tokens.get(self.at + ahead) {
            Some(token) => Ok(*token),
            None => self.read(ahead),
        }
    }

    fn read(&mut self, ahead: usize) -> Result<Token, Fault> {
        self.fill(ahead)?;
        Ok(self.tokens[self.at + ahead])
    }

    fn fill(&mut self, ahead: usize) -> Result<(), Fault> {
        if self.at >= TOKENS_KEPT {
            // All but the last are parsed and done with.
            self.tokens.drain(..self.at - 1);
            self.at = 1;
        }
        while self.tokens.len() <= self.at + ahead {
            self.lexer.read(&mut self.tokens).map_err(|error| self.lexical(&error))?;
        }
        Ok(())
    }

    fn lexical(&self, error: &LexicalError) -> Fault {
        Fault::syntax(self.origin + error.offset, format!("found {}", error.message))
    }

    fn kind(&mut self) -> Result<Kind, Fault> {
        if self.tokens.len() <= self.at {
            self.fill(0)?;
        }
        Ok(self.tokens[self.at].kind)
    }

    fn advance(&mut self) -> Result<Token, Fault> {
        let token = self.peek(0)?;
        self.at += 1;
        Ok(token)
    }

    fn take(&mut self, kind: Kind) -> Result<Option<Token>, Fault> {
        if self.kind()? == kind {
            return self.advance().map(Some);
        }
        Ok(None)
    }

    fn expect(&mut self, kind: Kind) -> Result<Token, Fault> {
        match self.take(kind)? {
            Some(token) => Ok(token),
            None => Err(self.unexpected(kind.name())?),
        }
    }

    fn unexpected(&mut self, wanted: &str) -> Result<Fault, Fault> {
        let token = self.peek(0)?;
        let offset = self.origin + token.start;
        if token.kind == Kind::End {
            let message = format!("the template ends where {wanted} is expected");
            return Ok(Fault::syntax(offset, message));
        }
        let image = token.image(self.source).trim_end();
        let message = format!("found `{image}` where {wanted} is expected");
        Ok(Fault::syntax(offset, message))
    }

    fn space(&mut self) -> Result<(), Fault> {
        self.take(Kind::Space).map(drop)
    }

    /// Where in the template the token is.
    fn offset(&self, token: &Token) -> u32 {
        self.origin + token.start
    }

    /// The program's copy of a range of the source.
    fn span(&self, start: u32, end: u32) -> Span {
        Span { start: self.base + start, end: self.base + end }
    }

    /// Where the token before the next one ends.
    fn parsed_to(&self) -> u32 {
        self.at.checked_sub(1).map_or(0, |last| self.tokens[last].end)
    }

    /// Parses one level deeper; templates that nest without end stop here and not at the stack's.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.shared.nesting >= self.shared.nesting_max {
            let at = self.peek(0)?;
            let message = format!("nested more than {} levels deep", self.shared.nesting_max);
            return Err(Fault::new(ErrorKind::Limit, self.offset(&at), message));
        }
        self.shared.nesting += 1;
        let parsed = parse(self);
        self.shared.nesting -= 1;
        parsed
    }

    /// Statements up to what is none.
    fn block(&mut self) -> Result<BlockId, Fault> {
        self.nested(|parser| {
            let block = parser.shared.builder.open();
            while parser.statement(block)? {}
            Ok(parser.shared.builder.close(block))
        })
    }

    fn statement(&mut self, block: OpenBlock) -> Result<bool, Fault> {
        let node = match self.kind()? {
            Kind::If => self.if_statement()?,
            Kind::Identifier => self.rendered_reference()?,
            Kind::CurlyOpen if self.peek(1)?.kind == Kind::Identifier => {
                self.rendered_reference()?
            }
            Kind::LineComment | Kind::BlockComment => return self.comment(block),
            Kind::Textblock => self.textblock()?,
            Kind::Set => self.set()?,
            Kind::EscapedDirective => self.escaped_directive()?,
            Kind::DoubleEscape => self.escapes()?,
            Kind::Word | Kind::BracketWord => match self.directive()? {
                Some(node) => node,
                None => return Ok(true),
            },
            kind if is_text(kind) => self.text(block)?,
            _ => return Ok(false),
        };
        self.shared.builder.push(block, node);
        Ok(true)
    }

    fn text(&mut self, block: OpenBlock) -> Result<Node, Fault> {
        let token = self.advance()?;
        if token.lead < token.start {
            let lead = &self.source[token.lead as usize..token.start as usize];
            self.push_text(block, &false_start(lead));
        }
        // What may have been gathered in front of a dot, such as the `$!` of `$!.a`, is lost.
        let start = if token.kind == Kind::Dot { token.end - 1 } else { token.start };
        Ok(Node::Text(self.span(start, token.end)))
    }

    fn push_text(&mut self, block: OpenBlock, text: &str) {
        if !text.is_empty() {
            let span = self.shared.builder.text(text);
            self.shared.builder.push(block, Node::Text(span));
        }
    }

    /// A comment renders nothing but what was gathered in front of it.
    fn comment(&mut self, block: OpenBlock) -> Result<bool, Fault> {
        let token = self.advance()?;
        let image = token.image(self.source);
        if let Some(length) = image.find("##").or_else(|| image.find("#*")) {
            self.push_text(block, &image[..length]);
        }
        if token.kind == Kind::LineComment {
            self.take(Kind::LineCommentEnd)?;
        }
        Ok(true)
    }

    fn textblock(&mut self) -> Result<Node, Fault> {
        let token = self.advance()?;
        // `#[[` and `]]#` are cut off by their length, whatever was gathered in front of them.
        Ok(Node::Text(self.span(token.start + 3, token.end - 3)))
    }

    /// `\#name` renders as `#name` where that is a directive or a macro, else as it stands.
    fn escaped_directive(&mut self) -> Result<Node, Fault> {
        let token = self.advance()?;
        let image = token.image(self.source);
        let backslashes = image.rfind('\\').unwrap_or(0);
        let name = image[backslashes + 2..].trim_start_matches('{').trim_end_matches('}');
        let known = self.is_directive(name) || directives::KEYWORDS.contains(&name);
        let dropped = if known { backslashes - backslashes / 2 + 1 } else { 0 };
        Ok(Node::Text(self.span(token.start + dropped as u32, token.end)))
    }

    /// Pairs of backslashes: halved in front of a directive.
    fn escapes(&mut self) -> Result<Node, Fault> {
        let start = self.peek(0)?.start;
        while self.take(Kind::DoubleEscape)?.is_some() {}
        let end = self.parsed_to();
        let next = self.peek(0)?;
        let keyword =
            matches!(next.kind, Kind::If | Kind::Else | Kind::ElseIf | Kind::EndDirective);
        let name = next.image(self.source).get(1..).unwrap_or_default();
        let halved = keyword || self.is_directive(name);
        let end = if halved { start + (end - start) / 2 } else { end };
        Ok(Node::Text(self.span(start, end)))
    }

    fn is_directive(&self, name: &str) -> bool {
        directives::NAMES.contains(&name)
            || self.shared.macro_names.iter().any(|known| known == name)
    }
}

/// Tokens that are text where they stand alone.
fn is_text(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Text
            | Kind::Dot
            | Kind::ParenClose
            | Kind::ParenOpen
            | Kind::Integer
            | Kind::Float
            | Kind::Str
            | Kind::Escape
            | Kind::CurlyOpen
            | Kind::CurlyClose
            | Kind::EmptyIndex
    )
}
