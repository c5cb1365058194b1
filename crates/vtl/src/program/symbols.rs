//! Owns the numbering of names. A symbol is an index into the evaluator's variables.

use std::collections::HashMap;

/// A name, numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Symbol(u32);

impl Symbol {
    /// `$foreach`
    pub(crate) const FOREACH: Self = Self(0);
    /// `$velocityCount`
    pub(crate) const COUNT: Self = Self(1);
    /// `$velocityHasNext`
    pub(crate) const HAS_NEXT: Self = Self(2);
    /// `$bodyContent`
    pub(crate) const BODY: Self = Self(3);

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// How many places there are for the names that came last.
const RECENT: usize = 32;

/// From how many names on they are found by their hash; few are compared faster than hashed.
const HASHED_FROM: usize = 16;

/// All names of a template, each once.
#[derive(Clone, Debug)]
pub(crate) struct Symbols {
    names: Vec<Box<str>>,
    /// Where each name is, once there are many.
    numbers: HashMap<Box<str>, Symbol>,
    /// The name that came last of those that look alike: most names come again and again.
    recent: [Symbol; RECENT],
    counts: bool,
}

impl Symbols {
    /// The names that the language itself uses.
    pub(crate) fn new() -> Self {
        let mut symbols = Self {
            names: Vec::new(),
            numbers: HashMap::new(),
            recent: [Symbol::FOREACH; RECENT],
            counts: false,
        };
        for name in ["foreach", "velocityCount", "velocityHasNext", "bodyContent"] {
            symbols.intern(name);
        }
        symbols.counts = false;
        symbols
    }

    /// Whether `$velocityCount` or `$velocityHasNext` is named, which loops then have to keep.
    pub(crate) fn count(&self) -> bool {
        self.counts
    }

    /// The number of `name`, a new one where it has none.
    pub(crate) fn intern(&mut self, name: &str) -> Symbol {
        if let Some(symbol) = self.find(name) {
            self.counts |= matches!(symbol, Symbol::COUNT | Symbol::HAS_NEXT);
            return symbol;
        }
        let symbol = Symbol(self.names.len() as u32);
        if self.names.len() == HASHED_FROM {
            let known = self.names.iter().cloned();
            self.numbers = known.zip((0..).map(Symbol)).collect();
        }
        if self.names.len() >= HASHED_FROM {
            self.numbers.insert(name.into(), symbol);
        }
        self.names.push(name.into());
        symbol
    }

    fn find(&mut self, name: &str) -> Option<Symbol> {
        let place = look(name);
        let recent = self.recent[place];
        if self.names.get(recent.index()).is_some_and(|known| **known == *name) {
            return Some(recent);
        }
        let found = self.search(name);
        self.recent[place] = found.unwrap_or(recent);
        found
    }

    fn search(&self, name: &str) -> Option<Symbol> {
        if self.names.len() > HASHED_FROM {
            return self.numbers.get(name).copied();
        }
        self.names.iter().position(|known| **known == *name).map(|at| Symbol(at as u32))
    }

    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }
}

/// What a name looks like: its length and its ends, in few bits.
fn look(name: &str) -> usize {
    let ends = match name.as_bytes() {
        [] => 0,
        [first, .., last] => usize::from(*first) + 7 * usize::from(*last),
        [only] => usize::from(*only),
    };
    (ends + name.len()) % RECENT
}
