//! Tidying a pipeline that has groups: the members of a group are laid out by themselves, and their frame then takes part
//! as one large node.

use super::geometry::{Rect, between, moved, on_grid};
use super::scene::framed;
pub use super::tidy::Tile;
use super::tidy::{NODE_GAP, gap, layered};
use automl_core::document::{NodeId, Place, PortRef, Wire};
use std::collections::{BTreeMap, BTreeSet};

/// As [`layered`], with the members of each group together. A node of several groups counts to the first, and a group
/// of which not all members are among the nodes is no group here. Frames of groups without common members do not
/// overlap.
pub fn tidied<'a>(
    nodes: &BTreeMap<NodeId, Tile>,
    groups: impl Iterator<Item = &'a BTreeSet<NodeId>>,
    wires: &BTreeSet<Wire>,
    corner: Place,
) -> BTreeMap<NodeId, Place> {
    // The block of a group bears the id of its first member.
    let (mut block_of, mut blocks) = (BTreeMap::<&NodeId, &NodeId>::new(), BTreeMap::new());
    let mut outer = nodes.clone();
    for group in groups.filter(|g| g.iter().all(|id| nodes.contains_key(id))) {
        let own: BTreeMap<NodeId, Tile> =
            group.iter().filter(|id| !block_of.contains_key(id)).map(|id| (id.clone(), nodes[id])).collect();
        let Some(first) = group.iter().find(|id| own.contains_key(id)) else { continue };
        block_of.extend(group.iter().filter(|id| own.contains_key(id)).map(|id| (id, first)));
        let before = Rect::around_all(own.values().map(|t| t.rect)).unwrap_or_default();
        let within = wires.iter().filter(|w| own.contains_key(&w.from.node) && own.contains_key(&w.to.node));
        let places = layered(&own, within, Place::default());
        let rects = places.iter().map(|(id, p)| Rect { x: p.x, y: p.y, ..own[id].rect });
        let frame = framed(rects).unwrap_or_default();
        outer.retain(|id, _| !own.contains_key(id));
        // Where the group was decides the order, as with nodes.
        let most = |of: fn(&Tile) -> f64| own.values().map(of).fold(0.0, f64::max);
        let rect = Rect { x: before.x, y: before.y, ..frame };
        outer.insert(first.clone(), Tile { rect, left: most(|t| t.left), right: most(|t| t.right) });
        blocks.insert(first.clone(), (places, frame.place()));
    }
    let end = |port: &PortRef| {
        let node = block_of.get(&port.node).map_or_else(|| port.node.clone(), |first| (*first).clone());
        PortRef { node, port: port.port.clone() }
    };
    let between_blocks: Vec<Wire> = wires
        .iter()
        .map(|w| Wire { from: end(&w.from), to: end(&w.to) })
        .filter(|w| w.from.node != w.to.node)
        .collect();
    let mut places = BTreeMap::new();
    let mut at = layered(&outer, between_blocks.iter(), Place::default());
    if !blocks.is_empty() {
        close_up(&outer, &between_blocks, &mut at);
    }
    for (id, at) in at {
        match blocks.remove(&id) {
            Some((own, frame)) => {
                places.extend(own.into_iter().map(|(id, place)| (id, moved(at, between(frame, place)))));
            }
            None => drop(places.insert(id, at)),
        }
    }
    // Nodes and not frames are at the corner, so that to tidy twice moves nothing.
    let least = places.values().fold(None, |least: Option<Place>, p| {
        Some(least.map_or(*p, |l| Place { x: l.x.min(p.x), y: l.y.min(p.y) }))
    });
    let by = between(least.unwrap_or_default(), on_grid(corner));
    places.into_iter().map(|(id, place)| (id, moved(place, by))).collect()
}

