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

/// A page that is taller than browsers lay out: Firefox ends at some 17.8 million pixels, Chromium at some 33 million.
const TALLEST: f64 = 1.5e7;
/// Pixels at both ends in which one pixel of scrolling is one pixel of the page.
const EXACT: f64 = 100_000.0;
/// A scroll by no more than this is a wheel, a key or a finger, and moves the page by as much; beyond, it is a jump.
const NEAR: f64 = 2_000.0;

/// A page of `full` pixels in a view of `view` pixels, laid out at full height or, where browsers cannot, shorter.
/// Then a jump of the scroll bar goes to the place in proportion, and a small scroll moves by its own length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tall {
    full: f64,
    view: f64,
}

/// Where a page is: scrolled by `scroll` in the browser, with pixel `top` of the page at the upper edge.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Place {
    pub scroll: f64,
    pub top: f64,
}

impl Place {
    /// What is added to a pixel of the page to get where it is laid out.
    pub fn shift(self) -> f64 {
        self.scroll - self.top
    }
}

impl Tall {
    pub fn new(full: f64, view: f64) -> Self {
        Self { full, view }
    }

    /// The height to lay out.
    pub fn laid(self) -> f64 {
        self.full.min(TALLEST)
    }

    fn most_scroll(self) -> f64 {
        (self.laid() - self.view).max(0.0)
    }

    fn most_top(self) -> f64 {
        (self.full - self.view).max(0.0)
    }

    /// Pixels of the page for a pixel of scrolling, away from the ends.
    fn ratio(self) -> f64 {
        (self.most_top() - 2.0 * EXACT) / (self.most_scroll() - 2.0 * EXACT)
    }

    /// The top that belongs to a scroll.
    fn top_at(self, scroll: f64) -> f64 {
        let from_end = self.most_scroll() - scroll;
        let top = if self.full <= TALLEST || scroll <= EXACT {
            scroll
        } else if from_end <= EXACT {
            self.most_top() - from_end
        } else {
            EXACT + (scroll - EXACT) * self.ratio()
        };
        top.clamp(0.0, self.most_top())
    }

    /// The scroll that belongs to a top.
    fn scroll_at(self, top: f64) -> f64 {
        let from_end = self.most_top() - top;
        let scroll = if self.full <= TALLEST || top <= EXACT {
            top
        } else if from_end <= EXACT {
            self.most_scroll() - from_end
        } else {
            EXACT + (top - EXACT) / self.ratio()
        };
        scroll.clamp(0.0, self.most_scroll())
    }

    /// The place after the browser has scrolled to `scroll`.
    pub fn scrolled(self, from: Place, scroll: f64) -> Place {
        let step = scroll - from.scroll;
        // Browsers round where they have scrolled to.
        let at_an_end = scroll <= 0.0 || scroll >= self.most_scroll() - 1.0;
        let top = if step.abs() > NEAR || at_an_end || self.full <= TALLEST {
            self.top_at(scroll)
        } else {
            (from.top + step).clamp(0.0, self.most_top())
        };
        Place { scroll, top }
    }

    /// The scroll at which the bar stands where `place` is on the page, if it is not there already: many small steps
    /// take the page less far than the bar.
    pub fn settled(self, place: Place) -> Option<f64> {
        let scroll = self.scroll_at(place.top).round();
        ((scroll - place.scroll).abs() >= 1.0).then_some(scroll)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEW: f64 = 432.0;

    #[test]
    fn only_what_is_seen_is_in_the_window() {
        assert_eq!(Window::of(1_000_000, 32.0, 3200.0, 320.0, 5), Window { start: 95, end: 116 });
        assert_eq!(Window::of(3, 32.0, 0.0, 320.0, 5), Window { start: 0, end: 3 });
        assert_eq!(Window::of(10, 32.0, 1e9, 320.0, 5), Window { start: 10, end: 10 });
        assert_eq!(Window::of(0, 32.0, -5.0, 320.0, 5), Window { start: 0, end: 0 });
    }

    #[test]
    fn a_page_that_can_be_laid_out_is_scrolled_as_it_is() {
        let page = Tall::new(320_000.0, VIEW);
        assert_eq!(page.laid(), 320_000.0);
        let place = page.scrolled(Place::default(), 12_345.0);
        assert_eq!((place.top, place.shift(), page.settled(place)), (12_345.0, 0.0, None));
        let short = Tall::new(100.0, VIEW);
        assert_eq!(short.scrolled(Place::default(), 0.0).top, 0.0);
    }

    #[test]
    fn both_ends_of_a_huge_page_are_reached() {
        for rows in [1.2e6, 1e7, 4e9] {
            let page = Tall::new(rows * 32.0, VIEW);
            assert!(page.laid() <= TALLEST);
            let end = page.scrolled(Place::default(), page.laid() - VIEW);
            assert_eq!(end.top + VIEW, rows * 32.0);
            // The last pixel is laid out at the end of what is laid out.
            assert_eq!(rows * 32.0 + end.shift(), page.laid());
            // A row up and down again.
            let up = page.scrolled(end, end.scroll - 32.0);
            assert_eq!((up.top, page.settled(up)), (end.top - 32.0, None));
            assert_eq!(page.scrolled(up, end.scroll), end);
            assert_eq!(page.scrolled(end, 0.0).top, 0.0);
        }
    }

    #[test]
    fn a_wheel_moves_by_its_own_length_everywhere() {
        let page = Tall::new(3.2e8, VIEW);
        let mut place = page.scrolled(Place::default(), 7e6);
        for _ in 0..1_000 {
            let next = page.scrolled(place, place.scroll + 120.0);
            assert_eq!(next.top, place.top + 120.0);
            // Rows that are on the page already stay where they are.
            assert_eq!(next.shift(), place.shift());
            place = next;
        }
        // The bar has run ahead; it settles without moving the page.
        let settled = page.settled(place).expect("the bar is ahead");
        assert!(settled < place.scroll);
        assert!((page.top_at(settled) - place.top).abs() <= page.ratio());
    }

    #[test]
    fn a_jump_goes_to_the_place_in_proportion() {
        let page = Tall::new(3.2e8, VIEW);
        let half = page.scrolled(Place::default(), page.most_scroll() / 2.0);
        assert!((half.top - page.most_top() / 2.0).abs() < 1.0);
        assert_eq!(page.settled(half), None);
        let mut last = -1.0;
        for step in 0..=1_000 {
            let scroll = page.most_scroll() * f64::from(step) / 1_000.0;
            let top = page.top_at(scroll);
            assert!(top > last, "{scroll}");
            assert!((page.scroll_at(top) - scroll).abs() < 1e-6, "{scroll}");
            last = top;
        }
    }
}
