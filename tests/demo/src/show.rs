//! The progress, for people who watch: bars on a terminal, elsewhere a line now and then. It
//! goes to standard error.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use merge_simulator::lock;
use merge_sync_host::clock::{HOUR, Micros};

use crate::reader::{Account, Reader};
use crate::world::World;

/// Bars are drawn this often.
const FRAME: Duration = Duration::from_millis(80);

/// A line is written when so much virtual time has passed.
const LINE_EVERY: Micros = 4 * HOUR;

/// Virtual hours a second on a terminal, unless somebody asks for another speed.
const SPEED: f64 = 3.5;

/// While an account is not ready yet there is more to see: time passes so much more slowly.
const SLOWER_AT_FIRST: f64 = 20.0;

/// A bar. It fits a terminal of 80 columns.
const LINE: &str = "{prefix:<16} [{bar:20}] {msg}";

/// Shows where a run is.
#[derive(Debug)]
pub(crate) struct Show {
    face: Face,
    pace: Option<Pace>,
}

#[derive(Debug)]
enum Face {
    Nothing,
    Lines { last: Option<Micros> },
    Bars(Bars),
}

impl Show {
    /// Nothing, as fast as it goes.
    pub(crate) fn nothing() -> Self {
        Self {
            face: Face::Nothing,
            pace: None,
        }
    }

    /// On standard error, at `hours_a_second` of virtual time; 0 is as fast as it goes.
    /// Without it a terminal is given a speed at which one can follow.
    pub(crate) fn progress(hours_a_second: Option<f64>, start: Micros, end: Micros) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let speed = hours_a_second.unwrap_or(if terminal { SPEED } else { 0.0 });
        Self {
            face: if terminal {
                Face::Bars(Bars::new(start, end))
            } else {
                Face::Lines { last: None }
            },
            pace: (speed > 0.0).then(|| Pace::new(speed)),
        }
    }

    /// Time is about to be `next`. Returns when people have seen enough of now.
    pub(crate) async fn before(
        &mut self,
        next: Micros,
        world: &World,
        reader: &Reader,
    ) -> rusqlite::Result<()> {
        match &mut self.face {
            Face::Nothing => {}
            Face::Lines { last } => {
                if last.is_none_or(|last| next - last >= LINE_EVERY) {
                    *last = Some(next);
                    eprintln!("{}", Scene::of(world, reader)?.line());
                }
            }
            Face::Bars(bars) => {
                if bars.drawn.elapsed() >= FRAME {
                    bars.draw(&Scene::of(world, reader)?);
                }
            }
        }
        if let Some(pace) = &mut self.pace {
            let accounts = reader.accounts()?;
            let first = accounts.iter().any(|account| account.phase != "ready");
            pace.keep(next - world.now(), first || accounts.is_empty())
                .await;
        }
        Ok(())
    }

    /// The end.
    pub(crate) fn after(&mut self, world: &World, reader: &Reader) -> rusqlite::Result<()> {
        match &mut self.face {
            Face::Nothing => {}
            Face::Lines { .. } => eprintln!("{}", Scene::of(world, reader)?.line()),
            Face::Bars(bars) => {
                bars.draw(&Scene::of(world, reader)?);
                bars.stay();
            }
        }
        Ok(())
    }
}

/// Slows a run down so that people can follow it.
#[derive(Debug)]
struct Pace {
    hours_a_second: f64,
    began: Instant,
    /// How long after the beginning it should be by now.
    due: Duration,
}

impl Pace {
    fn new(hours_a_second: f64) -> Self {
        Self {
            hours_a_second,
            began: Instant::now(),
            due: Duration::ZERO,
        }
    }

    async fn keep(&mut self, span: Micros, first: bool) {
        #[expect(clippy::cast_precision_loss, reason = "a span of hours, for the eye")]
        let hours = span.max(0) as f64 / HOUR as f64;
        let slower = if first { SLOWER_AT_FIRST } else { 1.0 };
        let seconds = hours * slower / self.hours_a_second;
        self.due += Duration::from_secs_f64(seconds.min(5.0));
        let early = self.due.saturating_sub(self.began.elapsed());
        if early >= FRAME {
            tokio::time::sleep(early).await;
        }
    }
}

