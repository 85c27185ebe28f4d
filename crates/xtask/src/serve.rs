//! Serves the HTTP API and the playground locally, on workerd, with all state on disk.

use std::process::{Command, ExitCode};

use crate::command::{Failed, program, root, run as run_shown, shown};
use crate::{build, setup};

/// Builds what is out of date, then becomes the server, so that a signal reaches it directly.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failed> {
    let mut server = read_arguments(arguments)?;
    build::everything(&setup::for_serving()?)?;
    if arguments.iter().any(|argument| argument == "--once") {
        run_shown(&mut server)?;
        return Ok(ExitCode::SUCCESS);
    }
    become_server(server)
}

fn read_arguments(arguments: &[String]) -> Result<Command, Failed> {
    let mut server = program("node");
    server.arg(root().join("worker/serve.mjs"));
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--once" => {
                server.arg("--once");
            }
            "--port" | "--public-index" => {
                let value = rest
                    .next()
                    .ok_or_else(|| Failed::new(format!("`{argument}` wants a value")))?;
                server.args([argument, value]);
            }
            other => return Err(Failed::new(format!("serve knows no `{other}`"))),
        }
    }
    Ok(server)
}

#[cfg(unix)]
fn become_server(mut server: Command) -> Result<ExitCode, Failed> {
    use std::os::unix::process::CommandExt;
    let error = server.exec();
    Err(Failed::new(format!(
        "cannot start `{}`: {error}",
        shown(&server)
    )))
}

#[cfg(not(unix))]
fn become_server(mut server: Command) -> Result<ExitCode, Failed> {
    let status = server
        .status()
        .map_err(|error| Failed::new(format!("cannot start `{}`: {error}", shown(&server))))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
