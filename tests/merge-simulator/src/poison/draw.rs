//! Which accounts are poisoned, with what: drawn by the seed.

use crate::config::Config;
use crate::dice::Dice;
use crate::poison::{Dose, InstantForm, Poison};
use crate::time::{HOUR, Micros};
use crate::world::account::Account;

/// Which accounts get a poison, and which poisons there are to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoisonPlan {
    /// What is drawn from; nothing is poisoned where it is empty.
    pub kinds: Vec<Poison>,
    /// One account in so many gets one, on the average.
    pub one_in: u64,
    /// Poisons that come late come between these times after the start.
    pub late: (Micros, Micros),
}

impl PoisonPlan {
    /// Nothing is poisoned.
    #[must_use]
    pub fn none() -> Self {
        Self::of(Vec::new())
    }

    /// One account in four gets one of `kinds`.
    #[must_use]
    pub fn of(kinds: Vec<Poison>) -> Self {
        Self {
            kinds,
            one_in: 4,
            late: (8 * HOUR, 12 * HOUR),
        }
    }

    /// Every kind that a simulation of many runs can bear.
    #[must_use]
    pub fn all() -> Self {
        Self::of(Poison::drawn().to_vec())
    }
}

/// Instants come in each of their forms.
const fn instants(form: InstantForm) -> Poison {
    Poison::Instants { form }
}

const DRAWN: [Poison; 41] = [
    Poison::LastPageNamesItself,
    Poison::ClampedOffsetCursors { clamp: 0 },
    Poison::CursorsRefused { status: 400 },
    Poison::CursorsRefused { status: 404 },
    Poison::OffsetCursorsShift,
    Poison::EmptyPagesForever,
    Poison::RepeatedPages,
    Poison::UnreadableNext,
    Poison::PageSizeLimit { rows: 0 },
    Poison::BrokenRecord,
    Poison::BrokenJson,
    Poison::RecordSpoils,
    Poison::EmptyFullReads,
    Poison::ShrunkenFullReads,
    Poison::NarrowedSelectiveSync,
    Poison::ScopeOff,
    Poison::FieldOff,
    instants(InstantForm::Space),
    instants(InstantForm::SpaceZ),
    instants(InstantForm::Small),
    instants(InstantForm::Offset),
    instants(InstantForm::BareOffset),
    instants(InstantForm::FarOffset),
    instants(InstantForm::Naive),
    instants(InstantForm::Nanoseconds),
    Poison::UnreadableFinish,
    Poison::FutureFinish,
    Poison::NamelessRow,
    Poison::ByteOrderMark,
    Poison::CategoryNull,
    Poison::RelinkNeeded,
    Poison::ResolvedIssues,
    Poison::NulCharacters,
    Poison::FlakyPages {
        one_in: 50,
        minutes: 10,
    },
    Poison::RecordsWithoutId,
    Poison::FiltersIgnored,
    Poison::ListRefused { status: 401 },
    Poison::ListRefused { status: 403 },
    Poison::ListRefused { status: 500 },
    Poison::TokenRefused,
    Poison::RepeatedStatus,
];

impl Poison {
    /// Every kind that is drawn where all are wanted. A clamp or a limit of 0 stands for one
    /// that fits the model: a third of its rows, a third of a page. The huge body is not among
    /// them: it would cost more than all the others together.
    #[must_use]
    pub fn drawn() -> &'static [Self] {
        &DRAWN
    }

    /// The value 0 made fitting.
    fn fitted(self, rows: usize, config: &Config) -> Self {
        match self {
            Self::ClampedOffsetCursors { clamp: 0 } => Self::ClampedOffsetCursors {
                clamp: (rows / 3).max(1),
            },
            Self::PageSizeLimit { rows: 0 } => Self::PageSizeLimit {
                rows: (config.page_size_at_most.min(100) / 3).max(1),
            },
            other => other,
        }
    }
}

/// The dose of an account that is about to be linked, if it gets one. Draws from a stream of its
/// own: the account's data is the same with it and without.
pub(crate) fn draw(config: &Config, number: usize, account: &Account) -> Option<Dose> {
    let plan = &config.poison;
    let mut dice = Dice::new(config.seed, "poison", number as u64);
    if plan.kinds.is_empty() || dice.below(plan.one_in.max(1)) > 0 {
        return None;
    }
    let poison = *dice.pick(&plan.kinds);
    let (low, high) = plan.late;
    let late = config.start + dice.between(low, high);
    let from = if poison.is_late() { late } else { Micros::MIN };
    let model = if poison.is_of_model() {
        Some(some_model(account, &mut dice)?)
    } else {
        None
    };
    let rows = model.map_or(0, |model| account.models[model].records.len());
    let poison = poison.fitted(rows, config);
    Some(Dose {
        poison,
        model,
        from,
    })
}

/// A model that is read by windows from the beginning, the larger ones more often.
fn some_model(account: &Account, dice: &mut Dice) -> Option<usize> {
    let models = account.models.iter().enumerate();
    let fit = models.filter(|(_, model)| model.is_listed() && model.spec.is_filtered());
    let fit: Vec<(usize, usize)> = fit
        .map(|(number, model)| (number, model.records.len()))
        .collect();
    let total: usize = fit.iter().map(|(_, rows)| rows).sum();
    let mut left = dice.index(total);
    for (number, rows) in fit {
        if left < rows {
            return Some(number);
        }
        left -= rows;
    }
    None
}
