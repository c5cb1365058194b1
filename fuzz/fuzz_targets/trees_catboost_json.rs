//! libFuzzer's entry to the target `trees_catboost_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::trees::catboost_json(bytes));
