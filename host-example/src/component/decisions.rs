//! The component's pure interfaces: answers about facts in hand, without store or network.

use wasmtime::Store;
use wasmtime::component::Linker;

use super::loaded::Component;
use crate::bindings::SyncEngine;
use crate::bindings::exports::merge_sync::triggers::{readiness, signature, webhook, window};
use crate::clock::Micros;
use crate::instant;

/// One instance whose imports all trap: decisions call none.
pub struct Decisions {
    store: Store<()>,
    engine: SyncEngine,
}

impl Decisions {
    /// Instantiate the component.
    ///
    /// # Errors
    ///
    /// The component has other exports than the contract: it is of another version.
    pub async fn new(component: &Component) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(&component.engine);
        linker.define_unknown_imports_as_traps(&component.code)?;
        let mut store = Store::new(&component.engine, ());
        // A person waits, and can press a key.
        store.set_epoch_deadline(u64::MAX / 2);
        let engine = SyncEngine::instantiate_async(&mut store, &component.code, &linker).await?;
        Ok(Self { store, engine })
    }

    /// `webhook.handle`.
    ///
    /// # Errors
    ///
    /// The instance trapped.
    pub async fn handle(
        &mut self,
        delivery: &signature::SignedBody,
    ) -> wasmtime::Result<webhook::Handling> {
        self.engine
            .merge_sync_triggers_webhook()
            .call_handle(&mut self.store, delivery)
            .await
    }

    /// `readiness.parse-status`; the inner error says what is wrong with the body.
    ///
    /// # Errors
    ///
    /// The instance trapped.
    pub async fn parse_status(
        &mut self,
        body: &str,
    ) -> wasmtime::Result<Result<readiness::StatusPage, String>> {
        let page = self
            .engine
            .merge_sync_triggers_readiness()
            .call_parse_status(&mut self.store, body)
            .await?;
        Ok(page.map_err(|problem| problem.message))
    }

    /// The instant that `text` is in the one grammar for instants: that of `/sync-status`.
    ///
    /// # Errors
    ///
    /// The instance trapped.
    pub async fn instant(&mut self, text: &str) -> wasmtime::Result<Option<Micros>> {
        let page = self.parse_status(&instant::as_status(text)).await?;
        Ok(instant::from_status(page))
    }

    /// `readiness.evaluate`.
    ///
    /// # Errors
    ///
    /// The instance trapped.
    pub async fn evaluate(
        &mut self,
        facts: &readiness::Facts,
    ) -> wasmtime::Result<readiness::AccountReadiness> {
        self.engine
            .merge_sync_triggers_readiness()
            .call_evaluate(&mut self.store, facts)
            .await
    }

    /// `window.next`.
    ///
    /// # Errors
    ///
    /// The instance trapped.
    pub async fn next_window(&mut self, facts: &window::Facts) -> wasmtime::Result<window::Plan> {
        self.engine
            .merge_sync_triggers_window()
            .call_next(&mut self.store, facts)
            .await
    }

    /// `window.locate`.
    ///
    /// # Errors
    ///
    /// The instance trapped.
    pub async fn locate(&mut self, model_id: &str) -> wasmtime::Result<window::Endpoint> {
        self.engine
            .merge_sync_triggers_window()
            .call_locate(&mut self.store, &model_id.to_owned())
            .await
    }
}

impl std::fmt::Debug for Decisions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decisions").finish_non_exhaustive()
    }
}
