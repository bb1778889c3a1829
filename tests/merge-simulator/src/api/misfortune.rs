//! Faults of answers: those that come instead of an answer, and those that spoil one.

use crate::Merge;
use crate::api::auth::too_many;
use crate::api::page::invalid_cursor;
use crate::api::query::Query;
use crate::api::{Response, auth};
use crate::dice::Dice;
use crate::fault::FaultKind;
use crate::time::{SECOND, http_date};

impl Merge {
    /// The dice of the account, or of the organization: what one account asks for never
    /// changes the faults of another.
    fn answer_dice(&mut self, account: Option<usize>) -> &mut Dice {
        match account {
            Some(number) => &mut self.accounts[number].answer_dice,
            None => &mut self.answer_dice,
        }
    }

    fn befalls(&mut self, kind: FaultKind, account: Option<usize>) -> bool {
        let now = self.now;
        let mut dice = self.answer_dice(account).clone();
        let strikes = self.plan.strikes(kind, now, &mut dice);
        *self.answer_dice(account) = dice;
        strikes
    }

    /// Refuse the request where a fault says so.
    pub(super) fn before_answer(
        &mut self,
        account: Option<usize>,
        query: &Query,
    ) -> Result<(), Response> {
        if query.text("cursor").is_some() && self.befalls(FaultKind::StaleCursor, account) {
            return Err(invalid_cursor());
        }
        if self.befalls(FaultKind::TooManyRequests, account) {
            let now = self.now;
            let longest = self.config.retry_after_at_most / SECOND;
            let dice = self.answer_dice(account);
            let wait = SECOND * dice.between(1, longest.max(1));
            let as_date = dice.per_mille(250);
            let mut response = auth::too_many(wait);
            if as_date {
                // Whole seconds both ways: the date counts from the `Date` header.
                response = too_many(wait);
                response.headers.retain(|(name, _)| *name != "Retry-After");
                response
                    .headers
                    .push(("Retry-After", http_date(now + wait)));
            }
            return Err(response);
        }
        if self.befalls(FaultKind::ServerError, account) {
            let status = *self.answer_dice(account).pick(&[500, 502, 503, 504]);
            return Err(Response::detail(status, "A server error occurred."));
        }
        if self.befalls(FaultKind::HtmlError, account) {
            let failures = [(502, "502 Bad Gateway"), (503, "503 Service Unavailable")];
            let (status, title) = *self.answer_dice(account).pick(&failures);
            return Err(Response::html(status, title));
        }
        Ok(())
    }

    /// Spoil a good answer where a fault says so.
    pub(super) fn after_answer(
        &mut self,
        account: Option<usize>,
        mut response: Response,
    ) -> Response {
        if self.befalls(FaultKind::SlowResponse, account) {
            response.delay_millis = self.plan.faults.slow_millis;
        }
        let half = response.body.len() / 2;
        if self.befalls(FaultKind::CutResponse, account) {
            response.cut_after = Some(half);
        } else if self.befalls(FaultKind::CutJson, account) {
            response.body.truncate(half);
        }
        response
    }
}
