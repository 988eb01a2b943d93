//! One request at a time, and of those that wait only the latest.

/// Keeps a quick source of requests (a slider) from piling them up before a slower answerer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest<T> {
    is_busy: bool,
    waiting: Option<T>,
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self { is_busy: false, waiting: None }
    }
}

impl<T> Latest<T> {
    /// Takes a request. Gives it back where it is to be sent at once.
    pub fn ask(&mut self, request: T) -> Option<T> {
        if self.is_busy {
            self.waiting = Some(request);
            return None;
        }
        self.is_busy = true;
        Some(request)
    }

    /// The answer has come. Gives what is to be sent next.
    pub fn answered(&mut self) -> Option<T> {
        let next = self.waiting.take();
        self.is_busy = next.is_some();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_waits() {
        let mut latest = Latest::default();
        assert_eq!(latest.ask(1), Some(1));
        assert_eq!((latest.ask(2), latest.ask(3)), (None, None));
        assert_eq!(latest.answered(), Some(3));
        assert_eq!(latest.ask(4), None);
        assert_eq!(latest.answered(), Some(4));
        assert_eq!(latest.answered(), None);
        assert_eq!(latest.ask(5), Some(5));
    }
}
