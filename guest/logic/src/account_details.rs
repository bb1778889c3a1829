//! What does Merge say of a linked account? `/account-details`, and the same part of a webhook.

use alloc::format;

use crate::merge_json::Object;
use crate::types::{Account, Problem};

/// Read the body of `GET /api/{category}/v1/account-details`. Whatever but the id cannot be
/// read is empty, or `None`, by itself.
///
/// # Errors
///
/// Where the body is not a JSON object with a text `id`.
pub fn parse(body: &str) -> Result<Account, Problem> {
    let object = Object::parse("body", body, 0)?;
    account(&object).ok_or_else(|| Problem {
        message: format!("id: expected a text, found {}", object.kind_of("id")),
    })
}

/// `None` where it has no id.
pub fn account(object: &Object<'_>) -> Option<Account> {
    let mut account = Account {
        id: object.filled_text("id")?,
        ..Account::default()
    };
    for (key, value) in object.entries() {
        let field = match key {
            "category" => &mut account.category,
            "integration" => &mut account.integration,
            "integration_slug" => &mut account.integration_slug,
            "end_user_origin_id" => &mut account.end_user_origin_id,
            "end_user_organization_name" => &mut account.organization_name,
            "status" => &mut account.link_status,
            "account_type" => &mut account.account_type,
            "is_duplicate" => {
                account.is_duplicate = value.flag();
                continue;
            }
            _ => continue,
        };
        *field = value.text().unwrap_or_default();
    }
    Some(account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;

    #[test]
    fn an_account_is_read_field_by_field() {
        let body = "\u{feff}".to_owned()
            + r#"{"id":"a","integration":"Example","integration_slug":"example",
            "category":"hris","end_user_origin_id":"o","end_user_organization_name":"N\u0000",
            "end_user_email_address":"x@example.test","status":"RELINK_NEEDED",
            "webhook_listener_url":"u","is_duplicate":true,"account_type":"TEST",
            "completed_at":"2024-08-26T20:11:19Z","x":{"id":"b"}}"#;
        let want = Account {
            id: "a".into(),
            category: "hris".into(),
            integration: "Example".into(),
            integration_slug: "example".into(),
            end_user_origin_id: "o".into(),
            organization_name: "N\u{fffd}".into(),
            link_status: "RELINK_NEEDED".into(),
            account_type: "TEST".into(),
            is_duplicate: Some(true),
        };
        assert_eq!(parse(&body), Ok(want));
    }

    #[test]
    fn what_cannot_be_read_is_not_said() {
        let body = r#"{"id":"a","category":null,"status":7,"is_duplicate":"yes","integration":{}}"#;
        let want = Account {
            id: "a".into(),
            ..Account::default()
        };
        assert_eq!(parse(body), Ok(want));
    }

    #[test]
    fn an_account_without_an_id_is_a_problem() {
        for (body, want) in [
            ("{}", "id: expected a text, found nothing"),
            (r#"{"id":7}"#, "id: expected a text, found a number"),
            ("[]", "body: expected an object, found a list"),
        ] {
            assert_eq!(parse(body).expect_err(body).message, want);
        }
    }
}
