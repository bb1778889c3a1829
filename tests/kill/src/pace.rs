//! The other end of `serve --rehearsal`: Merge's clock for the process, and what the process says
//! of itself. `host-example/src/rehearsal.rs` has the protocol.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use merge_simulator::{Shared, lock};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::event::Event;
use crate::plan::Moment;
use crate::trigger::Trigger;

/// The thread that writes to the store asks for the time when it begins to commit.
const WRITER: &str = "store";

/// Answer whatever connects to the returned address, as long as the program runs.
pub async fn start(
    merge: Shared,
    trigger: Arc<Trigger>,
    events: UnboundedSender<Event>,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .context("cannot listen on the loopback address")?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (merge, trigger, events) = (merge.clone(), Arc::clone(&trigger), events.clone());
            tokio::spawn(async move {
                // It breaks with each kill.
                let _ = serve(stream, &merge, &trigger, &events).await;
            });
        }
    });
    Ok(address)
}

async fn serve(
    stream: TcpStream,
    merge: &Shared,
    trigger: &Arc<Trigger>,
    events: &UnboundedSender<Event>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let Some(hello) = lines.next_line().await? else {
        return Ok(());
    };
    let Some((what_for, pid)) = hello.split_once(' ') else {
        return Ok(());
    };
    match (what_for, pid.parse()) {
        ("clock", Ok(_)) => tell(lines, write, merge, trigger).await,
        ("rest", Ok(pid)) => listen(lines, write, pid, events).await,
        _ => Ok(()),
    }
}

/// Tell the time.
async fn tell(
    mut lines: Lines<BufReader<OwnedReadHalf>>,
    mut write: OwnedWriteHalf,
    merge: &Shared,
    trigger: &Arc<Trigger>,
) -> std::io::Result<()> {
    while let Some(who) = lines.next_line().await? {
        let now = {
            let merge = lock(merge);
            merge.now() + merge.host_skew()
        };
        write.write_all(format!("{now}\n").as_bytes()).await?;
        if who == WRITER
            && let Some(strike) = trigger.reach(Moment::Commit)
        {
            strike.kill().await;
        }
    }
    Ok(())
}

/// Hear when the process rests, and have it look again.
async fn listen(
    mut lines: Lines<BufReader<OwnedReadHalf>>,
    mut write: OwnedWriteHalf,
    pid: u32,
    events: &UnboundedSender<Event>,
) -> std::io::Result<()> {
    let (look, mut looks) = unbounded_channel::<u64>();
    let _ = events.send(Event::Joined(pid, look));
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                let rest = serde_json::from_str(&line)?;
                let _ = events.send(Event::Rests(pid, rest));
            }
            number = looks.recv() => {
                let Some(number) = number else { return Ok(()) };
                write.write_all(format!("{number}\n").as_bytes()).await?;
            }
        }
    }
}
