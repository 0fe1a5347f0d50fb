//! What must hold of every input, one module a target. libFuzzer looks for an input that breaks a
//! property; `tests/fuzz.rs` replays the seeds with every test run.

pub mod body;
pub mod claims;
pub mod input;
pub mod json;
pub mod jwks;
pub mod key;
pub mod mint_answer;
pub mod plan_answer;
pub mod scene;
pub mod settings;
pub mod token;
pub mod user_answer;

/// Panics where an input breaks it.
pub type Property = fn(&[u8]);

/// Every target by its name, which is also its folder of seeds.
pub const TARGETS: [(&str, Property); 10] = [
    ("token", token::holds),
    ("claims", claims::holds),
    ("jwks", jwks::holds),
    ("settings", settings::holds),
    ("key", key::holds),
    ("body", body::holds),
    ("user_answer", user_answer::holds),
    ("plan_answer", plan_answer::holds),
    ("mint_answer", mint_answer::holds),
    ("json", json::holds),
];
