//! The day: virtual time leaps from one event to the next, webhooks are posted, and the process
//! is killed and started again.
//!
//! Time passes while the process works only as its requests take time; it leaps only when the
//! process rests, has seen everything that was done to it, and no webhook is on its way.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use merge_simulator::time::{MINUTE, Micros};
use merge_simulator::{Poster, Shared, lock};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;

use crate::event::{Event, Rest};
use crate::plan::{Kill, Moment};
use crate::process::{Program, is_well};
use crate::relay::Target;
use crate::scenario::Errand;
use crate::trigger::Trigger;

/// While the process works, webhooks that came due are looked for this often, in real time.
const LOOK: Duration = Duration::from_millis(10);

/// A process from which nothing is heard for so long, in real time, hangs.
const HANGS: Duration = Duration::from_secs(60);

/// A process that is called so often without a moment passing goes round in circles.
const ROUNDS: u32 = 1_000;

/// Merge's last attempt to post a webhook.
const LAST_ATTEMPT: u32 = 3;

/// The webhook that nothing makes up for: nothing else carries the account's token.
const LINKED: &str = "LinkedAccount.linked";

/// A kill is given so long to find its moment, however many others wait.
const SHORTEST_WAIT: Micros = 3 * MINUTE;

/// What the driver holds.
#[derive(Debug)]
pub struct Parts {
    /// The other side of everything.
    pub merge: Shared,
    /// How to start the process.
    pub program: Program,
    /// What kills it.
    pub trigger: Arc<Trigger>,
    /// Where webhooks are to lead.
    pub front: Target,
    /// For those who listen to the process.
    pub events: UnboundedSender<Event>,
    /// What they say.
    pub inbox: UnboundedReceiver<Event>,
    /// The kills to come.
    pub plan: VecDeque<Kill>,
    /// What happens to accounts, in order of time.
    pub errands: VecDeque<(Micros, Errand)>,
    /// When the last kill is given up waiting for its moment.
    pub busy_until: Micros,
}

/// What came to pass.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Kills, by what the process was doing.
    pub kills: BTreeMap<Moment, u64>,
    /// How often the process was started.
    pub starts: u64,
    /// Starts that came up and answered; the others were killed on the way.
    pub came_up: u64,
    /// Webhooks with a token for which the process was started, or spared, at the last attempt.
    pub spared: u64,
}

impl Tally {
    /// All kills.
    pub fn all_kills(&self) -> u64 {
        self.kills.values().sum()
    }
}

/// A run.
#[derive(Debug)]
pub struct Drive {
    parts: Parts,
    poster: Poster,
    posts: JoinSet<()>,
    /// The process that is up or coming up.
    up: Option<Up>,
    /// How long the process stays down after the kill that is armed.
    down: Micros,
    restart_at: Micros,
    /// When the kill that is armed strikes whatever the process does.
    overdue_at: Micros,
    tally: Tally,
    rounds: u32,
    heard: Instant,
}

#[derive(Debug)]
struct Up {
    pid: u32,
    address: Option<std::net::SocketAddr>,
    looks: Option<UnboundedSender<u64>>,
    /// The latest number it was sent.
    asked: u64,
    rest: Option<Rest>,
    /// Something was done to it that it has not been told to look at.
    touched: bool,
}

impl Drive {
    /// Nothing happens yet.
    pub fn new(parts: Parts) -> Self {
        let now = lock(&parts.merge).now();
        Self {
            parts,
            poster: Poster::new(),
            posts: JoinSet::new(),
            up: None,
            down: 0,
            restart_at: now,
            overdue_at: now,
            tally: Tally::default(),
            rounds: 0,
            heard: Instant::now(),
        }
    }

    /// What came to pass so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Go on until it is `end` and the process rests. `show` is called now and then.
    ///
    /// # Errors
    ///
    /// The process ended by itself, does not start, hangs, or goes round in circles.
    pub async fn run(&mut self, end: Micros, show: impl Fn(&Tally, Micros)) -> Result<()> {
        loop {
            while let Ok(event) = self.parts.inbox.try_recv() {
                self.take(event).await?;
            }
            while self.posts.try_join_next().is_some() {}
            self.run_errands();
            if self.up.is_none() && (self.now() >= self.restart_at || self.token_at_stake()) {
                self.start().await?;
                continue;
            }
            self.post_due();
            self.arm();
            if !self.is_quiet() {
                self.wait().await?;
                continue;
            }
            self.parts.trigger.spare(false);
            show(&self.tally, self.now());
            if self.wants_look() {
                self.look()?;
            } else if self
                .parts
                .trigger
                .armed()
                .is_some_and(|kill| kill.moment == Moment::Idle)
            {
                self.parts.trigger.strike(Moment::Idle);
            } else if self.now() >= end && self.up.is_some() {
                return Ok(());
            } else {
                self.leap(end);
            }
        }
    }

    /// End the process for good.
    pub async fn stop(&mut self) {
        if let Some(mut child) = self.parts.trigger.bury() {
            // It may have ended already.
            let _ = child.kill().await;
        }
    }

