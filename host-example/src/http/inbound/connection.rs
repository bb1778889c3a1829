//! What each connection is about, since when, and which gives way where there are too many.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Bounds;

/// What a connection is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has sent nothing of a request yet.
    Silent,
    /// A request's header is arriving.
    Header,
    /// A request's body is arriving.
    Body,
    /// A request is complete, its answer is not.
    Answer,
}

const PHASES: [Phase; 4] = [Phase::Silent, Phase::Header, Phase::Body, Phase::Answer];

/// How many bits of [`State::phase`] are the phase; the others are milliseconds.
const PHASE_BITS: u32 = 2;

/// What of a connection is seen from all sides.
#[derive(Debug)]
struct State {
    began: Instant,
    /// The phase, and since when in milliseconds after `began`.
    phase: AtomicU64,
    /// When its latest request was complete, or it began, in milliseconds after `origin`.
    complete: AtomicU64,
    origin: Instant,
    bounds: Bounds,
    /// When its watcher looks again, in milliseconds after `began`.
    looks_at: AtomicU64,
    /// Its watcher would look too late.
    hurry: Notify,
    give_way: Notify,
}

fn milliseconds(from: Instant, to: Instant) -> u64 {
    let apart = to.saturating_duration_since(from);
    u64::try_from(apart.as_millis()).unwrap_or(u64::MAX)
}

impl State {
    fn phase(&self) -> (Phase, Duration) {
        let packed = self.phase.load(Ordering::SeqCst);
        let code = packed & ((1 << PHASE_BITS) - 1);
        let phase = PHASES.into_iter().find(|phase| *phase as u64 == code);
        (
            phase.unwrap_or(Phase::Silent),
            Duration::from_millis(packed >> PHASE_BITS),
        )
    }

    /// Until when what it is about has to be over.
    fn due(&self) -> Instant {
        let (phase, since) = self.phase();
        let patience = match phase {
            Phase::Silent => self.bounds.idle,
            Phase::Header => self.bounds.header,
            Phase::Body => self.bounds.body,
            Phase::Answer => self.bounds.answer,
        };
        self.began + since + patience
    }
}

/// The connection of a request, for whoever reads its body.
#[derive(Debug, Clone)]
pub(crate) struct Arrival(Arc<State>);

impl Arrival {
    fn enter(&self, phase: Phase, now: Instant) {
        let packed = (milliseconds(self.0.began, now) << PHASE_BITS) | phase as u64;
        self.0.phase.store(packed, Ordering::SeqCst);
        let due = milliseconds(self.0.began, self.0.due());
        if due < self.0.looks_at.load(Ordering::SeqCst) {
            self.0.hurry.notify_one();
        }
    }

    /// A byte came.
    pub(super) fn heard(&self, now: Instant) {
        if self.0.phase().0 == Phase::Silent {
            self.enter(Phase::Header, now);
        }
    }

    /// The header of a request is complete.
    pub(super) fn begun(&self, now: Instant) {
        self.enter(Phase::Body, now);
    }

    /// The request is here as a whole.
    pub(crate) fn complete(&self, now: Instant) {
        self.enter(Phase::Answer, now);
        let complete = milliseconds(self.0.origin, now);
        self.0.complete.store(complete, Ordering::Relaxed);
    }

    /// Its answer is written.
    pub(super) fn answered(&self, now: Instant) {
        self.enter(Phase::Silent, now);
    }
}

/// The open connections.
#[derive(Debug)]
pub(super) struct Open {
    origin: Instant,
    bounds: Bounds,
    all: Mutex<(u64, HashMap<u64, Arc<State>>)>,
}

