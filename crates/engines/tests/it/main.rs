//! The native engine from outside: what it opens and refuses, and what it answers.

mod answers;
mod covtype;
mod opening;
mod stage;
