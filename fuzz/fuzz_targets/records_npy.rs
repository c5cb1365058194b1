//! libFuzzer's entry to the target `records_npy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::records::npy(bytes));