    fn now(&self) -> Micros {
        lock(&self.parts.merge).now()
    }

    async fn take(&mut self, event: Event) -> Result<()> {
        self.heard = Instant::now();
        match (event, &mut self.up) {
            (Event::Killed(moment), _) => self.bury(moment).await?,
            (Event::Listening(pid, address), Some(up)) if up.pid == pid => {
                up.address = Some(address);
                self.lead_to(Some(address));
            }
            (Event::Joined(pid, looks), Some(up)) if up.pid == pid => up.looks = Some(looks),
            (Event::Rests(pid, rest), Some(up)) if up.pid == pid => up.rest = Some(rest),
            (Event::Ended(pid), Some(up)) if up.pid == pid && !self.parts.trigger.is_striking() => {
                bail!("the process ended by itself: {}", self.last_words().await);
            }
            (Event::Posted, Some(up)) => up.touched = true,
            // Of a process that is no more; or a reason to look around, which is done anyway.
            _ => {}
        }
        Ok(())
    }

    async fn last_words(&self) -> String {
        let status = match self.parts.trigger.bury() {
            Some(mut child) => child.wait().await.map(|status| status.to_string()),
            None => Ok(String::new()),
        };
        format!(
            "{}, its log ends:\n  {}",
            status.unwrap_or_else(|error| error.to_string()),
            self.parts.program.last_words()
        )
    }

    fn lead_to(&self, address: Option<std::net::SocketAddr>) {
        let mut front = self
            .parts
            .front
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *front = address;
    }

    /// The process was sent SIGKILL.
    async fn bury(&mut self, moment: Moment) -> Result<()> {
        if let Some(mut child) = self.parts.trigger.bury() {
            let status = child.wait().await?;
            // A status of its own means that it was faster, and it has no reason to end.
            if let Some(code) = status.code() {
                bail!(
                    "the process ended by itself with status {code}, its log ends:\n  {}",
                    self.parts.program.last_words()
                );
            }
        }
        self.lead_to(None);
        self.up = None;
        *self.tally.kills.entry(moment).or_default() += 1;
        self.restart_at = self.now() + self.down;
        Ok(())
    }

    fn run_errands(&mut self) {
        let mut merge = lock(&self.parts.merge);
        let now = merge.now();
        while let Some((_, errand)) = self.parts.errands.pop_front_if(|(at, _)| *at <= now) {
            match errand {
                Errand::Refuse(account) => merge.require_relink(account),
                Errand::Relink(account) => merge.relink(account),
            }
        }
    }

    /// Start the process, and see it come up and answer, or kill it on the way.
    async fn start(&mut self) -> Result<()> {
        let spared = self.token_at_stake();
        let kill = self
            .parts
            .plan
            .pop_front_if(|kill| kill.moment == Moment::StartUp && !spared);
        let child = self.parts.program.start(self.parts.events.clone())?;
        self.tally.starts += 1;
        self.heard = Instant::now();
        self.up = Some(Up {
            pid: child.id().context("the process ended at once")?,
            address: None,
            looks: None,
            asked: 0,
            rest: None,
            touched: false,
        });
        self.parts.trigger.aim(child);
        if let Some(kill) = kill {
            self.down = kill.down;
            let delay = Duration::from_micros(kill.delay);
            if let Ok(failed) = tokio::time::timeout(delay, self.comes_up()).await {
                failed?;
            }
            self.parts.trigger.strike(Moment::StartUp);
            return Ok(());
        }
        let address = tokio::time::timeout(HANGS, self.comes_up()).await;
        let Ok(address) = address else {
            bail!(
                "the process did not come up within {HANGS:?}: {}",
                self.parts.program.last_words()
            );
        };
        is_well(address?)
            .await
            .context("the process came up and is not well")?;
        self.tally.came_up += 1;
        Ok(())
    }

    async fn comes_up(&mut self) -> Result<std::net::SocketAddr> {
        loop {
            if let Some(Up {
                address: Some(address),
                looks: Some(_),
                rest: Some(_),
                ..
            }) = self.up
            {
                return Ok(address);
            }
            let event = self.parts.inbox.recv().await;
            self.take(event.context("nobody listens to the process")?)
                .await?;
        }
    }

    /// Whether a webhook with an account's token is due that Merge will not post again.
    fn token_at_stake(&self) -> bool {
        let merge = lock(&self.parts.merge);
        merge.waiting().any(|delivery| {
            delivery.due_at <= merge.now()
                && delivery.attempt >= LAST_ATTEMPT
                && delivery.event == LINKED
        })
    }

