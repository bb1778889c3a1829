//! The fuzzer's bytes, cut into numbers and texts.

use arbitrary::Unstructured;

/// Bytes that never end: behind the last one there are zeros and empty texts.
#[derive(Debug)]
pub(crate) struct Bytes<'a>(Unstructured<'a>);

impl<'a> Bytes<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self(Unstructured::new(data))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn u8(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(crate) fn u16(&mut self) -> u16 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(crate) fn u32(&mut self) -> u32 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(crate) fn u64(&mut self) -> u64 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(crate) fn i64(&mut self) -> i64 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// One of `choices`.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.u8()) % choices.len()]
    }

    /// A text behind its length in two bytes; what is no UTF-8 is replaced.
    pub(crate) fn sized_text(&mut self) -> String {
        let wanted = usize::from(self.u16());
        let length = wanted.min(self.0.len());
        let bytes = self.0.bytes(length).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// All the rest, as a text.
    pub(crate) fn rest(self) -> String {
        String::from_utf8_lossy(self.0.take_rest()).into_owned()
    }
}

/// The bytes that [`Bytes::sized_text`] reads back, of a text that is not too long.
pub(crate) fn sized(text: &str) -> Option<Vec<u8>> {
    let length = u16::try_from(text.len()).ok()?;
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    Some(bytes)
}
