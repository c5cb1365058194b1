//! libFuzzer's entry to the target `trees_lightgbm_pickle`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::trees::lightgbm_pickle(bytes));