    /// Post what is due, to the process or to nobody. Where an account would stay unknown for
    /// good, the process is there to take it in.
    fn post_due(&mut self) {
        if self.token_at_stake() {
            self.parts.trigger.spare(true);
            if self.up.is_none() || self.parts.trigger.is_striking() {
                // It is started first.
                return;
            }
            self.tally.spared += 1;
        }
        self.aim_at_token();
        let due = lock(&self.parts.merge).take_due();
        for delivery in due {
            let (merge, poster) = (Arc::clone(&self.parts.merge), self.poster.clone());
            let events = self.parts.events.clone();
            self.posts.spawn(async move {
                let status = poster.post(&delivery).await;
                lock(&merge).delivered(delivery.id, status);
                let _ = events.send(Event::Posted);
            });
        }
    }

    /// Where an account's token is about to be posted, and can be posted again, that is the moment
    /// for the next kill at an answer: what was answered and is not durable is lost for good.
    fn aim_at_token(&mut self) {
        let trigger = &self.parts.trigger;
        let busy = trigger.armed().is_some() || trigger.is_striking() || trigger.is_spared();
        if busy || self.up.is_none() {
            return;
        }
        let posted = {
            let merge = lock(&self.parts.merge);
            merge
                .waiting()
                .any(|delivery| delivery.due_at <= merge.now() && delivery.event == LINKED)
        };
        let mut plan = self.parts.plan.iter();
        let Some(place) = plan.position(|kill| kill.moment == Moment::WebhookAnswered) else {
            return;
        };
        if posted && let Some(kill) = self.parts.plan.remove(place) {
            self.overdue_at = self.now() + SHORTEST_WAIT;
            self.down = kill.down;
            trigger.arm(Kill { skip: 0, ..kill });
        }
    }

    /// Let the next kill wait for its moment, or strike where that does not come.
    fn arm(&mut self) {
        let now = self.now();
        let trigger = &self.parts.trigger;
        if self.up.is_none() || trigger.is_striking() || trigger.is_spared() {
            return;
        }
        if self.parts.trigger.armed().is_some() {
            if now >= self.overdue_at {
                let rests = self.is_quiet();
                self.parts
                    .trigger
                    .strike(if rests { Moment::Idle } else { Moment::Overdue });
            }
            return;
        }
        let Some(mut kill) = self.parts.plan.pop_front_if(|kill| kill.at <= now) else {
            return;
        };
        if kill.moment == Moment::StartUp {
            // The start it was for was spared.
            kill.moment = Moment::Idle;
        }
        let next = self.parts.plan.front();
        let next = next.map_or(self.parts.busy_until, |next| next.at);
        self.overdue_at = next.max(now + SHORTEST_WAIT);
        self.down = kill.down;
        self.parts.trigger.arm(kill);
    }

    /// Whether nothing happens unless time goes on.
    fn is_quiet(&self) -> bool {
        let rests = self.up.as_ref().is_none_or(|up| {
            up.rest
                .is_some_and(|rest| rest.seen == up.asked && rest.running == 0)
        });
        rests && self.posts.is_empty() && !self.parts.trigger.is_striking()
    }

    /// When the process next wants to do something, Merge's clock.
    fn wake(&self) -> Option<Micros> {
        let until = self.up.as_ref()?.rest?.until?;
        Some(until - lock(&self.parts.merge).host_skew())
    }

    fn wants_look(&self) -> bool {
        let touched = self.up.as_ref().is_some_and(|up| up.touched);
        touched || self.wake().is_some_and(|wake| wake <= self.now())
    }

    /// Have the process look at what is due.
    fn look(&mut self) -> Result<()> {
        self.rounds += 1;
        if self.rounds > ROUNDS {
            bail!("the process looked {ROUNDS} times in a row without a moment passing");
        }
        if let Some(up) = &mut self.up {
            up.touched = false;
            up.asked += 1;
            if let Some(looks) = &up.looks {
                // If it is gone, that is told by its log.
                let _ = looks.send(up.asked);
            }
        }
        Ok(())
    }

    /// Let it be the time of the next event.
    fn leap(&mut self, end: Micros) {
        let wake = self.wake();
        let mut merge = lock(&self.parts.merge);
        let now = merge.now();
        let overdue = self.parts.trigger.armed().map(|_| self.overdue_at);
        let next = [
            merge.next_event_at(),
            merge.next_delivery_at(),
            self.parts.errands.front().map(|(at, _)| *at),
            self.parts.plan.front().map(|kill| kill.at),
            self.up.is_none().then_some(self.restart_at),
            overdue,
            wake,
        ];
        // What lies in the past waits for something else.
        let next = next.into_iter().flatten().filter(|at| *at > now).min();
        merge.advance_to(next.unwrap_or(end).min(end).max(now));
        if merge.now() > now {
            self.rounds = 0;
        }
    }

    async fn wait(&mut self) -> Result<()> {
        let event = tokio::time::timeout(LOOK, self.parts.inbox.recv()).await;
        if let Ok(event) = event {
            return self
                .take(event.context("nobody listens to the process")?)
                .await;
        }
        if self.heard.elapsed() > HANGS {
            bail!(
                "nothing was heard of the process for {HANGS:?}: {:?}, {} webhooks under way\n  {}",
                self.up,
                self.posts.len(),
                self.parts.program.last_words()
            );
        }
        Ok(())
    }
}
