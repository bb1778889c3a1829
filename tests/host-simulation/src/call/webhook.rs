//! A webhook that a host takes in, and what Merge hears of it.

use merge_simulator::Delivery;
use merge_simulator::time::{MINUTE, Micros, SECOND};

use super::Purpose;
use crate::bindings::exports::merge_sync::triggers::signature::SignedBody;
use crate::engine::Task;
use crate::errand::Errand;
use crate::port::Ask;
use crate::world::{Event, World};

/// A webhook whose note is not durable after so long is answered with 500.
const PATIENCE: Micros = 5 * SECOND;

impl World<'_> {
    /// Have a host take in a webhook.
    pub fn receive(&mut self, host: usize, delivery: Delivery, replayed: bool) {
        let body = String::from_utf8_lossy(&delivery.body).into_owned();
        let signed = SignedBody {
            body,
            signatures: vec![delivery.signature.clone()],
            keys: vec![self.merge.signing_key().to_owned()],
        };
        let delivery = Box::new(delivery);
        let purpose = Purpose::Webhook { delivery, replayed };
        let id = self.call(host, Task::Receive(signed), purpose);
        if self.calls.contains_key(&id) {
            self.plan(self.now() + PATIENCE, Event::GiveUp(id));
        }
    }

    /// Merge hears how a webhook was answered. The one that carries a token is worth more: a
    /// product that never got it asks for it, or its people do.
    pub fn refused(&mut self, delivery: &Delivery, status: Option<u16>) {
        self.merge.delivered(delivery.id, status);
        let given_up = match status {
            Some(200..=299) => false,
            Some(400..=499) => true,
            _ => delivery.attempt >= 3,
        };
        if given_up && delivery.event == "LinkedAccount.linked" {
            let at = self.now() + self.dice.errands.between(MINUTE, 20 * MINUTE);
            let account = delivery.account_id.clone();
            self.plan(at, Event::Errand(Errand::Link(account)));
        }
    }

    /// A webhook's note is still not durable: Merge is told so, and the instance is not used
    /// again. Whether the note is kept all the same is the store's secret.
    pub fn give_up(&mut self, id: u64) {
        let Some(call) = self.calls.remove(&id) else {
            return;
        };
        self.counts.given_up += 1;
        if let Some(ask @ Ask::KeepNote(_)) = &call.ask
            && self.dice.store.per_mille(500)
        {
            self.take_effect(id, ask);
        }
        if let Purpose::Webhook {
            delivery,
            replayed: false,
        } = call.purpose
        {
            self.refused(&delivery, Some(500));
        }
    }
}
