//! What is logged on the thread of one test.

use std::cell::RefCell;
use std::io;

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug)]
struct Here;

impl io::Write for Here {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begin to listen. The subscriber is that of all tests: one of a single thread would be deaf to
/// what another thread has logged before.
pub fn start() {
    let subscriber = tracing_subscriber::fmt()
        .with_writer(|| Here)
        .with_ansi(false)
        .with_max_level(tracing::Level::INFO)
        .finish();
    // The first test to come here does it for all.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// What was logged on this thread since the last time.
pub fn take() -> String {
    let lines = LINES.take();
    String::from_utf8(lines).expect("text")
}
