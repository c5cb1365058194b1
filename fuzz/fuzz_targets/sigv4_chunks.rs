//! libFuzzer's entry to the target `sigv4_chunks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::sigv4::chunks(bytes));
