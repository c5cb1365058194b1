//! Endpoints from outside: what operations say, what serves, what is counted, what a restart keeps.

mod catalogue;
mod failure_reasons;
mod fake;
mod house;
mod interleavings;
mod keeping;
mod lifecycle;
mod rollouts;
mod tags;
mod traffic;
mod updates;
