//! libFuzzer's entry to the target `jsonpath_find`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::jsonpath::find(bytes));
