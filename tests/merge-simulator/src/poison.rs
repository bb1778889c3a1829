//! Persistent faults ("poison"): what never passes, as some third parties and gateways have it.
//!
//! A [`Fault`](crate::Faults) strikes now and then and ends with a run's busy time. A poison sits
//! on one account, or on one of its models, from an instant on and for good, or until
//! [`Merge::cure`] takes it away.

mod draw;
mod form;
mod strike;
mod words;

use crate::Merge;
use crate::time::Micros;

pub use draw::PoisonPlan;
pub(crate) use draw::draw;
pub use form::InstantForm;
pub(crate) use strike::break_body;
pub use words::{NAMES, parse_list};

/// One way in which an account or a model is broken for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Poison {
    /// The last page's `next` is the cursor that it was asked with.
    LastPageNamesItself,
    /// Cursors count an offset among equal `created_at`, clamped as Django REST framework clamps
    /// it; every sync writes its rows with one timestamp. Behind the clamp nothing is served.
    ClampedOffsetCursors {
        /// No offset is taken to be more.
        clamp: usize,
    },
    /// Every page that is asked for with a cursor is refused.
    CursorsRefused {
        /// 400, or 404 as Django REST framework has it.
        status: u16,
    },
    /// Cursors count an offset among equal timestamps, without a clamp, and after each page of
    /// a read with an upper bound three rows of it change: they leave the window and shift the rest.
    OffsetCursorsShift,
    /// Behind the last row come empty pages, each naming a cursor that was never seen before.
    EmptyPagesForever,
    /// Behind the first page comes the first page again and again, each time with a cursor that was
    /// never seen before.
    RepeatedPages,
    /// The `next` of every page but the last is a number.
    UnreadableNext,
    /// A page of more rows is answered 502 or 504.
    PageSizeLimit {
        /// The most rows that come through.
        rows: usize,
    },
    /// One record holds a bare `NaN`.
    BrokenRecord,
    /// One record that was sound until then holds a bare `NaN`.
    RecordSpoils,
    /// One record is no JSON otherwise: a value as Python prints it.
    BrokenJson,
    /// Every list is answered with one very long body of empty lists.
    HugeBody {
        /// Length of the body in bytes.
        bytes: usize,
    },
    /// A read without bounds is answered 200 with an empty list.
    EmptyFullReads,
    /// Most rows vanish at once, and a few new ones take their place under new ids.
    ShrunkenFullReads,
    /// A filter of selective sync is narrowed: most rows vanish lawfully.
    NarrowedSelectiveSync,
    /// The scope of the model is switched off: it is `DISABLED`, and its list answers 403.
    ScopeOff,
    /// The scope of a field is switched off: the field is `null` in every row, and `modified_at`
    /// stays as it was.
    FieldOff,
    /// Instants are written in another form than Merge's usual one.
    Instants {
        /// Which.
        form: InstantForm,
    },
    /// `last_sync_finished` of the model is no instant.
    UnreadableFinish,
    /// `last_sync_finished` of the model is centuries ahead.
    FutureFinish,
    /// The model's row of `/sync-status` has a number for its `model_id`.
    NamelessRow,
    /// A byte-order mark stands before every body, of answers and of webhooks.
    ByteOrderMark,
    /// `category` is null in every webhook, `LinkedAccount.linked` included.
    CategoryNull,
    /// The link's status is `RELINK_NEEDED`: syncs fail, and the data stays readable.
    RelinkNeeded,
    /// Issues are resolved and muted as fast as they come, and one of them has no description.
    ResolvedIssues,
    /// Remote ids, names and the organization's name hold U+0000.
    NulCharacters,
    /// One page in so many fails, and cursors live for a while only.
    FlakyPages {
        /// One page in so many fails.
        one_in: u64,
        /// Minutes that a cursor lives.
        minutes: i64,
    },
    /// Some rows have no `id`.
    RecordsWithoutId,
    /// The list ignores `modified_after` and its kin, though its model knows them elsewhere.
    FiltersIgnored,
    /// The model's list is refused.
    ListRefused {
        /// With this status.
        status: u16,
    },
    /// The account's token is refused with 401; webhooks go on.
    TokenRefused,
    /// Behind the first page of `/sync-status` comes the first page again and again, each time with a
    /// cursor that was never seen before.
    RepeatedStatus,
}

impl Poison {
    /// Whether it sits on one model, as opposed to the whole account.
    #[must_use]
    pub fn is_of_model(self) -> bool {
        !matches!(
            self,
            Self::Instants { .. }
                | Self::ByteOrderMark
                | Self::CategoryNull
                | Self::RelinkNeeded
                | Self::ResolvedIssues
                | Self::NulCharacters
                | Self::TokenRefused
                | Self::RepeatedStatus
        )
    }

