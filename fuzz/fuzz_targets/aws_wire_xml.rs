//! libFuzzer's entry to the target `aws_wire_xml`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::aws_wire::xml(bytes));
