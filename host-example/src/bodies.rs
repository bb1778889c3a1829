//! Bodies of requests, bounded one by one and all together.

use std::sync::Arc;

use axum::body::Body;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All bodies that are being read or looked at hold no more than this, in [`UNIT`]s.
const MOST_TOGETHER: usize = 32 << 10;

/// What is counted, in bytes: a semaphore counts no further than a few hundred millions.
const UNIT: usize = 1 << 10;

/// Room for bodies.
#[derive(Debug, Clone)]
pub(crate) struct Bodies(Arc<Semaphore>);

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It is longer than it may be.
    TooLarge,
    /// It broke off.
    Cut,
    /// Too many others are being read.
    NoRoom,
}

/// A body, and its room for as long as it is needed.
#[derive(Debug, Default)]
pub struct Held {
    bytes: Vec<u8>,
    room: Option<OwnedSemaphorePermit>,
}

/// Room that a body takes.
#[derive(Debug)]
pub(crate) struct Room {
    _taken: Option<OwnedSemaphorePermit>,
}

/// A body that takes no room of others.
impl From<Vec<u8>> for Held {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, room: None }
    }
}

impl Held {
    /// The body, and its room: to be kept as long as the body, or what is made of it, lives.
    pub(crate) fn into_parts(self) -> (Vec<u8>, Room) {
        (self.bytes, Room { _taken: self.room })
    }
}

impl Default for Bodies {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_TOGETHER)))
    }
}

impl Bodies {
    /// All of `body`, at most `most` bytes. One that says that it is longer is not begun.
    pub(crate) async fn read(&self, mut body: Body, most: usize) -> Result<Held, Unread> {
        let size = body.size_hint();
        let fits = |length: u64| usize::try_from(length).is_ok_and(|length| length <= most);
        if !fits(size.lower()) {
            return Err(Unread::TooLarge);
        }
        // Room for what is announced is taken at once, for the rest as it comes.
        let announced = size.exact().and_then(|length| usize::try_from(length).ok());
        let mut held = Held::default();
        self.extend(&mut held, announced.unwrap_or(0))?;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Unread::Cut)?.into_data() else {
                continue;
            };
            let length = held.bytes.len().saturating_add(data.len());
            if length > most {
                return Err(Unread::TooLarge);
            }
            self.extend(&mut held, length)?;
            held.bytes.extend_from_slice(&data);
        }
        Ok(held)
    }

    /// Have room for so many bytes.
    fn extend(&self, held: &mut Held, length: usize) -> Result<(), Unread> {
        let taken = held
            .room
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = length.div_ceil(UNIT).saturating_sub(taken);
        if missing == 0 {
            return Ok(());
        }
        let missing = u32::try_from(missing).map_err(|_| Unread::TooLarge)?;
        let more = Arc::clone(&self.0)
            .try_acquire_many_owned(missing)
            .map_err(|_| Unread::NoRoom)?;
        match &mut held.room {
            Some(room) => room.merge(more),
            none @ None => *none = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::body::Bytes;
    use hyper::body::Frame;

    use super::*;

    /// A body that does not say how long it is.
    struct Chunks {
        left: usize,
        length: usize,
    }

    impl hyper::body::Body for Chunks {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let Some(left) = self.left.checked_sub(1) else {
                return Poll::Ready(None);
            };
            self.left = left;
            let chunk = Bytes::from(vec![b'x'; self.length]);
            Poll::Ready(Some(Ok(Frame::data(chunk))))
        }
    }

    fn in_chunks(left: usize, length: usize) -> Body {
        Body::new(Chunks { left, length })
    }

    #[tokio::test]
    async fn a_body_of_the_largest_size_is_read_and_one_byte_more_is_not() {
        let bodies = Bodies::default();
        for (length, want) in [(9, Ok(9)), (10, Ok(10)), (11, Err(Unread::TooLarge))] {
            let whole = bodies.read(Body::from(vec![b'x'; length]), 10).await;
            assert_eq!(whole.map(|held| held.bytes.len()), want, "{length}");
            let chunked = bodies.read(in_chunks(length, 1), 10).await;
            assert_eq!(chunked.map(|held| held.bytes.len()), want, "{length}");
        }
    }

    #[tokio::test]
    async fn all_bodies_share_their_room_and_give_it_back() {
        let bodies = Bodies(Arc::new(Semaphore::new(4)));
        let first = bodies.read(Body::from(vec![b'x'; 3 * UNIT]), 1 << 20).await;
        assert!(first.is_ok());
        let announced = bodies.read(Body::from(vec![b'x'; UNIT + 1]), 1 << 20).await;
        assert_eq!(announced.map(|_| ()), Err(Unread::NoRoom));
        let chunked = bodies.read(in_chunks(3, UNIT), 1 << 20).await;
        assert_eq!(chunked.map(|_| ()), Err(Unread::NoRoom));
        drop(first);
        let chunked = bodies.read(in_chunks(4, UNIT), 1 << 20).await;
        assert_eq!(chunked.map(|held| held.bytes.len()), Ok(4 * UNIT));
        assert_eq!(bodies.0.available_permits(), 4);
    }
}
