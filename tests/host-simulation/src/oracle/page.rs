//! Pages of lists, read here once more and by other means than the engine's.

use merge_simulator::Response;
use serde_json::Value;

/// What the bounds of a request for a page are, and where its page begins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asked {
    /// Path and bounds: the same for every page of a read, or of a part of it.
    pub read: String,
    /// Where the page begins.
    pub cursor: Option<String>,
    /// Whether the read leaves nothing out by time.
    pub is_whole: bool,
    /// Whether it has an upper bound alone: the first part of a read of everything that is read in
    /// parts.
    pub is_first_part: bool,
}

/// A page, as far as it matters here.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    /// The keys of its records.
    pub keys: Vec<String>,
    /// Records that no store can keep: without a key, or no JSON.
    pub unkeepable: usize,
    /// Where the next page begins.
    pub next: Option<String>,
}

impl Asked {
    pub fn of(target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut read = path.to_owned();
        let (mut cursor, mut after, mut before) = (None, false, false);
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "cursor" => cursor = Some(value.to_owned()),
                "page_size" => {}
                _ => {
                    after |= name == "modified_after";
                    before |= name == "modified_before";
                    read.push('&');
                    read.push_str(pair);
                }
            }
        }
        Self {
            read,
            cursor,
            is_whole: !after && !before,
            is_first_part: before && !after,
        }
    }
}

/// The values that stand for no JSON at all in the simulated Merge's broken pages.
const BROKEN: [&str; 2] = ["NaN", "None"];

/// The page of a good answer; `None` where nothing of it can be read.
pub(super) fn page(model: &str, response: &Response) -> Option<Page> {
    if response.status != 200 || response.cut_after.is_some() {
        return None;
    }
    let text = std::str::from_utf8(&response.body).ok()?;
    let text = text.trim_start_matches('\u{feff}');
    let body: Value = match serde_json::from_str(text) {
        Ok(body) => body,
        Err(_) => BROKEN.iter().find_map(|broken| {
            let mended = text.replace(&format!(":{broken}"), ":\"\u{fffd}\"");
            serde_json::from_str(&mended).ok()
        })?,
    };
    let mut page = Page {
        // One that is no text leads nowhere, but is not the end.
        next: match &body["next"] {
            Value::Null => None,
            Value::String(next) => Some(next.clone()),
            other => Some(other.to_string()),
        },
        ..Page::default()
    };
    for row in body["results"].as_array()? {
        let is_broken = row
            .as_object()
            .is_none_or(|fields| fields.values().any(|value| value == "\u{fffd}"));
        match key(model, row).filter(|_| !is_broken) {
            Some(key) => page.keys.push(key),
            None => page.unkeepable += 1,
        }
    }
    Some(page)
}

/// Tags have no id of Merge's.
fn key(model: &str, row: &Value) -> Option<String> {
    if let Some(id) = row["id"].as_str() {
        return Some(id.to_owned());
    }
    let parts = [&row["remote_id"], &row["name"]];
    let has_any = parts.iter().any(|part| !part.is_null());
    (model == "ats.Tag" && has_any)
        .then(|| Value::from(parts.map(Clone::clone).to_vec()).to_string())
}