    /// Whether it is something that happens to an account that went well so far. The others are
    /// there from the first request on.
    #[must_use]
    pub fn is_late(self) -> bool {
        matches!(
            self,
            Self::EmptyFullReads
                | Self::ShrunkenFullReads
                | Self::NarrowedSelectiveSync
                | Self::ScopeOff
                | Self::FieldOff
                | Self::RelinkNeeded
                | Self::NamelessRow
                | Self::RecordSpoils
                | Self::TokenRefused
                | Self::RepeatedStatus
        )
    }

    /// Whether only a read of everything can show what it did.
    #[must_use]
    pub fn needs_full_reads(self) -> bool {
        matches!(
            self,
            Self::ShrunkenFullReads | Self::NarrowedSelectiveSync | Self::RecordSpoils
        )
    }

    /// Whether every row can be read in the end, and reads of everything complete.
    #[must_use]
    pub fn passes(self) -> bool {
        matches!(
            self,
            Self::OffsetCursorsShift
                | Self::PageSizeLimit { .. }
                | Self::ShrunkenFullReads
                | Self::NarrowedSelectiveSync
                | Self::FieldOff
                | Self::Instants { .. }
                | Self::ByteOrderMark
                | Self::CategoryNull
                | Self::RelinkNeeded
                | Self::ResolvedIssues
                | Self::NulCharacters
                | Self::FlakyPages { .. }
        )
    }

    /// The clamp of cursors that count offsets; `None` where they do not.
    pub(crate) fn offset_clamp(self) -> Option<usize> {
        match self {
            Self::ClampedOffsetCursors { clamp } => Some(clamp),
            Self::OffsetCursorsShift => Some(usize::MAX),
            _ => None,
        }
    }
}

/// UTF-8's byte-order mark.
pub(crate) const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// A poison where it sits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poisoned {
    /// The linked account's id.
    pub account: String,
    /// As in `/sync-status`; `None` for the whole account, every list of it included.
    pub model_id: Option<String>,
    /// What it is.
    pub poison: Poison,
    /// Since when.
    pub from: Micros,
}

/// A poison of one account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dose {
    pub poison: Poison,
    /// The model's number; `None` for all.
    pub model: Option<usize>,
    pub from: Micros,
}

impl Dose {
    pub fn touches(&self, model: usize) -> bool {
        self.model.is_none_or(|only| only == model)
    }

    /// Whether the syncs of the model write their rows with one timestamp.
    pub fn ties(&self, model: usize) -> bool {
        self.poison.offset_clamp().is_some() && self.touches(model)
    }
}

impl crate::world::account::Account {
    /// The poisons of the account that act at `now`.
    pub(crate) fn poisons(&self, now: Micros) -> impl Iterator<Item = Poison> {
        let acting = self.doses.iter().filter(move |dose| dose.from <= now);
        acting.map(|dose| dose.poison)
    }

    /// The poisons that act on one model, those of the whole account included.
    pub(crate) fn poisons_of(&self, model: usize, now: Micros) -> impl Iterator<Item = Poison> {
        let acting = self.doses.iter().filter(move |dose| dose.from <= now);
        acting
            .filter(move |dose| dose.touches(model))
            .map(|dose| dose.poison)
    }

    pub(crate) fn has(&self, poison: Poison, now: Micros) -> bool {
        self.poisons(now).any(|acting| acting == poison)
    }
}

impl Merge {
    /// Poison an account, or one of its models, from `from` on. Returns whether it could be: the
    /// account and the model must exist, and a poison of a whole account takes no model.
    pub fn poison(
        &mut self,
        number: usize,
        model_id: Option<&str>,
        poison: Poison,
        from: Micros,
    ) -> bool {
        let Some(account) = self.accounts.get_mut(number) else {
            return false;
        };
        let held = |id: &str| account.models.iter().position(|model| model.spec.id == id);
        let model = match model_id {
            None => None,
            Some(id) => match held(id).filter(|_| poison.is_of_model()) {
                Some(model) => Some(model),
                None => return false,
            },
        };
        account.doses.push(Dose {
            poison,
            model,
            from,
        });
        self.plan_strike(number, account_dose(&self.accounts, number), from);
        true
    }

    /// Take every poison from an account. What it did to the data stays; what it withheld is
    /// served from now on.
    pub fn cure(&mut self, number: usize) {
        self.heal(number);
    }

    /// Every poison, those that do not act yet included.
    #[must_use]
    pub fn poisoned(&self) -> Vec<Poisoned> {
        let accounts = self.accounts.iter();
        let doses = accounts.flat_map(|account| {
            account.doses.iter().map(move |dose| Poisoned {
                account: account.id.clone(),
                model_id: dose
                    .model
                    .and_then(|model| account.models.get(model))
                    .map(|model| model.spec.id.to_owned()),
                poison: dose.poison,
                from: dose.from,
            })
        });
        doses.collect()
    }
}

/// The number of the dose that was added last.
fn account_dose(accounts: &[crate::world::account::Account], number: usize) -> usize {
    accounts
        .get(number)
        .map_or(0, |account| account.doses.len().saturating_sub(1))
}
