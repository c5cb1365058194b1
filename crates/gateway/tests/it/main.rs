//! What the gateway does, seen from outside.

mod mapping;
