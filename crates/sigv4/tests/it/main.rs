//! What callers see of the crate: AWS's examples, botocore's signatures, refusals, tampering.

mod aws_examples;
mod botocore;
mod refusals;
mod round_trip;
mod tampering;
