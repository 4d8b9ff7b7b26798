//! A way out of the actor that never makes it wait and never loses anything.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use tracing::warn;

/// A bounded channel with a queue before it: what does not fit waits here, in order, while the actor goes on.
#[derive(Debug)]
pub(crate) struct Outlet<T> {
    sender: mpsc::Sender<T>,
    waiting: VecDeque<T>,
}

impl<T> Outlet<T> {
    pub(crate) const fn new(sender: mpsc::Sender<T>) -> Self {
        Self {
            sender,
            waiting: VecDeque::new(),
        }
    }

    pub(crate) fn push(&mut self, item: T) {
        if !self.waiting.is_empty() {
            self.waiting.push_back(item);
            return;
        }
        match self.sender.try_send(item) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(item)) => {
                warn!(what = std::any::type_name::<T>(), "A channel is full");
                self.waiting.push_back(item);
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                warn!(
                    what = std::any::type_name::<T>(),
                    "Nobody takes this any more"
                );
            }
        }
    }

    /// True when nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Sends one waiting item; waits for ever where none is. Safe to cancel.
    pub(crate) async fn flush(&mut self) {
        if self.waiting.is_empty() {
            std::future::pending::<()>().await;
        }
        match self.sender.reserve().await {
            Ok(permit) => {
                if let Some(item) = self.waiting.pop_front() {
                    permit.send(item);
                }
            }
            Err(_) => self.waiting.clear(),
        }
    }

    /// Sends all that waits, then lets the channel go.
    pub(crate) async fn finish(self) {
        for item in self.waiting {
            if self.sender.send(item).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_fit_waits_and_comes_in_order() {
        let (sender, mut receiver) = mpsc::channel(2);
        let mut outlet = Outlet::new(sender);
        for number in 0..5 {
            outlet.push(number);
        }
        assert_eq!(receiver.recv().await, Some(0));
        outlet.flush().await;
        assert_eq!(receiver.recv().await, Some(1));
        tokio::spawn(outlet.finish());
        let mut rest = Vec::new();
        while let Some(number) = receiver.recv().await {
            rest.push(number);
        }
        assert_eq!(rest, [2, 3, 4]);
    }
}
