//! Which rows and columns of a large table are in sight.

/// A range of a list of `count` items of `size` pixels each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub start: usize,
    pub end: usize,
}

impl Window {
    /// What is seen of the list when it is scrolled by `offset` in a view of `view` pixels, and `margin` items more at
    /// both ends.
    pub fn of(count: usize, size: f64, offset: f64, view: f64, margin: usize) -> Self {
        let first = (offset.max(0.0) / size).floor() as usize;
        let shown = (view.max(0.0) / size).ceil() as usize + 1;
        let start = first.saturating_sub(margin).min(count);
        let end = first.saturating_add(shown).saturating_add(margin).min(count);
        Self { start, end: end.max(start) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_seen_is_in_the_window() {
        assert_eq!(Window::of(1_000_000, 32.0, 3200.0, 320.0, 5), Window { start: 95, end: 116 });
        assert_eq!(Window::of(3, 32.0, 0.0, 320.0, 5), Window { start: 0, end: 3 });
        assert_eq!(Window::of(10, 32.0, 1e9, 320.0, 5), Window { start: 10, end: 10 });
        assert_eq!(Window::of(0, 32.0, -5.0, 320.0, 5), Window { start: 0, end: 0 });
    }
}
