//! Webhooks on their way: when each is due, and what happens after an attempt.
//!
//! Merge's rules: a 2xx is the end, a 4xx drops the event for good, anything else is tried
//! twice more, one second and then two seconds later.

use std::collections::BTreeMap;

use crate::time::{Micros, SECOND};
use crate::webhook::sign;

/// Attempts before a delivery is given up.
const ATTEMPTS: u32 = 3;

/// One webhook to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Names the delivery in [`crate::Merge::delivered`].
    pub id: u64,
    /// Not to be posted sooner.
    pub due_at: Micros,
    /// Where to.
    pub url: String,
    /// `hook.event`; empty for the test message.
    pub event: String,
    /// The linked account's id; empty for the test message.
    pub account_id: String,
    /// The raw body. The signature is over these very bytes.
    pub body: Vec<u8>,
    /// Value of `X-Merge-Webhook-Signature`: base64url with padding.
    pub signature: String,
    /// 1 for the first attempt.
    pub attempt: u32,
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Accepted,
    Refused,
    Again,
    GivenUp,
}

/// Deliveries that wait and those that a driver is posting.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: BTreeMap<(Micros, u64), Delivery>,
    posting: BTreeMap<u64, Delivery>,
    last_id: u64,
}

impl Outbox {
    /// Add a delivery; its id is assigned here and returned.
    pub fn push(&mut self, mut delivery: Delivery) -> u64 {
        self.last_id += 1;
        delivery.id = self.last_id;
        self.waiting
            .insert((delivery.due_at, delivery.id), delivery);
        self.last_id
    }

    /// Move a waiting delivery to another time. Nothing happens if it is no longer waiting.
    pub fn reschedule(&mut self, id: u64, due_at: Micros) {
        let key = self
            .waiting
            .keys()
            .copied()
            .find(|(_, waiting)| *waiting == id);
        if let Some(mut delivery) = key.and_then(|key| self.waiting.remove(&key)) {
            delivery.due_at = due_at;
            self.waiting.insert((due_at, id), delivery);
        }
    }

    pub fn retain(&mut self, kept: impl Fn(&Delivery) -> bool) {
        self.waiting.retain(|_, delivery| kept(delivery));
    }

    pub fn sign_anew(&mut self, key: &str) {
        for delivery in self.waiting.values_mut() {
            delivery.signature = sign(key, &delivery.body);
        }
    }

    pub fn next_at(&self) -> Option<Micros> {
        self.waiting
            .first_key_value()
            .map(|((due_at, _), _)| *due_at)
    }

    pub fn take_due(&mut self, now: Micros) -> Vec<Delivery> {
        let later = self.waiting.split_off(&(now.saturating_add(1), 0));
        let due = std::mem::replace(&mut self.waiting, later);
        let due: Vec<Delivery> = due.into_values().collect();
        self.posting
            .extend(due.iter().map(|delivery| (delivery.id, delivery.clone())));
        due
    }

    /// An attempt ended with `status`, or without any answer. `None` for an unknown id.
    pub fn ended(&mut self, id: u64, status: Option<u16>, now: Micros) -> Option<Fate> {
        let mut delivery = self.posting.remove(&id)?;
        Some(match status {
            Some(200..=299) => Fate::Accepted,
            Some(400..=499) => Fate::Refused,
            _ if delivery.attempt >= ATTEMPTS => Fate::GivenUp,
            _ => {
                delivery.due_at = now + SECOND * i64::from(delivery.attempt);
                delivery.attempt += 1;
                self.waiting.insert((delivery.due_at, id), delivery);
                Fate::Again
            }
        })
    }

    pub fn waiting(&self) -> impl Iterator<Item = &Delivery> {
        self.waiting.values()
    }
}
