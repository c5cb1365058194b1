//! Owns the way from template text to tokens, as the lexical states of Velocity 1.7's published
//! grammar prescribe: the longest match in the present state wins, and of two equal ones the rule
//! that stands first. The states are what makes `$foo.bar(1)` one thing in text and another within
//! `#set`, and `#foo` text or a directive; the parser moves them where only it knows.

mod bytes;
mod rules;
mod state;
mod token;

use rules::Rule;
pub(crate) use state::State;
use state::States;
pub(crate) use token::{Kind, Token, false_start};

/// How deep states may be stacked, whatever the template's own limit: each `$` and `#` stacks one.
const STATES_MAX: usize = 1000;

/// What the lexer could not read, and where, in bytes.
#[derive(Debug)]
pub(crate) struct LexicalError {
    pub(crate) offset: u32,
    pub(crate) message: &'static str,
}

/// Reads tokens one by one: the parser decides between them what state the next is read in.
#[derive(Debug)]
pub(crate) struct Lexer<'s> {
    source: &'s str,
    at: usize,
    states: States,
}

impl<'s> Lexer<'s> {
    /// A lexer at the start of `source`, which must be shorter than 4 GiB.
    pub(crate) fn new(source: &'s str) -> Self {
        Self { source, at: 0, states: States::new() }
    }

    /// Adds the next token; [`Kind::End`] at the end, again and again.
    pub(crate) fn read(&mut self, tokens: &mut Vec<Token>) -> Result<(), LexicalError> {
        let mut lead = self.at;
        let mut start = self.at;
        loop {
            if self.at == self.source.len() {
                tokens.push(self.end(lead, start)?);
                return Ok(());
            }
            let Some((rule, length)) =
                rules::longest(self.states.now, &self.source.as_bytes()[self.at..])
            else {
                return Err(self.error("a character that has no meaning here"));
            };
            self.at += length;
            match self.apply(rule, length)? {
                Step::Gather => {}
                Step::Skip => {
                    start = self.at;
                    lead = self.at;
                }
                Step::FalseStart => start = self.at,
                Step::Token(kind) => {
                    tokens.push(self.token(kind, lead, start));
                    return Ok(());
                }
            }
        }
    }

    fn token(&self, kind: Kind, lead: usize, start: usize) -> Token {
        Token { kind, start: start as u32, end: self.at as u32, lead: lead as u32 }
    }

    fn end(&self, lead: usize, start: usize) -> Result<Token, LexicalError> {
        if start < self.at {
            return Err(self.error("a `$`, `#` or text block that the template's end cuts off"));
        }
        Ok(self.token(Kind::End, lead, start))
    }

    fn error(&self, message: &'static str) -> LexicalError {
        LexicalError { offset: self.at as u32, message }
    }

    /// What a match does to the states, and what it is to the token being read.
    fn apply(&mut self, rule: Rule, length: usize) -> Result<Step, LexicalError> {
        if self.states.depth() > STATES_MAX {
            return Err(self.error("references and directives nested too deeply"));
        }
        Ok(match rule {
            Rule::Token(kind) => Step::Token(self.token_read(kind, length)),
            Rule::Dollar => {
                self.states.start(State::Reference, &[State::Reference]);
                Step::Gather
            }
            Rule::Hash => {
                let ends = [State::Reference, State::Modifier];
                self.states.start(State::PreDirective, &ends);
                Step::Gather
            }
            Rule::Gather => Step::Gather,
            Rule::TextblockOpen => {
                self.states.comment(State::Textblock);
                Step::Gather
            }
            Rule::CommentOpen => {
                self.states.comment(State::BlockComment);
                Step::Gather
            }
            Rule::Skip => Step::Skip,
            Rule::Terminator => {
                self.at -= length;
                self.states.pop();
                Step::FalseStart
            }
        })
    }

    fn token_read(&mut self, kind: Kind, length: usize) -> Kind {
        let states = &mut self.states;
        match kind {
            Kind::IndexOpen => states.push(State::Index),
            Kind::IndexClose | Kind::EndDirective | Kind::Else | Kind::CurlyClose => {
                states.pop();
            }
            Kind::ParenOpen => states.open_parenthesis(),
            Kind::ParenClose => states.close_parenthesis(),
            Kind::ArgumentsClose => states.now = State::Reference,
            Kind::Set => {
                states.push(State::Directive);
                states.in_set = true;
                states.open_parenthesis();
            }
            Kind::LineComment => self.line_comment(),
            Kind::LineCommentEnd | Kind::BlockComment | Kind::Textblock => states.comment_ends(),
            Kind::Str | Kind::Integer | Kind::Float => self.literal(kind, length),
            Kind::If | Kind::ElseIf => states.now = State::Directive,
            Kind::Dot => {
                // The letter behind the dot was only looked at: it begins the name.
                self.at -= 1;
                states.now = State::Modifier;
            }
            _ => {}
        }
        kind
    }

    fn line_comment(&mut self) {
        if self.states.now == State::Reference {
            self.states.pop();
        }
        self.states.comment(State::LineComment);
    }

    fn literal(&mut self, kind: Kind, length: usize) {
        let read = &self.source[self.at - length..self.at];
        if kind == Kind::Integer && read.ends_with("..") {
            // `1..3` is a range, not the number `1.`.
            self.at -= 2;
        }
        let stays = match kind {
            Kind::Str => self.states.now != State::Directive,
            Kind::Integer => matches!(self.states.now, State::Arguments | State::Index),
            _ => self.states.now == State::Arguments,
        };
        if !stays && self.states.literal_ends() {
            self.states.pop();
        }
    }

    /// The parser has read `#name`: what follows is a directive's head.
    pub(crate) fn enter_directive(&mut self) {
        self.states.now = State::Directive;
    }

    /// The parser has read `#name` without arguments: what follows is text.
    pub(crate) fn leave_directive(&mut self) {
        self.states.pop();
    }

    /// The parser has read a whole `#set`.
    pub(crate) fn leave_set(&mut self) {
        self.states.in_set = false;
    }

    /// Whether the next character but blanks and line ends is a `(`.
    pub(crate) fn parenthesis_follows(&self) -> bool {
        self.source[self.at..].bytes().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            == Some(b'(')
    }
}

/// What a match is to the token being read.
enum Step {
    /// Its beginning.
    Gather,
    /// Nothing: it is forgotten with what was gathered.
    Skip,
    /// The end of what turned out not to begin a token.
    FalseStart,
    /// Its end.
    Token(Kind),
}
