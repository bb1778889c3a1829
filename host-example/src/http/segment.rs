//! Text of others in an address.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What neither a segment of a path nor a value of a query has to hide.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Text of others, as one segment of a path or one value of a query.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn text_of_others_stays_in_its_segment() {
        assert_eq!(segment("a/b?\"é-._~"), "a%2Fb%3F%22%C3%A9-._~");
    }
}
