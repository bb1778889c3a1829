//! The phase of each open connection, its deadline, and which connection is closed at the limit.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::limits::ConnectionLimits;

/// What the server waits for on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The next request.
    Idle,
    /// The rest of a request header.
    Header,
    /// The rest of a request body.
    Body,
    /// The response, which is being made or written.
    Response,
}

const PHASES: [Phase; 4] = [Phase::Idle, Phase::Header, Phase::Body, Phase::Response];

/// The lowest bits of [`State::phase`] are the phase; the others are milliseconds.
const PHASE_BITS: u32 = 2;

#[derive(Debug)]
struct State {
    opened_at: Instant,
    /// The phase, and when it began in milliseconds after `opened_at`.
    phase: AtomicU64,
    /// When the latest request was complete, or else the connection was opened, in milliseconds
    /// after `origin`.
    completed_at: AtomicU64,
    /// The same for all connections.
    origin: Instant,
    limits: ConnectionLimits,
    /// When the timer of [`Connection::must_close`] fires, in milliseconds after `opened_at`.
    timer_at: AtomicU64,
    /// A new phase ends before that timer fires.
    reset_timer: Notify,
    evicted: Notify,
}

fn milliseconds(from: Instant, to: Instant) -> u64 {
    let elapsed = to.saturating_duration_since(from);
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

impl State {
    fn phase(&self) -> (Phase, Duration) {
        let packed = self.phase.load(Ordering::SeqCst);
        let code = packed & ((1 << PHASE_BITS) - 1);
        let phase = PHASES.into_iter().find(|phase| *phase as u64 == code);
        (
            phase.unwrap_or(Phase::Idle),
            Duration::from_millis(packed >> PHASE_BITS),
        )
    }

    /// When the current phase times out.
    fn deadline(&self) -> Instant {
        let (phase, began_after) = self.phase();
        let timeout = match phase {
            Phase::Idle => self.limits.idle_timeout,
            Phase::Header => self.limits.header_timeout,
            Phase::Body => self.limits.body_timeout,
            Phase::Response => self.limits.response_timeout,
        };
        self.opened_at + began_after + timeout
    }
}

/// Records the progress of a connection's requests.
#[derive(Debug, Clone)]
pub(crate) struct RequestProgress(Arc<State>);

impl RequestProgress {
    fn enter(&self, phase: Phase, now: Instant) {
        let packed = (milliseconds(self.0.opened_at, now) << PHASE_BITS) | phase as u64;
        self.0.phase.store(packed, Ordering::SeqCst);
        let deadline = milliseconds(self.0.opened_at, self.0.deadline());
        if deadline < self.0.timer_at.load(Ordering::SeqCst) {
            self.0.reset_timer.notify_one();
        }
    }

    /// Bytes were received. The first ones after a response begin a header.
    pub(super) fn bytes_received(&self, now: Instant) {
        if self.0.phase().0 == Phase::Idle {
            self.enter(Phase::Header, now);
        }
    }

    /// The header of a request is complete.
    pub(super) fn header_complete(&self, now: Instant) {
        self.enter(Phase::Body, now);
    }

    /// Header and body of a request are complete.
    pub(crate) fn request_complete(&self, now: Instant) {
        self.enter(Phase::Response, now);
        let completed_at = milliseconds(self.0.origin, now);
        self.0.completed_at.store(completed_at, Ordering::Relaxed);
    }

    /// The whole response was handed to the connection.
    pub(super) fn response_sent(&self, now: Instant) {
        self.enter(Phase::Idle, now);
    }
}

/// The open connections.
#[derive(Debug)]
pub(super) struct Connections {
    origin: Instant,
    limits: ConnectionLimits,
    open: Mutex<OpenConnections>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    next: u64,
    states: HashMap<u64, Arc<State>>,
}

impl Connections {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        Self {
            origin: Instant::now(),
            limits,
            open: Mutex::default(),
        }
    }

    /// Register a new connection. At the limit, evict another one first.
    pub(super) fn open(self: &Arc<Self>, now: Instant) -> Connection {
        if self.lock().states.len() >= self.limits.max_connections {
            self.evict();
        }
        let state = Arc::new(State {
            opened_at: now,
            phase: AtomicU64::new(Phase::Header as u64),
            completed_at: AtomicU64::new(milliseconds(self.origin, now)),
            origin: self.origin,
            limits: self.limits,
            timer_at: AtomicU64::new(u64::MAX),
            reset_timer: Notify::new(),
            evicted: Notify::new(),
        });
        let mut open = self.lock();
        let number = open.next;
        open.next = number.wrapping_add(1);
        open.states.insert(number, Arc::clone(&state));
        drop(open);
        Connection {
            number,
            state,
            connections: Arc::clone(self),
        }
    }

    /// Close the connection whose latest complete request is the oldest. Connections that wait for
    /// a response are closed only if all do.
    pub(super) fn evict(&self) {
        let mut open = self.lock();
        let oldest = open.states.iter().min_by_key(|(number, state)| {
            let in_response = state.phase().0 == Phase::Response;
            let completed_at = state.completed_at.load(Ordering::Relaxed);
            (in_response, completed_at, **number)
        });
        let Some((&number, state)) = oldest else {
            return;
        };
        state.evicted.notify_one();
        open.states.remove(&number);
    }

    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open connection; deregistered on drop.
#[derive(Debug)]
pub(super) struct Connection {
    number: u64,
    state: Arc<State>,
    connections: Arc<Connections>,
}

impl Connection {
    pub(super) fn progress(&self) -> RequestProgress {
        RequestProgress(Arc::clone(&self.state))
    }

    /// Returns when the connection was evicted or a phase timed out.
    pub(super) async fn must_close(&self) {
        tokio::select! {
            () = self.state.evicted.notified() => {}
            () = self.timed_out() => {}
        }
    }

    async fn timed_out(&self) {
        loop {
            let deadline = self.state.deadline();
            if deadline <= Instant::now() {
                return;
            }
            let timer_at = milliseconds(self.state.opened_at, deadline);
            self.state.timer_at.store(timer_at, Ordering::SeqCst);
            // A phase with an earlier deadline may have begun before `timer_at` was stored.
            if self.state.deadline() < deadline {
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => {}
                () = self.state.reset_timer.notified() => {}
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.lock().states.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn is_evicted(connection: &Connection) -> bool {
        let open = connection.connections.lock();
        !open.states.contains_key(&connection.number)
    }

    fn at_most(max_connections: usize) -> Arc<Connections> {
        Arc::new(Connections::new(ConnectionLimits {
            max_connections,
            ..ConnectionLimits::default()
        }))
    }

    #[test]
    fn the_connection_with_the_oldest_complete_request_is_evicted() {
        let connections = at_most(3);
        let mut now = Instant::now();
        let mut first_three = Vec::new();
        for _ in 0..3 {
            first_three.push(connections.open(now));
            now += SECOND;
        }
        first_three[0].progress().request_complete(now);
        first_three[0].progress().response_sent(now);
        let fourth = connections.open(now);
        let found: Vec<_> = first_three.iter().map(is_evicted).collect();
        assert_eq!(found, [false, true, false]);
        assert!(!is_evicted(&fourth), "the newest connection is kept");
    }

    #[test]
    fn a_connection_that_waits_for_its_response_is_evicted_last() {
        let connections = at_most(2);
        let now = Instant::now();
        let (first, second) = (connections.open(now), connections.open(now));
        first.progress().request_complete(now);
        second.progress().request_complete(now + SECOND);
        second.progress().response_sent(now + SECOND);
        let third = connections.open(now + SECOND);
        assert!(!is_evicted(&first) && is_evicted(&second));
        third.progress().request_complete(now + SECOND);
        let _fourth = connections.open(now + SECOND);
        assert!(is_evicted(&first), "all wait for a response");
    }

    #[test]
    fn each_phase_has_its_timeout() {
        let limits = ConnectionLimits::default();
        let now = Instant::now();
        let connection = at_most(1).open(now);
        let deadline = || connection.state.deadline();
        assert_eq!(deadline(), now + limits.header_timeout, "just opened");
        let later = now + SECOND;
        let progress = connection.progress();
        progress.header_complete(later);
        assert_eq!(deadline(), later + limits.body_timeout);
        progress.request_complete(later);
        assert_eq!(deadline(), later + limits.response_timeout);
        progress.response_sent(later);
        assert_eq!(deadline(), later + limits.idle_timeout);
    }

    #[test]
    fn bytes_of_a_header_do_not_extend_its_deadline() {
        let limits = ConnectionLimits::default();
        let now = Instant::now();
        let connection = at_most(1).open(now);
        connection.progress().response_sent(now);
        for seconds in 1..9 {
            let then = now + seconds * SECOND;
            connection.progress().bytes_received(then);
        }
        let deadline = connection.state.deadline();
        assert_eq!(deadline, now + SECOND + limits.header_timeout);
    }
}
