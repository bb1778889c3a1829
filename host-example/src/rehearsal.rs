//! Living in somebody else's time: the clock of `merge-sync serve --rehearsal ADDRESS`.
//!
//! A test that owns the time of a whole process (to kill it at every hour of a simulated day,
//! say) listens on an address of this machine. The process connects twice and says by a line
//! what for, and which process it is:
//!
//! | Line | Then |
//! |---|---|
//! | `clock PID` | each further line asks for the time, and names the thread that asks; the answer is a line: microseconds since 1970 |
//! | `rest PID` | each further line is a [`Rest`], in JSON; whenever it is to look again, it is sent a line: a number larger than the one before |
//!
//! So time may leap once the process rests, has seen the latest number, and has no webhook in
//! hand. Everything else about the process is as in production.

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};
use tokio::sync::{mpsc, watch};

use crate::clock::{Clock, Micros, Pending};

/// A rehearsal on the same machine answers at once, or is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the scheduler says when it has nothing to do but wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rest {
    /// The latest number that it was sent before it looked at what is due; 0 for none.
    pub seen: u64,
    /// Runs that are under way.
    pub running: usize,
    /// No other run starts before this instant, host's clock; `None` where only a webhook or a
    /// command will make one start.
    pub until: Option<Micros>,
}

/// The clock that a rehearsal owns.
pub struct Rehearsal {
    asking: Mutex<BufReader<TcpStream>>,
    /// For the moment in which the rehearsal has gone and this process has not noticed yet.
    latest: AtomicI64,
    /// The latest number received. Its sender is gone once the rehearsal is.
    looks: watch::Receiver<u64>,
    /// The number that the scheduler has acted upon.
    acted: AtomicU64,
    rests: mpsc::UnboundedSender<Rest>,
}

impl Rehearsal {
    /// Take part in the rehearsal at `address`.
    ///
    /// # Errors
    ///
    /// Nothing answers there, or something that is no rehearsal.
    pub async fn join(address: SocketAddr) -> anyhow::Result<Arc<Self>> {
        let found = || format!("rehearsal: nothing fit for one answers on `{address}`");
        let mut asking = connect(address, "clock").with_context(found)?;
        let latest = ask(&mut asking).with_context(found)?;
        let resting = connect(address, "rest").with_context(found)?;
        let resting = resting.into_inner();
        resting.set_nonblocking(true).with_context(found)?;
        let resting = tokio::net::TcpStream::from_std(resting).with_context(found)?;
        let (look, looks) = watch::channel(0);
        let (rests, said) = mpsc::unbounded_channel();
        tokio::spawn(converse(resting, look, said));
        Ok(Arc::new(Self {
            asking: Mutex::new(asking),
            latest: AtomicI64::new(latest),
            looks,
            acted: AtomicU64::new(0),
            rests,
        }))
    }

    /// Ready once the rehearsal has ended.
    pub async fn over(&self) {
        let mut looks = self.looks.clone();
        while looks.changed().await.is_ok() {}
    }
}

fn connect(address: SocketAddr, what_for: &str) -> io::Result<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{what_for} {}\n", std::process::id()).as_bytes())?;
    Ok(BufReader::new(stream))
}

fn ask(asking: &mut BufReader<TcpStream>) -> io::Result<Micros> {
    let thread = std::thread::current();
    let who = thread.name().unwrap_or("unnamed");
    asking.get_mut().write_all(format!("{who}\n").as_bytes())?;
    let mut answer = String::new();
    asking.read_line(&mut answer)?;
    answer.trim_end().parse().map_err(|_| {
        let found = format!("`{}` is not an instant in microseconds", answer.trim_end());
        io::Error::new(io::ErrorKind::InvalidData, found)
    })
}

/// Pass rests on and numbers back, until either side is gone.
async fn converse(
    stream: tokio::net::TcpStream,
    look: watch::Sender<u64>,
    mut rests: mpsc::UnboundedReceiver<Rest>,
) {
    let (read, mut write) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(read).lines();
    loop {
        tokio::select! {
            rest = rests.recv() => {
                let Some(line) = rest.and_then(|rest| serde_json::to_string(&rest).ok()) else {
                    return;
                };
                if write.write_all(format!("{line}\n").as_bytes()).await.is_err() {
                    return;
                }
            }
            line = lines.next_line() => {
                let Some(number) = line.ok().flatten().and_then(|line| line.parse().ok()) else {
                    return;
                };
                look.send_replace(number);
            }
        }
    }
}

impl Clock for Rehearsal {
    /// The thread waits for the answer: a matter of microseconds, and there is one time only.
    fn now(&self) -> Micros {
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing is done in a time that nobody owns: `over` ends the process.
        if let Ok(now) = ask(&mut asking) {
            self.latest.store(now, Ordering::Relaxed);
        }
        self.latest.load(Ordering::Relaxed)
    }

    /// The rehearsal's time leaps: a wait that ended with it would never last. What waits here
    /// is patience with the machine, so it is measured in the machine's time.
    fn sleep_until(&self, instant: Micros) -> Pending<'_, ()> {
        let left = u64::try_from(instant.saturating_sub(self.now())).unwrap_or(0);
        Box::pin(tokio::time::sleep(Duration::from_micros(left)))
    }

    fn rest(&self, until: Option<Micros>, running: usize) -> Pending<'_, ()> {
        let mut looks = self.looks.clone();
        let seen = *looks.borrow_and_update();
        if self.acted.swap(seen, Ordering::SeqCst) != seen {
            // The number may have come after the look that led here: look once more.
            return Box::pin(std::future::ready(()));
        }
        let rest = Rest {
            seen,
            running,
            until,
        };
        // Where nobody listens any more, `over` ends the process.
        let _ = self.rests.send(rest);
        Box::pin(async move {
            if looks.changed().await.is_err() {
                std::future::pending().await
            }
        })
    }
}

impl fmt::Debug for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rehearsal").finish_non_exhaustive()
    }
}
