//! Layered drawing of a pipeline from left to right, after Sugiyama, Tagawa and Toda (1981): layers by the longest
//! path, order within layers by barycentres, then places that bring each node as near to its neighbours' middle as the
//! others let it (least squares under an order: pool adjacent violators).
use super::geometry::{Rect, on_grid};
use automl_core::document::{NodeId, Place, Wire};
use std::collections::{BTreeMap, BTreeSet};

/// Between layers, at least.
const LAYER_GAP: f64 = 72.0;
/// Between the names of ports that face each other.
const NAME_GAP: f64 = 16.0;
pub(super) const NODE_GAP: f64 = 40.0;
/// Height of the room that a wire takes where it passes a layer.
const PASSING: f64 = 16.0;
const SWEEPS: usize = 12;
/// Wires that pass more layers than this in all are drawn through nodes rather than slowly.
const MOST_PASSING: usize = 20_000;

/// What is laid out: a node, or the frame of a group.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tile {
    pub rect: Rect,
    /// Pixels that the names of its ports take on either side of it.
    pub left: f64,
    pub right: f64,
}

impl From<Rect> for Tile {
    fn from(rect: Rect) -> Self {
        Self { rect, left: 0.0, right: 0.0 }
    }
}

/// The room between two that stand beside each other, so that the names of neither reach the other's.
pub(super) fn gap(before: f64, after: f64) -> f64 {
    (before + after + NAME_GAP).max(LAYER_GAP)
}

/// Something in a layer: a node, or a wire that passes.
struct Item {
    layer: usize,
    height: f64,
    before: Vec<usize>,
    after: Vec<usize>,
}

/// Places of nodes, the uppermost leftmost at `corner`, by their sizes, present places (which decide the order where
/// nothing else does) and wires. Wires against the stream, as cycles have them, are left out of account.
pub(super) fn layered<'a>(
    nodes: &BTreeMap<NodeId, Tile>,
    wires: impl Iterator<Item = &'a Wire>,
    corner: Place,
) -> BTreeMap<NodeId, Place> {
    let ids: Vec<&NodeId> = nodes.keys().collect();
    let index: BTreeMap<&NodeId, usize> = ids.iter().enumerate().map(|(i, id)| (*id, i)).collect();
    let edges: BTreeSet<(usize, usize)> =
        wires.filter_map(|w| Some((*index.get(&w.from.node)?, *index.get(&w.to.node)?))).collect();
    let (layer_of, edges) = layers(ids.len(), &edges);
    let tiles: Vec<Tile> = nodes.values().copied().collect();
    let rects: Vec<Rect> = tiles.iter().map(|t| t.rect).collect();
    let items = with_passing(&rects, &layer_of, &edges);
    let ordered = in_order(&items, &rects);
    let tops = heights(&items, &ordered);
    let mut lefts = Vec::with_capacity(ordered.len());
    let (mut x, mut before) = (0.0, None);
    for layer in &ordered {
        // Those that pass are no tiles.
        let most =
            |of: fn(&Tile) -> f64| layer.iter().filter_map(|i| tiles.get(*i)).map(of).fold(0.0, f64::max);
        x += before.map_or(0.0, |before| gap(before, most(|t| t.left)));
        lefts.push(x);
        x += most(|t| t.rect.width);
        before = Some(most(|t| t.right));
    }
    let least = tops.iter().take(ids.len()).copied().fold(f64::INFINITY, f64::min);
    let place = |i: usize| Place { x: corner.x + lefts[layer_of[i]], y: corner.y + tops[i] - least };
    ids.iter().enumerate().map(|(i, id)| ((*id).clone(), on_grid(place(i)))).collect()
}

