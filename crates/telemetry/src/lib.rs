//! Metrics, logs and their exposition.
