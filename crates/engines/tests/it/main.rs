//! The engines from outside: what they open and refuse, and what they answer.

mod answers;
mod covtype;
mod ensembles;
mod explained;
mod formats;
mod models;
mod object2vec;
mod opening;
mod selected;
mod stage;
