//! Query parameters. Unknown ones are ignored, as Merge does.

use crate::api::Response;
use crate::time::{self, Micros};

/// The parameters of a request, decoded, in the order given.
#[derive(Debug, Clone)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub fn parse(text: &str) -> Self {
        Self(
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The last value of the parameter, as Django takes it; `None` also where it is empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The same parameters with another cursor, or without one.
    pub fn with_cursor(&self, cursor: Option<&str>) -> Self {
        let mut pairs = self.0.clone();
        pairs.retain(|(name, _)| name != "cursor");
        pairs.extend(cursor.map(|text| ("cursor".to_owned(), text.to_owned())));
        Self(pairs)
    }

    /// Whether a parameter leaves rows out by time or by id.
    pub fn is_bounded(&self) -> bool {
        let bounds = [
            "modified_after",
            "modified_before",
            "created_after",
            "created_before",
            "remote_id",
        ];
        bounds.iter().any(|name| self.text(name).is_some())
    }

    /// `true`, `True`, `1` are true; anything else is false.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// Default 30, at most 100; what cannot be read counts as absent.
    pub fn page_size(&self) -> usize {
        let wanted = self.text("page_size").and_then(|text| text.parse().ok());
        match wanted {
            None | Some(0) => 30,
            Some(size) => usize::min(size, 100),
        }
    }

    /// An instant; one that cannot be read is refused by the parameter's name.
    pub fn instant(&self, name: &str) -> Result<Option<Micros>, Response> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match time::parse(text) {
            Some(at) => Ok(Some(at)),
            None => {
                let body = serde_json::json!({ name: ["Enter a valid date/time."] });
                Err(Response::json(400, &body))
            }
        }
    }

    /// Every parameter that must not change between the pages of one read, in canonical form.
    pub fn fixed(&self) -> String {
        let mut pairs: Vec<&(String, String)> = self.0.iter().collect();
        pairs.retain(|(name, _)| name != "cursor" && name != "page_size");
        pairs.sort();
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    }
}
