//! Generated from `wit/`.

#![expect(
    unsafe_code,
    reason = "the canonical ABI passes pointers: generated code"
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "text",
});

export!(Component);

use crate::Component;