/// The layer of each of `count` nodes, and the edges that lead onward.
fn layers(count: usize, edges: &BTreeSet<(usize, usize)>) -> (Vec<usize>, Vec<(usize, usize)>) {
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut before = vec![0_usize; count];
    for &(a, b) in edges {
        after[a].push(b);
        before[b] += 1;
    }
    let mut left: BTreeSet<usize> = (0..count).collect();
    let mut free: BTreeSet<usize> = (0..count).filter(|i| before[*i] == 0).collect();
    let (mut turn, mut layer) = (vec![0; count], vec![0_usize; count]);
    let mut order = Vec::with_capacity(count);
    // Where only cycles are left, the first of their nodes goes first.
    while let Some(i) = free.pop_first().or_else(|| left.first().copied()) {
        left.remove(&i);
        turn[i] = order.len();
        order.push(i);
        for &next in after[i].iter().filter(|n| left.contains(n)) {
            layer[next] = layer[next].max(layer[i] + 1);
            before[next] -= 1;
            if before[next] == 0 {
                free.insert(next);
            }
        }
    }
    let onward: Vec<(usize, usize)> = edges.iter().copied().filter(|(a, b)| turn[*a] < turn[*b]).collect();
    // A source stands right before the first that needs it.
    let is_fed: BTreeSet<usize> = onward.iter().map(|(_, b)| *b).collect();
    for i in (0..count).filter(|i| !is_fed.contains(i)) {
        let needed = onward.iter().filter(|(a, _)| *a == i).map(|(_, b)| layer[*b]).min();
        layer[i] = needed.map_or(layer[i], |n| n.saturating_sub(1));
    }
    (layer, onward)
}

fn with_passing(rects: &[Rect], layer_of: &[usize], edges: &[(usize, usize)]) -> Vec<Item> {
    let item =
        |(r, l): (&Rect, &usize)| Item { layer: *l, height: r.height, before: Vec::new(), after: Vec::new() };
    let mut items: Vec<Item> = rects.iter().zip(layer_of).map(item).collect();
    let passing: usize = edges.iter().map(|(a, b)| layer_of[*b].saturating_sub(layer_of[*a] + 1)).sum();
    for &(a, b) in edges {
        let mut last = a;
        let between = if passing > MOST_PASSING { 0..0 } else { layer_of[a] + 1..layer_of[b] };
        for layer in between {
            let next = items.len();
            items.push(Item { layer, height: PASSING, before: vec![last], after: Vec::new() });
            items[last].after.push(next);
            last = next;
        }
        items[last].after.push(b);
        items[b].before.push(last);
    }
    items
}

