//! Request bodies in memory, limited one by one and in total.

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The limit for all bodies in memory, in units of [`UNIT`]: 32 MiB.
const TOTAL_UNITS: usize = 32 << 10;

/// Bytes per semaphore permit.
const UNIT: usize = 1 << 10;

/// Limits the memory that request bodies use in total.
#[derive(Debug, Clone)]
pub(crate) struct BodyBudget(Arc<Semaphore>);

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// It is longer than the limit for one body.
    TooLong,
    /// The connection failed before the end of the body.
    Incomplete,
    /// Other bodies use the whole budget.
    OverBudget,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the body is too long",
            Self::Incomplete => "the body is incomplete",
            Self::OverBudget => "too many request bodies are in memory",
        })
    }
}

/// A body in memory, and its share of the budget.
#[derive(Debug, Default)]
pub struct BufferedBody {
    bytes: Vec<u8>,
    share: Share,
}

/// A share of the budget, returned on drop.
#[derive(Debug, Default)]
pub(crate) struct Share(Option<OwnedSemaphorePermit>);

/// A body that does not count against the budget.
impl From<Vec<u8>> for BufferedBody {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            share: Share::default(),
        }
    }
}

impl BufferedBody {
    /// The bytes and their share of the budget. Keep the share until the bytes, and copies made of
    /// them, are dropped.
    pub(crate) fn into_parts(self) -> (Vec<u8>, Share) {
        (self.bytes, self.share)
    }
}

impl Default for BodyBudget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(TOTAL_UNITS)))
    }
}

impl BodyBudget {
    /// Read `body` to its end. Nothing is read if its announced length exceeds `limit`.
    pub(crate) async fn read(
        &self,
        mut body: Body,
        limit: usize,
    ) -> Result<BufferedBody, BodyError> {
        let size = body.size_hint();
        let announced = usize::try_from(size.lower()).unwrap_or(usize::MAX);
        if announced > limit {
            return Err(BodyError::TooLong);
        }
        let mut buffered = BufferedBody::default();
        buffered.share.grow(self, announced)?;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| BodyError::Incomplete)?.into_data() else {
                continue;
            };
            let length = buffered.bytes.len().saturating_add(data.len());
            if length > limit {
                return Err(BodyError::TooLong);
            }
            buffered.share.grow(self, length)?;
            buffered.bytes.extend_from_slice(&data);
        }
        Ok(buffered)
    }
}

impl Share {
    /// Extend the share to `length` bytes.
    fn grow(&mut self, budget: &BodyBudget, length: usize) -> Result<(), BodyError> {
        let taken = self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = length.div_ceil(UNIT).saturating_sub(taken);
        if missing == 0 {
            return Ok(());
        }
        let missing = u32::try_from(missing).map_err(|_| BodyError::OverBudget)?;
        let more = Arc::clone(&budget.0)
            .try_acquire_many_owned(missing)
            .map_err(|_| BodyError::OverBudget)?;
        match &mut self.0 {
            Some(permit) => permit.merge(more),
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

    /// A body without an announced length.
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
    async fn a_body_of_the_limit_is_read_and_one_byte_more_is_refused() {
        let budget = BodyBudget::default();
        for (length, want) in [(9, Ok(9)), (10, Ok(10)), (11, Err(BodyError::TooLong))] {
            let whole = budget.read(Body::from(vec![b'x'; length]), 10).await;
            assert_eq!(whole.map(|body| body.bytes.len()), want, "{length}");
            let chunked = budget.read(in_chunks(length, 1), 10).await;
            assert_eq!(chunked.map(|body| body.bytes.len()), want, "{length}");
        }
    }

    #[tokio::test]
    async fn bodies_share_the_budget_and_return_it_on_drop() {
        let budget = BodyBudget(Arc::new(Semaphore::new(4)));
        let first = budget.read(Body::from(vec![b'x'; 3 * UNIT]), 1 << 20).await;
        assert!(first.is_ok());
        let announced = budget.read(Body::from(vec![b'x'; UNIT + 1]), 1 << 20).await;
        assert_eq!(announced.map(|_| ()), Err(BodyError::OverBudget));
        let chunked = budget.read(in_chunks(3, UNIT), 1 << 20).await;
        assert_eq!(chunked.map(|_| ()), Err(BodyError::OverBudget));
        drop(first);
        let chunked = budget.read(in_chunks(4, UNIT), 1 << 20).await;
        assert_eq!(chunked.map(|body| body.bytes.len()), Ok(4 * UNIT));
        assert_eq!(budget.0.available_permits(), 4);
    }
}
