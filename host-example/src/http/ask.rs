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

/// Ask the engine for something. It takes an approval of what is not held for nothing; whoever
/// gave it should know.
pub(super) async fn ask(host: &Host, id: String, command: Command) -> Result<(), ApiError> {
    if let Command::ApproveDeletions(approval) = &command {
        let (_, view) = look(host, &id, Vec::new()).await?;
        held(&view, approval)?;
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
    let model = view
        .models
        .iter()
        .find(|model| model.status.model_id == approval.model_id);
    let found = model.and_then(|model| Some((model, model.held_sweep?)));
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
