//! What an account's integration can do, and what its scopes let through.

use serde_json::{Value, json};

use crate::Merge;
use crate::api::linking::account_integration;
use crate::api::{Handled, Response};
use crate::catalog::{self, ModelSpec};

/// The operations that an integration offers, by model: reading, where there is a list.
pub(crate) fn operations(category: &str) -> Value {
    let listed = catalog::models(category).filter(|spec| spec.path.is_some());
    let rows = listed.map(|spec| {
        let fields: Vec<&str> = spec.fields.iter().map(|(name, _)| *name).collect();
        json!({
            "model_name": spec.name,
            "available_operations": ["FETCH"],
            "required_post_parameters": [],
            "supported_fields": fields,
        })
    });
    Value::Array(rows.collect())
}

fn scope(spec: &ModelSpec, enabled: bool) -> Value {
    let fields: Vec<&str> = spec.fields.iter().map(|(name, _)| *name).collect();
    json!({
        "model_name": spec.name,
        "model_permissions": {
            "READ": { "is_enabled": enabled },
            "WRITE": { "is_enabled": false },
        },
        "field_permissions": { "enabled_fields": fields, "disabled_fields": [] },
    })
}

impl Merge {
    /// `GET /available-actions`.
    pub(super) fn available_actions(&self, number: usize) -> Response {
        let category = &self.accounts[number].category;
        Response::json(
            200,
            &json!({
                "integration": account_integration(category),
                "passthrough_available": true,
                "available_model_operations": operations(category),
            }),
        )
    }

    /// `GET /default-scopes`.
    pub(super) fn default_scopes(category: &str) -> Response {
        let scopes = catalog::models(category).map(|spec| scope(spec, true));
        Response::json(200, &json!({ "common_models": scopes.collect::<Vec<_>>() }))
    }

    /// `GET /linked-account-scopes`.
    pub(super) fn account_scopes(&self, number: usize) -> Response {
        let models = self.accounts[number].models.iter();
        let scopes = models.map(|model| scope(model.spec, model.enabled));
        Response::json(200, &json!({ "common_models": scopes.collect::<Vec<_>>() }))
    }

    /// `POST /linked-account-scopes`: models whose reading is switched off or on.
    pub(super) fn set_scopes(&mut self, number: usize, body: &Value) -> Handled {
        let wanted = body["common_models"].as_array();
        let wanted = wanted
            .ok_or_else(|| super::linking::invalid("common_models", "This field is required."))?;
        for scope in wanted {
            let name = scope["model_name"].as_str().unwrap_or_default();
            let mut models = self.accounts[number].models.iter();
            let model = models.position(|model| model.spec.name == name);
            let model = model.ok_or_else(|| {
                super::linking::invalid("common_models", &format!("`{name}` is no model."))
            })?;
            let read = &scope["model_permissions"]["READ"]["is_enabled"];
            if let Some(enabled) = read.as_bool() {
                self.enable(number, model, enabled);
            }
        }
        let id = self.accounts[number].id.clone();
        self.audit("CHANGED_SCOPES", &id);
        Ok(self.account_scopes(number))
    }

    /// `POST /webhook-receivers`: a receiver from the third party to Merge.
    pub(super) fn add_receiver(&mut self, number: usize, body: &Value) -> Handled {
        let (Some(event), Some(active)) = (body["event"].as_str(), body["is_active"].as_bool())
        else {
            let text = "`event` and `is_active` are required.";
            return Err(super::linking::invalid("event", text));
        };
        let row = json!({ "event": event, "is_active": active, "key": body["key"] });
        self.accounts[number].receivers.push(row.clone());
        Ok(Response::json(200, &row))
    }

    /// `POST /passthrough`: the third party says what it was asked.
    pub(super) fn passthrough(body: &Value) -> Handled {
        let text = |field: &str| {
            let value = body[field].as_str();
            value.ok_or_else(|| super::linking::invalid(field, "This field is required."))
        };
        let (method, path) = (text("method")?, text("path")?);
        Ok(Response::json(
            200,
            &json!({
                "method": method,
                "path": path,
                "status": 200,
                "response": { "asked": { "method": method, "path": path, "data": body["data"] } },
                "response_headers": { "Content-Type": "application/json" },
                "response_type": "JSON",
                "headers": {},
            }),
        ))
    }
}
