//! The gun: it holds the process that is up and at most one kill, and strikes from whichever task
//! sees the moment come.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::process::Child;
use tokio::sync::mpsc::UnboundedSender;

use crate::event::Event;
use crate::plan::{Kill, Moment};

/// Shared between all who see what the process does.
#[derive(Debug)]
pub struct Trigger {
    state: Mutex<State>,
    events: UnboundedSender<Event>,
}

#[derive(Debug, Default)]
struct State {
    child: Option<Child>,
    armed: Option<Kill>,
    /// A kill is under way: its delay passes.
    striking: bool,
    /// Nothing strikes for now.
    spared: bool,
}

/// A kill whose moment has come.
#[derive(Debug)]
#[must_use]
pub struct Strike {
    trigger: Arc<Trigger>,
    moment: Moment,
    delay: Duration,
}

impl Trigger {
    /// With nothing to kill yet. Each kill is told to `events`.
    pub fn new(events: UnboundedSender<Event>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            events,
        })
    }

    /// From now on this is the process.
    pub fn aim(&self, child: Child) {
        self.lock().child = Some(child);
    }

    /// Strike at the kill's moment.
    pub fn arm(&self, kill: Kill) {
        self.lock().armed = Some(kill);
    }

    /// The kill that waits for its moment.
    pub fn armed(&self) -> Option<Kill> {
        self.lock().armed
    }

    /// Whether a kill is under way.
    pub fn is_striking(&self) -> bool {
        self.lock().striking
    }

    /// Let nothing strike, or let it again. A kill that is under way goes on.
    pub fn spare(&self, spared: bool) {
        self.lock().spared = spared;
    }

    /// Whether nothing strikes for now.
    pub fn is_spared(&self) -> bool {
        self.lock().spared
    }

    /// The process does what `moment` says: a kill, if that is what it waits for. The caller
    /// carries it out.
    pub fn reach(self: &Arc<Self>, moment: Moment) -> Option<Strike> {
        let mut state = self.lock();
        if state.spared || state.striking || state.child.is_none() {
            return None;
        }
        let armed = state.armed.as_mut().filter(|kill| kill.moment == moment)?;
        if armed.skip > 0 {
            armed.skip -= 1;
            return None;
        }
        let delay = Duration::from_micros(armed.delay);
        state.armed = None;
        state.striking = true;
        Some(Strike {
            trigger: Arc::clone(self),
            moment,
            delay,
        })
    }

    /// Kill at once, whatever is armed.
    pub fn strike(&self, moment: Moment) {
        let mut state = self.lock();
        state.armed = None;
        self.kill(&mut state, moment);
    }

    /// The process, once it was killed or has ended by itself.
    pub fn bury(&self) -> Option<Child> {
        let mut state = self.lock();
        state.striking = false;
        state.child.take()
    }

    fn kill(&self, state: &mut State, moment: Moment) {
        state.striking = true;
        if let Some(child) = &mut state.child {
            // An error means that it has ended by itself, which is found out and told elsewhere.
            let _ = child.start_kill();
        }
        // Nobody listens any more at the very end.
        let _ = self.events.send(Event::Killed(moment));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Strike {
    /// Wait for the drawn delay, and send SIGKILL. Timers are too coarse for it: the processor
    /// counts.
    pub async fn kill(self) {
        if !self.delay.is_zero() {
            let delay = self.delay;
            let began = Instant::now();
            let spin = move || {
                while began.elapsed() < delay {
                    std::thread::yield_now();
                }
            };
            // It cannot fail: nothing aborts it, and it does not panic.
            let _ = tokio::task::spawn_blocking(spin).await;
        }
        let Self {
            trigger, moment, ..
        } = self;
        let mut state = trigger.lock();
        trigger.kill(&mut state, moment);
        mem::drop(state);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use tokio::process::Command;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    fn kill(moment: Moment, skip: u64) -> Kill {
        Kill {
            at: 0,
            moment,
            skip,
            delay: 0,
            down: 0,
        }
    }

    /// A process that waits for its input, which never comes.
    fn waiting() -> Child {
        Command::new("cat")
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("cat starts")
    }

    #[tokio::test]
    async fn the_moment_kills_after_the_occasions_that_are_skipped() {
        let (events, mut told) = unbounded_channel();
        let trigger = Trigger::new(events);
        trigger.aim(waiting());
        trigger.arm(kill(Moment::Request, 2));
        for _ in 0..2 {
            assert!(trigger.reach(Moment::Request).is_none());
            assert!(trigger.reach(Moment::Commit).is_none());
        }
        let strike = trigger.reach(Moment::Request).expect("the third occasion");
        // One kill at a time.
        assert!(trigger.reach(Moment::Request).is_none());
        strike.kill().await;
        assert!(matches!(
            told.recv().await,
            Some(Event::Killed(Moment::Request))
        ));
        let ended = trigger.bury().expect("a process").wait().await;
        assert!(!ended.expect("it ended").success());
    }

    #[tokio::test]
    async fn a_spared_process_lives() {
        let (events, _told) = unbounded_channel();
        let trigger = Trigger::new(events);
        trigger.aim(waiting());
        trigger.arm(kill(Moment::Webhook, 0));
        trigger.spare(true);
        assert!(trigger.reach(Moment::Webhook).is_none());
        trigger.spare(false);
        assert!(trigger.reach(Moment::Webhook).is_some());
    }
}
