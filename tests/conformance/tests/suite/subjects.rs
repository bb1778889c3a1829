//! The implementations under test.

use merge_sync_conformance::{CoreModule, Native, Subject, Text, Typed};

/// All four, the native crate first.
pub(crate) fn subjects() -> Vec<Box<dyn Subject>> {
    vec![
        Box::new(Native),
        Box::new(Text::load().expect("the text component loads")),
        Box::new(Typed::load().expect("the logic component loads")),
        Box::new(CoreModule::load().expect("the core module loads")),
    ]
}
