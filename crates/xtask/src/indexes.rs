//! The frozen indexes beside the repository: started, waited for, stopped.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::command::{Failed, program, root};

/// Where the corpus's expected locks say the index is.
pub(crate) const CORPUS_PORT: u16 = 8765;
/// Where the scenarios' projects say their indexes are.
pub(crate) const SCENARIOS_PORT: u16 = 8641;

/// The folder of reference material beside the repository, where there is one.
pub(crate) fn shared() -> Option<PathBuf> {
    let folder = root().parent()?.join("shared");
    folder
        .join("tools/index_server.py")
        .is_file()
        .then_some(folder)
}

/// A running server. It ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Option<Child>,
}

impl Server {
    /// Starts the frozen index of real projects.
    pub(crate) fn corpus() -> Result<Self, Failed> {
        Self::start("index_server.py", CORPUS_PORT, &["--no-tls"])
    }

    /// Starts the indexes of all scenarios.
    pub(crate) fn scenarios() -> Result<Self, Failed> {
        Self::start("scenarios.py", SCENARIOS_PORT, &[])
    }

    fn start(script: &str, port: u16, more: &[&str]) -> Result<Self, Failed> {
        if answers(port) {
            // One that somebody else started serves as well, and is theirs to stop.
            return Ok(Self { child: None });
        }
        let shared =
            shared().ok_or_else(|| Failed::new("there is no ../shared beside the repository"))?;
        let mut child = program("python3")
            .arg(shared.join("tools").join(script))
            .args(["serve", "--port", &port.to_string()])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Failed::new(format!("cannot start python3: {error}")))?;
        let until = Instant::now() + Duration::from_secs(60);
        while !answers(port) {
            if let Some(status) = child.try_wait()? {
                return Err(Failed::new(format!("`{script} serve` ended: {status}")));
            }
            if Instant::now() > until {
                child.kill()?;
                child.wait()?;
                return Err(Failed::new(format!(
                    "`{script} serve` does not answer on port {port}"
                )));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Self { child: Some(child) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Ending a process that has ended is all that can go wrong here.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Whether something speaks HTTP on a local port.
fn answers(port: u16) -> bool {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_millis(500)) else {
        return false;
    };
    let mut reply = [0; 5];
    stream
        .set_read_timeout(Some(Duration::from_secs(2)))
        .is_ok()
        && stream
            .write_all(b"GET /-/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            .is_ok()
        && stream.read_exact(&mut reply).is_ok()
        && &reply == b"HTTP/"
}
