//! Webhooks: the envelope, the signature, and what may befall them on the way out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::Merge;
use crate::fault::FaultKind;
use crate::outbox::{Delivery, Fate};
use crate::poison::{BYTE_ORDER_MARK, Poison};
use crate::time::{HOUR, MINUTE, Micros, SECOND};

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "X-Merge-Webhook-Signature";

/// The signature over `body`: base64url, padded, of HMAC-SHA256 with the UTF-8 bytes of `key`.
#[must_use]
pub fn sign(key: &str, body: &[u8]) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    URL_SAFE.encode(mac.finalize().into_bytes())
}

impl Merge {
    /// Send `event` with `data` about the account, faults permitting.
    pub(crate) fn emit(&mut self, number: usize, event: &str, data: &Value) {
        let Some(url) = self.config.webhook_url.clone() else {
            return;
        };
        let now = self.now;
        self.forge(number, &url);
        let account = &mut self.accounts[number];
        let mut details = account.details();
        account.spoil_details(now, true, &mut details);
        let body = json!({
            "hook": { "id": self.hook_id, "event": event, "target": url },
            "linked_account": details,
            "data": data,
        });
        let mut body = body.to_string().into_bytes();
        if account.has(Poison::ByteOrderMark, now) {
            body.splice(..0, BYTE_ORDER_MARK);
        }
        self.stats.webhooks.emitted += 1;

        let dice = &mut account.webhook_dice;
        let carries_token = event == "LinkedAccount.linked";
        let mut due_at = now + dice.between(SECOND / 5, 2 * SECOND);
        if !carries_token && self.plan.strikes(FaultKind::WebhookLost, now, dice) {
            self.stats.webhooks.lost += 1;
            return;
        }
        if self.plan.strikes(FaultKind::WebhookDelayed, now, dice) {
            // The token may be late, but not by hours: nothing at all happens without it.
            let most = if carries_token { 10 * MINUTE } else { 6 * HOUR };
            due_at += dice.between(3 * MINUTE, most);
        }
        let mut delivery = Delivery {
            id: 0,
            due_at,
            url,
            event: event.to_owned(),
            account_id: account.id.clone(),
            signature: sign(&self.signing_key, &body),
            body,
            attempt: 1,
        };
        if self.plan.strikes(FaultKind::WebhookDuplicated, now, dice) {
            let gap = if dice.per_mille(500) {
                20 * SECOND
            } else {
                3 * HOUR
            };
            let due_at = due_at + dice.between(1, gap);
            self.stats.webhooks.duplicated += 1;
            self.outbox.push(Delivery {
                due_at,
                ..delivery.clone()
            });
        }
        if let Some(held) = account.held.take() {
            // What was held back goes out right behind this one.
            self.outbox.reschedule(held, due_at + SECOND);
        } else if self.plan.strikes(FaultKind::WebhookReordered, now, dice) {
            delivery.due_at += 10 * MINUTE;
            account.held = Some(self.outbox.push(delivery));
            return;
        }
        self.outbox.push(delivery);
    }

    /// Let somebody else claim that the account was deleted, where the fault says so. The
    /// claim is well-formed; only the key is not Merge's.
    fn forge(&mut self, number: usize, url: &str) {
        let account = &mut self.accounts[number];
        let kind = FaultKind::WebhookForged;
        if !self.plan.strikes(kind, self.now, &mut account.webhook_dice) {
            return;
        }
        let event = "LinkedAccount.deleted";
        let body = json!({
            "hook": { "id": self.hook_id, "event": event, "target": url },
            "linked_account": account.details(),
            "data": {},
        });
        let body = body.to_string().into_bytes();
        self.stats.webhooks.forged += 1;
        self.outbox.push(Delivery {
            id: 0,
            due_at: self.now,
            url: url.to_owned(),
            event: event.to_owned(),
            account_id: account.id.clone(),
            signature: sign("not the key", &body),
            body,
            attempt: 1,
        });
    }

    /// Send any event about an account, for example one of those that Merge documents and
    /// the simulator has no occasion for, such as `AsyncPost.completed`.
    pub fn emit_event(&mut self, number: usize, event: &str, data: &Value) {
        if number < self.accounts.len() {
            self.emit(number, event, data);
        }
    }

    /// Send the message that the dashboard's test button sends. It has no `hook`.
    pub fn ping(&mut self) {
        let Some(url) = self.config.webhook_url.clone() else {
            return;
        };
        let body = br#"{"response":"Success! This URL will be notified."}"#.to_vec();
        self.stats.webhooks.emitted += 1;
        self.outbox.push(Delivery {
            id: 0,
            due_at: self.now,
            url,
            event: String::new(),
            account_id: String::new(),
            signature: sign(&self.signing_key, &body),
            body,
            attempt: 1,
        });
    }

    /// When the next webhook is due; `None` when none waits.
    #[must_use]
    pub fn next_delivery_at(&self) -> Option<Micros> {
        self.outbox.next_at()
    }

    /// Take the webhooks that are due by now. Each must be reported to [`Merge::delivered`].
    pub fn take_due(&mut self) -> Vec<Delivery> {
        let due = self.outbox.take_due(self.now);
        let webhooks = &mut self.stats.webhooks;
        webhooks.attempts += due.len() as u64;
        webhooks.sent += due.iter().filter(|delivery| delivery.attempt == 1).count() as u64;
        due
    }

    /// An attempt ended with that status, or with `None` for a time-out or a broken
    /// connection. Merge's retry rules decide what follows. An unknown id is ignored.
    pub fn delivered(&mut self, id: u64, status: Option<u16>) {
        let webhooks = &mut self.stats.webhooks;
        match self.outbox.ended(id, status, self.now) {
            Some(Fate::Accepted) => webhooks.accepted += 1,
            Some(Fate::Refused) => webhooks.refused += 1,
            Some(Fate::GivenUp) => webhooks.given_up += 1,
            Some(Fate::Again) | None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_equal_those_computed_elsewhere() {
        // From Python's hmac and base64.urlsafe_b64encode.
        let key = "example_signature_key_not_a_real_secret";
        assert_eq!(
            sign(key, b""),
            "Rz_lYgrsp_GrWpuX1r1663GGEA_m6DGs_lCB3SSYQP8="
        );
        assert_eq!(
            sign(key, b"{}"),
            "QeVZt0DwBgek9aZYczcTctlrw1V7q3P8ZaFcCKienWc="
        );
    }
}
