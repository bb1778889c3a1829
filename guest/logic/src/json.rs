//! Every decision behind one function of text.

use alloc::string::String;

/// Call `operation`, named `interface.function`, with the JSON document `input`.
///
/// # Errors
///
/// One sentence that names the field at fault.
pub fn call(operation: &str, input: &str) -> Result<String, String> {
    let _ = (operation, input);
    Err(String::new())
}
