//! The account's state document.
