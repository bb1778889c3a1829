//! What is written is read again, whatever it is.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::types::{ModelStatus, SyncState, Timestamp};
use merge_sync_logic::window::Progress;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::account::document::{Missing, Model, Skipped, Told};
use crate::account::link::{Disowned, Link, Lookup};
use crate::account::page_size::PageSize;
use crate::account::patience::{Patience, Patiences};
use crate::account::slot::{Bounds, Cut, Gap, Kind, Reread, Served, Slot};
use crate::account::sweep::{Held, Pending, Trust};
use crate::ground::paging::{Paging, Seen};
use crate::ground::trouble::{Trouble, TroubleKind};

fn instant() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp)
}

pub fn maybe() -> impl Strategy<Value = Option<Timestamp>> {
    proptest::option::of(instant())
}

fn state() -> impl Strategy<Value = Option<SyncState>> {
    proptest::option::of(prop_oneof![
        Just(SyncState::Syncing),
        Just(SyncState::Done),
        Just(SyncState::PartiallySynced),
        Just(SyncState::Failed),
        Just(SyncState::Disabled),
        Just(SyncState::Paused),
        any::<String>().prop_map(SyncState::Unknown),
    ])
}

pub fn trouble() -> impl Strategy<Value = Option<Trouble>> {
    let kinds = prop_oneof![Just(TroubleKind::Park), Just(TroubleKind::InitialSync)];
    proptest::option::of((kinds, instant(), any::<String>()))
        .prop_map(|trouble| trouble.map(|(kind, since, text)| Trouble { kind, since, text }))
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (maybe(), maybe()).prop_map(|(after, before)| Bounds { after, before })
}

fn slot() -> impl Strategy<Value = Option<Slot>> {
    let parts = proptest::collection::vec(bounds(), 1..3);
    let texts = (
        proptest::option::of(any::<String>()),
        proptest::option::of(any::<String>()),
    );
    let slot = (
        bounds(),
        parts,
        texts,
        (any::<[u32; 5]>(), any::<[u64; 9]>(), any::<[bool; 3]>()),
        (maybe(), maybe()),
        instant(),
    )
        .prop_map(
            |(bounds, parts, (cursor, mark), (small, counts, flags), (newest, found), at)| Slot {
                parts,
                paging: Paging {
                    cursor,
                    pages: small[0],
                    mark,
                    seen: Seen {
                        pages: small[1],
                        latest: counts[1],
                        marked: counts[4],
                    },
                },
                loops: small[1],
                splits: small[2],
                empty_pages: small[3],
                useless_pages: small[2],
                had_useless_page: flags[0],
                largest: small[4],
                served: Served {
                    records: counts[0],
                    keys: counts[1],
                },
                agreed: found.map(|_| Served {
                    records: counts[2],
                    keys: counts[3],
                }),
                furthest: counts[4],
                records: counts[5],
                stored: counts[6],
                without_key: counts[7],
                unreadable: counts[8],
                is_split: flags[0],
                is_unsure: flags[1],
                cut: found.map(|at| Cut {
                    at,
                    is_alone: flags[2],
                }),
                gap: flags[2].then_some(Gap {
                    at: found,
                    records: counts[0],
                    is_endless: flags[1],
                }),
                newest,
                ..Slot::new(bounds, at, at)
            },
        );
    proptest::option::of(slot)
}

prop_compose! {
    pub fn status()(
        model_name in any::<String>(),
        states in (state(), state()),
        initial in any::<Option<bool>>(),
        instants in proptest::collection::vec(maybe(), 4),
        status_reason in any::<String>(),
        lists in (proptest::collection::vec(any::<String>(), 0..3), proptest::collection::vec(any::<String>(), 0..3)),
    ) -> ModelStatus {
        ModelStatus {
            model_id: String::new(),
            model_name,
            status: states.0,
            is_initial_sync: initial,
            last_sync_start: instants[0],
            next_sync_start: instants[1],
            last_sync_result: states.1,
            last_sync_finished: instants[2],
            status_reason,
            data_fresh_as_of: instants[3],
            synced_fields: lists.0,
            unreadable: lists.1,
        }
    }
}

