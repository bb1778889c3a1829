//! When the process is killed, and at what: all of it drawn from the seed.

use std::collections::VecDeque;

use merge_simulator::time::{MINUTE, Micros, SECOND};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// What the process is doing when it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// It has been started, and nothing came of it yet.
    StartUp,
    /// It has sent a request to Merge, and waits.
    Request,
    /// Half of a piece of the answer has arrived.
    HalfAnswer,
    /// A piece of the answer has arrived: it reads, decides, and goes on to commit.
    Answered,
    /// It has begun to commit.
    Commit,
    /// Half of a webhook has arrived.
    HalfWebhook,
    /// A webhook has arrived and is being taken in.
    Webhook,
    /// It has begun to answer a webhook.
    WebhookAnswered,
    /// It waits for the next thing to do.
    Idle,
    /// None of these came to pass in time: it was killed in the middle of a run.
    Overdue,
}

impl Moment {
    /// Every moment that is drawn, in the order in which they first take their turns. The very
    /// first kill is during the first start: the store's file does not exist yet.
    const DRAWN: [Self; 9] = [
        Self::StartUp,
        Self::Commit,
        Self::Webhook,
        Self::HalfAnswer,
        Self::WebhookAnswered,
        Self::Answered,
        Self::Request,
        Self::HalfWebhook,
        Self::Idle,
    ];

    /// The name in the summary.
    pub fn name(self) -> &'static str {
        match self {
            Self::StartUp => "start_up",
            Self::Request => "request",
            Self::HalfAnswer => "half_answer",
            Self::Answered => "answered",
            Self::Commit => "commit",
            Self::HalfWebhook => "half_webhook",
            Self::Webhook => "webhook",
            Self::WebhookAnswered => "webhook_answered",
            Self::Idle => "idle",
            Self::Overdue => "overdue",
        }
    }

    /// The moments that every run long enough has to have had.
    pub fn expected() -> impl Iterator<Item = Self> {
        Self::DRAWN.into_iter()
    }

    /// The latest that a kill follows upon what makes out the moment, in real microseconds.
    /// Each is about twice what the process then takes to go on to something else.
    fn longest_delay(self) -> u64 {
        match self {
            Self::StartUp => 150_000,
            Self::Answered => 6_000,
            Self::Commit | Self::Webhook => 8_000,
            _ => 0,
        }
    }
}

/// One kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kill {
    /// Not before this, Merge's clock.
    pub at: Micros,
    /// What the process is to be doing.
    pub moment: Moment,
    /// How often it may do so unharmed.
    pub skip: u64,
    /// Real microseconds into it.
    pub delay: u64,
    /// How long the process then stays down, virtual time.
    pub down: Micros,
}

/// So many occasions may pass before a kill strikes.
const SKIP_AT_MOST: Micros = 12;

/// Where kills are close together, one occasion may pass for so much time between two: most come
/// when an account syncs, and between the syncs there is little to do.
const TIME_FOR_A_SKIP: Micros = 4 * MINUTE;

/// `kills` kills, spread over the time from `start` on. The moments take turns, so that a run of
/// some ten kills has had each.
pub fn draw(seed: u64, kills: u32, start: Micros, span: Micros) -> VecDeque<Kill> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |n: u64| dice.next_u64().checked_rem(n).unwrap_or(0);
    let mut between = |low: Micros, high: Micros| {
        let width = u64::try_from(high - low).unwrap_or(0);
        low + Micros::try_from(below(width + 1)).unwrap_or(0)
    };
    let share = span / Micros::from(kills.max(1));
    let mut turn = Moment::DRAWN;
    let mut plan = VecDeque::new();
    for nth in 0..kills {
        let place = usize::try_from(nth).unwrap_or(0) % turn.len();
        if place == 0 && nth > 0 {
            shuffle(&mut turn, &mut between);
        }
        let moment = turn[place];
        let at = start + share * Micros::from(nth) + between(0, share / 2);
        let skips = (share / TIME_FOR_A_SKIP).min(SKIP_AT_MOST);
        let skip = between(0, skips).cast_unsigned();
        let delay = between(0, moment.longest_delay().cast_signed()).cast_unsigned();
        let down = match between(0, 99) {
            // A supervisor starts it again at once; a deployment takes a while; a fault at
            // night, longer.
            0..70 => between(0, 3 * SECOND),
            70..95 => between(3 * SECOND, 3 * MINUTE),
            _ => between(10 * MINUTE, 40 * MINUTE),
        };
        plan.push_back(Kill {
            at: if nth == 0 { start } else { at },
            moment,
            skip,
            delay,
            down,
        });
    }
    plan
}

fn shuffle(turn: &mut [Moment], between: &mut impl FnMut(Micros, Micros) -> Micros) {
    for last in (1..turn.len()).rev() {
        let other = between(0, Micros::try_from(last).unwrap_or(0));
        turn.swap(last, usize::try_from(other).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use merge_simulator::time::HOUR;

    use super::*;

    #[test]
    fn the_seed_decides_every_kill() {
        let plan = |seed| draw(seed, 100, 0, 21 * HOUR);
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
    }

    #[test]
    fn every_moment_has_its_turn_within_nine_kills() {
        let plan: Vec<Kill> = draw(7, 99, 0, 21 * HOUR).into();
        for turn in plan.chunks(9) {
            let moments: BTreeSet<Moment> = turn.iter().map(|kill| kill.moment).collect();
            assert_eq!(moments.len(), 9, "{turn:?}");
        }
    }

    #[test]
    fn kills_are_spread_over_the_span_in_order() {
        let plan: Vec<Kill> = draw(1, 20, 5 * HOUR, 20 * HOUR).into();
        assert_eq!(plan.len(), 20);
        assert_eq!((plan[0].at, plan[0].moment), (5 * HOUR, Moment::StartUp));
        for (nth, kill) in (0..).zip(&plan) {
            assert_eq!((kill.at - 5 * HOUR) / HOUR, nth);
        }
    }
}
