//! The native engine from outside: what it opens and refuses, and what it answers.

mod answers;
mod covtype;
mod ensembles;
mod formats;
mod models;
mod opening;
mod selected;
mod stage;