/// Draws nodes leftward that a wide block of another row keeps apart: a layer is as wide as its widest. Heights stay, and
/// so does the order of any two that are beside each other.
fn close_up(nodes: &BTreeMap<NodeId, Tile>, wires: &[Wire], places: &mut BTreeMap<NodeId, Place>) {
    let (mut before, mut after) =
        (BTreeMap::<&NodeId, Vec<&NodeId>>::new(), BTreeMap::<&NodeId, Vec<&NodeId>>::new());
    for wire in wires {
        before.entry(&wire.to.node).or_default().push(&wire.from.node);
        after.entry(&wire.from.node).or_default().push(&wire.to.node);
    }
    let mut order: Vec<&NodeId> = nodes.keys().filter(|id| places.contains_key(id)).collect();
    order.sort_by(|a, b| places[*a].x.total_cmp(&places[*b].x).then(a.cmp(b)));
    // What nothing comes into stands right before the first that needs it, and so comes last here.
    let (fed, free): (Vec<&NodeId>, Vec<&NodeId>) =
        order.into_iter().partition(|id| before.contains_key(id) || !after.contains_key(id));
    let mut done: Vec<Tile> = Vec::with_capacity(nodes.len());
    let mut moved = BTreeMap::<&NodeId, Tile>::new();
    for id in fed {
        let tile = nodes[id];
        let rect = Rect { x: places[id].x, y: places[id].y, ..tile.rect };
        let is_beside = |t: &&Tile| {
            t.rect.y < rect.bottom() + NODE_GAP / 2.0 && rect.y < t.rect.bottom() + NODE_GAP / 2.0
        };
        let sources = before.get(id).into_iter().flatten().filter_map(|b| moved.get(b));
        let ends = done.iter().filter(is_beside).chain(sources);
        let x = ends.map(|t| t.rect.right() + gap(t.right, tile.left)).fold(0.0, f64::max).min(rect.x);
        let tile = Tile { rect: Rect { x, ..rect }, ..tile };
        done.push(tile);
        moved.insert(id, tile);
        places.insert(id.clone(), Place { x, y: rect.y });
    }
    for id in free.into_iter().rev() {
        let tile = nodes[id];
        let rect = Rect { x: places[id].x, y: places[id].y, ..tile.rect };
        let left_of = |x: f64, next: &Tile| x - gap(tile.right, next.left) - rect.width;
        let needed = after[id].iter().map(|to| left_of(places[*to].x, &nodes[*to]));
        let mut x = needed.fold(f64::INFINITY, f64::min).min(rect.x);
        // Each step left passes one for good.
        while let Some(hit) = done.iter().find(|t| {
            let apart = Rect { x, ..rect }.grown(NODE_GAP / 2.0);
            apart.touches(t.rect)
        }) {
            x = left_of(hit.rect.x, hit);
        }
        done.push(Tile { rect: Rect { x, ..rect }, ..tile });
        places.insert(id.clone(), Place { x, y: rect.y });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::samples::{id, wire};
    use automl_core::numeric::Rng;

    fn check_sound(nodes: &BTreeMap<NodeId, Tile>, places: &BTreeMap<NodeId, Place>) {
        let placed: Vec<Rect> =
            places.iter().map(|(id, p)| Rect { x: p.x, y: p.y, ..nodes[id].rect }).collect();
        assert_eq!(placed.len(), nodes.len());
        for (i, a) in placed.iter().enumerate() {
            assert!(placed[..i].iter().all(|b| !a.grown(8.0).touches(*b)), "{a:?} covers another");
        }
    }

    #[test]
    fn a_wide_group_keeps_no_other_row_apart() {
        let names = ["s", "a", "b", "c", "u", "v", "w"];
        let rect =
            |i: usize| Rect { x: 300.0 * i as f64, y: 200.0 * (i / 4) as f64, width: 208.0, height: 80.0 };
        let nodes: BTreeMap<NodeId, Tile> =
            names.iter().enumerate().map(|(i, n)| (id(n), rect(i).into())).collect();
        let pairs = [("s", "a"), ("a", "b"), ("b", "c"), ("s", "u"), ("u", "v"), ("v", "w")];
        let wires: BTreeSet<Wire> = pairs.map(|(a, b)| wire((a, "o"), (b, "i"))).into();
        let group: BTreeSet<NodeId> = ["a", "b", "c"].map(id).into();
        let places = tidied(&nodes, [group].iter(), &wires, Place::default());
        check_sound(&nodes, &places);
        for (a, b) in pairs {
            let gap = places[&id(b)].x - places[&id(a)].x - 208.0;
            assert!((72.0..=104.0).contains(&gap), "{a} {b} {gap}");
        }
    }

    /// A pipeline of `count` nodes with wires as they come and groups of nodes that follow each other or do not.
    fn any_drawing(
        rng: &mut Rng,
        count: usize,
    ) -> (BTreeMap<NodeId, Tile>, Vec<BTreeSet<NodeId>>, BTreeSet<Wire>) {
        let node = |i: usize| id(&format!("n{i}"));
        let nodes = (0..count).map(|i| {
            let (x, y) = (rng.below(2_000) as f64, rng.below(2_000) as f64);
            (node(i), Rect { x, y, width: 208.0, height: 80.0 + 24.0 * (i % 4) as f64 }.into())
        });
        let nodes = nodes.collect();
        let wires = (0..rng.below(2 * count))
            .map(|_| {
                let (a, b) = (node(rng.below(count)), node(rng.below(count)));
                Wire { from: PortRef::new(a.0, "o"), to: PortRef::new(b.0, "i") }
            })
            .collect();
        let mut groups = vec![BTreeSet::new(); 1 + rng.below(6)];
        for i in 0..count {
            let at = rng.below(2 * groups.len());
            if let Some(group) = groups.get_mut(at) {
                group.insert(node(i));
            }
        }
        groups.retain(|g| !g.is_empty());
        (nodes, groups, wires)
    }

    #[test]
    fn frames_and_nodes_overlap_nowhere_and_to_tidy_twice_moves_nothing_out_of_order() {
        let mut rng = Rng::new(11);
        for round in 0..150 {
            let count = 1 + rng.below(40);
            let (nodes, groups, wires) = any_drawing(&mut rng, count);
            let corner = Place { x: 40.0, y: -16.0 };
            let places = tidied(&nodes, groups.iter(), &wires, corner);
            check_sound(&nodes, &places);
            assert_eq!(places, tidied(&nodes, groups.iter(), &wires, corner), "round {round}");
            let rect = |id: &NodeId| Rect { x: places[id].x, y: places[id].y, ..nodes[id].rect };
            let frames: Vec<Rect> = groups.iter().filter_map(|g| framed(g.iter().map(rect))).collect();
            for (i, (frame, group)) in frames.iter().zip(&groups).enumerate() {
                assert!(frames[..i].iter().all(|f| !f.touches(*frame)), "round {round}: frames overlap");
                let others = nodes.keys().filter(|id| !group.contains(*id));
                for other in others {
                    assert!(!rect(other).touches(*frame), "round {round}: {other} lies in a frame");
                }
            }
            let first = places.values().fold((f64::MAX, f64::MAX), |a, p| (a.0.min(p.x), a.1.min(p.y)));
            assert_eq!(first, (40.0, -16.0));
        }
        // A node in two groups, and a group of which a part is elsewhere.
        let (nodes, _, wires) = any_drawing(&mut rng, 9);
        let groups: Vec<BTreeSet<NodeId>> =
            vec![[id("n0"), id("n1")].into(), [id("n1"), id("n2")].into(), [id("n3"), id("far")].into()];
        check_sound(&nodes, &tidied(&nodes, groups.iter(), &wires, Place::default()));
    }
}
