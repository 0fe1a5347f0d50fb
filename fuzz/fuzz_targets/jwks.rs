#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| behest_token_fuzz::jwks::holds(data));
