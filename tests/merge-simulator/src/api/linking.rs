//! The way from a link token to an account token, and the keys of the organization.

use serde_json::{Value, json};

use crate::Merge;
use crate::api::{Handled, Response, not_found};
use crate::catalog::{CATEGORIES, integration};
use crate::time::{DAY, MINUTE, Micros, iso};
use crate::world::link::EndUser;

/// What an end user may do until it expires, or has done.
#[derive(Debug, Clone)]
pub(crate) struct LinkSession {
    token: String,
    category: String,
    end_user: EndUser,
    expires_at: Micros,
    /// The account and the public token, once the end user is through.
    done: Option<(usize, String)>,
}

/// A field that must be a text.
fn required(body: &Value, field: &str) -> Result<String, Response> {
    match body[field].as_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(invalid(field, "This field is required.")),
    }
}

/// A 400 that names the field.
pub(super) fn invalid(field: &str, text: &str) -> Response {
    Response::json(400, &json!({ field: [text] }))
}

impl Merge {
    /// `POST /link-token`.
    pub(super) fn link_token(&mut self, path_category: &str, body: &Value) -> Handled {
        let end_user = EndUser {
            origin_id: required(body, "end_user_origin_id")?,
            organization: required(body, "end_user_organization_name")?,
            email: Some(required(body, "end_user_email_address")?),
        };
        let wanted = body["categories"].as_array().cloned().unwrap_or_default();
        let mut known = wanted.iter().filter_map(Value::as_str);
        let category = known.find(|name| CATEGORIES.contains(name));
        let category = match category {
            Some(name) => name.to_owned(),
            None if wanted.is_empty() => path_category.to_owned(),
            None => return Err(invalid("categories", "No such category is simulated.")),
        };
        let minutes = body["link_expiry_mins"].as_i64().unwrap_or(30);
        if !(30..=7 * DAY / MINUTE).contains(&minutes) {
            return Err(invalid("link_expiry_mins", "Expected 30 to 10080."));
        }
        let token = self.secrets.secret(40);
        let magic = body["should_create_magic_link_url"] == true;
        let url = magic.then(|| format!("https://link.merge.dev/magic-link/{token}"));
        if magic {
            self.audit("GENERATED_MAGIC_LINK", &end_user.organization);
        }
        self.sessions.push(LinkSession {
            token: token.clone(),
            category,
            end_user,
            expires_at: self.now + minutes * MINUTE,
            done: None,
        });
        Ok(Response::json(
            200,
            &json!({ "link_token": token, "integration_name": null, "magic_link_url": url }),
        ))
    }

    /// The end user goes through Merge Link: the public token that the product's page gets.
    ///
    /// # Errors
    ///
    /// Why Merge Link would not open.
    pub fn finish_link(&mut self, link_token: &str, test: bool) -> Result<String, String> {
        let now = self.now;
        let place = self
            .sessions
            .iter()
            .position(|session| session.token == link_token);
        let place = place.ok_or("link_token: not one that was given out")?;
        let session = self.sessions[place].clone();
        if session.expires_at <= now || session.done.is_some() {
            return Err("link_token: expired, or used already".to_owned());
        }
        let number = self.link_as(&session.category, session.end_user, test);
        let public = self.secrets.secret(40);
        self.sessions[place].done = Some((number, public.clone()));
        Ok(public)
    }

    /// `GET /account-token/{public_token}`.
    pub(super) fn account_token(&self, public: &str) -> Handled {
        let mut done = self.sessions.iter().filter_map(|it| it.done.as_ref());
        let (number, _) = done
            .find(|(_, known)| known == public)
            .ok_or_else(not_found)?;
        let account = &self.accounts[*number];
        Ok(Response::json(
            200,
            &json!({
                "account_token": account.token,
                "integration": account_integration(&account.category),
                "id": account.id,
            }),
        ))
    }

    /// `POST /account-token/regenerate`: the old token is dead. No webhook says so.
    pub(super) fn regenerate_token(&mut self, number: usize) -> Response {
        let token = self.secrets.secret(54);
        let account = &mut self.accounts[number];
        account.token = token;
        Response::json(
            200,
            &json!({ "linked_account_id": account.id, "account_token": account.token }),
        )
    }

    /// `POST /generate-key` and `/regenerate-key`: the latter puts a new key in the place of the
    /// one of that name.
    pub(super) fn new_key(&mut self, body: &Value, again: bool) -> Handled {
        let name = required(body, "name")?;
        if again != self.keys.contains_key(&name) {
            let text = if again {
                "No key has this name."
            } else {
                "A key of this name exists."
            };
            return Err(invalid("name", text));
        }
        let key = format!("prod_{}", self.secrets.secret(40));
        let event = if again {
            "REGENERATED_PRODUCTION_API_KEY"
        } else {
            "CREATED_REMOTE_PRODUCTION_API_KEY"
        };
        self.audit(event, &name);
        self.keys.insert(name.clone(), key.clone());
        Ok(Response::json(200, &json!({ "name": name, "key": key })))
    }

    /// Note an event of the audit trail.
    pub(crate) fn audit(&mut self, event: &'static str, of: &str) {
        let id = self.secrets.uuid();
        let row = json!({
            "id": id,
            "user_name": null,
            "user_email": null,
            "role": "API",
            "ip_address": "127.0.0.1",
            "event_type": event,
            "event_description": format!("{event} ({of})"),
            "created_at": iso(self.now),
        });
        // In the order of what happened, also within one instant.
        let key = (self.now, format!("{:08}", self.trail.len()));
        self.trail.push((key, row));
    }
}

/// `integration` as `/account-token` and `/available-actions` have it.
pub(super) fn account_integration(category: &str) -> Value {
    let (name, slug) = integration(category);
    json!({
        "name": name,
        "abbreviated_name": name,
        "categories": [category],
        "image": null,
        "square_image": null,
        "color": "#4B8BF5",
        "slug": slug,
        "api_endpoints_to_documentation_urls": {},
        "webhook_setup_guide_url": null,
        "category_beta_status": {},
    })
}
