//! Rounds of syncs: each model starts, copies and ends by itself, with its own result.

use serde_json::{Map, Value, json};

use crate::Merge;
use crate::fault::FaultKind;
use crate::time::{HOUR, MINUTE, Micros, SECOND, iso, iso_seconds};
use crate::world::account::Link;
use crate::world::event::Event;
use crate::world::model::{Outcome, Phase};

impl Merge {
    /// The regular round, which plans the one after it.
    pub(crate) fn round(&mut self, number: usize) {
        if !self.accounts[number].is_test {
            let next = self.now + self.accounts[number].sync_every;
            self.queue.plan(next, Event::Round { account: number });
        }
        self.begin_round(number, false);
    }

    /// Queue the models whose turn it is, or all. A model that still syncs is left alone.
    pub(crate) fn begin_round(&mut self, number: usize, all: bool) {
        let account = &mut self.accounts[number];
        if !account.is_linked() {
            return;
        }
        account.round += 1;
        let round = account.round - 1;
        let turn =
            account.models.iter().enumerate().filter(|(_, model)| {
                all || model.initial || round.is_multiple_of(model.spec.every)
            });
        let models: Vec<usize> = turn.map(|(model, _)| model).collect();
        self.begin_round_of(number, &models);
    }

    /// Queue these models, where they are enabled, idle and not paused.
    pub(crate) fn begin_round_of(&mut self, number: usize, models: &[usize]) {
        let now = self.now;
        let account = &mut self.accounts[number];
        let round = account.round;
        for &model in models {
            let held = &mut account.models[model];
            if !held.enabled || held.paused || held.phase != Phase::Idle {
                continue;
            }
            held.phase = Phase::Queued;
            let turns = held.spec.every - round.checked_rem(held.spec.every).unwrap_or(0);
            let turns = i64::try_from(turns).unwrap_or(1);
            held.next_start = (!account.is_test).then_some(now + account.sync_every * turns);
            account.busy += 1;
            let spread = if held.initial {
                4 * MINUTE
            } else {
                account.sync_every / 20
            };
            let at = now + account.dice.between(1, spread);
            self.queue.plan(
                at,
                Event::SyncStart {
                    account: number,
                    model,
                },
            );
        }
    }

    pub(crate) fn sync_start(&mut self, number: usize, model: usize) {
        let now = self.now;
        let account = &mut self.accounts[number];
        if account.models[model].phase != Phase::Queued {
            return;
        }
        if self
            .plan
            .strikes(FaultKind::SyncPaused, now, &mut account.fault_dice)
        {
            let until = self.plan.faults.until.unwrap_or(Micros::MAX);
            let at = (now + account.fault_dice.between(HOUR, 5 * HOUR)).min(until.max(now));
            account.models[model].phase = Phase::Idle;
            account.models[model].paused = true;
            self.queue.plan(
                at,
                Event::Resume {
                    account: number,
                    model,
                },
            );
            self.leave_round(number);
            return;
        }
        let refused = account.link == Link::RelinkNeeded;
        let mut strikes = |kind| self.plan.strikes(kind, now, &mut account.fault_dice);
        let outcome = if refused || strikes(FaultKind::SyncFailed) {
            Outcome::Failed
        } else if strikes(FaultKind::SyncPartial) {
            Outcome::Partial
        } else {
            Outcome::Done
        };
        let dice = &mut account.dice;
        let held = &mut account.models[model];
        let longest = if held.initial {
            self.config.initial_sync_at_most
        } else {
            self.config.sync_at_most.min(account.sync_every / 3)
        };
        let mut end = now + dice.between((longest / 8).max(SECOND), longest.max(SECOND));
        if dice.below(20) == 0 {
            end = end + SECOND - end.rem_euclid(SECOND);
        }
        held.phase = Phase::Running(outcome);
        held.last_start = Some(now);
        let share = match outcome {
            Outcome::Done => 1000,
            Outcome::Partial => 600,
            Outcome::Failed if refused => 0,
            Outcome::Failed => 200,
        };
        let tied = account.doses.iter().any(|dose| dose.ties(model));
        let at_once = now + (end - now) / 2;
        let mut last = None;
        for &record in &held.dirty {
            let drawn = now + dice.between(1, end - now);
            let at = if tied { at_once } else { drawn };
            if dice.per_mille(share) {
                last = Some(record);
                self.queue.plan(
                    at,
                    Event::Copy {
                        account: number,
                        model,
                        record,
                    },
                );
            }
        }
        // Often enough the last row carries the very instant at which the sync ends.
        if let Some(record) = last.filter(|_| dice.per_mille(500) && !tied) {
            self.queue.plan(
                end,
                Event::Copy {
                    account: number,
                    model,
                    record,
                },
            );
        }
        self.queue.plan(
            end,
            Event::SyncEnd {
                account: number,
                model,
            },
        );
    }

