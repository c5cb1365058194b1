//! Owns the lexer's states and how `(`, `)`, `$` and `#` move between them. Which text matches in a
//! state is `rules`' business.

/// Where in a template the lexer is; the states are those of Velocity's grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Text between directives and references.
    Text,
    /// Right behind a `#`.
    PreDirective,
    /// In the head of a directive.
    Directive,
    /// Behind a `$`.
    Reference,
    /// Behind the `.` of a reference.
    Modifier,
    /// Among a method's arguments.
    Arguments,
    /// In an index.
    Index,
    LineComment,
    BlockComment,
    Textblock,
}

#[derive(Clone, Copy, Debug)]
struct Saved {
    state: State,
    open: u32,
    closed: u32,
}

/// The state, those it was entered from, and how many parentheses are open in it.
#[derive(Debug)]
pub(crate) struct States {
    pub(crate) now: State,
    stack: Vec<Saved>,
    open: u32,
    closed: u32,
    /// Nothing has a meaning but the end of the comment or textblock.
    pub(crate) in_comment: bool,
    /// In a `#set`, where a literal does not end the directive.
    pub(crate) in_set: bool,
}

impl States {
    pub(crate) fn new() -> Self {
        Self {
            now: State::Text,
            stack: Vec::new(),
            open: 0,
            closed: 0,
            in_comment: false,
            in_set: false,
        }
    }

    /// How many states are stacked, which hostile templates pile up.
    pub(crate) fn depth(&self) -> usize {
        self.stack.len()
    }

    pub(crate) fn push(&mut self, next: State) {
        self.stack.push(Saved { state: self.now, open: self.open, closed: self.closed });
        self.open = 0;
        self.now = next;
    }

    /// Back to where the state was entered from; false where there is nothing to go back to.
    pub(crate) fn pop(&mut self) -> bool {
        if let Some(saved) = self.stack.pop() {
            self.open = saved.open;
            self.closed = saved.closed;
            self.now = saved.state;
            return true;
        }
        self.open = 0;
        self.now = State::Text;
        false
    }

    /// A `(`.
    pub(crate) fn open_parenthesis(&mut self) {
        if !self.in_comment {
            self.open += 1;
        }
        if self.now == State::Modifier {
            self.now = State::Arguments;
        }
    }

    /// A `)`: drops to the state that has the matching `(`, and out of it where that was its last.
    pub(crate) fn close_parenthesis(&mut self) {
        if self.in_comment {
            return;
        }
        while self.open == 0 {
            if !self.pop() {
                return;
            }
        }
        if self.open == self.closed + 1 {
            self.pop();
        } else {
            self.closed += 1;
        }
    }

    /// A literal outside of any parenthesis ends what only looked like a directive: `#12`.
    pub(crate) fn literal_ends(&self) -> bool {
        self.open == 0 && !self.in_set
    }

    /// A `$` or `#`, which ends the reference that touches it.
    pub(crate) fn start(&mut self, next: State, also_ends: &[State]) {
        if self.in_comment {
            return;
        }
        if also_ends.contains(&self.now) {
            self.pop();
        }
        self.push(next);
    }

    /// A comment or textblock opens.
    pub(crate) fn comment(&mut self, next: State) {
        if !self.in_comment {
            self.in_comment = true;
            self.push(next);
        }
    }

    /// It closes.
    pub(crate) fn comment_ends(&mut self) {
        self.in_comment = false;
        self.pop();
    }
}
