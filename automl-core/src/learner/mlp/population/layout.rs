//! Where the networks of a population lie in the card's memory, and which layers are sent together.
//!
//! Weights: for each network those of its layers as in [`Net`](super::super::net::Net), then the factors of its inputs. Scratch:
//! the views, then for each network what its layers give and the slopes by it. Layers of one depth are sent together, hidden
//! ones by their number and last ones by themselves, so that networks of any depth take part, those without a hidden layer among
//! them.

use crate::compute::kernels::inputs::View;
use crate::compute::kernels::loss::Model;
use crate::compute::kernels::nets::{Layer, NONE, mixed};
use std::ops::Range;

/// What a network is, and how it is trained.
#[derive(Debug, Clone)]
pub struct Shape {
    pub widths: Vec<usize>,
    /// The place of its view.
    pub view: usize,
    pub seed: u64,
    pub rate: f64,
    pub decay: f64,
    pub dropout: f64,
    /// Steps over which the rate rises, and all steps.
    pub warm_up: f64,
    pub steps: f64,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    pub views: Vec<View>,
    /// Hidden layers by their number.
    pub hidden: Vec<Vec<Layer>>,
    pub last: Vec<Layer>,
    /// Those of the last ones that have a hidden layer before them, which learns by their slopes.
    pub returning: Vec<Layer>,
    pub all: Vec<Layer>,
    pub models: Vec<Model>,
    /// Where each network has its weights and factors.
    pub nets: Vec<Range<usize>>,
    /// Words of all weights and factors, and of scratch.
    pub weights: usize,
    pub scratch: usize,
}

impl Shape {
    /// Words of weights, biases and factors.
    fn weights(&self) -> usize {
        self.widths.windows(2).map(|w| (w[0] + 1) * w[1]).sum::<usize>() + self.widths[0]
    }
}

impl Layout {
    /// `models`: the networks of each; `batch`: most rows of a step, `block`: of a block that is judged.
    pub fn of(models: &[Vec<Shape>], views: &[View], batch: usize, block: usize) -> Self {
        let rows = batch.max(block);
        let mut layout = Self::default();
        // A view that no network takes any more is not laid out.
        let mut of_view = vec![None; views.len()];
        for shape in models.iter().flatten() {
            let at = layout.scratch;
            of_view[shape.view].get_or_insert_with(|| {
                layout.views.push(View { out_at: at as u32, ..views[shape.view] });
                layout.scratch += rows * views[shape.view].width as usize;
                at
            });
        }
        for shapes in models {
            layout.models.push(Model { net: layout.nets.len() as u32, nets: shapes.len() as u32 });
            for shape in shapes {
                // Every view of a network was laid out above.
                layout.add(shape, of_view[shape.view].unwrap_or(0), rows, batch);
            }
        }
        let hidden = layout.hidden.iter().flatten();
        layout.all = hidden.chain(&layout.last).copied().collect();
        layout
    }

    fn add(&mut self, shape: &Shape, view_at: usize, rows: usize, batch: usize) {
        let (start, end) = (self.weights, self.weights + shape.weights());
        let factors = end - shape.widths[0];
        let layers = shape.widths.len() - 1;
        let (mut weights, mut in_at, mut in_slopes) = (start, view_at, 0);
        let seed = mixed(shape.seed as u32) ^ (shape.seed >> 32) as u32;
        for (l, w) in shape.widths.windows(2).enumerate() {
            let (inputs, outputs) = (w[0], w[1]);
            let out_at = self.scratch;
            let out_slopes = out_at + rows * outputs;
            self.scratch = out_slopes + batch * outputs;
            let is_last = l + 1 == layers;
            let layer = Layer {
                inputs: inputs as u32,
                outputs: outputs as u32,
                weights: weights as u32,
                factors: if l == 0 { factors as u32 } else { NONE },
                in_at: in_at as u32,
                out_at: out_at as u32,
                in_slopes: in_slopes as u32,
                out_slopes: out_slopes as u32,
                dropped: (shape.dropout * 4_294_967_296.0) as u32,
                keep: (1.0 / (1.0 - shape.dropout)) as f32,
                seed: seed.wrapping_add(l as u32),
                rectified: u32::from(!is_last),
                rate: shape.rate as f32,
                decay: shape.decay as f32,
                warm_up: shape.warm_up as f32,
                steps: shape.steps as f32,
            };
            if is_last {
                self.last.push(layer);
                self.returning.extend((l > 0).then_some(layer));
            } else {
                self.hidden.resize(self.hidden.len().max(l + 1), Vec::new());
                self.hidden[l].push(layer);
            }
            weights += (inputs + 1) * outputs;
            (in_at, in_slopes) = (out_at, out_slopes);
        }
        self.nets.push(start..end);
        self.weights = end;
    }