/// Items of each layer from top to bottom, with few crossings.
fn in_order(items: &[Item], rects: &[Rect]) -> Vec<Vec<usize>> {
    let count = items.iter().map(|i| i.layer + 1).max().unwrap_or(0);
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (i, item) in items.iter().enumerate() {
        layers[item.layer].push(i);
    }
    for layer in &mut layers {
        let y = |i: &usize| rects.get(*i).map_or(0.0, |r| r.y);
        layer.sort_by(|a, b| y(a).total_cmp(&y(b)).then(a.cmp(b)));
    }
    let mut position = vec![0; items.len()];
    let mut best = (crossings(items, &layers, &mut position), layers.clone());
    for sweep in 0..SWEEPS {
        let forward = sweep % 2 == 0;
        for step in 0..count {
            let at = if forward { step } else { count - 1 - step };
            let middle = |i: &usize| {
                let near = if forward { &items[*i].before } else { &items[*i].after };
                let sum: usize = near.iter().map(|n| position[*n]).sum();
                // One without neighbours stays where it is.
                if near.is_empty() { position[*i] as f64 } else { sum as f64 / near.len() as f64 }
            };
            let mut keyed: Vec<(f64, usize)> = layers[at].iter().map(|i| (middle(i), *i)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            layers[at] = keyed.into_iter().map(|(_, i)| i).collect();
            layers[at].iter().enumerate().for_each(|(at, i)| position[*i] = at);
        }
        let found = crossings(items, &layers, &mut position);
        if found < best.0 {
            best = (found, layers.clone());
        }
    }
    best.1
}

/// Crossings between neighbouring layers; fills in `position`, each item's place in its layer.
fn crossings(items: &[Item], layers: &[Vec<usize>], position: &mut [usize]) -> usize {
    for layer in layers {
        layer.iter().enumerate().for_each(|(at, i)| position[*i] = at);
    }
    let mut total = 0;
    for layer in layers {
        let mut ends = Vec::new();
        for &i in layer {
            let mut here: Vec<usize> = items[i].after.iter().map(|n| position[*n]).collect();
            here.sort_unstable();
            ends.extend(here);
        }
        total += inversions(&mut ends);
    }
    total
}

/// Pairs in the wrong order, counted while sorting.
fn inversions(values: &mut [usize]) -> usize {
    if values.len() < 2 {
        return 0;
    }
    let (left, right) = values.split_at_mut(values.len() / 2);
    let mut count = inversions(left) + inversions(right);
    let (mut merged, mut i, mut j) = (Vec::with_capacity(left.len() + right.len()), 0, 0);
    while i < left.len() || j < right.len() {
        if j == right.len() || (i < left.len() && left[i] <= right[j]) {
            merged.push(left[i]);
            i += 1;
        } else {
            count += left.len() - i;
            merged.push(right[j]);
            j += 1;
        }
    }
    values.copy_from_slice(&merged);
    count
}

/// The upper edge of each item.
fn heights(items: &[Item], layers: &[Vec<usize>]) -> Vec<f64> {
    let mut middle = vec![0.0; items.len()];
    for layer in layers {
        let mut y = 0.0;
        for &i in layer {
            middle[i] = y + items[i].height / 2.0;
            y += items[i].height + NODE_GAP;
        }
    }
    for sweep in 0..SWEEPS {
        let forward = sweep % 2 == 0;
        for step in 0..layers.len() {
            let layer = &layers[if forward { step } else { layers.len() - 1 - step }];
            let wish = |i: usize| {
                let near = if forward { &items[i].before } else { &items[i].after };
                let sum: f64 = near.iter().map(|n| middle[*n]).sum();
                if near.is_empty() { middle[i] } else { sum / near.len() as f64 }
            };
            let wishes: Vec<f64> = layer.iter().map(|i| wish(*i)).collect();
            let placed = spaced(items, layer, &wishes);
            layer.iter().zip(placed).for_each(|(i, y)| middle[*i] = y);
        }
    }
    middle.iter().zip(items).map(|(m, item)| m - item.height / 2.0).collect()
}

/// The places nearest to the wishes, by least squares, at which items in this order keep their distance.
fn spaced(items: &[Item], layer: &[usize], wishes: &[f64]) -> Vec<f64> {
    let mut offset = Vec::with_capacity(layer.len());
    let mut y = 0.0;
    for (at, &i) in layer.iter().enumerate() {
        if at > 0 {
            y += (items[layer[at - 1]].height + items[i].height) / 2.0 + NODE_GAP;
        }
        offset.push(y);
    }
    // Blocks of (sum of wishes, how many) whose means ascend.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (wish, offset) in wishes.iter().zip(&offset) {
        let mut block = (wish - offset, 1);
        while let Some(&(sum, count)) = blocks.last()
            && sum / count as f64 >= block.0 / block.1 as f64
        {
            blocks.pop();
            block = (block.0 + sum, block.1 + count);
        }
        blocks.push(block);
    }
    let means = blocks.into_iter().flat_map(|(sum, count)| std::iter::repeat_n(sum / count as f64, count));
    means.zip(offset).map(|(mean, offset)| mean + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::samples::{churn, id, kinds, wire};
    use crate::flow::scene::{NODE_WIDTH, Scene, Shape};
    use automl_core::numeric::Rng;

    fn tiles(scene: &Scene) -> BTreeMap<NodeId, Tile> {
        scene.nodes.iter().map(|(id, s)| (id.clone(), s.tile())).collect()
    }

    fn check_sound(nodes: &BTreeMap<NodeId, Tile>, places: &BTreeMap<NodeId, Place>) {
        let placed: Vec<Rect> =
            places.iter().map(|(id, p)| Rect { x: p.x, y: p.y, ..nodes[id].rect }).collect();
        assert_eq!(placed.len(), nodes.len());
        for (i, a) in placed.iter().enumerate() {
            assert!(placed[..i].iter().all(|b| !a.grown(8.0).touches(*b)), "{a:?} covers another");
        }
    }

    #[test]
    fn the_stream_runs_from_left_to_right() {
        let document = churn();
        let nodes = tiles(&Scene::of(&document, &kinds()));
        let places = layered(&nodes, document.wires().iter(), Place { x: 16.0, y: 24.0 });
        check_sound(&nodes, &places);
        assert!(document.wires().iter().all(|w| places[&w.from.node].x < places[&w.to.node].x));
        let corner = places.values().fold((f64::MAX, f64::MAX), |a, p| (a.0.min(p.x), a.1.min(p.y)));
        assert_eq!(corner, (16.0, 24.0));
        // The second file stands beside the filter, right before the join.
        assert_eq!(places[&id("file-2")].x, places[&id("filter-1")].x);
        assert_eq!(places, layered(&nodes, document.wires().iter(), Place { x: 16.0, y: 24.0 }));
    }

    #[test]
    fn names_of_ports_have_room_between_layers() {
        let (document, kinds) = (churn(), kinds());
        let scene = Scene::of(&document, &kinds);
        let places = layered(&tiles(&scene), document.wires().iter(), Place::default());
        for wire in document.wires() {
            let (a, b) = (&wire.from.node, &wire.to.node);
            let room = |id: &NodeId| Shape { place: places[id], ..(*scene.nodes[id]).clone() }.room();
            assert!(room(a).right() + 8.0 <= room(b).x, "{a} {b}");
        }
        // Two ports with long names face each other somewhere.
        let gaps =
            document.wires().iter().map(|w| places[&w.to.node].x - places[&w.from.node].x - NODE_WIDTH);
        assert!(gaps.fold(0.0, f64::max) > LAYER_GAP);
    }

    #[test]
    fn wires_that_need_not_cross_do_not() {
        let rect = |y: f64| Rect { x: 0.0, y, width: 208.0, height: 80.0 };
        let names = ["a", "b", "c", "x", "y", "z"];
        let nodes: BTreeMap<NodeId, Tile> =
            names.iter().enumerate().map(|(i, n)| (id(n), rect(i as f64).into())).collect();
        let wires = [("a", "z"), ("b", "y"), ("c", "x")].map(|(a, b)| wire((a, "o"), (b, "i")));
        let places = layered(&nodes, wires.iter(), Place::default());
        for w in &wires {
            assert_eq!(places[&w.from.node].y, places[&w.to.node].y);
        }
    }

    #[test]
    fn any_wires_at_all_give_a_sound_drawing() {
        let mut rng = Rng::new(3);
        for round in 0..60 {
            let count = 1 + rng.below(40);
            let node = |i: usize| id(&format!("n{i}"));
            let rect = |i: usize| Rect { x: 0.0, y: 0.0, width: 208.0, height: 80.0 + 8.0 * (i % 5) as f64 };
            let nodes: BTreeMap<NodeId, Tile> = (0..count).map(|i| (node(i), rect(i).into())).collect();
            // With cycles.
            let wires: Vec<Wire> = (0..rng.below(80))
                .map(|_| Wire {
                    from: automl_core::document::PortRef {
                        node: node(rng.below(count)),
                        port: "o".to_owned(),
                    },
                    to: automl_core::document::PortRef { node: node(rng.below(count)), port: "i".to_owned() },
                })
                .collect();
            let places = layered(&nodes, wires.iter(), Place::default());
            check_sound(&nodes, &places);
            assert!(places.values().all(|p| p.x.is_finite() && p.y >= 0.0), "round {round}");
        }
        assert!(layered(&BTreeMap::new(), [].iter(), Place::default()).is_empty());
    }
}
