//! Merge's two webhooks, signed as Merge signs them and read by the real `receive`.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE;
use hmac::{Hmac, KeyInit as _, Mac as _};
use merge_sync_engine::command::{self, NewAccount};
use merge_sync_engine::receive::receive;
use merge_sync_engine::store::Note;
use merge_sync_logic::signature::SignedBody;
use merge_sync_logic::types::{Account, Secret};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::clock::LINKED_AT;

/// The account.
pub const ACCOUNT: &str = "7841ee0a-5a1a-44db-bc7e-2912d8c17515";

const KEY: &str = "a key of this model alone";

/// Where a webhook is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Webhook {
    /// What it tells has not happened yet.
    Unsent,
    /// On its way, for the first time or again: it may come at any time.
    Flying,
    /// A host has answered it before keeping its note, which is a mistake.
    AnsweredFirst,
    /// Its note was kept, then it was answered: Merge does not send it again.
    Answered,
    /// It never comes.
    Lost,
}

/// Which webhook; its place in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// `Employee.synced`: the second sync has finished. Leaves a note to poll.
    Finish,
    /// `Employee.changed`: a record was written outside syncs. Leaves a note about the model.
    Write,
}

/// Both.
pub const BOTH: [About; 2] = [About::Finish, About::Write];

/// The notes that webhooks and the operator's link leave.
#[derive(Debug)]
pub struct Notes {
    /// By `About`.
    pub of: [Note; 2],
    /// The operator's.
    pub link: Note,
}

impl Notes {
    /// Deliver each webhook once to the real `receive`.
    #[must_use]
    pub fn new() -> Self {
        let finish = json!({
            "hook": { "event": "Employee.synced" },
            "linked_account": { "id": ACCOUNT, "category": "hris" },
            "data": {},
        });
        let write = json!({
            "hook": { "event": "Employee.changed" },
            "linked_account": { "id": ACCOUNT, "category": "hris" },
            "data": { "id": "d" },
        });
        let account = Account {
            id: ACCOUNT.into(),
            category: "hris".into(),
            ..Account::default()
        };
        let new = NewAccount {
            account,
            token: Some(Secret("token".into())),
            linked_at: None,
        };
        Self {
            of: [delivered(&finish), delivered(&write)],
            link: command::link(&new, LINKED_AT),
        }
    }
}

impl Default for Notes {
    fn default() -> Self {
        Self::new()
    }
}

fn delivered(body: &Value) -> Note {
    let body = body.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("any key will do");
    mac.update(body.as_bytes());
    let signature = BASE64_URL_SAFE.encode(mac.finalize().into_bytes());
    let received = receive(&SignedBody {
        body,
        signatures: vec![signature],
        keys: vec![Secret(KEY.into())],
    });
    assert_eq!(received.reply.status, 200, "{:?}", received.log);
    received.note.expect("a note")
}
