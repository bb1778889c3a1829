//! Pages and their cursors.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Merge;
use crate::api::Response;
use crate::api::query::Query;
use crate::time::{self, Micros, iso};

/// What a result is ordered by: an instant, then an id.
pub(crate) type Key = (Micros, String);

/// A place in a list: results after it, or, going back, before it.
#[derive(Debug)]
struct Cursor {
    key: Key,
    back: bool,
}

impl Cursor {
    /// Opaque to clients: base64 of a query string that names the place and the read.
    fn encode(&self, scope: &str) -> String {
        let text = form_urlencoded::Serializer::new(String::new())
            .append_pair(if self.back { "r" } else { "p" }, &iso(self.key.0))
            .append_pair("i", &self.key.1)
            .append_pair("s", scope)
            .finish();
        URL_SAFE_NO_PAD.encode(text)
    }

    /// The place, and the scope it was made for.
    fn decode(text: &str) -> Option<(Self, String)> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        let query = Query::parse(std::str::from_utf8(&bytes).ok()?);
        let back = query.text("r").is_some();
        let at = time::parse(query.text(if back { "r" } else { "p" })?)?;
        let id = query.text("i")?.to_owned();
        let scope = query.text("s")?.to_owned();
        Some((
            Self {
                key: (at, id),
                back,
            },
            scope,
        ))
    }
}

/// What a paged endpoint answers.
#[derive(Debug, Serialize)]
pub(super) struct Page<R> {
    pub next: Option<String>,
    pub previous: Option<String>,
    pub results: Vec<R>,
}

pub(super) fn invalid_cursor() -> Response {
    Response::detail(400, "Invalid cursor")
}

impl Merge {
    /// One page of `items`, which come in order. `what` and the query's fixed parameters tell
    /// reads apart: a cursor of another read is refused.
    pub(super) fn page<'a, T, R>(
        &self,
        what: &str,
        query: &Query,
        items: impl DoubleEndedIterator<Item = (&'a Key, T)>,
        render: impl Fn(T) -> R,
    ) -> Result<Page<R>, Response> {
        let mut hash = Sha256::new();
        hash.update(what);
        hash.update("?");
        hash.update(query.fixed());
        let scope = URL_SAFE_NO_PAD.encode(&hash.finalize()[..9]);
        let cursor = match query.text("cursor").map(Cursor::decode) {
            None => None,
            Some(Some((cursor, of))) if of == scope => Some(cursor),
            Some(_) => return Err(invalid_cursor()),
        };
        let size = query.page_size().min(self.config.page_size_at_most.max(1));
        let back = cursor.as_ref().is_some_and(|cursor| cursor.back);
        let beyond = |key: &Key| match &cursor {
            None => true,
            Some(cursor) if cursor.back => *key < cursor.key,
            Some(cursor) => *key > cursor.key,
        };
        let mut page: Vec<(&Key, T)> = if back {
            items
                .rev()
                .filter(|(key, _)| beyond(key))
                .take(size + 1)
                .collect()
        } else {
            items
                .filter(|(key, _)| beyond(key))
                .take(size + 1)
                .collect()
        };
        let more = page.len() > size;
        page.truncate(size);
        if back {
            page.reverse();
        }
        let link = |entry: Option<&(&Key, T)>, back| {
            entry.map(|(key, _)| {
                Cursor {
                    key: (*key).clone(),
                    back,
                }
                .encode(&scope)
            })
        };
        let next = link(page.last(), false).filter(|_| more || back);
        let previous =
            link(page.first(), true).filter(|_| if back { more } else { cursor.is_some() });
        let results = page.into_iter().map(|(_, item)| render(item)).collect();
        Ok(Page {
            next,
            previous,
            results,
        })
    }

    /// Count a cursor whose read had other parameters; it is refused with a 400 as well.
    pub(super) fn note_misuse(&mut self, query: &Query, refused: bool) {
        let known = query
            .text("cursor")
            .is_some_and(|text| Cursor::decode(text).is_some());
        self.stats.cursor_misuses += u64::from(known && refused);
    }
}
