//! Implementations of the engine contract.
