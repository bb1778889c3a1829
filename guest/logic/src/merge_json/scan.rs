//! The records of a page in which something is not JSON: a bare `NaN`, a number cut short.
//!
//! Where the records end is found by counting brackets outside of texts, whatever stands between
//! them; each is then read by itself. It is asked only once the whole was refused, so that a page
//! without a fault costs nothing more.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::value::RawValue;

use super::reader::MOST_HELD;
use super::{Object, Value};

/// What can be read of the page `text`: an object of its `results` and `next`, and how many of
/// the results are not JSON. `None` where it does not hold together as a whole: cut in transit,
/// or nested deeper than any record.
pub fn page(text: &str) -> Option<(Object<'_>, u32)> {
    let mut scanner = Scanner { text, at: 0 };
    let (mut results, mut next) = (None, None);
    let mut broken = 0;
    scanner.expect(b'{')?;
    loop {
        scanner.skip_white_space();
        let key = scanner.text()?;
        scanner.expect(b':')?;
        scanner.skip_white_space();
        match key {
            // Of a repeated key the last value counts, as in every object.
            r#""results""# if scanner.peek() == Some(b'[') => {
                let (items, not_json) = scanner.items()?;
                results = Some(Value::List(items));
                broken = not_json;
            }
            r#""results""# => results = Some(value(scanner.value()?)),
            r#""next""# => next = Some(value(scanner.value()?)),
            // It might be one of these, in disguise.
            key if key.contains('\\') => return None,
            _ => {
                scanner.value()?;
            }
        }
        scanner.skip_white_space();
        match scanner.take()? {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    scanner.skip_white_space();
    if scanner.peek().is_some() {
        return None;
    }
    let mut entries = vec![(Cow::Borrowed("results"), results?)];
    entries.extend(next.map(|next| (Cow::Borrowed("next"), next)));
    Some((Object { entries }, broken))
}

fn value(text: &str) -> Value<'_> {
    json(text).map_or(Value::Broken, Value::Raw)
}

fn json(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok()
}

