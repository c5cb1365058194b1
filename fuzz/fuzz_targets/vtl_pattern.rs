//! libFuzzer's entry to the target `vtl_pattern`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::vtl::pattern(bytes));
