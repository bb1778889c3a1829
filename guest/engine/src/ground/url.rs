//! Paths and queries of requests to Merge.

use alloc::string::String;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 3986's unreserved characters stand for themselves.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `text` as one part of a path or a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).collect()
}

/// A page of a list: `query` first, then the page's size, then its cursor.
pub fn page(path: &str, query: &str, page_size: u32, cursor: Option<&str>) -> String {
    let separator = if query.is_empty() { "" } else { "&" };
    let target = alloc::format!("{path}?{query}{separator}page_size={page_size}");
    match cursor {
        Some(cursor) => alloc::format!("{target}&cursor={}", encoded(cursor)),
        None => target,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_cannot_add_parameters() {
        assert_eq!(
            page("/a", "x=1", 100, Some("b&c=d e+")),
            "/a?x=1&page_size=100&cursor=b%26c%3Dd%20e%2B"
        );
        assert_eq!(page("/a", "", 10, None), "/a?page_size=10");
    }
}