/// How far a text was looked through.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at = self.at.saturating_add(1);
        Some(byte)
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        self.skip_white_space();
        (self.take()? == wanted).then_some(())
    }

    fn skip_white_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at = self.at.saturating_add(1);
        }
    }

    /// A text with its quotes.
    fn text(&mut self) -> Option<&'a str> {
        let start = self.at;
        if self.take()? != b'"' {
            return None;
        }
        loop {
            match self.take()? {
                b'"' => return self.text.get(start..self.at),
                b'\\' => {
                    self.take()?;
                }
                _ => {}
            }
        }
    }

    /// Whatever stands before the comma or the bracket that ends the value which begins here.
    fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        // Below a leading one, a bit for each bracket that is open: a one for a brace.
        let mut open = 1_u64;
        loop {
            match self.peek()? {
                b'"' => {
                    self.text()?;
                    continue;
                }
                bracket @ (b'{' | b'[') => {
                    if open.leading_zeros() == 0 {
                        return None;
                    }
                    open = (open << 1) | u64::from(bracket == b'{');
                }
                b',' | b'}' | b']' if open == 1 => break,
                bracket @ (b'}' | b']') => {
                    if (open & 1 == 1) != (bracket == b'}') {
                        return None;
                    }
                    open >>= 1;
                }
                _ => {}
            }
            self.at = self.at.saturating_add(1);
        }
        self.text.get(start..self.at).map(str::trim_ascii)
    }

    /// The items of a list, and how many more are not JSON.
    fn items(&mut self) -> Option<(Vec<&'a RawValue>, u32)> {
        let mut items = Vec::new();
        let mut broken = 0_u32;
        self.expect(b'[')?;
        self.skip_white_space();
        if self.peek() == Some(b']') {
            self.take();
            return Some((items, broken));
        }
        for _ in 0..MOST_HELD {
            match json(self.value()?) {
                Some(item) => items.push(item),
                None => broken = broken.saturating_add(1),
            }
            match self.take()? {
                b',' => {}
                b']' => return Some((items, broken)),
                _ => return None,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;

    #[track_caller]
    fn check(results: &str, want: &[&str], broken: u32) {
        for body in [
            format!(r#"{{"next":"n","results":[{results}]}}"#),
            format!(
                "{{ \"results\" :\n[ {results} ] , \"x\" : [NaN, {{\"a\":}}], \"next\": \"n\"}}\n"
            ),
        ] {
            let (object, found) = page(&body).expect(&body);
            let items = object.items("results").expect("a list");
            let items: Vec<_> = items.iter().map(|item| item.get()).collect();
            assert_eq!((&*items, found), (want, broken), "{body}");
            assert_eq!(object.text("next").as_deref(), Some("n"), "{body}");
        }
    }

    #[test]
    fn an_item_that_is_not_json_is_counted_and_the_others_are_found() {
        let (one, other) = (r#"{"id":"a","t":"[}\"]{,"}"#, r#"{ "id" : ["b", {}] }"#);
        for broken in [
            r#"{"x":NaN}"#,
            r#"{"x":-Infinity,"y":[1,2]}"#,
            r#"{"id": }"#,
            r#"{"id":1.}"#,
            r#"{"id":"a" "b":1}"#,
            r#"{"id":"\x"}"#,
            "{\"id\":\"a\tb\"}",
            r#"{"t":"a "quoted" text"}"#,
            "{'id':7}",
            "nul",
            "",
            "{,}",
            "a b",
        ] {
            check(&format!("{one},{broken},{other}"), &[one, other], 1);
            check(&format!("{broken} , {one}, {broken}"), &[one], 2);
        }
        check("", &[], 0);
        check("7,null", &["7", "null"], 0);
    }

    #[test]
    fn what_does_not_hold_together_is_no_page() {
        let deep = format!(r#"{{"results":[{}{}]}}"#, "[".repeat(64), "]".repeat(64));
        for body in [
            "",
            "{",
            "{}",
            "[]",
            "<html>",
            r#"{"next":null}"#,
            r#"{"results":[]"#,
            r#"{"results":[]}{}"#,
            r#"{"results":[]} x"#,
            r#"{"results":[NaN}"#,
            r#"{"results":[{"a":]}"#,
            r#"{"results":[{"a":1]}]}"#,
            r#"{"results":[{"a":"b}]}"#,
            r#"{"results" []}"#,
            r#"{results:[]}"#,
            r#"{"results":[]]}"#,
            r#"{"results":[],}"#,
            r#"{"r\u0065sults":[],"results":[]}"#,
            &deep,
        ] {
            assert!(page(body).is_none(), "{body}");
        }
    }

    #[test]
    fn what_surrounds_the_records_is_not_guessed() {
        for (body, results, next) in [
            (
                r#"{"results":NaN}"#,
                "something that is not JSON",
                "nothing",
            ),
            (
                r#"{"results":{"a":NaN}}"#,
                "something that is not JSON",
                "nothing",
            ),
            (r#"{"results":[NaN],"results":[]}"#, "a list", "nothing"),
            (r#"{"results":[NaN],"next":7}"#, "a list", "a number"),
            (
                r#"{"results":[],"next":nul}"#,
                "a list",
                "something that is not JSON",
            ),
            (
                r#"{"next":null "results":[1],"results":[]}"#,
                "a list",
                "something that is not JSON",
            ),
        ] {
            let (object, _) = page(body).expect(body);
            assert_eq!(object.kind_of("results"), results, "{body}");
            assert_eq!(object.kind_of("next"), next, "{body}");
        }
    }

    #[test]
    fn a_list_without_end_is_not_collected() {
        let many: String = "[],".repeat(MOST_HELD);
        assert!(page(&format!(r#"{{"results":[NaN,{many}7]}}"#)).is_none());
        assert!(page(&format!(r#"{{"results":[NaN,{many}"#)).is_none());
    }
}