/// What there is to see at one moment.
#[derive(Debug)]
struct Scene {
    at: Micros,
    accounts: Vec<Account>,
    webhooks: u64,
    polls: u64,
    windows: u64,
    faults: u64,
}

impl Scene {
    fn of(world: &World, reader: &Reader) -> rusqlite::Result<Self> {
        let host = world.host.counters().snapshot();
        let merge = lock(&world.merge);
        Ok(Self {
            at: merge.now(),
            accounts: reader.accounts()?,
            webhooks: merge.stats().webhooks.sent,
            polls: host.polls,
            windows: host.windows,
            faults: merge.stats().faults.values().sum(),
        })
    }

    fn time(&self) -> String {
        chrono::DateTime::from_timestamp_micros(self.at)
            .unwrap_or_default()
            .format("%a %H:%M")
            .to_string()
    }

    fn elapsed(&self, start: Micros) -> String {
        format!("{} h after the first link", (self.at - start) / HOUR)
    }

    fn counts(&self) -> String {
        let faults = match self.faults {
            0 => String::new(),
            faults => format!(", {faults} faults"),
        };
        format!(
            "{} webhooks, {} polls, {} windows{faults}",
            self.webhooks, self.polls, self.windows
        )
    }

    fn line(&self) -> String {
        let accounts: Vec<String> = self
            .accounts
            .iter()
            .map(|account| format!("{}: {}", account.integration, state(account)))
            .collect();
        let accounts = if accounts.is_empty() {
            "no account is linked yet".to_owned()
        } else {
            accounts.join("; ")
        };
        format!("{}  {accounts}; {}", self.time(), self.counts())
    }
}

fn state(account: &Account) -> String {
    let phase = match account.phase.as_str() {
        "" | "unknown" => "just linked",
        phase => phase,
    };
    format!(
        "{phase} {}/{} models, {} records",
        account.ready, account.needed, account.records
    )
}

/// One bar for the time, one for each account.
#[derive(Debug)]
struct Bars {
    all: MultiProgress,
    time: ProgressBar,
    accounts: Vec<ProgressBar>,
    counts: ProgressBar,
    start: Micros,
    drawn: Instant,
}

impl Bars {
    fn new(start: Micros, end: Micros) -> Self {
        let all = MultiProgress::new();
        let time = all.add(ProgressBar::new(end.abs_diff(start)));
        time.set_style(style(LINE));
        let counts = all.add(ProgressBar::new_spinner());
        counts.set_style(style("{msg}"));
        Self {
            all,
            time,
            accounts: Vec::new(),
            counts,
            start,
            drawn: Instant::now(),
        }
    }

    fn draw(&mut self, scene: &Scene) {
        self.drawn = Instant::now();
        self.time.set_prefix(scene.time());
        self.time.set_message(scene.elapsed(self.start));
        self.counts.set_message(scene.counts());
        self.time.set_position(scene.at.abs_diff(self.start));
        for (nth, account) in scene.accounts.iter().enumerate() {
            if self.accounts.len() == nth {
                let bar = self.all.insert_before(&self.counts, ProgressBar::new(1));
                bar.set_style(style(LINE));
                self.accounts.push(bar);
            }
            if let Some(bar) = self.accounts.get(nth) {
                bar.set_prefix(account.integration.clone());
                bar.set_length(account.needed.max(1));
                bar.set_position(account.ready);
                bar.set_message(state(account));
            }
        }
    }

    /// Leave the last picture where it is.
    fn stay(&self) {
        for bar in self.accounts.iter().chain([&self.time, &self.counts]) {
            bar.abandon();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    // A template that does not parse is a mistake of this file: the default will do.
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}
