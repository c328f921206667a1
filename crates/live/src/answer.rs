use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// What a store answers: at once, when the room is in this node's memory, or after asking others.
pub enum Answer<T> {
    Ready(T),
    Later(Pin<Box<dyn Future<Output = T> + Send>>),
}

impl<T: Send + 'static> Answer<T> {
    pub fn later(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self::Later(Box::pin(future))
    }

    pub fn map<U: Send + 'static>(self, map: impl FnOnce(T) -> U + Send + 'static) -> Answer<U> {
        match self {
            Self::Ready(value) => Answer::Ready(map(value)),
            Self::Later(future) => Answer::later(async { map(future.await) }),
        }
    }

    /// Goes on with another question, when this one is answered.
    pub fn then<U: Send + Unpin + 'static>(
        self,
        next: impl FnOnce(T) -> Answer<U> + Send + 'static,
    ) -> Answer<U> {
        match self {
            Self::Ready(value) => next(value),
            Self::Later(future) => Answer::later(async { next(future.await).await }),
        }
    }
}

impl<T: Unpin + Send + 'static> Future for Answer<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        if let Self::Later(future) = this {
            return future.as_mut().poll(cx);
        }
        let taken = std::mem::replace(this, Self::Later(Box::pin(std::future::pending())));
        match taken {
            Self::Ready(value) => Poll::Ready(value),
            Self::Later(_) => Poll::Pending,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(value) => f.debug_tuple("Ready").field(value).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}
