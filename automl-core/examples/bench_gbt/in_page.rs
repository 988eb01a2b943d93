//! The face towards JavaScript.

use crate::measure::{Bench, Fallible, Settings};
use wasm_bindgen::prelude::wasm_bindgen;

/// A benchmark that waits to be told what to do next, so that whoever tells may look at clocks in between.
#[wasm_bindgen]
pub struct PageBench(Bench);

#[wasm_bindgen]
impl PageBench {
    /// `keys` as on the command line, each ended by a line end.
    ///
    /// # Errors
    /// What is wrong with them.
    #[wasm_bindgen(constructor)]
    pub fn new(
        keys: &str,
        columns: usize,
        x: &[f32],
        y: &[u8],
        xt: &[f32],
        yt: &[u8],
    ) -> Result<Self, String> {
        let keys: Vec<String> = keys.lines().map(str::to_owned).collect();
        told(Settings::new(&keys)).map(|settings| Self(Bench::new(settings, columns, (x, y), (xt, yt))))
    }

    /// # Errors
    /// Why it did not fit.
    pub fn fit(&mut self) -> Result<(), String> {
        told(self.0.fit())
    }

    /// All figures, as JSON.
    ///
    /// # Errors
    /// Nothing was fitted.
    pub fn figures(&self, repeats: usize) -> Result<String, String> {
        told(self.0.figures(repeats)).map(|figures| figures.to_string())
    }
}

fn told<T>(result: Fallible<T>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}
