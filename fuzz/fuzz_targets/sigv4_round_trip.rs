//! libFuzzer's entry to the target `sigv4_round_trip`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::sigv4::round_trip(bytes));
