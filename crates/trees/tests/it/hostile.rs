//! Bytes that are no model.