prop_compose! {
    fn model()(
        status in proptest::option::of(status()),
        flags in any::<[bool; 8]>(),
        instants in proptest::collection::vec(maybe(), 9),
        slots in (slot(), slot(), slot()),
        numbers in any::<(u64, [u32; 7], [u64; 6])>(),
        trouble in trouble(),
    ) -> Model {
        let mut patience = Patiences::default();
        *patience.of_mut(Kind::Hint) = Patience {
            failures: numbers.1[0],
            failures_of_page: numbers.1[1],
            loops: numbers.1[2],
            is_parked: flags[3],
            not_before: instants[7],
            trouble: trouble.clone(),
        };
        patience.of_mut(Kind::Reread).is_parked = flags[4];
        patience.of_mut(Kind::Window).not_before = instants[8];
        Model {
            status,
            ready: flags[0],
            hint_due: flags[1],
            unmapped_reported: flags[2],
            progress: Progress {
                last_synced_at: instants[0],
                merge_last_sync_finished: instants[1],
                last_fetched_at: instants[2],
            },
            window: slots.0,
            hint: slots.1,
            reread: slots.2.map(|slot| Reread { slot, pass: numbers.0 }),
            hint_mark: instants[3],
            last_hint_at: instants[4],
            failure_seen: instants[5],
            reread_at: instants[6],
            pass: numbers.0,
            patience,
            page_size: PageSize {
                rows: numbers.1[3],
                failed: numbers.1[4],
                good: numbers.1[5],
                wait: numbers.1[6],
            },
            ignores_bounds: flags[5],
            has_undated: flags[2],
            sweep: instants[7].map(|_| Pending {
                unseen_since: numbers.2[0],
                trust: if flags[6] { Trust::None } else { Trust::Agreed },
            }),
            held: instants[8].map(|since| Held {
                pass: numbers.2[1],
                unseen: numbers.2[2],
                live: numbers.2[3],
                since,
            }),
            missing: instants[0].map(|since| Missing {
                since,
                gap: Gap { at: instants[1], records: numbers.2[4], is_endless: flags[3] },
            }),
            skipped: Skipped {
                without_key: numbers.2[5],
                unreadable: numbers.2[4],
                too_many_since: instants[2],
            },
            told: Told {
                held_sweep: flags[6],
                incomplete: flags[7],
                unreadable: flags[3],
                no_key: flags[4],
            },
        }
    }
}

