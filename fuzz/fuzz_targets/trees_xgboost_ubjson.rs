//! libFuzzer's entry to the target `trees_xgboost_ubjson`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::trees::xgboost_ubjson(bytes));
