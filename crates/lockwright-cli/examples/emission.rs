//! Writes a lock anew from the set that another tool chose: `cargo xtask parity` compares both.
//!
//! Takes the name of a format and a lock of it. Names, versions, sources and markers are taken
//! from there, all else from the index; the lock is written into the current folder, whose
//! `pyproject.toml` it is for.

use std::process::ExitCode;

use formats::WriteRequest;
use lockwright::{HttpSource, PUBLIC_INDEX};
use lockwright_cli::credentials::Credentials;
use lockwright_cli::transport::{HttpTransport, Places, TransportSettings};
use packaging::IndexUrl;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [format, lock] = arguments.as_slice() else {
        eprintln!("usage: emission FORMAT LOCK");
        return ExitCode::from(2);
    };
    match emit(format, lock) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reasons) => {
            for reason in reasons {
                eprintln!("{reason}");
            }
            ExitCode::FAILURE
        }
    }
}

type Reasons = Vec<String>;

fn titles(found: Vec<diagnostic::Diagnostic>) -> Reasons {
    found.into_iter().map(|it| it.title).collect()
}

fn emit(format: &str, lock: &str) -> Result<(), Reasons> {
    let wrong = |file: &str, error: std::io::Error| vec![format!("{file}: {error}")];
    let read = |file: &str| std::fs::read_to_string(file).map_err(|error| wrong(file, error));
    let format = formats::named(format).ok_or_else(|| vec![format!("no format `{format}`")])?;
    let pyproject = read("pyproject.toml")?;
    let mut chosen = format.read(&read(lock)?).map_err(titles)?;
    forget(&mut chosen);
    let mut completed = complete(chosen, format.needs()).map_err(titles)?;
    if format.name() == "poetry" {
        forget_summaries_of_sdists(&mut completed);
    }
    let request = WriteRequest {
        pyproject: Some(&pyproject),
        ..WriteRequest::default()
    };
    let written = format.write(&completed, &request).map_err(titles)?;
    let file = format.file_name();
    std::fs::write(file, written.text).map_err(|error| wrong(file, error))
}

/// Takes away all that the index is to tell.
fn forget(lock: &mut lock::Lock) {
    for package in &mut lock.packages {
        if !package.id.source.is_source_tree() {
            package.published = None;
            package.sdist = None;
            package.wheels.clear();
        }
    }
}

/// The frozen index makes the JSON that poetry reads summaries from out of wheels: of a release
/// without one, poetry heard none there. On the public index it does.
fn forget_summaries_of_sdists(lock: &mut lock::Lock) {
    for package in &mut lock.packages {
        let has_wheel =
            |it: &lock::Published| it.files.iter().any(|file| file.filename.ends_with(".whl"));
        let is_indexed = matches!(package.id.source, lock::Source::Registry(_));
        if let Some(published) = &mut package.published
            && is_indexed
            && !has_wheel(published)
        {
            std::sync::Arc::make_mut(published).summary = None;
        }
    }
}

fn complete(
    lock: lock::Lock,
    needs: formats::Needs,
) -> Result<lock::Lock, Vec<diagnostic::Diagnostic>> {
    let places = Places {
        project: ".".into(),
        cache: None,
    };
    let settings = TransportSettings::default();
    let transport = HttpTransport::new(Credentials::default(), settings, places);
    let source = HttpSource::new(transport);
    let index = std::env::var("LOCKWRIGHT_PUBLIC_INDEX");
    let index = IndexUrl::new(index.as_deref().unwrap_or(PUBLIC_INDEX));
    let failed = |error| vec![diagnostic::Diagnostic::error("cli/no-runtime", error)];
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(failed)?;
    let mut progress = |_: &lockwright::Progress| ();
    let completing = lockwright::complete(lock, needs, &index, &source, &mut progress);
    match runtime.block_on(completing) {
        Ok((lock, _)) => Ok(lock),
        Err(failure) => Err(failure.diagnostics),
    }
}