prop_compose! {
    pub fn document()(
        texts in proptest::collection::vec(any::<String>(), 8),
        instants in proptest::collection::vec(maybe(), 12),
        flags in any::<[bool; 8]>(),
        is_duplicate in any::<Option<bool>>(),
        category in any::<u32>(),
        numbers in any::<(u64, u64, u32, u32, u32)>(),
        models in proptest::collection::btree_map(any::<String>(), model(), 0..3),
        lists in (proptest::collection::vec(any::<String>(), 0..3), proptest::collection::vec(any::<String>(), 0..3)),
        trouble in trouble(),
        at in instant(),
        life in prop_oneof![Just(Life::Active), Just(Life::Paused), Just(Life::Stopped)],
    ) -> Document {
        let account = Account {
            id: texts[0].clone(),
            category: texts[1].clone(),
            integration: texts[2].clone(),
            integration_slug: texts[3].clone(),
            end_user_origin_id: texts[4].clone(),
            organization_name: texts[5].clone(),
            link_status: texts[6].clone(),
            account_type: texts[7].clone(),
            is_duplicate,
        };
        let mut document = Document::new(account, at);
        document.life = life;
        [document.has_token, document.complete, document.was_ready, document.announced_ready,
            document.caught_up, document.poll_wanted, document.unlink_reported, document.hinted] = flags;
        document.polls = numbers.0;
        document.fencing_token = numbers.1;
        document.consecutive_failures = numbers.2;
        document.unfinished_leases = numbers.3;
        document.backed_off_leases = numbers.4;
        document.last_poll_at = instants[0];
        document.next_poll_at = instants[1].unwrap_or(at);
        document.backoff_until = instants[2];
        document.server_until = instants[3];
        if let Some(Timestamp(latest)) = instants[4] {
            let mut sent = [numbers.2.into(); 14];
            sent[0] = latest.cast_unsigned();
            sent[5] = 1;
            document.minute = Minute::from_numbers(sent);
        }
        document.issues_lookup = Lookup { read_at: instants[4], due_at: instants[5] };
        document.hint_polled_at = instants[6];
        document.link = Link {
            details: Lookup { read_at: instants[7], due_at: instants[8] },
            category,
            relink_since: instants[9],
            disowned: instants[10].zip(instants[11]).map(|(since, latest)| Disowned { since, latest }),
        };
        document.lease = instants[0].map(|until| Lease { fencing_token: numbers.1, until });
        document.announced = trouble.as_ref().map(|trouble| AnnouncedTrouble { kind: trouble.kind, since: at });
        document.trouble = trouble;
        document.last_served = texts[0].clone();
        document.issues = lists.0;
        document.linked_deliveries = lists.1;
        document.models = models.into_iter().collect();
        for (model_id, model) in document.models.iter_mut() {
            if let Some(row) = model.status.as_mut() {
                row.model_id.clone_from(model_id);
            }
        }
        document
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_written_is_read_again(document in document()) {
        prop_assert_eq!(decode(&encode(&document)), Ok(Some(document)));
    }

    #[test]
    fn any_text_is_answered(text in ".{0,60}") {
        let _ = decode(&text);
        let _ = salvage_account(&text);
    }
}

#[test]
fn a_refusal_names_the_place() {
    let refused = |text: &str| decode(text).map_err(|problem| problem.message).map(drop);
    let check = |text: &str, message: &str| assert_eq!(refused(text), Err(message.into()));
    check("{", "state: document: expected a JSON document");
    check(
        "{\"v\":3}",
        "state: v: expected a version that this component reads (1, 2)",
    );
    check("{\"v\":1}", "state: linked_at: expected a whole number");
    check(
        r#"{"v":1,"linked_at":0,"account":{"id":"a"},"life":"active","next_poll_at":0,"models":[["x",null,"Dx-"]]}"#,
        "state: models[0][2]: expected `i`, `l` or `-`",
    );
}

#[test]
fn the_account_is_salvaged_from_a_newer_version() {
    let texts: Vec<Option<String>> = [
        "{\"v\":9,\"account\":{\"id\":\"a\",\"category\":\"ats\"}}",
        "{}",
        "[",
    ]
    .into_iter()
    .map(|text| salvage_account(text).map(|account| account.category))
    .collect();
    assert_eq!(texts, [Some("ats".into()), None, None]);
}

#[test]
fn of_a_model_that_is_as_most_are_no_empty_object_is_written() {
    let written = |change: fn(&mut ModelStatus)| {
        let mut row = ModelStatus {
            model_id: "hris.Employee".into(),
            status: Some(SyncState::Done),
            last_sync_result: Some(SyncState::Done),
            ..ModelStatus::default()
        };
        change(&mut row);
        let mut document = Document::new(Account::default(), Timestamp(1));
        let model = Model {
            status: Some(row),
            ..Model::default()
        };
        document.models.insert("hris.Employee".into(), model);
        let text = encode(&document);
        assert_eq!(decode(&text).as_ref(), Ok(&Some(document)), "{text}");
        text
    };
    let usual = written(|_| {});
    assert!(!usual.contains("{}"), "{usual}");
    for longer in [
        written(|row| row.status_reason = "why".into()),
        written(|row| row.synced_fields = alloc::vec!["id".into()]),
    ] {
        assert!(longer.len() > usual.len(), "{longer}");
    }
}
