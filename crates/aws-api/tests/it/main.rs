//! The AWS face from outside: signed HTTP in, HTTP out, over a pipe instead of a socket.

mod bounds;
mod echo;
mod face;
mod invocations;
mod rollouts;
mod tags;
mod updates;
