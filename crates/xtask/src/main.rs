//! What a developer runs: set up, serve, test, measure.

mod bench;
mod build;
mod command;
mod indexes;
mod memory;
mod parity;
mod serve;
mod settings;
mod setup;
mod size;
mod tally;
mod test;

use std::process::ExitCode;

use command::Failed;

const USAGE: &str = "\
usage: cargo xtask <command>

  setup                 install what building and testing need, where absent
  build                 build both WebAssembly modules and the playground
  serve [--port 8787] [--public-index URL] [--once]
                        serve the HTTP API and the playground; state is kept in .state/
  test [SUITE]...       run every test, or these suites:
                        rust wasm edge browser size parity
  size                  sizes of both WebAssembly modules against their budgets
  parity [PART]... [--only NAME]... [--jobs N] [--debug]
                        compare locks with those of the native tools, byte by byte; parts are the
                        keys of tests/parity.toml
  parity --fuzz [--uv PATH] [--python PATH]... [--seeds 0-99] [--mode lock|relock] [--keep DIR]
  parity --live [--uv PATH] [--python PATH]... [NAME]...
                        the same for random projects, and for sdists from the live index
  bench [PROJECT]... [--uv PATH] [--python PATH] [--runs N]
                        time and peak memory of `lockwright lock` beside `uv lock`
  bench memory [PROJECT]...
                        linear memory of the browser's module, of which no project may take
                        more than 64 MB";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(failed) => {
            eprintln!("xtask: {failed}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode, Failed> {
    let Some((command, rest)) = arguments.split_first() else {
        eprintln!("{USAGE}");
        return Ok(ExitCode::from(2));
    };
    match command.as_str() {
        "setup" => setup::everything().map(|_| ExitCode::SUCCESS),
        "build" => build::everything(&setup::for_serving()?).map(|()| ExitCode::SUCCESS),
        "serve" => serve::run(rest),
        "test" => test::run(rest),
        "size" => size::run(),
        "parity" => parity::run(rest),
        "bench" => match rest.split_first() {
            Some((first, rest)) if first == "memory" => memory::run(rest),
            _ => bench::run(rest),
        },
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        other => Err(Failed::new(format!(
            "no such command: `{other}`\n\n{USAGE}"
        ))),
    }
}
