//! What the API and the pages both ask of the engine.

use axum::http::StatusCode;

use super::error::ApiError;
use crate::bindings::exports::merge_sync::triggers::triggers::{
    Approval, Command, HeldSweep, ModelView, View,
};
use crate::host::Host;
use crate::shortened::shortened;
use crate::store::Listed;

/// The account as the store lists it and as the engine sees it.
pub(super) async fn look(
    host: &Host,
    id: &str,
    required: Vec<String>,
) -> Result<(Listed, View), ApiError> {
    let Some(listed) = host.store.account(id).await? else {
        return Err(ApiError::unknown_account(id));
    };
    let view = host.triggers.inspect(id.to_owned(), required).await?;
    Ok((listed, view))
}

/// Ask the engine for something. It passes over a re-read of a model that Merge does not list, and
/// an approval of what is not held; whoever asked should know.
pub(super) async fn ask(host: &Host, id: String, command: Command) -> Result<(), ApiError> {
    match &command {
        Command::ApproveDeletions(approval) => {
            let (_, view) = look(host, &id, Vec::new()).await?;
            held(&view, approval)?;
        }
        Command::RereadModel(model_id) => {
            let (_, view) = look(host, &id, Vec::new()).await?;
            listed(&view, model_id)?;
        }
        _ => {}
    }
    host.triggers.request(id, command).await?;
    host.wake();
    Ok(())
}

/// The sweep that an approval is about, and its model.
pub(super) fn held<'a>(
    view: &'a View,
    approval: &Approval,
) -> Result<(&'a ModelView, HeldSweep), ApiError> {
    let model = listed(view, &approval.model_id)?;
    let found = model.held_sweep.map(|sweep| (model, sweep));
    let refused = match found {
        Some((model, sweep)) if sweep.pass == approval.pass => return Ok((model, sweep)),
        Some((_, sweep)) => format!(
            "pass: the held sweep of `{}` is of pass {}, and not {}",
            shortened(&approval.model_id),
            sweep.pass,
            approval.pass
        ),
        None => format!(
            "model: no sweep of `{}` is held",
            shortened(&approval.model_id)
        ),
    };
    Err(ApiError::new(StatusCode::CONFLICT, refused))
}

fn listed<'a>(view: &'a View, model_id: &str) -> Result<&'a ModelView, ApiError> {
    let mut models = view.models.iter();
    let found = models.find(|model| model.status.model_id == model_id);
    found.ok_or_else(|| {
        let refused = format!(
            "model: merge does not list `{}` for this account",
            shortened(model_id)
        );
        ApiError::new(StatusCode::CONFLICT, refused)
    })
}
