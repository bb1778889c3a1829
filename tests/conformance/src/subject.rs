//! What the suite needs of an implementation.

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The implementation refused the input, with its text for a log.
    Problem(String),
    /// This form has no way to be given such an input: a record of a typed interface cannot
    /// have a key too many.
    Inexpressible(String),
    /// The implementation broke down. Never right.
    Trapped(String),
}

/// An implementation of the operations.
pub trait Subject {
    /// For messages.
    fn name(&self) -> &'static str;

    /// Answer `operation` (`interface.function`) for `input`, both ways in the JSON form of
    /// `wit/json.wit`.
    ///
    /// # Errors
    ///
    /// Where the input is refused, see [`Refused`].
    fn call(&mut self, operation: &str, input: &str) -> Result<String, Refused>;
}
