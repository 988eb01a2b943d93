//! A fitted kernel machine.

use super::inner;
use super::landmarks::{Given, Landmarks};
use crate::learner::DecodeError;
use crate::learner::dense::{pack, unpack};
use crate::model::{Model, Prediction};
use crate::node::Frame;
use serde::{Deserialize, Serialize};

/// Rows that are compared with the landmarks at a time.
const BLOCK: usize = 1024;

/// A linear model of what landmarks say of a row.
pub(super) struct KernelModel {
    pub landmarks: Landmarks,
    pub classes: bool,
    pub model: Box<dyn Model>,
}

/// A model's bytes.
#[derive(Serialize, Deserialize)]
struct Encoded {
    given: Given,
    classes: bool,
    model: Vec<u8>,
}

impl KernelModel {
    /// # Errors
    /// [`DecodeError`] where the bytes are no such model of `features` features.
    pub fn decode(bytes: &[u8], features: usize) -> Result<Self, DecodeError> {
        let Encoded { given, classes, model } = unpack(bytes)?;
        let landmarks = Landmarks::take_back(given, features)?;
        let model = inner(classes).decode(&model, landmarks.count())?;
        Ok(Self { landmarks, classes, model })
    }
}

impl Model for KernelModel {
    fn predict(&self, frame: &Frame) -> Prediction {
        let mut all = Prediction { values: Vec::new(), rows: frame.rows, outputs: 1 };
        // No rows at all still say how many outputs there are.
        for start in (0..frame.rows.max(1)).step_by(BLOCK) {
            let rows = start..frame.rows.min(start + BLOCK);
            let block = self.model.predict(&self.landmarks.compare_rows(frame, rows));
            all.outputs = block.outputs;
            all.values.extend(block.values);
        }
        all
    }

    fn encode(&self) -> Vec<u8> {
        let (given, classes) = (self.landmarks.given().clone(), self.classes);
        pack(&Encoded { given, classes, model: self.model.encode() })
    }

    fn summary(&self) -> String {
        format!("{} landmarks", self.landmarks.count())
    }
}
