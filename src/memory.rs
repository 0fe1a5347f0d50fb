//! The allocator. The standard library's weighs 8 KB, most of which is compiled at the start.

#![cfg(target_arch = "wasm32")]

use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

/// Unlocked: the module has a single thread, and with more of them this would not compile.
#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();
