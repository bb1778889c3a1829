//! Rows are told by id, state, flag and result; the rest is defaults.

use super::*;
use alloc::format;
use alloc::vec;

use SyncState::{Disabled, Done, Failed, PartiallySynced, Paused, Syncing};

const FINISH: crate::types::Timestamp = crate::types::Timestamp(1_705_314_600_000_000);

/// A row of an initial sync; one that has ended brings a finish.
fn row(id: &str, state: SyncState) -> ModelStatus {
    let ended = !matches!(state, Syncing | Disabled);
    ModelStatus {
        model_id: id.into(),
        status: Some(state),
        is_initial_sync: Some(true),
        last_sync_finished: ended.then_some(FINISH),
        ..ModelStatus::default()
    }
}

/// A complete read, nothing required, nothing known from before.
fn read(statuses: impl Into<Vec<ModelStatus>>) -> Facts {
    Facts {
        statuses: statuses.into(),
        complete: true,
        required: Vec::new(),
        partial: PartialPolicy::Strict,
        ready_before: Vec::new(),
        was_ready: false,
    }
}

fn requiring(required: &[&str], statuses: impl Into<Vec<ModelStatus>>) -> Facts {
    Facts {
        required: required.iter().map(|&id| id.into()).collect(),
        ..read(statuses)
    }
}

/// The account's phase, the three counts, and every model with its phase.
#[track_caller]
fn check(facts: &Facts, phase: AccountPhase, counts: [u32; 3], models: &[(&str, Phase)]) {
    let answer = evaluate(facts);
    let found: Vec<(&str, Phase)> = answer
        .models
        .iter()
        .map(|model| (model.model_id.as_str(), model.phase))
        .collect();
    assert_eq!(found, models);
    assert_eq!([answer.needed, answer.ready, answer.attention], counts);
    assert_eq!(answer.phase, phase);
}

/// The phase and the sentence of one listed model.
#[track_caller]
fn check_model(facts: &Facts, phase: Phase, reason: &str) {
    let answer = evaluate(facts);
    let found = answer.models.first();
    let found = found.map(|model| (model.phase, model.reason.as_str()));
    assert_eq!(found, Some((phase, reason)));
}

#[test]
fn done_or_the_end_of_the_initial_sync_is_ready() {
    check_model(
        &read([row("hris.Team", Done)]),
        Phase::Ready,
        "The initial sync is complete.",
    );
    for state in [Syncing, Failed, Paused, PartiallySynced] {
        let status = ModelStatus {
            is_initial_sync: Some(false),
            ..row("hris.Team", state)
        };
        assert_eq!(
            model_phase(&status, PartialPolicy::Strict, false),
            Phase::Ready
        );
    }
}

#[test]
fn an_initial_sync_that_ended_badly_needs_attention() {
    check_model(
        &read([row("hris.Team", Failed)]),
        Phase::NeedsAttention,
        "The initial sync failed; Merge tries again by itself, so contact support only if this \
         lasts over a day.",
    );
    check_model(
        &read([row("hris.Team", Paused)]),
        Phase::NeedsAttention,
        "Merge paused this model before its initial sync was complete; linking the account again \
         lets it go on.",
    );
    check_model(
        &read([row("hris.Team", PartiallySynced)]),
        Phase::NeedsAttention,
        "The initial sync ended without some fields; Merge tries them again at its next sync, and \
         support can help if they stay missing.",
    );
}

#[test]
fn partial_data_is_ready_where_that_is_accepted() {
    let facts = Facts {
        partial: PartialPolicy::AcceptPartial,
        ..read([row("hris.Team", PartiallySynced)])
    };
    check_model(
        &facts,
        Phase::Ready,
        "The data can be used, though the latest sync could not read some fields; Merge tries \
         them again at its next sync.",
    );
    let failed = Facts {
        partial: PartialPolicy::AcceptPartial,
        ..read([row("hris.Team", Failed)])
    };
    assert_eq!(evaluate(&failed).phase, AccountPhase::NeedsAttention);
}

#[test]
fn a_disabled_model_is_neither_needed_nor_ready() {
    check(
        &read([row("hris.Team", Disabled), row("hris.Group", Done)]),
        AccountPhase::Ready,
        [1, 1, 0],
        &[("hris.Group", Phase::Ready), ("hris.Team", Phase::Disabled)],
    );
    let was_on = ModelStatus {
        is_initial_sync: Some(false),
        ..row("hris.Team", Disabled)
    };
    assert_eq!(
        model_phase(&was_on, PartialPolicy::Strict, true),
        Phase::Disabled
    );
}