    /// Layers whose slopes are sent on to the layers before them, together those of a list, in the order of sending.
    pub fn backwards(&self) -> impl Iterator<Item = &[Layer]> {
        let hidden = self.hidden.iter().skip(1).rev();
        std::iter::once(&self.returning).chain(hidden).map(Vec::as_slice)
    }

    /// The same forwards: all layers.
    pub fn forwards(&self) -> impl Iterator<Item = &[Layer]> {
        self.hidden.iter().chain([&self.last]).map(Vec::as_slice)
    }

    /// Where a model has its weights and factors: those of its networks lie side by side.
    pub fn of_model(&self, model: usize) -> Range<usize> {
        let Model { net, nets } = self.models[model];
        let own = &self.nets[net as usize..(net + nets) as usize];
        own.first().map_or(0, |r| r.start)..own.last().map_or(0, |r| r.end)
    }

    /// The most inputs of a layer.
    pub fn inputs(&self) -> usize {
        self.all.iter().map(|l| l.inputs as usize).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(widths: &[usize], view: usize) -> Shape {
        Shape {
            widths: widths.to_vec(),
            view,
            seed: 1,
            rate: 0.01,
            decay: 0.1,
            dropout: 0.5,
            warm_up: 30.0,
            steps: 100.0,
        }
    }

    #[test]
    fn nothing_overlaps_and_all_is_counted() {
        let view = |width| View { out_at: 0, columns: 0, width, features: 3 };
        let models = [
            vec![shape(&[3, 8, 2], 0), shape(&[7, 16, 8, 2], 2)],
            vec![shape(&[3, 24, 8, 8, 2], 0), shape(&[7, 2], 2)],
        ];
        let layout = Layout::of(&models, &[view(3), view(5), view(7)], 32, 20);
        assert_eq!(layout.hidden.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!((layout.last.len(), layout.all.len(), layout.views.len()), (4, 10, 2));
        assert_eq!(layout.backwards().map(<[Layer]>::len).collect::<Vec<_>>(), [3, 1, 2]);
        let mut parts: Vec<Range<u32>> =
            layout.views.iter().map(|v| v.out_at..v.out_at + 32 * v.width).collect();
        for layer in &layout.all {
            parts.push(layer.out_at..layer.out_at + 32 * layer.outputs);
            parts.push(layer.out_slopes..layer.out_slopes + 32 * layer.outputs);
        }
        let mut weights: Vec<Range<u32>> =
            layout.all.iter().map(|l| l.weights..l.weights + (l.inputs + 1) * l.outputs).collect();
        let with_factors = layout.all.iter().filter(|l| l.factors != NONE);
        weights.extend(with_factors.map(|l| l.factors..l.factors + l.inputs));
        for (mut ranges, end) in [(parts, layout.scratch), (weights, layout.weights)] {
            ranges.sort_by_key(|r| r.start);
            assert!(ranges.windows(2).all(|w| w[0].end == w[1].start), "{ranges:?}");
            assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end as usize), (0, end));
        }
        assert_eq!(layout.of_model(0).end, layout.of_model(1).start);
        assert_eq!(layout.of_model(1).end, layout.weights);
        let deepest = layout.last[2];
        assert_eq!(deepest.in_slopes, layout.hidden[2][0].out_slopes);
    }
}
