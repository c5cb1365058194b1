//! libFuzzer's entry to the target `vtl_render`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::vtl::render(bytes));