#[test]
fn a_result_speaks_for_a_status_that_is_unknown_or_absent() {
    let unknown = Some(SyncState::Unknown("COMPLETE".into()));
    for status in [None, unknown] {
        for (result, phase) in [
            (Some(Done), Phase::Ready),
            (Some(Failed), Phase::NeedsAttention),
            (Some(Disabled), Phase::Disabled),
            (Some(Syncing), Phase::Syncing),
            (
                Some(SyncState::Unknown("SUCCESSFUL".into())),
                Phase::Syncing,
            ),
            (None, Phase::Syncing),
        ] {
            let status = ModelStatus {
                status: status.clone(),
                last_sync_result: result,
                ..row("hris.Team", Syncing)
            };
            assert_eq!(model_phase(&status, PartialPolicy::Strict, false), phase);
        }
    }
    let contradicted = ModelStatus {
        last_sync_result: Some(Done),
        ..row("hris.Team", Syncing)
    };
    assert_eq!(
        model_phase(&contradicted, PartialPolicy::Strict, false),
        Phase::Syncing
    );
}

#[test]
fn a_syncing_model_says_what_it_waits_for() {
    for (status_reason, reason) in [
        (
            "",
            "The initial sync is running or waiting for its turn; it goes on by itself.",
        ),
        (
            "RATE_LIMITED",
            "The initial sync is slowed down by the request limits of the connected system; it \
             goes on by itself.",
        ),
        (
            "WAITING_ON_OTHER_MODELS",
            "The initial sync of this model waits for other models of the account; it goes on by \
             itself.",
        ),
    ] {
        let status = ModelStatus {
            status_reason: status_reason.into(),
            ..row("hris.Team", Syncing)
        };
        check_model(&read([status]), Phase::Syncing, reason);
    }
    let unheard = ModelStatus {
        status: None,
        ..row("hris.Team", Syncing)
    };
    check_model(
        &read([unheard]),
        Phase::Syncing,
        "Merge has not said yet how the initial sync of this model stands; its next answers will \
         tell.",
    );
}

#[test]
fn a_ready_model_says_how_its_later_syncs_go() {
    let later = |state, last_sync_finished| {
        read([ModelStatus {
            is_initial_sync: Some(false),
            last_sync_finished,
            ..row("hris.Team", state)
        }])
    };
    for (state, reason) in [
        (
            Syncing,
            "The initial sync is complete, and Merge is syncing the latest changes.",
        ),
        (
            Failed,
            "The initial sync is complete, but the latest sync failed; the data is that of the \
             syncs before it until Merge succeeds again.",
        ),
        (
            Paused,
            "The initial sync is complete, but Merge has paused this model; new data arrives once \
             the account is used or linked again.",
        ),
    ] {
        check_model(&later(state, Some(FINISH)), Phase::Ready, reason);
    }
    check_model(
        &later(Failed, None),
        Phase::Ready,
        "The initial sync is over, but its syncs have failed and there is no data; Merge tries \
         again by itself, and support can help if it lasts.",
    );
    check_model(
        &later(Done, None),
        Phase::Ready,
        "Merge reports a complete sync without saying when it finished, so there is nothing to \
         read until its next sync.",
    );
}

#[test]
fn the_account_waits_for_every_enabled_model() {
    let rows = |state| {
        [
            row("hris.Team", state),
            row("hris.Group", Done),
            row("hris.Employee", Failed),
        ]
    };
    check(
        &read(rows(Syncing)),
        AccountPhase::Syncing,
        [3, 1, 1],
        &[
            ("hris.Employee", Phase::NeedsAttention),
            ("hris.Group", Phase::Ready),
            ("hris.Team", Phase::Syncing),
        ],
    );
    assert_eq!(
        evaluate(&read(rows(Done))).phase,
        AccountPhase::NeedsAttention
    );
}

#[test]
fn only_a_complete_read_opens_the_pages() {
    let facts = Facts {
        complete: false,
        ..read([row("hris.Team", Done)])
    };
    check(
        &facts,
        AccountPhase::Unknown,
        [1, 1, 0],
        &[("hris.Team", Phase::Ready)],
    );
}

#[test]
fn an_account_without_an_enabled_model_is_unknown() {
    check(&read([]), AccountPhase::Unknown, [0; 3], &[]);
    check(
        &read([row("hris.Team", Disabled)]),
        AccountPhase::Unknown,
        [0; 3],
        &[("hris.Team", Phase::Disabled)],
    );
}

#[test]
fn an_account_that_was_ready_stays_ready_where_nothing_is_required() {
    for complete in [false, true] {
        let facts = Facts {
            was_ready: true,
            complete,
            ..read([row("hris.Team", Syncing), row("hris.Group", Done)])
        };
        check(
            &facts,
            AccountPhase::Ready,
            [2, 1, 0],
            &[("hris.Group", Phase::Ready), ("hris.Team", Phase::Syncing)],
        );
    }
    let required = Facts {
        was_ready: true,
        ..requiring(&["hris.Team"], [row("hris.Team", Syncing)])
    };
    assert_eq!(evaluate(&required).phase, AccountPhase::Syncing);
}

#[test]
fn a_model_that_was_ready_stays_ready() {
    for state in [Syncing, Failed, Paused, PartiallySynced] {
        let facts = Facts {
            ready_before: vec!["hris.Team".into()],
            ..read([row("hris.Team", state)])
        };
        check(
            &facts,
            AccountPhase::Ready,
            [1, 1, 0],
            &[("hris.Team", Phase::Ready)],
        );
    }
}

