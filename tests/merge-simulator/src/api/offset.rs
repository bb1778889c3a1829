//! Cursors that count an offset among equal positions, step by step as Django REST framework
//! makes them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::api::page::Key;
use crate::api::query::Query;
use crate::time::{self, Micros, iso};

/// So many rows behind a position; from the beginning where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OffsetCursor {
    position: Option<Micros>,
    offset: usize,
}

impl OffsetCursor {
    pub fn encode(self) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.append_pair("o", &self.offset.to_string());
        if let Some(position) = self.position {
            text.append_pair("p", &iso(position));
        }
        URL_SAFE_NO_PAD.encode(text.finish())
    }

    /// The offset is clamped when the cursor is read, as it is there.
    pub fn decode(text: &str, clamp: usize) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        let query = Query::parse(std::str::from_utf8(&bytes).ok()?);
        let offset: usize = query.text("o").unwrap_or("0").parse().ok()?;
        let position = query.text("p").map(|text| time::parse(text).ok_or(()));
        Some(Self {
            position: position.transpose().ok()?,
            offset: offset.min(clamp),
        })
    }
}

/// The places in `keys`, which are in order, of one page, and where the next one begins.
pub(crate) fn page(
    keys: &[&Key],
    cursor: OffsetCursor,
    size: usize,
) -> (Vec<usize>, Option<OffsetCursor>) {
    let behind = |key: &Key| cursor.position.is_none_or(|position| key.0 > position);
    let places = (0..keys.len()).filter(|place| behind(keys[*place]));
    let mut places: Vec<usize> = places.skip(cursor.offset).take(size + 1).collect();
    if places.len() <= size {
        return (places, None);
    }
    let Some(following) = places.pop() else {
        return (places, None);
    };
    let mut compare = keys[following].0;
    for (offset, place) in places.iter().rev().enumerate() {
        let position = keys[*place].0;
        if position != compare {
            let position = Some(position);
            return (places, Some(OffsetCursor { position, offset }));
        }
        compare = position;
    }
    // The whole page is of one position.
    let first = cursor == OffsetCursor::default();
    let next = OffsetCursor {
        position: if first { None } else { cursor.position },
        offset: if first { size } else { cursor.offset + size },
    };
    (places, Some(next))
}

/// The places that a read from the first page on is ever served, before it goes in a circle.
pub(crate) fn reachable(keys: &[&Key], size: usize, clamp: usize) -> Vec<usize> {
    let mut seen = Vec::new();
    let mut cursor = OffsetCursor::default();
    loop {
        let (places, next) = page(keys, cursor, size);
        seen.extend(places);
        let Some(mut next) = next else { break };
        next.offset = next.offset.min(clamp);
        if next == cursor {
            break;
        }
        cursor = next;
    }
    seen.sort_unstable();
    seen.dedup();
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(positions: &[(Micros, usize)]) -> Vec<Key> {
        let runs = positions.iter().flat_map(|(at, count)| vec![*at; *count]);
        runs.enumerate()
            .map(|(number, at)| (at, format!("{number:06}")))
            .collect()
    }

    #[track_caller]
    fn check(positions: &[(Micros, usize)], size: usize, clamp: usize, want: usize) {
        let keys = keys(positions);
        let keys: Vec<&Key> = keys.iter().collect();
        assert_eq!(reachable(&keys, size, clamp).len(), want);
    }

    #[test]
    fn behind_a_clamp_the_same_page_comes_again() {
        check(&[(5, 1500)], 100, 1000, 1100);
        check(&[(5, 1500)], 100, usize::MAX, 1500);
        check(&[(1, 7), (5, 1500), (9, 40)], 100, 1000, 1107);
        // What follows the circle is never reached.
        check(&[(1, 30), (2, 30), (3, 30)], 7, 20, 27);
    }

    #[test]
    fn a_cursor_survives_its_encoding_but_for_the_clamp() {
        let cursor = OffsetCursor {
            position: Some(1_764_240_000_000_001),
            offset: 1100,
        };
        let text = cursor.encode();
        assert_eq!(OffsetCursor::decode(&text, usize::MAX), Some(cursor));
        let clamped = OffsetCursor {
            offset: 1000,
            ..cursor
        };
        assert_eq!(OffsetCursor::decode(&text, 1000), Some(clamped));
        assert_eq!(OffsetCursor::decode("??", 1), None);
    }
}
