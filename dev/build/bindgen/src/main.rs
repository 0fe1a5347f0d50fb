//! Makes the JavaScript glue of a WebAssembly module. A program of its own instead of the
//! `wasm-bindgen` command, because Cargo.lock then pins it to the crate's own version.

use std::path::Path;
use std::process::ExitCode;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [module, folder] = arguments.as_slice() else {
        eprintln!("usage: bindgen <module.wasm> <folder>");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).typescript(true);
    let made = bindgen
        .web(true)
        // After a trap the guard in dev/build/glue.ts starts over with a fresh instance; old
        // handles are then refused.
        .map(|bindgen| bindgen.reset_state_function(true))
        .and_then(|bindgen| bindgen.generate(Path::new(folder)));
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("bindgen: {fault:#}");
            ExitCode::FAILURE
        }
    }
}
