//! The input of a question by its types, as a host in Rust would hold it.

use std::hint::black_box;

use anyhow::{Result, anyhow, bail};
use merge_sync_costs::inputs::Question;
use merge_sync_logic::json::read::Input;
use merge_sync_logic::json::{self, value};
use merge_sync_logic::types::{ModelStatus, Problem, SyncState, Timestamp};
use merge_sync_logic::{cadence as cadences, readiness as evaluations, retry as retries};
use merge_sync_logic::{signature as signatures, window as windows};
use wasmtime::Store;

use super::component::generated::Logic;
use super::component::generated::exports::merge_sync::triggers::{
    cadence, readiness, retry, signature, types, window,
};

/// What a function of the component is called with.
pub enum Facts {
    Verify(signature::SignedBody),
    Handle(signature::SignedBody),
    Statuses(String),
    Evaluate(readiness::Facts),
    Window(window::Facts),
    Cadence(cadence::Facts),
    Retry(retry::Facts),
    Page(PageFacts),
    Version,
}

/// The arguments of `page.parse`.
#[derive(Debug, Clone)]
pub struct PageFacts {
    model_id: String,
    body: String,
}

fn page_facts(root: Input<'_, '_>) -> std::result::Result<PageFacts, Problem> {
    let mut fields = root.object()?;
    let facts = PageFacts {
        model_id: fields.take("model_id").text()?,
        body: fields.take("body").text()?,
    };
    fields.finish()?;
    Ok(facts)
}

impl Facts {
    /// Of any question there is.
    pub fn of(question: &Question) -> Result<Self> {
        let problem = |problem: Problem| anyhow!("{}: {}", question.operation, problem.message);
        let root = Input::root(value::parse(&question.input).map_err(problem)?);
        let facts = match question.operation {
            "signature.verify" => json::signature::read_signed_body(root)
                .map(|facts| Self::Verify(signed_body(facts))),
            "webhook.handle" => json::signature::read_signed_body(root)
                .map(|facts| Self::Handle(signed_body(facts))),
            "readiness.parse-status" => root
                .only_text("body")
                .map(|body| Self::Statuses(body.to_string())),
            "readiness.evaluate" => {
                json::readiness::read_facts(root).map(|facts| Self::Evaluate(evaluation(facts)))
            }
            "window.next" => {
                json::window::read_facts(root).map(|facts| Self::Window(window_facts(facts)))
            }
            "cadence.next" => {
                json::cadence::read_facts(root).map(|facts| Self::Cadence(cadence_facts(facts)))
            }
            "retry.decide" => {
                json::retry::read_facts(root).map(|facts| Self::Retry(retry_facts(facts)))
            }
            "page.parse" => page_facts(root).map(Self::Page),
            "meta.version" => Ok(Self::Version),
            other => bail!("no operation `{other}`"),
        };
        facts.map_err(problem)
    }

    /// Call the function once.
    pub fn ask(&self, logic: &Logic, store: &mut Store<()>) -> Result<()> {
        match self {
            Self::Verify(facts) => {
                let interface = logic.merge_sync_triggers_signature();
                black_box(interface.call_verify(store, black_box(facts))?);
            }
            Self::Handle(facts) => {
                let interface = logic.merge_sync_triggers_webhook();
                black_box(interface.call_handle(store, black_box(facts))?);
            }
            Self::Statuses(body) => {
                let interface = logic.merge_sync_triggers_readiness();
                black_box(interface.call_parse_status(store, black_box(body))?.ok());
            }
            Self::Evaluate(facts) => {
                let interface = logic.merge_sync_triggers_readiness();
                black_box(interface.call_evaluate(store, black_box(facts))?);
            }
            Self::Window(facts) => {
                let interface = logic.merge_sync_triggers_window();
                black_box(interface.call_next(store, black_box(facts))?);
            }
            Self::Cadence(facts) => {
                let interface = logic.merge_sync_triggers_cadence();
                black_box(interface.call_next(store, black_box(facts))?);
            }
            Self::Retry(facts) => {
                let interface = logic.merge_sync_triggers_retry();
                black_box(interface.call_decide(store, black_box(facts))?);
            }
            Self::Page(PageFacts { model_id, body }) => {
                let interface = logic.merge_sync_triggers_page();
                black_box(
                    interface
                        .call_parse(store, black_box(model_id), black_box(body))?
                        .ok(),
                );
            }
            Self::Version => {
                black_box(logic.merge_sync_triggers_meta().call_version(store)?);
            }
        }
        Ok(())
    }
}

fn signed_body(from: signatures::SignedBody) -> signature::SignedBody {
    signature::SignedBody {
        body: from.body,
        signatures: from.signatures,
        keys: from.keys.into_iter().map(|key| key.0).collect(),
    }
}

