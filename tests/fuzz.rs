//! The seeds of the fuzz targets, replayed: `fuzz/` finds, this keeps.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

#[path = "../fuzz/src/lib.rs"]
mod properties;

#[test]
fn every_seed_of_every_fuzz_target_keeps_its_property() {
    for (target, holds) in properties::TARGETS {
        let folder = format!("{}/tests/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
        let mut seeds = 0;
        for entry in std::fs::read_dir(&folder).expect("a folder of seeds") {
            let path = entry.unwrap().path();
            let seed = std::fs::read(&path).unwrap();
            let outcome = std::panic::catch_unwind(|| holds(&seed));
            assert!(outcome.is_ok(), "{}", path.display());
            seeds += 1;
        }
        assert!(seeds >= 12, "{target} has {seeds} seeds");
    }
}
