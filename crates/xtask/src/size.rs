//! How large the WebAssembly modules are: raw, gzipped, and with brotli; and whether they may be.

use std::process::ExitCode;

use crate::command::{Failed, output, program};
use crate::settings::{self, Module, Sizes};
use crate::tally::Tally;
use crate::{build, setup};

/// Node compresses; its zlib has both algorithms, so that nothing else need be installed.
const MEASURE: &str = "
const { readFileSync } = require('node:fs');
const zlib = require('node:zlib');
const bytes = readFileSync(process.argv[1]);
const brotli = { params: { [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
console.log(bytes.length, zlib.gzipSync(bytes, { level: 9 }).length, zlib.brotliCompressSync(bytes, brotli).length);
";

/// Builds the modules, then prints the table; the status says whether every module is within budget.
pub(crate) fn run() -> Result<ExitCode, Failed> {
    build::everything(&setup::for_serving()?)?;
    let tally = suite()?;
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Prints the table for modules that are built; one check for each.
pub(crate) fn suite() -> Result<Tally, Failed> {
    println!(
        "{:<10} {:>22} {:>22} {:>22}",
        "module", "raw / budget", "gzip / budget", "brotli / budget"
    );
    let mut tally = Tally::default();
    for module in settings::read()?.modules {
        let sizes = measure(&module)?;
        let column = |size: u64, budget: u64| format!("{size} / {budget}");
        let budget = module.budget;
        println!(
            "{:<10} {:>22} {:>22} {:>22}",
            module.name,
            column(sizes.raw, budget.raw),
            column(sizes.gzip, budget.gzip),
            column(sizes.brotli, budget.brotli),
        );
        let within =
            sizes.raw <= budget.raw && sizes.gzip <= budget.gzip && sizes.brotli <= budget.brotli;
        if !within {
            println!("{}: larger than wasm-pack.toml allows", module.name);
        }
        tally += Tally::one(within);
    }
    Ok(tally)
}

fn measure(module: &Module) -> Result<Sizes, Failed> {
    let file = module.file();
    let said = output(program("node").args(["-e", MEASURE]).arg(&file))
        .ok_or_else(|| Failed::new(format!("cannot measure {}", file.display())))?;
    let numbers: Vec<u64> = said
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    match numbers[..] {
        [raw, gzip, brotli] => Ok(Sizes { raw, gzip, brotli }),
        _ => Err(Failed::new(format!("cannot measure {}", file.display()))),
    }
}
