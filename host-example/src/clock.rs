//! The time. Nothing else in this crate asks the operating system what time it is, so that a
//! test, or the demonstration, can own it.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// An instant: microseconds since 1970-01-01T00:00:00Z, as the contract has it.
pub type Micros = i64;

/// One second.
pub const SECOND: Micros = 1_000_000;

/// One minute.
pub const MINUTE: Micros = 60 * SECOND;

/// One hour.
pub const HOUR: Micros = 60 * MINUTE;

/// A future that a trait object can hand out.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The host's clock.
pub trait Clock: Debug + Send + Sync {
    /// Now. May jump either way on a machine whose time is corrected.
    fn now(&self) -> Micros;

    /// Ready once [`now`](Self::now) is `instant` or later; at once where it already is.
    fn sleep_until(&self, instant: Micros) -> Pending<'_, ()>;

    /// The scheduler has looked at what is due, `running` runs are under way, and no other is to
    /// start before `until`: ready once it is to look again. It may be early, never late.
    ///
    /// For most clocks this is sleeping. One whose time leaps learns from it when to leap.
    fn rest(&self, until: Option<Micros>, running: usize) -> Pending<'_, ()> {
        let _ = running;
        match until {
            Some(instant) => self.sleep_until(instant),
            None => Box::pin(std::future::pending()),
        }
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

/// No sleep is longer than this without a look at the clock, which may have been set.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

impl Clock for System {
    fn now(&self) -> Micros {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(before.duration().as_micros()).map_or(i64::MIN, i64::wrapping_neg)
            }
        }
    }

    fn sleep_until(&self, instant: Micros) -> Pending<'_, ()> {
        Box::pin(async move {
            loop {
                let left = instant.saturating_sub(self.now());
                let Ok(left @ 1..) = u64::try_from(left) else {
                    return;
                };
                tokio::time::sleep(Duration::from_micros(left).min(LONGEST_SLEEP)).await;
            }
        })
    }
}

/// A clock that stands still until somebody moves it.
#[derive(Debug)]
pub struct Manual {
    now: AtomicI64,
    moved: watch::Sender<()>,
}

impl Manual {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Micros) -> Self {
        Self {
            now: AtomicI64::new(now),
            moved: watch::Sender::new(()),
        }
    }

    /// Show `instant` from now on; an earlier one turns the clock back.
    pub fn set(&self, instant: Micros) {
        self.now.store(instant, Ordering::SeqCst);
        self.moved.send_replace(());
    }

    /// Move on by `by` microseconds.
    pub fn advance(&self, by: Micros) {
        self.now.fetch_add(by, Ordering::SeqCst);
        self.moved.send_replace(());
    }
}

impl Clock for Manual {
    fn now(&self) -> Micros {
        self.now.load(Ordering::SeqCst)
    }

    fn sleep_until(&self, instant: Micros) -> Pending<'_, ()> {
        let mut moved = self.moved.subscribe();
        Box::pin(async move {
            while self.now() < instant {
                if moved.changed().await.is_err() {
                    return;
                }
            }
        })
    }
}