fn evaluation(from: evaluations::Facts) -> readiness::Facts {
    readiness::Facts {
        statuses: from.statuses.into_iter().map(status).collect(),
        complete: from.complete,
        required: from.required,
        partial: match from.partial {
            evaluations::PartialPolicy::Strict => readiness::PartialPolicy::Strict,
            evaluations::PartialPolicy::AcceptPartial => readiness::PartialPolicy::AcceptPartial,
        },
        ready_before: from.ready_before,
        was_ready: from.was_ready,
    }
}

fn window_facts(from: windows::Facts) -> window::Facts {
    window::Facts {
        status: status(from.status),
        progress: window::Progress {
            last_synced_at: from.progress.last_synced_at.map(instant),
            merge_last_sync_finished: from.progress.merge_last_sync_finished.map(instant),
            last_fetched_at: from.progress.last_fetched_at.map(instant),
        },
        ready: from.ready,
        rule: match from.rule {
            windows::Rule::Contiguous => window::Rule::Contiguous,
            windows::Rule::OpenEnded => window::Rule::OpenEnded,
            windows::Rule::FetchStart => window::Rule::FetchStart,
        },
        overlap: from.overlap.0,
    }
}

fn cadence_facts(from: cadences::Facts) -> cadence::Facts {
    let interval = |from: cadences::Interval| cadence::Interval {
        shortest: from.shortest.0,
        longest: from.longest.0,
    };
    cadence::Facts {
        statuses: from.statuses.into_iter().map(status).collect(),
        initial: from.initial,
        linked_at: instant(from.linked_at),
        now: instant(from.now),
        seed: from.seed,
        policy: cadence::Policy {
            initial_fast: interval(from.policy.initial_fast),
            initial_slow: interval(from.policy.initial_slow),
            frequent: interval(from.policy.frequent),
            standard: interval(from.policy.standard),
            unhinted: interval(from.policy.unhinted),
            safety_net: from.policy.safety_net.0,
        },
    }
}

fn retry_facts(from: retries::Facts) -> retry::Facts {
    retry::Facts {
        outcome: match from.outcome {
            retries::AttemptOutcome::Response(facts) => {
                retry::AttemptOutcome::Response(retry::ResponseFacts {
                    status: facts.status,
                    retry_after: facts.retry_after,
                    date: facts.date,
                })
            }
            retries::AttemptOutcome::Transport(failure) => {
                retry::AttemptOutcome::Transport(retry::TransportFailure {
                    message: failure.message,
                })
            }
            retries::AttemptOutcome::TimedOut => retry::AttemptOutcome::TimedOut,
            retries::AttemptOutcome::TooLarge => retry::AttemptOutcome::TooLarge,
            retries::AttemptOutcome::Unusable(body) => {
                retry::AttemptOutcome::Unusable(retry::UnusableBody {
                    message: body.message,
                })
            }
            retries::AttemptOutcome::StaleCursor => retry::AttemptOutcome::StaleCursor,
            retries::AttemptOutcome::NoToken => retry::AttemptOutcome::NoToken,
        },
        attempt: from.attempt,
        now: instant(from.now),
        seed: from.seed,
        policy: retry::Policy {
            base: from.policy.base.0,
            throttled_base: from.policy.throttled_base.0,
            cap: from.policy.cap.0,
            max_attempts: from.policy.max_attempts,
        },
    }
}

fn status(from: ModelStatus) -> types::ModelStatus {
    types::ModelStatus {
        model_id: from.model_id,
        model_name: from.model_name,
        status: from.status.map(state),
        is_initial_sync: from.is_initial_sync,
        last_sync_start: from.last_sync_start.map(instant),
        next_sync_start: from.next_sync_start.map(instant),
        last_sync_result: from.last_sync_result.map(state),
        last_sync_finished: from.last_sync_finished.map(instant),
        status_reason: from.status_reason,
        data_fresh_as_of: from.data_fresh_as_of.map(instant),
        synced_fields: from.synced_fields,
        unreadable: from.unreadable,
    }
}

fn state(from: SyncState) -> types::SyncState {
    match from {
        SyncState::Syncing => types::SyncState::Syncing,
        SyncState::Done => types::SyncState::Done,
        SyncState::PartiallySynced => types::SyncState::PartiallySynced,
        SyncState::Failed => types::SyncState::Failed,
        SyncState::Disabled => types::SyncState::Disabled,
        SyncState::Paused => types::SyncState::Paused,
        SyncState::Unknown(text) => types::SyncState::Unknown(types::UnknownState { text }),
    }
}

const fn instant(from: Timestamp) -> i64 {
    from.0
}
