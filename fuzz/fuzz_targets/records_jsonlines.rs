//! libFuzzer's entry to the target `records_jsonlines`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::records::jsonlines(bytes));