#[test]
fn required_models_alone_are_needed() {
    check(
        &requiring(
            &["hris.Team"],
            [row("hris.Team", Done), row("hris.Group", Syncing)],
        ),
        AccountPhase::Ready,
        [1, 1, 0],
        &[("hris.Group", Phase::Syncing), ("hris.Team", Phase::Ready)],
    );
}

#[test]
fn a_required_model_that_is_not_listed_counts_as_syncing() {
    let facts = requiring(&["hris.Absence"], [row("hris.Team", Done)]);
    check(
        &facts,
        AccountPhase::Syncing,
        [1, 0, 0],
        &[
            ("hris.Absence", Phase::Syncing),
            ("hris.Team", Phase::Ready),
        ],
    );
    check_model(
        &facts,
        Phase::Syncing,
        "Merge does not list this model for the account yet; if that lasts, check that the \
         integration offers it and that its scope is switched on.",
    );
    let listed_once = Facts {
        ready_before: vec!["hris.Absence".into()],
        ..facts
    };
    check_model(
        &listed_once,
        Phase::Ready,
        "The initial sync is complete, though Merge no longer lists this model; the data read so \
         far stays usable.",
    );
}

#[test]
fn a_required_model_that_is_switched_off_needs_attention() {
    let facts = requiring(&["hris.Team"], [row("hris.Team", Disabled)]);
    check(
        &facts,
        AccountPhase::NeedsAttention,
        [1, 0, 1],
        &[("hris.Team", Phase::Disabled)],
    );
    check_model(
        &facts,
        Phase::Disabled,
        "This model is needed but switched off for the account; waiting will not bring it, so \
         switch its scope on in Merge or stop requiring it.",
    );
    check_model(
        &read([row("hris.Team", Disabled)]),
        Phase::Disabled,
        "This model is switched off for the account, so nothing is read for it.",
    );
}

#[test]
fn a_required_model_of_another_category_is_ignored() {
    check(
        &requiring(
            &["ats.Candidate", "hris.Team"],
            [row("hris.Team", Done), row("hris.Group", Syncing)],
        ),
        AccountPhase::Ready,
        [1, 1, 0],
        &[("hris.Group", Phase::Syncing), ("hris.Team", Phase::Ready)],
    );
    check(
        &requiring(
            &["ats.Candidate"],
            [row("hris.Team", Done), row("hris.Group", Syncing)],
        ),
        AccountPhase::Syncing,
        [2, 1, 0],
        &[("hris.Group", Phase::Syncing), ("hris.Team", Phase::Ready)],
    );
}

#[test]
fn while_nothing_is_listed_no_required_model_is_ignored() {
    check(
        &requiring(&["ats.Candidate", "hris.Team"], []),
        AccountPhase::Syncing,
        [2, 0, 0],
        &[
            ("ats.Candidate", Phase::Syncing),
            ("hris.Team", Phase::Syncing),
        ],
    );
}

#[test]
fn a_required_id_without_a_category_is_never_ignored() {
    let facts = requiring(&["Team"], [row("hris.Team", Done)]);
    assert_eq!(evaluate(&facts).phase, AccountPhase::Syncing);
}

#[test]
fn aliases_name_one_model() {
    check(
        &requiring(
            &["crm.Account", "crm.CRMAccount"],
            [row("crm.CRMAccount", Done), row("crm.Lead", Syncing)],
        ),
        AccountPhase::Ready,
        [1, 1, 0],
        &[
            ("crm.CRMAccount", Phase::Ready),
            ("crm.Lead", Phase::Syncing),
        ],
    );
    let facts = Facts {
        ready_before: vec!["crm.CRMAccount".into()],
        ..requiring(&["crm.CRMAccount"], [row("crm.Account", Syncing)])
    };
    check(
        &facts,
        AccountPhase::Ready,
        [1, 1, 0],
        &[("crm.Account", Phase::Ready)],
    );
    check(
        &requiring(&["crm.Account"], []),
        AccountPhase::Syncing,
        [1, 0, 0],
        &[("crm.CRMAccount", Phase::Syncing)],
    );
}

#[test]
fn of_two_rows_of_one_model_the_last_counts() {
    check(
        &read([row("hris.Team", Done), row("hris.Team", Syncing)]),
        AccountPhase::Syncing,
        [1, 0, 0],
        &[("hris.Team", Phase::Syncing)],
    );
}

#[test]
fn ten_thousand_models_are_no_trouble() {
    let ids: Vec<ModelId> = (0..10_000).map(|n| format!("hris.M{n:05}")).collect();
    let facts = Facts {
        required: ids.clone(),
        ready_before: ids.clone(),
        ..read(ids.iter().map(|id| row(id, Syncing)).collect::<Vec<_>>())
    };
    let answer = evaluate(&facts);
    assert_eq!(answer.needed, 10_000);
    assert_eq!(answer.phase, AccountPhase::Ready);
    assert!(
        answer
            .models
            .is_sorted_by(|one, other| one.model_id < other.model_id)
    );
}
