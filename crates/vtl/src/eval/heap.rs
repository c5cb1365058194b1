//! Owns what is counted while a template renders: steps and bytes. It also keeps what methods need
//! between calls: changed JSON and compiled patterns.

use std::collections::HashMap;
use std::rc::Rc;

use crate::error::ErrorKind;
use crate::java::Regex;
use crate::options::{JsonLists, Options};
use crate::value::{Overlay, Printer, Value};

/// A call that did not succeed, before its place is known.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
}

impl Refusal {
    /// What Java would have thrown an exception for.
    pub(crate) fn method(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Method, message: message.into() }
    }

    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Limit, message: message.into() }
    }
}

/// How many patterns are kept compiled.
const PATTERNS_MAX: usize = 64;

#[derive(Debug)]
pub(crate) struct Heap<'d> {
    pub(crate) overlay: Overlay<'d>,
    pub(crate) lists: JsonLists,
    patterns: HashMap<String, Rc<Regex>>,
    steps: u64,
    steps_max: u64,
    bytes: usize,
    bytes_max: usize,
}

impl<'d> Heap<'d> {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            overlay: Overlay::default(),
            lists: options.json_lists,
            patterns: HashMap::new(),
            steps: 0,
            steps_max: options.limits.steps,
            bytes: 0,
            bytes_max: options.limits.value_bytes,
        }
    }

    /// Counts steps of work.
    #[inline]
    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Refusal> {
        self.steps += steps;
        if self.steps > self.steps_max {
            return Err(self.spent());
        }
        Ok(())
    }

    #[cold]
    fn spent(&self) -> Refusal {
        Refusal::limit(format!("rendering takes more than {} steps", self.steps_max))
    }

    pub(crate) fn steps_left(&self) -> u64 {
        self.steps_max.saturating_sub(self.steps)
    }

    /// Counts bytes of a string or list that is made, and the work of copying them.
    pub(crate) fn build(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.bytes_max {
            let message = format!("rendering builds more than {} bytes of values", self.bytes_max);
            return Err(Refusal::limit(message));
        }
        self.spend(bytes as u64 / 64)
    }

    /// Counts the items of a list that is made or gone through.
    pub(crate) fn build_items(&mut self, count: usize) -> Result<(), Refusal> {
        self.build(count.saturating_mul(size_of::<Value<'d>>()))
    }

    pub(crate) fn bytes_left(&self) -> usize {
        self.bytes_max.saturating_sub(self.bytes)
    }

    /// The value as `toString` writes it.
    pub(crate) fn text(&mut self, value: &Value<'d>) -> Result<String, Refusal> {
        let mut out = String::new();
        let limit = self.bytes_left();
        if Printer::new(&mut out, limit, self.lists, &self.overlay).value(value).is_err() {
            return Err(Refusal::limit("a value is too large or too deep to be written"));
        }
        self.build(out.len())?;
        Ok(out)
    }

    /// A compiled pattern.
    pub(crate) fn pattern(&mut self, pattern: &str) -> Result<Rc<Regex>, Refusal> {
        if let Some(regex) = self.patterns.get(pattern) {
            return Ok(Rc::clone(regex));
        }
        self.spend(pattern.len() as u64)?;
        let regex = Rc::new(Regex::compile(pattern).map_err(Refusal::method)?);
        if self.patterns.len() >= PATTERNS_MAX {
            self.patterns.clear();
        }
        self.patterns.insert(pattern.to_owned(), Rc::clone(&regex));
        Ok(regex)
    }
}
