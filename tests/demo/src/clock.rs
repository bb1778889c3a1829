//! The host's clock in the demonstration: Merge's virtual one, and what the host's is off by.

use std::fmt;
use std::time::Duration;

use merge_simulator::{Shared, lock};
use merge_sync_host::clock::{Clock, Micros, Pending};
use tokio::sync::watch;

/// Follows Merge's clock. There is only one time: a request that takes a while moves both.
#[derive(Debug)]
pub(crate) struct Virtual {
    merge: Shared,
    seen: watch::Sender<Micros>,
}

impl Virtual {
    pub(crate) fn of(merge: Shared) -> Self {
        let seen = watch::Sender::new(lock(&merge).now());
        Self { merge, seen }
    }

    /// Told whenever the host looked at its clock and time had moved.
    pub(crate) fn movements(&self) -> watch::Receiver<Micros> {
        self.seen.subscribe()
    }
}

impl Clock for Virtual {
    fn now(&self) -> Micros {
        let (now, skew) = {
            let merge = lock(&self.merge);
            (merge.now(), merge.host_skew())
        };
        self.seen.send_if_modified(|seen| {
            let moved = *seen != now;
            *seen = now;
            moved
        });
        now + skew
    }

    /// Virtual time leaps: a wait that ended with it would never last. What waits here is
    /// patience with the machine, so it is measured in the machine's time.
    fn sleep_until(&self, instant: Micros) -> Pending<'_, ()> {
        let left = u64::try_from(instant.saturating_sub(self.now())).unwrap_or(0);
        Box::pin(tokio::time::sleep(Duration::from_micros(left)))
    }
}

/// Stamps log lines with the host's clock, so that a trace can be laid beside what Merge did.
#[derive(Debug, Clone)]
pub(crate) struct Stamp(pub Shared);

impl tracing_subscriber::fmt::time::FormatTime for Stamp {
    fn format_time(&self, w: &mut tracing_subscriber::fmt::format::Writer<'_>) -> fmt::Result {
        let now = {
            let merge = lock(&self.0);
            merge.now() + merge.host_skew()
        };
        w.write_str(&merge_sync_host::instant::text(now))
    }
}
