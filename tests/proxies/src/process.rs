//! Programs that run beside the driver.

use std::io;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::{Fault, PATIENCE};

/// A program, told to end when this is dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
    said: watch::Receiver<Vec<String>>,
}

impl Process {
    pub(crate) fn start(name: impl Into<String>, command: &mut Command) -> Result<Self, Fault> {
        let name = name.into();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name} does not start: {error}"))?;
        let (sender, said) = watch::channel(Vec::new());
        listen(child.stdout.take(), sender.clone());
        listen(child.stderr.take(), sender);
        Ok(Self { name, child, said })
    }

    /// Waits until it has said a line with `text` in it as often as `times`.
    pub(crate) async fn says(&mut self, text: &str, times: usize) -> Result<(), Fault> {
        let said = self
            .said
            .wait_for(|lines| lines.iter().filter(|line| line.contains(text)).count() >= times);
        if matches!(timeout(PATIENCE, said).await, Ok(Ok(_))) {
            return Ok(());
        }
        let log = self.log();
        Err(format!("{} did not say {text:?}, but:\n{log}", self.name).into())
    }

    pub(crate) fn log(&self) -> String {
        self.said.borrow().join("\n")
    }

    /// How often it has said `text`.
    pub(crate) fn count(&self, text: &str) -> usize {
        let lines = self.said.borrow();
        lines.iter().filter(|line| line.contains(text)).count()
    }

    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        let pid = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(id.try_into().ok()?));
        // Without an id it has ended and was waited for.
        pid.map_or(Ok(()), |pid| Ok(kill_process(pid, signal)?))
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn end(mut self) -> Result<ExitStatus, Fault> {
        self.signal(Signal::TERM)?;
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let ended = ended.map_err(|_| format!("{} did not end:\n{}", self.name, self.log()))?;
        Ok(ended?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Not killed: nginx and its like have to end their own children.
        let _ = self.signal(Signal::TERM);
    }
}

fn listen(
    output: Option<impl AsyncRead + Send + Unpin + 'static>,
    said: watch::Sender<Vec<String>>,
) {
    let Some(output) = output else { return };
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            said.send_modify(|lines| lines.push(line));
        }
    });
}
