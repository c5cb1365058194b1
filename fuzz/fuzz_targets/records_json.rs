//! libFuzzer's entry to the target `records_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::records::json(bytes));
