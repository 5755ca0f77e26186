//! JSON.
#![no_main]

use footnote_ingest::fuzzing::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| read("application/json", bytes));
