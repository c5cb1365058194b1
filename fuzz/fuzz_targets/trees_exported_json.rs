//! libFuzzer's entry to the target `trees_exported_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::trees::exported_json(bytes));
