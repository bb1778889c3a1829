//! Random questions of every operation, drawn from one seed: those of the decisions from their
//! [facts](crate::facts), those of the engine by driving accounts through it.

mod account;

use std::collections::VecDeque;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestRunner};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::facts;

/// A call: the operation's name, and its input as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// `interface.function`.
    pub operation: String,
    /// Mostly a JSON document.
    pub input: String,
}

/// Of so many rounds, one drives an account a while; the others ask one decision each.
const ROUNDS_PER_ACCOUNT: u32 = 24;

/// `count` questions. The same seed gives the same questions, everywhere.
///
/// # Panics
///
/// Where the engine itself breaks down.
pub fn questions(seed: u64, count: u64) -> impl Iterator<Item = Question> {
    let mut source = Source {
        dice: Dice::new(seed),
        decisions: decisions(),
        waiting: VecDeque::new(),
    };
    (0..count).map(move |_| source.question())
}

/// Where everything random comes from.
struct Dice(TestRunner);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(TestRunner::new(Config {
            rng_algorithm: RngAlgorithm::ChaCha,
            rng_seed: RngSeed::Fixed(seed),
            failure_persistence: None,
            ..Config::default()
        }))
    }

    fn draw<S: Strategy>(&mut self, strategy: &S) -> S::Value {
        let tree = strategy.new_tree(&mut self.0);
        tree.expect("no strategy here rejects anything").current()
    }

    /// A number below `end`.
    fn below(&mut self, end: u32) -> u32 {
        self.draw(&(0..end))
    }

    /// True once in `times`.
    fn once_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let index: Index = self.draw(&any::<Index>());
        index.get(of)
    }

    /// `text`, damaged in one place.
    fn damage(&mut self, text: &str) -> String {
        let patches = ["", "null", "0", "-1", "1.5", "\"\"", "[]", "{}", ",", "é"];
        let at = self.draw(&any::<Index>());
        let length = self.draw(&(0_usize..8));
        let patch: &str = self.one::<&str>(&patches);
        facts::damaged(text, at, length, patch)
    }
}

/// The operations with what to ask them.
type Decisions = Vec<(&'static str, BoxedStrategy<Value>)>;

fn decisions() -> Decisions {
    vec![
        ("signature.verify", facts::delivery()),
        ("webhook.handle", facts::delivery()),
        ("readiness.parse-status", facts::status_body()),
        ("readiness.evaluate", facts::readiness()),
        ("window.next", facts::window()),
        ("window.advance", facts::completed()),
        ("window.locate", facts::model()),
        ("page.parse", facts::page_body()),
        ("cadence.next", facts::cadence()),
        ("retry.decide", facts::retry()),
    ]
}

struct Source {
    dice: Dice,
    decisions: Decisions,
    /// What an account was asked, in order.
    waiting: VecDeque<Question>,
}

impl Source {
    fn question(&mut self) -> Question {
        if let Some(question) = self.waiting.pop_front() {
            return question;
        }
        if self.dice.once_in(ROUNDS_PER_ACCOUNT) {
            self.waiting.extend(account::drive(&mut self.dice));
        }
        match self.waiting.pop_front() {
            Some(question) => question,
            None => self.decision(),
        }
    }

    fn decision(&mut self) -> Question {
        if self.dice.once_in(16) {
            let (operation, input) = self.dice.draw(&facts::damaged_input());
            return Question { operation, input };
        }
        if self.dice.once_in(64) {
            let operation = *self
                .dice
                .one(&["meta.version", "meta.version", "no.operation"]);
            return Question {
                operation: operation.to_owned(),
                input: "{}".to_owned(),
            };
        }
        let number = self.dice.draw(&(0..self.decisions.len()));
        let (operation, facts) = &self.decisions[number];
        let input = self.dice.draw(facts).to_string();
        Question {
            operation: (*operation).to_owned(),
            input,
        }
    }
}
