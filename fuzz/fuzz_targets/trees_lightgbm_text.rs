//! libFuzzer's entry to the target `trees_lightgbm_text`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::trees::lightgbm_text(bytes));
