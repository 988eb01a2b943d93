//! Fitting on more rows than memory holds: they come once, a block at a time, and lie elsewhere meanwhile.

use super::FitError;
use super::cluster::Cluster;
use crate::model::{Model, Target};
use crate::node::Frame;
use crate::platform::Cancel;

/// Where bytes lie that memory has no room for: places are numbers from 0.
pub trait Shelf {
    /// Adds to what lies at a place.
    ///
    /// # Errors
    /// Why it cannot be kept.
    fn append(&mut self, place: usize, bytes: &[u8]) -> Result<(), String>;

    /// Puts bytes in the place of what lay there.
    ///
    /// # Errors
    /// Why it cannot be kept.
    fn put(&mut self, place: usize, bytes: &[u8]) -> Result<(), String>;

    /// Writes what lies at a place over `out`: nothing, where nothing was put.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn get(&mut self, place: usize, out: &mut Vec<u8>) -> Result<(), String>;
}

/// Rows of a block: features, and a value of the target and a weight for each.
#[derive(Clone, Copy)]
pub struct Block<'a> {
    pub frame: &'a Frame,
    pub target: &'a Target,
    pub weights: Option<&'a [f32]>,
}

/// A fit whose rows come a block at a time.
pub trait InParts {
    /// Takes the next rows. How rows are cut into blocks changes nothing.
    ///
    /// # Errors
    /// Rows that do not suit the learner; a shelf that fails.
    fn take(&mut self, block: &Block<'_>, shelf: &mut dyn Shelf) -> Result<(), FitError>;

    /// Places of the shelf that it may use, from 0 on.
    fn places(&self) -> usize;

    /// Fits, once all rows have come. `validation`: rows that only decide when to stop; `told`: is given the number of
    /// rounds so far. When it is cancelled, what was fitted until then is the model. `cluster`: who holds the features of
    /// rows, where it was begun with [`super::Learner::on_executors`].
    ///
    /// # Errors
    /// [`FitError`] when cancelled before there was any model, and where a shelf or all executors fail.
    fn finish(
        self: Box<Self>,
        validation: (&Frame, &Target),
        shelf: &mut dyn Shelf,
        cluster: Option<&mut dyn Cluster>,
        cancel: &Cancel,
        told: &mut dyn FnMut(usize),
    ) -> Result<Box<dyn Model>, FitError>;
}

#[cfg(test)]
pub mod testing {
    use super::Shelf;

    /// A shelf in memory.
    #[derive(Default)]
    pub struct Memory {
        pub places: Vec<Vec<u8>>,
        /// Fails once so many bytes lie there.
        pub room: Option<usize>,
    }

    impl Memory {
        fn place(&mut self, place: usize) -> &mut Vec<u8> {
            if self.places.len() <= place {
                self.places.resize(place + 1, Vec::new());
            }
            &mut self.places[place]
        }

        fn check(&self) -> Result<(), String> {
            let used: usize = self.places.iter().map(Vec::len).sum();
            if self.room.is_some_and(|room| used > room) { Err("no room".to_owned()) } else { Ok(()) }
        }
    }

    impl Shelf for Memory {
        fn append(&mut self, place: usize, bytes: &[u8]) -> Result<(), String> {
            self.place(place).extend_from_slice(bytes);
            self.check()
        }

        fn put(&mut self, place: usize, bytes: &[u8]) -> Result<(), String> {
            *self.place(place) = bytes.to_vec();
            self.check()
        }

        fn get(&mut self, place: usize, out: &mut Vec<u8>) -> Result<(), String> {
            out.clone_from(self.place(place));
            Ok(())
        }
    }
}
