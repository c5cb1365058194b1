//! Endpoints: intent, reconciler, route table, invocation.
