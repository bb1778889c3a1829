//! HTTP in, on two listeners.
//!
//! The public one is for Merge, and may be reached from anywhere:
//!
//! | Route | For |
//! |---|---|
//! | `POST /api/webhooks/merge` | Merge's webhooks; also `/webhooks/merge/sync-completed` and `/webhooks/merge/model-synced` |
//! | `GET /livez`, `GET /readyz` | whether the process answers, and whether the store does; a status alone |
//!
//! The admin one is for operators and the product itself, and lets in who has a token or a session
//! ([`access`](crate::access)). A token for reading is good for `GET` alone.
//!
//! | Route | For |
//! |---|---|
//! | `GET /api/accounts?after=&limit=` | the accounts, by id |
//! | `POST /api/accounts` | an account to look after: `{"token", "category"}`, and `id` if it is known |
//! | `GET /api/accounts/{id}` | one account, as the engine sees it |
//! | `GET /api/accounts/{id}/readiness?required=` | where it stands for these models |
//! | `POST /api/accounts/{id}/{command}` | `poll`, `reread`, `pause`, `resume`, `unlink`, `reset` |
//! | `POST /api/accounts/{id}/reread-model?model=` | read this model whole, now |
//! | `POST /api/accounts/{id}/approve-deletions?model=&pass=` | carry out the held sweep of this pass |
//! | `GET /api/notices?after=&limit=` | the outbox: what a product may want to act on |
//! | `GET /healthz` | whether the store answers, and what was done so far |
//! | `GET /`, `GET /accounts/{id}` | pages for people |
//! | `GET /login`, `POST /login`, `POST /logout` | a session for who knows a token |
//!
//! The webhook routes answer nothing but 200, 401 and 500, to whatever is sent to them, also with
//! a slash at their end. So does every other path of the public listener to a request that has a
//! webhook's signature: Merge never tries again after a 404, and one wrong letter in a webhook's
//! address would lose all of them.

mod api;
mod ask;
mod error;
mod gate;
mod linking;
mod page;
mod router;
mod segment;
pub mod server;
pub mod webhook;

pub use router::{admin, public};
