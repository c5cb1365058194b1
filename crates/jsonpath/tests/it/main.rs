//! Paths, seen from outside: what they find in one document, what is wrong with them, and noise.

mod found;
mod refused;