impl Open {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            origin: Instant::now(),
            bounds,
            all: Mutex::default(),
        }
    }

    /// A new connection. Where there are too many, another gives way.
    pub(super) fn enter(self: &Arc<Self>, now: Instant) -> Connection {
        if self.all().1.len() >= self.bounds.connections {
            self.make_room();
        }
        let state = Arc::new(State {
            began: now,
            // In a new connection, the header is what is waited for.
            phase: AtomicU64::new(Phase::Header as u64),
            complete: AtomicU64::new(milliseconds(self.origin, now)),
            origin: self.origin,
            bounds: self.bounds,
            looks_at: AtomicU64::new(u64::MAX),
            hurry: Notify::new(),
            give_way: Notify::new(),
        });
        let mut all = self.all();
        let number = all.0;
        all.0 = number.wrapping_add(1);
        all.1.insert(number, Arc::clone(&state));
        drop(all);
        Connection {
            number,
            state,
            open: Arc::clone(self),
        }
    }

    /// The connection that has been longest without a complete request gives way; one whose
    /// answer is being made only where there is no other.
    pub(super) fn make_room(&self) {
        let mut all = self.all();
        let longest = all.1.iter().min_by_key(|(number, state)| {
            let is_answered = state.phase().0 == Phase::Answer;
            (
                is_answered,
                state.complete.load(Ordering::Relaxed),
                **number,
            )
        });
        let Some((number, state)) = longest else {
            return;
        };
        let number = *number;
        state.give_way.notify_one();
        all.1.remove(&number);
    }

    fn all(&self) -> MutexGuard<'_, (u64, HashMap<u64, Arc<State>>)> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection, open as long as this lives.
#[derive(Debug)]
pub(super) struct Connection {
    number: u64,
    state: Arc<State>,
    open: Arc<Open>,
}

impl Connection {
    pub(super) fn arrival(&self) -> Arrival {
        Arrival(Arc::clone(&self.state))
    }

    /// It takes too long over something, or has to give way.
    pub(super) async fn is_over(&self) {
        tokio::select! {
            () = self.state.give_way.notified() => {}
            () = self.is_overdue() => {}
        }
    }

    async fn is_overdue(&self) {
        loop {
            let due = self.state.due();
            if due <= Instant::now() {
                return;
            }
            let looks_at = milliseconds(self.state.began, due);
            self.state.looks_at.store(looks_at, Ordering::SeqCst);
            // It may have begun something shorter before it could see that.
            if self.state.due() < due {
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                () = self.state.hurry.notified() => {}
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.all().1.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gives_way(connection: &Connection) -> bool {
        !connection.open.all().1.contains_key(&connection.number)
    }

    fn of(connections: usize) -> Bounds {
        Bounds {
            connections,
            ..Bounds::default()
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn who_has_been_longest_without_a_request_gives_way() {
        let open = Arc::new(Open::new(of(3)));
        let mut now = Instant::now();
        let mut connections = Vec::new();
        for _ in 0..3 {
            connections.push(open.enter(now));
            now += SECOND;
        }
        connections[0].arrival().complete(now);
        connections[0].arrival().answered(now);
        let fourth = open.enter(now);
        let found: Vec<_> = connections.iter().map(gives_way).collect();
        assert_eq!(found, [false, true, false]);
        assert!(!gives_way(&fourth), "the newest is not the longest");
    }

    #[test]
    fn one_whose_answer_is_made_gives_way_last() {
        let open = Arc::new(Open::new(of(2)));
        let now = Instant::now();
        let (first, second) = (open.enter(now), open.enter(now));
        first.arrival().complete(now);
        second.arrival().complete(now + SECOND);
        second.arrival().answered(now + SECOND);
        let third = open.enter(now + SECOND);
        assert!(!gives_way(&first) && gives_way(&second));
        third.arrival().complete(now + SECOND);
        let _fourth = open.enter(now + SECOND);
        assert!(gives_way(&first), "all are busy");
    }

    #[test]
    fn each_phase_has_its_deadline() {
        let bounds = Bounds::default();
        let now = Instant::now();
        let connection = Arc::new(Open::new(of(1))).enter(now);
        assert_eq!(connection.state.due(), now + bounds.header, "a new one");
        let later = now + SECOND;
        let arrival = connection.arrival();
        arrival.begun(later);
        assert_eq!(connection.state.due(), later + bounds.body);
        arrival.complete(later);
        assert_eq!(connection.state.due(), later + bounds.answer);
        arrival.answered(later);
        assert_eq!(connection.state.due(), later + bounds.idle);
    }

    #[test]
    fn a_byte_a_second_is_no_way_around_a_deadline() {
        let bounds = Bounds::default();
        let now = Instant::now();
        let connection = Arc::new(Open::new(of(1))).enter(now);
        connection.arrival().answered(now);
        for seconds in 1..9 {
            connection.arrival().heard(now + seconds * SECOND);
        }
        assert_eq!(connection.state.due(), now + SECOND + bounds.header);
    }
}