    pub(crate) fn sync_end(&mut self, number: usize, model: usize) {
        let now = self.now;
        let account = &mut self.accounts[number];
        let held = &mut account.models[model];
        let Phase::Running(outcome) = held.phase else {
            return;
        };
        held.phase = Phase::Idle;
        held.last_result = Some(outcome);
        if outcome != Outcome::Failed || account.failed_moves_finish {
            held.last_finish = Some(now);
        }
        if outcome == Outcome::Done {
            held.fresh_as_of = held.last_start;
        }
        let was_initial = held.initial;
        held.initial &= match outcome {
            Outcome::Done => false,
            Outcome::Partial => !account.partial_ends_initial,
            Outcome::Failed => !self.config.failed_ends_initial,
        };
        self.stats.sync_finishes += 1;
        self.emit_synced(number, model, was_initial);
        if outcome == Outcome::Failed {
            self.fail(number, model);
        } else {
            self.succeed(number, model);
        }
        self.leave_round(number);
    }

    pub(crate) fn resume(&mut self, number: usize, model: usize) {
        if let Some(held) = self.accounts[number].models.get_mut(model) {
            held.paused = false;
        }
    }

    /// The model's own webhook. For an initial sync its object says `COMPLETE` and is still
    /// marked initial, as in the sample that Merge publishes.
    fn emit_synced(&mut self, number: usize, model: usize, was_initial: bool) {
        let account = &self.accounts[number];
        let held = &account.models[model];
        let mut status = held.status_row();
        if was_initial {
            status["is_initial_sync"] = json!(true);
            if held.last_result == Some(Outcome::Done) {
                status["status"] = json!("COMPLETE");
            }
        }
        account.spoil_status(model, self.now, &mut status);
        let fields: Vec<&str> = held.spec.fields.iter().map(|(name, _)| *name).collect();
        let details = account.details();
        let data = json!({
            "integration_name": details["integration"],
            "integration_id": details["integration_slug"],
            "synced_fields": fields,
            "sync_status": status,
        });
        let event = format!("{}.synced", held.spec.event_name());
        self.emit(number, &event, &data);
        if self.config.legacy_webhooks {
            let mut data = data;
            data["sync_status"] = data["sync_status"]["last_sync_result"].take();
            self.emit(number, &event, &data);
        }
    }

    /// One model of the round is through; when it was the last, the account's webhook goes out.
    fn leave_round(&mut self, number: usize) {
        let account = &mut self.accounts[number];
        account.busy = account.busy.saturating_sub(1);
        if account.busy > 0 {
            return;
        }
        let mut models = Map::new();
        for (model, held) in account.models.iter().enumerate() {
            if !held.enabled {
                continue;
            }
            let mut row = json!({
                "last_sync_result": held.last_result.map(Outcome::name),
                "last_sync_finished": held.last_finish.map(iso_seconds),
                "data_fresh_as_of": held.fresh_as_of.map(iso),
            });
            account.spoil_status(model, self.now, &mut row);
            models.insert(held.spec.id.to_owned(), row);
        }
        let details = account.details();
        let data = json!({
            "integration_name": details["integration"],
            "integration_id": details["integration_slug"],
            "is_initial_sync": account.round <= 1,
            "sync_status": Value::Object(models),
        });
        self.emit(number, "LinkedAccount.sync_completed", &data);
        if self.config.legacy_webhooks {
            self.emit(number, "LinkedAccount.synced", &data);
        }
    }
}
