//! `merge-sync explain`: what would be done about a `/sync-status` answer, and why?

mod print;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use super::input::bytes;
use crate::bindings::exports::merge_sync::triggers::readiness::{
    self, AccountPhase, AccountReadiness, PartialPolicy, Phase,
};
use crate::bindings::exports::merge_sync::triggers::types::ModelStatus;
use crate::bindings::exports::merge_sync::triggers::window::{
    self, Endpoint, Plan, Progress, SkipReason, Span,
};
use crate::component::Decisions;
use crate::dto::ProgressDto;
use crate::engine_flag::Engine;
use crate::shortened::shortened;
use crate::terminal::say;

pub(super) const HELP: &str = "\
Give every page of the answer, in order: an account is judged by all of its models.

Instants are read as in /sync-status. The progress file is a JSON object by model id, each with the instants that are kept for it, any
of which may be left out or null:
  {\"hris.Employee\": {\"merge_last_sync_finished\": \"2025-11-27T10:39:49.905833Z\",
                     \"last_synced_at\": null, \"last_fetched_at\": null}}";

/// Flags of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// Files with the pages' bodies; - is standard input
    #[arg(default_value = "-")]
    pages: Vec<PathBuf>,
    /// File with the stored progress of each model
    #[arg(long, value_name = "FILE")]
    progress: Option<PathBuf>,
    /// Models that the product needs, separated by commas; all enabled ones if left out
    #[arg(long, value_delimiter = ',', value_name = "MODELS")]
    required: Vec<String>,
    /// What a partial initial sync counts for
    #[arg(long, value_enum, default_value_t = Partial::Strict)]
    partial: Partial,
    /// Whether a model waits for the others
    #[arg(long, value_enum, default_value_t = Gate::Account)]
    gate: Gate,
    /// How the bounds of a window are chosen
    #[arg(long, value_enum, default_value_t = Rule::Contiguous)]
    rule: Rule,
    /// How far a window reaches back into the one before it
    #[arg(long, default_value_t = 300_000, value_name = "MILLISECONDS")]
    overlap_ms: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    engine: Engine,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Partial {
    Strict,
    AcceptPartial,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Gate {
    Account,
    Model,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rule {
    Contiguous,
    OpenEnded,
    FetchStart,
}

/// Whether a model may be fetched, and what stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Open,
    /// It is not ready itself.
    Own,
    /// Others are not.
    Others,
    /// Whether they are is not known.
    Pages,
}

/// What is printed of one model.
#[derive(Debug)]
struct Explained {
    model_id: String,
    phase: Phase,
    reason: String,
    plan: Planned,
}

#[derive(Debug)]
enum Planned {
    /// Read this path, with these bounds; without, where the endpoint cannot filter.
    Fetch {
        /// Without parameters.
        path: String,
        filtered: bool,
        /// Parameters of every request.
        always: String,
        /// The fields that are a record's key.
        key: Vec<String>,
        span: Span,
    },
    /// Read nothing; why.
    Skip(&'static str),
}

impl Explain {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut decisions = self.engine.decisions().await?;
        let progress = self.stored_progress(&mut decisions).await?;
        let (statuses, complete) = self.statuses(&mut decisions).await?;
        let facts = readiness::Facts {
            statuses: statuses.clone(),
            complete,
            required: self.required.clone(),
            partial: match self.partial {
                Partial::Strict => PartialPolicy::Strict,
                Partial::AcceptPartial => PartialPolicy::AcceptPartial,
            },
            ready_before: progress
                .iter()
                .filter(|(_, progress)| progress.merge_last_sync_finished.is_some())
                .map(|(model, _)| model.clone())
                .collect(),
            was_ready: false,
        };
        let account = decisions
            .evaluate(&facts)
            .await
            .map_err(anyhow::Error::from)?;
        let mut models = Vec::new();
        for model in &account.models {
            let status = statuses
                .iter()
                .find(|status| status.model_id == model.model_id);
            let plan = match status {
                None => Planned::Skip("Merge does not list this model."),
                Some(status) => {
                    let entry = self.entry(model.phase, &account, complete);
                    let stored = progress.get(&model.model_id).copied().unwrap_or(NOTHING);
                    self.plan(&mut decisions, status, stored, entry).await?
                }
            };
            models.push(Explained {
                model_id: model.model_id.clone(),
                phase: model.phase,
                reason: model.reason.clone(),
                plan,
            });
        }
        say(&if self.json {
            print::to_json(account, &models, complete).to_string()
        } else {
            print::to_text(&account, &models, complete)
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// The rows of all pages, and whether the last page was among them.
    async fn statuses(
        &self,
        decisions: &mut Decisions,
    ) -> anyhow::Result<(Vec<ModelStatus>, bool)> {
        let mut statuses = Vec::new();
        let mut complete = false;
        for path in &self.pages {
            let name = path.display();
            let body = String::from_utf8(bytes(path)?)
                .with_context(|| format!("`{name}` is not UTF-8"))?;
            let page = decisions
                .parse_status(&body)
                .await
                .map_err(anyhow::Error::from)?;
            let page = match page {
                Ok(page) => page,
                Err(problem) => bail!("`{name}` is no page of /sync-status: {problem}"),
            };
            complete = page.next.is_none();
            statuses.extend(page.statuses);
        }
        Ok((statuses, complete))
    }

    async fn stored_progress(
        &self,
        decisions: &mut Decisions,
    ) -> anyhow::Result<BTreeMap<String, Progress>> {
        let Some(path) = &self.progress else {
            return Ok(BTreeMap::new());
        };
        let name = path.display();
        let stored: BTreeMap<String, ProgressDto> = serde_json::from_slice(&bytes(path)?)
            .with_context(|| format!("`{name}` is no progress of models"))?;
        let mut progress = BTreeMap::new();
        for (model, stored) in stored {
            let mut instants = [None; 3];
            let texts = [
                ("last_synced_at", stored.last_synced_at),
                ("merge_last_sync_finished", stored.merge_last_sync_finished),
                ("last_fetched_at", stored.last_fetched_at),
            ];
            for (instant, (field, text)) in instants.iter_mut().zip(texts) {
                let Some(text) = text else { continue };
                *instant = decisions
                    .instant(&text)
                    .await
                    .map_err(anyhow::Error::from)?;
                if instant.is_none() {
                    let found = shortened(&text);
                    bail!(
                        "`{name}`: {model}.{field}: `{found}` is no instant such as \
                         2025-11-27T10:39:49.905833Z"
                    );
                }
            }
            let [last_synced_at, merge_last_sync_finished, last_fetched_at] = instants;
            progress.insert(
                model,
                Progress {
                    last_synced_at,
                    merge_last_sync_finished,
                    last_fetched_at,
                },
            );
        }
        Ok(progress)
    }

    /// Whether a model of this phase may be fetched.
    fn entry(&self, phase: Phase, account: &AccountReadiness, complete: bool) -> Entry {
        match (phase, self.gate, account.phase) {
            (Phase::Disabled | Phase::Syncing | Phase::NeedsAttention, _, _) => Entry::Own,
            (Phase::Ready, Gate::Model, _) => Entry::Open,
            (Phase::Ready, Gate::Account, _) if !complete => Entry::Pages,
            (Phase::Ready, Gate::Account, AccountPhase::Unknown | AccountPhase::Syncing) => {
                Entry::Others
            }
            (Phase::Ready, Gate::Account, AccountPhase::NeedsAttention | AccountPhase::Ready) => {
                Entry::Open
            }
        }
    }

    async fn plan(
        &self,
        decisions: &mut Decisions,
        status: &ModelStatus,
        progress: Progress,
        entry: Entry,
    ) -> anyhow::Result<Planned> {
        let listed = match decisions
            .locate(&status.model_id)
            .await
            .map_err(anyhow::Error::from)?
        {
            Endpoint::Listed(listed) => listed,
            Endpoint::Unlisted => {
                return Ok(Planned::Skip("Merge has no list of this model."));
            }
            Endpoint::Unmapped => {
                return Ok(Planned::Skip(
                    "This version does not know where the model is listed.",
                ));
            }
        };
        let facts = window::Facts {
            status: status.clone(),
            progress,
            ready: entry == Entry::Open,
            rule: match self.rule {
                Rule::Contiguous => window::Rule::Contiguous,
                Rule::OpenEnded => window::Rule::OpenEnded,
                Rule::FetchStart => window::Rule::FetchStart,
            },
            overlap: self.overlap_ms,
        };
        Ok(
            match decisions
                .next_window(&facts)
                .await
                .map_err(anyhow::Error::from)?
            {
                Plan::Fetch(span) => Planned::Fetch {
                    path: listed.path,
                    filtered: listed.filtered,
                    always: listed.always,
                    key: listed.key,
                    span,
                },
                Plan::Skip(skip) => Planned::Skip(why(skip.reason, entry)),
            },
        )
    }
}

const NOTHING: Progress = Progress {
    last_synced_at: None,
    merge_last_sync_finished: None,
    last_fetched_at: None,
};

fn why(reason: SkipReason, gate: Entry) -> &'static str {
    match (reason, gate) {
        (SkipReason::Disabled, _) => "The model is switched off.",
        (SkipReason::InitialSyncIncomplete, Entry::Others) => {
            "It is ready, but another needed model is still syncing."
        }
        (SkipReason::InitialSyncIncomplete, Entry::Pages) => {
            "It is ready, but not every page of the answer is here."
        }
        (SkipReason::InitialSyncIncomplete, Entry::Open | Entry::Own) => {
            "Its initial sync is not complete."
        }
        (SkipReason::Failed, _) => "Its latest sync failed: the finish says nothing about data.",
        (SkipReason::NothingFinished, _) => "No sync that brought data has finished.",
        (SkipReason::NotNewer, _) => "This finish was fetched already.",
    }
}
