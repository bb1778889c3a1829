//! Hands libFuzzer's bytes to `merge_sync_fuzz::time`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| merge_sync_fuzz::time(data));
